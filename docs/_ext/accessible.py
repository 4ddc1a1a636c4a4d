"""What the theme and the extensions leave out for readers who listen, or use no mouse.

`page.html` in docs/_templates passes each page's body through `name_parts`. What can be done by
style is in docs/_static/nnbook.css, and what needs a measurement in docs/_static/nnbook.js.
"""

from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ICON = '<span class="icon"'
BUTTON = f'{ICON} role="button" tabindex="0" aria-expanded="false" aria-label='
TITLE = 'class="sphx-glr-thumbnail-title"'
ON_EVERY_PAGE = {
    # Two side columns, told apart by their names.
    '<aside class="sidebar-drawer"': '<aside class="sidebar-drawer" aria-label="The book"',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
    # What opens them on a narrow page is a button.
    f'{ICON}><svg><use href="#svg-menu"': f'{BUTTON}"The book"><svg><use href="#svg-menu"',
    f'{ICON}><svg><use href="#svg-toc"': f'{BUTTON}"On this page"><svg><use href="#svg-toc"',
}
ON_SOME_PAGES = {
    # A heading has a level.
    'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"',
    # A card's title is the text of its link already.
    f"<div {TITLE}": f'<div aria-hidden="true" {TITLE}',
}


def name_parts(body: str) -> str:
    """Return a page's body with names and levels where they were missing."""
    missing = [part for part in ON_EVERY_PAGE if part not in body]
    if missing:
        raise ExtensionError(f"the theme's markup has changed; there is no {missing[0]}")
    for part, replacement in (ON_EVERY_PAGE | ON_SOME_PAGES).items():
        body = body.replace(part, replacement)
    return body


def add_filter(app: Sphinx) -> None:
    """Make `name_parts` known to the templates."""
    if app.builder.format == "html":
        # A book has one column, and no buttons.
        named = name_parts if app.builder.name == "html" else str
        app.builder.templates.environment.filters["name_parts"] = named  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the filter."""
    app.connect("builder-inited", add_filter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
