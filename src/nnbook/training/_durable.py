"""Files that outlast a kill: written whole or not at all, and checked when they are read.

A file holds nested plain values and tensors. It is a safetensors file, so that others can read the
tensors too; the plain values are JSON in its metadata. A checksum covers every byte.
"""

import errno
import hashlib
import json
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from nnbook.training._flattening import flatten, unflatten
from nnbook.training.errors import CheckpointError

VERSION = 1  # goes up when an older nnbook could not read the file, or would read it wrongly
_HEADER_MOST = 2**25  # bytes; the tensors, which are what may be large, are not in the header
_CHECKSUM = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_NO_CHECKSUM = b"0" * 64
_CHUNK = 2**20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # that of Windows
_DAMAGED = "Put a copy of it in its place, or delete it to start from the beginning."


def save(path: Path, kind: str, values: Any) -> None:
    """Write nested values so that the file is whole, or as it was before.

    They go to a temporary file in the same folder, which is flushed to the disk and then takes the
    name; the folder is flushed too. What a killed process left of such a file is removed.

    Parameters
    ----------
    path : Path
        Absolute.
    kind : str
        What the values are: "run". `load` asks for the same.
    values : nested None, bool, int, float, str, Tensor, in lists, tuples and dicts
        What to keep, to the last bit.

    Raises
    ------
    CheckpointError
        If it cannot be written, or if a value is of another type.
    """
    try:
        data = _packed(kind, values)
    except (TypeError, KeyError, SafetensorError) as error:
        mend = "Keep only numbers, strings and tensors of the usual types in what is saved."
        raise CheckpointError(path, f"it cannot hold everything: {error}", mend) from error
    if int.from_bytes(data[:8], "little") > _HEADER_MOST:
        raise CheckpointError(path, "too many plain values", "Keep large things in tensors.")
    try:
        remove_leftovers(path)
        _write(path, data)
    except OSError as error:
        raise CheckpointError(path, f"cannot be written: {error}", _mend(error)) from error


def load(path: Path, kind: str) -> Any:
    """Read what `save` wrote, once every byte of it has been checked.

    Parameters
    ----------
    path : Path
        Absolute.
    kind : str
        As it was saved.

    Returns
    -------
    nested values
        Equal to the saved ones to the last bit. Tensors lie on the CPU.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is damaged, of another kind, or of a newer format.
    """
    try:
        with suppress(OSError):  # in a folder that cannot be written one can still read
            remove_leftovers(path)
        if not stat.S_ISREG(path.stat().st_mode):
            raise CheckpointError(path, "it is no file", "Name the file of a checkpoint.")
        with path.open("rb") as file:
            _verify(path, file)
            file.seek(0)
            data = file.read()
    except OSError as error:
        raise CheckpointError(path, f"cannot be read: {error}", _mend(error)) from error
    try:
        values = _unpacked(path, kind, data)
    except (
        ValueError,
        TypeError,
        KeyError,
        RuntimeError,
        RecursionError,
        SafetensorError,
    ) as error:
        if isinstance(error, CheckpointError):
            raise
        problem = "its bytes are as they were written, but what they say is not understood"
        raise CheckpointError(path, f"{problem}: {error}", _DAMAGED) from error
    return values


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files that killed processes left of `path`."""
    leftover = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.partial")
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if leftover.fullmatch(entry.name)]
    for name in names:
        with suppress(FileNotFoundError):
            path.with_name(name).unlink()


def _packed(kind: str, values: Any) -> bytes:
    plain, tensors = flatten(values)
    metadata = {
        "format": "nnbook",
        "version": str(VERSION),
        "kind": kind,
        "values": json.dumps(plain, separators=(",", ":")),
        "sha256": _NO_CHECKSUM.decode(),
    }
    data = safetensors.torch.save(tensors, metadata)
    # The checksum is that of the file with zeros in the checksum's place.
    checksum = hashlib.sha256(data).hexdigest().encode()
    start = _checksum_place(data).start(1)
    return b"".join([data[:start], checksum, data[start + len(checksum) :]])


def _checksum_place(header: bytes) -> re.Match[bytes]:
    # Quotes within names and values are escaped: only the metadata's own entry looks like this.
    place = _CHECKSUM.search(header)
    assert place is not None
    return place


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        handle = os.open(temporary, _NEW, 0o666)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened, and need not
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _verify(path: Path, file: BinaryIO) -> None:
    """Compare the checksum in the file with that of its bytes, in little memory."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > size - 8:
        raise CheckpointError(path, f"it is damaged: it ends after {size} bytes", _DAMAGED)
    header = file.read(length) if length <= _HEADER_MOST else b""
    places = list(_CHECKSUM.finditer(header))
    if len(places) != 1:
        problem = "it is damaged, or nnbook did not write it: it names no checksum"
        raise CheckpointError(path, problem, _DAMAGED)
    first, last = places[0].span(1)
    checksum = hashlib.sha256(b"".join([start, header[:first], _NO_CHECKSUM, header[last:]]))
    while chunk := file.read(_CHUNK):
        checksum.update(chunk)
    if checksum.hexdigest().encode() != header[first:last]:
        problem = f"it is damaged: the checksum does not fit its {size} bytes"
        raise CheckpointError(path, problem, _DAMAGED)


def _unpacked(path: Path, kind: str, data: bytes) -> Any:
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    if metadata["format"] != "nnbook":
        raise ValueError("another format")
    if (version := int(metadata["version"])) > VERSION:
        problem = f"its format is version {version}, and this nnbook reads up to {VERSION}"
        raise CheckpointError(path, problem, "Read it with a newer nnbook.")
    if metadata["kind"] != kind:
        problem = f"it holds a {metadata['kind']}, not a {kind}"
        raise CheckpointError(path, problem, f"Name the file of a {kind}.")
    tensors: dict[str, Tensor] = safetensors.torch.load(data)
    # A copy is aligned as torch aligns its own, and can be written to.
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    plain = json.loads(metadata["values"], parse_constant=_no_constant)
    return unflatten(plain, tensors)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _mend(error: OSError) -> str:
    mends: dict[int | None, str] = {
        errno.ENOSPC: "Make room on the disk, or save elsewhere.",
        errno.EDQUOT: "Make room within your quota, or save elsewhere.",
        errno.EFBIG: "Raise the limit on the size of a file, or save elsewhere.",
        errno.EACCES: "Ask for the permission, or choose another folder.",
        errno.EPERM: "Ask for the permission, or choose another folder.",
        errno.EROFS: "Choose a folder on a file system that can be written.",
        errno.ENOENT: "Make the folder, or mend the path.",
        errno.ENOTDIR: "Mend the path: a part of it is no folder.",
    }
    return mends.get(error.errno, "Choose another folder, and see to the disk.")
