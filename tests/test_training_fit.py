"""The training loop: against loops written by hand, and what it refuses."""

import copy
import itertools
import math
import re
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import tqdm
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader

import nnbook
from nnbook import (
    Callback,
    DivergenceError,
    EarlyStopping,
    Samples,
    Standardize,
    Stop,
    TrainingInterrupted,
    fit,
    least_squares,
    load_thermometer,
    mlp,
)
from nnbook.training import _interrupts
from nnbook.training.errors import divergence

# What the hand-written loops do


def one_batch(data):
    """Return a function that gives all rows at once, in order."""
    return lambda: [(data.inputs, data.targets)]


def mini_batches(data, size, generator):
    """Return a function that gives an epoch's rows in a new order, `size` at a time."""

    def batches():
        order = torch.randperm(len(data), generator=generator)
        return [data[order[start : start + size]] for start in range(0, len(data), size)]

    return batches


def train_by_hand(model, batches, val, optimizer, epochs, *, loss=nn.functional.mse_loss):
    """Train as a textbook writes it, and return the losses of each epoch."""
    train_losses, val_losses = [], []
    for _ in range(epochs):
        model.eval()
        with torch.no_grad():
            val_losses.append(loss(model(val.inputs), val.targets).item())
        model.train()
        weighted, rows = 0.0, 0
        for inputs, targets in batches():
            optimizer.zero_grad()
            value = loss(model(inputs), targets)
            value.backward()
            optimizer.step()
            weighted += value.item() * len(inputs)
            rows += len(inputs)
        train_losses.append(weighted / rows)
    return train_losses, val_losses


def assert_same_bits(model, twin):
    state, twin_state = model.state_dict(), twin.state_dict()
    assert len(state) > 0
    assert list(state) == list(twin_state)
    for name, value in state.items():
        assert torch.equal(value, twin_state[name]), name


def network(dtype=torch.float32):
    return mlp(1, 13, 1).to(dtype)


def sgd(model, lr=1e-4, **options):
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


class At(Callback):
    """Do something at the end of one epoch."""

    def __init__(self, epoch, action):
        self.epoch, self.action = epoch, action

    def on_epoch_end(self, run):
        return self.action() if run.epoch == self.epoch else None


