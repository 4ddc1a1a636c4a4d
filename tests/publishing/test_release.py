import datetime
import shutil
import tomllib
from pathlib import Path

import pytest

from publishing.release import NOTHING, UNRELEASED, ReleaseError, git, release, sessions

ROOT = Path(__file__).parents[2]
DAY = datetime.date(2026, 3, 4)
CHANGELOG = """# Changelog

## Unreleased

- Something new.

## 0.0.9 (2026-01-01)

- Something old.
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with this one's pyproject.toml, a changelog and a tag."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.org")
    root = tmp_path / "clone"
    root.mkdir()
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "begin")
    git(root, "tag", "--annotate", "v0.0.9", "--message", "nnbook 0.0.9")
    return root


def green():
    """Stand for checks that pass."""


def never():
    pytest.fail("the checks were run")


def state(root):
    files = {path.name: path.read_bytes() for path in root.glob("[!.]*.*")}
    return files, git(root, "rev-parse", "HEAD"), git(root, "tag"), git(root, "status", "--short")


def test_a_release_dates_the_changelog_sets_the_version_and_is_tagged(repository):
    before = git(repository, "rev-parse", "HEAD")
    assert release(repository, "1.2.3", green, DAY) == "v1.2.3"
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert project["version"] == "1.2.3"
    assert (repository / "CHANGELOG.md").read_text() == CHANGELOG.replace(
        "## Unreleased\n", f"## Unreleased\n\n{NOTHING}\n\n## 1.2.3 (2026-03-04)\n"
    )
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "rev-parse", "HEAD^") == before
    assert git(repository, "rev-parse", "v1.2.3^{commit}") == git(repository, "rev-parse", "HEAD")
    assert git(repository, "cat-file", "-t", "v1.2.3") == "tag"  # annotated
    changed = git(repository, "diff", "--name-only", "HEAD^").split()
    assert changed == ["CHANGELOG.md", "pyproject.toml"]


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3rc1", "01.2.3", "", "1.2.3\n"])
def test_a_version_of_another_form_is_refused(repository, version):
    with pytest.raises(ReleaseError, match=r"the version must be X\.Y\.Z, got "):
        release(repository, version, never, DAY)


def test_a_dirty_tree_is_refused_whatever_makes_it_dirty(repository):
    (repository / "stray.txt").touch()
    before = state(repository)
    with pytest.raises(ReleaseError, match=r"must be clean, got\n\?\? stray\.txt"):
        release(repository, "1.2.3", never, DAY)
    assert state(repository) == before


@pytest.mark.parametrize(("version", "rule"), [("0.0.9", "must be new"), ("0.0.8", "above 0.0.9")])
def test_a_version_that_is_not_new_is_refused(repository, version, rule):
    with pytest.raises(ReleaseError, match=rule):
        release(repository, version, never, DAY)


def test_versions_are_compared_as_numbers(repository):
    release(repository, "0.0.12", green, DAY)
    (repository / "CHANGELOG.md").write_text(CHANGELOG)
    git(repository, "commit", "--quiet", "--all", "--message", "more")
    with pytest.raises(ReleaseError, match=r"above 0\.0\.12"):
        release(repository, "0.0.11", never, DAY)


@pytest.mark.parametrize("section", ["## Unreleased\n\n", f"## Unreleased\n\n{NOTHING}\n\n", ""])
def test_a_release_of_nothing_is_refused(repository, section):
    text = CHANGELOG.replace("## Unreleased\n\n- Something new.\n\n", section)
    (repository / "CHANGELOG.md").write_text(text)
    git(repository, "commit", "--quiet", "--all", "--message", "nothing")
    with pytest.raises(ReleaseError, match=r'"Unreleased" in CHANGELOG\.md must not be empty'):
        release(repository, "1.2.3", never, DAY)


def test_where_a_check_fails_nothing_is_changed(repository):
    def red():
        raise ReleaseError("a test fails")

    before = state(repository)
    with pytest.raises(ReleaseError, match="a test fails"):
        release(repository, "1.2.3", red, DAY)
    assert state(repository) == before


@pytest.mark.parametrize("hook", ["pre-commit", "reference-transaction"])
def test_where_git_refuses_the_commit_or_the_tag_nothing_is_changed(repository, hook):
    before = state(repository)
    path = repository / ".git" / "hooks" / hook
    path.parent.mkdir(exist_ok=True)
    told = "cat | grep -q refs/tags && exit 1; exit 0" if hook != "pre-commit" else "exit 1"
    path.write_text(f"#!/bin/sh\n{told}\n")
    path.chmod(0o755)
    with pytest.raises(ReleaseError, match="git "):
        release(repository, "1.2.3", green, DAY)
    path.unlink()
    assert state(repository) == before


def test_the_changelog_has_a_section_for_what_is_not_released():
    assert UNRELEASED.search((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def test_a_release_must_pass_what_the_gate_runs():
    assert {"docs", "tests", "lint", "types", "doctest", "build"} <= set(sessions())
