"""The thermometer data; tests/reference/ holds its numbers against the published ones."""

import pytest
import torch

from nnbook import load_thermometer


def test_readings_and_temperatures_rise_together():
    data = load_thermometer(dtype=torch.float64)
    both = torch.cat([data.inputs, data.targets], dim=1).T
    assert torch.corrcoef(both)[0, 1] > 0.97


def test_there_are_eleven_rows_of_one_input_and_one_target():
    data = load_thermometer()
    assert data.inputs.shape == (11, 1)
    assert data.targets.shape == (11, 1)
    assert not data.has_classes


def test_labels_name_the_units():
    data = load_thermometer()
    assert data.input_labels == ("reading (unknown unit)",)
    assert data.target_labels == ("temperature (°C)",)
    assert "Deep Learning with PyTorch" in data.source


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_tensors_have_the_type_that_was_asked_for(dtype):
    data = load_thermometer(dtype=dtype)
    assert data.inputs.dtype == data.targets.dtype == dtype


def test_float64_readings_are_the_decimal_numbers_themselves():
    assert load_thermometer(dtype=torch.float64).inputs[0].item() == 35.7


def test_a_change_to_one_copy_does_not_reach_the_next():
    load_thermometer().inputs.zero_()
    assert load_thermometer().inputs.min() > 20
