# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
6.4 Which remedies help against overfitting?
============================================

Stop early, decay the weights, take fewer units; or get more readings, or more
varied ones. We try all of these on the network of page 6.1 that bent after its
measurement errors, each against doing nothing. Three remedies are judged on
real readings (unknown unit, to °C), two in a world where we can take as many
readings as we like. About nine minutes.

*Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020) names several
of these remedies in section 5.5.3.
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
# Doing nothing
# -------------
# The network has 50 hidden units and learns by Adam at a rate of 2e-2, as on :doc:`page 6.1
# </auto_examples/6_overfitting/plot_01_line_against_network>`, here for 2,000 epochs. Eleven pairs
# of neighbouring rows judge, each row in two of them; nine rows train. :func:`nnbook.sweep` trains
# all runs at once (:doc:`page 8.1 </auto_examples/8_scale/plot_01_thousand_networks>`). Two
# remedies are settings of the training, so they go into the same sweep.
#
# :term:`Weight decay <weight decay>` adds a multiple :math:`\lambda` of each parameter to its
# gradient, so each step also pulls the parameters towards 0: small weights make a calm curve. (With
# plain gradient descent that amounts to adding :math:`\tfrac{\lambda}{2}` times the sum of all
# squared parameters to the loss; Adam rescales the pull like the rest of the gradient.) Fewer
# hidden units have fewer bends to give. None at all leave a straight line.

network = {"hidden": 50, "lr": 2e-2, "optimizer": "adam"}
remedies = {
    "doing nothing": {},
    "weight decay 0.01": {"weight_decay": 0.01},
    "weight decay 0.1": {"weight_decay": 0.1},
    "weight decay 1": {"weight_decay": 1.0},
    "10 hidden units": {"hidden": 10},
    "3 hidden units": {"hidden": 3},
    "1 hidden unit": {"hidden": 1},
    "none: a line": {"hidden": (), "lr": 0.2},
}
judges = [(row, (row + 1) % 11) for row in range(11)]
runs = [
    remedy | {"val_rows": rows, "seed": seed}
    for remedy in remedies.values()
    for rows in judges
    for seed in range(2)
]
sweep = nnbook.sweep(data, runs=runs, epochs=2000, **network)
shape = (len(remedies), 11, 2, 2000)  # remedies, splits, seeds, epochs
train_loss = sweep.train_loss.view(shape).mean(dim=2)
val_loss = sweep.val_loss.view(shape).mean(dim=2)
nothing = val_loss[0]  # (splits, epochs)
floor = [nnbook.least_squares(data.split_at(rows).train) for rows in judges]
for by_sweep, exact in zip(train_loss[-1, :, -1], floor, strict=True):
    assert abs(by_sweep - exact.mse) < 0.01  # the line has arrived

# %%
# When to stop
# ------------
# A sweep keeps the losses of all epochs. So :term:`early stopping` takes the validation loss of
# doing nothing at an earlier epoch. But at which? Not at its lowest, for these rows are to judge.
# Other rows must choose: the split has three parts. From the nine rows that train we hold out two,
# in all 36 ways, and find the epoch with the lowest mean loss on these. The judging rows take no
# part in it. Then all nine train for that many epochs.


def inner_losses(judging_rows):
    nine = data.split_at(judging_rows).train
    two = itertools.combinations(range(9), 2)
    return nnbook.sweep(nine, val_rows=two, epochs=600, **network).val_loss


inner = torch.stack([inner_losses(rows) for rows in judges])  # (11, 36, 600)
stop = inner.mean(dim=1).argmin(dim=1)  # (splits,)
early = nothing.gather(1, stop.unsqueeze(1)).squeeze(1)
print("epochs chosen:", (stop + 1).tolist())

means = nnbook.History(train_loss[0].mean(dim=0), nothing.mean(dim=0))
ax = plots.losses(means, unit="°C²")
green = plots.COLORS["green"]
choosing = inner.mean(dim=(0, 1))
ax.plot(range(1, 601), choosing, "-.", color=green, label="choosing rows")
ones = torch.ones(11)
ax.plot(stop + 1, ones, "|", color=green, ms=12, label="epochs chosen")
ax.set(ylim=(0.9, 40))
ax.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
ax.legend()
plots.describe(
    ax,
    "The training loss falls all the way. The validation loss falls, is "
    "lowest after some hundred epochs, and rises. The loss on choosing rows "
    "is higher but lowest at about the same epochs, where ticks stand.",
)
assert nothing[:, -1].mean() > 1.3 * nothing.mean(dim=0).min()

