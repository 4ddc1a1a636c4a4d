"""Renew constraints.txt: the newest version of everything that any session installs.

``python -m publishing.update``; the session `update` does it. PyTorch keeps its version, by which
the book's numbers are repeatable, unless ``--torch`` is said.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What PyTorch's usual build brings for GPUs follows PyTorch's version, and its CPU build lacks.
FOLLOWING = re.compile(r"nvidia-|cuda-|triton$")


def plain(name: str) -> str:
    """Return a package's name in the one form that compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(pyproject: dict) -> list[str]:
    """Return what the project, its extras and its groups ask for."""
    project = pyproject["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    lists += pyproject["dependency-groups"].values()
    # A group that includes another names it by a table; that group is in the list itself.
    return sorted({each for some in lists for each in some if isinstance(each, str)})


def resolved(wanted: list[str]) -> dict[str, str]:
    """Return the newest versions that fit together, as pip finds them; nothing is installed."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--report", "-", *wanted]
    report = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    found = [each["metadata"] for each in json.loads(report)["install"]]
    return {each["name"]: each["version"].partition("+")[0] for each in found}


def renewed(constraints: str, found: dict[str, str]) -> tuple[str, list[str]]:
    """Return constraints with the versions that were found, and what changed, a line for each.

    Pins of packages that were not found stay: they serve other systems.
    """
    comments = [line for line in constraints.splitlines() if "==" not in line]
    pins = dict(line.split("==") for line in constraints.splitlines() if "==" in line)
    old = {plain(name): version for name, version in pins.items()}
    new = {plain(name): (name, version) for name, version in pins.items()}
    for name, version in found.items():
        if not FOLLOWING.match(plain(name)):
            new[plain(name)] = (new.get(plain(name), (name,))[0], version)
    changes = [
        f"{name}: {old.get(key, 'new')} -> {version}"
        for key, (name, version) in sorted(new.items())
        if old.get(key) != version
    ]
    lines = [f"{name}=={version}" for name, version in (new[key] for key in sorted(new))]
    return "\n".join([*comments, *lines, ""]), changes


def main(words: list[str]) -> None:
    """Renew this repository's constraints, and say what changed."""
    path = ROOT / "constraints.txt"
    before = path.read_text(encoding="utf-8")
    wanted = requirements(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    if "--torch" not in words:
        wanted += [line for line in before.splitlines() if line.startswith("torch==")]
    after, changes = renewed(before, resolved(wanted))
    path.write_text(after, encoding="utf-8")
    print("\n".join(changes) or "Everything is the newest already.")


if __name__ == "__main__":
    main(sys.argv[1:])
