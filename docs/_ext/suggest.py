"""Lead from the end of each page to the file that it is made from.

Where the address of the repository is known, a link opens the file to be edited; elsewhere the file
is named beside a link to the page on contributing.
"""

import html
import inspect
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.autosummary import import_by_name

BRANCH = "main"  # where changes go, whichever commit the site was built from
INCLUDED = re.compile(r"\A```\{include\} (\S+)\s+```\s*\Z")


def source_of(docname: str, srcdir: Path) -> str:
    """Return the path in the repository of the file that somebody would edit, or ""."""
    gallery, _, page = docname.partition("/")
    if gallery == "auto_examples":  # what the gallery writes is made from the examples
        folder, _, name = page.rpartition("/")
        return f"examples/{folder}/" + ("GALLERY_HEADER.rst" if name == "index" else f"{name}.py")
    if docname.startswith("api/generated/"):
        _, thing, _, module = import_by_name(docname.removeprefix("api/generated/"))
        file = Path((inspect.getmodule(thing) or sys.modules[module]).__file__)
        return f"src/{file.relative_to(file.parents[file.parts[::-1].index('nnbook')])}"
    for path in srcdir.glob(f"{docname}.*"):
        if path.suffix in (".md", ".rst"):
            included = INCLUDED.match(path.read_text(encoding="utf-8"))
            named = (path.parent / included[1]).resolve() if included else path
            return named.relative_to(srcdir.parent).as_posix()
    return ""  # the index of names, and the search page


def sentence(source: str, repository: str, contributing: str) -> str:
    """Return the words that lead to a source."""
    file = f"<code>{html.escape(source)}</code>"
    if repository:
        address = html.escape(f"{repository}/edit/{BRANCH}/{source}")
        how = f'<a rel="edit nofollow" href="{address}">Suggest a change</a> to this page'
        return f"{how}: it is made from {file}."
    how = f'<a href="{contributing}">Suggest a change</a>' if contributing else "Suggest a change"
    return f"{how} to this page: it is made from {file}."


def add_sentence(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Put the sentence below a page's text."""
    source = source_of(pagename, Path(app.srcdir)) if app.builder.name == "html" else ""
    if source:
        known = "contributing" in app.env.found_docs
        contributing = context["pathto"]("contributing") if known else ""
        words = sentence(source, app.config.repository, contributing)
        context["body"] += f'<p class="suggest">{words}</p>\n'


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the setting and the step, which follows what says how a page was built."""
    app.add_config_value("repository", "", "html", types=frozenset({str}))
    app.connect("html-page-context", add_sentence, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
