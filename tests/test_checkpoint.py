"""Runs that are cut, resumed, and end in the bits of the run that was not cut."""

# ruff: noqa: NPY002, S311  # the global generators of NumPy and Python are saved too

import json
import math
import os
import random
import re
import signal
import time
from copy import deepcopy

import numpy as np
import pytest
import safetensors
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

import nnbook
from nnbook import (
    Callback,
    Checkpoint,
    CheckpointError,
    EarlyStopping,
    GradientNorms,
    LearningRateSchedule,
    Samples,
    Stop,
    TrainingInterrupted,
    fit,
)
from nnbook.training import GradientCheck, _durable, _fingerprints, _pace

pytestmark = pytest.mark.unchecked  # many epochs

SCHEDULES = torch.optim.lr_scheduler


class CutError(Exception):
    """What kills a run here: it may come at any evaluation of the loss."""


class Loss:
    """The mean squared error; its nth call cuts the run, or presses Ctrl-C."""

    def __init__(self, cut_at=0, *, press_at=0):
        self.cut_at, self.press_at, self.calls = cut_at, press_at, 0

    def __call__(self, outputs, targets):
        self.calls += 1
        if self.calls == self.press_at:
            signal.raise_signal(signal.SIGINT)
        if self.calls == self.cut_at:
            raise CutError
        return nn.functional.mse_loss(outputs, targets)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """Do not wait for the disk, and leave the global generators as they were."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        yield
    random.setstate(python)
    np.random.set_state(numpy)


def rows(n=11, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.rand(n, 1, generator=generator)
    return Samples(inputs, torch.sin(4 * inputs))


def dropout_network(width=6):
    return nn.Sequential(
        nn.Linear(1, width), nn.BatchNorm1d(width), nn.Dropout(0.3), nn.Tanh(), nn.Linear(width, 1)
    )


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(
        p, lr=0.02, momentum=0.9, weight_decay=0.01, nesterov=True
    ),
    "adam": lambda p: torch.optim.Adam(p, lr=0.02, weight_decay=0.1, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "lbfgs": lambda p: torch.optim.LBFGS(p, lr=0.05, max_iter=3, history_size=4),
}
SCHEDULERS = {
    "step": (lambda o: SCHEDULES.StepLR(o, 2, 0.5), "epoch"),
    "milestones": (lambda o: SCHEDULES.MultiStepLR(o, [1, 3, 4]), "epoch"),
    "plateau": (lambda o: SCHEDULES.ReduceLROnPlateau(o, patience=1), "epoch"),
    "cosine": (lambda o: SCHEDULES.CosineAnnealingLR(o, 20), "step"),
    "warm-up": (
        lambda o: SCHEDULES.SequentialLR(
            o, [SCHEDULES.LinearLR(o, total_iters=2), SCHEDULES.ExponentialLR(o, 0.8)], [2]
        ),
        "epoch",
    ),
    "cycle": (
        lambda o: SCHEDULES.OneCycleLR(
            o, 0.1, total_steps=500, cycle_momentum=bool({"momentum", "betas"} & set(o.defaults))
        ),
        "step",
    ),
}


class Plan:
    """A run that can be started again and again, as a script can."""

    def __init__(self, optimizer="adam", schedule=None, batch_size=4, generator=True, **options):
        self.optimizer, self.schedule, self.batch_size = optimizer, schedule, batch_size
        self.has_generator = generator
        self.patience = options.pop("patience", None)
        self.has_val = options.pop("val", True)
        self.epochs = options.pop("epochs", 6)
        self.train = options.pop("train", rows)
        self.network = options.pop("network", dropout_network)
        assert not options

    def start(self, seed=0):
        """Make everything anew, as from the top of the script."""
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        self.model = self.network()
        self.made = OPTIMIZERS[self.optimizer](self.model.parameters())
        self.callbacks = [GradientNorms(), GradientCheck(restore_best=True)]
        if self.patience is not None:
            self.callbacks.append(EarlyStopping(self.patience))
        if self.schedule is not None:
            make, each = SCHEDULERS[self.schedule]
            self.callbacks.append(LearningRateSchedule(make(self.made), each=each))
        self.generator = torch.Generator().manual_seed(seed + 7) if self.has_generator else None
        return self

    def fit(self, *checkpoints, cut_at=0, resume=None, epochs=None, loss=None):
        self.loss = Loss(cut_at) if loss is None else loss
        self.history = fit(
            self.model,
            self.train(),
            rows(4, seed=1) if self.has_val else None,
            optimizer=self.made,
            epochs=epochs or self.epochs,
            loss=self.loss,
            batch_size=self.batch_size,
            generator=self.generator,
            callbacks=[*checkpoints, *self.callbacks],  # a checkpoint may stand anywhere
            resume=resume,
        )
        return self

    def bits(self):
        """Return everything that must be equal to the last bit."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.made.state_dict(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "history": self.history.to_dict(),
            "generator": None if self.generator is None else self.generator.get_state(),
            "torch": torch.get_rng_state(),
            "python": random.getstate(),
            "numpy": np.random.get_state(legacy=False)["state"]["key"].tolist(),
        }


