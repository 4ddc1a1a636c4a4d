"""The catalogue of activation functions, and what is true of each."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nnbook._arguments import answer, checked, describe, number, refusal, text
from nnbook.models import made_activation
from nnbook.samples import check_dense

__all__ = [
    "CATALOGUE",
    "Activation",
    "derivative",
    "table",
]

_UNBOUNDED = (-math.inf, math.inf)

#: A unit is sensitive where its slope is at least this part of the steepest one.
SENSITIVE_PART = 0.1


@dataclass(frozen=True)
class Activation:
    """Describe one activation function: facts that are stated, and what is computed from torch.

    The catalogue states bounds, whether the function is monotonic, and where it has kinks and
    jumps. Its values and slopes are computed by torch when they are asked for.

    Parameters
    ----------
    name : str
        As torch writes it.
    make : callable that returns a Module
        Makes the module, as `nnbook.mlp(..., activation=...)` takes it.
    bounds : tuple of two float
        The largest lower and the smallest upper bound; infinite where there is none.
    is_monotonic : bool
        Whether it never falls.
    kinks : tuple of float, default=()
        Inputs at which the function is continuous but its slope jumps.
    jumps : tuple of float, default=()
        Inputs at which the function itself jumps.

    Examples
    --------
    >>> import torch
    >>> from nnbook.activations import CATALOGUE
    >>> relu = CATALOGUE["ReLU"]
    >>> relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    >>> relu.bounds, relu.is_zero_at_zero, relu.slopes_at_corners, relu.sensitive_ranges
    ((0.0, inf), True, {0.0: 0.0}, ((0.0, inf),))
    """

    name: str
    make: Callable[[], nn.Module]
    bounds: tuple[float, float]
    is_monotonic: bool
    kinks: tuple[float, ...] = ()
    jumps: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        text("name", self.name)
        made_activation(self.make, "make")  # or it is refused
        rule = "be two rising numbers"
        if not isinstance(self.bounds, tuple) or len(self.bounds) != 2:
            raise TypeError(refusal("bounds", rule, describe(self.bounds)))
        low, high = (number("bounds", bound, rule, finite=False) for bound in self.bounds)
        if not low < high:
            raise ValueError(refusal("bounds", rule, describe(self.bounds)))
        for name in ("kinks", "jumps"):
            given = checked(name, getattr(self, name), tuple, "be a tuple of numbers")
            for place in given:
                number(name, place, "be a tuple of numbers")

    def __call__(self, inputs: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Apply the function entry by entry.

        Parameters
        ----------
        inputs : Tensor of any shape, floating point
            What goes in.

        Returns
        -------
        Tensor of the same shape
            What comes out.
        """
        rule = "be a floating-point tensor"
        if not checked("inputs", inputs, Tensor, rule).is_floating_point():
            raise TypeError(refusal("inputs", rule, describe(inputs)))
        outputs: Tensor = answer("inputs", "be what the function takes", self.make(), inputs)
        return outputs

    @property
    def is_smooth(self) -> bool:
        """Whether it has neither kinks nor jumps."""
        return not self.kinks and not self.jumps

    @cached_property
    def at_zero(self) -> float:
        """Its value at 0."""
        return float(self(torch.zeros((), dtype=torch.float64)))

    @property
    def is_zero_at_zero(self) -> bool:
        """Whether it is 0 at 0: a hidden unit with zero weights then stays silent."""
        return self.at_zero == 0

    @cached_property
    def slopes_at_corners(self) -> dict[float, float]:
        """What torch returns as the derivative at each kink and jump, where there is none."""
        return {place: self._slope(place) for place in (*self.kinks, *self.jumps)}

    @cached_property
    def sensitive_ranges(self) -> tuple[tuple[float, float], ...]:
        """Where the slope's size is at least a tenth of its largest one, from left to right.

        An end is infinite where the slope stays large. The tenth is `SENSITIVE_PART`.
        """
        places = torch.linspace(-20, 20, 4001, dtype=torch.float64)
        slopes = derivative(self, places).abs()
        least = SENSITIVE_PART * float(slopes.max())
        is_sensitive = slopes >= least
        changes = (is_sensitive[1:] != is_sensitive[:-1]).nonzero().flatten().tolist()
        edges = [self._edge(float(places[i]), float(places[i + 1]), least) for i in changes]
        if is_sensitive[0]:
            edges.insert(0, -math.inf)
        if is_sensitive[-1]:
            edges.append(math.inf)
        return tuple(zip(edges[::2], edges[1::2], strict=True))

    def _slope(self, place: float) -> float:
        return float(derivative(self, torch.tensor(place, dtype=torch.float64)))

    def _edge(self, left: float, right: float, least: float) -> float:
        # Halve the interval: on one side of the edge the slope is large enough, on the other not.
        left_is_sensitive = abs(self._slope(left)) >= least
        for _ in range(40):
            middle = (left + right) / 2
            if (abs(self._slope(middle)) >= least) == left_is_sensitive:
                left = middle
            else:
                right = middle
        return round((left + right) / 2, 9)


