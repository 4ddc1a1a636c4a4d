"""The training graph: made from a model, saved, loaded, and run."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nnbook._arguments import MISFITS, checked, describe, path_of, positive_int, refusal
from nnbook.graph._check import check_against_torch
from nnbook.graph._export import METADATA_KEY, export, needed
from nnbook.graph._recipe import Recipe, recipe_of
from nnbook.graph._rules import RULES
from nnbook.graph._state import read_state, write_state
from nnbook.samples import Samples
from nnbook.training import History
from nnbook.training._checks import check_arguments, probe
from nnbook.training._modes import modes_restored
from nnbook.training.errors import divergence

LossFunction = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False, repr=False)
class TrainingGraph:
    """Hold a whole training run, forward, loss, gradient, update, all steps, as one ONNX file.

    `fit` goes through Python in every epoch. Here the run itself is the program: ONNX Runtime, in
    Python or in a browser, takes weights, optimizer state, data, learning rate and the numbers of
    the steps, and returns weights, state and losses. Hidden units, rows and steps are free, so one
    file serves all networks of its kind. Both train the same mathematics in `float32`.

    Needs ``pip install "nnbook[graph]"``. `TrainingGraph.of` makes a graph, `TrainingGraph.load`
    reads one. Before a graph is used, it is held against torch: losses, weights and state after
    some steps on small data.

    Parameters
    ----------
    file : bytes
        The ONNX file. Its inputs are the parameters by name (``hidden_linear.weight``, ...), the
        optimizer's state (``exp_avg.hidden_linear.weight``, ...), ``train_inputs``,
        ``train_targets``, ``val_inputs``, ``val_targets``, ``lr`` and ``steps`` (1, 2, ... as
        `float32`); its outputs ``after.`` with the names of parameters and state, ``train_loss``
        and ``val_loss``.

    Raises
    ------
    ImportError
        If the packages of the extra ``graph`` are not installed.
    ValueError
        If the file is not one that a `TrainingGraph` saved.
    RuntimeError
        If it does not compute what torch computes.

    Examples
    --------
    >>> import nnbook, torch
    >>> data = nnbook.load_thermometer()
    >>> split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
    >>> model = nnbook.mlp(1, 13, 1)
    >>> graph = nnbook.TrainingGraph.of(model)
    >>> graph
    TrainingGraph(1-hidden-1, Tanh(), mse, sgd)
    >>> len(graph.file) < 20_000
    True
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=5e-4)
    >>> history = graph.fit(model, split.train, split.val, optimizer=optimizer, epochs=5000)
    >>> history.val_loss.shape
    torch.Size([5000])
    """

    file: bytes

    def __post_init__(self) -> None:
        checked("file", self.file, bytes, "be the bytes of an ONNX file")
        check_against_torch(self._recipe, self._tried)

    @classmethod
    def of(
        cls,
        model: nn.Module,
        *,
        loss: LossFunction = nn.functional.mse_loss,
        optimizer: str = "sgd",
    ) -> "TrainingGraph":
        """Make the graph that trains models of this kind; that takes some seconds.

        Parameters
        ----------
        model : nn.Sequential
            As `nnbook.mlp` builds it. Its activations, inputs and outputs are taken; its weights
            and its numbers of hidden units are not.
        loss : callable, default=mean squared error
            `nn.MSELoss()` or `nn.CrossEntropyLoss()`, without options.
        optimizer : {"sgd", "momentum", "adam"}, default="sgd"
            The update: `torch.optim.SGD`, the same with ``momentum=0.9``, or `torch.optim.Adam`
            with its default betas and epsilon; without weight decay.

        Returns
        -------
        TrainingGraph
            Checked by `onnx.checker`, and held against torch.

        Raises
        ------
        TypeError, ValueError
            If the model has a module that no graph trains, or loss or optimizer are others.

        Examples
        --------
        >>> import nnbook, torch
        >>> model = nnbook.mlp(13, 8, 3, activation=torch.nn.ReLU)
        >>> nnbook.TrainingGraph.of(model, loss=torch.nn.CrossEntropyLoss(), optimizer="adam")
        TrainingGraph(13-hidden-3, ReLU(), cross_entropy, adam)
        """
        return cls(export(recipe_of(model, loss, optimizer)))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "TrainingGraph":
        """Read a graph that `save` wrote.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        TrainingGraph
            Held against torch, like a new one.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not one that `save` wrote.
        """
        place = path_of("path", path)
        try:
            file = place.read_bytes()
        except OSError as error:
            raise _unusable("read", place, error) from error
        try:
            return cls(file)
        except ValueError as error:
            rule = "be a file that TrainingGraph.save wrote"
            raise ValueError(refusal("path", rule, f"{str(path)!r}, which is none")) from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the ONNX file.

        Parameters
        ----------
        path : str or path-like
            Where to; a file that is there is replaced.
        """
        place = path_of("path", path)
        try:
            place.write_bytes(self.file)
        except OSError as error:
            raise _unusable("written", place, error) from error

    def fit(
        self,
        model: nn.Module,
        train: Samples,
        val: Samples | None = None,
        *,
        optimizer: torch.optim.Optimizer,
        epochs: int,
    ) -> History:
        """Train a model as `nnbook.fit` does, with the loss of this graph and full batches.

        The optimizer gives learning rate and state, and its state moves on with the model. So a run
        can be cut anywhere and continued with the same two, by this graph or by `nnbook.fit`.

        Parameters
        ----------
        model : nn.Sequential
            Of the graph's kind, with any numbers of hidden units; trained in place.
        train : Samples
            What is learned from: all rows at once, in `float32`.
        val : Samples, default=None
            Rows that are measured and never learned from; None measures nothing.
        optimizer : torch.optim.Optimizer
            Holds the model's parameters; of the graph's kind.
        epochs : int
            How many steps to take, positive.

        Returns
        -------
        History
            As `nnbook.fit` returns it. The two agree to about 1e-6 until rounding is magnified by
            the training itself.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit the graph or the others; then nothing is changed.
        DivergenceError
            If a loss is not finite. The model is then as at the start of that epoch, and
            `history` holds the epochs before it.

        Examples
        --------
        >>> import nnbook, torch
        >>> data = nnbook.load_thermometer()
        >>> data = data.with_inputs(0.1 * data.inputs)
        >>> model = nnbook.mlp(1, (), 1)  # a straight line
        >>> graph = nnbook.TrainingGraph.of(model, optimizer="sgd")
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
        >>> history = graph.fit(model, data, optimizer=optimizer, epochs=5000)
        >>> bool(history.train_loss[-1] < 1.01 * nnbook.least_squares(data).mse)
        True
        """
        recipe, rule = self._recipe, RULES[self._recipe.optimizer]
        functional = nn.functional
        loss = functional.mse_loss if recipe.loss == "mse" else functional.cross_entropy
        check_arguments(model, optimizer, loss, ())
        # The steps are counted in float32, which knows each whole number only up to here.
        epochs = positive_int("epochs", epochs, most=2**24)
        given = recipe_of(model, loss, recipe.optimizer)
        if given != recipe:
            raise ValueError(refusal("model", f"be of the graph's kind, {recipe}", str(given)))
        parameters = list(model.parameters())
        _check_types(model, train, val)
        with modes_restored(model):
            probe("train", model, train, loss)
            if val is not None:
                probe("val", model, val, loss)
        lr = rule.check(optimizer)
        buffers, done = read_state(rule, optimizer, parameters)
        # Without held-out rows the first training row stands in; its losses are dropped.
        val_inputs, val_targets = train[:1] if val is None else val[:]
        inputs = [*parameters, *buffers, *train[:], val_inputs, val_targets, torch.tensor(lr)]

        def steps(number: int) -> list[Tensor]:
            return self._run([*inputs, torch.arange(done + 1.0, done + number + 1)])

        *after, train_loss, val_loss = steps(epochs)
        is_finite = train_loss.isfinite()
        if val is not None:
            is_finite &= val_loss.isfinite()
        n_finite = int(is_finite.cumprod(0).sum())
        if n_finite < epochs:  # the steps before that are taken once more, and no further
            after = steps(n_finite)[:-2] if n_finite else [*parameters, *buffers]
        with torch.no_grad():
            for parameter, value in zip(parameters, after, strict=False):
                parameter.copy_(value)
        write_state(rule, optimizer, parameters, after[len(parameters) :], done + n_finite)
        history = History(train_loss[:n_finite], None if val is None else val_loss[:n_finite])
        if n_finite < epochs:
            of_val = val is not None and not val_loss[n_finite].isfinite()
            kind, losses = ("validation", val_loss) if of_val else ("training", train_loss)
            raise divergence(kind, losses[n_finite].item(), history)
        return history

    def __repr__(self) -> str:
        return f"TrainingGraph({self._recipe})"

    @cached_property
    def _session(self) -> Any:
        onnxruntime = needed("onnxruntime")
        options = onnxruntime.SessionOptions()
        # One step of a small network is too short to be shared out.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            return onnxruntime.InferenceSession(self.file, options, ["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no class of their own in common
            raise ValueError(_no_graph("one that ONNX Runtime does not read")) from error

    @cached_property
    def _recipe(self) -> Recipe:
        session = self._session
        text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        try:
            recipe = Recipe.from_json(text)
        except MISFITS as error:
            raise ValueError(_no_graph("one of another origin")) from error
        if [value.name for value in session.get_inputs()] != recipe.input_names:
            raise ValueError(_no_graph("one whose inputs are not those of its kind"))
        return recipe

    def _tried(self, inputs: list[Tensor]) -> list[Tensor]:
        """Run the file for the first time: it may be anybody's."""
        try:
            return self._run(inputs)
        except Exception as error:  # as in `_session`
            raise ValueError(_no_graph("one that ONNX Runtime does not run")) from error

    def _run(self, inputs: list[Tensor]) -> list[Tensor]:
        names = self._recipe.input_names
        arrays = {
            name: np.ascontiguousarray(value.detach().numpy())
            for name, value in zip(names, inputs, strict=True)
        }
        outputs = self._session.run(self._recipe.output_names, arrays)
        return [torch.from_numpy(output) for output in outputs]