# %%
# Means over the splits. The solid training loss falls to the end. The dashed validation loss, that
# of the judging rows, has a valley; then the network overfits. The loss on the choosing rows is
# higher, since their networks learn from seven rows only, but its valley lies at about the same
# place, and so do the ticks.
#
# It took 36 pairs to find it. Usually one validation set chooses, and here it would have two rows.
# What would each of the 36 pairs have chosen alone, and with what success?

by_one = inner.argmin(dim=2)  # (splits, 36)
levels = torch.tensor([0.05, 0.5, 0.95])
low, middle, high = (by_one + 1.0).quantile(levels).tolist()
by_one_loss = nothing.gather(1, by_one)  # (splits, 36)
print(f"a pair chooses epoch {middle:.0f} (5 % to 95 %: ", end="")
print(f"{low:.0f} to {high:.0f})")
print("mean loss on the judging rows, °C²")
print(f"  stopped by one pair:     {by_one_loss.mean():5.1f}")
print(f"  stopped by all 36 pairs: {early.mean():5.1f}")
print(f"  not stopped:             {nothing[:, -1].mean():5.1f}")
assert high > 5 * low
assert by_one_loss.mean() > nothing[:, -1].mean()

# %%
# One pair is worse than no remedy. In an early epoch the curve may happen to pass close to two
# rows, though it is far from all the others, and training stops there. Early stopping needs enough
# rows to choose by.
#
# The table
# ---------
# Before you read on: which strength of decay, and which width, will do best?

judged = {"doing nothing": nothing[:, -1], "early stopping": early}
judged |= dict(zip(remedies, val_loss[:, :, -1], strict=True))
trained = dict(zip(remedies, train_loss[:, :, -1], strict=True))
trained["early stopping"] = train_loss[0].gather(1, stop.unsqueeze(1))

print("means of 11 splits, °C²  training   judging   lower than nothing in")
for name, loss in judged.items():
    lower = int((loss < judged["doing nothing"]).sum())
    print(f"{name:22}{trained[name].mean():11.2f}{loss.mean():10.2f}", end="")
    print(f"{lower:16} splits")

blue, vermilion = plots.COLORS["blue"], plots.COLORS["vermilion"]
fig, ax = plt.subplots(figsize=(7, 4.4))
for at, loss in enumerate(judged.values()):
    (dots,) = ax.plot(loss, [at] * 11, "o", color=blue, alpha=0.7)
    (tick,) = ax.plot(loss.mean(), at, "|", color=vermilion, ms=18, mew=3)
ax.legend([dots, tick], ["a split", "mean"], loc="upper left")
ax.set_yticks(range(len(judged)), judged)
ax.invert_yaxis()
ax.set(xscale="log", xlabel="loss on the judging rows (°C²)")
ax.set_xticks([1, 3, 10, 30], ["1", "3", "10", "30"])
plots.describe(
    ax,
    "Nine rows of eleven dots, spread widely in each. The mean lies left of "
    "doing nothing for early stopping, the weakest weight decay and the line, "
    "right of it for the strongest decay, for 3 units and for 1.",
)
mean = {name: loss.mean() for name, loss in judged.items()}
for name in ("early stopping", "weight decay 0.01"):
    assert mean[name] < 0.85 * mean["doing nothing"]
    assert mean[name] < 1.1 * mean["none: a line"]
assert mean["weight decay 1"] > 1.3 * mean["doing nothing"]
for name in list(remedies)[4:-1]:
    assert mean[name] > 0.9 * mean["doing nothing"]
mean = {name: loss.mean() for name, loss in trained.items()}
assert mean["3 hidden units"] < mean["doing nothing"]
assert mean["1 hidden unit"] > mean["none: a line"]
assert all(loss.max() > 2 * loss.min() for loss in judged.values())

