"""Sweeps train each run as `fit` trains it alone, and leave it alone."""

import itertools
import random
import signal
import threading
from typing import ClassVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import nnbook
from nnbook import DivergenceError, Samples, Split, fit, least_squares, mlp, sweep
from nnbook.activations import CATALOGUE

MAKERS = [activation.make for activation in CATALOGUE.values()]
DOUBLE = torch.float64


@pytest.fixture
def thermometer(readings):
    """Give the readings in float64."""
    return readings.to(dtype=DOUBLE)


@pytest.fixture
def halves(thermometer):
    """Hold out the rows that the book holds out."""
    return thermometer.split_at([7, 10])


# One run alone


class Alone:
    """One run of a sweep, trained by `fit` from the same seed."""

    def __init__(self, own, train, val=None, *, nudge=0.0):
        self.split = train.split_at(own.val_rows) if own.val_rows else Split(train, val or train)
        self.has_val = val is not None or own.val_rows is not None
        n_out = train.n_classes if train.has_classes else train.targets.shape[1]
        with torch.random.fork_rng():
            torch.manual_seed(own.seed)
            make = own.activation
            self.model = mlp(train.inputs.shape[1], own.hidden, n_out, activation=make)
        self.model.to(train.inputs.dtype)
        for number, parameter in enumerate(self.model.parameters()):
            parameter.data += nudge * (-1) ** number
        rest = {"lr": own.lr, "weight_decay": own.weight_decay}
        self.optimizer = (
            torch.optim.Adam(self.model.parameters(), **rest)
            if own.optimizer == "adam"
            else torch.optim.SGD(self.model.parameters(), momentum=own.momentum, **rest)
        )
        self.loss = nn.functional.cross_entropy if train.has_classes else nn.functional.mse_loss

    def train(self, epochs):
        """Train on, and return the losses as `fit` does."""
        val = self.split.val if self.has_val else None
        return fit(
            self.model,
            self.split.train,
            val,
            optimizer=self.optimizer,
            epochs=epochs,
            loss=self.loss,
        )

    @property
    def weights(self):
        return nn.utils.parameters_to_vector(self.model.parameters()).detach().clone()


def deviation(got, expected):
    """Return the largest difference, relative to the largest expected entry."""
    assert got.shape == expected.shape
    return float((got - expected).abs().max() / expected.abs().max())


def all_losses(result, run):
    """Stack the losses of a run: training, and validation if there is any."""
    kinds = [result.train_loss, result.val_loss]
    return torch.stack([losses[run] for losses in kinds if losses is not None])


def losses_of(*histories):
    """Stack the losses of one run of `fit` that was trained in parts."""
    kinds = [[getattr(part, name) for part in histories] for name in ("train_loss", "val_loss")]
    return torch.stack([torch.cat(kind) for kind in kinds if kind[0] is not None])


def assert_same_losses(result, other, runs=None, *, of_other=None, bits=False):
    """Compare the losses of some runs, entry by entry: to the last bit, or within 1e-12."""
    runs = range(len(result)) if runs is None else runs
    of_other = range(len(other)) if of_other is None else of_other
    assert len(runs) == len(of_other) > 0
    tolerances = {"rtol": 0, "atol": 0} if bits else {"rtol": 1e-12, "atol": 0}
    for run, its in zip(runs, of_other, strict=True):
        assert_close(all_losses(result, run), all_losses(other, its), **tolerances)


# A known truth


@pytest.mark.unchecked
def test_a_line_trained_for_long_is_the_least_squares_line(thermometer):
    data = thermometer.with_inputs(nnbook.Standardize.of(thermometer)(thermometer.inputs))
    best = least_squares(data)
    result = sweep(data, hidden=(), lr=[0.1, 0.3], momentum=[0.0, 0.3], seed=[0, 1], epochs=300)
    assert len(result) == 8
    for run in range(8):
        assert_close(result.train_loss[run, -1].item(), best.mse, rtol=1e-12, atol=0)
        line = result.model(run).output_linear
        found = torch.stack([line.bias[0], line.weight[0, 0]])
        assert_close(found, best.coefficients, rtol=1e-10, atol=0)


# Each run equals itself alone


