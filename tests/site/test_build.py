"""What fails a build: each fault is put into a small book, built with the real configuration."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
import hosting  # noqa: E402

GOOD_SCRIPT = '''"""
A page
======

Text.
"""

import nnbook
from nnbook import plots

ax = plots.samples(nnbook.load_thermometer())
plots.describe(ax, "Eleven dots that rise from the lower left to the upper right.")
print("ran")
'''
GOOD_NOTEBOOK = """---
file_format: mystnb
kernelspec:
  name: python3
---

# A page

```{code-cell} python
print(1 + 1)
```
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book of one script and one notebook page, with the real configuration."""
    for name in ("_ext", "_static", "_templates", "_inventories", "_web/static"):
        shutil.copytree(DOCS / name, tmp_path / "docs" / name)
    shutil.copy(DOCS / "conf.py", tmp_path / "docs")
    (tmp_path / "docs" / "index.rst").write_text(
        "Book\n====\n\n.. toctree::\n\n   auto_examples/1_learning/index\n   notebook\n"
    )
    (tmp_path / "docs" / "notebook.md").write_text(GOOD_NOTEBOOK)
    chapter = tmp_path / "examples" / "1_learning"
    chapter.mkdir(parents=True)
    (tmp_path / "examples" / "GALLERY_HEADER.rst").write_text("Book\n====\n")
    (chapter / "GALLERY_HEADER.rst").write_text("Learning\n========\n")
    (chapter / "plot_01_page.py").write_text(GOOD_SCRIPT)
    return tmp_path


def build(book: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NNBOOK_WORKERS": "1", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    environment.pop("NNBOOK_CHAPTERS", None)
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", *options, "docs", "site"],
        cwd=book,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def change(book: Path, path: str, old: str, new: str) -> None:
    file = book / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


SCRIPT = "examples/1_learning/plot_01_page.py"
PAGE = "auto_examples/1_learning/plot_01_page.html"


def test_a_faultless_book_is_built_and_a_second_build_runs_nothing(book: Path) -> None:
    first = build(book)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "executed 1 out of 1" in first.stdout
    assert "1 pages took" in first.stdout
    second = build(book)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "executed 0 out of 0" in second.stdout


def test_a_script_that_raises_fails_the_build(book: Path) -> None:
    change(book, SCRIPT, 'print("ran")', "assert 1 == 2")
    result = build(book)
    assert result.returncode != 0
    assert "AssertionError" in result.stdout + result.stderr


def test_a_figure_without_a_description_fails_the_build(book: Path) -> None:
    change(book, SCRIPT, "plots.describe(ax", "str((ax")
    change(book, SCRIPT, 'upper right.")', 'upper right."))')
    result = build(book)
    assert result.returncode != 0
    assert "has no description" in result.stdout + result.stderr


def test_a_script_that_leaves_no_output_fails_the_build(book: Path) -> None:
    (book / SCRIPT).write_text('"""\nA page\n======\n\nText.\n"""\n\nx = 1\n')
    result = build(book)
    assert result.returncode != 0
    assert "page executed nothing: 1_learning/plot_01_page.py" in result.stdout + result.stderr


def test_a_notebook_page_that_was_not_run_fails_the_build(book: Path) -> None:
    result = build(book, "-D", "nb_execution_mode=off")
    assert result.returncode != 0
    assert "page executed nothing: notebook" in result.stdout + result.stderr


def test_a_notebook_page_that_raises_fails_the_build(book: Path) -> None:
    change(book, "docs/notebook.md", "1 + 1", "1 / 0")
    result = build(book)
    assert result.returncode != 0
    assert "ZeroDivisionError" in result.stdout + result.stderr


def test_a_dead_reference_fails_the_build(book: Path) -> None:
    change(book, SCRIPT, "Text.", "See :doc:`/nowhere`.")
    result = build(book)
    assert result.returncode != 0
    assert "unknown document" in result.stdout + result.stderr


def test_with_an_address_pages_have_canonical_links_and_cards(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNBOOK_SITE_ADDRESS", "https://example.org/nn")
    shutil.copy(DOCS / "404.md", book / "docs")
    change(book, "docs/404.md", "{doc}`index`", "the book")
    change(book, "docs/404.md", "{doc}`start-here`", "the start")
    change(book, "docs/404.md", "{doc}`glossary`", "the glossary")
    change(book, "docs/404.md", "{doc}`api`", "the functions")
    result = build(book)
    assert result.returncode == 0, result.stdout + result.stderr
    soup = BeautifulSoup((book / "site" / "notebook.html").read_text(), "html.parser")
    address = "https://example.org/nn/notebook.html"
    assert soup.select_one("link[rel=canonical]")["href"] == address
    assert soup.select_one('meta[property="og:url"]')["content"] == address
    assert len(soup.select("meta[name=description]")) == 1
    card = soup.select_one('meta[property="og:image"]')["content"]
    image = book / "site" / card.removeprefix("https://example.org/nn/")
    assert image.read_bytes().startswith(b"\x89PNG")
    # A server shows 404.html at any depth: what it names starts at the server's root.
    missing = BeautifulSoup((book / "site" / "404.html").read_text(), "html.parser")
    named = [tag.get("href") or tag.get("src") for tag in missing.select("[src], a, link")]
    inside = [name for name in named if not name.startswith(("#", "https:"))]
    assert len(inside) > 10
    assert [name for name in inside if not name.startswith("/nn/")] == []
    assert missing.form["action"] == "/nn/search.html"
    # A second build, which writes no page, lists them all again.
    assert build(book).returncode == 0
    sitemap = ElementTree.parse(book / "site" / "sitemap.xml")  # noqa: S314  # our own
    listed = [place.text for place in sitemap.iter(f"{{{hosting.NAMESPACE}}}loc")]
    assert f"https://example.org/nn/{PAGE}" in listed
    for place in listed:
        page = book / "site" / place.removeprefix("https://example.org/nn/")
        assert f'rel="canonical" href="{place}"' in page.read_text()
    assert "404" not in str(listed)
    robots = (book / "site" / "robots.txt").read_text().splitlines()
    assert robots[-1] == "Sitemap: https://example.org/nn/sitemap.xml"


def test_where_the_repository_is_known_each_page_leads_to_its_source(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://example.org")
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/fork")
    (book / "CHANGELOG.md").write_text("# Changes\n")
    (book / "docs" / "changes.md").write_text("```{include} ../CHANGELOG.md\n```\n")
    change(book, "docs/index.rst", "   notebook", "   notebook\n   changes")
    result = build(book)
    assert result.returncode == 0, result.stdout + result.stderr
    edited = {}
    for page in sorted((book / "site").rglob("*.html")):
        soup = BeautifulSoup(page.read_text(), "html.parser")
        links = [link["href"] for link in soup.select("p.suggest a[rel~=edit]")]
        edited[page.relative_to(book / "site").as_posix()] = links
    assert edited.pop("genindex.html") == edited.pop("search.html") == []
    place = "https://example.org/somebody/fork/edit/main/"
    sources = {page: link.removeprefix(place) for page, (link,) in edited.items()}
    assert sources[PAGE] == SCRIPT
    assert sources["notebook.html"] == "docs/notebook.md"
    assert sources["changes.html"] == "CHANGELOG.md"
    for source in sources.values():
        assert (book / source).is_file(), source


def test_without_an_address_a_page_has_neither_canonical_link_nor_card(book: Path) -> None:
    assert build(book).returncode == 0
    text = (book / "site" / "notebook.html").read_text()
    assert 'rel="canonical"' not in text
    assert "og:" not in text
    assert 'name="description"' in text
    made = {path.name for path in (book / "site").iterdir()}
    assert ".nojekyll" in made
    assert not made & {"sitemap.xml", "robots.txt", "CNAME"}
