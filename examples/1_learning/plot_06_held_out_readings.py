# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
1.6 What is the verdict of two readings worth?
==============================================

So far a line was judged by the very readings that it was fitted to. A fairer
judge is a reading that the line has never met. Here two of the eleven pairs
(unknown unit, °C) are held out, and the line learns from the other nine. We
read the two losses that come of it, then hold out every possible pair in turn,
and see what such a verdict is worth. About nine minutes.

Source: *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), section
5.5.3.
"""

import itertools

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

raw = nnbook.load_thermometer()
data = raw.with_inputs(0.1 * raw.inputs)

# %%
# Hold two out
# ------------
# The rows to learn from are the :term:`training set`, the rows held out the :term:`validation set`.
# Chance decides which is which, because the rows may have been written down in some order.
# ``randperm`` puts the numbers 0 to 10 into a random order; the last fifth of them, rounded down,
# validates. The generator has a :term:`seed`: the order is the same each time.

order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
n_val = int(0.2 * len(data))
train_rows, val_rows = order[:-n_val], order[-n_val:]
print("train:   ", train_rows.tolist())
print("validate:", val_rows.tolist())
assert n_val == 2
assert sorted(order.tolist()) == list(range(11))

# %%
# Once written by hand, the same rows come from one line:

split = data.split(0.2, generator=torch.Generator().manual_seed(0))
assert torch.equal(split.train.inputs, data.inputs[train_rows])
assert torch.equal(split.val.inputs, data.inputs[val_rows])

# %%
# Two losses, two graphs
# ----------------------
# :term:`Training loss <training loss>` and :term:`validation loss` are one formula over different
# rows. Each has a graph of its own (:doc:`page 1.4 </auto_examples/1_learning/plot_04_autograd>`),
# and the two graphs share nothing but the parameters. ``backward`` on the training loss walks
# through the first graph only, so the gradient knows nothing of the held-out rows.

params = torch.tensor([1.0, 0.0], requires_grad=True)
nnbook.line_loss(params, split.train).backward()
from_training = nnbook.gradient_by_hand(params.detach(), split.train)
assert torch.allclose(params.grad, from_training)

# %%
# The second graph is not needed, and it invites a mistake. A ``backward`` on the validation loss
# raises no error. Its gradient is added to the one that is there, and then the held-out rows take
# part in the training:

nnbook.line_loss(params, split.val).backward()
from_validation = nnbook.gradient_by_hand(params.detach(), split.val)
assert torch.allclose(params.grad, from_training + from_validation)

# %%
# Under :class:`torch.no_grad` the second graph is never built, and ``backward`` would raise an
# error.

with torch.no_grad():
    val_loss = nnbook.line_loss(params, split.val)
assert val_loss.grad_fn is None

# %%
# So the loop of :doc:`the page before </auto_examples/1_learning/plot_05_optimizers>` measures a
# second loss in each epoch. The learning rate, 0.02, is still stable on these nine rows, and 2,000
# epochs bring the line close to its end.


def train(split, epochs=2000):
    params = torch.tensor([1.0, 0.0], requires_grad=True)
    optimizer = torch.optim.SGD([params], lr=2e-2)
    train_losses, val_losses = [], []
    for _ in range(epochs):
        with torch.no_grad():
            val_loss = nnbook.line_loss(params, split.val)
        train_loss = nnbook.line_loss(params, split.train)
        optimizer.zero_grad()
        train_loss.backward()
        optimizer.step()
        train_losses.append(train_loss.item())
        val_losses.append(val_loss.item())
    return nnbook.History(torch.tensor(train_losses), torch.tensor(val_losses))


history = train(split)

# %%
# :func:`nnbook.fit` is this loop for any model, and :doc:`page 4.4
# </auto_examples/4_module/plot_04_training_loop>` takes it apart. Here it trains the same line,
# as a ``Linear`` module with one weight and one bias, from the same start:

line = torch.nn.Linear(1, 1)
torch.nn.init.ones_(line.weight)
torch.nn.init.zeros_(line.bias)
sgd = torch.optim.SGD(line.parameters(), lr=2e-2)
again = nnbook.fit(line, split.train, split.val, optimizer=sgd, epochs=300)
assert torch.allclose(again.train_loss, history.train_loss[:300], rtol=1e-3)
assert torch.allclose(again.val_loss, history.val_loss[:300], rtol=1e-3)

ax = plots.losses(history, unit="°C²")
plots.describe(
    ax,
    "Over 2,000 epochs the training loss falls and levels off near 2 °C². "
    "The validation loss falls below it, is lowest before a third of the "
    "way, and then climbs far above it.",
)

# %%
# The solid training loss falls and levels off. The dashed validation loss jumps about in the
# first epochs, then falls too, even below the training loss; then it turns, and climbs to many
# times its lowest value.

print(f"training, last:     {history.train_loss[-1]:5.2f} °C²")
print(f"validation, lowest: {history.val_loss.min():5.2f} °C²")
print(f"validation, last:   {history.val_loss[-1]:5.2f} °C²")
assert history.val_loss[-1] > 10 * history.val_loss.min()

# %%
# Before you read on, give your verdict on this model.
#
# How to read two loss curves
# ---------------------------
# Four pairs of curves are common. These are sketches, drawn by simple formulas and not from runs.

t = torch.linspace(0, 1, 100)
fall = torch.exp(-6 * t)
pairs = {
    "A: neither falls": (0.86 + 0.02 * torch.cos(40 * t), 0.95 + 0 * t),
    "B: they part": (0.03 + 0.8 * fall, 0.12 + 0.78 * fall + 0.6 * t**2),
    "C: both fall": (0.13 + 0.7 * fall, 0.17 + 0.73 * fall),
    "D: a steady gap": (0.08 + 0.75 * fall, 0.33 + 0.6 * fall),
}
blue, vermilion = plots.COLORS["blue"], plots.COLORS["vermilion"]
fig, axes = plt.subplots(2, 2, figsize=(7, 4.6), sharex=True, sharey=True)
for ax, (title, pair) in zip(axes.flat, pairs.items(), strict=True):
    ax.plot(t, pair[0], "-", color=blue, label="training")
    ax.plot(t, pair[1], "--", color=vermilion, label="validation")
    ax.set(title=title, ylim=(0, 1.05), xticks=[], yticks=[])
axes[0, 1].legend()
fig.supxlabel("epoch (no scale)", fontsize="medium")
fig.supylabel("loss (no scale)", fontsize="medium")
plots.describe(
    fig,
    "Sketches of training and validation loss. A: both stay high. B: training "
    "falls, validation falls and then rises. C: both fall, close together. "
    "D: both level off, validation well above training.",
)

# %%
# - **A**: both stay where they were. The model does not learn: the rate is too low, the model too
#   simple, or the inputs say nothing about the targets.
# - **B**: training goes on falling while validation turns and rises. The model learns what is
#   peculiar to its training rows, their :term:`noise`. This is :term:`overfitting`.
# - **C**: both fall and stay close. All is well; a larger model or more epochs might do better
#   yet.
# - **D**: both fall, to different levels. The held-out rows are harder for the model than those
#   it learned from, but the gap does not grow. Some overfitting, under control.
#
# By this chart our pair is a clear B. Yet the model is a straight line with two parameters.
#
# Every split there is
# --------------------
# Eleven rows can give up two in 55 ways. For each of them, :doc:`least squares
# </auto_examples/1_learning/plot_02_least_squares>` finds the line at which training would end:
# no epochs, no rate and no start can be blamed. What is left is the choice of the two rows. How
# far apart do you expect the 55 validation losses to lie: by a fifth, by a factor of two?


def exact_losses(rows):
    split = data.split_at(rows)
    fit = nnbook.least_squares(split.train)
    errors = fit.predict(split.val.inputs) - split.val.targets  # (2, 1)
    return fit.mse, errors.square().mean().item()


rows = list(itertools.combinations(range(11), 2))
train_mse, val_mse = torch.tensor([exact_losses(pair) for pair in rows]).T
for name, mse in {"training": train_mse, "validation": val_mse}.items():
    print(
        f"{name:10}  lowest {mse.min():5.2f}   median {mse.median():5.2f}   "
        f"highest {mse.max():5.2f} °C²"
    )
assert len(rows) == 55
assert abs(val_mse.min() - 1.05) < 0.01
assert abs(val_mse.median() - 4.49) < 0.01
assert abs(val_mse.max() - 20.70) < 0.01
assert train_mse.max() < 2 * train_mse.min()

fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4))
bins = range(23)
left.hist(train_mse, bins, histtype="step", lw=1.8, color=blue)
left.hist(val_mse, bins, hatch="//", alpha=0.55, color=vermilion)
left.set(xlabel="mean squared error (°C²)", ylabel="number of splits")
left.legend(["training", "validation"])
right.plot(train_mse, val_mse, "o", color=plots.COLORS["purple"])
right.set(xlabel="training (°C²)", ylabel="validation (°C²)", ylim=(0, 22))
plots.describe(
    fig,
    "Left: the training errors of 55 splits fill three narrow bars; the "
    "validation errors spread from 1 to 9 °C², with strays near 12 and 21. "
    "Right: one dot a split; the lower in training, the higher in validation.",
)

# %%
# On the left, the outlined training losses crowd together; the hatched validation losses spread
# over a factor of about twenty. Same readings, same model, exact fits. On the right, each dot is
# one split: a low training loss goes with a high validation loss. A reading that lies far from
# the line adds to the training loss as long as it trains, and to the validation loss once it
# judges. The split that looks best in training looks worst in validation:

worst, best = int(val_mse.argmax()), int(val_mse.argmin())
middle = int(val_mse.argsort()[len(rows) // 2])
for name, index in {"worst": worst, "middle": middle, "best": best}.items():
    print(f"{name:6}  rows {rows[index]}: {val_mse[index]:5.2f} °C²")
assert worst == train_mse.argmin()
assert rows[worst] == tuple(sorted(val_rows.tolist()))

# %%
# The seed 0, simply the first one to try, has drawn the unluckiest split of all. What is unlucky
# about it? Here it is beside the luckiest.

fig, axes = plt.subplots(1, 2, figsize=(7, 3.4), sharey=True)
for ax, index in zip(axes, (worst, best), strict=True):
    shown = raw.split_at(rows[index])
    line = nnbook.least_squares(shown.train)
    plots.samples(shown.train, ax, color=blue, label="training")
    plots.samples(
        shown.val, ax, color=vermilion, marker="s", label="validation"
    )
    plots.curve(line.predict, (20, 85), ax, color=plots.COLORS["green"])
    ax.set_title(f"rows {rows[index][0]} and {rows[index][1]} held out")
axes[0].legend()
axes[1].set_ylabel("")
plots.describe(
    fig,
    "Two copies of the readings with a line fitted to the training rows. "
    "Left: the two lowest readings are held out, and lie above the end of the "
    "line. Right: two from the middle are held out, and lie near the line.",
)

# %%
# On the left the two lowest readings are held out, and the line has to run on beyond the others.
# The noise of nine readings has tilted it a little, and far out a little tilt makes a large error.
# On the right the held-out readings come from the middle, where any sensible line passes. So our B
# was mostly :term:`extrapolation`. The two curves alone could not tell.
#
# And the curves of other splits? The same loop runs from the same start, with the split in the
# middle of the 55, and with the luckiest. (The middle one holds out rows 7 and 10, as the book
# does; chapters 4 to 6 use it.)

assert data.inputs[list(rows[worst])].max() < split.train.inputs.min()
assert rows[middle] == (7, 10)
others = {i: train(data.split_at(rows[i])) for i in (middle, best)}
fig, axes = plt.subplots(1, 2, figsize=(7, 3.4), sharey=True)
for ax, (index, other) in zip(axes, others.items(), strict=True):
    plots.losses(other, ax, unit="°C²")
    ax.set_title(f"rows {rows[index][0]} and {rows[index][1]} held out")
axes[1].set_ylabel("")
plots.describe(
    fig,
    "Two pairs of loss curves. Left: both fall, then validation turns up a "
    "little and ends above training. Right: both fall, and validation stays "
    "well below training.",
)
assert others[middle].val_loss[-1] > others[middle].train_loss[-1]
assert others[best].val_loss[-1] < others[best].train_loss[-1] / 2

# %%
# On the left, a mild B, or is it a D? On the right, validation ends below training, which the
# chart does not even list. Nobody has changed the model. With two rows to validate, the split is
# the result, and the pair of curves is mostly luck.
#
# What helps? Hold out more rows, where there are more to spare. Where there are not, take the
# mean over many splits, in which each row judges equally often: :term:`cross-validation`. And
# compare two models on the same splits. But the 55 splits share their rows. They are not 55
# independent experiments, and a p-value computed as if they were would be wrong.

turns = torch.tensor(rows).flatten().bincount()
print(f"each row judges {turns[0]} times; mean {val_mse.mean():.2f} °C²")
assert (turns == 10).all()

# %%
# Once the validation loss is used to choose something (a rate, an epoch to stop at, a model), it
# flatters the choice. The chosen model is then measured on a third part of the data, the
# :term:`test set`, which is looked at once. To choose the split with the nicest curves is worse
# still: that is to choose the result.
#
# **Try it.** Hold out three rows instead of two, in all 165 ways. Do the validation losses lie
# closer together? And the lines, now fitted to eight rows each?
#
# On the next page the rows no longer come all at once:
# :doc:`/auto_examples/1_learning/plot_07_batches`.
