"""Which printed numbers differ between two builds of the book, as a table in Markdown."""

import json
import re
from itertools import zip_longest
from pathlib import Path

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)", re.IGNORECASE)
Outputs = dict[str, list[list[str]]]


def outputs(book: Path) -> Outputs:
    """Return the lines that each page printed, cell by cell, from the notebooks of a build."""
    found = {}
    for folder in (book / "docs" / "auto_examples", book / "build" / "jupyter_execute"):
        for path in sorted(folder.rglob("*.ipynb")):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            name = path.relative_to(folder).with_suffix("").as_posix()
            found[name] = [text(cell).splitlines() for cell in cells if cell["cell_type"] == "code"]
    return found


def text(cell: dict) -> str:
    """Return what a cell printed, or showed as text."""
    parts = [
        each.get("text", each.get("data", {}).get("text/plain", "")) for each in cell["outputs"]
    ]
    return "".join("".join(part) for part in parts)


def rows(page: str, before: list[list[str]], after: list[list[str]]) -> list[tuple[str, ...]]:
    """Return page, words, old and new value of each number of a page that moved."""
    if len(before) != len(after):
        return [(page, "cells with code", str(len(before)), str(len(after)))]
    found = []
    for old_cell, new_cell in zip(before, after, strict=True):
        for old, new in zip_longest(old_cell, new_cell, fillvalue=""):
            was, now = NUMBER.findall(old), NUMBER.findall(new)
            words = " ".join(NUMBER.sub("…", new or old).split())
            if len(was) != len(now):
                found.append((page, "a line", old.strip(), new.strip()))
            else:
                pairs = zip(was, now, strict=True)
                found += [(page, words, one, two) for one, two in pairs if one != two]
    return found


def moved(before: Outputs, after: Outputs, timed: set[str]) -> list[tuple[str, ...]]:
    """Return each number that moved; pages whose subject is a measured time are left out."""
    found = []
    for page in sorted((before.keys() | after.keys()) - timed):
        if page not in before or page not in after:
            there = [("is there" if page in book else "is missing") for book in (before, after)]
            found.append((page, "the page", *there))
        else:
            found += rows(page, before[page], after[page])
    return found


def table(found: list[tuple[str, ...]]) -> str:
    """Return the numbers as a table in Markdown, with the change of each in percent."""
    lines = ["| page | what is printed | was | is | change |", "|---|---|---:|---:|---:|"]
    for page, words, was, now in found:
        cells = [each.replace("|", "\\|") for each in (page, words, was, now)]
        lines.append(f"| {' | '.join(cells)} | {change(was, now)} |")
    return "\n".join(lines)


def change(was: str, now: str) -> str:
    """Return by how much a number changed, where that can be said."""
    try:
        old, new = float(was), float(now)
    except ValueError:
        return ""
    return f"{100 * (new - old) / abs(old):+.2g} %" if old else ""
