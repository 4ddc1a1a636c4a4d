import io
import tarfile
import zipfile

import pytest

from publishing.package import faults_of_sdist, faults_of_wheel

METADATA = ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")


@pytest.fixture
def source(tmp_path):
    """The source of a small library, with what Python leaves beside it."""
    package = tmp_path / "src" / "nnbook"
    (package / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "py.typed", "__pycache__/x.pyc"):
        (package / name).touch()
    return tmp_path / "src"


def wheel(folder, *names):
    path = folder / "nnbook-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (*names, *(f"nnbook-1.0.0.dist-info/{each}" for each in METADATA)):
            archive.writestr(name, "")
    return path


def sdist(folder, *names):
    path = folder / "nnbook-1.0.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"nnbook-1.0.0/{name}"), io.BytesIO())
    return path


def test_a_wheel_of_source_and_metadata_has_no_fault(tmp_path, source):
    made = wheel(tmp_path, "nnbook/__init__.py", "nnbook/py.typed")
    assert faults_of_wheel(made, source) == []


def test_a_wheel_without_py_typed_is_named(tmp_path, source):
    faults = faults_of_wheel(wheel(tmp_path, "nnbook/__init__.py"), source)
    assert faults == ["nnbook-1.0.0-py3-none-any.whl lacks nnbook/py.typed"]


@pytest.mark.parametrize("stray", ["tests/test_x.py", "nnbook/__pycache__/x.pyc", "conftest.py"])
def test_a_stray_file_in_a_wheel_is_named(tmp_path, source, stray):
    made = wheel(tmp_path, "nnbook/__init__.py", "nnbook/py.typed", stray)
    faults = faults_of_wheel(made, source)
    assert faults == [f"nnbook-1.0.0-py3-none-any.whl holds a stray file: {stray}"]


def test_an_sdist_holds_files_of_the_repository_and_nothing_made_from_them(tmp_path):
    files = ("pyproject.toml", "README.md", "LICENSE", "noxfile.py", "docs/auto_examples/x.rst")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert faults_of_sdist(sdist(tmp_path, "PKG-INFO", *files[:4]), tmp_path) == []
    faults = faults_of_sdist(sdist(tmp_path, "secret.txt", *files[1:]), tmp_path)
    assert [fault.partition(".tar.gz ")[2] for fault in faults] == [
        "holds a stray file: docs/auto_examples/x.rst",
        "holds a stray file: secret.txt",
        "lacks pyproject.toml",
    ]
