"""Everything that a run must know to go on, taken from it and put back."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from nnbook._arguments import describe
from nnbook.samples import Samples
from nnbook.training._batches import Batches, Place
from nnbook.training._fingerprints import difference, fingerprint, keeps_state, options
from nnbook.training.callbacks import Callback, Run
from nnbook.training.errors import CheckpointError
from nnbook.training.learning_rate import LearningRateSchedule

_SCHEDULED = {"lr", "initial_lr", "momentum", "betas"}  # what a scheduler changes


@dataclass(frozen=True)
class RunState:
    """Hold the parts of a run that change, and what must be the same when it goes on.

    Parameters
    ----------
    run : Run
        The run, with its model and optimizer.
    callbacks : tuple of Callback
        Its callbacks, without checkpoints.
    generators : dict of str to torch.Generator
        Those that were given to the run or to its data; not the global ones.
    sources : dict of str to object
        Iterables of batches that keep a state of their own.
    fingerprint : dict
        What the run was started with.
    options : list of dict
        What the optimizer was told, at the start.
    n_batches : int
        The updates of an epoch; None where a run can go on only from the start of an epoch.
    n_rows : int
        The rows of `train`; None where it is no Samples.
    """

    run: Run
    callbacks: tuple[Callback, ...]
    generators: dict[str, torch.Generator]
    sources: dict[str, Any]
    fingerprint: dict[str, Any]
    options: list[dict[str, Any]]
    n_batches: int | None
    n_rows: int | None

    @classmethod
    def of(
        cls,
        run: Run,
        train: Batches,
        val: Batches | None,
        *,
        loss: Callable[..., Tensor],
        batch_size: int | None,
        generator: torch.Generator | None,
        callbacks: tuple[Callback, ...],
    ) -> "RunState":
        """Look at everything that a run is started with."""
        generators = {} if generator is None else {"generator": generator}
        data = {"train": train, "val": val}
        for name, batches in data.items():
            generators |= _generators_of(name, batches)
        n_batches = None
        if isinstance(train, Samples):
            n_batches = 1 if batch_size is None else -(-len(train) // batch_size)
        elif isinstance(train, list | tuple):
            n_batches = len(train)
        return cls(
            run,
            callbacks,
            generators,
            sources={name: batches for name, batches in data.items() if keeps_state(batches)},
            fingerprint=fingerprint(
                run,
                train,
                val,
                loss=loss,
                batch_size=batch_size,
                has_generator=generator is not None,
                callbacks=callbacks,
            ),
            options=options(run.optimizer),
            n_batches=n_batches,
            n_rows=len(train) if isinstance(train, Samples) else None,
        )

    def capture(self) -> dict[str, Any]:
        """Return the state as nested plain values and tensors, which are not copied."""
        run = self.run
        is_within = len(run.train_losses) < run.epoch
        device = next(run.model.parameters()).device
        return {
            "fingerprint": self.fingerprint,
            "options": [self.options, options(run.optimizer)],
            "epoch": run.epoch,
            "place": vars(run.place) if is_within else vars(Place()),
            "train_losses": torch.tensor(run.train_losses, dtype=torch.float64),
            "val_losses": torch.tensor(run.val_losses, dtype=torch.float64),
            "stopped": run.stopped,
            "model": run.model.state_dict(),
            "buffers": _other_buffers(run.model),
            "optimizer": run.optimizer.state_dict(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "sources": {name: source.state_dict() for name, source in self.sources.items()},
            "generators": {name: g.get_state() for name, g in self.generators.items()},
            "global generators": _global_states(device),
        }

    def check(self, path: Path, saved: dict[str, Any]) -> None:
        """Refuse the state of another run, and one that makes no sense.

        Raises
        ------
        CheckpointError
            If it cannot be put back into this run; nothing has been changed.
        """
        with _refusals(path):
            part = difference(saved["fingerprint"], self.fingerprint)
            if part is not None and "`torch version`" in part:
                problem = f"it would not go on to the last bit: {part}"
                mend = "Install that version, or load the weights alone: `safe_open` reads them."
                raise CheckpointError(path, problem, mend)
            if part is None:
                part = self._other_options(*saved["options"])
            if part is not None:
                raise CheckpointError(path, f"it is of another run: {part}", _MEND)
            if saved["epoch"] > self.run.epochs:
                problem = f"it is in epoch {saved['epoch']}, and `epochs` is {self.run.epochs}"
                raise CheckpointError(path, problem, "Ask for as many epochs or more.")
            self._check_values(saved)

    def restore(self, path: Path, saved: dict[str, Any]) -> None:
        """Put a checked state back. Callbacks come first: they may refuse too.

        Raises
        ------
        CheckpointError
            If a callback or the optimizer does not take its part; the model is not changed.
        """
        run = self.run
        with _refusals(path):
            for callback, state in zip(self.callbacks, saved["callbacks"], strict=True):
                callback.load_state_dict(state)
            for name, source in self.sources.items():
                source.load_state_dict(saved["sources"][name])
            run.optimizer.load_state_dict(saved["optimizer"])
            run.model.load_state_dict(saved["model"])
            with torch.no_grad():
                for name, buffer in _other_buffers(run.model).items():
                    buffer.copy_(saved["buffers"][name])
        run.epoch, run.stopped = saved["epoch"], saved["stopped"]
        run.train_losses[:] = saved["train_losses"].tolist()
        run.val_losses[:] = saved["val_losses"].tolist()
        run.place = Place(**saved["place"])
        for name, generator in self.generators.items():
            generator.set_state(saved["generators"][name])
        states = saved["global generators"]
        torch.set_rng_state(states["torch"])
        if "device" in states:
            device = next(run.model.parameters()).device
            torch.get_device_module(device).set_rng_state(states["device"], device)
        random.setstate(_python_state(states["python"]))
        np.random.set_state(_numpy_state(states["numpy"]))  # noqa: NPY002  # it may be in use

    def _other_options(self, start: Any, last: Any) -> str | None:
        """Say what the optimizer was told otherwise; a run of the same process may have gone on."""
        is_scheduled = any(isinstance(each, LearningRateSchedule) for each in self.callbacks)
        ignored = _SCHEDULED if is_scheduled else set()

        def numbered(groups: Any) -> dict[str, Any]:
            return {
                f"optimizer's group {number}": {k: v for k, v in group.items() if k not in ignored}
                for number, group in enumerate(groups)
            }

        own = numbered(self.options)
        part = difference(numbered(start), own)
        return None if difference(numbered(last), own) is None else part

    def _check_values(self, saved: dict[str, Any]) -> None:
        """Refuse what no run saves: a file may have been made by something else."""
        model = self.run.model
        for own, part in (
            (model.state_dict(), saved["model"]),
            (_other_buffers(model), saved["buffers"]),
        ):
            there, here = ({k: describe(v) for k, v in tensors.items()} for tensors in (part, own))
            if (other := difference(there, here)) is not None:
                raise ValueError(f"its {other}")
        epoch, place = saved["epoch"], Place(**saved["place"])
        losses, n_ended = saved["train_losses"], len(saved["train_losses"])
        is_within = n_ended == epoch - 1 and self.n_batches is not None
        if not (type(epoch) is int and (n_ended == epoch or is_within)):
            raise ValueError(f"{n_ended} losses in epoch {epoch}")
        if saved["val_losses"].shape != ((n_ended,) if self.run.has_val else (0,)):
            raise ValueError("another number of validation losses")
        if not (losses.dtype == saved["val_losses"].dtype == torch.float64 and losses.ndim == 1):
            raise TypeError("losses of another type")
        if not (saved["stopped"] is None or isinstance(saved["stopped"], str)):
            raise TypeError("a reason to stop that is no text")
        if n_ended == epoch and place != Place():
            raise ValueError("a place between two epochs")
        if n_ended != epoch:
            self._check_place(place)
        for name, generator in self.generators.items():
            torch.Generator(generator.device).set_state(saved["generators"][name])
        states = saved["global generators"]
        torch.Generator().set_state(states["torch"])
        random.Random().setstate(_python_state(states["python"]))  # noqa: S311  # nothing is drawn
        np.random.RandomState().set_state(_numpy_state(states["numpy"]))

    def _check_place(self, place: Place) -> None:
        assert self.n_batches is not None
        if not (type(place.step) is int and 0 < place.step < self.n_batches):
            raise ValueError(f"step {place.step} of {self.n_batches}")
        if not (type(place.rows) is int and place.rows > 0 and isinstance(place.loss, float)):
            raise TypeError("rows and loss of an epoch in part")
        if isinstance(place.val_loss, float) != self.run.has_val:
            raise ValueError("another validation loss")
        if (place.order is not None) != (self.n_rows is not None):
            raise ValueError("rows in another order")
        if place.order is not None:
            assert self.n_rows is not None
            if not torch.equal(place.order.sort().values, torch.arange(self.n_rows)):
                raise ValueError("an order of other rows")


_MEND = "Go on with the arguments of the run that saved it, or save under another path."


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a state that is not understood into one kind of error."""
    try:
        yield
    except CheckpointError:
        raise
    except (
        *(ArithmeticError, AttributeError, LookupError),
        *(RuntimeError, TypeError, ValueError),
    ) as error:
        raise CheckpointError(path, f"it does not fit this run: {error}", _MEND) from error


