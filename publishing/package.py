"""Check that the built packages hold what they must, and nothing else.

``python -m publishing.package build/dist``; the session `build` does it.
"""

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What a wheel says about itself.
METADATA = {"METADATA", "WHEEL", "RECORD", "licenses/LICENSE"}
# What nobody means to publish, wherever it lies in an sdist.
MADE = {"__pycache__", "auto_examples", "generated", "node_modules", ".nox", ".venv", "build"}


def faults_of_wheel(wheel: Path, source: Path = ROOT / "src") -> list[str]:
    """Return what a wheel lacks, and what it holds besides the source and its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
    name, version = wheel.name.split("-")[:2]
    wanted = {f"{name}-{version}.dist-info/{each}" for each in METADATA}
    for path in (source / name).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            wanted.add(path.relative_to(source).as_posix())
    missing = [f"{wheel.name} lacks {each}" for each in sorted(wanted - held)]
    return missing + [f"{wheel.name} holds a stray file: {each}" for each in sorted(held - wanted)]


def faults_of_sdist(sdist: Path, root: Path = ROOT) -> list[str]:
    """Return what an sdist holds that is no file of the repository, but was made from it."""
    with tarfile.open(sdist) as archive:
        held = {Path(*Path(each.name).parts[1:]) for each in archive if each.isfile()}
    held.discard(Path("PKG-INFO"))
    stray = [path for path in held if MADE & set(path.parts) or not (root / path).is_file()]
    faults = [f"{sdist.name} holds a stray file: {path.as_posix()}" for path in sorted(stray)]
    needed = {Path("pyproject.toml"), Path("README.md"), Path("LICENSE"), Path("noxfile.py")}
    return faults + [f"{sdist.name} lacks {path}" for path in sorted(needed - held)]


def main(folder: Path) -> None:
    """Say what is wrong with the wheel and the sdist in a folder, if anything is."""
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    faults = faults_of_wheel(wheel) + faults_of_sdist(sdist)
    if faults:
        sys.exit("\n".join(faults))
    print(f"{wheel.name} holds the library and nothing else")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
