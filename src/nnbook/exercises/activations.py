"""Checks of the exercises of chapter 3."""

import functools

import torch
from torch import Tensor, nn

from nnbook.datasets import load_thermometer
from nnbook.exercises.exercise import Exercise, Judgement, first_hint, near, read_pair
from nnbook.exercises.verdict import Finding
from nnbook.models import Standardize

N_SEEDS = 200
READERS_SEEDS = 20  # an answer may be the mean over so few


@functools.cache
def _sums() -> tuple[Tensor, Tensor]:
    """Return the units' sums, shape (seeds, readings, units): scaled, and standardized."""
    data = load_thermometer()
    both = (0.1 * data.inputs, Standardize.of(data)(data.inputs))
    found: tuple[list[Tensor], list[Tensor]] = ([], [])
    with torch.random.fork_rng(devices=()), torch.no_grad():
        for seed in range(N_SEEDS):
            torch.manual_seed(seed)
            layer = nn.Linear(1, 13)  # as the first layer of `mlp(1, 13, 1)`
            for sums, inputs in zip(found, both, strict=True):
                sums.append(layer(inputs))
    return torch.stack(found[0]), torch.stack(found[1])


def _judge_off(given: tuple[float, float]) -> Judgement:
    def like(number: float, shares: Tensor) -> bool:
        """Tell whether a number may be the mean share of some seeds; `shares` has one each."""
        spread = shares.std().item() * (1 / READERS_SEEDS + 1 / N_SEEDS) ** 0.5
        return bool(abs(number - shares.mean().item()) <= 3 * spread)

    off = [(sums <= 0).all(dim=1).float().mean(dim=1) for sums in _sums()]
    somewhere = [(sums <= 0).any(dim=1).float().mean(dim=1) for sums in _sums()]
    pairs = [(sums <= 0).float().mean(dim=(1, 2)) for sums in _sums()]
    first, second = given
    right = [like(number, shares) for number, shares in zip(given, off, strict=True)]
    findings = [
        Finding(right[0], "the share with readings times 0.1"),
        Finding(right[1], "the share with standardized readings"),
    ]
    return findings, first_hint(
        (all(right), ""),
        (
            like(first / 100, off[0]),
            "You gave per cent. A share is a number from 0 to 1.",
        ),
        (
            like(first / 13, off[0]),
            "You counted units. Divide by how many there are.",
        ),
        (
            like(first, off[1]) and like(second, off[0]),
            "The two are in the other order: readings times 0.1 come first.",
        ),
        (
            near(first, second, share=0.002),
            "The two are nearly the same. Did both get the same inputs? Only the second ones are "
            "centred.",
        ),
        (
            like(second, somewhere[1]) or like(1 - second, off[1]),
            "With standardized readings most units are off at some and on at others. Count those "
            "that are off at every reading: `all`, not `any`, over the readings; and off, not on.",
        ),
        (
            like(second, pairs[1]),
            "You took the mean over all readings. A unit that is off at one reading and on at "
            "another still learns: ask first of each unit whether it is off at every reading.",
        ),
        (
            right[0] or right[1],
            "One of the two is right. The other: are its inputs those of the exercise, and did you "
            "take the mean over many seeds?",
        ),
        (
            True,
            "A unit is off where its sum, before the ReLU, is not above 0. Take the "
            "mean over many seeds: one start tells little.",
        ),
    )


EXERCISES = {
    "3.3a": Exercise(
        "a pair of numbers from 0 to 1: the share of units that are off at every reading, with "
        "readings times 0.1 and with standardized ones",
        read_pair,
        _judge_off,
    ),
}
