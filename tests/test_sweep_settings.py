"""The settings of a sweep: which runs come of them, and what is refused before any work."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nnbook import Samples, load_thermometer, sweep
from nnbook.activations import CATALOGUE
from nnbook.sweeps import settings as settings_of_runs

#: For each setting several values, as given and as the result's column shows them.
GRID = {
    "hidden": [(), 3, (2, 4)],
    "lr": [1e-3, 1e-2],
    "momentum": [0.0, 0.9],
    "weight_decay": [0.0, 0.1],
    "seed": [0, 7],
    "activation": [nn.Tanh, nn.ReLU],
    "optimizer": ["sgd", "adam"],
    "val_rows": [(7, 10), (0,)],
}


def columns(**options):
    """Return the settings of a sweep over the thermometer's rows."""
    return sweep(load_thermometer(), epochs=1, **options).settings


def shown(name, value):
    return value.__name__ if name == "activation" else value


class Poisoned(nn.Module):
    """An activation that may be made and probed, but not trained with."""

    def forward(self, values):
        assert values.numel() <= 8, "the sweep has begun to work"
        return values.tanh()


@pytest.fixture
def refused_before_work(refused):
    """Expect a refusal, with nothing trained and nothing drawn."""

    def refused_sweep(error, message, train, val=None, *, epochs=3, **options):
        before = torch.get_rng_state()
        options = {"activation": Poisoned, **options}
        with refused(error, message):
            sweep(train, val, epochs=epochs, **options)
        assert torch.equal(torch.get_rng_state(), before)

    return refused_sweep


# Grids


def test_the_defaults_are_one_run():
    assert columns() == {
        "hidden": [13],
        "lr": [1e-3],
        "momentum": [0.0],
        "weight_decay": [0.0],
        "seed": [0],
        "activation": ["Tanh"],
        "optimizer": ["sgd"],
        "val_rows": [None],
    }


@given(data=st.data())
@settings(max_examples=20)
def test_a_grid_is_the_product_in_the_order_of_the_signature(data):
    names = data.draw(st.lists(st.sampled_from(list(GRID)), unique=True, max_size=3))
    if "momentum" in names and "optimizer" in names:
        names.remove("optimizer")  # Adam has its own momentum
    chosen = {name: GRID[name] for name in GRID if name in names}
    found = columns(**dict(reversed(chosen.items())))
    points = list(itertools.product(*chosen.values()))
    assert len(found["lr"]) == len(points)
    for place, name in enumerate(chosen):
        assert found[name] == [shown(name, point[place]) for point in points]


@pytest.mark.parametrize("name", list(GRID))
def test_each_setting_may_vary_in_a_list_of_runs(name):
    runs = [{name: value} for value in GRID[name]]
    assert columns(runs=runs)[name] == [shown(name, value) for value in GRID[name]]


def test_what_a_run_leaves_out_is_taken_from_the_arguments():
    found = columns(runs=[{"hidden": 3}, {"lr": 0.1}, {}], hidden=5, lr=1e-4)
    assert found["hidden"] == [3, 5, 5]
    assert found["lr"] == [1e-4, 0.1, 1e-4]


def test_a_list_of_runs_is_combined_with_a_grid_of_the_rest():
    runs = [{"hidden": 3, "lr": 1e-2}, {"hidden": 5, "lr": 1e-3}]
    found = columns(runs=runs, seed=[0, 1, 2])
    assert list(zip(found["hidden"], found["lr"], found["seed"], strict=True)) == [
        (run["hidden"], run["lr"], seed) for run in runs for seed in (0, 1, 2)
    ]


