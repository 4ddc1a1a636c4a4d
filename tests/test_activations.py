"""The catalogue: what it states against dense sampling, what it computes against formulas."""

import dataclasses
import math
import tomllib
from pathlib import Path

import pytest
import torch
from scipy import optimize, special, stats
from torch import nn

from nnbook.activations import CATALOGUE, SENSITIVE_PART, Activation, derivative, table

PUBLISHED = tomllib.loads((Path(__file__).parent / "reference" / "published.toml").read_text())
NEAR = torch.linspace(-6, 6, 12_001, dtype=torch.float64)  # every 0.001
FAR = torch.linspace(-500, 500, 100_001, dtype=torch.float64)
EVERY = pytest.mark.parametrize("activation", CATALOGUE.values(), ids=CATALOGUE.keys())


def test_the_catalogue_lists_the_books_activations_and_two_of_today():
    expected = (
        "Tanh Hardtanh Sigmoid Softplus ReLU LeakyReLU(0.1) Tanhshrink Softshrink Hardshrink "
        "GELU SiLU"
    )
    assert " ".join(CATALOGUE) == expected


@EVERY
def test_an_activation_is_listed_under_its_name_and_makes_that_module(activation):
    assert CATALOGUE[activation.name] is activation
    assert type(activation.make()).__name__ == activation.name.partition("(")[0]
    assert activation.make() is not activation.make()


# What is stated


@EVERY
def test_no_value_passes_the_bounds_and_the_bounds_are_reached(activation):
    values = torch.cat([activation(NEAR), activation(FAR)])
    for bound, extreme in zip(activation.bounds, (values.min(), values.max()), strict=True):
        if math.isinf(bound):
            assert math.copysign(1, bound) * extreme > 49
        else:
            assert float(extreme) == pytest.approx(bound, abs=1e-6)
    low, high = activation.bounds
    assert low <= values.min()
    assert values.max() <= high


@EVERY
def test_a_monotonic_activation_never_falls_and_the_others_do(activation):
    steps = activation(NEAR).diff()
    assert activation.is_monotonic == bool((steps >= 0).all())
    assert (steps > 0).any()


@EVERY
def test_values_jump_only_at_the_jumps(activation):
    changes = activation(NEAR).diff().abs() > 0.01
    places = (NEAR[1:] + NEAR[:-1])[changes] / 2
    assert places.tolist() == pytest.approx(list(activation.jumps), abs=0.001)


@EVERY
def test_slopes_jump_only_at_the_kinks_and_jumps(activation):
    # Beside the grid points, so that no kink falls on one and each shows as one change.
    inputs = NEAR + 0.0005
    changes = derivative(activation, inputs).diff().abs() > 0.01
    places = (inputs[1:] + inputs[:-1])[changes] / 2
    corners = sorted([*activation.kinks, *activation.jumps])
    assert places.tolist() == pytest.approx(corners, abs=0.001)
    assert activation.is_smooth == (not corners)


def test_the_dips_of_silu_and_gelu_are_as_deep_as_formulas_say():
    assert CATALOGUE["SiLU"].bounds[0] == pytest.approx(
        -special.lambertw(1 / math.e).real, abs=1e-12
    )
    dip = optimize.minimize_scalar(
        lambda x: x * stats.norm.cdf(x), bounds=(-2, 0), method="bounded"
    )
    assert CATALOGUE["GELU"].bounds[0] == pytest.approx(dip.fun, abs=1e-12)


# What is computed


def test_tanh_gives_the_published_values():
    inputs = torch.tensor(PUBLISHED["tanh"]["inputs"], dtype=torch.float64)
    outputs = torch.tensor(PUBLISHED["tanh"]["outputs"], dtype=torch.float64)
    torch.testing.assert_close(CATALOGUE["Tanh"](inputs), outputs)


def test_three_of_eleven_have_another_value_than_zero_at_zero():
    values = {name: a.at_zero for name, a in CATALOGUE.items() if not a.is_zero_at_zero}
    assert values == pytest.approx({"Sigmoid": 0.5, "Softplus": math.log(2)})


def test_torch_chooses_a_slope_at_each_corner():
    slopes = {name: a.slopes_at_corners for name, a in CATALOGUE.items() if not a.is_smooth}
    assert slopes == {
        "Hardtanh": {-1.0: 0.0, 1.0: 0.0},
        "ReLU": {0.0: 0.0},
        "LeakyReLU(0.1)": {0.0: 0.1},
        "Softshrink": {-0.5: 0.0, 0.5: 0.0},
        "Hardshrink": {-0.5: 0.0, 0.5: 0.0},
    }


