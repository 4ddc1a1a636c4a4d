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
    rule = "be a positive whole number"
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(refusal(name, rule, describe(value), mend))
    try:
        number = operator.index(value)
    except TypeError as error:  # a tensor has __index__, but only one whole number can be used
        raise TypeError(refusal(name, rule, describe(value), mend)) from error
    if number < 1:
        raise ValueError(refusal(name, rule, describe(value), mend))
    return number
