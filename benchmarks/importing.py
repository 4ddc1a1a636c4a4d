"""What `import nnbook` costs."""

import os
import subprocess
import sys

from benchmarks.pairs import Result, in_turn


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


def milliseconds(statement: str, *, after: str = "") -> float:
    """Time a statement in a fresh interpreter, and see that it does not import matplotlib.

    The interpreter measures the statement itself. Runs with and without it differ by more than it
    takes: `import torch` alone varies by 100 ms.
    """
    code = f"""
import sys
from time import perf_counter
{after}
start = perf_counter()
{statement}
print(1000 * (perf_counter() - start))
assert "matplotlib" not in sys.modules, "matplotlib was imported"
"""
    # Modules are kept compiled, as most interpreters do: the first one compiles, to warm up.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    interpreter = [sys.executable, "-c", code]
    answer = subprocess.run(interpreter, env=environment, check=True, stdout=subprocess.PIPE)
    return float(answer.stdout)
