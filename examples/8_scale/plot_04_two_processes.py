# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
8.4 Two processes end where one does
====================================

A large model learns from more rows than one processor, or one GPU, can take in
time. So several share the rows of each batch. Is that still the same training?
We do it by hand, with unequal shares; then the same script is run as one process
and as two, and we compare where they end, and how long an epoch takes. The data
are the eleven readings (unknown unit, scaled by 0.1) with their temperatures
(°C). About eight minutes.
"""

# sphinx_gallery_parallel = False

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from safetensors.torch import load_file

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer(dtype=torch.float64)
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])

# %%
# Shares of a batch
# -----------------
# The loss of a batch is a mean over its :math:`n` rows. Cut the rows into shares of :math:`n_1,
# n_2, \ldots` rows, with means :math:`L_1, L_2, \ldots` of their own. Then
#
# .. math::
#
#    L = \frac{n_1}{n} L_1 + \frac{n_2}{n} L_2 + \ldots, \qquad
#    \nabla L = \frac{n_1}{n} \nabla L_1 + \frac{n_2}{n} \nabla L_2 + \ldots,
#
# since the :term:`gradient` of a sum is the sum of the gradients. Nothing in a share's part depends
# on the other rows. So each can be computed somewhere else, and only gradients have to be sent.
# Here nine rows are cut into seven and two. What would the plain average of the two gradients be?


def gradient(model, rows):
    """Return the gradient of the mean loss of some rows, as one vector."""
    inputs, targets = rows
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
    parts = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([part.flatten() for part in parts])


torch.manual_seed(0)
model = nnbook.mlp(1, 13, 1).double()
whole = gradient(model, split.train[:])  # (40,)
n = len(split.train)
shares = [split.train[:7], split.train[7:]]
own = [gradient(model, share) for share in shares]
sizes = [len(targets) for _, targets in shares]

by_rows = sum(size / n * each for size, each in zip(sizes, own, strict=True))
plain = sum(own) / 2
for name, each in {"weighted by rows": by_rows, "plain average": plain}.items():
    away = (each - whole).norm() / whole.norm()
    print(f"{name:17} differs from the whole batch's by {away:.1e}")
torch.testing.assert_close(by_rows, whole, rtol=1e-12, atol=1e-12)
assert (plain - whole).norm() > 0.01 * whole.norm()

# %%
# Weighted by rows, the sum is the gradient of the whole batch, but for rounding. The plain average
# is another vector. It gives both shares one half, so a row of the small share counts as much as
# three and a half rows of the large one: it belongs to another loss, whose minimum lies elsewhere.
# Only for equal shares are the two the same.
#
# An update with the weighted sum is the one that :func:`nnbook.fit` makes:

before = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
optimizer = torch.optim.SGD(model.parameters(), lr=5e-4)
nnbook.fit(model, split.train, optimizer=optimizer, epochs=1)
after = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
torch.testing.assert_close(after, before - 5e-4 * by_rows)

# %%
# Two processes
# -------------
# A :term:`process` is a running program with memory of its own. Training with a copy of the model
# in each of several processes, and a share of the rows for each, is :term:`data parallelism`.
# The processes have numbers from 0, their :term:`ranks <rank>`. The step where the gradients meet
# is an :term:`all-reduce`: each hands in a tensor, they are added, and each gets the sum.

fig, ax = plt.subplots(figsize=(7, 3))
boxes, arrows = {"sum": (6.1, 0, "all-reduce:\nadd,\nsum to all")}, []
lanes = {0: (1, "●●●●●", 5), 1: (-1, "■■■■", 4)}
for rank, (y, dots, size) in lanes.items():
    names = [f"{name} {rank}" for name in ("rows", "gradient", "step")]
    boxes[names[0]] = (0, y, f"process {rank}\n{dots}\n{size} of 9 rows")
    boxes[names[1]] = (3, y, "gradient of\nits own rows")
    boxes[names[2]] = (9.0, y, "the same step,\nso the same\nweights")
    arrows += [(names[0], names[1], ""), (names[1], "sum", f"× {size}/9")]
    arrows += [("sum", names[2], "")]
plots.diagram(boxes, arrows, ax, highlighted=["sum"])
plots.describe(
    ax,
    "Two lanes. Process 0 takes five of nine rows, process 1 four; each "
    "computes the gradient of its own. Times 5/9 and 4/9 they meet in one "
    "box, all-reduce, from which both make the same step.",
)

# %%
# Read from left to right, this is one step. The two lanes have only the middle box in common. What
# goes in and out there has the size of the model, 40 numbers, however many the rows. Model and
# optimizer start alike in both processes and get the same gradients, so they stay alike without
# ever being compared.
#
# PyTorch's :class:`torch.nn.parallel.DistributedDataParallel` does this, and it takes the plain
# average. ``fit`` uses it and multiplies each loss by its share of the rows before. (The usual
# sampler of PyTorch repeats rows until all shares are equal; then some rows count twice.)
#
# One script, started twice
# -------------------------
# This script can be run as it is. ``torchrun`` runs it in several processes, and tells each its
# rank by an environment variable. ``fit`` sees that, and joins the group. The second process draws
# other starting weights, on purpose: ``fit`` hands out those of rank 0. Only rank 0 saves.

SCRIPT = """\
import os
import sys
import time

