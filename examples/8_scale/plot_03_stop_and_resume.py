# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
8.3 Stopped, resumed, and the same bits
=======================================

A run that takes a night can be killed in the morning: by a power cut, a full machine, a cluster
that wants its processor back. What must have been saved, so that the run goes on as if nothing had
happened? We leave out one thing after another, and see what becomes of the run. Then a real process
is killed in the middle of its training and started again. The data are the eleven readings (unknown
unit, scaled by 0.1) with their temperatures (°C). About ten minutes.
"""

import copy
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import safetensors
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])

# %%
# What a run is made of
# ---------------------
# A network of 13 hidden units is trained by Adam, four readings at a time. Their order is drawn
# anew for each epoch. The run of 600 epochs is the measure of all that follows. Then the same run
# is stopped after 300 epochs, and everything that it was made of is thrown away, but for copies.
# (Real copies: an optimizer goes on writing into the tensors that it was given.)


def start(seed):
    """Make model, optimizer and generator anew, as a script does."""
    torch.manual_seed(seed)
    model = nnbook.mlp(1, 13, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return model, optimizer, torch.Generator().manual_seed(seed)


def train(model, optimizer, generator, epochs):
    """Train in mini-batches of four rows."""
    return nnbook.fit(
        model,
        split.train,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=4,
        generator=generator,
    )


whole = train(*start(seed=0), epochs=600)

model, optimizer, generator = start(seed=0)
first_half = train(model, optimizer, generator, epochs=300)
assert torch.equal(first_half.train_loss, whole.train_loss[:300])
kept = copy.deepcopy(
    {
        "weights": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": generator.get_state(),
    }
)

# %%
# The weights are what we are after, so most people save the weights. Is that enough? Adam also
# remembers, for each weight, a running mean of its gradient and of its square
# (:doc:`page 1.5 </auto_examples/1_learning/plot_05_optimizers>`). And the generator decides which
# four readings meet in a batch. Before you go on: which of the three can be left out?


def go_on(*names):
    """Start from another seed, put copies back, train the second half."""
    model, optimizer, generator = start(seed=1)
    model.load_state_dict(kept["weights"])
    if "optimizer" in names:
        optimizer.load_state_dict(copy.deepcopy(kept["optimizer"]))
    if "generator" in names:
        generator.set_state(kept["generator"])
    return train(model, optimizer, generator, epochs=300).train_loss


second_halves = {
    "weights": go_on(),
    "weights, generator": go_on("generator"),
    "weights, optimizer": go_on("optimizer"),
    "all three": go_on("optimizer", "generator"),
}
fig, ax = plt.subplots(figsize=(7, 3.6))
looks = [("vermilion", ":"), ("purple", "-."), ("blue", "--"), ("green", "-")]
for look, (name, losses) in zip(looks, second_halves.items(), strict=True):
    difference = (losses - whole.train_loss[300:]).abs()
    ax.plot(
        range(301, 601),
        difference,
        look[1],
        color=plots.COLORS[look[0]],
        label=name,
    )
    print(f"{name:20}  largest difference {difference.max():.4f} °C²")
ax.set(xlabel="epoch", ylabel="difference in loss (°C²)")
ax.legend(title="kept")
plots.describe(
    ax,
    "Four lines of how far the loss is from that of the run that was not "
    "stopped. Three leave zero at once; the one with all three kept stays "
    "at zero.",
)
assert torch.equal(second_halves["all three"], whole.train_loss[300:])
for name in list(second_halves)[:3]:
    assert not torch.equal(second_halves[name], whole.train_loss[300:]), name

# %%
# Three of the lines leave zero in their first epoch, and come back only by chance. That of the run
# which got all three back stays on zero, to the last bit. The others are not wrong: they
# train on, and may end as well. But they are other runs. Whoever compares two learning rates, and
# had a power cut in one of them, compares more than learning rates.
#
# A list of three is still short. With :term:`dropout` the global generator draws too; early
# stopping remembers its best epoch, a scheduler its step; and a night's run is not stopped at the
# end of an epoch, but in the middle of one.
#
# A checkpoint of everything
# --------------------------
# All this together, in a file, is a :term:`checkpoint`. :class:`nnbook.Checkpoint` saves one at
# intervals, and ``resume=`` goes on from it. Here is a whole script. It trains the same network
# with dropout and a falling learning rate, and tells each hundredth epoch.

SCRIPT = """\
import sys
import nnbook
import torch

torch.set_num_threads(1)
torch.manual_seed(0)


class Report(nnbook.Callback):
    def on_epoch_end(self, run):
        if run.epoch % 100 == 0:
            print(run.epoch, flush=True)


