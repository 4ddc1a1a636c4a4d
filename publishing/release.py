"""Make a release: check that all is green, date the changelog, set the version, commit, tag.

``python -m publishing.release 0.2.0``; the session `release` does it. Nothing leaves this machine:
publishing starts when the tag is pushed.
"""

import datetime
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
NOTHING = "Nothing yet."


class ReleaseError(Exception):
    """A release that cannot be made; nothing was changed."""


def git(root: Path, *words: str) -> str:
    """Run git in a repository; return what it printed."""
    command = [shutil.which("git") or "git", "-C", str(root), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"git {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def numbers(version: str) -> tuple[int, ...]:
    """Return the three numbers of a version X.Y.Z."""
    if not VERSION.fullmatch(version):
        raise ReleaseError(f"the version must be X.Y.Z, got {version!r}. Write 0.2.0, for example.")
    return tuple(map(int, version.split(".")))


def released(root: Path) -> list[str]:
    """Return the versions that have a tag, the oldest first."""
    tags = [tag.removeprefix("v") for tag in git(root, "tag", "--list", "v*").split()]
    return sorted((tag for tag in tags if VERSION.fullmatch(tag)), key=numbers)


def dated(changelog: str, version: str, day: datetime.date) -> str:
    """Return a changelog whose unreleased section stands under a version and its day."""
    section = UNRELEASED.search(changelog)
    if section is None or section[1].strip() in ("", NOTHING):
        raise ReleaseError('"Unreleased" in CHANGELOG.md must not be empty. Say what is new.')
    moved = f"## Unreleased\n\n{NOTHING}\n\n## {version} ({day.isoformat()})\n{section[1]}"
    return changelog[: section.start()] + moved + changelog[section.end() :]


def versioned(pyproject: str, version: str) -> str:
    """Return a pyproject.toml with another version, the only place where it stands."""
    text, count = re.subn(r'(?m)^version = ".*"$', f'version = "{version}"', pyproject)
    if count != 1 or tomllib.loads(text)["project"]["version"] != version:
        raise ReleaseError('pyproject.toml must have one line `version = "..."`, under [project].')
    return text


def release(root: Path, version: str, checks: Callable[[], None], day: datetime.date) -> str:
    """Make a release of a repository; return its tag.

    `checks` raises where anything is not green. Whatever can be refused is refused before it is
    called, and files change only after it.
    """
    wanted = numbers(version)
    if changed := git(root, "status", "--porcelain"):
        raise ReleaseError(f"the working tree must be clean, got\n{changed}\nCommit it first.")
    before = released(root)
    if version in before:
        raise ReleaseError(f"version {version} must be new, got one with a tag. Raise it.")
    if before and wanted < numbers(before[-1]):
        raise ReleaseError(f"version {version} must be above {before[-1]}, the last one released.")
    names = ("CHANGELOG.md", "pyproject.toml")
    old = {name: (root / name).read_text(encoding="utf-8") for name in names}
    new = {
        "CHANGELOG.md": dated(old["CHANGELOG.md"], version, day),
        "pyproject.toml": versioned(old["pyproject.toml"], version),
    }
    checks()
    start = git(root, "rev-parse", "HEAD")
    try:
        for name, text in new.items():
            (root / name).write_text(text, encoding="utf-8")
        git(root, "commit", "--quiet", "--message", f"release: {version}", "--", *names)
        git(root, "tag", "--annotate", f"v{version}", "--message", f"nnbook {version}")
    except ReleaseError:
        git(root, "reset", "--quiet", "--soft", start)
        for name, text in old.items():
            (root / name).write_text(text, encoding="utf-8")
        git(root, "reset", "--quiet", "--", *names)
        raise
    return f"v{version}"


def sessions() -> list[str]:
    """Return the sessions of nox that .ci/run starts: a release must pass them all."""
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    return [name for line in re.findall(r"-m nox -s (.*)", gate) for name in line.split()]


def run_checks() -> None:
    """Run what a release must pass."""
    print("A release must pass:", *sessions())
    command = [sys.executable, "-m", "nox", "-s", *sessions()]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise ReleaseError("all checks must pass. Mend what is named above; nothing was changed.")


def main(words: list[str]) -> None:
    """Make the release that the command line names."""
    if len(words) != 1:
        sys.exit("nox -s release -- X.Y.Z")
    try:
        tag = release(ROOT, words[0], run_checks, datetime.datetime.now(datetime.UTC).date())
    except ReleaseError as error:
        sys.exit(f"No release was made: {error}")
    print(f"{tag} is made, here alone. This publishes it: git push --atomic origin main {tag}")


if __name__ == "__main__":
    main(sys.argv[1:])