@st.composite
def problems(draw):
    """Draw data, and runs of all settings that can vary."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    n_in, n_out, n_rows = (draw(st.integers(*ends)) for ends in [(1, 3), (1, 3), (5, 9)])

    def rows(count):
        inputs = torch.randn(count, n_in, generator=generator, dtype=DOUBLE)
        if is_class:
            return Samples(inputs, torch.arange(count) % (n_out + 1))
        return Samples(inputs, torch.randn(count, n_out, generator=generator, dtype=DOUBLE))

    is_class = draw(st.booleans())
    train, held_out = rows(n_rows), draw(st.sampled_from(["nothing", "rows", "val"]))
    row = st.integers(0, n_rows - 1)
    options = {
        "hidden": st.sampled_from([(), 1, 2, 13, (1,), (3, 2), (2, 5)]),
        "lr": st.floats(-6, 1).map(lambda exponent: 10**exponent),
        "momentum": st.just(0.0) | st.floats(0, 0.999),
        "weight_decay": st.just(0.0) | st.floats(0, 1),
        "seed": st.integers(0, 2**63 - 1),
        "activation": st.sampled_from(MAKERS),
        "optimizer": st.sampled_from(["sgd", "adam"]),
    }
    if held_out == "rows":
        options["val_rows"] = st.lists(row, min_size=1, max_size=2, unique=True).map(tuple)
    run = st.fixed_dictionaries(options).map(
        lambda run: {**run, "momentum": 0.0} if run["optimizer"] == "adam" else run
    )
    runs = draw(st.lists(run, min_size=1, max_size=6))
    return train, rows(3) if held_out == "val" else None, runs


@pytest.mark.unchecked
@given(problem=problems())
@settings(max_examples=25)  # 1,000 examples hold too
def test_each_run_equals_itself_alone_after_one_step(problem):
    train, val, runs = problem
    loss = nn.CrossEntropyLoss() if train.has_classes else nn.MSELoss()
    one, two = (sweep(train, val, runs=runs, epochs=epochs, loss=loss) for epochs in (1, 2))
    assert len(one) == len(two) == len(runs)
    for run, own in enumerate(one.runs):
        alone = Alone(own, train, val)
        first = alone.train(1)
        assert deviation(one.parameters[run], alone.weights) < 1e-12
        expected, got = losses_of(first, alone.train(1)), all_losses(two, run)
        # Relative to the largest loss so far: a loss of epoch 2 near 0 is a small difference.
        for kind in range(len(expected)):
            assert deviation(got[kind, :1], expected[kind, :1]) < 1e-12
            assert deviation(got[kind], expected[kind]) < 1e-12


def drawn_run(draw):
    """Draw the settings of a run that may well be calm for 1,000 steps."""
    optimizer = draw.choice(["sgd", "adam"])
    return {
        "hidden": draw.choice([(), 1, 5, 13, (5, 3)]),
        "lr": 10 ** draw.uniform(-5, -2),
        "momentum": draw.choice([0.0, 0.5, 0.9]) if optimizer == "sgd" else 0.0,
        "weight_decay": draw.choice([0.0, 1e-3]),
        "seed": draw.randrange(1000),
        "activation": draw.choice(MAKERS),
        "optimizer": optimizer,
    }


@pytest.mark.unchecked
def test_each_run_equals_itself_alone_after_1000_steps_where_training_is_calm(halves):
    draw, n_calm = random.Random(0), 0  # noqa: S311  # no secret
    runs = [drawn_run(draw) for _ in range(8)]
    result = sweep(halves.train, halves.val, runs=runs, epochs=1000)
    for run, own in enumerate(result.runs):
        trained = []
        for nudge in (0.0, 1e-13):
            alone = Alone(own, halves.train, halves.val, nudge=nudge)
            trained.append((losses_of(alone.train(1000)), alone.weights))
        (losses, weights), (twin_losses, twin_weights) = trained
        shaken = max(deviation(twin_losses, losses), deviation(twin_weights, weights))
        if shaken < 1e-11:
            n_calm += 1
            assert deviation(all_losses(result, run), losses) < 1e-10
            assert deviation(result.parameters[run], weights) < 1e-10
    assert n_calm >= 5


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_losses_and_weights_have_the_type_of_the_data(readings, dtype):
    result = sweep(readings.to(dtype=dtype), hidden=[(), 3], optimizer=["sgd", "adam"], epochs=2)
    tensors = [result.train_loss, *result.parameters, *result.model(3).parameters()]
    assert {tensor.dtype for tensor in tensors} == {dtype}


@pytest.mark.unchecked
def test_float32_runs_equal_themselves_alone(split):
    runs = [{"hidden": 13, "lr": 1e-3}, {"hidden": (3, 2), "optimizer": "adam", "lr": 1e-2}]
    result = sweep(split.train, split.val, runs=runs, epochs=50)
    for run, own in enumerate(result.runs):
        expected = losses_of(Alone(own, split.train, split.val).train(50))
        assert deviation(all_losses(result, run), expected) < 1e-5


# Validation


@pytest.mark.unchecked
def test_all_pairs_of_rows_held_out_are_one_sweep(thermometer):
    pairs = list(itertools.combinations(range(11), 2))
    result = sweep(thermometer, hidden=3, lr=1e-3, val_rows=pairs, epochs=20)
    assert result.settings["val_rows"] == pairs
    assert len(result) == 55
    for run, pair in enumerate(pairs):
        split = thermometer.split_at(pair)
        one = sweep(split.train, split.val, hidden=3, lr=1e-3, epochs=20)
        assert_same_losses(result, one, [run])


def test_without_rows_held_out_there_is_no_validation_loss(thermometer):
    assert sweep(thermometer, epochs=2).val_loss is None


def test_rows_held_out_are_not_learned_from(halves):
    far = Samples(halves.val.inputs + 5, halves.val.targets - 100)
    near, other = (sweep(halves.train, val, lr=1e-3, epochs=5) for val in (halves.val, far))
    assert torch.equal(near.train_loss, other.train_loss)
    assert torch.equal(near.parameters[0], other.parameters[0])
    assert (near.val_loss != other.val_loss).all()


# What the other runs do does not matter

MIXED = [
    {"hidden": 2, "lr": 1e-2, "seed": 3},
    {"hidden": 7, "lr": 1e-3, "momentum": 0.9, "activation": nn.ReLU},
    {"hidden": (), "lr": 1e-2, "weight_decay": 0.1},
    {"hidden": 4, "lr": 1e-3, "optimizer": "adam", "activation": nn.Sigmoid},
    {"hidden": (3, 2), "lr": 1e-3, "activation": nn.GELU},
    {"hidden": (2, 3), "lr": 1e-3, "weight_decay": 0.1},
]


def mixed(halves, runs, epochs=10):
    return sweep(halves.train, halves.val, runs=runs, epochs=epochs)


@given(order=st.permutations(range(len(MIXED))))
@settings(max_examples=10)
def test_the_order_of_the_runs_does_not_matter(order):
    data = nnbook.load_thermometer(dtype=DOUBLE)
    halves = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
    result = mixed(halves, MIXED)
    assert_same_losses(result, mixed(halves, [MIXED[run] for run in order]), order)


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_two_sweeps_give_what_one_gives(halves, cut):
    result = mixed(halves, MIXED)
    assert_same_losses(result, mixed(halves, MIXED[:cut]), range(cut))
    assert_same_losses(result, mixed(halves, MIXED[cut:]), range(cut, len(MIXED)))


@pytest.mark.parametrize("make", MAKERS, ids=list(CATALOGUE))
def test_a_wider_run_beside_it_does_not_matter(halves, make):
    runs = [
        {"hidden": hidden, "lr": 1e-3, "weight_decay": 0.1, "optimizer": optimizer}
        for hidden in (3, (3, 2))
        for optimizer in ("sgd", "adam")
    ]
    runs = [{**run, "activation": make} for run in runs]
    wider = [{**run, "hidden": 9 if run["hidden"] == 3 else (4, 9)} for run in runs]
    assert_same_losses(mixed(halves, runs + wider), mixed(halves, runs), range(4))


def test_runs_that_are_wider_in_different_layers_leave_each_other_as_they_are(halves):
    runs = [{"hidden": hidden, "lr": 1e-2, "activation": nn.Sigmoid} for hidden in [(4, 2), (2, 4)]]
    result = mixed(halves, runs)
    for run, one in enumerate(runs):
        assert_same_losses(result, mixed(halves, [one]), [run])


def test_other_activations_beside_it_do_not_matter(halves):
    makers = [*MAKERS, *MAKERS[::-1]]
    runs = [{"hidden": 5, "lr": 1e-3, "seed": n, "activation": m} for n, m in enumerate(makers)]
    result = mixed(halves, runs)
    assert len({float(loss) for loss in result.train_loss[:, -1]}) == len(runs) == 22
    for run, one in enumerate(runs):
        assert_same_losses(result, mixed(halves, [one]), [run])


def test_a_run_that_diverges_leaves_the_others_as_they_are_to_the_last_bit(halves):
    for victim in range(len(MIXED)):
        wild = [{**run, "lr": 1e160} if n == victim else run for n, run in enumerate(MIXED)]
        result, calm = mixed(halves, wild), mixed(halves, MIXED)
        assert result.diverged[victim] > 0
        others = [run for run in range(len(MIXED)) if run != victim]
        assert_same_losses(result, calm, others, of_other=others, bits=True)
        for run in others:
            assert torch.equal(result.parameters[run], calm.parameters[run])


def test_the_same_sweep_twice_is_equal_to_the_last_bit(halves):
    assert_same_losses(mixed(halves, MIXED), mixed(halves, MIXED), bits=True)


def test_more_runs_than_train_in_one_go_equal_themselves_in_small_sweeps(thermometer):
    rows = torch.arange(500).remainder(len(thermometer))
    many = Samples(*thermometer[rows])
    options = {"hidden": [3, 13], "lr": 1e-3, "epochs": 3}
    result = sweep(many, seed=range(40), **options)
    for seed in (0, 17, 39):
        few = sweep(many, seed=seed, **options)
        assert_same_losses(result, few, [seed, 40 + seed])


class Counting(nn.Module):
    """Count how often all units together are computed."""

    calls = 0

    def forward(self, values):
        type(self).calls += 1
        return values.tanh()


def test_runs_of_all_widths_and_activations_train_together(halves):
    counts = []
    for n_seeds, widths, others in [(1, [3], []), (9, [1, 3, 9], [nn.ReLU, nn.Tanh])]:
        Counting.calls = 0
        activations = [Counting, *others]
        options = {"hidden": widths, "seed": range(n_seeds), "activation": activations}
        sweep(halves.train, halves.val, **options, epochs=7)
        counts.append(Counting.calls)
    assert counts[0] == counts[1] >= 14


class Watched(nn.Module):
    """Keep how many runs are computed together."""

    runs: ClassVar[list[int]] = []

    def forward(self, values):
        type(self).runs.append(values.shape[-1])
        return values.tanh()


@pytest.mark.parametrize(
    ("hidden", "n_rows", "n_runs", "together"),
    [
        (10, 100, 131, [44, 44, 43]),  # 8,000 bytes a run: 65 of them are 520,000
        ((6, 4), 100, 131, [44, 44, 43]),
        (1, 100, 656, [328, 328]),  # 800 bytes a run: 655 of them are 524,000
        (100, 1000, 33, [11, 11, 11]),  # of those that are too large at least 16 together
    ],
)
def test_runs_train_together_as_far_as_a_cache_holds_them(hidden, n_rows, n_runs, together):
    rows = Samples(torch.zeros(n_rows, 1, dtype=DOUBLE), torch.zeros(n_rows, 1, dtype=DOUBLE))
    options = {"hidden": hidden, "activation": Watched, "seed": range(n_runs)}
    Watched.runs.clear()
    sweep(rows, epochs=1, **options)
    layers = 2 if isinstance(hidden, tuple) else 1
    trained = Watched.runs[-layers * len(together) :]
    assert trained == [count for count in together for _ in range(layers)]


# The global generator


def test_the_global_generator_is_left_as_it_was(halves):
    before = torch.get_rng_state()
    result = sweep(halves.train, halves.val, runs=MIXED, lr=[0.1], epochs=2)
    result.model(1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.unchecked
def test_the_global_generator_does_not_matter(halves, seeded):
    one, other = (seeded(seed, lambda: mixed(halves, MIXED)) for seed in (1, 2))
    assert_same_losses(one, other, bits=True)


# How many losses are kept


@given(epochs=st.integers(1, 12), every=st.integers(1, 14), has_val=st.booleans())
@settings(max_examples=25)
def test_history_every_keeps_epoch_1_and_each_so_many_after_it(epochs, every, has_val):
    halves = nnbook.load_thermometer(dtype=DOUBLE).split_at([7, 10])
    options = {"lr": [1e-5, 1e-6], "epochs": epochs}
    val = halves.val if has_val else None
    full = sweep(halves.train, val, **options)
    few = sweep(halves.train, val, **options, history_every=every)
    assert full.epochs.tolist() == list(range(1, epochs + 1))
    assert few.epochs.tolist() == list(range(1, epochs + 1, every))
    assert torch.equal(few.train_loss, full.train_loss[:, ::every])
    assert (few.val_loss is None) is not has_val
    if has_val:
        assert torch.equal(few.val_loss, full.val_loss[:, ::every])
    assert all(map(torch.equal, few.parameters, full.parameters))


# Runs that diverge


def diverged_alone(own, train, val=None, epochs=400):
    """Train a run by `fit` until it diverges; return it, and the losses before."""
    alone = Alone(own, train, val)
    with pytest.raises(DivergenceError) as caught:
        alone.train(epochs)
    return alone, caught.value.history


@pytest.mark.unchecked
@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_a_run_that_diverges_is_marked_and_frozen_as_fit_leaves_it(readings, dtype):
    halves = readings.to(dtype=dtype).split_at([7, 10])
    huge = torch.finfo(dtype).max ** 0.7
    runs = [
        {"hidden": (), "lr": 0.2},
        {"hidden": (), "lr": 0.5, "momentum": 0.5},
        {"hidden": 5, "lr": huge},
        {"hidden": (), "lr": 1e-3},
        {"hidden": (2, 3), "lr": 1e3, "activation": nn.Tanhshrink},
        {"hidden": 3, "lr": huge, "optimizer": "adam", "activation": nn.Softplus},
        {"hidden": 3, "lr": 1e-3, "optimizer": "adam"},
    ]
    result = sweep(halves.train, halves.val, runs=runs, epochs=400)
    calm = [3, 6]
    assert (result.diverged[calm] == 0).all()
    assert result.train_loss[calm].isfinite().all()
    wild = [run for run in range(len(runs)) if run not in calm]
    assert len({int(epoch) for epoch in result.diverged[wild]}) >= 3
    rtol = 1e-4 if dtype == torch.float32 else 1e-9
    for run in wild:
        alone, history = diverged_alone(result.runs[run], halves.train, halves.val)
        epoch = len(history) + 1
        assert result.diverged[run] == epoch
        for losses, before in [
            (result.train_loss[run], history.train_loss),
            (result.val_loss[run], history.val_loss),
        ]:
            assert_close(losses[: epoch - 1], before, rtol=rtol, atol=0)
            assert losses[epoch - 1 :].isnan().all()
        assert_close(result.parameters[run], alone.weights, rtol=rtol, atol=0)
        assert result.history(run).train_loss.shape == history.train_loss.shape
        assert result.history(run).stopped == f"diverged in epoch {epoch}"


def test_a_validation_loss_that_is_not_finite_ends_a_run_as_in_fit(thermometer):
    val = Samples(torch.full((1, 1), 1e150, dtype=DOUBLE), torch.zeros(1, 1, dtype=DOUBLE))
    result = sweep(thermometer, val, hidden=(), lr=[0.1, 1e-3], epochs=40)
    _, history = diverged_alone(result.runs[0], thermometer, val)
    assert result.diverged.tolist() == [len(history) + 1, 0]
    assert 3 < len(history) < 30
    assert result.val_loss[0].isnan().tolist() == result.train_loss[0].isnan().tolist()
    assert history.train_loss[-1] < 1e30


def test_a_run_may_diverge_in_its_first_epoch(thermometer):
    far = Samples(1e200 * thermometer.inputs, thermometer.targets)
    result = sweep(far, hidden=[(), 3], lr=1e-3, epochs=3)
    assert result.diverged.tolist() == [1, 0]
    assert result.train_loss[0].isnan().all()
    alone, history = diverged_alone(result.runs[0], far)
    assert len(history) == len(result.history(0)) == 0
    assert torch.equal(result.parameters[0], alone.weights)


@pytest.mark.parametrize("every", [1, 2, 3, 50])
def test_the_epoch_of_divergence_does_not_depend_on_what_is_kept(thermometer, every):
    options = {"hidden": (), "lr": [1.0, 2.0, 1e-3], "epochs": 200}
    full = sweep(thermometer, **options)
    few = sweep(thermometer, **options, history_every=every)
    assert torch.equal(few.diverged, full.diverged)
    assert 50 < full.diverged[1] < full.diverged[0] < 200
    assert_close(few.train_loss, full.train_loss[:, ::every], rtol=0, atol=0, equal_nan=True)


# Ctrl-C


@pytest.fixture
def default_handler():
    """Let Ctrl-C raise KeyboardInterrupt, as in a program that was started by hand."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Pressing(nn.Module):
    """An activation that presses Ctrl-C when it is computed for the nth time from now."""

    left = 0

    def forward(self, values):
        type(self).left -= 1
        if type(self).left == 0:
            signal.raise_signal(signal.SIGINT)
        return values.tanh()


