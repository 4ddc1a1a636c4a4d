"""The whole public interface, fed wrongly: a result, or a refusal that names the argument.

Each public function, class and method is called with arguments that are right, nearly right, or
anything at all, several of them wrong at once. What may come of it:

- a result;
- a refusal: an error raised by nnbook's own code, "`name` must ..., got ...", where the name is one
  of the call's arguments, or a part of one (`data.targets`, `paths['a']`);
- another error that nnbook documents for its own: `CheckpointError`, `DivergenceError`,
  `TrainingInterrupted`;
- Python's own TypeError where a keyword is unknown or an argument is left out;
- `TheirError`, which the caller's own code raises here: a callback, a loss, an iterable. It comes
  through as it is, for what went wrong is in the caller's own lines, and the traceback shows them.
  Nothing else comes through, not even the error of a library's function that was passed in.

After a refusal everything is as it was, to the last bit: weights, buffers, modes, optimizer, data,
random generators, files. A call that neither returns nor raises within a minute is
ended, and so is one that takes more than two gigabytes: both limits are far from what a call takes.

Types are not checked at run time here, as for whoever uses nnbook. `nox -s fuzz` tries many more
examples.
"""

import contextlib
import decimal
import fractions
import importlib
import inspect
import itertools
import os
import random
import re
import resource
import signal
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from types import FunctionType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import nnbook
from nnbook import activations, inspection, neurons, plots, training

pytestmark = [
    pytest.mark.unchecked,
    pytest.mark.filterwarnings("ignore"),  # users see warnings, not errors made of them
]

HOME = Path(nnbook.__file__).parent
SECONDS, BYTES = 60, 2 * 2**30
EXAMPLES = int(os.environ.get("NNBOOK_FUZZ_EXAMPLES", "5"))


class TheirError(Exception):
    """What the caller's own code raises."""


def raises(*_, **__):
    raise TheirError


class Raising:
    """An iterable of the caller's that raises."""

    def __iter__(self):
        raise TheirError


class Endless:
    """An iterable of the caller's that never ends."""

    def __init__(self, value):
        self.value = value

    def __iter__(self):
        return itertools.repeat(self.value)


class RaisingCallback(nnbook.Callback):
    def on_epoch_end(self, run):
        raise TheirError


class WrongCallback(nnbook.Callback):
    def on_epoch_end(self, run):
        return "enough"


class StopAtOnce(nnbook.Callback):
    def on_epoch_end(self, run):
        return nnbook.Stop("at once")


class RaisingModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 1))

    forward = raises


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.Linear(1, 1)

    def forward(self, inputs):
        return self.line(inputs), inputs


@cache
def made_graph():
    return nnbook.TrainingGraph.of(nnbook.mlp(1, 3, 1))


@cache
def made_sweep():
    data = nnbook.load_thermometer()
    return nnbook.sweep(data, hidden=[(), 3], lr=[1e-5, 1e9], epochs=3, val_rows=[(0,), (1,)])


class World:
    """What a call is made with: fresh for each example, and looked at again afterwards."""

    def __init__(self, folder):
        self.folder = Path(folder)
        generator = torch.Generator().manual_seed(1)
        inputs = torch.linspace(-1, 1, 6).unsqueeze(1)
        self.data = nnbook.Samples(inputs, 2 * inputs + 1, target_units=["°C"])
        self.val = nnbook.Samples(inputs[:2] + 0.5, inputs[:2])
        self.classes = nnbook.Samples(inputs, torch.tensor([0, 1, 2, 0, 1, 2]))
        self.wide = nnbook.Samples(torch.randn(6, 3, generator=generator), inputs)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.model = nnbook.mlp(1, 3, 1)
            self.noisy = nn.Sequential(
                nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 1)
            )
            self.other = nn.Linear(2, 1)
        self.noisy[1].eval()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3, momentum=0.9)
        self.noisy_optimizer = torch.optim.Adam(self.noisy.parameters())
        self.generator = torch.Generator().manual_seed(2)
        self.epochs = 0

    def trained(self):
        nnbook.fit(self.model, self.data, optimizer=self.optimizer, epochs=1)
        return self.model

    @cached_property
    def file(self):
        path = self.folder / "text"
        path.write_text("no checkpoint")
        return path

    @cached_property
    def saved_sweep(self):
        path = self.folder / "sweep"
        made_sweep().save(path)
        return path

    @cached_property
    def saved_graph(self):
        path = self.folder / "graph"
        made_graph().save(path)
        return path

    @cached_property
    def saved_run(self):
        path = self.folder / "run"
        model = nn.Linear(1, 1)
        nnbook.fit(
            model,
            self.data,
            optimizer=torch.optim.SGD(model.parameters(), lr=1e-3),
            epochs=1,
            callbacks=[nnbook.Checkpoint(path)],
        )
        return path

    @cached_property
    def run(self):
        run = nnbook.Run(self.model, self.optimizer, 3, has_val=True)
        run.epoch, run.train_losses, run.val_losses = 1, [2.0], [3.0]
        return run

    def facts(self):
        """Everything that a refused call must leave as it was."""
        modules = {"model": self.model, "noisy": self.noisy, "other": self.other}
        optimizers = {"optimizer": self.optimizer, "noisy_optimizer": self.noisy_optimizer}
        samples = {"data": self.data, "val": self.val, "classes": self.classes, "wide": self.wide}
        found = {
            "python": random.getstate(),
            "numpy": np.random.get_state()[1].tobytes(),  # noqa: NPY002
            "torch": bits(torch.get_rng_state()),
            "generator": bits(self.generator.get_state()),
            "dtype": torch.get_default_dtype(),
            "grad": torch.is_grad_enabled(),
            "figures": plt.get_fignums(),
            "handler": signal.getsignal(signal.SIGINT),
            "files": {
                str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else None
                for path in sorted(self.folder.rglob("*"))
            },
        }
        for name, module in modules.items():
            found[f"{name}'s modes"] = [part.training for part in module.modules()]
            found[f"{name}'s hooks"] = [
                (len(part._forward_hooks), len(part._backward_hooks)) for part in module.modules()
            ]
            for key, value in module.state_dict().items():
                found[f"{name}.{key}"] = bits(value)
            for key, value in module.named_parameters():
                found[f"{name}.{key} trains"] = value.requires_grad
        for name, optimizer in optimizers.items():
            groups = optimizer.state_dict()
            tensors = [v for state in groups["state"].values() for v in state.values()]
            found[name] = (
                str(groups["param_groups"]),
                [bits(v) if isinstance(v, torch.Tensor) else v for v in tensors],
            )
        for name, rows in samples.items():
            found[name] = bits(rows.inputs), bits(rows.targets)
        return found


