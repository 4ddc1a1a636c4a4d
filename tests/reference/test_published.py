"""Every published number of published.toml, computed anew."""

import re
import tomllib
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import nnbook

FOLDER = Path(__file__).parent
PUBLISHED = tomllib.loads((FOLDER / "published.toml").read_text(encoding="utf-8"))

# The convention of the tables: the loss of epoch e is measured before the e-th update, so that
# epoch 1 shows the start. `History` counts alike: entry e - 1 belongs to epoch e.


def assert_published(computed, published, *, rtol=1e-4, atol=0.0):
    """Compare with the tolerance that the file asks for."""
    if isinstance(computed, torch.Tensor):
        computed = computed.detach().tolist()
    assert_close(computed, published, rtol=rtol, atol=atol)


def line(weight: float, bias: float) -> nn.Linear:
    layer = nn.Linear(1, 1)
    with torch.no_grad():
        layer.weight.fill_(weight)
        layer.bias.fill_(bias)
    return layer


def params(layer: nn.Linear) -> list[float]:
    return [layer.weight.item(), layer.bias.item()]


def at_epochs(losses: torch.Tensor, epochs: list[int]) -> torch.Tensor:
    return losses[torch.tensor(epochs) - 1]


def test_no_published_number_is_left_out():
    text = Path(__file__).read_text(encoding="utf-8")
    used = set(re.findall(r'PUBLISHED\["(\w+)"\]\["(\w+)"\]', text))
    published = {(table, key) for table, entries in PUBLISHED.items() for key in entries}
    assert len(published) > 30
    assert used == published


def test_data():
    data = nnbook.load_thermometer()
    assert_published(data.inputs.squeeze(1), PUBLISHED["data"]["inputs_unknown_unit"])
    assert_published(data.targets.squeeze(1), PUBLISHED["data"]["targets_celsius"])


@pytest.mark.parametrize(
    "gradient",
    [nnbook.gradient_by_hand, nnbook.gradient_by_autograd, nnbook.gradient_by_difference],
)
def test_loss_and_gradient_at_the_start(gradient):
    data, start = nnbook.load_thermometer(), torch.tensor([1.0, 0.0])
    assert_published(nnbook.line_loss(start, data), PUBLISHED["loss_at_start"]["mse"])
    # In float32 the difference of two losses near 1764 has lost four digits.
    rtol = 1e-3 if gradient is nnbook.gradient_by_difference else 1e-4
    published = PUBLISHED["loss_at_start"]["gradient"]
    assert_published(gradient(start, data), published, rtol=rtol)


def test_least_squares():
    fitted = nnbook.least_squares(nnbook.load_thermometer(dtype=torch.float64))
    for values, intercept, slope in (
        (
            fitted.coefficients,
            PUBLISHED["least_squares"]["intercept"],
            PUBLISHED["least_squares"]["slope"],
        ),
        (
            fitted.standard_errors,
            PUBLISHED["least_squares"]["intercept_std_error"],
            PUBLISHED["least_squares"]["slope_std_error"],
        ),
        (
            fitted.t,
            PUBLISHED["least_squares"]["intercept_t"],
            PUBLISHED["least_squares"]["slope_t"],
        ),
        (
            fitted.p,
            PUBLISHED["least_squares"]["intercept_p"],
            PUBLISHED["least_squares"]["slope_p"],
        ),
    ):
        # R prints between six and nine digits.
        assert_published(values, [intercept, slope], rtol=2e-6)
    assert_published(fitted.mse, PUBLISHED["least_squares"]["mse"], rtol=0.0, atol=0.005)


def test_finite_difference_step():
    data, lr = nnbook.load_thermometer(), 1e-2
    start = torch.tensor([1.0, 0.0])
    w = start[0] - lr * nnbook.gradient_by_difference(start, data, delta=0.1)[0]
    moved = torch.stack([w, start[1]])
    b = start[1] - lr * nnbook.gradient_by_difference(moved, data, delta=0.1)[1]
    assert_published(w, PUBLISHED["finite_difference_step"]["w"])
    assert_published(b, PUBLISHED["finite_difference_step"]["b"], rtol=2e-3)


@pytest.mark.unchecked
def test_gradient_descent(readings):
    model = line(1.0, 0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    first = nnbook.fit(model, readings, optimizer=optimizer, epochs=1000)
    assert_published(params(model), PUBLISHED["gradient_descent"]["params_after_1000"])
    rest = nnbook.fit(model, readings, optimizer=optimizer, epochs=4000)
    assert_published(params(model), PUBLISHED["gradient_descent"]["params_after_5000"])
    losses = torch.cat([first.train_loss, rest.train_loss])
    shown = at_epochs(losses, PUBLISHED["gradient_descent"]["epochs"])
    assert_published(shown, PUBLISHED["gradient_descent"]["loss"])


def test_sgd_one_step(readings):
    model = line(1.0, 0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    nnbook.fit(model, readings, optimizer=optimizer, epochs=1)
    assert_published(params(model), PUBLISHED["sgd_one_step"]["params"])


@pytest.mark.unchecked
def test_adam(readings):
    model = line(1.0, 0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-1)
    history = nnbook.fit(model, readings, optimizer=optimizer, epochs=1000)
    shown = at_epochs(history.train_loss, PUBLISHED["adam"]["epochs"])
    assert_published(shown, PUBLISHED["adam"]["loss"])
    assert_published(params(model), PUBLISHED["adam"]["params_after_1000"])


@pytest.mark.unchecked
def test_linear_module(readings):
    # The start is not published. It is the one that gives both losses of epoch 1 and lies where
    # nn.Linear starts.
    model = line(0.41856, -0.48353)
    split = readings.split_at(PUBLISHED["linear_module"]["validation_rows"])
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    history = nnbook.fit(model, split.train, split.val, optimizer=optimizer, epochs=3000)
    epochs = PUBLISHED["linear_module"]["epochs"]
    train_loss = at_epochs(history.train_loss, epochs)
    assert_published(train_loss, PUBLISHED["linear_module"]["train_loss"])
    val_loss = at_epochs(history.val_loss, epochs)
    assert_published(val_loss, PUBLISHED["linear_module"]["val_loss"])
    assert_published(model.weight.item(), PUBLISHED["linear_module"]["weight"])
    assert_published(model.bias.item(), PUBLISHED["linear_module"]["bias"])


def test_tanh():
    tanh = nnbook.mlp(1, 13, 1).hidden_activation
    outputs = tanh(torch.tensor(PUBLISHED["tanh"]["inputs"], dtype=torch.float64))
    assert_published(outputs, PUBLISHED["tanh"]["outputs"], rtol=1e-15)


def test_shapes():
    shapes = [list(parameter.shape) for parameter in nnbook.mlp(1, 13, 1).parameters()]
    assert shapes == PUBLISHED["shapes"]["parameters"]
