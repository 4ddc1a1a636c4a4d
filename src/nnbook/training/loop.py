"""The training loop."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from inspect import Parameter, signature

import torch
from torch import Tensor, nn

from nnbook._arguments import positive_int
from nnbook.samples import Samples
from nnbook.training._batches import Batch, Batches, epoch_batches
from nnbook.training._checks import LossFunction, check_arguments, checked, probe, stop_reason
from nnbook.training._interrupts import interrupts_held
from nnbook.training._modes import modes_of, modes_restored, set_modes
from nnbook.training._progress import progress_bar
from nnbook.training.callbacks import Callback, Run
from nnbook.training.history import History


class DivergenceError(ArithmeticError):
    """Report a loss that is no longer finite; `history` holds the epochs before it."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


class TrainingInterrupted(KeyboardInterrupt):
    """Report Ctrl-C; the model is as of the last epoch in `history`."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


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
        Called at the start, after each epoch and at the end.
    progress : bool, default=False
        Whether to show a progress bar on the standard error.

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
    epochs = positive_int("epochs", epochs)
    if batch_size is not None:
        batch_size = positive_int("batch_size", batch_size, "None takes all rows at once.")
    device = next(model.parameters()).device
    train_batches = epoch_batches("train", train, device, batch_size, generator)
    val_batches = None if val is None else epoch_batches("val", val, device)
    run = Run(model, optimizer, epochs, has_val=val is not None)
    # Samples are probed before the run, and their rows do not change shape; other batches may.
    step = _training_step(run, loss if isinstance(train, Samples) else checked("train", loss))
    measure = _measurement(run, loss if isinstance(val, Samples) else checked("val", loss))

    with modes_restored(model):
        for name, data in {"train": train, "val": val}.items():
            if isinstance(data, Samples):
                probe(name, model, data.to(device), loss)
        model.train()
        modes = modes_of(model)
        without_graph = torch.no_grad()  # one for all epochs: to make one takes 1.5 µs
        with (
            interrupts_held() as interrupted,
            progress_bar(epochs, progress) as show,
            _ended(callbacks, run),
        ):
            for callback in callbacks:
                callback.on_start(run)
            while run.epoch < epochs and run.stopped is None:
                run.epoch += 1
                if val_batches is not None:
                    set_modes(modes, training=False)
                    with without_graph:
                        val_loss = _mean_loss(val_batches(), measure)
                    set_modes(modes)
                train_loss = _mean_loss(train_batches(), step)
                run.train_losses.append(train_loss)
                if val_batches is not None:
                    run.val_losses.append(val_loss)
                for callback in callbacks:
                    stop = callback.on_epoch_end(run)
                    if stop is not None:
                        run.stopped = stop_reason(stop)
                show(run)
                if interrupted.is_set():
                    message = f"interrupted after epoch {run.epoch}"
                    raise TrainingInterrupted(message, _history(run))
        if interrupted.is_set():  # while the callbacks ended
            raise TrainingInterrupted("interrupted at the end of the run", _history(run))
    return _history(run)


def _mean_loss(batches: Iterator[Batch], batch_loss: Callable[[Tensor, Tensor], float]) -> float:
    # A running mean, weighted by rows: it returns the loss of a single batch to the last bit.
    mean, rows = 0.0, 0
    for inputs, targets in batches:
        n = inputs.shape[0]
        rows += n
        mean += (batch_loss(inputs, targets) - mean) * (n / rows)
    return mean


def _training_step(run: Run, loss: LossFunction) -> Callable[[Tensor, Tensor], float]:
    """Return a function that updates the model by one batch and returns the loss before that."""
    model, optimizer = run.model, run.optimizer

    def step(inputs: Tensor, targets: Tensor) -> float:
        optimizer.zero_grad()
        value = loss(model(inputs), targets)
        number = _finite("training", value, run)
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return number

    def step_with_closure(inputs: Tensor, targets: Tensor) -> float:
        numbers: list[float] = []  # the optimizer may ask several times; the first is at the start

        def closure() -> float:
            optimizer.zero_grad()
            value = loss(model(inputs), targets)
            numbers.append(_finite("training", value, run))
            value.backward()  # type: ignore[no-untyped-call]
            return numbers[-1]

        optimizer.step(closure)
        return numbers[0]

    # LBFGS evaluates the loss several times a step; others take a closure too, at a cost.
    closure = signature(optimizer.step).parameters.get("closure")
    needs_closure = closure is not None and closure.default is Parameter.empty
    return step_with_closure if needs_closure else step


def _measurement(run: Run, loss: LossFunction) -> Callable[[Tensor, Tensor], float]:
    model = run.model

    def measure(inputs: Tensor, targets: Tensor) -> float:
        return _finite("validation", loss(model(inputs), targets), run)

    return measure


def _finite(kind: str, value: Tensor, run: Run) -> float:
    number = value.item()
    if not math.isfinite(number):
        before = f"; the last was {run.train_losses[-1]:.4g}" if run.train_losses else ""
        raise DivergenceError(
            f"the {kind} loss of epoch {run.epoch} is {number}{before}. The usual cause is a "
            "learning rate that is too large, or inputs that are not scaled.",
            _history(run),
        )
    return number


def _history(run: Run) -> History:
    dtype = next(run.model.parameters()).dtype
    val_loss = torch.tensor(run.val_losses, dtype=dtype) if run.has_val else None
    return History(torch.tensor(run.train_losses, dtype=dtype), val_loss, run.stopped)


@contextmanager
def _ended(callbacks: tuple[Callback, ...], run: Run) -> Iterator[None]:
    """Tell the callbacks that the run has ended, and whether it failed."""
    try:
        yield
    except BaseException:
        run.failed = True
        raise
    finally:
        for callback in callbacks:
            callback.on_end(run)
