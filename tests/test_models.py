"""The book's models, and standardization."""

import itertools
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from torch import nn
from torch.testing import assert_close

import nnbook
from nnbook import Samples, Standardize, SubclassFunctionalModel, SubclassModel, mlp

INPUTS = torch.linspace(2, 9, 7).unsqueeze(1)


# mlp


def test_one_hidden_layer_computes_the_formula_of_the_book(seeded):
    model = seeded(0, lambda: mlp(1, 13, 1))
    v, a = model.hidden_linear.weight, model.hidden_linear.bias
    w, b = model.output_linear.weight, model.output_linear.bias
    assert_close(model(INPUTS), torch.tanh(INPUTS @ v.T + a) @ w.T + b)


def test_no_hidden_layer_is_a_straight_line():
    model = mlp(1, (), 1)
    assert list(model._modules) == ["output_linear"]
    values = model(torch.tensor([[0.0], [1.0], [2.0]])).squeeze(1)
    assert_close(values[2] - values[1], values[1] - values[0])


def test_one_hidden_layer_is_named_without_a_number():
    names = ["hidden_linear", "hidden_activation", "output_linear"]
    assert list(mlp(1, 13, 1)._modules) == names
    assert list(mlp(1, [13], 1)._modules) == names


def test_several_hidden_layers_are_numbered():
    assert list(mlp(2, [5, 4], 3)._modules) == [
        "hidden_linear_1",
        "hidden_activation_1",
        "hidden_linear_2",
        "hidden_activation_2",
        "output_linear",
    ]


@given(st.integers(1, 5), st.lists(st.integers(1, 6), max_size=4), st.integers(1, 5))
def test_widths_chain_from_inputs_to_outputs(n_in, hidden, n_out):
    model = mlp(n_in, hidden, n_out)
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    widths = [n_in, *hidden, n_out]
    sizes = [(layer.in_features, layer.out_features) for layer in layers]
    assert sizes == list(pairwise(widths))
    assert model(torch.zeros(3, n_in)).shape == (3, n_out)


def test_each_hidden_layer_has_an_activation_of_its_own():
    model = mlp(1, [3, 3], 1, activation=nn.PReLU)
    assert isinstance(model.hidden_activation_1, nn.PReLU)
    assert model.hidden_activation_1 is not model.hidden_activation_2
    assert model.hidden_activation_1.weight is not model.hidden_activation_2.weight


def test_any_function_that_makes_a_module_will_do():
    model = mlp(1, 3, 1, activation=lambda: nn.LeakyReLU(0.5))
    assert model.hidden_activation.negative_slope == 0.5


def test_the_weights_are_those_that_linear_layers_draw_in_order(seeded):
    model = seeded(3, lambda: mlp(2, [5, 4], 3))
    layers = seeded(3, lambda: [nn.Linear(2, 5), nn.Linear(5, 4), nn.Linear(4, 3)])
    expected = [parameter for layer in layers for parameter in layer.parameters()]
    assert len(expected) == 6
    for parameter, twin in zip(model.parameters(), expected, strict=True):
        assert torch.equal(parameter, twin)


@pytest.mark.unchecked
def test_widths_may_come_from_a_generator_a_range_or_a_tensor():
    expected = [tuple(p.shape) for p in mlp(1, [2, 3], 1).parameters()]
    for hidden in ((width for width in (2, 3)), range(2, 4), torch.tensor([2, 3])):
        assert [tuple(p.shape) for p in mlp(1, hidden, 1).parameters()] == expected


@pytest.mark.unchecked
@pytest.mark.parametrize("place", ["n_in", "hidden", "one of hidden", "n_out"])
@pytest.mark.parametrize(
    ("width", "error"),
    [(0, ValueError), (-1, ValueError), (2.5, TypeError), (True, TypeError), ("5", TypeError)],
)
def test_wrong_widths_are_refused_before_anything_is_drawn(place, width, error, refused):
    sizes = {"n_in": 1, "hidden": 3, "n_out": 1}
    name = place.removeprefix("one of ")
    sizes[name] = [2, width] if place == "one of hidden" else width
    before = torch.get_rng_state()
    with refused(error, f"`{name}` must be a positive whole number, got {width!r}."):
        mlp(**sizes)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.unchecked
@pytest.mark.parametrize("activation", [nn.Tanh(), "tanh", None], ids=["module", "name", "none"])
def test_what_is_no_activation_factory_is_refused(activation, refused):
    before = torch.get_rng_state()
    with refused(TypeError, "`activation` must be a class or function that makes a Module, got"):
        mlp(1, 3, 1, activation=activation)
    assert torch.equal(torch.get_rng_state(), before)


# The subclasses


