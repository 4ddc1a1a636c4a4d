"""Training with nnbook, against loops that are written by hand and against a `DataLoader`."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader

import nnbook
from benchmarks.pairs import Result, in_turn, timed
from nnbook.training._batches import Place, epoch_batches


def fit_thermometer() -> Result:
    """Train the 1-13-1 network on all the thermometer's rows at once, with validation."""
    epochs = 2500
    data = nnbook.load_thermometer()
    split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])

    def network() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = nnbook.mlp(1, 13, 1)
        return model, torch.optim.SGD(model.parameters(), lr=1e-3)

    def ours() -> list[Tensor]:
        model, optimizer = network()
        history = nnbook.fit(model, split.train, split.val, optimizer=optimizer, epochs=epochs)
        assert history.val_loss is not None
        return [history.train_loss, history.val_loss, *model.parameters()]

    def by_hand() -> list[Tensor]:
        model, optimizer = network()
        inputs, targets = split.train.inputs, split.train.targets
        val_inputs, val_targets = split.val.inputs, split.val.targets
        train_losses, val_losses = [], []
        for _ in range(epochs):
            with torch.no_grad():
                val_loss = mse_loss(model(val_inputs), val_targets)
            loss = mse_loss(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            train_losses.append(loss.item())
            val_losses.append(val_loss.item())
        return [torch.tensor(train_losses), torch.tensor(val_losses), *model.parameters()]

    check_same_bits(ours, by_hand)
    pairs = in_turn(timed(ours), timed(by_hand), best_of=3)
    return Result(
        f"fit, 1-13-1, {epochs:,} epochs",
        "the loop by hand",
        pairs,
        "s",
        pairs.ratios,
        "x the time",
        at_most=1.05,
    )


def fit_mini_batches() -> Result:
    """Train an 11-32-1 network in mini-batches of 64, on as many rows as the wine data has."""
    epochs, batch_size = 8, 64
    data = random_rows()

    def network() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = nnbook.mlp(11, 32, 1)
        return model, torch.optim.SGD(model.parameters(), lr=1e-2)

    def ours() -> list[Tensor]:
        model, optimizer = network()
        history = nnbook.fit(
            model,
            data,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            generator=torch.Generator().manual_seed(1),
        )
        return [history.train_loss, *model.parameters()]

    def by_hand() -> list[Tensor]:
        model, optimizer = network()
        generator = torch.Generator().manual_seed(1)
        inputs, targets = data.inputs, data.targets
        train_losses = []
        for _ in range(epochs):
            total = 0.0
            for rows in torch.randperm(len(inputs), generator=generator).split(batch_size):
                loss = mse_loss(model(inputs[rows]), targets[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
            train_losses.append(total / len(inputs))
        return [torch.tensor(train_losses), *model.parameters()]

    check_same_bits(ours, by_hand)
    pairs = in_turn(timed(ours), timed(by_hand), best_of=5)
    return Result(
        f"fit, 11-32-1, batches of {batch_size}",
        "the loop by hand",
        pairs,
        "s",
        pairs.ratios,
        "x the time",
        at_most=1.1,
    )


def batch_delivery() -> Result:
    """Deliver shuffled batches of 32 to a loop that does nothing with them."""
    epochs, batch_size = 20, 32
    data = random_rows()
    our_batches = epoch_batches("train", data, torch.device("cpu"), batch_size=batch_size)
    loader = DataLoader(data, batch_size=batch_size, shuffle=True)

    def deliver(batches: Callable[[], Iterable[object]]) -> Callable[[], int]:
        return lambda: sum(1 for _ in range(epochs) for _batch in batches())

    ours, peer = deliver(lambda: our_batches(Place())), deliver(lambda: loader)
    assert ours() == peer() == epochs * len(loader)
    pairs = in_turn(timed(ours), timed(peer), best_of=3)
    return Result(
        f"batches of {batch_size} as fit takes them",
        "DataLoader",
        pairs,
        "s",
        pairs.inverse_ratios,
        "x the rows a second",
        at_least=40,
    )


def random_rows() -> nnbook.Samples:
    """Make random rows of the wine data's shape: 4,898 wines, 11 inputs, one target."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(4898, 11, generator=generator)
    return nnbook.Samples(inputs, torch.randn(4898, 1, generator=generator))


def check_same_bits(ours: Callable[[], list[Tensor]], peer: Callable[[], list[Tensor]]) -> None:
    """Run both once: a ratio of two things that do not do the same says nothing."""
    for one, other in zip(ours(), peer(), strict=True):
        assert torch.equal(one, other), "nnbook and its peer end in different bits"
