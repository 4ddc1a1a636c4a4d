"""What is true of the questions on chapter 8."""

import copy

import torch
from torch import nn

import nnbook

DATA = nnbook.load_thermometer(dtype=torch.float64)
SPLIT = DATA.with_inputs(0.1 * DATA.inputs).split_at([7, 10])


def network(seed: int, hidden: int = 5) -> nn.Sequential:
    """Make a network from a seed, and leave the global generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nnbook.mlp(1, hidden, 1).double()


def stack() -> str:
    """Go back from the sum of three losses; compare with each network's own gradient."""
    models = [network(seed) for seed in range(3)]
    stacked = [
        torch.stack([p.detach() for p in same]).requires_grad_()
        for same in zip(*(model.parameters() for model in models), strict=True)
    ]
    inputs, targets = SPLIT.train[:]
    w1, b1, w2, b2 = stacked
    hidden = torch.tanh(inputs @ w1.mT + b1[:, None])  # (runs, rows, units)
    losses = (hidden @ w2.mT + b2[:, None] - targets).square().mean(dim=(1, 2))
    together = torch.autograd.grad(losses.sum(), stacked)
    alone = [
        torch.autograd.grad(nn.functional.mse_loss(m(inputs), targets), list(m.parameters()))
        for m in models
    ]
    each = [torch.stack(same) for same in zip(*alone, strict=True)]
    pairs = list(zip(together, each, strict=True))
    if all(torch.allclose(one, own) for one, own in pairs):
        return "own"
    return "mean" if all(torch.allclose(one, own.mean(dim=0)) for one, own in pairs) else "sum"


def padding() -> str:
    """Train a network two of whose units start at 0; look what they have become."""
    model = network(0)
    with torch.no_grad():
        model.hidden_linear.weight[3:] = 0
        model.hidden_linear.bias[3:] = 0
        model.output_linear.weight[:, 3:] = 0
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    nnbook.fit(model, SPLIT.train, optimizer=optimizer, epochs=300)
    into, out = model.hidden_linear.weight[3:, 0], model.output_linear.weight[0, 3:]
    if (into == 0).all() and (out == 0).all():
        return "nothing"
    return "alike" if into[0] == into[1] else "slowly"


def chaos() -> str:
    """Run the book's network twice through its chaotic stretch."""
    losses = []
    for _ in range(2):
        model = network(0, hidden=13).float()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        train = nnbook.load_thermometer().split_at([7, 10]).train
        train = train.with_inputs(0.1 * train.inputs)
        losses.append(nnbook.fit(model, train, optimizer=optimizer, epochs=2000).train_loss)
    if torch.equal(*losses):
        return "bits"
    return "near" if torch.allclose(*losses, rtol=1e-4) else "parted"


def resume() -> str:
    """Put back part of a run's state, and see what is needed to go on in the same bits."""
    model = network(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(0)

    def train() -> torch.Tensor:
        options = {"epochs": 20, "batch_size": 4, "generator": generator}
        nnbook.fit(model, SPLIT.train, optimizer=optimizer, **options)
        return nn.utils.parameters_to_vector(model.parameters()).detach().clone()

    train()
    weights, means = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())
    drawn = generator.get_state()
    whole = train()

    def again(*, with_generator: bool) -> torch.Tensor:
        model.load_state_dict(weights)
        optimizer.load_state_dict(copy.deepcopy(means))
        if with_generator:
            generator.set_state(drawn)
        return train()

    if torch.equal(again(with_generator=False), whole):
        return "nothing"
    return "generator" if torch.equal(again(with_generator=True), whole) else "losses"


def shares() -> float:
    """Solve for the weight of the small share's gradient."""
    w = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    inputs, targets = SPLIT.train[:]

    def gradient(rows: slice) -> torch.Tensor:
        loss = (w[0] * inputs[rows] + w[1] - targets[rows]).square().mean()
        return torch.autograd.grad(loss, w)[0]

    whole, large, small = (gradient(rows) for rows in (slice(9), slice(7), slice(7, 9)))
    weights = torch.linalg.solve(torch.stack([large, small], dim=1), whole)
    return weights[1].item()
