"""Checks of the exercises of chapter 1."""

from itertools import combinations

import torch
from torch import Tensor

from nnbook.datasets import load_thermometer
from nnbook.exercises.exercise import (
    Exercise,
    Judgement,
    first_hint,
    near,
    read_pair,
)
from nnbook.exercises.verdict import Finding
from nnbook.linear_fit import least_squares
from nnbook.samples import Samples

#: How far, in °C, a line may be from the best one: more than Adam leaves it, from any start.
MOVED_BY_TRAINING = 0.5
AT = 50.0  # the reading at which exercise 1.1a compares
COPIED_WRONG, RIGHT_CELSIUS, WRONG_CELSIUS = 3, 28.0, 82.0


def _slip() -> tuple[Samples, Samples]:
    data = load_thermometer(dtype=torch.float64)
    spoilt = data.targets.clone()
    assert spoilt[COPIED_WRONG] == RIGHT_CELSIUS
    spoilt[COPIED_WRONG] = WRONG_CELSIUS
    return data, Samples(data.inputs, spoilt)


def _squared_at(data: Samples) -> float:
    return least_squares(data).predict(torch.tensor([[AT]], dtype=torch.float64)).item()


def _absolute_at(data: Samples) -> float:
    """Return the line of least absolute errors at a reading: one that goes through two points."""
    x, y = data.inputs[:, 0], data.targets[:, 0]
    one, other = torch.tensor(list(combinations(range(len(x)), 2))).T
    apart = x[one] != x[other]
    one, other = one[apart], other[apart]
    slope = (y[other] - y[one]) / (x[other] - x[one])  # (pairs,)
    intercept = y[one] - slope * x[one]
    errors: Tensor = (slope[:, None] * x + intercept[:, None] - y).abs().mean(dim=1)
    best = errors.argmin()
    return (slope[best] * AT + intercept[best]).item()


def _judge_slip(given: tuple[float, float]) -> Judgement:
    data, spoilt = _slip()
    squared = _squared_at(spoilt) - _squared_at(data)
    absolute = _absolute_at(spoilt) - _absolute_at(data)

    def is_near(number: float, reference: float) -> bool:
        return abs(number - reference) <= MOVED_BY_TRAINING

    first, second = given
    right = is_near(first, squared), is_near(second, absolute)
    findings = [
        Finding(right[0], "how far the squared error moves the line"),
        Finding(right[1], "how far the absolute error moves it"),
    ]
    levels = (_squared_at(data), _squared_at(spoilt))
    return findings, first_hint(
        (all(right), ""),
        (
            is_near(second, squared) and is_near(first, absolute),
            "The two are in the other order: the squared error comes first.",
        ),
        (
            is_near(-first, squared) and is_near(-second, absolute),
            "The signs are turned round: take the line with the slip minus the line without it.",
        ),
        (
            any(is_near(first, level) for level in levels),
            "You gave what the line predicts. How far has it moved? Take the difference of two "
            "predictions, with the slip and without it.",
        ),
        (
            is_near(first, squared) and is_near(second, squared),
            "Both numbers belong to the squared error. Did the second fit get `nn.L1Loss()`?",
        ),
        (
            0 < first < squared,
            "The squared error is not yet at its minimum, or the slip is in another place. Compare "
            "with `least_squares`, which needs no training; standardize the readings, and train "
            "longer.",
        ),
        (
            is_near(first, squared),
            "The first number is right. Does the loss of the second fit still fall? Near its "
            "minimum the absolute error needs small steps: train longer, or at a lower rate.",
        ),
        (
            True,
            "Change one temperature, that of 28 °C, and leave the readings as they are. The mean "
            "squared error you can check with `least_squares`.",
        ),
    )


def _judge_other_way(given: tuple[float, float]) -> Judgement:
    data = load_thermometer(dtype=torch.float64)
    fits = least_squares(data), least_squares(Samples(data.targets, data.inputs))
    (offset, slope), (offset_back, slope_back) = (fit.coefficients.tolist() for fit in fits)
    first, second = given

    def is_near(number: float, reference: float) -> bool:
        return near(number, reference, share=0.01)

    right = is_near(first, slope), is_near(second, slope_back)
    findings = [
        Finding(right[0], "the slope from readings to degrees"),
        Finding(right[1], "the slope from degrees to readings"),
    ]
    tenfold = [
        is_near(number * factor, reference)
        for number, reference in ((first, slope), (second, slope_back))
        for factor in (0.1, 10)
    ]
    return findings, first_hint(
        (all(right), ""),
        (
            is_near(first, slope_back) and is_near(second, slope),
            "The two are in the other order: the slope from readings to degrees comes first.",
        ),
        (
            first != 0 and is_near(second, 1 / first),
            "Your second slope is one divided by the first: the same line, read the other way. Fit "
            "anew, with the readings as targets; other errors are then made small.",
        ),
        (
            is_near(second, first),
            "Both numbers are the same. Did the second fit get the samples turned round?",
        ),
        (
            is_near(first, offset) or is_near(second, offset_back),
            "One of them is where the line starts, not how it rises: the intercept is the first of "
            "the coefficients.",
        ),
        (
            any(tenfold),
            "A number is ten times too large or too small: leave the readings unscaled.",
        ),
        (True, "Let `least_squares` fit both, once as the data are and once turned round."),
    )


EXERCISES = {
    "1.1a": Exercise(
        "a pair of numbers: by how many °C the line moves at a reading of 50, with the squared and "
        "with the absolute error",
        read_pair,
        _judge_slip,
    ),
    "1.2a": Exercise(
        "a pair of numbers: the slope from readings to degrees, and the slope from degrees to "
        "readings",
        read_pair,
        _judge_other_way,
    ),
}
