"""Figures, search, paper, and what else a reader meets."""

import gzip
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
PHONE = {"width": 390, "height": 800}
INK, LIGHT_INK = "#1c1c1e", "#e6e6e8"
# One page of each kind, found by rule.
KINDS = {
    "landing page": "index.html",
    "gallery page": "auto_examples/*/plot_*.html",
    "gallery index": "auto_examples/*/index.html",
    "list of functions": "api.html",
    "function": "api/generated/nnbook.fit.html",
    "folded solutions": "exercises.html",
}


def first(kind: str) -> str:
    return min(str(path.relative_to(SITE)) for path in SITE.glob(KINDS[kind]))


def test_each_figure_is_light_and_says_what_it_shows_in_a_place_of_its_size(page_path: str) -> None:
    soup = BeautifulSoup((SITE / page_path).read_text(encoding="utf-8"), "html.parser")
    images = soup.select("article img")
    by_theme: dict[str, list[Path]] = {"only-light": [], "only-dark": []}
    for image in images:
        file = (SITE / page_path).parent / image["src"]
        svg = file.read_text(encoding="utf-8")
        assert file.suffix == ".svg"
        assert len(gzip.compress(svg.encode())) <= 60_000, file
        assert len(image["alt"].split()) >= 8, image["alt"]
        width, height = (float(side) for side in re.findall(r'"([\d.]+)pt"', svg)[:2])
        assert int(image["width"]) == pytest.approx(width * 4 / 3, abs=1)
        assert int(image["height"]) == pytest.approx(height * 4 / 3, abs=1)
        # Thousands of dots are a picture inside the figure.
        assert svg.count("<use ") < 2000, file
        (theme,) = set(image["class"]) & set(by_theme)
        by_theme[theme].append(file)
    for light, dark in zip(by_theme["only-light"], by_theme["only-dark"], strict=True):
        drawn = light.read_text(encoding="utf-8")
        assert INK in drawn, light
        assert dark.read_text(encoding="utf-8") == drawn.replace(INK, LIGHT_INK), dark


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["landing page", "gallery page", "gallery index"])
def test_of_each_pair_of_figures_one_is_shown_unfiltered(
    page: Page, address: str, kind: str, theme: str
) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto(address + first(kind))
    seen = page.evaluate(
        """() => [...document.querySelectorAll("article img")].map(image =>
          [image.checkVisibility(), image.className, getComputedStyle(image).filter])"""
    )
    assert len(seen) >= 2
    for shown, name, style in seen:
        assert shown == (f"only-{theme}" in name)
        assert style == "none"


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("kind", KINDS)
def test_the_tab_key_goes_through_a_page_and_every_stop_is_in_view(
    page: Page, address: str, kind: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address + first(kind))
    stops: list[str] = []
    page.evaluate("document.body.dataset.stop = -1")
    while True:
        page.keyboard.press("Tab")
        # Numbers the stops; -1 where the Tab key has left the page.
        stop, name, in_view = page.evaluate(
            """() => {
              const element = document.activeElement;
              if (element === document.body) return [-1, "", true];
              const box = element.getBoundingClientRect();
              const known = element.dataset.stop;
              element.dataset.stop ??= ++document.body.dataset.stop;
              return [known ? -1 : +element.dataset.stop, element.outerHTML.slice(0, 120),
                box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight];
            }"""
        )
        if stop < 0:
            break
        assert in_view, name
        stops.append(name)
    tabbable = page.evaluate(
        """() => [...document.querySelectorAll(
          "a[href], button, input:not([type=hidden]), summary, [tabindex]"
        )].filter(
          each => each.tabIndex >= 0 && each.checkVisibility({visibilityProperty: true})
        ).length"""
    )
    assert "skip-to-content" in stops[0]
    assert len(stops) == tabbable > 10


