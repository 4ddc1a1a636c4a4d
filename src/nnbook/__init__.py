"""Learn what a neural network is in PyTorch: data, models and training loops of a book that runs.

Examples
--------
>>> import nnbook, torch
>>> split = nnbook.load_thermometer().split_at([7, 10])
>>> standardize = nnbook.Standardize.of(split.train)
>>> model = torch.nn.Sequential(standardize, nnbook.mlp(1, 13, 1))
>>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
>>> nnbook.fit(model, split.train, split.val, optimizer=optimizer, epochs=500).val_loss.shape
torch.Size([500])
"""

from importlib.metadata import version

from nnbook.datasets import load_thermometer, load_wine, load_wine_quality
from nnbook.graph import TrainingGraph
from nnbook.linear_fit import (
    LinearFit,
    gradient_by_autograd,
    gradient_by_difference,
    gradient_by_hand,
    least_squares,
    line_loss,
)
from nnbook.models import Standardize, SubclassFunctionalModel, SubclassModel, mlp
from nnbook.samples import Samples, Split
from nnbook.sweeps import SweepResult, sweep
from nnbook.training import (
    Callback,
    Checkpoint,
    CheckpointError,
    DivergenceError,
    EarlyStopping,
    GradientNorms,
    History,
    LearningRateSchedule,
    Run,
    Stop,
    TrainingInterrupted,
    fit,
)

__version__ = version("nnbook")

__all__ = [
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "DivergenceError",
    "EarlyStopping",
    "GradientNorms",
    "History",
    "LearningRateSchedule",
    "LinearFit",
    "Run",
    "Samples",
    "Split",
    "Standardize",
    "Stop",
    "SubclassFunctionalModel",
    "SubclassModel",
    "SweepResult",
    "TrainingGraph",
    "TrainingInterrupted",
    "fit",
    "gradient_by_autograd",
    "gradient_by_difference",
    "gradient_by_hand",
    "least_squares",
    "line_loss",
    "load_thermometer",
    "load_wine",
    "load_wine_quality",
    "mlp",
    "sweep",
]
