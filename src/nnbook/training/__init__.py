"""Training: samples and a model go in, a history comes out."""

from nnbook.training.callbacks import Callback, EarlyStopping, GradientNorms, Run, Stop
from nnbook.training.checkpoint import Checkpoint
from nnbook.training.errors import CheckpointError, DivergenceError, TrainingInterrupted
from nnbook.training.gradient_check import GradientCheck
from nnbook.training.history import History
from nnbook.training.learning_rate import LearningRateSchedule
from nnbook.training.loop import fit

__all__ = [
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "DivergenceError",
    "EarlyStopping",
    "GradientCheck",
    "GradientNorms",
    "History",
    "LearningRateSchedule",
    "Run",
    "Stop",
    "TrainingInterrupted",
    "fit",
]
