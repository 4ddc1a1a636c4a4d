"""What comes of a sweep: its settings as columns, its runs one by one, its table and frame."""

import itertools
import re
import signal
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nnbook import History, SweepResult, fit, load_thermometer, mlp, sweep
from nnbook.sweeps.settings import Settings

DOUBLE = torch.float64
NAN = float("nan")


@pytest.fixture
def halves(readings):
    return readings.to(dtype=DOUBLE).split_at([7, 10])


@pytest.fixture
def result(halves):
    """Give 12 runs, three of which diverge."""
    options = {"hidden": [(), 3], "lr": [1e-3, 1e-2], "seed": [0, 1, 2], "epochs": 30}
    return sweep(halves.train, halves.val, **options)


def made(losses, val=None, **columns):
    """Make a result by hand: runs of the widths, seeds, ... given, with these losses."""
    train_loss = torch.tensor(losses, dtype=DOUBLE)
    n_runs, n_epochs = train_loss.shape
    default = Settings((3,), 0.1, 0.0, 0.0, 0, nn.Tanh, "sgd", None)
    owns = [{name: values[run] for name, values in columns.items()} for run in range(n_runs)]
    runs = [replace(default, **own) for own in owns]
    gone = train_loss.isnan()
    return SweepResult(
        runs=runs,
        epochs=torch.arange(1, n_epochs + 1),
        train_loss=train_loss,
        val_loss=None if val is None else torch.tensor(val, dtype=DOUBLE),
        diverged=torch.where(gone.any(1), gone.int().argmax(1) + 1, 0),
        parameters=[torch.zeros(10, dtype=DOUBLE)] * n_runs,
        n_in=1,
        n_out=1,
    )


# As a whole


def test_a_result_tells_its_size_and_what_diverged(halves):
    result = sweep(halves.train, hidden=(), lr=[1e-3, 1e200], epochs=7)
    assert repr(result) == "SweepResult(2 runs, 7 epochs, 1 diverged)"
    assert len(result) == 2
    calm = sweep(halves.train, epochs=7, history_every=3)
    assert repr(calm) == "SweepResult(1 runs, 7 epochs)"
    at_once = made([[NAN, NAN], [2.0, 1.0]])
    assert repr(at_once) == "SweepResult(2 runs, 2 epochs, 1 diverged)"


def test_settings_are_columns_with_an_entry_for_each_run(result):
    assert set(map(len, result.settings.values())) == {12}
    assert result.settings["hidden"] == [()] * 6 + [3] * 6
    assert result.settings["lr"] == [1e-3, 1e-3, 1e-3, 1e-2, 1e-2, 1e-2] * 2
    assert result.settings["seed"] == [0, 1, 2] * 4
    assert result.settings["activation"] == ["Tanh"] * 12


# One run


@pytest.mark.unchecked
def test_the_model_of_a_run_gives_the_next_losses(halves):
    runs = [
        {"hidden": (), "lr": 1e-2},
        {"hidden": 3, "lr": 1e-3, "activation": partial(nn.LeakyReLU, 0.5)},
        {"hidden": 5, "lr": 1e-2, "optimizer": "adam"},
        {"hidden": (4, 2), "lr": 1e-3, "activation": nn.Sigmoid},
    ]
    result, later = (
        sweep(halves.train, halves.val, runs=runs, epochs=epochs) for epochs in (20, 21)
    )
    for run, own in enumerate(result.runs):
        model = result.model(run)
        assert str(model) == str(mlp(1, own.hidden, 1, activation=own.activation))
        for data, losses in [(halves.train, later.train_loss), (halves.val, later.val_loss)]:
            loss = nn.functional.mse_loss(model(data.inputs), data.targets)
            assert_close(loss, losses[run, -1], rtol=1e-12, atol=0)


