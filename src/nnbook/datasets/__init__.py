"""What is learned from: each function returns `Samples`."""

from nnbook.datasets.thermometer import load_thermometer

__all__ = ["load_thermometer"]
