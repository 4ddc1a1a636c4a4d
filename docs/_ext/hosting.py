"""What hosts and search engines look for beside the pages: .nojekyll, sitemap.xml, robots.txt.

The last two name full addresses, so they are written where the site's address is known.
"""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sphinx.application import Sphinx

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def sitemap(addresses: list[str]) -> bytes:
    """Return a sitemap of some pages."""
    root = ElementTree.Element("urlset", xmlns=NAMESPACE)
    for address in addresses:
        ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc").text = address
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def write_files(app: Sphinx, error: Exception | None) -> None:
    """Write the files, every page that has a source listed; after each build, whatever it wrote."""
    if error is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    (out / ".nojekyll").touch()  # else GitHub's own builder leaves out folders such as _static
    address = app.config.html_baseurl
    for name in ("sitemap.xml", "robots.txt"):
        (out / name).unlink(missing_ok=True)
    if not address:
        return
    pages = sorted(app.env.found_docs - {"404"})
    (out / "sitemap.xml").write_bytes(
        sitemap([f"{address}{app.builder.get_target_uri(page)}" for page in pages])
    )
    robots = f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n"
    (out / "robots.txt").write_text(robots, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what is written at the end."""
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
