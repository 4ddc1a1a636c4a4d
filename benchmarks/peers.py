"""`fit` against the loop by hand and against four libraries that train too.

Each function below builds a problem's network and trains it: the same rows in the same order, the
same start, the same number of updates of plain SGD. What a library does beside is switched off
where its documentation says how. The losses after training are compared before anything is timed.
No goal is set: what comes out is printed.
"""

import logging
import os
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.pairs import Result, in_turn, timed
from benchmarks.problems import Batches, Order, Problem, thermometer, wine

Training = Callable[[Problem], Any]


def with_nnbook(problem: Problem) -> nn.Module:
    """Train with `nnbook.fit`."""
    import nnbook

    model = problem.network()
    nnbook.fit(
        model,
        nnbook.Samples(problem.inputs, problem.targets),
        optimizer=problem.optimizer(model),
        epochs=problem.epochs,
        loss=problem.criterion(),
        batch_size=problem.batch_size,
        generator=problem.generator(),
    )
    return model


def by_hand(problem: Problem) -> nn.Module:
    """Train with the loop that a reader of PyTorch's documentation writes, and keep the losses."""
    model, criterion, batches = problem.network(), problem.criterion(), Batches(problem)
    optimizer = problem.optimizer(model)
    losses = []
    for _ in range(problem.epochs):
        total = 0.0
        for inputs, targets in batches:
            loss = criterion(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(inputs)
        losses.append(total / len(problem.inputs))
    return model


def with_skorch(problem: Problem) -> nn.Module:
    """Train with skorch as its page on performance says: no callbacks, no log, a `TensorDataset`.

    Its batches come from a `DataLoader`, as that page leaves them.
    """
    from skorch import NeuralNet

    net = NeuralNet(
        problem.network(),
        criterion=problem.criterion(),
        optimizer=torch.optim.SGD,
        lr=problem.lr,
        max_epochs=problem.epochs,
        batch_size=problem.rows_per_update,
        iterator_train__sampler=Order(problem),
        train_split=None,
        callbacks="disable",
        verbose=0,
    )
    net.fit(TensorDataset(problem.inputs, problem.targets), None)
    return net.module_


def with_lightning(problem: Problem) -> nn.Module:
    """Train with Lightning in its barebones mode, meant for measuring what the trainer adds.

    That switches off logging, checkpoints, the progress bar and the summary. Batches come from
    memory: any iterable will do.
    """
    import lightning

    # It tells what barebones mode is, which devices there are, and why it stops.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)

    class Training(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = problem.network()
            self.criterion = problem.criterion()

        def training_step(self, batch: list[torch.Tensor], _batch_number: int) -> torch.Tensor:
            inputs, targets = batch
            return self.criterion(self.network(inputs), targets)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return problem.optimizer(self)

    training = Training()
    trainer = lightning.Trainer(
        barebones=True, accelerator="cpu", devices=1, max_epochs=problem.epochs
    )
    with warnings.catch_warnings():
        # Lightning 2.6 asks torch 2.13 whether a tree is a leaf in a way that will go.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        trainer.fit(training, Batches(problem))
    return training.network


def with_ignite(problem: Problem) -> nn.Module:
    """Train with Ignite's supervised trainer and no handlers. Batches come from memory."""
    from ignite.engine import create_supervised_trainer

    model = problem.network()
    trainer = create_supervised_trainer(model, problem.optimizer(model), problem.criterion())
    trainer.run(Batches(problem), max_epochs=problem.epochs)
    return model


def with_keras(problem: Problem) -> Any:
    """Train with Keras on torch, without a log; network, loss and SGD are Keras's, the start ours.

    Rows come from a `DataLoader`: arrays are shuffled in an order that nobody can set, and took
    longer when this was written.
    """
    assert os.environ.get("KERAS_BACKEND") == "torch", "Keras needs torch: run `nox -s bench`"
    import keras

    # torch holds a weight as (outputs, inputs), Keras as (inputs, outputs).
    start = [p.detach().movedim(0, -1).numpy() for p in problem.network().parameters()]
    model = keras.Sequential(
        [
            keras.Input((problem.inputs.shape[1],)),
            keras.layers.Dense(problem.n_hidden, activation="tanh"),
            keras.layers.Dense(problem.n_out),
        ]
    )
    model.set_weights(start)
    is_float = problem.targets.is_floating_point()
    squared_error = keras.losses.MeanSquaredError()
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(problem.lr)
    model.compile(optimizer, loss=squared_error if is_float else cross_entropy)
    rows = TensorDataset(problem.inputs, problem.targets)
    loader = DataLoader(rows, batch_size=problem.rows_per_update, sampler=Order(problem))
    model.fit(loader, epochs=problem.epochs, shuffle=False, verbose=0)
    return model


PEERS: dict[str, tuple[str, Training]] = {
    "hand": ("the loop by hand", by_hand),
    "skorch": ("skorch", with_skorch),
    "lightning": ("Lightning", with_lightning),
    "ignite": ("Ignite", with_ignite),
    "keras": ("Keras on torch", with_keras),
}


def fit_against(peer: str, name: str, problem: Problem) -> Result:
    """Train on a problem with `fit` and with a peer in turn."""
    peer_name, training = PEERS[peer]
    check_same_loss(problem, training)
    ours, peers = timed(partial(with_nnbook, problem)), timed(partial(training, problem))
    pairs = in_turn(ours, peers, pairs=5)
    return Result(f"fit, {name}", peer_name, pairs, "s", pairs.ratios, "x the time")


def fit_thermometer_against(peer: str) -> Result:
    """Train the 1-13-1 network on the thermometer's rows at once, without validation."""
    return fit_against(peer, "1-13-1, thermometer", thermometer())


def fit_wine_against(peer: str) -> Result:
    """Train a 13-8-3 network on the wines in batches of 16, without validation."""
    return fit_against(peer, "13-8-3, wine, batches of 16", wine())


def check_same_loss(problem: Problem, training: Training) -> None:
    """See that a peer ends with the loss of `fit`, but for the rounding of float32.

    Each adds up in its own order. One update left out changes these losses by about a thousandth.
    """
    models = [with_nnbook(problem), training(problem)]
    with torch.no_grad():
        ours, peers = (problem.criterion()(m(problem.inputs), problem.targets) for m in models)
    torch.testing.assert_close(peers, ours, rtol=1e-5, atol=0)
