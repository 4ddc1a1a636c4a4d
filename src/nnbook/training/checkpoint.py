"""Checkpoints: a run that is killed goes on from its last one, and ends in the same bits."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nnbook._arguments import describe, path_of, positive_int, refusal
from nnbook.training import _durable
from nnbook.training._batches import Batches
from nnbook.training._pace import Pace
from nnbook.training._run_state import RunState
from nnbook.training.callbacks import Callback, Run, check_run
from nnbook.training.errors import CheckpointError, TrainingInterrupted
from nnbook.training.processes import joined


class Checkpoint(Callback):
    """Save a run at intervals, so that `fit(..., resume=path)` goes on with it after a kill.

    Saved is everything that the run needs to end in the bits that it would have ended in: weights
    and buffers, the optimizer, the random generators (those given to `fit` or to a `DataLoader`,
    and the global ones of torch, NumPy and Python), the place within the epoch and the order of its
    rows, the other callbacks and the losses. The same bits need the same machine, build of torch
    and number of threads. A callback of your own is saved if it has `state_dict` and
    `load_state_dict`.

    The first save comes before the first update, the last at the end of the run or after Ctrl-C.
    Each replaces the one before as a whole: whenever the process is killed, there is a checkpoint
    that can be read. A file that the run does not go on from is never replaced.

    Parameters
    ----------
    path : str or path
        The file, in a folder that exists. It is a safetensors file, and the weights in it are named
        `model.hidden_linear.weight` and so on.
    every : int, default=None
        Epochs between two saves.
    every_steps : int, default=None
        Updates between two saves, for long epochs; one of the two can be given. None for both
        saves every 30 seconds, at the end of an update, and less often where saving takes long: at
        most a hundredth of the time.

    Raises
    ------
    TypeError, ValueError
        If `path` is no path, an interval no positive whole number, or if both are given.
    CheckpointError
        From `fit`, if a checkpoint cannot be written, or if there is a file that the run does not
        go on from.

    Examples
    --------
    >>> import nnbook, tempfile, torch
    >>> data = nnbook.load_thermometer()
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = f"{folder.name}/line.safetensors"
    >>> def train(epochs):
    ...     model = torch.nn.Linear(1, 1)
    ...     optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    ...     checkpoint = nnbook.Checkpoint(path, every=10)
    ...     return nnbook.fit(
    ...         model, data, optimizer=optimizer, epochs=epochs, callbacks=[checkpoint], resume=path
    ...     )
    >>> first, both = train(25), train(50)
    >>> torch.equal(first.train_loss, both.train_loss[:25])
    True
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int | None = None,
        *,
        every_steps: int | None = None,
    ) -> None:
        self.path = resolved("path", path)
        if every is not None and every_steps is not None:
            rule = "be None where `every` is given"
            raise ValueError(refusal("every_steps", rule, describe(every_steps)))
        mend = "None saves by the clock."
        self.every = None if every is None else positive_int("every", every, mend)
        self.every_steps = None
        if every_steps is not None:
            self.every_steps = positive_int("every_steps", every_steps, mend)
        self._state: RunState | None = None

    def on_step_end(self, run: Run) -> None:
        """Save if it is time, but leave it to the epoch's end after the last update.

        Parameters
        ----------
        run : Run
            The run so far.
        """
        check_run(run)
        n_batches = self._begun().n_batches
        self._steps += 1
        if n_batches is not None and run.step < n_batches and self._is_due():
            self.save()

    def on_epoch_end(self, run: Run) -> None:
        """Save if it is time, or if this was the last epoch.

        Parameters
        ----------
        run : Run
            The run so far, after all other callbacks.
        """
        check_run(run)
        self._begun()
        is_last = run.stopped is not None or run.epoch == run.epochs
        is_due = self._is_due() if self.every is None else run.epoch % self.every == 0
        if is_last or is_due:
            self.save()

    def on_end(self, run: Run) -> None:
        """Save a run that was interrupted by Ctrl-C.

        Parameters
        ----------
        run : Run
            The run that has ended.
        """
        check_run(run)
        if run.error_type is TrainingInterrupted:
            self.save()

    def save(self) -> None:
        """Save the run as it is now.

        Raises
        ------
        CheckpointError
            If it cannot be saved; the last good checkpoint is as it was.
        """
        state = self._begun()
        with self._pace.saving():
            if joined().is_first:  # all processes have the same to save
                _durable.save(self.path, "run", state.capture())
        self._steps = 0

    def begin(self, state: RunState) -> None:
        """Take part in a run; save it at once if there is no file to go on from.

        Parameters
        ----------
        state : RunState
            What is to be saved.
        """
        self._state, self._pace, self._steps = state, Pace(), 0
        if not self.path.exists():
            self.save()

    def check(self, state: RunState, resume: Path | None) -> None:
        """Refuse a run whose place cannot be saved, and to replace a file of another one.

        Parameters
        ----------
        state : RunState
            What is to be saved.
        resume : Path
            The file that the run goes on from; None starts it anew.
        """
        if self.every_steps is not None and state.n_batches is None:
            rule = "be None where `train` is no Samples and no list"
            mend = (
                "A DataLoader cannot go on from the middle of an epoch: give `every`, or Samples."
            )
            raise ValueError(refusal("every_steps", rule, str(self.every_steps), mend))
        if self.path != resume and os.path.lexists(self.path):
            mend = "Go on from it by `resume=`, delete it, or save under another path."
            problem = "there is such a file, and the run does not go on from it"
            raise CheckpointError(self.path, problem, mend)

    def _begun(self) -> RunState:
        if self._state is None:
            raise ValueError(refusal("save", "be called while `fit` runs", "a call before that"))
        return self._state

    def _is_due(self) -> bool:
        if self.every is not None:
            return False
        if self.every_steps is not None:
            return self._steps >= self.every_steps
        return self._pace.is_due()


def preparation(
    run: Run,
    train: Batches,
    val: Batches | None,
    callbacks: tuple[Callback, ...],
    resume: str | os.PathLike[str] | None,
    *,
    loss: Callable[..., Tensor],
    batch_size: int | None,
    generator: torch.Generator | None,
) -> Callable[[], None]:
    """Return a function that starts the checkpoints of a run, from a saved state if there is one.

    Whatever can be refused is refused before that.
    """
    checkpoints = [callback for callback in callbacks if isinstance(callback, Checkpoint)]
    if not checkpoints and resume is None:
        return lambda: None
    state = RunState.of(
        *(run, train, val),
        loss=loss,
        batch_size=batch_size,
        generator=generator,
        callbacks=tuple(each for each in callbacks if not isinstance(each, Checkpoint)),
    )
    path = None if resume is None else resolved("resume", resume)
    for checkpoint in checkpoints:
        checkpoint.check(state, path)
    saved: dict[str, Any] | None = None
    # The first save comes before the first update. Without a file there is nothing that was lost.
    if path is not None:
        is_start = not os.path.lexists(path)
        if not (is_start and any(checkpoint.path == path for checkpoint in checkpoints)):
            saved = _durable.load(path, "run")
            state.check(path, saved)

    def begin() -> None:
        if path is not None and saved is not None:
            state.restore(path, saved)
        for checkpoint in checkpoints:
            checkpoint.begin(state)

    return begin


def resolved(name: str, path: object) -> Path:
    """Return an absolute path that a change of the working folder does not move."""
    return Path(os.path.realpath(path_of(name, path)))
