"""What is true of the questions on chapter 4."""

import torch
from torch import nn

import nnbook


def hooks() -> str:
    """Compare `forward` alone with the line on scaled and on raw inputs."""
    line = nn.Linear(1, 1)
    x = torch.tensor([[50.0]])
    with torch.no_grad():
        raw, scaled = line(x), line(0.1 * x)
        line.register_forward_pre_hook(lambda module, inputs: (0.1 * inputs[0],))
        assert torch.equal(line(x), scaled)
        return {True: "unscaled", False: "scaled"}[torch.equal(line.forward(x), raw)]


def forgotten() -> str:
    """Return how many numbers a layer of two inputs makes of two temperatures."""
    return {1: "one", 2: "two"}[nn.Linear(2, 1)(torch.tensor([15.0, 20.0])).numel()]


def pair() -> str:
    """Return what batch norm makes of a batch of two."""
    low, high = nn.BatchNorm1d(1, affine=False)(torch.tensor([[36.0], [68.0]])).flatten().tolist()
    return f"{low:.1f} and {high:.1f}"


def epoch() -> str:
    """Compare the validation loss of epoch 1 with that of the model before and after."""
    split = nnbook.load_thermometer().split_at([7, 10])
    line = nn.Linear(1, 1)

    def loss() -> float:
        with torch.no_grad():
            return nn.functional.mse_loss(line(split.val.inputs), split.val.targets).item()

    before = loss()
    optimizer = torch.optim.SGD(line.parameters(), lr=1e-4)
    history = nnbook.fit(line, split.train, split.val, optimizer=optimizer, epochs=1)
    told = history.val_loss[0].item()
    assert abs(before - loss()) > 0.1
    return {before: "untrained", loss(): "updated"}[told]


def lost() -> str:
    """Return which layers are registered."""

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = [nn.Linear(1, 3), nn.Linear(3, 3)]
            self.output = nn.Linear(3, 1)

    names = {name.partition(".")[0] for name, _ in Network().named_parameters()}
    return {frozenset({"output"}): "output", frozenset({"hidden", "output"}): "all"}[
        frozenset(names)
    ]
