"""What training takes of memory, in a process of its own that does nothing else."""

import io
import resource
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from benchmarks.pairs import Result, in_turn
from benchmarks.peers import PEERS, with_nnbook
from benchmarks.problems import Problem, thermometer


def memory_against(peer: str) -> Result:
    """Train the 1-13-1 network in a fresh process each, and take the process's peak."""
    name, _ = PEERS[peer]
    problem = thermometer(epochs=100)
    pairs = in_turn(
        partial(mebibytes, "nnbook", problem),
        partial(mebibytes, peer, problem),
        pairs=2,
        warm_up=False,
    )
    return Result(
        "peak memory of fit, above import torch", name, pairs, "MiB", pairs.ratios, "x the memory"
    )


def mebibytes(trainer: str, problem: Problem) -> float:
    """Train in a fresh process; return its peak, in MiB above that with torch alone."""
    rows = io.BytesIO()
    torch.save(asdict(problem), rows)
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", trainer],
        input=rows.getvalue(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(answer.stdout)


def main() -> None:
    """Train as the parent says, and print the peak."""
    problem = Problem(**torch.load(io.BytesIO(sys.stdin.buffer.read())))
    torch.set_num_threads(1)
    train = with_nnbook if sys.argv[1] == "nnbook" else PEERS[sys.argv[1]][1]
    before = peak()
    train(problem)
    print(peak() - before)


def peak() -> float:
    """Return this process's peak so far in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux getrusage also tells of the process that started this one: it is larger.
        lines = status.read_text(encoding="utf-8").splitlines()
        (size,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
        return int(size) / 2**10
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, KiB elsewhere


if __name__ == "__main__":
    main()
