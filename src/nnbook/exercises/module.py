"""Checks of the exercises of chapter 4."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from nnbook.exercises.exercise import Exercise, Judgement, called, first_hint
from nnbook.exercises.verdict import Finding

CENTRE = (2.0, 40.0)
MADE = "it makes a module from a centre"


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one.detach().to(other), other)


def _judge_module(make: Callable[[Tensor], Any]) -> Judgement:
    centre = torch.tensor(CENTRE)
    module = called(make, centre.clone())
    if not isinstance(module, nn.Module):
        return [Finding(False, MADE)], "The class has to inherit from `nn.Module`."
    rows = centre + torch.tensor([[0.0, 0.0], [1.0, 1.0], [3.0, -2.0]])
    with torch.no_grad():
        outputs = called(module, rows.clone())
    if not isinstance(outputs, Tensor) or outputs.shape != rows.shape:
        shape = Finding(False, "it returns as many rows and columns as it takes")
        return [Finding(True, MADE), shape], "Does `forward` return its result, for a whole batch?"
    factor = outputs[1]  # one unit away from the centre
    works = _same(outputs, (rows - centre) * factor) and bool((factor != 0).all())
    parameters = list(module.parameters())
    buffers = [each for each in module.buffers() if _same(each, centre)]
    saved = list(module.state_dict().values())
    centre_trains = any(_same(each, centre) for each in parameters)
    in_state = any(_same(each, centre) for each in saved)
    scale_trains = _trains_factor(module, rows)
    findings = [
        Finding(works, "it subtracts the centre, and multiplies the result"),
        Finding(scale_trains, "the scale is a parameter, and trains"),
        Finding(bool(buffers), "the centre is a buffer"),
        Finding(not centre_trains, "an optimizer does not see the centre"),
        Finding(in_state and scale_trains, "the state dict has both"),
    ]
    return findings, first_hint(
        (all(finding.right for finding in findings), ""),
        (
            not works and _same(outputs, rows * (outputs[1] - outputs[0]) - centre),
            "You multiply first and subtract then. The centre is in the units of the inputs.",
        ),
        (
            not works,
            "Give it a row that is the centre itself: each column must come out as 0. A row twice "
            "as far from it must come out twice as large, and the scale may not start at 0.",
        ),
        (
            centre_trains,
            "The centre is among the parameters, and an optimizer is given all of these, frozen "
            "ones too. Page 4.5 shows what else a module can register.",
        ),
        (
            not in_state and bool(buffers),
            "The centre is a buffer that is not saved. Leave `persistent` as it is by itself.",
        ),
        (
            not in_state,
            "The centre is a plain attribute: neither saved nor moved with the model. A tensor "
            "that belongs to a module is registered.",
        ),
        (
            any(each.requires_grad for each in vars(module).values() if isinstance(each, Tensor)),
            "The scale asks for gradients, but the module does not know it. Only a tensor of one "
            "certain class becomes a parameter when it is assigned.",
        ),
        (True, "No optimizer would find the scale. Which class makes a tensor one that trains?"),
    )


def _trains_factor(module: nn.Module, rows: Tensor) -> bool:
    """Take one step of gradient descent, and look whether the slope of the outputs moved."""
    trained = [each for each in module.parameters() if each.requires_grad]
    if not trained:
        return False
    before = called(module, rows)
    with torch.enable_grad():
        loss = (called(module, rows) - 10).square().mean()
    if not loss.requires_grad:
        return False
    gradients = torch.autograd.grad(loss, trained, allow_unused=True)
    with torch.no_grad():
        for parameter, gradient in zip(trained, gradients, strict=True):
            if gradient is not None:
                parameter.sub_(0.1 * gradient)
        after = called(module, rows)
    return not _same(before[1] - before[0], after[1] - after[0])


EXERCISES = {
    "4.5a": Exercise(
        "the class itself, or a function, that makes the module from a centre of shape (columns,)",
        lambda answer: answer if callable(answer) and not isinstance(answer, nn.Module) else None,
        _judge_module,
    ),
}