def test_a_model_can_be_trained_on_and_the_result_stays_as_it_is(result, halves):
    before = result.parameters[7].clone()
    model = result.model(7)
    assert all(parameter.requires_grad for parameter in model.parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    history = fit(model, halves.train, optimizer=optimizer, epochs=3)
    assert history.train_loss[-1] < result.train_loss[7, 0]
    assert torch.equal(result.parameters[7], before)
    assert not torch.equal(nn.utils.parameters_to_vector(model.parameters()), before)


@pytest.mark.unchecked
def test_the_history_of_a_run_is_what_fit_gives(result, halves, seeded):
    model = seeded(1, lambda: mlp(1, 3, 1)).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    expected = fit(model, halves.train, halves.val, optimizer=optimizer, epochs=30)
    history = result.history(7)
    assert isinstance(history, History)
    assert_close(history.train_loss, expected.train_loss, rtol=1e-12, atol=0)
    assert_close(history.val_loss, expected.val_loss, rtol=1e-12, atol=0)
    assert history.stopped is None


def test_the_history_of_a_run_that_diverged_ends_before_that():
    history = made([[3.0, 2.0, NAN, NAN], [4.0, 3.0, 2.0, 1.0]]).history(0)
    assert history == History(torch.tensor([3.0, 2.0], dtype=DOUBLE), None, "diverged in epoch 3")


@pytest.mark.unchecked
@pytest.mark.parametrize("method", ["model", "history"])
@pytest.mark.parametrize(
    ("run", "error"), [(12, ValueError), (-13, ValueError), (1.0, TypeError), (True, TypeError)]
)
def test_a_run_that_is_not_there_is_refused(result, refused, method, run, error):
    with refused(error, f"`run` must be the number of a run, 0 to 11, got {run}."):
        getattr(result, method)(run)


# The best run


def test_the_best_run_has_the_lowest_loss_at_the_end_of_the_rows_held_out():
    train = [[5.0, 9.0, 1.0], [9.0, 1.0, 5.0], [9.0, 2.0, 8.0]]
    val = [[7.0, 3.0, 9.0], [7.0, 9.0, 4.0], [1.0, 2.0, 8.0]]
    assert made(train, val).best() == 1
    assert made(train).best() == 0


def test_the_best_run_did_not_diverge():
    assert made([[NAN, NAN], [9.0, 5.0], [1.0, NAN]]).best() == 1
    # A run may end where its last loss was not kept: what is left of it does not count.
    late = made([[9.0, 5.0], [1.0, 1.0]])
    late.diverged[1] = 3
    assert late.best() == 0


def test_where_no_run_is_left_none_is_the_best(refused):
    for result in (made([[NAN, NAN], [1.0, NAN]]), made([[1.0, 1.0]]).select(seed=[])):
        with refused(ValueError, "`result` must hold a run that did not diverge, got SweepResult("):
            result.best()


# Some of the runs


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, list(range(12))),
        ({"hidden": 3}, [6, 7, 8, 9, 10, 11]),
        ({"hidden": (3,)}, [6, 7, 8, 9, 10, 11]),
        ({"hidden": ()}, [0, 1, 2, 3, 4, 5]),
        ({"hidden": [3, ()]}, list(range(12))),
        ({"lr": 1e-2, "seed": [2, 0]}, [3, 5, 9, 11]),
        ({"lr": 1e-2, "seed": range(1)}, [3, 9]),
        ({"activation": nn.Tanh, "hidden": 3, "lr": 1e-3, "seed": 1}, [7]),
        ({"activation": "Tanh", "seed": 1}, [1, 4, 7, 10]),
        ({"val_rows": None, "optimizer": "sgd", "seed": 1}, [1, 4, 7, 10]),
        ({"seed": []}, []),
    ],
)
def test_select_takes_the_runs_with_these_settings_in_their_order(result, settings, expected):
    chosen = result.select(**settings)
    assert len(chosen) == len(expected)
    assert list(chosen.runs) == [result.runs[run] for run in expected]
    assert torch.equal(chosen.epochs, result.epochs)
    for name in ("train_loss", "val_loss", "diverged"):
        assert torch.equal(getattr(chosen, name), getattr(result, name)[expected])
    for number, run in enumerate(expected):
        assert torch.equal(chosen.parameters[number], result.parameters[run])
        assert str(chosen.model(number)) == str(result.model(run))


def test_select_takes_a_split_or_several(halves):
    pairs = [(0, 1), (1, 2), (2, 3)]
    result = sweep(halves.train, val_rows=pairs, lr=1e-3, epochs=1)
    assert result.select(val_rows=(1, 2)).settings["val_rows"] == [(1, 2)]
    assert result.select(val_rows=pairs[1:]).settings["val_rows"] == pairs[1:]


