"""What an exercise is to its check, and how an answer is looked at without changing it."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nnbook.exercises.verdict import Finding
from nnbook.training._modes import modes_of, modes_restored, set_modes

#: What was found, and the hint that fits.
Judgement = tuple[list[Finding], str]


@dataclass(frozen=True)
class Exercise:
    """Describe what an exercise takes for an answer, and how it is judged.

    Parameters
    ----------
    expects : str
        What the answer must be, in words that follow "must be".
    read : callable
        Takes the answer; returns what `judge` takes, or None if the answer is of another kind.
    judge : callable
        Returns the findings, and a hint that is empty where everything is right.
    """

    expects: str
    read: Callable[[Any], Any | None]
    judge: Callable[[Any], Judgement]


class AnswerRaisedError(Exception):
    """Carry out what a reader's code raised; that is the cause."""


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a reader's code; what it raises becomes the cause of `AnswerRaisedError`."""
    try:
        return function(*arguments)
    except Exception as error:
        raise AnswerRaisedError from error


@contextmanager
def randomness_kept() -> Iterator[None]:
    """Leave the generators of torch, NumPy and Python as they were."""
    numpys, pythons = np.random.get_state(), random.getstate()  # noqa: NPY002  # the global one
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        try:
            yield
        finally:
            np.random.set_state(numpys)  # noqa: NPY002
            random.setstate(pythons)


def outputs_of(model: nn.Module, inputs: Tensor) -> Tensor | None:
    """Return a model's outputs in float64, or None where they have not shape (n, 1).

    The model runs in evaluation mode on copies of its parameters and buffers: nothing in it is
    changed.
    """

    def run() -> Any:
        state = {
            name: tensor.detach().clone()
            for name, tensor in chain(model.named_parameters(), model.named_buffers())
        }
        like = next((each for each in state.values() if each.is_floating_point()), inputs)
        return torch.func.functional_call(model, state, (inputs.to(like.device, like.dtype),))

    with modes_restored(model), torch.no_grad():
        set_modes(modes_of(model), training=False)
        outputs = called(run)
    if not isinstance(outputs, Tensor) or outputs.shape != (len(inputs), 1):
        return None
    return outputs.to("cpu", torch.float64)


def read_number(answer: Any) -> float | None:
    """Return a finite number of any kind as a float; True and False are none."""
    if isinstance(answer, bool | np.bool | str | bytes):
        return None
    try:
        number = float(answer)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
    return number if np.isfinite(number) else None


def read_numbers(answer: Any) -> list[float] | None:
    """Return several numbers as a list, from any sequence, array or tensor of one dimension."""
    if isinstance(answer, Tensor | np.ndarray):
        answer = answer.tolist()
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes):
        return None
    numbers = [read_number(each) for each in answer]
    return [each for each in numbers if each is not None] if None not in numbers else None


def read_pair(answer: Any) -> tuple[float, float] | None:
    """Return two numbers, or None."""
    numbers = read_numbers(answer)
    return (numbers[0], numbers[1]) if numbers is not None and len(numbers) == 2 else None


def near(number: float, reference: float, *, share: float) -> bool:
    """Tell whether a number is as large as another one, but for this share of it."""
    return abs(number - reference) <= share * abs(reference)


def first_hint(*cases: tuple[bool, str]) -> str:
    """Return the hint of the first case that is true; the last one stands for all others."""
    return next(hint for holds, hint in cases if holds)
