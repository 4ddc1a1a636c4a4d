"""Solutions of the book's exercises: one function each, shown and run by the page of exercises.

The tests run the same functions.
"""

import time

import torch
from sklearn.metrics import accuracy_score
from torch import Tensor, nn

import nnbook


def ex_1_1a() -> tuple[float, float]:
    """Copy one temperature down wrong; return how far each loss moves the line at 50."""
    data = nnbook.load_thermometer(dtype=torch.float64)
    spoilt = data.targets.clone()
    spoilt[3] = 82.0  # 28 °C, its digits swapped
    at_50 = torch.tensor([[50.0]], dtype=torch.float64)
    moved = []
    for loss in (nn.MSELoss(), nn.L1Loss()):
        answers = []
        for targets in (data.targets, spoilt):
            samples = nnbook.Samples(data.inputs, targets)
            scaler = nnbook.Standardize.of(samples)
            line = nn.Sequential(scaler, nn.Linear(1, 1, dtype=torch.float64))
            nn.init.zeros_(line[1].weight)
            nn.init.zeros_(line[1].bias)
            optimizer = torch.optim.Adam(line.parameters(), lr=0.05)
            nnbook.fit(line, samples, optimizer=optimizer, epochs=2000, loss=loss)
            answers.append(line(at_50).item())
        moved.append(answers[1] - answers[0])
    return moved[0], moved[1]


def ex_1_2a() -> tuple[float, float]:
    """Fit degrees against readings and readings against degrees; return both slopes."""
    data = nnbook.load_thermometer()
    turned_round = nnbook.Samples(data.targets, data.inputs)
    forward = nnbook.least_squares(data).coefficients[1].item()
    backward = nnbook.least_squares(turned_round).coefficients[1].item()
    return forward, backward


def ex_2_5a(x: Tensor) -> Tensor:
    """Make a triangle of height 1 over (-1, 1) from three ReLU units."""
    return torch.relu(x + 1) - 2 * torch.relu(x) + torch.relu(x - 1)


def ex_3_3a(n_seeds: int = 100) -> tuple[float, float]:
    """Return the share of ReLU units that are off at every reading, scaled and standardized."""
    data = nnbook.load_thermometer()
    shares = []
    for inputs in (0.1 * data.inputs, nnbook.Standardize.of(data)(data.inputs)):
        off = []
        for seed in range(n_seeds):
            torch.manual_seed(seed)
            hidden = nnbook.mlp(1, 13, 1, activation=nn.ReLU).hidden_linear
            with torch.no_grad():
                off.append((hidden(inputs) <= 0).all(dim=0).float().mean())  # over 13 units
        shares.append(torch.stack(off).mean().item())
    return shares[0], shares[1]


class CentredScale(nn.Module):
    """Scale each column by a number that trains, around a centre that does not."""

    def __init__(self, centre: Tensor) -> None:
        super().__init__()
        self.register_buffer("centre", centre)
        self.scale = nn.Parameter(torch.ones_like(centre))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the scaled inputs, shape (batch, n_in)."""
        return (inputs - self.centre) * self.scale


def ex_5_1a(smallness: float) -> nn.Sequential:
    """Make a tanh network with 13 units nearly a straight line."""
    model = nnbook.mlp(1, 13, 1)
    with torch.no_grad():
        model.hidden_linear.weight.fill_(smallness)
        model.hidden_linear.bias.zero_()
        model.output_linear.weight.fill_(1 / (13 * smallness))
        model.output_linear.bias.zero_()
    return model


def farthest(model: nn.Module) -> float:
    """Return how far a network's outputs are from its inputs, at most, from -1 to 1."""
    x = torch.linspace(-1, 1, 101).unsqueeze(1)
    with torch.no_grad():
        return (model(x) - x).abs().max().item()


def bend(model: nn.Module) -> float:
    """Return how far, in °C, a model's curve from 20 to 90 is from its own best straight line."""
    readings = torch.linspace(20, 90, 71).unsqueeze(1)
    with torch.no_grad():
        outputs = model(readings)
    return nnbook.least_squares(nnbook.Samples(readings, outputs)).mse ** 0.5