def test_select_finds_an_activation_with_its_arguments(readings):
    slopes = [0.1, 0.5]
    makers = [partial(nn.LeakyReLU, slope) for slope in slopes]
    result = sweep(readings, activation=[nn.Tanh, *makers], epochs=1)
    assert result.settings["activation"] == ["Tanh", "LeakyReLU(0.1)", "LeakyReLU(0.5)"]
    chosen = result.select(activation=partial(nn.LeakyReLU, 0.5))
    assert chosen.settings["activation"] == ["LeakyReLU(0.5)"]


def test_a_setting_that_is_not_there_is_refused(result, refused):
    with refused(ValueError, "`seed` must be one of 0, 1, 2, got 7."):
        result.select(hidden=3, seed=[1, 7])
    with refused(ValueError, "`settings` must be among hidden, lr, …, val_rows, got 'width'."):
        result.select(width=3)
    with refused(ValueError, "`activation` must be one of 'Tanh', got "):
        result.select(activation=nn.ReLU)


@pytest.mark.unchecked
@pytest.mark.parametrize("activation", [nn.Tanh(), 3])
def test_what_is_no_activation_is_refused_by_select(result, refused, activation):
    with refused((TypeError, ValueError), "`activation` must …"):
        result.select(activation=activation)


# The table


def cells(table):
    """Split a table into lines of cells, which two blanks keep apart."""
    assert len(set(map(len, table.splitlines()))) == 1  # the columns stand in line
    return [re.split(r"\s{2,}", line.strip()) for line in table.splitlines()]


def test_runs_that_differ_in_seed_or_split_share_a_line_of_the_table():
    result = made(
        [[9.0, float(loss)] for loss in (1, 2, 3, 4, 5, 60)],
        hidden=[(3,), (3,), (3,), (3,), (5,), (5,)],
        seed=[0, 1, 0, 1, 0, 1],
        val_rows=[(0,), (0,), (1,), (1,), (0,), (0,)],
    )
    # By hand: 5 % of n sorted losses lies at place 0.05 (n - 1).
    assert cells(result.table()) == [
        ["hidden", "runs", "diverged", "training loss"],
        ["3", "4", "0", "2.5 (1.15 to 3.85)"],
        ["5", "2", "0", "32.5 (7.75 to 57.25)"],
    ]
    assert [line[:3] for line in cells(result.table(over=["hidden", "val_rows"]))] == [
        ["seed", "runs", "diverged"],
        ["0", "3", "0"],
        ["1", "3", "0"],
    ]
    assert [line[:3] for line in cells(result.table(over=()))][1] == ["3", "0", "(0,)"]
    assert len(cells(result.table(over=()))) == 7


def test_runs_that_diverged_are_counted_and_left_out_of_the_spread():
    losses = [[9.0, 1.0], [9.0, NAN], [9.0, 3.0], [9.0, NAN], [NAN, NAN]]
    lr = [0.1, 0.1, 0.1, 10.0, 10.0]
    assert cells(made(losses, losses, lr=lr, seed=range(5)).table()) == [
        ["lr", "runs", "diverged", "training loss", "validation loss"],
        ["0.1", "3", "1", "2 (1.1 to 2.9)", "2 (1.1 to 2.9)"],
        ["10", "2", "2", "-", "-"],
    ]


def test_one_loss_is_its_own_median():
    assert cells(made([[0.25]]).table())[1] == ["1", "0", "0.25 (0.25 to 0.25)"]


def test_the_table_names_what_varies(readings):
    activations = [nn.ReLU, partial(nn.LeakyReLU, 0.5)]
    result = sweep(readings, hidden=[(), (2, 3)], activation=activations, seed=[0, 1], epochs=1)
    table = cells(result.table())
    assert table[0][:3] == ["hidden", "activation", "runs"]
    assert [line[:3] for line in table[1:]] == [
        ["()", "ReLU", "2"],
        ["()", "LeakyReLU(0.5)", "2"],
        ["(2, 3)", "ReLU", "2"],
        ["(2, 3)", "LeakyReLU(0.5)", "2"],
    ]


