"""Settings of the notebook kernels that run the MyST pages."""

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
