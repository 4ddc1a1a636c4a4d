"""Each page, as axe-core judges it, and as it is reached by keyboard."""

from playwright.sync_api import Page

AXE = """
theme => axe.run({
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
  // This rule takes half of the time, and no colour changes what it measures.
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


def test_axe_finds_nothing_light_or_dark_wide_or_narrow(
    page: Page, axe: str, address: str, page_path: str
) -> None:
    page.goto(address + page_path)
    page.evaluate(axe)
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(SETTLED)
            found += [f"{theme} {width}: {each}" for each in page.evaluate(AXE, theme)]
    assert found == [], "\n".join(found)


def test_what_can_be_clicked_takes_the_focus_and_shows_it_and_no_page_is_too_wide(
    page: Page, address: str, page_path: str
) -> None:
    page.goto(address + page_path)
    page.keyboard.press("Tab")  # from here on the browser marks the focus
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(SETTLED)
        faults = page.evaluate(UNREACHED)
        assert faults == [], "\n".join([f"{width} wide", *faults])
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Nor does the text's column scroll sideways: only what is inside it does.
        column = page.locator(".content")
        assert column.evaluate("column => column.scrollWidth - column.clientWidth") == 0