def test_runs_may_be_an_iterator_and_are_left_as_they_were():
    run = {"hidden": 3}
    assert columns(runs=iter([run]))["hidden"] == [3]
    assert run == {"hidden": 3}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("hidden", range(1, 4), [1, 2, 3]),
        ("hidden", (2, 4), [(2, 4)]),
        ("hidden", [(2, 4), (3,)], [(2, 4), 3]),
        ("hidden", [[2, 4]], [(2, 4)]),
        ("hidden", np.array([2, 4]), [2, 4]),
        ("hidden", torch.tensor([2, 4]), [2, 4]),
        ("lr", torch.tensor(0.5), [0.5]),
        ("lr", torch.tensor([0.5, 0.25]), [0.5, 0.25]),
        ("lr", np.array([0.5, 0.25]), [0.5, 0.25]),
        ("lr", np.float32(0.5), [0.5]),
        ("lr", 1, [1.0]),
        ("lr", (2.0**power for power in (-1, -2)), [0.5, 0.25]),
        ("seed", 2**63 - 1, [2**63 - 1]),
        ("seed", np.int64(3), [3]),
        ("val_rows", (7, 10), [(7, 10)]),
        ("val_rows", ((7, 10), (0, 1)), [(7, 10), (0, 1)]),
        ("val_rows", itertools.combinations(range(3), 2), [(0, 1), (0, 2), (1, 2)]),
        ("val_rows", torch.tensor([[7, 10], [0, 1]]), [(7, 10), (0, 1)]),
        ("activation", partial(nn.LeakyReLU, 0.5), ["LeakyReLU(0.5)"]),
        (
            "activation",
            partial(nn.Hardtanh, min_val=-2.0),
            ["Hardtanh(min_val=-2.0)"],
        ),
    ],
)
def test_values_may_come_as(name, given, expected):
    found = columns(**{name: given})[name]
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize("activation", CATALOGUE.values(), ids=lambda a: a.name)
def test_each_activation_of_the_catalogue_is_taken(readings, activation):
    assert len(sweep(readings, activation=activation.make, epochs=1)) == 1


def test_a_function_is_named_after_the_activation_that_it_makes():
    makers = [lambda: nn.Tanh(), lambda: nn.LeakyReLU(0.5)]  # noqa: PLW0108  # a function it is
    expected = ["Tanh", "LeakyReLU(negative_slope=0.5)"]
    assert columns(activation=makers)["activation"] == expected


def test_an_activation_that_works_in_place_is_taken_beside_another(readings):
    in_place = partial(nn.ReLU, inplace=True)
    result = sweep(readings, activation=[in_place, nn.Tanh], epochs=3)
    expected = sweep(readings, activation=[nn.ReLU, nn.Tanh], epochs=3)
    assert torch.equal(result.train_loss, expected.train_loss)


# Refusals

#: The rule that each refusal of a value states.
RULES = {
    "hidden": "be a positive whole number",
    "lr": "be positive",
    "momentum": "lie between 0 and 1, 1 excluded",
    "weight_decay": "be 0 or more",
    "seed": "be a whole number, 0 or more",
    "activation": "work entry by entry, always in the same way",
    "optimizer": "be one of 'sgd', 'adam'",
    "val_rows": "hold tuples of row numbers",
    "epochs": "be a positive whole number",
    "history_every": "be a positive whole number",
    "loss": ("be mse_loss or cross_entropy of torch.nn.functional, or their module as it comes"),
}

