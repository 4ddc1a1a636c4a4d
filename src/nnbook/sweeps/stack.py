"""Many networks in one tensor, and the step that trains them all at once.

The runs are the last dimension of every tensor. They are many and independent, so that each
operation runs along them at full speed, whatever the width of the networks; matrices of a few rows
and columns, one for each run, would take several times as long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nnbook.models import mlp
from nnbook.samples import Samples
from nnbook.sweeps.settings import Settings

# PyTorch's defaults for Adam, which `sweep` does not vary.
BETAS, EPS = (0.9, 0.999), 1e-8


@dataclass(frozen=True)
class Plan:
    """Hold all that is no tensor and that the step is written, and compiled, for.

    Parameters
    ----------
    widths : tuple of int
        Inputs, units of each hidden layer, outputs; of the widest run in each layer.
    activations : tuple of (callable, int)
        Factories, each with how many runs use it; the runs are in this order.
    loss : {"mse", "cross_entropy"}
        What is minimized.
    optimizer : {"sgd", "adam"}
        The rule of the updates.
    has_momentum, has_weight_decay : bool
        Whether any run has.
    is_padded : bool
        Whether some runs are narrower than `widths`.
    """

    widths: tuple[int, ...]
    activations: tuple[tuple[Callable[[], nn.Module], int], ...]
    loss: str
    optimizer: str
    has_momentum: bool
    has_weight_decay: bool
    is_padded: bool

    @cached_property
    def sizes(self) -> list[int]:
        """Entries of each weight and bias, layer by layer, in one column of parameters."""
        return [size for n_in, n_out in pairwise(self.widths) for size in (n_in * n_out, n_out)]

    @property
    def n_moments(self) -> int:
        """Tensors that the optimizer keeps, each as large as the parameters."""
        return 2 if self.optimizer == "adam" else int(self.has_momentum)


@dataclass(frozen=True)
class State:
    """Hold where the training of a stack stands.

    Parameters
    ----------
    parameters : Tensor of shape (parameters, runs)
        A column for each run.
    moments : tuple of Tensor of shape (parameters, runs)
        The optimizer's: none, the momentum, or Adam's two.
    epochs : Tensor of shape (runs,)
        Updates made so far.
    """

    parameters: Float[Tensor, "parameters runs"]
    moments: tuple[Float[Tensor, "parameters runs"], ...]
    epochs: Int64[Tensor, " runs"]


Rows = tuple[Tensor, Tensor]


class Fixed(NamedTuple):
    """Hold the tensors that no step changes.

    Parameters
    ----------
    train, val : pair of Tensor
        Inputs of shape (rows, n_in, runs or 1) and targets of shape (rows, n_out, runs or 1) or,
        for class numbers, (rows, runs). `val` is None where nothing is held out.
    masks : tuple of Tensor of shape (units, runs)
        For each hidden layer 1 for the units that a run has, 0 for its padding; () where no run is
        padded.
    lr, momentum, weight_decay : Tensor of shape (runs,)
        The optimizer's settings.
    """

    train: Rows
    val: Rows | None
    masks: tuple[Tensor, ...]
    lr: Tensor
    momentum: Tensor
    weight_decay: Tensor


@dataclass(frozen=True)
class Stack:
    """Hold runs that train together: of one depth and optimizer, on equally many rows.

    Parameters
    ----------
    plan : Plan
        What the step is written for.
    numbers : sequence of int
        The runs' numbers in the sweep.
    settings : sequence of Settings
        Their settings.
    fixed : Fixed
        Their data and rates.
    """

    plan: Plan
    numbers: Sequence[int]
    settings: Sequence[Settings]
    fixed: Fixed


def stacked(
    numbers: Sequence[int],
    all_settings: Sequence[Settings],
    train: Samples,
    val: Samples | None,
    *,
    n_out: int,
    loss: str,
) -> Stack:
    """Stack the data and settings of some runs; those of one activation stand side by side."""
    settings = [all_settings[number] for number in numbers]
    depth, dtype, device = len(settings[0].hidden), train.inputs.dtype, train.inputs.device
    widest = tuple(max(one.hidden[layer] for one in settings) for layer in range(depth))
    counts: dict[Callable[[], nn.Module], int] = {}
    for one in settings:
        counts[one.activation] = counts.get(one.activation, 0) + 1
    plan = Plan(
        widths=(train.inputs.shape[1], *widest, n_out),
        activations=tuple(counts.items()),
        loss=loss,
        optimizer=settings[0].optimizer,
        has_momentum=any(one.momentum for one in settings),
        has_weight_decay=any(one.weight_decay for one in settings),
        is_padded=any(one.hidden != widest for one in settings),
    )

    def column(name: str) -> Tensor:
        values = [getattr(one, name) for one in settings]
        return torch.tensor(values, dtype=dtype, device=device)

    masks = [
        torch.stack([(torch.arange(width) < one.hidden[layer]).to(dtype) for one in settings], 1)
        for layer, width in enumerate(widest if plan.is_padded else ())
    ]
    fixed = Fixed(
        *_rows(settings, train, val),
        masks=tuple(mask.to(device) for mask in masks),
        lr=column("lr"),
        momentum=column("momentum"),
        weight_decay=column("weight_decay"),
    )
    return Stack(plan, numbers, settings, fixed)


def start(stack: Stack) -> State:
    """Draw the starting weights of each run from its seed, as `mlp` does."""
    plan, dtype = stack.plan, stack.fixed.lr.dtype
    parameters = torch.zeros(sum(plan.sizes), len(stack.settings), dtype=dtype)
    by_width: dict[tuple[int, ...], list[int]] = {}
    for run, one in enumerate(stack.settings):
        by_width.setdefault(one.hidden, []).append(run)
    with torch.random.fork_rng(devices=[]):
        for hidden, runs in by_width.items():
            network = mlp(plan.widths[0], hidden, plan.widths[-1])
            seeds = [stack.settings[run].seed for run in runs]
            drawn = {seed: _drawn(network, seed) for seed in seeds}
            columns = torch.stack([drawn[seed] for seed in seeds], dim=1).to(dtype)
            parameters[entries(hidden, plan).unsqueeze(1), torch.tensor(runs)] = columns
    parameters = parameters.to(stack.fixed.lr.device)
    moments = tuple(torch.zeros_like(parameters) for _ in range(plan.n_moments))
    epochs = torch.zeros(len(stack.settings), dtype=torch.int64, device=parameters.device)
    return State(parameters, moments, epochs)


def _drawn(network: nn.Sequential, seed: int) -> Float[Tensor, " parameters"]:
    # To draw anew takes a third of the time of building the network anew.
    torch.default_generator.manual_seed(seed)  # not the GPU's, as torch.manual_seed
    for layer in network:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    return nn.utils.parameters_to_vector(network.parameters()).detach()


@cache
def entries(hidden: tuple[int, ...], plan: Plan) -> Int64[Tensor, " parameters"]:
    """Return where the parameters of a network lie in a column, in the order of the module's."""
    widths = (plan.widths[0], *hidden, plan.widths[-1])
    places = torch.split(torch.arange(sum(plan.sizes)), plan.sizes)
    found = []
    for layer, (n_in, n_out) in enumerate(pairwise(widths)):
        weight = places[2 * layer].view(plan.widths[layer], plan.widths[layer + 1])
        found += [weight[:n_in, :n_out].T.flatten(), places[2 * layer + 1][:n_out]]
    return torch.cat(found)


