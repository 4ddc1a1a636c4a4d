# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
6.2 What makes a network bend, and what makes it overfit?
=========================================================

The first exercise in section 6.5 of *Deep Learning with PyTorch* (Stevens,
Antiga, Viehmann, 2020) says: try other numbers of hidden units and other
learning rates. What makes the output more linear? Can you make the network
overfit? We first define both, as numbers. Then 550 runs learn the old
thermometer (unknown unit, °C), and we look at their curves and measure. About
ten minutes.
"""

# sphinx_gallery_thumbnail_number = 2

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

raw = nnbook.load_thermometer()
data = raw.with_inputs(0.1 * raw.inputs)

# %%
# How far from a line?
# --------------------
# Every curve has a best straight line of its own, the one that least squares fits to it. By the
# :term:`nonlinearity` of a network we mean the root mean square distance, from 20 to 90, between
# its curve and this line, in °C.

readings = torch.linspace(20, 90, 71).unsqueeze(1)  # (71, 1)


def own_line(outputs):
    curve = nnbook.Samples(readings, outputs)
    return nnbook.least_squares(curve).predict(readings)  # (71, 1)


def nonlinearity(outputs):
    return (outputs - own_line(outputs)).square().mean().sqrt()


bent = 10 + 20 * torch.tanh((readings - 50) / 20)
line = own_line(bent)
green, grey = plots.COLORS["green"], plots.COLORS["grey"]
_, ax = plt.subplots(figsize=(7, 3))
ax.plot(readings, bent, color=green, label="a curve")
ax.plot(readings, line, "--", color=grey, label="its own best line")
between = [column.squeeze(1) for column in (readings, bent, line)]
ax.fill_between(*between, color=green, alpha=0.2, lw=0)
ax.set(xlabel=raw.input_labels[0], ylabel=raw.target_labels[0])
ax.legend()
plots.describe(
    ax,
    "An S-shaped curve and a straight line that crosses it three times. The "
    "narrow space between them is shaded.",
)

print(f"nonlinearity {nonlinearity(bent):.2f} °C")
tilted = 0.5 * readings - 15
assert nonlinearity(tilted) < 1e-4
assert (nonlinearity(2 * bent + tilted) / nonlinearity(bent) - 2).abs() < 1e-3

# %%
# The number is a typical height of the shaded space. A straight line has 0, whatever its slope.
# Adding a line changes nothing, and twice the bend counts twice. Whether the curve is any good is
# another question.
#
# Worse than which line?
# ----------------------
# A high loss on two held-out rows may be the fault of these rows. So we hold out many pairs, and
# for each we divide the network's loss by that of the straight line that least squares fits to the
# same nine rows. Below 1 in training and above 1 on the rows held out, in the median over the
# pairs: that is :term:`overfitting`. Our pairs are 22 of the 55, fixed beforehand, such that each
# row is held out four times.

pairs = [(row, (row + gap) % 11) for gap in (1, 2) for row in range(11)]
by_line = []
for rows in pairs:
    split = raw.split_at(rows)
    line = nnbook.least_squares(split.train)
    errors = line.predict(split.val.inputs) - split.val.targets  # (2, 1)
    by_line.append([line.mse, errors.square().mean().item()])
line_train, line_val = torch.tensor(by_line).T  # (22,), (22,)

# %%
# 550 runs
# --------
# No hidden unit at all (a straight line), then 1, 3, 13 and 50 of them; plain gradient descent at
# four rates, and Adam at one, which goes furthest downhill; every pair with a seed of its own.
# :func:`nnbook.sweep` trains all runs at once, each as if it were alone (:doc:`page 8.1
# </auto_examples/8_scale/plot_01_thousand_networks>`).

widths = [(), 1, 3, 13, 50]
ways = {f"SGD {rate:g}": {"lr": rate} for rate in (1e-4, 1e-3, 1e-2, 1e-1)}
ways["Adam 0.01"] = {"lr": 1e-2, "optimizer": "adam"}
runs = [
    {"hidden": width, "val_rows": rows, "seed": seed} | way
    for width in widths
    for way in ways.values()
    for seed, rows in enumerate(pairs)
]
result = nnbook.sweep(data, runs=runs, epochs=5000)
print(result)

models = [result.model(run) for run in range(len(runs))]
with torch.no_grad():
    curves = torch.stack([model(0.1 * readings) for model in models])
shape = (len(widths), len(ways), len(pairs))
diverged = (result.diverged > 0).view(shape)
bends = torch.stack([nonlinearity(curve) for curve in curves]).view(shape)
train_ratio = result.train_loss[:, -1].view(shape) / line_train
val_ratio = result.val_loss[:, -1].view(shape) / line_val

# %%
# Here are the curves of every third pair, eight in each panel. Before you scroll: in which panels
# will they be the straightest, and in which the most bent?

labels = ["no unit", "1 unit", "3 units", "13 units", "50 units"]
curves = curves.view(*shape, 71)
fig, panels = plt.subplots(5, 5, figsize=(7, 6.6), sharex=True, sharey=True)
for width, label in enumerate(labels):
    panels[width, 0].set_ylabel(label)
    for number, ax in enumerate(panels[width]):
        ax.plot(raw.inputs, raw.targets, ".", ms=3, color=plots.COLORS["blue"])
        if diverged[width, number].all():
            ax.text(72, -5, "diverged", ha="center", va="center")
        else:
            some = curves[width, number, ::3, ::3]  # (8, 24)
            ax.plot(readings[::3], some.T, color=green, lw=0.7, alpha=0.6)
for ax, way in zip(panels[0], ways, strict=True):
    ax.set(title=way, ylim=(-12, 38))
fig.supxlabel(raw.input_labels[0], fontsize="medium")
fig.supylabel(raw.target_labels[0], fontsize="medium")
plots.describe(
    fig,
    "A grid of 25 panels with the readings and eight curves each. Down the "
    "column of SGD 0.001 the curves get straighter; at 0.01 they have steps; "
    "at 0.1 they are level or missing; Adam's follow the readings.",
)
assert torch.equal(diverged.all(dim=2), diverged.any(dim=2))
assert diverged[:, 3, 0].tolist() == [True, False, False, True, True]
assert not diverged[:, [0, 1, 2, 4]].any()
assert curves[1:3, 3].std(dim=2).median() < 0.01
assert (val_ratio[0, [2, 4]].median(dim=1).values - 1).abs().max() < 0.05

# %%
# Go through the columns.
#
# - SGD 0.0001: all is unfinished. The curves bend, and do not reach the hot readings yet.
# - SGD 0.001: from top to bottom the networks get straighter.
# - SGD 0.01: the line arrives at least squares. The networks have steps, and many with 1 or 3 units
#   are level.
# - SGD 0.1: with 1 or 3 units all is level. The first steps were so large that the units are
#   saturated at every reading. No gradient gets through to them, and only the mean temperature has
#   been learned. The others have diverged.
# - Adam 0.01: the curves go after single readings, the more so the more units they have.
#
# Why do 13 units diverge and 3 do not? A saturated unit passes on 1 or -1. The output layer then is
# a linear model with 14 inputs of this size, counting the bias, and the curvature of its loss is up
# to 2 · 14. The largest stable rate is 2 divided by the curvature (:doc:`page 1.3
# </auto_examples/1_learning/plot_03_downhill_by_hand>`): 1/14, less than 0.1. For 3 units it is
# 1/4.
#
# Measured
# --------
# Now nonlinearity (upper row) and losses (lower row) over the number of hidden units, without SGD
# 0.1: medians, and bands from 5 % to 95 % of the pairs. The pairs share their rows, so a band is no
# margin of error.

measured = {
    "nonlinearity": (0, bends, "green", "^-."),
    "training loss": (1, train_ratio, "blue", "o-"),
    "held-out loss": (1, val_ratio, "vermilion", "s--"),
}
levels, units = torch.tensor([0.05, 0.5, 0.95]), widths[1:]
fig, panels = plt.subplots(2, 4, figsize=(7, 5), sharex=True, sharey="row")
print(f"{'medians':27}" + "".join(f"{label:>10}" for label in labels[1:]))
for column, number in enumerate((0, 1, 2, 4)):
    way = list(ways)[number]
    panels[0, column].set(title=way, xscale="log")
    for name, (row, values, color, look) in measured.items():
        low, middle, high = values[1:, number].quantile(levels, dim=1)
        ax, style = panels[row, column], {"color": plots.COLORS[color]}
        ax.plot(units, middle, look, label=name, **style)
        ax.fill_between(units, low, high, alpha=0.2, lw=0, **style)
        listed = "".join(f"{value:10.2f}" for value in middle)
        print(f"{way:12}{name:15}{listed}")
    panels[1, column].axhline(1, color=plots.INK, lw=0.8)
panels[0, 0].set_ylabel("nonlinearity (°C)")
panels[1, 0].set(yscale="log", ylabel="loss / loss of the line")
panels[1, 0].set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
panels[1, 3].minorticks_off()
panels[1, 3].set_xticks(units, units)
panels[1, 3].legend(fontsize="small")
fig.supxlabel("hidden units", fontsize="medium")
plots.describe(
    fig,
    "Upper row: nonlinearity falls with more units at SGD 0.001; from 3 units "
    "on it is higher at SGD 0.01 and for Adam. Lower row: training below and "
    "held out above 1 at SGD 0.01 with 13 and 50 units, and for Adam.",
)
bend, train, val = (m[1].median(dim=2).values for m in measured.values())
assert (bend[1:, 1].diff() < -0.1).all()
assert (bend[2:, [2, 4]] > 1.3 * bend[2:, [1]]).all()
assert (bend[2:, 0] > 0.8 * bend[2:, 1]).all()
for overfits in ((slice(3, 5), 2), (slice(2, 5), 4)):
    assert train[overfits].max() < 0.8
    assert val[overfits].min() > 1.2
assert train[2:, 1].max() < 1
assert val[2:, 1].max() < 1.5

# %%
# **What makes the output more linear?** No hidden unit, of course. Beyond that:
#
# - *A rate that is not too high.* From 0.001 to 0.01 the networks with 3 units or more bend more,
#   and with Adam too. A still lower rate does not straighten them: in as many epochs they only get
#   less far. (And the median of 0, at 0.01 with 1 unit, is that of level curves.)
# - *More units*, at 0.001 and, from 3 on, at 0.01. That may surprise, since more units could do
#   more. But many share the work. Here is how far the input weight of a typical unit has moved
#   from its start, with 1, 3, 13 and 50 units:


def distance(run):
    torch.manual_seed(runs[run]["seed"])
    start = nnbook.mlp(1, runs[run]["hidden"], 1).hidden_linear.weight
    end = models[run].hidden_linear.weight  # (n_hidden, 1)
    return (end - start).detach().abs().median()


first = len(ways) * len(pairs)  # the runs before it have no hidden unit
moved = torch.stack([distance(run) for run in range(first, len(runs))])
moved = moved.view(4, len(ways), len(pairs)).median(dim=2).values
for number, way in ((1, "SGD 0.001"), (2, "SGD 0.01")):
    print(f"{way:27}" + "".join(f"{d:10.2f}" for d in moved[:, number]))
    assert (moved[1:, number].diff() < 0).all()

# %%
# The more units, the less each has to do. Weights that stay near their small start make gentle
# S-curves, and many of these at different places add up to nearly a line.
#
# **What makes it overfit?** In the lower row, look for a solid line below 1 and a dashed one above.
# On the left nothing has been learned well yet. At 0.001, from 3 units on, the networks get below
# the line in training and yet are about as good as the line on rows held out. At 0.01 those with 13
# and 50 units overfit, and with Adam all from 3 units on: they go far below what a line can reach,
# and on most pairs they are worse than it.
#
# So it is not the number of units that makes these networks overfit: 3 of them can, and 50 need
# not. It is how far the training takes them, by the rate, by the optimizer, and by the epochs,
# which we have not touched. :term:`Capacity <capacity>` is what a network could do; the training
# decides how much of it is used.
#
# .. explorer:: sweep
#    :label: The 550 runs, one by one
#
#    Each mark is a run of this page: its loss in training and on the two rows held out, after 5,000
#    epochs. Large marks belong to the seed that is chosen, and so to its pair of rows.
#
# **Try it.** Train 13 units at the rate of 0.0001 for 50,000 epochs, on a few pairs. Do they end
# where those at 0.001 ended?
#
# One network, and all the 55 pairs: :doc:`/auto_examples/6_overfitting/plot_03_every_split`.
