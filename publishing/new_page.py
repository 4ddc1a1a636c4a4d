"""Write the skeleton of a page of the book: it runs, builds and passes the tests as it is.

``python -m publishing.new_page 3 slopes``; the session `new-page` does it.
"""

import re
import sys
from pathlib import Path
from string import Template

ROOT = Path(__file__).parents[1]
SKELETON = Template((Path(__file__).parent / "page.txt").read_text(encoding="utf-8"))
MINUTES = 5  # the skeleton's own
# The first lines of a page, as docs/_ext/metadata.py writes them.
NEEDS = """# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
"""


def counted(table: str, name: str) -> str:
    """Return start-here.md with the minutes of one more page, its chapter and the book raised."""
    chapter = Path(name).parent.name[0]
    total = re.compile(rf"^\| \*chapter {chapter}\* \| \*(\d+)\* \|$", re.MULTILINE)
    row = f"| {{doc}}`/auto_examples/{name}` | {MINUTES} |\n"
    table, chapters = total.subn(
        lambda found: f"{row}| *chapter {chapter}* | *{int(found[1]) + MINUTES}* |", table
    )
    table, books = re.subn(
        r"(?m)^\| \*\*the book\*\* \| \*\*(\d+)\*\* \|$",
        lambda found: f"| **the book** | **{int(found[1]) + MINUTES}** |",
        table,
    )
    assert (chapters, books) == (1, 1), "start-here.md lists the chapters in another form"
    return table


def next_page(examples: Path, folder: Path) -> str:
    """Return the words that lead on from the last page of a chapter."""
    later = [page for page in sorted(examples.glob("*/plot_*.py")) if page.parent > folder]
    if not later:
        return "This is the last page; :doc:`/summary` looks back."
    return f"The next page is\n# :doc:`/auto_examples/{later[0].parent.name}/{later[0].stem}`."


def new_page(root: Path, chapter: str, slug: str) -> Path:
    """Write the last page of a chapter, and its line in start-here.md; return its path."""
    folders = sorted((root / "examples").glob(f"{chapter}_*"))
    if not (chapter.isdecimal() and len(folders) == 1):
        known = [folder.name for folder in sorted((root / "examples").glob("[0-9]*_*"))]
        raise ValueError(f"the chapter must be a number of {', '.join(known)}, got {chapter!r}.")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", slug):
        raise ValueError(f"the slug must be words such as steep_slopes, got {slug!r}.")
    (folder,) = folders
    if found := sorted(folder.glob(f"plot_??_{slug}.py")):
        raise ValueError(f"the slug must be new, got that of {found[0].relative_to(root)}.")
    last = max((int(page.stem.split("_")[1]) for page in folder.glob("plot_*.py")), default=0)
    page = folder / f"plot_{last + 1:02}_{slug}.py"
    start = root / "docs" / "start-here.md"
    table = counted(start.read_text(encoding="utf-8"), f"{folder.name}/{page.stem}")
    number, title = f"{chapter}.{last + 1}", slug.replace("_", " ").capitalize()
    text = SKELETON.substitute(
        number=number,
        title=title,
        line="=" * len(f"{number} {title}?"),
        next=next_page(root / "examples", folder),
    )
    page.write_text(NEEDS + text, encoding="utf-8")
    start.write_text(table, encoding="utf-8")
    return page


def main(words: list[str]) -> None:
    """Write the page that the command line names, and say what is left to do."""
    if len(words) != 2:
        sys.exit("nox -s new-page -- 3 slug")
    try:
        page = new_page(ROOT, *words)
    except ValueError as error:
        sys.exit(f"No page was written: {error}")
    chapter = page.parent.name.split("_", 1)[1]
    print(f"{page.relative_to(ROOT)} is there, with its minutes in docs/start-here.md.")
    print("Let the page before it lead to it, and name its sources in docs/sources.md.")
    print(f"See it: nox -s live -- {chapter}")


if __name__ == "__main__":
    main(sys.argv[1:])
