"""Say at the end of each page with what, when and from which commit it was built."""

import datetime
import functools
import html
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]


@functools.cache
def commit() -> str:
    """Return the short name of the commit that is checked out, or "" outside a repository."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ""

    def ask(*words: str) -> str:
        result = subprocess.run(  # noqa: S603  # fixed words
            [git, "-C", str(ROOT), *words], capture_output=True, text=True, check=False
        )
        return result.stdout.strip() if result.returncode == 0 else ""

    name = ask("rev-parse", "--short=10", "HEAD")
    changed = name and ask("status", "--porcelain", "--untracked-files=no")
    return f"{name} with changes" if changed else name


def stamp() -> dict[str, Any]:
    """Return what holds for a page that is built now."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    now = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return {
        "nnbook": importlib.metadata.version("nnbook"),
        "PyTorch": importlib.metadata.version("torch"),
        "Python": platform.python_version(),
        "when": now.isoformat(timespec="minutes"),
        "commit": commit(),
    }


def remember(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a page's facts: those of its run for a script, of now for any other page."""
    docname = app.env.current_document.docname
    record = Path(app.srcdir) / f"{docname}.depends.json"
    facts = None
    if record.exists():
        facts = json.loads(record.read_text(encoding="utf-8")).get("built")
    if facts is None:
        notebook = getattr(app.env, "nb_metadata", {}).get(docname, {}).get("exec_data") or {}
        facts = stamp() | {"seconds": notebook.get("runtime")}
    app.env.metadata[docname]["built"] = facts


def sentence(facts: dict[str, Any]) -> str:
    """Return the facts in words."""
    when = datetime.datetime.fromisoformat(facts["when"])
    origin = f" from commit {facts['commit']}" if facts["commit"] else ""
    # Under SOURCE_DATE_EPOCH two builds are to be equal, and no two runs last equally long.
    timed = facts.get("seconds") is not None and "SOURCE_DATE_EPOCH" not in os.environ
    ran = f" Its code ran for {facts['seconds']:.1f} s." if timed else ""
    versions = [f"{name} {facts[name]}" for name in ("nnbook", "PyTorch", "Python")]
    return (
        f"Built on {when.day} {when:%B %Y} at {when:%H:%M} UTC{origin}, "
        f"with {versions[0]}, {versions[1]} and {versions[2]}.{ran}"
    )


def add_sentence(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Put the sentence below a page's text."""
    facts = app.env.metadata.get(pagename, {}).get("built")
    if facts is not None and "body" in context:
        context["body"] += f'<p class="built">{html.escape(sentence(facts))}</p>\n'


def forget_folder(app: Sphinx, error: Exception | None) -> None:
    """Under SOURCE_DATE_EPOCH, delete the file that depends on the folder of the build.

    From its digest of the settings, with their absolute paths, Sphinx learns what to write anew.
    """
    if "SOURCE_DATE_EPOCH" in os.environ:
        (Path(app.outdir) / ".buildinfo").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the steps."""
    app.connect("doctree-read", remember)
    app.connect("build-finished", forget_folder)
    app.connect("html-page-context", add_sentence)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
