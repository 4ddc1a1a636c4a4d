"""The straight line: least squares, its statistics, and the gradient in three ways."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import nnbook
from nnbook import (
    Samples,
    gradient_by_autograd,
    gradient_by_difference,
    gradient_by_hand,
    least_squares,
    line_loss,
    load_thermometer,
)
from nnbook._student_t import two_sided_p


def noisy_line(seed: int, n_rows: int = 20, n_in: int = 1, *, noise: float = 1.0) -> Samples:
    """Return float64 rows around a random line."""
    generator = torch.Generator().manual_seed(seed)
    options = {"generator": generator, "dtype": torch.float64}
    inputs = 10 * torch.randn(n_rows, n_in, **options)
    weights, bias = torch.randn(n_in, 1, **options), torch.randn(1, **options)
    return Samples(inputs, inputs @ weights + bias + noise * torch.randn(n_rows, 1, **options))


# A known truth


def test_the_line_behind_exact_targets_is_recovered():
    inputs = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 2.0], [7.0, 3.0]])
    targets = inputs @ torch.tensor([[2.0], [-3.0]]) + 0.5
    line = least_squares(Samples(inputs, targets, input_names=["a", "b"]))
    assert line.names == ("(intercept)", "a", "b")
    assert_close(line.coefficients, torch.tensor([0.5, 2.0, -3.0], dtype=torch.float64))
    assert line.mse < 1e-25
    assert_close(line.predict(inputs), targets)


def test_equal_targets_give_a_flat_line_that_says_nothing_of_the_slope():
    data = Samples(torch.tensor([[1.0], [2.0], [4.0]]), torch.full((3, 1), 5.0))
    line = least_squares(data)
    assert_close(line.coefficients, torch.tensor([5.0, 0.0], dtype=torch.float64))
    assert line.mse < 1e-25


def test_predictions_keep_the_type_of_the_inputs():
    line = least_squares(load_thermometer())
    assert line.predict(torch.tensor([[32.0]])).dtype == torch.float32
    assert line.predict(torch.tensor([[32.0]], dtype=torch.float64)).dtype == torch.float64


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_predictions_lie_on_the_gpu_of_the_inputs():
    data = load_thermometer()
    line = least_squares(data)
    predictions = line.predict(data.inputs.cuda())
    assert predictions.is_cuda
    assert_close(predictions.cpu(), line.predict(data.inputs))


def test_all_results_are_float64_whatever_the_data_are():
    line = least_squares(load_thermometer(dtype=torch.float32))
    for values in (line.coefficients, line.standard_errors, line.t, line.p, line.residuals):
        assert values.dtype == torch.float64


# Oracles


@pytest.mark.parametrize("seed", range(10))
def test_one_input_gives_what_scipy_gives(seed):
    data = noisy_line(seed, n_rows=3 + 4 * seed)
    line = least_squares(data)
    oracle = scipy.stats.linregress(data.inputs.squeeze(1), data.targets.squeeze(1))
    assert_close(line.coefficients.tolist(), [oracle.intercept, oracle.slope], rtol=1e-10, atol=0)
    errors = [oracle.intercept_stderr, oracle.stderr]
    assert_close(line.standard_errors.tolist(), errors, rtol=1e-10, atol=0)
    assert_close(line.p[1].item(), oracle.pvalue, rtol=1e-9, atol=0)


def test_p_values_too_small_for_float32_are_kept():
    line = least_squares(noisy_line(0, n_rows=30, noise=1e-3))
    oracle = 2 * scipy.stats.t.sf(line.t[1].item(), line.degrees_of_freedom)
    assert 0 < oracle < 1e-80
    assert_close(line.p[1].item(), oracle, rtol=1e-10, atol=0)


@pytest.mark.parametrize("n_in", [1, 2, 5])
def test_many_inputs_give_what_the_normal_equations_give(n_in):
    data = noisy_line(n_in, n_rows=30, n_in=n_in)
    line = least_squares(data)
    design = np.column_stack([np.ones(30), data.inputs.numpy()])
    solution, squares, *_ = np.linalg.lstsq(design, data.targets.numpy())
    variance = squares[0] / (30 - n_in - 1)
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    assert_close(line.coefficients, torch.tensor(solution[:, 0]), rtol=1e-10, atol=0)
    assert_close(line.standard_errors, torch.tensor(errors), rtol=1e-10, atol=0)
    assert_close(line.t, line.coefficients / line.standard_errors)
    assert line.degrees_of_freedom == 29 - n_in
    assert_close(line.mse, squares[0] / 30, rtol=1e-10, atol=0)


def test_inputs_far_from_zero_keep_their_digits():
    # The normal equations would square the condition number, 1e7, and lose every digit.
    data = noisy_line(0)
    far = data.with_inputs(data.inputs + 1e8)
    assert_close(
        least_squares(far).coefficients[1], least_squares(data).coefficients[1], rtol=1e-6, atol=0
    )


@given(
    st.floats(-3, 150).map(lambda exponent: 10**exponent),
    st.one_of(st.integers(1, 30), st.integers(1, 5000)),
)
def test_p_values_are_those_of_scipy_down_to_the_tiniest(t, degrees_of_freedom):
    oracle = 2 * scipy.stats.t.sf(t, degrees_of_freedom)
    assert two_sided_p(t, degrees_of_freedom) == pytest.approx(oracle, rel=1e-10, abs=1e-300)
    assert two_sided_p(-t, degrees_of_freedom) == two_sided_p(t, degrees_of_freedom)


@pytest.mark.parametrize(("t", "degrees_of_freedom"), [(38.0, 300), (1e6, 49), (1e9, 30)])
def test_p_values_below_the_smallest_float32_are_still_right(t, degrees_of_freedom):
    oracle = 2 * scipy.stats.t.sf(t, degrees_of_freedom)
    assert 0 < oracle < 1e-100
    assert two_sided_p(t, degrees_of_freedom) == pytest.approx(oracle, rel=1e-10, abs=0)


@given(st.floats(0, 1e-3), st.integers(1, 5000))
def test_p_values_near_one_are_those_of_scipy(t, degrees_of_freedom):
    # scipy itself errs by up to 5e-9 here: with one degree of freedom p is 1 - 2 atan(t) / pi.
    oracle = 2 * scipy.stats.t.sf(t, degrees_of_freedom)
    assert two_sided_p(t, degrees_of_freedom) == pytest.approx(oracle, rel=1e-8, abs=0)


@given(st.floats(0, 1e-3))
def test_p_values_with_one_degree_of_freedom_are_those_of_the_arc_tangent(t):
    exact = 1 - 2 * math.atan(t) / math.pi
    assert two_sided_p(t, 1) == pytest.approx(exact, rel=1e-14, abs=0)


def test_p_values_of_no_and_of_boundless_evidence():
    assert two_sided_p(0.0, 9) == 1.0
    assert two_sided_p(math.inf, 9) == two_sided_p(-math.inf, 9) == 0.0
    assert math.isnan(two_sided_p(math.nan, 9))


def test_line_loss_is_the_mean_squared_error_of_a_linear_layer():
    data = noisy_line(0, n_in=3)
    layer = nn.Linear(3, 1, dtype=torch.float64)
    params = torch.cat([layer.weight.detach().flatten(), layer.bias.detach()])
    with torch.no_grad():
        expected = nn.functional.mse_loss(layer(data.inputs), data.targets)
    assert_close(line_loss(params, data), expected)


def test_all_gradients_are_that_of_a_linear_layer():
    data = noisy_line(1, n_in=3)
    layer = nn.Linear(3, 1, dtype=torch.float64)
    nn.functional.mse_loss(layer(data.inputs), data.targets).backward()
    expected = torch.cat([layer.weight.grad.flatten(), layer.bias.grad])
    params = torch.cat([layer.weight.detach().flatten(), layer.bias.detach()])
    assert_close(gradient_by_hand(params, data), expected)
    assert_close(gradient_by_autograd(params, data), expected)
    assert_close(gradient_by_difference(params, data), expected)


# Two ways, one result


@pytest.mark.parametrize("factor", [0.1, 1000.0])
def test_scaled_inputs_scale_the_slope_and_leave_its_evidence(factor):
    data = noisy_line(2)
    line, scaled = least_squares(data), least_squares(data.with_inputs(factor * data.inputs))
    assert_close(factor * scaled.coefficients[1], line.coefficients[1])
    assert_close(scaled.t, line.t)
    assert_close(scaled.p, line.p, rtol=1e-8, atol=0)
    assert_close(scaled.mse, line.mse)


def test_shifted_targets_shift_the_intercept_alone():
    data = noisy_line(3)
    line, shifted = least_squares(data), least_squares(Samples(data.inputs, data.targets + 7))
    moved = shifted.coefficients - line.coefficients
    assert_close(moved, torch.tensor([7.0, 0.0], dtype=torch.float64))
    assert_close(shifted.standard_errors, line.standard_errors)


def test_the_order_of_the_rows_does_not_matter(generator):
    data = noisy_line(4)
    rows = torch.randperm(len(data), generator=generator)
    shuffled = least_squares(Samples(*data[rows]))
    assert_close(shuffled.coefficients, least_squares(data).coefficients)
    assert_close(shuffled.residuals, least_squares(data).residuals[rows])


def test_the_mean_squared_error_is_the_loss_of_the_fitted_line():
    data = noisy_line(5, n_in=2)
    line = least_squares(data)
    params = torch.cat([line.coefficients[1:], line.coefficients[:1]])
    assert_close(line_loss(params, data).item(), line.mse)
    assert_close(line.residuals, data.targets - line.predict(data.inputs))


# Properties


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_no_gradient_is_left_at_the_least_squares_line(seed, n_in):
    data = noisy_line(seed, n_in=n_in)
    line = least_squares(data)
    params = torch.cat([line.coefficients[1:], line.coefficients[:1]])
    assert gradient_by_hand(params, data).abs().max() < 1e-10


@given(st.integers(0, 10_000), st.integers(1, 3), st.floats(0.01, 10))
def test_the_three_gradients_agree(seed, n_in, delta):
    data = noisy_line(seed, n_in=n_in)
    params = torch.randn(n_in + 1, generator=torch.Generator().manual_seed(seed)).double()
    by_hand = gradient_by_hand(params, data)
    assert_close(gradient_by_autograd(params, data), by_hand, rtol=1e-9, atol=1e-9)
    # The loss is a parabola in each parameter: any step gives the slope, but for rounding.
    difference = gradient_by_difference(params, data, delta=delta)
    assert_close(difference, by_hand, rtol=1e-7, atol=1e-7 / delta)


@pytest.mark.parametrize("requires_grad", [False, True])
def test_the_gradient_by_autograd_leaves_no_trace(requires_grad):
    params = torch.tensor([1.0, 0.0], requires_grad=requires_grad)
    gradient = gradient_by_autograd(params, load_thermometer())
    assert params.grad is None
    assert params.requires_grad == requires_grad
    assert not gradient.requires_grad


def test_the_gradient_by_autograd_works_where_gradients_are_off():
    params, data = torch.tensor([1.0, 0.0]), load_thermometer()
    with torch.no_grad():
        gradient = gradient_by_autograd(params, data)
    assert torch.equal(gradient, gradient_by_autograd(params, data))


def test_the_table_prints_each_coefficient_in_a_row():
    data = load_thermometer(dtype=torch.float64)
    head, intercept, slope, foot = str(least_squares(data)).splitlines()
    assert head.split() == ["estimate", "std.", "error", "t", "p"]
    assert intercept.split() == ["(intercept)", "-17.3047855", "1.9272273", "-8.979", "8.70e-06"]
    assert slope.split() == ["reading", "0.5367719", "0.0355386", "15.104", "1.06e-07"]
    assert foot == "mean squared error 2.9276 over 11 rows, 9 degrees of freedom"
    assert head.index("estimate") + len("estimate") == intercept.index("55") + 2


# What is refused

ROWS = torch.tensor([[1.0], [2.0], [4.0], [8.0]])
ONE_COLUMN = "`data.targets` must be one column of numbers, got"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Samples(ROWS, torch.tensor([0, 1, 1, 0])), f"{ONE_COLUMN} an int64 tensor of shape (4,)."),
        (Samples(ROWS, ROWS.repeat(1, 2)), f"{ONE_COLUMN} a float32 tensor of shape (4, 2)."),
    ],
    ids=["classes", "two columns"],
)
def test_targets_that_are_not_one_column_of_numbers_are_refused(data, message, refused):
    params = torch.tensor([1.0, 0.0])
    for measure in (
        least_squares,
        lambda data: line_loss(params, data),
        lambda data: gradient_by_hand(params, data),
        lambda data: gradient_by_autograd(params, data),
        lambda data: gradient_by_difference(params, data),
    ):
        with refused(ValueError, message):
            measure(data)


def test_as_many_coefficients_as_rows_are_refused(refused):
    data = Samples(ROWS[:2], ROWS[:2])
    with refused(ValueError, "`data` must have more rows than the 2 coefficients, got 2 rows."):
        least_squares(data)


@pytest.mark.parametrize(
    ("inputs", "column"),
    [
        (torch.tensor([[3.0], [3.0], [3.0], [3.0]]), "column 0 ('x0')"),
        (torch.tensor([[0.1], [0.1], [0.1], [0.1]]), "column 0 ('x0')"),
        (torch.cat([ROWS, 2 * ROWS + 1], dim=1), "column 1 ('x1')"),
        (torch.zeros(4, 1), "column 0 ('x0')"),
    ],
    ids=["constant", "constant with rounding", "a multiple", "zero"],
)
def test_columns_that_follow_from_others_are_refused(inputs, column, refused):
    message = f"`data.inputs` must have linearly independent columns, …, got {column} that follows"
    with refused(ValueError, message):
        least_squares(Samples(inputs, ROWS))


@pytest.mark.unchecked
@pytest.mark.parametrize("inputs", [torch.zeros(3), torch.zeros(3, 2)], ids=["flat", "wide"])
def test_predictions_for_other_columns_are_refused(inputs, refused):
    with refused(ValueError, "`inputs` must have shape (n, 1), got a float32 tensor of shape (3"):
        least_squares(load_thermometer()).predict(inputs)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ([1.0, 0.0], TypeError, "`params` must be a floating-point tensor, got [1.0, 0.0]."),
        (torch.tensor([1, 0]), TypeError, "`params` must be a floating-point tensor, got an int64"),
        (
            torch.zeros(3),
            ValueError,
            "`params` must have shape (2,), got a float32 tensor of shape (3,). One weight for",
        ),
        (torch.zeros(2, 1), ValueError, "`params` must have shape (2,), got a float32 tensor of"),
    ],
    ids=["list", "whole", "too many", "column"],
)
def test_wrong_parameters_are_refused(params, error, message, refused):
    for measure in (line_loss, gradient_by_hand, gradient_by_autograd, gradient_by_difference):
        with refused(error, message):
            measure(params, load_thermometer())


@pytest.mark.parametrize("delta", [0.0, -0.1, math.inf, math.nan])
def test_wrong_steps_are_refused(delta, refused):
    with refused(ValueError, f"`delta` must be positive, got {delta}."):
        gradient_by_difference(torch.tensor([1.0, 0.0]), load_thermometer(), delta=delta)


def test_parameters_of_another_type_than_the_data_are_refused(refused):
    data = nnbook.load_thermometer()
    with refused(TypeError, "`params` must have the type of `data.inputs`, torch.float32, got"):
        nnbook.line_loss(torch.tensor([1.0, 0.0], dtype=torch.float64), data)


def test_a_statistic_beyond_all_bounds_has_the_p_value_0():
    assert two_sided_p(1e200, 9) == 0.0
