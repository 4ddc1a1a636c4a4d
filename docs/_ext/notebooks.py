"""Finish the notebooks that sphinx-gallery makes: no reStructuredText is left in their text.

sphinx-gallery turns headings, mathematics and addresses into Markdown, but leaves roles such as
``:doc:`` behind, and indents of literal blocks. The zip beside each page is made anew.
"""

import ast
import json
import re
import textwrap
import zipfile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROLE = re.compile(r":(?:py:)?(?P<role>[a-z]+):`(?P<text>[^`]+)`")
TITLED = re.compile(r"(?P<title>.+?)\s*<(?P<target>[^<>]+)>", re.DOTALL)
LITERAL = re.compile(r"::\n\n((?:(?:[ ]+.*)?\n)+)")
ANONYMOUS_LINK = re.compile(r"(\[[^\]]+\]\([^)]+\))_")
LINK = re.compile(r"`([^`<]+?)\s*<(https?://[^`>]+)>`__?")


def markdown(text: str, examples: Path) -> str:
    """Return text of a notebook cell with the remaining reStructuredText turned into Markdown."""
    text = LINK.sub(r"[\1](\2)", text)
    text = ANONYMOUS_LINK.sub(r"\1", text)
    text = ROLE.sub(lambda match: _role(match["role"], match["text"], examples), text)
    return LITERAL.sub(_literal, text + "\n").rstrip("\n")


def _role(role: str, text: str, examples: Path) -> str:
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
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or target
    return docstring.splitlines()[0]


def _literal(match: re.Match[str]) -> str:
    code = textwrap.dedent(match[1]).strip("\n")
    return f":\n\n```\n{code}\n```\n\n"


def finish_notebooks(app: Sphinx) -> None:
    """Rewrite each notebook, and the zip that holds it, where something is left to convert."""
    examples = Path(app.srcdir).parent / "examples"
    for path in sorted((Path(app.srcdir) / "auto_examples").glob("*/plot_*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        changed = False
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                before = "".join(cell["source"])
                after = markdown(before, examples)
                cell["source"] = [after]
                changed = changed or after != before
        if changed:
            text = json.dumps(notebook, indent=1, ensure_ascii=False)
            path.write_text(f"{text}\n", encoding="utf-8")
            _zip(path)


def _zip(notebook: Path) -> None:
    with zipfile.ZipFile(notebook.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (notebook, notebook.with_suffix(".py")):
            # The date is fixed, so that equal contents give equal bytes.
            entry = zipfile.ZipInfo(path.name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step after sphinx-gallery's own, which has priority 500."""
    app.connect("builder-inited", finish_notebooks, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
