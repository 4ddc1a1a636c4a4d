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
from nnbook.training.processes import Processes

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


def test_a_sweep_that_is_over_soon_is_saved_once(readings, path, monkeypatch):
    saved = []
    monkeypatch.setattr(saving._durable, "save", lambda path, kind, values: saved.append(values))
    nnbook.sweep(readings, epochs=5, checkpoint=path)
    assert [values["done"] for values in saved] == [5]


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
        ({"compiled": True}, "compiled"),
    ],
)
def test_the_file_of_another_sweep_is_refused_and_left(readings, path, change, part):
    nnbook.sweep(readings, epochs=5, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(nnbook.CheckpointError, match="of another sweep") as caught:
        nnbook.sweep(readings, epochs=9, checkpoint=path, **change)
    assert f"of another sweep: `{part}` is " in str(caught.value)
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


def test_several_processes_keep_a_file_each_and_hold_together_what_one_does(
    split, path, monkeypatch
):
    options = {"lr": [1e-3, 1e6, 1e-2], "seed": [0, 1], "epochs": 9}
    alone = nnbook.sweep(split.train, split.val, **options)
    # One after the other: the second adds to each tensor what the first had there.
    exchanged = []
    for rank in (0, 1):
        own = []

        def add(values, *_, own=own):
            own.append(values.clone())
            if exchanged:
                values += exchanged[0][len(own) - 1]

        monkeypatch.setattr(torch.distributed, "all_reduce", add)
        module = sys.modules["nnbook.sweeps.sweep"]
        monkeypatch.setattr(module, "joined", lambda rank=rank: Processes(rank, 2))
        result = nnbook.sweep(split.train, split.val, checkpoint=path, **options)
        exchanged.append(own)
    torch.testing.assert_close(tensors(result), tensors(alone))
    assert (result.diverged > 0).any()
    names = sorted(file.name for file in path.parent.iterdir())
    assert names == ["sweep.checkpoint.1-of-2", "sweep.checkpoint.2-of-2"]


@pytest.mark.usefixtures("default_handler")
def test_a_sweep_that_ctrl_c_ended_in_one_process_is_ended_in_all(readings, monkeypatch):
    module = sys.modules["nnbook.sweeps.sweep"]
    monkeypatch.setattr(module, "joined", lambda: Processes(0, 2))
    # Here it ended by itself, and in the other one by Ctrl-C.
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda values, *_: values.fill_(1))
    with pytest.raises(KeyboardInterrupt, match="interrupted in one of its processes"):
        nnbook.sweep(readings, seed=[0, 1], epochs=3)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_on_the_gpu_a_cut_sweep_ends_in_the_same_bits_too(readings, path):
    on_gpu = readings.to("cuda")
    nnbook.sweep(on_gpu, epochs=7, checkpoint=path, **SETTINGS)
    result = nnbook.sweep(on_gpu, epochs=20, checkpoint=path, **SETTINGS)
    assert_same_bits(result, nnbook.sweep(on_gpu, epochs=20, **SETTINGS))
    with pytest.raises(nnbook.CheckpointError, match="of another sweep: `device` is cuda there"):
        nnbook.sweep(readings, epochs=20, checkpoint=path, **SETTINGS)


@pytest.mark.unchecked
def test_a_path_that_is_none_is_refused(readings, refused):
    with refused(TypeError, "`checkpoint` must be a path, got 3."):
        nnbook.sweep(readings, epochs=5, checkpoint=3)
