"""Many networks trained at once: a grid of settings in, a table of runs out."""

from nnbook.sweeps.result import SweepResult
from nnbook.sweeps.sweep import sweep

__all__ = ["SweepResult", "sweep"]
