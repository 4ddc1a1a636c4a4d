"""Write the stubs of the API pages only when something they are made of has changed.

autosummary imports the whole library to write them, in every build; that is half of the time of a
build in which nothing changed.
"""

import hashlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from depends import SRC


def made_of(docs: Path) -> str:
    """Return a digest of the library, of the pages that list its names, and of the templates."""
    files = [*sorted(SRC.rglob("*.py")), *sorted(docs.glob("_templates/autosummary/*"))]
    pages = [*sorted(docs.glob("*.rst")), *sorted(docs.glob("*.md"))]
    files += [page for page in pages if "autosummary" in page.read_text(encoding="utf-8")]
    number = hashlib.sha256()
    for file in files:
        number.update(f"{file}\n".encode() + file.read_bytes())
    return number.hexdigest()


def _stamp(app: Sphinx) -> Path:
    return Path(app.srcdir) / "api" / "generated" / "made-of.txt"


def skip(app: Sphinx) -> None:
    """Keep autosummary from writing stubs that are as they should be."""
    stamp = _stamp(app)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_of(Path(app.srcdir)):
        app.config.autosummary_generate = False


def go_on(app: Sphinx) -> None:
    """Put the setting back, which Sphinx compares with that of the next build."""
    if app.config.autosummary_generate is not False and _stamp(app).parent.exists():
        _stamp(app).write_text(made_of(Path(app.srcdir)), encoding="utf-8")
    app.config.autosummary_generate = True


def setup(app: Sphinx) -> dict[str, Any]:
    """Register one step before autosummary's own, which has priority 500, and one after it."""
    app.connect("builder-inited", skip, priority=499)
    app.connect("builder-inited", go_on, priority=501)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
