"""The book as one file, EPUB or PDF: the same pages, without what only a site can do.

Nothing is run for it: pages, figures and outputs are those of the site. Downloads, figures for a
dark screen, and the gallery's own notes are left out.
"""

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

BUILDERS = ("epub", "singlehtml")
LEFT_OUT = {
    "only-dark",
    "sphx-glr-download-link-note",
    "sphx-glr-footer",
    "sphx-glr-signature",
}


class OnPaper(SphinxPostTransform):
    """Take out of a page what a book cannot use."""

    builders = BUILDERS
    default_priority = 900

    def run(self, **kwargs: Any) -> None:
        """Go through the page's nodes."""
        for node in list(self.document.findall(nodes.Element)):
            if LEFT_OUT.intersection(node.get("classes", ())):
                remove(node)
        for raw in list(self.document.findall(nodes.raw)):
            beside = raw.parent.children if raw.parent is not None else []
            if '<details class="plotted">' in raw.astext():
                fold = beside[beside.index(raw) :]
                shut = [node.astext().strip() for node in fold].index("</details>")
                for node in fold[: shut + 1]:
                    remove(node)
            elif "sphx-glr-thumb" in raw.astext():  # a chapter's cards: the links in them stay
                for node in [each for each in beside if isinstance(each, nodes.raw)]:
                    remove(node)
        for image in list(self.document.findall(nodes.image)):
            if "/images/thumb/" in image["uri"]:
                remove(image)
        for link in list(self.document.findall(addnodes.download_reference)):
            remove(link)


def remove(node: nodes.Node) -> None:
    """Take a node out of its page, and what holds nothing without it."""
    parent = node.parent
    if parent is None:
        return
    parent.remove(node)
    if not parent.children and isinstance(parent, nodes.paragraph | nodes.container):
        remove(parent)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_post_transform(OnPaper)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
