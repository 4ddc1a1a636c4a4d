"""The deck of cards: one for each term and question, and nothing in them that Anki cannot show."""

import csv
import sys
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from sphinx import addnodes

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
import deck  # noqa: E402
import quiz  # noqa: E402


def paragraph(text):
    return publish_doctree(text).next_node(nodes.paragraph)


def test_markup_becomes_the_html_of_a_card_and_formulas_those_of_mathjax():
    node = paragraph(r"A *small* ``w < 1`` and **large** :math:`\frac{a}{b} < 1` & more.")
    assert deck.to_html(node) == (
        r"A <em>small</em> <code>w &lt; 1</code> and <strong>large</strong> "
        r"\(\frac{a}{b} &lt; 1\) &amp; more."
    )


def test_a_link_becomes_its_words():
    link = addnodes.pending_xref("", nodes.inline("", "page 2.1"))
    assert deck.to_html(nodes.paragraph("", "", nodes.Text("see "), link)) == "see page 2.1"


def test_what_has_no_place_on_a_card_is_refused():
    with pytest.raises(ValueError, match="a card has no place for a image"):
        deck.to_html(nodes.image(uri="x.svg"))


def test_an_entry_with_two_names_is_one_card():
    entry = nodes.definition_list_item(
        "",
        nodes.term("", "activation function"),
        nodes.term("", "activation"),
        nodes.definition("", nodes.paragraph("", "One.")),
    )
    glossary = addnodes.glossary("", nodes.definition_list("", entry))
    (card,) = deck.of_glossary(glossary)
    assert card == (
        "nnbook-term-activation-function",
        "activation function, or activation",
        "One.",
        "nnbook glossary",
    )


def test_a_question_shows_its_choices_and_keeps_the_right_one_for_the_back():
    def choice(text, *, right):
        return quiz.element(
            "details",
            quiz.element("summary", nodes.Text(text)),
            nodes.paragraph("", "", nodes.strong("", "Right. "), nodes.Text(f"Because of {text}.")),
            data_right=str(right).lower(),
        )

    legend = quiz.element("legend", nodes.Text("3. How many?"))
    group = quiz.element(
        "fieldset",
        legend,
        choice("one", right=False),
        choice("two", right=True),
        data_question="1_learning-count",
    )
    (card,) = deck.of_questions(nodes.section("", group))
    assert card == (
        "nnbook-question-1_learning-count",
        'How many?<ol type="A"><li>one</li><li>two</li></ol>',
        "<strong>B.</strong> two<br><br>Because of two.",
        "nnbook question chapter-1",
    )


def test_the_file_is_csv_below_the_lines_that_anki_reads():
    row = ("name", 'a "quoted", front', "two\n lines", "tag")
    lines = deck.text_of([row]).splitlines(keepends=True)
    assert "".join(lines[:7]) == (
        "#separator:Comma\n#html:true\n#notetype:Basic\n#deck:nnbook\n"
        "#columns:guid,Front,Back,Tags\n#guid column:1\n#tags column:4\n"
    )
    (read,) = csv.reader(lines[7:])
    assert read == ["name", 'a "quoted", front', "two lines", "tag"]
