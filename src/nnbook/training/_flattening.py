"""Nested values turned into JSON and a dictionary of tensors, and back."""

import math
from collections import Counter
from typing import Any

import torch
from torch import Tensor

from nnbook._arguments import describe


def flatten(values: Any) -> tuple[Any, dict[str, Tensor]]:
    """Return what JSON can hold, and the tensors by the names that it mentions.

    Plain values and lists stand as they are; everything else is a dictionary of one entry, named
    by its kind. A tensor is named by its way through the values: `model.hidden_linear.weight`.

    Raises
    ------
    TypeError
        If a value is neither plain nor a tensor; the message names its way.
    """
    tensors: dict[str, Tensor] = {}

    def plain(value: Any, way: str) -> Any:
        match value:
            case float() if not math.isfinite(value):
                result: Any = {"float": repr(float(value))}
            case None | bool() | str() | int() | float():
                result = value
            case Tensor():
                result = _noted(value, way, tensors)
            case list():
                result = [plain(each, f"{way}.{i}") for i, each in enumerate(value)]
            case tuple():
                result = {"tuple": [plain(each, f"{way}.{i}") for i, each in enumerate(value)]}
            case dict() if type(value) is not Counter and all(type(key) is str for key in value):
                result = {"dict": {key: plain(each, f"{way}.{key}") for key, each in value.items()}}
            case dict():
                kind = "counter" if isinstance(value, Counter) else "pairs"
                result = {kind: [[key(k, way), plain(v, f"{way}.{k}")] for k, v in value.items()]}
            case _:
                raise TypeError(f"{way.removeprefix('.')} is {describe(value)}")
        return result

    def key(value: Any, way: str) -> Any:
        if not _is_scalar(plain(value, way)):
            raise TypeError(f"{way.removeprefix('.')} has the key {describe(value)}")
        return value

    return plain(values, ""), tensors


def _noted(tensor: Tensor, way: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        raise TypeError(f"{way.removeprefix('.')} is a tensor that is not plain: {tensor.layout}")
    # The order of the dimensions in memory, kept with the values: a way through a tensor that is
    # laid out otherwise may round otherwise.
    strides = tensor.stride()
    order = sorted(range(tensor.ndim), key=lambda dim: -strides[dim])
    name = way.removeprefix(".")
    while name in tensors:  # keys 1 and "1" of two dictionaries
        name += "'"
    cpu = tensor.detach().cpu().permute(order)
    tensors[name] = cpu.clone(memory_format=torch.contiguous_format)
    return {"tensor": [name, order]}


def unflatten(plain: Any, tensors: dict[str, Tensor]) -> Any:
    """Undo `flatten`.

    Raises
    ------
    ValueError, TypeError, KeyError
        If this is not what `flatten` returns.
    """
    if _is_scalar(plain):
        return plain
    if isinstance(plain, list):
        return [unflatten(each, tensors) for each in plain]
    result: Any
    match list(plain.items()):
        case [("float", "nan" | "inf" | "-inf" as text)]:
            result = float(text)
        case [("tuple", list(values))]:
            result = tuple(unflatten(each, tensors) for each in values)
        case [("dict", dict(entries))]:
            result = {key: unflatten(each, tensors) for key, each in entries.items()}
        case [("pairs" | "counter" as kind, list(pairs))]:
            result = Counter() if kind == "counter" else {}
            for key, each in pairs:
                result[key] = unflatten(each, tensors)
        case [("tensor", [str(name), list(order)])] if sorted(order) == list(range(len(order))):
            back = sorted(range(len(order)), key=lambda dim: int(order[dim]))
            result = tensors[name].permute(back)
        case _:
            raise ValueError(f"{describe(plain)} is not understood")
    return result


def _is_scalar(plain: Any) -> bool:
    return plain is None or isinstance(plain, bool | int | float | str)
