"""What stands on each page besides its text: facts, minutes, neighbours, the numbers of figures."""

import csv
import gzip
import importlib.metadata
import platform
import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup

import nnbook

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
SCRIPTS = sorted((ROOT / "examples").glob("*/plot_*.py"))
sys.path[:0] = [str(ROOT / "docs" / "_ext")]

import plotted  # noqa: E402


def soup(name: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")


def html_of(script: Path) -> str:
    return f"auto_examples/{script.parent.name}/{script.stem}.html"


def test_every_page_says_with_what_and_when_it_was_built() -> None:
    versions = (
        f"with nnbook {importlib.metadata.version('nnbook')}, "
        f"PyTorch {importlib.metadata.version('torch')} and Python {platform.python_version()}."
    )
    pages = [
        path
        for path in sorted(SITE.rglob("*.html"))
        if path.name not in ("genindex.html", "search.html", "py-modindex.html", "404.html")
    ]
    assert len(pages) > 30
    for path in pages:
        (said,) = re.findall(r'<p class="built">(.*?)</p>', path.read_text(encoding="utf-8"))
        assert versions in said, path
        commit = r" from commit [0-9a-f]{7,}( with changes)?," if (ROOT / ".git").exists() else ","
        assert re.match(rf"Built on \d+ \w+ 20\d\d at \d\d:\d\d UTC{commit} ", said), path
        if path.name.startswith("plot_"):
            assert re.search(r"Its code ran for \d+\.\d s\.", said), path


def test_the_minutes_on_the_pages_are_those_of_start_here_and_add_up() -> None:
    rows = [
        [cell.get_text(strip=True) for cell in row.find_all("td")]
        for row in soup("start-here.html").select("table tr")
    ]
    table = {title: int(minutes) for title, minutes in filter(None, rows)}
    total = in_chapter = 0
    for number, script in enumerate(SCRIPTS):
        page = soup(html_of(script))
        line = page.select_one("p.reading").get_text()
        minutes = int(re.match(r"(\d+) minutes? to read\.", line)[1])
        assert table[page.h1.get_text().rstrip("¶")] == minutes, script
        in_chapter += minutes
        last = script.parent.name not in [each.parent.name for each in SCRIPTS[number + 1 :]]
        if last:
            assert table[f"chapter {script.parent.name[0]}"] == in_chapter
            total, in_chapter = total + in_chapter, 0
    assert table["the book"] == total


def test_a_page_builds_on_earlier_pages_only_and_the_first_on_none() -> None:
    order = [html_of(script) for script in SCRIPTS]
    for number, name in enumerate(order):
        links = soup(name).select("p.reading a")
        before = [
            (SITE / name).parent.joinpath(link["href"]).resolve().relative_to(SITE.resolve())
            for link in links
        ]
        assert all(order.index(page.as_posix()) < number for page in before), name
        assert bool(before) == (number > 0), name


def test_previous_and_next_lead_through_the_whole_book_in_order() -> None:
    def follow(name: str, which: str) -> str | None:
        link = soup(name).select_one(f"a.{which}-page")
        if link is None:
            return None
        target = (SITE / name).parent / link["href"].partition("#")[0]
        return target.resolve().relative_to(SITE.resolve()).as_posix()

    walk, here = ["index.html"], follow("index.html", "next")
    while here is not None:
        assert here not in walk
        assert follow(here, "prev") == walk[-1]
        walk.append(here)
        here = follow(here, "next")
    assert [name for name in walk if Path(name).name.startswith("plot_")] == [
        html_of(script) for script in SCRIPTS
    ]


def test_figures_and_their_numbers_take_at_most_60_kb_compressed() -> None:
    tables = sorted(SITE.glob("_downloads/*/sphx_glr_*.csv"))
    assert len(tables) > len(SCRIPTS) / 2
    for path in [*tables, *sorted(SITE.glob("_images/*.svg"))]:
        assert len(gzip.compress(path.read_bytes())) <= 60_000, path.name


def test_the_numbers_of_the_first_figure_are_the_readings() -> None:
    page = soup(html_of(SCRIPTS[0]))
    link = page.select_one("article img ~ details.plotted a[download]")
    path = (SITE / html_of(SCRIPTS[0])).parent / link["href"]
    with path.open(encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    data = nnbook.load_thermometer()
    given = np.array([row[-2:] for row in rows], dtype=float)
    assert header[0] == "series"
    np.testing.assert_allclose(given, np.hstack([data.inputs, data.targets]), rtol=1e-5)


def test_a_figure_of_a_page_in_markdown_has_its_numbers_below_it() -> None:
    link = soup("index.html").select_one("article img ~ details.plotted a[download]")
    with (SITE / link["href"]).open(encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row[0] == "readings"]
    data = nnbook.load_thermometer()
    given = np.array([row[1:] for row in rows], dtype=float)
    np.testing.assert_allclose(given, np.hstack([data.inputs, data.targets]), rtol=1e-5)


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_the_table_holds_lines_dots_and_bars_by_name(ax: plt.Axes) -> None:
    ax.plot([1, 2], [3, 4.5], label="line")
    ax.scatter([5], [6], label="dots")
    ax.bar(["a", "b"], [7, 8], label="bars")
    ax.axhline(2)
    ax.set(xlabel="x (m)", ylabel="y (s)")
    text, points, series = plotted.table(ax.figure)
    assert (points, series) == (5, 3)
    assert text.splitlines()[0] == "series,x (m),y (s)"
    assert {"bars,a,7", "bars,b,8"} <= set(text.splitlines())


def test_two_panels_are_named_and_share_an_axis_label() -> None:
    figure, (left, right) = plt.subplots(1, 2, sharey=True)
    left.plot([1], [2], "o", label="dots")
    right.plot([3], [4], "o")
    left.set(title="left", ylabel="y")
    text, *_ = plotted.table(figure)
    plt.close(figure)
    assert text.splitlines() == ["panel,series,x,y", "left,dots,1,2", "panel 2,series 1,3,4"]


@pytest.mark.parametrize("n_points", [1000, 1001])
def test_up_to_1000_points_are_given(ax: plt.Axes, n_points: int) -> None:
    ax.plot(range(n_points))
    found = plotted.table(ax.figure)
    assert (found is not None) == (n_points <= 1000)


def test_a_drawing_without_axes_has_no_table(ax: plt.Axes) -> None:
    ax.plot([1, 2], [1, 2])
    ax.set_axis_off()
    assert plotted.table(ax.figure) is None
