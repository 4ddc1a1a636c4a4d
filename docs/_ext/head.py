"""What stands at the head of each page: a security policy, a description, how it looks when shared.

Style sheets and scripts of extensions are left out where a page has no use for them.
"""

import html
import re
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

# Furo's one inline script, which sets the theme before anything is drawn. Its hash is computed from
# the built pages in tests/site/test_requests.py.
THEME_SCRIPT = "'sha256-ySvT2PEZeueHGC1y2crNuNTfphBynFPP7i+U21fEgX0='"
# Pages that Sphinx makes without a source.
DESCRIPTIONS = {
    "genindex": "Every function, class, method and term of the book and its library, from A to Z.",
    "search": "Search the book and its library by words, or by the name of a function.",
}
# A file of an extension, and what is found on each page that needs it.
NEEDED_BY = {
    "sg_gallery": "sphx-glr",
    "sg_gallery-binder": "binder",
    "sg_gallery-dataframe": "dataframe",
    "sg_gallery-rendered-html": "rendered_html",
    "sg-tags": "data-sgtags",
    "mystnb": 'class="cell',
    "copybutton": 'class="highlight',
    "clipboard": 'class="highlight',
    "interactive": 'class="interactive"',
    "playground": 'class="playground"',
    "explorers": 'class="explorer"',
}
SHORT, LONG = 70, 180


def policy(meta: dict[str, Any]) -> str:
    """Return a page's Content-Security-Policy; `wasm: true` in its metadata allows WebAssembly."""
    wasm = " 'wasm-unsafe-eval'" if meta.get("wasm") else ""
    return (
        f"default-src 'none'; script-src 'self' {THEME_SCRIPT}{wasm}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'"
    )


def description(doctree: nodes.document | None, pagename: str, title: str) -> str:
    """Return a page's first words: paragraphs that follow each other, until there are enough."""
    if doctree is None:
        return DESCRIPTIONS.get(pagename, f"{title}: a list of what the book's pages hold.")
    prose = [node for node in doctree.findall(nodes.paragraph) if not _is_in_note(node)]
    words = ""
    for paragraph in [node for node in prose if node.parent is prose[0].parent]:
        words = f"{words} {_text(paragraph)}".strip()
        if len(words) >= SHORT:
            break
    words = words if len(words) >= SHORT else f"{title}: {words or 'a page of nnbook'}"
    return textwrap.shorten(words, LONG, placeholder=" …")


def _is_in_note(node: nodes.Node) -> bool:
    # What describes a function is no note, although Sphinx gives it that class.
    if isinstance(node, nodes.Admonition) and not isinstance(node, addnodes.desc):
        return True
    if isinstance(node, nodes.container) and "sphx-glr-footer" in node["classes"]:
        return True
    return node.parent is not None and _is_in_note(node.parent)


def _text(paragraph: nodes.paragraph) -> str:
    # Of a formula the letters and signs are kept: "w u + b" for r"w\,u + b".
    words = paragraph.deepcopy()
    for formula in list(words.findall(nodes.math)):
        formula.replace_self(nodes.Text(re.sub(r"\\[a-z]+|\\.|[{}^_]", " ", formula.astext())))
    return words.astext()


def write_head(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the policy first, then the description; leave out files that the page does not need."""
    if app.builder.name != "html":
        return
    title = html.unescape(re.sub(r"<[^>]+>", "", context.get("title", "")))
    tags = {
        'http-equiv="Content-Security-Policy"': policy(context.get("meta") or {}),
        'name="description"': description(doctree, pagename, title),
    }
    lines = [f'<meta {name} content="{html.escape(text)}">' for name, text in tags.items()]
    body = context.get("body", "")
    if NEEDED_BY["interactive"] in body:  # at once: it decides what is drawn
        lines.append(f'<script src="{context["pathto"]("_static/interactive.js", 1)}"></script>')
    context["metatags"] = "\n".join([*lines, context.get("metatags", "")])
    for key in ("css_files", "script_files"):
        context[key] = [file for file in context[key] if _is_needed(str(file), body)]
    if pagename != "search":  # its own scripts follow at once, and build on these
        context["script_files"] = [_deferred(file) for file in context["script_files"]]


def _is_needed(file: str, body: str) -> bool:
    return all(mark in body for part, mark in NEEDED_BY.items() if part in file)


def _deferred(script: Any) -> Any:
    # The builder's own object serves every page, so a new one is made.
    attributes = {**script.attributes, "defer": "defer"}
    return type(script)(script.filename, priority=script.priority, **attributes)


def address_missing_pages(app: Sphinx, error: Exception | None) -> None:
    """Let the page for addresses that do not exist name the site's files from the server's root.

    A server shows this page in place of any other, so relative links would lead nowhere. Only where
    the site's address is known: links from the root do not work in a folder on a disk.
    """
    page = Path(app.outdir) / "404.html"
    if error is not None or not app.config.html_baseurl or not page.exists():
        return
    root = f"{urlsplit(app.config.html_baseurl).path.rstrip('/')}/"
    text = page.read_text(encoding="utf-8")
    relative = re.compile(r'\b(href|src|action|data-content_root)="(?![a-z]+:|#|/)(?:\./)?')
    page.write_text(relative.sub(rf'\1="{root}', text), encoding="utf-8")


def mark_variables(app: Sphinx, error: Exception | None) -> None:
    """Tell search engines that a variable in code, linked to its class, recommends no page.

    The gallery makes these links when all pages are written. Their texts say nothing of where they
    lead: a variable may be called `start`.
    """
    link = re.compile(r'(sphx-glr-backref-instance [^"]*") href=')
    for page in [] if error else sorted(Path(app.outdir).glob("auto_examples/*/plot_*.html")):
        text = page.read_text(encoding="utf-8")
        marked = link.sub(r'\1 rel="nofollow" href=', text)
        if marked != text:
            page.write_text(marked, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the head, after the extensions that add to it, and what is done at the end."""
    app.connect("html-page-context", write_head, priority=900)
    app.connect("build-finished", mark_variables, priority=900)
    app.connect("build-finished", address_missing_pages, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
