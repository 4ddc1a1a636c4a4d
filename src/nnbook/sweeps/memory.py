"""How much memory a sweep takes, said before it starts."""

from collections.abc import Sequence

import torch

from nnbook._arguments import refusal
from nnbook.samples import Samples
from nnbook.sweeps.settings import Settings, n_parameters


def check_memory(
    groups: Sequence[Sequence[Settings]],
    train: Samples,
    *,
    n_out: int,
    n_losses: int,
) -> None:
    """Refuse a sweep that would not fit into the memory that is free.

    Parameters
    ----------
    groups : sequence of sequence of Settings
        The runs that train in one go.
    train : Samples
        The rows.
    n_out : int
        Outputs of each network.
    n_losses : int
        How many losses are kept for each run.
    """
    need = needed_bytes(groups, train, n_out=n_out, n_losses=n_losses)
    free = free_bytes(train.inputs.device)
    if need > free:
        n_runs = sum(len(group) for group in groups)
        rule = f"leave the sweep small enough for the {free:,} bytes of memory that are free"
        mend = "A larger `history_every` keeps fewer losses; fewer runs at a time take less."
        raise ValueError(refusal("runs", rule, f"{n_runs:,} that need {need:,} bytes", mend))


def needed_bytes(
    groups: Sequence[Sequence[Settings]], train: Samples, *, n_out: int, n_losses: int
) -> int:
    """Estimate the bytes that a sweep holds at its fullest."""
    kept, passing = 0, 0
    for group in groups:
        first, n_runs = group[0], len(group)
        layers = zip(*(one.hidden for one in group), strict=True)
        widths = [train.inputs.shape[1], *(max(layer) for layer in layers), n_out]
        n_weights = n_parameters(widths)
        own_data = 0 if first.val_rows is None else len(train) * (widths[0] + n_out)
        moments = 2 if first.optimizer == "adam" else 1
        kept += n_runs * (n_weights * (2 + moments) + own_data + n_losses)
        # One group trains at a time: the values of each layer before and after its activation,
        # their gradients, and the parameters' gradient, change and new value.
        passing = max(passing, n_runs * (4 * len(train) * sum(widths[1:]) + 4 * n_weights))
    return (kept + passing) * train.inputs.element_size()


def free_bytes(device: torch.device) -> int:
    """Return how much memory is free where the rows lie."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil  # noqa: PLC0415  # for whoever sweeps, not for all who import nnbook

    return int(psutil.virtual_memory().available)
