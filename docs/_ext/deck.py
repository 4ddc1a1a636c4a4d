"""Write the glossary and the questions as a deck of cards that Anki imports.

The file is CSV with the header lines that Anki reads. Each card has a name that does not change
when its text does, so that importing a newer file keeps what somebody has learned.
"""

import csv
import html
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import quiz
from questions import last_pages

DECK = "nnbook-anki.csv"
HEADER = (
    "#separator:Comma",
    "#html:true",
    "#notetype:Basic",
    "#deck:nnbook",
    "#columns:guid,Front,Back,Tags",
    "#guid column:1",
    "#tags column:4",
)
# What a card keeps of a page's markup. Links become their words: a card is read away from the book.
KEPT = {
    nodes.literal: "code",
    nodes.emphasis: "em",
    nodes.strong: "strong",
    nodes.bullet_list: "ul",
    nodes.enumerated_list: "ol",
    nodes.list_item: "li",
}
PLAIN = (
    addnodes.pending_xref,
    quiz.tag,
    nodes.inline,
    nodes.reference,
    nodes.paragraph,
    nodes.definition,
    nodes.term,
)
Card = tuple[str, str, str, str]


def to_html(node: nodes.Node) -> str:
    """Return a node in the little HTML of a card; formulas as Anki's MathJax reads them."""
    if isinstance(node, nodes.Text):
        return html.escape(str(node), quote=False)
    if isinstance(node, nodes.math | nodes.math_block):
        ends = r"\(\)" if isinstance(node, nodes.math) else r"\[\]"
        return f"{ends[:2]}{html.escape(node.astext(), quote=False)}{ends[2:]}"
    if isinstance(node, addnodes.index | nodes.target):
        return ""
    assert isinstance(node, nodes.Element)
    inner = "".join(to_html(child) for child in node.children)
    if name := KEPT.get(type(node)):
        return f"<{name}>{inner}</{name}>"
    if isinstance(node, PLAIN):
        return inner
    raise ValueError(f"a card has no place for a {node.tagname}: {node.astext()[:60]!r}")


def of_glossary(doctree: nodes.document) -> Iterator[Card]:
    """Return a card for each entry: its names in front, what it means on the back."""
    for item in doctree.findall(nodes.definition_list_item):
        if not isinstance(item.parent.parent, addnodes.glossary):
            continue
        terms = [child for child in item.children if isinstance(child, nodes.term)]
        (definition,) = (child for child in item.children if isinstance(child, nodes.definition))
        front = ", or ".join(to_html(term) for term in terms)
        back = "<br><br>".join(to_html(child) for child in definition.children)
        yield f"nnbook-term-{nodes.make_id(terms[0].astext())}", front, back, "nnbook glossary"


def of_questions(doctree: nodes.document) -> Iterator[Card]:
    """Return a card for each question: the choices in front, the right one on the back."""
    for group in doctree.findall(quiz.tag):
        if group["tag"] != "fieldset":
            continue
        name = group["attributes"]["data-question"]
        legend, *choices = group.children
        parts = [choice.children for choice in choices]
        offered = "".join(f"<li>{to_html(summary)}</li>" for summary, _ in parts)
        _, _, text = to_html(legend).partition(". ")  # without its number
        front = f'{text}<ol type="A">{offered}</ol>'
        right = [choice["attributes"]["data-right"] == "true" for choice in choices].index(True)
        summary, feedback = parts[right]
        words = "".join(to_html(child) for child in feedback.children[1:])  # without "Right."
        back = f"<strong>{'ABCDE'[right]}.</strong> {to_html(summary)}<br><br>{words}"
        chapter = name.partition("_")[0]
        yield f"nnbook-question-{name}", front, back, f"nnbook question chapter-{chapter}"


def cards(env: BuildEnvironment) -> list[Card]:
    """Return all cards: those of the glossary, then those of the questions, chapter by chapter."""
    found: list[Card] = []
    if "glossary" in env.found_docs:
        found += of_glossary(env.get_doctree("glossary"))
    for page in last_pages():
        if page in env.found_docs:
            found += of_questions(env.get_doctree(page))
    return found


def text_of(rows: list[Card]) -> str:
    """Return the file's text."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(
        [[" ".join(field.split()) for field in row] for row in rows]
    )
    return "\n".join([*HEADER, stream.getvalue()])


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the file beside the pages."""
    if error is not None or app.builder.name != "html":
        return
    if rows := cards(app.env):
        (Path(app.outdir) / DECK).write_text(text_of(rows), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what is written at the end."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