class Watching(nn.Module):
    """A linear layer that notes in which state it is called."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
        self.calls = []

    def forward(self, inputs):
        outputs = self.linear(inputs)
        self.calls.append((len(inputs), self.training, outputs.requires_grad))
        return outputs


# A known truth


@pytest.mark.unchecked
def test_a_line_trained_for_long_is_the_least_squares_line(readings):
    best = least_squares(readings.to(dtype=torch.float64))
    data = readings.with_inputs(Standardize.of(readings)(readings.inputs))
    model = nn.Linear(1, 1)
    history = fit(model, data, optimizer=sgd(model, lr=0.1), epochs=200)
    assert_close(history.train_loss[-1].item(), best.mse, rtol=1e-5, atol=0)
    predictions = model(data.inputs).detach()
    assert_close(predictions, best.predict(readings.inputs), rtol=1e-4, atol=1e-4)


def test_lbfgs_finds_the_least_squares_line_in_a_few_epochs(readings):
    model = nn.Linear(1, 1)
    history = fit(model, readings, optimizer=torch.optim.LBFGS(model.parameters()), epochs=10)
    assert_close(history.train_loss[-1].item(), least_squares(readings).mse, rtol=1e-4, atol=0)


def test_separable_classes_are_told_apart(generator, seeded):
    centres = torch.tensor([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]])
    classes = torch.arange(3).repeat(20)
    inputs = centres[classes] + torch.randn(60, 2, generator=generator)
    split = Samples(inputs, classes).split(0.25, generator=generator)
    model = seeded(0, lambda: mlp(2, 8, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    loss = nn.CrossEntropyLoss()
    history = fit(model, split.train, split.val, optimizer=optimizer, epochs=100, loss=loss)
    assert history.val_loss[0] > 0.5
    assert history.val_loss[-1] < 0.05
    assert torch.equal(model(split.val.inputs).argmax(dim=1), split.val.targets)


def test_the_losses_of_epoch_1_show_the_untrained_model(split, seeded):
    model = seeded(0, network)
    with torch.no_grad():
        losses = [
            nn.functional.mse_loss(model(part.inputs), part.targets)
            for part in (split.train, split.val)
        ]
    history = fit(model, split.train, split.val, optimizer=sgd(model), epochs=2)
    assert torch.equal(history.train_loss[0], losses[0])
    assert torch.equal(history.val_loss[0], losses[1])


# Against loops written by hand

OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=1e-4),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=1e-5, momentum=0.9),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-3),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.1),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_full_batch_ends_in_the_bits_of_a_loop_by_hand(make_optimizer, dtype, readings, seeded):
    split = readings.to(dtype=dtype).split_at([7, 10])
    model, twin = (seeded(0, lambda: network(dtype)) for _ in range(2))
    history = fit(
        model, split.train, split.val, optimizer=make_optimizer(model.parameters()), epochs=50
    )
    train_losses, val_losses = train_by_hand(
        twin, one_batch(split.train), split.val, make_optimizer(twin.parameters()), 50
    )
    assert history.train_loss.dtype == history.val_loss.dtype == dtype
    assert torch.equal(history.train_loss, torch.tensor(train_losses, dtype=dtype))
    assert torch.equal(history.val_loss, torch.tensor(val_losses, dtype=dtype))
    assert_same_bits(model, twin)
    assert history.stopped is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch_size", [1, 4, 9, 100])
def test_mini_batches_end_in_the_bits_of_a_loop_by_hand(batch_size, dtype, readings, seeded):
    split = readings.to(dtype=dtype).split_at([7, 10])
    model, twin = (seeded(0, lambda: network(dtype)) for _ in range(2))
    ours, theirs = (torch.Generator().manual_seed(1) for _ in range(2))
    history = fit(
        model,
        split.train,
        split.val,
        optimizer=sgd(model, momentum=0.5),
        epochs=20,
        batch_size=batch_size,
        generator=ours,
    )
    train_losses, val_losses = train_by_hand(
        twin,
        mini_batches(split.train, batch_size, theirs),
        split.val,
        sgd(twin, momentum=0.5),
        20,
    )
    # 9 rows in batches of 4: the last has 1 row, and counts a quarter as much as the others.
    expected = torch.tensor(train_losses, dtype=torch.float64)
    assert_close(history.train_loss.double(), expected, rtol=2 * torch.finfo(dtype).eps, atol=0)
    assert torch.equal(history.val_loss, torch.tensor(val_losses, dtype=dtype))
    assert_same_bits(model, twin)
    assert torch.equal(ours.get_state(), theirs.get_state())


@pytest.mark.parametrize("batch_size", [3, 4])
def test_a_data_loader_ends_in_the_bits_of_a_loop_by_hand(batch_size, split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    ours, theirs = (
        DataLoader(
            split.train,
            batch_size=batch_size,
            shuffle=True,
            generator=torch.Generator().manual_seed(1),
        )
        for _ in range(2)
    )
    history = fit(model, ours, split.val, optimizer=sgd(model), epochs=20)
    train_losses, val_losses = train_by_hand(twin, lambda: theirs, split.val, sgd(twin), 20)
    assert_close(history.train_loss, torch.tensor(train_losses), rtol=1e-6, atol=0)
    assert torch.equal(history.val_loss, torch.tensor(val_losses))
    assert_same_bits(model, twin)


def test_lbfgs_ends_in_the_bits_of_a_loop_by_hand(split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    history = fit(
        model, split.train, optimizer=torch.optim.LBFGS(model.parameters(), lr=0.1), epochs=5
    )
    optimizer, losses = torch.optim.LBFGS(twin.parameters(), lr=0.1), []

    def closure():
        optimizer.zero_grad()
        value = nn.functional.mse_loss(twin(split.train.inputs), split.train.targets)
        value.backward()
        return value

    for _ in range(5):
        losses.append(closure().item())
        optimizer.step(closure)
    assert torch.equal(history.train_loss, torch.tensor(losses))
    assert_same_bits(model, twin)


def test_class_targets_end_in_the_bits_of_a_loop_by_hand(generator, seeded):
    data = Samples(torch.randn(20, 2, generator=generator), torch.arange(4).repeat(5))
    split = data.split_at([0, 5, 10])
    model, twin = (seeded(0, lambda: mlp(2, 5, 4)) for _ in range(2))
    loss = nn.CrossEntropyLoss()
    history = fit(model, split.train, split.val, optimizer=sgd(model, 0.1), epochs=20, loss=loss)
    train_losses, val_losses = train_by_hand(
        twin, one_batch(split.train), split.val, sgd(twin, 0.1), 20, loss=loss
    )
    assert torch.equal(history.train_loss, torch.tensor(train_losses))
    assert torch.equal(history.val_loss, torch.tensor(val_losses))
    assert_same_bits(model, twin)


def test_an_optimizer_without_a_closure_trains(split, seeded):
    class Descent(torch.optim.Optimizer):
        def __init__(self, parameters):
            super().__init__(parameters, {})

        @torch.no_grad()
        def step(self):
            for parameter in self.param_groups[0]["params"]:
                parameter.add_(parameter.grad, alpha=-1e-4)

    model, twin = (seeded(0, network) for _ in range(2))
    fit(model, split.train, optimizer=Descent(model.parameters()), epochs=5)
    fit(twin, split.train, optimizer=sgd(twin, 1e-4), epochs=5)
    assert_same_bits(model, twin)


def test_the_zero_grad_of_an_optimizer_of_ones_own_is_used(split, seeded):
    class Remembering(torch.optim.SGD):
        def zero_grad(self):
            for parameter in self.param_groups[0]["params"]:
                if parameter.grad is not None:
                    parameter.grad *= 0.5

    model, twin = (seeded(0, network) for _ in range(2))
    optimizer = Remembering(model.parameters(), lr=1e-4)
    fit(model, split.train, optimizer=optimizer, epochs=5)
    train_by_hand(
        twin, one_batch(split.train), split.val, Remembering(twin.parameters(), lr=1e-4), 5
    )
    assert_same_bits(model, twin)


def test_a_scheduler_may_change_the_learning_rate_from_a_callback(split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    ours, theirs = sgd(model, 1e-3), sgd(twin, 1e-3)
    schedules = [
        torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.1)
        for optimizer in (ours, theirs)
    ]

    class Scheduled(Callback):
        def on_epoch_end(self, run):
            schedules[0].step()

    fit(model, split.train, optimizer=ours, epochs=10, callbacks=[Scheduled()])
    for _ in range(10):
        train_by_hand(twin, one_batch(split.train), split.val, theirs, 1)
        schedules[1].step()
    assert ours.param_groups[0]["lr"] == pytest.approx(1e-6)
    assert_same_bits(model, twin)


# Two ways, one result


def test_the_same_seed_gives_the_same_bits(split, seeded):
    def run():
        model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Tanh(), nn.Linear(8, 1))
        generator = torch.Generator().manual_seed(1)
        history = fit(
            model,
            split.train,
            split.val,
            optimizer=torch.optim.Adam(model.parameters(), lr=1e-2),
            epochs=20,
            batch_size=4,
            generator=generator,
        )
        return model, history

    (model, history), (twin, twin_history) = seeded(0, run), seeded(0, run)
    assert history == twin_history
    assert_same_bits(model, twin)
    other_history = seeded(1, run)[1]
    assert history != other_history


def test_without_a_generator_the_global_one_draws_the_order(split, seeded):
    def run(generator=None):
        model = nn.Linear(1, 1)
        with torch.no_grad():
            model.weight.fill_(1.0)
            model.bias.fill_(0.0)
        torch.manual_seed(7)
        fit(model, split.train, optimizer=sgd(model), epochs=3, batch_size=2, generator=generator)
        return model

    twin = seeded(0, lambda: run(torch.Generator().manual_seed(7)))
    assert_same_bits(seeded(0, run), twin)


def test_nothing_is_drawn_globally_where_nothing_is_random(split, generator):
    model = network()
    before = torch.get_rng_state()
    fit(model, split.train, split.val, optimizer=sgd(model), epochs=2)
    fit(model, split.train, optimizer=sgd(model), epochs=2, batch_size=4, generator=generator)
    assert torch.equal(torch.get_rng_state(), before)


def test_two_runs_in_a_row_are_one_longer_run(split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    optimizer = sgd(model, momentum=0.9)
    parts = [fit(model, split.train, optimizer=optimizer, epochs=epochs) for epochs in (7, 13)]
    whole = fit(twin, split.train, optimizer=sgd(twin, momentum=0.9), epochs=20)
    assert torch.equal(torch.cat([part.train_loss for part in parts]), whole.train_loss)
    assert_same_bits(model, twin)


def test_validation_does_not_change_the_training(split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    with_val = fit(model, split.train, split.val, optimizer=sgd(model), epochs=10)
    without = fit(twin, split.train, optimizer=sgd(twin), epochs=10)
    assert torch.equal(with_val.train_loss, without.train_loss)
    assert without.val_loss is None
    assert_same_bits(model, twin)


def test_validation_batches_give_the_loss_of_all_their_rows(readings, seeded):
    split = readings.to(dtype=torch.float64).split_at([1, 3, 5, 7, 10])
    model, twin = (seeded(0, lambda: network(torch.float64)) for _ in range(2))
    whole = fit(model, split.train, split.val, optimizer=sgd(model), epochs=5)
    loader = DataLoader(split.val, batch_size=2)  # 2, 2 and 1 rows
    parts = fit(twin, split.train, loader, optimizer=sgd(twin), epochs=5)
    assert_close(parts.val_loss, whole.val_loss, rtol=1e-13, atol=0)


def test_a_list_of_batches_is_gone_through_each_epoch(split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    history = fit(model, [split.train[:]], [split.val[:]], optimizer=sgd(model), epochs=5)
    expected = fit(twin, split.train, split.val, optimizer=sgd(twin), epochs=5)
    assert history == expected


def test_old_gradients_do_not_count(split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    (100 * model(split.train.inputs).sum()).backward()
    fit(model, split.train, optimizer=sgd(model), epochs=1)
    fit(twin, split.train, optimizer=sgd(twin), epochs=1)
    assert_same_bits(model, twin)


def test_frozen_parameters_need_not_be_in_the_optimizer_and_stay(split, seeded):
    model = seeded(0, network)
    model.hidden_linear.requires_grad_(False)
    before = model.hidden_linear.weight.clone()
    optimizer = sgd(model.output_linear, 1e-3)
    history = fit(model, split.train, optimizer=optimizer, epochs=5)
    assert torch.equal(model.hidden_linear.weight, before)
    assert history.train_loss[-1] < history.train_loss[0]


def test_losses_carry_no_graph(split):
    model = network()
    history = fit(model, split.train, split.val, optimizer=sgd(model), epochs=2)
    assert not history.train_loss.requires_grad
    assert not history.val_loss.requires_grad


# Modes


def test_validation_runs_in_eval_mode_and_without_a_graph(split):
    model = Watching()
    fit(model, split.train, split.val, optimizer=sgd(model), epochs=3)
    epochs = model.calls[-6:]
    assert epochs == [(2, False, False), (9, True, True)] * 3
    assert all(not training and not graph for _, training, graph in model.calls[:-6])


def test_the_training_loss_is_measured_in_train_mode_even_if_the_model_came_in_eval(split):
    model = Watching().eval()
    fit(model, split.train, optimizer=sgd(model), epochs=2)
    assert model.calls[-2:] == [(9, True, True)] * 2
    assert not model.training
    assert not model.linear.training


def frozen_in_part():
    """Return a model of which one module is in another mode than the rest."""
    model = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 1))
    model[1].eval()
    return model


MODES = [True, True, False, True, True]


def test_each_module_is_put_back_in_the_mode_it_came_in(split):
    model = frozen_in_part()
    fit(model, split.train, split.val, optimizer=sgd(model), epochs=2)
    assert [module.training for module in model.modules()] == MODES


@pytest.mark.parametrize("at_epoch", [1, 2])
def test_each_module_is_put_back_after_an_error(at_epoch, split):
    model = frozen_in_part()

    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(
            model,
            split.train,
            split.val,
            optimizer=sgd(model),
            epochs=3,
            callbacks=[At(at_epoch, fail)],
        )
    assert [module.training for module in model.modules()] == MODES


def test_each_module_is_put_back_after_an_error_in_validation(split):
    class Failing(nn.Linear):
        def forward(self, inputs):
            if not self.training and len(inputs) == 3:
                raise ZeroDivisionError
            return super().forward(inputs)

    model = nn.Sequential(nn.Dropout().eval(), Failing(1, 1))
    with pytest.raises(ZeroDivisionError):
        fit(model, split.train, [split.train[:3]], optimizer=sgd(model), epochs=3)
    assert [module.training for module in model.modules()] == [True, False, True]


@pytest.mark.parametrize("in_training", [True, False], ids=["training", "validation"])
def test_an_error_of_the_models_own_is_passed_on_as_it_is(in_training, readings):
    class Failing(nn.Linear):
        def forward(self, inputs):
            if self.training is in_training and len(inputs) > 2:  # 2 rows were tried before the run
                raise RuntimeError("mine")
            return super().forward(inputs)

    model, split = Failing(1, 1), readings.split_at([1, 3, 5])
    with pytest.raises(RuntimeError, match=r"^mine$"):
        fit(model, split.train, split.val, optimizer=sgd(model), epochs=3)


def test_running_statistics_come_from_training_rows_alone(split):
    model = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1))
    fit(model, split.train, split.val, optimizer=sgd(model), epochs=3)
    twin = nn.BatchNorm1d(1)
    for _ in range(3):
        twin(split.train.inputs)
    assert torch.equal(model[0].running_mean, twin.running_mean)
    assert torch.equal(model[0].running_var, twin.running_var)


# Devices


@pytest.mark.parametrize("kind", ["samples", "loader"])
@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_batches_are_moved_to_the_gpu_of_the_model(kind, split):
    model = network().cuda()
    train, val = split.train, split.val
    if kind == "loader":
        train, val = DataLoader(train, batch_size=4), DataLoader(val, batch_size=4)
    history = fit(model, train, val, optimizer=sgd(model), epochs=3)
    assert not history.train_loss.is_cuda
    assert not history.val_loss.is_cuda
    assert history.train_loss[-1] < history.train_loss[0]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_a_generator_on_the_cpu_draws_the_same_order_for_a_model_on_the_gpu(split, seeded):
    histories = [
        fit(
            model,
            split.train,
            optimizer=sgd(model),
            epochs=3,
            batch_size=2,
            generator=torch.Generator().manual_seed(0),
        )
        for model in (seeded(0, network), seeded(0, network).cuda())
    ]
    assert_close(histories[0].train_loss, histories[1].train_loss, rtol=1e-4, atol=0)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_a_generator_on_the_gpu_draws_the_order(split, seeded):
    def weights(seed):
        model = seeded(0, network).cuda()
        draws = torch.Generator("cuda").manual_seed(seed)
        fit(model, split.train, optimizer=sgd(model), epochs=3, batch_size=2, generator=draws)
        return model.output_linear.weight

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_batches_are_moved_to_the_device_of_the_model(split):
    devices = []

    def loss(outputs, targets):
        devices.append((outputs.device.type, targets.device.type))
        return torch.ones((), requires_grad=True)  # a value on "meta" could not be looked at

    model = nn.Linear(1, 1).to("meta")
    batches = [split.train[:4], split.train[4:]]
    fit(model, batches, [split.val[:]], optimizer=sgd(model), epochs=2, loss=loss)
    assert devices == [("meta", "meta")] * 6


# Progress


def test_a_bar_shows_epochs_and_losses_if_asked(split, capsys):
    model = network()
    fit(model, split.train, split.val, optimizer=sgd(model), epochs=7, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "7/7" in shown.err
    assert re.search(r"[ ?\d](epoch/s|s/epoch)", shown.err)
    assert "training loss" in shown.err
    assert "validation loss" in shown.err


def test_a_bar_without_validation_shows_the_training_loss_alone(split, capsys):
    model = network()
    history = fit(model, split.train, optimizer=sgd(model), epochs=1, progress=True)
    shown = capsys.readouterr().err
    assert f"training loss {history.train_loss[0]:.4g}" in shown
    assert "validation" not in shown


def test_a_bar_is_not_drawn_anew_for_each_epoch(split, capsys, monkeypatch):
    monkeypatch.setattr(tqdm.std, "time", lambda: 100.0)  # it is drawn by the clock
    model = network()
    fit(model, split.train, split.val, optimizer=sgd(model), epochs=20, progress=True)
    assert capsys.readouterr().err.count("/20 ") == 2  # at the start and at the end


def test_nothing_is_printed_unless_asked(split, capsys):
    model = network()
    fit(model, split.train, split.val, optimizer=sgd(model), epochs=2)
    assert capsys.readouterr() == ("", "")


# A loss that is no longer finite


def until_not_finite(model, batches, optimizer):
    """Train by hand up to the first loss that is not finite, and return the losses before it."""
    losses = []
    while True:
        for inputs, targets in batches():
            value = nn.functional.mse_loss(model(inputs), targets)
            if not value.isfinite():
                return losses
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            losses.append(value.item())


def test_divergence_ends_the_run_before_the_update_that_it_would_lead_to(split, seeded):
    model, twin = (seeded(0, lambda: nn.Linear(1, 1)) for _ in range(2))
    with pytest.raises(DivergenceError, match="the training loss of epoch") as caught:
        fit(model, split.train, split.val, optimizer=sgd(model, 1.0), epochs=1000)
    losses = until_not_finite(twin, one_batch(split.train), sgd(twin, 1.0))
    history = caught.value.history
    assert 3 < len(losses) < 100
    assert torch.equal(history.train_loss, torch.tensor(losses))
    assert history.val_loss.isfinite().all()
    assert_same_bits(model, twin)
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    message = str(caught.value)
    assert f"the training loss of epoch {len(losses) + 1}, step 1, is inf; " in message
    assert f"the last was {losses[-1]:.4g}. Not finite first: the loss itself." in message
    assert "a learning rate that is too large, or inputs that are not scaled" in message


def test_divergence_in_a_mini_batch_keeps_the_updates_before_it(split, seeded):
    model, twin = (seeded(0, lambda: nn.Linear(1, 1)) for _ in range(2))
    batches = [split.train[:2], split.train[2:4], split.train[4:]]
    with pytest.raises(DivergenceError, match="training loss") as caught:
        fit(model, batches, optimizer=sgd(model, 1.0), epochs=1000)
    losses = until_not_finite(twin, lambda: batches, sgd(twin, 1.0))
    assert len(losses) % 3 != 0, "the bad batch was to be within an epoch"
    assert len(caught.value.history) == len(losses) // 3
    assert caught.value.history.val_loss is None
    assert_same_bits(model, twin)


def test_divergence_of_the_validation_loss_is_seen_before_the_update(split, seeded):
    def start():
        model = nn.Linear(1, 1)
        nn.init.zeros_(model.weight)
        nn.init.zeros_(model.bias)
        return model

    model, twin = (seeded(0, start) for _ in range(2))
    far = Samples(torch.tensor([[1e25]]), torch.tensor([[3.0]]))
    with pytest.raises(DivergenceError, match="the validation loss of epoch 2 is inf") as caught:
        fit(model, split.train, far, optimizer=sgd(model), epochs=10)
    expected = fit(twin, split.train, optimizer=sgd(twin), epochs=1)
    assert torch.equal(caught.value.history.train_loss, expected.train_loss)
    assert caught.value.history.val_loss.tolist() == [9.0]
    assert_same_bits(model, twin)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("kind", ["training", "validation"])
def test_divergence_at_the_start_changes_nothing(kind, bad, split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    val = split.val if kind == "validation" else None

    def loss(outputs, targets):
        return nn.functional.mse_loss(outputs, targets) * bad

    step = ", step 1," if kind == "training" else ""
    message = rf"the {kind} loss of epoch 1{step} is {bad}\. Not finite first: the loss itself\."
    with pytest.raises(DivergenceError, match=message) as caught:
        fit(model, split.train, val, optimizer=sgd(model), epochs=10, loss=loss)
    history = caught.value.history
    assert len(history) == 0
    assert (history.val_loss is None) == (val is None)
    assert_same_bits(model, twin)


WHERE = {
    "the inputs of the batch (nan)": "inputs",
    "the targets of the batch (nan)": "targets",
    "the parameter hidden_linear.weight (nan)": "hidden_linear.weight",
    "the parameter output_linear.bias (nan)": "output_linear.bias",
    "the buffer scale": "scale",
    "the output of hidden_linear (nan)": "hidden_linear",
    "the output of hidden_activation (nan)": "hidden_activation",
    "the output of output_linear (nan)": "output_linear",
    "the loss itself": "loss",
}


class Poisoned:
    """Three batches, and a way to put a nan into one tensor of one step."""

    def __init__(self, where, epoch, step):
        self.where, self.epoch, self.step = where, epoch, step
        self.model = mlp(1, 4, 1).to(torch.float64)
        self.model.register_buffer("scale", torch.ones(3, dtype=torch.float64))
        self.is_now, self.epochs, self.before = False, 0, None
        for name, module in self.model.named_children():
            module.register_forward_hook(lambda *call, name=name: self.spoiled(name, call[-1]))

    def spoiled(self, name, tensor):
        return tensor * math.nan if self.is_now and name == self.where else tensor

    def __iter__(self):
        self.epochs += 1
        for step in (1, 2, 3):
            inputs = torch.tensor([[0.1], [0.5 * step]], dtype=torch.float64)
            self.is_now = (self.epochs, step) == (self.epoch, self.step)
            if self.is_now:
                self.before = {k: v.clone() for k, v in self.model.state_dict().items()}
                if self.where in self.before:
                    self.before[self.where].view(-1)[-1] = math.nan
                    self.model.load_state_dict(self.before)
            yield self.spoiled("inputs", inputs), self.spoiled("targets", 2 * inputs)
        self.is_now = False

    def loss(self, outputs, targets):
        return self.spoiled("loss", nn.functional.mse_loss(outputs, targets))


@pytest.mark.parametrize("message", WHERE)
@given(epoch=st.integers(1, 4), step=st.integers(1, 3))
@settings(max_examples=8)
def test_what_is_not_finite_first_is_named_with_epoch_and_step(message, epoch, step):
    poisoned = Poisoned(WHERE[message], epoch, step)
    if poisoned.where == "scale":  # a buffer that no module uses does no harm to the loss
        poisoned.spoiled = lambda name, tensor: (
            tensor * poisoned.model.scale.sum() if name == "loss" else tensor
        )
    random_before = torch.get_rng_state()
    optimizer = torch.optim.Adam(poisoned.model.parameters())
    with pytest.raises(DivergenceError) as caught:
        fit(poisoned.model, poisoned, optimizer=optimizer, epochs=9, loss=poisoned.loss)
    text = str(caught.value)
    assert f"the training loss of epoch {epoch}, step {step}, is nan" in text
    assert f"Not finite first: {message}." in text
    assert len(caught.value.history) == epoch - 1
    for name, value in poisoned.model.state_dict().items():
        assert_close(value, poisoned.before[name], rtol=0, atol=0, equal_nan=True)
    assert torch.equal(torch.get_rng_state(), random_before)


def test_looking_for_what_is_not_finite_leaves_buffers_and_generators(split):
    model = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Linear(4, 1))

    def loss(outputs, targets):
        after.append([torch.get_rng_state(), model[1].running_mean.clone()])
        return nn.functional.mse_loss(outputs, targets) * (math.nan if len(after) == 4 else 1)

    after = []
    with pytest.raises(DivergenceError, match=r"epoch 3, step 1, is nan.*first: the loss itself"):
        fit(model, split.train, optimizer=sgd(model), epochs=5, loss=loss)
    assert torch.equal(torch.get_rng_state(), after[-1][0])
    assert torch.equal(model[1].running_mean, after[-1][1])
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_looking_for_what_is_not_finite_leaves_the_generator_of_the_gpu(split):
    states = []

    def loss(outputs, targets):
        states.append(torch.cuda.get_rng_state())
        return nn.functional.mse_loss(outputs, targets) * math.nan

    model = nn.Sequential(nn.Linear(1, 4), nn.Dropout(0.2), nn.Linear(4, 1)).cuda()
    batches = [split.train[:]]  # not probed
    with pytest.raises(DivergenceError, match=r"epoch 1, step 1, is nan"):
        fit(model, batches, optimizer=sgd(model), epochs=5, loss=loss)
    assert torch.equal(torch.cuda.get_rng_state(), states[-1])


def test_a_mask_of_minus_infinity_is_not_blamed(split):
    model = nn.Sequential(nn.Linear(1, 1))
    model.register_buffer("mask", torch.tensor([0.0, -math.inf]))
    message = r"Not finite first: the output of 0 \(inf\)\."
    with torch.no_grad():
        model[0].weight.fill_(1e38)
    with pytest.raises(DivergenceError, match=message):
        fit(model, split.train, optimizer=sgd(model), epochs=5)


def test_divergence_without_a_known_origin_says_nothing_of_it():
    error = divergence("training", math.inf, nnbook.History(torch.tensor([2.0, 3.0])))
    message = "the training loss of epoch 3 is inf; the last was 3. The usual cause is a learning"
    assert str(error).startswith(message)


def test_divergence_is_an_arithmetic_error():
    assert issubclass(DivergenceError, ArithmeticError)


# Ctrl-C


@pytest.fixture
def default_handler():
    """Let Ctrl-C raise KeyboardInterrupt, as in a program that was started by hand."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt():
    signal.raise_signal(signal.SIGINT)


