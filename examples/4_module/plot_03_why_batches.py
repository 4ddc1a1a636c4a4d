# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
4.3 Why do rows come in batches?
================================

A layer computes each row by itself, so why not hand it one row after the
other? We measure how many rows a second go through two networks, in batches of
one row up to a thousand. Then we meet a layer that does not take its rows one
by one: batch norm takes statistics over the batch. The data are random rows
for the clock, and the eleven readings (unknown unit) of the old thermometer.
About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 6.2.2.
"""

# sphinx_gallery_parallel = False

import itertools
import textwrap
import time

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # we measure batches here, not threads
torch.manual_seed(0)

# %%
# One by one, or all at once
# --------------------------
# What comes out is the same either way:

narrow = nnbook.mlp(1, 13, 1)
data = nnbook.load_thermometer()
with torch.no_grad():
    at_once = narrow(data.inputs)  # (11, 1)
    one_by_one = [narrow(row.unsqueeze(0)) for row in data.inputs]
torch.testing.assert_close(torch.cat(one_by_one), at_once)

# %%
# Equal but for rounding: with another batch size the processor may add the same terms in another
# order.
#
# The clock
# ---------
# We time calls with 1, 4, 16, ... rows of the network above and of one that has more to compute for
# each row. All sizes run in turn, 101 times. We keep each time's ratio to the batch of one in the
# same turn, and of these ratios the median: it depends little on the machine, and on what else the
# machine is doing.
#
# If there is a GPU where this page is built, it is measured too, against a batch of one on the
# processor. A call only hands the GPU its work and returns, so the clock must wait for the GPU.

broad = nnbook.mlp(64, 64, 1)
networks = {"1-13-1": narrow, "64-64-1": broad}
sizes = (1, 4, 16, 64, 256, 1024)
devices = ["cpu"]
if torch.cuda.is_available():
    devices.append("cuda")
    print("GPU:", torch.cuda.get_device_name())
else:
    print("no GPU here, so only the processor is measured")


def seconds(network, batch):
    start = time.perf_counter()
    network(batch)
    if batch.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def one_turn(network, device):
    network.to(device)
    n_in = network.hidden_linear.in_features
    rows = torch.randn(max(sizes), n_in, device=device)
    with torch.no_grad():
        seconds(network, rows)  # to warm up
        return [seconds(network, rows[:size]) for size in sizes]


times = {(name, device): [] for name in networks for device in devices}
for _ in range(101):
    for (name, device), turns in times.items():
        turns.append(one_turn(networks[name], device))
times = {case: torch.tensor(turns) for case, turns in times.items()}

# %%
# How many times as many rows a second will go through in batches of 1,024?

looks = {"1-13-1": ("green", "o", "-"), "64-64-1": ("purple", "s", "--")}
fig, ax = plt.subplots(figsize=(7, 3.6))
gains = {}
print("a call with         1 row     16 rows  1,024 rows   rows a second")
for (name, device), turns in times.items():  # (turn, size)
    longer = (turns / times[name, "cpu"][:, :1]).median(dim=0).values
    gain = gains[name, device] = torch.tensor(sizes) / longer  # (size,)
    color, marker, dash = looks[name]
    style = {"color": plots.COLORS[color], "marker": marker, "ls": dash}
    if device == "cuda":
        style |= {"fillstyle": "none", "ls": "-."}
    ax.plot(sizes, gain, **style, label=f"{name}, {device}")
    calls = 1e6 * turns.median(dim=0).values[[0, 2, -1]]
    columns = "".join(f"{call:9.0f} µs" for call in calls)
    print(f"{name:9}{device:5}{columns}{gain[-1]:12.0f} times")
guide = {"color": plots.COLORS["grey"], "ls": ":"}
ax.plot(sizes, sizes, **guide, label="in proportion")
ax.set(xlabel="batch size (rows)", ylabel="rows per second (ratio)")
ax.set(xscale="log", yscale="log")
ax.set_xticks(sizes, sizes)
ax.set_xticks([], minor=True)
ax.legend()
plots.describe(
    ax,
    "Rows per second over the batch size, both on logarithmic axes. The "
    "processor's lines rise almost in proportion to the batch size at first "
    "and then bend below the dotted guide.",
)
assert gains["1-13-1", "cpu"][-1] > 30
assert gains["1-13-1", "cpu"][-1] > gains["64-64-1", "cpu"][-1] > 3

# %%
# A call with a few rows takes hardly longer than a call with one, so the rows per second rise along
# the dotted line, almost in proportion to the batch size, and bend away from it later. The gain is
# enormous for the narrow network, and smaller for the other, where the work for the rows begins to
# count sooner.
#
# Where does the time go? A call has fixed costs: Python runs ``__call__`` and ``forward``, PyTorch
# chooses a routine for each operation and finds memory for its result. They are paid once, for one
# row as for a thousand. Besides, a weight fetched from memory serves all rows of the batch, and
# processors multiply several numbers with one instruction. A GPU has even more of both: each
# operation has to be sent to it, and it multiplies thousands of numbers at a time, if there are
# that many. With one row at a time it is at its worst.
#
# There are limits. The hidden values of all rows take memory; where they outgrow the processor's
# fast memory, still larger batches gain nothing and may lose. And all this is about speed alone:
# larger batches mean fewer steps an epoch (:doc:`page 1.7
# </auto_examples/1_learning/plot_07_batches>`), so the fastest batch for the clock need not be the
# best one to learn with.
#
# A layer that looks at its neighbours
# ------------------------------------
# So far each row's output depended on that row alone. :term:`Batch norm <batch normalization>`
# breaks with this (S. Ioffe, C. Szegedy, "Batch Normalization", 2015). It standardizes each column
# by the mean and the variance of the current batch, and then scales and shifts it by two parameters
# that are learned and start as 1 and 0. By hand:

batch_norm = nn.BatchNorm1d(1)
mean, variance = data.inputs.mean(dim=0), data.inputs.var(dim=0, correction=0)
by_hand = (data.inputs - mean) / (variance + batch_norm.eps).sqrt()  # (11, 1)
torch.testing.assert_close(batch_norm(data.inputs), by_hand)

# %%
# That is how it works in training. What about a single reading, later? A batch of one is its own
# mean, and its variance is 0:

try:
    batch_norm(data.inputs[:1])
except ValueError as error:
    print(textwrap.fill(str(error), 76))
else:
    raise AssertionError("a batch of one was standardized by itself")

# %%
# So the layer also keeps a running mean and a running variance, and each call in training mode
# moves them a tenth of the way to those of the batch (for the variance, with :math:`n - 1` in place
# of :math:`n`); they start at 0 and 1. In :term:`evaluation mode` it uses these, and the current
# batch no longer matters. They are not parameters, since no gradient changes them, but buffers
# (:doc:`page 4.5 </auto_examples/4_module/plot_05_modules_inside_modules>`).

moved_mean, moved_variance = 0.1 * mean, 0.9 + 0.1 * data.inputs.var(dim=0)
torch.testing.assert_close(batch_norm.running_mean, moved_mean)
torch.testing.assert_close(batch_norm.running_var, moved_variance)

# %%
# One reading in many batches
# ---------------------------
# We put row 10, the reading 68.4, into every batch of 2, of 3, ... that can be formed with other
# readings, and look at its output in training mode. (``affine=False`` leaves scale and shift out.)
# What can come out of a batch of two?

reading, others = data.inputs[10:], data.inputs[:10]  # (1, 1), (10, 1)
batch_norm = nn.BatchNorm1d(1, affine=False)
outputs = {}
for size in (2, 3, 4, 6, 8, 11):
    choices = itertools.combinations(others, size - 1)
    batches = [torch.stack([reading[0], *chosen]) for chosen in choices]
    outputs[size] = torch.cat([batch_norm(batch)[0] for batch in batches])

for _ in range(100):  # until the running values settle
    batch_norm(data.inputs)
batch_norm.eval()
alone = batch_norm(reading).item()
torch.testing.assert_close(batch_norm(data.inputs)[10].item(), alone)

fig, ax = plt.subplots(figsize=(7, 3.4))
style = {"color": plots.COLORS["blue"], "alpha": 0.4}
spreads = []
for size, values in outputs.items():
    at = size + torch.linspace(-0.25, 0.25, len(values) + 2)[1:-1]
    (dots,) = ax.plot(at, values, ".", **style)
    print(f"{len(values):3} batches of {size:2}: ", end="")
    print(f"from {values.min():5.2f} to {values.max():4.2f}", end="   ")
    spreads.append(values.std(correction=0).item())
    print(f"standard deviation {spreads[-1]:.2f}")
dots.set_label("training mode")
line = {"color": plots.COLORS["green"], "ls": "--"}
ax.axhline(alone, **line, label="evaluation mode")
ax.set(xlabel="batch size (rows)", ylabel="output for the reading 68.4")
ax.set_xticks(list(outputs))
ax.legend(loc="lower right")
plots.describe(
    ax,
    "Outputs of one reading over the batch size. In batches of two they are 1 "
    "or -1; in larger ones they draw together, and at eleven there is one "
    "value. A dashed line for evaluation mode lies close to it.",
)
torch.testing.assert_close(outputs[2].abs(), torch.ones(10))
assert spreads == sorted(spreads, reverse=True)
assert spreads[-1] == 0

# %%
# Of two readings the higher one always lies one standard deviation above their mean, and the lower
# one as far below: 1 or -1, whatever the readings are. In larger batches the output still depends
# on the other rows, but less and less, until all eleven readings are in the batch. The dashed line
# is evaluation mode: one output, whatever the other rows are. (It lies a little lower, because the
# running variance is the one with :math:`n - 1`.)
#
# So batch norm wants batches that are not too small, and a model that holds one must be switched:
# ``model.train()`` for training, ``model.eval()`` for every judgement. :func:`nnbook.fit` does this
# (:doc:`page 4.4 </auto_examples/4_module/plot_04_training_loop>`). If this is forgotten, the
# outputs depend on which rows happen to share a batch, and even a call without training changes the
# layer:

batch_norm.train()
before = batch_norm.running_mean.clone()
with torch.no_grad():
    batch_norm(others)
assert batch_norm.running_mean != before

# %%
# ``no_grad`` does not prevent that: no gradient is involved. Where rows must not influence each
# other, there is :class:`nnbook.Standardize`, with the mean and standard deviation of the training
# rows, fixed once and for all.
#
# **Try it.** Time the training step, with ``backward()`` and an optimizer's ``step()``, in place of
# the outputs. Are its fixed costs larger, and does the gain grow or shrink?
#
# The next page writes the loop that trains any module:
# :doc:`/auto_examples/4_module/plot_04_training_loop`.