def assert_same_bits(one, other, way="run"):
    assert type(one) is type(other), way
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype, way
        assert torch.equal(one, other), way
    elif isinstance(one, dict):
        assert list(one) == list(other), way
        for key, value in one.items():
            assert_same_bits(value, other[key], f"{way}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), way
        for i, pair in enumerate(zip(one, other, strict=True)):
            assert_same_bits(*pair, f"{way}.{i}")
    else:
        assert one == other, way


def cut_and_resumed(plan, make_checkpoint, path, cuts):
    """Run a plan, cutting it at these evaluations of the loss, each counted from its last start."""
    was_cut = 0
    for seed, cut_at in enumerate([*cuts, 0]):
        plan.start(seed=100 * seed)  # what comes from the checkpoint comes from no seed
        if was_cut == 0:
            plan.start()
        try:
            plan.fit(make_checkpoint(path), cut_at=cut_at, resume=path)
            break
        except CutError:
            was_cut += 1
    return was_cut


# The same bits

plans = st.builds(
    Plan,
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    schedule=st.none() | st.sampled_from(sorted(SCHEDULERS)),
    batch_size=st.sampled_from([None, 3, 4, 11, 20]),
    generator=st.booleans(),
    patience=st.none() | st.integers(1, 3),
    val=st.just(True),
    epochs=st.integers(3, 7),
)
intervals = st.fixed_dictionaries({"every": st.integers(1, 3)}) | st.fixed_dictionaries(
    {"every_steps": st.integers(1, 5)}
)


@settings(max_examples=60)
@given(plan=plans, interval=intervals, cuts=st.lists(st.integers(4, 40), min_size=1, max_size=3))
def test_a_run_cut_anywhere_ends_in_the_bits_of_the_run_that_was_not_cut(
    plan, interval, cuts, tmp_path_factory
):
    path = tmp_path_factory.mktemp("cut") / "run.safetensors"
    whole = plan.start().fit().bits()
    was_cut = cut_and_resumed(plan, lambda path: Checkpoint(path, **interval), path, cuts)
    assert_same_bits(plan.bits(), whole)
    assert was_cut > 0 or plan.loss.calls < cuts[0]


@pytest.mark.parametrize("cut_at", range(6, 27))
def test_each_mini_batch_can_be_the_last_before_a_cut(cut_at, tmp_path):
    path = tmp_path / "run.safetensors"
    plan = Plan("momentum", "step", patience=3, generator=cut_at % 2 == 0)
    whole = plan.start().fit().bits()
    assert cut_and_resumed(plan, lambda path: Checkpoint(path, every_steps=1), path, [cut_at]) == 1
    assert_same_bits(plan.bits(), whole)
    # 2 probes; 1 validation and 3 updates an epoch; at most 1 of them is done twice.
    assert plan.loss.calls <= 2 + (2 + 6 * 4 - cut_at) + 1 + 1


def test_a_single_row_can_be_all_of_an_epoch_before_a_cut(tmp_path):
    path = tmp_path / "run.safetensors"
    plan = Plan("momentum", batch_size=1, network=lambda: nn.Linear(1, 1))
    whole = plan.start().fit().bits()
    # 2 probes; 1 validation and 11 updates an epoch; the second update of epoch 2 is cut.
    assert cut_and_resumed(plan, lambda path: Checkpoint(path, every_steps=1), path, [17]) == 1
    assert_same_bits(plan.bits(), whole)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
@pytest.mark.parametrize("cut_at", [7, 10, 19])
def test_a_run_on_the_gpu_that_is_cut_ends_in_the_same_bits(cut_at, tmp_path):
    def bits():  # dropout draws from the GPU's generator
        return {**plan.bits(), "cuda": torch.cuda.get_rng_state()}

    path = tmp_path / "run.safetensors"
    plan = Plan(network=lambda: dropout_network().cuda(), patience=3)
    plan.start().fit()
    whole = bits()
    assert cut_and_resumed(plan, lambda path: Checkpoint(path, every_steps=1), path, [cut_at]) == 1
    assert_same_bits(bits(), whole)


def test_looking_on_does_not_change_a_run(tmp_path):
    plan = Plan()
    whole = plan.start().fit().bits()
    assert_same_bits(plan.start().fit(Checkpoint(tmp_path / "a", every_steps=1)).bits(), whole)


@pytest.mark.parametrize("with_generator", [True, False])
@pytest.mark.parametrize("in_sampler", [True, False])
def test_a_data_loader_goes_on_from_the_end_of_an_epoch(with_generator, in_sampler, tmp_path):
    def loader():
        generator = torch.Generator().manual_seed(3) if with_generator else None
        if in_sampler:
            sampler = RandomSampler(rows(), replacement=True, generator=generator)
            return DataLoader(rows(), batch_size=4, sampler=sampler)
        return DataLoader(rows(), batch_size=4, shuffle=True, generator=generator)

    plan = Plan(batch_size=None, generator=False, train=loader)
    whole = plan.start().fit().bits()
    path = tmp_path / "run.safetensors"
    assert cut_and_resumed(plan, lambda path: Checkpoint(path, every=1), path, [13, 9]) == 2
    assert_same_bits(plan.bits(), whole)


def test_a_list_of_batches_goes_on_from_the_middle_of_an_epoch(tmp_path):
    data = rows()
    plan = Plan(batch_size=None, generator=False, train=lambda: [data[:4], data[4:7], data[7:]])
    whole = plan.start().fit().bits()
    path = tmp_path / "run.safetensors"
    assert cut_and_resumed(plan, lambda path: Checkpoint(path, every_steps=1), path, [12]) == 1
    # 1 probe, and what comes after the first update of epoch 3: its validation is not repeated.
    assert plan.loss.calls == 1 + (6 * 4 - 10)
    assert_same_bits(plan.bits(), whole)


def test_batches_with_one_target_for_all_their_rows_go_on(tmp_path):
    class Mean(nn.Linear):
        def forward(self, inputs):
            return super().forward(inputs).mean()

    data = [(torch.ones(3, 1), torch.tensor(2.0)), (torch.zeros(2, 1), torch.tensor(1.0))]
    plan = Plan(
        batch_size=None, generator=False, train=lambda: data, network=lambda: Mean(1, 1), val=False
    )
    whole = plan.start().fit().bits()
    path = tmp_path / "run.safetensors"
    assert cut_and_resumed(plan, lambda path: Checkpoint(path, every_steps=1), path, [6]) == 1
    assert_same_bits(plan.bits(), whole)


def test_an_iterable_that_keeps_its_state_goes_on(tmp_path):
    class Drawn:
        """Draws its own rows, and can say how far it is."""

        def __init__(self):
            self.generator = torch.Generator().manual_seed(5)

        def __iter__(self):
            for _ in range(3):
                inputs = torch.rand(4, 1, generator=self.generator)
                yield inputs, 2 * inputs

        def state_dict(self):
            return {"drawn": self.generator.get_state()}

        def load_state_dict(self, state):
            self.generator.set_state(state["drawn"])

    plan = Plan(batch_size=None, generator=False, train=Drawn)
    whole = plan.start().fit().bits()
    path = tmp_path / "run.safetensors"
    assert cut_and_resumed(plan, lambda path: Checkpoint(path, every=1), path, [12]) == 1
    assert_same_bits(plan.bits(), whole)


def test_generators_of_python_and_numpy_go_on(tmp_path):
    class Noisy(Loss):
        def __call__(self, outputs, targets):
            noise = random.random() + np.random.standard_normal()
            return super().__call__(outputs, targets + noise)

    plan, path = Plan(), tmp_path / "run.safetensors"
    whole = plan.start().fit(loss=Noisy()).bits()
    with pytest.raises(CutError):
        plan.start().fit(Checkpoint(path, every_steps=2), loss=Noisy(15))
    plan.start(seed=9).fit(resume=path, loss=Noisy())
    assert_same_bits(plan.bits(), whole)


def test_buffers_that_a_state_dict_leaves_out_go_on(tmp_path):
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(1, 1)
            self.register_buffer("calls", torch.zeros(()), persistent=False)

        def forward(self, inputs):
            if self.training:
                self.calls += 1
            return self.linear(inputs) + 0.1 * self.calls

    plan, path = Plan(network=Counting), tmp_path / "run.safetensors"
    whole = plan.start().fit().bits()
    calls = plan.model.calls.clone()
    assert cut_and_resumed(plan, lambda path: Checkpoint(path, every_steps=2), path, [12]) == 1
    assert_same_bits(plan.bits(), whole)
    assert torch.equal(plan.model.calls, calls)
    assert calls == 18


@pytest.mark.parametrize("every_steps", [2, 100])
def test_a_run_can_go_on_in_the_objects_that_it_left(every_steps, tmp_path):
    plan, path = Plan("momentum", "step"), tmp_path / "run.safetensors"
    whole = plan.start().fit().bits()
    with pytest.raises(CutError):
        plan.start().fit(Checkpoint(path, every_steps=every_steps), cut_at=15)
    assert plan.made.param_groups[0]["lr"] != 0.02
    plan.fit(Checkpoint(path, every_steps=every_steps), resume=path)
    assert_same_bits(plan.bits(), whole)


def test_a_rate_that_a_callback_of_ones_own_changed_goes_on(tmp_path):
    class Halve(Callback):
        def on_epoch_end(self, run):
            run.optimizer.param_groups[0]["lr"] /= 2

    def start():
        plan.start().callbacks.append(Halve())
        return plan

    plan, path = Plan(), tmp_path / "run.safetensors"
    whole = start().fit().bits()
    with pytest.raises(CutError):
        start().fit(Checkpoint(path, every=1), cut_at=14)
    plan.fit(Checkpoint(path, every=1), resume=path)  # in the objects that it left
    assert_same_bits(plan.bits(), whole)


# What is done when


def test_a_run_that_had_ended_returns_its_history_and_trains_no_more(tmp_path):
    plan, path = Plan(patience=2, epochs=40), tmp_path / "run.safetensors"
    whole = plan.start().fit(Checkpoint(path, every=100)).bits()
    assert whole["history"]["stopped"] is not None
    plan.start(seed=5).fit(Checkpoint(path), resume=path)
    assert plan.loss.calls == 2  # the probes
    assert_same_bits(plan.bits(), whole)


def test_more_epochs_go_on_with_a_run_that_had_ended(tmp_path):
    plan, path = Plan("adam", "cosine"), tmp_path / "run.safetensors"
    whole = plan.start().fit(epochs=9).bits()
    plan.start().fit(Checkpoint(path), epochs=4)
    plan.start(seed=5).fit(Checkpoint(path), resume=path, epochs=9)
    assert_same_bits(plan.bits(), whole)


def test_the_first_start_needs_no_file_if_the_run_saves_there(tmp_path):
    plan, path = Plan(), tmp_path / "run.safetensors"
    whole = plan.start().fit().bits()
    (tmp_path / f".{path.name}.0123abcd.partial").write_bytes(b"the first save was killed")
    plan.start().fit(Checkpoint(path), resume=path)
    assert_same_bits(plan.bits(), whole)
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_file_and_a_checkpoint_for_it_nothing_starts(tmp_path):
    plan = Plan().start()
    for checkpoints in ([], [Checkpoint(tmp_path / "other")]):
        with pytest.raises(CheckpointError, match="No such file"):
            plan.fit(*checkpoints, resume=tmp_path / "run.safetensors")
    assert list(tmp_path.iterdir()) == []
    assert not hasattr(plan, "history")


def test_a_folder_that_is_gone_is_no_first_start(tmp_path):
    path = tmp_path / "gone" / "run.safetensors"
    with pytest.raises(CheckpointError, match="Make the folder, or mend the path"):
        Plan().start().fit(Checkpoint(path), resume=path)


def test_a_file_that_the_run_does_not_go_on_from_is_not_replaced(tmp_path):
    path = tmp_path / "run.safetensors"
    path.write_text("a day's work")
    with pytest.raises(CheckpointError, match=r"there is such a file.*Go on from it by `resume="):
        Plan().start().fit(Checkpoint(path))
    assert path.read_text() == "a day's work"


def test_a_run_may_go_on_from_one_file_and_save_to_another(tmp_path):
    plan, first, second = Plan(), tmp_path / "first", tmp_path / "second"
    whole = plan.start().fit().bits()
    with pytest.raises(CutError):
        plan.start().fit(Checkpoint(first, every_steps=1), cut_at=12)
    before = first.read_bytes()
    with pytest.raises(CutError):
        plan.start(seed=3).fit(Checkpoint(second, every=100), resume=first, cut_at=9)
    plan.start(seed=4).fit(resume=second)
    assert_same_bits(plan.bits(), whole)
    assert first.read_bytes() == before


def epoch_and_step(path):
    saved = _durable.load(path, "run")
    return saved["epoch"], saved["place"]["step"]


@pytest.fixture
def saves(monkeypatch):
    """Note where each save finds the run."""
    places, save = [], _durable.save

    def noted(path, kind, values):
        save(path, kind, values)
        places.append(epoch_and_step(path))

    monkeypatch.setattr(_durable, "save", noted)
    return places


def test_epochs_between_saves(saves, tmp_path):
    Plan(epochs=7).start().fit(Checkpoint(tmp_path / "a", every=3))
    assert saves == [(0, 0), (3, 0), (6, 0), (7, 0)]


def test_steps_between_saves(saves, tmp_path):
    # 3 updates an epoch; what is due with the last is saved at the epoch's end.
    Plan(epochs=4).start().fit(Checkpoint(tmp_path / "a", every_steps=2))
    assert saves == [(0, 0), (1, 2), (2, 1), (2, 0), (3, 2), (4, 1), (4, 0)]


def test_steps_between_saves_of_a_run_with_one_step_each_epoch(saves, tmp_path):
    Plan(epochs=5, batch_size=None).start().fit(Checkpoint(tmp_path / "a", every_steps=2))
    assert saves == [(0, 0), (2, 0), (4, 0), (5, 0)]


def test_steps_between_saves_are_counted_from_where_a_run_goes_on(saves, tmp_path):
    plan, path = Plan(epochs=4), tmp_path / "a"
    with pytest.raises(CutError):  # in the third update of epoch 3
        plan.start().fit(Checkpoint(path, every_steps=2), cut_at=14)
    assert saves[-1] == (3, 2)
    saves.clear()
    plan.start().fit(Checkpoint(path, every_steps=2), resume=path)
    assert saves == [(4, 1), (4, 0)]


def clock(monkeypatch, second_of):
    """Let checkpoints see a clock that `second_of` sets."""
    monkeypatch.setattr(_pace, "monotonic", second_of)


def test_by_the_clock_a_save_comes_each_30_seconds(saves, tmp_path, monkeypatch):
    plan = Plan(epochs=10)
    clock(monkeypatch, lambda: 5.0 * plan.loss.calls)  # 5 seconds each validation and update
    plan.start().fit(Checkpoint(tmp_path / "a"))
    # An epoch is one validation and three updates: 30 seconds are an epoch and a half.
    assert saves == [(0, 0), (2, 1), (3, 0), (5, 1), (6, 0), (8, 1), (9, 0), (10, 0)]


def test_saves_that_take_long_come_rarely(saves, tmp_path, monkeypatch):
    plan, slow = Plan(epochs=60), []
    save = _durable.save
    clock(monkeypatch, lambda: 4.0 * plan.loss.calls + len(slow))

    def takes_a_second(path, kind, values):
        save(path, kind, values)
        slow.append(1)

    monkeypatch.setattr(_durable, "save", takes_a_second)
    plan.start().fit(Checkpoint(tmp_path / "a"))
    assert len(slow) == 2 + 960 // 104


def test_a_data_loader_is_saved_by_the_clock_at_the_end_of_an_epoch(saves, tmp_path, monkeypatch):
    plan = Plan(batch_size=None, generator=False, train=lambda: DataLoader(rows(), 4))
    clock(monkeypatch, lambda: 31.0 * plan.loss.calls)
    plan.start().fit(Checkpoint(tmp_path / "a"))
    assert saves == [(epoch, 0) for epoch in range(7)]


def test_ctrl_c_saves_the_run_as_it_is(tmp_path):
    plan, path = Plan(patience=3), tmp_path / "run.safetensors"
    whole = plan.start().fit().bits()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(TrainingInterrupted):
            plan.start().fit(Checkpoint(path), loss=Loss(press_at=12))
    finally:
        signal.signal(signal.SIGINT, before)
    assert epoch_and_step(path) == (3, 0)
    plan.start(seed=4).fit(Checkpoint(path), resume=path)
    assert_same_bits(plan.bits(), whole)


def test_an_error_in_the_run_keeps_the_last_checkpoint(tmp_path):
    path = tmp_path / "run.safetensors"
    with pytest.raises(CutError):
        Plan().start().fit(Checkpoint(path, every=1), cut_at=13)
    assert epoch_and_step(path) == (2, 0)


def test_a_save_that_fails_ends_the_run_and_the_last_good_one_goes_on(tmp_path, monkeypatch):
    plan, path = Plan(), tmp_path / "run.safetensors"
    whole = plan.start().fit().bits()
    replaced, replace = [], os.replace

    def fails_once(*arguments):
        replaced.append(1)
        if len(replaced) == 5:
            raise OSError(28, os.strerror(28))
        replace(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails_once)
        with pytest.raises(CheckpointError, match="Make room"):
            plan.start().fit(Checkpoint(path, every_steps=1))
    assert len(replaced) == 5
    assert list(tmp_path.iterdir()) == [path]
    plan.start(seed=2).fit(resume=path)
    assert_same_bits(plan.bits(), whole)


def test_a_process_killed_while_it_trains_goes_on(tmp_path):
    plan, path = Plan(epochs=40), tmp_path / "run.safetensors"
    whole = plan.start().fit().bits()
    for kill in range(3):
        child = os.fork()
        if child == 0:
            try:
                plan.start(seed=kill).fit(Checkpoint(path, every_steps=1), resume=path)
            finally:
                os._exit(0)
        while not path.exists():
            time.sleep(0.001)
        time.sleep(0.03)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    plan.start(seed=0).fit(Checkpoint(path), resume=path)
    assert_same_bits(plan.bits(), whole)


def test_weights_can_be_taken_out_of_a_checkpoint(tmp_path):
    plan = Plan().start().fit(Checkpoint(tmp_path / "run.safetensors"))
    with safetensors.safe_open(tmp_path / "run.safetensors", "pt") as file:
        for name, value in plan.model.state_dict().items():
            assert torch.equal(file.get_tensor(f"model.{name}"), value)


def test_a_progress_bar_starts_where_the_run_goes_on(tmp_path, capsys):
    def train(epochs):
        torch.manual_seed(0)
        model = nn.Linear(1, 1)
        fit(
            model,
            rows(),
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
            epochs=epochs,
            callbacks=[Checkpoint(tmp_path / "a")],
            progress=True,
            resume=tmp_path / "a",
        )
        return capsys.readouterr().err

    assert "3/3" in train(3)
    assert "5/5" in train(5)


def test_a_callback_of_ones_own_goes_on(tmp_path):
    class StopAfter(Callback):
        def on_start(self, run):
            self.seen = []

        def on_epoch_end(self, run):
            self.seen.append(run.train_losses[-1])
            return Stop("enough") if len(self.seen) == 5 else None

        def state_dict(self):
            return {"seen": self.seen}

        def load_state_dict(self, state):
            self.seen = state["seen"]

    def train(**options):
        torch.manual_seed(0)
        model, callback = nn.Linear(1, 1), StopAfter()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        callbacks = [Checkpoint(tmp_path / "a", every=1), callback]
        history = fit(model, rows(), optimizer=optimizer, epochs=9, callbacks=callbacks, **options)
        return history, callback

    with pytest.raises(CutError):
        train(loss=Loss(cut_at=6))
    history, callback = train(loss=Loss(), resume=tmp_path / "a")
    assert history.stopped == "enough"
    assert callback.seen == pytest.approx(history.train_loss.tolist())


# Refusals


@pytest.fixture(scope="module")
def saved_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "run.safetensors"
    with torch.random.fork_rng(), pytest.raises(CutError):
        Plan("momentum", "step", patience=9).start().fit(Checkpoint(path, every_steps=1), cut_at=17)
    return path


def replaced(name, value):
    def change(plan):
        setattr(plan, name, value)

    return change


class Other(Callback):
    pass


CHANGES = {
    "width": (replaced("network", lambda: dropout_network(7)), "`model 0.weight` is a float32"),
    "dtype": (
        replaced("network", lambda: dropout_network().double()),
        "`model 0.weight` is a float32 …, ….* here",
    ),
    "layers": (replaced("network", lambda: nn.Linear(1, 1)), "`model 0.weight` is"),
    "frozen": (
        replaced("network", lambda: frozen(dropout_network())),
        r"`model 0.weight` is .* trains there and .* does not train here",
    ),
    "optimizer": (replaced("optimizer", "adam"), "`optimizer` is torch.optim.sgd.SGD there and"),
    "batch_size": (replaced("batch_size", 5), "`batch_size` is 4 there and 5 here"),
    "rows": (replaced("train", lambda: rows(12)), r"`train inputs` is .*\(11, 1\) there and"),
    "values": (replaced("train", lambda: rows(seed=2)), "`train values` is"),
    "list": (
        replaced("train", lambda: [rows()[:4]]),
        "`train inputs` is .* there and no such part here",
    ),
    "val": (replaced("has_val", False), "`val` is given there and None here"),
    "generator": (replaced("has_generator", False), "`generator` is given there and None here"),
    "no callback": (replaced("patience", None), "`callbacks` is"),
    "patience": (replaced("patience", 8), "keep the settings of the run that is resumed"),
    "scheduler": (replaced("schedule", "milestones"), "`scheduler` must be a StepLR of each"),
    "epochs": (replaced("epochs", 3), "it is in epoch 4, and `epochs` is 3"),
}


def frozen(model):
    model[0].weight.requires_grad_(False)
    return model


@pytest.mark.parametrize("name", CHANGES)
def test_the_checkpoint_of_another_run_is_refused_by_name(name, saved_run):
    change, message = CHANGES[name]
    plan = Plan("momentum", "step", patience=9)
    change(plan)
    if name in ("dtype", "list"):
        message = message.replace("…", ".*")
    if name == "dtype":
        plan.train = lambda: rows().to(dtype=torch.float64)
        plan.has_val = False
        plan.callbacks = []
    if name == "list":
        plan.batch_size, plan.has_generator = None, False
    plan.start(seed=3)
    if name == "dtype":
        plan.callbacks = []
    before = deepcopy([plan.model.state_dict(), plan.made.state_dict(), torch.get_rng_state()])
    bytes_before = saved_run.read_bytes()
    with pytest.raises(CheckpointError, match=message) as caught:
        plan.fit(Checkpoint(saved_run), resume=saved_run)
    assert str(caught.value).startswith(f"checkpoint {saved_run}: ")
    assert caught.value.path == saved_run
    now = [plan.model.state_dict(), plan.made.state_dict(), torch.get_rng_state()]
    assert_same_bits(now, before)
    assert saved_run.read_bytes() == bytes_before


@pytest.mark.parametrize(
    ("option", "value"),
    [("momentum", 0.8), ("weight_decay", 0.0), ("lr", 0.1), ("nesterov", False)],
)
def test_another_option_of_the_optimizer_is_refused_by_name(option, value, tmp_path):
    path = tmp_path / "run.safetensors"
    plan = Plan("momentum").start().fit(Checkpoint(path))
    plan.start()
    plan.made.param_groups[0][option] = value
    with pytest.raises(CheckpointError, match=f"`optimizer's group 0 {option}` is"):
        plan.fit(resume=path)


def test_a_callback_of_another_kind_is_refused_by_name(saved_run):
    plan = Plan("momentum", "step", patience=9).start()
    plan.callbacks[0] = Other()
    message = r"`callbacks` is \['.{,30}GradientNorms'.{,20}\.\.\. there and \['.*Other'.* here"
    with pytest.raises(CheckpointError, match=message):
        plan.fit(resume=saved_run)


def test_a_loss_of_another_kind_is_refused_by_name(saved_run):
    with pytest.raises(CheckpointError, match=r"`loss` is .*Loss there and .*l1_loss here"):
        Plan("momentum", "step", patience=9).start().fit(
            resume=saved_run, loss=nn.functional.l1_loss
        )


def test_a_run_of_another_kind_of_device_is_refused_by_name(saved_run, tmp_path):
    saved, path = _durable.load(saved_run, "run"), tmp_path / "run.safetensors"
    saved["fingerprint"]["device"] = "cuda"
    _durable.save(path, "run", saved)
    with pytest.raises(CheckpointError, match="`device` is cuda there and cpu here"):
        Plan("momentum", "step", patience=9).start().fit(resume=path)


def batches(n=3, seed=0):
    data = rows(3 * n, seed)
    return [data[3 * k : 3 * k + 3] for k in range(n)]


def loader(data=None, size=4, **options):
    return DataLoader(rows() if data is None else data, batch_size=size, **options)


class Own(DataLoader):
    pass


class Counted(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(rows())


class Remembering:
    def __iter__(self):
        return iter(batches())

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class Forgetful(Remembering):
    pass


def with_target(row):
    data = rows()
    data.targets[row] += 1
    return data


OTHER_DATA = {
    "one row": (rows(), with_target(5), "values` is"),
    "values": (batches(), batches(seed=1), "values` is [0-9a-f]{16} there and [0-9a-f]{16} here"),
    "targets": (batches(), [(x, y + 1) for x, y in batches()], "values` is"),
    "number": (batches(), batches(4), "batches` is 3 there and 4 here"),
    "kind": (
        batches(),
        tuple(batches()),
        r"type` is builtins\.list there and builtins\.tuple here",
    ),
    "size": (loader(), loader(size=5), "batch_size` is 4 there and 5 here"),
    "last": (loader(), loader(drop_last=True), "drop_last` is False there and True here"),
    "loader": (loader(), Own(rows(), 4), r"type` is .*\.DataLoader there and .*\.Own here"),
    "length": (
        loader(list(rows())),
        loader(list(rows(4))),
        "batches` is 3 there and 1 here",
    ),
    "dataset": (loader(), loader(rows(seed=1)), "dataset values` is"),
    "no length": (loader(Counted()), loader(rows()), "batches` is no such part there and 3 here"),
    "class": (Remembering(), Forgetful(), r"type` is .*\.Remembering there and .*\.Forgetful here"),
}


@pytest.mark.parametrize("name", ["train", "val"])
@pytest.mark.parametrize("case", OTHER_DATA)
def test_other_data_are_refused_by_name(case, name, tmp_path):
    there, here, message = OTHER_DATA[case]
    path = tmp_path / "run.safetensors"

    def train(data, **options):
        model = nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        data = {"train": rows(), "val": rows(), name: data}
        return fit(model, **data, optimizer=optimizer, epochs=2, **options)

    history = train(there, callbacks=[Checkpoint(path)])
    assert train(there, resume=path) == history
    with pytest.raises(CheckpointError, match=f"of another run: `{name} {message}"):
        train(here, resume=path)


def test_of_large_data_some_rows_are_looked_at(tmp_path, monkeypatch):
    def train(data, **options):
        model = nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        return fit(model, data, optimizer=optimizer, epochs=2, **options)

    monkeypatch.setattr(_fingerprints, "_HASHED_MOST", 20)  # 44 bytes: each third row
    path = tmp_path / "run.safetensors"
    history = train(rows(), callbacks=[Checkpoint(path)])
    assert train(with_target(5), resume=path) == history
    for row in (0, 3, 9):
        with pytest.raises(CheckpointError, match="`train values` is"):
            train(with_target(row), resume=path)


def test_another_rate_in_a_tensor_is_refused_by_its_number(tmp_path):
    def train(rate, **options):
        model = nn.Linear(1, 1)
        optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(rate))
        return fit(model, rows(), optimizer=optimizer, epochs=2, **options)

    path = tmp_path / "run.safetensors"
    history = train(0.5, callbacks=[Checkpoint(path)])
    assert train(0.5, resume=path) == history
    with pytest.raises(CheckpointError, match=r"group 0 lr` is 0\.5 there and 0\.25 here"):
        train(0.25, resume=path)


def test_a_layer_that_the_saved_run_had_not_is_refused_by_name(tmp_path):
    path = tmp_path / "run.safetensors"
    Plan(network=lambda: nn.Sequential(nn.Linear(1, 1))).start().fit(Checkpoint(path))
    plan = Plan(network=lambda: nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))).start()
    with pytest.raises(CheckpointError, match=r"`model 1\.weight` is no such part there and a fl"):
        plan.fit(resume=path)


