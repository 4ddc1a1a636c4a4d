"""Checks of the exercises of chapter 6."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nnbook.datasets import load_thermometer
from nnbook.exercises.exercise import Exercise, Judgement, first_hint, outputs_of
from nnbook.exercises.verdict import Finding
from nnbook.linear_fit import least_squares
from nnbook.models import Standardize
from nnbook.samples import Samples, Split

N_RUNS = 5
#: In so many of all pairs, one from each group, the first must bend less: more than seeds differ.
CLEARLY = 0.8
SHAPE = "each network takes a column of readings and returns a column of degrees"
SCALE_INSIDE = (
    "The networks do not follow the readings as they are. If they were trained on scaled ones, put "
    "the scaling inside: `nn.Sequential(Standardize.of(split.train), network)`."
)
Runs = list[tuple[nn.Module, Split]]


def _read_groups(answer: Any) -> tuple[list[nn.Module], list[nn.Module]] | None:
    if not isinstance(answer, Sequence) or len(answer) != 2:
        return None
    groups = []
    for group in answer:
        models = list(group) if isinstance(group, Sequence) else [group]
        if not models or not all(isinstance(model, nn.Module) for model in models):
            return None
        groups.append(models)
    return groups[0], groups[1]


def _bend(model: nn.Module) -> float | None:
    readings = torch.linspace(20, 90, 71).unsqueeze(1)
    outputs = outputs_of(model, readings)
    if outputs is None or not outputs.isfinite().all():
        return None
    return float(least_squares(Samples(readings.double(), outputs)).mse ** 0.5)


def _share_explained(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    """Return which part of the temperatures' variance a model accounts for; below 0 for none."""
    outputs = outputs_of(model, inputs)
    if outputs is None:
        return float("-inf")
    loss = (outputs - targets).square().mean()
    return float(1 - loss / targets.var(correction=0))


def _median(numbers: Sequence[float]) -> float:
    return torch.tensor(numbers, dtype=torch.float64).nanmedian().item()


def _judge_linear(groups: tuple[list[nn.Module], list[nn.Module]]) -> Judgement:
    data = load_thermometer()
    targets = data.targets.double()
    bends = [[_bend(model) for model in group] for group in groups]
    known = [[bend for bend in each if bend is not None] for each in bends]
    if any(None in each for each in bends):
        return [Finding(False, SHAPE)], "Try one of them on `torch.linspace(20, 90, 71)[:, None]`."
    enough = all(len(group) >= N_RUNS for group in groups)

    def follow(inputs: Tensor) -> list[bool]:
        return [
            _median([_share_explained(model, inputs, targets) for model in group]) > 0.5
            for group in groups
        ]

    follows = follow(data.inputs)
    pairs = [one < other for one in known[0] for other in known[1]]
    share = sum(pairs) / len(pairs)
    findings = [
        Finding(enough, f"each group has at least {N_RUNS} networks"),
        Finding(follows[0], "the networks of the first group follow the readings"),
        Finding(follows[1], "those of the second group follow them too"),
        Finding(share >= CLEARLY, "the first group bends less, by more than the seeds differ"),
    ]
    scaled = any(
        all(follow(inputs)) for inputs in (0.1 * data.inputs, Standardize.of(data)(data.inputs))
    )
    return findings, first_hint(
        (all(finding.right for finding in findings), ""),
        (not all(follows) and scaled, SCALE_INSIDE),
        (
            not all(follows),
            "A curve that has gone flat, or is not trained to the end, may well be straight: that "
            "is not what is asked. Each group must first predict the temperatures better than "
            "their mean does.",
        ),
        (
            not enough,
            "One run tells little: train several networks of each kind, each from a seed and a "
            "split of its own.",
        ),
        (
            share <= 1 - CLEARLY,
            "The second group is the straighter one. Whatever you changed, it works the other way.",
        ),
        (
            True,
            "The two groups overlap. Change one thing only, and more of it; it need not be the "
            "number of units.",
        ),
    )


def _read_runs(answer: Any) -> Runs | None:
    if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], Split):
        answer = [answer]
    if not isinstance(answer, Sequence) or not answer:
        return None
    for run in answer:
        if not isinstance(run, Sequence) or len(run) != 2:
            return None
        if not isinstance(run[0], nn.Module) or not isinstance(run[1], Split):
            return None
    return [(run[0], run[1]) for run in answer]


def _losses(model: nn.Module, rows: Samples, line: Any) -> tuple[float, float] | None:
    """Return a model's loss as a multiple of the line's, and the share that it accounts for."""
    outputs = outputs_of(model, rows.inputs)
    if outputs is None:
        return None
    loss = (outputs - rows.targets).square().mean()
    of_line = (line.predict(rows.inputs) - rows.targets).square().mean()
    return float(loss / of_line), _share_explained(model, rows.inputs, rows.targets.double())


def _judge_overfit(runs: Runs) -> Judgement:
    train, val, explained = [], [], []
    for model, split in runs:
        line = least_squares(split.train)
        on_train, on_val = _losses(model, split.train, line), _losses(model, split.val, line)
        if on_train is None or on_val is None:
            return [Finding(False, SHAPE)], "The splits hold the readings as they are: (n, 1)."
        train.append(on_train[0])
        val.append(on_val[0])
        explained.append(on_train[1])
    held_out = [_readings(split.val) for _, split in runs]
    apart = all(not _readings(split.train) & _readings(split.val) for _, split in runs)
    enough = len(runs) >= N_RUNS
    varied = len(set(held_out)) >= min(N_RUNS, len(runs))
    below, above = _median(train) < 1, _median(val) > 1
    findings = [
        Finding(enough and varied, f"there are at least {N_RUNS} runs, each with its own split"),
        Finding(apart, "no reading both trains and is held out"),
        Finding(below, "the training loss is below the line's, in the median"),
        Finding(above, "the validation loss is above the line's, in the median"),
    ]
    return findings, first_hint(
        (all(finding.right for finding in findings), ""),
        (not apart, "Rows that have trained cannot judge. `split` takes care of that."),
        (_median(explained) < 0, SCALE_INSIDE),
        (
            not below,
            "The networks do not even reach what a straight line does on the rows that train. "
            "Train longer, or faster; is one of the readings standardized?"
            if enough
            else "The training loss of this run is not below the line's: train longer, or faster.",
        ),
        (
            not above,
            "They learn the training rows, and predict the held-out ones no worse than the line: "
            "that is no overfitting. What would let the curve bend more sharply?",
        ),
        (
            not enough,
            "A single split may do that by luck, for two readings are few. Show it over several.",
        ),
        (True, "The splits hold out the same readings. Give each a generator with another seed."),
    )


def _readings(rows: Samples) -> frozenset[tuple[float, float]]:
    both = zip(rows.inputs[:, 0].tolist(), rows.targets[:, 0].tolist(), strict=True)
    return frozenset(both)


EXERCISES = {
    "6.1a": Exercise(
        "a pair of lists of trained networks, the straighter ones first; they take readings as "
        "they are, in a column",
        _read_groups,
        _judge_linear,
    ),
    "6.1b": Exercise(
        "a list of runs, each a pair: the trained network, which takes readings as they are, and "
        "its `Split`",
        _read_runs,
        _judge_overfit,
    ),
}
