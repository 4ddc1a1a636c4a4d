"""What is true of the questions on chapter 2."""

import math
from itertools import permutations, product

import numpy as np
import torch
from torch import nn

import nnbook


def zero() -> float:
    """Find by halving where tanh(4 x + 2) is 0."""
    low, high = -5.0, 5.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if math.tanh(4 * middle + 2) < 0 else (low, middle)
    return low


def weight() -> str:
    """Return the shape of a layer's weight."""
    return str(tuple(nn.Linear(3, 4).weight.shape))


def ceiling() -> float:
    """Return the largest output of networks that end in a tanh, however large their weights."""
    largest = 0.0
    with torch.random.fork_rng(), torch.no_grad():
        for seed in range(20):
            torch.manual_seed(seed)
            model = nn.Sequential(nnbook.mlp(1, 13, 1), nn.Tanh())
            for parameter in model.parameters():
                parameter.mul_(1000)
            largest = max(largest, model(torch.linspace(-100, 100, 201)[:, None]).max().item())
    return largest


def twins() -> int:
    """Count the places in which exchanged and flipped units compute the same."""
    generator = torch.Generator().manual_seed(0)
    w, b, v = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    x = torch.linspace(-3, 3, 50, dtype=torch.float64)[:, None]
    original = torch.tanh(x * w + b) @ v
    places = set()
    for order in permutations(range(3)):
        for signs in product([1.0, -1.0], repeat=3):
            rows, sign = list(order), torch.tensor(signs, dtype=torch.float64)
            moved = [sign * each[rows] for each in (w, b, v)]
            if torch.allclose(torch.tanh(x * moved[0] + moved[1]) @ moved[2], original):
                places.add(tuple(torch.cat(moved).tolist()))
    return len(places)


def pieces() -> float:
    """Return the share of the error that twice as many straight pieces leave."""
    x = np.linspace(0, 2 * np.pi, 20001)

    def error(n: int) -> float:
        dots = np.linspace(0, 2 * np.pi, n + 1)
        return float(np.abs(np.interp(x, dots, np.sin(dots)) - np.sin(x)).max())

    return error(80) / error(40)
