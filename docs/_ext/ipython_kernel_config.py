"""Settings of the notebook kernels that run the MyST pages."""

c = get_config()  # IPython gives it
c.IPKernelApp.log_level = 40
c.InlineBackend.figure_formats = {"svg"}
