"""How a run may end otherwise than well."""

from pathlib import Path

from nnbook._arguments import path_of, text
from nnbook.training.history import History


class DivergenceError(ArithmeticError):
    """Report a loss or gradient that is not finite; `history` holds the epochs before it."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


def divergence(
    kind: str, number: float, history: History, *, step: int | None = None, first: str | None = None
) -> DivergenceError:
    """Say which loss of the epoch after `history` is not finite, and what usually leads there.

    Parameters
    ----------
    kind : {"training", "validation"}
        Whose loss it is.
    number : float
        The loss.
    history : History
        The epochs before.
    step : int, default=None
        The update, counted from 1, that was not made; None where the loss is of a whole epoch.
    first : str, default=None
        What stopped being finite first; None where that is not known.

    Returns
    -------
    DivergenceError
        To be raised.
    """
    where = f"epoch {len(history) + 1}" + ("" if step is None else f", step {step},")
    before = f"; the last was {history.train_loss[-1]:.4g}" if len(history) else ""
    found = "" if first is None else f" Not finite first: {first}."
    return DivergenceError(
        f"the {kind} loss of {where} is {number}{before}.{found} The usual cause is a learning "
        "rate that is too large, or inputs that are not scaled.",
        history,
    )


class TrainingInterrupted(KeyboardInterrupt):
    """Report Ctrl-C; the model is as of the last epoch in `history`."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


class CheckpointError(RuntimeError):
    """Report a checkpoint that cannot be written, read or gone on from; `path` names the file.

    Parameters
    ----------
    path : Path
        The checkpoint, whose last good state is left as it was.
    problem : str
        What is wrong.
    mend : str
        What to do.
    """

    def __init__(self, path: Path, problem: str, mend: str) -> None:
        path = path_of("path", path)
        text("problem", problem)
        text("mend", mend)
        super().__init__(f"checkpoint {path}: {problem}. {mend}")
        self.path = path