def _unusable(what: str, place: Path, error: OSError) -> OSError:
    kind = FileNotFoundError if isinstance(error, FileNotFoundError) else OSError
    return kind(refusal("path", f"name a file that can be {what}", f"{str(place)!r}: {error}"))


def _no_graph(got: str) -> str:
    return refusal("file", "be an ONNX file that a TrainingGraph wrote", got)


def _check_types(model: nn.Module, train: Any, val: Any) -> None:
    mend = "A graph computes in float32 on the CPU; `nnbook.fit` takes others."
    for name, parameter in model.named_parameters():
        if parameter.dtype != torch.float32 or parameter.device.type != "cpu":
            got = f"{parameter.dtype} on {parameter.device} in {name}"
            raise ValueError(refusal("model", "hold float32 on the CPU", got, mend))
        if not parameter.requires_grad:
            got = f"{name} frozen"
            raise ValueError(refusal("model", "train all its parameters", got))
    for name, data in {"train": train, **({} if val is None else {"val": val})}.items():
        if not isinstance(data, Samples):
            whole = "A graph takes all rows at once; `nnbook.fit` takes batches."
            raise TypeError(refusal(name, "be Samples", describe(data), whole))
        for part in (data.inputs, data.targets):
            is_right = part.dtype in (torch.float32, torch.int64)
            if not is_right or part.device.type != "cpu":
                got = f"{describe(part)} on {part.device}"
                raise ValueError(refusal(name, "hold float32 on the CPU", got, mend))
