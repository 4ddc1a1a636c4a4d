"""How a run may end otherwise than well."""

from pathlib import Path

from nnbook.training.history import History


class DivergenceError(ArithmeticError):
    """Report a loss or gradient that is not finite; `history` holds the epochs before it."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


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
        super().__init__(f"checkpoint {path}: {problem}. {mend}")
        self.path = path
