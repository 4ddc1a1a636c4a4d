"""Gradients watched while a model trains."""

import math
from typing import Any

import torch

from nnbook._arguments import refusal
from nnbook.training.callbacks import KeepsBest, Run, check_run, check_state
from nnbook.training.errors import DivergenceError


class GradientCheck(KeepsBest):
    """Stop a run before an update by a gradient that is not finite.

    A loss can be finite where its gradient is not: the square root at 0, for one. `fit` itself
    looks at losses alone, and the next loss would already be that of ruined weights. The check
    takes about a tenth of the time of a step of a small network; with `restore_best` the weights
    are copied once an epoch too.

    Parameters
    ----------
    restore_best : bool, default=False
        Whether a run that diverges leaves the model with the weights of its best epoch; False
        leaves those before the update. The best is that of the lowest validation loss, or training
        loss where nothing is held out; the weights are those that the epoch started with.

    Attributes
    ----------
    best_epoch : int
        The epoch of the lowest loss, counted from 1; 0 before the first epoch has ended.
    best_loss : float
        That loss.

    Examples
    --------
    >>> import nnbook, torch
    >>> from nnbook.training import GradientCheck
    >>> data = nnbook.load_thermometer()
    >>> model = torch.nn.Linear(1, 1)
    >>> _ = torch.nn.init.zeros_(model.weight), torch.nn.init.zeros_(model.bias)
    >>> root = lambda outputs, targets: (outputs * targets).sum().abs().sqrt()
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    >>> nnbook.fit(
    ...     model, data, optimizer=optimizer, epochs=3, loss=root, callbacks=[GradientCheck()]
    ... )
    Traceback (most recent call last):
    nnbook.training.errors.DivergenceError: the gradient of weight in epoch 1, step 1, has a nan...
    """

    def __init__(self, *, restore_best: bool = False) -> None:
        super().__init__(restore_best=restore_best)

    def on_start(self, run: Run) -> None:
        """Remember the start.

        Parameters
        ----------
        run : Run
            The run that is about to start.
        """
        check_run(run)
        trained = [(name, p) for name, p in run.model.named_parameters() if p.requires_grad]
        self._names, self._parameters = zip(*trained, strict=True)
        super().on_start(run)

    def on_gradients(self, run: Run) -> None:
        """Look at the gradients.

        Parameters
        ----------
        run : Run
            The run so far.

        Raises
        ------
        DivergenceError
            If one is not finite.
        """
        check_run(run)
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        # One number tells of all in a third of the time that a norm takes. It may overflow where
        # all are finite: then a closer look finds nothing.
        if math.isfinite(torch.stack([gradient.sum() for gradient in gradients]).sum().item()):
            return
        for name, parameter in zip(self._names, self._parameters, strict=True):
            if parameter.grad is not None and not parameter.grad.isfinite().all():
                value = parameter.grad[~parameter.grad.isfinite()][0].item()
                raise DivergenceError(
                    f"the gradient of {name} in epoch {run.epoch}, step {run.step + 1}, has a "
                    f"{value}, and the loss is finite. The usual cause is a root, logarithm or "
                    "quotient at 0, or a learning rate that is too large.",
                    run.history,
                )

    def on_epoch_end(self, run: Run) -> None:
        """Compare this epoch's loss with the best.

        Parameters
        ----------
        run : Run
            The run so far.
        """
        check_run(run)
        self.compare(run, (run.val_losses if run.has_val else run.train_losses)[-1])

    def on_end(self, run: Run) -> None:
        """Put the best weights back, if the run diverged and that is wanted.

        Parameters
        ----------
        run : Run
            The run that has ended.
        """
        check_run(run)
        diverged = run.error_type is not None and issubclass(run.error_type, DivergenceError)
        if diverged:
            self.put_back(run.model)

    def state_dict(self) -> dict[str, Any]:
        """Return the best epoch, with its weights if they are wanted.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return {"restore_best": self.restore_best, **super().state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the best epoch back.

        Parameters
        ----------
        state : dict
            What `state_dict` returned.

        Raises
        ------
        ValueError
            If `restore_best` differs.
        """
        check_state(state, self.state_dict())
        if state["restore_best"] != self.restore_best:
            rule = f"be {state['restore_best']}, as in the run that is resumed"
            raise ValueError(refusal("restore_best", rule, str(self.restore_best)))
        super().load_state_dict(state)
