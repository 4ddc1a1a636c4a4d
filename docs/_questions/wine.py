"""What is true of the questions on chapter 7."""

import torch
from torch import nn
from torch.utils.data import DataLoader

import nnbook

WINE = nnbook.load_wine()


def simpson() -> str:
    """Compare the sign of a correlation within the cultivars with that over all wines."""
    columns = [WINE.input_names.index(name) for name in ("flavanoids", "color intensity")]
    x = WINE.inputs[:, columns].T
    assert torch.corrcoef(x)[0, 1] < 0
    within = [torch.corrcoef(x[:, WINE.targets == k])[0, 1] > 0 for k in range(3)]
    return "rises" if all(within) else "mixed" if any(within) else "falls"


def untrained() -> float:
    """Return the cross-entropy of equal scores."""
    return nn.functional.cross_entropy(torch.zeros(1, 3), torch.tensor([0])).item()


def twice() -> float:
    """Return the loss of a sure and right model that ends in a softmax."""
    probabilities = torch.softmax(torch.tensor([[1000.0, 0.0, 0.0]]), dim=1)
    return nn.functional.cross_entropy(probabilities, torch.tensor([0])).item()


def raw() -> str:
    """Train on raw and on standardized columns at one rate; compare with the entropy."""
    shares = torch.bincount(WINE.targets) / len(WINE)
    entropy = -(shares * shares.log()).sum()
    last = []
    for scaler in (nn.Identity(), nnbook.Standardize.of(WINE)):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = nn.Sequential(scaler, nnbook.mlp(13, 8, 3))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        options = {"optimizer": optimizer, "epochs": 300, "loss": nn.CrossEntropyLoss()}
        last.append(nnbook.fit(model, WINE, **options).train_loss[-1])
    assert last[1] < 0.2 * entropy
    if not last[0].isfinite():
        return "nan"
    return "stuck" if last[0] > 0.95 * entropy else "slower"


def updates() -> int:
    """Count the batches of an epoch."""
    return len(DataLoader(WINE, batch_size=23))