# %%
# Early stopping and a little weight decay lower the mean, and the loss of most splits. They bring
# the network to where the straight line is, or below. (The line's mean owes much to its worst
# split.) Ten times the decay is too much for some splits, a hundred times for many: the outputs are
# pulled towards 0 as well, away from 28 °C. Fewer units do not help, as :doc:`page 6.2
# </auto_examples/6_overfitting/plot_02_capacity_and_learning_rate>` leads one to expect: three of
# them reach a lower training loss than fifty, so they too follow the errors of nine readings. A
# single one cannot even follow the line.
#
# For each remedy the splits differ by a factor of two and more; the means of the better remedies
# differ by much less. And to take the best line of the table would be choosing on the judging rows.
# So it shows every strength that we tried.
#
# More readings, more varied readings
# -----------------------------------
# Nobody can take more readings of this thermometer, but we can draw some. In a made-up world the
# truth is the line fitted to all eleven readings, and each temperature has normal :term:`noise`
# as large as the residuals are. Ten times we draw nine readings between 35 and 70, where most of
# ours are; then 27 from the same range; then nine again, from 20 to 90. Each of ten networks learns
# from its own draw; the others count as held out. The judge is the truth itself, which only a
# made-up world reveals: how far is the curve from the line? Guess which helps more, and where.

truth = nnbook.least_squares(raw)
noise = truth.residuals.norm() / truth.degrees_of_freedom**0.5
readings = torch.arange(20.0, 91).unsqueeze(1)  # (71, 1)


def curves_from(n_rows, low, high):
    generator = torch.Generator().manual_seed(0)
    u = low + (high - low) * torch.rand(10 * n_rows, 1, generator=generator)
    c = truth.predict(u) + noise * torch.randn(u.shape, generator=generator)
    rows = torch.arange(10 * n_rows)
    runs = [
        {"val_rows": rows[rows // n_rows != draw], "seed": draw}
        for draw in range(10)
    ]
    world = nnbook.Samples(0.1 * u, c)
    result = nnbook.sweep(world, runs=runs, epochs=2000, **network)
    with torch.no_grad():
        curves = [result.model(run)(0.1 * readings) for run in range(10)]
    return torch.cat(curves, dim=1)  # (71, draws)


worlds = {
    "9 from 35 to 70": (9, 35, 70),
    "27 from 35 to 70": (27, 35, 70),
    "9 from 20 to 90": (9, 20, 90),
}
line = truth.predict(readings)
fig, panels = plt.subplots(1, 3, figsize=(7, 3.6), sharey=True)
distance = {}
print(f"noise {noise:.1f} °C; distance from the truth (root mean square, °C)")
print("                     on 35 to 70     on 20 to 90")
for ax, (name, world) in zip(panels, worlds.items(), strict=True):
    curves = curves_from(*world)
    squares = (curves - line).square()
    inside, whole = squares[15:51].mean().sqrt(), squares.mean().sqrt()
    print(f"{name:16}{inside:16.1f}{whole:16.1f}")
    distance[name] = inside, whole
    ax.axvspan(*world[1:], color=plots.COLORS["grey"], alpha=0.12, lw=0)
    ax.plot(readings, curves, color=green, lw=0.8, alpha=0.7)
    ax.plot(readings, line, "--", color=plots.INK, lw=1.2)
    ax.set(title=name, xlabel="reading (unknown unit)", ylim=(-12, 38))
panels[0].set_ylabel("temperature (°C)")
plots.describe(
    fig,
    "Three panels, each with ten curves around a dashed line. Nine readings "
    "from the middle: the curves scatter there and fan out at both ends. 27 "
    "from the middle: close to the line there, a fan at the ends. Nine from "
    "the whole range: the ends are held.",
)
few, more, varied = distance.values()
assert more[0] < 0.8 * few[0]
assert varied[1] < 0.8 * few[1]
assert varied[0] > more[0]

# %%
# The grey range is where the readings lie, the dashed line the truth. On the left, a few readings
# from a narrow range: the curves scatter within it and fan out beyond. In the middle, three times
# as many: close to the line inside, where the noise averages out, and still a fan outside. On the
# right, few but spread out: hardly a fan, since nothing lies outside any more, but the curves
# scatter. More readings help where they are; more varied ones are where one will ask.
#
# What have the remedies brought? On eleven readings of a process that is nearly a straight line,
# the best make fifty units about as good as the line, which needs no remedy. Where a line is not
# enough, they are what one has: more, and more varied, readings first; then early stopping or
# weight decay, their strength chosen on rows that do not judge.
#
# **Try it.** Combine early stopping with a weight decay of 0.01. Does the loss fall further, or
# have both cured the same thing?
#
# The next chapter has more rows, and more columns:
# :doc:`/auto_examples/7_wine/plot_01_graphing_wine`.
