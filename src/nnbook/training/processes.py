"""Several processes that train one model, as `torchrun` starts them.

Each process runs the same script and computes the gradient of its own rows of each batch;
`DistributedDataParallel` averages the gradients, so that all take the same step. A process that
runs alone is a group of one, in which nothing is exchanged.
"""

import atexit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

Loss = Callable[[Tensor, Tensor], Tensor]
BatchLoss = Callable[[Tensor, Tensor], tuple[Tensor, float]]


@dataclass(frozen=True)
class Processes:
    """Hold this process's number in its group, and how many there are.

    Parameters
    ----------
    rank : int
        From 0; the first saves and shows progress for all.
    count : int
        How many; 1 where this process is alone.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that saves and shows progress."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """Return this process's rows of a batch: none, where they are too few for all."""
        return rows.tensor_split(self.count)[self.rank]

    def any(self, flag: bool, device: torch.device) -> bool:
        """Tell whether the flag is set in one of the processes."""
        if self.count == 1:
            return flag
        flags = torch.tensor(float(flag), device=device)
        dist.all_reduce(flags, dist.ReduceOp.MAX)
        return bool(flags)

    def from_first(self, values: Tensor) -> Tensor:
        """Return the first process's values in all of them; a tensor of a lone process as it is."""
        if self.count > 1:
            dist.broadcast(values, 0)
        return values

    def wait(self, device: torch.device) -> None:
        """Go on when all processes have come here."""
        self.any(False, device)  # a barrier would choose a GPU by itself, where there are some

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes; a tensor of a lone process as it is."""
        if self.count > 1:
            dist.all_reduce(values)
        return values


ALONE = Processes()


def joined() -> Processes:
    """Join the group that `torchrun` started this process for, or the one that is there."""
    if not dist.is_available():
        return ALONE
    if not dist.is_initialized():
        if not dist.is_torchelastic_launched():
            return ALONE
        # Each device has the backend that is made for it: gloo for the CPU, NCCL for GPUs.
        dist.init_process_group()
        atexit.register(_leave)
    return Processes(dist.get_rank(), dist.get_world_size())


@contextmanager
def loss_told(processes: Processes) -> Iterator[None]:
    """Say in words what it means when an exchange with the others fails."""
    try:
        yield
    except RuntimeError as error:
        is_exchange = isinstance(error, dist.DistError) or "onnection" in str(error)
        if processes.count == 1 or not is_exchange:
            raise
        raise RuntimeError(
            f"process {processes.rank} of {processes.count} cannot reach another one, which has "
            "ended; its own message tells why. Start all of them again: with a checkpoint and "
            "`resume=` they go on from where they were."
        ) from error


def batch_loss(model: nn.Module, loss: Loss, processes: Processes) -> BatchLoss:
    """Return a function of a batch that gives what is to be back-propagated, and the batch's loss.

    The two are the same where a process trains alone. In a group the first is the loss of the
    process's own rows, weighted so that the average of all gradients is that of the whole batch.
    """

    def alone(inputs: Tensor, targets: Tensor) -> tuple[Tensor, float]:
        value = loss(model(inputs), targets)
        return value, value.item()

    def shared(inputs: Tensor, targets: Tensor) -> tuple[Tensor, float]:
        own = processes.share(inputs)
        outputs = model(own)
        # The mean of no rows is not a number; a process without rows adds a gradient of 0.
        value = loss(outputs, processes.share(targets)) if len(own) else 0 * outputs.sum()
        value = value * (len(own) / len(inputs))
        total = processes.sum(value.detach().clone())
        return value * processes.count, total.item()

    return alone if processes.count == 1 else shared


def averaging(model: nn.Module, processes: Processes) -> nn.Module:
    """Return the model, in a group as one whose gradients are averaged after each backward pass.

    All processes go on with the first one's weights.
    """
    if processes.count == 1 or isinstance(model, DistributedDataParallel):
        return model
    return DistributedDataParallel(model)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
