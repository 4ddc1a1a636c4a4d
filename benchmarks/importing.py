"""What `import nnbook` costs."""

import os
import subprocess
import sys

from benchmarks.pairs import Result, in_turn

# What is imported to train with each peer.
PEERS = {
    "skorch": "import skorch",
    "lightning": "import lightning",
    "ignite": "import ignite.engine",
    "keras": "import keras",
}


def import_nnbook() -> Result:
    """Import nnbook after torch, each time in a fresh interpreter."""
    pairs = in_turn(
        lambda: milliseconds("import nnbook", after="import torch"),
        lambda: milliseconds("import torch"),
    )
    return Result(
        "import nnbook, after torch",
        "import torch",
        pairs,
        "ms",
        values=pairs.ours,
        unit="ms added",
        at_most=50,
    )


def import_against(peer: str) -> Result:
    """Import nnbook and a peer, each after torch and in a fresh interpreter."""
    pairs = in_turn(
        lambda: milliseconds("import nnbook", after="import torch"),
        lambda: milliseconds(PEERS[peer], after="import torch", clean=False),
        pairs=3,
        warm_up=False,
    )
    return Result(
        "import nnbook, after torch", PEERS[peer], pairs, "ms", pairs.ratios, unit="x the time"
    )


def milliseconds(statement: str, *, after: str = "", clean: bool = True) -> float:
    """Time a statement in a fresh interpreter; if `clean`, see that it imports no matplotlib.

    The interpreter measures the statement itself, by the processor's time. Runs with and without
    it differ by more than it takes: `import torch` alone varies by 100 ms.
    """
    code = f"""
import sys
from time import process_time
{after}
start = process_time()
{statement}
print(1000 * (process_time() - start))
assert not {clean} or "matplotlib" not in sys.modules, "matplotlib was imported"
"""
    # Modules are kept compiled, as most interpreters do: the first one compiles, to warm up.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    interpreter = [sys.executable, "-c", code]
    answer = subprocess.run(interpreter, env=environment, check=True, stdout=subprocess.PIPE)
    return float(answer.stdout)
