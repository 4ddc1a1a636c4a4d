"""Put the questions on a chapter at the end of its last page, and check their answers.

The questions stand in docs/_questions, not in the page's script: what readers download is not
changed by them, and a page whose questions change is rendered anew without being run. Without
JavaScript each choice is folded, with its feedback inside; docs/_web/static/quiz.js makes a group
of radio buttons of it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

import questions as book
from chapters import chosen_chapters
from depends import fingerprint

TITLE = "Check yourself"
INTRODUCTION = (
    "Five questions on this chapter. Each choice answers at once; your answers are kept on this "
    "device only."
)
logger = logging.getLogger(__name__)


class tag(nodes.General, nodes.Element):  # noqa: N801  # as docutils names nodes
    """An element of HTML that docutils has no node for."""


def element(name: str, *children: nodes.Node, **attributes: str) -> tag:
    """Make an element; `class_` becomes class, and data_key becomes data-key."""
    node = tag("", *children, tag=name)
    node["attributes"] = {
        each.rstrip("_").replace("_", "-"): value for each, value in attributes.items()
    }
    return node


def visit(self: Any, node: tag) -> None:
    """Open the element."""
    self.body.append(self.starttag(node, node["tag"], "", **node["attributes"]))


def depart(self: Any, node: tag) -> None:
    """Close it."""
    self.body.append(f"</{node['tag']}>\n")


class Questions(SphinxTransform):
    """Add the section with the questions to a chapter's last page."""

    default_priority = 5  # before roles are resolved

    def apply(self, **kwargs: Any) -> None:
        """Add the section."""
        chapter = book.last_pages().get(self.env.docname)
        if chapter is None:
            return
        self.env.note_dependency(book.source(chapter))
        page = self.document.next_node(nodes.section)
        section = nodes.section("", nodes.title("", TITLE), ids=["check-yourself"])
        section["names"] = ["check yourself"]
        section += nodes.paragraph("", INTRODUCTION)
        asked = book.questions(chapter)
        for number, each in enumerate(asked, start=1):
            section += self._question(chapter, number, each)
        end = _downloads(page)
        page += section
        page += end

    def _question(self, chapter: str, number: int, each: book.Question) -> nodes.Node:
        name = f"{chapter}-{each.name}"
        legend = element("legend", nodes.Text(f"{number}. "), *self._inline(each.text))
        group = element("fieldset", legend, class_="quiz", data_question=name)
        passage = nodes.inline("", "Read again: ")
        passage += self._passage(each)
        for choice in each.choices:
            right = each.is_right(choice)
            feedback = nodes.paragraph("", "", nodes.strong("", "Right. " if right else "No. "))
            feedback += self._inline(choice.feedback)
            feedback += [nodes.Text(" "), passage.deepcopy(), nodes.Text(".")]
            folded = element("details", data_right=str(right).lower())
            folded += element("summary", *self._inline(choice.text))
            folded += feedback
            group += folded
        return group

    def _passage(self, each: book.Question) -> nodes.Node:
        return addnodes.pending_xref(
            "",
            nodes.inline("", f"page {each.page}, “{each.section.replace('``', '')}”"),
            refdoc=self.env.docname,
            refdomain="std",
            reftype="passage",
            reftarget=f"/{book.page_of(each.page)}#{nodes.make_id(each.section)}",
            refexplicit=True,
            refwarn=True,
        )

    def _inline(self, text: str) -> list[nodes.Node]:
        """Parse a sentence or two of reStructuredText."""
        settings = self.document.settings
        document = new_document(self.env.docname, settings or get_default_settings(Parser))
        Parser().parse(" ".join(text.split()), document)
        (paragraph,) = document.children
        assert isinstance(paragraph, nodes.paragraph), text
        return [child.deepcopy() for child in paragraph.children]


def _downloads(page: nodes.section) -> list[nodes.Node]:
    """Take off what sphinx-gallery writes at the end of a page, and the target before it."""
    for box in page.findall(nodes.container):
        if "sphx-glr-footer" not in box["classes"]:
            continue
        block: nodes.Element = box
        while not isinstance(block.parent, nodes.section):
            block = block.parent
        last = block.parent
        start = last.index(block)
        while start and isinstance(last[start - 1], nodes.target):
            start -= 1
        end = last.children[start:]
        del last[start:]
        return end
    return []


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """Lead to a section of a page."""
    if node["reftype"] != "passage":
        return None
    document, _, anchor = node["reftarget"].lstrip("/").partition("#")
    if document not in env.found_docs:
        return content  # a book with fewer chapters
    known = {
        reference["anchorname"].lstrip("#")
        for reference in env.tocs[document].findall(nodes.reference)
    }
    if anchor not in known:
        logger.warning("no section %s on %s, to which a question leads", anchor, document)
    address = app.builder.get_relative_uri(node["refdoc"], document) + f"#{anchor}"
    return nodes.reference("", "", content, internal=True, refuri=address)


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Compute the answers anew where something that they depend on has changed, and compare."""
    record = Path(app.doctreedir) / "questions.json"
    before = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    chapters = [each for each in chosen_chapters() if book.source(each).exists()]
    now = {each: fingerprint(book.facts_file(each)) for each in chapters}
    texts = {each: book.source(each).read_text(encoding="utf-8") for each in chapters}
    moved = [
        each
        for each in chapters
        if before.get(each, {}).get("depends") != now[each] or before[each]["text"] != texts[each]
    ]
    known = {each: before[each]["facts"] for each in chapters if each not in moved}
    if moved:
        logger.info("computing the answers to the questions on: %s", ", ".join(moved))
        known |= _computed(moved)
    for each in chapters:
        for fault in book.faults(each, known[each]):
            logger.warning("a question on %s: %s", each, fault)
    content = {
        each: {"depends": now[each], "text": texts[each], "facts": known[each]} for each in chapters
    }
    record.write_text(json.dumps(before | content, indent=1), encoding="utf-8")


def _computed(chapters: list[str]) -> dict[str, Any]:
    # In a process of its own: a build that computes nothing need not import torch.
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, book.__file__, *chapters],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the answers to the questions could not be computed:\n{done.stderr}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the node, the transform and the steps."""
    app.add_node(tag, html=(visit, depart))
    app.add_transform(Questions)
    app.add_js_file("quiz.js")
    app.add_css_file("quiz.css")
    app.connect("missing-reference", resolve)
    app.connect("env-check-consistency", check)
    return {"env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}
