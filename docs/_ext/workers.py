"""What is done by worker processes, as many as there are cores or NNBOOK_WORKERS says."""

import os
from collections.abc import Callable, Iterable
from typing import Any


def count() -> int:
    """Return how many there are."""
    return int(os.environ.get("NNBOOK_WORKERS", os.cpu_count() or 1))


def call_each(function: Callable[..., object], arguments: Iterable[tuple[Any, ...]]) -> None:
    """Call a function with each of these arguments, side by side, in this order.

    The workers have ended when this returns: what comes next may be a timed page.
    """
    # Only here: a build that makes nothing should start fast.
    from joblib import Parallel, delayed  # noqa: PLC0415
    from joblib.externals.loky import get_reusable_executor  # noqa: PLC0415

    Parallel(n_jobs=count(), backend="loky", batch_size=1, pre_dispatch="n_jobs")(
        delayed(function)(*each) for each in arguments
    )
    if count() > 1:
        get_reusable_executor().shutdown(wait=True)
