"""Two things measured in turn, and the line of the table that comes of it.

A shared machine is fast now and slow later. The two halves of a pair meet much the same
conditions, so their ratio tells more than two times taken apart, and the median of the ratios
forgives a bad pair.
"""

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time

PAIRS = 9

Measurement = Callable[[], float]


@dataclass(frozen=True)
class Pairs:
    """Hold what was measured of ours and of the peer, pair by pair, in one unit."""

    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times the peer's value ours is."""
        return tuple(ours / peer for ours, peer in zip(self.ours, self.peer, strict=True))

    @property
    def inverse_ratios(self) -> tuple[float, ...]:
        """How many times our value the peer's is: the speed-up, where times were measured."""
        return tuple(peer / ours for ours, peer in zip(self.ours, self.peer, strict=True))

    @property
    def differences(self) -> tuple[float, ...]:
        """How much more than the peer's value ours is."""
        return tuple(ours - peer for ours, peer in zip(self.ours, self.peer, strict=True))


@dataclass(frozen=True)
class Result:
    """Hold one line of the table.

    Parameters
    ----------
    ours, peer : str
        What was measured, and against what.
    pairs : Pairs
        What came out.
    pairs_unit : str
        Its unit: "s", "MiB", ...
    values : tuple of float
        One value for each pair; the median is held against the goal.
    unit : str
        What the values count: "x the time", "ms more", ...
    at_most, at_least : float, default=None
        The goal, at most one of the two; without one the line is printed and not judged.
    """

    ours: str
    peer: str
    pairs: Pairs
    pairs_unit: str
    values: tuple[float, ...]
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def median(self) -> float:
        """The median of the values."""
        return median(self.values)

    def __post_init__(self) -> None:
        assert self.at_most is None or self.at_least is None, "a line has one goal"

    @property
    def goal(self) -> str:
        """The goal in signs, "<= 1.05", or nothing."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return "" if self.at_least is None else f">= {self.at_least:g}"

    @property
    def is_met(self) -> bool | None:
        """Whether the median meets the goal; None without one."""
        if self.at_most is not None:
            return self.median <= self.at_most
        return None if self.at_least is None else self.median >= self.at_least


def timed(task: Callable[[], object], *, clock: Callable[[], float] = process_time) -> Measurement:
    """Make a measurement of a task: the seconds that it takes without garbage collection.

    The default clock counts what this process computes, not what others do on the same cores. A
    task that waits, or computes on several threads or elsewhere, needs `time.perf_counter`.
    """

    def seconds() -> float:
        gc.disable()
        try:
            start = clock()
            task()
            return clock() - start
        finally:
            gc.enable()

    return seconds


def in_turn(
    ours: Measurement,
    peer: Measurement,
    *,
    pairs: int = PAIRS,
    best_of: int = 1,
    warm_up: bool = True,
) -> Pairs:
    """Measure one after the other, which goes first changing from turn to turn.

    A pair is `best_of` turns, and its two values are the least of each: what the machine can do
    when it is disturbed least. Both are measured once before, to warm up, unless each measurement
    is of a fresh process. A line on the standard error tells of each pair.
    """
    if warm_up:
        ours(), peer()
    gc.collect()
    values: list[tuple[float, float]] = []
    for number in range(1, pairs + 1):
        our_turns, peer_turns = [], []
        for turn in range(best_of):
            order = [(our_turns, ours), (peer_turns, peer)]
            for turns, measure in order if (number + turn) % 2 else reversed(order):
                turns.append(measure())
        values.append((min(our_turns), min(peer_turns)))
        line = "  pair {} of {}: {:.5g} against {:.5g}".format(number, pairs, *values[-1])
        print(line, file=sys.stderr, flush=True)
    our_values, peer_values = zip(*values, strict=True)
    return Pairs(our_values, peer_values)