VALUES = [
    ("hidden", 0, ValueError, "0"),
    ("hidden", [3, (2, -1)], ValueError, "-1"),
    ("hidden", 2.0, TypeError, "2.0"),
    ("hidden", True, TypeError, "True"),
    ("hidden", None, TypeError, "None"),
    ("lr", 0, ValueError, "0"),
    ("lr", [1e-3, -0.1], ValueError, "-0.1"),
    ("lr", float("nan"), ValueError, "nan"),
    ("lr", float("inf"), ValueError, "inf"),
    ("lr", 10**400, ValueError, "1000…000..."),
    ("lr", "0.1", TypeError, "'0.1'"),
    ("lr", True, TypeError, "True"),
    ("lr", 1j, TypeError, "1j"),
    ("lr", None, TypeError, "None"),
    ("lr", [[1, 2]], TypeError, "[1, 2]"),
    ("momentum", 1, ValueError, "1"),
    ("momentum", [0, -0.1], ValueError, "-0.1"),
    ("momentum", None, TypeError, "None"),
    ("weight_decay", -1, ValueError, "-1"),
    ("weight_decay", float("inf"), ValueError, "inf"),
    ("seed", -1, ValueError, "-1"),
    ("seed", 2**63, ValueError, "9223372036854775808"),
    ("seed", 0.0, TypeError, "0.0"),
    ("seed", [0, True], TypeError, "True"),
    ("activation", partial(nn.Softmax, 0), ValueError, "Softmax(0)"),
    ("activation", partial(nn.Softmax, dim=1), ValueError, "Softmax(dim=1)"),
    ("activation", nn.RReLU, ValueError, "RReLU"),
    ("activation", nn.GLU, ValueError, "GLU"),
    ("activation", partial(nn.MaxPool1d, 2), ValueError, "MaxPool1d(2)"),
    ("activation", nn.Flatten, ValueError, "Flatten"),
    ("activation", partial(nn.BatchNorm1d, 4, affine=False), ValueError, "BatchNorm1d(4,…)"),
    ("activation", partial(nn.LayerNorm, 4, bias=False, elementwise_affine=False), ValueError, "…"),
    ("optimizer", "SGD", ValueError, "'SGD'"),
    ("optimizer", ["sgd", "lbfgs"], ValueError, "'lbfgs'"),
    ("optimizer", torch.optim.Adam, ValueError, "<class 'torch.optim.adam.Adam'>"),
    ("optimizer", None, ValueError, "None"),
    ("val_rows", 3, TypeError, "3"),
    ("val_rows", [3, 4], TypeError, "3"),
    ("val_rows", "34", TypeError, "'34'"),
    ("val_rows", "", TypeError, "''"),
    ("val_rows", [torch.tensor([True, False])], TypeError, "a bool tensor of shape (2,)"),
    ("val_rows", [(0, 1.5)], TypeError, "(0, 1.5)"),
    ("epochs", 0, ValueError, "0"),
    ("epochs", 1.0, TypeError, "1.0"),
    ("history_every", 0, ValueError, "0"),
    ("history_every", None, TypeError, "None"),
    ("loss", nn.L1Loss(), ValueError, "L1Loss()"),
    ("loss", nn.MSELoss(reduction="sum"), ValueError, "MSELoss()"),
    ("loss", nn.MSELoss, ValueError, "<class '…MSELoss'>"),
    ("loss", "mse", ValueError, "'mse'"),
    ("loss", [nn.MSELoss()], ValueError, "[MSELoss()]"),
]


@pytest.mark.unchecked
@pytest.mark.parametrize(
    "case",
    VALUES,
    ids=[f"{name}-{number}" for number, (name, *_) in enumerate(VALUES)],
)
def test_a_value_is_refused(readings, refused_before_work, case):
    name, value, error, got = case
    message = f"`{name}` must {RULES[name]}, got {got}."
    refused_before_work(error, message, readings, **{name: value})
    if name in GRID and not isinstance(value, list):
        refused_before_work(error, message, readings, runs=[{}, {name: value}])


def test_the_runs_of_all_grids_together_are_counted(readings, refused, monkeypatch):
    monkeypatch.setattr(settings_of_runs, "MOST_RUNS", 6)
    two = [{"hidden": 3}, {"hidden": 5}]
    assert len(sweep(readings, runs=two, seed=range(3), epochs=1)) == 6
    with refused(ValueError, "`runs` must be at most 6, got 8. Make several sweeps."):
        sweep(readings, runs=two, seed=range(4), epochs=1)


@pytest.mark.parametrize("name", list(GRID))
def test_an_empty_grid_is_refused(readings, refused_before_work, name):
    message = f"`{name}` must hold at least one value, got []. Without `{name}` the default is"
    refused_before_work(ValueError, message, readings, **{name: []})


