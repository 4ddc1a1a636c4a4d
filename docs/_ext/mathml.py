"""Mathematics as MathML, made while the site is built: no script, no font, readable aloud."""

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)


def convert(node: nodes.Element, *, as_block: bool) -> str:
    """Return MathML for a node's LaTeX, or the LaTeX itself with a warning."""
    code = node.astext()
    try:
        return str(latex2mathml.tex2mathml(code, as_block=as_block))
    except MathError as error:
        logger.warning("math not understood: %s: %s", error, code, location=node)
        return f"<code>{code}</code>"


def visit_math(translator: Any, node: nodes.math) -> None:
    """Write mathematics within a line."""
    translator.body.append(convert(node, as_block=False))
    raise nodes.SkipNode


def visit_math_block(translator: Any, node: nodes.math_block) -> None:
    """Write mathematics on a line of its own; a wide one scrolls by itself."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(convert(node, as_block=True))
    translator.body.append("</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
