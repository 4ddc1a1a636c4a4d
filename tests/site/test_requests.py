"""What a page is allowed to do, and what it says of itself to others."""

import base64
import hashlib
import re
from pathlib import Path

from bs4 import BeautifulSoup
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
SITE, DOCS = ROOT / "build" / "site", ROOT / "docs"
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))
# The pages whose metadata allow WebAssembly.
FRONT_MATTER = re.compile(r"\A---\n(?:.*\n)*?wasm: true\n(?:.*\n)*?---\n")
WITH_WASM = {
    page.relative_to(DOCS).with_suffix(".html").as_posix()
    for page in DOCS.glob("*.md")
    if FRONT_MATTER.match(page.read_text(encoding="utf-8"))
}


def test_a_click_on_what_acts_breaks_no_rule(page: Page, address: str) -> None:
    seen: list[str] = []
    page.on("console", lambda each: seen.append(each.text) if each.type == "error" else None)
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.goto(f"{address}{next(each for each in PAGES if '/plot_' in each)}")
    page.locator(".theme-toggle-content button").click()
    page.locator(".highlight").first.hover()
    page.locator("button.copybtn").first.click()
    page.get_by_role("button", name="On this page").click()
    assert page.evaluate("document.body.dataset.theme") in ("light", "dark")
    assert page.context.cookies() == []
    assert seen == []


def policy(page_path: str) -> tuple[dict[str, set[str]], BeautifulSoup]:
    soup = BeautifulSoup((SITE / page_path).read_text(encoding="utf-8"), "html.parser")
    (meta,) = soup.select("meta[http-equiv]")
    assert meta["http-equiv"] == "Content-Security-Policy"
    # Before it nothing is loaded.
    assert [tag.name for tag in meta.find_previous_siblings()] == ["meta"] * 3
    parts = [part.split() for part in meta["content"].split(";")]
    return {name: set(sources) for name, *sources in parts}, soup


def test_a_page_has_one_policy_that_allows_its_own_scripts_alone(page_path: str) -> None:
    directives, soup = policy(page_path)
    inline = {
        f"'sha256-{base64.b64encode(hashlib.sha256(tag.string.encode()).digest()).decode()}'"
        for tag in soup.find_all("script", src=False)
        if tag.get("type") != "application/json"  # what an explorer draws: data, never run
    }
    assert len(inline) == 1
    assert directives["default-src"] == {"'none'"}
    assert directives["script-src"] == {"'self'"} | inline | (
        {"'wasm-unsafe-eval'"} if page_path in WITH_WASM else set()
    )
    allowed = {"'self'", "'none'", "data:", "'unsafe-inline'"}
    for name, sources in directives.items():
        assert name == "script-src" or sources <= allowed, name
        assert name == "style-src" or "'unsafe-inline'" not in sources, name
    # Nor does an attribute hold a script.
    assert not soup.find_all(lambda tag: any(re.match(r"on[a-z]", name) for name in tag.attrs))


def test_webassembly_is_allowed_on_one_page_at_most() -> None:
    assert len(WITH_WASM) <= 1


def test_a_page_has_a_description_of_its_own(page_path: str) -> None:
    _, soup = policy(page_path)
    (meta,) = soup.select("meta[name=description]")
    assert 30 <= len(meta["content"]) <= 180, meta["content"]
    assert "\\" not in meta["content"], meta["content"]
