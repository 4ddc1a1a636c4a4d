"""Learning rates that change while a model trains."""

from typing import Any, Literal

from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from nnbook._arguments import describe, refusal
from nnbook.training.callbacks import Callback, Run, check_run, check_state


class LearningRateSchedule(Callback):
    """Step a learning-rate scheduler of torch, after each epoch or each update.

    `ReduceLROnPlateau` is given the validation loss, or the training loss where nothing is held
    out. With a `Checkpoint`, the scheduler's state is saved and resumed too.

    Parameters
    ----------
    scheduler : LRScheduler
        Made for the optimizer of the run.
    each : {"epoch", "step"}, default="epoch"
        When it steps: `OneCycleLR`, for one, is made for updates.

    Raises
    ------
    TypeError, ValueError
        If `scheduler` is no scheduler, `each` is something else, or a `ReduceLROnPlateau` is to
        step with each update. If the scheduler belongs to another optimizer, `fit` refuses it.

    Examples
    --------
    >>> import nnbook, torch
    >>> data = nnbook.load_thermometer()
    >>> model = torch.nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    >>> halved = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.5)
    >>> schedule = nnbook.LearningRateSchedule(halved)
    >>> history = nnbook.fit(model, data, optimizer=optimizer, epochs=20, callbacks=[schedule])
    >>> optimizer.param_groups[0]["lr"]
    2.5e-05
    """

    scheduler: LRScheduler

    def __init__(self, scheduler: Any, *, each: Literal["epoch", "step"] = "epoch") -> None:
        if not isinstance(scheduler, LRScheduler):
            rule = "be a scheduler of torch.optim.lr_scheduler"
            raise TypeError(refusal("scheduler", rule, describe(scheduler)))
        if not isinstance(each, str) or each not in ("epoch", "step"):
            raise ValueError(refusal("each", 'be "epoch" or "step"', describe(each)))
        if each == "step" and isinstance(scheduler, ReduceLROnPlateau):
            mend = "It judges by the loss of an epoch."
            raise ValueError(refusal("each", 'be "epoch" with ReduceLROnPlateau', '"step"', mend))
        self.scheduler = scheduler
        self.each = each

    def on_start(self, run: Run) -> None:
        """Refuse a scheduler of another optimizer.

        Parameters
        ----------
        run : Run
            The run that is about to start.
        """
        check_run(run)
        optimizer = self.scheduler.optimizer
        if optimizer is not run.optimizer:
            mend = "Make the scheduler after the optimizer, and both anew for a new model."
            got = f"one of another {type(optimizer).__name__}"
            raise ValueError(refusal("scheduler", "belong to the run's optimizer", got, mend))

    def on_step_end(self, run: Run) -> None:
        """Step, if each update is asked for.

        Parameters
        ----------
        run : Run
            The run so far.
        """
        if self.each == "step":
            self.scheduler.step()

    def on_epoch_end(self, run: Run) -> None:
        """Step, if each epoch is asked for.

        Parameters
        ----------
        run : Run
            The run so far.
        """
        check_run(run)
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step((run.val_losses if run.has_val else run.train_losses)[-1])
        elif self.each == "epoch":
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the scheduler's state.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return {
            "type": type(self.scheduler).__name__,
            "each": self.each,
            "scheduler": self.scheduler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the scheduler's state back.

        Parameters
        ----------
        state : dict
            What `state_dict` returned.

        Raises
        ------
        ValueError
            If it comes from another kind of scheduler.
        """
        check_state(state, self.state_dict())
        own = (type(self.scheduler).__name__, self.each)
        if (state["type"], state["each"]) != own:
            rule = f"be a {state['type']} of each {state['each']}, as in the run that is resumed"
            raise ValueError(refusal("scheduler", rule, f"a {own[0]} of each {own[1]}"))
        self.scheduler.load_state_dict(state["scheduler"])
