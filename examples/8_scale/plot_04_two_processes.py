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

When the rows are too many for one processor, several can share each batch.
Is that still the same training? We do it by hand, with unequal shares. Then a
script is run as one process and as two: where does each end, and how long does
an epoch take? The data are the eleven readings (unknown unit, scaled by 0.1)
with their temperatures (°C). About eight minutes.
"""

# sphinx_gallery_parallel = False

import os
import subprocess
import sys
import tempfile
from itertools import pairwise
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
for name, each in {"weighted": by_rows, "plain average": plain}.items():
    away = (each - whole).norm() / whole.norm()
    print(f"{name:13} differs from the whole batch's by {away:.1e}")
torch.testing.assert_close(by_rows, whole, rtol=1e-12, atol=1e-12)
assert (plain - whole).norm() > 0.01 * whole.norm()

# %%
# Weighted by rows, the sum is the gradient of the whole batch, but for rounding. The plain average
# is another vector. It gives both shares one half, so a row of the small share counts as much as
# three and a half rows of the large one: it belongs to another loss, with another minimum. Only
# for equal shares are the two the same.
#
# An update with the weighted sum is the one that :func:`nnbook.fit` makes:

before = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
nnbook.fit(model, split.train, optimizer=optimizer, epochs=1)
after = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
torch.testing.assert_close(after, before - 1e-3 * by_rows)

# %%
# Two processes
# -------------
# A :term:`process` is a running program with memory of its own. Training with a copy of the model
# in each of several processes, and a share of the rows for each, is :term:`data parallelism`.
# The processes have numbers from 0, their :term:`ranks <rank>`. The step where the gradients meet
# is an :term:`all-reduce`: each hands in a tensor, they are added, and each gets the sum.

fig, ax = plt.subplots(figsize=(7, 3))
boxes, arrows = {"sum": (6, 0, "all-reduce:\nadd,\nsum to all")}, []
lanes = {0: (1, "●●●●●", 5), 1: (-1, "■■■■", 4)}
for rank, (y, dots, size) in lanes.items():
    names = [f"{name} {rank}" for name in ("rows", "gradient", "step")]
    boxes[names[0]] = (0, y, f"process {rank}\n{dots}\n{size} of 9 rows")
    boxes[names[1]] = (3, y, f"gradient of\nits own rows,\ntimes {size}/9")
    boxes[names[2]] = (9, y, "the same step,\nso the same\nweights")
    path = [names[0], names[1], "sum", names[2]]
    arrows += [(*pair, "") for pair in pairwise(path)]
plots.diagram(boxes, arrows, ax, highlighted=["sum"])
ax.set_xlim(-1.2, 10.4)
plots.describe(
    ax,
    "Two lanes. Process 0 takes five of nine rows, process 1 four. The "
    "gradients of their rows, times 5/9 and 4/9, meet in one box, all-reduce; "
    "from there both make the same step.",
)

# %%
# Read from left to right, this is one step. The two lanes have only the middle box in common. What
# goes in and out there has the size of the model, 40 numbers, however many the rows. Model and
# optimizer start alike in both processes and get the same gradients, so they stay alike without
# ever being compared.
#
# PyTorch's :class:`torch.nn.parallel.DistributedDataParallel` does this, and it takes the plain
# average. ``fit`` uses it, and before that multiplies each loss by :math:`n_k / n` and, since an
# average will divide by it, by the number of processes. (``DistributedSampler``, which often comes
# with it, repeats rows until all shares are equal; then some rows count twice.)
#
# One script, started twice
# -------------------------
# ``torchrun`` runs a script in several processes, and tells each its rank by an environment
# variable. ``fit`` sees that, and joins the group. In the script below rank 1 draws other starting
# weights than rank 0, on purpose: ``fit`` hands out those of rank 0. Only rank 0 prints and saves.
# It trains on the nine rows, and before that, for the clock alone, on the same rows repeated a
# hundred times and more. (The first epoch of all is only there to get everything going.)

SCRIPT = """\
import os
import sys
import time

import nnbook
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
rank = int(os.environ.get("RANK", "0"))
data = nnbook.load_thermometer(dtype=torch.float64)
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
results = {}
for times, epochs in [(1, 1), (10_000, 10), (1000, 30), (100, 100), (1, 500)]:
    inputs, targets = (part.repeat(times, 1) for part in split.train[:])
    rows = nnbook.Samples(inputs, targets)
    torch.manual_seed(rank)
    model = nnbook.mlp(1, 13, 1).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    start = time.perf_counter()
    history = nnbook.fit(
        model, rows, split.val, optimizer=optimizer, epochs=epochs
    )
    ms = 1000 * (time.perf_counter() - start) / epochs
    results[str(len(rows))] = torch.tensor(ms)
    if rank == 0 and epochs > 1:
        print(f"{len(rows):7,} rows: {ms:7.2f} ms an epoch")
if rank == 0:
    results["training losses"] = history.train_loss
    results["validation losses"] = history.val_loss
    save_file(results | model.state_dict(), sys.argv[1])
