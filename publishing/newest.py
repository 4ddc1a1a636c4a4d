"""Build and test with the newest versions of everything, and report what fails and what moves.

``python -m publishing.newest``; the session `newest` does it, in a clone, so that nothing changes
here. The report is build/newest.md; it is empty where all is as before.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from publishing.moved import moved, outputs, table
from publishing.release import git

ROOT = Path(__file__).parents[1]
SESSIONS = ("docs", "tests", "lint", "types", "doctest", "scripts", "build")
LONGEST = 60_000  # characters; GitHub takes 65,536
Run = Callable[[Path, str], tuple[bool, str]]


def nox(folder: Path, session: str) -> tuple[bool, str]:
    """Run a session in a folder; return whether it passed, and its last words."""
    command = [sys.executable, "-m", "nox", "-s", *session.split()]
    done = subprocess.run(
        command,
        cwd=folder,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    print(done.stdout)
    return done.returncode == 0, "\n".join(done.stdout.splitlines()[-20:])


def report(root: Path, clone: Path, run: Run, timed: set[str]) -> str:
    """Return what the newest versions change, in Markdown; "" where nothing does."""
    passed, said = run(root, "docs")
    if not passed:
        return f"The site cannot be built with the pinned versions.\n\n```text\n{said}\n```\n"
    passed, said = run(clone, "update -- --torch")
    if not passed:
        return f"No newest versions fit together.\n\n```text\n{said}\n```\n"
    changes = git(clone, "diff", "--unified=0", "--", "constraints.txt").splitlines()
    pins = [line for line in changes if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    if not pins:
        return ""
    failed = []
    for session in SESSIONS:
        passed, said = run(clone, session)
        if not passed:
            failed.append(f"### `nox -s {session}` fails\n\n```text\n{said}\n```")
    found = moved(outputs(root), outputs(clone), timed)
    if not failed and not found:
        return ""
    parts = [*failed]
    if found:
        parts.append(f"### Numbers that moved: {len(found)}\n\n{table(found)}")
    versions = "\n".join(pins)
    parts.append(f"### Versions\n\n```diff\n{versions}\n```")
    return "\n\n".join(parts) + "\n"


def shortened(text: str) -> str:
    """Return a report that an issue can hold."""
    if len(text) <= LONGEST:
        return text
    kept = text[:LONGEST].rpartition("\n")[0]
    return f"{kept}\n\nThe report goes on: `nox -s newest` writes all of it.\n"


def main() -> None:
    """Write the report."""
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    from chapters import timed_pages  # noqa: PLC0415

    clone = ROOT / "build" / "newest"
    shutil.rmtree(clone, ignore_errors=True)
    git(ROOT, "clone", "--quiet", str(ROOT), str(clone))
    timed = {name.removeprefix("auto_examples/") for name in timed_pages(ROOT / "docs")}
    text = report(ROOT, clone, nox, timed)
    target = ROOT / "build" / "newest.md"
    # On GitHub an issue is to hold it.
    target.write_text(shortened(text) if "CI" in os.environ else text, encoding="utf-8")
    print(text or "The newest versions change nothing.")


if __name__ == "__main__":
    main()
