"""Samples: rows with names, and their splits."""

import dataclasses
import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader

from nnbook import Samples, load_thermometer

COLUMN = torch.tensor([[1.0], [2.0], [3.0]])
CLASSES = torch.tensor([2, 0, 2])


def numbered(n_rows: int) -> Samples:
    """Return rows that can be told apart: row i holds i, and its target 10 i."""
    numbers = torch.arange(n_rows, dtype=torch.float32).unsqueeze(1)
    return Samples(numbers, 10 * numbers)


def row_numbers(data: Samples) -> list[int]:
    assert torch.equal(data.targets, 10 * data.inputs), "rows were torn apart"
    return [int(number) for number in data.inputs.squeeze(1)]


# Rows


def test_a_row_is_an_input_with_its_target():
    inputs, targets = numbered(4)[2]
    assert inputs.tolist() == [2.0]
    assert targets.tolist() == [20.0]


def test_a_slice_and_a_tensor_of_row_numbers_select_rows():
    data = numbered(5)
    assert data[1:3][0].tolist() == [[1.0], [2.0]]
    assert data[torch.tensor([4, 0])][1].tolist() == [[40.0], [0.0]]


def test_len_counts_rows():
    assert len(numbered(5)) == 5


def test_a_data_loader_gives_each_row_once(generator):
    loader = DataLoader(numbered(10), batch_size=4, shuffle=True, generator=generator)
    batches = list(loader)
    assert [len(inputs) for inputs, _ in batches] == [4, 4, 2]
    rows = Samples(*(torch.cat(part) for part in zip(*batches, strict=True)))
    assert row_numbers(rows) != list(range(10))
    assert sorted(row_numbers(rows)) == list(range(10))


def test_samples_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        numbered(3).inputs = COLUMN


# Names


def test_names_are_numbered_where_none_are_given():
    data = Samples(torch.zeros(2, 2), torch.zeros(2, 3))
    assert data.input_names == ("x0", "x1")
    assert data.target_names == ("y0", "y1", "y2")
    assert data.input_units == data.target_units == ()
    assert data.input_labels == ("x0", "x1")


def test_classes_are_numbered_where_no_names_are_given():
    assert Samples(COLUMN, CLASSES).target_names == ("class 0", "class 1", "class 2")


def test_labels_are_names_with_their_units():
    data = Samples(torch.zeros(2, 2), torch.zeros(2, 1), input_units=["m", ""], target_units=["s"])
    assert data.input_labels == ("x0 (m)", "x1")
    assert data.target_labels == ("y0 (s)",)


def test_repr_tells_rows_columns_and_source():
    data = Samples(COLUMN, COLUMN, input_names=["height"], input_units=["m"], source="a ruler")
    assert repr(data) == "Samples(3 rows: height (m) -> y0; a ruler)"
    data = Samples(COLUMN, torch.tensor([0, 1, 1]), target_names=["cat", "dog"])
    assert repr(data) == "Samples(3 rows: x0 -> cat | dog)"


def test_class_numbers_are_told_from_measurements():
    assert Samples(COLUMN, CLASSES).has_classes
    assert not Samples(COLUMN, COLUMN).has_classes


def test_the_number_of_classes_is_one_more_than_the_largest_number():
    assert Samples(COLUMN, CLASSES).n_classes == 3


def test_named_classes_count_even_if_no_row_has_them():
    rows = Samples(COLUMN, CLASSES, target_names=["a", "b", "c"]).split_at([0, 2]).train
    assert rows.targets.tolist() == [0]
    assert rows.n_classes == 3


# New samples from old


def test_with_inputs_keeps_everything_but_the_inputs():
    data = load_thermometer()
    scaled = data.with_inputs(0.1 * data.inputs)
    assert torch.equal(scaled.inputs, 0.1 * data.inputs)
    assert scaled.targets is data.targets
    assert scaled.input_labels == data.input_labels
    assert scaled.source == data.source


def test_with_inputs_leaves_the_old_samples_as_they_were():
    data = load_thermometer()
    data.with_inputs(0.1 * data.inputs)
    assert torch.equal(data.inputs, load_thermometer().inputs)


def test_with_inputs_of_other_columns_takes_new_names():
    data = load_thermometer()
    squares = torch.cat([data.inputs, data.inputs**2], dim=1)
    assert data.with_inputs(squares).input_labels == ("x0", "x1")
    named = data.with_inputs(squares, input_names=["u", "u²"], input_units=["", "1"])
    assert named.input_labels == ("u", "u² (1)")


