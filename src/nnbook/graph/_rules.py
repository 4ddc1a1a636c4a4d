"""The three update rules: what a graph computes, and the optimizer of torch that is the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from nnbook._arguments import refusal

Tensors = tuple[Tensor, ...]

MOMENTUM = 0.9
BETAS = (0.9, 0.999)
EPSILON = 1e-8


@dataclass(frozen=True)
class Rule:
    """Describe an update rule.

    Parameters
    ----------
    torch_optimizer : type of Optimizer
        Its class in torch.
    settings : mapping
        What that optimizer must be set to, apart from the learning rate.
    buffers : tuple of str
        The keys of its state that have a parameter's shape.
    counts_steps : bool
        Whether its state has a key `step`.
    rates : callable
        Takes learning rate and step numbers, gives numbers for each step: computed all at once,
        before the first step.
    update : callable
        Takes weights, gradients, the state (all of the first buffer, then all of the second) and
        one step's rates; gives weights and state.
    """

    torch_optimizer: type[torch.optim.Optimizer]
    settings: Mapping[str, Any]
    buffers: tuple[str, ...]
    counts_steps: bool
    rates: Callable[[Tensor, Tensor], Tensors]
    update: Callable[[Tensors, Tensors, Tensors, Tensors], tuple[Tensors, Tensors]]

    def make(self, parameters: list[torch.nn.Parameter], lr: float) -> torch.optim.Optimizer:
        """Make torch's optimizer with these settings."""
        make: Callable[..., torch.optim.Optimizer] = self.torch_optimizer
        return make(parameters, lr=lr, **self.settings)

    def check(self, optimizer: torch.optim.Optimizer) -> float:
        """Return the learning rate of torch's optimizer, or refuse one that is set otherwise."""
        name = self.torch_optimizer.__name__
        if type(optimizer) is not self.torch_optimizer:
            rule = f"be a torch.optim.{name}, as in this graph"
            raise TypeError(refusal("optimizer", rule, f"{type(optimizer).__name__}"))
        rates = {float(group["lr"]) for group in optimizer.param_groups}
        if len(rates) > 1:
            rule = "have one learning rate for all parameters"
            raise ValueError(refusal("optimizer", rule, ", ".join(map(str, sorted(rates)))))
        for group in optimizer.param_groups:
            for key, value in self.settings.items():
                if group[key] != value:
                    rule = f"have {key}={value}, as in this graph"
                    raise ValueError(refusal("optimizer", rule, f"{key}={group[key]}"))
        return rates.pop()


def _constant_rate(lr: Tensor, steps: Tensor) -> Tensors:
    return (lr.expand(steps.shape),)


def _sgd(
    weights: Tensors, gradients: Tensors, state: Tensors, rates: Tensors
) -> tuple[Tensors, Tensors]:
    (lr,) = rates
    return _each(lambda w, g: w - lr * g, weights, gradients), state


def _momentum(
    weights: Tensors, gradients: Tensors, state: Tensors, rates: Tensors
) -> tuple[Tensors, Tensors]:
    (lr,) = rates
    state = _each(lambda m, g: MOMENTUM * m + g, state, gradients)
    return _each(lambda w, m: w - lr * m, weights, state), state


def _adam_rates(lr: Tensor, steps: Tensor) -> Tensors:
    # Adam divides both moments by 1 - beta^step. That is done here, in double precision: 0.999 in
    # single precision would put 3e-5 of error on the first second moment.
    first, second = (1 - beta ** steps.double() for beta in BETAS)
    root = second.sqrt()
    return (lr * root / first).float(), (EPSILON * root).float()


def _adam(
    weights: Tensors, gradients: Tensors, state: Tensors, rates: Tensors
) -> tuple[Tensors, Tensors]:
    lr, epsilon = rates
    n = len(weights)
    first = _each(lambda m, g: m + (g - m) * (1 - BETAS[0]), state[:n], gradients)
    second = _each(lambda v, g: v * BETAS[1] + g * g * (1 - BETAS[1]), state[n:], gradients)
    weights = _each(lambda w, m, v: w - lr * m / (v.sqrt() + epsilon), weights, first, second)
    return weights, first + second


def _each(function: Callable[..., Tensor], *columns: Tensors) -> Tensors:
    return tuple(function(*row) for row in zip(*columns, strict=True))


_PLAIN_SGD = {"dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False}

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "sgd": Rule(
            torch.optim.SGD,
            {"momentum": 0, **_PLAIN_SGD},
            (),
            False,
            _constant_rate,
            _sgd,
        ),
        "momentum": Rule(
            torch.optim.SGD,
            {"momentum": MOMENTUM, **_PLAIN_SGD},
            ("momentum_buffer",),
            False,
            _constant_rate,
            _momentum,
        ),
        "adam": Rule(
            torch.optim.Adam,
            {
                "betas": BETAS,
                "eps": EPSILON,
                "weight_decay": 0,
                "amsgrad": False,
                "maximize": False,
            },
            ("exp_avg", "exp_avg_sq"),
            True,
            _adam_rates,
            _adam,
        ),
    }
)
