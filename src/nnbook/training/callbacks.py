"""What may look on while a model trains: five calls, and the callbacks that the book uses."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from nnbook._arguments import checked, describe, number, positive_int, refusal
from nnbook.training._batches import Place
from nnbook.training.history import History


@dataclass(frozen=True)
class Stop:
    """Ask, as the value that `on_epoch_end` returns, for the run to end.

    Parameters
    ----------
    reason : str
        Kept in `History.stopped`.

    Examples
    --------
    >>> from nnbook import Stop
    >>> Stop("good enough").reason
    'good enough'
    """

    reason: str


@dataclass
class Run:
    """Show callbacks how far a run is.

    Parameters
    ----------
    model : nn.Module
        The model in training.
    optimizer : torch.optim.Optimizer
        Its optimizer.
    epochs : int
        How many epochs were asked for.
    has_val : bool
        Whether rows are held out.
    epoch : int
        The epoch that is running or has just ended, from 1; 0 before the first.
    train_losses, val_losses : list of float
        One entry for each epoch that ended; `val_losses` stays empty without held-out rows.
    stopped : str
        Why the run is ending early; None as long as it is not.
    failed : bool
        Whether an error or Ctrl-C ended it.
    error_type : type
        The class of that error; None as long as there is none.
    place : Place
        How far the epoch is; what `step` reads.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    epochs: int
    has_val: bool
    epoch: int = 0
    train_losses: list[float] = field(default_factory=list)
    val_losses: list[float] = field(default_factory=list)
    stopped: str | None = None
    failed: bool = False
    error_type: type[BaseException] | None = None
    place: Place = field(default_factory=Place, repr=False)

    def __post_init__(self) -> None:
        checked("model", self.model, nn.Module, "be a torch.nn.Module")
        checked("optimizer", self.optimizer, torch.optim.Optimizer, "be a torch.optim.Optimizer")

    @property
    def step(self) -> int:
        """The updates that were made in this epoch."""
        return self.place.step

    @property
    def history(self) -> History:
        """The losses of the epochs that ended."""
        dtype = next(self.model.parameters()).dtype
        val_loss = torch.tensor(self.val_losses, dtype=dtype) if self.has_val else None
        return History(torch.tensor(self.train_losses, dtype=dtype), val_loss, self.stopped)