@pytest.mark.unchecked
@pytest.mark.parametrize("name", ["learning_rate", "epochs", "loss", 3])
def test_a_name_of_no_setting_is_refused(readings, refused_before_work, name):
    allowed = "hidden, lr, momentum, weight_decay, seed, activation, optimizer, val_rows"
    message = f"`runs` must hold settings that can vary ({allowed}), got {name!r} in run 1."
    refused_before_work(ValueError, message, readings, runs=[{}, {name: 1}])


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("runs", "error", "got"),
    [
        (3, TypeError, "3"),
        ("lr", TypeError, "'lr'"),
        ({"lr": 1}, TypeError, "{'lr': 1}"),
        ([{}, 3], TypeError, "one that holds 3"),
    ],
)
def test_runs_that_are_no_list_of_dicts_are_refused(
    readings, refused_before_work, runs, error, got
):
    message = f"`runs` must be a list of dicts, one for each run, got {got}. For example"
    refused_before_work(error, message, readings, runs=runs)


def test_no_runs_are_refused(readings, refused_before_work):
    refused_before_work(
        ValueError, "`runs` must hold at least one run, got none.", readings, runs=[]
    )


def test_a_setting_both_in_the_runs_and_as_a_grid_is_refused(readings, refused_before_work):
    message = "`lr` must be one value where `runs` sets it, got 2 values, and one in run 1."
    refused_before_work(ValueError, message, readings, runs=[{}, {"lr": 1}], lr=[1, 2])


def test_momentum_with_adam_is_refused(readings, refused_before_work):
    message = "`momentum` must be 0 for Adam, got 0.9. Adam has its own"
    options = {"momentum": [0, 0.9], "optimizer": ["sgd", "adam"]}
    refused_before_work(ValueError, message, readings, **options)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("activation", "got"), [(nn.Tanh(), "Tanh()"), (torch.tanh, "<built-in…>"), ("Tanh", "'Tanh'")]
)
def test_what_makes_no_module_is_refused(readings, refused_before_work, activation, got):
    message = f"`activation` must be a class or function that makes a Module, got {got}. Pass"
    refused_before_work(TypeError, message, readings, activation=activation)


def test_an_activation_with_parameters_is_refused(readings, refused_before_work):
    message = "`activation` must have no parameters of its own, got PReLU, which has some."
    refused_before_work(ValueError, message, readings, activation=nn.PReLU)


@pytest.mark.parametrize(
    ("val_rows", "message"),
    [
        ([(0, 1), (2, 11)], "lie between 0 and 10, got 11."),
        ((-1,), "lie between 0 and 10, got -1."),
        ((2, 2), "name each row once, got [2, 2]."),
        ((), "leave at least one of the 11 rows on each side, got []."),
        (tuple(range(11)), "leave at least one of the 11 rows on each side, got [0, 1, 2, …]."),
        ([None, (0, 1)], "be given in every run or in none, got both."),
    ],
)
def test_rows_that_cannot_be_held_out_are_refused(readings, refused_before_work, val_rows, message):
    refused_before_work(ValueError, f"`val_rows` must {message}", readings, val_rows=val_rows)


def test_an_unknown_argument_is_refused(readings):
    with pytest.raises(TypeError, match="'learning_rate'"):
        sweep(readings, epochs=1, learning_rate=0.1)


def test_an_array_without_dimensions_is_one_value():
    assert columns(lr=np.array(0.5))["lr"] == [0.5]


def test_an_activation_that_draws_is_refused_whatever_it_draws(readings, refused_before_work):
    rarely = partial(nn.Dropout, 1e-3)  # most often it changes none of a few entries
    message = "`activation` must work entry by entry, always in the same way, got Dropout(0.001)."
    refused_before_work(ValueError, message, readings, activation=rarely)


@pytest.mark.unchecked
@pytest.mark.parametrize("train", [None, (torch.zeros(3, 1), torch.zeros(3, 1)), torch.zeros(3, 1)])
def test_rows_that_are_no_samples_are_refused(refused_before_work, train):
    refused_before_work(TypeError, "`train` must be Samples, got …", train)


@pytest.mark.unchecked
def test_held_out_rows_that_are_no_samples_are_refused(readings, refused_before_work):
    refused_before_work(TypeError, "`val` must be Samples or None, got 3.", readings, 3)