def by_autograd(losses: Callable[[Tensor], Tensor], parameters: Tensor) -> tuple[Tensor, Tensor]:
    """Return the losses of the runs, and each run's gradient."""
    # The runs are independent: the gradient of the sum of their losses holds each run's own.
    with torch.enable_grad():
        leaf = parameters.detach().requires_grad_()
        values = losses(leaf)
        (slope,) = torch.autograd.grad(values, leaf, torch.ones_like(values))
    return values.detach(), slope


Step = Callable[[State, Fixed], tuple[Tensor, State]]
Gradient = Callable[[Callable[[Tensor], Tensor], Tensor], tuple[Tensor, Tensor]]


@cache
def step_of(plan: Plan, gradient: Gradient = by_autograd) -> Step:
    """Return the function that trains a stack for one epoch.

    It takes the state and the fixed tensors, and returns the losses before the update, and the
    state after it. The losses have shape (2, runs), training and validation, or (1, runs) where
    nothing is held out. A run whose loss is not finite is not updated, so that it stays as it is.
    """
    activations = [(_not_in_place(make()), count) for make, count in plan.activations]
    update = _adam if plan.optimizer == "adam" else _sgd
    loss_of = _mean_squared_error if plan.loss == "mse" else _cross_entropy
    last = len(plan.widths) - 2

    def losses(parameters: Tensor, rows: Rows, masks: tuple[Tensor, ...]) -> Tensor:
        outputs, targets = rows
        pieces = torch.split(parameters, plan.sizes)
        for layer, (n_in, n_out) in enumerate(pairwise(plan.widths)):
            weight = pieces[2 * layer].view(n_in, n_out, -1)
            outputs = _linear(outputs, weight, pieces[2 * layer + 1])
            if layer < last:
                outputs = _activated(outputs, activations)
                if masks:
                    outputs = outputs * masks[layer]
        return loss_of(outputs, targets)

    def step(state: State, fixed: Fixed) -> tuple[Tensor, State]:
        parameters, masks = state.parameters, fixed.masks
        train_loss, slope = gradient(lambda leaf: losses(leaf, fixed.train, masks), parameters)
        measured = [train_loss]
        if fixed.val is not None:
            measured.append(losses(parameters, fixed.val, masks))
        both = torch.stack(measured)
        if plan.has_weight_decay:
            slope = torch.addcmul(slope, fixed.weight_decay, parameters)
        updated, moments = update(state, slope, fixed)
        is_alive = both.isfinite().all(dim=0)
        updated = torch.where(is_alive, updated, parameters)
        return both, State(updated, moments, state.epochs + is_alive)

    return torch.no_grad()(step)


