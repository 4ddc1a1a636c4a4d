import json

import pytest

from publishing.moved import moved, outputs, table
from publishing.newest import LONGEST, SESSIONS, report, shortened
from publishing.release import git


def write(book, *cells, page="1_learning/plot_01_page", folder="docs/auto_examples"):
    path = book / folder / f"{page}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [{"cell_type": "markdown", "source": "9"}]
    made += [{"cell_type": "code", "outputs": [{"text": [cell]}]} for cell in cells]
    path.write_text(json.dumps({"cells": made}))


def differences(tmp_path, before, after, timed=()):
    for name, text in (("a", before), ("b", after)):
        write(tmp_path / name, "same 1\n", text)
    return moved(outputs(tmp_path / "a"), outputs(tmp_path / "b"), set(timed))


PAGE = "1_learning/plot_01_page"


def test_each_number_that_moved_is_named_with_its_words(tmp_path):
    before, after = (
        "loss 2.93 after 10 epochs\nw = -1e-3\n",
        "loss 2.94 after 10 epochs\nw = -2e-3\n",
    )
    assert differences(tmp_path, before, after) == [
        (PAGE, "loss … after … epochs", "2.93", "2.94"),
        (PAGE, "w = …", "-1e-3", "-2e-3"),
    ]


def test_equal_outputs_give_nothing_and_digits_within_names_are_no_numbers(tmp_path):
    assert differences(tmp_path, "float32 w1 3\n", "float64 w2 3\n") == []


def test_a_line_with_more_numbers_is_shown_whole(tmp_path):
    assert differences(tmp_path, "1 2\n", "1 2 3\n") == [(PAGE, "a line", "1 2", "1 2 3")]
    assert differences(tmp_path, "", "5\n") == [(PAGE, "a line", "", "5")]


def test_pages_that_come_and_go_and_other_code_are_named(tmp_path):
    write(tmp_path / "a", "1\n", page="summary", folder="build/jupyter_execute")
    assert ("summary", "the page", "is there", "is missing") in differences(tmp_path, "1", "1")
    write(tmp_path / "b", "1\n", "2\n", page="summary", folder="build/jupyter_execute")
    assert ("summary", "cells with code", "1", "2") in differences(tmp_path, "1", "1")


def test_a_page_that_measures_time_is_left_out(tmp_path):
    assert differences(tmp_path, "took 3 s\n", "took 4 s\n", timed=[PAGE]) == []


def test_the_table_gives_the_change_in_percent():
    lines = table([("p", "a | b …", "2.0", "2.1"), ("p", "a line", "", "5"), ("p", "…", "0", "1")])
    assert lines.splitlines()[2:] == [
        "| p | a \\| b … | 2.0 | 2.1 | +5 % |",
        "| p | a line |  | 5 |  |",
        "| p | … | 0 | 1 |  |",
    ]


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A book and its clone, in which `constraints.txt` can be renewed."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.org")
    root = tmp_path / "book"
    root.mkdir()
    (root / "constraints.txt").write_text("a==1\n")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "begin")
    git(tmp_path, "clone", "--quiet", str(root), str(tmp_path / "clone"))
    return root, tmp_path / "clone"


def runner(printed, *, renews=True, fails=()):
    """Stand for nox: each session does what the newest versions would."""

    def run(folder, session):
        if session == "docs":
            write(folder, f"loss {printed if folder.name == 'clone' else '1.0'}\n")
        if session.startswith("update") and renews:
            (folder / "constraints.txt").write_text("a==2\n")
        return session not in fails, f"said by {session}"

    return run


def test_the_report_holds_failures_numbers_and_versions(books):
    text = report(*books, runner("1.5", fails=["tests"]), set())
    assert "### `nox -s tests` fails\n\n```text\nsaid by tests\n```" in text
    assert "| loss … | 1.0 | 1.5 | +50 % |" in text
    assert "-a==1\n+a==2" in text
    assert [name for name in SESSIONS if f"nox -s {name}`" in text] == ["tests"]


@pytest.mark.parametrize(("printed", "renews"), [("1.0", True), ("1.0", False), ("1.5", False)])
def test_where_nothing_changes_there_is_no_report(books, printed, renews):
    assert report(*books, runner(printed, renews=renews), set()) == ""


@pytest.mark.parametrize(
    ("session", "words"),
    [("docs", "cannot be built with the pinned"), ("update -- --torch", "No newest versions fit")],
)
def test_what_cannot_be_compared_is_reported(books, session, words):
    assert report(*books, runner("1.0", fails=[session]), set()).startswith(("The site", "No"))
    assert words in report(*books, runner("1.0", fails=[session]), set())


def test_a_long_report_fits_into_an_issue():
    text = "| row |\n" * LONGEST
    assert len(shortened(text)) < 65_536
    assert shortened(text).endswith("writes all of it.\n")
    assert shortened("short") == "short"
