"""Look up an exercise, and judge an answer to it."""

from typing import Any

from nnbook._arguments import describe, refusal
from nnbook.exercises import (
    activations,
    learning,
    module,
    neurons,
    overfitting,
    scale,
    sequential,
    wine,
)
from nnbook.exercises.exercise import AnswerRaisedError, Exercise, randomness_kept
from nnbook.exercises.verdict import Finding, Verdict

_CHAPTERS = (learning, neurons, activations, module, sequential, overfitting, wine, scale)
_EXERCISES: dict[str, Exercise] = {
    label: exercise for chapter in _CHAPTERS for label, exercise in chapter.EXERCISES.items()
}


def check(label: str, answer: Any) -> Verdict:
    """Look at an answer to an exercise of the book, and say what is right and what is not yet.

    The answer is what the reader made: numbers, a function, a module, models or a history. It is
    left as it was, and so are the random generators. The solution is not given away; it stands on
    the page of exercises.

    Parameters
    ----------
    label : str
        The exercise, as its heading on the page of exercises names it: ``"6.1b"``.
    answer : Any
        What the exercise asks for; `expected` says what that is.

    Returns
    -------
    Verdict
        True if everything is right. It says what is right, what is not yet, and a hint that fits.
        What the answer itself raised is kept in `Verdict.error`.

    Raises
    ------
    ValueError
        If there is no such exercise.
    TypeError
        If the answer is not of the kind that is expected.

    Examples
    --------
    >>> import torch
    >>> from nnbook.exercises import check
    >>> verdict = check("2.5a", lambda x: 1 / 0)
    >>> print(verdict)
    2.5a: not yet
      not yet: your code ended with ZeroDivisionError: division by zero
      hint: Call it yourself with such an argument; `raise verdict.error` shows the line.
    """
    exercise = _exercise(label)
    with randomness_kept():
        given = exercise.read(answer)
        if given is None:
            raise TypeError(refusal("answer", f"be {exercise.expects}", describe(answer)))
        try:
            findings, hint = exercise.judge(given)
        except AnswerRaisedError as error:
            return _raised(label, error.__cause__)
    return Verdict(label, tuple(findings), hint)


def expected(label: str) -> str:
    """Say what `check` takes for an answer to an exercise.

    Parameters
    ----------
    label : str
        The exercise: ``"6.1b"``.

    Returns
    -------
    str
        Words that follow "the answer is".

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> from nnbook.exercises import expected
    >>> expected("2.5a")
    'a function, or a module, that takes a tensor and returns one of the same shape'
    """
    return _exercise(label).expects


def labels() -> tuple[str, ...]:
    """Return the labels of all exercises: each the page that it belongs to, and a letter.

    Returns
    -------
    tuple of str
        In the book's order.

    Examples
    --------
    >>> from nnbook.exercises import labels
    >>> labels()[:3]
    ('1.1a', '1.2a', '2.5a')
    """
    return tuple(_EXERCISES)


def _exercise(label: str) -> Exercise:
    if not isinstance(label, str) or label not in _EXERCISES:
        raise ValueError(refusal("label", f"be one of {', '.join(labels())}", describe(label)))
    return _EXERCISES[label]


def _raised(label: str, error: BaseException | None) -> Verdict:
    assert isinstance(error, Exception)
    words = " ".join(str(error).split())
    text = f"your code ended with {type(error).__name__}: {words}".rstrip(": ")
    hint = "Call it yourself with such an argument; `raise verdict.error` shows the line."
    return Verdict(label, (Finding(False, text),), hint, error)