def test_activations_of_one_name_are_not_one_line(readings):
    activations = [lambda: nn.LeakyReLU(0.1), lambda: nn.LeakyReLU(0.5)]
    result = sweep(readings, activation=activations, epochs=2)
    assert result.train_loss[0, 1] != result.train_loss[1, 1]
    assert len(cells(result.table())) == 3


def test_a_table_of_no_runs_has_a_head_alone():
    assert len(cells(made([[1.0]]).select(seed=[]).table())) == 1


@pytest.mark.unchecked
@pytest.mark.parametrize("over", ["seed", "", pytest.param(b"", id="bytes"), ["width"], 3])
def test_what_names_no_settings_is_refused_by_the_table(result, refused, over):
    with refused((TypeError, ValueError), "`over` must name settings (hidden, lr, …), got"):
        result.table(over=over)


# The frame


def test_the_frame_has_a_row_for_each_run(result):
    frame = result.to_frame()
    assert list(frame.columns) == [*result.settings, "diverged", "train_loss", "val_loss"]
    assert len(frame) == 12
    for name, column in result.settings.items():
        assert frame[name].tolist() == column
    assert frame["train_loss"].tolist() == result.train_loss[:, -1].tolist()
    assert frame["val_loss"].tolist() == result.val_loss[:, -1].tolist()
    medians = frame.groupby("lr")["val_loss"].median()
    assert medians[1e-3] == result.select(lr=1e-3).val_loss[:, -1].quantile(0.5)


def test_the_frame_marks_what_diverged_and_needs_no_rows_held_out():
    frame = made([[2.0, NAN, NAN], [3.0, 2.0, 1.0]]).to_frame()
    assert frame["diverged"].tolist() == [2, 0]
    assert frame["train_loss"].isna().tolist() == [True, False]
    assert "val_loss" not in frame


def test_without_pandas_the_frame_names_what_is_missing(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match="pandas"):
        result.to_frame()


def test_a_sweep_that_was_stopped_at_once_can_still_be_shown(readings, monkeypatch):
    # Ctrl-C before the first epoch, as the bar is opened.
    import tqdm

    class Pressing(tqdm.tqdm):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr(tqdm, "tqdm", Pressing)
        result = sweep(readings, lr=[1e-3, 1e-2], epochs=9, progress=True)
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.stopped == "interrupted after epoch 0"
    assert result.train_loss.shape == (2, 0)
    assert repr(result) == "SweepResult(2 runs, 0 epochs, stopped: interrupted after epoch 0)"
    assert len(result.history(0)) == 0
    assert cells(result.table())[1][-1] == "-"
    assert result.to_frame()["train_loss"].isna().all()
    assert result.model(1).hidden_linear.out_features == 13
    assert result.epochs.dtype == torch.int64


@pytest.mark.unchecked
@pytest.mark.parametrize(
    "value",
    [torch.tensor(3), torch.ones(2), np.array(7), itertools.repeat(7), (torch.ones(2),), object()],
    ids=["number", "vector", "array", "endless", "tuple", "object"],
)
def test_a_value_that_is_no_setting_is_refused(value, refused):
    result = sweep(load_thermometer(), hidden=[(), 3], lr=1e-5, epochs=1)
    with refused((TypeError, ValueError), "`seed` must be "):
        result.select(seed=value)


def test_rows_that_are_no_numbers_are_refused_by_select(readings, refused):
    result = sweep(readings, val_rows=[(0,), (1,)], epochs=1)
    with refused(ValueError, "`val_rows` must be one of (0,), (1,), got ("):
        result.select(val_rows=(torch.ones(2),))


def test_numbers_of_numpy_select_as_pythons_do():
    result = sweep(load_thermometer(), hidden=[(), 3], lr=1e-5, epochs=1)
    assert len(result.select(hidden=np.int64(3), lr=np.float64(1e-5))) == 1


@pytest.mark.parametrize("name", ["absent/file", "."])
def test_a_result_that_cannot_be_written_is_told_by_name(name, tmp_path, refused):
    result = sweep(load_thermometer(), lr=1e-5, epochs=1)
    with refused(OSError, "`path` must name a file that can be written, got"):
        result.save(tmp_path / name)