class Callback:
    """Look on while a model trains; subclasses override what they need.

    Examples
    --------
    >>> import nnbook, torch
    >>> class StopBelow(nnbook.Callback):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...
    ...     def on_epoch_end(self, run):
    ...         if run.train_losses[-1] < self.loss:
    ...             return nnbook.Stop(f"training loss below {self.loss}")
    >>> data = nnbook.load_thermometer()
    >>> data = data.with_inputs(0.1 * data.inputs)
    >>> model = torch.nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    >>> history = nnbook.fit(
    ...     model, data, optimizer=optimizer, epochs=5000, callbacks=[StopBelow(4.0)]
    ... )
    >>> history.stopped
    'training loss below 4.0'
    """

    def on_start(self, run: Run) -> None:
        """Be called once, before the first epoch.

        Parameters
        ----------
        run : Run
            The run that is about to start.
        """

    def on_gradients(self, run: Run) -> None:
        """Be called in each step, when the gradients are there and the update is still to come.

        Parameters
        ----------
        run : Run
            The run so far; `run.step` counts the updates before this one.
        """

    def on_step_end(self, run: Run) -> None:
        """Be called after each update.

        Parameters
        ----------
        run : Run
            The run so far; `run.step` counts this update too.
        """

    def on_epoch_end(self, run: Run) -> Stop | None:
        """Be called after each epoch, with its losses in `run` and the updated model.

        Parameters
        ----------
        run : Run
            The run so far.

        Returns
        -------
        Stop or None
            `Stop(reason)` ends the run.
        """
        return None

    def on_end(self, run: Run) -> None:
        """Be called once, however the run ended.

        Parameters
        ----------
        run : Run
            `run.failed` tells whether an error or Ctrl-C ended it.
        """

    def state_dict(self) -> dict[str, Any]:
        """Return what the callback must know to go on, for a checkpoint.

        Returns
        -------
        dict
            Numbers, strings and tensors, in lists, tuples and dictionaries. The default is empty:
            a callback that remembers nothing from epoch to epoch needs none.
        """
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned, in a run that is resumed, after `on_start`.

        Parameters
        ----------
        state : dict
            Equal to what was returned.
        """


def check_run(run: object) -> None:
    """Refuse what `fit` would not hand to a callback."""
    checked("run", run, Run, "be the Run that `fit` gives")


def check_state(state: object, own: dict[str, Any]) -> None:
    """Refuse what `state_dict` would not have returned."""
    if not isinstance(state, dict) or state.keys() != own.keys():
        raise ValueError(refusal("state", "be what `state_dict` returned", describe(state)))


class KeepsBest(Callback):
    """Keep the weights of the epoch with the lowest loss; what callbacks that use them share.

    The loss of an epoch belongs to the parameters that the epoch started with; these are kept.

    Parameters
    ----------
    restore_best : bool
        Whether weights are kept at all; each subclass says when they are put back.

    Attributes
    ----------
    best_epoch : int
        The epoch of the lowest loss, counted from 1; 0 before the first epoch has ended.
    best_loss : float
        That loss.
    """

    def __init__(self, *, restore_best: bool) -> None:
        self.restore_best = restore_best

    def on_start(self, run: Run) -> None:
        """Remember the start.

        Parameters
        ----------
        run : Run
            The run that is about to start.
        """
        check_run(run)
        self.best_epoch, self.best_loss = 0, math.inf
        self._epoch_start = self._best = self._snapshot(run.model)

    def compare(self, run: Run, loss: float, *, min_delta: float = 0.0) -> None:
        """Compare the loss of the epoch that has ended with the best.

        Parameters
        ----------
        run : Run
            The run so far.
        loss : float
            Its loss.
        min_delta : float, default=0.0
            By how much it must be lower.
        """
        if loss < self.best_loss - min_delta:
            self.best_epoch, self.best_loss, self._best = run.epoch, loss, self._epoch_start
        self._epoch_start = self._snapshot(run.model)

    def put_back(self, model: nn.Module) -> None:
        """Give the model the best weights, where they were kept.

        Parameters
        ----------
        model : nn.Module
            The model that trained.
        """
        if self.restore_best:
            model.load_state_dict(self._best)

    def state_dict(self) -> dict[str, Any]:
        """Return the best epoch, with its weights where they are kept, and the settings.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return {
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "best": self._best,
            "epoch_start": self._epoch_start,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the best epoch back.

        Parameters
        ----------
        state : dict
            What `state_dict` returned.

        Raises
        ------
        ValueError
            If it comes from other settings.
        """
        check_state(state, self.state_dict())
        self.best_epoch, self.best_loss = state["best_epoch"], state["best_loss"]
        self._best, self._epoch_start = state["best"], state["epoch_start"]

    def _snapshot(self, model: nn.Module) -> dict[str, Tensor]:
        """Copy the weights and buffers, where they are kept."""
        kept = model.state_dict() if self.restore_best else {}
        return {name: value.detach().clone() for name, value in kept.items()}


class EarlyStopping(KeepsBest):
    """Stop when the validation loss has not improved for a while, and keep the best weights.

    The validation loss of an epoch belongs to the parameters that the epoch started with; these are
    the ones put back at the end.

    Parameters
    ----------
    patience : int
        Epochs without improvement that are waited for.
    min_delta : float, default=0.0
        By how much the validation loss must fall to count as an improvement.
    restore_best : bool, default=True
        Whether the model ends with the weights of its best epoch; False leaves the last ones.

    Attributes
    ----------
    best_epoch : int
        The epoch of the lowest validation loss, counted from 1.
    best_loss : float
        That loss.

    Examples
    --------
    >>> import nnbook, torch
    >>> _ = torch.manual_seed(0)
    >>> data = nnbook.load_thermometer()
    >>> split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
    >>> model = nnbook.mlp(1, 13, 1)
    >>> early = nnbook.EarlyStopping(patience=50)
    >>> history = nnbook.fit(
    ...     model,
    ...     split.train,
    ...     split.val,
    ...     optimizer=torch.optim.Adam(model.parameters(), lr=0.1),
    ...     epochs=5000,
    ...     callbacks=[early],
    ... )
    >>> len(history) == early.best_epoch + 50
    True
    """

    def __init__(self, patience: int, *, min_delta: float = 0.0, restore_best: bool = True) -> None:
        self.patience = positive_int("patience", patience)
        least = number("min_delta", min_delta, "be 0 or more", lambda found: found >= 0)
        super().__init__(restore_best=restore_best)
        self.min_delta = least

    def on_start(self, run: Run) -> None:
        """Refuse a run without held-out rows, and remember its start.

        Parameters
        ----------
        run : Run
            The run that is about to start.
        """
        check_run(run)
        if not run.has_val:
            mend = "Early stopping judges by rows that do not train: `data.split()` makes them."
            raise ValueError(refusal("val", "be given with EarlyStopping", "None", mend))
        super().on_start(run)

    def state_dict(self) -> dict[str, Any]:
        """Return the best epoch with its weights, and the settings.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return {"settings": self._settings, **super().state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the best epoch back.

        Parameters
        ----------
        state : dict
            What `state_dict` returned.

        Raises
        ------
        ValueError
            If it comes from other settings.
        """
        check_state(state, self.state_dict())
        if state["settings"] != self._settings:
            rule = f"keep the settings of the run that is resumed, {state['settings']}"
            raise ValueError(refusal("EarlyStopping", rule, str(self._settings)))
        super().load_state_dict(state)

    def on_epoch_end(self, run: Run) -> Stop | None:
        """Compare this epoch's validation loss with the best.

        Parameters
        ----------
        run : Run
            The run so far.

        Returns
        -------
        Stop or None
            `Stop` once `patience` epochs have brought nothing.
        """
        check_run(run)
        self.compare(run, run.val_losses[-1], min_delta=self.min_delta)
        if run.epoch - self.best_epoch < self.patience:
            return None
        return Stop(
            f"no better validation loss than {self.best_loss:.4g} (epoch {self.best_epoch}) "
            f"for {self.patience} epochs"
        )

    def on_end(self, run: Run) -> None:
        """Put the best weights back, unless the run failed.

        Parameters
        ----------
        run : Run
            The finished run.
        """
        check_run(run)
        if not run.failed:
            self.put_back(run.model)

    @property
    def _settings(self) -> dict[str, Any]:
        names = ("patience", "min_delta", "restore_best")
        return {name: getattr(self, name) for name in names}


class GradientNorms(Callback):
    """Record the size of each parameter's gradient, epoch by epoch.

    The gradient is the one of the epoch's last update; its size is the Euclidean norm.

    Attributes
    ----------
    norms : dict of str to Tensor of shape (epochs,)
        One entry for each parameter that trains, in loss units per parameter unit.

    Examples
    --------
    >>> import nnbook, torch
    >>> data = nnbook.load_thermometer()
    >>> model = torch.nn.Linear(1, 1)
    >>> norms = nnbook.GradientNorms()
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    >>> history = nnbook.fit(model, data, optimizer=optimizer, epochs=3, callbacks=[norms])
    >>> {name: values.shape for name, values in norms.norms.items()}
    {'weight': torch.Size([3]), 'bias': torch.Size([3])}
    """

    def __init__(self) -> None:
        self._recorded: dict[str, list[Tensor]] = {}

    @property
    def norms(self) -> dict[str, Tensor]:
        """One tensor of shape (epochs,) for each parameter."""
        return {
            name: torch.stack(values).cpu() for name, values in self._recorded.items() if values
        }

    def on_start(self, run: Run) -> None:
        """Forget what an earlier run recorded.

        Parameters
        ----------
        run : Run
            The run that is about to start.
        """
        check_run(run)
        trained = [(name, p) for name, p in run.model.named_parameters() if p.requires_grad]
        self._parameters = dict(trained)
        self._recorded = {name: [] for name, _ in trained}

    def on_epoch_end(self, run: Run) -> None:
        """Record this epoch's norms.

        Parameters
        ----------
        run : Run
            The run so far.
        """
        check_run(run)
        for name, parameter in self._parameters.items():
            gradient = parameter.grad
            norm = torch.zeros(()) if gradient is None else torch.linalg.vector_norm(gradient)
            self._recorded[name].append(norm)

    def state_dict(self) -> dict[str, Any]:
        """Return the norms so far.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return {"norms": self.norms}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the norms back.

        Parameters
        ----------
        state : dict
            What `state_dict` returned.
        """
        check_state(state, self.state_dict())
        for name, values in state["norms"].items():
            on_device = values.to(self._parameters[name].device)
            self._recorded[name] = list(on_device.unbind())
