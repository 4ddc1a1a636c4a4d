"""A sweep that was cut goes on from its file, and ends in the same bits."""

import re
import signal
import sys

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nnbook
from nnbook.sweeps import saving
from nnbook.training import _pace

SETTINGS = {
    "runs": [
        {"hidden": (), "lr": 1e6},  # diverges
        {"hidden": 3, "momentum": 0.9},
        {"hidden": (2, 2), "optimizer": "adam", "weight_decay": 0.1},
        {"hidden": 5, "activation": torch.nn.Sigmoid},
    ],
    "seed": [0, 1],
    "val_rows": [(7, 10), (0, 3)],
}


def tensors(result):
    """Return all tensors of a result, with nan replaced, for torch.equal."""
    losses = [result.train_loss, result.val_loss]
    return [result.epochs, result.diverged, *(x.nan_to_num(-1) for x in losses), *result.parameters]


def assert_same_bits(one, other):
    assert one.settings == other.settings
    for found, expected in zip(tensors(one), tensors(other), strict=True):
        assert torch.equal(found, expected)


@pytest.fixture
def default_handler():
    """Let Ctrl-C be held, also where the tests were started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sweep.checkpoint"


@given(cut=st.integers(1, 39), every=st.sampled_from([1, 3, 7]), compiled=st.just(False))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_sweep_cut_anywhere_ends_in_the_same_bits(readings, tmp_path, cut, every, compiled):
    options = {**SETTINGS, "history_every": every, "compiled": compiled}
    file = tmp_path / f"{cut}-{every}"
    nnbook.sweep(readings, epochs=cut, checkpoint=file, **options)
    result = nnbook.sweep(readings, epochs=40, checkpoint=file, **options)
    assert (result.diverged > 0).any()
    assert_same_bits(result, nnbook.sweep(readings, epochs=40, **options))
    file.unlink()


@pytest.mark.usefixtures("default_handler")
def test_a_sweep_ended_by_ctrl_c_is_saved_and_goes_on(split, path, monkeypatch):
    whole = nnbook.sweep(split.train, split.val, epochs=30, seed=[0, 1])
    save_if_due = saving.Saving.save_if_due

    def interrupt(self, done, states, losses):
        save_if_due(self, done, states, losses)
        if done == 12:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(saving.Saving, "save_if_due", interrupt)
    cut = nnbook.sweep(split.train, split.val, epochs=30, seed=[0, 1], checkpoint=path)
    assert cut.stopped == "interrupted after epoch 12"
    monkeypatch.undo()
    rest = nnbook.sweep(split.train, split.val, epochs=30, seed=[0, 1], checkpoint=path)
    assert rest.stopped is None
    assert_same_bits(rest, whole)


def test_a_sweep_saves_while_it_trains(readings, path, monkeypatch):
    monkeypatch.setattr(_pace, "SECONDS", 0.0)
    monkeypatch.setattr(_pace, "COST", float("inf"))
    saved = []
    monkeypatch.setattr(saving._durable, "save", lambda path, kind, values: saved.append(values))
    nnbook.sweep(readings, epochs=5, checkpoint=path)
    assert [values["done"] for values in saved] == [1, 2, 3, 4, 5, 5]
    assert [values["losses"].shape[1] for values in saved] == [1, 2, 3, 4, 5, 5]


def test_without_a_file_nothing_is_saved(readings, monkeypatch):
    monkeypatch.setattr(_pace, "SECONDS", 0.0)
    monkeypatch.setattr(saving._durable, "save", lambda *values: pytest.fail("saved"))
    nnbook.sweep(readings, epochs=5)


def test_a_finished_sweep_is_read_again_and_not_trained(readings, path, monkeypatch):
    first = nnbook.sweep(readings, epochs=5, checkpoint=path)
    module = sys.modules["nnbook.sweeps.sweep"]
    monkeypatch.setattr(module, "step_of", lambda plan: lambda *values: pytest.fail("trained"))
    again = nnbook.sweep(readings, epochs=5, checkpoint=path)
    assert torch.equal(again.train_loss, first.train_loss)
    assert torch.equal(again.parameters[0], first.parameters[0])


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"lr": 1e-2}, "runs"),
        ({"seed": [0, 1]}, "runs"),
        ({"hidden": 5}, "runs"),
        ({"history_every": 2}, "history_every"),
    ],
)
def test_the_file_of_another_sweep_is_refused_and_left(readings, path, change, part):
    nnbook.sweep(readings, epochs=5, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(nnbook.CheckpointError, match="of another sweep") as caught:
        nnbook.sweep(readings, epochs=9, checkpoint=path, **change)
    assert part in str(caught.value)
    assert path.read_bytes() == before


def test_other_rows_are_refused(readings, split, path):
    nnbook.sweep(readings, epochs=5, checkpoint=path)
    with pytest.raises(nnbook.CheckpointError, match="of another sweep: `train"):
        nnbook.sweep(split.train, epochs=9, checkpoint=path)
    with pytest.raises(nnbook.CheckpointError, match="of another sweep: `val"):
        nnbook.sweep(readings, split.val, epochs=9, checkpoint=path)


def test_fewer_epochs_than_are_done_are_refused(readings, path):
    nnbook.sweep(readings, epochs=5, checkpoint=path)
    with pytest.raises(nnbook.CheckpointError, match="it has done 5 epochs, and 3 are asked for"):
        nnbook.sweep(readings, epochs=3, checkpoint=path)


def test_a_damaged_file_and_the_file_of_a_run_are_refused(readings, path):
    path.write_bytes(b"nothing of ours")
    with pytest.raises(nnbook.CheckpointError, match=re.escape(str(path))):
        nnbook.sweep(readings, epochs=5, checkpoint=path)
    path.unlink()
    model = nnbook.mlp(1, 3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    checkpoint = nnbook.Checkpoint(path)
    nnbook.fit(model, readings, optimizer=optimizer, epochs=2, callbacks=[checkpoint])
    with pytest.raises(nnbook.CheckpointError, match="it holds a run, not a sweep"):
        nnbook.sweep(readings, epochs=5, checkpoint=path)


@pytest.mark.unchecked
def test_a_path_that_is_none_is_refused(readings, refused):
    with refused(TypeError, "`checkpoint` must be a path, got 3."):
        nnbook.sweep(readings, epochs=5, checkpoint=3)
