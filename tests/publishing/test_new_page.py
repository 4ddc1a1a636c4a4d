import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from publishing.new_page import MINUTES, new_page

ROOT = Path(__file__).parents[2]


@pytest.fixture
def book(tmp_path):
    """A copy of the book's scripts and of the page that lists them."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "start-here.md", tmp_path / "docs")
    return tmp_path


def minutes(book):
    text = (book / "docs" / "start-here.md").read_text()
    pages = re.findall(r"^\| \{doc\}`/auto_examples/(\d)_\S*` \| (\d+) \|$", text, re.MULTILINE)
    chapters = dict(re.findall(r"^\| \*chapter (\d)\* \| \*(\d+)\* \|$", text, re.MULTILINE))
    (total,) = re.findall(r"^\| \*\*the book\*\* \| \*\*(\d+)\*\* \|$", text, re.MULTILINE)
    return pages, chapters, int(total)


def test_a_new_page_runs_alone_in_an_empty_folder(book, tmp_path):
    page = new_page(book, "3", "steep_slopes")
    empty = tmp_path / "empty"
    empty.mkdir()
    command = [sys.executable, "-W", "error", str(page)]
    done = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "mean squared error" in done.stdout


def test_a_new_page_has_the_form_that_lint_asks_for(book):
    for chapter in ("3", "8"):
        page = new_page(book, chapter, "steep_slopes")
        for words in (("check",), ("format", "--check")):
            place = ("--stdin-filename", str(ROOT / page.relative_to(book)), "-")
            command = [sys.executable, "-m", "ruff", *words, "--no-cache", *place]
            text = page.read_bytes()
            done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, check=False)
            assert done.returncode == 0, done.stdout.decode()


def test_a_new_page_is_the_last_of_its_chapter_and_leads_to_the_next(book):
    pages = sorted((book / "examples").glob("3_*/plot_*.py"))
    page = new_page(book, "3", "steep_slopes")
    assert page.name == f"plot_{len(pages) + 1:02}_steep_slopes.py"
    text = page.read_text()
    assert f'r"""\n3.{len(pages) + 1} Steep slopes?\n=================\n' in text
    first = min((book / "examples").glob("4_*/plot_*.py"))
    assert f":doc:`/auto_examples/{first.parent.name}/{first.stem}`." in text
    assert ":doc:`/summary`" in new_page(book, "8", "last").read_text()


def test_the_minutes_of_a_new_page_are_counted_in_its_chapter_and_the_book(book):
    before, _, total = minutes(book)
    new_page(book, "3", "steep_slopes")
    pages, chapters, raised = minutes(book)
    assert sorted(pages) == sorted([*before, ("3", str(MINUTES))])
    assert int(chapters["3"]) == sum(int(each) for chapter, each in pages if chapter == "3")
    assert raised == total + MINUTES


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("99", "x"), r"must be a number of 1_learning, .*, got '99'"),
        (("?", "x"), "must be a number of"),
        (("3", "Two Words"), "must be words such as"),
        (("3", "../x"), "must be words such as"),
        (("3", "catalogue"), r"must be new, got that of examples.*plot_02_catalogue\.py"),
    ],
)
def test_what_names_no_new_page_is_refused_and_nothing_is_written(book, words, rule):
    before = sorted(book.rglob("*"))
    with pytest.raises(ValueError, match=rule):
        new_page(book, *words)
    assert sorted(book.rglob("*")) == before
