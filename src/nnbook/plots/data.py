"""Samples, and what models make of them."""

from collections.abc import Callable
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from nnbook._arguments import describe, refusal
from nnbook.linear_fit import LinearFit
from nnbook.plots.style import COLORS, axes_or_new, ink
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
    ax = axes_or_new(ax)
    inputs = torch.linspace(*between, points).unsqueeze(1)  # (points, 1)
    with torch.no_grad():
        outputs = predict(inputs)
    if outputs.shape != inputs.shape:
        rule = f"return shape {tuple(inputs.shape)} for inputs of that shape"
        raise ValueError(refusal("predict", rule, describe(outputs)))
    ax.plot(inputs.squeeze(1), outputs.squeeze(1), **line)
    return ax


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
