"""Measure nnbook against its peers and print a table: `python -m benchmarks [names]`.

The same goes to build/benchmarks.json, with every pair and the versions; `--keep` puts it into
docs/_data too, from where page 8.5 shows it. A goal that is missed is told, but is no failure:
times are noisy on a machine that does something else too. `nox -s bench` sets what keeps the peers
to one thread and to torch.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from tabulate import tabulate

from benchmarks import checkpoints, graphs, importing, memory, peers, sweeps, training
from benchmarks.pairs import Result

BENCHMARKS: dict[str, Callable[[], Result]] = {
    "fit": training.fit_thermometer,
    "fit-batches": training.fit_mini_batches,
    "batches": training.batch_delivery,
    **{f"graph-{kind}": partial(graphs.graph_against_fit, kind) for kind in graphs.RATES},
    **{f"fit-{peer}": partial(peers.fit_thermometer_against, peer) for peer in peers.PEERS},
    **{f"wine-{peer}": partial(peers.fit_wine_against, peer) for peer in peers.PEERS},
    "sweep": sweeps.sweep_against_hand,
    "sweep-compiled": partial(sweeps.sweep_against_hand, compiled=True),
    "sweep-jax": sweeps.compiled_sweep_against_jax,
    **{f"runs-{n}": partial(sweeps.cost_of, n) for n in sweeps.STEPS},
    f"runs-{sweeps.N_RUNS}-compiled": partial(sweeps.cost_of, sweeps.N_RUNS, compiled=True),
    "checkpoint": checkpoints.saving,
    "gradient-check": checkpoints.gradient_check,
    "import": importing.import_nnbook,
    **{f"import-{peer}": partial(importing.import_against, peer) for peer in importing.PEERS},
    **{f"memory-{peer}": partial(memory.memory_against, peer) for peer in peers.PEERS},
}
ROOT = Path(__file__).parents[1]
JSON_FILE = ROOT / "build" / "benchmarks.json"
KEPT_FILE = ROOT / "docs" / "_data" / "benchmarks.json"
PACKAGES = (
    "torch",
    "nnbook",
    "skorch",
    "lightning",
    "pytorch-ignite",
    "keras",
    "jax",
    "onnxruntime",
)


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all without one")
    parser.add_argument("--keep", action="store_true", help="publish the table: all benchmarks")
    arguments = parser.parse_args()
    names = arguments.names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark is called {name}; there are {', '.join(BENCHMARKS)}")
    if arguments.keep and arguments.names:
        parser.error("--keep publishes the whole table: name no benchmarks")
    torch.set_num_threads(1)
    results = {}
    for name in names:
        print(f"{name}: {summary(BENCHMARKS[name])}", file=sys.stderr, flush=True)
        start = perf_counter()
        results[name] = BENCHMARKS[name]()
        print(f"  took {perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    print(table(results))
    text = json.dumps(record(results), indent=2) + "\n"
    for file in (JSON_FILE, KEPT_FILE) if arguments.keep else (JSON_FILE,):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


def summary(benchmark: Callable[[], Result]) -> str:
    """Return the first line of a benchmark's docstring."""
    function = benchmark.func if isinstance(benchmark, partial) else benchmark
    return (function.__doc__ or "").partition("\n")[0]


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
            "met": {True: "yes", False: "MISSED", None: ""}[result.is_met],
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
            "platform": f"{platform.system()} {platform.machine()}",
            "processor": processor(),
            "cores": os.cpu_count(),
        },
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
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