def test_held_out_rows_of_another_shape_or_type_are_refused(readings, refused_before_work):
    wide = Samples(torch.zeros(2, 3), torch.zeros(2, 1))
    message = (
        "`val` must have inputs like those of `train`, a float32 tensor of shape (11, 1), got a"
    )
    refused_before_work(ValueError, f"{message} float32 tensor of shape (2, 3).", readings, wide)
    double = readings.to(dtype=torch.float64)
    refused_before_work(ValueError, f"{message} float64 tensor of shape (11, 1).", readings, double)
    two = Samples(torch.zeros(2, 1), torch.zeros(2, 2))
    refused_before_work(ValueError, "`val` must have targets like those…", readings, two)
    classes = Samples(torch.zeros(2, 1), torch.tensor([0, 1]))
    refused_before_work(ValueError, "`val` must have targets like those…", readings, classes)


def test_held_out_rows_are_given_in_one_way(readings, refused_before_work):
    message = "`val` must be None where `val_rows` is given, got Samples(…"
    refused_before_work(ValueError, message, readings, readings, val_rows=[(0, 1)])


def test_the_cross_entropy_of_measurements_is_refused(readings, refused_before_work):
    message = "`loss` must take measured targets, as those of `train` are, got cross-entropy."
    refused_before_work(ValueError, message, readings, loss=nn.CrossEntropyLoss())


def test_the_mean_squared_error_of_classes_is_refused(refused_before_work):
    classes = Samples(torch.zeros(3, 1), torch.tensor([0, 1, 0]))
    message = "`loss` must take class numbers, as the targets of `train` are, got the mean squared"
    refused_before_work(ValueError, message, classes)


def test_a_cross_entropy_with_options_is_refused(refused_before_work):
    classes = Samples(torch.zeros(3, 1), torch.tensor([0, 1, 0]))
    for options in ({"weight": torch.ones(2)}, {"label_smoothing": 0.1}, {"ignore_index": 0}):
        message = "`loss` must be mse_loss or cross_entropy…"
        loss = nn.CrossEntropyLoss(**options)
        refused_before_work(ValueError, message, classes, loss=loss)


@pytest.mark.parametrize("loss", [nn.functional.cross_entropy, nn.CrossEntropyLoss()])
def test_classes_only_in_the_held_out_rows_get_an_output_too(loss):
    train = Samples(torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1]))
    val = Samples(torch.tensor([[2.0]]), torch.tensor([2]))
    result = sweep(train, val, epochs=2, loss=loss)
    assert result.n_out == 3
    assert result.val_loss.isfinite().all()


@pytest.mark.parametrize("loss", [nn.functional.mse_loss, nn.MSELoss(), nn.MSELoss().eval()])
def test_the_mean_squared_error_is_taken_as_function_or_module(readings, loss):
    assert torch.equal(
        sweep(readings, loss=loss, epochs=3).train_loss, sweep(readings, epochs=3).train_loss
    )


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"seed": itertools.count()},
            "`seed` must be one value or several, got more than 1,000",
        ),
        ({"seed": range(10**9)}, "`seed` must be one value or several, got more than 1,000"),
        ({"runs": itertools.repeat({})}, "`runs` must be a list of dicts, one for each run, got"),
        ({"hidden": 2**40}, "`hidden` must be at most 2,147,483,648, got 1099511627776."),
        ({"seed": range(2000), "lr": [0.1] * 2000}, "`runs` must be at most 1,000,000, got 4,000"),
        ({"val_rows": torch.tensor(1)}, "`val_rows` must hold tuples of row numbers, got an int64"),
        ({"epochs": 2**53 + 1}, "`epochs` must be at most 9,007,199,254,740,992, got 9007"),
    ],
    ids=["seeds", "range", "runs", "wide", "grid", "row", "epochs"],
)
def test_sweeps_without_end_are_refused_at_once(settings, message, refused):
    with refused((TypeError, ValueError), message):
        sweep(load_thermometer(), **{"epochs": 1, **settings})


@pytest.mark.unchecked
@pytest.mark.parametrize("name", ["compiled", "progress"])
def test_what_is_neither_true_nor_false_is_refused(readings, refused_before_work, name):
    message = f"`{name}` must be True or False, got a float32 tensor of shape (2,)."
    refused_before_work(TypeError, message, readings, **{name: torch.ones(2)})
