"""A clone of another name, built for another address and served below a path: `nox -s subpath`."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag

import pytest
from playwright.sync_api import Browser

from tests.site.conftest import serving

# The session builds the site here, to be served from the folder above both.
SERVED = Path(__file__).parents[2] / "build" / "subpath"
BELOW = "another/name/"
SITE = SERVED / BELOW
ADDRESS = f"https://example.org/{BELOW}"


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    """Give the address at which the site is served, below a path."""
    with serving(SERVED) as address:
        yield f"{address}{BELOW}"


def test_every_page_works_below_a_path_and_no_link_is_dead(browser: Browser, place: str) -> None:
    names = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
    assert len(names) > 100
    faults: list[str] = []
    links: dict[str, str] = {}
    anchors: dict[str, set[str]] = {}
    tab = browser.new_page()
    tab.on("pageerror", lambda error: faults.append(f"{tab.url}: {error}"))
    tab.on(
        "console", lambda said: said.type == "error" and faults.append(f"{tab.url}: {said.text}")
    )
    tab.on(
        "response",
        lambda got: got.status >= 400 and faults.append(f"{tab.url}: {got.status} {got.url}"),
    )
    for name in names:
        tab.goto(f"{place}{name}")
        found = tab.evaluate(
            """() => [
              [...document.querySelectorAll("[href], [src]")].map((e) => e.href || e.src),
              [...document.querySelectorAll("[id]")].map((e) => e.id),
            ]"""
        )
        anchors[f"{place}{name}"] = set(found[1])
        for link in found[0]:
            if isinstance(link, str) and link.startswith(place.split(BELOW, maxsplit=1)[0]):
                links.setdefault(link, name)
    assert faults == []
    outside = {link: name for link, name in links.items() if not link.startswith(place)}
    assert outside == {}
    for link, name in links.items():
        page, anchor = urldefrag(link)
        if anchor and page in anchors:
            assert anchor in anchors[page], f"{name}: {link}"
    for page in {urldefrag(link)[0] for link in links}:
        assert tab.request.get(page).status == 200, page
    tab.close()


def test_addresses_are_those_that_were_set() -> None:
    text = (SITE / "summary.html").read_text(encoding="utf-8")
    assert f'<link rel="canonical" href="{ADDRESS}summary.html">' in text
    assert f'href="{ADDRESS}edit/main/docs/summary.md"' in text
    places = re.findall(r"<loc>(.*)</loc>", (SITE / "sitemap.xml").read_text(encoding="utf-8"))
    assert len(places) > 90
    assert all((SITE / place.removeprefix(ADDRESS)).is_file() for place in places)
    assert 'href="/another/name/index.html"' in (SITE / "404.html").read_text(encoding="utf-8")