data = nnbook.load_thermometer()
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
model = torch.nn.Sequential(
    torch.nn.Linear(1, 13),
    torch.nn.Dropout(0.1),
    torch.nn.Tanh(),
    torch.nn.Linear(13, 1),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
falling = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.999)
nnbook.fit(
    model,
    split.train,
    split.val,
    optimizer=optimizer,
    epochs=1000,
    batch_size=4,
    callbacks=[
        Report(),
        nnbook.LearningRateSchedule(falling),
        nnbook.Checkpoint(sys.argv[1], every=50),
    ],
    resume=sys.argv[1],
)
"""
folder = tempfile.TemporaryDirectory()
script = Path(folder.name) / "train.py"
script.write_text(SCRIPT, encoding="utf-8")
cut, uncut = (
    Path(folder.name) / f"{name}.safetensors" for name in ("cut", "uncut")
)

# %%
# We start it as a process of its own, wait until it has told epoch 300, and kill it with SIGKILL,
# which no program can catch: it gets no chance to tidy up. (On Windows, ``kill`` ends a process
# as abruptly.)


def command(path):
    return [sys.executable, str(script), str(path)]


environment = os.environ | {"OMP_NUM_THREADS": "1"}
process = subprocess.Popen(  # noqa: S603
    command(cut), stdout=subprocess.PIPE, text=True, env=environment
)
for line in process.stdout:
    if int(line) == 300:
        process.kill()
        break
process.stdout.close()
process.wait()
print("exit code", process.returncode)
assert process.returncode != 0
if os.name == "posix":
    assert process.returncode == -signal.SIGKILL

# %%
# What is left is the file. It holds tensors with names, which any reader of safetensors can read,
# and plain values as JSON (:doc:`page 5.5
# </auto_examples/5_sequential/plot_05_devices_and_saving>` says why no pickle). The losses tell
# how far the run had come when it was saved last.

with safetensors.safe_open(cut, framework="pt") as file:
    for name in file.keys():  # noqa: SIM118  # the file is no dictionary
        if name.startswith(("model.", "optimizer.state.0.")):
            print(f"{name:32}{tuple(file.get_tensor(name).shape)}")
    n_epochs = len(file.get_tensor("train_losses"))
print("epochs saved:", n_epochs)
assert 250 <= n_epochs < 1000

# %%
# Half a file would be worse than none. So a checkpoint is written under another name, flushed to
# the disk, and only then takes the name of the one before, which the system does in one step: at
# any moment there is a whole file. And a file that was damaged later is noticed, for a checksum
# covers every byte. We turn over one bit of a copy.

damaged = bytearray(cut.read_bytes())
damaged[-5] ^= 1
damaged_file = cut.with_name("damaged.safetensors")
damaged_file.write_bytes(damaged)
model, optimizer, _ = start(seed=0)
try:
    nnbook.fit(
        model, split.train, optimizer=optimizer, epochs=1, resume=damaged_file
    )
except nnbook.CheckpointError as error:
    print(textwrap.fill(str(error).replace(folder.name, "..."), 76))
else:
    raise AssertionError("a damaged checkpoint was taken for a good one")

# %%
# Started again
# -------------
# Now the same command once more. It finds the file and goes on from there: the first epoch that it
# tells shows it. Then the same script with another file, for a run that nobody kills.


def told_by(path):
    run = subprocess.run(  # noqa: S603
        command(path),
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        check=True,
    )
    return [int(line) for line in run.stdout.split()]


resumed_epochs, all_epochs = told_by(cut), told_by(uncut)
print(
    "resumed, it told",
    resumed_epochs[:2],
    "... and not killed",
    all_epochs[:2],
    "...",
)
assert resumed_epochs[0] >= 300
assert all_epochs[0] == 100

with (
    safetensors.safe_open(cut, framework="pt") as one,
    safetensors.safe_open(uncut, framework="pt") as other,
):
    names = set(one.keys())
    assert names == set(other.keys())
    unused = {name for name in names if "numpy" in name or "python" in name}
    for name in names - unused:
        assert torch.equal(one.get_tensor(name), other.get_tensor(name)), name
    losses = one.get_tensor("val_losses")
print(
    f"{len(names - unused)} tensors are equal to the last bit, "
    f"{len(losses):,} validation losses among them"
)
assert len(losses) == 1000
folder.cleanup()

# %%
# (The generators of NumPy and of Python are saved too; the script neither seeds nor uses them.)
#
# Weights, Adam's means, all losses, the state of torch's generator: nothing shows that one of the
# two runs was killed. The same bits need the same machine, the same build of PyTorch and the same
# number of threads (:doc:`page 8.2 </auto_examples/8_scale/plot_02_run_as_graph>` shows what
# becomes of a last digit in this network). So :func:`nnbook.fit` refuses a checkpoint of another
# version of PyTorch, of other data or of other settings, and says which.
#
# A callback of your own is saved too, if it has a ``state_dict`` and a ``load_state_dict``, as
# modules and optimizers have. :doc:`/runs` shows the errors, and schedules of the learning rate.
#
# **Try it.** Kill the script twice, at epochs of your choice. Then leave the generator out of
# ``kept`` but train with all rows at once: why is the second half exact now?
#
# Next: :doc:`page 8.4 </auto_examples/8_scale/plot_04_two_processes>`, where two processes train
# one network.