def test_with_inputs_can_rename_a_column_that_stays():
    data = load_thermometer().with_inputs(COLUMN.repeat(4, 1)[:11], input_units=["K"])
    assert data.input_labels == ("reading (K)",)


def test_to_changes_the_type_of_inputs_and_measured_targets():
    data = load_thermometer().to(dtype=torch.float64)
    assert data.inputs.dtype == data.targets.dtype == torch.float64
    assert data.input_labels == ("reading (unknown unit)",)


def test_to_leaves_class_numbers_whole():
    data = Samples(COLUMN, CLASSES).to(dtype=torch.float64)
    assert data.inputs.dtype == torch.float64
    assert data.targets.dtype == torch.int64


def test_to_without_arguments_changes_nothing():
    data = load_thermometer()
    assert torch.equal(data.to().inputs, data.inputs)
    assert data.to().inputs.dtype == data.inputs.dtype


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_to_moves_all_tensors_to_the_gpu():
    data = Samples(COLUMN, CLASSES).to("cuda")
    assert data.inputs.is_cuda
    assert data.targets.is_cuda
    assert data.split_at([0]).val.inputs.is_cuda


# Splits


def test_split_at_takes_the_rows_in_the_order_given():
    split = numbered(6).split_at([4, 1])
    assert row_numbers(split.val) == [4, 1]
    assert row_numbers(split.train) == [0, 2, 3, 5]


def test_split_at_takes_a_tensor_as_it_takes_a_list():
    split, twin = numbered(6).split_at([4, 1]), numbered(6).split_at(torch.tensor([4, 1]))
    assert torch.equal(split.train.inputs, twin.train.inputs)
    assert torch.equal(split.val.inputs, twin.val.inputs)


def test_split_keeps_names_and_source():
    split = load_thermometer().split_at([0])
    for part in (split.train, split.val):
        assert part.input_labels == ("reading (unknown unit)",)
        assert part.target_labels == ("temperature (°C)",)
        assert part.source == load_thermometer().source


def test_split_is_a_permutation_of_which_the_end_validates(generator):
    rows = torch.randperm(10, generator=torch.Generator().manual_seed(0)).tolist()
    split = numbered(10).split(0.3, generator=generator)
    assert row_numbers(split.train) == rows[:7]
    assert row_numbers(split.val) == rows[7:]


def test_split_without_a_generator_draws_from_the_global_one(seeded):
    split = seeded(5, lambda: numbered(10).split(0.3))
    twin = numbered(10).split(0.3, generator=torch.Generator().manual_seed(5))
    assert row_numbers(split.val) == row_numbers(twin.val)


def test_split_with_a_generator_leaves_the_global_one_alone(generator):
    before = torch.get_rng_state()
    numbered(10).split(0.3, generator=generator)
    assert torch.equal(torch.get_rng_state(), before)


def test_split_at_draws_nothing():
    before = torch.get_rng_state()
    numbered(10).split_at([3])
    assert torch.equal(torch.get_rng_state(), before)


def test_split_moves_its_generator_on_so_that_the_next_split_differs(generator):
    first = row_numbers(numbered(50).split(0.5, generator=generator).val)
    second = row_numbers(numbered(50).split(0.5, generator=generator).val)
    assert first != second


@st.composite
def rows_and_fractions(draw):
    """Draw a row count, and a fraction in hundredths that leaves a row on each side."""
    n_rows = draw(st.integers(2, 300))
    hundredths = draw(st.integers(math.ceil(100 / n_rows), 99))
    return n_rows, hundredths


@given(rows_and_fractions(), st.integers(0, 2**32))
def test_split_parts_the_rows_and_holds_out_the_floor(rows_and_fraction, seed):
    n_rows, hundredths = rows_and_fraction
    generator = torch.Generator().manual_seed(seed)
    split = numbered(n_rows).split(hundredths / 100, generator=generator)
    held_out = row_numbers(split.val)
    assert len(held_out) == math.floor(Fraction(hundredths, 100) * n_rows)
    assert sorted(row_numbers(split.train) + held_out) == list(range(n_rows))


