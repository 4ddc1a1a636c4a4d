"""What comes of a sweep."""

import json
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int64
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from nnbook._arguments import (
    MISFITS,
    describe,
    listed,
    path_of,
    positive_int,
    refusal,
    whole_number,
)
from nnbook.models import made_activation, mlp
from nnbook.sweeps.settings import (
    MOST_RUNS,
    NAMES,
    Settings,
    activation_name,
    all_runs,
    n_parameters,
)
from nnbook.training.history import History

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult:
    """Hold the losses, settings and weights of many runs.

    `sweep` makes it; the runs are numbered from 0. All tensors lie on the CPU.

    Parameters
    ----------
    runs : sequence of Settings
        The settings of each run.
    epochs : Tensor of shape (epochs,), int64
        The epochs whose losses were kept: 1, 2, 3, ..., or fewer with ``history_every``.
    train_loss : Tensor of shape (runs, epochs)
        Training losses; nan from the epoch on in which a run diverged.
    val_loss : Tensor of shape (runs, epochs)
        The same of the rows held out; None if there were none.
    diverged : Tensor of shape (runs,), int64
        The epoch in which a loss was no longer finite; 0 for a run that did not diverge. Its
        weights are the ones before that epoch.
    parameters : sequence of Tensor
        The weights of each run in one vector, in the order of ``model.parameters()``.
    n_in, n_out : int
        Inputs and outputs of each network.
    stopped : str
        Why the sweep ended early; None if it did not.

    Examples
    --------
    >>> import nnbook
    >>> data = nnbook.load_thermometer()
    >>> split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
    >>> result = nnbook.sweep(
    ...     split.train, split.val, hidden=[(), 13], lr=[1e-2, 10.0], seed=range(5), epochs=1000
    ... )
    >>> result
    SweepResult(20 runs, 1000 epochs, 10 diverged)
    >>> result.settings["hidden"][-1], result.settings["lr"][-1]
    (13, 10.0)
    >>> line = result.select(hidden=(), lr=1e-2).model(0)
    >>> bool(4 < line.output_linear.weight < 6)
    True
    """

    runs: Sequence[Settings]
    epochs: Int64[Tensor, " epochs"]
    train_loss: Float[Tensor, "runs epochs"]
    val_loss: Float[Tensor, "runs epochs"] | None
    diverged: Int64[Tensor, " runs"]
    parameters: Sequence[Float[Tensor, " _"]]
    n_in: int
    n_out: int
    stopped: str | None = None

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        words = [f"{len(self)} runs", f"{int(self.epochs[-1]) if len(self.epochs) else 0} epochs"]
        if n_diverged := int((self.diverged > 0).sum()):
            words.append(f"{n_diverged} diverged")
        if self.stopped is not None:
            words.append(f"stopped: {self.stopped}")
        return f"SweepResult({', '.join(words)})"

    @property
    def settings(self) -> dict[str, list[Any]]:
        """The settings as columns, one entry for each run; activations by their names."""
        return {name: [_shown(run, name) for run in self.runs] for name in NAMES}

    def model(self, run: int) -> nn.Sequential:
        """Build the network of a run, with its trained weights.

        Parameters
        ----------
        run : int
            Its number, from 0.

        Returns
        -------
        nn.Sequential
            As `mlp` makes it; torch's global generator is left as it was.

        Examples
        --------
        >>> import nnbook
        >>> data = nnbook.load_thermometer()
        >>> result = nnbook.sweep(data, hidden=[3, 13], lr=1e-5, epochs=1)
        >>> result.model(0).hidden_linear
        Linear(in_features=1, out_features=3, bias=True)
        """
        number = self._number(run)
        own, vector = self.runs[number], self.parameters[number]
        with torch.random.fork_rng(devices=[]):
            network = mlp(self.n_in, own.hidden, self.n_out, activation=own.activation)
        nn.utils.vector_to_parameters(vector.clone(), network.parameters())
        return network

    def history(self, run: int) -> History:
        """Return the losses of a run, as `fit` gives them.

        Parameters
        ----------
        run : int
            Its number, from 0.

        Returns
        -------
        History
            The epochs that were kept, without those from the divergence on.
        """
        number = self._number(run)
        epoch = int(self.diverged[number])
        is_kept = self.epochs < (epoch or torch.inf)
        val_loss = None if self.val_loss is None else self.val_loss[number, is_kept]
        stopped = f"diverged in epoch {epoch}" if epoch else self.stopped
        return History(self.train_loss[number, is_kept], val_loss, stopped)

    def best(self) -> int:
        """Return the run with the lowest loss at the end: of the rows held out, if there are any.

        It is the loss of the last epoch that was kept, measured before that epoch's update. The
        weights of `model` have made this update, and those of later epochs that were not kept, so
        that their own loss differs a little.

        To say how good such a run is, measure it on rows that neither trained nor chose it: the
        lowest of many losses is low by luck too.

        Returns
        -------
        int
            Its number, from 0.

        Raises
        ------
        ValueError
            If all runs diverged.
        """
        losses = self.train_loss if self.val_loss is None else self.val_loss
        if not len(self.epochs) or not (self.diverged == 0).any():
            rule = "hold a run that did not diverge"
            raise ValueError(refusal("result", rule, repr(self), "Lower the learning rate."))
        last = losses[:, -1].masked_fill(self.diverged > 0, torch.inf)
        return int(last.argmin())

    def select(self, **settings: Any) -> "SweepResult":
        """Return the runs with these settings.

        Parameters
        ----------
        **settings
            For each name a value, or a list of several: ``hidden=13``, ``seed=[0, 1]``.

        Returns
        -------
        SweepResult
            The runs in their order, numbered from 0 again.

        Raises
        ------
        ValueError
            If a name is unknown, or no run has such a value.
        """
        chosen = list(range(len(self)))
        for name, value in settings.items():
            if name not in NAMES:
                got = refusal("settings", f"be among {', '.join(NAMES)}", repr(name))
                raise ValueError(got)
            column = [_shown(run, name) for run in self.runs]
            given = _several(name, value)
            wanted = [_comparable(name, one) for one in given]
            for one, got in zip(wanted, given, strict=True):
                if not _is_in(one, column):
                    there = sorted({repr(other) for other in column})
                    rule = f"be one of {', '.join(there)}"
                    raise ValueError(refusal(name, rule, describe(got)))
            chosen = [run for run in chosen if column[run] in wanted]
        return self._take(chosen)

    def table(self, over: Sequence[str] = ("seed", "val_rows")) -> str:
        """Write the losses at the end as a table, with their spread over seeds and splits.

        Parameters
        ----------
        over : sequence of str, default=("seed", "val_rows")
            Runs that differ in nothing but these settings share a line.

        Returns
        -------
        str
            For each line the settings that vary, the number of runs, how many diverged, and of the
            others the median loss with the range from 5 % to 95 % of the runs.
        """
        settings = self.settings
        if (
            not isinstance(over, Sequence)
            or isinstance(over, str | bytes)
            or any(not isinstance(name, str) or name not in NAMES for name in over)
        ):
            raise ValueError(refusal("over", f"name settings ({', '.join(NAMES)})", describe(over)))
        shown = [n for n in NAMES if n not in over and len(set(settings[n])) > 1]
        lines: dict[tuple[Any, ...], list[int]] = {}
        for run in range(len(self)):
            lines.setdefault(tuple(settings[name][run] for name in shown), []).append(run)
        kinds = {"training loss": self.train_loss, "validation loss": self.val_loss}
        losses = {kind: values for kind, values in kinds.items() if values is not None}
        rows = [[*shown, "runs", "diverged", *losses]]
        for key, members in lines.items():
            index = torch.tensor(members)
            alive = index[self.diverged[index] == 0]
            spreads = [_spread(values[alive]) for values in losses.values()]
            words = [f"{value:g}" if isinstance(value, float) else str(value) for value in key]
            rows.append([*words, str(len(index)), str(len(index) - len(alive)), *spreads])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(f"{word:>{width}}" for word, width in zip(row, widths, strict=True))
            for row in rows
        )

    def to_frame(self) -> "pd.DataFrame":
        """Return settings and last losses as a pandas frame, a row for each run.

        Returns
        -------
        pandas.DataFrame
            The settings, ``diverged``, ``train_loss`` and, with rows held out, ``val_loss``: the
            losses of the last epoch that was kept, missing for a run that diverged.

        Raises
        ------
        ModuleNotFoundError
            If pandas is not installed.
        """
        import pandas as pd  # noqa: PLC0415  # not needed for anything else

        columns: dict[str, Any] = {**self.settings, "diverged": self.diverged.tolist()}
        columns["train_loss"] = _last(self.train_loss).tolist()
        if self.val_loss is not None:
            columns["val_loss"] = _last(self.val_loss).tolist()
        return pd.DataFrame(columns)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the result to a file, without loss and without pickle.

        Parameters
        ----------
        path : str or path
            The file, in safetensors' format; one that is there is replaced.

        Raises
        ------
        ValueError
            If an activation is not one of `torch.nn`, which `load` could not make again.
        """
        file = path_of("path", path)
        runs = [_to_json(run) for run in self.runs]
        facts = {"format": FORMAT, "n_in": self.n_in, "n_out": self.n_out}
        tensors = {
            "epochs": self.epochs,
            "train_loss": self.train_loss.contiguous(),
            "diverged": self.diverged,
            "parameters": torch.cat([self.train_loss.new_empty(0), *self.parameters]),
        }
        if self.val_loss is not None:
            tensors["val_loss"] = self.val_loss.contiguous()
        words = json.dumps({**facts, "stopped": self.stopped, "runs": runs})
        try:
            save_file(tensors, file, metadata={"nnbook.SweepResult": words})
        except (OSError, SafetensorError) as error:
            rule = "name a file that can be written"
            raise OSError(refusal("path", rule, f"{str(file)!r}: {error}")) from error

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "SweepResult":
        """Read a result from a file that `save` wrote.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        SweepResult
            Equal to the one that was saved, bit for bit.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is none that `save` wrote, or a newer format.

        Examples
        --------
        >>> import nnbook, tempfile, torch
        >>> data = nnbook.load_thermometer()
        >>> result = nnbook.sweep(data, lr=1e-5, seed=[0, 1], epochs=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result.save(f"{folder}/sweep.safetensors")
        ...     again = nnbook.SweepResult.load(f"{folder}/sweep.safetensors")
        >>> torch.equal(again.train_loss, result.train_loss)
        True
        """
        rule = "be a file that `SweepResult.save` wrote"
        place = path_of("path", path)
        try:
            with safe_open(place, framework="pt") as file:
                facts = json.loads((file.metadata() or {})["nnbook.SweepResult"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            is_newer = facts["format"] > FORMAT
            result = None if is_newer else _from_file(facts, tensors)
        except OSError as error:
            kind = FileNotFoundError if isinstance(error, FileNotFoundError) else OSError
            raise kind(refusal("path", rule, f"{place}: {error}")) from error
        except _DAMAGES as error:
            raise ValueError(refusal("path", rule, f"{place}: {error}")) from error
        if result is None:
            mend = "Load it with the nnbook that wrote it, or a newer one."
            got = f"{path} of format {facts['format']}"
            raise ValueError(refusal("path", f"have at most format {FORMAT}", got, mend))
        return result

    def _number(self, run: int) -> int:
        rule = f"be the number of a run, 0 to {len(self) - 1}"
        number = whole_number(run, refusal("run", rule, describe(run)))
        if not 0 <= number < len(self):
            raise ValueError(refusal("run", rule, describe(run)))
        return number

    def _take(self, chosen: list[int]) -> "SweepResult":
        rows = torch.tensor(chosen, dtype=torch.int64)
        return SweepResult(
            runs=tuple(self.runs[run] for run in chosen),
            epochs=self.epochs,
            train_loss=self.train_loss[rows],
            val_loss=None if self.val_loss is None else self.val_loss[rows],
            diverged=self.diverged[rows],
            parameters=tuple(self.parameters[run] for run in chosen),
            n_in=self.n_in,
            n_out=self.n_out,
            stopped=self.stopped,
        )


# What reading a file of other bytes may raise, of safetensors, JSON, torch and our own checks.
_DAMAGES = (
    SafetensorError,
    AssertionError,  # of torch's modules
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RuntimeError,
    OverflowError,
)


def _from_file(facts: dict[str, Any], tensors: dict[str, Tensor]) -> SweepResult:
    """Rebuild a result, once all its parts are found to fit each other."""
    n_in, n_out = positive_int("n_in", facts["n_in"]), positive_int("n_out", facts["n_out"])
    runs = tuple(_from_json(run) for run in facts["runs"])
    epochs, train_loss, val_loss = tensors["epochs"], tensors["train_loss"], tensors.get("val_loss")
    diverged, parameters = tensors["diverged"], tensors["parameters"]
    shape, dtype = (len(runs), len(epochs)), parameters.dtype
    fits = dtype.is_floating_point and parameters.ndim == 1
    fits &= (epochs.dtype, epochs.ndim) == (torch.int64, 1)
    fits &= (diverged.dtype, diverged.shape) == (torch.int64, shape[:1])
    for losses in (train_loss, train_loss if val_loss is None else val_loss):
        fits &= (losses.dtype, losses.shape) == (dtype, shape)
    if not fits or not isinstance(facts["stopped"], str | None):
        raise ValueError("its parts do not fit each other")
    sizes = [n_parameters((n_in, *run.hidden, n_out)) for run in runs]
    return SweepResult(
        runs=runs,
        epochs=epochs,
        train_loss=train_loss,
        val_loss=val_loss,
        diverged=diverged,
        parameters=torch.split(parameters, sizes),
        n_in=n_in,
        n_out=n_out,
        stopped=facts["stopped"],
    )


def _last(losses: Float[Tensor, "runs epochs"]) -> Float[Tensor, " runs"]:
    return losses[:, -1] if losses.shape[1] else losses.new_full(losses.shape[:1], torch.nan)


def _shown(run: Settings, name: str) -> Any:
    value = getattr(run, name)
    if name == "hidden" and len(value) == 1:
        return value[0]
    return activation_name(value) if name == "activation" else value


def _several(name: str, value: Any) -> list[Any]:
    is_several = isinstance(value, Iterable) and not isinstance(value, str | bytes | tuple | type)
    return listed(name, value, "be one value or several", most=MOST_RUNS) if is_several else [value]


def _comparable(name: str, value: Any) -> Any:
    if name == "activation" and not isinstance(value, str):
        made_activation(value)  # or it is refused
        return activation_name(value)
    if name == "hidden" and isinstance(value, tuple) and len(value) == 1:
        return value[0]
    if isinstance(value, float):  # NumPy's compares itself with the entries of a tuple
        return float(value)
    return value if isinstance(value, int | str | tuple | None) else _as_number(value)


def _as_number(value: Any) -> Any:
    """Return a whole number of NumPy's, say, as Python's; what is none is no setting either."""
    try:
        return operator.index(value)
    except MISFITS:
        return _NO_SETTING


_NO_SETTING = object()


def _is_in(value: Any, column: list[Any]) -> bool:
    try:
        return value in column
    except MISFITS:  # a tuple of tensors
        return False


def _spread(losses: Float[Tensor, "runs epochs"]) -> str:
    if not losses.numel():
        return "-"
    parts = torch.tensor([0.5, 0.05, 0.95], dtype=losses.dtype)
    median, low, high = losses[:, -1].quantile(parts).tolist()
    return f"{median:.4g} ({low:.4g} to {high:.4g})"


def _to_json(run: Settings) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in NAMES}
    return {**values, "activation": _activation_to_json(run.activation)}


def _from_json(values: dict[str, Any]) -> Settings:
    run = {**values, "activation": _activation_from_json(**values["activation"])}
    (settings,) = all_runs(None, {name: [value] for name, value in run.items()})
    return settings


def _activation_to_json(activation: Callable[[], nn.Module]) -> dict[str, Any]:
    bound = activation if isinstance(activation, partial) else partial(activation)
    names = [name for name, value in vars(nn).items() if value is bound.func]
    arguments, keywords = list(bound.args), dict(bound.keywords)
    if not names or not _comes_back([arguments, keywords]):
        mend = "`functools.partial(nn.LeakyReLU, 0.1)` is one, a lambda is not."
        rule = "be a class of torch.nn, or a partial of one, to be saved"
        raise ValueError(refusal("activation", rule, activation_name(activation), mend))
    return {"name": names[0], "arguments": arguments, "keywords": keywords}


def _comes_back(values: list[Any]) -> bool:
    try:
        return bool(json.loads(json.dumps(values)) == values)
    except TypeError:
        return False


def _activation_from_json(
    name: str, arguments: list[Any], keywords: dict[str, Any]
) -> Callable[[], nn.Module]:
    maker = getattr(nn, name)
    if not isinstance(maker, type) or not issubclass(maker, nn.Module):
        raise TypeError(f"torch.nn has no module {name}")
    return partial(maker, *arguments, **keywords) if arguments or keywords else maker
