"""Finish the notebooks that sphinx-gallery makes: their text is Markdown, their outputs are there.

sphinx-gallery turns headings, mathematics and addresses into Markdown, but leaves roles such as
``:doc:`` behind, and indents of literal blocks. The outputs are those of the page: text from its
reStructuredText, figures from the PNG that was drawn beside each SVG.
"""

import base64
import html
import json
import re
import textwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from chapters import docstring
from figures import DESCRIPTION, png_of

ROLE = re.compile(r":(?:py:)?(?P<role>[a-z]+):`(?P<text>[^`]+)`")
TITLED = re.compile(r"(?P<title>.+?)\s*<(?P<target>[^<>]+)>", re.DOTALL)
LITERAL = re.compile(r"::\n\n((?:(?:[ ]+.*)?\n)+)")
ANONYMOUS_LINK = re.compile(r"(\[[^\]]+\]\([^)]+\))_")
# A figure to turn is the page's alone.
EXPLORER = re.compile(r"^\.\. explorer:: .*\n(?:(?: +.*)?\n)*", re.MULTILINE)
BLOCK = re.compile(r"^\.\. GENERATED FROM PYTHON SOURCE LINES .*\n", re.MULTILINE)
IMAGE = re.compile(r"^\.\. image:: /(\S+\.svg)$", re.MULTILINE)
PRINTED = re.compile(
    r"^\.\. rst-class:: sphx-glr-script-out\n\n \.\. code-block:: none\n\n((?:(?: {4}.*)?\n)+)",
    re.MULTILINE,
)
SHOWN = re.compile(
    r'^\.\. raw:: html\n\n    <div class="output_subarea.*\n((?:.*\n)*?)    </div>\n    <br />',
    re.MULTILINE,
)
LINK = re.compile(r"`([^`<]+?)\s*<(https?://[^`>]+)>`__?")


def markdown(text: str, examples: Path) -> str:
    """Return text of a notebook cell with the remaining reStructuredText turned into Markdown."""
    text = EXPLORER.sub("", f"{text}\n")
    text = LINK.sub(r"[\1](\2)", text)
    text = ANONYMOUS_LINK.sub(r"\1", text)
    text = ROLE.sub(lambda match: plain_role(match["role"], match["text"], examples), text)
    return LITERAL.sub(_literal, text + "\n").rstrip("\n")


def plain_role(role: str, text: str, examples: Path) -> str:
    """Return what a role stands for, in Markdown: a page's title, a term, a name in code."""
    titled = TITLED.fullmatch(text)
    if role == "doc":
        return titled["title"] if titled else f'"{_title(text, examples)}"'
    if role in ("term", "ref"):
        return f"*{titled['title'] if titled else text}*"
    name = titled["title"] if titled else text
    return f"`{name.rpartition('.')[2] if name.startswith('~') else name}`"


def _title(target: str, examples: Path) -> str:
    # "/auto_examples/1_learning/plot_02_..." is that script's page, titled by its first line.
    script = examples / f"{target.removeprefix('/auto_examples/')}.py"
    if not script.exists():
        return target.strip("/").replace("-", " ")
    return (docstring(script) or target).splitlines()[0]


def _literal(match: re.Match[str]) -> str:
    code = textwrap.dedent(match[1]).strip("\n")
    return f":\n\n```\n{code}\n```\n\n"


def finish_notebooks(app: Sphinx) -> None:
    """Rewrite each notebook that is as sphinx-gallery left it."""
    examples = Path(app.srcdir).parent / "examples"
    for path in sorted((Path(app.srcdir) / "auto_examples").glob("*/plot_*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if "nnbook" in notebook["metadata"]:
            continue
        page = path.with_suffix(".rst").read_text(encoding="utf-8")
        blocks = BLOCK.split(page)
        number = 0
        for cell, block in zip(notebook["cells"], blocks, strict=True):
            if cell["cell_type"] == "markdown":
                cell["source"] = [markdown("".join(cell["source"]), examples)]
            else:
                number += 1
                cell["execution_count"] = number
                cell["outputs"] = outputs(block, Path(app.srcdir))
        notebook["metadata"]["nnbook"] = {"finished": True}
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        path.write_text(f"{text}\n", encoding="utf-8")


def outputs(block: str, folder: Path) -> list[dict[str, Any]]:
    """Return a code cell's outputs from its stretch of the page's reStructuredText."""
    found: list[dict[str, Any]] = []
    for printed in PRINTED.findall(block):
        lines = [line.removeprefix("    ") for line in printed.strip("\n").splitlines()]
        found.append({"output_type": "stream", "name": "stdout", "text": "\n".join(lines) + "\n"})
    for shown in SHOWN.findall(block):
        data = {"text/html": textwrap.dedent(shown), "text/plain": "(shown as HTML)"}
        found.append({"output_type": "display_data", "data": data, "metadata": {}})
    for image in IMAGE.findall(block):
        svg = folder / image
        if not png_of(svg).exists():
            continue  # drawn before a page was last run in full
        words = DESCRIPTION.search(svg.read_text(encoding="utf-8"))
        data = {
            "image/png": base64.b64encode(png_of(svg).read_bytes()).decode(),
            "text/plain": html.unescape(words[1]) if words else "",
        }
        found.append({"output_type": "display_data", "data": data, "metadata": {}})
    return found


class PlaceForZip(SphinxTransform):
    """Leave room for the link to a page's zip in place of sphinx-gallery's own zip.

    The session `zips` puts the link there, so that it leads nowhere where no zips were made.
    """

    default_priority = 210

    def apply(self, **kwargs: Any) -> None:
        """Replace the link."""
        for box in list(self.document.findall(nodes.container)):
            if "sphx-glr-download-zip" in box["classes"]:
                name = self.env.docname.removeprefix("auto_examples/")
                box.children = [nodes.raw("", f"<!--zip {name}--><!--/zip-->", format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform, and the step after sphinx-gallery's own, which has priority 500."""
    app.add_transform(PlaceForZip)
    app.connect("builder-inited", finish_notebooks, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