def test_another_version_of_torch_is_refused(saved_run, monkeypatch):
    monkeypatch.setattr(torch, "__version__", "99.0")
    message = r"`torch version` is 2\..* there and 99.0 here\. Install that version"
    with pytest.raises(CheckpointError, match=message):
        Plan("momentum", "step", patience=9).start().fit(resume=saved_run)


@pytest.mark.parametrize("name", ["train", "val"])
@pytest.mark.parametrize("method", ["none", "state_dict", "load_state_dict"])
def test_data_that_cannot_say_how_far_it_is_is_refused(method, name, tmp_path, refused):
    class Drawn:
        def __iter__(self):
            yield torch.rand(4, 1), torch.rand(4, 1)

    setattr(Drawn, method, lambda self: {})  # one of the two is not enough
    model = nn.Linear(1, 1)
    data = {"train": rows(), "val": rows(4), name: Drawn()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with refused(
        TypeError, f"`{name}` must be Samples, a list or a DataLoader, or have state_dict()"
    ):
        fit(model, **data, optimizer=optimizer, epochs=2, callbacks=[Checkpoint(tmp_path / "a")])
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_values_is_refused(tmp_path):
    model = nn.Linear(1, 1, device="meta")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(CheckpointError, match=r"model\.weight is a tensor that is not plain"):
        fit(model, batches(), optimizer=optimizer, epochs=1, callbacks=[Checkpoint(tmp_path / "a")])


def test_steps_of_a_data_loader_are_refused(tmp_path, refused):
    plan = Plan(batch_size=None, generator=False, train=lambda: DataLoader(rows(), 4)).start()
    with refused(ValueError, "`every_steps` must be None where `train` is no Samples and no list"):
        plan.fit(Checkpoint(tmp_path / "a", every_steps=5))


def test_parameters_outside_the_model_are_refused(tmp_path, refused):
    plan = Plan().start()
    plan.made.add_param_group({"params": [nn.Parameter(torch.zeros(1))]})
    with refused(ValueError, "`optimizer` must hold only parameters of `model`, where a Chec"):
        plan.fit(Checkpoint(tmp_path / "a"))


def test_a_callback_that_keeps_what_cannot_be_saved_is_told_before_the_first_update(tmp_path):
    class Odd(Callback):
        def state_dict(self):
            return {"file": print}

    plan = Plan().start()
    plan.callbacks.append(Odd())
    before = deepcopy(plan.model.state_dict())
    with pytest.raises(CheckpointError, match=r"callbacks\.2\.file is <built-in"):
        plan.fit(Checkpoint(tmp_path / "a"))
    assert_same_bits(plan.model.state_dict(), before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"path": 3}, TypeError, "`path` must be a path, got 3."),
        ({"every": 0}, ValueError, "`every` must be a positive whole number, got 0."),
        ({"every": 1.5}, TypeError, "`every` must be a positive whole number, got 1.5."),
        ({"every_steps": 0}, ValueError, "`every_steps` must be a positive whole number, got 0."),
        (
            {"every": 1, "every_steps": 1},
            ValueError,
            "`every_steps` must be None where `every` is given, got 1.",
        ),
    ],
    ids=["path", "zero", "part", "no steps", "both"],
)
def test_arguments_of_a_checkpoint_are_refused(arguments, error, message, refused, tmp_path):
    with refused(error, message):
        Checkpoint(**{"path": tmp_path / "a"} | arguments)