@pytest.mark.parametrize("model_class", [SubclassModel, SubclassFunctionalModel])
def test_a_subclass_is_the_same_network_from_the_same_seed(model_class, seeded):
    model, twin = seeded(0, lambda: model_class(13)), seeded(0, lambda: mlp(1, 13, 1))
    assert list(model.state_dict()) == list(twin.state_dict())
    assert torch.equal(model(INPUTS), twin(INPUTS))


@pytest.mark.parametrize("model_class", [SubclassModel, SubclassFunctionalModel])
def test_a_subclass_trains_to_the_same_bits(model_class, seeded, readings):
    losses = []
    for build in (lambda: model_class(13), lambda: mlp(1, 13, 1)):
        model = seeded(0, build)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
        losses.append(nnbook.fit(model, readings, optimizer=optimizer, epochs=50).train_loss)
    assert torch.equal(*losses)


def test_a_subclass_has_13_hidden_units_unless_told():
    assert SubclassModel().hidden_linear.out_features == 13
    assert SubclassFunctionalModel(4).hidden_linear.out_features == 4


@pytest.mark.unchecked
@pytest.mark.parametrize("model_class", [SubclassModel, SubclassFunctionalModel])
@pytest.mark.parametrize(
    ("n_hidden", "error"),
    [(0, ValueError), (-1, ValueError), (2.5, TypeError), (True, TypeError), ("5", TypeError)],
)
def test_wrong_widths_of_a_subclass_are_refused(model_class, n_hidden, error, refused):
    with refused(error, f"`n_hidden` must be a positive whole number, got {n_hidden!r}."):
        model_class(n_hidden)


# Standardize


def test_the_rows_themselves_come_out_with_mean_0_and_deviation_1():
    rows = torch.tensor([[1.0, 10.0], [3.0, 50.0]])
    standardize = Standardize.of(rows)
    assert standardize.mean.tolist() == [2.0, 30.0]
    assert standardize.std.tolist() == [1.0, 20.0]
    assert standardize(rows).tolist() == [[-1.0, -1.0], [1.0, 1.0]]


def test_mean_and_deviation_are_those_of_numpy(generator):
    rows = torch.randn(50, 3, generator=generator, dtype=torch.float64)
    standardize = Standardize.of(rows)
    assert_close(standardize.mean, torch.tensor(rows.numpy().mean(axis=0)))
    assert_close(standardize.std, torch.tensor(rows.numpy().std(axis=0)))


def test_of_samples_the_inputs_are_taken():
    data = nnbook.load_thermometer()
    one, other = Standardize.of(data), Standardize.of(data.inputs)
    assert torch.equal(one.mean, other.mean)
    assert torch.equal(one.std, other.std)


def test_new_rows_are_measured_by_the_old():
    standardize = Standardize.of(torch.tensor([[1.0], [3.0]]))
    assert standardize(torch.tensor([[2.0], [5.0]])).tolist() == [[0.0], [3.0]]


@given(
    st_numpy.arrays(
        np.float64,
        st.tuples(st.integers(2, 8), st.integers(1, 3)),
        elements=st.floats(-1e6, 1e6, width=32),
    )
)
def test_standardizing_can_be_undone(values):
    rows = torch.tensor(values)
    standardize = Standardize.of(rows, constant="pass")
    assert_close(standardize.inverse(standardize(rows)), rows, rtol=1e-12, atol=1e-9)


@given(
    st_numpy.arrays(np.float64, st.integers(2, 20), elements=st.integers(-1000, 1000), unique=True)
)
def test_every_column_comes_out_with_mean_0_and_deviation_1(values):
    scaled = Standardize.of(torch.tensor(values).unsqueeze(1))(torch.tensor(values).unsqueeze(1))
    assert abs(scaled.mean().item()) < 1e-9
    assert scaled.std(correction=0).item() == pytest.approx(1, abs=1e-9)


