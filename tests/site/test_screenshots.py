"""Pictures of six pages, light and dark, wide and narrow, in build/screenshots: to be looked at."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
FOLDER = ROOT / "build" / "screenshots"
KINDS = {
    "landing": "index.html",
    "gallery-page": "auto_examples/*/plot_*.html",
    "gallery-index": "auto_examples/*/index.html",
    "functions": "api.html",
    "exercises": "exercises.html",
    "wrong-address": "404.html",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_taken(page: Page, address: str, kind: str, width: int, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 1600})
    path = min(SITE.glob(KINDS[kind]))
    page.goto(address + str(path.relative_to(SITE)))
    page.wait_for_load_state("networkidle")
    taken = page.screenshot(path=FOLDER / f"{kind}-{width}-{theme}.png")
    assert len(taken) > 10_000  # not an empty sheet
