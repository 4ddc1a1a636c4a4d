"""Run again exactly the pages that depend on a change, on all cores, the longest first.

Beside each page's output lies a record of what it depended on when it was run. Before the gallery
starts, the record is compared with what holds now; where they differ, sphinx-gallery's mark "this
was run" is taken away. The pages without a mark are then run by sphinx-gallery's own function, but
over all chapters at once: by itself it waits at the end of each chapter. Timed pages, and a page
that is the only one, are left to sphinx-gallery, which runs them in this process, one by one.
"""

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import built
import workers
from chapters import chosen_scripts, docname, is_timed
from depends import fingerprint, requirements, uses

FIGURES = Path(__file__).parent / "figures.py"
# What draws the figures of pages in Markdown.
PLOTTED = Path(__file__).parent / "plotted.py"
KERNEL = Path(__file__).parent / "ipython_kernel_config.py"
DISPLAY_NAME = re.compile(r"^kernelspec:\n(?:  display_name:.*\n)?", re.MULTILINE)
SPEED = "side-by-side.json"
LACKED_DATA = "    no table:"
logger = logging.getLogger(__name__)


def record_of(page: Path) -> Path:
    """Return where the record of a page lies, from the path of its script or its text."""
    return page.with_suffix(".depends.json")


def lacked_data(page: Path) -> bool:
    """Tell whether a page printed a line "no table: ..." in place of its outputs."""
    return page.exists() and LACKED_DATA in page.read_text(encoding="utf-8")


def decide(app: Sphinx) -> None:
    """Mark as not run each page that depends on something that has changed since it was run."""
    app.nnbook_to_run = []  # type: ignore[attr-defined]
    if not app.config.sphinx_gallery_conf["plot_gallery"]:
        return
    for script in chosen_scripts():
        target = Path(app.srcdir) / "auto_examples" / script.parent.name / script.name
        mark = Path(f"{target}.md5")
        now = fingerprint(script, FIGURES)
        before = _read(record_of(target)).get("depends", {})
        if mark.exists() and now == before and not lacked_data(target.with_suffix(".rst")):
            continue
        changed = [name for name in {**now, **before} if now.get(name) != before.get(name)]
        reason = ", ".join(changed) if mark.exists() and before else ""
        logger.info("to run: %s/%s %s", script.parent.name, script.stem, reason and f"({reason})")
        mark.unlink(missing_ok=True)
        # Written before the run: what changes during it is then noticed by the next build.
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(record_of(target), {"depends": now})
        app.nnbook_to_run.append(script)  # type: ignore[attr-defined]


def run_together(app: Sphinx) -> None:
    """Run the pages that are to run, except for timed ones, by worker processes."""
    conf = app.config.sphinx_gallery_conf
    scripts = [script for script in app.nnbook_to_run if not is_timed(script)]  # type: ignore[attr-defined]
    if len(scripts) < 2:
        return
    # Only here: a build that runs nothing should start fast.
    from sphinx_gallery.gen_rst import generate_file_rst  # noqa: PLC0415

    generated = Path(app.srcdir) / "auto_examples"
    for chapter in {script.parent.name for script in scripts}:
        (generated / chapter / "images" / "thumb").mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    workers.call_each(
        generate_file_rst,
        [
            (script.name, generated / script.parent.name, script.parent, conf)
            for script in longest_first(scripts, generated)
        ],
    )
    seconds = time.perf_counter() - start
    speed = {"pages": len(scripts), "workers": workers.count(), "seconds": seconds}
    _write(generated / SPEED, speed)


def longest_first(scripts: list[Path], generated: Path) -> list[Path]:
    """Sort scripts by the seconds that they took last time; before that, from the book's end.

    Later chapters tend to take longer, and the last pages to start should be short ones.
    """

    def seconds(script: Path) -> tuple[float, Path]:
        cost = generated / script.parent.name / f"{script.stem}.cost.json"
        return float(_read(cost).get("time", "inf")), script

    return sorted(scripts, key=seconds, reverse=True)


def record(app: Sphinx) -> None:
    """Write down with what the pages were run that have just been run.

    And those that were run by the build before, if another page's error ended it.
    """
    for script in chosen_scripts():
        target = Path(app.srcdir) / "auto_examples" / script.parent.name / script.name
        before = _read(record_of(target))
        if not Path(f"{target}.md5").exists() or "built" in before:
            continue
        depends = before["depends"]
        # A page may have downloaded its data.
        depends |= {k: v for k, v in fingerprint(script).items() if k.startswith("data ")}
        seconds = _read(target.with_suffix(".cost.json")).get("time")
        needs, pins = requirements(script)
        content = {
            "depends": depends,
            "built": built.stamp() | {"seconds": seconds},
            "data": [str(path) for path in sorted(uses(script).data)],
            "needs": needs,
            "pins": pins,
        }
        _write(record_of(target), content)


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


# Pages in Markdown: jupyter-cache runs a page again when its code or its "kernelspec" changes. So
# the digest of what it depends on becomes a part of the latter.


def digest(page: Path) -> str:
    """Return one number for all that a page in Markdown depends on besides its own code."""
    depends = fingerprint(page, PLOTTED) | {"kernel": KERNEL.read_text(encoding="utf-8")}
    return hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:16]


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return the pages to read anew: those that ran, and those in Markdown that should run."""
    ran = [docname(script) for script in app.nnbook_to_run]  # type: ignore[attr-defined]
    digests: dict[str, str] = getattr(env, "nnbook_digests", {})
    moved = [
        name
        for name, before in sorted(digests.items())
        if name not in removed and digest(Path(env.doc2path(name))) != before
    ]
    for name in set(moved) - added - changed:
        logger.info("to run: %s", name)
    return [name for name in ran if name in env.found_docs] + moved


def add_digest(app: Sphinx, name: str, source: list[str]) -> None:
    """Write the digest into the front matter of a page that has code cells."""
    path = Path(app.env.doc2path(name))
    if path.suffix == ".md" and "```{code-cell}" in source[0]:
        number = digest(path)
        line = f"kernelspec:\n  display_name: Python 3 ({number})\n"
        source[0] = DISPLAY_NAME.sub(line, source[0], count=1)
        if not hasattr(app.env, "nnbook_digests"):
            app.env.nnbook_digests = {}
        app.env.nnbook_digests[name] = number


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the steps; sphinx-gallery itself works at priority 500."""
    app.connect("builder-inited", decide, priority=110)
    app.connect("builder-inited", run_together, priority=400)
    app.connect("builder-inited", record, priority=550)
    app.connect("env-get-outdated", outdated)
    app.connect("source-read", add_digest)
    return {"env_version": 1, "parallel_read_safe": False, "parallel_write_safe": True}
