"""Matplotlib figures of samples, runs and networks.

Each function takes results and an `Axes` (a new figure without one), draws, and returns the `Axes`.
None of them calls `show`. `import nnbook` does not import this package.
"""

from nnbook.plots.activations import activation_grid, shifts, slope_histogram
from nnbook.plots.data import curve, residuals, samples
from nnbook.plots.diagrams import blocks, diagram, learning_loop, network
from nnbook.plots.neurons import curve_grid
from nnbook.plots.style import COLORS, INK, STYLE, describe
from nnbook.plots.training import gradient_norms, loss_surface, losses

__all__ = [
    "COLORS",
    "INK",
    "STYLE",
    "activation_grid",
    "blocks",
    "curve",
    "curve_grid",
    "describe",
    "diagram",
    "gradient_norms",
    "learning_loop",
    "loss_surface",
    "losses",
    "network",
    "residuals",
    "samples",
    "shifts",
    "slope_histogram",
]
