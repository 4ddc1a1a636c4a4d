import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from publishing.release import git
from publishing.versions import build_versions

PAGE = """<html><head><link rel="canonical" href="{address}/{page}"></head><body>
<!--versions--><!--/versions--><!--version-notice--><!--/version-notice-->{text}</body></html>"""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone with two releases and one commit after them; `new.txt` came with the second."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.org")
    monkeypatch.delenv("NNBOOK_SITE_ADDRESS", raising=False)
    root = tmp_path / "clone"
    (root / "sub").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    for version, name in (("0.9.0", "old.txt"), ("0.10.0", "new.txt"), ("", "index.txt")):
        for each in (name, "index.txt", "sub/page.txt"):
            (root / each).write_text(version or "ahead")
        git(root, "add", ".")
        git(root, "commit", "--quiet", "--message", version or "ahead")
        if version == "0.9.0":
            git(root, "tag", "v0.9.0")
            git(root, "rm", "--quiet", "old.txt")
        elif version:
            git(root, "tag", "--annotate", f"v{version}", "--message", version)
    return root


class Builder:
    """Stand for nox: make a page of each text, and remember what was built."""

    def __init__(self):
        self.built = []

    def __call__(self, folder, address):
        self.built.append(folder.name)
        site = folder / "build" / "site"
        texts = [path for path in sorted(folder.rglob("*.txt")) if "build" not in path.parts]
        for text in texts:
            page = (site / text.relative_to(folder)).with_suffix(".html")
            page.parent.mkdir(parents=True, exist_ok=True)
            place = page.relative_to(site).as_posix()
            words = PAGE.format(address=address, page=place, text=text.read_text())
            page.write_text(words)
        (site / "404.html").write_text("no page")
        (site / "sitemap.xml").write_text(f"<loc>{address}/index.html</loc>")
        return site


def built(clone, tmp_path):
    target = tmp_path / "versions"
    return target, build_versions(clone, target, Builder())


def links(target, page):
    base = (target / page).as_uri()
    found = re.findall(r'<a href="([^"]*)"', (target / page).read_text())
    return [
        Path(urlsplit(urljoin(base, each)).path).relative_to(target).as_posix() for each in found
    ]


def test_each_release_is_kept_under_its_version_and_latest_is_the_newest(clone, tmp_path):
    target, names = built(clone, tmp_path)
    assert names == ["latest", "0.10.0", "0.9.0", "dev"]
    assert {path.name for path in target.iterdir() if path.is_dir()} == set(names)
    words = {name: (target / name / "sub" / "page.html").read_text() for name in names}
    for name, text in zip(names, ("0.10.0", "0.10.0", "0.9.0", "ahead"), strict=True):
        assert f"<!--/version-notice-->{text}</body>" in words[name]


def test_the_switcher_leads_to_the_same_page_of_each_version(clone, tmp_path):
    target, names = built(clone, tmp_path)
    assert links(target, "latest/sub/page.html") == [f"{name}/sub/page.html" for name in names]
    assert (
        'dev/sub/page.html" aria-current="true">dev<' in (target / "dev/sub/page.html").read_text()
    )


def test_where_a_version_lacks_a_page_the_switcher_leads_to_its_first(clone, tmp_path):
    target, _ = built(clone, tmp_path)
    assert links(target, "latest/new.html")[2] == "0.9.0/index.html"


def test_no_link_between_versions_is_dead(clone, tmp_path):
    target, _ = built(clone, tmp_path)
    pages = [path.relative_to(target) for path in target.rglob("*.html")]
    assert len(pages) > 12
    for page in pages:
        for link in links(target, page):
            assert (target / link).is_file(), f"{page}: {link}"


def test_old_versions_and_dev_say_what_they_are_and_the_newest_does_not(clone, tmp_path):
    target, _ = built(clone, tmp_path)
    said = {
        name: re.findall(r"This is ([^.]*(?:\.\d+\.\d+)?[^.]*)\.", (target / name).read_text())
        for name in ("latest/index.html", "0.10.0/index.html", "0.9.0/old.html", "dev/index.html")
    }
    assert said.pop("latest/index.html") == said.pop("0.10.0/index.html") == []
    assert said == {
        "0.9.0/old.html": ["version 0.9.0, an old one"],
        "dev/index.html": ["the development version"],
    }
    assert links(target, "dev/sub/page.html")[-1] == "latest/sub/page.html"
    assert links(target, "0.9.0/old.html")[-1] == "latest/index.html"


def test_a_release_is_built_once_and_its_links_are_renewed(clone, tmp_path):
    target, _ = built(clone, tmp_path)
    (clone / "index.txt").write_text("further")
    git(clone, "commit", "--quiet", "--all", "--message", "further")
    git(clone, "tag", "v0.11.0")
    git(clone, "tag", "--delete", "v0.9.0")
    again = Builder()
    build_versions(clone, target, again)
    assert again.built == ["0.11.0", "dev"]
    assert not (target / "0.9.0").exists()
    text = (target / "0.10.0" / "index.html").read_text()
    assert text.count("<nav") == 1
    assert "../0.11.0/index.html" in text
    assert "This is version 0.10.0, an old one" in text


def test_the_root_leads_to_the_latest_without_a_script(clone, tmp_path):
    target, _ = built(clone, tmp_path)
    text = (target / "index.html").read_text()
    assert 'http-equiv="refresh" content="0; url=latest/index.html"' in text
    assert links(target, "index.html") == ["latest/index.html"]
    assert "<script" not in "".join(path.read_text() for path in target.rglob("*.html"))
    assert (target / ".nojekyll").exists()
    assert not (target / "robots.txt").exists()


def test_with_an_address_every_version_names_the_latest_as_canonical(clone, tmp_path, monkeypatch):
    monkeypatch.setenv("NNBOOK_SITE_ADDRESS", "https://example.org/nn/")
    target, _ = built(clone, tmp_path)
    for page, place in {
        "0.9.0/index.html": "latest/index.html",
        "latest/new.html": "latest/new.html",
        "0.9.0/old.html": "0.9.0/old.html",
    }.items():
        text = (target / page).read_text()
        assert f'<link rel="canonical" href="https://example.org/nn/{place}">' in text
    assert "https://example.org/nn/latest/index.html" in (target / "sitemap.xml").read_text()
    assert (target / "robots.txt").read_text().endswith("https://example.org/nn/sitemap.xml\n")
    assert (target / "404.html").exists()


def test_before_the_first_release_latest_is_what_is_worked_on(clone, tmp_path):
    git(clone, "tag", "--delete", "v0.9.0", "v0.10.0")
    target, names = built(clone, tmp_path)
    assert names == ["latest", "dev"]
    assert "ahead" in (target / "latest" / "index.html").read_text()
    assert "This is" not in (target / "dev" / "index.html").read_text()
