import ast
import importlib
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

import nnbook

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
SCRIPTS = sorted((ROOT / "examples").glob("*/plot_*.py"))
NOTEBOOKS = [
    page
    for page in sorted((ROOT / "docs").glob("*.md"))
    if "```{code-cell}" in page.read_text(encoding="utf-8")
]
sys.path[:0] = [str(ROOT / "docs" / "_ext")]

from depends import parsed  # noqa: E402

Pages = dict[Path, BeautifulSoup]


@pytest.fixture(scope="session")
def pages() -> dict[Path, BeautifulSoup]:
    """Each page of the book by its path in the site: not the search page or the index of names."""
    found = {
        path.relative_to(SITE): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(SITE.rglob("*.html"))
        if path.name not in ("genindex.html", "search.html", "py-modindex.html", "404.html")
    }
    assert len(found) > 30, "the site is built first: nox -s docs"
    return found


def targets(page: Path, soup: BeautifulSoup):
    """Yield each address within the site that a page names, with its anchor."""
    for tag in soup.find_all(["a", "img", "link", "script", "source"]):
        address = tag.get("href") or tag.get("src")
        if address and not urlsplit(address).scheme:
            path, _, anchor = address.partition("#")
            file = SITE / page if not path else (SITE / page).parent / unquote(urlsplit(path).path)
            yield address, file.resolve(), unquote(anchor)


def test_every_internal_link_and_anchor_resolves(pages: Pages) -> None:
    ids = {
        (SITE / page).resolve(): {tag["id"] for tag in soup.find_all(id=True)}
        for page, soup in pages.items()
    }
    broken = [
        f"{page}: {address}"
        for page, soup in pages.items()
        for address, file, anchor in targets(page, soup)
        if not file.exists() or (anchor and file in ids and anchor not in ids[file])
    ]
    assert broken == []


def test_every_page_names_the_file_of_the_repository_that_it_is_made_from(pages: Pages) -> None:
    named = {page: soup.select_one("p.suggest code").text for page, soup in pages.items()}
    assert [source for source in named.values() if not (ROOT / source).is_file()] == []
    assert named[Path("api/generated/nnbook.fit.html")] == "src/nnbook/training/loop.py"
    assert named[Path("contributing.html")] == "CONTRIBUTING.md"
    # Two names of one module, and nothing else, share a file.
    pages_of_text = [source for source in named.values() if not source.startswith("src/")]
    assert len(set(pages_of_text)) == len(pages_of_text)


def test_every_page_is_reachable_from_the_sidebar(pages: Pages) -> None:
    tree = pages[Path("index.html")].select_one(".sidebar-tree")
    linked = {a["href"].partition("#")[0] for a in tree.find_all("a")}
    missing = [str(page) for page in pages if str(page) not in linked | {"index.html"}]
    assert missing == []


def test_no_page_asks_another_site_for_anything(pages: Pages) -> None:
    asked = [
        f"{page}: {tag.get('src') or tag.get('href')}"
        for page, soup in pages.items()
        for tag in soup.select("img[src], script[src], link[href][rel=stylesheet], iframe, video")
        if urlsplit(tag.get("src") or tag.get("href") or "").netloc
    ]
    assert asked == []


def test_every_figure_says_in_words_what_it_shows_and_comes_for_light_and_dark(
    pages: Pages,
) -> None:
    figures = [
        (page, image)
        for page, soup in pages.items()
        if page.name.startswith("plot_")
        for image in soup.select("article img")
    ]
    assert len(figures) > 2 * len(SCRIPTS)
    for page, image in figures:
        assert len(image["alt"]) > 30, f"{page}: {image}"
        assert image["src"].endswith(".svg"), f"{page}: {image}"
        assert image.get("width"), f"{page}: {image}"
        classes = image.get("class", [])
        assert ("only-light" in classes) != ("only-dark" in classes), f"{page}: {image}"


def test_every_script_is_a_page_with_output_and_downloads(pages: Pages) -> None:
    assert SCRIPTS
    for script in SCRIPTS:
        page = Path("auto_examples", script.parent.name, f"{script.stem}.html")
        soup = pages[page]
        assert soup.select(".sphx-glr-script-out") or soup.select("article img"), page
        links = {Path(a["href"]).name for a in soup.find_all("a", href=True)}
        assert {f"{script.stem}.py", f"{script.stem}.ipynb"} <= links, page


def test_no_markup_is_left_in_the_text_of_a_notebook() -> None:
    left_over = re.compile(r":[a-z]+:`|^\.\. |::$|`_\b|`__|\{[a-z:]+\}`|:::", re.MULTILINE)
    notebooks = sorted((SITE / "_downloads").rglob("*.ipynb"))
    assert len(notebooks) == len(SCRIPTS) + len(NOTEBOOKS)
    found = [
        f"{path.name}: {match[0]!r} in {source[:80]!r}"
        for path in notebooks
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "markdown"
        for source in ["".join(cell["source"])]
        for match in left_over.finditer(re.sub(r"(`{2,3}).*?\1", "", source, flags=re.DOTALL))
    ]
    assert found == []


def test_names_in_code_link_to_their_page_and_back(pages: Pages) -> None:
    page = Path("auto_examples/1_learning/plot_02_least_squares.html")
    linked = {a["href"] for a in pages[page].select("div.highlight a[href]")}
    assert any("api/generated/nnbook.least_squares.html" in href for href in linked)
    assert any("docs.pytorch.org" in href for href in linked)
    back = {
        a["href"] for a in pages[Path("api/generated/nnbook.least_squares.html")].select("a[href]")
    }
    assert any(href.partition("#")[0].endswith(page.name) for href in back)


def used_names() -> set[str]:
    """Return what the executed pages take from nnbook and its modules, as dotted names."""
    used = set()
    for page in [*SCRIPTS, *NOTEBOOKS, ROOT / "docs" / "solutions.py"]:
        modules = {"nnbook": "nnbook"}
        tree = parsed(page)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nnbook"):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    modules[alias.asname or alias.name] = full
                    used.add(full)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                dotted = ast.unparse(node)
                head, _, rest = dotted.partition(".")
                if head in modules:
                    used.add(f"{modules[head]}.{rest}")
    return used


def test_every_public_name_appears_in_an_executed_page() -> None:
    used = used_names()
    public = [f"nnbook.{name}" for name in nnbook.__all__]
    for name in ("activations", "inspection", "neurons", "plots"):
        module = importlib.import_module(f"nnbook.{name}")
        # The classes of these modules are what their functions return.
        public += [
            f"nnbook.{name}.{each}"
            for each in module.__all__
            if not isinstance(getattr(module, each), type)
        ]
    prefixes = {name for dotted in used for name in (dotted, dotted.rpartition(".")[0])}
    assert [name for name in public if name not in prefixes] == []
