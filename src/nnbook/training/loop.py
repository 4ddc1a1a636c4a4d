"""The training loop."""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from inspect import Parameter, signature

import torch
from torch import Tensor, nn

from nnbook._arguments import flag, refusal
from nnbook.samples import Samples
from nnbook.training._batches import Batch, Batches, Place, epoch_batches
from nnbook.training._checks import (
    LossFunction,
    check_arguments,
    check_counts,
    checked,
    probe,
    stop_reason,
    told,
)
from nnbook.training._interrupts import interrupts_held
from nnbook.training._modes import modes_of, modes_restored, set_modes
from nnbook.training._not_finite import first_not_finite
from nnbook.training._progress import progress_bar
from nnbook.training.callbacks import Callback, Run
from nnbook.training.checkpoint import Checkpoint, preparation
from nnbook.training.errors import TrainingInterrupted, divergence
from nnbook.training.history import History
from nnbook.training.processes import Processes, averaging, batch_loss, joined, loss_told

BatchLoss = Callable[[Tensor, Tensor], float]
Watch = Callable[[Run], None]


def fit(
    model: nn.Module,
    train: Batches,
    val: Batches | None = None,
    *,
    optimizer: torch.optim.Optimizer,
    epochs: int,
    loss: LossFunction = nn.functional.mse_loss,
    batch_size: int | None = None,
    generator: torch.Generator | None = None,
    callbacks: Iterable[Callback] = (),
    progress: bool = False,
    resume: str | os.PathLike[str] | None = None,
) -> History:
    """Train a model, and measure it on held-out rows as it goes.

    Each epoch first measures the validation loss, then goes once through the training rows: for
    each batch the gradients are zeroed, the loss is computed and back-propagated, and the optimizer
    takes a step. So the losses of epoch 1 show the untrained model.

    Parameters
    ----------
    model : nn.Module
        Trained in place, in `train()` mode; afterwards each of its modules is in the mode that it
        came in.
    train : Samples, or iterable of (inputs, targets) batches
        What is learned from; a `DataLoader`, for one. Batches are moved to the model's device.
    val : Samples, or iterable of (inputs, targets) batches, default=None
        Rows that are measured in `eval()` mode and without a graph, never learned from; None
        measures nothing.
    optimizer : torch.optim.Optimizer
        Any, if it holds the model's parameters.
    epochs : int
        How often to go through `train`, positive.
    loss : callable, default=mean squared error
        Takes outputs and targets of a batch and returns one number: `nn.MSELoss()`,
        `nn.CrossEntropyLoss()`, ...
    batch_size : int, default=None
        Rows per update, drawn in a new order each epoch; the last batch may be shorter. None takes
        all rows at once, in order.
    generator : torch.Generator, default=None
        Draws the order of the rows; None takes torch's global generator.
    callbacks : iterable of Callback, default=()
        Called at the start, after each epoch and at the end; those that ask for it in each step
        too. A `Checkpoint` comes after all others, wherever it stands.
    progress : bool, default=False
        Whether to show a progress bar on the standard error.
    resume : str or path, default=None
        A checkpoint to go on from, with the arguments of the run that saved it; `epochs` may be
        larger. A run that had ended returns its history at once. Where there is no such file, the
        run starts from the beginning if one of its callbacks is a `Checkpoint` of the same path,
        and is refused if none is.

    Returns
    -------
    History
        One training loss and one validation loss for each epoch. With mini-batches the training
        loss is the mean of the batches' losses as they are met, weighted by their rows.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit the others; then the model is not changed. The batches of an
        iterable are checked as they come.
    DivergenceError
        If a loss is not finite. The update that it would lead to is not made.
    CheckpointError
        If a checkpoint cannot be written, read, or gone on from.
    TrainingInterrupted
        After Ctrl-C, at the end of the epoch. A second Ctrl-C, more than a second later, does not
        wait for that.

    Examples
    --------
    >>> import nnbook, torch
    >>> data = nnbook.load_thermometer()
    >>> data = data.with_inputs(0.1 * data.inputs)
    >>> model = torch.nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    >>> history = nnbook.fit(model, data, optimizer=optimizer, epochs=5000)
    >>> best = nnbook.least_squares(data).mse
    >>> bool(history.train_loss[0] > 20 * best), bool(history.train_loss[-1] < 1.01 * best)
    (True, True)
    """
    callbacks = check_arguments(model, optimizer, loss, callbacks)
    callbacks = tuple(sorted(callbacks, key=lambda each: isinstance(each, Checkpoint)))
    epochs, batch_size = check_counts(epochs, batch_size, generator)
    progress = flag("progress", progress)
    device, processes = next(model.parameters()).device, joined()
    train_batches = epoch_batches(
        "train", train, device, batch_size, generator, processes=processes
    )
    val_batches = None
    if val is not None:
        val_batches = epoch_batches("val", val, device, processes=processes)
    run = Run(model, optimizer, epochs, has_val=val is not None)
    # Samples are probed before the run, and their rows do not change shape; other batches may.
    checked_loss = loss if isinstance(train, Samples) else checked("train", loss)
    val_loss = loss if isinstance(val, Samples) else checked("val", loss)
    measure = _measurement(run, val_loss, processes, probed=isinstance(val, Samples))
    step_watchers = _overriding("on_step_end", callbacks)
    begin = preparation(
        *(run, train, val, callbacks, resume),
        loss=loss,
        batch_size=batch_size,
        generator=generator,
    )

    with modes_restored(model):
        for name, data in {"train": train, "val": val}.items():
            if isinstance(data, Samples):
                probe(name, model, data.to(device), loss)
        model.train()
        modes = modes_of(model)
        watchers = _overriding("on_gradients", callbacks)
        is_probed = isinstance(train, Samples)
        step = _training_step(run, checked_loss, watchers, processes, probed=is_probed)
        without_graph = torch.no_grad()  # one for all epochs: to make one takes 1.5 µs
        with (
            interrupts_held() as interrupted,
            progress_bar(epochs, progress and processes.is_first) as show,
            _ended(callbacks, run),
            loss_told(processes),
        ):
            for callback in callbacks:
                callback.on_start(run)
            # None saves while another one still looks for what to go on from.
            processes.wait(device)
            begin()  # where the checkpoint is that is gone on from, if there is one
            while len(run.train_losses) < epochs and run.stopped is None:
                if run.epoch == len(run.train_losses):  # else one that is resumed in its middle
                    run.epoch, run.place = run.epoch + 1, Place()
                    if val_batches is not None:
                        set_modes(modes, training=False)
                        with without_graph:
                            run.place.val_loss = _mean_loss(
                                val_batches(Place()), measure, Place(), run
                            )
                        set_modes(modes)
                run.train_losses.append(
                    _mean_loss(train_batches(run.place), step, run.place, run, step_watchers)
                )
                if run.place.val_loss is not None:
                    run.val_losses.append(run.place.val_loss)
                _end_epoch(callbacks, run)
                show(run)
                if processes.any(run.stopped is not None, device) and run.stopped is None:
                    run.stopped = "stopped in another process"
                if processes.any(interrupted.is_set(), device):
                    message = f"interrupted after epoch {run.epoch}"
                    raise TrainingInterrupted(message, run.history)
        if interrupted.is_set():  # while the callbacks ended
            raise TrainingInterrupted("interrupted at the end of the run", run.history)
    return run.history


