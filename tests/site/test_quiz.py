"""The questions at the end of each chapter, as a reader meets them, and the deck of cards."""

import csv
import re
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
sys.path.insert(0, str(ROOT / "docs" / "_ext"))
import questions as book  # noqa: E402

AXE = """
() => axe.run("fieldset.quiz", {resultTypes: ["violations"]}).then(result =>
  result.violations.flatMap(violation =>
    violation.nodes.map(node => `${violation.id}: ${node.target} ${node.html.slice(0, 200)}`)))
"""
PAGES = {f"{page}.html": chapter for page, chapter in book.last_pages().items()}
FIRST = next(iter(PAGES))


@pytest.fixture
def quiz(page: Page, address: str) -> Page:
    """Open a page with questions; everything that goes wrong in it fails the test."""
    page.goto(address + FIRST)
    return page


def test_each_chapter_asks_its_five_questions_once_and_on_its_last_page_only() -> None:
    asked = {
        str(path.relative_to(SITE)): path.read_text(encoding="utf-8").count(
            '<fieldset class="quiz"'
        )
        for path in SITE.rglob("*.html")
    }
    assert len(PAGES) == 8
    assert {name: count for name, count in asked.items() if count} == dict.fromkeys(PAGES, 5)


@pytest.mark.parametrize("path", PAGES)
def test_each_choice_answers_at_once_and_says_whether_it_is_right(
    page: Page, address: str, path: str
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda each: errors.append(each.text) if each.type == "error" else None)
    page.goto(address + path)
    groups = page.locator("fieldset.quiz")
    expect(groups).to_have_count(5)
    asked = book.questions(PAGES[path])
    for group, question in zip(groups.all(), asked, strict=True):
        status = group.get_by_role("status")
        expect(status).to_be_empty()
        said = set()
        for number, choice in enumerate(question.choices):
            group.get_by_role("radio").nth(number).check()
            text = status.inner_text()
            assert text.startswith("Right." if question.is_right(choice) else "No."), text
            assert f"Read again: page {question.page}" in text
            said.add(text)
        assert len(said) == len(question.choices)
        # What is shown leads to a section that is there.
        link = status.get_by_role("link").last.get_attribute("href")
        assert link is not None
        target, _, anchor = link.partition("#")
        file = (SITE / path).parent / target if target else SITE / path
        assert f'id="{anchor}"' in file.read_text(encoding="utf-8")
    assert errors == []


def test_the_group_is_named_by_its_question_and_moves_by_arrow_keys(quiz: Page) -> None:
    question = book.questions(PAGES[FIRST])[1]
    group = quiz.get_by_role("group").nth(1)
    assert question.text.split("``")[0][:30] in (group.locator("legend").inner_text())
    radios = group.get_by_role("radio")
    radios.first.focus()
    quiz.keyboard.press("Space")
    expect(radios.first).to_be_checked()
    first = group.get_by_role("status").inner_text()
    quiz.keyboard.press("ArrowDown")
    expect(radios.nth(1)).to_be_checked()
    expect(radios.nth(1)).to_be_focused()
    assert group.get_by_role("status").inner_text() != first
    quiz.keyboard.press("Tab")  # out of the group's choices, to the link in the feedback
    assert quiz.evaluate("document.activeElement.closest('.quiz-feedback') !== null")


def test_answers_are_remembered_after_a_reload_and_forgotten_when_asked(quiz: Page) -> None:
    group = quiz.locator("fieldset.quiz").nth(2)
    group.get_by_role("radio").nth(1).check()
    said = group.get_by_role("status").inner_text()
    quiz.reload()
    expect(group.get_by_role("radio").nth(1)).to_be_checked()
    assert group.get_by_role("status").inner_text() == said
    others = quiz.locator("fieldset.quiz").nth(0).get_by_role("status")
    expect(others).to_be_empty()
    quiz.get_by_role("button", name="Forget my answers").click()
    expect(group.get_by_role("status")).to_be_empty()
    quiz.reload()
    expect(quiz.locator("fieldset.quiz input:checked")).to_have_count(0)


def test_nonsense_in_the_storage_does_no_harm(quiz: Page) -> None:
    for text in ("{", '{"1_learning-rate": 99}', "[1]"):
        quiz.evaluate("text => localStorage.setItem('nnbook-answers', text)", text)
        quiz.reload()
        expect(quiz.locator("fieldset.quiz.is-live")).to_have_count(5)
        expect(quiz.locator("fieldset.quiz input:checked")).to_have_count(0)


