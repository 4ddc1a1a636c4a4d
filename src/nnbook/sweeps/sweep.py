"""Many small networks trained at the same time."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from nnbook._arguments import describe, flag, positive_int, refusal
from nnbook.samples import Samples
from nnbook.sweeps.compiling import compiled_step
from nnbook.sweeps.memory import check_memory
from nnbook.sweeps.result import SweepResult
from nnbook.sweeps.saving import saving_at
from nnbook.sweeps.settings import Settings, all_runs, n_parameters
from nnbook.sweeps.stack import Stack, State, entries, stacked, start, step_of
from nnbook.training._interrupts import interrupts_held
from nnbook.training._losses import known_loss
from nnbook.training.processes import joined

#: Bytes of hidden values of the runs that train in one go: they stay in a core's cache.
CACHE_BYTES = 2**19


def sweep(
    train: Samples,
    val: Samples | None = None,
    *,
    epochs: int,
    runs: Iterable[Mapping[str, Any]] | None = None,
    hidden: Any = 13,
    lr: Any = 1e-3,
    momentum: Any = 0.0,
    weight_decay: Any = 0.0,
    seed: Any = 0,
    activation: Any = nn.Tanh,
    optimizer: Any = "sgd",
    val_rows: Any = None,
    loss: Any = nn.functional.mse_loss,
    history_every: int = 1,
    compiled: bool = False,
    progress: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
) -> SweepResult:
    """Train many small networks at once, on the same rows, each as if it were alone.

    Each setting from `hidden` to `val_rows` is one value, or several; then every combination is a
    run. A run is what `fit` gives for the model that `mlp` makes after ``torch.manual_seed(seed)``,
    with all rows in one batch: the same losses and weights, but for rounding. Where training is
    chaotic, rounding is enough to part the two. Under `torchrun` each process trains its part of
    the runs, and all get the whole result.

    Parameters
    ----------
    train : Samples
        What is learned from.
    val : Samples, default=None
        Rows that are measured, never learned from.
    epochs : int
        How often to go through `train`, positive.
    runs : iterable of dict, default=None
        Settings by name, a dict for each run: ``[{"hidden": 3, "lr": 1e-2}, ...]``. What a run
        leaves out is taken from the arguments below; it is combined with all the values given
        there.
    hidden : int, tuple of int, or several, default=13
        Units in the hidden layer; () is a straight line, a tuple several hidden layers.
    lr : float, or several, default=1e-3
        Learning rate, positive.
    momentum : float, or several, default=0.0
        Of SGD, from 0 to below 1.
    weight_decay : float, or several, default=0.0
        How much of each parameter is added to its gradient, 0 or more, as in `torch.optim`.
    seed : int, or several, default=0
        What draws the starting weights. The global generator is left as it was.
    activation : callable that returns a Module, or several, default=nn.Tanh
        Works entry by entry and has no parameters.
    optimizer : {"sgd", "adam"}, or several, default="sgd"
        With the defaults of `torch.optim` for all that is not given here.
    val_rows : tuple of int, or several, default=None
        Rows of `train` that are held out, counted from 0, in place of `val`;
        ``itertools.combinations(range(11), 2)`` gives all pairs.
    loss : callable, default=mean squared error
        `mse_loss` or `cross_entropy` of `torch.nn.functional`, or their modules.
    history_every : int, default=1
        Keep the losses of epoch 1 and of each so many epochs after it; the last epoch is among them
        if `epochs` - 1 is a multiple.
    compiled : bool, default=False
        Whether `torch.compile` translates the step first. That takes seconds, most of them the
        first time on a machine, and makes each epoch of many runs two to three times as fast. It
        needs a C++ compiler; without one the sweep warns and goes on as it is.
    progress : bool, default=False
        Whether to show a progress bar on the standard error, in runs times epochs.
    checkpoint : str or path, default=None
        A file that keeps the sweep every 30 seconds, after Ctrl-C and at the end. If it is there,
        the sweep goes on from it and ends in the bits that it would have ended in. Each of several
        processes keeps a file of its own, with its number added to the name.

    Returns
    -------
    SweepResult
        The losses of shape (runs, epochs), the settings and the trained models. After Ctrl-C it
        holds the epochs until then, and `stopped` says so.

    Raises
    ------
    TypeError, ValueError
        If a setting is unknown, not allowed or does not fit the data, or if the runs would not fit
        into memory. Nothing has been computed then.
    CheckpointError
        If the file cannot be read or written, or is one of another sweep.

    Examples
    --------
    >>> import nnbook
    >>> data = nnbook.load_thermometer()
    >>> data = data.with_inputs(0.1 * data.inputs)
    >>> result = nnbook.sweep(data, hidden=[(), 3], lr=[1e-3, 1e-2], seed=range(10), epochs=100)
    >>> result.train_loss.shape
    torch.Size([40, 100])
    >>> result.select(hidden=3, lr=1e-2).settings["seed"]
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    epochs = positive_int("epochs", epochs, most=2**53)
    history_every = positive_int("history_every", history_every, "1 keeps all losses.")
    compiled, progress = flag("compiled", compiled), flag("progress", progress)
    _check_samples(train, val)
    given = {
        "hidden": hidden,
        "lr": lr,
        "momentum": momentum,
        "weight_decay": weight_decay,
        "seed": seed,
        "activation": activation,
        "optimizer": optimizer,
        "val_rows": val_rows,
    }
    settings = all_runs(runs, given)
    has_val = _has_val(settings, train, val)
    loss_name, n_out = _loss_name(loss, train), _n_out(train, val)
    processes = joined()
    own = range(processes.rank, len(settings), processes.count)
    groups = _groups(settings, own, train)
    n_kept = _n_kept(epochs, history_every)
    check_memory(
        [[settings[run] for run in group] for group in groups],
        train,
        n_out=n_out,
        n_losses=n_kept * (1 + has_val),
    )
    stacks = [stacked(group, settings, train, val, n_out=n_out, loss=loss_name) for group in groups]
    states = [start(stack) for stack in stacks]
    saving = saving_at(
        checkpoint,
        settings,
        train,
        val,
        processes=processes,
        compiled=compiled,
        history_every=history_every,
    )
    losses = train.inputs.new_zeros(1 + has_val, n_kept, len(settings))  # training, validation
    done = saving.restore(epochs, states, losses)
    steps = []
    for stack, state in zip(stacks, states, strict=True):
        steps.append(compiled_step(stack, state) if compiled else step_of(stack.plan))

    device, is_shown = losses.device, progress and processes.is_first
    places = [torch.tensor(stack.numbers, device=device) for stack in stacks]
    with (
        interrupts_held() as interrupted,
        _progress_bar(len(settings), epochs, done, is_shown) as show,
    ):
        while done < epochs and not interrupted.is_set():
            for number, (stack, step) in enumerate(zip(stacks, steps, strict=True)):
                measured, states[number] = step(states[number], stack.fixed)
                if done % history_every == 0:
                    losses[:, done // history_every].index_copy_(1, places[number], measured)
            done += 1
            saving.save_if_due(done, states, losses[:, : _n_kept(done, history_every)])
            show()
        losses = losses[:, : _n_kept(done, history_every)]
        saving.save(done, states, losses)
    if processes.count > 1 and processes.any(done < epochs, device):
        # The others stopped elsewhere: together they hold no result.
        raise KeyboardInterrupt("the sweep was interrupted in one of its processes")

    n_in = train.inputs.shape[1]
    sizes = [n_parameters((n_in, *one.hidden, n_out)) for one in settings]
    updates = torch.zeros(len(settings), dtype=torch.int64, device=device)
    parameters = losses.new_zeros(sum(sizes))
    _collect(stacks, states, updates, torch.split(parameters, sizes))
    for values in (losses, updates, parameters):
        processes.sum(values)  # each process has zeros for the runs of the others
    losses, updates = losses.cpu(), updates.cpu()
    kept = torch.arange(1, done + 1, min(history_every, max(done, 1)))
    diverged = torch.where(updates < done, updates + 1, 0)
    # From the epoch in which it diverged, a run has no losses any more.
    losses.masked_fill_((diverged > 0) & (kept.unsqueeze(1) >= diverged), torch.nan)
    return SweepResult(
        runs=tuple(settings),
        epochs=kept,
        train_loss=losses[0].T,
        val_loss=losses[1].T if has_val else None,
        diverged=diverged,
        parameters=torch.split(parameters.cpu(), sizes),
        n_in=n_in,
        n_out=n_out,
        stopped=f"interrupted after epoch {done}" if done < epochs else None,
    )


def _collect(
    stacks: Sequence[Stack],
    states: Sequence[State],
    updates: Int64[Tensor, " runs"],
    vectors: Sequence[Float[Tensor, " _"]],
) -> None:
    """Write the updates made and the weights of each run of these stacks to its place."""
    for stack, state in zip(stacks, states, strict=True):
        updates[stack.numbers] = state.epochs
        for column, (run, one) in enumerate(zip(stack.numbers, stack.settings, strict=True)):
            vectors[run].copy_(state.parameters[entries(one.hidden, stack.plan), column])


def _groups(settings: Sequence[Settings], runs: Iterable[int], train: Samples) -> list[list[int]]:
    """Return the numbers of the runs that train in one go.

    They have the same depth, optimizer and number of rows, and stand side by side by activation and
    width, so that little is padded; no more of them together than a core's cache holds.
    """
    alike: dict[tuple[Any, ...], list[int]] = {}
    order = {make: n for n, make in enumerate({one.activation: None for one in settings})}
    for run in runs:
        one = settings[run]
        n_held_out = None if one.val_rows is None else len(one.val_rows)
        alike.setdefault((len(one.hidden), one.optimizer, n_held_out), []).append(run)
    groups = []
    for members in alike.values():
        members.sort(key=lambda run: (order[settings[run].activation], settings[run].hidden))
        widest = max(sum(settings[run].hidden) for run in members)
        bytes_each = len(train) * max(widest, 1) * train.inputs.element_size()
        largest = max(16, CACHE_BYTES // bytes_each)
        n_groups = 1 if train.inputs.is_cuda else -(-len(members) // largest)
        groups += [part.tolist() for part in torch.tensor(members).tensor_split(n_groups)]
    return groups


def _n_kept(epochs: int, history_every: int) -> int:
    return len(range(0, epochs, history_every))


@contextmanager
def _progress_bar(n_runs: int, epochs: int, done: int, shown: bool) -> Iterator[Callable[[], None]]:
    """Give a function that is called after each epoch and moves the bar, if one is `shown`."""
    if not shown:
        yield lambda: None
        return
    from tqdm import tqdm  # noqa: PLC0415  # 10 ms that only those pay who want a bar

    total, before = n_runs * epochs, n_runs * done
    with tqdm(total=total, initial=before, unit=" runs x epochs", unit_scale=True) as bar:

        def show() -> None:
            bar.update(n_runs)

        yield show


def _check_samples(train: Any, val: Any) -> None:
    if not isinstance(train, Samples):
        mend = "`nnbook.Samples(inputs, targets)` holds them."
        raise TypeError(refusal("train", "be Samples", describe(train), mend))
    if val is None:
        return
    if not isinstance(val, Samples):
        raise TypeError(refusal("val", "be Samples or None", describe(val)))
    for name in ("inputs", "targets"):
        one, other = getattr(train, name), getattr(val, name)
        if one.shape[1:] != other.shape[1:] or one.dtype != other.dtype:
            rule = f"have {name} like those of `train`, {describe(one)}"
            raise ValueError(refusal("val", rule, describe(other)))
        if one.device != other.device:
            rule = f"lie on the device of `train` ({one.device})"
            raise ValueError(refusal("val", rule, str(other.device)))


def _has_val(settings: Sequence[Settings], train: Samples, val: Samples | None) -> bool:
    """Tell whether rows are held out, and refuse rows that are not there."""
    chosen = {one.val_rows for one in settings}
    if chosen == {None}:
        return val is not None
    if val is not None:
        mend = "`val_rows` holds out rows of `train`."
        raise ValueError(refusal("val", "be None where `val_rows` is given", describe(val), mend))
    if None in chosen:
        mend = "Make two sweeps, one with and one without validation."
        raise ValueError(refusal("val_rows", "be given in every run or in none", "both", mend))
    for rows in chosen:
        train.split_at(rows or ())
    return True


def _loss_name(loss: Any, train: Samples) -> str:
    name = known_loss(loss)
    if name is None:
        rule = "be mse_loss or cross_entropy of torch.nn.functional, or their module as it comes"
        mend = "For another loss train the runs one by one with `nnbook.fit`."
        raise ValueError(refusal("loss", rule, describe(loss), mend))
    if train.has_classes and name == "mse":
        mend = "`nn.CrossEntropyLoss()` does."
        rule = "take class numbers, as the targets of `train` are"
        raise ValueError(refusal("loss", rule, "the mean squared error", mend))
    if name == "cross_entropy" and not train.has_classes:
        rule = "take measured targets, as those of `train` are"
        raise ValueError(refusal("loss", rule, "cross-entropy", "`nn.MSELoss()` does."))
    return name


def _n_out(train: Samples, val: Samples | None) -> int:
    if not train.has_classes:
        return train.targets.shape[1]
    return max(data.n_classes for data in (train, val) if data is not None)
