"""Settings of the notebook kernels that run the MyST pages."""

from typing import Any

from IPython.core import pylabtools

c = get_config()  # IPython gives it
c.IPKernelApp.log_level = 40
c.InlineBackend.figure_formats = {"svg"}
# Nothing is painted behind a figure: the page's own ground shows, light or dark. Equal figures are
# equal files: no date, and names within the SVG that do not depend on chance.
c.InlineBackend.rc = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.hashsalt": "nnbook",
}
c.InlineBackend.print_figure_kwargs = {
    "bbox_inches": None,
    "facecolor": "none",
    "metadata": {"Date": None, "Creator": None},
}

draw = pylabtools.print_figure


def draw_for_readers(figure: Any, fmt: str = "png", **settings: Any) -> Any:
    """Draw a figure; with an SVG go a PNG, for the notebook, and the plotted numbers."""
    drawn = draw(figure, fmt, **settings)
    if fmt != "svg" or drawn is None:
        return drawn
    from plotted import table  # noqa: PLC0415  # matplotlib is there only now

    settings |= {"facecolor": "white", "metadata": {"Software": None}}
    return drawn, {"png": draw(figure, "png", base64=True, **settings), "numbers": table(figure)}


pylabtools.print_figure = draw_for_readers
