r"""
2.5 Any curve can be built from bumps
=====================================

Four neurons made a curve that nobody had asked for. Now somebody asks: can
neurons follow a curve that is chosen beforehand? We build one by hand, out of
steps and bumps, and measure how the error falls with the number of units. Then
descent tries the same, and at the end we read what is proved about it, and
what is not. Inputs and outputs are plain numbers without a unit. About twelve
minutes.

An interactive account of such bumps is `chapter 4
<http://neuralnetworksanddeeplearning.com/chap4.html>`__ of M. Nielsen's *Neural
Networks and Deep Learning* (2015). The closing section takes up section 6.1.6
of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020).
"""

import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import nnbook
from nnbook import neurons, plots

# %%
# A step, and a bump
# ------------------
# A neuron with a large weight is nearly a switch. Halved and lifted it runs from 0 to 1: a step, at
# a place of our choice. Less a second step, further to the right, it is a bump. The constants
# cancel, so a bump takes two neurons and nothing else.


def step(x, at, steepness):
    return torch.tanh(steepness * (x - at)) / 2 + 1 / 2


def bump(x, left, right, steepness, activation=torch.tanh):
    rising = activation(steepness * (x - left))
    falling = activation(steepness * (x - right))
    return rising / 2 - falling / 2


x = torch.linspace(-3, 3, 2001).unsqueeze(1)  # (2001, 1)
torch.testing.assert_close(step(x, -1, 20) - step(x, 1, 20), bump(x, -1, 1, 20))
torch.testing.assert_close(neurons.step(at=0)(x), step(x, 0, 20))
torch.testing.assert_close(neurons.bump(-1, 1)(x), bump(x, -1, 1, 20))

# %%
# The last two lines compare with nnbook's own, which draw the figure.

fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3), sharey=True)
for k, dash in ((1, ":"), (3, "--"), (20, "-")):
    look = {"ls": dash, "color": plots.COLORS["blue"], "label": f"weight {k}"}
    plots.curve(neurons.step(0, steepness=k), (-3, 3), left, **look)
    plots.curve(neurons.bump(-1, 1, steepness=k), (-3, 3), right, **look)
left.set(xlabel="input x", ylabel="output o", title="step at 0")
right.set(xlabel="input x", title="bump from -1 to 1")
left.legend()
plots.describe(
    fig,
    "Left: three curves rise from 0 to 1, the steepest in a right-angled step "
    "at 0. Right: their bumps, the steepest a rectangle from -1 to 1, the "
    "gentlest a hill that is wider and lower.",
)

# %%
# The larger the weight, the sharper the step and the squarer the bump. With the weight 1 the second
# step begins before the first is done, and the bump does not reach its full height.
#
# A curve of our choice
# ---------------------
# Choose a curve. This one goes up and down several times between -3 and 3. Twelve bumps side by
# side cover the interval, and each is made as high as the curve in its middle.


def wanted(x):
    return torch.sin(2 * x) + 0.5 * torch.cos(5 * x)


n_bumps = 12
width = 6 / (n_bumps - 1)


def sum_of_bumps(steepness, activation):
    total = torch.zeros_like(x)
    for middle in torch.linspace(-3, 3, n_bumps):
        edges = middle - width / 2, middle + width / 2
        total += wanted(middle) * bump(x, *edges, steepness, activation)
    return total  # (2001, 1)


stairs = sum_of_bumps(20 / width, torch.tanh)

# %%
# That is a network with one hidden layer of 24 units: the last layer multiplies by the heights and
# adds up. nnbook sets the same weights in one line:

network = neurons.bump_network(wanted, (-3, 3), 12, steepness=20 / width)
print(network)
with torch.no_grad():
    torch.testing.assert_close(network(x), stairs, rtol=0, atol=1e-3)

# %%
# The same with another activation, :class:`torch.nn.Hardtanh`: a straight line from -1 to 1, level
# on both sides. With smaller weights each edge becomes as wide as the bump, and the bump a tent.
# What will the sum of twelve tents look like?

pieces = sum_of_bumps(2 / width, nn.Hardtanh())
tents = neurons.bump_network(wanted, (-3, 3), 12, activation=nn.Hardtanh)
with torch.no_grad():
    torch.testing.assert_close(tents(x), pieces, rtol=0, atol=1e-4)
knots = torch.linspace(-3, 3, n_bumps)
joined = torch.tensor(np.interp(x, knots, wanted(knots)))  # (2001, 1)
torch.testing.assert_close(pieces.double(), joined, rtol=0, atol=1e-4)

fig, panels = plt.subplots(1, 2, figsize=(7, 3.4), sharey=True)
sums = {"tanh: stairs": stairs, "Hardtanh: straight pieces": pieces}
grey, green = plots.COLORS["grey"], plots.COLORS["green"]
for ax, (title, outputs) in zip(panels, sums.items(), strict=True):
    plots.curve(wanted, (-3, 3), ax, color=grey, ls="--", label="wanted")
    ax.plot(x, outputs, color=green, label="12 bumps")
    ax.plot(knots, wanted(knots), "o", ms=4, color=green)
    ax.set(xlabel="input x", title=title)
