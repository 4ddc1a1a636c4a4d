"""What a build runs again, and what it makes: seen on small books with the real configuration."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path[:0] = [str(DOCS), str(DOCS / "_ext")]

import compare  # noqa: E402

import depends  # noqa: E402
import web  # noqa: E402

# Each page tells that it runs: by a line in a file, which no cache of outputs can write.
TELL = "import os\nopen(os.environ['RAN'], 'a').write('{name}\\n')\n"
ALONE = "# sphinx_gallery_parallel = False\n"
SCRIPTS = {
    "figure": "import nnbook\nfrom nnbook import plots\n"
    "plots.describe(plots.samples(nnbook.load_thermometer()), 'Eleven dots that rise.')\n",
    "model": "import nnbook\nprint(nnbook.mlp(1, 3, 1))\n",
    "data": "from pathlib import Path\nprint(Path('small.csv').read_text())\n",
    "timed": f"{ALONE}import time\nprint(time.perf_counter())\n",
}
NOTEBOOKS = {
    "neurons": "from nnbook import neurons\nprint(neurons.__name__)\n",
    "plain": "import helper\nprint(helper.twice(1))\n",
}
HELPER = "def twice(x):\n    return 2 * x\n"
FIGURE = """
```{code-cell} python
---
mystnb:
  image:
    alt: A line that rises from the lower left to the upper right.
---
import matplotlib.pyplot as plt
plt.plot([1, 2], label="a line with a clip path")
plt.legend();
```
"""
NOTEBOOK = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n# {name}\n\nText.\n\n"
MOVING = """
# Moving parts

~~~{interactive} playground/page.js
:packages: onnxruntime-web
:markup: part.html

What stands there if it does not move.
~~~

~~~{eval-rst}
.. explorer:: one-neuron
   :label: One neuron

   What can be turned.
