"""What is true of the questions on chapter 5."""

import contextlib

import torch
from torch import nn

import nnbook


def count() -> int:
    """Count the parameters."""
    return sum(parameter.numel() for parameter in nnbook.mlp(1, 13, 1).parameters())


def names() -> str:
    """Let a network with names load the numbers of one without."""
    numbered = nn.Sequential(nn.Linear(1, 13), nn.Tanh(), nn.Linear(13, 1)).state_dict()
    named = nnbook.mlp(1, 13, 1)
    before = {name: value.clone() for name, value in named.state_dict().items()}
    with contextlib.suppress(RuntimeError):
        named.load_state_dict(numbered)
        return "loaded"
    same = [torch.equal(value, before[name]) for name, value in named.state_dict().items()]
    return "refused" if all(same) else "some"


def reversal() -> float:
    """Take a step on a parabola; return the gradient after it, divided by that before."""
    curvature, at = 3.0, 5.0
    before = curvature * at
    at -= 2 / curvature * before
    return curvature * at / before


def dropout() -> str:
    """Call a model with functional dropout twice in evaluation mode."""

    class Drops(nn.Module):
        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            return nn.functional.dropout(hidden, 0.5)

    model = Drops().eval()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one, other = model(torch.ones(100)), model(torch.ones(100))
    return "equal" if torch.equal(one, other) else "different"


def memory() -> str:
    """Train a model and look into a state dict that was kept."""
    model = nnbook.mlp(1, (), 1)
    state = model.state_dict()
    before = {name: value.clone() for name, value in state.items()}
    data = nnbook.load_thermometer()
    nnbook.fit(model, data, optimizer=torch.optim.SGD(model.parameters(), lr=1e-4), epochs=3)
    same = all(torch.equal(value, before[name]) for name, value in state.items())
    return "old" if same else "new"