def ex_6_1(
    hidden: int, lr: float, n_seeds: int = 5, epochs: int = 1000
) -> list[tuple[nn.Module, nnbook.Split]]:
    """Train a network from some seeds, each with a split of its own; return networks and splits."""
    data = nnbook.load_thermometer()
    runs = []
    for seed in range(n_seeds):
        split = data.split(0.2, generator=torch.Generator().manual_seed(seed))
        torch.manual_seed(seed)
        model = nn.Sequential(nnbook.Standardize.of(split.train), nnbook.mlp(1, hidden, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        nnbook.fit(model, split.train, optimizer=optimizer, epochs=epochs)
        runs.append((model, split))
    return runs


def medians(runs: list[tuple[nn.Module, nnbook.Split]]) -> dict[str, float]:
    """Return the medians over some runs: the bend, and both losses as multiples of the line's."""
    results = []
    for model, split in runs:
        line = nnbook.least_squares(split.train)
        row = [bend(model)]
        for rows in (split.train, split.val):
            of_line = nn.functional.mse_loss(line.predict(rows.inputs), rows.targets)
            with torch.no_grad():
                row.append(nn.functional.mse_loss(model(rows.inputs), rows.targets) / of_line)
        results.append(row)
    middle = torch.tensor(results).median(dim=0).values.tolist()
    return dict(zip(["bend", "training", "validation"], middle, strict=True))


def ex_7_1a() -> dict[str, float]:
    """Return each measurement's spread, the standard deviation of the 178 wines."""
    wine = nnbook.load_wine()
    spread = wine.inputs.std(dim=0, correction=0)
    return dict(zip(wine.input_names, spread.tolist(), strict=True))


def ex_7_2a(*, standardize: bool, seed: int = 0) -> tuple[nnbook.History, float]:
    """Train on wine; return the history and the share of held-out wines named rightly."""
    split = nnbook.load_wine().split(0.2, generator=torch.Generator().manual_seed(seed))
    torch.manual_seed(seed)
    scaler = nnbook.Standardize.of(split.train) if standardize else nn.Identity()
    model = nn.Sequential(scaler, nnbook.mlp(13, 13, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = nnbook.fit(
        model, split.train, split.val, optimizer=optimizer, epochs=500, loss=nn.CrossEntropyLoss()
    )
    with torch.no_grad():
        guesses = model(split.val.inputs).argmax(dim=1)
    return history, float(accuracy_score(split.val.targets, guesses))


def ex_7_3_seconds(
    data: nnbook.Samples, hidden: int = 13, epochs: int = 200, batch_size: int | None = None
) -> float:
    """Return the seconds that a network takes on some data."""
    loss = nn.CrossEntropyLoss() if data.has_classes else nn.MSELoss()
    n_out = data.n_classes if data.has_classes else 1
    model = nnbook.mlp(data.inputs.shape[1], hidden, n_out)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    start = time.perf_counter()
    nnbook.fit(model, data, optimizer=optimizer, epochs=epochs, loss=loss, batch_size=batch_size)
    return time.perf_counter() - start


def ex_7_3b(turns: int = 5) -> dict[str, float]:
    """Make one factor 8 times as large; return how many times as long it takes, the median."""
    wine = nnbook.load_wine()
    few = nnbook.Samples(wine.inputs[::8], wine.targets[::8])
    pairs = {
        "rows": ({"data": few}, {"data": wine}),
        "hidden units": ({"data": wine}, {"data": wine, "hidden": 8 * 13}),
        "epochs": ({"data": wine, "epochs": 50}, {"data": wine, "epochs": 400}),
        "batches": (
            {"data": wine, "epochs": 50, "batch_size": 178},
            {"data": wine, "epochs": 50, "batch_size": 23},
        ),
    }
    ratios = {}
    for name, (before, after) in pairs.items():
        taken = [ex_7_3_seconds(**after) / ex_7_3_seconds(**before) for _ in range(turns)]
        ratios[name] = torch.tensor(taken).median().item()
    return ratios


def ex_8_1a(run: int = 3) -> tuple[nnbook.SweepResult, int, nnbook.History]:
    """Train ten networks in a sweep, and one of them alone; return all that is compared."""
    data = nnbook.load_thermometer()
    split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
    result = nnbook.sweep(split.train, split.val, hidden=13, lr=1e-3, seed=range(10), epochs=300)
    torch.manual_seed(result.settings["seed"][run])
    model = nnbook.mlp(1, 13, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    history = nnbook.fit(model, split.train, split.val, optimizer=optimizer, epochs=300)
    return result, run, history