class Interrupting:
    """A loss that presses Ctrl-C when it is called for the nth time."""

    def __init__(self, *at_calls):
        self.at_calls, self.calls = at_calls, 0

    def __call__(self, outputs, targets):
        self.calls += 1
        if self.calls in self.at_calls:
            interrupt()
        return nn.functional.mse_loss(outputs, targets)


@pytest.mark.usefixtures("default_handler")
def test_ctrl_c_within_an_epoch_waits_for_its_end(split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    batches = [split.train[:4], split.train[4:7], split.train[7:]]
    loss = Interrupting(3 * 4 + 2)  # in the second batch of epoch 5
    with pytest.raises(TrainingInterrupted, match="interrupted after epoch 5") as caught:
        fit(model, batches, optimizer=sgd(model), epochs=1000, loss=loss)
    expected = fit(twin, batches, optimizer=sgd(twin), epochs=5)
    assert caught.value.history == expected
    assert_same_bits(model, twin)


@pytest.mark.usefixtures("default_handler")
def test_ctrl_c_in_a_callback_waits_for_the_others(split, seeded):
    model, twin = (seeded(0, network) for _ in range(2))
    seen = []
    callbacks = [At(3, interrupt), At(3, lambda: seen.append(3))]
    with pytest.raises(TrainingInterrupted, match="interrupted after epoch 3") as caught:
        fit(model, split.train, split.val, optimizer=sgd(model), epochs=9, callbacks=callbacks)
    assert seen == [3]
    assert caught.value.history == fit(twin, split.train, split.val, optimizer=sgd(twin), epochs=3)
    assert_same_bits(model, twin)


def test_an_interruption_is_a_keyboard_interrupt():
    assert issubclass(TrainingInterrupted, KeyboardInterrupt)


@pytest.mark.usefixtures("default_handler")
@pytest.mark.parametrize("ending", ["end", "stop", "ctrl-c", "error"])
def test_the_handler_of_ctrl_c_is_put_back(ending, split):
    during = []

    def action():
        during.append(signal.getsignal(signal.SIGINT))
        if ending == "ctrl-c":
            interrupt()
        if ending == "error":
            raise ZeroDivisionError
        return Stop("enough") if ending == "stop" else None

    model = network()
    errors = {"ctrl-c": TrainingInterrupted, "error": ZeroDivisionError}
    with pytest.raises(errors[ending]) if ending in errors else nullcontext():
        fit(model, split.train, optimizer=sgd(model), epochs=2, callbacks=[At(1, action)])
    assert len(during) == 1
    assert during[0] is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_programs_own_is_left_in_charge(split):
    heard = []

    def handler(signum, frame):
        heard.append(signum)

    before = signal.signal(signal.SIGINT, handler)
    try:
        model = network()
        callbacks = [At(2, interrupt)]
        history = fit(model, split.train, optimizer=sgd(model), epochs=4, callbacks=callbacks)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
    assert len(history) == 4


@pytest.mark.usefixtures("default_handler")
def test_ctrl_c_is_not_held_outside_the_main_thread(split):
    during, results = [], []
    model = network()
    callbacks = [At(1, lambda: during.append(signal.getsignal(signal.SIGINT)))]

    def run():
        history = fit(model, split.train, optimizer=sgd(model), epochs=3, callbacks=callbacks)
        results.append(history)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert [len(history) for history in results] == [3]
    assert during == [signal.default_int_handler]


def interrupted_twice(split, monkeypatch, seconds):
    """Press Ctrl-C in the second and third of four batches, some seconds apart."""
    clock = iter([100.0, 100.0 + seconds])
    monkeypatch.setattr(_interrupts, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    batches = [split.train[:2], split.train[2:4], split.train[4:6], split.train[6:]]
    model, loss = network(), Interrupting(2, 3)
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(model, batches, optimizer=sgd(model), epochs=9, loss=loss)
    return type(caught.value), loss.calls


@pytest.mark.usefixtures("default_handler")
def test_a_second_ctrl_c_after_more_than_a_second_does_not_wait(split, monkeypatch):
    assert interrupted_twice(split, monkeypatch, 1.5) == (KeyboardInterrupt, 3)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("default_handler")
@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_a_second_ctrl_c_within_a_second_is_the_same_one(seconds, split, monkeypatch):
    assert interrupted_twice(split, monkeypatch, seconds) == (TrainingInterrupted, 4)


SCRIPT = """
import signal, sys, torch, nnbook
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background

class Ready(nnbook.Callback):
    def on_epoch_end(self, run):
        if run.epoch == 10:
            print("ready", flush=True)

def start():
    torch.manual_seed(0)
    model = nnbook.mlp(1, 13, 1)
    return model, torch.optim.SGD(model.parameters(), lr=1e-6)

torch.set_num_threads(1)
data = nnbook.load_thermometer()
model, optimizer = start()
try:
    nnbook.fit(model, data, optimizer=optimizer, epochs=10**9, callbacks=[Ready()])
except nnbook.TrainingInterrupted as interrupted:
    history = interrupted.history
twin, optimizer = start()
assert nnbook.fit(twin, data, optimizer=optimizer, epochs=len(history)) == history
assert all(map(torch.equal, model.parameters(), twin.parameters()))
print("as of epoch", len(history))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_a_program_may_go_on_with_the_epochs_before_ctrl_c(tmp_path):
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as program:
        try:
            assert program.stdout.readline() == "ready\n"
            program.send_signal(signal.SIGINT)
            rest, _ = program.communicate(timeout=30)
        finally:
            program.kill()
    assert program.returncode == 0
    assert rest.startswith("as of epoch ")
    assert int(rest.split()[-1]) >= 10


# What is refused, and changes nothing


class State:
    """All that a refused call must not change."""

    def __init__(self, model, optimizer, generator):
        self.model, self.optimizer, self.generator = model, optimizer, generator
        self.before = self.now()

    def now(self):
        return {
            "parameters": [value.clone() for value in self.model.state_dict().values()],
            "gradients": [
                parameter.grad.clone()
                for parameter in self.model.parameters()
                if parameter.grad is not None
            ],
            "modes": [module.training for module in self.model.modules()],
            "optimizer": [
                value.clone()
                for entries in self.optimizer.state.values()
                for value in entries.values()
                if isinstance(value, torch.Tensor)
            ],
            "generators": [torch.get_rng_state(), self.generator.get_state()],
            "ctrl-c": signal.getsignal(signal.SIGINT),
        }

    def assert_unchanged(self):
        for name, value in self.now().items():
            before = self.before[name]
            if name in {"modes", "ctrl-c"}:
                assert value == before, name
                continue
            assert len(value) == len(before) > 0, name
            assert all(map(torch.equal, value, before)), name


class Bare(nn.Module):
    """A model of given outputs, with state of every kind: batch norm, dropout and modes."""

    def __init__(self, n_in=1, n_out=1):
        super().__init__()
        self.norm = nn.BatchNorm1d(n_in)
        self.dropout = nn.Dropout()
        self.linear = nn.Linear(n_in, n_out)

    def forward(self, inputs):
        return self.linear(self.dropout(self.norm(inputs)))


class Flat(Bare):
    """Return (batch,), where (batch, 1) is wanted."""

    def forward(self, inputs):
        return super().forward(inputs).squeeze(1)


def with_state(model):
    """Return an optimizer that has taken a step, and a model whose dropout is frozen."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    (model(torch.randn(4, model.norm.num_features)) ** 2).sum().backward()
    optimizer.step()
    model.dropout.eval()
    return optimizer


@pytest.fixture
def attempt(split, generator, refused):
    """Give a function that calls `fit` with changed arguments and expects a refusal."""

    def call(changes, error, message, model=None):
        model = Bare() if model is None else model
        arguments = {
            "model": model,
            "train": split.train,
            "val": split.val,
            "optimizer": with_state(model),
            "epochs": 3,
            "generator": generator,
        }
        state = State(model, arguments["optimizer"], generator)
        with refused(error, message):
            fit(**(arguments | changes))
        state.assert_unchanged()

    return call


NOT_COUNTS = [
    (0, ValueError),
    (-1, ValueError),
    (2.5, TypeError),
    (True, TypeError),
    ("5", TypeError),
    (torch.tensor([1, 2]), TypeError),
]


@pytest.mark.unchecked
@pytest.mark.parametrize("name", ["epochs", "batch_size"])
@pytest.mark.parametrize(("value", "error"), NOT_COUNTS, ids=str)
def test_what_is_no_count_is_refused(name, value, error, attempt):
    shown = "an int64 tensor" if isinstance(value, torch.Tensor) else repr(value)
    attempt({name: value}, error, f"`{name}` must be a positive whole number, got {shown}")


@pytest.mark.unchecked
def test_no_epochs_at_all_are_refused(attempt):
    attempt({"epochs": None}, TypeError, "`epochs` must be a positive whole number, got None.")


@pytest.mark.unchecked
@pytest.mark.parametrize("model", [None, torch.tanh, nn.Linear], ids=["none", "function", "class"])
def test_what_is_no_model_is_refused(model, attempt):
    attempt({"model": model}, TypeError, "`model` must be a torch.nn.Module, got ")


@pytest.mark.parametrize("frozen", [nn.Linear(1, 1).requires_grad_(False), nn.Tanh()], ids=str)
def test_a_model_with_nothing_to_train_is_refused(frozen, attempt):
    message = "`model` must have parameters that train, got none. `requires_grad_(True)`"
    attempt({"model": frozen}, ValueError, message)


@pytest.mark.unchecked
@pytest.mark.parametrize("optimizer", ["sgd", torch.optim.SGD, None], ids=["name", "class", "none"])
def test_what_is_no_optimizer_is_refused(optimizer, attempt):
    message = "`optimizer` must be a torch.optim.Optimizer, got …. For example `torch.optim.SGD("
    attempt({"optimizer": optimizer}, TypeError, message)


def test_the_optimizer_of_another_model_is_refused(attempt):
    message = (
        "`optimizer` must hold every parameter of `model` that trains, got one without "
        "norm.weight, norm.bias, linear.weight, linear.bias. Make the optimizer from"
    )
    attempt({"optimizer": sgd(network())}, ValueError, message)


def test_an_optimizer_from_before_a_layer_was_replaced_is_refused(attempt):
    model = Bare()
    stale = sgd(model)
    model.linear = nn.Linear(1, 1)
    message = "got one without linear.weight, linear.bias. Make the optimizer from"
    attempt({"optimizer": stale}, ValueError, message, model)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (nn.MSELoss, TypeError, "`loss` must take outputs and targets, got …. Pass `nn.MSELoss()`"),
        ("mse", TypeError, "`loss` must take outputs and targets, got 'mse'."),
        (
            nn.MSELoss(reduction="none"),
            ValueError,
            "`loss` must return one number, got a float32 tensor of shape (2, 1). A loss with red",
        ),
        (
            lambda outputs, targets: ((outputs - targets) ** 2).mean().item(),
            ValueError,
            "`loss` must return one number, got ",
        ),
    ],
    ids=["class", "name", "not reduced", "float"],
)
def test_what_is_no_loss_is_refused(loss, error, message, attempt):
    attempt({"loss": loss}, error, message)


