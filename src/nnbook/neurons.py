"""One neuron, functions composed of neurons, and networks built of bumps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor, nn

from nnbook._arguments import answer, checked, describe, ends, number, positive_int, refusal, text
from nnbook.models import made_activation, mlp

__all__ = [
    "BOOK_NEURONS",
    "Curve",
    "bump",
    "bump_network",
    "neuron",
    "step",
]


@dataclass(frozen=True)
class Curve:
    """Hold a function of one number under a name; curves are added, subtracted and composed.

    ``A + B`` and ``A - B`` are curves, and so is ``C(A + B)``: C applied to what A + B returns.
    Their names are made from the names of their parts.

    Parameters
    ----------
    function : callable
        Takes a tensor and returns one of the same shape, entry by entry.
    name : str
        What formulas and legends call it: "A".
    formula : str, default=""
        What it computes: "tanh(-2x - 1.25)".

    Examples
    --------
    >>> import torch
    >>> from nnbook.neurons import BOOK_NEURONS
    >>> A, B, C, D = BOOK_NEURONS
    >>> both = C(A + B)
    >>> both.name
    'C(A + B)'
    >>> x = torch.linspace(-3, 3, 5)
    >>> inner = torch.tanh(-2 * x - 1.25) + torch.tanh(x + 0.75)
    >>> torch.equal(both(x), torch.tanh(4 * inner + 1))
    True
    """

    function: Callable[[Tensor], Tensor]
    name: str
    formula: str = ""

    def __post_init__(self) -> None:
        _check_function("function", self.function)
        text("name", self.name)
        text("formula", self.formula)

    @overload
    def __call__(self, inputs: Tensor) -> Tensor: ...
    @overload
    def __call__(self, inputs: "Curve") -> "Curve": ...
    def __call__(self, inputs: "Tensor | Curve") -> "Tensor | Curve":
        """Compute the outputs for a tensor, or compose with another curve.

        Parameters
        ----------
        inputs : Tensor of any shape, or Curve
            The numbers to compute with, or the curve whose outputs become this one's inputs.

        Returns
        -------
        Tensor of the same shape, or Curve
            What the function returns, or the composed curve.
        """
        if isinstance(inputs, Curve):
            inner = inputs
            name = f"{_grouped(self.name)}({inner.name})"
            return Curve(lambda x: self.function(inner.function(x)), name)
        checked("inputs", inputs, Tensor, "be a tensor or a Curve")
        return answer("inputs", "be what the function takes", self.function, inputs)

    def __add__(self, other: "Curve") -> "Curve":
        if not isinstance(other, Curve):
            return NotImplemented
        return Curve(lambda x: self.function(x) + other.function(x), f"{self.name} + {other.name}")

    def __sub__(self, other: "Curve") -> "Curve":
        if not isinstance(other, Curve):
            return NotImplemented
        name = f"{self.name} - {_grouped(other.name)}"
        return Curve(lambda x: self.function(x) - other.function(x), name)

    @property
    def title(self) -> str:
        """The name, and the formula where there is one: "A = tanh(-2x - 1.25)"."""
        return f"{self.name} = {self.formula}" if self.formula else self.name


def neuron(
    weight: float,
    bias: float,
    *,
    activation: Callable[[Tensor], Tensor] = torch.tanh,
    scale: float = 1.0,
    name: str = "neuron",
) -> Curve:
    r"""Make one neuron: a weighted input, shifted, and passed through an activation.

    The weight sets how steeply the neuron answers and in which direction; the bias shifts where it
    does. :math:`o = s\,f(w x + b)`, with the input :math:`x`, the weight :math:`w`, the bias
    :math:`b`, the activation :math:`f`, and the scale :math:`s`, the weight that a next layer
    would give to the output.

    Parameters
    ----------
    weight, bias : float
        The numbers w and b.
    activation : callable, default=torch.tanh
        The function f: takes a tensor, returns one of the same shape; `torch.tanh` or a module
        such as `nn.Hardtanh()`.
    scale : float, default=1.0
        The factor s.
    name : str, default="neuron"
        What legends call it.

    Returns
    -------
    Curve
        With its formula; called with a tensor it returns the outputs, in the same shape.

    Raises
    ------
    TypeError
        If `activation` is a Module's class, not an object.

    References
    ----------
    Deep Learning with PyTorch (2020), section 6.1.

    Examples
    --------
    >>> import torch
    >>> from nnbook.neurons import neuron
    >>> neuron(-2, -1.25).formula
    'tanh(-2x - 1.25)'
    >>> neuron(4, 1)(torch.tensor([-3.0, -0.25, 3.0]))
    tensor([-1.,  0.,  1.])
    """
    _check_function("activation", activation)
    weight, bias, scale = number("weight", weight), number("bias", bias), number("scale", scale)
    text("name", name)

    def output(inputs: Tensor) -> Tensor:
        return scale * activation(weight * inputs + bias)

    return Curve(output, name, _formula(weight, bias, activation, scale))


def step(
    at: float,
    height: float = 1.0,
    *,
    steepness: float = 20.0,
    activation: Callable[[Tensor], Tensor] = torch.tanh,
) -> Curve:
    r"""Make a step of one steep neuron: 0 on the left, `height` on the right, half of it at `at`.

    :math:`\tfrac{h}{2}\,(f(k(x - a)) + 1)`: the steeper :math:`k`, the sharper the step.

    Parameters
    ----------
    at : float
        Where it rises, a.
    height : float, default=1.0
        How far, h; negative ones fall.
    steepness : float, default=20.0
        The neuron's weight, k, positive, per unit of the input.
    activation : callable, default=torch.tanh
        The function f: runs from -1 to 1, as `torch.tanh` and `nn.Hardtanh()` do.

    Returns
    -------
    Curve
        The step.

    Raises
    ------
    ValueError
        If `steepness` is not positive.

    Examples
    --------
    >>> import torch
    >>> from nnbook.neurons import step
    >>> step(at=1, height=3)(torch.tensor([0.0, 1.0, 2.0]))
    tensor([0.0000, 1.5000, 3.0000])
    """
    at, height, steepness = number("at", at), number("height", height), _steep(steepness)
    _check_function("activation", activation)
    rising = neuron(steepness, -steepness * at, activation=activation, scale=height / 2)
    return Curve(lambda x: rising.function(x) + height / 2, f"step({at:g})")


def bump(
    left: float,
    right: float,
    height: float = 1.0,
    *,
    steepness: float = 20.0,
    activation: Callable[[Tensor], Tensor] = torch.tanh,
) -> Curve:
    r"""Make a bump of two steep neurons: `height` between `left` and `right`, 0 elsewhere.

    It is the difference of two steps, in which their constants cancel:
    :math:`\tfrac{h}{2} f(k(x - l)) - \tfrac{h}{2} f(k(x - r))`.

    Parameters
    ----------
    left, right : float
        Where it rises, l, and falls, r.
    height : float, default=1.0
        How high it is, h; negative ones are dips.
    steepness : float, default=20.0
        The neurons' weight, k, positive, per unit of the input.
    activation : callable, default=torch.tanh
        The function f: runs from -1 to 1, as `torch.tanh` and `nn.Hardtanh()` do.

    Returns
    -------
    Curve
        The bump.

    Raises
    ------
    ValueError
        If `steepness` is not positive, or `right` does not lie right of `left`.

    References
    ----------
    M. Nielsen: Neural Networks and Deep Learning, 2015, chapter 4.

    Examples
    --------
    >>> import torch
    >>> from nnbook.neurons import bump
    >>> bump(1, 2, height=3)(torch.tensor([0.0, 1.5, 3.0]))
    tensor([0., 3., 0.])
    """
    left, right, height = number("left", left), number("right", right), number("height", height)
    steepness = _steep(steepness)
    _check_function("activation", activation)
    if not left < right:
        raise ValueError(refusal("right", f"be greater than `left` ({left:g})", f"{right:g}"))
    rising = neuron(steepness, -steepness * left, activation=activation, scale=height / 2)
    falling = neuron(steepness, -steepness * right, activation=activation, scale=height / 2)
    difference = rising - falling
    return Curve(difference.function, f"bump({left:g}, {right:g})")


def bump_network(
    function: Callable[[Tensor], Tensor],
    between: tuple[float, float],
    n_bumps: int,
    *,
    steepness: float | None = None,
    activation: Callable[[], nn.Module] = nn.Tanh,
) -> nn.Sequential:
    """Build a network that follows a function, without training: one bump for each of its values.

    The function is evaluated at `n_bumps` places, evenly spaced from end to end. Around each stands
    a bump of that height, made of two hidden units. The two outer bumps reach beyond the interval,
    for the sum would otherwise fall off at its ends; further out it is 0, whatever the function.

    Parameters
    ----------
    function : callable
        Takes inputs of shape (n_bumps, 1), returns the values in that shape.
    between : tuple of two float
        The ends of the interval.
    n_bumps : int
        How many, at least 2; the network has twice as many hidden units.
    steepness : float, default=None
        The hidden units' weight. None takes 2 divided by the distance of two bumps: neighbours
        then meet, and with `nn.Hardtanh` the network joins the values by straight lines.
    activation : callable that returns a Module, default=nn.Tanh
        Runs from -1 to 1: `nn.Tanh` or `nn.Hardtanh`.

    Returns
    -------
    nn.Sequential
        ``mlp(1, 2 * n_bumps, 1)`` with its weights set, of torch's default type; the global
        generator is left as it was.

    Raises
    ------
    ValueError
        If `n_bumps` is less than 2, `between` is not two rising numbers, `steepness` is not
        positive, or `function` returns another shape.

    References
    ----------
    G. Cybenko: Approximation by superpositions of a sigmoidal function, 1989.
    M. Nielsen: Neural Networks and Deep Learning, 2015, chapter 4.

    Examples
    --------
    >>> import torch
    >>> from nnbook.neurons import bump_network
    >>> network = bump_network(torch.sin, (0, 6), 40)
    >>> x = torch.linspace(0, 6, 200).unsqueeze(1)
    >>> with torch.no_grad():
    ...     bool((network(x) - torch.sin(x)).abs().max() < 0.05)
    True
    """
    n_bumps = positive_int("n_bumps", n_bumps, most=10**6)
    if n_bumps < 2:
        mend = "One stands at each end."
        raise ValueError(refusal("n_bumps", "be at least 2", str(n_bumps), mend))
    _check_function("function", function)
    made_activation(activation)  # or it is refused
    start, end = ends("between", between)
    distance = (end - start) / (n_bumps - 1)
    if steepness is None:
        steepness = 2 / distance
    steepness = _steep(steepness)
    centres = torch.linspace(start, end, n_bumps).unsqueeze(1)  # (n_bumps, 1)
    rule = f"return shape {tuple(centres.shape)} for inputs of that shape"
    with torch.no_grad():
        heights = answer("function", rule, function, centres)
    if not isinstance(heights, Tensor) or heights.shape != centres.shape:
        raise ValueError(refusal("function", rule, describe(heights)))
    left, right = centres - distance / 2, centres + distance / 2
    left[0] -= 2 * distance
    right[-1] += 2 * distance
    with torch.random.fork_rng(devices=[]):  # the weights that mlp draws are not used
        network = mlp(1, 2 * n_bumps, 1, activation=activation)
    edges = torch.cat([left, right])  # (2 * n_bumps, 1)
    with torch.no_grad():
        network.get_parameter("hidden_linear.weight").fill_(steepness)
        network.get_parameter("hidden_linear.bias").copy_(-steepness * edges.squeeze(1))
        network.get_parameter("output_linear.weight").copy_(torch.cat([heights, -heights]).T / 2)
        network.get_parameter("output_linear.bias").zero_()
    return network


def _grouped(name: str) -> str:
    return f"({name})" if " + " in name or " - " in name else name


def _formula(
    weight: float, bias: float, activation: Callable[[Tensor], Tensor], scale: float
) -> str:
    factor = f"{weight:g}" if abs(weight) != 1 else "-" * (weight < 0)
    shift = "" if bias == 0 else f" {'-' if bias < 0 else '+'} {abs(bias):g}"
    name = getattr(activation, "__name__", type(activation).__name__.lower())
    before = "" if scale == 1 else f"{scale:g} "
    return f"{before}{name}({factor}x{shift})"


def _check_function(name: str, function: object) -> None:
    if isinstance(function, type) or not callable(function):
        rule = "be a function of a tensor, or a Module"
        mend = "Pass `torch.tanh` or `nn.Tanh()`."
        raise TypeError(refusal(name, rule, describe(function), mend))


def _steep(steepness: float) -> float:
    return number("steepness", steepness, "be positive", lambda found: 0 < found < 1e38)


#: The book's four neurons, A to D (Deep Learning with PyTorch, 2020, section 6.1.6).
BOOK_NEURONS = (
    neuron(-2.0, -1.25, name="A"),
    neuron(1.0, 0.75, name="B"),
    neuron(4.0, 1.0, name="C"),
    neuron(-3.0, 1.5, name="D"),
)