def pressed(train, at_epoch, val=None, **options):
    """Sweep, and press Ctrl-C in this epoch."""
    Pressing.left = 0
    sweep(train, val, activation=Pressing, epochs=1, **options)  # how often it is called before
    before = -Pressing.left
    per_epoch = 1 if val is None else 2
    Pressing.left = before + per_epoch * (at_epoch - 1)
    return sweep(train, val, activation=Pressing, epochs=100, **options)


@pytest.mark.usefixtures("default_handler")
@pytest.mark.parametrize("every", [1, 4])
def test_ctrl_c_returns_the_epochs_until_then(halves, every):
    options = {"hidden": [3, 5], "lr": [1e-3, 1e-2], "history_every": every}
    result = pressed(halves.train, 6, halves.val, **options)
    expected = sweep(halves.train, halves.val, epochs=6, **options)
    assert result.stopped == "interrupted after epoch 6"
    assert "stopped: interrupted after epoch 6" in repr(result)
    assert result.history(0).stopped == result.select(hidden=3).stopped == result.stopped
    assert expected.stopped is None
    assert torch.equal(result.epochs, expected.epochs)
    assert result.epochs.tolist() == list(range(1, 7, every))
    assert result.train_loss.shape == result.val_loss.shape == (4, len(result.epochs))
    assert_same_losses(result, expected)
    assert_close(result.parameters, expected.parameters)
    assert result.best() == expected.best()


