"""The look that all figures share: colours, ink, and the words for those who cannot see them."""

from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure, SubFigure

from nnbook._arguments import checked, refusal
from nnbook._arguments import describe as described

#: Colours that stay apart for colour-blind readers and keep a contrast of 3 to 1 on white and on
#: near-black (M. Okabe, K. Ito: Color Universal Design, 2008). Give each a marker or dash as well.
COLORS = {
    "blue": "#0072b2",
    "vermilion": "#d55e00",
    "green": "#009e73",
    "purple": "#cc79a7",
    "grey": "#808080",
}

#: The colour of text, axes and outlines. The site replaces exactly this colour for its dark theme.
INK = "#1c1c1e"

#: Settings for `matplotlib.rcParams`: ``plt.rcParams.update(nnbook.plots.STYLE)``.
STYLE: dict[str, Any] = {
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(
        color=[COLORS[name] for name in ("blue", "vermilion", "green", "purple", "grey")]
    ),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "figure.figsize": (7.0, 4.0),
    "font.size": 10.5,
    "grid.alpha": 0.25,
    "grid.color": COLORS["grey"],
    "legend.frameon": False,
    "patch.edgecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def describe(drawn: Axes | Figure, text: str) -> None:
    """Say in words what a figure shows; the site makes it the figure's alternative text.

    Parameters
    ----------
    drawn : Axes or Figure
        Any axes of the figure, or the figure.
    text : str
        What a reader sees, and what it tells: "eleven readings rise along a line", not "a plot".

    Raises
    ------
    ValueError
        If the text is empty.

    Examples
    --------
    >>> import nnbook
    >>> from nnbook import plots
    >>> ax = plots.samples(nnbook.load_thermometer())
    >>> plots.describe(ax, "Eleven readings, rising almost along a line.")
    >>> ax.figure.get_label()
    'Eleven readings, rising almost along a line.'
    """
    checked("drawn", drawn, Axes | Figure, "be Axes or a Figure")
    words = " ".join(checked("text", text, str, "be a text").split())
    if not words:
        raise ValueError(refusal("text", "say what the figure shows", "nothing"))
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    while isinstance(figure, SubFigure):
        figure = figure.figure
    assert figure is not None
    figure.set_label(words)


def check_axes(ax: Axes | None) -> None:
    """Refuse what can not be drawn in, before a new figure is made."""
    if ax is not None:
        is_plain = getattr(ax, "name", "") == "rectilinear"
        if not isinstance(ax, Axes) or not is_plain:
            raise TypeError(refusal("ax", "be plane Axes of matplotlib or None", described(ax)))


def check_color(name: str, color: Any) -> None:
    """Refuse what matplotlib knows as no colour."""
    if not is_color_like(color):
        raise ValueError(refusal(name, "be a colour of matplotlib", described(color)))


def axes_or_new(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    check_axes(ax)
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def ink() -> Any:
    """Return today's text colour: `INK` under `STYLE`, matplotlib's black otherwise."""
    return plt.rcParams["text.color"]
