"""The questions at the end of each chapter: true, complete, and what leads back to the book."""

import re
import sys
from pathlib import Path

import pytest
from docutils import nodes

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
import questions as book  # noqa: E402
from chapters import CHAPTERS, docstring  # noqa: E402

QUESTIONS = [(chapter, each) for chapter in CHAPTERS for each in book.questions(chapter)]
NAMES = [f"{chapter}-{each.name}" for chapter, each in QUESTIONS]


@pytest.fixture(scope="module")
def modules():
    """Give each chapter's module of facts, imported once."""
    return {chapter: book.facts_module(chapter) for chapter in CHAPTERS}


def test_each_chapter_has_five_questions_and_a_last_page_for_them():
    assert len(CHAPTERS) == 8
    for chapter in CHAPTERS:
        assert len(book.questions(chapter)) == 5, chapter
    assert list(book.last_pages().values()) == CHAPTERS


@pytest.mark.unchecked
@pytest.mark.parametrize(("chapter", "question"), QUESTIONS, ids=NAMES)
def test_what_is_computed_is_what_the_right_choice_claims_and_no_other(chapter, question, modules):
    fact = getattr(modules[chapter], question.name)()
    claims = [book.same(choice.claims, fact) for choice in question.choices]
    right = [question.is_right(choice) for choice in question.choices]
    assert claims == right
    assert sum(right) == 1


@pytest.mark.parametrize(("chapter", "question"), QUESTIONS, ids=NAMES)
def test_each_choice_has_feedback_of_its_own(chapter, question):
    assert len(question.choices) >= 3
    feedback = [choice.feedback for choice in question.choices]
    assert len(set(feedback)) == len(feedback)
    assert all(len(each.split()) >= 8 for each in feedback)
    # What comes before it says already whether the choice is right.
    assert not any(each.startswith(("Right", "No.", "Wrong", "Yes")) for each in feedback)
    texts = [choice.text for choice in question.choices]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("chapter", "question"), QUESTIONS, ids=NAMES)
def test_the_passage_that_answers_a_question_is_a_section_of_its_chapter(chapter, question):
    document = book.page_of(question.page)
    assert document.split("/")[1] == chapter
    script = DOCS.parent / "examples" / chapter / f"{document.rpartition('/')[2]}.py"
    assert docstring(script).lstrip().startswith(question.page)
    assert f"# {question.section}\n# ---" in script.read_text(encoding="utf-8")
    assert nodes.make_id(question.section)


def test_the_right_choice_is_in_each_place_about_as_often():
    places = [
        [question.is_right(c) for c in question.choices].index(True) for _, question in QUESTIONS
    ]
    for place in range(3):
        assert 8 <= places.count(place) <= 20


def test_a_choice_that_becomes_wrong_is_found():
    chapter = CHAPTERS[0]
    known = {each.name: each.answer for each in book.questions(chapter)}
    assert book.faults(chapter, known) == []
    known["rate"] = 0.25
    (fault,) = book.faults(chapter, known)
    assert fault == "rate: computed 0.25, told 0.5"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (0.5, 0.499, True),
        (0.5, 0.25, False),
        (0, 0.0, True),
        (40, 42, False),
        (1, "1", False),
        ("a", "a", True),
        (-1.0, 1.0, False),
    ],
)
def test_numbers_are_one_answer_where_a_question_cannot_tell_them_apart(one, other, expected):
    assert book.same(one, other) is expected


def test_questions_are_spelled_as_the_british_do():
    words = re.compile(r"\b(color|center|behavior|normalize)\b")
    for _, question in QUESTIONS:
        text = " ".join([question.text, *(choice.feedback for choice in question.choices)])
        assert not words.search(text.replace("color intensity", "")), question.name
