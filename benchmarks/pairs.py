"""Two things measured in turn, pair by pair, and what is made of the pairs.

A shared machine is slow now and fast later. The two halves of a pair meet the same conditions, so
their ratio tells more than two times taken apart; the median of the ratios forgives a bad pair.
"""

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

PAIRS = 9


@dataclass(frozen=True)
class Pairs:
    """Hold what two things took, pair by pair, in seconds."""

    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times as long ours took."""
        return tuple(ours / peer for ours, peer in zip(self.ours, self.peer, strict=True))

    @property
    def speedups(self) -> tuple[float, ...]:
        """How many times as long the peer took."""
        return tuple(peer / ours for ours, peer in zip(self.ours, self.peer, strict=True))

    @property
    def added_milliseconds(self) -> tuple[float, ...]:
        """How much longer ours took."""
        return tuple(
            1000 * (ours - peer) for ours, peer in zip(self.ours, self.peer, strict=True)
        )


@dataclass(frozen=True)
class Result:
    """Hold one line of the table: a value for each pair, and the goal for their median.

    Parameters
    ----------
    what, peer : str
        The two things compared.
    values : tuple of float
        One for each pair.
    unit : str
        What the values count: "times as long", "ms more", ...
    pairs : Pairs
        What was measured.
    at_most, at_least : float, default=None
        The goal; one of the two.
    """

    what: str
    peer: str
    values: tuple[float, ...]
    unit: str
    pairs: Pairs
    at_most: float | None = None
    at_least: float | None = None

    @property
    def median(self) -> float:
        """The value in the middle, to which the goal applies."""
        return median(self.values)

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        too_large = self.at_most is not None and self.median > self.at_most
        too_small = self.at_least is not None and self.median < self.at_least
        return not (too_large or too_small)


def seconds(task: Callable[[], object]) -> float:
    """Measure how long a task takes, without garbage collection."""
    return _timed(task)[0]


def measure_pairs[T](
    ours: Callable[[], T],
    peer: Callable[[], T],
    *,
    pairs: int = PAIRS,
    check: Callable[[T, T], None] | None = None,
) -> Pairs:
    ...
