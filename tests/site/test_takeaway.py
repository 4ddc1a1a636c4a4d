"""What readers take away: the zips are unpacked in an empty folder, without a network, and used."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
ZIPS = SITE / "zips"
SCRIPTS = sorted((ROOT / "examples").glob("*/plot_*.py"))
# Pages in Markdown that were run.
NOTEBOOKS = [
    page.stem
    for page in sorted((ROOT / "docs").glob("*.md"))
    if "```{code-cell}" in page.read_text(encoding="utf-8")
]
sys.path[:0] = [str(ROOT / "docs" / "_ext")]

import metadata  # noqa: E402

# Python imports this by itself when it starts: only this machine can be reached.
NO_NETWORK = """
import socket
connect = socket.socket.connect
def guarded(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
        raise OSError(101, f"the network is off: {address}")
    return connect(self, address)
socket.socket.connect = guarded
"""


def unpacked(name: str, folder: Path) -> Path:
    """Unpack a zip in an empty folder; return the one folder in it."""
    assert ZIPS.is_dir(), "the zips are made first: nox -s zips"
    assert list(folder.iterdir()) == []
    with zipfile.ZipFile(ZIPS / name) as archive:
        archive.extractall(folder)
    (inside,) = folder.iterdir()
    return inside


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def reader(folder: Path, tmp_path: Path) -> dict[str, str]:
    """Install the wheel that lies in a folder; return an environment that has it, offline."""
    (wheel,) = folder.glob("*.whl")
    place = tmp_path / "installed"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"),
            *("--target", str(place), str(wheel)),
        ],
        check=True,
    )
    (place / "sitecustomize.py").write_text(NO_NETWORK)
    names = ("NNBOOK_DATA_DIR", "PYTHONPATH", "PYTHONSTARTUP")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return kept | {
        "PYTHONPATH": str(place),
        "MPLBACKEND": "Agg",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
    }


def run(folder: Path, environment: dict[str, str], *words: str) -> str:
    result = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def printed(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [each for cell in cells for each in cell.get("outputs", [])]
    return "".join("".join(each["text"]) for each in outputs if each["output_type"] == "stream")


def without_space(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("name", ["plot_01_two_thermometers", "plot_04_wine_quality"])
def test_a_pages_zip_runs_in_an_empty_folder_without_a_network(
    name: str, empty: Path, tmp_path: Path
) -> None:
    folder = unpacked(f"{name}.zip", empty)
    environment = reader(folder, tmp_path)
    where = run(folder, environment, "-c", "import nnbook; print(nnbook.__file__)")
    assert Path(where.strip()).is_relative_to(tmp_path), "the wheel of the zip is what is used"
    out = run(folder, environment, "-W", "error", f"{name}.py")
    assert without_space(out) == without_space(printed(folder / f"{name}.ipynb"))
    assert "no table" not in out


def test_the_network_is_off_in_these_tests(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    code = "import urllib.request as u; u.urlopen('http://192.0.2.1/', timeout=5)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the network is off" in result.stderr


@pytest.mark.parametrize("name", ["plot_01_two_thermometers", "runs"])
def test_a_pages_notebook_gives_again_the_outputs_that_it_carries(
    name: str, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unpacked(f"{name}.zip", empty)
    for variable, value in reader(folder, tmp_path).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("NNBOOK_DATA_DIR", raising=False)
    monkeypatch.delenv("MPLBACKEND")
    (file,) = folder.glob("*.ipynb")
    before = printed(file)
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    nbformat.write(notebook, file)
    assert before
    assert printed(file) == before


def test_every_notebook_carries_the_figures_and_the_text_of_its_page() -> None:
    for script in SCRIPTS:
        page = SITE / "auto_examples" / script.parent.name / f"{script.stem}.html"
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        (notebook,) = SITE.glob(f"_downloads/*/{script.stem}.ipynb")
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        outputs = [each for cell in cells for each in cell.get("outputs", [])]
        pictures = [each for each in outputs if "image/png" in each.get("data", {})]
        texts = soup.select("div.sphx-glr-script-out pre")
        assert outputs, script.stem
        assert len(pictures) == len(soup.select("article img.only-light")), script.stem
        assert without_space(printed(notebook)) == without_space(
            " ".join(text.get_text() for text in texts)
        ), script.stem
        assert all(each["data"]["text/plain"] for each in pictures), script.stem


def test_a_page_in_markdown_offers_a_notebook_with_outputs_and_a_zip_that_is_complete() -> None:
    assert len(NOTEBOOKS) >= 6
    for name in NOTEBOOKS:
        soup = BeautifulSoup((SITE / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        (notebook,) = soup.select(f'a[download][href$="/{name}.ipynb"]')
        assert soup.select(f'a[download][href="zips/{name}.zip"]'), name
        content = json.loads((SITE / notebook["href"]).read_text(encoding="utf-8"))
        nbformat.validate(content)
        outputs = [each for cell in content["cells"] for each in cell.get("outputs", [])]
        pictures = [each for each in outputs if "image/png" in each.get("data", {})]
        assert len(pictures) == len(soup.select("article img.only-light")), name
        shown = [text.get_text() for text in soup.select("div.cell_output div.output.stream pre")]
        assert printed(SITE / notebook["href"]).split() == " ".join(shown).split(), name
        code = "\n".join(
            "".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"
        )
        assert "glue" not in code, name
        with zipfile.ZipFile(ZIPS / f"{name}.zip") as archive:
            assert f"{name}/{name}.ipynb" in archive.namelist()
            assert (f"{name}/solutions.py" in archive.namelist()) == ("import solutions" in code)


def test_the_requirements_of_every_zip_are_pinned_to_what_is_installed_here() -> None:
    archives = set(ZIPS.glob("*.zip")) - {ZIPS / "nnbook-site.zip"}
    assert len(archives) == len(SCRIPTS) + len(NOTEBOOKS) + 1
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            name = f"{path.stem}/requirements.txt"
            ours, *pins = archive.read(name).decode().splitlines()
            wheel = ours.removeprefix("./").partition("[")[0]
            assert f"{path.stem}/{wheel}" in archive.namelist()
        assert len(pins) > 15
        for pin in pins:
            package, _, version = pin.partition("==")
            assert importlib.metadata.version(package).partition("+")[0] == version, path.name


def test_one_zip_holds_all_scripts_and_one_of_them_runs(empty: Path, tmp_path: Path) -> None:
    folder = unpacked("nnbook-scripts.zip", empty)
    held = {path.relative_to(folder).as_posix() for path in folder.rglob("plot_*.py")}
    assert held == {f"{script.parent.name}/{script.name}" for script in SCRIPTS}
    run(folder, reader(folder, tmp_path), "7_wine/plot_04_wine_quality.py")
    assert (folder / "winequality-white.csv").exists()


def test_one_zip_holds_the_whole_site_and_its_links_stay_within(empty: Path) -> None:
    folder = unpacked("nnbook-site.zip", empty)
    pages = sorted(folder.rglob("*.html"))
    assert len(pages) == len(list(SITE.rglob("*.html")))
    broken = []
    for page in pages:
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for tag in soup.find_all(["a", "img", "link", "script"]):
            address = tag.get("href") or tag.get("src") or ""
            path = urlsplit(address).path
            if path and not urlsplit(address).scheme and not (page.parent / unquote(path)).exists():
                broken.append(f"{page.name}: {address}")
    assert broken == []


def test_each_page_links_its_zip_and_start_here_those_of_the_whole() -> None:
    for script in SCRIPTS:
        page = SITE / "auto_examples" / script.parent.name / f"{script.stem}.html"
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        assert soup.select(f'a[download][href="../../zips/{script.stem}.zip"]'), page.name
    text = (SITE / "start-here.html").read_text(encoding="utf-8")
    links = {a["href"] for a in BeautifulSoup(text, "html.parser").select("a[download]")}
    whole = {link for link in links if "/nnbook-" in link}
    assert whole == {"zips/nnbook-scripts.zip", "zips/nnbook-site.zip"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_says_in_its_first_lines_what_it_needs(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    block = metadata.BLOCK.match(text)
    assert block is not None, "python docs/_ext/metadata.py writes it"
    assert block[0] == metadata.wanted(script), "python docs/_ext/metadata.py mends it"
    lines = [line.removeprefix("#").removeprefix(" ") for line in block["content"].splitlines()]
    content = tomllib.loads("\n".join(lines))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert content["requires-python"] == project["requires-python"]
    assert text[block.end() :].lstrip("r").startswith('"""')
