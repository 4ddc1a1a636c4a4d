"""Callbacks: when they are called, and the ones that the book uses."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import nnbook
from nnbook import (
    Callback,
    DivergenceError,
    EarlyStopping,
    GradientNorms,
    Run,
    Stop,
    TrainingInterrupted,
    fit,
    gradient_by_hand,
    mlp,
)
from nnbook.training import GradientCheck


def sgd(model, lr=1e-4):
    return torch.optim.SGD(model.parameters(), lr=lr)


class Diary(Callback):
    """Note each call, and what the run showed."""

    def __init__(self, name, pages, *, stop_at=0, fail_in=None, error=ZeroDivisionError):
        self.name, self.pages = name, pages
        self.stop_at, self.fail_in, self.error = stop_at, fail_in, error

    def note(self, call, run):
        self.pages.append((self.name, call, run.epoch, len(run.train_losses), run.failed))
        if call == self.fail_in:
            raise self.error

    def on_start(self, run):
        self.note("start", run)

    def on_epoch_end(self, run):
        self.note("epoch", run)
        return Stop(f"{self.name} has seen enough") if run.epoch == self.stop_at else None

    def on_end(self, run):
        self.note("end", run)


class Weights(Callback):
    """Note the weight of a line at the start and after each epoch."""

    def __init__(self):
        self.seen = []

    def on_start(self, run):
        self.seen.append(run.model.weight.item())

    def on_epoch_end(self, run):
        self.seen.append(run.model.weight.item())


# The protocol


def test_callbacks_are_called_in_turn_at_the_start_after_each_epoch_and_at_the_end(split):
    pages = []
    model = nn.Linear(1, 1)
    callbacks = [Diary("a", pages), Diary("b", pages)]
    fit(model, split.train, optimizer=sgd(model), epochs=2, callbacks=callbacks)
    assert pages == [
        ("a", "start", 0, 0, False),
        ("b", "start", 0, 0, False),
        ("a", "epoch", 1, 1, False),
        ("b", "epoch", 1, 1, False),
        ("a", "epoch", 2, 2, False),
        ("b", "epoch", 2, 2, False),
        ("a", "end", 2, 2, False),
        ("b", "end", 2, 2, False),
    ]


def test_callbacks_may_come_from_a_generator(split):
    pages = []
    model = nn.Linear(1, 1)
    callbacks = (Diary(name, pages) for name in "ab")
    fit(model, split.train, optimizer=sgd(model), epochs=1, callbacks=callbacks)
    assert [name for name, *_ in pages] == ["a", "b"] * 3


def test_the_run_shows_model_optimizer_and_losses(split):
    runs = []

    class Keep(Callback):
        def on_epoch_end(self, run):
            runs.append((run.epochs, run.has_val, run.model, run.optimizer))
            losses.append((run.train_losses[-1], run.val_losses[-1]))

    losses = []
    model = nn.Linear(1, 1)
    optimizer = sgd(model)
    history = fit(model, split.train, split.val, optimizer=optimizer, epochs=3, callbacks=[Keep()])
    assert runs == [(3, True, model, optimizer)] * 3
    assert losses == list(zip(history.train_loss.tolist(), history.val_loss.tolist(), strict=True))


def test_the_run_shows_no_validation_losses_where_nothing_is_held_out(split):
    class Keep(Callback):
        def on_end(self, run):
            self.run = run

    model, keep = nn.Linear(1, 1), Keep()
    fit(model, split.train, optimizer=sgd(model), epochs=3, callbacks=[keep])
    assert not keep.run.has_val
    assert keep.run.val_losses == []


def test_after_an_epoch_the_model_is_already_updated(split):
    model, weights = nn.Linear(1, 1), Weights()
    fit(model, split.train, optimizer=sgd(model), epochs=2, callbacks=[weights])
    assert len(set(weights.seen)) == 3
    assert weights.seen[-1] == model.weight.item()


def test_stop_ends_the_run_after_the_callbacks_of_that_epoch(split):
    pages = []
    model = nn.Linear(1, 1)
    callbacks = [Diary("a", pages, stop_at=2), Diary("b", pages)]
    history = fit(
        model, split.train, split.val, optimizer=sgd(model), epochs=9, callbacks=callbacks
    )
    assert history.stopped == "a has seen enough"
    assert len(history) == len(history.val_loss) == 2
    assert [page for page in pages if page[1:3] == ("epoch", 2)] == [
        ("a", "epoch", 2, 2, False),
        ("b", "epoch", 2, 2, False),
    ]
    assert pages[-2:] == [("a", "end", 2, 2, False), ("b", "end", 2, 2, False)]


@pytest.mark.parametrize("fail_in", ["start", "epoch"])
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_callbacks_are_told_of_an_error(fail_in, error, split):
    pages = []
    model = nn.Linear(1, 1)
    callbacks = [Diary("a", pages, fail_in=fail_in, error=error), Diary("b", pages)]
    with pytest.raises(error):
        fit(model, split.train, optimizer=sgd(model), epochs=2, callbacks=callbacks)
    epoch = 0 if fail_in == "start" else 1
    assert pages[-2:] == [
        ("a", "end", epoch, epoch, True),
        ("b", "end", epoch, epoch, True),
    ]


def test_callbacks_are_told_of_divergence(split):
    pages = []
    model = nn.Linear(1, 1)
    with pytest.raises(DivergenceError) as caught:
        fit(
            model,
            split.train,
            optimizer=sgd(model, 10.0),
            epochs=1000,
            callbacks=[Diary("a", pages)],
        )
    n_epochs = len(caught.value.history)
    assert pages[-1] == ("a", "end", n_epochs + 1, n_epochs, True)


def test_callbacks_are_told_of_an_interruption(split):
    pages = []
    model = nn.Linear(1, 1)
    interrupted = TrainingInterrupted("by a callback", nnbook.History(torch.zeros(0)))
    callbacks = [Diary("a", pages, fail_in="epoch", error=interrupted)]
    with pytest.raises(TrainingInterrupted, match="by a callback"):
        fit(model, split.train, optimizer=sgd(model), epochs=5, callbacks=callbacks)
    assert pages[-1] == ("a", "end", 1, 1, True)


def test_a_callback_that_overrides_nothing_changes_nothing(split, seeded):
    model, twin = (seeded(0, lambda: mlp(1, 5, 1)) for _ in range(2))
    history = fit(model, split.train, optimizer=sgd(model), epochs=5, callbacks=[Callback()])
    assert history == fit(twin, split.train, optimizer=sgd(twin), epochs=5)


# EarlyStopping


def best_before(losses, patience, min_delta):
    """Say at which epoch a run must end, and which was the best, by counting."""
    best_epoch, best = 0, math.inf
    for epoch, loss in enumerate(losses, start=1):
        if loss < best - min_delta:
            best_epoch, best = epoch, loss
        if epoch - best_epoch >= patience:
            return epoch, best_epoch
    return None, best_epoch


def feed(early, losses):
    """Call the callback as `fit` does, and return the epoch at which it stops."""
    model = nn.Linear(1, 1)
    run = Run(model, sgd(model), epochs=len(losses), has_val=True)
    early.on_start(run)
    for loss in losses:
        run.epoch += 1
        run.val_losses.append(loss)
        if early.on_epoch_end(run) is not None:
            return run.epoch
    return None


@given(
    st.lists(st.integers(0, 20).map(float), max_size=30),
    st.integers(1, 6),
    st.sampled_from([0.0, 1.0, 2.5]),
)
def test_early_stopping_waits_for_its_patience_from_the_best_epoch(losses, patience, min_delta):
    early = EarlyStopping(patience, min_delta=min_delta)
    stopped_at, best_epoch = best_before(losses, patience, min_delta)
    assert feed(early, losses) == stopped_at
    assert early.best_epoch == best_epoch
    assert early.best_loss == (losses[best_epoch - 1] if best_epoch else math.inf)


@pytest.mark.parametrize(
    ("losses", "options", "stopped_at"),
    [
        ([5.0, 4.0, 3.0, 2.0], {}, None),
        ([5.0, 4.0, 4.0, 4.0], {}, 4),
        ([5.0, 6.0, 7.0, 1.0], {}, 3),
        ([5.0, 4.75, 4.5, 4.25], {"min_delta": 0.5}, 3),
        ([5.0, 4.0, 3.0, 2.0], {"min_delta": 0.5}, None),
    ],
    ids=["falls", "stays", "rises", "falls too little", "falls enough"],
)
def test_early_stopping_counts_epochs_without_improvement(losses, options, stopped_at):
    assert feed(EarlyStopping(2, **options), losses) == stopped_at


def overfitted(split, seeded, *, callbacks, epochs=400, batch_norm=False, **options):
    """Train a network whose validation loss turns up, and return it."""

    def run():
        layers = [mlp(1, 8, 1)]
        if batch_norm:
            layers.insert(0, nn.BatchNorm1d(1))
        model = nn.Sequential(*layers)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        history = fit(
            model,
            split.train,
            split.val,
            optimizer=optimizer,
            epochs=epochs,
            callbacks=callbacks,
            **options,
        )
        return model, history

    return seeded(0, run)


def measured(model, data):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(data.inputs), data.targets).item()


@pytest.mark.parametrize(
    ("batch_size", "batch_norm"), [(None, False), (3, False), (3, True)], ids=str
)
def test_early_stopping_leaves_the_weights_that_the_best_loss_was_measured_with(
    batch_size, batch_norm, split, seeded
):
    early = EarlyStopping(10)
    model, history = overfitted(
        split, seeded, callbacks=[early], batch_norm=batch_norm, batch_size=batch_size
    )
    assert history.stopped is not None
    assert len(history) == early.best_epoch + 10
    assert measured(model, split.val) == early.best_loss == history.val_loss.min().item()
    assert early.best_epoch == history.val_loss.argmin().item() + 1


def rising(split):
    """Return validation rows so cold that all learning makes their loss rise."""
    return nnbook.Samples(split.val.inputs, -100 + 0 * split.val.targets)


def test_early_stopping_restores_also_where_the_run_ends_by_itself(split, seeded):
    model, twin = (seeded(0, lambda: mlp(1, 8, 1)) for _ in range(2))
    early = EarlyStopping(1000)
    history = fit(
        model, split.train, rising(split), optimizer=sgd(model), epochs=5, callbacks=[early]
    )
    assert history.stopped is None
    assert len(history) == 5
    assert early.best_epoch == 1
    for value, untrained in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(value, untrained)


def test_early_stopping_may_leave_the_last_weights(split, seeded):
    early = EarlyStopping(10, restore_best=False)
    model, history = overfitted(split, seeded, callbacks=[early])
    twin, _ = overfitted(split, seeded, callbacks=[], epochs=len(history))
    assert 10 < len(history) < 400
    for value, expected in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(value, expected)


def test_early_stopping_leaves_the_last_weights_after_an_error(split, seeded):
    model, twin = (seeded(0, lambda: mlp(1, 8, 1)) for _ in range(2))
    early = EarlyStopping(1000)

    class FailAtThree(Callback):
        def on_epoch_end(self, run):
            if run.epoch == 3:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(
            model,
            split.train,
            rising(split),
            optimizer=sgd(model),
            epochs=5,
            callbacks=[early, FailAtThree()],
        )
    fit(twin, split.train, optimizer=sgd(twin), epochs=3)
    assert early.best_epoch == 1
    for value, last in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(value, last)


def test_early_stopping_tells_why(split, seeded):
    early = EarlyStopping(10)
    _, history = overfitted(split, seeded, callbacks=[early])
    assert history.stopped == (
        f"no better validation loss than {early.best_loss:.4g} (epoch {early.best_epoch}) "
        "for 10 epochs"
    )


def test_early_stopping_starts_afresh_in_the_next_run():
    early = EarlyStopping(2)
    assert feed(early, [1.0, 2.0, 2.0]) == 3
    assert feed(early, [9.0, 8.0, 7.0]) is None
    assert (early.best_epoch, early.best_loss) == (3, 7.0)
    assert feed(early, []) is None
    assert (early.best_epoch, early.best_loss) == (0, math.inf)


def test_weights_are_kept_only_where_they_are_put_back():
    for restore_best in (True, False):
        early = EarlyStopping(2, restore_best=restore_best)
        assert feed(early, [1.0, 0.5]) is None
        state = early.state_dict()
        assert bool(state["best"]) is bool(state["epoch_start"]) is restore_best


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("patience", "error"),
    [(0, ValueError), (-1, ValueError), (2.5, TypeError), (True, TypeError), ("5", TypeError)],
)
def test_wrong_patience_is_refused(patience, error, refused):
    with refused(error, f"`patience` must be a positive whole number, got {patience!r}."):
        EarlyStopping(patience)


@pytest.mark.parametrize("min_delta", [-0.1, math.inf, math.nan])
def test_wrong_min_delta_is_refused(min_delta, refused):
    with refused(ValueError, f"`min_delta` must be 0 or more, got {min_delta}."):
        EarlyStopping(3, min_delta=min_delta)


# GradientNorms


def test_gradient_norms_are_the_sizes_of_the_gradients_at_each_epochs_start(split):
    data = split.train
    model = nn.Linear(1, 1)
    expected, norms = [], GradientNorms()

    class ByHand(Callback):
        def on_start(self, run):
            self.params = torch.cat([model.weight.flatten(), model.bias]).detach()

        def on_epoch_end(self, run):
            expected.append(gradient_by_hand(self.params, data).abs())
            self.on_start(run)

    fit(model, data, optimizer=sgd(model, 1e-3), epochs=5, callbacks=[ByHand(), norms])
    assert list(norms.norms) == ["weight", "bias"]
    both = torch.stack([norms.norms["weight"], norms.norms["bias"]], dim=1)
    assert_close(both, torch.stack(expected), rtol=1e-4, atol=1e-4)


def test_gradient_norms_are_those_of_the_last_gradients(split, generator, seeded):
    model, norms = seeded(0, lambda: mlp(1, 5, 1)), GradientNorms()
    fit(
        model,
        split.train,
        split.val,
        optimizer=sgd(model),
        epochs=4,
        batch_size=2,
        generator=generator,
        callbacks=[norms],
    )
    parameters = dict(model.named_parameters())
    assert list(norms.norms) == list(parameters)
    for name, values in norms.norms.items():
        assert values.shape == (4,)
        assert_close(values[-1], parameters[name].grad.square().sum().sqrt())


def test_gradient_norms_leave_out_what_does_not_train_and_show_0_for_what_is_not_used(split):
    model = nn.Linear(1, 1)
    model.unused = nn.Parameter(torch.ones(3))
    model.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
    norms = GradientNorms()
    fit(model, split.train, optimizer=sgd(model), epochs=2, callbacks=[norms])
    assert list(norms.norms) == ["weight", "bias", "unused"]
    assert norms.norms["unused"].tolist() == [0.0, 0.0]
    assert norms.norms["weight"].min() > 0


def test_gradient_norms_forget_the_run_before(split):
    norms = GradientNorms()
    for epochs in (5, 2):
        model = nn.Linear(1, 1)
        fit(model, split.train, optimizer=sgd(model), epochs=epochs, callbacks=[norms])
    assert norms.norms["weight"].shape == (2,)


def test_gradient_norms_are_empty_before_the_first_epoch_ends(split):
    norms = GradientNorms()
    assert norms.norms == {}
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, 1e30)
    with pytest.raises(DivergenceError, match="epoch 1"):
        fit(model, split.train, optimizer=sgd(model), epochs=2, callbacks=[norms])
    assert norms.norms == {}


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_gradient_norms_and_early_stopping_work_on_the_gpu(split):
    model, norms, early = mlp(1, 5, 1).cuda(), GradientNorms(), EarlyStopping(2)
    fit(model, split.train, split.val, optimizer=sgd(model), epochs=3, callbacks=[norms, early])
    assert not norms.norms["output_linear.bias"].is_cuda
    assert all(parameter.is_cuda for parameter in model.parameters())


@pytest.mark.unchecked
def test_a_least_improvement_that_is_no_number_is_refused(refused):
    with refused(TypeError, "`min_delta` must be 0 or more, got 'x'."):
        EarlyStopping(3, min_delta="x")


# Each step


def test_callbacks_that_ask_for_it_are_called_in_each_step(split):
    pages = []

    class Steps(Diary):
        def on_gradients(self, run):
            pages.append(("gradients", run.epoch, run.step, run.model.weight.item()))

        def on_step_end(self, run):
            pages.append(("updated", run.epoch, run.step, run.model.weight.item()))

    model = nn.Linear(1, 1)
    fit(
        model,
        split.train,
        optimizer=sgd(model),
        epochs=2,
        batch_size=5,
        callbacks=[Steps("a", []), Callback()],
    )
    assert [page[:3] for page in pages] == [
        (call, epoch, step - (call == "gradients"))
        for epoch in (1, 2)
        for step in (1, 2)
        for call in ("gradients", "updated")
    ]
    weights = [page[3] for page in pages]
    assert weights[1] != weights[0]
    assert weights[1] == weights[2]


def test_lbfgs_shows_the_gradients_of_each_evaluation(split):
    calls = []

    class Gradients(Callback):
        def on_gradients(self, run):
            calls.append(run.step)

    model = nn.Linear(1, 1)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)
    fit(model, split.train, optimizer=optimizer, epochs=2, callbacks=[Gradients()])
    assert set(calls) == {0}
    assert len(calls) > 2


# Gradients that are not finite


class Spoil(Callback):
    """Put a value into one gradient of one step."""

    def __init__(self, name, value, at):
        self.name, self.value, self.at, self.steps = name, value, at, 0

    def on_gradients(self, run):
        self.steps += 1
        if self.steps == self.at:
            self.place = (run.epoch, run.step + 1)
            gradient = dict(run.model.named_parameters())[self.name].grad
            gradient.view(-1)[-1] = self.value
            self.before = {k: v.clone() for k, v in run.model.state_dict().items()}


@given(
    name=st.sampled_from([name for name, _ in mlp(1, 3, 1).named_parameters()]),
    value=st.sampled_from([math.nan, math.inf, -math.inf]),
    at=st.integers(1, 12),
)
@pytest.mark.unchecked
def test_a_gradient_that_is_not_finite_ends_the_run_before_its_update(name, value, at):
    data = nnbook.load_thermometer()
    data = data.with_inputs(0.1 * data.inputs)
    model, spoil = mlp(1, 3, 1), Spoil(name, value, at)
    with pytest.raises(DivergenceError) as caught:
        fit(
            model,
            data,
            optimizer=torch.optim.Adam(model.parameters()),
            epochs=9,
            batch_size=4,
            callbacks=[spoil, GradientCheck()],
        )
    epoch, step = spoil.place
    assert f"the gradient of {name} in epoch {epoch}, step {step}, has a {value}" in str(
        caught.value
    )
    assert len(caught.value.history) == epoch - 1
    for key, weights in model.state_dict().items():
        assert torch.equal(weights, spoil.before[key])


@pytest.mark.unchecked
def test_large_gradients_that_are_finite_pass(split):
    class Enlarge(Callback):
        def on_gradients(self, run):
            for parameter in run.model.parameters():
                parameter.grad.fill_(3e38)  # neither their squares nor their sum are finite

    model = nn.Linear(1, 1)
    optimizer = sgd(model, 0.0)
    callbacks = [Enlarge(), GradientCheck()]
    assert len(fit(model, split.train, optimizer=optimizer, epochs=2, callbacks=callbacks)) == 2


@pytest.mark.unchecked
@pytest.mark.parametrize("restore_best", [True, False])
@pytest.mark.parametrize("has_val", [True, False])
def test_a_run_that_diverges_ends_with_the_best_weights_if_wanted(restore_best, has_val, split):
    model, weights = nn.Linear(1, 1), Weights()
    check, val = GradientCheck(restore_best=restore_best), split.val if has_val else None
    callbacks = [weights, Spoil("weight", math.nan, at=8), check]
    with pytest.raises(DivergenceError) as caught:  # too large a rate: the losses grow
        fit(model, split.train, val, optimizer=sgd(model, 0.1), epochs=20, callbacks=callbacks)
    history = caught.value.history
    losses = history.val_loss if has_val else history.train_loss
    assert len(losses) == 7
    assert check.best_epoch == int(losses.argmin()) + 1
    assert check.best_loss == losses.min()
    assert model.weight.item() == weights.seen[check.best_epoch - 1 if restore_best else -1]


@pytest.mark.unchecked
def test_a_run_that_ends_well_keeps_its_last_weights(split):
    model, twin = nn.Linear(1, 1), nn.Linear(1, 1)
    twin.load_state_dict(model.state_dict())
    check = GradientCheck(restore_best=True)
    fit(model, split.train, optimizer=sgd(model, 0.1), epochs=4, callbacks=[check])
    fit(twin, split.train, optimizer=sgd(twin, 0.1), epochs=4)
    assert torch.equal(model.weight, twin.weight)


def test_a_loss_that_is_finite_may_have_no_gradient(split):
    model = nn.Linear(1, 1)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)

    def root(outputs, targets):
        return outputs.abs().sum().sqrt()

    with pytest.raises(DivergenceError, match="in epoch 1, step 1, has a nan, and the loss is fin"):
        fit(
            model,
            split.train,
            optimizer=sgd(model),
            epochs=2,
            loss=root,
            callbacks=[GradientCheck()],
        )
    assert model.weight.item() == model.bias.item() == 0


@pytest.mark.unchecked
@pytest.mark.parametrize("callback", [EarlyStopping(1), GradientNorms(), GradientCheck()])
@pytest.mark.parametrize("method", ["on_start", "on_epoch_end"])
def test_what_is_no_run_is_refused(callback, method, refused):
    with refused(TypeError, "`run` must be the Run that `fit` gives, got 'run'."):
        getattr(callback, method)("run")


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("argument", "kind"),
    [("model", "a torch.nn.Module"), ("optimizer", "a torch.optim.Optimizer")],
)
def test_a_run_of_something_else_is_refused(argument, kind, refused):
    model = nn.Linear(1, 1)
    arguments = {"model": model, "optimizer": sgd(model), argument: 3}
    with refused(TypeError, f"`{argument}` must be {kind}, got 3."):
        Run(**arguments, epochs=3, has_val=False)


@pytest.mark.unchecked
@pytest.mark.parametrize("state", [None, {}, {"norms": {}, "more": 1}, [("norms", {})]], ids=repr)
def test_a_state_of_something_else_is_refused(state, refused):
    with refused(ValueError, "`state` must be what `state_dict` returned, got"):
        GradientNorms().load_state_dict(state)
