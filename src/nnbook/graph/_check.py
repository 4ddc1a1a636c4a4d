"""Whether a graph computes what torch computes, found out before it is used."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nnbook.graph._recipe import Recipe
from nnbook.graph._rules import RULES
from nnbook.graph._state import read_state

_LR = 0.01
_N_STEPS = 3
_HIDDEN = 4  # not what was traced: the sizes must be free
_ROWS, _VAL_ROWS = 5, 2


def check_against_torch(recipe: Recipe, run: Callable[[list[Tensor]], list[Tensor]]) -> None:
    """Take a few steps with the graph and with torch; raise RuntimeError if they part.

    The first case is an ordinary one. The second puts the first hidden layer on the kinks and jumps
    of the activations. In the third the inputs are 0, so the gradients of some weights are 0 too,
    and Adam divides by its epsilon. Wrong gradients show in the state even where the update hides
    them: Adam's update is the same for a multiple of the gradient, its moments are not.
    """
    generator = torch.Generator().manual_seed(0)
    random = torch.randn(_ROWS + _VAL_ROWS, recipe.n_in, generator=generator)
    grid = torch.zeros_like(random)
    grid[:_ROWS, 0] = torch.linspace(-1, 1, _ROWS)
    for inputs in (random, grid, torch.zeros_like(random)):
        model = _network(recipe, generator)
        if inputs is grid:
            first = model[0]
            assert isinstance(first, nn.Linear)
            nn.init.ones_(first.weight)
            nn.init.zeros_(first.bias)
        if recipe.loss == "mse":
            targets = torch.randn(len(inputs), recipe.n_out, generator=generator)
        else:
            targets = torch.randint(recipe.n_out, (len(inputs),), generator=generator)
        _compare(recipe, run, model, inputs, targets)


def _network(recipe: Recipe, generator: torch.Generator) -> nn.Sequential:
    model, n_in = nn.Sequential(), recipe.n_in
    for activation in recipe.modules():
        model.extend([nn.Linear(n_in, _HIDDEN), activation])
        n_in = _HIDDEN
    model.append(nn.Linear(n_in, recipe.n_out))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5, generator=generator)
    return model


def _compare(
    recipe: Recipe,
    run: Callable[[list[Tensor]], list[Tensor]],
    model: nn.Sequential,
    inputs: Tensor,
    targets: Tensor,
) -> None:
    functional, rule = nn.functional, RULES[recipe.optimizer]
    loss = functional.mse_loss if recipe.loss == "mse" else functional.cross_entropy
    parameters = list(model.parameters())
    optimizer = rule.make(parameters, _LR)
    train, val = (inputs[:_ROWS], targets[:_ROWS]), (inputs[_ROWS:], targets[_ROWS:])
    buffers, _ = read_state(rule, optimizer, parameters)
    steps = torch.arange(1.0, _N_STEPS + 1)
    found = run([*parameters, *buffers, *train, *val, torch.tensor(_LR), steps])

    train_losses, val_losses = [], []
    for _ in range(_N_STEPS):
        with torch.no_grad():
            val_losses.append(loss(model(val[0]), val[1]))
        optimizer.zero_grad()
        value = loss(model(train[0]), train[1])
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        train_losses.append(value.detach())
    buffers, _ = read_state(rule, optimizer, parameters)
    expected = [*parameters, *buffers, torch.stack(train_losses), torch.stack(val_losses)]
    for name, ours, torchs in zip(recipe.output_names, found, expected, strict=True):
        is_alike = ours.shape == torchs.shape and ours.dtype == torchs.dtype
        if not is_alike or not torch.allclose(ours, torchs, rtol=1e-3, atol=1e-4):
            difference = (ours - torchs).abs().max() if is_alike else torch.inf
            raise RuntimeError(
                f"the graph ({recipe}) and torch disagree: `{name}` differs by {difference:.2g} "
                f"after {_N_STEPS} steps. It is not used. Install the versions in constraints.txt, "
                "with which the exporter is known to be right."
            )