def _generators_of(name: str, data: object) -> dict[str, torch.Generator]:
    if not isinstance(data, DataLoader):
        return {}
    loader: DataLoader[Any] = data
    parts = {
        f"{name}.generator": loader,
        f"{name}.sampler.generator": loader.sampler,
        f"{name}.batch_sampler.sampler.generator": getattr(loader.batch_sampler, "sampler", None),
    }
    found = {way: getattr(part, "generator", None) for way, part in parts.items()}
    return {way: each for way, each in found.items() if isinstance(each, torch.Generator)}


def _other_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Return the buffers that a state dict leaves out."""
    kept = model.state_dict()
    return {name: buffer for name, buffer in model.named_buffers() if name not in kept}


def _global_states(device: torch.device) -> dict[str, Any]:
    version, numbers, gauss = random.getstate()
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002  # it may be in use
    states = {
        "torch": torch.get_rng_state(),
        "python": {"version": version, "numbers": torch.tensor(numbers), "gauss": gauss},
        "numpy": {
            "bit_generator": state["bit_generator"],
            "key": torch.from_numpy(state["state"]["key"].astype(np.int64)),
            "pos": int(state["state"]["pos"]),
            "has_gauss": int(state["has_gauss"]),
            "gauss": float(state["gauss"]),
        },
    }
    if device.type not in ("cpu", "meta"):
        states["device"] = torch.get_device_module(device).get_rng_state(device)
    return states


def _python_state(saved: dict[str, Any]) -> tuple[Any, ...]:
    return saved["version"], tuple(saved["numbers"].tolist()), saved["gauss"]


def _numpy_state(saved: dict[str, Any]) -> dict[str, Any]:
    return {
        "bit_generator": saved["bit_generator"],
        "state": {"key": saved["key"].numpy(), "pos": saved["pos"]},
        "has_gauss": saved["has_gauss"],
        "gauss": saved["gauss"],
    }
