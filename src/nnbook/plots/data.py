"""Samples, and what models make of them."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from torch import Tensor

from nnbook._arguments import (
    MISFITS,
    answer,
    checked,
    describe,
    ends,
    positive_int,
    refusal,
    text,
    whole_number,
)
from nnbook.linear_fit import LinearFit
from nnbook.plots.style import COLORS, axes_or_new, check_color, ink
from nnbook.samples import Samples


def samples(
    data: Samples,
    ax: Axes | None = None,
    *,
    column: int = 0,
    label: str | None = None,
    color: str = COLORS["blue"],
    marker: str = "o",
) -> Axes:
    """Scatter the target over one input, with names and units on the axes.

    Parameters
    ----------
    data : Samples
        Rows to show; the target is the first column, or the class number.
    ax : Axes, default=None
        Where to draw; None makes a new figure.
    column : int, default=0
        Which input to put on the horizontal axis.
    label : str, default=None
        What the legend calls the rows; None leaves them out of it.
    color : str, default=blue
        The markers' colour.
    marker : str, default="o"
        The markers' shape: the second cue beside the colour.

    Returns
    -------
    Axes
        The axes drawn in.

    Examples
    --------
    >>> import nnbook
    >>> from nnbook import plots
    >>> plots.samples(nnbook.load_thermometer()).get_xlabel()
    'reading (unknown unit)'
    """
    checked("data", data, Samples, "be Samples")
    rule = f"be the number of an input, 0 to {len(data.input_names) - 1}"
    column = whole_number(column, refusal("column", rule, describe(column)))
    if not 0 <= column < len(data.input_names):
        raise ValueError(refusal("column", rule, describe(column)))
    if label is not None:
        text("label", label)
    check_color("color", color)
    if not isinstance(marker, str) or marker not in MarkerStyle.markers:
        raise ValueError(refusal("marker", "be a marker of matplotlib", describe(marker)))
    ax = axes_or_new(ax)
    targets = data.targets if data.has_classes else data.targets[:, 0]
    ax.scatter(
        data.inputs[:, column].cpu(),
        targets.cpu(),
        label=label,
        color=color,
        marker=marker,
        zorder=3,
    )
    ax.set_xlabel(data.input_labels[column])
    ax.set_ylabel("class" if data.has_classes else data.target_labels[0])
    return ax


def curve(
    predict: Callable[[Tensor], Tensor],
    between: tuple[float, float],
    ax: Axes | None = None,
    *,
    points: int = 300,
    **line: Any,
) -> Axes:
    """Draw a function of one input as a line.

    Parameters
    ----------
    predict : callable
        Takes inputs of shape (points, 1), returns outputs of shape (points, 1). A model that was
        trained on scaled inputs is drawn over raw ones by ``lambda u: model(0.1 * u)``.
    between : tuple of two float
        The inputs at both ends.
    ax : Axes, default=None
        Where to draw; None makes a new figure.
    points : int, default=300
        How many inputs to evaluate, evenly spaced.
    **line
        Options of `matplotlib.axes.Axes.plot`: `label`, `color`, `linestyle`, ...

    Returns
    -------
    Axes
        The axes drawn in.

    Raises
    ------
    ValueError
        If `predict` returns another shape.

    Examples
    --------
    >>> import nnbook
    >>> from nnbook import plots
    >>> data = nnbook.load_thermometer()
    >>> ax = plots.samples(data)
    >>> ax = plots.curve(nnbook.least_squares(data).predict, (20, 90), ax, label="least squares")
    """
    points = positive_int("points", points, most=10**6)
    inputs = torch.linspace(*ends("between", between), points).unsqueeze(1)  # (points, 1)
    outputs = outputs_of("predict", predict, inputs)
    rule = "be options of `matplotlib.axes.Axes.plot`"
    if line.get("label") is not None:
        text("label", line["label"])
    try:
        Line2D([], [], **line)
    except MISFITS as error:
        raise ValueError(refusal("line", rule, f"{describe(line)}: {error}")) from error
    ax = axes_or_new(ax)
    ax.plot(inputs.squeeze(1), outputs.squeeze(1), **line)
    return ax


def outputs_of(
    name: str, function: Callable[[Tensor], Tensor], inputs: Tensor
) -> Float[Tensor, "*shape"]:
    """Return what a function of one input makes of these, or refuse what is no such function."""
    rule = f"return shape {tuple(inputs.shape)} for inputs of that shape"
    if isinstance(function, type) or not callable(function):
        raise TypeError(refusal(name, rule, describe(function)))
    with torch.no_grad():
        outputs = answer(name, rule, function, inputs)
    if not isinstance(outputs, Tensor) or outputs.shape != inputs.shape:
        raise ValueError(refusal(name, rule, describe(outputs)))
    if outputs.layout is not torch.strided or outputs.is_complex() or outputs.is_meta:
        raise ValueError(refusal(name, "return real numbers", describe(outputs)))
    return outputs


def residuals(line: LinearFit, data: Samples, ax: Axes | None = None) -> Axes:
    """Show how far each target lies from a fitted line, as stems over the first input.

    Parameters
    ----------
    line : LinearFit
        What `least_squares(data)` returned.
    data : Samples
        The rows that were fitted.
    ax : Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    Axes
        The axes drawn in; the vertical axis is in the target's unit.

    Raises
    ------
    ValueError
        If `data` does not have as many rows as were fitted.

    Examples
    --------
    >>> import nnbook
    >>> from nnbook import plots
    >>> data = nnbook.load_thermometer()
    >>> plots.residuals(nnbook.least_squares(data), data).get_ylabel()
    'residual (°C)'
    """
    checked("line", line, LinearFit, "be a LinearFit")
    checked("data", data, Samples, "be Samples")
    if len(line.residuals) != len(data):
        rule = f"have the {len(line.residuals)} rows that were fitted"
        raise ValueError(refusal("data", rule, f"{len(data)} rows"))
    ax = axes_or_new(ax)
    inputs = data.inputs[:, 0].cpu()
    heights = line.residuals.squeeze(1)
    ax.vlines(inputs, 0, heights, color=COLORS["vermilion"], linewidth=1.5)
    ax.scatter(inputs, heights, color=COLORS["vermilion"], marker="o", zorder=3)
    ax.axhline(0, color=ink(), linewidth=1)
    unit = f" ({data.target_units[0]})" if data.target_units else ""
    ax.set_xlabel(data.input_labels[0])
    ax.set_ylabel(f"residual{unit}")
    return ax
