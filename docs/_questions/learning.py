"""What is true of the questions on chapter 1."""

import math
from itertools import combinations

import torch

import nnbook


def shapes() -> str:
    """Return the shape of a column minus a plain row of numbers."""
    return str(tuple((torch.zeros(11, 1) - torch.zeros(11)).shape))


def rate() -> float:
    """Walk down a parabola of curvature 4; return the largest rate that comes down."""

    def ends(lr: float) -> float:
        at = 1.0
        for _ in range(1000):
            at -= lr * 4 * at
        return abs(at)

    return max(lr / 1000 for lr in range(1, 1000) if ends(lr / 1000) < 0.1)


def accumulate() -> float:
    """Go back twice; return the gradient as a multiple of that of once."""
    x = torch.tensor(3.0, requires_grad=True)
    sizes = []
    for _ in range(2):
        (x**2).backward()
        sizes.append(x.grad.item())
    return sizes[1] / sizes[0]


def adam() -> float:
    """Return how many times as far the steeper parameter moves in Adam's first step."""
    steep, flat = (torch.tensor(0.0, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.Adam([steep, flat], lr=0.01)
    (1000 * steep + flat).backward()
    optimizer.step()
    return (steep / flat).item()


def splits() -> float:
    """Return the factor, of those offered, nearest to that between worst and best split."""
    data = nnbook.load_thermometer(dtype=torch.float64)
    losses = []
    for rows in combinations(range(len(data)), 2):
        split = data.split_at(rows)
        line = nnbook.least_squares(split.train)
        losses.append((line.predict(split.val.inputs) - split.val.targets).square().mean().item())
    factor = max(losses) / min(losses)
    return min([1.2, 2.0, 20.0], key=lambda offered: abs(math.log(offered / factor)))
