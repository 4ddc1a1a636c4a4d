"""What a page asks for, how much that weighs, and what it is allowed to do."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page, Request

SITE = Path(__file__).parents[2] / "build" / "site"
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))

# Counted before any other script runs.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", event =>
  violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
window.moved = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => moved += entry.value))
  .observe({type: "layout-shift", buffered: true});
"""
# Down to the end, as a reader goes, so that every figure is fetched.
TO_THE_END = """
async () => {
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
    scrollTo(0, y);
    await new Promise(done => setTimeout(done, 20));
  }
  const shown = [...document.images].filter(image => image.checkVisibility());
  await Promise.all(shown.map(image => image.decode().catch(() => null)));
}
"""


@dataclass
class Visit:
    """What was seen while a page was read to its end."""

    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    moved: float = 0.0
    bytes: int = 0


def visit(page: Page, address: str) -> Visit:
    seen = Visit()
    page.add_init_script(WATCH)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.messages.append(message.text))
    page.on("pageerror", lambda error: seen.messages.append(str(error)))
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.extend([request]))
    page.goto(address)
    page.evaluate(TO_THE_END)
    if address.startswith("file:"):  # in the dark other figures are shown
        page.emulate_media(color_scheme="dark")
        page.evaluate(TO_THE_END)
    seen.violations = page.evaluate("violations")
    seen.moved = page.evaluate("moved")
    if address.startswith("http"):
        sizes = [request.sizes() for request in finished]
        seen.bytes = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    return seen


def test_a_page_from_a_folder_needs_no_network(page: Page, page_path: str) -> None:
    page.context.set_offline(True)
    seen = visit(page, (SITE / page_path).as_uri())
    assert len(seen.requests) > 3
    outside = [url for url in seen.requests if not url.startswith((SITE.as_uri(), "data:"))]
    assert outside == []
    assert seen.messages == []
    assert seen.violations == []


@pytest.mark.parametrize("width", [1280, 320])
def test_a_page_from_a_server_asks_it_alone_and_is_light_and_does_not_move(
    page: Page, address: str, page_path: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    seen = visit(page, address + page_path)
    outside = [url for url in seen.requests if not url.startswith((address, "data:"))]
    assert outside == []
    assert seen.messages == []
    assert seen.violations == []
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert seen.moved == 0
    plots = page.locator("article img").count()
    # The search page fetches its index, which is not text to read.
    allowed = 250_000 if plots or page_path == "search.html" else 100_000
    assert 10_000 < seen.bytes < allowed


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
    }
    assert len(inline) == 1
    assert directives["default-src"] == {"'none'"}
    assert directives["script-src"] == {"'self'"} | inline | (
        {"'wasm-unsafe-eval'"} if page_path == "playground.html" else set()
    )
    allowed = {"'self'", "'none'", "data:", "'unsafe-inline'"}
    for name, sources in directives.items():
        assert name == "script-src" or sources <= allowed, name
        assert name == "style-src" or "'unsafe-inline'" not in sources, name
    # Nor does an attribute hold a script.
    assert not soup.find_all(lambda tag: any(re.match(r"on[a-z]", name) for name in tag.attrs))


def test_a_page_has_a_description_of_its_own(page_path: str) -> None:
    _, soup = policy(page_path)
    (meta,) = soup.select("meta[name=description]")
    assert 30 <= len(meta["content"]) <= 180, meta["content"]
    assert "\\" not in meta["content"], meta["content"]
