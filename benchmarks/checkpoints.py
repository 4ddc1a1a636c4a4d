"""What it costs to be able to go on after a kill, and to watch the gradients."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

import nnbook
from benchmarks.pairs import Result, in_turn, timed
from benchmarks.training import check_same_bits, random_rows
from nnbook.training import GradientCheck
from nnbook.training._pace import SECONDS


def saving() -> Result:
    """Train with checkpoints at the default interval, and measure a save against that interval.

    A run of 30 seconds would take long to repeat. So a short one shows what the watching costs, in
    the processor's time, and a save, with all waiting for the disk, counts as its part of 30 s.
    """
    epochs = 120

    def ours() -> list[torch.Tensor]:
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = nnbook.Checkpoint(Path(folder) / "run.safetensors")
            return trained(epochs, [checkpoint])

    def peer() -> list[torch.Tensor]:
        return trained(epochs, [])

    check_same_bits(ours, peer)
    pairs = in_turn(timed(ours), timed(peer), best_of=5)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = nnbook.Checkpoint(Path(folder) / "run.safetensors")
        trained(1, [checkpoint])
        share = median(timed(checkpoint.save, clock=perf_counter)() for _ in range(20)) / SECONDS
    return Result(
        f"fit with a Checkpoint, a save taking {1000 * share * SECONDS:.3g} ms",
        "fit without",
        pairs,
        "s",
        tuple(ratio + share for ratio in pairs.ratios),
        "x the time",
        at_most=1.02,
    )


def gradient_check() -> Result:
    """Look at the gradients of each step of an 11-32-1 network in mini-batches of 64."""
    epochs = 8
    check_same_bits(lambda: trained(epochs, [GradientCheck()]), lambda: trained(epochs, []))
    pairs = in_turn(
        timed(lambda: trained(epochs, [GradientCheck()])),
        timed(lambda: trained(epochs, [])),
        best_of=5,
    )
    return Result(
        "fit with a GradientCheck",
        "fit without",
        pairs,
        "s",
        pairs.ratios,
        "x the time",
        at_most=1.2,
    )


def trained(epochs: int, callbacks: Iterable[nnbook.Callback]) -> list[torch.Tensor]:
    """Train in mini-batches on as many rows as the wine data has; return losses and weights."""
    torch.manual_seed(0)
    model = nnbook.mlp(11, 32, 1)
    history = nnbook.fit(
        model,
        random_rows(),
        optimizer=torch.optim.SGD(model.parameters(), lr=1e-2),
        epochs=epochs,
        batch_size=64,
        generator=torch.Generator().manual_seed(1),
        callbacks=callbacks,
    )
    return [history.train_loss, *model.parameters()]
