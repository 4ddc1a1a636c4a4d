"""Figures of neurons and of activations: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from nnbook import plots
from nnbook.activations import CATALOGUE, derivative
from nnbook.neurons import BOOK_NEURONS, neuron

A, B, C, D = BOOK_NEURONS


def line(ax: plt.Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of the one line with this label."""
    (found,) = [each for each in ax.lines if each.get_label() == label]
    return found.get_xdata(), found.get_ydata()


# A grid of curves


def test_each_panel_shows_its_function_under_its_title():
    curves = [A, B, C, D, A + B, C + D, C(A + B), D(A + B), C(A + B) + D(A + B)]
    panels = plots.curve_grid({curve.title: curve for curve in curves}, (-3.0, 3.0))
    assert len(panels) == 9
    for ax, curve in zip(panels, curves, strict=True):
        x, y = ax.lines[0].get_data()
        assert ax.get_title() == curve.title
        assert (x[0], x[-1]) == (-3, 3)
        np.testing.assert_allclose(y, curve(torch.as_tensor(x)))


def test_the_panels_of_a_grid_share_one_figure_and_both_axes():
    units = {f"w = {w:g}": neuron(w, 0.0, scale=w) for w in (1.0, 2.0, 5.0, -3.0)}
    panels = plots.curve_grid(units, (-1.0, 1.0), columns=3)
    assert {ax.figure for ax in panels} == {panels[0].figure}
    assert len(panels[0].figure.axes) == 4, "free places are taken away"
    assert {ax.get_ylim() for ax in panels} == {panels[0].get_ylim()}
    assert panels[0].get_ylim()[1] > 4.9


def test_only_the_edges_of_a_grid_are_labelled():
    units = {str(number): A for number in range(4)}
    panels = plots.curve_grid(units, (-1.0, 1.0), columns=3, xlabel="score in", ylabel="score out")
    assert [ax.get_xlabel() for ax in panels] == ["", "score in", "score in", "score in"]
    assert [ax.get_ylabel() for ax in panels] == ["score out", "", "", "score out"]


# The catalogue


def test_each_panel_shows_an_activation_and_its_derivative():
    panels = plots.activation_grid()
    assert [ax.get_title() for ax in panels] == list(CATALOGUE)
    for ax, activation in zip(panels, CATALOGUE.values(), strict=True):
        for label, expected in [
            ("function f(x)", activation),
            ("derivative f′(x)", lambda x, activation=activation: derivative(activation, x)),
        ]:
            x, y = (torch.as_tensor(values) for values in line(ax, label))
            drawn = ~x.isnan()
            assert drawn.sum() > 590
            torch.testing.assert_close(y[drawn], expected(x[drawn]))


@pytest.mark.parametrize(
    ("name", "label", "places"),
    [
        ("Hardshrink", "function f(x)", [-0.5, 0.5]),
        ("Hardshrink", "derivative f′(x)", [-0.5, 0.5]),
        ("Hardtanh", "function f(x)", []),
        ("Hardtanh", "derivative f′(x)", [-1.0, 1.0]),
        ("ReLU", "derivative f′(x)", [0.0]),
        ("Tanh", "derivative f′(x)", []),
    ],
)
def test_a_line_is_broken_where_it_jumps_and_nowhere_else(name, label, places):
    (ax,) = plots.activation_grid({name: CATALOGUE[name]})
    x, _ = line(ax, label)  # where x is NaN, matplotlib lifts the pen
    grid = np.linspace(-3, 3, 601)
    np.testing.assert_allclose(grid[np.isnan(x)], places, atol=1e-6)


def test_a_line_is_broken_also_where_no_point_falls_on_the_jump():
    (ax,) = plots.activation_grid({"ReLU": CATALOGUE["ReLU"]}, (-1.0, 2.001))
    x, y = line(ax, "derivative f′(x)")
    assert np.isnan(x).sum() == 1
    assert not np.isnan([x[0], x[-1]]).any()
    joined = ~np.isnan(np.diff(x))
    assert not (np.abs(np.diff(y)) > 0.5)[joined].any(), "no line is drawn up the jump"


def test_one_legend_explains_all_panels():
    figure = plots.activation_grid()[0].figure
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["y = x", "function f(x)", "derivative f′(x)"]
    full = plots.activation_grid({n: CATALOGUE[n] for n in ("Tanh", "ReLU", "GELU")})[0].figure
    assert len(full.legends) == 1


# Shifts and slopes


def test_the_legend_of_shifts_tells_how_much_comes_out():
    ax = plots.shifts(torch.tanh, {"bear": 0.1, "garbage truck": -2.2}, 0.5)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    out = [np.tanh(0.6) - np.tanh(0.1), np.tanh(-1.7) - np.tanh(-2.2)]
    assert texts == [f"bear:\n+{out[0]:.2f} out", f"garbage truck:\n+{out[1]:.2f} out"]
    assert ax.get_legend().get_title().get_text() == "+0.5 in"


def test_bars_count_each_slope_once_as_a_share():
    slopes = torch.tensor([[0.0, 0.04], [0.5, 1.0]])
    ax = plots.slope_histogram({"case": slopes}, bins=10)
    outline = ax.patches[0].get_xy()
    assert outline[:, 1].max() == 50, "two of four lie in the first bar"
    assert outline[:, 0].max() == pytest.approx(1)


def test_the_legend_of_slopes_tells_the_share_of_flat_ones():
    slopes = {"a": torch.tensor([0.01, -0.01, 0.1, 2.0]), "b": torch.ones(3)}
    ax = plots.slope_histogram(slopes, threshold=0.1)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["a: 50 % below 0.1", "b: 0 % below 0.1"]
    assert ax.patches[0].get_xy()[:, 0].max() == pytest.approx(2), "no slope falls off the bars"


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plots.shifts(torch.tanh, {"bear": 0.1}, 0.5, ax),
        lambda ax: plots.slope_histogram({"case": torch.ones(3)}, ax),
    ],
    ids=["shifts", "slope_histogram"],
)
def test_a_figure_is_drawn_in_the_given_axes(draw):
    _, ax = plt.subplots()
    assert draw(ax) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel()


# Messages


def test_a_grid_of_nothing_is_refused(refused):
    with refused(ValueError, "`functions` must hold at least one function, got none."):
        plots.curve_grid({}, (-1.0, 1.0))
    with refused(ValueError, "`catalogue` must hold at least one function, got none."):
        plots.activation_grid({})


def test_a_grid_of_no_columns_is_refused(refused):
    with refused(ValueError, "`columns` must be a positive whole number, got 0."):
        plots.curve_grid({"A": A}, (-1.0, 1.0), columns=0)


def test_slopes_of_nothing_are_refused(refused):
    with refused(ValueError, "`slopes['case']` must hold slopes, got …(0,)."):
        plots.slope_histogram({"case": torch.empty(0)})
    with refused(ValueError, "`slopes` must hold at least one case, got none."):
        plots.slope_histogram({})


def test_shifts_of_nothing_are_refused(refused):
    with refused(ValueError, "`starts` must hold at least one place, got none."):
        plots.shifts(torch.tanh, {}, 0.5)
