"""Checks of arguments, and the one form that every refusal takes."""

import operator

from torch import Tensor


def refusal(name: str, rule: str, got: str, mend: str = "") -> str:
    """Say in one sentence what was wrong with an argument, and in a second how to mend it."""
    sentence = f"`{name}` must {rule}, got {got}."
    return f"{sentence} {mend}" if mend else sentence


def describe(value: object) -> str:
    """Name a value briefly: a tensor by its type and shape, everything else by its repr."""
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        article = "an" if dtype.startswith("int") else "a"
        return f"{article} {dtype} tensor of shape {tuple(value.shape)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def positive_int(name: str, value: object, mend: str = "") -> int:
    """Return `value` as an int, or refuse what is not a positive whole number."""
    refused = refusal(name, "be a positive whole number", describe(value), mend)
    number = whole_number(value, refused)
    if number < 1:
        raise ValueError(refused)
    return number


def whole_number(value: object, refused: str) -> int:
    """Return `value` as an int, or refuse with these words what is none; True is none."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(refused)
    try:
        return operator.index(value)
    except TypeError as error:  # a tensor has __index__, but only one whole number can be used
        raise TypeError(refused) from error