def batches_once(split):
    yield split.train[:]


@pytest.mark.unchecked
@pytest.mark.parametrize("name", ["train", "val"])
@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (batches_once, (TypeError, "must be Samples, or an iterable of …, got <generator")),
        (
            lambda split: split.train.inputs,
            (TypeError, "must be Samples, or an iterable of …, got"),
        ),
        (lambda _: 5, (TypeError, "must be Samples, or an iterable of (inputs, targets) batches")),
        (lambda _: np.array(5.0), (TypeError, "must be Samples, or an iterable of …, got array(5")),
        (lambda _: [], (ValueError, "must give at least one batch in each epoch, got none.")),
        (lambda split: split.train[:], (TypeError, "must give (inputs, targets) pairs, got a fl")),
        (lambda split: [split.train.inputs[:2]], (TypeError, "must give (inputs, targets) pairs")),
        (lambda split: [(*split.train[:], 1.0)], (TypeError, "must give (inputs, targets) pairs")),
        (lambda _: [([1.0], [2.0])], (TypeError, "must give pairs of tensors with rows, got ([1")),
        (
            lambda split: [(split.train.inputs, [2.0])],
            (TypeError, "must give pairs of tensors with rows, got (tensor("),
        ),
        (lambda split: [split.train[:0]], (TypeError, "must give pairs of tensors with rows, got")),
    ],
    ids=[
        "generator",
        "tensor",
        "number",
        "array of one number",
        "empty",
        "two tensors",
        "two rows",
        "triple",
        "lists",
        "tensor and list",
        "no rows",
    ],
)
def test_what_gives_no_batches_is_refused(name, make, refusal, split, attempt):
    error, message = refusal
    attempt({name: make(split)}, error, f"`{name}` {message}")


