"""What is true of the questions on chapter 6."""

import functools
from itertools import combinations

import torch
from torch import Tensor

import nnbook

DATA = nnbook.load_thermometer(dtype=torch.float64)
SCALED = DATA.with_inputs(0.1 * DATA.inputs)
PAIRS = list(combinations(range(len(DATA)), 2))


def sweep(rows: list[tuple[int, int]], **settings: object) -> nnbook.SweepResult:
    """Train a network for each pair of held-out rows, each from a seed of its own."""
    runs = [{"val_rows": pair, "seed": seed} for seed, pair in enumerate(rows)]
    return nnbook.sweep(SCALED, runs=runs, epochs=5000, history_every=4999, **settings)


def line_losses(rows: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """Return the losses of least squares, of each pair: training and validation."""
    losses = []
    for pair in rows:
        split = DATA.split_at(pair)
        line = nnbook.least_squares(split.train)
        errors = line.predict(split.val.inputs) - split.val.targets
        losses.append([line.mse, errors.square().mean().item()])
    train, val = torch.tensor(losses, dtype=torch.float64).T
    return train, val


def far() -> str:
    """Compare a trained curve at two places far outside."""
    model = sweep([(7, 10)], hidden=8, lr=1e-3).model(0).double()
    with torch.no_grad():
        at = model(0.1 * torch.tensor([[1e6], [2e6], [3e6]], dtype=torch.float64)).squeeze(1)
    first, second = at.diff().abs().tolist()
    if max(first, second) < 1e-6:
        return "level"
    return "line" if abs(first - second) < 1e-6 * first else "swings"


def width() -> str:
    """Compare the medians of the nonlinearity with 3 and with 50 units, over seven splits."""
    readings = torch.linspace(20, 90, 71, dtype=torch.float64)[:, None]
    medians = []
    for hidden in (3, 50):
        result = sweep(PAIRS[::8], hidden=hidden, lr=1e-3)
        bends = []
        for run in range(len(result)):
            with torch.no_grad():
                curve = result.model(run).double()(0.1 * readings)
            bends.append(nnbook.least_squares(nnbook.Samples(readings, curve)).mse ** 0.5)
        medians.append(torch.tensor(bends).median().item())
    few, many = medians
    if many < 0.9 * few:
        return "straighter"
    return "bent" if many > 1.1 * few else "same"


def adam() -> str:
    """Compare fifty units with the line, in the median over the pairs of neighbouring rows."""
    rows = [pair for pair in PAIRS if (pair[1] - pair[0]) % 11 in (1, 10)]
    result = sweep(rows, hidden=50, lr=1e-2, optimizer="adam")
    train, val = line_losses(rows)
    in_training = (result.train_loss[:, -1] / train).median() < 1
    held_out = (result.val_loss[:, -1] / val).median() < 1
    return {(True, True): "better", (True, False): "overfits", (False, False): "worse"}[
        bool(in_training), bool(held_out)
    ]


@functools.cache
def every_split() -> nnbook.SweepResult:
    """Train the book's network on each of the 55 splits."""
    return sweep(PAIRS, hidden=8, lr=1e-3)


def wins() -> float:
    """Return the share, of those offered, nearest to that of splits that the network wins."""
    _, val = line_losses(PAIRS)
    share = (every_split().val_loss[:, -1] < val).double().mean().item()
    return min([0.95, 0.5, 0.05], key=lambda offered: abs(offered - share))


def hardest() -> str:
    """Return where the row lies whose splits have the highest mean loss."""
    val = every_split().val_loss[:, -1]
    of_row = [val[[row in pair for pair in PAIRS]].mean().item() for row in range(len(DATA))]
    worst = int(torch.tensor(of_row).argmax())
    place = int((DATA.inputs < DATA.inputs[worst]).sum())
    return {0: "lowest", 10: "highest"}.get(place, "middle")
