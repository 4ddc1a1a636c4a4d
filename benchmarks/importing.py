"""What `import nnbook` costs."""

import os
import subprocess
import sys

from benchmarks.pairs import Result, in_turn, timed


def import_nnbook() -> Result:
    """Import nnbook after torch, each time in a fresh interpreter."""
    ours = "import sys, torch, nnbook; assert 'matplotlib' not in sys.modules"
    pairs = in_turn(timed(lambda: interpret(ours)), timed(lambda: interpret("import torch")))
    return Result(
        "import torch, nnbook",
        "import torch",
        pairs,
        "s",
        tuple(1000 * difference for difference in pairs.differences),
        "ms more",
        at_most=50,
    )


def interpret(code: str) -> None:
    """Run code in a fresh interpreter that keeps the modules it has compiled, as most do."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