def test_an_iterable_that_ends_for_good_is_refused_in_the_second_epoch(split, refused):
    class Once:
        def __init__(self):
            self.batches = [split.train[:]]

        def __iter__(self):
            while self.batches:
                yield self.batches.pop()

    model = network()
    with refused(ValueError, "`train` must give at least one batch in each epoch, got none. An it"):
        fit(model, Once(), optimizer=sgd(model), epochs=2)


def test_a_batch_size_beside_a_data_loader_is_refused(split, attempt):
    loader = DataLoader(split.train, batch_size=4)
    message = "`batch_size` must be None if `train` gives batches, got 4. The iterable decides"
    attempt({"train": loader, "batch_size": 4}, ValueError, message)


@pytest.mark.parametrize("name", ["train", "val"])
def test_another_floating_type_than_the_models_is_refused(name, split, attempt):
    changes = {name: getattr(split, name).to(dtype=torch.float64)}
    message = f"`model` must accept inputs like `{name}.inputs`, a float64 tensor of shape ("
    attempt(changes, ValueError, message)


@pytest.mark.parametrize("name", ["train", "val"])
def test_another_number_of_columns_than_the_models_is_refused(name, split, attempt):
    part = getattr(split, name)
    changes = {name: part.with_inputs(part.inputs.repeat(1, 2))}
    message = f"`model` must accept inputs like `{name}.inputs`, a float32 tensor of shape ("
    attempt(changes, ValueError, message)


