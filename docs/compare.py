"""Compare two builds of the site byte for byte: ``python docs/compare.py one/site other/site``.

What may differ are the pages whose subject is a measured time (`chapters.timed_pages` lists them)
with their figures and downloads, and their entries in the search index.
"""

import json
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))
from chapters import timed_pages  # noqa: E402

USED = re.compile(r'(?:src|href)="[./]*((?:_images|_downloads)/[^"]+)"')


def differences(one: Path, other: Path, timed: list[str]) -> list[str]:
    """Return the files that are in one build alone or differ, but for those of timed pages."""
    ours, theirs = files(one), files(other)
    assert len(ours) > len(timed), f"{one} is no site"
    free = belonging_to(one, timed) | belonging_to(other, timed)
    names = {Path(page).name for page in timed}
    found = []
    for name in sorted(ours.keys() | theirs.keys()):
        stem = re.sub(r"^sphx_glr_|_(\d{3}|thumb)(\.dark)?$", "", Path(name).stem)
        if name in free or (stem in names and name.startswith(("_images", "_downloads"))):
            continue
        if name not in ours or name not in theirs:
            found.append(f"{name} is in one of them alone")
        elif name == "searchindex.js":
            if index_without(ours[name], timed) != index_without(theirs[name], timed):
                found.append(f"{name} differs")
        elif ours[name].read_bytes() != theirs[name].read_bytes():
            found.append(f"{name} differs")
    return found


def files(site: Path) -> dict[str, Path]:
    """Return the files of a site by their path within it."""
    return {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}


def belonging_to(site: Path, timed: list[str]) -> set[str]:
    """Return the timed pages, their sources, and the figures and downloads of no other page."""
    pages = {f"{name}.html" for name in timed}
    used: dict[bool, set[str]] = {True: set(), False: set()}
    for name, path in files(site).items():
        if path.suffix == ".html":
            used[name in pages].update(USED.findall(path.read_text(encoding="utf-8")))
    sources = {f"_sources/{name}{end}.txt" for name in timed for end in (".rst", ".md")}
    return pages | sources | (used[True] - used[False])


def index_without(file: Path, timed: list[str]) -> str:
    """Return a search index without the entries of some pages."""
    text = file.read_text(encoding="utf-8")
    index = json.loads(text[text.index("(") + 1 : text.rindex(")")])
    left_out = {number for number, name in enumerate(index["docnames"]) if name in timed}
    for part in ("terms", "titleterms"):
        kept = {}
        for term, numbers in index[part].items():
            listed = numbers if isinstance(numbers, list) else [numbers]
            if rest := [number for number in listed if number not in left_out]:
                kept[term] = rest
        index[part] = kept
    return json.dumps(index, sort_keys=True)


if __name__ == "__main__":
    found = differences(Path(sys.argv[1]), Path(sys.argv[2]), timed_pages(DOCS))
    print("\n".join(found) or "The two builds are equal, but for the timed pages.")
    sys.exit(bool(found))
