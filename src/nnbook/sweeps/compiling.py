"""The compiled step: seen at work, and done without where there is no compiler."""

import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor

from nnbook.sweeps.stack import Plan, Stack, State, Step, step_of

#: Seconds after which compiling tells that it is at work.
PATIENCE = 1.0


def compiled_step(stack: Stack, state: State) -> Step:
    """Compile the step of a stack by taking it once, or return the step as it is with a warning.

    What was compiled is kept: for the next sweep of the same shape in this process, and by PyTorch
    on the disk for other processes.
    """
    step = _compiled(stack.plan)
    try:
        with _told():
            step(state, stack.fixed)  # a step returns new tensors: this one is not counted
    except RuntimeError as error:  # what the compiler raises has no narrower public type
        reason = " ".join(str(error).split("\n\n")[0].splitlines()[:2])
        warnings.warn(
            f"the sweep goes on without compiling: {reason}. torch.compile needs a C++ compiler "
            "that works, such as g++.",
            RuntimeWarning,
            stacklevel=3,  # where `sweep` is called
        )
        return step_of(stack.plan)
    return step


@cache
def _compiled(plan: Plan) -> Step:
    # Each plan has a step of its own, and is compiled for the shapes of its stack alone. The tanh
    # of the compiler's library takes half of the step; by way of exp it takes a quarter of that.
    compiled: Step = torch.compile(  # type: ignore[call-overload]  # lacks isolate_recompiles
        step_of(plan, _by_transform),
        fullgraph=True,
        dynamic=False,
        isolate_recompiles=True,
        options={"cpp.use_decompose_tanh": True},
    )
    return compiled


def _by_transform(losses: Callable[[Tensor], Tensor], parameters: Tensor) -> tuple[Tensor, Tensor]:
    # The compiler follows function transforms alone; eagerly they take longer than autograd.
    values, pull_back = torch.func.vjp(losses, parameters)  # type: ignore[misc]  # never three
    return values, pull_back(torch.ones_like(values))[0]


@contextmanager
def _told() -> Iterator[None]:
    """Say on the standard error that compiling is at work, if it takes a while."""
    words = "nnbook: compiling the training step, once for these shapes\n"
    timer = threading.Timer(PATIENCE, sys.stderr.write, [words])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