@pytest.mark.parametrize(("make", "shape"), [(Flat, "(2,)"), (lambda: Bare(1, 2), "(2, 2)")])
@pytest.mark.parametrize("batches", [False, True], ids=["samples", "batches"])
def test_outputs_of_another_shape_than_the_targets_are_refused(
    make, shape, batches, split, attempt
):
    val = [split.val[:]] if batches else split.val
    name = "val" if batches else "train"
    train = [split.train[:]] if batches else split.train
    message = f"`model` must return the shape of the targets of `{name}`, (batch, 1), got {shape}."
    attempt({"train": train, "val": val}, ValueError, message, make())


def test_training_outputs_of_another_shape_are_refused_in_a_batch_too(split, refused):
    model = Flat()
    batches = [split.train[:4]]
    with refused(ValueError, "`model` must return the shape of the targets of `train`, (batch, 1)"):
        fit(model, batches, optimizer=sgd(model), epochs=1)


def classes_up_to(largest):
    # The largest class number stands in the last row: the first rows alone do not show it.
    inputs = torch.linspace(-1, 1, 6).unsqueeze(1)
    return Samples(inputs, torch.tensor([0, 1, 0, 1, 0, largest]))


@pytest.mark.parametrize("name", ["train", "val"])
@pytest.mark.parametrize("batches", [False, True], ids=["samples", "batches"])
def test_a_class_number_without_an_output_is_refused(name, batches, attempt):
    changes = {"train": classes_up_to(2), "val": classes_up_to(2), "loss": nn.CrossEntropyLoss()}
    changes[name] = classes_up_to(3)
    if batches:
        changes[name] = [changes[name][:]]
        changes["val"] = changes[name]  # it is measured first
    shown = "val" if batches else name
    rows = 6 if batches else 2
    message = (
        f"`model` must have more outputs than the largest class number of `{shown}`, 3, "
        f"got ({rows}, 3). Class numbers count from 0"
    )
    attempt(changes, ValueError, message, Bare(1, 3))