def derivative(
    activation: Callable[[Tensor], Tensor], inputs: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """Compute the derivative of an activation at each input, by automatic differentiation.

    Parameters
    ----------
    activation : callable
        Works entry by entry: an `Activation`, a module such as `nn.Tanh()`, or `torch.tanh`.
    inputs : Tensor of any shape, floating point
        Where; neither the tensor nor its `.grad` is changed.

    Returns
    -------
    Tensor of the same shape
        The slope at each input; at a kink or a jump, what torch returns there.

    Raises
    ------
    TypeError
        If `inputs` is not a floating-point tensor, or `activation` is a class.
    ValueError
        If the outputs do not have the shape of the inputs.

    Examples
    --------
    >>> import torch
    >>> from nnbook.activations import derivative
    >>> derivative(torch.relu, torch.tensor([-1.0, 0.0, 1.0]))
    tensor([0., 0., 1.])
    """
    if isinstance(activation, type) or not callable(activation):
        mend = "Pass `nn.Tanh()`, not `nn.Tanh`."
        raise TypeError(
            refusal("activation", "be a function of a tensor", describe(activation), mend)
        )
    rule = "be a floating-point tensor"
    check_dense("inputs", checked("inputs", inputs, Tensor, rule))
    if not inputs.is_floating_point():
        raise TypeError(refusal("inputs", rule, describe(inputs)))
    leaf = inputs.detach().clone().requires_grad_()
    with torch.enable_grad():
        rule = f"return shape {tuple(leaf.shape)} for inputs of that shape"
        outputs = answer("activation", rule, activation, leaf)
        if not isinstance(outputs, Tensor) or outputs.shape != leaf.shape:
            raise ValueError(refusal("activation", rule, describe(outputs)))
        if not outputs.requires_grad or outputs.is_complex():
            rule = "return real numbers that depend on the inputs"
            raise ValueError(refusal("activation", rule, describe(outputs)))
        (slopes,) = torch.autograd.grad(outputs.sum(), leaf)
    return slopes


def table(catalogue: Mapping[str, Activation] | None = None) -> str:
    """Write the catalogue as a table, at most 76 characters wide.

    Parameters
    ----------
    catalogue : mapping of str to Activation, default=None
        What to list; None lists all of `CATALOGUE`.

    Returns
    -------
    str
        One line for each activation under two of heading.

    Examples
    --------
    >>> from nnbook.activations import CATALOGUE, table
    >>> print(table({name: CATALOGUE[name] for name in ("Tanh", "GELU", "LeakyReLU(0.1)")}))
                             at    mono-  kinks, jumps   sensitive
    name            bounds   0     tonic  (slope there)  where
    Tanh            -1 to 1  0     yes    smooth         -1.82 to 1.82
    GELU            ≥ -0.17  0     no     smooth         -1.73 to -1.16, > -0.53
    LeakyReLU(0.1)  none     0     yes    kink 0 (0.1)   everywhere
    """
    shown = check_catalogue(CATALOGUE if catalogue is None else catalogue)
    rows = [_row(activation) for activation in shown.values()]
    return "\n".join(_line(*cells) for cells in [*_HEADINGS, *rows])


def check_catalogue(catalogue: Mapping[str, Activation]) -> Mapping[str, Activation]:
    """Return a catalogue, or refuse what is none."""
    rule = "map names to Activations"
    checked("catalogue", catalogue, Mapping, rule)
    for name, activation in catalogue.items():
        if not isinstance(name, str) or not isinstance(activation, Activation):
            raise TypeError(refusal("catalogue", rule, describe(catalogue)))
    return catalogue


_HEADINGS = (
    ("", "", "at", "mono-", "kinks, jumps", "sensitive"),
    ("name", "bounds", "0", "tonic", "(slope there)", "where"),
)


def _line(*cells: str) -> str:
    name, bounds, at_zero, is_monotonic, corners, ranges = cells
    return f"{name:16}{bounds:9}{at_zero:6}{is_monotonic:7}{corners:15}{ranges}"


def _row(activation: Activation) -> tuple[str, ...]:
    return (
        activation.name,
        _interval(activation.bounds, above="≥") or "none",
        f"{activation.at_zero:.2g}",
        "yes" if activation.is_monotonic else "no",
        _corners(activation),
        ", ".join(_interval(ends) for ends in activation.sensitive_ranges) or "everywhere",
    )


def _interval(ends: tuple[float, float], above: str = ">") -> str:
    low, high = (f"{end:.2f}".removesuffix("0").removesuffix(".0") for end in ends)
    if math.isinf(ends[0]):
        return "" if math.isinf(ends[1]) else f"< {high}"
    return f"{above} {low}" if math.isinf(ends[1]) else f"{low} to {high}"


def _corners(activation: Activation) -> str:
    if activation.is_smooth:
        return "smooth"
    places, slopes = zip(*activation.slopes_at_corners.items(), strict=True)
    is_pair = len(places) == 2 and places[0] == -places[1]
    where = f"±{places[1]:g}" if is_pair else ", ".join(f"{place:g}" for place in places)
    there = ", ".join(f"{slope:g}" for slope in sorted(set(slopes)))
    return f"{'jump' if activation.jumps else 'kink'} {where} ({there})"


def _lowest_value(make: Callable[[], nn.Module]) -> float:
    # The one dip of GELU and SiLU lies between -2 and 0; each pass looks closer around its bottom.
    places = torch.linspace(-2, 0, 1001, dtype=torch.float64)
    for _ in range(4):
        values = make()(places)
        lowest = int(values.argmin())
        places = torch.linspace(
            float(places[lowest - 1]), float(places[lowest + 1]), 1001, dtype=torch.float64
        )
    return float(values.min())


def _catalogue(*activations: Activation) -> Mapping[str, Activation]:
    return MappingProxyType({activation.name: activation for activation in activations})


#: Eleven activations by name, in the order of the book; those that came later stand last.
CATALOGUE = _catalogue(
    Activation("Tanh", nn.Tanh, (-1.0, 1.0), is_monotonic=True),
    Activation("Hardtanh", nn.Hardtanh, (-1.0, 1.0), is_monotonic=True, kinks=(-1.0, 1.0)),
    Activation("Sigmoid", nn.Sigmoid, (0.0, 1.0), is_monotonic=True),
    Activation("Softplus", nn.Softplus, (0.0, math.inf), is_monotonic=True),
    Activation("ReLU", nn.ReLU, (0.0, math.inf), is_monotonic=True, kinks=(0.0,)),
    Activation(
        "LeakyReLU(0.1)", partial(nn.LeakyReLU, 0.1), _UNBOUNDED, is_monotonic=True, kinks=(0.0,)
    ),
    Activation("Tanhshrink", nn.Tanhshrink, _UNBOUNDED, is_monotonic=True),
    Activation("Softshrink", nn.Softshrink, _UNBOUNDED, is_monotonic=True, kinks=(-0.5, 0.5)),
    Activation("Hardshrink", nn.Hardshrink, _UNBOUNDED, is_monotonic=True, jumps=(-0.5, 0.5)),
    Activation("GELU", nn.GELU, (_lowest_value(nn.GELU), math.inf), is_monotonic=False),
    Activation("SiLU", nn.SiLU, (_lowest_value(nn.SiLU), math.inf), is_monotonic=False),
)
