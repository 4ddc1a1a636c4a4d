"""The training loop."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn

from nnbook._arguments import describe, positive_int, refusal
from nnbook.samples import Samples
from nnbook.training._batches import Batch, Batches, epoch_batches
from nnbook.training._interrupts import interrupts_held
from nnbook.training._progress import progress_bar
from nnbook.training.callbacks import Callback, Run
from nnbook.training.history import History

LossFunction = Callable[[Tensor, Tensor], Tensor]


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
        If an argument does not fit the others; the model is not changed.
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
    callbacks = tuple(callbacks)
    _check_arguments(model, optimizer, loss, callbacks)
    epochs = positive_int("epochs", epochs)
    if batch_size is not None:
        batch_size = positive_int("batch_size", batch_size, "None takes all rows at once.")
    device = next(model.parameters()).device
    train_batches = epoch_batches("train", train, device, batch_size=batch_size, generator=generator)
    val_batches = None if val is None else epoch_batches("val", val, device)
    run = Run(model, optimizer, epochs, has_val=val is not None)
    dtype = torch.get_default_dtype()

    def history() -> History:
        val_loss = torch.tensor(run.val_losses, dtype=dtype) if run.has_val else None
        return History(torch.tensor(run.train_losses, dtype=dtype), val_loss, run.stopped)

    def batch_loss(inputs: Tensor, targets: Tensor) -> Tensor:
        return loss(model(inputs), targets)

    def checked_loss(name: str, inputs: Tensor, targets: Tensor) -> Tensor:
        nonlocal dtype
        outputs = model(inputs)
        _check_outputs(name, outputs, targets)
        value = loss(outputs, targets)
        if not isinstance(value, Tensor) or value.ndim != 0:
            mend = 'A loss with reduction="none" gives one number per row.'
            raise ValueError(refusal("loss", "return one number", describe(value), mend))
        dtype = value.dtype
        return value

    # Samples were probed before the run, and their rows do not change shape; batches may.
    train_batch_loss = batch_loss if isinstance(train, Samples) else partial(checked_loss, "train")
    val_batch_loss = batch_loss if isinstance(val, Samples) else partial(checked_loss, "val")

    def finite(name: str, value: Tensor) -> float:
        number = value.item()
        if not math.isfinite(number):
            raise DivergenceError(_divergence(name, number, run), history())
        return number

    def loss_with_gradients(inputs: Tensor, targets: Tensor) -> float:
        optimizer.zero_grad()
        value = train_batch_loss(inputs, targets)
        number = finite("training", value)
        value.backward()  # type: ignore[no-untyped-call]
        return number

    def train_on(inputs: Tensor, targets: Tensor) -> float:
        number = loss_with_gradients(inputs, targets)
        optimizer.step()
        return number

    def train_with_closure(inputs: Tensor, targets: Tensor) -> float:
        numbers: list[float] = []  # the optimizer may ask several times; the first is at the start

        def closure() -> float:
            numbers.append(loss_with_gradients(inputs, targets))
            return numbers[-1]

        optimizer.step(closure)
        return numbers[0]

    step_on = train_with_closure if _needs_closure(optimizer) else train_on

    def measure(inputs: Tensor, targets: Tensor) -> float:
        return finite("validation", val_batch_loss(inputs, targets))

    with _modes_restored(model):
        for name, data in {"train": train, "val": val}.items():
            if isinstance(data, Samples):
                _probe(name, model, data.to(device), checked_loss)
        model.train()
        modes = _modes(model)
        with interrupts_held() as interrupted, progress_bar(epochs, progress) as show:
            try:
                for callback in callbacks:
                    callback.on_start(run)
                while run.epoch < epochs and run.stopped is None:
                    run.epoch += 1
                    if val_batches is not None:
                        _set_modes(modes, False)
                        with torch.no_grad():
                            val_loss = _mean_loss(val_batches(), measure)
                        _set_modes(modes)
                    train_loss = _mean_loss(train_batches(), step_on)
                    run.train_losses.append(train_loss)
                    if val_batches is not None:
                        run.val_losses.append(val_loss)
                    for callback in callbacks:
                        stop = callback.on_epoch_end(run)
                        if stop is not None:
                            run.stopped = stop.reason
                    show(run)
                    if interrupted.is_set():
                        raise TrainingInterrupted(f"interrupted after epoch {run.epoch}", history())
            except BaseException:
                run.failed = True
                raise
            finally:
                for callback in callbacks:
                    callback.on_end(run)
    return history()


def _mean_loss(batches: Iterator[Batch], batch_loss: Callable[[Tensor, Tensor], float]) -> float:
    # A running mean, weighted by rows: it returns the loss of a single batch to the last bit.
    mean, rows = 0.0, 0
    for inputs, targets in batches:
        n = inputs.shape[0]
        rows += n
        mean += (batch_loss(inputs, targets) - mean) * (n / rows)
    return mean


def _needs_closure(optimizer: torch.optim.Optimizer) -> bool:
    # LBFGS evaluates the loss several times a step; others take a closure too, at a cost.
    return signature(optimizer.step).parameters["closure"].default is Parameter.empty


# The modules' `training` flags are read and set directly: calling `eval()` and `train()` in each
# epoch would cost a tenth of the epoch of a small network.
Modes = list[tuple[dict[str, Any], bool]]


def _modes(model: nn.Module) -> Modes:
    return [(vars(module), module.training) for module in model.modules()]


def _set_modes(modes: Modes, training: bool | None = None) -> None:
    for attributes, mode in modes:
        attributes["training"] = mode if training is None else training


@contextmanager
def _modes_restored(model: nn.Module) -> Iterator[None]:
    modes = _modes(model)
    try:
        yield
    finally:
        _set_modes(modes)


def _probe(
    name: str,
    model: nn.Module,
    data: Samples,
    checked_loss: Callable[[str, Tensor, Tensor], Tensor],
) -> None:
    """Find out with two rows, before anything is changed, whether model, loss and data fit."""
    model.eval()
    with torch.no_grad():
        try:
            outputs = model(data.inputs[:2])
        except RuntimeError as error:
            rule = f"accept inputs like `{name}.inputs`, {describe(data.inputs)}"
            raise ValueError(refusal("model", rule, f"an error: {error}")) from error
        if data.has_classes:
            _check_outputs(name, outputs, data.targets.max().expand(len(outputs)))
        checked_loss(name, data.inputs[:2], data.targets[:2])


def _check_outputs(name: str, outputs: Tensor, targets: Tensor) -> None:
    if outputs.shape == targets.shape and targets.is_floating_point():
        return
    if targets.is_floating_point():
        rule = f"return the shape of the targets of `{name}`, (batch, {targets.shape[-1]})"
        mend = "Unequal shapes would be broadcast to a wrong loss without a word."
        raise ValueError(refusal("model", rule, str(tuple(outputs.shape)), mend))
    largest = int(targets.max())
    if outputs.ndim < 2 or outputs.shape[1] <= largest:
        rule = f"have more outputs than the largest class number of `{name}`, {largest}"
        mend = "Class numbers count from 0, with one output for each class."
        raise ValueError(refusal("model", rule, str(tuple(outputs.shape)), mend))


def _check_arguments(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: LossFunction,
    callbacks: tuple[Callback, ...],
) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(refusal("model", "be a torch.nn.Module", describe(model)))
    if not isinstance(optimizer, torch.optim.Optimizer):
        mend = "For example `torch.optim.SGD(model.parameters(), lr=1e-3)`."
        raise TypeError(refusal("optimizer", "be a torch.optim.Optimizer", describe(optimizer), mend))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not trained:
        mend = "`requires_grad_(True)` makes frozen ones train again."
        raise ValueError(refusal("model", "have parameters that train", "none", mend))
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    missing = [name for name, parameter in trained.items() if id(parameter) not in held]
    if missing:
        mend = "Make the optimizer from `model.parameters()`, after the model's last change."
        rule = "hold every parameter of `model` that trains"
        raise ValueError(refusal("optimizer", rule, f"one without {', '.join(missing)}", mend))
    if not callable(loss) or isinstance(loss, type):
        mend = "Pass `nn.MSELoss()`, not `nn.MSELoss`."
        raise TypeError(refusal("loss", "take outputs and targets", describe(loss), mend))
    for callback in callbacks:
        if not isinstance(callback, Callback):
            mend = "A subclass of `nnbook.Callback` overrides what it needs."
            raise TypeError(refusal("callbacks", "hold Callback objects", describe(callback), mend))


def _divergence(name: str, number: float, run: Run) -> str:
    before = f"; the last was {run.train_losses[-1]:.4g}" if run.train_losses else ""
    return (
        f"the {name} loss of epoch {run.epoch} is {number}{before}. "
        "The usual cause is a learning rate that is too large, or inputs that are not scaled."
    )
