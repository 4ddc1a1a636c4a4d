"""Measure nnbook against its peers and print a table: `python -m benchmarks [names]`.

The same goes to build/benchmarks.json, with every pair and the versions. A goal that is missed is
told, but is no failure: times are noisy on a machine that does something else too.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from tabulate import tabulate

import nnbook
from benchmarks import checkpoints, importing, training
from benchmarks.pairs import Result

BENCHMARKS: dict[str, Callable[[], Result]] = {
    "fit": training.fit_thermometer,
    "fit-batches": training.fit_mini_batches,
    "batches": training.batch_delivery,
    "checkpoint": checkpoints.saving,
    "gradient-check": checkpoints.gradient_check,
    "import": importing.import_nnbook,
}
JSON_FILE = Path(__file__).parents[1] / "build" / "benchmarks.json"


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all without one")
    names = parser.parse_args().names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark is called {name}; there are {', '.join(BENCHMARKS)}")
    torch.set_num_threads(1)
    results = {}
    for name in names:
        print(f"{name}: {BENCHMARKS[name].__doc__}", file=sys.stderr, flush=True)
        start = perf_counter()
        results[name] = BENCHMARKS[name]()
        print(f"  took {perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    print(table(results))
    JSON_FILE.parent.mkdir(exist_ok=True)
    JSON_FILE.write_text(json.dumps(record(results), indent=2) + "\n", encoding="utf-8")


def table(results: dict[str, Result]) -> str:
    """Lay the results out as a table, a line for each."""
    rows = [
        {
            "name": name,
            "ours": result.ours,
            "against": result.peer,
            "took": f"{typical(result.pairs.ours, result)} : {typical(result.pairs.peer, result)}",
            "median": f"{result.median:#.4g}",
            "range": f"{min(result.values):#.4g} to {max(result.values):#.4g}",
            "unit": result.unit,
            "goal": result.goal,
            "met": "yes" if result.is_met else "MISSED",
        }
        for name, result in results.items()
    ]
    return tabulate(rows, headers="keys", disable_numparse=True)


def typical(values: tuple[float, ...], result: Result) -> str:
    """Write the median of what was measured, with its unit."""
    return f"{median(values):.4g} {result.pairs_unit}"


def record(results: dict[str, Result]) -> dict[str, object]:
    """Put results, machine and versions into what JSON can hold."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "platform": platform.platform(),
            "processor": processor(),
            "cores": os.cpu_count(),
        },
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "nnbook": nnbook.__version__,
        },
        "threads": torch.get_num_threads(),
        "results": {
            name: {
                "ours": result.ours,
                "peer": result.peer,
                "unit": result.unit,
                "median": result.median,
                "min": min(result.values),
                "max": max(result.values),
                "goal": result.goal,
                "is_met": result.is_met,
                "values": result.values,
                f"ours_{result.pairs_unit}": result.pairs.ours,
                f"peer_{result.pairs_unit}": result.pairs.peer,
            }
            for name, result in results.items()
        },
    }


def processor() -> str:
    """Return the processor's name, which `platform` leaves out on Linux."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