import nnbook
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
rank = int(os.environ.get("RANK", "0"))
n_processes = int(os.environ.get("WORLD_SIZE", "1"))


class Clock(nnbook.Callback):
    def on_start(self, run):
        self.marks = []

    def on_epoch_end(self, run):
        self.marks.append(time.perf_counter())


def train(rows, epochs, val=None):
    torch.manual_seed(rank)
    model = nnbook.mlp(1, 13, 1).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=5e-4)
    clock = Clock()
    history = nnbook.fit(
        model, rows, val, optimizer=optimizer, epochs=epochs, callbacks=[clock]
    )
    return model, history, torch.tensor(clock.marks).diff().median()


data = nnbook.load_thermometer(dtype=torch.float64)
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
model, history, seconds = train(split.train, 500, split.val)
weight = next(model.parameters())[0].item()
print(f"process {rank} of {n_processes}: first weight {weight:.12f}")
results = {"losses": history.train_loss, "9": seconds, **model.state_dict()}
for times, epochs in {100: 50, 1000: 30, 10_000: 10}.items():
    inputs, targets = (part.repeat(times, 1) for part in split.train[:])
    rows = nnbook.Samples(inputs, targets)
    results[str(len(rows))] = train(rows, epochs)[2]
if rank == 0:
    for name in ("9", "900", "9000", "90000"):
        print(f"{name:>7} rows: {1000 * results[name]:8.3f} ms an epoch")
    save_file(results, sys.argv[1])
"""

# %%
# It trains for 500 epochs on the nine rows. Then, for the clock alone, a few epochs on the same
# rows repeated a hundred times and more. On the command line one would write ``python train.py
# run.safetensors``, and ``torchrun --nproc-per-node 2 train.py run.safetensors``. The page starts
# the same by ``python -m``, with two more options: the processes meet on this machine only, at a
# port that is free. (PyTorch for Windows comes without what ``torchrun`` needs.)

two = "-m torch.distributed.run --nproc-per-node 2 --rdzv-backend c10d"
two += " --rdzv-endpoint localhost:0 --local-addr localhost"
commands = {"one": [], "two": two.split()}
if os.name != "posix" or not torch.distributed.is_available():
    print("Two processes cannot be started here; this page goes on with one.")
    del commands["two"]

results = {}
with tempfile.TemporaryDirectory() as folder:
    script = Path(folder) / "train.py"
    script.write_text(SCRIPT, encoding="utf-8")
    children = {}  # torchrun takes seconds to start; then the first has ended
    for name, options in commands.items():
        file = script.with_name(f"{name}.safetensors")
        children[name] = subprocess.Popen(  # noqa: S603
            [sys.executable, *options, str(script), str(file)],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
    for name, child in children.items():
        try:
            told, _ = child.communicate(timeout=120)
        finally:
            child.terminate()  # after an error; it does nothing to one that ended
        assert child.returncode == 0, name
        print("\n".join(sorted(told.splitlines(), reverse=True)))
        results[name] = load_file(script.with_name(f"{name}.safetensors"))
