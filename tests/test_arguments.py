"""What the checks of arguments refuse, in which words, and what they let through."""

import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nnbook import _arguments as arguments

pytestmark = pytest.mark.unchecked

RISING = "be two rising numbers"
LAZY = nn.UninitializedParameter()


class Unspeakable:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (10**5000, "one of type int that cannot be written"),
        (Unspeakable(), "one of type Unspeakable that cannot be written"),
        (LAZY, "a parameter without a shape"),
        (torch.ones(2, device="meta"), "a float32 tensor of shape (2,)"),
        ("x" * 100, f"'{'x' * 56}..."),
    ],
    ids=["long", "unspeakable", "lazy", "meta", "text"],
)
def test_every_value_is_described(value, words):
    assert arguments.describe(value) == words


@pytest.mark.parametrize("value", [3, np.int64(3), torch.tensor(3)], ids=["int", "numpy", "torch"])
def test_whole_numbers_of_any_kind_are_taken(value):
    assert arguments.positive_int("n", value, most=3) == 3


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (4, ValueError, "`n` must be at most 3, got 4."),
        (LAZY, TypeError, "`n` must be a positive whole number, got a parameter without"),
        (10**5000, ValueError, "`n` must be at most 3, got one of type int that"),
        (torch.ones(2, dtype=torch.int64), TypeError, "`n` must be a positive whole number"),
    ],
    ids=["large", "lazy", "huge", "several"],
)
def test_what_is_no_count_is_refused(value, error, message, refused):
    with refused(error, message):
        arguments.positive_int("n", value, most=3)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), Fraction(4, 2), torch.tensor(2.0)])
def test_numbers_of_any_kind_are_taken(value):
    found = arguments.number("x", value)
    assert (found, type(found)) == (2.0, float)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((value, TypeError) for value in (True, "2", None, 1j, torch.ones(2), LAZY)),
        *((value, ValueError) for value in (math.nan, -math.inf, 10**400)),
    ],
    ids=str,
)
def test_what_is_no_number_is_refused(value, error, refused):
    with refused(error, "`x` must be a finite number, got"):
        arguments.number("x", value)


def test_a_number_may_be_without_bounds_where_that_is_meant():
    assert arguments.number("x", math.inf, finite=False) == math.inf


@pytest.mark.parametrize("value", [(0, 1), [0.0, np.float64(1)]])
def test_two_rising_numbers_are_ends(value):
    assert arguments.ends("between", value) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((value, TypeError) for value in (1, (1,), (0, 1, 2), "01", (0, "1"), None)),
        *((value, ValueError) for value in ((1, 0), (1, 1), (0, math.inf), (0, 1e300))),
    ],
    ids=str,
)
def test_what_are_no_ends_is_refused(value, error, refused):
    with refused(error, "`between` must be two rising numbers, got"):
        arguments.ends("between", value)


@pytest.mark.parametrize("value", [(1, 2), [1, 2], range(1, 3), np.array([1, 2]), {1: 0, 2: 0}])
def test_what_can_be_gone_through_is_listed(value):
    assert arguments.listed("rows", value, "hold numbers", most=2) == [1, 2]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((value, TypeError) for value in (1, "12", b"12", int, np.array(3), torch.tensor(2))),
        *((value, ValueError) for value in (itertools.count(), itertools.repeat(1), range(3))),
    ],
    ids=repr,
)
def test_what_is_no_list_or_never_ends_is_refused(value, error, refused):
    with refused(error, "`rows` must hold numbers, got"):
        arguments.listed("rows", value, "hold numbers", most=2)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((value, TypeError) for value in (1, b"file", None)),
        *((value, ValueError) for value in ("\0", "\ud800")),
    ],
    ids=repr,
)
def test_what_can_be_no_path_is_refused(value, error, refused):
    with refused(error, "`path` must be a path, got"):
        arguments.path_of("path", value)


def test_paths_are_taken():
    assert arguments.path_of("path", "a/b") == arguments.path_of("path", Path("a/b")) == Path("a/b")


def test_a_tensor_of_several_is_no_flag(refused):
    assert arguments.flag("progress", 1) is True
    with refused(TypeError, "`progress` must be True or False, got a float32 tensor of"):
        arguments.flag("progress", torch.ones(2))


def test_a_function_that_does_not_fit_is_named_with_its_error(refused):
    with refused(ValueError, "`f` must take a text, got an error: … must be"):
        arguments.answer("f", "take a text", int, [])
    with pytest.raises(ValueError, match="must") as caught:
        arguments.answer("f", "take a text", int, [])
    assert isinstance(caught.value.__cause__, TypeError)


def test_an_error_of_the_callers_own_kind_passes_through():
    class TheirError(Exception):
        pass

    def fail():
        raise TheirError

    with pytest.raises(TheirError):
        arguments.answer("f", "take nothing", fail)