def test_class_numbers_need_outputs_in_columns(attempt):
    changes = {"train": classes_up_to(1), "val": None, "loss": nn.CrossEntropyLoss()}
    message = "`model` must have more outputs than the largest class number of `train`, 1, got (2,)"
    attempt(changes, ValueError, message, Flat())


MEAN_SQUARE = (
    "`loss` must take class numbers, as the targets of `train` are, got the mean squared error. "
    "`nn.CrossEntropyLoss()` does."
)


@pytest.mark.parametrize("loss", [{}, {"loss": nn.MSELoss()}], ids=["default", "module"])
def test_the_mean_squared_error_of_class_numbers_is_refused(loss, attempt):
    changes = {"train": classes_up_to(1), "val": None} | loss
    attempt(changes, ValueError, MEAN_SQUARE, Bare(1, 2))


def test_the_mean_squared_error_of_a_batch_of_class_numbers_is_refused(refused):
    # Two rows of two outputs against two class numbers would be broadcast to a wrong loss.
    model = nn.Linear(1, 2)
    with refused(ValueError, MEAN_SQUARE):
        fit(model, [classes_up_to(1)[:2]], optimizer=sgd(model), epochs=1)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    "callback", [print, EarlyStopping, None], ids=["function", "class", "none"]
)
def test_what_is_no_callback_is_refused(callback, attempt):
    message = "`callbacks` must hold Callback objects, got …. A subclass of `nnbook.Callback`"
    attempt({"callbacks": [callback]}, TypeError, message)