def _linear(inputs: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    # (rows, n_in, runs or 1), (n_in, n_out, runs), (n_out, runs) -> (rows, n_out, runs)
    n_in, n_out, n_runs = weight.shape
    if n_in == 1:
        return inputs * weight[0] + bias
    if n_out == 1:
        return (inputs * weight[:, 0]).sum(dim=1, keepdim=True) + bias
    if inputs.shape[2] == 1:  # the same rows for all runs: one product of matrices
        products = inputs[:, :, 0] @ weight.flatten(1)
        return products.view(len(inputs), n_out, n_runs) + bias
    return torch.einsum("nir,ior->nor", inputs, weight) + bias


def _not_in_place(module: nn.Module) -> nn.Module:
    # It would write into its part of a tensor that autograd still needs as a whole.
    if hasattr(module, "inplace"):
        module.inplace = False  # type: ignore[assignment]  # a flag, not a submodule
    return module


def _activated(values: Tensor, activations: list[tuple[nn.Module, int]]) -> Tensor:
    if len(activations) == 1:
        activated: Tensor = activations[0][0](values)
        return activated
    parts = torch.split(values, [count for _, count in activations], dim=2)
    pairs = zip(activations, parts, strict=True)
    return torch.cat([module(part) for (module, _), part in pairs], dim=2)


def _mean_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().mean(dim=(0, 1))


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(outputs, targets, reduction="none").mean(dim=0)


Update = tuple[Tensor, tuple[Tensor, ...]]  # the parameters and the moments after it


def _sgd(state: State, slope: Tensor, fixed: Fixed) -> Update:
    if not state.moments:
        return torch.addcmul(state.parameters, slope, -fixed.lr), ()
    (before,) = state.moments
    velocity = torch.addcmul(slope, fixed.momentum, before)
    return torch.addcmul(state.parameters, velocity, -fixed.lr), (velocity,)


def _adam(state: State, slope: Tensor, fixed: Fixed) -> Update:
    beta1, beta2 = BETAS
    mean, square = state.moments
    mean = torch.lerp(mean, slope, 1 - beta1)
    square = beta2 * square + (1 - beta2) * slope.square()
    steps = (state.epochs + 1).double()  # in float32, 1 - 0.999 would keep four digits
    rate = (fixed.lr / (1 - beta1**steps)).to(slope.dtype)
    root = square.sqrt() / (1 - beta2**steps).sqrt().to(slope.dtype) + EPS
    return torch.addcdiv(state.parameters, -rate * mean, root), (mean, square)


def _rows(
    settings: Sequence[Settings], train: Samples, val: Samples | None
) -> tuple[Rows, Rows | None]:
    n_runs = len(settings)
    if settings[0].val_rows is None:
        return _shared(train, n_runs), None if val is None else _shared(val, n_runs)
    splits = {one.val_rows: train.split_at(one.val_rows or ()) for one in settings}
    chosen = [splits[one.val_rows] for one in settings]
    return _own([one.train for one in chosen]), _own([one.val for one in chosen])


def _shared(data: Samples, n_runs: int) -> Rows:
    targets = data.targets.unsqueeze(-1)  # (rows, n_out, 1), or (rows, 1) of class numbers
    is_class = data.has_classes
    return data.inputs.unsqueeze(2), targets.expand(-1, n_runs) if is_class else targets


def _own(data: list[Samples]) -> Rows:
    inputs = torch.stack([one.inputs for one in data], dim=-1)
    return inputs, torch.stack([one.targets for one in data], dim=-1)
