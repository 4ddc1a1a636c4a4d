# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
8.5 Where does the time of a step go?
=====================================

A step of training the small network takes about as long for one reading as
for nine, and ten networks at once take little longer than one. What takes the
time, if not the arithmetic? We take a step apart with a clock and a profiler,
train more and more networks at once, ask what compiling changes, and end with
a table: nnbook against the loop by hand and against other libraries. The data
are the thermometer's readings (unknown unit) and temperatures (°C). About
eight minutes.
"""

# sphinx_gallery_parallel = False

import json
import os
import textwrap
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from statistics import median

os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # the profiler's own messages

import matplotlib.pyplot as plt
import torch
from torch.profiler import ProfilerActivity, profile, record_function

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down
data = nnbook.load_thermometer()
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
(inputs, targets), (val_inputs, val_targets) = split.train[:], split.val[:]

# %%
# A step, taken apart
# -------------------
# Here is an epoch of :doc:`page 4.4 </auto_examples/4_module/plot_04_training_loop>` once more:
# nine training rows in one batch, so one step. Each part stands in a ``with`` block, in which
# whoever calls the function may look on.

torch.manual_seed(0)
model = nnbook.mlp(1, 13, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
mse = torch.nn.MSELoss()


def step(part):
    with part("held-out rows"), torch.no_grad():
        mse(model(val_inputs), val_targets).item()
    with part("forwards, loss"):
        loss = mse(model(inputs), targets)
    with part("zero_grad()"):
        optimizer.zero_grad()
    with part("backward()"):
        loss.backward()
    with part("optimizer.step()"):
        optimizer.step()
    with part("loss.item()"):
        loss.item()


took = defaultdict(list)


@contextmanager
def clock(name):
    start = time.perf_counter()
    yield
    took[name].append(1e6 * (time.perf_counter() - start))  # µs


for _ in range(500):
    step(clock)
times = {name: median(all_) for name, all_ in took.items()}

# %%
# A clock tells how long; a :term:`profiler` tells what was done. PyTorch's writes down each
# :term:`operator` that is called: a product of matrices, a sum, a new tensor, a view of an old one.
# The mathematics of the step fits on two lines. How many operators will it be? Guess first.

with profile(activities=[ProfilerActivity.CPU]) as profiler:
    step(record_function)

n_operators = Counter()
for event in profiler.events():
    part = event
    while part is not None and part.name not in times:
        part = part.cpu_parent  # an operator may have been called by another
    if part is not None and event.name.startswith("aten::"):
        n_operators[part.name] += 1

print(f"{'':18}{'µs':>6}  operators")
for name, each in times.items():
    print(f"{name:18}{each:6.1f}{n_operators[name]:11}")
whole, n_all = sum(times.values()), n_operators.total()
print(f"{'the step':18}{whole:6.1f}{n_all:11}")
assert n_all > 80

fig, ax = plt.subplots(figsize=(7, 3.2))
bars = ax.barh(list(times), list(times.values()), color=plots.COLORS["blue"])
labels = [f"{n_operators[name]} operators" for name in times]
ax.bar_label(bars, labels, padding=4)
ax.invert_yaxis()
ax.set(xlabel="time in one step (µs)")
ax.set_xlim(right=1.35 * max(times.values()))
ax.grid(axis="y", visible=False)
plots.describe(
    ax,
    "Six bars, one for each part of a step, with its number of operators. "
    "The backward pass is the longest; the held-out rows, the forward pass "
    "and the optimizer follow, and loss.item() hardly shows.",
)
longest = max(times, key=times.get)
print(f"the longest part is {longest}")
assert longest == "backward()"

# %%
# The backward pass has the longest bar: it calls the most operators. The forward pass and the
# held-out rows, which go forwards too, take their share, and to read off the loss costs nearly
# nothing. The two bars of the optimizer are long for the few operators in them. That is Python:
# going through the parameters, asking each for its gradient, and much that other optimizers and
# other machines need.
#
# Does an operator take its microsecond or so because it computes? Here is one at several sizes:


def fastest(task, turns=5):
    """Return the µs of processor time of the least disturbed turn."""
    marks = []
    for _ in range(turns):
        start = time.process_time()
        task()
        marks.append(1e6 * (time.process_time() - start))
    return min(marks)


def add(size, times):
    one, other = torch.ones(size), torch.ones(size)
    for _ in range(times):
        one + other


cost_of = {}
for size, times_added in {1: 1000, 117: 1000, 100_000: 100}.items():
    each = fastest(lambda s=size, t=times_added: add(s, t)) / times_added
    cost_of[size] = each
    print(f"adding {size:7,} numbers: {each:6.2f} µs")
assert cost_of[117] < 2 * cost_of[1]
assert cost_of[100_000] > 3 * cost_of[117]

# %%
# Nine rows times 13 hidden units are 117 numbers, and to add them takes as long as to add one. What
# takes the time comes before: Python calls C++, the types and shapes are checked, the right routine
# is looked up, memory is found for the result, and where a gradient will be wanted a note is made
# for the way back. This :term:`overhead` is paid per operator, whatever its size. Only at many
# thousands of numbers does the arithmetic weigh more. A step of our network is overhead; that is
# why :doc:`batches </auto_examples/4_module/plot_03_why_batches>` of rows cost so little.
#
# Many networks for little more
# -----------------------------
# If an operator on 117 numbers costs as much as on one, let it work for several networks at a time.
# :func:`nnbook.sweep` does this: it stacks the parameters of many networks into one tensor and
# takes all their steps by the same operators, each network as if it were alone. We train more and
# more of them, each at a learning rate of its own, and divide the time of a step by their number.
# What will that cost do as they become more? Will it fall for ever?


def sweep(n_runs, steps):
    rates = torch.linspace(1e-4, 1e-3, n_runs).tolist()
    nnbook.sweep(split.train, split.val, lr=rates, epochs=steps)


def cost_of_sweep(n_runs, steps):
    """Return µs for a run and step, without what is paid once a sweep."""
    short = fastest(lambda: sweep(n_runs, steps), turns=3)
    long = fastest(lambda: sweep(n_runs, 4 * steps), turns=3)
    return (long - short) / (3 * steps) / n_runs


many = {1: 100, 4: 100, 16: 100, 64: 50, 256: 40, 1024: 20, 4096: 10}
costs = {n: cost_of_sweep(n, steps) for n, steps in many.items()}
print("networks    µs for a step of all    µs for each network")
for n, cost in costs.items():
    print(f"{n:8,}{n * cost:24.0f}{cost:23.2f}")
assert costs[16] * 16 < 4 * costs[1]
assert costs[1024] < costs[1] / 30
assert costs[4096] > costs[1024] / 3

# %%
# The figure shows these costs. nnbook's benchmarks measure the same on another day; where this page
# is run within the book, their table lies beside it, and we draw what it says as well.

file = Path(os.environ.get("NNBOOK_BENCHMARKS", "not set"))
table = json.loads(file.read_text("utf-8")) if file.is_file() else None
if table is None:
    print("The table is part of the book's site; this page runs alone.")

fig, ax = plt.subplots()
runs = torch.tensor(list(costs))
ax.loglog(runs, list(costs.values()), "o-", label="sweep, measured here")
rest = min(costs[1024], costs[4096])
guide = {"color": plots.COLORS["grey"], "ls": ":"}
ax.loglog(runs, costs[1] / runs + rest, **guide, label="a share + a rest")
ax.axhline(whole, color=plots.COLORS["vermilion"], ls="--", label="by hand")
if table:
    lines = table["results"]
    in_table = [lines[f"runs-{n}"]["median"] for n in costs]
    ax.loglog(runs, in_table, "s-.", color=plots.COLORS["purple"], mfc="none")
    ax.lines[-1].set_label("sweep, in the table")
    compiled = lines["runs-1024-compiled"]["median"]
    style = {"color": plots.COLORS["green"], "label": "compiled, in the table"}
    ax.loglog(1024, compiled, "D", **style)
ax.set(xlabel="networks at once", ylabel="µs for a network and step")
ax.set_xticks(runs, [f"{n:,}" for n in costs])
ax.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
ax.minorticks_off()
ax.legend()
plots.describe(
    ax,
    "Cost for a network and step against the number of networks, both axes "
    "logarithmic. It falls in proportion at first, from above the cost by "
    "hand to far below it, and levels off at about a thousand networks.",
)
print(f"a step by hand {whole:.0f} µs, of it the rest {rest:.2f} µs, ", end="")
print(f"or {rest / whole:.1%}")
assert rest < 0.1 * whole

# %%
# At first the line falls in proportion: sixteen networks take hardly longer than one, so each costs
# a sixteenth. Then it levels off: four thousand networks cost as much each as one thousand. The
# dotted line is nearly all there is to it: a share of one step's overhead, plus a rest that nobody
# shares. The rest is the arithmetic of one network, its products and its hyperbolic tangents, with
# the way of the numbers from memory and back. Of the step by hand it is the percentage printed
# above. One network alone costs more in a sweep than by hand, for a sweep keeps books of its own.
# The squares, where there is a table, tell the same of another run.
#
# What compiling changes
# ----------------------
# Two things are left to save. One is the overhead itself: record the step once, as on :doc:`page
# 8.2 </auto_examples/8_scale/plot_02_run_as_graph>`, and run the record without Python. That helps
# a single network. The other helps a thousand: each operator goes through all its numbers, reads
# them from memory and writes its result there, only for the next one to read it again. One routine
# that does several operations to a number while it has it saves these ways; that is called
# :term:`fusion`. PyTorch has a few such routines ready, ``addcmul`` for :math:`a + b c`:

a, b, c = torch.randn(3, 1024 * 117)  # a thousand networks, nine rows
apart = fused = float("inf")
for _ in range(20):  # in turn, so that neither has the quieter minutes
    apart = min(apart, fastest(lambda: a + b * c, turns=25))
    fused = min(fused, fastest(lambda: torch.addcmul(a, b, c), turns=25))
print(f"two operators {apart:.1f} µs, one for both {fused:.1f} µs")
torch.testing.assert_close(torch.addcmul(a, b, c), a + b * c)
assert fused < apart

# %%
# :func:`torch.compile` makes such routines to order: it records the step, writes C++ for it with
# everything fused that can be, has that translated, and keeps it. ``nnbook.sweep(...,
# compiled=True)`` uses it. The first time takes many seconds and needs a C++ compiler, so it pays
# for many networks and many epochs; this page leaves it to the table, and to the diamond in the
# figure above. jax works in this way from the start.

if table:
    eager = lines["runs-1024"]["median"]
    print(f"in the table, 1,024 networks: {eager:.2f} µs as it comes,")
    print(f"{compiled:.2f} µs compiled, {eager / compiled:.1f} times as fast")

# %%
# The table
# ---------
# Each line is nnbook against a peer, in pairs that were measured in turn in the same run, on one
# thread. Of the ratios it gives the median and the range. Each peer is used as its documentation
# advises for small data, does the same updates on the same rows, and must end with the same loss
# before it is timed. A line with a goal says whether it was met.

if table:
    machine, versions = table["machine"], table["versions"]
    known = ", ".join(" ".join(pair) for pair in versions.items())
    told = f"Measured {table['measured'][:10]} on {machine['processor']}, "
    told += f"{machine['cores']} cores, {machine['platform']}; {known}."
    print(textwrap.fill(told, 76, break_on_hyphens=False))
    shown = [line for name, line in lines.items() if "runs-" not in name]
    for head, group in groupby(shown, "{0[ours]} ({0[unit]})".format):
        print(f"\n{head}")
        for line in group:
            span = f"{line['min']:.3g} to {line['max']:.3g}"
            verdict = {True: "met", False: "missed", None: ""}[line["is_met"]]
            goal = f"{line['goal']} {verdict}"
            peer = textwrap.shorten(line["peer"], 33)
            text = f"  {peer:33}{line['median']:8.3g}   {span:18}{goal}"
            print(text.rstrip())

# %%
# "x the time" below 1 means that nnbook took less, "x the runs a second" above 1 the same. The loop
# by hand is what ``fit`` is held against: the loop is the same, and its checks must cost next to
# nothing. The other libraries do far more than ``fit``: they know many machines, or several
# backends, or scikit-learn's pipelines, and to ask at every step whether any of this is wanted is
# overhead again. It shows only because our step is so small. In a step that computes for a tenth of
# a second nobody would find it.
#
# **Try it.** Give the network 128 hidden units, and then 1,024. From where on does a step by hand
# take longer, and at how many networks does the sweep level off now?
#
# That was the last page. What to take along: :doc:`/summary`.