def test_early_stopping_without_validation_is_refused(attempt):
    changes = {"val": None, "callbacks": [EarlyStopping(3)]}
    attempt(changes, ValueError, "`val` must be given with EarlyStopping, got None.")


def test_unscaled_readings_diverge_at_the_learning_rate_of_the_scaled(seeded):
    model = seeded(0, lambda: nn.Linear(1, 1))
    with pytest.raises(DivergenceError, match="inputs that are not scaled"):
        fit(model, load_thermometer(), optimizer=sgd(model, 1e-2), epochs=100)


@pytest.mark.usefixtures("default_handler")
def test_ctrl_c_while_the_callbacks_end_is_not_lost(split):
    class Late(nnbook.Callback):
        def on_end(self, run):
            signal.raise_signal(signal.SIGINT)

    model = nnbook.mlp(1, 3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    with pytest.raises(nnbook.TrainingInterrupted, match="at the end of the run") as caught:
        nnbook.fit(model, split.train, optimizer=optimizer, epochs=4, callbacks=[Late()])
    assert len(caught.value.history) == 4


@pytest.mark.unchecked
def test_a_callback_that_returns_something_else_than_a_stop_is_refused(split, refused):
    class Wrong(nnbook.Callback):
        def on_epoch_end(self, run):
            return True

    model = nnbook.mlp(1, 3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    with refused(TypeError, "`on_epoch_end` must return None or a Stop, got True."):
        nnbook.fit(model, split.train, optimizer=optimizer, epochs=4, callbacks=[Wrong()])


@pytest.mark.unchecked
def test_a_callback_that_is_not_in_a_list_is_refused(split, refused):
    model = nnbook.mlp(1, 3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    with refused(TypeError, "`callbacks` must hold Callback objects, got <nnbook"):
        nnbook.fit(
            model,
            split.train,
            split.val,
            optimizer=optimizer,
            epochs=4,
            callbacks=nnbook.EarlyStopping(3),
        )


# What does not fit at all


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.Linear(1, 1)

    def forward(self, inputs):
        return self.line(inputs), inputs


def changed_in_place(outputs, targets):
    powers = outputs.exp()
    value = (powers - targets).square().mean()
    powers.detach().zero_()
    return value


UNFIT = {
    "lazy": ({"model": nn.LazyLinear(1)}, "`model` must know the shapes of its parameters, got"),
    "meta": ({"model": nn.Linear(1, 1, device="meta")}, "`model` must hold values, got one on"),
    "pair": ({"model": Pair()}, "`model` must return a floating-point tensor, got ("),
    "layers": ({"model": nn.ModuleList([nn.Linear(1, 1)])}, "`model` must accept inputs like"),
    "flat": (
        {"loss": lambda outputs, targets: torch.tensor(1.0)},
        "`loss` must have a gradient at the model's outputs, got one that does not depend on them.",
    ),
    "apart": (
        {"loss": lambda outputs, targets: torch.ones((), requires_grad=True)},
        "`loss` must have a gradient at the model's outputs, got an error: ",
    ),
    "complex": (
        {"loss": lambda outputs, targets: outputs.sum() * 1j},
        "`loss` must return a real number, got a complex64 tensor of shape ().",
    ),
    "length": ({"loss": len}, "`loss` must take outputs of shape (2, 1) and a float32 tensor of"),
    "endless": (
        {"callbacks": itertools.repeat(nnbook.Callback())},
        "`callbacks` must hold Callback objects, got more than 1,000 of them.",
    ),
    "generator": ({"generator": 3}, "`generator` must be a torch.Generator, got 3."),
    "rows": ({"train": [(torch.ones(()), torch.ones(()))]}, "`train` must give pairs of tensors"),
    "sparse": (
        {"train": [(torch.eye(1).to_sparse(), torch.ones(1, 1))]},
        "`train` must be a dense tensor with values",
    ),
    "columns": (
        {"train": [(torch.ones(4, 2), torch.ones(4, 1))]},
        "`train` must give batches that model and loss accept, got an error: mat1 and mat2",
    ),
    "held out": (
        {"val": [(torch.ones(4, 2), torch.ones(4, 1))]},
        "`val` must give batches that model and loss accept, got an error: mat1 and mat2",
    ),
    "backward": (
        {"train": [(torch.ones(4, 1), torch.ones(4, 1))], "loss": changed_in_place},
        "`train` must give batches that model and loss accept, got an error: one of the variables",
    ),
    "bar": ({"progress": torch.ones(2)}, "`progress` must be True or False, got a float32 tensor"),
}


@pytest.mark.unchecked
@pytest.mark.parametrize("change", UNFIT)
def test_what_does_not_fit_is_refused_by_name_and_changes_nothing(change, split, refused):
    arguments, message = UNFIT[change]
    model = network()
    arguments = {"model": model, "train": split.train, "epochs": 2, **arguments}
    before = copy.deepcopy(model.state_dict())
    with refused((TypeError, ValueError), message):
        fit(optimizer=sgd(arguments["model"]), **arguments)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_step_that_the_optimizer_refuses_is_told_by_name(split, refused):
    model = network()
    optimizer = torch.optim.SparseAdam(model.parameters())
    with refused(ValueError, "`optimizer` must take a step with the model's gradients, got an"):
        fit(model, split.train, optimizer=optimizer, epochs=1)
