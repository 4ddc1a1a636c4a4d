"""Where the batches of an epoch come from."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from nnbook._arguments import describe, refusal
from nnbook.samples import Samples, check_dense
from nnbook.training.processes import ALONE, Processes

Batch = tuple[Tensor, Tensor]
Batches = Samples | Iterable[Batch]


@dataclass
class Place:
    """Tell where within its epoch a run is, so that it can go on from there.

    Parameters
    ----------
    step : int
        The updates made.
    rows : int
        The rows that they took.
    loss : float
        The mean loss of these rows.
    val_loss : float
        The validation loss of the epoch, which is measured before the first update.
    order : Tensor of shape (n,), int64
        The order of the rows in this epoch; None where none was drawn.
    """

    step: int = 0
    rows: int = 0
    loss: float = 0.0
    val_loss: float | None = None
    order: Tensor | None = None


def epoch_batches(
    name: str,
    data: Batches,
    device: torch.device,
    batch_size: int | None = None,
    generator: torch.Generator | None = None,
    *,
    processes: Processes = ALONE,
) -> Callable[[Place], Iterator[Batch]]:
    """Return a function that gives one epoch's batches, on the model's device.

    `Samples` come in one batch, or are permuted once and sliced: that selects rows by index tens of
    times faster than a `DataLoader`, which collects them one by one. Any other iterable gives the
    batches itself. Batches before the place in the epoch are left out. Several processes get the
    same batches, in the first one's order.
    """
    if isinstance(data, Samples):
        if device.type == "meta":
            mend = "`model.to_empty(device=...)` gives it some."
            raise ValueError(refusal("model", "hold values", "one on the device meta", mend))
        data = data.to(device)
        if batch_size is None:
            whole = [(data.inputs, data.targets)]
            return lambda place: iter(whole[place.step :])
        return lambda place: _shuffled(data, batch_size, generator, place, processes)
    if processes.count > 1:
        mend = "They share the rows of each batch, and `fit` must know that all have the same."
        rule = f"be Samples where {processes.count} processes train"
        raise TypeError(refusal(name, rule, describe(data), mend))
    is_one = isinstance(data, Iterator | Tensor | str | type) or getattr(data, "ndim", None) == 0
    if not isinstance(data, Iterable) or is_one:
        mend = "It is gone through once each epoch: a list or a DataLoader, not a generator."
        rule = "be Samples, or an iterable of (inputs, targets) batches"
        raise TypeError(refusal(name, rule, describe(data), mend))
    if batch_size is not None:
        mend = "The iterable decides on the batches: give the size to the DataLoader."
        rule = f"be None if `{name}` gives batches"
        raise ValueError(refusal("batch_size", rule, str(batch_size), mend))
    batches = data
    return lambda place: islice(_moved(name, batches, device), place.step, None)


def _shuffled(
    data: Samples,
    batch_size: int,
    generator: torch.Generator | None,
    place: Place,
    processes: Processes,
) -> Iterator[Batch]:
    if place.order is None:
        device = "cpu" if generator is None else generator.device
        place.order = torch.randperm(len(data), generator=generator, device=device)
    rows = processes.from_first(place.order.to(data.inputs.device))
    # `inputs[rows]` gives the same and takes several times as long.
    inputs, targets = data.inputs.index_select(0, rows), data.targets.index_select(0, rows)
    batch_size = min(batch_size, len(data))  # torch counts with 64 bits
    batches = zip(torch.split(inputs, batch_size), torch.split(targets, batch_size), strict=True)
    return islice(batches, place.step, None)


def _moved(name: str, batches: Iterable[Batch], device: torch.device) -> Iterator[Batch]:
    is_empty = True
    for batch in batches:
        is_empty = False
        if not isinstance(batch, list | tuple) or len(batch) != 2:
            raise TypeError(refusal(name, "give (inputs, targets) pairs", describe(batch)))
        inputs, targets = batch
        if not isinstance(inputs, Tensor) or not isinstance(targets, Tensor):
            raise TypeError(refusal(name, "give pairs of tensors with rows", describe(batch)))
        for part in (inputs, targets):
            check_dense(name, part)
        if inputs.ndim == 0 or len(inputs) == 0:
            raise TypeError(refusal(name, "give pairs of tensors with rows", describe(batch)))
        yield inputs.to(device), targets.to(device)
    if is_empty:
        mend = "An iterable that can be gone through only once looks so from the second epoch on."
        raise ValueError(refusal(name, "give at least one batch in each epoch", "none", mend))
