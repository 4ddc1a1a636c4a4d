"""Ctrl-C, held back until it does no harm."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_held() -> Iterator[threading.Event]:
    """Turn Ctrl-C into an event that is looked at between epochs.

    A second Ctrl-C, more than a second after the first, interrupts at once: an epoch may be long.
    Outside the main thread, and where the program has a handler of its own, nothing is held.
    """
    interrupted = threading.Event()
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return
    first = math.inf

    def hold(signum: int, frame: FrameType | None) -> None:
        nonlocal first
        now = time.monotonic()
        if now - first > 1:
            raise KeyboardInterrupt
        first = min(first, now)
        interrupted.set()

    signal.signal(signal.SIGINT, hold)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
