"""Figures that readers turn: sliders and choices, drawn by Vega-Lite once the reader asks for it.

    .. explorer:: one-neuron
       :label: One neuron, to turn

       What can be turned, and what stands in its place without JavaScript.

The figure's specification is written by `explorer_specs.py` in a process of its own, and stays in
the page as JSON; it is made anew when what that script uses has changed. Up to 1,000 numbers that a
figure holds are offered below it. docs/_web/static holds the page's script, a classic one: it works
on a page that is opened from a folder too.
"""

import csv
import html
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from depends import fingerprint
from figures import NUMBERS
from web import compressed_bytes, is_installed

ROOT = Path(__file__).parents[2]
SPECS = Path(__file__).with_name("explorer_specs.py")
# In the order in which they are loaded.
PACKAGES = ("vega", "vega-lite", "vega-interpreter")
NOT_BUILT = (
    "A figure to turn is missing here: this site was built where the npm registry could not be "
    "reached. <code>nox -s docs</code> adds it, once there is a network."
)
NO_SCRIPT = "It needs JavaScript, which is switched off; the figures of this page do not."


def specification(name: str, folder: Path) -> str:
    """Return a figure's specification as JSON; one that was made before is read from the folder."""
    kept, now = folder / f"{name}.json", fingerprint(SPECS)
    if kept.exists():
        made = json.loads(kept.read_text(encoding="utf-8"))
        if made["recipe"] == now:
            return str(made["text"])
    paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, str(SPECS), name]
    done = subprocess.run(  # noqa: S603  # our own script, by this Python
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the explorer {name!r} could not be made:\n{done.stderr[-2000:]}")
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"recipe": now, "text": done.stdout.strip()}), encoding="utf-8")
    return done.stdout.strip()


def table(text: str) -> tuple[str, int] | None:
    """Return a figure's numbers as CSV, and how many points they are, or None.

    None is returned where the browser computes them, and where there are more than 1,000.
    """
    from plotted import MOST_POINTS  # noqa: PLC0415  # it imports matplotlib

    figure = json.loads(text)
    points = figure["data"].get("values", [])
    if not 0 < len(points) <= MOST_POINTS:
        return None
    columns = {each["field"]: each["title"] for each in figure["encoding"]["tooltip"]}
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(columns.values())
    rows.writerows([point[field] for field in columns] for point in points)
    return written.getvalue(), len(points)


class explorer(nodes.General, nodes.Element):  # noqa: N801  # as docutils names nodes
    """A figure to turn; its children say what it is."""


class Explorer(SphinxDirective):
    """Put a figure to turn into a page."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar = {"label": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the figure's place."""
        node = explorer()
        node["name"], node["label"] = self.arguments[0], self.options["label"]
        node["complete"] = all(map(is_installed, PACKAGES))
        # A page that has an explorer is read anew when the packages come or go: docs/_ext/web.py.
        self.env.metadata[self.env.docname]["interactive"] = list(PACKAGES)
        self.env.note_dependency(SPECS)
        if node["complete"]:
            folder = Path(self.env.doctreedir).parent / "explorers"
            node["text"] = specification(node["name"], folder)
        node += self.parse_content_to_nodes()
        return [node, *self._numbers(node, folder)] if node["complete"] else [node]

    def _numbers(self, node: explorer, folder: Path) -> list[nodes.Node]:
        found = table(node["text"])
        if found is None:
            return []
        text, points = found
        path = folder / f"{node['name']}.csv"
        path.write_text(text, encoding="utf-8")
        address = f"/{os.path.relpath(path, self.env.srcdir)}"
        return self.parse_text_to_nodes(
            NUMBERS.format(name=path.name, points=points, series=1, path=address)
        )


def visit(self: Any, node: explorer) -> None:
    """Write the place, with a button that opens the figure."""
    if self.builder.name != "html":  # a book has the page's own figures
        raise nodes.SkipNode
    name, label = html.escape(node["name"]), html.escape(node["label"])
    self.body.append(
        f'<section class="explorer" id="explorer-{name}" aria-label="{label}">\n'
        f'<p class="explorer-label">{label}</p>\n'
    )


def depart(self: Any, node: explorer) -> None:
    """Close the place, with what its script needs."""
    if not node["complete"]:
        self.body.append(f"<p>{NOT_BUILT}</p>\n</section>\n")
        return
    size = sum(map(compressed_bytes, PACKAGES))
    text = node["text"].replace("</", "<\\/")
    self.body.append(
        f"<noscript><p>{NO_SCRIPT}</p></noscript>\n"
        f'<button type="button" class="explorer-open" disabled>Open the figure '
        f"(loads {round(size / 1000):,} kB)</button>\n"
        '<div class="explorer-controls"></div>\n'
        '<div class="explorer-view"></div>\n'
        '<p class="explorer-words" role="status"></p>\n'
        f'<script type="application/json" class="explorer-figure">{text}</script>\n'
        "</section>\n"
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_node(explorer, html=(visit, depart))
    app.add_directive("explorer", Explorer)
    return {"env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}
