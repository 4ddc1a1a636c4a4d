"""The whole book as one file: finish Sphinx's EPUB, and print its single page as PDF.

``python -m publishing.books build/epub build/book build/site``; the session `books` does it, after
Sphinx has written both. The files lie in the site's folder `books`, and its first page links them.
"""

import html
import os
import re
import shutil
import sys
import zipfile
from pathlib import Path

PLACE = re.compile(r"<!--books-->.*?<!--/books-->", re.DOTALL)
AT_MOST = 25_000_000  # bytes
FOOTER = (
    '<div style="font: 8px sans-serif; color: #55555a; text-align: center; width: 100%">'
    '<span class="pageNumber"></span></div>'
)
# What EPUB asks for, and the pages' makers do not give.
DOCTYPE = re.compile(rb"<!DOCTYPE svg.*?>\s*", re.DOTALL)
NO_PATH = re.compile(rb"<path (?![^>]*\bd=)")
ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w*;)")
NOT_THERE = re.compile(r'<link [^>]*href="(?:\.\./)*_static/(?!epub|pygments|book)[^>]*>\s*')
SUMMARY = re.compile(r"<summary[^>]*>.*?</summary>", re.DOTALL)
STYLE = re.compile(r' (?:displaystyle|scriptlevel)="[^"]*"')


def mended(name: str, content: bytes, mathematics: set[str]) -> bytes:
    """Return a file of an EPUB as the standard wants it; pages with `mathematics` are told."""
    if name.endswith(".svg"):
        return NO_PATH.sub(b'<path d="" ', DOCTYPE.sub(b"", content))
    if name.endswith(".xhtml"):
        text = ENTITY.sub(lambda found: html.unescape(found[0]), content.decode())
        text = SUMMARY.sub(lambda found: re.sub(r"</?p\b[^>]*>", "", found[0]), text)
        text = re.sub(r"<mfrac [^>]*>", lambda found: STYLE.sub("", found[0]), text)
        return NOT_THERE.sub("", text).encode()
    if name == "content.opf":
        text = content.decode()
        for page in mathematics:
            text = text.replace(f'href="{page}" media', f'href="{page}" properties="mathml" media')
        return text.encode()
    return content


def finish_epub(source: Path, target: Path) -> None:
    """Write a valid EPUB from the one that Sphinx made."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        files = {entry: before.read(entry) for entry in before.infolist()}
        mathematics = {entry.filename for entry, data in files.items() if b"<math" in data}
        for entry, content in files.items():  # the first, "mimetype", stays first and as it is
            after.writestr(entry, mended(entry.filename, content, mathematics))


def print_pdf(page: Path, target: Path) -> None:
    """Print the book's single page with Chromium: an outline from its headings, page numbers."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    browser_path = os.environ.get("CHROME_PATH") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--disable-gpu", "--allow-file-access-from-files"]
        )
        tab = browser.new_page(color_scheme="light")
        tab.goto(page.resolve().as_uri())
        # On paper nothing is folded, and no figure waits until it is seen.
        tab.evaluate(
            """async () => {
              for (const fold of document.querySelectorAll("details")) fold.open = true;
              const figures = [...document.querySelectorAll("img")];
              for (const figure of figures) figure.loading = "eager";
              await Promise.all(figures.map((figure) => figure.decode()));
            }"""
        )
        tab.pdf(
            path=target,
            format="A4",
            margin={"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            outline=True,
            tagged=True,
            print_background=True,
        )
        browser.close()


def link(site: Path, books: list[Path]) -> None:
    """Link the books on the site's first page."""
    links = " and ".join(
        f'<a class="reference internal" download="" href="books/{book.name}">'
        f"{book.suffix[1:].upper()} ({book.stat().st_size / 1e6:.1f} MB)</a>"
        for book in books
    )
    page = site / "index.html"
    text, count = PLACE.subn(
        f"<!--books--><p>The whole book in one file: {links}.</p><!--/books-->",
        page.read_text(encoding="utf-8"),
    )
    assert count == 1, "docs/index.md has no place for the links"
    page.write_text(text, encoding="utf-8")


def main(epub: Path, single: Path, site: Path) -> None:
    """Make both books, link them, and say how large they are."""
    folder = site / "books"
    folder.mkdir(exist_ok=True)
    books = [folder / "nnbook.epub", folder / "nnbook.pdf"]
    finish_epub(epub / "nnbook.epub", books[0])
    print_pdf(single / "index.html", books[1])
    for book in books:
        size = book.stat().st_size
        if size > AT_MOST:
            sys.exit(f"{book.name} must be at most {AT_MOST / 1e6:.0f} MB, got {size / 1e6:.1f}.")
    link(site, books)
    print(*(f"{book} ({book.stat().st_size / 1e6:.1f} MB)" for book in books), sep="\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
