"""Checks of arguments, and the one form that every refusal takes."""

import math
import operator
import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from torch import Tensor
from torch.nn.parameter import is_lazy

T = TypeVar("T")


def refusal(name: str, rule: str, got: str, mend: str = "") -> str:
    """Say in one sentence what was wrong with an argument, and in a second how to mend it."""
    sentence = f"`{name}` must {rule}, got {got}."
    return f"{sentence} {mend}" if mend else sentence


def describe(value: object) -> str:
    """Name a value briefly: a tensor by its type and shape, everything else by its repr."""
    if isinstance(value, Tensor):
        if is_lazy(value):
            return "a parameter without a shape"
        dtype = str(value.dtype).removeprefix("torch.")
        article = "an" if dtype.startswith("int") else "a"
        return f"{article} {dtype} tensor of shape {tuple(value.shape)}"
    try:
        text = repr(value)
    except MISFITS:  # Python writes out no whole number of more than 4300 digits, for one
        text = f"one of type {type(value).__name__} that cannot be written"
    return text if len(text) <= 60 else f"{text[:57]}..."


def positive_int(name: str, value: object, mend: str = "", *, most: int | None = None) -> int:
    """Return `value` as an int, or refuse what is not a positive whole number, or above `most`."""
    refused = refusal(name, "be a positive whole number", describe(value), mend)
    number = whole_number(value, refused)
    if number < 1:
        raise ValueError(refused)
    if most is not None and number > most:
        raise ValueError(refusal(name, f"be at most {most:,}", describe(value)))
    return number


def whole_number(value: object, refused: str) -> int:
    """Return `value` as an int, or refuse with these words what is none; True is none."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(refused)
    try:
        return operator.index(value)
    except MISFITS as error:  # a tensor has __index__, but is seldom a number
        raise TypeError(refused) from error


def number(
    name: str,
    value: Any,
    rule: str = "be a finite number",
    is_allowed: Callable[[float], bool] = lambda found: True,
    *,
    finite: bool = True,
) -> float:
    """Return `value` as a float, or refuse what is no number, or not allowed; True is none."""
    refused = refusal(name, rule, describe(value))
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise TypeError(refused)
    try:
        found = float(value)
    except OverflowError as error:
        raise ValueError(refused) from error
    except (TypeError, ValueError, RuntimeError) as error:  # an array, a tensor of several
        raise TypeError(refused) from error
    if (finite and not math.isfinite(found)) or not is_allowed(found):
        raise ValueError(refused)
    return found


def flag(name: str, value: Any) -> bool:
    """Return whether `value` is true, or refuse what is neither true nor false."""
    try:
        return bool(value)
    except MISFITS as error:  # a tensor or an array of several
        raise TypeError(refusal(name, "be True or False", describe(value))) from error


def ends(name: str, value: Any) -> tuple[float, float]:
    """Return the ends of an interval, or refuse what is not two rising numbers."""
    refused = refusal(name, "be two rising numbers", describe(value))
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(refused)
    start, end = (number(name, each, "be two rising numbers") for each in value)
    if not -1e37 < start < end < 1e37:  # within the range of float32
        raise ValueError(refused)
    return start, end


def checked(name: str, value: T, kind: type | UnionType, rule: str, mend: str = "") -> T:
    """Return `value`, or refuse what is not of this type."""
    if not isinstance(value, kind):
        raise TypeError(refusal(name, rule, describe(value), mend))
    return value


def text(name: str, value: Any) -> str:
    """Return `value`, or refuse what is no text."""
    return str(checked(name, value, str, "be a text"))


def listed(name: str, values: Any, rule: str, mend: str = "", *, most: int) -> list[Any]:
    """Return what an iterable gives, or refuse what is none, or gives more than `most`."""
    if isinstance(values, str | bytes | type) or not isinstance(values, Iterable):
        raise TypeError(refusal(name, rule, describe(values), mend))
    try:
        members = iter(values)
    except MISFITS as error:  # an array or a tensor that holds one number
        raise TypeError(refusal(name, rule, describe(values), mend)) from error
    found = list(islice(members, most + 1))
    if len(found) > most:
        raise ValueError(refusal(name, rule, f"more than {most:,} of them", mend))
    return found


def path_of(name: str, value: Any) -> Path:
    """Return a path, or refuse what can be none; whether it is there is not looked at."""
    refused = refusal(name, "be a path", describe(value))
    if not isinstance(value, str | os.PathLike) or isinstance(os.fspath(value), bytes):
        raise TypeError(refused)
    try:
        is_path = b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        is_path = False
    if not is_path:
        raise ValueError(refused)
    return Path(value)


def answer(name: str, rule: str, function: Callable[..., T], *arguments: Any) -> T:
    """Call what the caller passed in, and say which argument it was if it does not fit."""
    try:
        return function(*arguments)
    except MISFITS as error:
        raise ValueError(refusal(name, rule, f"an error: {error}")) from error


# What functions raise that are not made for what they are called with.
MISFITS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
