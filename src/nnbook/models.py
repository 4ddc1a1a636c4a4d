"""The book's models: a multilayer perceptron in three ways of writing it, and standardization."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import pairwise
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from nnbook._arguments import MISFITS, describe, listed, positive_int, refusal
from nnbook.samples import FLOATS, Samples, check_dense

_WIDEST = 2**24  # units of a layer
_MOST_WEIGHTS = 2**30  # of a network


def mlp(
    n_in: int,
    hidden: int | Iterable[int],
    n_out: int,
    *,
    activation: Callable[[], nn.Module] = nn.Tanh,
) -> nn.Sequential:
    """Build a multilayer perceptron: linear layers with an activation between each two.

    The layers are named: `hidden_linear`, `hidden_activation`, `output_linear`; with several hidden
    layers `hidden_linear_1`, `hidden_activation_1`, `hidden_linear_2`, ... The weights start as
    `torch.nn.Linear` draws them, from torch's global generator.

    Parameters
    ----------
    n_in : int
        Inputs per row.
    hidden : int or iterable of int
        Units in the hidden layer, or in each of several; () leaves only the output layer, a
        straight line.
    n_out : int
        Outputs per row.
    activation : callable that returns a Module, default=nn.Tanh
        Called once for each hidden layer: the class (`nn.ReLU`), not an object (`nn.ReLU()`).

    Returns
    -------
    nn.Sequential
        Takes a batch of shape (batch, n_in), returns (batch, n_out).

    Raises
    ------
    TypeError, ValueError
        If a width is not a positive whole number, or `activation` does not make modules.

    Examples
    --------
    >>> import nnbook
    >>> nnbook.mlp(1, 13, 1)
    Sequential(
      (hidden_linear): Linear(in_features=1, out_features=13, bias=True)
      (hidden_activation): Tanh()
      (output_linear): Linear(in_features=13, out_features=1, bias=True)
    )
    >>> for name, _ in nnbook.mlp(2, [8, 8], 3).named_children():
    ...     print(name)
    hidden_linear_1
    hidden_activation_1
    hidden_linear_2
    hidden_activation_2
    output_linear
    >>> sum(p.numel() for p in nnbook.mlp(1, (), 1).parameters())
    2
    """
    n_in, n_out = (
        positive_int(name, width, most=_WIDEST)
        for name, width in {"n_in": n_in, "n_out": n_out}.items()
    )
    mend = "() makes a straight line."
    given: Any = [hidden]
    if isinstance(hidden, Iterable) and not isinstance(hidden, str | bytes):
        given = listed("hidden", hidden, "hold the widths of at most 1,000 layers", most=1000)
    widths = [positive_int("hidden", width, mend, most=_WIDEST) for width in given]
    n_weights = sum(one * other for one, other in pairwise([n_in, *widths, n_out]))
    if n_weights > _MOST_WEIGHTS:
        rule = f"be small enough for at most {_MOST_WEIGHTS:,} weights"
        raise ValueError(refusal("hidden", rule, f"{n_weights:,}"))
    # First: a refusal draws no weights.
    activations = [made_activation(activation) for _ in widths]
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (width, module) in enumerate(zip(widths, activations, strict=True), start=1):
        suffix = f"_{number}" if len(widths) > 1 else ""
        layers[f"hidden_linear{suffix}"] = nn.Linear(n_in, width)
        layers[f"hidden_activation{suffix}"] = module
        n_in = width
    layers["output_linear"] = nn.Linear(n_in, n_out)
    return nn.Sequential(layers)


def made_activation(activation: Callable[[], nn.Module], name: str = "activation") -> nn.Module:
    """Make a module, or refuse what makes none."""
    module = None
    if callable(activation) and not isinstance(activation, nn.Module):
        # A function such as torch.tanh asks for a tensor.
        with suppress(*MISFITS):
            module = activation()
    if not isinstance(module, nn.Module):
        rule = "be a class or function that makes a Module"
        mend = "Pass `nn.Tanh`, not `nn.Tanh()`: each layer gets one of its own."
        raise TypeError(refusal(name, rule, describe(activation), mend))
    return module


class SubclassModel(nn.Module):
    """Write the network with one hidden layer as a subclass that holds three modules.

    Parameters
    ----------
    n_hidden : int, default=13
        Units in the hidden layer.

    References
    ----------
    Deep Learning with PyTorch (2020), section 8.3.

    Examples
    --------
    >>> import nnbook, torch
    >>> model = nnbook.SubclassModel(n_hidden=13)
    >>> twin = nnbook.mlp(1, 13, 1)
    >>> twin.load_state_dict(model.state_dict())
    <All keys matched successfully>
    >>> readings = torch.linspace(2, 9, 5).unsqueeze(1)
    >>> torch.equal(model(readings), twin(readings))
    True
    """

    def __init__(self, n_hidden: int = 13) -> None:
        super().__init__()
        n_hidden = positive_int("n_hidden", n_hidden, most=_WIDEST)
        self.hidden_linear = nn.Linear(1, n_hidden)
        self.hidden_activation = nn.Tanh()
        self.output_linear = nn.Linear(n_hidden, 1)

    def forward(self, inputs: Float[Tensor, "batch 1"]) -> Float[Tensor, "batch 1"]:
        """Return the network's outputs.

        Parameters
        ----------
        inputs : Tensor of shape (batch, 1)
            Readings.

        Returns
        -------
        Tensor of shape (batch, 1)
            Predicted temperatures.
        """
        inputs = _checked_column(inputs, self.hidden_linear.weight)
        hidden: Tensor = self.hidden_activation(self.hidden_linear(inputs))  # (batch, n_hidden)
        outputs: Tensor = self.output_linear(hidden)  # (batch, 1)
        return outputs


class SubclassFunctionalModel(nn.Module):
    """Write the same network with `torch.tanh` in place of a module, for it has no state.

    Parameters
    ----------
    n_hidden : int, default=13
        Units in the hidden layer.

    References
    ----------
    Deep Learning with PyTorch (2020), section 8.3.

    Examples
    --------
    >>> import nnbook
    >>> [name for name, _ in nnbook.SubclassFunctionalModel().named_children()]
    ['hidden_linear', 'output_linear']
    """

    def __init__(self, n_hidden: int = 13) -> None:
        super().__init__()
        n_hidden = positive_int("n_hidden", n_hidden, most=_WIDEST)
        self.hidden_linear = nn.Linear(1, n_hidden)
        self.output_linear = nn.Linear(n_hidden, 1)

    def forward(self, inputs: Float[Tensor, "batch 1"]) -> Float[Tensor, "batch 1"]:
        """Return the network's outputs.

        Parameters
        ----------
        inputs : Tensor of shape (batch, 1)
            Readings.

        Returns
        -------
        Tensor of shape (batch, 1)
            Predicted temperatures.
        """
        inputs = _checked_column(inputs, self.hidden_linear.weight)
        hidden = torch.tanh(self.hidden_linear(inputs))  # (batch, n_hidden)
        outputs: Tensor = self.output_linear(hidden)  # (batch, 1)
        return outputs


class Standardize(nn.Module):
    r"""Shift and scale each column to mean 0 and standard deviation 1.

    :math:`z = (x - \mu) / \sigma`, where :math:`\mu` and :math:`\sigma` belong to the training
    rows. They are buffers: they move with the model and are kept in its state dict, and no
    optimizer changes them. `Standardize.of` takes them from data.

    Parameters
    ----------
    mean : Tensor of shape (n_in,)
        What is subtracted, in the inputs' units.
    std : Tensor of shape (n_in,)
        What is divided by, positive, in the inputs' units.

    Raises
    ------
    ValueError
        If the shapes differ or an entry of `std` is not positive.

    Examples
    --------
    >>> import nnbook
    >>> split = nnbook.load_thermometer().split_at([7, 10])
    >>> standardize = nnbook.Standardize.of(split.train)
    >>> scaled = standardize(split.train.inputs)
    >>> abs(scaled.mean().item()) < 1e-6, abs(scaled.std(correction=0).item() - 1) < 1e-6
    (True, True)
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Float[Tensor, " n_in"], std: Float[Tensor, " n_in"]) -> None:
        super().__init__()
        for name, values in {"mean": mean, "std": std}.items():
            rule = "be a floating-point tensor with one entry per column"
            if not isinstance(values, Tensor):
                raise TypeError(refusal(name, rule, describe(values)))
            check_dense(name, values)
            if not values.is_floating_point():
                raise TypeError(refusal(name, rule, describe(values)))
        if mean.ndim != 1 or mean.shape != std.shape:
            rule = f"have one entry per column, as `mean` has ({tuple(mean.shape)})"
            raise ValueError(refusal("std", rule, describe(std)))
        if not (std > 0).all():
            rule = "be positive in every column"
            raise ValueError(refusal("std", rule, f"{std.min().item():g}"))
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("std", std.detach().clone())

    @classmethod
    def of(
        cls,
        data: Samples | Float[Tensor, "n n_in"],
        *,
        constant: Literal["refuse", "pass"] = "refuse",
    ) -> "Standardize":
        """Take mean and standard deviation from these rows: the training rows, never all.

        Parameters
        ----------
        data : Samples, or Tensor of shape (n, n_in)
            The rows; of `Samples` the inputs are taken.
        constant : {"refuse", "pass"}, default="refuse"
            What to do with a column whose values are all equal: refuse it, or pass it through
            unchanged.

        Returns
        -------
        Standardize
            The standard deviation divides by n, so that these very rows come out with 1.

        Raises
        ------
        ValueError
            If a column is constant and `constant` is "refuse".

        Examples
        --------
        >>> import nnbook, torch
        >>> rows = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
        >>> nnbook.Standardize.of(rows, constant="pass")(rows)
        tensor([[-1.,  5.],
                [ 1.,  5.]])
        """
        if not isinstance(constant, str) or constant not in ("refuse", "pass"):
            raise ValueError(refusal("constant", 'be "refuse" or "pass"', describe(constant)))
        inputs: Any = data.inputs if isinstance(data, Samples) else data
        rule = "hold a floating-point tensor of shape (rows, columns)"
        if not isinstance(inputs, Tensor):
            raise TypeError(refusal("data", rule, describe(inputs)))
        check_dense("data", inputs)
        if inputs.ndim != 2 or len(inputs) == 0 or not inputs.is_floating_point():
            raise ValueError(refusal("data", rule, describe(inputs)))
        if not inputs.isfinite().all():
            raise ValueError(refusal("data", "be finite", "nan or inf"))
        names = data.input_names if isinstance(data, Samples) else range(inputs.shape[1])
        mean, std = inputs.mean(dim=0), inputs.std(dim=0, correction=0)
        # Equal values, not a zero deviation: the mean of equal values may be off by a rounding.
        is_constant = (inputs == inputs[:1]).all(dim=0)
        if is_constant.any() and constant == "refuse":
            column = int(is_constant.nonzero()[0])
            raise ValueError(
                refusal(
                    "data",
                    "vary in every column",
                    f"the same value in every row of column {names[column]!r}",
                    'Leave the column out, or pass it through with constant="pass".',
                )
            )
        mean = torch.where(is_constant, torch.zeros_like(mean), mean)
        return cls(mean, torch.where(is_constant, torch.ones_like(std), std))

    def forward(self, inputs: Float[Tensor, "batch n_in"]) -> Float[Tensor, "batch n_in"]:
        """Standardize a batch.

        Parameters
        ----------
        inputs : Tensor of shape (batch, n_in)
            In the original units.

        Returns
        -------
        Tensor of shape (batch, n_in)
            Without unit: standard deviations from the mean.
        """
        return (_checked_rows("inputs", inputs, self.mean) - self.mean) / self.std

    def inverse(self, standardized: Float[Tensor, "batch n_in"]) -> Float[Tensor, "batch n_in"]:
        """Undo the standardization.

        Parameters
        ----------
        standardized : Tensor of shape (batch, n_in)
            What `forward` returned.

        Returns
        -------
        Tensor of shape (batch, n_in)
            In the original units, exact but for rounding.

        Examples
        --------
        >>> import nnbook, torch
        >>> rows = torch.tensor([[1.0], [3.0]])
        >>> standardize = nnbook.Standardize.of(rows)
        >>> torch.equal(standardize.inverse(standardize(rows)), rows)
        True
        """
        return _checked_rows("standardized", standardized, self.mean) * self.std + self.mean


def _checked_rows(name: str, rows: Tensor, like: Tensor) -> Tensor:
    """Return the rows, or refuse what a layer of this width and type does not take.

    A vector would be broadcast over the columns, without a word.
    """
    rule = f"be a tensor of shape (batch, {like.shape[-1]})"
    if not isinstance(rows, Tensor) or is_lazy(rows) or rows.layout is not torch.strided:
        raise TypeError(refusal(name, rule, describe(rows)))
    if rows.ndim != 2 or rows.shape[1] != like.shape[-1]:
        raise ValueError(refusal(name, rule, describe(rows)))
    if rows.dtype not in FLOATS or rows.device != like.device:
        rule = f"be floating point, and on the device {like.device}"
        raise TypeError(refusal(name, rule, f"{describe(rows)} on {rows.device}"))
    return rows


def _checked_column(inputs: Tensor, like: Tensor) -> Tensor:
    """Return the readings, or refuse what a layer does not take; it takes no other type."""
    if _checked_rows("inputs", inputs, like).dtype != like.dtype:
        rule = f"have the weights' type, {like.dtype}"
        raise TypeError(refusal("inputs", rule, describe(inputs)))
    return inputs