def _mean_loss(
    batches: Iterator[Batch],
    loss_of: BatchLoss,
    place: Place,
    run: Run,
    watchers: tuple[Watch, ...] = (),
) -> float:
    """Return the mean loss of an epoch's batches; `place` tells meanwhile how far that is."""
    for inputs, targets in batches:
        loss, n = loss_of(inputs, targets), inputs.shape[0]
        place.step += 1
        place.rows += n
        # Weighted by rows; the loss of a single batch comes out to the last bit.
        place.loss += (loss - place.loss) * (n / place.rows)
        for watch in watchers:
            watch(run)
    return place.loss


def _end_epoch(callbacks: tuple[Callback, ...], run: Run) -> None:
    for callback in callbacks:
        stop = callback.on_epoch_end(run)
        if stop is not None:
            run.stopped = stop_reason(stop)


def _overriding(name: str, callbacks: tuple[Callback, ...]) -> tuple[Watch, ...]:
    """Return this method of the callbacks that have one of their own: others cost nothing."""
    return tuple(
        getattr(callback, name)
        for callback in callbacks
        if getattr(type(callback), name) is not getattr(Callback, name)
    )


def _training_step(
    run: Run,
    loss: LossFunction,
    watchers: tuple[Watch, ...],
    processes: Processes,
    *,
    probed: bool,
) -> BatchLoss:
    """Return a function that updates the model by one batch and returns the loss before that."""
    optimizer = run.optimizer
    loss_of = batch_loss(averaging(run.model, processes), loss, processes)
    backward: Callable[[Tensor], None] = Tensor.backward
    if not probed:
        loss_of, backward = told("train", loss_of), told("train", backward)
    zero_grad = _zero_grad(optimizer)

    def gradients(inputs: Tensor, targets: Tensor) -> float:
        zero_grad()
        value, number = loss_of(inputs, targets)
        if not math.isfinite(number):
            first = first_not_finite(run.model, inputs, targets)
            raise divergence("training", number, run.history, step=run.step + 1, first=first)
        backward(value)
        for watch in watchers:
            watch(run)
        return number

    def step(inputs: Tensor, targets: Tensor) -> float:
        number = gradients(inputs, targets)
        try:
            optimizer.step()
        except RuntimeError as error:
            rule = "take a step with the model's gradients"
            raise ValueError(refusal("optimizer", rule, f"an error: {error}")) from error
        return number

    def step_with_closure(inputs: Tensor, targets: Tensor) -> float:
        numbers: list[float] = []  # the optimizer may ask several times; the first is at the start

        def closure() -> float:
            numbers.append(gradients(inputs, targets))
            return numbers[-1]

        optimizer.step(closure)
        return numbers[0]

    # LBFGS evaluates the loss several times a step; others take a closure too, at a cost.
    closure = signature(optimizer.step).parameters.get("closure")
    needs_closure = closure is not None and closure.default is Parameter.empty
    return step_with_closure if needs_closure else step


def _zero_grad(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    """Return the optimizer's `zero_grad`, or what it comes to without its note for a profiler.

    The note takes 8 µs, a tenth of the step of a small network.
    """

    def set_to_none() -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    is_torchs = type(optimizer).zero_grad is torch.optim.Optimizer.zero_grad
    return set_to_none if is_torchs else optimizer.zero_grad


def _measurement(run: Run, loss: LossFunction, processes: Processes, *, probed: bool) -> BatchLoss:
    loss_of = batch_loss(run.model, loss, processes)
    loss_of = loss_of if probed else told("val", loss_of)

    def measure(inputs: Tensor, targets: Tensor) -> float:
        _, number = loss_of(inputs, targets)
        if not math.isfinite(number):
            first = first_not_finite(run.model, inputs, targets)
            raise divergence("validation", number, run.history, first=first)
        return number

    return measure


@contextmanager
def _ended(callbacks: tuple[Callback, ...], run: Run) -> Iterator[None]:
    """Tell the callbacks that the run has ended, and whether it failed."""
    try:
        yield
    except BaseException as error:
        run.failed, run.error_type = True, type(error)
        raise
    finally:
        for callback in callbacks:
            callback.on_end(run)
