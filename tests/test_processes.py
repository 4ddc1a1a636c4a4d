"""Real processes on this machine, as torchrun starts them."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from filelock import FileLock

import nnbook
from nnbook.training import processes

SCRIPT = Path(__file__).with_name("train_together.py")
SECONDS = 300  # far more than a run takes: only a hang lasts that long


def train(folder, *tasks, together=1, seconds=0.1):
    """Run the script alone, or as several processes that find each other on a free port.

    The launcher looks at them every so many seconds.
    """
    python = [sys.executable]
    if together > 1:
        # Its port is chosen by the system, and the processes meet on this machine alone.
        python += ["-m", "torch.distributed.run", "--nproc-per-node", str(together)]
        python += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]
        python += ["--local-addr", "localhost", "--monitor-interval", str(seconds)]
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [*python, str(SCRIPT), str(folder), *tasks],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory, worker_id):
    """Train everything alone and by two processes, some by three: a folder for each number.

    That takes long, so it is done once, by the first of pytest's workers that comes here.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "processes"
    tasks = ["full", "batches", "adam", "lbfgs", "whole", "sweep"]
    runs = {
        1: tasks,
        2: [*tasks, "diverges", "iterable", "ends"],
        3: ["batches"],
    }
    with FileLock(f"{folder}.lock"):
        folder.mkdir(exist_ok=True)
        for count, names in runs.items():
            stderr = folder / str(count) / "stderr"
            if not stderr.exists():
                done = train(folder / str(count), *names, together=count)
                assert done.returncode == 0, done.stderr
                stderr.write_text(done.stderr)
    return folder


def assert_equal(one, other):
    """Compare all tensors of two files, relative to the largest entry of each."""
    found, expected = safetensors.torch.load_file(one), safetensors.torch.load_file(other)
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert values.dtype == torch.float64
        assert relative(found[name], values) < 1e-10, name


def relative(one, other):
    return ((one - other).abs().max() / other.abs().max()).item()


@pytest.mark.parametrize("task", ["full", "batches", "adam", "lbfgs"])
def test_two_processes_end_where_one_does(folder, task):
    name = f"{task}.safetensors"
    assert_equal(folder / "2" / name, folder / "1" / name)
    losses = safetensors.torch.load_file(folder / "2" / name)["train_loss"]
    assert losses[-1] < losses[0]


def test_three_processes_share_rows_that_do_not_divide(folder):
    assert_equal(folder / "3" / "batches.safetensors", folder / "1" / "batches.safetensors")


@pytest.mark.cuda
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="no two NVIDIA GPUs")
def test_two_gpus_end_where_one_does(tmp_path):
    for count in (1, 2):
        done = train(tmp_path / str(count), "gpu", together=count)
        assert done.returncode == 0, done.stderr
    assert_equal(tmp_path / "2" / "gpu.safetensors", tmp_path / "1" / "gpu.safetensors")
    alone = nnbook.SweepResult.load(tmp_path / "1" / "sweep-0.safetensors")
    for rank in (0, 1):
        together = nnbook.SweepResult.load(tmp_path / "2" / f"sweep-{rank}.safetensors")
        assert relative(together.train_loss, alone.train_loss) < 1e-10
        assert relative(together.val_loss, alone.val_loss) < 1e-10


def test_the_first_process_alone_shows_progress(folder):
    shown = (folder / "2" / "stderr").read_text()
    # A bar is drawn once at its start; at its end once or twice, as the clock has it.
    assert shown.count("| 0/200 [") == 2  # the tasks full and adam, each once
    assert shown.count("| 0.00/1.80k [") == 1  # the sweep
    assert shown.count("100%|") >= 3


def test_a_process_that_is_killed_ends_the_other_and_all_can_go_on(folder, tmp_path):
    # The launcher ends all when one has ended, at times before the others could say a word.
    killed = train(tmp_path, "killed", together=2, seconds=3)
    assert killed.returncode != 0
    assert "process 0 of 2 cannot reach another one, which has ended" in killed.stderr
    assert "-9" in killed.stderr  # the launcher tells which one, and how it ended
    assert not (tmp_path / "killed.safetensors").exists()
    resumed = train(tmp_path, "resumed", together=2)
    assert resumed.returncode == 0, resumed.stderr
    assert_equal(tmp_path / "resumed.safetensors", folder / "1" / "whole.safetensors")


def test_all_processes_report_a_loss_that_is_not_finite(folder):
    epochs = [(folder / "2" / f"diverged-{rank}").read_text() for rank in (0, 1)]
    assert epochs[0] == epochs[1] != "0"


def test_a_stop_or_ctrl_c_in_one_process_ends_all_at_the_same_epoch(folder):
    texts = {
        end: [(folder / "2" / f"{end}-{rank}").read_text() for rank in (0, 1)]
        for end in ("stopped", "interrupted")
    }
    assert texts == {
        "stopped": ["3 stopped in another process", "3 enough"],
        "interrupted": ["3 None", "3 None"],
    }


def test_batches_of_an_iterable_are_refused(folder):
    for name, rank in itertools.product(("train", "val"), (0, 1)):
        message = (folder / "2" / f"refused-{name}-{rank}").read_text()
        assert message.startswith(f"`{name}` must be Samples where 2 processes train, got ")


def test_a_sweep_is_spread_over_processes_and_gathered_in_all(folder):
    alone = nnbook.SweepResult.load(folder / "1" / "sweep-0.safetensors")
    for rank in (0, 1):
        together = nnbook.SweepResult.load(folder / "2" / f"sweep-{rank}.safetensors")
        assert together.settings == alone.settings
        assert torch.equal(together.diverged, alone.diverged)
        is_calm = torch.tensor([lr < 1 for lr in alone.settings["lr"]])
        assert is_calm.any()
        assert (alone.diverged > 0).any()
        for run in is_calm.nonzero().flatten().tolist():
            assert relative(together.train_loss[run], alone.train_loss[run]) < 1e-10
            assert relative(together.val_loss[run], alone.val_loss[run]) < 1e-10
            assert relative(together.parameters[run], alone.parameters[run]) < 1e-10


def test_a_process_alone_exchanges_nothing():
    alone = processes.joined()
    rows = torch.arange(6.0)
    assert (alone.rank, alone.count, alone.is_first) == (0, 1, True)
    assert torch.equal(alone.share(rows), rows)
    assert alone.sum(rows) is rows
    assert alone.from_first(rows) is rows
    assert alone.any(True, torch.device("cpu"))
    assert not alone.any(False, torch.device("cpu"))


def test_shares_hold_every_row_once_even_where_rows_are_few():
    rows = torch.arange(2)
    shares = [processes.Processes(rank, 3).share(rows) for rank in range(3)]
    assert torch.equal(torch.cat(shares), rows)
    assert [len(share) for share in shares] == [1, 1, 0]


def test_an_exchange_that_fails_is_explained_and_other_errors_are_not():
    together = processes.Processes(0, 2)
    with pytest.raises(RuntimeError, match="process 0 of 2 cannot reach another one"):  # noqa: SIM117
        with processes.loss_told(together):
            raise RuntimeError("Connection closed by peer [127.0.0.1]")
    with pytest.raises(RuntimeError, match="something else"), processes.loss_told(together):
        raise RuntimeError("something else")
