"""What a run leaves behind."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnbook import History

SHORT = History(torch.tensor([8.0, 2.0]), torch.tensor([9.0, 4.5]))


@st.composite
def histories(draw):
    """Draw histories of float32 and float64 losses, with and without validation."""
    dtype, width = draw(st.sampled_from([(torch.float32, 32), (torch.float64, 64)]))
    losses = st.floats(allow_nan=False, allow_infinity=False, width=width)
    n_epochs = draw(st.integers(0, 12))
    train, val = (draw(st.lists(losses, min_size=n_epochs, max_size=n_epochs)) for _ in range(2))
    return History(
        torch.tensor(train, dtype=dtype),
        draw(st.sampled_from([None, torch.tensor(val, dtype=dtype)])),
        draw(st.one_of(st.none(), st.text())),
    )


def test_len_counts_epochs():
    assert len(SHORT) == 2
    assert len(History(torch.zeros(0))) == 0


# There and back


@given(histories())
def test_a_history_comes_back_from_json_to_the_last_bit(history):
    back = History.from_dict(json.loads(json.dumps(history.to_dict())))
    assert back == history
    assert back.train_loss.dtype == history.train_loss.dtype
    assert back.train_loss.numpy().tobytes() == history.train_loss.numpy().tobytes()
    assert (back.val_loss is None) == (history.val_loss is None)


def test_to_dict_holds_plain_values():
    history = History(torch.tensor([0.1], dtype=torch.float64), stopped="by hand")
    expected = {"dtype": "float64", "train_loss": [0.1], "val_loss": None, "stopped": "by hand"}
    assert history.to_dict() == expected


# Equality


@given(histories())
def test_a_history_equals_its_copy(history):
    val_loss = None if history.val_loss is None else history.val_loss.clone()
    assert history == History(history.train_loss.clone(), val_loss, history.stopped)


@pytest.mark.parametrize(
    "other",
    [
        History(torch.tensor([8.0, 2.5]), torch.tensor([9.0, 4.5])),
        History(torch.tensor([8.0, 2.0]), torch.tensor([9.0, 4.0])),
        History(torch.tensor([8.0]), torch.tensor([9.0])),
        History(torch.tensor([8.0, 2.0])),
        History(torch.tensor([8.0, 2.0]), torch.tensor([9.0, 4.5]), "early"),
        History(SHORT.train_loss.double(), SHORT.val_loss.double()),
        "History(2 epochs)",
    ],
    ids=["train", "val", "length", "no val", "stopped", "type", "text"],
)
def test_a_history_differs_from_another(other):
    assert other != SHORT


def test_histories_cannot_be_keys():
    with pytest.raises(TypeError, match="unhashable"):
        hash(SHORT)


# As text


def table(history: History) -> list[list[str]]:
    return [line.split() for line in str(history).splitlines()]


def test_the_table_shows_every_epoch_of_a_short_run():
    assert table(SHORT) == [
        ["epoch", "training", "loss", "validation", "loss"],
        ["1", "8.0000", "9.0000"],
        ["2", "2.0000", "4.5000"],
    ]


def test_the_table_leaves_out_what_was_not_measured():
    assert table(History(torch.tensor([8.0]))) == [["epoch", "training", "loss"], ["1", "8.0000"]]


@pytest.mark.parametrize("n_epochs", [1, 8, 9, 10, 100, 1234, 5000])
def test_the_table_shows_right_losses_at_rising_epochs(n_epochs):
    losses = torch.arange(1, n_epochs + 1, dtype=torch.float64) + 0.25
    rows = table(History(losses, 2 * losses))[1:]
    epochs = [int(row[0]) for row in rows]
    assert epochs == sorted(set(epochs))
    assert epochs[0] == 1
    assert epochs[-1] == n_epochs
    assert min(n_epochs, 4) <= len(rows) <= 12
    for epoch, train, val in rows:
        assert float(train) == int(epoch) + 0.25
        assert float(val) == 2 * int(epoch) + 0.5


@pytest.mark.parametrize(
    ("n_epochs", "shown"),
    [
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (9, [1, 2, 4, 7, 9]),
        (5000, [1, 10, 100, 1000, 1250, 2500, 3750, 5000]),
    ],
)
def test_the_table_of_a_long_run_shows_powers_of_ten_and_quarters(n_epochs, shown):
    assert [int(row[0]) for row in table(History(torch.ones(n_epochs)))[1:]] == shown


def test_the_columns_of_the_table_end_with_their_heads():
    head, first, _ = str(SHORT).splitlines()
    assert len(head) == len(first)
    assert first.index("8.0000") + 6 == head.index("training loss") + len("training loss")


def test_the_table_tells_why_the_run_stopped():
    assert table(History(torch.tensor([8.0]), stopped="good enough"))[-1] == [
        "stopped:",
        "good",
        "enough",
    ]


def test_repr_tells_the_last_losses():
    longer = History(torch.tensor([8.0, 2.0, 1.0]), torch.tensor([9.0, 4.5, 4.0]))
    assert repr(longer) == "History(3 epochs, training loss 1.0000, validation loss 4.0000)"
    stopped = History(torch.tensor([8.0]), stopped="by hand")
    assert repr(stopped) == "History(1 epochs, training loss 8.0000, stopped: by hand)"
    assert repr(History(torch.zeros(0), torch.zeros(0))) == "History(0 epochs)"


# What is refused


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ((torch.zeros(2, 1),), "`train_loss` must have shape (epochs,), got a float32 tensor of"),
        (
            (torch.zeros(2), torch.zeros(3)),
            "`val_loss` must have the shape of `train_loss`, (2,), got a float32 tensor of shape",
        ),
    ],
    ids=["column", "lengths"],
)
def test_losses_of_another_shape_are_refused(losses, message, refused):
    with refused(ValueError, message):
        History(*losses)


@pytest.mark.unchecked
@pytest.mark.parametrize("losses", [[1.0], torch.tensor([1]), torch.nn.UninitializedParameter()])
def test_losses_that_are_no_tensor_of_numbers_are_refused_by_name(losses, refused):
    rule = "be a floating-point tensor of shape (epochs,), got"
    with refused(TypeError, f"`train_loss` must {rule}"):
        History(losses)
    with refused(TypeError, f"`val_loss` must {rule}"):
        History(torch.zeros(1), losses)


@pytest.mark.unchecked
def test_a_reason_that_is_no_text_is_refused(refused):
    with refused(TypeError, "`stopped` must be a text or None, got 3."):
        History(torch.zeros(1), stopped=3)


@pytest.mark.unchecked
def test_what_to_dict_did_not_return_is_refused(refused):
    with refused(TypeError, "`values` must be what `to_dict` returned, got 3."):
        History.from_dict(3)
    for name in ("train_loss", "val_loss"):
        for wrong in (3, ["1.0"], [True]):
            with refused(TypeError, f'`values["{name}"]` must be a list of numbers, got '):
                History.from_dict({**SHORT.to_dict(), name: wrong})


@pytest.mark.parametrize("change", ["missing", "unknown"])
def test_other_keys_are_refused(change, refused):
    values = SHORT.to_dict()
    if change == "missing":
        del values["dtype"]
    else:
        values["epochs"] = 2
    with refused(
        ValueError, "`values` must have the keys ['dtype', 'stopped', 'train_loss', 'val_"
    ):
        History.from_dict(values)


@pytest.mark.parametrize("dtype", ["int64", "float33", "nn", None])
def test_what_names_no_floating_type_is_refused(dtype, refused):
    values = {**SHORT.to_dict(), "dtype": dtype}
    message = f'`values["dtype"]` must name a floating-point type such as "float32", got {dtype!r}.'
    with refused(ValueError, message):
        History.from_dict(values)


def test_a_loss_that_runs_away_is_printed_briefly():
    table = str(History(torch.tensor([2.5, 9999999.0, 1e7, 1.2e30]))).splitlines()
    assert table[1].endswith("       2.5000")
    assert table[2].endswith(" 9999999.0000")
    assert table[3].endswith("    1.000e+07")
    assert table[4].endswith("    1.200e+30")
