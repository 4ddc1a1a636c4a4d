"""Whether model, loss, optimizer and data fit each other, found out before anything is changed."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from nnbook._arguments import answer, describe, listed, positive_int, refusal
from nnbook.samples import Samples
from nnbook.training.callbacks import Callback, Stop

LossFunction = Callable[[Tensor, Tensor], Tensor]


def check_arguments(model: Any, optimizer: Any, loss: Any, callbacks: Any) -> tuple[Callback, ...]:
    """Refuse what is no model, optimizer, loss or callback, or does not belong to the model."""
    if not isinstance(model, nn.Module):
        raise TypeError(refusal("model", "be a torch.nn.Module", describe(model)))
    if not isinstance(optimizer, torch.optim.Optimizer):
        rule = "be a torch.optim.Optimizer"
        mend = "For example `torch.optim.SGD(model.parameters(), lr=1e-3)`."
        raise TypeError(refusal("optimizer", rule, describe(optimizer), mend))
    lazy = [
        name for name, p in model.named_parameters() if isinstance(p, nn.UninitializedParameter)
    ]
    if lazy:
        rule, mend = "know the shapes of its parameters", "Call a lazy module once first."
        raise ValueError(refusal("model", rule, f"{lazy[0]} without a shape", mend))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not trained:
        mend = "`requires_grad_(True)` makes frozen ones train again."
        raise ValueError(refusal("model", "have parameters that train", "none", mend))
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    missing = [name for name, parameter in trained.items() if id(parameter) not in held]
    if missing:
        rule = "hold every parameter of `model` that trains"
        mend = "Make the optimizer from `model.parameters()`, after the model's last change."
        raise ValueError(refusal("optimizer", rule, f"one without {', '.join(missing)}", mend))
    if not callable(loss) or isinstance(loss, type):
        mend = "Pass `nn.MSELoss()`, not `nn.MSELoss`."
        raise TypeError(refusal("loss", "take outputs and targets", describe(loss), mend))
    mend = "A subclass of `nnbook.Callback` overrides what it needs."
    rule = "hold Callback objects"
    checked_callbacks: tuple[Any, ...] = tuple(
        listed("callbacks", callbacks, rule, mend, most=1000)
    )
    for callback in checked_callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(refusal("callbacks", "hold Callback objects", describe(callback), mend))
    return checked_callbacks


def check_counts(epochs: Any, batch_size: Any, generator: Any) -> tuple[int, int | None]:
    """Return epochs and batch size as whole numbers, or refuse them, or what draws no numbers."""
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(refusal("generator", "be a torch.Generator", describe(generator)))
    if batch_size is not None:
        batch_size = positive_int("batch_size", batch_size, "None takes all rows at once.")
    return positive_int("epochs", epochs), batch_size


def stop_reason(stop: Any) -> str:
    """Return why a callback ends the run, or refuse what it returned."""
    if not isinstance(stop, Stop):
        mend = 'Return None to go on, `nnbook.Stop("why")` to end the run.'
        raise TypeError(refusal("on_epoch_end", "return None or a Stop", describe(stop), mend))
    return stop.reason


def probe(name: str, model: nn.Module, data: Samples, loss: LossFunction) -> None:
    """Run two rows through model and loss, in `eval()` mode and without a graph."""
    inputs, targets = data[:2]
    model.eval()
    rule = f"accept inputs like `{name}.inputs`, {describe(data.inputs)}"
    with torch.no_grad():
        outputs = answer("model", rule, model, inputs)
        if data.has_classes:
            _check_outputs(name, outputs, data.targets.max().expand(len(targets)))
    # The loss alone is differentiated, to see that it can be.
    leaf = outputs.detach().requires_grad_(name == "train") if is_real(outputs) else outputs
    with torch.set_grad_enabled(name == "train"):
        value = checked(name, loss)(leaf, targets)
    if name == "train":
        rule = "have a gradient at the model's outputs"
        if not value.requires_grad:
            raise ValueError(refusal("loss", rule, "one that does not depend on them"))
        answer("loss", rule, torch.autograd.grad, value, leaf)


def is_real(outputs: object) -> bool:
    """Whether this is what a loss can be computed of."""
    return isinstance(outputs, Tensor) and outputs.is_floating_point()


def checked(name: str, loss: LossFunction) -> LossFunction:
    """Return the loss with its arguments and result checked at each call."""
    is_mean_square = loss is nn.functional.mse_loss or isinstance(loss, nn.MSELoss)

    def checked_loss(outputs: Tensor, targets: Tensor) -> Tensor:
        if is_mean_square and not targets.is_floating_point():
            rule = f"take class numbers, as the targets of `{name}` are"
            mend = "`nn.CrossEntropyLoss()` does."
            raise ValueError(refusal("loss", rule, "the mean squared error", mend))
        _check_outputs(name, outputs, targets)
        rule = f"take outputs of shape {tuple(outputs.shape)} and {describe(targets)}"
        value: Any = answer("loss", rule, loss, outputs, targets)
        if not isinstance(value, Tensor) or value.ndim != 0:
            mend = 'A loss with reduction="none" gives one number per row.'
            raise ValueError(refusal("loss", "return one number", describe(value), mend))
        if not value.is_floating_point():
            raise ValueError(refusal("loss", "return a real number", describe(value)))
        return value

    return checked_loss


def _check_outputs(name: str, outputs: Tensor, targets: Tensor) -> None:
    if not is_real(outputs):
        raise ValueError(refusal("model", "return a floating-point tensor", describe(outputs)))
    if targets.is_floating_point():
        if outputs.shape != targets.shape:
            expected = ", ".join(["batch", *map(str, targets.shape[1:])])
            rule = f"return the shape of the targets of `{name}`, ({expected})"
            mend = "Unequal shapes would be broadcast to a wrong loss without a word."
            raise ValueError(refusal("model", rule, str(tuple(outputs.shape)), mend))
        return
    largest = int(targets.max())
    if outputs.ndim < 2 or outputs.shape[1] <= largest:
        rule = f"have more outputs than the largest class number of `{name}`, {largest}"
        mend = "Class numbers count from 0, with one output for each class."
        raise ValueError(refusal("model", rule, str(tuple(outputs.shape)), mend))


def told(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, with what torch says to batches that do not fit turned into a refusal.

    Only for batches of an iterable: `Samples` are probed before the run.
    """

    def wrapped(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except torch.OutOfMemoryError:
            raise
        except (AttributeError, IndexError, RuntimeError) as error:
            rule = "give batches that model and loss accept"
            raise ValueError(refusal(name, rule, f"an error: {error}")) from error

    return wrapped