@given(st.integers(2, 40), st.integers(0, 2**32))
def test_split_from_the_same_seed_is_the_same(n_rows, seed):
    def split():
        return numbered(n_rows).split(0.5, generator=torch.Generator().manual_seed(seed))

    assert row_numbers(split().train) == row_numbers(split().train)
    assert row_numbers(split().val) == row_numbers(split().val)


@given(st.data())
def test_split_at_parts_the_rows(data):
    n_rows = data.draw(st.integers(2, 30))
    rows = st.lists(st.integers(0, n_rows - 1), min_size=1, max_size=n_rows - 1, unique=True)
    val_rows = data.draw(rows)
    split = numbered(n_rows).split_at(val_rows)
    assert row_numbers(split.val) == val_rows
    assert row_numbers(split.train) == sorted(set(range(n_rows)) - set(val_rows))


# What is refused

FLOATS = "be a floating-point tensor of shape (rows, columns)"
NAN = torch.tensor([[1.0], [math.nan], [3.0]])


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ([[1.0]], TypeError, f"`inputs` must {FLOATS}, got list."),
        (
            COLUMN.long(),
            TypeError,
            f"`inputs` must {FLOATS}, got an int64 tensor of shape (3, 1). `inputs.float()`",
        ),
        (
            COLUMN.squeeze(1),
            ValueError,
            f"`inputs` must {FLOATS}, got a float32 tensor of shape (3,). `inputs.unsqueeze(1)`",
        ),
        (
            torch.zeros(3, 1, 1),
            ValueError,
            f"`inputs` must {FLOATS}, got a float32 tensor of shape (3, 1, 1).",
        ),
        (
            torch.zeros(0, 1),
            ValueError,
            "`inputs` must hold at least one row and one column, got a float32 tensor of shape (0,",
        ),
        (
            torch.zeros(3, 0),
            ValueError,
            "`inputs` must hold at least one row and one column, got a float32 tensor of shape (3,",
        ),
        (NAN, ValueError, "`inputs` must be finite, got nan in row 1, column 0."),
        (
            torch.tensor([[1.0, 2.0], [3.0, -math.inf], [5.0, 6.0]]),
            ValueError,
            "`inputs` must be finite, got -inf in row 1, column 1.",
        ),
    ],
    ids=["list", "whole", "flat", "cube", "no rows", "no columns", "nan", "inf"],
)
def test_wrong_inputs_are_refused(inputs, error, message, refused):
    with refused(error, message):
        Samples(inputs, COLUMN)
    with refused(error, message):
        numbered(3).with_inputs(inputs)


FLOATS_OR_CLASSES = "`targets` must be a floating-point tensor of shape (rows, columns), or …, got"


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("targets", "error", "message"),
    [
        ([0, 1, 2], TypeError, f"{FLOATS_OR_CLASSES} list."),
        (
            COLUMN.squeeze(1),
            ValueError,
            f"{FLOATS_OR_CLASSES} a float32 tensor of shape (3,). `targets.unsqueeze(1)`",
        ),
        (COLUMN.int(), TypeError, f"{FLOATS_OR_CLASSES} an int32 tensor of shape (3, 1)."),
        (CLASSES.bool(), TypeError, f"{FLOATS_OR_CLASSES} a bool tensor of shape (3,)."),
        (
            COLUMN.long(),
            ValueError,
            f"{FLOATS_OR_CLASSES} an int64 tensor of shape (3, 1). `targets.flatten()`",
        ),
        (
            COLUMN[:2],
            ValueError,
            "`targets` must have as many rows as `inputs` (3), got a float32 tensor of shape (2,",
        ),
        (
            CLASSES[:2],
            ValueError,
            "`targets` must have as many rows as `inputs` (3), got an int64 tensor of shape (2,).",
        ),
        (torch.zeros(0, 1), ValueError, "`targets` must hold at least one row and one column, got"),
        (CLASSES[:0], ValueError, "`targets` must hold at least one row, got an int64 tensor of"),
        (NAN, ValueError, "`targets` must be finite, got nan in row 1, column 0."),
        (
            torch.tensor([0, -1, 2]),
            ValueError,
            "`targets` must hold class numbers that count from 0, got -1.",
        ),
    ],
    ids=[
        "list",
        "flat",
        "int32",
        "bool",
        "column of classes",
        "too few",
        "too few classes",
        "none",
        "no classes",
        "nan",
        "negative class",
    ],
)
def test_wrong_targets_are_refused(targets, error, message, refused):
    with refused(error, message):
        Samples(COLUMN, targets)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (
            {"input_names": ["a", "b"]},
            ValueError,
            "`input_names` must have 1 entries, one for each",
        ),
        ({"target_names": ["a", "b"]}, ValueError, "`target_names` must have 1 entries"),
        ({"input_units": ["a", "b"]}, ValueError, "`input_units` must have 1 entries"),
        ({"target_units": ["a", "b"]}, ValueError, "`target_units` must have 1 entries"),
        ({"input_names": "u"}, TypeError, "`input_names` must be a sequence of strings, got 'u'."),
        ({"target_units": [1]}, TypeError, "`target_units` must be a sequence of strings, got [1]"),
    ],
    ids=["inputs", "targets", "input units", "target units", "one string", "numbers"],
)
def test_wrong_names_are_refused(names, error, message, refused):
    with refused(error, message):
        Samples(COLUMN, COLUMN, **names)


