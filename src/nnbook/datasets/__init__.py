"""What is learned from: each function returns `Samples`."""

from nnbook.datasets.thermometer import load_thermometer
from nnbook.datasets.wine import load_wine
from nnbook.datasets.wine_quality import load_wine_quality

__all__ = ["load_thermometer", "load_wine", "load_wine_quality"]
