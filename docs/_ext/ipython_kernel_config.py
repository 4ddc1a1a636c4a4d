"""Settings of the notebook kernels that run the MyST pages."""

c = get_config()  # IPython gives it
c.IPKernelApp.log_level = 40
c.InlineBackend.figure_formats = {"svg"}
# Nothing is painted behind a figure: the page's own ground shows, light or dark.
c.InlineBackend.rc = {"figure.facecolor": "none", "axes.facecolor": "none"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": None, "facecolor": "none"}
