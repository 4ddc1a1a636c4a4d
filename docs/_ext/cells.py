"""What readers take away of a page in Markdown: a notebook with outputs, and figures' numbers.

The outputs are those that jupyter-cache keeps. For each figure the kernel hands a PNG and a table
of its numbers along with the SVG that the page shows: see ipython_kernel_config.py. What only the
site needs is left out: `glue`, whose values stand in the sentences then, and what unfolds or links.
"""

import ast
import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from depends import DOCS, requirements, uses
from figures import FOLD
from notebooks import plain_role

SVG = "image/svg+xml"
GLUE = re.compile(r"\{glue:text\}`(\w+)(?::([^`]*))?`")
ROLE = re.compile(r"\{(?P<role>[a-z]+)\}`(?P<text>[^`]+)`")
DIRECTIVE = re.compile(r"^(`{3,}|:{3,})\{[^}\n]*\}.*?^\1$\n?", re.DOTALL | re.MULTILINE)
FOLD_OPENS = re.compile(r"<details><summary>(.*?)</summary>\n*")
INNER_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")
ONLY_FOR_THE_SITE = re.compile(r"^(from myst_nb import glue|glue\(.*\))\n", re.MULTILINE)


def place(app: Sphinx, docname: str) -> Path:
    """Return where a page's notebook lies; beside it lies what the page needs."""
    return Path(app.srcdir) / "auto_examples" / "pages" / f"{docname}.ipynb"


def executed(app: Sphinx, docname: str) -> Any:
    """Return the notebook that was run, with its outputs, or None if none was run."""
    if not getattr(app.env, "nb_metadata", {}).get(docname, {}).get("exec_data"):
        return None
    # Only here: a build that reads no page should start fast.
    import nbformat  # noqa: PLC0415
    from jupyter_cache import get_cache  # noqa: PLC0415

    written = Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"
    notebook = nbformat.read(written, as_version=4)
    return get_cache(app.config.nb_execution_cache_path).merge_match_into_notebook(notebook)[1]


def taken(ran: Any, examples: Path) -> dict[str, Any]:
    """Return a notebook as readers get it."""
    outputs = [each for cell in ran.cells for each in cell.get("outputs", [])]
    glued = dict(filter(None, map(_glued, outputs)))
    cells: list[dict[str, Any]] = []
    for cell in ran.cells:
        source = cell.source
        if cell.cell_type == "markdown":
            source = _words(source, glued, examples)
        else:
            source = ONLY_FOR_THE_SITE.sub("", f"{source}\n").strip("\n")
        if not source:
            continue
        kept: dict[str, Any] = {"cell_type": cell.cell_type, "id": f"cell-{len(cells)}"}
        kept |= {"metadata": {}, "source": source}
        if cell.cell_type == "code":
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            hidden = "remove-cell" in cell.metadata.get("tags", ())
            # Of a cell that the page hides, it shows at most a figure.
            shown = [
                each
                for each in cell.outputs
                if _svg(each) or not (hidden or "scrapbook" in each.get("metadata", {}))
            ]
            outputs = [_output(each, alt) for each in shown]
            kept |= {"execution_count": None, "outputs": outputs}
        cells.append(kept)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python"}
    metadata = {"kernelspec": kernel, "language_info": language}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _glued(output: Any) -> tuple[str, str] | None:
    kept = output.get("metadata", {}).get("scrapbook")
    if kept is None:
        return None
    text = next(text for mime, text in output.data.items() if mime.endswith("text/plain"))
    return kept["name"], text  # of a figure it is no value


def _svg(output: Any) -> str:
    return next((text for mime, text in output.get("data", {}).items() if mime.endswith(SVG)), "")


def _words(text: str, glued: dict[str, str], examples: Path) -> str:
    text = FOLD_OPENS.sub(r"*\1:* ", DIRECTIVE.sub("", text)).replace("</details>", "")
    text = GLUE.sub(lambda match: format(ast.literal_eval(glued[match[1]]), match[2] or ""), text)
    text = ROLE.sub(lambda match: plain_role(match["role"], match["text"], examples), text)
    return re.sub(r"\n{3,}", "\n\n", INNER_LINK.sub(r"\1", text)).strip("\n")


