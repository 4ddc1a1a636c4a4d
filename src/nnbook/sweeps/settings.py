"""What may vary from run to run of a sweep, and the list of runs that comes of it."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from nnbook._arguments import MISFITS, describe, listed, number, positive_int, refusal, whole_number
from nnbook.models import made_activation

OPTIMIZERS = ("sgd", "adam")

#: The runs of a sweep, at most: their settings alone are then some hundred megabytes.
MOST_RUNS = 10**6


@dataclass(frozen=True)
class Settings:
    """Hold the settings of one run.

    Parameters
    ----------
    hidden : tuple of int
        Units in each hidden layer; () is a straight line.
    lr, momentum, weight_decay : float
        As in `torch.optim`.
    seed : int
        What draws the starting weights.
    activation : callable that returns a Module
        Called once for each hidden layer.
    optimizer : {"sgd", "adam"}
        The rule of the updates.
    val_rows : tuple of int, or None
        Rows held out of the training rows; None holds out none of them.
    """

    hidden: tuple[int, ...]
    lr: float
    momentum: float
    weight_decay: float
    seed: int
    activation: Callable[[], nn.Module]
    optimizer: str
    val_rows: tuple[int, ...] | None


NAMES = tuple(field.name for field in fields(Settings))


def all_runs(runs: Iterable[Mapping[str, Any]] | None, given: Mapping[str, Any]) -> list[Settings]:
    """List the settings of all runs: each of `runs` with each point of the grid of the others.

    Parameters
    ----------
    runs : iterable of mappings, or None
        Settings by name; what a run leaves out is taken from `given`.
    given : mapping
        For each setting's name a value, or several.

    Returns
    -------
    list of Settings
        The runs of a grid in the order of `itertools.product`: the last setting changes first.

    Raises
    ------
    TypeError, ValueError
        If a setting's name is unknown, a value is not allowed, or no run is left.
    """
    grid = {name: _values(name, given[name]) for name in NAMES}
    given_runs: list[dict[str, Any]] = [{}] if runs is None else _listed(runs)
    n_points = math.prod(map(len, grid.values()))
    if n_points * len(given_runs) > MOST_RUNS:
        got = f"{n_points * len(given_runs):,}"
        raise ValueError(refusal("runs", f"be at most {MOST_RUNS:,}", got, "Make several sweeps."))
    for position, run in enumerate(given_runs):
        _check_names(position, run, grid)
    settings = []
    for run in given_runs:
        own = {name: [_CHECKS[name](value)] for name, value in run.items()}
        points = itertools.product(*({**grid, **own}[name] for name in NAMES))
        settings += [Settings(*point) for point in points]
    for one in settings:
        if one.optimizer == "adam" and one.momentum != 0:
            mend = "Adam has its own, fixed at 0.9; list such runs in `runs`."
            raise ValueError(refusal("momentum", "be 0 for Adam", f"{one.momentum:g}", mend))
    return settings


def activation_name(activation: Callable[[], nn.Module]) -> str:
    """Name an activation: its class, with the arguments that are bound to it."""
    if isinstance(activation, partial):
        words = [f"{value!r}" for value in activation.args]
        words += [f"{name}={value!r}" for name, value in activation.keywords.items()]
        return f"{activation_name(activation.func)}({', '.join(words)})"
    if isinstance(activation, type):
        return activation.__name__
    return repr(activation()).removesuffix("()")  # a function is named after what it makes


def n_parameters(widths: Sequence[int]) -> int:
    """Count the weights and biases between layers of these widths, from inputs to outputs."""
    return sum((n_in + 1) * n_out for n_in, n_out in pairwise(widths))


def _listed(runs: Any) -> list[dict[str, Any]]:
    mend = 'For example `runs=[{"hidden": 3}, {"hidden": 13, "lr": 1e-2}]`.'
    rule = "be a list of dicts, one for each run"
    if not isinstance(runs, Iterable) or isinstance(runs, str | Mapping):
        raise TypeError(refusal("runs", rule, describe(runs), mend))
    given = listed("runs", runs, rule, mend, most=MOST_RUNS)
    for run in given:
        if not isinstance(run, Mapping):
            raise TypeError(refusal("runs", rule, f"one that holds {describe(run)}", mend))
    if not given:
        raise ValueError(refusal("runs", "hold at least one run", "none", mend))
    return [dict(run) for run in given]


def _check_names(number: int, run: dict[str, Any], grid: Mapping[str, list[Any]]) -> None:
    for name in run:
        if name not in NAMES:
            rule = f"hold settings that can vary ({', '.join(NAMES)})"
            raise ValueError(refusal("runs", rule, f"{describe(name)} in run {number}"))
        if len(grid[name]) > 1:
            mend = "Give it either in every run or as a grid."
            got = f"{len(grid[name])} values, and one in run {number}"
            raise ValueError(refusal(name, "be one value where `runs` sets it", got, mend))


def _values(name: str, given: Any) -> list[Any]:
    is_single = (
        isinstance(given, str | bytes | type)
        or not isinstance(given, Iterable)
        or (name == "hidden" and isinstance(given, tuple))
        or (name == "val_rows" and _is_row_numbers(given))
        or getattr(given, "ndim", 1) == 0  # a tensor or array that holds one number
    )
    rule = "be one value or several"
    values = [given] if is_single else listed(name, given, rule, most=MOST_RUNS)
    if not values:
        mend = f"Without `{name}` the default is taken."
        raise ValueError(refusal(name, "hold at least one value", describe(given), mend))
    return [_CHECKS[name](value) for value in values]


def _is_row_numbers(given: Any) -> bool:
    return isinstance(given, tuple) and all(hasattr(row, "__index__") for row in given)


def _hidden(value: Any) -> tuple[int, ...]:
    mend = "() makes a straight line, a tuple several hidden layers, a list several runs."
    widths = value if isinstance(value, tuple | list) else (value,)
    return tuple(positive_int("hidden", width, mend, most=2**31) for width in widths)


def _lr(value: Any) -> float:
    return number("lr", value, "be positive", lambda found: found > 0)


def _momentum(value: Any) -> float:
    rule = "lie between 0 and 1, 1 excluded"
    return number("momentum", value, rule, lambda found: 0 <= found < 1)


def _weight_decay(value: Any) -> float:
    return number("weight_decay", value, "be 0 or more", lambda found: found >= 0)


def _seed(value: Any) -> int:
    refused = refusal("seed", "be a whole number, 0 or more", describe(value))
    seed = whole_number(value, refused)
    if not 0 <= seed < 2**63:
        raise ValueError(refused)
    return seed


def _optimizer(value: Any) -> str:
    if not isinstance(value, str) or value not in OPTIMIZERS:
        rule = f"be one of {', '.join(map(repr, OPTIMIZERS))}"
        mend = "For another optimizer train the runs one by one with `nnbook.fit`."
        raise ValueError(refusal("optimizer", rule, describe(value), mend))
    return value


def _activation(activation: Any) -> Callable[[], nn.Module]:
    module = made_activation(activation)
    if any(True for _ in module.parameters()):
        mend = "Train such networks one by one with `nnbook.fit`."
        got = f"{activation_name(activation)}, which has some"
        raise ValueError(refusal("activation", "have no parameters of its own", got, mend))
    if not _works_entry_by_entry(module):
        rule = "work entry by entry, always in the same way"
        raise ValueError(refusal("activation", rule, activation_name(activation)))
    made: Callable[[], nn.Module] = activation
    return made


def _works_entry_by_entry(module: nn.Module) -> bool:
    # Narrow networks are padded, and runs stand side by side: (rows, units, runs).
    values = torch.linspace(-3, 3, 8)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            before = torch.get_rng_state()
            together = module(values.clone().view(2, 2, 2))
            alone = torch.cat([module(value.clone().view(1, 1, 1)).flatten() for value in values])
            draws = not torch.equal(torch.get_rng_state(), before)
            has_shape = together.shape == (2, 2, 2) and alone.shape == (8,)
            return has_shape and not draws and torch.allclose(together.flatten(), alone, atol=1e-6)
    except (RuntimeError, ValueError, TypeError, IndexError):
        return False


def _val_rows(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    mend = "A run holds out a tuple of rows; a list of tuples makes several runs."
    refused = refusal("val_rows", "hold tuples of row numbers", describe(value), mend)
    try:
        rows = value.tolist() if isinstance(value, Tensor) else value
        rows = listed("val_rows", rows, "hold tuples of row numbers", mend, most=MOST_RUNS)
    except MISFITS as error:  # no iterable, or a tensor of one number
        raise TypeError(refused) from error
    return tuple(whole_number(row, refused) for row in rows)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "hidden": _hidden,
    "lr": _lr,
    "momentum": _momentum,
    "weight_decay": _weight_decay,
    "seed": _seed,
    "activation": _activation,
    "optimizer": _optimizer,
    "val_rows": _val_rows,
}
