"""The compiled step: the same numbers, kept between processes, done without where it fails."""

import json
import os
import shutil
import subprocess
import sys
import threading

import pytest
import torch
from torch import nn

from nnbook import sweep
from nnbook.sweeps import compiling

# Compiling takes seconds, so that few processes check all of it. They are not the tests' own: what
# PyTorch imports to compile warns of itself, and its folders are set when it is imported.
SCRIPT = """
import json, sys, warnings, torch, nnbook
from torch import nn

torch.set_num_threads(1)
data = nnbook.load_thermometer(dtype=torch.float64)
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
runs = [
    {"hidden": 1, "lr": 1e-3, "seed": 3},
    {"hidden": 4, "lr": 1e-2, "momentum": 0.9, "activation": nn.ReLU, "weight_decay": 0.1},
    {"hidden": 2, "lr": 1e160},
    {"hidden": 3, "lr": 1e-2, "optimizer": "adam"},
]

def measured(runs):
    eager, other = (
        nnbook.sweep(split.train, split.val, runs=runs, epochs=5, compiled=compiled)
        for compiled in (False, True)
    )
    pairs = [(eager.train_loss, other.train_loss), (eager.val_loss, other.val_loss)]
    pairs += zip(eager.parameters, other.parameters, strict=True)
    difference = [((a - b).abs() / a.abs().max()).nan_to_num().max().item() for a, b in pairs]
    return {
        "difference": max(difference),
        "same_gaps": eager.train_loss.isnan().equal(other.train_loss.isnan()),
        "diverged": [eager.diverged.tolist(), other.diverged.tolist()],
        "same_bits": all(torch.equal(a, b) for a, b in pairs),
    }

with warnings.catch_warnings():
    warnings.simplefilter("error", RuntimeWarning)
    found = {"mixed": measured(runs)}
counters = torch._dynamo.utils.counters["inductor"]
found["made"], found["found"] = counters["fxgraph_cache_miss"], counters["fxgraph_cache_hit"]

if "without" in sys.argv:  # with no compiler, other shapes cannot be compiled
    other = torch._inductor.config.patch("cpp.cxx", (None, "none"))
    with other, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        found["without"] = measured([{"hidden": 5, "lr": 1e-2}])
    found["warnings"] = [str(one.message) for one in caught]
    found["files"] = [one.filename for one in caught]
print(json.dumps(found))
"""


def compiled_elsewhere(folder, *arguments):
    """Run the script in a process of its own, which keeps what it compiled in this folder."""
    folders = {"TORCHINDUCTOR_CACHE_DIR": str(folder), "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        timeout=300,
        env={**os.environ, **folders},
    )
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


@pytest.mark.skipif(not any(map(shutil.which, ["g++", "clang++", "cl"])), reason="no compiler")
def test_compiled_runs_equal_eager_ones_and_the_next_process_finds_them_compiled(tmp_path):
    first, second = compiled_elsewhere(tmp_path), compiled_elsewhere(tmp_path, "without")
    for found in (first, second):
        assert found["mixed"]["difference"] < 1e-12
        assert found["mixed"]["diverged"] == [[0, 0, 2, 0]] * 2
        assert found["mixed"]["same_gaps"]
    assert first["made"] >= 2
    assert first["found"] == 0
    assert second["made"] == 0
    assert second["found"] == first["made"]

    # Without a compiler the sweep says so, to who called it, and goes on.
    assert second["without"]["same_bits"]
    assert len(second["warnings"]) == 1
    assert second["warnings"][0].startswith("the sweep goes on without compiling: ")
    assert "No working C++ compiler found" in second["warnings"][0]
    assert "such as g++" in second["warnings"][0]
    assert second["files"] == ["<string>"]


# With a compiler that is played


class Unlike(nn.Tanh):
    """An activation of its own for these tests: no other sweep has compiled a step with it."""


@pytest.fixture
def played(monkeypatch):
    """Give a function that puts another one in the place of each compiled step's first call."""

    def play(at_first):
        def compile_played(step, **_):
            def compiled(*arguments):
                at_first()
                return step(*arguments)

            return compiled

        monkeypatch.setattr(torch, "compile", compile_played)

    return play


class Heard:
    """A standard error that tells when something has been written."""

    def __init__(self):
        self.words, self.written = [], threading.Event()

    def write(self, words):
        self.words.append(words)
        self.written.set()

    def flush(self):
        pass


def test_compiling_that_takes_long_shows_that_it_is_at_work(readings, played, monkeypatch):
    heard, waited = Heard(), []
    monkeypatch.setattr(sys, "stderr", heard)
    monkeypatch.setattr(compiling, "PATIENCE", 0.0)
    played(lambda: waited.append(heard.written.wait(timeout=30)))
    sweep(readings, hidden=[2, 3], activation=Unlike, lr=1e-3, epochs=2, compiled=True)
    assert waited[0] is True
    assert heard.words == ["nnbook: compiling the training step, once for these shapes\n"]


def test_compiling_that_is_quick_is_silent(readings, played, monkeypatch, capsys):
    called = []
    monkeypatch.setattr(compiling, "PATIENCE", 1000.0)
    played(lambda: called.append(1))
    activation = type("Quick", (Unlike,), {})
    sweep(readings, hidden=3, activation=activation, lr=1e-3, epochs=2, compiled=True)
    assert len(called) >= 2
    assert capsys.readouterr() == ("", "")


def test_a_compiler_that_fails_is_done_without(readings, played):
    def fail():
        raise RuntimeError("no compiler today\nat line 3")

    played(fail)
    options = {"hidden": 3, "activation": type("Failing", (Unlike,), {}), "epochs": 3}
    with pytest.warns(RuntimeWarning, match="goes on without compiling: no compiler today") as seen:
        result = sweep(readings, **options, compiled=True)
    assert len(seen) == 1
    assert torch.equal(result.train_loss, sweep(readings, **options).train_loss)


def test_trying_out_the_compiled_step_is_no_epoch(readings, played):
    played(lambda: None)
    options = {"hidden": [3, 5], "activation": type("Tried", (Unlike,), {}), "epochs": 4}
    options["optimizer"] = ["sgd", "adam"]
    result, expected = (sweep(readings, **options, compiled=one) for one in (True, False))
    torch.testing.assert_close(result.train_loss, expected.train_loss)
    torch.testing.assert_close(result.parameters, expected.parameters)
