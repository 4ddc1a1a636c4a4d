"""Interactive parts of pages: what their scripts need from npm, and what stands in their place.

`nox -s docs` installs the packages of docs/_web/package-lock.json, once. The few files of them that
a page fetches are copied into the site, so that nothing is asked from elsewhere. Our own scripts,
in docs/_web/static, are served as they are written: the browser loads them as modules.

    ```{interactive} playground/page.js
    :packages: onnxruntime-web
    :markup: playground.html

    What readers see where the module cannot run: a figure, and what it shows.
    ```
"""

import functools
import gzip
import html
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

WEB = Path(__file__).parents[1] / "_web"
PACKAGES = WEB / "node_modules"
# The files that pages fetch, by package. They are served as _static/npm/PACKAGE/FILE.
SERVED = {
    "onnxruntime-web": (
        "dist/ort.wasm.min.mjs",
        "dist/ort-wasm-simd-threaded.mjs",
        "dist/ort-wasm-simd-threaded.wasm",
    ),
    "vega": ("build/vega.min.js",),
    "vega-lite": ("build/vega-lite.min.js",),
    "vega-interpreter": ("build/vega-interpreter.js",),
}
# Vega's other files are classic scripts, which pages opened from a folder load too, and this one
# becomes one. Vega has the functions that it imports.
REPLACED = {
    "build/vega-interpreter.js": (
        (
            "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';",
            "'use strict'; {\n"
            "const { ascending, isString, DisallowedObjectProperties } = globalThis.vega;",
        ),
        (
            "export { expression as expressionInterpreter };",
            "globalThis.vegaInterpreter = expression; }",
        ),
    ),
}
STILL = {
    "build": "The figure that moves is missing here: this site was built where the npm registry "
    "could not be reached. <code>nox -s docs</code> adds it, once there is a network.",
    "file": "In place of this figure there is one that moves, but browsers run it only on pages "
    "that a server sends, and this page was opened from a folder. Serve the folder by the command "
    "<code>python -m http.server</code> in it, and open "
    "<a href='http://localhost:8000/{page}'>http://localhost:8000/{page}</a>.",
    "wasm": "In place of this figure there is one that moves. It needs WebAssembly, which this "
    "browser does not have, or has switched off.",
    "error": "In place of this figure there is one that moves, but it could not be started. "
    "Reloading the page may help.",
}
WITHOUT_SCRIPTS = (
    "In place of this figure there is one that moves. It needs JavaScript, which is switched off."
)
logger = logging.getLogger(__name__)


def is_installed(package: str) -> bool:
    """Tell whether all files of a package that the site serves are there."""
    return all((PACKAGES / package / file).exists() for file in SERVED[package])


@functools.cache
def compressed_bytes(package: str) -> int:
    """Return what a server sends for a package's files: their size, compressed."""
    files = [PACKAGES / package / file for file in SERVED[package]]
    return sum(len(gzip.compress(file.read_bytes(), mtime=0)) for file in files)


def served_files() -> dict[str, bytes]:
    """Return what is copied into the site, by name."""
    found = {}
    for package in filter(is_installed, SERVED):
        for file in SERVED[package]:
            content = (PACKAGES / package / file).read_bytes()
            for old, new in REPLACED.get(file, ()):
                assert old.encode() in content, f"{package}: {file} has changed"
                content = content.replace(old.encode(), new.encode())
            found[f"{package}/{Path(file).name}"] = content
    return found


def copy_packages(app: Sphinx, error: Exception | None) -> None:
    """Put the packages' files into the site."""
    if error is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir) / "_static" / "npm"
    for name, content in served_files().items():
        target = folder / name
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


class interactive_part(nodes.General, nodes.Element):  # noqa: N801  # as docutils names nodes
    """A part of a page that a module brings to life; its children are what stands there if not."""


class Interactive(SphinxDirective):
    """Mark a part of a page that a module of docs/_web/static brings to life.

    The module exports `start(element)`. `packages` are the npm packages that it fetches; `markup`
    is a file in docs/_web with what the module finds in the page: there {size} becomes their size.
    """

    has_content = True
    required_arguments = 1
    option_spec: ClassVar = {"packages": directives.unchanged, "markup": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the part, with its content."""
        packages = self.options.get("packages", "").split()
        node = interactive_part()
        node["module"] = self.arguments[0]
        node["page"] = f"{self.env.docname}.html"
        node["bytes"] = {each: compressed_bytes(each) for each in packages if is_installed(each)}
        node["complete"] = len(node["bytes"]) == len(packages)
        if "markup" in self.options:
            markup = WEB / self.options["markup"]
            self.env.note_dependency(markup)
            size = f"{sum(node['bytes'].values()) / 1e6:.1f} MB"
            node["markup"] = markup.read_text(encoding="utf-8").replace("{size}", size)
        self.env.metadata[self.env.docname]["interactive"] = packages
        node += self.parse_content_to_nodes()
        if not node["complete"]:
            logger.info(
                "%s: without its interactive part; npm's packages are missing", node["page"]
            )
        return [node]


def visit(self: Any, node: interactive_part) -> None:
    """Write what the module finds, and open the place of what is seen in its stead."""
    if self.builder.name != "html":  # in a printed book only that is seen
        self.body.append("<div>\n<div>\n")
        return
    live = node["complete"]
    module = f' data-module="{html.escape(node["module"])}"' if live else ""
    self.body.append(f'<div class="interactive"{module}>\n')
    if live:
        self.body.append(f'<div class="live">\n{node.get("markup", "")}</div>\n')
    self.body.append('<div class="still">\n')
    for why, words in STILL.items():
        if live == (why != "build"):
            hidden = " hidden" if live else ""
            self.body.append(f'<p data-why="{why}"{hidden}>{words.format(page=node["page"])}</p>\n')
    if live:
        self.body.append(f"<noscript><p>{WITHOUT_SCRIPTS}</p></noscript>\n")


def depart(self: Any, node: interactive_part) -> None:
    """Close both places."""
    self.body.append("</div>\n</div>\n")


def pass_by(self: Any, node: interactive_part) -> None:
    """Write nothing but the content."""


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return the interactive pages to read anew: packages have come, or gone."""
    now = {package: is_installed(package) for package in SERVED}
    before, env.nnbook_packages = getattr(env, "nnbook_packages", now), now  # type: ignore[attr-defined]
    moved = {package for package in SERVED if before.get(package) != now[package]}
    return [
        name
        for name in sorted(env.found_docs - removed)
        if moved.intersection(env.metadata[name].get("interactive", ()))
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and what it needs."""
    plain = (pass_by, pass_by)
    app.add_node(interactive_part, html=(visit, depart), latex=plain, text=plain)
    app.add_directive("interactive", Interactive)
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", copy_packages)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
