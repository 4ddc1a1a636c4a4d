"""Checks of the exercises of chapter 7."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nnbook.datasets import load_thermometer, load_wine
from nnbook.exercises.exercise import (
    Exercise,
    Judgement,
    first_hint,
    near,
    read_number,
    read_numbers,
)
from nnbook.exercises.verdict import Finding
from nnbook.training.history import History

#: What exercise 7.3b changes, and by how much that multiplies the number of updates.
TIMES = 8
UPDATES = {"rows": 1, "hidden units": 1, "epochs": TIMES, "batches": TIMES}


def _read_spread(answer: Any) -> dict[str, float] | None:
    if not isinstance(answer, Mapping) or not answer:
        return None
    numbers = {name: read_number(value) for name, value in answer.items()}
    if not all(isinstance(name, str) for name in numbers) or None in numbers.values():
        return None
    return {name: value for name, value in numbers.items() if value is not None}


def _judge_spread(given: dict[str, float]) -> Judgement:
    wine = load_wine()
    x = wine.inputs.double()
    shared = [name for name in wine.input_names if name in given]
    complete = set(given) == set(wine.input_names)
    columns = [wine.input_names.index(name) for name in shared]
    answer = torch.tensor([given[name] for name in shared], dtype=torch.float64)

    def like(measured: Tensor, share: float = 0.01) -> bool:
        wanted = measured[columns].tolist()
        return bool(shared) and all(
            near(one, other, share=share)
            for one, other in zip(answer.tolist(), wanted, strict=True)
        )

    spread = x.std(dim=0)
    right = like(spread)
    findings = [
        Finding(complete, "it has each measurement, by its name"),
        Finding(right, "the numbers are the spreads"),
    ]
    return findings, first_hint(
        (complete and right, ""),
        (
            not complete,
            "The names are those in `load_wine().input_names`: a spread for each, and for nothing "
            "else.",
        ),
        (
            like(torch.ones_like(spread)),
            "All spreads are the same: these measurements have been standardized. Look at them as "
            "they are.",
        ),
        (like(spread**2, 0.02), "These are the squares of the spreads: the variances."),
        (
            like(x.amax(dim=0) - x.amin(dim=0)),
            "You took the largest value minus the smallest. Two wines decide that; let all of them "
            "count.",
        ),
        (like(x.mean(dim=0)), "These are the means. How far do the wines lie around them?"),
        (
            True,
            "Take the standard deviation over the wines, dimension 0 of the inputs, for each "
            "measurement.",
        ),
    )


def _judge_loss(history: History) -> Judgement:
    wine = load_wine()
    shares = torch.bincount(wine.targets) / len(wine)
    only_frequencies = -(shares * shares.log()).sum().item()
    train, val = history.train_loss.double(), history.val_loss
    if len(train) == 0:
        return [Finding(False, "it has epochs")], "Train for some hundred epochs."
    last, lowest = train[-1].item(), train.min().item()
    finite = bool(train.isfinite().all())
    down = finite and last < only_frequencies / 2
    # The rest of a run that has learned is a small share of what it began with.
    stays = finite and last - lowest < only_frequencies / 10
    held_out = val is not None
    val_down = val is not None and val[-1].item() < only_frequencies / 2
    findings = [
        Finding(down, "the training loss goes down"),
        Finding(stays, "it stays down"),
        Finding(held_out, "rows are held out"),
        Finding(val_down, "the loss on the held-out rows goes down too"),
    ]
    late = train[len(train) // 2 :]
    still_falls = finite and (late[0] - late[-1]).item() > 0.02 * only_frequencies
    return findings, first_hint(
        (all(finding.right for finding in findings), ""),
        (
            train[0].item() > 5 * only_frequencies and finite and last > 2 * only_frequencies,
            "Such losses are not those of cross-entropy on three classes, or it diverges. Which "
            "loss did you take, and what sizes have the inputs?",
        ),
        (
            not finite,
            "The loss left the finite numbers: look at the sizes of the inputs, and at the rate.",
        ),
        (
            not held_out and down,
            "It learns its own rows. Hand `fit` some others too, to see what it says of new wines.",
        ),
        (
            not down and still_falls,
            "It is falling still: give it more epochs, or a higher rate.",
        ),
        (
            not down,
            "It is stuck where a model is that only knows how frequent each cultivar is. Compare "
            "the sizes of the measurements: one drowns all others.",
        ),
        (
            not stays,
            "It goes down, and jumps up again. A lower rate takes shorter steps.",
        ),
        (
            True,
            "On the held-out rows it does not. Were they standardized with the mean and deviation "
            "of the training rows?",
        ),
    )


def _judge_seconds(ratios: list[float]) -> Judgement:
    # Time goes with the updates, which are equally many; not with the numbers worked on.
    more_numbers = load_wine().inputs.numel() / load_thermometer().inputs.numel()
    limit = more_numbers**0.5
    several = len(ratios) >= 3
    positive = bool(ratios) and min(ratios) > 0
    median = torch.tensor(ratios or [0.0], dtype=torch.float64).median().item()
    plausible = positive and 2 / 3 <= median <= limit
    steady = positive and _quartile(ratios, 0.75) <= 4 * _quartile(ratios, 0.25)
    findings = [
        Finding(several, "it was measured at least three times"),
        Finding(steady, "the measurements agree with each other"),
        Finding(plausible, "their median is that of equally many updates"),
    ]
    return findings, first_hint(
        (all(finding.right for finding in findings), ""),
        (
            not positive,
            "A ratio of two times is above 0: seconds for the wine, divided by seconds for the "
            "thermometer.",
        ),
        (
            median > limit,
            "So much longer? Give both the same epochs and hidden units, and all rows in one "
            "batch. Leave loading the data out; and measure: counting numbers is no measurement.",
        ),
        (
            median < 2 / 3,
            "Less time for more numbers? Divide the seconds of the wine by those of the "
            "thermometer; and the first training of all has much to prepare: leave it out.",
        ),
        (
            not several,
            "One measurement tells little: the machine does other things too. Repeat it.",
        ),
        (
            True,
            "They differ much. Train on both in turn, each time anew, with more epochs; leave the "
            "first turn out.",
        ),
    )


def _quartile(numbers: list[float], share: float) -> float:
    return torch.tensor(numbers, dtype=torch.float64).quantile(share).item()


def _judge_factors(given: dict[str, float]) -> Judgement:
    halfway = TIMES**0.5  # between no effect and the whole one, on a scale of ratios
    missing = [name for name in UPDATES if name not in given]
    if missing or len(given) != len(UPDATES):
        findings = [Finding(name in given, f"a ratio for {name}") for name in UPDATES]
        names = ", ".join(f'"{name}"' for name in UPDATES)
        return [*findings, Finding(False, "no other names")] if not missing else findings, (
            f"The names are {names}."
        )
    right = {
        name: given[name] > halfway if updates > 1 else 0 < given[name] < halfway
        for name, updates in UPDATES.items()
    }
    return [Finding(right[name], f"the ratio for {name}") for name in UPDATES], first_hint(
        (all(right.values()), ""),
        (
            min(given.values()) <= 0,
            "A ratio of two times is above 0: seconds after the change, divided by those before.",
        ),
        (
            max(given["epochs"], given["batches"]) < 1,
            "More updates in less time? Divide the seconds after the change by those before it.",
        ),
        (
            given["batches"] < halfway < given["epochs"],
            "Epochs are right. For the batches: batches of an eighth of the rows, so that an epoch "
            "has eight updates where it had one. What did you compare?",
        ),
        (
            max(given["epochs"], given["batches"]) < halfway,
            "Do so few updates take much of your time? Then it is spent elsewhere: start the clock "
            "after building the model, and train for more epochs on both sides.",
        ),
        (
            not right["rows"],
            "With eight times the rows: did the number of batches grow too? Change one thing only, "
            "with all rows in one batch.",
        ),
        (
            not right["hidden units"],
            "Eight times the units of a small layer are still few. Start from the book's network, "
            "and measure in turn, several times.",
        ),
        (True, "Change one factor, keep the others, measure in turn, and take the median."),
    )


EXERCISES = {
    "7.1a": Exercise(
        "a dictionary: the spread of each measurement, a standard deviation, by its name",
        _read_spread,
        _judge_spread,
    ),
    "7.2a": Exercise(
        "the `History` of a training run on wine, with rows held out",
        lambda answer: answer if isinstance(answer, History) else None,
        _judge_loss,
    ),
    "7.3a": Exercise(
        "a list of numbers, one for each time that you measured: how many times as long the wine "
        "takes as the thermometer",
        read_numbers,
        _judge_seconds,
    ),
    "7.3b": Exercise(
        'a dictionary with the names "rows", "hidden units", "epochs" and "batches": how many '
        "times as long training takes with eight times as many of them",
        _read_spread,
        _judge_factors,
    ),
}