@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        ("Tanh", [(-math.atanh(math.sqrt(0.9)), math.atanh(math.sqrt(0.9)))]),
        ("Hardtanh", [(-1, 1)]),
        ("Softplus", [(-math.log(9), math.inf)]),
        ("ReLU", [(0, math.inf)]),
        ("LeakyReLU(0.1)", [(-math.inf, math.inf)]),
        ("Softshrink", [(-math.inf, -0.5), (0.5, math.inf)]),
        (
            "Tanhshrink",
            [
                (-math.inf, -math.atanh(math.sqrt(0.1))),
                (math.atanh(math.sqrt(0.1)), math.inf),
            ],
        ),
    ],
)
def test_the_sensitive_range_is_where_the_formula_says(name, ranges):
    found = CATALOGUE[name].sensitive_ranges
    assert len(found) == len(ranges)
    for ends, expected in zip(found, ranges, strict=True):
        assert ends == pytest.approx(expected, abs=1e-8)


@EVERY
def test_slopes_are_large_inside_the_sensitive_ranges_and_small_outside(activation):
    inputs = torch.cat([NEAR + 0.0005, FAR + 0.0005])
    slopes = derivative(activation, inputs).abs()
    inside = torch.zeros_like(inputs, dtype=torch.bool)
    for low, high in activation.sensitive_ranges:
        inside |= (inputs > low) & (inputs < high)
    assert inside.any()
    assert torch.equal(inside, slopes >= SENSITIVE_PART * slopes.max())


def test_gelu_is_sensitive_a_second_time_where_it_falls():
    (first, second) = CATALOGUE["GELU"].sensitive_ranges
    assert first[1] < second[0]
    assert derivative(nn.GELU(), torch.tensor(sum(first) / 2)) < -0.1


# The derivative


@EVERY
def test_the_derivative_is_what_a_central_difference_gives_off_the_corners(activation):
    inputs, delta = torch.linspace(-3.05, 3.05, 62, dtype=torch.float64), 1e-6
    difference = (activation(inputs + delta) - activation(inputs - delta)) / (2 * delta)
    torch.testing.assert_close(derivative(activation, inputs), difference, rtol=0, atol=1e-8)


def test_a_function_a_module_and_an_entry_of_the_catalogue_have_one_derivative():
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    expected = 1 - torch.tanh(inputs) ** 2
    for activation in (torch.tanh, nn.Tanh(), CATALOGUE["Tanh"]):
        torch.testing.assert_close(derivative(activation, inputs), expected)


def test_the_derivative_leaves_inputs_alone_and_ignores_no_grad():
    inputs = torch.tensor([0.0, 1.0], requires_grad=True)
    with torch.no_grad():
        slopes = derivative(torch.sigmoid, inputs)
    assert slopes[0] == 0.25
    assert not slopes.requires_grad
    assert inputs.grad is None


# The table


def test_the_table_has_a_line_for_each_activation_and_fits_a_page():
    heading, columns, *rows = table().splitlines()
    assert [row[:16].strip() for row in rows] == list(CATALOGUE)
    assert max(len(line) for line in (heading, columns, *rows)) <= 76
    assert not any(line.endswith(" ") for line in (heading, columns, *rows))


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Hardshrink", ["none", "0", "yes", "jump ±0.5 (0)", "< -0.5, > 0.5"]),
        ("LeakyReLU(0.1)", ["none", "0", "yes", "kink 0 (0.1)", "everywhere"]),
        ("Sigmoid", ["0 to 1", "0.5", "yes", "smooth", "-3.64 to 3.64"]),
        ("SiLU", ["≥ -0.28", "0", "no", "smooth", "> -0.88"]),
    ],
)
def test_a_row_of_the_table_reads(name, cells):
    row = table({name: CATALOGUE[name]}).splitlines()[2]
    widths = [(16, 25), (25, 31), (31, 38), (38, 53), (53, None)]
    assert [row[start:end].strip() for start, end in widths] == cells


def test_a_corner_off_zero_is_written_as_it_is():
    relu6 = Activation("ReLU6", nn.ReLU6, (0.0, 6.0), is_monotonic=True, kinks=(0.0, 6.0))
    assert "kink 0, 6 (0)" in table({"ReLU6": relu6})


def test_an_empty_catalogue_makes_an_empty_table():
    assert len(table({}).splitlines()) == 2


# Messages


@pytest.mark.unchecked
def test_whole_numbers_are_refused(refused):
    with refused(TypeError, "`inputs` must be a floating-point tensor, got …int64…"):
        derivative(torch.relu, torch.tensor([1, 2]))


def test_an_activation_class_is_refused(refused):
    with refused(TypeError, "`activation` must be a function of a tensor, got …ReLU…"):
        derivative(nn.ReLU, torch.zeros(2))


def test_a_function_that_changes_the_shape_is_refused(refused):
    message = "`activation` must return shape (2, 2) for inputs of that shape, got …(2,)."
    with refused(ValueError, message):
        derivative(lambda x: x.sum(dim=1), torch.zeros(2, 2))


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError, match="does not support item assignment"):
        CATALOGUE["Tanh"] = CATALOGUE["ReLU"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        CATALOGUE["Tanh"].bounds = (0.0, 1.0)
