"""When to save by the clock: at intervals, and less often where saving takes long."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

SECONDS = 30.0  # between two saves
COST = 1 / 100  # of the time, at most, goes into saves


class Pace:
    """Tell when the next save is due; the first, `SECONDS` from now."""

    def __init__(self) -> None:
        self._saved_at, self._wait = monotonic(), SECONDS

    def is_due(self) -> bool:
        """Tell whether the last save was long enough ago."""
        return monotonic() - self._saved_at >= self._wait

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Time a save, and wait anew once it is there; one that fails changes nothing."""
        start = monotonic()
        yield
        self._saved_at = monotonic()
        self._wait = max(SECONDS, (self._saved_at - start) / COST)
