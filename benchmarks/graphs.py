"""Training runs as graphs, against `fit`: the same run, with the same losses."""

from collections.abc import Callable

import torch

import nnbook
from benchmarks.pairs import Result, in_turn, timed

# Learning rates at which training is calm: two correct programs stay together.
RATES = {"sgd": 5e-4, "momentum": 1e-4, "adam": 1e-3}


def graph_against_fit(optimizer: str) -> Result:
    """Train the 1-13-1 network with validation, by `TrainingGraph.fit` and by `fit`."""
    epochs = 2500
    data = nnbook.load_thermometer()
    split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
    graph = nnbook.TrainingGraph.of(nnbook.mlp(1, 13, 1), optimizer=optimizer)

    def train(fit: Callable[..., nnbook.History]) -> nnbook.History:
        torch.manual_seed(0)
        model = nnbook.mlp(1, 13, 1)
        parameters, lr = model.parameters(), RATES[optimizer]
        if optimizer == "adam":
            made: torch.optim.Optimizer = torch.optim.Adam(parameters, lr=lr)
        else:
            momentum = 0.9 if optimizer == "momentum" else 0
            made = torch.optim.SGD(parameters, lr=lr, momentum=momentum)
        return fit(model, split.train, split.val, optimizer=made, epochs=epochs)

    ours, peer = train(graph.fit), train(nnbook.fit)
    torch.testing.assert_close(ours.train_loss, peer.train_loss, rtol=1e-4, atol=0)
    pairs = in_turn(timed(lambda: train(graph.fit)), timed(lambda: train(nnbook.fit)))
    return Result(
        f"TrainingGraph.fit, 1-13-1, {optimizer}, {epochs:,} epochs",
        "fit",
        pairs,
        "s",
        pairs.ratios,
        "x the time",
        at_most=0.1,
    )
