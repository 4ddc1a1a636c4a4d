"""Checks of the exercises of chapter 2."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from nnbook.exercises.exercise import Exercise, Judgement, called, first_hint, outputs_of
from nnbook.exercises.verdict import Finding

STEP = 0.05
STRETCHES = {
    "up to -1 the curve is 0": (-3.0, -1.0),
    "from -1 to 0 it rises to 1": (-1.0, 0.0),
    "from 0 to 1 it falls back": (0.0, 1.0),
    "from 1 on it is 0 again": (1.0, 3.0),
}
LEFT, RISE, FALL, RIGHT = STRETCHES


def _triangle(x: Tensor) -> Tensor:
    return (1 - x.abs()).clamp(min=0)


def _values(curve: Callable[[Tensor], Any], x: Tensor) -> Tensor | None:
    if isinstance(curve, nn.Module):
        column = outputs_of(curve, x.unsqueeze(1))
        return None if column is None else column.squeeze(1)
    values = called(curve, x.clone())
    if not isinstance(values, Tensor) or values.shape != x.shape:
        return None
    return values.detach().to("cpu", torch.float64)


def _judge_triangle(curve: Callable[[Tensor], Any]) -> Judgement:
    x = torch.arange(-60, 61) * STEP
    y = _values(curve, x)
    if y is None:
        shape = Finding(False, "it returns a value for each input")
        return [
            shape
        ], "Give it `torch.linspace(-2, 2, 9)`: nine numbers must come out, as a tensor."
    target = _triangle(x).double()
    off = (y - target).abs()
    right = {
        text: bool((off[(x >= low - STEP / 2) & (x <= high + STEP / 2)] < 1e-4).all())
        for text, (low, high) in STRETCHES.items()
    }
    height = y[60].item()

    def slope(low: float) -> float:
        return (_at(y, low + 0.6) - _at(y, low + 0.4)) / 0.2

    return [Finding(right[text], text) for text in STRETCHES], first_hint(
        (all(right.values()), ""),
        (not bool(y.isfinite().all()), "Some of its values are no finite numbers."),
        (
            bool((y - height * target).abs().max() < 1e-4),
            "The form is right, the height is not. What does the curve gain from -1 to 0?",
        ),
        (
            bool(off.max() < 0.25),
            "Nearly a triangle, but its corners are round. Which unit has a sharp kink?",
        ),
        (
            not right[LEFT],
            "Far to the left your curve is not 0. A unit adds nothing left of its kink if its "
            "input weight is positive; is there one that is on there?",
        ),
        (
            not right[RISE],
            "Left of -1 it is right. There the slope changes for the first time: by how much must "
            "it, and where is the kink of your first unit?",
        ),
        (
            abs(slope(0) - slope(-1)) < 1e-3,
            "Behind 0 your curve goes on as before it. A unit that starts there has to turn it.",
        ),
        (
            abs(slope(0)) < 1e-3,
            "Behind 0 your curve stays level. The slope has to change by more than what it was: "
            "first to nothing, and then as much again.",
        ),
        (
            not right[FALL],
            "Up to 0 it is right. By how much must the slope change there?",
        ),
        (
            True,
            "Up to 1 it is right, and then it goes on falling. What stops it?",
        ),
    )


def _at(y: Tensor, x: float) -> float:
    return y[round(x / STEP) + 60].item()


EXERCISES = {
    "2.5a": Exercise(
        "a function, or a module, that takes a tensor and returns one of the same shape",
        lambda answer: answer if callable(answer) and not isinstance(answer, type) else None,
        _judge_triangle,
    ),
}
