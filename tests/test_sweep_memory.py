"""Memory: what will not fit is refused before it starts."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest
import torch

from nnbook import Samples, sweep
from nnbook.sweeps.memory import free_bytes


@pytest.fixture
def needed(monkeypatch):
    """Give a function that returns the bytes that a sweep says it needs."""

    def needed_by(train, val=None, *, free=0, **options):
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
        with pytest.raises(ValueError, match=f"for the {free:,} bytes of memory") as caught:
            sweep(train, val, **{"epochs": 10, **options})
        return int(re.search(r"that need ([\d,]+) bytes", str(caught.value))[1].replace(",", ""))

    return needed_by


def test_what_will_not_fit_is_refused_with_the_number_of_bytes(readings, refused):
    before = torch.get_rng_state()
    # These weights alone would take 120 TB: nothing of them can have been made.
    with refused(ValueError, "`runs` must leave the sweep small enough for the … bytes of memory"):
        sweep(readings, hidden=10**9, seed=range(10**4), epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_refusal_names_the_runs_and_all_bytes(readings, refused, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1234))
    message = "for the 1,234 bytes of memory that are free, got 6 that need … bytes. A larger"
    with refused(ValueError, message):
        sweep(readings, hidden=[3, 5], seed=range(3), epochs=100)


def test_what_just_fits_is_trained_and_a_byte_less_refused(readings, needed, monkeypatch):
    options = {"hidden": [3, 5], "epochs": 4}
    need = needed(readings, **options)
    assert needed(readings, free=need - 1, **options) == need
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=need))
    assert len(sweep(readings, **options)) == 2


def test_longer_histories_more_runs_and_wider_networks_need_more(readings, needed):
    options = {"hidden": 3, "seed": range(100), "epochs": 1000}
    base = needed(readings, **options)
    assert needed(readings, **{**options, "epochs": 2000}) - base == 100 * 1000 * 4
    assert base - needed(readings, **options, history_every=10) == 100 * 900 * 4
    assert needed(readings, readings, **options) - base == 100 * 1000 * 4
    assert needed(readings, **{**options, "seed": range(200)}) > 1.5 * base
    assert needed(readings, **{**options, "hidden": 300}) > base
    assert needed(readings, **{**options, "optimizer": "adam"}) > base
    assert needed(readings, **{**options, "hidden": (3, 3)}) > base
    double = readings.to(dtype=torch.float64)
    assert needed(double, **options) == 2 * base


def test_the_bytes_are_those_counted_by_hand(readings, needed):
    # A 1-3-1 network has 10 weights: kept at the start, after the step, and once more for the
    # optimizer, twice for Adam. Passing are, for each of 11 rows, four numbers at each of 3 + 1
    # units, and four for each weight. Ten epochs have as many losses.
    options = {"hidden": 3, "epochs": 10}
    kept, passing = 10 * (2 + 1) + 10, 4 * 11 * (3 + 1) + 4 * 10
    assert needed(readings, **options) == 4 * (kept + passing)
    assert needed(readings, **options, seed=[0, 1]) == 4 * 2 * (kept + passing)
    both = needed(readings, **options, optimizer=["sgd", "adam"])  # one after the other
    assert both == 4 * (2 * kept + 10 + passing)
    own_rows = 11 * (1 + 1)  # inputs and targets; and losses of the rows held out
    split = needed(readings, **options, val_rows=[(0, 1)])
    assert split == 4 * (kept + own_rows + 10 + passing)


def test_on_a_gpu_the_free_memory_is_its_own(monkeypatch):
    free = {torch.device("cuda:1"): (17, 80)}
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: free[device])
    assert free_bytes(torch.device("cuda:1")) == 17


def test_splits_of_their_own_need_rows_of_their_own(needed):
    rows = Samples(torch.zeros(1000, 5), torch.zeros(1000, 2))
    shared = needed(rows, lr=[1e-3, 1e-2])
    assert needed(rows, val_rows=[(0,), (1,)]) - shared >= 2 * 1000 * 7 * 4


# What is needed, told by the operating system. A child sweeps a little first, so that all that is
# loaded late is there.
SCRIPT = """
import json, resource, sys, psutil, torch, nnbook
from types import SimpleNamespace

torch.set_num_threads(1)
torch.manual_seed(0)

def rows(n_rows, n_in):
    return nnbook.Samples(torch.randn(n_rows, n_in), torch.randn(n_rows, 1))

CASES = {
    "weights": (10, {"hidden": (500, 500), "seed": range(50)}),
    "splits": (20_000, {"hidden": 2, "val_rows": [(row,) for row in range(200)]}),
}
n_rows, options = CASES[sys.argv[1]]
options = {"lr": 1e-5, "epochs": 2, **options}
nnbook.sweep(rows(10, 3), hidden=(2, 2), lr=1e-5, epochs=2)
nnbook.sweep(rows(10, 3), val_rows=[(0,), (1,)], lr=1e-5, epochs=2)
data = rows(n_rows, 3)
before = psutil.Process().memory_info().rss
real = psutil.virtual_memory
psutil.virtual_memory = lambda: SimpleNamespace(available=0)
try:
    nnbook.sweep(data, **options)
except ValueError as error:
    needed = int(str(error).split("that need ")[1].split(" bytes")[0].replace(",", ""))
psutil.virtual_memory = real
result = nnbook.sweep(data, **options)
if sys.platform == "linux":  # whose getrusage begins with the peak of the process that started it
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM"))
    peak = int(line.split()[1]) * 1024
else:
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps([needed, peak - before]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
@pytest.mark.parametrize("case", ["weights", "splits"])
def test_the_estimate_is_about_what_a_sweep_takes(case, tmp_path):
    command = [sys.executable, "-c", SCRIPT, case]
    done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, timeout=120)
    estimate, taken = json.loads(done.stdout)
    assert taken > 5e7
    assert 0.5 < taken / estimate < 3