~~~
"""
MISSING = "the npm registry could not be reached"


def write_book(folder: Path, scripts: dict[str, str], notebooks: dict[str, str]) -> Path:
    """Write a book with its own copy of nnbook."""
    for name in ("_ext", "_static", "_templates", "_inventories", "_web/static"):
        shutil.copytree(DOCS / name, folder / "docs" / name)
    shutil.copy(DOCS / "conf.py", folder / "docs")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    pages = "".join(f"   {name}\n" for name in notebooks)
    index = f"Book\n====\n\n.. toctree::\n\n   auto_examples/1_learning/index\n{pages}"
    (folder / "docs" / "index.rst").write_text(index)
    chapter = folder / "examples" / "1_learning"
    chapter.mkdir(parents=True)
    for place in (chapter, chapter.parent):
        (place / "GALLERY_HEADER.rst").write_text("Chapter\n=======\n")
    (folder / "docs" / "helper.py").write_text(HELPER)
    (chapter / "small.csv").write_text("1\n2\n")
    for name, code in scripts.items():
        text = f'"""\n{name}\n{"=" * len(name)}\n\nText.\n"""\n\n{TELL.format(name=name)}{code}'
        (chapter / f"plot_{name}.py").write_text(text)
    for name, code in notebooks.items():
        cell = f"```{{code-cell}} python\n{TELL.format(name=name)}{code}```\n"
        (folder / "docs" / f"{name}.md").write_text(NOTEBOOK.format(name=name) + cell)
    return folder


def build(
    book: Path, workers: int = 2, *options: str, **more: str
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "NNBOOK_WORKERS": str(workers),
        "OMP_NUM_THREADS": "1",
        "NO_COLOR": "1",
        "PYTHONPATH": str(book / "src"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "RAN": str(book / "ran.txt"),
    }
    for name in ("NNBOOK_CHAPTERS", "SOURCE_DATE_EPOCH", "MPLBACKEND"):
        environment.pop(name, None)
    (book / "ran.txt").write_text("")
    return subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-W", "--keep-going", "-d", "doctrees"),
            *(*options, "docs", "site"),
        ],
        cwd=book,
        env=environment | more,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def ran(book: Path, **more: str) -> list[str]:
    """Build a book; return the names of the pages that ran."""
    result = build(book, **more)
    assert result.returncode == 0, result.stdout + result.stderr
    return sorted((book / "ran.txt").read_text().split())


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_build_runs_exactly_the_pages_that_depend_on_what_changed(tmp_path: Path) -> None:
    book = write_book(tmp_path, SCRIPTS, NOTEBOOKS)
    nnbook, chapter = book / "src" / "nnbook", book / "examples" / "1_learning"
    pages = sorted([*SCRIPTS, *NOTEBOOKS])
    assert ran(book) == pages, "at first all of them"

    change(nnbook / "models.py", "    ", "    # a comment\n    ")
    change(nnbook / "models.py", '"""', '"""A new docstring. ')
    change(book / "docs" / "plain.md", "Text.", "Another text.")
    assert ran(book) == [], "comments, docstrings and the text around cells: no code changed"

    change(nnbook / "models.py", "def mlp(", "def unused() -> None:\n    pass\n\n\ndef mlp(")
    change(chapter / "small.csv", "2", "3")
    # One function: the page on neurons uses it through neurons.py. And a data file.
    assert ran(book) == ["data", "model", "neurons"]

    change(nnbook / "plots" / "data.py", "\ndef samples(", "\nNEW = 1\n\n\ndef samples(")
    change(book / "docs" / "helper.py", "2 * x", "3 * x")
    change(chapter / "plot_timed.py", "Text.", "Another text.")
    # A module behind two doors, one beside a page in Markdown, and the text of a script.
    assert ran(book) == ["figure", "plain", "timed"]

    change(nnbook / "_arguments.py", "\ndef ", "\nNEW = 1\n\n\ndef ")
    # A module that no page names; the style of the figures of all scripts uses it.
    everything = ["data", "figure", "model", "neurons", "timed"]
    assert ran(book) == everything, "a module that no page names, used by modules"

    pin = book / "pin" / "torch-99.0.dist-info"
    pin.mkdir(parents=True)
    (pin / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 99.0\n")
    path = os.pathsep.join([str(book / "src"), str(pin.parent)])
    assert ran(book, PYTHONPATH=path) == ["figure", "model", "neurons"], "another version of torch"


@pytest.mark.parametrize(
    ("name", "where"),
    [("model", "examples/1_learning/plot_model.py"), ("plain", "docs/plain.md")],
)
def test_a_page_that_was_broken_and_mended_by_reverting_shows_no_traceback(
    tmp_path: Path, name: str, where: str
) -> None:
    scripts = {"before": "print(1)\n", "model": ALONE + SCRIPTS["model"]}
    book = write_book(tmp_path, scripts, {"plain": NOTEBOOKS["plain"]})
    assert ran(book) == ["before", "model", "plain"]
    good = (book / where).read_text()
    change(book / where, "print(", "1 / 0\nprint(")
    change(book / "examples" / "1_learning" / "plot_before.py", "Text.", "Another text.")
    broken = build(book)
    assert broken.returncode != 0
    assert "ZeroDivisionError" in broken.stdout + broken.stderr
    (book / where).write_text(good)
    # jupyter-cache still has the good outputs; sphinx-gallery has but one set, and runs again.
    assert ran(book) == (["model"] if name == "model" else [])
    html = next((book / "site").rglob(f"*{name}.html")).read_text()
    assert "Traceback" not in html
    assert "ZeroDivisionError" not in html
    # What was run before the broken page is not run again, and still says how long it took.
    assert "Its code ran for" in next((book / "site").rglob("plot_before.html")).read_text()
    assert ran(book) == []


def test_builds_in_a_row_on_two_workers_end(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    # One page more than workers, with torch on two of them; and a timed one, which brings torch
    # into the process that started the workers.
    scripts = {
        "sum": "import torch\nprint(torch.ones(300, 300).matmul(torch.ones(300, 300)).sum())\n",
        "threads": "import torch\nprint(torch.get_num_threads(), 'thread')\n",
        "short": "print(1)\n",
        "timed": f"{ALONE}import torch\nprint(torch.rand(9).sum() > 0)\n",
    }
    book = write_book(tmp_path, scripts, {})
    builds = pytestconfig.getoption("--builds")
    assert builds > 0
    for number in range(builds):
        for script in (book / "examples" / "1_learning").glob("plot_*.py"):
            script.write_text(f"{script.read_text()}# build {number}\n")
        assert ran(book) == sorted(scripts)
    assert "1 thread" in (book / "site/auto_examples/1_learning/plot_threads.html").read_text()


def test_two_builds_are_equal_with_one_and_two_workers_and_in_another_folder(
    tmp_path: Path,
) -> None:
    books = []
    for folder, workers in (("one", 2), ("other/folder", 1)):
        book = write_book(tmp_path / folder, SCRIPTS, NOTEBOOKS)
        with (book / "docs" / "plain.md").open("a") as file:
            file.write(FIGURE)
        result = build(book, workers, SOURCE_DATE_EPOCH="1700000000")
        assert result.returncode == 0, result.stdout + result.stderr
        books.append(book)
    sites = [book / "site" for book in books]
    timed = ["auto_examples/1_learning/plot_timed"]
    assert compare.differences(*sites, timed) == []
    # Were the timed page not listed, it and its notebook would be found.
    assert len(compare.differences(*sites, [])) == 2
    html = (sites[0] / timed[0]).with_suffix(".html").read_text()
    assert "Built on 14 November 2023 at 22:13 UTC" in html
    assert "code ran for" not in html


QUESTION = """
[sum]
text = "How much is {sum}?"
answer = 4
choices = [[4, "Four.", "So it is."], [5, "Five.", "One too many."], [3, "Three.", "One less."]]
page = "1.1"
section = "A part"
"""


def test_a_change_of_a_question_writes_its_page_anew_and_runs_nothing(tmp_path: Path) -> None:
    book = write_book(tmp_path, {}, {})
    script = book / "examples" / "1_learning" / "plot_01_page.py"
    script.write_text(
        f'"""\n1.1 Page\n========\n\nText.\n"""\n\n{TELL.format(name="page")}print(1)\n\n'
        "# %%\n# A part\n# ------\n# And more.\n"
    )
    questions = book / "docs" / "_questions"
    questions.mkdir()
    (questions / "learning.toml").write_text(QUESTION.format(sum="2 + 2"))
    (questions / "learning.py").write_text("def sum():\n    return 2 + 2\n")
    page = book / "site" / "auto_examples" / "1_learning" / "plot_01_page.html"
    assert ran(book) == ["page"]
    assert "How much is 2 + 2?" in page.read_text()
    assert 'href="#a-part"' in page.read_text()
    change(questions / "learning.toml", "2 + 2", "1 + 3")
    assert ran(book) == [], "the script has not changed"
    assert "How much is 1 + 3?" in page.read_text()

    change(questions / "learning.toml", "A part", "Another part")
    result = build(book)
    assert result.returncode != 0
    assert "no section another-part" in result.stderr
    change(questions / "learning.toml", "Another part", "A part")
    change(questions / "learning.py", "2 + 2", "2 + 3")
    result = build(book)
    assert result.returncode != 0
    assert "a question on 1_learning: sum: computed 5, told 4" in result.stderr


def place_packages(folder: Path) -> None:
    """Put files there that stand for those of the packages."""
    for package, files in web.SERVED.items():
        for name in files:
            file = folder / package / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(old for old, _ in web.REPLACED.get(name, [(name, "")])))


def test_without_packages_a_page_says_so_and_with_them_it_is_made_anew(tmp_path: Path) -> None:
    book = write_book(tmp_path, {"data": SCRIPTS["data"]}, {})
    docs, served = book / "docs", book / "site" / "_static" / "npm"
    (docs / "moving.md").write_text(MOVING)
    (docs / "_web" / "part.html").write_text("<button>Start ({size})</button>")
    index = docs / "index.rst"
    index.write_text(f"{index.read_text()}   moving\n")

    def written() -> str:
        done = build(book)
        assert done.returncode == 0, done.stdout + done.stderr  # no warning either
        return (book / "site" / "moving.html").read_text(encoding="utf-8")

    html = written()
    assert html.count(MISSING) == 2
    assert "What stands there if it does not move." in html
    assert "What can be turned." in html
    assert "data-module" not in html
    assert "<button>Start" not in html
    assert "explorer-open" not in html
    assert not served.exists()

    packages = docs / "_web" / "node_modules"
    place_packages(packages)
    html = written()
    assert MISSING not in html
    assert "What stands there if it does not move." in html
    assert 'data-module="playground/page.js"' in html
    assert "<button>Start (0.0 MB)</button>" in html
    assert "explorer-open" in html
    names = {str(file.relative_to(served)) for file in served.rglob("*.*")}
    assert names == {
        f"{name}/{Path(file).name}" for name in web.SERVED for file in web.SERVED[name]
    }

    shutil.rmtree(packages / "vega")
    html = written()
    assert html.count(MISSING) == 1
    assert "explorer-open" not in html
    assert 'data-module="playground/page.js"' in html


def test_following_links_runs_no_page(tmp_path: Path) -> None:
    book = write_book(tmp_path, {"model": SCRIPTS["model"]}, {"plain": NOTEBOOKS["plain"]})
    options = ("-b", "linkcheck", "-D", "plot_gallery=0", "-D", "nb_execution_mode=off")
    result = build(book, 2, *options)
    assert "building [linkcheck]" in result.stdout, result.stdout + result.stderr
    assert (book / "ran.txt").read_text() == ""
    assert ran(book) == ["model", "plain"], "and the build afterwards runs them"


def test_a_timed_page_runs_while_no_other_does(tmp_path: Path) -> None:
    note = (
        "import time\nstart = time.time()\ntime.sleep(1)\n"
        "with open(os.environ['RAN'] + '.{name}', 'w') as file:\n"
        "    file.write(f'{{start}} {{time.time()}}')\nprint(1)\n"
    )
    scripts = {name: note.format(name=name) for name in ("first", "last")}
    scripts["timed"] = ALONE + note.format(name="timed")
    book = write_book(tmp_path, scripts, {})
    assert ran(book) == ["first", "last", "timed"]
    span = {
        name: tuple(map(float, Path(f"{book}/ran.txt.{name}").read_text().split()))
        for name in scripts
    }

    def overlap(one: str, other: str) -> bool:
        return span[one][0] < span[other][1] and span[other][0] < span[one][1]

    assert overlap("first", "last"), "side by side"
    assert not overlap("timed", "first")
    assert not overlap("timed", "last")


def test_names_are_followed_through_the_packages_doors_to_where_they_are_defined(
    tmp_path: Path,
) -> None:
    page = tmp_path / "page.py"
    page.write_text(
        "from typing import TYPE_CHECKING\nimport nnbook\nfrom nnbook import plots\n"
        "if TYPE_CHECKING:\n    import scipy\nif not TYPE_CHECKING:\n    import numpy\n"
        "nnbook.sweeps.sweep(...)\nplots.network(...)\nnnbook.__version__\n"
    )
    used = depends.uses(page)
    names = {file.relative_to(depends.SRC / "nnbook").as_posix() for file in used.files - {page}}
    assert {"sweeps/sweep.py", "sweeps/stack.py", "plots/diagrams.py", "__init__.py"} <= names
    assert not {"inspection.py", "plots/neurons.py", "plots/__init__.py"} & names
    assert {"torch", "numpy"} <= used.packages
    assert "scipy" not in used.packages


def test_a_page_that_hands_nnbook_on_depends_on_all_of_it(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text("import nnbook\nprint(dir(nnbook))\n")
    assert depends.uses(page).files >= set((depends.SRC / "nnbook").rglob("*.py"))


def test_data_files_are_those_that_the_code_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("wine-red.csv", "plain.csv", "other.csv", "far.json"):
        (tmp_path / name).write_text("1")
    monkeypatch.setenv("NNBOOK_FAR", str(tmp_path / "far.json"))
    page = tmp_path / "page.py"
    page.write_text(
        "import os\nx = y = 'a'\nprint('data/plain.csv', f'wine-{x}.csv', f'{x}.{y}')\n"
        "os.environ['NNBOOK_FAR']\n"
    )
    found = {file.name for file in depends.uses(page).data}
    assert found == {"wine-red.csv", "plain.csv", "far.json"}
