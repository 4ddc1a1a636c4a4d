r"""
4.3 Why do rows come in batches?
================================

A layer computes each row by itself, so why not hand it one row after the
other? We measure how many rows a second come out of two networks for batches
of one row up to thousands, and find out where the time goes. Then we meet a
layer that does not treat its rows one by one: batch norm takes statistics over
the batch. The data are random rows for the clock, and the eleven readings
(unknown unit) of the old thermometer. About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 6.2.2.
"""

# sphinx_gallery_parallel = False

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
# each row. All sizes run turn about, 101 times. We keep each time's ratio to the batch of one in
# the same turn, and of these ratios the median: it depends little on the machine, and on what else
# the machine is doing.
#
# If there is a GPU where this page is built, it is measured too, against a batch of one on the
# processor. A call only hands the GPU its work and returns, so the clock must wait for the GPU.

broad = nnbook.mlp(64, 64, 1)
networks = {"1-13-1": narrow, "64-64-1": broad}
sizes = (1, 4, 16, 64, 256, 1024)
devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


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
    for name, device in times:
        times[name, device].append(one_turn(networks[name], device))
times = {case: torch.tensor(turns) for case, turns in times.items()}
if "cuda" in devices:
    print("GPU:", torch.cuda.get_device_name())
else:
    print("no GPU here, so only the processor is measured")

# %%
# How many times as many rows a second will go through in batches of 1,024?

looks = {"1-13-1": ("green", "o", "-"), "64-64-1": ("purple", "s", "--")}
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6))
gains = {}
for (name, device), turns in times.items():  # (turn, size)
    ratios = turns / times[name, "cpu"][:, :1]  # (turn, size)
    longer = ratios.median(dim=0).values  # (size,)
    gain = gains[name, device] = torch.tensor(sizes) / longer
    color, marker, dash = looks[name]
    style = {"color": plots.COLORS[color], "marker": marker, "ls": dash}
    if device == "cuda":
        style |= {"fillstyle": "none", "ls": "-."}
    left.plot(sizes, longer, **style, label=f"{name}, {device}")
    right.plot(sizes, gain, **style)
    first, last = 1e6 * turns.median(dim=0).values[[0, -1]]
    print(f"{name:8} {device:4} 1 row {first:3.0f} µs", end="   ")
    print(f"1,024 rows {last:4.0f} µs   gain {gain[-1]:4.0f} times")
for ax in (left, right):
    guide = {"color": plots.COLORS["grey"], "ls": ":"}
    ax.plot(sizes, sizes, **guide, label="in proportion")
    ax.set(xscale="log", yscale="log", xlabel="batch size (rows)")
left.set_ylabel("time of one call (ratio)")
right.set_ylabel("rows per second (ratio)")
left.legend(fontsize="small")
plots.describe(
    fig,
    "Two panels over the batch size. Left: the time of one call stays nearly "
    "level at first and then rises. Right: the rows per second rise almost in "
    "proportion to the batch size at first and then less.",
)
assert gains["1-13-1", "cpu"][-1] > 30
assert gains["64-64-1", "cpu"][-1] > 3
assert gains["1-13-1", "cpu"][-1] > gains["64-64-1", "cpu"][-1]

# %%
# On the left, a call with a few rows takes hardly longer than a call with one; the dotted line
# shows what it would take if each row cost as much as the first. So on the right the rows per
# second rise with the batch size, almost in proportion at first. The gain is enormous for the
# narrow network and smaller for the other, which levels off where its real work begins to count.
#
# Where does the time go? A call has fixed costs: Python runs ``__call__`` and ``forward``, PyTorch
# chooses a routine for each operation and finds memory for its result, and a GPU has to be sent
# each operation. They are paid once, for one row as for a thousand. Besides, a weight fetched from
# memory serves all rows of the batch, and processors multiply several numbers with one instruction,
# GPUs thousands at a time, if there are that many.
#
# There is a limit: the hidden values of all rows must be kept, in training until ``backward()`` is
# done. Where they no longer fit into the processor's fast memory, larger batches gain no more and
# may even lose.
#
# This is about speed alone. In training, larger batches also mean fewer steps an epoch
# (:doc:`page 1.7 </auto_examples/1_learning/plot_07_batches>`), so the fastest batch for the clock
# need not be the best one to learn with.
#
# A layer that looks at its neighbours
# ------------------------------------
# So far each row's output depended on that row alone. :term:`Batch norm <batch normalization>`
# breaks with this (S. Ioffe, C. Szegedy, "Batch Normalization", 2015). It standardizes each column
# by the mean and the variance of the batch at hand, and then scales and shifts it by two parameters
# that are learned and start as 1 and 0. By hand:

batch_norm = nn.BatchNorm1d(1)
mean, variance = data.inputs.mean(dim=0), data.inputs.var(dim=0, correction=0)
by_hand = (data.inputs - mean) / (variance + batch_norm.eps).sqrt()  # (11, 1)
torch.testing.assert_close(batch_norm(data.inputs), by_hand)

# %%
# It works like this while training. What about a single reading, later? A batch of one is its own
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
# of :math:`n`). In :term:`evaluation mode` it uses these, and the batch at hand no longer matters.
# They are not parameters, for no gradient changes them, but buffers
# (:doc:`page 4.5 </auto_examples/4_module/plot_05_modules_inside_modules>`).

fresh = nn.BatchNorm1d(1)
fresh(data.inputs)
torch.testing.assert_close(fresh.running_mean, 0.1 * mean)
running = 0.9 * 1 + 0.1 * data.inputs.var(dim=0)
torch.testing.assert_close(fresh.running_var, running)

# %%
# One reading in many companies
# -----------------------------
# We put row 10, the reading 68.4, into batches with other readings drawn at random, forty batches
# of each size, and look at its output in training mode. Its second parameter switches off, the
# layer only standardizes. What can come out of a batch of two?

reading, others = data.inputs[10:], data.inputs[:10]  # (1, 1), (10, 1)
batch_norm = nn.BatchNorm1d(1, affine=False)
batch_sizes = (2, 3, 4, 6, 8, 11)
outputs = torch.zeros(len(batch_sizes), 40)
for i, size in enumerate(batch_sizes):
    for j in range(40):
        company = others[torch.randperm(10)[: size - 1]]
        batch = torch.cat([reading, company])  # (size, 1)
        outputs[i, j] = batch_norm(batch)[0]

batch_norm.eval()
with torch.no_grad():
    alone = batch_norm(reading).item()
    assert abs(batch_norm(data.inputs)[10].item() - alone) < 1e-6

spreads = outputs.amax(dim=1) - outputs.amin(dim=1)  # (size,)
fig, ax = plt.subplots(figsize=(7, 3.4))
at = torch.tensor(batch_sizes).unsqueeze(1) + 0.2 * (torch.rand(6, 40) - 0.5)
style = {"color": plots.COLORS["blue"], "alpha": 0.6}
ax.plot(at.flatten(), outputs.flatten(), ".", **style, label="training mode")
green = plots.COLORS["green"]
ax.axhline(alone, ls="--", color=green, label="evaluation mode")
ax.set(xlabel="batch size (rows)", ylabel="output for the reading 68.4")
ax.set_xticks(batch_sizes)
ax.legend(loc="lower right")
plots.describe(
    ax,
    "Outputs of one reading over the batch size. In batches of two they are 1 "
    "or -1; in larger ones they scatter less and less, down to a single value "
    "at eleven. A dashed line for evaluation mode lies near that value.",
)
print("spread in training mode:", [f"{spread:.2f}" for spread in spreads])
torch.testing.assert_close(outputs[0].abs(), torch.ones(40))
assert spreads[-1] < 1e-5
assert spreads[0] > spreads[3] > spreads[-1]

# %%
# Of two readings, one is always one standard deviation above their mean and the other one below: it
# is 1 or -1, whatever the readings are. In larger batches the same reading still gets another
# output in each company, but less and less so, until all eleven readings are the whole batch. The
# dashed line is evaluation mode: one output, in any company or alone.
#
# So batch norm wants batches that are not too small, and a model that holds one must be switched:
# ``model.train()`` for training, ``model.eval()`` for every judgement. :func:`nnbook.fit` does this
# (:doc:`page 4.4 </auto_examples/4_module/plot_04_training_loop>`). Forgotten, it gives outputs
# that depend on which rows happen to be asked together, and the mere asking changes the layer:

batch_norm.train()
before = batch_norm.running_mean.clone()
with torch.no_grad():
    batch_norm(others)
assert batch_norm.running_mean != before

# %%
# ``no_grad`` does not prevent that: no gradient is involved. Where rows should never meet, there is
# :class:`nnbook.Standardize`, with the mean and standard deviation of the training rows, fixed once
# and for all.
#
# **Try it.** Time the training step, with ``backward()`` and an optimizer's ``step()``, in place of
# the outputs. Are its fixed costs larger, and does the gain grow or shrink?
#
# The next page writes the loop that trains any module:
# :doc:`/auto_examples/4_module/plot_04_training_loop`.