def test_questions_work_on_a_page_opened_from_a_folder(page: Page) -> None:
    page.goto((SITE / FIRST).as_uri())
    group = page.locator("fieldset.quiz").first
    group.get_by_role("radio").first.check()
    expect(group.get_by_role("status")).not_to_be_empty()
    page.reload()
    expect(group.get_by_role("radio").first).to_be_checked()


def test_without_scripts_each_choice_unfolds_its_answer(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + FIRST)
    group = page.locator("fieldset.quiz").first
    expect(group.get_by_role("radio")).to_have_count(0)
    question = book.questions(PAGES[FIRST])[0]
    for number, choice in enumerate(question.choices):
        details = group.locator("details").nth(number)
        answer = details.locator("p")
        expect(answer).to_be_hidden()
        details.locator("summary").click()
        expect(answer).to_be_visible()
        word = "Right." if question.is_right(choice) else "No."
        assert answer.inner_text().startswith(word)
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_with_right_and_wrong_answers_shown(
    page: Page, axe: str, address: str, path: str
) -> None:
    page.goto(address + path)
    asked = book.questions(PAGES[path])
    for number, (group, question) in enumerate(
        zip(page.locator("fieldset.quiz").all(), asked, strict=True)
    ):
        right = [question.is_right(choice) for choice in question.choices].index(True)
        group.get_by_role("radio").nth(right if number % 2 else (right + 1) % 3).check()
    page.evaluate(axe)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            found = page.evaluate(AXE)
            assert found == [], "\n".join([f"{theme} {width}", *found])
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_the_choices_stand_with_their_answers(quiz: Page) -> None:
    quiz.locator("fieldset.quiz").first.get_by_role("radio").first.check()
    quiz.emulate_media(media="print")
    shown = """() => [...document.querySelectorAll("fieldset.quiz :is(details p, label, input)")]
      .filter(each => each.checkVisibility() && each.offsetHeight > 0).map(each => each.tagName)"""
    assert set(quiz.evaluate(shown)) == {"P"}


def test_what_readers_download_has_no_trace_of_the_questions() -> None:
    for path in PAGES:
        for end in (".py", ".ipynb"):
            name = Path(path).with_suffix(end).name
            files = list((SITE / "_downloads").rglob(name))
            assert len(files) == 1
            text = files[0].read_text(encoding="utf-8")
            assert "quiz" not in text
            assert "Check yourself" not in text


# The deck


def deck() -> tuple[list[str], list[list[str]]]:
    lines = (SITE / "nnbook-anki.csv").read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    return head, list(csv.reader(lines[len(head) :]))


def test_the_deck_has_each_term_and_each_question_once() -> None:
    head, rows = deck()
    assert "#separator:Comma" in head
    assert "#guid column:1" in head
    assert all(len(row) == 4 for row in rows)
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    page = BeautifulSoup((SITE / "glossary.html").read_text(encoding="utf-8"), "html.parser")
    entries = page.select("dl.glossary > dd")
    terms = [row for row in rows if row[3] == "nnbook glossary"]
    assert len(terms) == len(entries) > 100
    asked = [
        f"nnbook-question-{chapter}-{each.name}"
        for chapter in PAGES.values()
        for each in book.questions(chapter)
    ]
    assert [name for name in names if "-question-" in name] == asked
    assert len(terms) + len(asked) == len(rows)


def test_no_card_has_markup_that_anki_cannot_show() -> None:
    _, rows = deck()
    for row in rows:
        text = " ".join(row[1:3])
        tags = {tag.name for tag in BeautifulSoup(text, "html.parser").find_all()}
        assert tags <= {"code", "em", "strong", "ul", "ol", "li", "br"}, text
        assert not re.search(r":\w+:`|\{\w+\}`|``|\$|&amp;\w+;", text), text
        assert text.count(r"\(") == text.count(r"\)")
        assert all(field.strip() for field in row)


@pytest.mark.parametrize("name", ["glossary.html", "summary.html"])
def test_the_deck_can_be_downloaded_where_it_is_named(page: Page, address: str, name: str) -> None:
    page.goto(address + name)
    with page.expect_download() as download:
        page.locator('a[href="nnbook-anki.csv"]').click()
    assert download.value.suggested_filename == "nnbook-anki.csv"
