"""The public door of the package, and what the project file promises of it."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import jaxtyping
import pytest
import torch

import nnbook

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


FRESH = """
import json, sys
import nnbook
names = [name for name in vars(nnbook) if not name.startswith("_")]
before = "matplotlib" in sys.modules
import nnbook.plots
print(json.dumps({"names": names, "before": before, "after": "matplotlib" in sys.modules}))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Tell what a fresh interpreter, in an empty folder, finds in nnbook."""
    command = [sys.executable, "-c", FRESH]
    folder = tmp_path_factory.mktemp("empty")
    done = subprocess.run(command, capture_output=True, check=True, cwd=folder, timeout=120)
    return json.loads(done.stdout)


# Names


def test_at_most_30_names_are_public_and_in_order():
    assert 15 < len(nnbook.__all__) <= 30
    assert len(set(nnbook.__all__)) == len(nnbook.__all__)
    assert nnbook.__all__ == sorted(nnbook.__all__)


def test_each_public_name_leads_somewhere_within_the_package():
    assert len(nnbook.__all__) > 0
    for name in nnbook.__all__:
        thing = getattr(nnbook, name)
        if hasattr(thing, "__module__"):
            assert thing.__module__.startswith("nnbook."), name
            assert thing.__doc__, name


def test_the_door_holds_nothing_else(fresh):
    # Submodules become attributes when they are imported; `version` reads `__version__`.
    folder = Path(nnbook.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix in {".py", ""}}
    found = set(fresh["names"])
    assert set(nnbook.__all__) <= found
    assert found - set(nnbook.__all__) - modules == {"version"}


@pytest.mark.parametrize(
    "package", ["nnbook.datasets", "nnbook.exercises", "nnbook.plots", "nnbook.training"]
)
def test_each_inner_door_names_what_it_has(package):
    module = importlib.import_module(package)
    assert len(module.__all__) > 0
    assert module.__all__ == sorted(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name)


# Imports


def test_import_does_not_load_matplotlib(fresh):
    assert fresh["before"] is False
    assert fresh["after"] is True


def test_the_package_says_that_it_is_typed():
    assert (Path(nnbook.__file__).parent / "py.typed").is_file()


# What the project file says


def test_the_version_is_that_of_the_project_file():
    assert nnbook.__version__ == version("nnbook") == PROJECT["version"]


def test_the_floors_of_the_dependencies_are_the_pinned_versions():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    floors = dict(requirement.split(">=") for requirement in PROJECT["dependencies"])
    assert len(floors) > 0
    assert floors == {name: pins[name] for name in floors}


def test_each_constraint_pins_one_version():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) > len(PROJECT["dependencies"])
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!]*", line), line


# The tests' own check of types and shapes


def test_shapes_are_checked_at_run_time():
    params = torch.zeros(2, 1)
    with pytest.raises(jaxtyping.TypeCheckError):
        nnbook.line_loss(params, nnbook.load_thermometer())


@pytest.mark.unchecked
def test_shapes_are_not_checked_where_a_test_says_so():
    with pytest.raises(ValueError, match="`params` must have shape"):
        nnbook.line_loss(torch.zeros(2, 1), nnbook.load_thermometer())