@pytest.mark.usefixtures("default_handler")
def test_ctrl_c_keeps_a_divergence_before_it_and_invents_none(thermometer):
    result = pressed(thermometer, 9, hidden=3, lr=[1e-3, 1e200])
    assert result.diverged.tolist() == [0, 2]
    assert len(result.epochs) == 9


@pytest.mark.usefixtures("default_handler")
def test_the_handler_of_ctrl_c_is_put_back(thermometer):
    pressed(thermometer, 2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_sweep_runs_outside_the_main_thread(thermometer):
    results = []
    thread = threading.Thread(target=lambda: results.append(sweep(thermometer, epochs=3)))
    thread.start()
    thread.join()
    assert [result.epochs.tolist() for result in results] == [[1, 2, 3]]


# Progress


def test_progress_is_written_to_the_standard_error_in_runs_times_epochs(thermometer, capsys):
    sweep(thermometer, seed=range(5), epochs=8, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "40.0/40.0" in err
    assert "runs x epochs/s" in err


def test_the_progress_of_a_sweep_that_goes_on_begins_where_it_was(thermometer, capsys, tmp_path):
    options = {"seed": range(5), "checkpoint": tmp_path / "sweep.checkpoint"}
    sweep(thermometer, **options, epochs=2)
    sweep(thermometer, **options, epochs=8, progress=True)
    assert "10.0/40.0" in capsys.readouterr().err.split("\r")[1]


def test_without_progress_nothing_is_written(thermometer, capsys):
    sweep(thermometer, epochs=8)
    assert capsys.readouterr() == ("", "")


# The GPU


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_a_sweep_on_the_gpu_equals_one_on_the_cpu(halves):
    on_gpu = Split(halves.train.to("cuda"), halves.val.to("cuda"))
    before = torch.cuda.get_rng_state()
    result, expected = mixed(on_gpu, MIXED), mixed(halves, MIXED)
    assert torch.equal(torch.cuda.get_rng_state(), before)
    for run in range(len(MIXED)):
        assert deviation(all_losses(result, run), all_losses(expected, run)) < 1e-11
        assert deviation(result.parameters[run], expected.parameters[run]) < 1e-11
    pairs = {"val_rows": [(0, 1), (2, 3)], "lr": 1e-3, "epochs": 5}
    held_out = [sweep(data, **pairs) for data in (on_gpu.train, halves.train)]
    assert_close(held_out[0].val_loss, held_out[1].val_loss, rtol=1e-11, atol=0)
    assert not result.train_loss.is_cuda
    assert not any(parameter.is_cuda for parameter in result.model(0).parameters())
