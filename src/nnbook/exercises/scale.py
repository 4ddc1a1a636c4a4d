"""Checks of the exercises of chapter 8."""

from typing import Any

import torch
from torch import Tensor

from nnbook.exercises.exercise import Exercise, Judgement, first_hint
from nnbook.exercises.verdict import Finding
from nnbook.sweeps.result import SweepResult
from nnbook.training.history import History

N_RUNS = 10
#: Epochs to compare: later on a difference in the last digit may have grown.
EARLY = 50
Given = tuple[SweepResult, int, History]


def _read(answer: Any) -> Given | None:
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return None
    result, run, history = answer
    if not isinstance(result, SweepResult) or not isinstance(history, History):
        return None
    if isinstance(run, bool) or not isinstance(run, int) or not 0 <= run < len(result):
        return None
    return result, run, history


def _close(one: Tensor, other: Tensor) -> bool:
    early = min(EARLY, len(one), len(other))
    return early > 0 and torch.allclose(one[:early].double(), other[:early].double(), rtol=1e-3)


def _judge_alone(given: Given) -> Judgement:
    result, run, history = given
    every = result.epochs.tolist() == list(range(1, len(result.epochs) + 1))
    if not every or len(history) == 0 or result.diverged[run]:
        kept = Finding(False, "the losses of each epoch are there, and finite")
        return [kept], "Keep the losses of every epoch, and choose a run that did not diverge."
    together, alone = result.train_loss[run], history.train_loss
    several = len(set(result.settings["seed"])) >= N_RUNS
    long = len(alone) == len(together)
    start = _close(together[:1], alone[:1])
    way = _close(together, alone)
    findings = [
        Finding(several, f"the sweep has runs from at least {N_RUNS} seeds"),
        Finding(long, "both have the same number of epochs"),
        Finding(start, "both start from the same loss"),
        Finding(way, "and go the same way"),
    ]
    others = [i for i in range(len(result)) if _close(result.train_loss[i], alone)]
    return findings, first_hint(
        (all(finding.right for finding in findings), ""),
        (
            not way and bool(others),
            "The history belongs to another run of the sweep. The runs are counted from 0; "
            "`result.settings` tells the seed of each.",
        ),
        (
            start and not way,
            "The starts are equal, the steps are not: the learning rate, the optimizer or the size "
            "of the batches is another one.",
        ),
        (
            not start
            and history.val_loss is not None
            and _close(together[:1], history.val_loss[:1]),
            "What trained the one was held out from the other: the two splits are turned round.",
        ),
        (
            not start,
            "Another start, or other rows. Did you call `torch.manual_seed` with the seed of this "
            "run just before `nnbook.mlp`, with as many hidden units, and did both train on the "
            "same readings, scaled alike?",
        ),
        (not long, "One of the two went on for longer. Give both the same epochs."),
        (True, "They agree. Now let the sweep have more runs, each from a seed of its own."),
    )


EXERCISES = {
    "8.1a": Exercise(
        "a tuple of three: the `SweepResult`, the number of one of its runs, and the `History` of "
        "that run alone",
        _read,
        _judge_alone,
    ),
}
