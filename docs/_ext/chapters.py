"""Which chapters and pages there are, which of them this build runs, and which are timed."""

import ast
import os
import re
from functools import cache
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
CHAPTERS = sorted(folder.name for folder in EXAMPLES.glob("[0-9]_*"))
# A page that measures time says so itself: a script by sphinx-gallery's setting, which makes it
# run alone, and a page in Markdown by a line of its front matter.
TIMED_SCRIPT = re.compile(r"^# sphinx_gallery_parallel = False$", re.MULTILINE)
TIMED_MARKDOWN = re.compile(r"\A---\n(?:.*\n)*?timed: true\n(?:.*\n)*?---\n")


def chosen_chapters() -> list[str]:
    """Return the chapters named in NNBOOK_CHAPTERS ("learning overfitting", or "none"), or all."""
    wanted = os.environ.get("NNBOOK_CHAPTERS", "").split()
    if wanted == ["none"]:
        return []
    by_name = {chapter.split("_", 1)[1]: chapter for chapter in CHAPTERS}
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise ValueError(f"chapters are {', '.join(by_name)}; got {unknown[0]!r}.")
    return [by_name[name] for name in wanted] or CHAPTERS


def chosen_scripts() -> list[Path]:
    """Return the scripts of the chosen chapters, in the book's order."""
    return [
        script
        for chapter in sorted(chosen_chapters())
        for script in sorted((EXAMPLES / chapter).glob("plot_*.py"))
    ]


def docname(script: Path) -> str:
    """Return the name of a script's page."""
    return f"auto_examples/{script.parent.name}/{script.stem}"


@cache
def docstring(script: Path) -> str:
    """Return a script's docstring: the title of its page and the first paragraphs."""
    return ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""


def is_timed(script: Path) -> bool:
    """Tell whether a script measures time, and so runs while nothing else does."""
    return TIMED_SCRIPT.search(script.read_text(encoding="utf-8")) is not None


def timed_pages(docs: Path) -> list[str]:
    """Return the names of all pages whose subject is a measured time: two builds differ there."""
    scripts = [script for script in sorted(EXAMPLES.glob("*/plot_*.py")) if is_timed(script)]
    return [docname(script) for script in scripts] + [
        page.relative_to(docs).with_suffix("").as_posix()
        for page in sorted(docs.glob("*.md"))
        if TIMED_MARKDOWN.match(page.read_text(encoding="utf-8"))
    ]
