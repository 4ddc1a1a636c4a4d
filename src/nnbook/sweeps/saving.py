"""A sweep that is killed goes on from the file that keeps it, and ends in the same bits."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nnbook.samples import Samples
from nnbook.sweeps.settings import Settings, activation_name
from nnbook.sweeps.stack import State
from nnbook.training import _durable
from nnbook.training._fingerprints import difference, fingerprint_of_samples
from nnbook.training._pace import Pace
from nnbook.training.checkpoint import resolved
from nnbook.training.errors import CheckpointError
from nnbook.training.processes import Processes

_KIND = "sweep"


@dataclass
class Saving:
    """Save where a sweep stands, now and then, and find it again.

    Parameters
    ----------
    path : Path
        The file; None keeps nothing.
    fingerprint : dict
        What must be the same when the sweep goes on.
    """

    path: Path | None
    fingerprint: dict[str, Any]

    def __post_init__(self) -> None:
        self._pace = Pace()

    def restore(self, epochs: int, states: list[State], losses: Tensor) -> int:
        """Put back what was saved, if anything was; return the epochs that it had done."""
        if self.path is None or not os.path.lexists(self.path):
            return 0
        saved = _durable.load(self.path, _KIND)
        part = difference(saved["fingerprint"], self.fingerprint)
        if part is not None:
            mend = "Go on with the arguments that it was started with, or name another file."
            raise CheckpointError(self.path, f"it is of another sweep: {part}", mend)
        done: int = saved["done"]
        if done > epochs:
            problem = f"it has done {done} epochs, and {epochs} are asked for"
            raise CheckpointError(self.path, problem, "Ask for more, or name another file.")
        for number, state in enumerate(saved["states"]):
            parameters, *moments, updates = (tensor.to(losses.device) for tensor in state)
            states[number] = State(parameters, tuple(moments), updates)
        losses[:, : saved["losses"].shape[1]] = saved["losses"]
        return done

    def save_if_due(self, done: int, states: Sequence[State], losses: Tensor) -> None:
        """Save if the last time was long enough ago."""
        if self.path is not None and self._pace.is_due():
            self.save(done, states, losses)

    def save(self, done: int, states: Sequence[State], losses: Tensor) -> None:
        """Save where the sweep stands; `losses` are those of the epochs done."""
        if self.path is None:
            return
        parts = [[state.parameters, *state.moments, state.epochs] for state in states]
        values = {"fingerprint": self.fingerprint, "done": done, "states": parts, "losses": losses}
        with self._pace.saving():
            _durable.save(self.path, _KIND, values)


def saving_at(
    checkpoint: str | os.PathLike[str] | None,
    settings: Sequence[Settings],
    train: Samples,
    val: Samples | None,
    *,
    processes: Processes,
    **options: Any,
) -> Saving:
    """Return what saves a sweep; each of several processes has a file of its own."""
    path = None if checkpoint is None else resolved("checkpoint", checkpoint)
    if path is None:
        return Saving(None, {})
    if processes.count > 1:
        path = path.with_name(f"{path.name}.{processes.rank + 1}-of-{processes.count}")
    runs = [{**vars(one), "activation": activation_name(one.activation)} for one in settings]
    return Saving(
        path,
        {
            "torch version": torch.__version__,
            "device": train.inputs.device.type,
            "train": fingerprint_of_samples(train),
            "val": None if val is None else fingerprint_of_samples(val),
            "runs": runs,
            **options,
        },
    )