def test_mean_and_deviation_are_kept_in_the_state_but_not_trained(split):
    standardize = Standardize.of(split.train)
    model = nn.Sequential(standardize, nn.Linear(1, 1))
    assert {"0.mean", "0.std"} < set(model.state_dict())
    before = {name: value.clone() for name, value in standardize.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nnbook.fit(model, split.train, split.val, optimizer=optimizer, epochs=3)
    assert len(before) == 2
    for name, value in standardize.state_dict().items():
        assert torch.equal(value, before[name])


def test_mean_and_deviation_change_type_and_device_with_the_model():
    standardize = Standardize.of(torch.tensor([[1.0], [3.0]]))
    assert standardize.double()(torch.tensor([[2.0]], dtype=torch.float64)).dtype == torch.float64
    assert standardize.to("meta")(torch.zeros(2, 1, device="meta")).shape == (2, 1)


def test_a_later_change_of_the_tensors_does_not_reach_the_module():
    mean, std = torch.tensor([2.0]), torch.tensor([1.0])
    standardize = Standardize(mean, std)
    mean.fill_(5.0)
    std.fill_(5.0)
    assert standardize(torch.tensor([[3.0]])).item() == 1.0


# Of seven times 0.1 neither the mean is 0.1 in float32 nor the deviation 0.
@pytest.mark.parametrize("value", [5.0, 0.0, 0.1, 0.3, 5.3])
def test_a_constant_column_is_told_by_its_equal_values(value, refused):
    rows = torch.full((7, 1), value)
    assert torch.equal(Standardize.of(rows, constant="pass")(rows), rows)
    message = "`data` must vary in every column, got the same value in every row of column 0."
    with refused(ValueError, message):
        Standardize.of(rows)


def test_a_constant_column_that_passes_leaves_the_others_to_be_standardized():
    rows = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    assert Standardize.of(rows, constant="pass")(rows).tolist() == [[-1.0, 5.0], [1.0, 5.0]]


def test_a_constant_column_is_named(refused):
    rows = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    with refused(ValueError, "in every row of column 'b'. Leave the column out"):
        Standardize.of(Samples(rows, rows, input_names=["a", "b"]))


@pytest.mark.unchecked
@pytest.mark.parametrize(
    "rows",
    [torch.zeros(3), torch.zeros(0, 2), torch.tensor([[1], [2]])],
    ids=["flat", "empty", "whole"],
)
def test_what_is_no_table_of_numbers_is_refused(rows, refused):
    rule = "hold a floating-point tensor of shape (rows, columns)"
    with refused(ValueError, f"`data` must {rule}, got a"):
        Standardize.of(rows)


@pytest.mark.unchecked
def test_another_word_for_constant_columns_is_refused(refused):
    with refused(ValueError, '`constant` must be "refuse" or "pass", got \'drop\'.'):
        Standardize.of(torch.tensor([[1.0], [3.0]]), constant="drop")


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        (torch.zeros(2), torch.ones(3), "`std` must have one entry per column, as `mean` has ((2,"),
        (torch.zeros(1, 2), torch.ones(1, 2), "`std` must have one entry per column, as"),
        (
            torch.zeros(2),
            torch.tensor([1.0, 0.0]),
            "`std` must be positive in every column, got 0.",
        ),
        (torch.zeros(1), torch.tensor([-2.0]), "`std` must be positive in every column, got -2."),
        (torch.zeros(1), torch.tensor([math.nan]), "`std` must be positive in every column, got n"),
    ],
    ids=["lengths", "tables", "zero", "negative", "nan"],
)
def test_wrong_means_and_deviations_are_refused(mean, std, message, refused):
    with refused(ValueError, message):
        Standardize(mean, std)


@pytest.mark.unchecked
def test_a_function_in_place_of_an_activation_class_is_refused(refused):
    with refused(TypeError, "`activation` must be a class or function that makes a Module, got"):
        nnbook.mlp(1, 3, 1, activation=torch.tanh)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, itertools.repeat(1), 1), "`hidden` must hold the widths of at most 1,000 layers, got"),
        ((2**40, (), 1), "`n_in` must be at most 16,777,216, got 1099511627776."),
        ((1, [2**20, 2**20], 1), "`hidden` must be small enough for at most 1,073,741,824 weights"),
    ],
    ids=["endless", "wide", "large"],
)
def test_networks_beyond_memory_are_refused_before_anything_is_drawn(arguments, message, refused):
    state = torch.get_rng_state()
    with refused(ValueError, message):
        mlp(*arguments)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.unchecked
@pytest.mark.parametrize("method", ["forward", "inverse"])
@pytest.mark.parametrize(
    "rows",
    [torch.ones(2), torch.ones(5, 1), torch.ones(5, 2).long(), torch.eye(2).to_sparse(), [1.0]],
    ids=["vector", "one column", "whole", "sparse", "list"],
)
def test_rows_that_would_be_broadcast_over_the_columns_are_refused(method, rows, refused):
    standardize = Standardize(torch.zeros(2), torch.ones(2))
    name = "inputs" if method == "forward" else "standardized"
    with refused((TypeError, ValueError), f"`{name}` must be "):
        getattr(standardize, method)(rows)


@pytest.mark.unchecked
@pytest.mark.parametrize("model", [SubclassModel, SubclassFunctionalModel])
@pytest.mark.parametrize(
    "inputs", [torch.ones(3), torch.ones(3, 2), torch.ones(3, 1).double(), None, nn.Tanh()]
)
def test_readings_that_are_no_column_are_refused(model, inputs, refused):
    with refused((TypeError, ValueError), "`inputs` must "):
        model()(inputs)


@pytest.mark.unchecked
@pytest.mark.parametrize("values", [torch.tensor([[1.0], [torch.nan]]), [[1.0], [2.0]], nn.Tanh()])
def test_rows_that_cannot_be_measured_are_refused(values, refused):
    with refused((TypeError, ValueError), "`data` must "):
        Standardize.of(values)
