"""The solutions that the page of exercises shows and runs."""

import sys
from pathlib import Path

import pytest
import torch

import nnbook

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
import solutions


def test_the_slopes_of_the_two_fits_multiply_to_the_squared_correlation() -> None:
    data = nnbook.load_thermometer(dtype=torch.float64)
    correlation = torch.corrcoef(torch.cat([data.inputs, data.targets], dim=1).T)[0, 1]
    forward, backward = solutions.ex_1_2a()
    assert forward * backward == pytest.approx(correlation.item() ** 2, rel=1e-5)


def test_the_absolute_loss_gives_way_less_to_one_wrong_reading() -> None:
    squared, absolute = solutions.ex_1_1a()
    data = nnbook.load_thermometer(dtype=torch.float64)
    spoilt = data.targets.clone()
    spoilt[3] = 82.0
    at_50 = torch.tensor([[50.0]], dtype=torch.float64)
    lines = [
        nnbook.least_squares(nnbook.Samples(data.inputs, targets)).predict(at_50)
        for targets in (data.targets, spoilt)
    ]
    assert squared == pytest.approx((lines[1] - lines[0]).item(), abs=1e-3)
    assert abs(absolute) < abs(squared) / 2


def test_three_relu_units_make_a_triangle() -> None:
    x = torch.linspace(-3, 3, 61)
    torch.testing.assert_close(solutions.ex_2_5a(x), (1 - x.abs()).clamp(min=0))


def test_more_relu_units_start_off_on_inputs_that_are_not_centred() -> None:
    scaled, standardized = solutions.ex_3_3a(n_seeds=20)
    assert 0.3 < scaled < 0.6
    assert standardized < 0.2


def test_the_module_trains_its_scale_and_keeps_its_centre() -> None:
    module = solutions.CentredScale(torch.tensor([2.0, 4.0]))
    assert torch.equal(module(torch.tensor([[3.0, 3.0]])), torch.tensor([[1.0, -1.0]]))
    assert [name for name, _ in module.named_parameters()] == ["scale"]
    assert set(module.state_dict()) == {"scale", "centre"}


def test_the_straight_network_gets_a_hundred_times_straighter_with_weights_a_tenth_as_large() -> (
    None
):
    off = [solutions.farthest(solutions.ex_5_1a(smallness)) for smallness in (0.1, 0.01)]
    assert off[0] / off[1] == pytest.approx(100, rel=0.1)


def test_a_straight_line_has_no_bend_and_a_parabola_has() -> None:
    assert solutions.bend(torch.nn.Linear(1, 1)) < 1e-4

    class Parabola(torch.nn.Module):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return 0.01 * inputs**2

    x = torch.linspace(20, 90, 71, dtype=torch.float64)
    design = torch.stack([torch.ones_like(x), x], dim=1)
    best = design @ torch.linalg.lstsq(design, 0.01 * x[:, None] ** 2).solution
    expected = (best.squeeze(1) - 0.01 * x**2).square().mean().sqrt().item()
    assert solutions.bend(Parabola()) == pytest.approx(expected, rel=1e-4)


def test_a_network_at_a_high_rate_goes_below_the_line_in_training() -> None:
    runs = solutions.ex_6_1(hidden=13, lr=0.1, n_seeds=1, epochs=300)
    assert solutions.medians(runs)["training"] < 1


def test_wine_trains_only_when_it_is_standardized() -> None:
    history, accuracy = solutions.ex_7_2a(standardize=True)
    stuck, _ = solutions.ex_7_2a(standardize=False)
    assert accuracy > 0.9
    assert history.train_loss[-1] < 0.1
    assert stuck.train_loss[-1] > 1


def test_each_factor_of_the_training_time_is_a_positive_ratio() -> None:
    ratios = solutions.ex_7_3b(turns=1)
    assert len(ratios) == 4
    assert all(ratio > 0 for ratio in ratios.values())


def test_the_spreads_of_the_measurements_differ_by_thousands() -> None:
    spread = solutions.ex_7_1a()
    assert max(spread, key=spread.get) == "proline"
    assert spread["proline"] > 1000 * min(spread.values())
