"""The site of each release beside the others: a folder for each, `latest`, and `dev`.

``python -m publishing.versions build/versions``; the session `versions` does it. A release is built
in a checkout of its tag, with its own pinned versions, and then kept. The links between versions
are written into the pages and renewed in all of them each time, so they need neither a server nor a
script.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from publishing.release import git, released

ROOT = Path(__file__).parents[1]
SWITCHER = re.compile(r"<!--versions-->.*?<!--/versions-->", re.DOTALL)
NOTICE = re.compile(r"<!--version-notice-->.*?<!--/version-notice-->", re.DOTALL)
CANONICAL = re.compile(r'(<link rel="canonical" href=")[^"]*(">)')
FIRST = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>nnbook</title>
<meta http-equiv="refresh" content="0; url=latest/index.html">
</head>
<body>
<p><a href="latest/index.html">The latest version of the book</a></p>
</body>
</html>
"""
Build = Callable[[Path, str], Path]


def checkout(repository: Path, folder: Path, commit: str) -> None:
    """Check out a commit in a clone of its own, which keeps what was built there before."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        git(repository, "clone", "--quiet", "--no-checkout", str(repository), str(folder))
    git(folder, "fetch", "--quiet", "--tags", "--force", "origin")
    git(folder, "checkout", "--quiet", "--force", "--detach", commit)


def build_by_nox(folder: Path, address: str) -> Path:
    """Build a checkout's site with its own sessions; return where the site is."""
    command = [sys.executable, "-m", "nox", "-s", "docs", "zips", "books"]
    environment = os.environ | {"NNBOOK_SITE_ADDRESS": address}
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return folder / "build" / "site"


def add_version(repository: Path, target: Path, name: str, commit: str, build: Build) -> None:
    """Build the site of a commit into the folder of a version, unless it lies there already."""
    stamp = target / name / ".commit"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == commit:
        return
    source = target.parent / "checkouts" / name
    checkout(repository, source, commit)
    address = os.environ.get("NNBOOK_SITE_ADDRESS", "").rstrip("/")
    site = build(source, f"{address}/{name}" if address else "")
    shutil.rmtree(target / name, ignore_errors=True)
    shutil.copytree(site, target / name)
    stamp.write_text(commit, encoding="utf-8")


def switcher(names: list[str], here: str, page: str, target: Path) -> str:
    """Return the links to a page in each version, or to the first page where it has none."""
    up = "../" * (page.count("/") + 1)
    items = []
    for name in names:
        there = page if (target / name / page).exists() else "index.html"
        current = ' aria-current="true"' if name == here else ""
        items.append(f'<li><a href="{up}{name}/{there}"{current}>{name}</a></li>')
    return (
        '<nav class="versions" aria-label="Versions of the book"><details>'
        f"<summary>Version: {here}</summary><ul>{''.join(items)}</ul></details></nav>"
    )


def notice(here: str, newest: str, page: str, target: Path) -> str:
    """Return what stands above a page that is not of the newest release."""
    if here in ("latest", newest):
        return ""
    up = "../" * (page.count("/") + 1)
    kept = (target / "latest" / page).exists()
    link = f'<a href="{up}latest/{page if kept else "index.html"}">'
    where = f"{link}this page in the latest" if kept else f"{link}the latest, without this page"
    what = "the development version" if here == "dev" else f"version {here}, an old one"
    return (
        '<div class="admonition warning version-notice" role="note"><p>'
        f"This is {what}. There is {where}, {newest}</a>.</p></div>"
    )


def link_versions(target: Path, names: list[str], newest: str) -> None:
    """Write the links between versions into every page."""
    address = os.environ.get("NNBOOK_SITE_ADDRESS", "").rstrip("/")
    for name in names:
        for path in sorted((target / name).rglob("*.html")):
            page = path.relative_to(target / name).as_posix()
            old = text = path.read_text(encoding="utf-8")
            links = switcher(names, name, page, target)
            text = SWITCHER.sub(lambda _, own=links: f"<!--versions-->{own}<!--/versions-->", text)
            own = notice(name, newest, page, target)
            marked = f"<!--version-notice-->{own}<!--/version-notice-->"
            text = NOTICE.sub(lambda _, marked=marked: marked, text)
            if address:  # search engines are to show the latest
                best = "latest" if (target / "latest" / page).exists() else name
                text = CANONICAL.sub(rf"\g<1>{address}/{best}/{page}\g<2>", text)
            if text != old:
                path.write_text(text, encoding="utf-8")


def write_root(target: Path, newest: str) -> None:
    """Write what stands beside the versions: the way to the latest, and what hosts look for."""
    (target / "index.html").write_text(FIRST, encoding="utf-8")
    (target / ".nojekyll").touch()
    address = os.environ.get("NNBOOK_SITE_ADDRESS", "").rstrip("/")
    if not address:
        return
    shutil.copy(target / "latest" / "404.html", target / "404.html")
    places = (target / "latest" / "sitemap.xml").read_text(encoding="utf-8")
    places = places.replace(f"{address}/{newest}/", f"{address}/latest/")
    (target / "sitemap.xml").write_text(places, encoding="utf-8")
    robots = f"User-agent: *\nAllow: /\nSitemap: {address}/sitemap.xml\n"
    (target / "robots.txt").write_text(robots, encoding="utf-8")


def build_versions(repository: Path, target: Path, build: Build) -> list[str]:
    """Build every version of a repository's site; return the names of their folders.

    `build` builds the site of a checkout for an address, and returns where it lies. Without a
    release `latest` is what is being worked on.
    """
    releases = released(repository)[::-1]
    target.mkdir(parents=True, exist_ok=True)
    for version in releases:
        commit = git(repository, "rev-parse", f"v{version}^{{commit}}")
        add_version(repository, target, version, commit, build)
    add_version(repository, target, "dev", git(repository, "rev-parse", "HEAD"), build)
    newest = releases[0] if releases else "dev"
    shutil.rmtree(target / "latest", ignore_errors=True)
    shutil.copytree(target / newest, target / "latest")
    names = ["latest", *releases, "dev"]
    for old in target.iterdir():
        if old.is_dir() and old.name not in names:
            shutil.rmtree(old)
    link_versions(target, names, newest)
    write_root(target, newest)
    return names


def main(target: Path) -> None:
    """Build every version of this repository."""
    names = build_versions(ROOT, target.resolve(), build_by_nox)
    print(f"{', '.join(names)} are in {target}. Open {(target / 'index.html').resolve().as_uri()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