def _output(output: Any, alt: str) -> dict[str, Any]:
    if _svg(output):
        data = {"image/png": output.metadata[SVG]["png"], "text/plain": alt or "a figure"}
        return {"output_type": "display_data", "data": data, "metadata": {}}
    kept = {key: value for key, value in output.items() if key != "metadata"}
    if "data" in output:
        kept["metadata"] = {}
        if "execution_count" in kept:
            kept["execution_count"] = None
    return kept


class TakeAway(SphinxTransform):
    """Write the notebook and the numbers of a page in Markdown, and link them in the page."""

    default_priority = 215  # after the figures have come to be two each

    def apply(self, **kwargs: Any) -> None:
        """Write and link."""
        ran = executed(self.app, self.env.docname)
        if ran is None:
            return
        self.notebook = place(self.app, self.env.docname)
        self.notebook.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(taken(ran, DOCS.parent / "examples"), indent=1, ensure_ascii=False)
        _write(self.notebook, f"{content}\n")
        page = Path(self.env.doc2path(self.env.docname))
        used = uses(page)
        needs, pins = requirements(page)
        beside = [file for file in used.files if file.parent == page.parent and file != page]
        record = {"needs": needs, "pins": pins, "data": sorted(map(str, [*used.data, *beside]))}
        _write(self.notebook.with_suffix(".depends.json"), json.dumps(record, indent=1))
        self._add_numbers(ran)
        self._add_links()

    def _add_numbers(self, ran: Any) -> None:
        outputs = [each for cell in ran.cells for each in cell.get("outputs", [])]
        drawn = [each for each in outputs if _svg(each)]
        tables = {
            "\n".join(_svg(each).splitlines()): each.metadata[SVG].get("numbers") for each in drawn
        }
        images = [
            image
            for image in self.document.findall(nodes.image)
            if image["uri"].endswith(".svg") and not image["uri"].endswith(".dark.svg")
        ]
        for number, image in enumerate(images, start=1):
            shown = Path(self.env.relfn2path(image["uri"], self.env.docname)[1])
            numbers = tables.get(shown.read_text(encoding="utf-8"))
            if numbers is None:
                continue
            text, points, series = numbers
            path = self.notebook.with_name(f"{self.notebook.stem}_{number:03}.csv")
            _write(path, text)
            opening, closing = (nodes.raw("", part, format="html") for part in FOLD)
            words = f"{path.name}: {points} points in {series} series"
            link = nodes.paragraph("", "", self._link(path, words))
            after = image.next_node(nodes.image, descend=False, siblings=True) or image
            after.parent.insert(after.parent.index(after) + 1, [opening, link, closing])

    def _add_links(self) -> None:
        classes = ["sphx-glr-download", "sphx-glr-download-jupyter"]
        words = f"Download Jupyter notebook: {self.notebook.name}"
        link = nodes.container("", nodes.paragraph("", "", self._link(self.notebook, words)))
        link["classes"] = classes
        name = f"pages/{self.notebook.stem}"
        room = nodes.container(classes=["sphx-glr-download", "sphx-glr-download-zip"])
        room += nodes.raw("", f"<!--zip {name}--><!--/zip-->", format="html")
        box = nodes.container("", link, room, classes=["sphx-glr-footer"])
        self.document.children[-1].append(box)
        box.parent = self.document.children[-1]

    def _link(self, path: Path, words: str) -> addnodes.download_reference:
        target = f"/{path.relative_to(self.app.srcdir).as_posix()}"
        literal = nodes.literal("", words, classes=["xref", "download"])
        return addnodes.download_reference(
            "", "", literal, refdoc=self.env.docname, reftarget=target
        )


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(TakeAway)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
