"""One neuron, composed neurons, and networks of bumps."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nnbook.neurons import BOOK_NEURONS, Curve, bump, bump_network, neuron, step

A, B, C, D = BOOK_NEURONS
X = torch.linspace(-3, 3, 601, dtype=torch.float64)
NUMBERS = st.floats(-5, 5, allow_subnormal=False)


def lowest_near(curve: Curve, low: float, high: float) -> tuple[float, float]:
    """Return where the curve is lowest between two inputs, and how low it is there."""
    x = torch.linspace(low, high, 2001, dtype=torch.float64)
    values = curve(x)
    return float(x[values.argmin()]), float(values.min())


# One neuron


def test_a_neuron_is_a_linear_layer_and_an_activation():
    layer = nn.Linear(1, 1).double()
    unit = neuron(layer.weight.item(), layer.bias.item(), scale=2.0)
    torch.testing.assert_close(unit(X[:, None]), 2 * torch.tanh(layer(X[:, None])))


def test_a_neuron_takes_a_module_as_its_activation():
    unit = neuron(2.0, 1.0, activation=nn.Hardtanh())
    assert unit(torch.tensor([-3.0, -0.5, -0.25, 3.0])).tolist() == [-1, 0, 0.5, 1]


@given(weight=NUMBERS, bias=NUMBERS, scale=NUMBERS)
def test_a_tanh_neuron_with_all_signs_turned_is_the_same_function(weight, bias, scale):
    unit = neuron(weight, bias, scale=scale)
    turned = neuron(-weight, -bias, scale=-scale)
    assert torch.equal(unit(X), turned(X))


@pytest.mark.parametrize(
    ("unit", "formula"),
    [
        (neuron(-2.0, -1.25), "tanh(-2x - 1.25)"),
        (neuron(1.0, 0.75), "tanh(x + 0.75)"),
        (neuron(-1.0, 0.0), "tanh(-x)"),
        (neuron(0.5, 1.0, scale=3.0, activation=nn.ReLU()), "3 relu(0.5x + 1)"),
    ],
)
def test_the_formula_says_what_is_computed(unit, formula):
    assert unit.formula == formula


def test_the_title_is_the_name_and_the_formula_where_there_is_one():
    assert A.title == "A = tanh(-2x - 1.25)"
    assert (A + B).title == "A + B"


# Composed neurons


def test_the_books_neurons_are_those_that_its_figure_shows():
    formulas = ["tanh(-2x - 1.25)", "tanh(x + 0.75)", "tanh(4x + 1)", "tanh(-3x + 1.5)"]
    assert [unit.formula for unit in BOOK_NEURONS] == formulas
    assert [unit.name for unit in BOOK_NEURONS] == ["A", "B", "C", "D"]


def test_the_sum_of_a_and_b_has_a_bump_and_a_dip():
    negative = neuron(2.0, 1.25) - B  # tanh is odd: this is -(A + B)
    assert lowest_near(negative, -2, -0.5) == pytest.approx((-1.1, -0.40), abs=0.03)
    assert lowest_near(A + B, -0.5, 1) == pytest.approx((0, -0.21), abs=0.03)


def test_the_sum_of_c_and_d_is_higher_than_any_neuron():
    assert float((C + D)(X).max()) == pytest.approx(1.72, abs=0.005)


def test_the_last_sum_dips_twice():
    last = C(A + B) + D(A + B)
    assert lowest_near(last, -2, -0.6)[1] == pytest.approx(1.27, abs=0.005)
    assert lowest_near(last, -0.5, 1)[1] == pytest.approx(1.12, abs=0.005)


@pytest.mark.parametrize(
    "curve",
    [
        A + B,
        A - B,
        A - (B + C),
        A - (B - C),
        C(A + B),
        (A + B)(C),
        (A - C(B))(D),
        C(A + B) + D(A - B),
    ],
    ids=lambda curve: curve.name,
)
def test_the_name_of_a_composed_curve_computes_the_same_as_the_curve(curve):
    from_name = eval(curve.name, {"A": A, "B": B, "C": C, "D": D})  # noqa: S307
    assert torch.equal(from_name(X), curve(X))


def test_composing_applies_the_inner_curve_first():
    torch.testing.assert_close(C(A + B)(X), C(A(X) + B(X)), rtol=0, atol=0)
    assert not torch.allclose(C(A)(X), A(C)(X))


@pytest.mark.unchecked
def test_a_curve_is_added_only_to_a_curve():
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+"):
        A + 1
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for -"):
        A - 1


# Steps and bumps


def test_a_step_runs_from_zero_to_its_height_with_half_at_its_place():
    rising = step(0.5, 3.0, steepness=50.0)
    torch.testing.assert_close(rising(torch.tensor([-1.0, 0.5, 2.0])), torch.tensor([0, 1.5, 3.0]))


@given(left=NUMBERS, width=st.floats(0.1, 5.0), height=NUMBERS, steepness=st.floats(0.1, 100))
def test_a_bump_is_the_difference_of_two_steps(left, width, height, steepness):
    difference = step(left, height, steepness=steepness) - step(
        left + width, height, steepness=steepness
    )
    torch.testing.assert_close(
        bump(left, left + width, height, steepness=steepness)(X), difference(X)
    )


def test_a_hardtanh_bump_is_a_trapezium():
    trapezium = bump(-1.0, 1.0, 2.0, steepness=4.0, activation=nn.Hardtanh())
    corners = [-3, -1.25, -0.75, 0.75, 1.25, 3]
    heights = np.interp(X, corners, [0, 0, 2, 2, 0, 0])
    torch.testing.assert_close(trapezium(X), torch.from_numpy(heights))


# Networks of bumps


def test_hardtanh_bumps_join_the_values_by_straight_lines():
    network = bump_network(torch.cos, (-3.0, 3.0), 7, activation=nn.Hardtanh).double()
    places = np.linspace(-3, 3, 7)
    with torch.no_grad():
        outputs = network(X[:, None]).squeeze(1)
    np.testing.assert_allclose(outputs, np.interp(X, places, np.cos(places)), atol=2e-6)


def test_twice_as_many_tanh_bumps_halve_the_error():
    def error(n_bumps: int) -> float:
        network = bump_network(wave, (-2.0, 2.0), n_bumps)
        x = torch.linspace(-2, 2, 2001).unsqueeze(1)
        with torch.no_grad():
            return float((network(x) - wave(x)).abs().max())

    def wave(x: torch.Tensor) -> torch.Tensor:
        return torch.sin(3 * x) + 0.5 * x + 0.7

    errors = [error(n_bumps) for n_bumps in (20, 40, 80, 160)]
    assert all(after < 0.6 * before for before, after in pairwise(errors))
    assert errors[-1] < 0.02


def test_a_bump_network_is_the_sum_of_its_bumps():
    network = bump_network(torch.cos, (0.0, 3.0), 4, steepness=9.0).double()
    edges = [(-2.5, 0.5), (0.5, 1.5), (1.5, 2.5), (2.5, 5.5)]
    heights = [math.cos(place) for place in range(4)]
    bumps = [bump(*ends, h, steepness=9.0) for ends, h in zip(edges, heights, strict=True)]
    with torch.no_grad():
        outputs = network(X[:, None]).squeeze(1)
    torch.testing.assert_close(outputs, sum(bumps[1:], start=bumps[0])(X), rtol=0, atol=1e-6)


def test_a_bump_network_has_two_hidden_units_for_each_bump():
    network = bump_network(torch.sin, (0.0, 3.0), 5)
    assert network.get_parameter("hidden_linear.weight").shape == (10, 1)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_bump_network_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    bump_network(torch.sin, (0.0, 3.0), 5)
    assert torch.equal(torch.random.get_rng_state(), before)


# Messages


def test_an_activation_class_is_refused(refused):
    with refused(TypeError, "`activation` must be a function of a tensor, or a Module, got …Tanh…"):
        neuron(1.0, 0.0, activation=nn.Tanh)


@pytest.mark.parametrize("steepness", [0.0, -2.0, math.nan])
def test_a_step_that_does_not_rise_is_refused(refused, steepness):
    with refused(ValueError, f"`steepness` must be positive, got {steepness:g}."):
        step(0.0, steepness=steepness)
    with refused(ValueError, f"`steepness` must be positive, got {steepness:g}."):
        bump(0.0, 1.0, steepness=steepness)
    with refused(ValueError, f"`steepness` must be positive, got {steepness:g}."):
        bump_network(torch.sin, (0.0, 1.0), 3, steepness=steepness)


def test_a_bump_that_falls_before_it_rises_is_refused(refused):
    with refused(ValueError, "`right` must be greater than `left` (2), got 1."):
        bump(2.0, 1.0)


def test_a_network_of_one_bump_is_refused(refused):
    with refused(ValueError, "`n_bumps` must be at least 2, got 1. One stands at each end."):
        bump_network(torch.sin, (0.0, 1.0), 1)


def test_an_interval_that_does_not_rise_is_refused(refused):
    with refused(ValueError, "`between` must be two rising numbers, got (1.0, 1.0)."):
        bump_network(torch.sin, (1.0, 1.0), 3)


def test_a_function_that_changes_the_shape_is_refused(refused):
    message = "`function` must return shape (3, 1) for inputs of that shape, got …(3,)."
    with refused(ValueError, message):
        bump_network(lambda x: x.squeeze(1), (0.0, 1.0), 3)