panels[0].set(ylabel="output o", ylim=(-1.6, 2.3))
panels[1].legend(ncols=2)
plots.describe(
    fig,
    "A dashed wavy curve with twelve dots on it, twice. Left: level stairs "
    "through the dots. Right: straight lines from dot to dot, which cut off "
    "the peaks between dots.",
)

# %%
# On the left each bump is a stair through its dot. On the right, between two dots, one tent falls
# while the next one rises, and the sum runs straight from dot to dot; that is what we compared with
# NumPy's linear interpolation. Both miss what the curve does between the dots.
#
# More units
# ----------
# How fast does the error fall when the bumps become narrower? Guess for both kinds what twice as
# many units do to the largest error.

counts = [12, 24, 48, 96, 192]  # bumps
kinds = {"tanh, stairs": nn.Tanh, "Hardtanh, straight pieces": nn.Hardtanh}
errors = {}
for name, activation in kinds.items():
    errors[name] = []
    for n in counts:
        steep = 20 * (n - 1) / 6 if activation is nn.Tanh else None
        options = {"steepness": steep, "activation": activation}
        network = neurons.bump_network(wanted, (-3, 3), n, **options)
        with torch.no_grad():
            off = (network(x) - wanted(x)).abs().max().item()
        errors[name].append(off)

units = [2 * n for n in counts]
slopes = []
_, ax = plt.subplots()
for (name, off), look in zip(errors.items(), ("o--", "s-"), strict=True):
    ax.plot(units, off, look, label=name)
    slopes.append(math.log(off[-1] / off[1]) / math.log(units[-1] / units[1]))
    print(f"{name}: slope {slopes[-1]:.2f}")
ax.set(xscale="log", yscale="log", xlabel="hidden units")
ax.set_ylabel("largest error between -3 and 3")
ax.legend()
plots.describe(
    ax,
    "On logarithmic axes two lines fall almost straight from the same height: "
    "stairs by one decade per decade of units, straight pieces by two.",
)
assert abs(slopes[0] + 1) < 0.15
assert abs(slopes[1] + 2) < 0.15

# %%
# On logarithmic axes a power law is a straight line, and its slope is the power. The slope of the
# stairs is about -1: twice the units, half the error. That of the straight pieces is about -2:
# twice the units, a quarter. Both go to zero, and we may have any error that we are willing to pay
# units for.
#
# The same curve, learned
# -----------------------
# So far we set each weight, knowing the curve everywhere. Now a network with the same 24 units gets
# 121 points of the curve and random weights. Here is the loop, written out; the optimizers are
# those of :doc:`page 1.5 </auto_examples/1_learning/plot_05_optimizers>`.

inputs = torch.linspace(-3, 3, 121).unsqueeze(1)  # (121, 1)
targets = wanted(inputs)


def learn(seed, method, lr):
    torch.manual_seed(seed)
    network = nnbook.mlp(1, 24, 1)
    optimizer = method(network.parameters(), lr=lr)
    for _ in range(2000):
        optimizer.zero_grad()
        loss = (network(inputs) - targets).square().mean()
        loss.backward()
        optimizer.step()
    return network


seeds = range(3)
by_adam = [learn(seed, torch.optim.Adam, lr=0.02) for seed in seeds]
by_sgd = [learn(seed, torch.optim.SGD, lr=0.1) for seed in seeds]

# %%
# Will descent come closer to the curve than we did by hand with as many units? We judge by the
# largest error at 2,001 points, most of which it has not seen.


def largest_error(network):
    with torch.no_grad():
        return (network(x) - wanted(x)).abs().max().item()


adam_errors = [largest_error(network) for network in by_adam]
sgd_errors = [largest_error(network) for network in by_sgd]
print(f"stairs           {errors['tanh, stairs'][0]:.2f}")
print(f"straight pieces  {largest_error(tents):.2f}")
print("learned by Adam ", " ".join(f"{off:.2f}" for off in adam_errors))
print("learned by SGD  ", " ".join(f"{off:.2f}" for off in sgd_errors))
assert max(adam_errors) < largest_error(tents) / 2
assert min(sgd_errors) > largest_error(tents)

ax = plots.curve(wanted, (-7, 7), color=grey, ls="--", label="wanted")
purple, vermilion = plots.COLORS["purple"], plots.COLORS["vermilion"]
bundles = [
    ("straight pieces", [tents], purple, "-"),
    ("learned by SGD", by_sgd[:1], vermilion, ":"),
    ("learned by Adam, 3 seeds", by_adam, green, "-"),
]
for name, networks, color, dash in bundles:
    for network in networks:
        plots.curve(network, (-7, 7), ax, color=color, ls=dash, label=name)
        name = None
ax.axvspan(-3, 3, color=grey, alpha=0.12, lw=0)
ax.set(xlabel="input x", ylabel="output o", ylim=(-6, 6))
ax.legend(loc="lower left")