def test_class_names_must_reach_the_largest_class(refused):
    with refused(ValueError, "`target_names` must have 3 entries, one for each, got 2: ['a', 'b']"):
        Samples(COLUMN, CLASSES, target_names=["a", "b"])


def test_units_of_classes_are_refused(refused):
    with refused(ValueError, "`target_units` must have 0 entries, one for each, got 1"):
        Samples(COLUMN, CLASSES, target_units=["m"])


def test_measurements_have_no_classes_to_count(refused):
    with refused(TypeError, "`targets` must be class numbers to be counted, got a float32"):
        _ = numbered(3).n_classes


@pytest.mark.unchecked
def test_with_inputs_refuses_another_number_of_rows(refused):
    with refused(ValueError, "`inputs` must have 3 rows, got a float32 tensor of shape (2, 1)."):
        numbered(3).with_inputs(COLUMN[:2])


def test_inputs_and_targets_on_two_devices_are_refused(refused):
    with refused(ValueError, "`targets` must lie on the device of `inputs` (cpu), got meta."):
        Samples(COLUMN, MetaTargets(COLUMN))


class MetaTargets(torch.Tensor):
    """Targets that say they lie elsewhere; the values of real ones on "meta" cannot be checked."""

    @property
    def device(self):
        return torch.device("meta")


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("val_fraction", "error", "message"),
    [
        (0, ValueError, "`val_fraction` must lie between 0 and 1, both excluded, got 0."),
        (1.0, ValueError, "`val_fraction` must lie between 0 and 1, both excluded, got 1.0."),
        (-0.2, ValueError, "`val_fraction` must lie between 0 and 1, both excluded, got -0.2."),
        (20, ValueError, "`val_fraction` must lie between 0 and 1, both excluded, got 20."),
        (math.nan, ValueError, "`val_fraction` must lie between 0 and 1, both excluded, got nan."),
        (0.05, ValueError, "`val_fraction` must leave at least one of the 11 rows on each side"),
        (1 - 1e-12, ValueError, "`val_fraction` must leave at least one of the 11 rows on each"),
        (True, TypeError, "`val_fraction` must be a number between 0 and 1, got True."),
        ("0.2", TypeError, "`val_fraction` must be a number between 0 and 1, got '0.2'."),
    ],
)
def test_wrong_fractions_are_refused_and_draw_nothing(
    val_fraction, error, message, generator, refused
):
    before = generator.get_state()
    with refused(error, message):
        load_thermometer().split(val_fraction, generator=generator)
    assert torch.equal(generator.get_state(), before)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("val_rows", "error", "message"),
    [
        ([11], ValueError, "`val_rows` must lie between 0 and 10, got 11. Row numbers count from"),
        ([3, -1], ValueError, "`val_rows` must lie between 0 and 10, got -1."),
        ([10**5000], ValueError, "`val_rows` must lie between 0 and 10, got one of type int that"),
        ([3, 4, 3], ValueError, "`val_rows` must name each row once, got [3, 4, 3]."),
        ([], ValueError, "`val_rows` must leave at least one of the 11 rows on each side, got []."),
        (list(range(11)), ValueError, "`val_rows` must leave at least one of the 11 rows on each"),
        ([2.5], TypeError, "`val_rows` must hold whole numbers, got [2.5]."),
        ([True], TypeError, "`val_rows` must hold whole numbers, got [True]."),
        (
            torch.tensor([0.5]),
            TypeError,
            "`val_rows` must hold whole numbers, got a float32 tensor",
        ),
        (torch.tensor([True]), TypeError, "`val_rows` must hold whole numbers, got a bool tensor"),
        ("12", TypeError, "`val_rows` must hold whole numbers, got '12'."),
    ],
    ids=[
        "beyond",
        "negative",
        "huge",
        "twice",
        "none",
        "all",
        "broken",
        "bool",
        "float tensor",
        "bool tensor",
        "string",
    ],
)
def test_wrong_rows_are_refused(val_rows, error, message, refused):
    with refused(error, message):
        load_thermometer().split_at(val_rows)


