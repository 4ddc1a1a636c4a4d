import zipfile

import pytest

from publishing.books import finish_epub, link

SVG = b"""<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"
  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg><path id="a"/><path id="b" d="M 0 0"/></svg>"""
PAGE = """<html><head>
<link rel="stylesheet" href="../_static/book.css" />
<link rel="stylesheet" href="../_static/mystnb.1.css" /></head>
<details><summary>\n<p class="x">Show</p></summary><p>f&ApplyFunction;x &lt; 1</p></details>
<math><mfrac displaystyle="false" scriptlevel="0"></mfrac></math></html>"""
OPF = '<item href="a.xhtml" media-type="x" /><item href="b.xhtml" media-type="x" />'


@pytest.fixture
def finished(tmp_path):
    """An EPUB as Sphinx makes it, finished."""
    with zipfile.ZipFile(tmp_path / "before.epub", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("x.svg", SVG)
        archive.writestr("a.xhtml", PAGE)
        archive.writestr("b.xhtml", "<html></html>")
        archive.writestr("content.opf", OPF)
    finish_epub(tmp_path / "before.epub", tmp_path / "after.epub")
    with zipfile.ZipFile(tmp_path / "after.epub") as archive:
        yield archive


def test_a_figure_names_no_other_file_and_each_path_has_its_data(finished):
    assert finished.read("x.svg").decode().splitlines() == [
        '<?xml version="1.0"?>',
        '<svg><path d="" id="a"/><path id="b" d="M 0 0"/></svg>',
    ]


def test_a_page_is_xml_that_names_only_what_is_there(finished):
    text = finished.read("a.xhtml").decode()
    assert "mystnb" not in text
    assert "book.css" in text
    assert "<summary>\nShow</summary>" in text
    assert "<p>f\N{FUNCTION APPLICATION}x &lt; 1</p>" in text
    assert "<mfrac></mfrac>" in text


def test_pages_with_mathematics_say_so(finished):
    said = '<item href="a.xhtml" properties="mathml" media-type="x" />'
    assert finished.read("content.opf").decode() == OPF.replace(OPF[: OPF.index("/>") + 2], said)


def test_what_an_epub_starts_with_stays_first_and_uncompressed(finished):
    first = finished.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)


def test_the_books_are_linked_again_when_they_are_made_again(tmp_path):
    page = tmp_path / "index.html"
    page.write_text("<p>a</p><!--books--><!--/books--><p>b</p>")
    for size in (1_000_000, 2_000_000):
        (tmp_path / "nnbook.pdf").write_bytes(bytes(size))
        link(tmp_path, [tmp_path / "nnbook.pdf"])
    assert page.read_text().count("books/nnbook.pdf") == 1
    assert ">PDF (2.0 MB)</a>" in page.read_text()
