"""Training: samples and a model go in, a history comes out."""

from nnbook.training.callbacks import Callback, EarlyStopping, GradientNorms, Run, Stop
from nnbook.training.history import History
from nnbook.training.loop import DivergenceError, TrainingInterrupted, fit

__all__ = [
    "Callback",
    "DivergenceError",
    "EarlyStopping",
    "GradientNorms",
    "History",
    "Run",
    "Stop",
    "TrainingInterrupted",
    "fit",
]