def test_numpy_row_numbers_are_as_good_as_any(readings):
    from_numpy = readings.split_at(torch.tensor([7, 10]).numpy())
    assert torch.equal(from_numpy.val.inputs, readings.split_at([7, 10]).val.inputs)


@pytest.mark.unchecked
def test_a_list_of_tensors_that_count_nothing_is_refused(readings, refused):
    with refused(TypeError, "`val_rows` must hold whole numbers, got [tensor(0.5000)]."):
        readings.split_at([torch.tensor(0.5)])


@pytest.mark.unchecked
@pytest.mark.parametrize("name", ["inputs", "targets"])
@pytest.mark.parametrize(
    "make",
    [
        torch.Tensor.to_sparse,
        lambda values: values.to("meta"),
        lambda values: values.to(torch.float8_e5m2),
        lambda values: nn.UninitializedParameter(),
    ],
    ids=["sparse", "meta", "8 bits", "lazy"],
)
def test_tensors_that_torch_hardly_computes_with_are_refused(name, make, refused):
    tensors = {"inputs": COLUMN, "targets": COLUMN, name: make(COLUMN)}
    with refused(TypeError, f"`{name}` must be a dense tensor with values, of a type that torch"):
        Samples(**tensors)


def test_class_numbers_that_would_need_a_million_names_are_refused(refused):
    with refused(ValueError, "`targets` must hold class numbers below 1,048,576, got 99999999."):
        Samples(COLUMN, torch.tensor([0, 1, 99_999_999]))


@pytest.mark.unchecked
@pytest.mark.parametrize("name", ["input_names", "target_units"])
def test_names_without_end_are_refused(name, refused):
    with refused(ValueError, f"`{name}` must be a sequence of strings, got more than"):
        Samples(COLUMN, COLUMN, **{name: itertools.repeat("a")})


@pytest.mark.unchecked
def test_row_numbers_without_end_are_refused(refused):
    with refused(ValueError, "`val_rows` must hold whole numbers, got more than 3 of them."):
        numbered(3).split_at(itertools.count())


@pytest.mark.unchecked
@pytest.mark.parametrize("index", [None, "a", 0.5, object(), torch.ones(2)])
def test_an_index_of_another_kind_is_refused(index, refused):
    data = numbered(3)
    if index is None:
        assert data[index][0].shape == (1, 3, 1)  # as torch takes it
    else:
        with refused((TypeError, IndexError), "`index` must be a row number below 3, a slice"):
            _ = data[index]


def test_a_row_that_is_not_there_ends_a_loop(refused):
    with refused(IndexError, "`index` must be a row number below 3, … got 3."):
        _ = numbered(3)[3]
    assert len(list(numbered(3))) == 3


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "nowhere"}, "`device` must name a device that is there, got 'nowhere'."),
        ({"device": "meta"}, "`device` must hold values, got meta, which holds no values."),
        ({"dtype": torch.int64}, "`dtype` must be a floating-point type of torch, got torch.int64"),
        ({"dtype": "float32"}, "`dtype` must be a floating-point type of torch, got 'float32'."),
    ],
    ids=["nowhere", "meta", "whole", "text"],
)
def test_devices_and_types_that_are_none_are_refused(arguments, message, refused):
    with refused((TypeError, ValueError), message):
        numbered(3).to(**arguments)


@pytest.mark.unchecked
@pytest.mark.parametrize("names", [0.5, True, nn.Tanh(), [1, 2, 3]], ids=repr)
def test_names_of_classes_that_are_no_texts_are_refused(names, refused):
    with refused(TypeError, "`target_names` must be a sequence of strings, got"):
        Samples(COLUMN, CLASSES, target_names=names)
