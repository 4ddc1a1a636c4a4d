"""A page that executed nothing fails the build, and the slowest pages are named at its end."""

import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from chapters import CHAPTERS, EXAMPLES, chosen_chapters
from reruns import lacked_data

logger = logging.getLogger(__name__)


def remove_outdated(app: Sphinx) -> None:
    """Delete what the gallery made of scripts that are gone."""
    generated = Path(app.srcdir) / "auto_examples"
    for script in sorted(generated.glob("*/plot_*.py")):
        if not (EXAMPLES / script.relative_to(generated)).exists():
            for path in script.parent.glob(f"{script.stem}.*"):
                path.unlink()
            for path in script.parent.glob(f"images/**/sphx_glr_{script.stem}_*"):
                path.unlink()


def pages_without_data(generated: Path) -> list[Path]:
    """Return the pages that printed a line "no table: ..." in place of their outputs."""
    return [page for page in sorted(generated.glob("*/plot_*.rst")) if lacked_data(page)]


def check_pages(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each page with code that left no output."""
    if app.builder.name == "linkcheck":
        return  # it runs nothing
    assert CHAPTERS, "there are no chapters to check"
    for chapter in chosen_chapters():
        scripts = sorted((EXAMPLES / chapter).glob("plot_*.py"))
        if not scripts:
            logger.warning("chapter %s has no pages", chapter)
        for script in scripts:
            target = Path(app.srcdir) / "auto_examples" / chapter / script.name
            ran = target.with_suffix(".py.md5").exists()
            page = target.with_suffix(".rst")
            if not ran or not _has_output(page):
                logger.warning("page executed nothing: %s/%s", chapter, script.name)
    for docname in sorted(env.found_docs):
        metadata = env.metadata[docname]
        if metadata.get("file_format") == "mystnb" or "kernelspec" in metadata:
            data = env.nb_metadata[docname].get("exec_data")  # type: ignore[attr-defined]
            if data is None or not data["succeeded"]:
                logger.warning("page executed nothing: %s", docname)


def _has_output(page: Path) -> bool:
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return ".. rst-class:: sphx-glr-script-out" in text or ".. image:: /auto_examples" in text


def name_slowest(app: Sphinx, error: Exception | None) -> None:
    """Print the five pages that took longest when they last ran."""
    if error is not None:
        return
    generated = Path(app.srcdir) / "auto_examples"
    costs = {
        path.relative_to(generated): json.loads(path.read_text(encoding="utf-8"))["time"]
        for path in generated.glob("*/plot_*.cost.json")
    }
    for page in pages_without_data(generated):
        name = f"{page.parent.name}/{page.stem}"
        print(f"{name} was built without its data; the page says how to get them")
    print(f"{len(app.nnbook_to_run)} pages of the gallery were run")  # type: ignore[attr-defined]
    print(f"{len(costs)} pages took {sum(costs.values()):.0f} s; the slowest:")
    for path, seconds in sorted(costs.items(), key=lambda item: -item[1])[:5]:
        print(f"{seconds:6.1f} s  {path.parent / path.name.removesuffix('.cost.json')}")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both steps, the first before the gallery starts."""
    app.connect("builder-inited", remove_outdated, priority=100)
    app.connect("env-check-consistency", check_pages)
    app.connect("build-finished", name_slowest)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
