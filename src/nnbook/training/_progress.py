"""The progress bar of a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nnbook.training.callbacks import Run


@contextmanager
def progress_bar(epochs: int, shown: bool) -> Iterator[Callable[[Run], None]]:
    """Give a function that is called after each epoch and moves the bar, if one is `shown`."""
    if not shown:
        yield lambda run: None
        return
    from tqdm import tqdm  # noqa: PLC0415  # 10 ms that only those pay who want a bar

    with tqdm(total=epochs, unit="epoch") as bar:

        def show(run: Run) -> None:
            text = f"training loss {run.train_losses[-1]:.4g}"
            if run.has_val:
                text += f", validation loss {run.val_losses[-1]:.4g}"
            bar.set_postfix_str(text, refresh=False)
            bar.update(run.epoch - bar.n)  # more than 1 after a run was resumed

        yield show
