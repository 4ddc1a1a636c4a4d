"""Say below a page's title how long it takes to read, and which pages it builds on.

The minutes stand in the script's first paragraphs ("About eight minutes"). The pages that it builds
on are the earlier pages of the book to which its text links; without such a link, the page before.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from chapters import EXAMPLES, docname, docstring

WORDS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
MINUTES = re.compile(r"\b[Aa]bout\s+([\w-]+)\s+minutes?\b")


def pages() -> dict[str, Path]:
    """Return the book's pages in order: the names of their documents, and their scripts."""
    return {docname(script): script for script in sorted(EXAMPLES.glob("*/plot_*.py"))}


def minutes(script: Path) -> int | None:
    """Return how many minutes a script's docstring names."""
    named = MINUTES.search(docstring(script))
    if named is None:
        return None
    word = named[1].lower()
    if word.isdecimal():
        return int(word)
    return WORDS.index(word) + 1 if word in WORDS else None


def number(script: Path) -> str:
    """Return the number with which a page's title starts, such as 1.2, or its name."""
    found = re.match(r"\s*(\d+\.\d+) ", docstring(script))
    return found[1] if found else script.stem


class BelowTitle(SphinxTransform):
    """Put the line below the title of each page of the book."""

    default_priority = 220

    def apply(self, **kwargs: Any) -> None:
        """Add the line."""
        book = pages()
        name = self.env.docname
        title = self.document.next_node(nodes.title)
        if name not in book or title is None:
            return
        line = nodes.paragraph(classes=["reading"])
        time = minutes(book[name])
        if time is not None:
            line += nodes.Text(f"{time} minute{'s' if time > 1 else ''} to read. ")
        before = self._builds_on(list(book)[: list(book).index(name)])
        if not before:
            line += nodes.Text("Needs no other page first.")
        else:
            line += nodes.Text("Builds on ")
            for place, target in enumerate(before):
                if place:
                    line += nodes.Text(" and " if place == len(before) - 1 else ", ")
                line += self._link(target, number(book[target]))
            line += nodes.Text(".")
        title.parent.insert(title.parent.index(title) + 1, line)

    def _builds_on(self, earlier: list[str]) -> list[str]:
        linked = {
            node["reftarget"].removeprefix("/")
            for node in self.document.findall(addnodes.pending_xref)
            if node["reftype"] == "doc"
        }
        return [name for name in earlier if name in linked] or earlier[-1:]

    def _link(self, target: str, text: str) -> addnodes.pending_xref:
        link = addnodes.pending_xref(
            "",
            refdoc=self.env.docname,
            refdomain="std",
            reftype="doc",
            reftarget=f"/{target}",
            refexplicit=True,
            refwarn=True,
        )
        link += nodes.inline("", text)
        return link


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(BelowTitle)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
