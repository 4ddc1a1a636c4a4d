"""Make the zips that readers take away, and put links to them into the pages of the built site.

``python docs/zips.py build/site nnbook-0.1.0-py3-none-any.whl``; the session `zips` does it. Each
page that was run leaves a record of what it needs (docs/_ext/reruns.py for scripts, and cells.py
for pages in Markdown, which have a notebook alone); nothing is run here.
"""

import json
import os
import re
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

GENERATED = Path(__file__).parent / "auto_examples"
PLACE = re.compile(r"<!--zip ([^\s>]+)-->.*?<!--/zip-->", re.DOTALL)
BOOKS = re.compile(r"<!--books-->.*?<!--/books-->", re.DOTALL)
FIRST_DATE = 315532800  # a zip knows no date before 1980
README = """{title}

In this folder, in an environment of its own (on Windows "py -m venv .venv", and then
.venv\\Scripts\\python in place of .venv/bin/python):

    python3 -m venv .venv
    .venv/bin/python -m pip install -r requirements.txt
    .venv/bin/python {use}

requirements.txt names the versions with which the page was built; nnbook itself lies here. PyTorch
is large. Where there is no GPU, set PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu first.
A notebook needs something that shows it, JupyterLab for one: pip install jupyterlab.
"""
JUPYTER = "-m pip install jupyterlab\n    .venv/bin/python -m jupyterlab {name}.ipynb"


def write(target: Path, folder: str, members: dict[str, bytes]) -> None:
    """Write a zip whose members lie in one folder; equal members give equal bytes."""
    date = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), FIRST_DATE))[:6]
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(f"{folder}/{name}", date)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, members[name])


def requirements(wheel: Path, records: list[dict[str, Any]]) -> bytes:
    """Return a file of pinned requirements that serves some pages."""
    extras = {extra for each in records for extra in re.findall(r"[\w-]+", each["needs"])[1:]}
    pins = sorted({pin for each in records for pin in each["pins"]}, key=str.lower)
    ours = f"./{wheel.name}" + (f"[{','.join(sorted(extras))}]" if extras else "")
    return "\n".join([ours, *pins, ""]).encode()


def data_of(records: list[dict[str, Any]]) -> dict[str, bytes]:
    """Return the data files that some pages need."""
    return {Path(path).name: Path(path).read_bytes() for each in records for path in each["data"]}


def link(address: str, text: str) -> str:
    """Return a link as Sphinx writes those to the script and the notebook."""
    look = "xref download docutils literal notranslate"
    return (
        f'<a class="reference download internal" download="" href="{address}">'
        f'<code class="{look}"><span class="pre">{text}</span></code></a>'
    )


def words(name: str, page: Path, made: dict[str, Path], site: Path) -> str:
    """Return what stands on a page in the place for a zip: nothing where none was made."""
    up = "../" * (len(page.relative_to(site).parts) - 1)

    def to(which: str, text: str) -> str:
        return link(f"{up}zips/{made[which].name}", text)

    if name == "all" and {"site", "scripts"} <= made.keys():
        return (
            f"<p>All scripts at once: {to('scripts', made['scripts'].name)}. "
            f"The whole site, to read without a network: {to('site', made['site'].name)}.</p>"
        )
    if name in made:
        return f"<p>{to(name, f'Download all that it takes: {made[name].name}')}</p>"
    return ""


def main(site: Path, wheel: Path) -> None:
    """Make all zips and link them."""
    target = site / "zips"
    target.mkdir(exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    records = {}
    for path in sorted(GENERATED.glob("*/*.depends.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if "needs" in record:
            records[path.parent / path.name.removesuffix(".depends.json")] = record
    if not records:
        sys.exit("no page was run: `nox -s docs` comes first.")
    made = {}
    scripts = {}
    for page, record in records.items():
        files = [file for end in (".py", ".ipynb") if (file := Path(f"{page}{end}")).exists()]
        use = f"{page.name}.py" if len(files) == 2 else JUPYTER.format(name=page.name)
        own = {file.name: file.read_bytes() for file in files}
        own |= data_of([record]) | {
            wheel.name: wheel.read_bytes(),
            "requirements.txt": requirements(wheel, [record]),
            "README.txt": README.format(title=page.name, use=use).encode(),
        }
        made[f"{page.parent.name}/{page.name}"] = target / f"{page.name}.zip"
        write(target / f"{page.name}.zip", page.name, own)
        if f"{page.name}.py" in own:
            scripts[f"{page.parent.name}/{page.name}.py"] = own[f"{page.name}.py"]
    assert len({path.name for path in made.values()}) == len(made), "two pages have one name"

    every = [record for page, record in records.items() if page.with_suffix(".py").exists()]
    first = min(scripts)
    scripts |= data_of(every) | {
        wheel.name: wheel.read_bytes(),
        "requirements.txt": requirements(wheel, every),
        "README.txt": README.format(title="All scripts of nnbook", use=first).encode(),
    }
    pages = sorted(site.rglob("*.html"))
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    whole = {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
        and path.parent not in (target, site / "books")
        and path.name != ".buildinfo"
    }
    for page, text in texts.items():  # within the zip no page leads to a zip or a book
        alone = PLACE.sub(r"<!--zip \1--><!--/zip-->", BOOKS.sub("", text))
        whole[page.relative_to(site).as_posix()] = alone.encode()
    for name, members in {"scripts": scripts, "site": whole}.items():
        made[name] = target / f"nnbook-{name}.zip"
        write(made[name], f"nnbook-{name}", members)

    for page, text in texts.items():
        linked = PLACE.sub(
            lambda place, page=page: (
                f"<!--zip {place[1]}-->{words(place[1], page, made, site)}<!--/zip-->"
            ),
            text,
        )
        if linked != text:
            page.write_text(linked, encoding="utf-8")
    size = sum(path.stat().st_size for path in made.values()) / 1e6
    print(f"{len(made)} zips of {size:.1f} MB together are in {target}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