def bits(tensor):
    return tuple(tensor.shape), tensor.dtype, tensor.detach().numpy().tobytes()


# Values: each is made for the world of its example, and has a name that a failure can show.

Maker = Callable[[World], Any]


def endless():
    return itertools.count(1)


def broken():
    yield 1
    raise TheirError


class Index:
    def __index__(self):
        raise TheirError


def constant(value) -> Maker:
    return lambda w: value


ANYTHING: dict[str, Maker] = {
    **{
        repr(value): constant(value)
        for value in (
            *(None, True, False, 0, 1, -1, 2, 3, 10**12, -(10**30), 2**63, 2**31, 1.0, 0.5),
            *(-0.5, 1e-300, 1e300, float("nan"), float("inf"), -float("inf"), 1j, "", "a", "sgd"),
            *(
                "\0",
                "\ud800",
                b"",
                b"bytes",
                (),
                [],
                {},
                {"a": 1},
                {1: 2},
                [None],
                ["a", "b"],
                [1, 2],
            ),
            *([1, [2]], (1, 2), (2, 1), (0.0, 1.0), [float("nan")], {1, 2}, range(3), slice(None)),
            *(..., NotImplemented, int, str, nn.Tanh, nn.Linear, nnbook.Callback, nnbook.fit, len),
            *(torch.float32, torch.float64, torch.int64, torch.device("meta"), torch.relu, torch),
            *(fractions.Fraction(1, 2), decimal.Decimal("NaN"), np.float64(0.5), np.int64(2)),
            *(np.array([1.0, 2.0]), np.array(3), np.array(["a"]), np.array([], dtype=object)),
            *(np.bool_(True), object, print, Path("absent/there"), "absent/there"),
        )
    },
    "10**5000": lambda w: 10**5000,
    "[10**5000]": lambda w: [10**5000],
    "{10**5000: 10**5000}": lambda w: {10**5000: 10**5000},
    "object()": lambda w: object(),
    "endless": lambda w: endless(),
    "endless of None": lambda w: Endless(None),
    "endless of dicts": lambda w: Endless({}),
    "endless of strings": lambda w: Endless("a"),
    "endless of callbacks": lambda w: Endless(nnbook.Callback()),
    "generator": lambda w: (i for i in range(2)),
    "generator that raises": lambda w: broken(),
    "iterable that raises": lambda w: Raising(),
    "index that raises": lambda w: Index(),
    "a function that raises": lambda w: raises,
    "a function": lambda w: lambda x: x,
    "a scalar tensor": lambda w: torch.tensor(2.0),
    "a whole scalar tensor": lambda w: torch.tensor(2),
    "a vector": lambda w: torch.ones(3),
    "an int tensor": lambda w: torch.ones(6, 1, dtype=torch.int32),
    "class numbers": lambda w: torch.tensor([0, 1, 2, 0, 1, 2]),
    "a bool tensor": lambda w: torch.ones(6, 1, dtype=torch.bool),
    "an empty tensor": lambda w: torch.ones(0, 1),
    "no columns": lambda w: torch.ones(6, 0),
    "a matrix": lambda w: torch.arange(6.0).unsqueeze(1),
    "a wide matrix": lambda w: torch.randn(6, 3, generator=torch.Generator().manual_seed(0)),
    "three dimensions": lambda w: torch.ones(2, 3, 1),
    "a complex tensor": lambda w: torch.ones(6, 1, dtype=torch.complex64),
    "a float64 matrix": lambda w: torch.ones(6, 1, dtype=torch.float64),
    "a half matrix": lambda w: torch.ones(6, 1, dtype=torch.float16),
    "a float8 matrix": lambda w: torch.ones(6, 1).to(torch.float8_e4m3fn),
    "a sparse matrix": lambda w: torch.eye(6)[:, :1].to_sparse(),
    "a sparse csr matrix": lambda w: torch.eye(6)[:, :1].to_sparse_csr(),
    "a quantized matrix": lambda w: torch.quantize_per_tensor(
        torch.ones(6, 1), 0.1, 0, torch.qint8
    ),
    "a meta matrix": lambda w: torch.ones(6, 1, device="meta"),
    "meta class numbers": lambda w: torch.ones(6, dtype=torch.int64, device="meta"),
    "nan in a matrix": lambda w: torch.tensor([[1.0], [float("nan")], [3.0]]),
    "inf in a matrix": lambda w: torch.tensor([[1.0], [float("inf")], [3.0]]),
    "huge numbers": lambda w: torch.full((6, 1), 3e38),
    "a matrix that trains": lambda w: torch.ones(6, 1, requires_grad=True),
    "a lazy parameter": lambda w: nn.UninitializedParameter(),
    "samples": lambda w: w.data,
    "samples with classes": lambda w: w.classes,
    "wide samples": lambda w: w.wide,
    "samples of float64": lambda w: w.data.to(dtype=torch.float64),
    "one row": lambda w: nnbook.Samples(torch.ones(1, 1), torch.ones(1, 1)),
    "equal rows": lambda w: nnbook.Samples(torch.ones(6, 1), torch.ones(6, 1)),
    "huge class numbers": lambda w: torch.tensor([0, 10**8, 2**62, 1, 1, 1]),
    "a split": lambda w: w.data.split_at([0]),
    "a list of batches": lambda w: [(w.data.inputs, w.data.targets)],
    "a list of wrong batches": lambda w: [(w.data.inputs, w.wide.inputs)],
    "a list of numbers": lambda w: [1.0, 2.0],
    "a list of half a pair": lambda w: [(w.data.inputs,)],
    "a loader": lambda w: torch.utils.data.DataLoader(
        w.data, batch_size=4, generator=torch.Generator()
    ),
    "the model": lambda w: w.model,
    "the noisy model": lambda w: w.noisy,
    "another model": lambda w: w.other,
    "a model that raises": lambda w: RaisingModel(),
    "a model of two outputs": lambda w: TwoOutputs(),
    "an empty model": lambda w: nn.Sequential(),
    "a lazy model": lambda w: nn.LazyLinear(1),
    "a frozen model": lambda w: nn.Linear(1, 1).requires_grad_(False),
    "a shared model": lambda w: nn.Sequential(*[nn.Linear(1, 1)] * 2),
    "a model on meta": lambda w: nn.Linear(1, 1, device="meta"),
    "a model of float64": lambda w: nn.Linear(1, 1).double(),
    "a complex model": lambda w: nn.Linear(1, 1).to(torch.complex64),
    "a list of modules": lambda w: nn.ModuleList([nn.Linear(1, 1)]),
    "an embedding": lambda w: nn.Embedding(3, 1),
    "an activation": lambda w: nn.Tanh(),
    "a softmax": lambda w: partial(nn.Softmax, dim=0),
    "a prelu": lambda w: nn.PReLU,
    "a partial": lambda w: partial(nn.LeakyReLU, 0.1),
    "a wrong partial": lambda w: partial(nn.LeakyReLU, 1, 2, 3, 4),
    "the optimizer": lambda w: w.optimizer,
    "another optimizer": lambda w: torch.optim.SGD(w.other.parameters(), lr=1e-3),
    "lbfgs": lambda w: torch.optim.LBFGS(w.model.parameters()),
    "adam": lambda w: torch.optim.Adam(w.model.parameters()),
    "a sparse optimizer": lambda w: torch.optim.SparseAdam(w.model.parameters()),
    "a schedule": lambda w: torch.optim.lr_scheduler.StepLR(w.optimizer, 1),
    "a plateau": lambda w: torch.optim.lr_scheduler.ReduceLROnPlateau(w.optimizer),
    "a schedule of others": lambda w: nnbook.LearningRateSchedule(
        torch.optim.lr_scheduler.StepLR(w.noisy_optimizer, 1)
    ),
    "a callback that stops": lambda w: StopAtOnce(),
    "a callback that raises": lambda w: RaisingCallback(),
    "a callback that answers": lambda w: WrongCallback(),
    "early stopping": lambda w: nnbook.EarlyStopping(2),
    "callbacks": lambda w: [nnbook.GradientNorms(), nnbook.EarlyStopping(2)],
    "a checkpoint": lambda w: [nnbook.Checkpoint(w.folder / "new")],
    "a checkpoint nowhere": lambda w: [nnbook.Checkpoint(w.folder / "absent" / "new")],
    "a cross-entropy": lambda w: nn.CrossEntropyLoss(),
    "a loss without mean": lambda w: nn.MSELoss(reduction="none"),
    "a loss of no graph": lambda w: lambda outputs, targets: torch.tensor(1.0),
    "a loss that is nan": lambda w: lambda outputs, targets: outputs.sum() * float("nan"),
    "a loss of numbers": lambda w: lambda outputs, targets: 1.0,
    "a complex loss": lambda w: lambda outputs, targets: outputs.sum() * 1j,
    "a generator of numbers": lambda w: w.generator,
    "a run": lambda w: w.run,
    "a history": lambda w: nnbook.History(torch.ones(2), torch.ones(2)),
    "a sweep's result": lambda w: made_sweep(),
    "a line": lambda w: nnbook.least_squares(w.data),
    "a curve": lambda w: neurons.BOOK_NEURONS[0],
    "a file": lambda w: w.file,
    "a folder": lambda w: w.folder,
    "an absent file": lambda w: w.folder / "absent",
    "an absent folder": lambda w: str(w.folder / "absent" / "there"),
    "a file as folder": lambda w: str(w.file / "there"),
    "a saved sweep": lambda w: w.saved_sweep,
    "a saved graph": lambda w: w.saved_graph,
    "a saved run": lambda w: w.saved_run,
    "axes": lambda w: plt.figure().subplots(),
    "three-dimensional axes": lambda w: plt.figure().add_subplot(projection="3d"),
    "a figure": lambda w: plt.figure(),
}
# What each argument is tried with alone: all of it where many examples are asked for.
ALONE = sorted(ANYTHING)[:: max(1, 40 // EXAMPLES)]


# What each call takes: for each argument the values that are right for it.


@dataclass
class Entry:
    """A call of the public interface, and what is right for each of its arguments."""

    call: Callable[..., Any]  # takes what `made` makes, then the arguments by name
    made: Maker
    right: dict[str, tuple[Any, ...]]  # makers; a text names one of ANYTHING
    required: tuple[str, ...] = ()
    others: tuple[str, ...] = ()  # names that a refusal may have besides those of the arguments
    also: tuple[str, ...] = ()  # further forms of a message
    never: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what would rightly take long


def of(function, required=(), /, *, others=(), also=(), never=None, **right) -> Entry:
    required = tuple(required.split()) if isinstance(required, str) else required
    return Entry(
        lambda _, **given: function(**given),
        constant(None),
        right,
        required,
        others,
        also,
        never or {},
    )


def on(make, method, required=(), /, *, others=(), also=(), never=None, **right) -> Entry:
    """Tell of a method: its object is made right, its arguments may be wrong."""

    def call(one, **given):
        return getattr(one, method)(**given)

    required = tuple(required.split()) if isinstance(required, str) else required
    return Entry(call, make, right, required, others, also, never or {})


def at(make, method, name, *right) -> Entry:
    """Tell of a method with one argument that is given by its place, as operators are."""

    def call(one, **given):
        return getattr(one, method)(*given.values())

    return Entry(call, make, {name: right}, (name,))


def fixed(*values):
    return tuple(map(constant, values))


def inputs(w):
    return w.data.inputs


def started(callback):
    """Return a function that gives the callback in the middle of a run."""

    def make(world):
        one = callback(world)
        one.on_start(world.run)
        return one

    return make


def state_of(callback):
    return lambda w: started(callback)(w).state_dict()


COUNTS, NUMBERS, FLAGS = fixed(1, 2, 3), fixed(0.5, 1, 2.0), fixed(True, False)
DATA, LABELS = ("samples",), fixed((), ["one"])
AX = (*fixed(None), "axes")
TEXT, ENDS = fixed("text", ""), fixed((-1.0, 1.0), (0, 2))
HUGE = ("1000000000000", "2147483648", "9223372036854775808", "10**5000")
DRAWS = ("a lazy model",)  # it draws its weights when it is called: the caller's own doing
TORCH_FUNCTIONS = fixed(torch.tanh, torch.relu, nn.Hardtanh())
FACTORIES = fixed(nn.Tanh, nn.ReLU, partial(nn.LeakyReLU, 0.1))
PATHS = (lambda w: w.folder / "new", lambda w: str(w.folder / "new"))
RUN = {"run": ("a run",)}
PARAMS = (lambda w: torch.tensor([1.0, 0.5]),)
CURVE = neurons.BOOK_NEURONS[0]
PAIR = {"model": ("the model",), "optimizer": ("the optimizer",)}
FIT_OTHERS = (
    "EarlyStopping",
    "save",
    "restore_best",
    "scheduler",
    "on_epoch_end",
    "min_delta",
    "patience",
    "every",
    "every_steps",
)


OF_STATE = ("EarlyStopping", "scheduler", "restore_best")


def early(w):
    return nnbook.EarlyStopping(2)


def norms(w):
    return nnbook.GradientNorms()


def gradient_check(w):
    return training.GradientCheck(restore_best=True)


def checkpoint(w):
    """Return a checkpoint that has seen a run."""
    one = nnbook.Checkpoint(w.folder / "begun")
    model = nn.Linear(1, 1)
    rate = torch.optim.SGD(model.parameters(), lr=1e-3)
    nnbook.fit(model, w.data, optimizer=rate, epochs=1, callbacks=[one])
    return one


def schedule(w):
    return nnbook.LearningRateSchedule(torch.optim.lr_scheduler.StepLR(w.optimizer, 1))


def with_gradients(make):
    def made(world):
        world.model(world.data.inputs).sum().backward()
        return make(world)

    return made


def methods_of(name, make, state=None) -> dict[str, Entry]:
    """Tell of the methods that callbacks have in common."""
    ready = started(make)
    entries = {f"{name}.on_start": on(make, "on_start", "run", **RUN)}
    for method in ("on_gradients", "on_step_end", "on_epoch_end", "on_end"):
        entries[f"{name}.{method}"] = on(ready, method, "run", **RUN)
    entries[f"{name}.state_dict"] = on(ready, "state_dict")
    entries[f"{name}.load_state_dict"] = on(
        ready, "load_state_dict", "state", others=OF_STATE, state=(state or state_of(make),)
    )
    return entries


ENTRIES: dict[str, Entry] = {
    "Callback": of(nnbook.Callback),
    **methods_of("Callback", lambda w: nnbook.Callback()),
    "Checkpoint": of(
        nnbook.Checkpoint, "path", path=PATHS, every=fixed(None, 2), every_steps=fixed(None)
    ),
    **methods_of("Checkpoint", checkpoint, constant({})),
    "Checkpoint.save": on(lambda w: nnbook.Checkpoint(w.folder / "new"), "save", others=("save",)),
    "CheckpointError": of(
        nnbook.CheckpointError, "path problem mend", path=PATHS, problem=TEXT, mend=TEXT
    ),
    "DivergenceError": of(
        nnbook.DivergenceError, "message history", message=TEXT, history=("a history",)
    ),
    "EarlyStopping": of(
        nnbook.EarlyStopping, "patience", patience=COUNTS, min_delta=NUMBERS, restore_best=FLAGS
    ),
    **methods_of("EarlyStopping", early),
    "GradientNorms": of(nnbook.GradientNorms),
    **methods_of("GradientNorms", norms),
    "History": of(
        nnbook.History,
        "train_loss",
        train_loss=("a vector",),
        val_loss=(*fixed(None), "a vector"),
        stopped=fixed(None, "why"),
    ),
    "History.to_dict": on(lambda w: nnbook.History(torch.ones(2)), "to_dict"),
    "History.from_dict": of(
        nnbook.History.from_dict,
        "values",
        others=("train_loss", "val_loss"),
        values=(
            lambda w: nnbook.History(torch.ones(2)).to_dict(),
            lambda w: nnbook.History(torch.ones(0), torch.ones(0)).to_dict(),
        ),
    ),
    "LearningRateSchedule": of(
        nnbook.LearningRateSchedule,
        "scheduler",
        scheduler=("a schedule", "a plateau"),
        each=fixed("epoch", "step"),
    ),
    **methods_of("LearningRateSchedule", schedule),
    "LinearFit": of(
        nnbook.LinearFit,
        tuple(inspect.signature(nnbook.LinearFit).parameters),
        **dict.fromkeys(inspect.signature(nnbook.LinearFit).parameters, ("a vector",)),
    ),
    "LinearFit.predict": on(
        lambda w: nnbook.least_squares(w.data), "predict", "inputs", inputs=(inputs,)
    ),
    "Run": of(
        nnbook.Run,
        "model optimizer epochs has_val",
        **PAIR,
        epochs=COUNTS,
        has_val=FLAGS,
        epoch=COUNTS,
        train_losses=fixed([1.0]),
        val_losses=fixed([1.0]),
        stopped=fixed(None, "why"),
        failed=FLAGS,
        error_type=fixed(None, ValueError),
        place=fixed(None),
    ),
    "Samples": of(
        nnbook.Samples,
        "inputs targets",
        inputs=(inputs, "a wide matrix"),
        targets=(inputs, "class numbers"),
        input_names=LABELS,
        target_names=LABELS,
        input_units=LABELS,
        target_units=LABELS,
        source=TEXT,
    ),
    "Samples.with_inputs": on(
        lambda w: w.data,
        "with_inputs",
        "inputs",
        others=("targets",),
        inputs=(inputs, "a wide matrix"),
        input_names=fixed(None, ["one"]),
        input_units=fixed(None, ["one"]),
    ),
    "Samples.to": on(
        lambda w: w.data,
        "to",
        device=fixed(None, "cpu", torch.device("cpu")),
        dtype=fixed(None, torch.float64, torch.float16),
    ),
    "Samples.split": on(
        lambda w: w.data,
        "split",
        val_fraction=fixed(0.2, 0.5),
        generator=(*fixed(None), "a generator of numbers"),
    ),
    "Samples.split_at": on(
        lambda w: w.data, "split_at", "val_rows", val_rows=fixed([0], (1, 2), range(2))
    ),
    "Samples.__getitem__": at(
        lambda w: w.data, "__getitem__", "index", *fixed(0, -1, slice(2), torch.tensor([1, 2]))
    ),
    "Split": of(nnbook.Split, "train val", train=DATA, val=DATA),
    "Standardize": of(nnbook.Standardize, "mean std", mean=("a vector",), std=("a vector",)),
    "Standardize.of": of(
        nnbook.Standardize.of,
        "data",
        data=("samples", inputs),
        constant=fixed("refuse", "pass"),
    ),
    "Standardize.forward": on(
        lambda w: nnbook.Standardize.of(w.data), "__call__", "inputs", inputs=(inputs,)
    ),
    "Standardize.inverse": on(
        lambda w: nnbook.Standardize.of(w.data),
        "inverse",
        "standardized",
        standardized=(inputs,),
    ),
    "Stop": of(nnbook.Stop, "reason", reason=TEXT),
    "SubclassFunctionalModel": of(nnbook.SubclassFunctionalModel, n_hidden=COUNTS),
    "SubclassFunctionalModel.forward": on(
        lambda w: nnbook.SubclassFunctionalModel(2), "__call__", "inputs", inputs=(inputs,)
    ),
    "SubclassModel": of(nnbook.SubclassModel, n_hidden=COUNTS),
    "SubclassModel.forward": on(
        lambda w: nnbook.SubclassModel(2), "__call__", "inputs", inputs=(inputs,)
    ),
    "SweepResult": of(
        nnbook.SweepResult,
        tuple(inspect.signature(nnbook.SweepResult).parameters),
        **dict.fromkeys(inspect.signature(nnbook.SweepResult).parameters, ("a vector",)),
    ),
    "SweepResult.model": on(lambda w: made_sweep(), "model", "run", run=fixed(0, 3)),
    "SweepResult.history": on(lambda w: made_sweep(), "history", "run", run=fixed(0, 3)),
    "SweepResult.best": on(lambda w: made_sweep(), "best", others=("result",)),
    "SweepResult.to_frame": on(lambda w: made_sweep(), "to_frame"),
    "SweepResult.select": on(
        lambda w: made_sweep(),
        "select",
        others=("settings",),
        hidden=fixed((), 3, [(), 3]),
        lr=fixed(1e-5),
        momentum=fixed(0.0),
        weight_decay=fixed(0.0),
        seed=fixed(0, [0]),
        activation=fixed("Tanh", nn.Tanh),
        optimizer=fixed("sgd"),
        val_rows=fixed((0,), [(1,)]),
    ),
    "SweepResult.table": on(lambda w: made_sweep(), "table", over=fixed((), ["seed"])),
    "SweepResult.save": on(lambda w: made_sweep(), "save", "path", path=PATHS),
    "SweepResult.load": of(nnbook.SweepResult.load, "path", path=("a saved sweep",)),
    "TrainingGraph": of(nnbook.TrainingGraph, "file", file=(lambda w: made_graph().file,)),
    "TrainingGraph.of": of(
        nnbook.TrainingGraph.of,
        "model",
        model=(lambda w: nn.Linear(1, 1),),  # refused: what is right takes seconds
        loss=fixed(nn.MSELoss(), nn.functional.mse_loss),
        optimizer=fixed("sgd", "adam"),
        never={"model": ("the model",)},
    ),
    "TrainingGraph.load": of(
        nnbook.TrainingGraph.load, "path", others=("file",), path=("a saved graph",)
    ),
    "TrainingGraph.save": on(lambda w: made_graph(), "save", "path", path=PATHS),
    "TrainingGraph.fit": on(
        lambda w: made_graph(),
        "fit",
        "model train optimizer epochs",
        model=("the model",),
        optimizer=(lambda w: torch.optim.SGD(w.model.parameters(), lr=1e-3),),
        train=DATA,
        val=(*fixed(None), lambda w: w.val),
        epochs=COUNTS,
    ),
    "TrainingInterrupted": of(
        nnbook.TrainingInterrupted, "message history", message=TEXT, history=("a history",)
    ),
    "fit": of(
        nnbook.fit,
        "model train optimizer epochs",
        others=FIT_OTHERS,
        never={"epochs": HUGE},  # they may rightly take years
        **PAIR,
        train=(*DATA, "a list of batches", "a loader"),
        val=(*fixed(None), lambda w: w.val),
        epochs=COUNTS,
        loss=fixed(nn.MSELoss(), nn.functional.l1_loss),
        batch_size=fixed(None),
        generator=(*fixed(None), "a generator of numbers"),
        callbacks=(*fixed(()), "callbacks", "a checkpoint"),
        progress=fixed(False),
        resume=fixed(None),
    ),
    "gradient_by_autograd": of(
        nnbook.gradient_by_autograd,
        "params data",
        others=("data.targets",),
        params=PARAMS,
        data=DATA,
    ),
    "gradient_by_difference": of(
        nnbook.gradient_by_difference, "params data", params=PARAMS, data=DATA, delta=NUMBERS
    ),
    "gradient_by_hand": of(nnbook.gradient_by_hand, "params data", params=PARAMS, data=DATA),
    "least_squares": of(nnbook.least_squares, "data", data=DATA),
    "line_loss": of(nnbook.line_loss, "params data", params=PARAMS, data=DATA),
    "load_thermometer": of(
        nnbook.load_thermometer, dtype=fixed(torch.float32, torch.float64, torch.float16)
    ),
    "load_wine": of(nnbook.load_wine),
    "load_wine_quality": of(
        nnbook.load_wine_quality,
        "path",  # without one it may be downloaded
        also=(r".*: must .+, got .+ The file is not as it was published", ".* is not at hand"),
        color=fixed("white", "red"),
        path=("a file",),
    ),
    "mlp": of(
        nnbook.mlp,
        "n_in hidden n_out",
        n_in=COUNTS,
        hidden=fixed(2, (), (2, 3), [4]),
        n_out=COUNTS,
        activation=FACTORIES,
    ),
    "sweep": of(
        nnbook.sweep,
        "train epochs",
        train=DATA,
        val=(*fixed(None), lambda w: w.val),
        epochs=COUNTS,
        runs=fixed(None, [{"lr": 1e-3}]),
        hidden=fixed(1, 2, (), [1, (2, 2)]),
        lr=fixed(1e-3, [1e-3, 1e-2]),
        momentum=fixed(0.0, 0.9),
        weight_decay=fixed(0.0, 0.1),
        seed=fixed(0, [1, 2]),
        activation=FACTORIES,
        optimizer=fixed("sgd"),
        val_rows=fixed(None),
        loss=fixed(nn.MSELoss(), nn.functional.mse_loss),
        history_every=COUNTS,
        compiled=fixed(False),
        progress=fixed(False),
        checkpoint=fixed(None),
        # The memory for 2**31 losses is there on some machines, and 2**53 epochs are years.
        never={"compiled": None, "epochs": ("2147483648",), "history_every": HUGE},
    ),
    "training.GradientCheck": of(training.GradientCheck, restore_best=FLAGS),
    **methods_of("training.GradientCheck", with_gradients(gradient_check)),
    "activations.Activation": of(
        activations.Activation,
        "name make bounds is_monotonic",
        name=TEXT,
        make=FACTORIES,
        bounds=ENDS,
        is_monotonic=FLAGS,
        kinks=fixed((), (0.0,)),
        jumps=fixed((), (0.0,)),
    ),
    "activations.Activation.__call__": at(
        lambda w: activations.CATALOGUE["Tanh"], "__call__", "inputs", inputs
    ),
    "activations.derivative": of(
        activations.derivative, "activation inputs", activation=TORCH_FUNCTIONS, inputs=(inputs,)
    ),
    "activations.table": of(activations.table, catalogue=fixed(None, activations.CATALOGUE)),
    "inspection.CallTrace": of(
        inspection.CallTrace, "by_call by_forward", by_call=fixed(()), by_forward=fixed(())
    ),
    "inspection.GradientRow": of(
        inspection.GradientRow, "name shape norm", name=TEXT, shape=fixed((1,)), norm=NUMBERS
    ),
    "inspection.GradientTable": of(inspection.GradientTable, "rows", rows=fixed(())),
    "inspection.ParameterRow": of(
        inspection.ParameterRow,
        "name shape count requires_grad",
        name=TEXT,
        shape=fixed((1,)),
        count=COUNTS,
        requires_grad=FLAGS,
    ),
    "inspection.ParameterTable": of(inspection.ParameterTable, "rows", rows=fixed(())),
    "inspection.Step": of(inspection.Step, "module what", module=TEXT, what=TEXT),
    "inspection.calls": of(
        inspection.calls,
        "model inputs",
        model=("the model", "the noisy model"),
        inputs=(inputs,),
        backward=FLAGS,
    ),
    "inspection.gradient_table": of(inspection.gradient_table, "model", model=("the model",)),
    "inspection.parameter_table": of(inspection.parameter_table, "model", model=("the model",)),
    "neurons.Curve": of(
        neurons.Curve, "function name", function=TORCH_FUNCTIONS, name=TEXT, formula=TEXT
    ),
    "neurons.Curve.__call__": at(lambda w: CURVE, "__call__", "inputs", inputs, *fixed(CURVE)),
    "neurons.Curve.__add__": at(lambda w: CURVE, "__add__", "other", *fixed(CURVE)),
    "neurons.Curve.__sub__": at(lambda w: CURVE, "__sub__", "other", *fixed(CURVE)),
    "neurons.neuron": of(
        neurons.neuron,
        "weight bias",
        weight=NUMBERS,
        bias=NUMBERS,
        activation=TORCH_FUNCTIONS,
        scale=NUMBERS,
        name=TEXT,
    ),
    "neurons.step": of(
        neurons.step,
        "at",
        at=NUMBERS,
        height=NUMBERS,
        steepness=NUMBERS,
        activation=TORCH_FUNCTIONS,
    ),
    "neurons.bump": of(
        neurons.bump,
        "left right",
        left=fixed(0, -1.5),
        right=NUMBERS,
        height=NUMBERS,
        steepness=NUMBERS,
        activation=TORCH_FUNCTIONS,
    ),
    "neurons.bump_network": of(
        neurons.bump_network,
        "function between n_bumps",
        function=TORCH_FUNCTIONS,
        between=ENDS,
        n_bumps=fixed(2, 3),
        steepness=(*fixed(None), *NUMBERS),
        activation=fixed(nn.Tanh, nn.Hardtanh),
    ),
    "plots.activation_grid": of(
        plots.activation_grid,
        catalogue=fixed({"Tanh": activations.CATALOGUE["Tanh"]}),
        between=ENDS,
        columns=COUNTS,
    ),
    "plots.blocks": of(plots.blocks, "model", model=("the model",), ax=AX),
    "plots.curve": of(
        plots.curve,
        "predict between",
        others=("line",),
        predict=TORCH_FUNCTIONS,
        between=ENDS,
        ax=AX,
        points=COUNTS,
        color=fixed("red"),
        label=TEXT,
    ),
    "plots.curve_grid": of(
        plots.curve_grid,
        "functions between",
        functions=fixed({"tanh": torch.tanh}),
        between=ENDS,
        columns=COUNTS,
        xlabel=TEXT,
        ylabel=TEXT,
    ),
    "plots.describe": of(plots.describe, "drawn text", drawn=("axes", "a figure"), text=TEXT),
    "plots.diagram": of(
        plots.diagram,
        "boxes arrows",
        boxes=fixed({"a": (0, 0, "model"), "b": (2, 0, "loss")}),
        arrows=fixed([("a", "b", "outputs")], []),
        ax=AX,
        highlighted=fixed((), ["a"]),
    ),
    "plots.gradient_norms": of(plots.gradient_norms, "recorded", recorded=(norms,), ax=AX),
    "plots.learning_loop": of(plots.learning_loop, "model", model=TEXT, ax=AX),
    "plots.loss_surface": of(
        plots.loss_surface,
        "loss horizontal vertical",
        loss=fixed(lambda p: p[0] ** 2 + p[1] ** 2 + 1),
        horizontal=ENDS,
        vertical=ENDS,
        ax=AX,
        paths=(*fixed(None), lambda w: {"a": torch.ones(2, 2)}),
        points=fixed(2, 5),
    ),
    "plots.losses": of(
        plots.losses, "history", history=("a history",), ax=AX, unit=TEXT, name=TEXT
    ),
    "plots.network": of(plots.network, "model", model=("the model",), ax=AX),
    "plots.residuals": of(plots.residuals, "line data", line=("a line",), data=DATA, ax=AX),
    "plots.samples": of(
        plots.samples,
        "data",
        data=("samples", "samples with classes"),
        ax=AX,
        column=fixed(0),
        label=(*fixed(None), *TEXT),
        color=fixed("red"),
        marker=fixed("o"),
    ),
    "plots.shifts": of(
        plots.shifts,
        "function starts shift",
        function=fixed(torch.tanh, torch.relu),
        starts=fixed({"bear": 0.1}),
        shift=NUMBERS,
        ax=AX,
        between=ENDS,
    ),
    "plots.slope_histogram": of(
        plots.slope_histogram,
        "slopes",
        slopes=(lambda w: {"a": torch.ones(3)},),
        ax=AX,
        threshold=NUMBERS,
        bins=COUNTS,
    ),
}


# What a call may come to.


OURS = (nnbook.CheckpointError, nnbook.DivergenceError, nnbook.TrainingInterrupted)
PYTHONS = re.compile(
    r"unexpected keyword|missing \d+ required|multiple values|takes .*positional|takes no arguments"
)


def objection(entry: Entry, names: set[str], error: BaseException, depth: int) -> str | None:
    """Return None for an error that a call may end in, or say what is wrong with it."""
    trace, frames = error.__traceback__, []
    while trace is not None:
        frames.append(Path(trace.tb_frame.f_code.co_filename))
        trace = trace.tb_next
    message = str(error)
    refusal = re.fullmatch(r"`([^`]+)` must .+, got .+\.", message, re.DOTALL)
    name = refusal.group(1) if refusal else ""
    is_named = name in {*names, *entry.others} or re.split(r"[.\[]", name)[0] in names
    is_pythons = type(error) is TypeError and PYTHONS.search(message) and len(frames) <= depth
    if isinstance(error, TheirError) or is_pythons:
        return None
    if HOME not in frames[-1].parents:
        return f"raised in {frames[-1]}"
    if isinstance(error, OURS) or any(re.match(form, message) for form in entry.also):
        return None
    if not refusal or not isinstance(error, ValueError | TypeError | OSError | IndexError):
        return "not a refusal in the usual form"
    return None if is_named else f"`{name}` is no argument of the call"


class Hung(BaseException):
    """A call that does not come back."""


@contextlib.contextmanager
def limited():
    """End a call that takes a minute or gigabytes."""

    def stop(*_):
        raise Hung

    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before, handler = resource.getrlimit(resource.RLIMIT_AS), signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (in_use + BYTES, before[1]))
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def made(maker, world):
    return (ANYTHING[maker] if isinstance(maker, str) else maker)(world)


def tried(entry: Entry, chosen: dict[str, Any]) -> str | None:
    """Make the call with these arguments; return what is wrong with what came of it."""
    problem = None
    # A text may be taken for the name of a file, which is then written in the folder one is in.
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        world = World(folder)
        arguments = {key: made(maker, world) for key, maker in chosen.items()}
        drawn_in = [axes for axes in arguments.values() if isinstance(axes, plt.Axes)]
        one = entry.made(world)
        before = world.facts(), [len(axes.get_children()) for axes in drawn_in]
        try:
            with limited():
                entry.call(one, **arguments)
        except (Exception, Hung, nnbook.TrainingInterrupted) as error:
            # In between lie this function, the entry's own, and those that only pass a call on.
            problem = objection(entry, {*entry.right, *chosen}, error, depth=5)
            if problem is not None:
                problem = f"{problem}: {type(error).__name__}: {str(error)[:300]}"
            elif not isinstance(error, (TheirError, *OURS)):
                after = world.facts(), [len(axes.get_children()) for axes in drawn_in]
                changed = [key for key in before[0] if before[0][key] != after[0].get(key)]
                if before != after:
                    problem = f"{changed} changed by a refusal: {error}"
        plt.close("all")
    return problem


def may_take_long(entry: Entry, key: str, value: object) -> bool:
    """Whether it is right that a call with this value takes longer than a test can wait."""
    if value in DRAWS and key in ("function", "predict"):
        return True
    if key not in entry.never:
        return False
    return entry.never[key] is None or value in entry.never[key]


@st.composite
def calls(draw, entry):
    """Draw arguments: most of them right, some of them not, seldom one left out or unknown."""
    chosen = {}
    for key, right in entry.right.items():
        if key not in entry.required and draw(st.booleans()):
            continue
        kind = draw(st.sampled_from(["right", "right", "anything", "drawn"]))
        value = {
            "right": st.sampled_from(right),
            "anything": st.sampled_from(sorted(ANYTHING)),
            "drawn": st.sampled_from([3.0, 2, "text"]),
        }[kind]
        chosen[key] = draw(value)
        if kind == "drawn":
            number = draw(st.one_of(st.integers(-10, 10), st.floats(), st.text(max_size=5)))
            chosen[key] = constant(number)
        if may_take_long(entry, key, chosen[key]):
            del chosen[key]
    oddity = draw(st.sampled_from(["none"] * 10 + ["unknown", "left out"]))
    if oddity == "unknown":
        chosen["unknown"] = constant(1)
    if oddity == "left out" and entry.required:
        chosen.pop(entry.required[0], None)
    return chosen


@pytest.mark.parametrize("name", ENTRIES)
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_whatever_the_arguments_a_call_ends_in_a_result_or_names_one(name, data):
    chosen = data.draw(calls(ENTRIES[name]))
    assert tried(ENTRIES[name], chosen) is None


@pytest.mark.parametrize("name", ENTRIES)
def test_each_argument_alone_may_be_anything(name):
    entry = ENTRIES[name]
    right = {key: entry.right[key][0] for key in entry.required}
    for key, value in itertools.product(entry.right, ALONE):
        if not may_take_long(entry, key, value):
            assert tried(entry, {**right, key: value}) is None, (key, value)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_right_arguments_are_right(name):
    entry = ENTRIES[name]
    chosen = {key: entry.right[key][0] for key in entry.required}
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        one = entry.made(world)
        arguments = {key: made(maker, world) for key, maker in chosen.items()}
        if name in REFUSED:
            with pytest.raises((ValueError, TypeError), match=r"must .+, got"):
                entry.call(one, **arguments)
        else:
            entry.call(one, **arguments)


# What is right for these takes long, or comes from elsewhere: only their refusals are tried.
REFUSED = {"TrainingGraph.of", "Checkpoint.save", "load_wine_quality"}

# Called by `fit` with what it made; a reader has nothing to call them with.
WITHIN = {"Checkpoint.begin", "Checkpoint.check", "GradientCheck.compare", "GradientCheck.put_back"}
WITHIN |= {"EarlyStopping.compare", "EarlyStopping.put_back"}
DOORS = ("training", "datasets", "graph", "sweeps", "plots", "inspection", "activations", "neurons")


def public_names() -> dict[str, Any]:
    """Return what can be called: functions, classes, and the methods that nnbook wrote."""
    found = {name: getattr(nnbook, name) for name in nnbook.__all__}
    for door in DOORS:
        module = importlib.import_module(f"nnbook.{door}")
        known = set(map(id, found.values()))
        things = {f"{door}.{name}": getattr(module, name) for name in module.__all__}
        found |= {name: thing for name, thing in things.items() if id(thing) not in known}
    found = {name: thing for name, thing in found.items() if callable(thing)}
    for name, thing in dict(found).items():
        if not isinstance(thing, type):
            continue
        for owner in reversed(thing.__mro__):
            if not owner.__module__.startswith("nnbook."):
                continue
            for method, value in vars(owner).items():
                is_operator = method in ("__call__", "__getitem__", "__add__", "__sub__")
                is_method = isinstance(value, FunctionType | classmethod | staticmethod)
                if is_method and (is_operator or not method.startswith("_")):
                    found[f"{name}.{method}"] = value
    return {name: found[name] for name in found if name.split("training.")[-1] not in WITHIN}


def test_each_public_name_is_tried_and_nothing_else():
    assert set(public_names()) == set(ENTRIES)


def test_each_argument_of_each_function_is_tried():
    assert len(public_names()) > 100
    for name, thing in public_names().items():
        taken = inspect.signature(getattr(thing, "__func__", thing)).parameters.values()
        kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        expected = {one.name for one in taken if one.kind not in kinds} - {"self", "cls"}
        assert expected <= set(ENTRIES[name].right), name


# What these tests would notice.


def careless(w):
    def change_and_refuse(value):
        with torch.no_grad():
            w.model[0].weight.zero_()
        return nnbook.mlp(0, 1, 1)

    return change_and_refuse


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda value: {}[value], "raised in"),
        (lambda value: torch.zeros(2) @ torch.zeros(3), "raised in"),
        (lambda value: nnbook.mlp(0, 1, 1), "`n_in` is no argument of the call"),
        (lambda value: raises(), None),
        (lambda value: [bytearray(2**28) for _ in range(100)], "raised in"),
    ],
    ids=["a key", "torch", "another name", "theirs", "memory"],
)
def test_an_error_that_is_not_ours_is_noticed(function, found):
    problem = tried(of(function, value=fixed(1)), {"value": constant(1)})
    assert problem is None if found is None else problem.startswith(found)


def test_a_model_that_a_refusal_changed_is_noticed():
    entry = Entry(lambda one, value: one(value), careless, {"n_in": fixed(1)})
    problem = tried(entry, {"value": constant(1)})
    assert problem.startswith("['model.hidden_linear.weight'] changed by a refusal: `n_in` must")
