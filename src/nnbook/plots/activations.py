"""Activation functions: the catalogue, equal shifts through one, and the slopes that are met."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from nnbook._arguments import checked, describe, ends, number, positive_int, refusal
from nnbook.activations import CATALOGUE, Activation, check_catalogue, derivative
from nnbook.plots.data import outputs_of
from nnbook.plots.neurons import label_edges, panel_grid
from nnbook.plots.style import COLORS, axes_or_new, ink
from nnbook.samples import check_dense

# Each group has a colour, and a hatch as the second cue.
_PALETTE = tuple(COLORS[name] for name in ("blue", "vermilion", "green", "purple"))
_HATCHES = ("//", "\\\\", "..", "xx")


def activation_grid(
    catalogue: Mapping[str, Activation] = CATALOGUE,
    between: tuple[float, float] = (-3.0, 3.0),
    *,
    columns: int = 3,
) -> list[Axes]:
    """Draw each activation with its derivative, and the line y = x as a guide.

    Lines are broken where the function or its derivative jumps.

    Parameters
    ----------
    catalogue : mapping of str to Activation, default=CATALOGUE
        What to draw, row by row.
    between : tuple of two float, default=(-3.0, 3.0)
        The inputs at both ends.
    columns : int, default=3
        Panels in a row.

    Returns
    -------
    list of Axes
        One for each activation, all in one new figure with one legend.

    Raises
    ------
    ValueError
        If the catalogue is empty.

    Examples
    --------
    >>> from nnbook import plots
    >>> len(plots.activation_grid())
    11
    """
    if not check_catalogue(catalogue):
        raise ValueError(refusal("catalogue", "hold at least one function", "none"))
    between = ends("between", between)
    panels = panel_grid(len(catalogue), columns, height=1.85)
    low, high = between
    for ax, (name, activation) in zip(panels, catalogue.items(), strict=True):
        jumps = _inputs_with_gaps(between, activation.jumps)
        corners = _inputs_with_gaps(between, (*activation.jumps, *activation.kinks))
        ax.plot(between, between, ":", color=COLORS["grey"], linewidth=1.2, label="y = x")
        ax.plot(jumps, activation(jumps), "-", color=COLORS["blue"], label="function f(x)")
        slopes = derivative(activation, corners)
        ax.plot(corners, slopes, "--", color=COLORS["vermilion"], label="derivative f′(x)")
        ax.set_title(name, fontsize="small")
        ax.set_ylim(low, high)
    label_edges(panels, columns, "input x", "f(x), f′(x)")
    figure = panels[0].figure
    handles, labels = panels[0].get_legend_handles_labels()
    if len(panels) % columns:  # a free place in the last row
        figure.legend(handles, labels, loc="lower right")
    else:
        figure.legend(handles, labels, loc="outside lower right", ncols=3)
    return panels


def shifts(
    function: Callable[[Tensor], Tensor],
    starts: Mapping[str, float],
    shift: float,
    ax: Axes | None = None,
    *,
    between: tuple[float, float] = (-3.0, 3.0),
) -> Axes:
    """Show how much of the same shift of the input comes out, at several places of a function.

    Parameters
    ----------
    function : callable
        Works entry by entry: `torch.tanh` for one.
    starts : mapping of str to float
        For each place its name and the input that is shifted.
    shift : float
        By how much each of them is shifted.
    ax : Axes, default=None
        Where to draw; None makes a new figure.
    between : tuple of two float, default=(-3.0, 3.0)
        The inputs at both ends.

    Returns
    -------
    Axes
        The axes drawn in: a band rises from each shift of the input and turns to the output axis.

    Raises
    ------
    ValueError
        If there is no place.

    Examples
    --------
    >>> import torch
    >>> from nnbook import plots
    >>> ax = plots.shifts(torch.tanh, {"bear": 0.1, "garbage truck": -2.2}, 0.5)
    """
    if not checked("starts", starts, Mapping, "map names to numbers"):
        raise ValueError(refusal("starts", "hold at least one place", "none"))
    for name, start in starts.items():
        checked("starts", name, str, "map names to numbers")
        number(f"starts[{name!r}]", start, "be a number", lambda found: abs(found) < 1e37)
    shift = number("shift", shift, "be a number", lambda found: abs(found) < 1e37)
    left, right = ends("between", between)
    inputs = torch.linspace(left, right, 301)
    outputs = outputs_of("function", function, inputs)
    ax = axes_or_new(ax)
    bottom = float(outputs.min()) - 0.1 * float(outputs.max() - outputs.min())
    for position, (name, start) in enumerate(starts.items()):
        across = torch.linspace(start, start + shift, 31)
        heights = function(across)
        style: dict[str, Any] = {
            "facecolor": "none",
            "edgecolor": _PALETTE[position % len(_PALETTE)],
            "hatch": _HATCHES[position % len(_HATCHES)],
        }
        change = float(heights[-1] - heights[0])
        ax.fill_between(across, bottom, heights, **style, label=f"{name}:\n{change:+.2f} out")
        ax.fill_betweenx(heights, left, across, **style)
    ax.plot(inputs, outputs, color=ink(), linewidth=1.5)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom=bottom)
    ax.set_xlabel("score in")
    ax.set_ylabel("score out")
    ax.legend(title=f"{shift:+g} in", loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def slope_histogram(
    slopes: Mapping[str, Tensor],
    ax: Axes | None = None,
    *,
    threshold: float = 0.1,
    bins: int = 20,
) -> Axes:
    """Count the slopes at which units meet their inputs, and mark those too flat to learn from.

    Parameters
    ----------
    slopes : mapping of str to Tensor of any shape
        For each case its name and the slopes f′(w x + b) of all pairs of a unit and an input;
        of negative ones the size counts.
    ax : Axes, default=None
        Where to draw; None makes a new figure.
    threshold : float, default=0.1
        Slopes below it are called flat; the legend tells their share.
    bins : int, default=20
        Bars between 0 and 1.

    Returns
    -------
    Axes
        The axes drawn in; the vertical axis is the share of the pairs, in percent.

    Raises
    ------
    ValueError
        If there is no case, or one has no slopes.

    Examples
    --------
    >>> import torch
    >>> from nnbook import plots
    >>> ax = plots.slope_histogram({"inputs x 0.1": torch.tensor([0.01, 0.05, 0.5, 1.0])})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['inputs x 0.1: 50 % below 0.1']
    """
    if not checked("slopes", slopes, Mapping, "map names to tensors"):
        raise ValueError(refusal("slopes", "hold at least one case", "none"))
    threshold = number("threshold", threshold)
    bins = positive_int("bins", bins, most=10_000)
    for name, values in slopes.items():
        checked("slopes", name, str, "map names to tensors")
        rule = "be a dense tensor of finite numbers"
        check_dense(f"slopes[{name!r}]", checked(f"slopes[{name!r}]", values, Tensor, rule))
        if not values.is_floating_point():
            raise TypeError(refusal(f"slopes[{name!r}]", rule, describe(values)))
        if not values.isfinite().all():
            raise ValueError(refusal(f"slopes[{name!r}]", rule, describe(values)))
        if values.numel() == 0:
            raise ValueError(refusal(f"slopes[{name!r}]", "hold slopes", describe(values)))
    ax = axes_or_new(ax)
    top = max(1.0, *(float(values.abs().max()) for values in slopes.values()))
    for position, (name, values) in enumerate(slopes.items()):
        sizes = values.detach().cpu().flatten().abs()
        share = 100 * float((sizes < threshold).float().mean())
        ax.hist(
            sizes.tolist(),
            bins=[top * edge / bins for edge in range(bins + 1)],
            weights=[100 / len(sizes)] * len(sizes),
            histtype="step",
            linewidth=1.5,
            edgecolor=_PALETTE[position % len(_PALETTE)],
            hatch=_HATCHES[position % len(_HATCHES)],
            label=f"{name}: {share:.0f} % below {threshold:g}",
        )
    ax.axvline(threshold, color=ink(), linestyle=":", linewidth=1.2)
    ax.set_xlabel("slope of the unit at the input")
    ax.set_ylabel("pairs of unit and input (%)")
    ax.legend()
    return ax


def _inputs_with_gaps(between: tuple[float, float], places: tuple[float, ...]) -> Tensor:
    # matplotlib breaks a line at NaN: one takes the place of the input nearest to each jump.
    inputs = torch.linspace(*between, 601)
    inside = [place for place in places if between[0] < place < between[1]]
    inputs[[int((inputs - place).abs().argmin()) for place in inside]] = torch.nan
    return inputs
