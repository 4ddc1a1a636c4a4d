"""What the repository states in more than one place agrees."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def jobs(workflow):
    return yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()


def commands(workflow):
    return [step["run"] for job in jobs(workflow) for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_sessions_of_nox_that_exist(workflow):
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = set(re.findall(r"^@nox\.session\b.*\ndef (\w+)", text, re.MULTILINE))
    started = [
        each
        for command in commands(workflow)
        if command.startswith("python -m nox -s ")
        for each in command.split()[4:]
    ]
    chosen = [each for job in jobs(workflow) for each in matrix(job).get("session", [])]
    assert started
    assert {each for each in started if each != '"$SESSION"'} | set(chosen) <= sessions


def matrix(job):
    return job.get("strategy", {}).get("matrix", {})


# Reading out the report, and opening the issue, make no sense on anyone's own machine.
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_does_nothing_that_nox_does_not(workflow):
    others = [
        command
        for command in commands(workflow)
        if not command.startswith(("python -m nox -s ", "python -m pip install nox"))
    ]
    assert len(others) == (2 if workflow.stem == "newest" else 0), others


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_each_action_by_commit_and_version(workflow):
    used = re.findall(r"uses: (.*)", workflow.read_text(encoding="utf-8"))
    for each in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_the_tests_run_on_the_oldest_and_the_newest_python_that_is_stated():
    stated = [
        each.rpartition(" ")[2]
        for each in PROJECT["classifiers"]
        if re.match(r"Programming Language :: Python :: 3\.", each)
    ]
    assert stated == [f"3.{11 + number}" for number in range(len(stated))]
    assert PROJECT["requires-python"] == f">={stated[0]}"
    ci = next(path for path in WORKFLOWS if path.stem == "ci")
    tested = [each for job in jobs(ci) for each in matrix(job).get("python", [])]
    assert tested == [stated[0], stated[-1]]


def test_the_version_stands_in_one_place():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["title"].startswith(PROJECT["name"])
    assert not {"version", "date-released"} & citation.keys()
    for name in ("src/nnbook/__init__.py", "docs/conf.py", "noxfile.py"):
        assert PROJECT["version"] not in (ROOT / name).read_text(encoding="utf-8"), name


def test_the_way_to_contribute_is_at_most_80_lines():
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 80
