"""What a run was started with, so that a checkpoint is not gone on with in another one."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from nnbook._arguments import describe, refusal
from nnbook.samples import Samples
from nnbook.training._batches import Batches
from nnbook.training.callbacks import Run

_HASHED_MOST = 2**26  # bytes of a tensor; of a larger one every second, third, ... row is hashed


def fingerprint(
    run: Run,
    train: Batches,
    val: Batches | None,
    *,
    loss: Callable[..., Tensor],
    batch_size: int | None,
    has_generator: bool,
    callbacks: Iterable[object],
) -> dict[str, Any]:
    """Return plain values that are equal for two runs which end in the same bits.

    Raises
    ------
    TypeError, ValueError
        If data or optimizer hold something that could not be put back.
    """
    names = {id(parameter): name for name, parameter in run.model.named_parameters()}
    groups = [
        [names.get(id(parameter), "") for parameter in group["params"]]
        for group in run.optimizer.param_groups
    ]
    if any("" in group for group in groups):
        mend = "Make them parts of the model."
        rule = "hold only parameters of `model`, where a Checkpoint saves or a run is resumed"
        raise ValueError(refusal("optimizer", rule, "others too", mend))
    return {
        "torch version": torch.__version__,
        "device": next(run.model.parameters()).device.type,
        "model": _tensors_of(run.model),
        "optimizer": _name_of(run.optimizer),
        "optimizer's parameter groups": groups,
        "loss": _name_of(loss),
        "train": fingerprint_of_data("train", train),
        "val": None if val is None else fingerprint_of_data("val", val),
        "batch_size": batch_size,
        "generator": "given" if has_generator else None,
        "callbacks": [_name_of(callback) for callback in callbacks],
    }


def options(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """Return what the optimizer was told: learning rate, momentum, ..."""
    return [
        {name: _plain(value) for name, value in group.items() if name != "params"}
        for group in optimizer.param_groups
    ]


def difference(saved: Any, own: Any, name: str = "") -> str | None:
    """Say in which part two fingerprints differ first, or return None."""
    if isinstance(saved, dict) and isinstance(own, dict):
        for key in {**saved, **own}:
            missing = "no such part"
            part = difference(saved.get(key, missing), own.get(key, missing), f"{name} {key}")
            if part is not None:
                return part
        return None
    if saved == own:
        return None
    there, here = ("given" if isinstance(each, dict) else each for each in (saved, own))
    there, here = (each if isinstance(each, str) else describe(each) for each in (there, here))
    return f"`{name.strip()}` is {there} there and {here} here"


def _tensors_of(model: torch.nn.Module) -> dict[str, str]:
    shown = {name: describe(value) for name, value in model.state_dict().items()}
    shown |= {name: describe(value) for name, value in model.named_buffers()}
    for name, parameter in model.named_parameters():
        trains = "trains" if parameter.requires_grad else "does not train"
        shown[name] = f"{describe(parameter)} that {trains}"
    return shown


def _name_of(thing: object) -> str:
    named: Any = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}.{named.__qualname__}"


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, Tensor) else value


def fingerprint_of_data(name: str, data: Batches) -> dict[str, Any]:
    """Return plain values that are equal for the same rows."""
    if isinstance(data, Samples):
        return fingerprint_of_samples(data)
    kind: dict[str, Any] = {"type": _name_of(data)}
    if isinstance(data, list | tuple):
        pairs = [batch for batch in data if isinstance(batch, list | tuple)]  # fit refuses others
        tensors = [part for batch in pairs for part in batch if isinstance(part, Tensor)]
        return kind | {"batches": len(data), "values": _hash(tensors)}
    if isinstance(data, DataLoader):
        loader: DataLoader[Any] = data
        kind |= {"batch_size": loader.batch_size, "drop_last": loader.drop_last}
        with suppress(TypeError):  # an IterableDataset need not know its length
            kind |= {"batches": len(loader)}
        dataset = loader.dataset
        return kind | (
            {"dataset": fingerprint_of_data(name, dataset)} if isinstance(dataset, Samples) else {}
        )
    if not keeps_state(data):
        rule = "be Samples, a list or a DataLoader, or have state_dict() and load_state_dict()"
        mend = "A Checkpoint could not save how far its random draws are."
        raise TypeError(refusal(name, rule, describe(data), mend))
    return kind


def fingerprint_of_samples(data: Samples) -> dict[str, Any]:
    """Return plain values that are equal for the same rows, all of them tensors."""
    shown = {"inputs": describe(data.inputs), "targets": describe(data.targets)}
    return shown | {"values": _hash([data.inputs, data.targets])}


def keeps_state(data: object) -> bool:
    """Whether an iterable can tell its state and take it back."""
    return hasattr(data, "state_dict") and hasattr(data, "load_state_dict")


def _hash(tensors: list[Tensor]) -> str:
    sha256 = hashlib.sha256()
    for tensor in tensors:
        rows = tensor.detach()
        if rows.ndim > 0:
            rows = rows[:: 1 + rows.nbytes // _HASHED_MOST]
        sha256.update(describe(tensor).encode())
        sha256.update(rows.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sha256.hexdigest()[:16]
