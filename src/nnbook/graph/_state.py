"""The state of torch's optimizers: read into a graph, and written back after it ran."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nnbook._arguments import refusal
from nnbook.graph._rules import Rule


def read_state(
    rule: Rule, optimizer: torch.optim.Optimizer, parameters: Sequence[nn.Parameter]
) -> tuple[list[Tensor], int]:
    """Return the buffers, those of one key after those of the other, and the steps made so far."""
    states = [optimizer.state.get(parameter, {}) for parameter in parameters]
    steps = sorted({int(state.get("step", 0)) for state in states})
    if len(steps) > 1:
        raise ValueError(
            refusal("optimizer", "have made as many steps for each parameter", str(steps))
        )
    buffers = [
        # None before the first step
        torch.zeros_like(parameter) if (kept := state.get(key)) is None else kept
        for key in rule.buffers
        for state, parameter in zip(states, parameters, strict=True)
    ]
    return buffers, steps[0]


def write_state(
    rule: Rule,
    optimizer: torch.optim.Optimizer,
    parameters: Sequence[nn.Parameter],
    buffers: Sequence[Tensor],
    steps: int,
) -> None:
    """Leave the optimizer as torch's own steps would have left it."""
    n = len(parameters)
    for position, parameter in enumerate(parameters):
        state = optimizer.state[parameter] if rule.buffers else {}
        if rule.counts_steps:
            state["step"] = torch.tensor(float(steps))
        state.update(zip(rule.buffers, buffers[position::n], strict=True))