"""

# %%
# Saved as ``train.py``, it is started by ``python train.py one.safetensors``, and in two processes
# by ``torchrun --nproc-per-node 2 train.py two.safetensors``. The page does the same by ``python
# -m``, with options by which the processes meet on this machine only, at a port that is free.

torchrun = "-m torch.distributed.run --nproc-per-node 2 --rdzv-backend c10d"
torchrun += " --rdzv-endpoint localhost:0 --local-addr localhost"
options = {"one": [], "two": torchrun.split()}
if os.name != "posix" or not torch.distributed.is_available():
    del options["two"]
    print("This page starts two processes on Linux and macOS only.")

results, children = {}, {}
with tempfile.TemporaryDirectory() as folder:
    script = Path(folder) / "train.py"
    script.write_text(SCRIPT, encoding="utf-8")
    # Both at once: while torchrun gets its processes ready, the first trains.
    for name, how in options.items():
        file = script.with_name(f"{name}.safetensors")
        children[name] = subprocess.Popen(  # noqa: S603
            [sys.executable, *how, str(script), str(file)],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        for name, child in children.items():
            told, _ = child.communicate(timeout=120)
            print(f"processes: {name}\n{told}")
            assert child.returncode == 0
            results[name] = load_file(script.with_name(f"{name}.safetensors"))
    finally:
        for child in children.values():
            child.terminate()  # in vain where it has ended, as it should
            child.wait()

# %%
# Now the question of the title: losses of all 500 epochs, and all weights.

one, two = results["one"], results.get("two")
for name, values in one.items():
    if two and not name.isdigit():
        away = (two[name] - values).abs().max() / values.abs().max()
        print(f"{name:20} {len(values):3} values, apart by at most {away:.0e}")
        assert away < 1e-10
assert one["training losses"][-1] < 0.2 * one["training losses"][0]

# %%
# Two processes end where one does, but for the last digits: five rows and four are added up in
# another order than nine. Where training is chaotic (:doc:`page 8.2
# </auto_examples/8_scale/plot_02_run_as_graph>`) even that will grow. And the sum at the top of
# the page needs a model that treats each row by itself. :term:`Batch normalization <batch
# normalization>` takes the mean of a process's own rows, and :term:`dropout` draws in each process
# for itself: two processes then train as well, but theirs is another run.
#
# When it pays
# ------------
# Each process had half of the work. Would you expect half the time, at nine rows and at 90,000?

n_rows = [9, 900, 9000, 90000]
fig, ax = plt.subplots(figsize=(7, 3.6))
for name, look, color in [("one", "o-", "blue"), ("two", "s--", "vermilion")]:
    if name in results:
        ms = [results[name][str(n)] for n in n_rows]
        label = {"one": "one process", "two": "two processes"}[name]
        ax.loglog(n_rows, ms, look, color=plots.COLORS[color], label=label)
ax.set_xticks(n_rows, [f"{n:,}" for n in n_rows])
ax.set(xlabel="rows in the batch", ylabel="time of an epoch (ms)")
ax.yaxis.set_major_formatter("{x:g}")
ax.minorticks_off()
ax.legend()
told = "The line of one process is nearly level up to 900 rows, then it rises."
if two:
    ratios = [(two[str(n)] / one[str(n)]).item() for n in n_rows]
    told += " Two processes start far above it and come close to it, or below."
    print(f"two take {ratios[0]:.1f} times as long as one at nine rows,")
    print(f"and {ratios[-1]:.1f} times as long at {n_rows[-1]:,} rows")
    assert ratios[0] > 1
    assert ratios[-1] < ratios[0]
plots.describe(ax, told)

# %%
# At nine rows two processes are slower than one, not faster. To compute five rows takes as long as
# to compute nine (:doc:`page 8.5 </auto_examples/8_scale/plot_05_how_fast>` shows why), so nothing
# is saved. And in each epoch gradients and losses are exchanged, and whether someone wants to stop.
# These are a few hundred bytes; what takes the time is that each message goes through the operating
# system, and that each process waits for the other. At 90,000 rows the exchange is the same and the
# work ten thousand times as much. There two processes come near half the time of one, if the
# machine has two processors to spare.
#
# So it pays where the gradient of a share takes much longer than its exchange. A weight's gradient
# is sent once a step, but is computed from all rows of the share: many rows help. The exchange is
# done by Gloo on processors, as here, and by NCCL on GPUs, where each process has one of its own.
# (Nothing on this page ran on GPUs.) Small networks are better spread whole: under ``torchrun``,
# :func:`nnbook.sweep` (:doc:`page 8.1 </auto_examples/8_scale/plot_01_thousand_networks>`) gives
# each process its part of the runs, and at the end all get the whole result. No run needs to know
# of another.
#
# When one dies
# -------------
# A process that is killed hands in nothing more. The others stand in the all-reduce and cannot go
# on: they learn of the broken connection and end with an error, or, if a machine has fallen silent,
# wait until a timeout. ``torchrun`` ends all that are left and says which one failed, and how. So
# nobody trains on without the rows of the dead. To go on, all are started again, by hand, or by
# ``torchrun`` itself if the short command above has ``--max-restarts 3``, say. With a
# :class:`nnbook.Checkpoint` and ``resume=`` in the script, rank 0 saves, all load that file
# (several machines need a folder in common), and the run goes on from there, as on :doc:`page 8.3
# </auto_examples/8_scale/plot_03_stop_and_resume>`.
#
# **Try it.** Save the script and start it in three processes. How many rows has each? Then add
# ``batch_size=4`` to ``fit``: what is there to do for ranks 1 and 2 in the last batch of an epoch?
#
# The next page asks where the time of a step goes:
# :doc:`/auto_examples/8_scale/plot_05_how_fast`.
