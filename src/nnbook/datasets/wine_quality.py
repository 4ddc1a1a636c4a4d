"""Eleven measurements of 4,898 white or 1,599 red wines, and how good tasters found them."""

import hashlib
import math
import os
from pathlib import Path
from typing import Literal

import torch

from nnbook._arguments import describe, path_of, refusal
from nnbook.samples import Samples

_ADDRESS = "https://archive.ics.uci.edu/ml/machine-learning-databases/wine-quality/"
_SHA256 = {
    "white": "76c3f809815c17c07212622f776311faeb31e87610d52c26d87d6e361b169836",
    "red": "4a402cf041b025d4566d954c3b9ba8635a3a8a01e039005d97d6a710278cf05e",
}
# As the file's first line names them, with the units of the paper.
_COLUMNS = {
    "fixed acidity": "g/dm³",
    "volatile acidity": "g/dm³",
    "citric acid": "g/dm³",
    "residual sugar": "g/dm³",
    "chlorides": "g/dm³",
    "free sulfur dioxide": "mg/dm³",
    "total sulfur dioxide": "mg/dm³",
    "density": "g/cm³",
    "pH": "",
    "sulphates": "g/dm³",
    "alcohol": "% vol",
    "quality": "points",
}


def load_wine_quality(
    color: Literal["white", "red"] = "white", *, path: str | os.PathLike[str] | None = None
) -> Samples:
    """Load the wine-quality data: from eleven measurements to the tasters' median score.

    The file is looked for in this order: `path`; the folder named by the environment variable
    ``NNBOOK_DATA_DIR``; the working folder; the cache of an earlier download; the UCI repository,
    from which it is downloaded. Wherever it comes from, its every byte is checked.

    Parameters
    ----------
    color : {"white", "red"}, default="white"
        Which table: 4,898 white or 1,599 red wines, all Portuguese vinho verde.
    path : str or path-like, default=None
        The file itself; None looks for it as described.

    Returns
    -------
    Samples
        `inputs` of shape (n, 11), float32, with their units; `targets` of shape (n, 1): scores from
        0 to 10, of which 3 to 9 occur.

    Raises
    ------
    FileNotFoundError
        If the file is not at hand and cannot be downloaded; the message names the ways to get it.
    ValueError
        If the file is not the published one; the message names file, line and column.

    References
    ----------
    P. Cortez, A. Cerdeira, F. Almeida, T. Matos, J. Reis: Modeling wine preferences by data mining
    from physicochemical properties. Decision Support Systems 47(4), 2009. UCI Machine Learning
    Repository, CC BY 4.0, https://doi.org/10.24432/C56S3T.

    Examples
    --------
    >>> import nnbook
    >>> nnbook.load_wine_quality("rosé")
    Traceback (most recent call last):
        ...
    ValueError: `color` must be "white" or "red", got 'rosé'.
    """
    if not isinstance(color, str) or color not in _SHA256:
        raise ValueError(refusal("color", 'be "white" or "red"', describe(color)))
    file = _find(color, path)
    rows = torch.tensor(_parse(file, _SHA256[color]), dtype=torch.float32)
    *names, quality = _COLUMNS
    return Samples(
        rows[:, :-1].contiguous(),
        rows[:, -1:].contiguous(),
        input_names=names,
        target_names=[quality],
        input_units=[_COLUMNS[name] for name in names],
        target_units=[_COLUMNS[quality]],
        source=f"UCI Machine Learning Repository: Wine Quality, {color} (2009)",
    )


def _find(color: str, path: str | os.PathLike[str] | None) -> Path:
    name = f"winequality-{color}.csv"
    if path is not None:
        file = path_of("path", path)
        if not file.is_file():
            rule = f"be the file {name}"
            raise FileNotFoundError(refusal("path", rule, f"{str(file)!r}, which is no file"))
        return file
    for folder in (os.environ.get("NNBOOK_DATA_DIR") or ".", "."):
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    return _download(name, _SHA256[color])


def _download(name: str, sha256: str) -> Path:
    """Return the file from the cache, or download it there; what is not whole is never cached."""
    ways = (
        f"{name} is not at hand. There are four ways to it: pass its `path`; put it into the "
        "folder you work in, or into one that the environment variable NNBOOK_DATA_DIR names; run "
        'once with a network and `pip install "nnbook[wine]"`, which downloads it into a cache; '
        f"or fetch {_ADDRESS}{name} by hand."
    )
    try:
        import pooch  # noqa: PLC0415  # only a download needs it
    except ImportError as error:
        raise FileNotFoundError(ways) from error
    cache = pooch.create(
        path=pooch.os_cache("nnbook"),
        base_url=_ADDRESS,
        registry={name: f"sha256:{sha256}"},
        retry_if_failed=3,
    )
    pooch.get_logger().setLevel("WARNING")  # its reports of every step name local folders
    download = pooch.HTTPDownloader(progressbar=True, timeout=30)
    try:
        return Path(cache.fetch(name, downloader=download))
    except (OSError, ValueError) as error:  # no network, an interruption, or a wrong checksum
        raise FileNotFoundError(f"{ways} The download failed: {error}") from error


def _parse(file: Path, sha256: str) -> list[list[float]]:
    content = file.read_bytes()
    expected = len(_COLUMNS)

    def damaged(where: str, rule: str, got: str) -> ValueError:
        return ValueError(
            f"{file}, {where}: must {rule}, got {got}. "
            "The file is not as it was published; delete it and get it anew."
        )

    try:
        lines = content.decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise damaged(f"line {number}", "be plain ASCII", repr(content[error.start])) from None
    if not lines or [name.strip('"') for name in lines[0].split(";")] != list(_COLUMNS):
        names = lines[0].split(";") if lines else []
        column = next(
            (name for name, got in zip(_COLUMNS, names, strict=False) if got.strip('"') != name),
            list(_COLUMNS)[min(len(names), expected - 1)],
        )
        rule = f"name {expected} columns, with semicolons between them"
        raise damaged(f"line 1, column {column!r}", rule, describe(";".join(names)))
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split(";")
        if len(cells) != expected:
            raise damaged(f"line {number}", f"have {expected} columns", str(len(cells)))
        row = []
        for name, cell in zip(_COLUMNS, cells, strict=True):
            try:
                row.append(float(cell))
            except ValueError:
                row.append(math.nan)
            if not math.isfinite(row[-1]):
                raise damaged(f"line {number}, column {name!r}", "be a number", describe(cell))
        rows.append(row)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise damaged(f"{len(lines)} lines", f"have the sha256 {sha256}", found)
    return rows
