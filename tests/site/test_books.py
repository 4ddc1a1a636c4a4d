"""The whole book in one file says what the site says; `nox -s books` makes both and runs this."""

import re
import zipfile
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
EPUB = SITE / "books" / "nnbook.epub"
PDF = SITE / "books" / "nnbook.pdf"
SCRIPTS = sorted((ROOT / "examples").glob("*/plot_*.py"))
PRINTED = ".sphx-glr-script-out pre, .cell_output pre"


def parsed(page: bytes | str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def printed(page: BeautifulSoup) -> list[str]:
    return [each.get_text() for each in page.select(PRINTED)]


def figures(page: BeautifulSoup) -> list[str]:
    images = page.select("img:not(.only-dark)")
    return [Path(image["src"]).name for image in images if "thumb" not in image["src"]]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_epub_has_the_outputs_and_the_figures_of_the_site(script: Path) -> None:
    name = f"auto_examples/{script.parent.name}/{script.stem}"
    page = parsed((SITE / f"{name}.html").read_bytes())
    with zipfile.ZipFile(EPUB) as book:
        own = parsed(book.read(f"{name}.xhtml"))
        assert printed(own) == printed(page)
        assert figures(own) == figures(page)
        for figure in figures(own):
            drawn = (SITE / "_images" / figure).read_bytes()
            curves = re.findall(rb' d="[^"]+"', drawn)
            assert re.findall(rb' d="[^"]+"', book.read(f"_images/{figure}")) == curves


def test_the_pdf_has_an_outline_numbered_pages_and_what_the_pages_printed() -> None:
    book = PdfReader(PDF)
    titles: list[str] = []

    def collect(level: list) -> None:
        for entry in level:
            collect(entry) if isinstance(entry, list) else titles.append(str(entry.title))

    collect(book.outline)
    assert len(book.pages) > 100
    for script in SCRIPTS:
        page = parsed(
            (SITE / f"auto_examples/{script.parent.name}/{script.stem}.html").read_bytes()
        )
        title = page.h1.get_text().rstrip("¶")
        assert title in titles
    for number in (0, 9, len(book.pages) - 1):
        assert book.pages[number].extract_text().split()[-1] == str(number + 1)
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in book.pages[:40]))
    page = parsed((SITE / "auto_examples/1_learning/plot_02_least_squares.html").read_bytes())
    for line in " ".join(printed(page)).splitlines():
        assert re.sub(r"\s+", "", line) in text


def test_the_first_page_links_both_books_and_neither_is_large() -> None:
    page = parsed((SITE / "index.html").read_bytes())
    links = {SITE / link["href"] for link in page.select("a[download]")}
    assert {EPUB, PDF} <= links
    assert max(book.stat().st_size for book in (EPUB, PDF)) <= 25_000_000
