"""Checks of the exercises of chapter 5."""

import torch
from torch import nn

from nnbook.exercises.exercise import Exercise, Judgement, first_hint, outputs_of
from nnbook.exercises.verdict import Finding

NEAR = 0.01
HIDDEN = 13


def _judge_straight(model: nn.Module) -> Judgement:
    x = torch.linspace(-1, 1, 101).unsqueeze(1)
    y = outputs_of(model, x)
    far = outputs_of(model, torch.tensor([[-1e12], [-1e11], [1e11], [1e12]]))
    if y is None or far is None:
        shape = Finding(False, "it takes a column and returns a column")
        return [shape], "`nnbook.mlp(1, 13, 1)` is such a network: change its weights."
    widths = {tuple(each.shape) for each in model.parameters()}
    has_13 = {(HIDDEN, 1), (1, HIDDEN)} <= widths
    # A tanh unit is as flat at one far place as at another one.
    flattens = torch.allclose(far[:2], far[0]) and torch.allclose(far[2:], far[3])
    x = x.double()
    middle = y[50].item()
    slope = ((y[51] - y[49]) / (x[51] - x[49])).item()
    off = (y - x).abs().max().item()
    bent = (y - middle - slope * x).abs().max().item() > NEAR * max(abs(slope), 1)
    findings = [
        Finding(has_13, "it has 13 hidden units"),
        Finding(flattens, "they flatten out far from 0, as tanh does"),
        Finding(abs(middle) <= NEAR, "it gives 0 for 0"),
        Finding(not bent, "from -1 to 1 it is nearly straight"),
        Finding(off <= NEAR, "from -1 to 1 its outputs are nearly the inputs"),
    ]
    return findings, first_hint(
        (all(finding.right for finding in findings), ""),
        (not has_13, "Start from `nnbook.mlp(1, 13, 1)`, and set the weights of its two layers."),
        (
            not flattens,
            "A straight line without tanh is no feat: leave `hidden_activation` as it is.",
        ),
        (
            abs(middle) > NEAR,
            "It does not give 0 for 0: set the biases of both layers.",
        ),
        (
            bent,
            "It is bent: the sums reach to where tanh is not straight any more. What makes a sum "
            "small, for all inputs from -1 to 1?",
        ),
        (
            slope < 0,
            "It falls where it should rise. Look at the signs of the two layers' weights together.",
        ),
        (
            True,
            "It is straight, but its slope is another one. What has become of an input when it has "
            "passed the small weights, and how many units add their parts? Undo both behind them.",
        ),
    )


EXERCISES = {
    "5.1a": Exercise(
        "the network: a module that takes inputs of shape (n, 1)",
        lambda answer: answer if isinstance(answer, nn.Module) else None,
        _judge_straight,
    ),
}
