"""Looking into modules: what a call runs, which parameters there are, which gradients."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nnbook._arguments import answer, checked, describe, flag, refusal

__all__ = [
    "CallTrace",
    "GradientRow",
    "GradientTable",
    "ParameterRow",
    "ParameterTable",
    "Step",
    "calls",
    "gradient_table",
    "parameter_table",
]

# How wide a printed table may be: a page of the book takes no more.
_WIDTH = 76


@dataclass(frozen=True)
class Step:
    """Name one thing that ran.

    Parameters
    ----------
    module : str
        The submodule's name as in `named_modules`; "" is the model itself.
    what : str
        "forward pre-hook", "forward", "forward hook" or "backward hook".
    """

    module: str
    what: str

    def __str__(self) -> str:
        name = self.module or "model"
        depth = self.module.count(".") + 1 if self.module else 0
        return f"{'  ' * depth}{name}: {self.what}"


@dataclass(frozen=True)
class CallTrace:
    """Hold what ran when a model was called, and what ran when only its `forward` was.

    Parameters
    ----------
    by_call : tuple of Step
        What ``model(inputs)`` ran, in order.
    by_forward : tuple of Step
        What ``model.forward(inputs)`` ran, in order.
    """

    by_call: tuple[Step, ...]
    by_forward: tuple[Step, ...]

    @property
    def skipped(self) -> tuple[Step, ...]:
        """What ``model.forward(inputs)`` left out, in the order of `by_call`."""
        return tuple(step for step, ran in self._compared() if not ran)

    def __str__(self) -> str:
        width = max([len("what ran"), *(len(str(step)) for step in self.by_call)])
        head = f"{'what ran':{width}}  model(inputs)  model.forward(inputs)"
        rows = [
            f"{step!s:{width}}  {'ran':13}  {'ran' if ran else 'skipped'}"
            for step, ran in self._compared()
        ]
        return "\n".join([head, *rows])

    def _compared(self) -> Iterator[tuple[Step, bool]]:
        left = Counter(self.by_forward)
        for step in self.by_call:
            left[step] -= 1
            yield step, left[step] >= 0


def calls(model: nn.Module, inputs: Tensor, *, backward: bool = False) -> CallTrace:
    """Record what calling a model runs, and what calling its `forward` alone skips.

    ``model(inputs)`` runs the model's forward pre-hooks, `forward`, and forward hooks, and sets up
    its backward hooks. ``model.forward(inputs)`` runs `forward` alone; the submodules are still
    called as modules, so only the model's own hooks are skipped.

    The model is run both ways, in the mode that it is in: what a run changes (the statistics of a
    batch norm, the random numbers of a dropout) changes twice. No hook is left behind, not even
    after an error, and no gradient is put into `.grad`.

    Parameters
    ----------
    model : nn.Module
        Any module that takes one tensor.
    inputs : Tensor
        What it is called with.
    backward : bool, default=False
        Whether to go backward from the sum of the outputs, so that backward hooks run too.

    Returns
    -------
    CallTrace
        Both sequences of steps; printed, a table.

    Raises
    ------
    TypeError
        If `model` is not a Module; with `backward`, if `inputs` are not floating point or the
        outputs are not one tensor that depends on them.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from nnbook.inspection import calls
    >>> print(calls(nn.Sequential(nn.Linear(1, 2), nn.Tanh()), torch.zeros(3, 1)))
    what ran                 model(inputs)  model.forward(inputs)
    model: forward pre-hook  ran            skipped
    model: forward           ran            ran
      0: forward pre-hook    ran            ran
      0: forward             ran            ran
      0: forward hook        ran            ran
      1: forward pre-hook    ran            ran
      1: forward             ran            ran
      1: forward hook        ran            ran
    model: forward hook      ran            skipped
    """
    if not isinstance(model, nn.Module):
        raise TypeError(refusal("model", "be a Module", describe(model)))
    checked("inputs", inputs, Tensor, "be a tensor")
    backward = flag("backward", backward)
    if backward and not inputs.is_floating_point():
        rule = "be a floating-point tensor to go backward to"
        raise TypeError(refusal("inputs", rule, describe(inputs)))

    def record(run: Callable[[Tensor], Any]) -> tuple[Step, ...]:
        steps: list[Step] = []
        with _probes(model, steps, backward=backward):
            if backward:
                _run_backward(model, run, inputs)
            else:
                answer("model", f"accept `inputs`, {describe(inputs)}", run, inputs)
        return tuple(steps)

    def forward_alone(given: Tensor) -> Any:
        return model.forward(given)  # looked up now: meanwhile a probe stands in for it

    return CallTrace(by_call=record(model), by_forward=record(forward_alone))


@contextmanager
def _probes(model: nn.Module, steps: list[Step], *, backward: bool) -> Iterator[None]:
    with ExitStack() as stack:
        for name, module in model.named_modules():
            stack.enter_context(_forward_probe(name, module, steps))
            handles = [
                module.register_forward_pre_hook(_hook(steps, Step(name, "forward pre-hook"))),
                module.register_forward_hook(_hook(steps, Step(name, "forward hook"))),
            ]
            if backward:
                hook = _hook(steps, Step(name, "backward hook"))
                handles.append(module.register_full_backward_hook(hook))
            for handle in handles:
                stack.callback(handle.remove)
        yield


@contextmanager
def _forward_probe(name: str, module: nn.Module, steps: list[Step]) -> Iterator[None]:
    # An attribute of the object hides the class's method for as long as the probe is there.
    before = vars(module).get("forward")
    forward = module.forward

    def probe(*args: Any, **kwargs: Any) -> Any:
        steps.append(Step(name, "forward"))
        return forward(*args, **kwargs)

    module.forward = probe
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before


def _hook(steps: list[Step], step: Step) -> Callable[..., None]:
    def hook(*_: Any) -> None:
        steps.append(step)

    return hook


def _run_backward(model: nn.Module, run: Callable[[Tensor], Any], inputs: Tensor) -> None:
    # torch.autograd.grad, not backward(): nothing is added to any `.grad`.
    leaf = inputs.detach().requires_grad_()
    with torch.enable_grad():
        outputs = answer("model", f"accept `inputs`, {describe(inputs)}", run, leaf)
        if not isinstance(outputs, Tensor) or not outputs.requires_grad:
            rule = "return a tensor with a graph to go backward from"
            raise TypeError(refusal("model", rule, describe(outputs)))
        torch.autograd.grad(outputs.sum(), [leaf, *_trained(model)], allow_unused=True)


def _trained(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@dataclass(frozen=True)
class ParameterRow:
    """Describe one parameter.

    Parameters
    ----------
    name : str
        As in `named_parameters`.
    shape : tuple of int
        Its shape.
    count : int
        The number of its entries.
    requires_grad : bool
        Whether it trains.
    """

    name: str
    shape: tuple[int, ...]
    count: int
    requires_grad: bool


@dataclass(frozen=True)
class ParameterTable:
    """Hold the parameters of a model; printed, a table with a total.

    Parameters
    ----------
    rows : tuple of ParameterRow
        In the order of `named_parameters`; a parameter that two modules share is listed once.
    """

    rows: tuple[ParameterRow, ...]

    @property
    def total(self) -> int:
        """The number of entries of all parameters."""
        return sum(row.count for row in self.rows)

    @property
    def trainable(self) -> int:
        """The number of entries that an optimizer may change."""
        return sum(row.count for row in self.rows if row.requires_grad)

    def __str__(self) -> str:
        rows = [
            (row.name, str(list(row.shape)), f"{row.count:,}", "yes" if row.requires_grad else "no")
            for row in self.rows
        ]
        foot = ("total", "", f"{self.total:,}", f"{self.trainable:,}")
        return _lines(("name", "shape", "count", "trains"), [*rows, foot])


def parameter_table(model: nn.Module) -> ParameterTable:
    """List a model's parameters with their shapes and counts.

    Parameters
    ----------
    model : nn.Module
        Any module.

    Returns
    -------
    ParameterTable
        `rows`, `total` and `trainable`; printed, at most 76 characters wide.

    Raises
    ------
    TypeError
        If `model` is not a Module.
    ValueError
        If a lazy module has not got its shape yet.

    Examples
    --------
    >>> import nnbook
    >>> from nnbook.inspection import parameter_table
    >>> print(parameter_table(nnbook.mlp(1, 13, 1)))
    name                    shape  count  trains
    hidden_linear.weight  [13, 1]     13     yes
    hidden_linear.bias       [13]     13     yes
    output_linear.weight  [1, 13]     13     yes
    output_linear.bias        [1]      1     yes
    total                             40      40
    """
    return ParameterTable(
        tuple(
            ParameterRow(name, tuple(parameter.shape), parameter.numel(), parameter.requires_grad)
            for name, parameter in _parameters(model)
        )
    )


@dataclass(frozen=True)
class GradientRow:
    """Describe the gradient of one parameter.

    Parameters
    ----------
    name : str
        As in `named_parameters`.
    shape : tuple of int
        The parameter's shape.
    norm : float
        The Euclidean norm of `.grad`, in loss units per parameter unit; None where there is none.
    """

    name: str
    shape: tuple[int, ...]
    norm: float | None


@dataclass(frozen=True)
class GradientTable:
    """Hold the sizes of a model's gradients; printed, a table.

    Parameters
    ----------
    rows : tuple of GradientRow
        In the order of `named_parameters`.
    """

    rows: tuple[GradientRow, ...]

    def __str__(self) -> str:
        rows = [
            (row.name, str(list(row.shape)), "None" if row.norm is None else f"{row.norm:.4g}")
            for row in self.rows
        ]
        return _lines(("name", "shape", "norm of .grad"), rows)


def gradient_table(model: nn.Module) -> GradientTable:
    """List the size of each parameter's gradient, as the last `backward` left it.

    Parameters
    ----------
    model : nn.Module
        Any module.

    Returns
    -------
    GradientTable
        For each parameter the Euclidean norm of its `.grad`, in loss units per parameter unit, or
        None where there is none; printed, at most 76 characters wide.

    Raises
    ------
    TypeError
        If `model` is not a Module.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from nnbook.inspection import gradient_table
    >>> model = nn.Linear(2, 1)
    >>> print(gradient_table(model))
    name     shape  norm of .grad
    weight  [1, 2]           None
    bias       [1]           None
    >>> model(torch.tensor([[3.0, 4.0]])).sum().backward()
    >>> print(gradient_table(model))
    name     shape  norm of .grad
    weight  [1, 2]              5
    bias       [1]              1
    """
    return GradientTable(
        tuple(
            GradientRow(
                name,
                tuple(parameter.shape),
                None if parameter.grad is None else float(torch.linalg.vector_norm(parameter.grad)),
            )
            for name, parameter in _parameters(model)
        )
    )


def _parameters(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    if not isinstance(model, nn.Module):
        raise TypeError(refusal("model", "be a Module", describe(model)))
    named = list(model.named_parameters())
    lazy = [name for name, parameter in named if isinstance(parameter, nn.UninitializedParameter)]
    if lazy:
        rule, mend = "know the shapes of its parameters", "Call a lazy module once first."
        raise ValueError(refusal("model", rule, f"{lazy[0]} without a shape", mend))
    return named


def _lines(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    # Names to the left, everything else to the right; each column as wide as its widest cell.
    names, *columns = zip(head, *rows, strict=True)
    widths = [max(len(cell) for cell in column) for column in columns]
    room = _WIDTH - sum(2 + width for width in widths)
    shown = [name if len(name) <= room else f"…{name[1 - room :]}" for name in names]
    longest = max(len(name) for name in shown)
    lines = []
    for name, *cells in zip(shown, *columns, strict=True):
        aligned = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]
        lines.append("  ".join([f"{name:{longest}}", *aligned]))
    return "\n".join(lines)
