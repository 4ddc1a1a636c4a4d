"""Functions of one input side by side: the curves of neurons, and of what is composed of them."""

from collections.abc import Callable, Mapping
from math import ceil

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from nnbook._arguments import checked, ends, positive_int, refusal, text
from nnbook.plots.data import curve, outputs_of
from nnbook.plots.style import COLORS


def curve_grid(
    functions: Mapping[str, Callable[[Tensor], Tensor]],
    between: tuple[float, float],
    *,
    columns: int = 3,
    xlabel: str = "input x",
    ylabel: str = "output o",
) -> list[Axes]:
    """Draw functions of one input as a grid of small panels that share their axes.

    Parameters
    ----------
    functions : mapping of str to callable
        For each panel its title and its function, row by row. A function takes inputs of shape
        (points, 1) and returns outputs of that shape.
    between : tuple of two float
        The inputs at both ends.
    columns : int, default=3
        Panels in a row.
    xlabel, ylabel : str
        Written along the bottom row and the left column, with the units if there are any.

    Returns
    -------
    list of Axes
        One for each function, in order, all in one new figure.

    Raises
    ------
    ValueError
        If there is no function, or one returns another shape.

    Examples
    --------
    >>> from nnbook import neurons, plots
    >>> A, B, C, D = neurons.BOOK_NEURONS
    >>> panels = plots.curve_grid({c.title: c for c in (A, B, A + B)}, (-3, 3))
    >>> [ax.get_title() for ax in panels]
    ['A = tanh(-2x - 1.25)', 'B = tanh(x + 0.75)', 'A + B']
    """
    if not checked("functions", functions, Mapping, "map titles to functions"):
        raise ValueError(refusal("functions", "hold at least one function", "none"))
    for name, words in {"xlabel": xlabel, "ylabel": ylabel}.items():
        text(name, words)
    inputs = torch.linspace(*ends("between", between), 2).unsqueeze(1)
    for title, function in functions.items():
        text("functions", title)
        outputs_of("functions", function, inputs)
    panels = panel_grid(len(functions), columns, height=1.9)
    for ax, (title, function) in zip(panels, functions.items(), strict=True):
        curve(function, between, ax, color=COLORS["blue"])
        ax.set_title(title, fontsize="small")
    label_edges(panels, columns, xlabel, ylabel)
    return panels


def panel_grid(n_panels: int, columns: int, *, height: float) -> list[Axes]:
    """Make a new figure of panels that share their axes, each row `height` inches high."""
    columns = positive_int("columns", columns, most=100)
    rows = ceil(n_panels / columns)
    _, grid = plt.subplots(
        rows,
        columns,
        figsize=(7.0, height * rows + 0.3),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    panels: list[Axes] = list(grid.flat)
    for ax in panels[n_panels:]:
        ax.remove()
    return panels[:n_panels]


def label_edges(panels: list[Axes], columns: int, xlabel: str, ylabel: str) -> None:
    """Label the lowest panel of each column, and the first of each row."""
    for number, ax in enumerate(panels):
        if number + columns >= len(panels):
            ax.set_xlabel(xlabel)
            ax.tick_params(labelbottom=True)
        if number % columns == 0:
            ax.set_ylabel(ylabel)
