"""Every page in a browser: read to its end, judged by axe-core, gone through by keyboard.

Each page is opened three times, wide and narrow from a server, and from a folder without a network.
All that a load can show is asked of it at once, and all that is found is told together.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.site.conftest import READER

SITE = Path(__file__).parents[2] / "build" / "site"

# Counted before any other script runs.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", event =>
  violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
window.moved = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => moved += entry.value))
  .observe({type: "layout-shift", buffered: true});
"""
# Down to the end, as a reader goes, so that every figure is fetched; and back to the top.
TO_THE_END = """
async () => {
  const painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
    scrollTo(0, y);
    await painted();
  }
  const shown = [...document.images].filter(image => image.checkVisibility());
  await Promise.all(shown.map(image => image.decode().catch(() => null)));
  await painted();
  scrollTo(0, 0);
}
"""
AXE = """
theme => axe.run({
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
  // Sizes are measured once a width: no colour changes them.
  rules: {"target-size": {enabled: theme === "light"}},
  resultTypes: ["violations"],
}).then(result => result.violations.flatMap(violation =>
  violation.nodes.map(node => `${violation.id}: ${node.target} ${node.html.slice(0, 200)}`)))
"""
SETTLED = """
() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))
"""
# What a mouse can use takes the focus, and then it, its label or its form is marked.
UNREACHED = """
() => {
  const marked = element => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const seen = element => {
    for (let each = element; each; each = each.parentElement)
      if (parseFloat(getComputedStyle(each).opacity) < 1) return false;
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > 0 && box.left < innerWidth;
  };
  const shown = element => element.checkVisibility({visibilityProperty: true});
  const faults = [];
  const all = document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, label[for], [tabindex]");
  for (const element of all) {
    const box = element.getBoundingClientRect();
    if (!shown(element) || !box.width || !box.height) continue;
    // A label stands for its field, or for the button in it.
    const label = element.tagName === "LABEL";
    const control = label ? element.querySelector("[role=button]") ?? element.control : element;
    const name = element.outerHTML.slice(0, 150);
    control.focus();
    if (control.tabIndex < 0 || document.activeElement !== control) {
      faults.push(`takes no focus: ${name}`);
      continue;
    }
    const places = [control, ...(control.labels ?? []), control.closest("form")].filter(Boolean);
    const visible = places.some(place => marked(place) && shown(place) && seen(place));
    if (!visible) faults.push(`focus is not seen: ${name}`);
  }
  if (all.length < 20) faults.push(`only ${all.length} links and fields`);
  return faults;
}
"""
# Neither the page nor the text's column scrolls sideways: only what is inside it does.
TOO_WIDE = """
() => [document.documentElement, document.querySelector(".content")]
  .filter(each => each.scrollWidth > each.clientWidth)
  .map(each => `${each.tagName} is ${each.scrollWidth} wide in ${each.clientWidth}`)
"""


class Tab:
    """A tab of the browser, and what was seen since the page in it was opened.

    Opening a tab costs more than reading most pages, so one is used for all.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.finished: list[Request] = []
        page.add_init_script(WATCH)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("requestfinished", lambda request: self.finished.extend([request]))

    def read(self, address: str, width: int) -> None:
        """Open a page, and go through it in the light."""
        self.page.goto("about:blank")
        for seen in (self.requests, self.messages, self.finished):
            seen.clear()
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.goto(address)
        self.page.evaluate(TO_THE_END)

    def faults(self, home: str) -> list[str]:
        """Return what should not have been: requests to other places, messages, movement."""
        outside = [url for url in self.requests if not url.startswith((home, "data:"))]
        found = [f"asks for {url}" for url in outside]
        found += [f"says {message}" for message in self.messages]
        found += [f"violates {each}" for each in self.page.evaluate("violations")]
        moved = self.page.evaluate("moved")
        found += [f"moves by {moved}"] if moved else []
        found += ["asked for almost nothing"] if len(self.requests) <= 3 else []
        return found

    def weight(self) -> int:
        """Return how many bytes came."""
        sizes = [request.sizes() for request in self.finished]
        return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)


def judged_by_axe(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds in the light and in the dark."""
    page.evaluate(axe)
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.evaluate(SETTLED)
        found += [f"{theme}, {each}" for each in page.evaluate(AXE, theme)]
    return found


def out_of_reach(page: Page) -> list[str]:
    """Return what no keyboard reaches, or does not show that it has."""
    page.keyboard.press("Tab")  # from here on the browser marks the focus
    return page.evaluate(UNREACHED)


def from_a_server(tab: Tab, axe: str, address: str, page_path: str, width: int) -> list[str]:
    """Return the faults of a page of one width that a server sends."""
    page = tab.page
    tab.read(address + page_path, width)
    found = tab.faults(address)
    weight = tab.weight()
    plots = page.locator("article img").count()
    # The search page fetches its index, which is not text to read.
    allowed = 250_000 if plots or page_path == "search.html" else 100_000
    if not 10_000 < weight < allowed:
        found.append(f"weighs {weight} bytes")
    found += [f"keeps the cookie {cookie}" for cookie in page.context.cookies()]
    if page.evaluate("localStorage.length + sessionStorage.length"):
        found.append("keeps something in the browser")
    found += page.evaluate(TOO_WIDE)
    found += judged_by_axe(page, axe)
    found += out_of_reach(page)
    return [f"{width} wide: {fault}" for fault in found]


def from_a_folder(tab: Tab, page_path: str) -> list[str]:
    """Return the faults of a page that is opened as a file, while the network is off."""
    tab.read((SITE / page_path).as_uri(), 1280)
    tab.page.emulate_media(color_scheme="dark")  # other figures are shown there
    tab.page.evaluate(TO_THE_END)
    return [f"as a file: {fault}" for fault in tab.faults(SITE.as_uri())]


@pytest.fixture(scope="module")
def online(browser: Browser) -> Iterator[Tab]:
    """Give a tab for what a server sends; what one page keeps the others find."""
    with browser.new_context(**READER) as context:
        yield Tab(context.new_page())


@pytest.fixture(scope="module")
def offline(browser: Browser) -> Iterator[Tab]:
    """Give a tab for what lies in a folder, to a reader who has no network."""
    with browser.new_context(**READER, offline=True) as context:
        yield Tab(context.new_page())


def test_a_page_has_no_fault_wide_or_narrow_light_or_dark_online_or_off(
    online: Tab, offline: Tab, axe: str, address: str, page_path: str
) -> None:
    faults = []
    for width in (1280, 320):
        faults += from_a_server(online, axe, address, page_path, width)
    faults += from_a_folder(offline, page_path)
    assert faults == [], "\n".join(faults)
