"""Figures: scraped as SVG, with words for those who cannot see them, drawn for light and dark.

matplotlib draws its text and axes in one colour, `nnbook.plots.INK`. Beside each SVG a twin is
written in which exactly that colour is light; the page shows the one that suits the reader's theme.
Below a figure its numbers can be downloaded. A PNG goes into the notebook: readers of notebooks
show no SVG before the notebook has been run.

What draws is imported where it is used: a build in which no page runs needs no torch.
"""

import html
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

LIGHT_INK = "#e6e6e8"
DESCRIPTION = re.compile(r"<dc:description>(.*?)</dc:description>", re.DOTALL)
SIZE = re.compile(r'<svg [^>]*?\bwidth="([\d.]+)pt" height="([\d.]+)pt"')
FOLD = ('<details class="plotted"><summary>The plotted numbers</summary>', "</details>")
NUMBERS = f"""
.. raw:: html

   {FOLD[0]}

:download:`{{name}}: {{points}} points in {{series}} series <{{path}}>`

.. raw:: html

   {FOLD[1]}
"""
logger = logging.getLogger(__name__)


def reset(gallery_conf: dict[str, Any], fname: str) -> None:
    """Give each example matplotlib's defaults with the book's look, and one torch thread."""
    import matplotlib.pyplot as plt  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from nnbook.plots import STYLE  # noqa: PLC0415

    torch.set_num_threads(1)
    plt.close("all")
    plt.rcdefaults()
    plt.rcParams.update(STYLE)
    plt.rcParams["svg.hashsalt"] = "nnbook"


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save each open figure as SVG, with its description inside."""
    import matplotlib.pyplot as plt  # noqa: PLC0415

    rst = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        if not figure.get_label():
            raise ExtensionError(
                f"{block_vars['src_file']}: a figure near line {block[2]} has no description. "
                'Say what it shows: `plots.describe(ax, "...")`.'
            )
        path = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
        source = Path("/") / path.relative_to(gallery_conf["src_dir"])
        save_svg(figure, path)
        save_png(figure, png_of(path))
        rst.append(f".. image:: {source.as_posix()}\n{numbers_below(figure, path, source)}")
    plt.close("all")
    return "\n" + "\n".join(rst) + "\n" if rst else ""


def save_svg(figure: Any, target: Any) -> None:
    """Write a figure as SVG without date and program, and with its label as description."""
    metadata = {"Date": None, "Creator": None, "Description": figure.get_label()}
    figure.savefig(target, format="svg", transparent=True, metadata=metadata)


def save_png(figure: Any, target: Path) -> None:
    """Write a figure as PNG on white paper."""
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, format="png", facecolor="white", metadata={"Software": None})


def png_of(svg: Path) -> Path:
    """Return where the PNG of a figure lies: not beside it, where sphinx-gallery would find it."""
    return svg.parent / "notebook" / f"{svg.stem}.png"


def numbers_below(figure: Any, path: Path, source: Path) -> str:
    """Write a figure's numbers beside it; return the fold that offers them, if there are any."""
    from plotted import table  # noqa: PLC0415

    found = table(figure)
    if found is None:
        return ""
    text, points, series = found
    path.with_suffix(".csv").write_text(text, encoding="utf-8")
    name = path.with_suffix(".csv").name.removeprefix("sphx_glr_plot_")
    address = source.with_suffix(".csv").as_posix()
    return NUMBERS.format(name=name, points=points, series=series, path=address)


class TwoThemes(SphinxTransform):
    """Turn each SVG image into a light and a dark one, with alternative text and size."""

    default_priority = 210

    def apply(self, **kwargs: Any) -> None:
        """Go through the images of a page."""
        for image in list(self.document.findall(nodes.image)):
            if not image["uri"].endswith(".svg"):
                continue
            _, absolute = self.env.relfn2path(image["uri"], self.env.docname)
            path = Path(absolute)
            svg = path.read_text(encoding="utf-8") if path.exists() else ""
            if not svg.lstrip().startswith("<?xml"):
                continue  # the gallery's PNG thumbnail of a page that has no figure
            description = DESCRIPTION.search(svg)
            if description is None and not image.get("alt"):
                logger.warning("figure without a description: %s", image["uri"], location=image)
                continue
            if description is not None:
                image["alt"] = html.unescape(description[1])
            size = SIZE.search(svg)
            if size is not None:  # in points; a page counts in pixels
                image["width"], image["height"] = (
                    f"{float(side) * 4 / 3:.0f}" for side in size.groups()
                )
            image["loading"] = "lazy"
            self._add_twin(image, path, svg)

    def _add_twin(self, image: nodes.image, path: Path, svg: str) -> None:
        from nnbook.plots import INK  # noqa: PLC0415

        if INK not in svg:
            return
        dark = path.with_suffix(".dark.svg")
        text = svg.replace(INK, LIGHT_INK)
        # Written only if it changed: a newer file would make the page outdated for ever.
        if not dark.exists() or dark.read_text(encoding="utf-8") != text:
            dark.write_text(text, encoding="utf-8")
        twin = image.copy()
        twin["uri"] = image["uri"].removesuffix(".svg") + ".dark.svg"
        image["classes"] = [*image["classes"], "only-light"]
        twin["classes"] = [*twin["classes"], "only-dark"]
        image.parent.insert(image.parent.index(image) + 1, twin)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(TwoThemes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
