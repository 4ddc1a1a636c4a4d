"""What nnbook and its peers train on: the same rows, network, optimizer and order of the rows.

Nothing here imports nnbook until its data are asked for, so that a peer's memory is its own.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import Sampler


@dataclass(frozen=True)
class Problem:
    """Hold rows, and how a network with one hidden layer is to be trained on them by SGD.

    Parameters
    ----------
    inputs, targets : Tensor
        The training rows; nobody validates, for each peer would do it at another moment.
    n_hidden, n_out : int
        Units in the hidden layer, and outputs.
    lr : float
        Learning rate.
    epochs : int
        How often to go through the rows.
    batch_size : int or None
        Rows per update, in a new order each epoch; None takes all rows at once, in order.
    """

    inputs: Tensor
    targets: Tensor
    n_hidden: int
    n_out: int
    lr: float
    epochs: int
    batch_size: int | None

    @property
    def rows_per_update(self) -> int:
        """How many rows a batch has, but for the last one."""
        return self.batch_size or len(self.inputs)

    def network(self) -> nn.Sequential:
        """Make the network as `nnbook.mlp` does, from seed 0."""
        torch.manual_seed(0)
        layers = OrderedDict(
            hidden_linear=nn.Linear(self.inputs.shape[1], self.n_hidden),
            hidden_activation=nn.Tanh(),
            output_linear=nn.Linear(self.n_hidden, self.n_out),
        )
        return nn.Sequential(layers)

    def criterion(self) -> nn.Module:
        """Make the loss: cross-entropy for classes, mean squared error for numbers."""
        return nn.MSELoss() if self.targets.is_floating_point() else nn.CrossEntropyLoss()

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Make the optimizer of a model."""
        return torch.optim.SGD(model.parameters(), lr=self.lr)

    def generator(self) -> torch.Generator:
        """Make what draws the orders of the rows."""
        return torch.Generator().manual_seed(1)


def thermometer(epochs: int = 1000) -> Problem:
    """Take the thermometer's nine training rows, at once, for the 1-13-1 network."""
    import nnbook

    data = nnbook.load_thermometer()
    train = data.with_inputs(0.1 * data.inputs).split_at([7, 10]).train
    return Problem(train.inputs, train.targets, 13, 1, 1e-3, epochs, None)


def wine(epochs: int = 100) -> Problem:
    """Take three quarters of the wines, standardized, in batches of 16, for a 13-8-3 network."""
    import nnbook

    train = nnbook.load_wine().split(0.25, generator=torch.Generator().manual_seed(0)).train
    inputs = nnbook.Standardize.of(train)(train.inputs)
    return Problem(inputs, train.targets, 8, 3, 0.1, epochs, 16)


class Order(Sampler[int]):
    """Give the numbers of a problem's rows for a `DataLoader`, in the order that `fit` takes.

    An order of which only the beginning was taken is given again: Keras looks at a first batch
    before it trains.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.generator = problem.generator()
        self.begun: Tensor | None = None

    def __len__(self) -> int:
        return len(self.problem.inputs)

    def __iter__(self) -> Iterator[int]:
        rows = torch.arange(len(self))
        if self.problem.batch_size is not None:
            if self.begun is None:
                self.begun = torch.randperm(len(self), generator=self.generator)
            rows = self.begun
        *rows_before, last = rows.tolist()
        yield from rows_before
        self.begun = None
        yield last


class Batches:
    """Give a problem's batches from memory, in the order that `fit` takes, epoch after epoch."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.generator = problem.generator()

    def __len__(self) -> int:
        return math.ceil(len(self.problem.inputs) / self.problem.rows_per_update)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        problem = self.problem
        if problem.batch_size is None:
            yield problem.inputs, problem.targets
            return
        rows = torch.randperm(len(problem.inputs), generator=self.generator)
        inputs, targets = problem.inputs[rows], problem.targets[rows]
        yield from zip(
            inputs.split(problem.batch_size), targets.split(problem.batch_size), strict=True
        )