def test_a_save_before_the_run_is_refused(refused, tmp_path):
    with refused(ValueError, "`save` must be called while `fit` runs, got a call before that."):
        Checkpoint(tmp_path / "a").save()


def test_resuming_from_no_path_is_refused(refused):
    with refused(TypeError, "`resume` must be a path, got True."):
        Plan().start().fit(resume=True)


# Files made by somebody else


def mutations(value, way=()):
    """Give the ways to all parts of nested values."""
    yield way
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list | tuple):
        items = enumerate(value)
    for key, each in items:
        yield from mutations(each, (*way, key))


def with_part(value, way, part):
    if not way:
        return part
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = with_part(value[way[0]], way[1:], part)
    return tuple(copy) if isinstance(value, tuple) else copy


F64 = torch.float64
NONSENSE = {  # the run was saved in epoch 4, within which there are 3 steps
    "parts": ([("model", {})], "its `0.weight` is no such part there"),
    "buffers": ([("buffers.extra", torch.ones(1))], "its `extra` is"),
    "epoch": ([("epoch", 4.0)], "3 losses in epoch 4.0"),
    "true": ([("epoch", True), ("train_losses", torch.ones(1, dtype=F64))], "1 losses in epoch T"),
    "losses": ([("train_losses", torch.ones(2, dtype=F64))], "2 losses in epoch 4"),
    "held out": ([("val_losses", torch.ones(2, dtype=F64))], "another number of validation losses"),
    "float": ([("train_losses", torch.ones(3))], "losses of another type"),
    "val float": ([("val_losses", torch.ones(3))], "losses of another type"),
    "columns": ([("train_losses", torch.ones(3, 1, dtype=F64))], "losses of another type"),
    "reason": ([("stopped", 3)], "a reason to stop that is no text"),
    "between": ([("epoch", 3)], "a place between two epochs"),
    "first step": ([("place.step", 0)], "step 0 of 3"),
    "last step": ([("place.step", 3)], "step 3 of 3"),
    "step": ([("place.step", True)], "step True of 3"),
    "no rows": ([("place.rows", 0)], "rows and loss of an epoch in part"),
    "rows": ([("place.rows", True)], "rows and loss of an epoch in part"),
    "loss": ([("place.loss", 1)], "rows and loss of an epoch in part"),
    "no validation": ([("place.val_loss", None)], "another validation loss"),
    "no order": ([("place.order", None)], "rows in another order"),
    "order": ([("place.order", torch.zeros(11, dtype=torch.int64))], "an order of other rows"),
    "other order": ([("place.order", torch.arange(1, 12))], "an order of other rows"),
    "generator": ([("generators.generator", torch.zeros(3))], ""),
    "torch": ([("global generators.torch", torch.zeros(3))], ""),
    "python": ([("global generators.python.numbers", torch.zeros(3))], ""),
    "numpy": ([("global generators.numpy.key", torch.zeros(3))], ""),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_a_checkpoint_that_makes_no_sense_is_refused_and_changes_nothing(case, saved_run, tmp_path):
    changes, message = NONSENSE[case]
    values, path = _durable.load(saved_run, "run"), tmp_path / "run.safetensors"
    assert values["epoch"] == 4
    for way, part in changes:
        *folders, name = way.split(".")
        folder = values
        for each in folders:
            folder = folder[each]
        folder[name] = part
    _durable.save(path, "run", values)
    plan = Plan("momentum", "step", patience=9).start(seed=3)
    before = deepcopy([plan.model.state_dict(), plan.made.state_dict(), torch.get_rng_state()])
    with pytest.raises(CheckpointError) as caught:
        plan.fit(resume=path)
    assert str(caught.value).startswith(f"checkpoint {path}: it does not fit this run: {message}")
    assert_same_bits(
        [plan.model.state_dict(), plan.made.state_dict(), torch.get_rng_state()], before
    )


@settings(max_examples=100)
@given(
    data=st.data(),
    part=st.sampled_from(
        [None, True, -1, 2**70, math.inf, "text", [], {}, (), torch.zeros(3), torch.zeros(0)]
    ),
)
def test_a_checkpoint_with_any_part_replaced_is_refused_or_goes_on(data, part, saved_run):
    values = _durable.load(saved_run, "run")
    way = data.draw(st.sampled_from(list(mutations(values))))
    other = saved_run.with_name("other.safetensors")
    _durable.save(other, "run", with_part(values, way, part))
    plan = Plan("momentum", "step", patience=9).start(seed=3)
    before = deepcopy(plan.model.state_dict())
    try:
        plan.fit(resume=other, cut_at=3)  # the first two are the probes
    except CheckpointError:
        assert_same_bits(plan.model.state_dict(), before)
    except CutError:
        pass


def test_the_values_are_json_and_hold_the_history(saved_run):
    data = saved_run.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = header["__metadata__"]
    assert metadata["format"] == "nnbook"
    assert metadata["version"] == "1"
    assert re.fullmatch("[0-9a-f]{64}", metadata["sha256"])
    assert json.loads(metadata["values"])["dict"]["epoch"] == 4
    assert header["train_losses"]["dtype"] == "F64"


NAMES = {
    "fingerprint": [
        *("torch version", "device", "model", "optimizer", "optimizer's parameter groups", "loss"),
        *("train", "val", "batch_size", "generator", "callbacks"),
    ],
    "options": None,
    "epoch": None,
    "place": ["step", "rows", "loss", "val_loss", "order"],
    "train_losses": None,
    "val_losses": None,
    "stopped": None,
    "model": ["weight", "bias"],
    "buffers": [],
    "optimizer": ["state", "param_groups"],
    "callbacks": None,
    "sources": [],
    "generators": ["generator"],
    "global generators": ["torch", "python", "numpy"],
}


def test_a_newer_nnbook_finds_what_this_one_saves_under_the_same_names(tmp_path):
    Plan(network=lambda: nn.Linear(1, 1)).start().fit(Checkpoint(tmp_path / "a"))
    saved = _durable.load(tmp_path / "a", "run")
    assert {
        name: list(part) if isinstance(part, dict) else None for name, part in saved.items()
    } == NAMES
    assert list(saved["fingerprint"]["train"]) == ["inputs", "targets", "values"]
    python, numpy = saved["global generators"]["python"], saved["global generators"]["numpy"]
    assert list(python) == ["version", "numbers", "gauss"]
    assert list(numpy) == ["bit_generator", "key", "pos", "has_gauss", "gauss"]
    assert numpy["key"].dtype == torch.int64


def test_generators_are_named_after_their_way_through_a_data_loader(tmp_path):
    def generator():
        return torch.Generator().manual_seed(0)

    ways = [".generator", ".sampler.generator", ".batch_sampler.sampler.generator"]
    sampler = RandomSampler(rows(), generator=generator())
    batch_sampler = BatchSampler(RandomSampler(rows(), generator=generator()), 4, drop_last=False)
    loaders = [
        DataLoader(rows(), batch_size=4, shuffle=True, generator=generator()),
        DataLoader(rows(), batch_size=4, sampler=sampler),
        DataLoader(rows(), batch_sampler=batch_sampler),
        DataLoader(rows(), batch_sampler=[[0, 1, 2], [3, 4]]),
    ]
    for n, loader in enumerate(loaders):
        model, path = nn.Linear(1, 1), tmp_path / str(n)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        fit(model, loader, loader, optimizer=optimizer, epochs=1, callbacks=[Checkpoint(path)])
        expected = [f"{name}{way}" for name in ("train", "val") for way in ways[n:]]
        assert list(_durable.load(path, "run")["generators"]) == expected


# Learning rates


def lr_of(optimizer):
    return optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize("name", ["step", "milestones", "warm-up"])
def test_a_schedule_steps_once_each_epoch(name):
    make, _ = SCHEDULERS[name]
    model, twin = nn.Linear(1, 1), nn.Linear(1, 1)
    ours, theirs = (torch.optim.SGD(each.parameters(), lr=1.0) for each in (model, twin))
    rates, expected = [], []

    class Rates(Callback):
        def on_epoch_end(self, run):
            rates.append(lr_of(run.optimizer))

    scheduler = make(theirs)
    for _ in range(6):
        theirs.step()
        scheduler.step()
        expected.append(lr_of(theirs))
    callbacks = [LearningRateSchedule(make(ours)), Rates()]
    fit(model, rows(), optimizer=ours, epochs=6, batch_size=4, callbacks=callbacks)
    assert rates == expected
    assert len(set(rates)) > 1


def test_a_schedule_may_step_with_each_update():
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    schedule = LearningRateSchedule(SCHEDULES.ExponentialLR(optimizer, 0.5), each="step")
    fit(model, rows(), optimizer=optimizer, epochs=2, batch_size=4, callbacks=[schedule])
    assert lr_of(optimizer) == 0.5**6


@pytest.mark.parametrize("has_val", [True, False])
def test_a_plateau_is_judged_by_the_validation_loss_if_there_is_one(has_val):
    class Seen(SCHEDULES.ReduceLROnPlateau):
        seen = ()

        def step(self, metrics):
            self.seen = (*self.seen, metrics)

    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = Seen(optimizer)
    history = fit(
        model,
        rows(),
        rows(4, seed=1) if has_val else None,
        optimizer=optimizer,
        epochs=3,
        callbacks=[LearningRateSchedule(scheduler)],
    )
    losses = history.val_loss if has_val else history.train_loss
    assert torch.equal(torch.tensor(scheduler.seen), losses)


def test_the_schedule_of_another_optimizer_is_refused(refused):
    model = nn.Linear(1, 1)
    ours, theirs = (torch.optim.SGD(model.parameters(), lr=0.1) for _ in range(2))
    schedule = LearningRateSchedule(SCHEDULES.StepLR(theirs, 2))
    with refused(ValueError, "`scheduler` must belong to the run's optimizer, got one of anoth"):
        fit(model, rows(), optimizer=ours, epochs=2, callbacks=[schedule])


def test_what_is_no_schedule_is_refused(refused):
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    with refused(TypeError, "`scheduler` must be a scheduler of torch.optim.lr_scheduler"):
        LearningRateSchedule(optimizer)
    with refused(ValueError, '`each` must be "epoch" or "step", got \'batch\'.'):
        LearningRateSchedule(SCHEDULES.StepLR(optimizer, 2), each="batch")
    with refused(ValueError, '`each` must be "epoch" with ReduceLROnPlateau, got "step".'):
        LearningRateSchedule(SCHEDULES.ReduceLROnPlateau(optimizer), each="step")


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("argument", "rule"), [("path", "a path"), ("problem", "a text"), ("mend", "a text")]
)
def test_what_a_checkpoint_error_cannot_be_made_of_is_refused(argument, rule, refused):
    arguments = {"path": "a", "problem": "it is gone", "mend": "Start anew.", argument: 3}
    with refused(TypeError, f"`{argument}` must be {rule}, got 3."):
        CheckpointError(**arguments)


def test_a_checkpoint_error_is_public():
    assert nnbook.CheckpointError is CheckpointError
    assert issubclass(CheckpointError, RuntimeError)