@pytest.mark.parametrize("button", ["The book", "On this page"])
def test_side_columns_open_and_shut_by_keyboard_on_a_phone(
    page: Page, address: str, button: str
) -> None:
    page.set_viewport_size(PHONE)
    page.goto(address + first("gallery page"))
    column = page.get_by_role("complementary", name=button)
    assert not column.is_visible()
    opener = page.get_by_role("button", name=button)
    opener.focus()
    page.keyboard.press("Enter")
    assert column.is_visible()
    assert opener.get_attribute("aria-expanded") == "true"
    assert column.evaluate("column => column.contains(document.activeElement)")
    page.keyboard.press("Escape")
    assert not column.is_visible()
    assert opener.evaluate("opener => opener === document.activeElement")


def test_cards_of_the_gallery_open_by_keyboard_and_by_touch(page: Page, address: str) -> None:
    page.goto(address + first("gallery index"))
    cards = page.locator(".sphx-glr-thumbcontainer")
    assert cards.count() >= 1
    title = cards.first.locator(".sphx-glr-thumbnail-title").inner_text()
    link = page.get_by_role("link", name=title, exact=True).last
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/plot_*.html")
    assert title in page.title()
    page.go_back()
    # The whole card is the link.
    cards.first.click(position={"x": 20, "y": 20})
    page.wait_for_url("**/plot_*.html")


@pytest.mark.parametrize("place", ["server", "folder"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("divergence", "DivergenceError"),
        ("least_squares", "least_squares"),
        ("nnbook.fit", "fit"),
        ("back-propagation by hand", "5.3"),
    ],
)
def test_search_finds_words_and_names_on_a_phone(
    page: Page, address: str, place: str, query: str, expected: str
) -> None:
    page.set_viewport_size(PHONE)
    seen: list[str] = []
    page.on("console", lambda each: seen.append(each.text) if each.type == "error" else None)
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.goto((address if place == "server" else f"{SITE.as_uri()}/") + "index.html")
    page.get_by_role("button", name="The book").click()
    page.get_by_role("complementary", name="The book").get_by_label("Search").fill(query)
    page.keyboard.press("Enter")
    results = page.locator("#search-results li a")
    results.first.wait_for()
    page.wait_for_load_state("networkidle")
    assert any(expected in text for text in results.all_inner_texts()[:5])
    assert page.locator(".search-form input").input_value() == query
    quoted = page.locator("#search-results p.context").count()
    assert quoted == 0 if place == "folder" else quoted >= 1
    assert seen == []


def test_a_wrong_address_leads_on(page: Page, address: str) -> None:
    response = page.goto(f"{address}no-such-page.html")
    assert response is not None
    assert response.status == 404
    assert page.get_by_role("heading", name="There is no page here").is_visible()
    links = page.locator("article a.reference")
    assert links.count() >= 4
    page.locator(".search-form input").fill("glossary")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_on_paper_solutions_are_unfolded_and_side_columns_are_gone(
    page: Page, address: str, kind: str, theme: str
) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": 794, "height": 1123})  # A4
    page.goto(address + first(kind))
    shown = """selector => [...document.querySelectorAll(selector)]
      .map(each => each.checkVisibility() && each.offsetHeight > 0)"""
    solutions = page.evaluate(shown, "details > :not(summary)")
    assert not any(solutions)
    assert len(solutions) > 5 or kind != "folded solutions"
    page.emulate_media(media="print", color_scheme=theme)
    assert all(page.evaluate(shown, "details > :not(summary)"))
    columns = page.evaluate(shown, ".sidebar-drawer, .toc-drawer, .mobile-header, .copybtn")
    assert len(columns) >= 3
    assert not any(columns)
    # Paper is white, whatever the screen is.
    light = page.evaluate(shown, "article img.only-light")
    assert all(light) or kind == "function"  # there cards have titles alone
    assert not any(page.evaluate(shown, "article img.only-dark"))
    text = page.evaluate("getComputedStyle(document.body).color")
    assert max(int(part) for part in re.findall(r"\d+", text)[:3]) < 100
    page.pdf()  # this fetches what was not in view yet
    assert page.evaluate(
        "[...document.images].filter(each => each.checkVisibility()).every(each => each.complete)"
    )
