"""The modes of a model's modules: training or evaluation.

The `training` flags are read and set directly. Calling `eval()` and `train()` in each epoch would
cost a tenth of the epoch of a small network.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

Modes = list[tuple[dict[str, Any], bool]]


def modes_of(model: nn.Module) -> Modes:
    """Return the attributes of each module, and the mode that it is in."""
    return [(vars(module), module.training) for module in model.modules()]


def set_modes(modes: Modes, *, training: bool | None = None) -> None:
    """Put each module in the given mode; None puts it back in the one that was recorded."""
    for attributes, mode in modes:
        attributes["training"] = mode if training is None else training


@contextmanager
def modes_restored(model: nn.Module) -> Iterator[None]:
    """Leave each module in the mode in which it was found."""
    modes = modes_of(model)
    try:
        yield
    finally:
        set_modes(modes)
