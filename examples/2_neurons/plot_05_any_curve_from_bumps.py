# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
2.5 Any curve can be built from bumps
=====================================

Four neurons made a curve that nobody had asked for. Can neurons also follow a
curve that is chosen beforehand? We build one by hand, out of steps and bumps,
and measure how the error falls with the number of units. Then descent tries
the same, and at the end we read what is proved about it, and what is not.
Inputs and outputs are plain numbers without a unit. About twelve minutes.

M. Nielsen's *Neural Networks and Deep Learning* (2015) builds such bumps
interactively in its `chapter 4`_. The last section takes up section 6.1.6 of
*Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020).

.. _chapter 4: http://neuralnetworksanddeeplearning.com/chap4.html
"""

import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import nnbook
from nnbook import neurons, plots

torch.set_num_threads(1)  # more threads slow such small networks down

# %%
# A step, and a bump
# ------------------
# A neuron with a large weight is nearly a switch. Halved and lifted, it runs from 0 to 1: a step,
# wherever we want it. Subtract a second step, further to the right, and a bump is left. The
# constants cancel, so a bump takes two neurons and nothing else.


def step(x, at, steepness):
    return torch.tanh(steepness * (x - at)) / 2 + 1 / 2


def bump(x, left, right, steepness, activation=torch.tanh):
    rising = activation(steepness * (x - left))
    falling = activation(steepness * (x - right))
    return rising / 2 - falling / 2


x = torch.linspace(-3, 3, 2001).unsqueeze(1)  # (2001, 1)
by_steps = step(x, -1, 20) - step(x, 1, 20)
torch.testing.assert_close(bump(x, -1, 1, 20), by_steps)
torch.testing.assert_close(neurons.step(at=0)(x), step(x, 0, 20))
torch.testing.assert_close(neurons.bump(-1, 1)(x), bump(x, -1, 1, 20))

# %%
# The last two lines compare with nnbook's own, in one call each. They draw the figure.

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
# adds up. nnbook builds it in one call:


def built(n_bumps, **options):
    return neurons.bump_network(wanted, (-3, 3), n_bumps, **options)


network = built(n_bumps, steepness=20 / width)
print(network)
with torch.no_grad():
    torch.testing.assert_close(network(x), stairs, rtol=0, atol=1e-3)

# %%
# The same with another activation, :class:`torch.nn.Hardtanh`: a straight line from -1 to 1, level
# on both sides. With smaller weights each edge becomes as wide as the bump, and the bump a tent.
# What will the sum of twelve tents look like?

pieces = sum_of_bumps(2 / width, nn.Hardtanh())
tents = built(n_bumps, activation=nn.Hardtanh)
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
# NumPy's linear interpolation. Both miss the curve between the dots.
#
# More units
# ----------
# How fast does the error fall when the bumps become narrower? Guess for both kinds what twice as
# many units do to the largest error.


def largest_error(network):
    with torch.no_grad():
        return (network(x) - wanted(x)).abs().max().item()


counts = [12, 24, 48, 96, 192]  # bumps
by_tanh = [built(n, steepness=20 * (n - 1) / 6) for n in counts]
by_hardtanh = [built(n, activation=nn.Hardtanh) for n in counts]
errors = {
    "tanh, stairs": [largest_error(network) for network in by_tanh],
    "Hardtanh, pieces": [largest_error(network) for network in by_hardtanh],
}
units = [2 * n for n in counts]
slopes = []
_, ax = plt.subplots()
for (name, off), look in zip(errors.items(), ("o--", "s-"), strict=True):
    ax.plot(units, off, look, label=name)
    slopes.append(math.log(off[-1] / off[1]) / math.log(units[-1] / units[1]))
    print(f"{name}: slope {slopes[-1]:.2f}")
ax.set(xscale="log", yscale="log", xlabel="hidden units")
ax.minorticks_off()
ax.set_xticks(units, units)
ax.set_ylabel("largest error between -3 and 3")
ax.legend()
plots.describe(
    ax,
    "On logarithmic axes both errors fall along nearly straight lines; that "
    "of the straight pieces starts lower and falls twice as steeply.",
)
assert abs(slopes[0] + 1) < 0.15
assert abs(slopes[1] + 2) < 0.15

# %%
# On logarithmic axes a power law is a straight line, and its slope is the power. The slope of the
# stairs is about -1: twice the units, half the error. That of the straight pieces is about -2:
# twice the units, a quarter. Both go to zero: any error can be had, at the price of units.
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


by_adam = [learn(seed, torch.optim.Adam, lr=0.02) for seed in range(3)]
by_sgd = [learn(seed, torch.optim.SGD, lr=0.1) for seed in range(3)]

# %%
# Will descent come closer to the curve than we did with as many units? We judge by the largest
# error at 2,001 points between -3 and 3, most of which were not among the 121. And what will the
# networks say outside, where nobody has told them anything?

adam_errors = [largest_error(network) for network in by_adam]
sgd_errors = [largest_error(network) for network in by_sgd]
for name, by_hand in errors.items():
    print(f"{name:17} {by_hand[0]:.2f}")
print("learned with Adam", *(f"{error:.2f}" for error in adam_errors))
print("learned with SGD ", *(f"{error:.2f}" for error in sgd_errors))
assert max(adam_errors) < largest_error(tents) < largest_error(by_tanh[0])
assert min(sgd_errors) > max(adam_errors)

purple, vermilion = plots.COLORS["purple"], plots.COLORS["vermilion"]
drawn = [
    ("wanted", wanted, grey, "--"),
    ("straight pieces", tents, purple, "-."),
    ("learned with SGD", by_sgd[0], vermilion, ":"),
    ("learned with Adam, 3 seeds", by_adam[0], green, "-"),
    (None, by_adam[1], green, "-"),
    (None, by_adam[2], green, "-"),
]
_, ax = plt.subplots()
for label, curve, color, dash in drawn:
    plots.curve(curve, (-7, 7), ax, color=color, ls=dash, label=label)
ax.axvspan(-3, 3, color=grey, alpha=0.12, lw=0)
ax.set(xlabel="input x", ylabel="output o", ylim=(-6.5, 2.5))
ax.legend(loc="lower right")
plots.describe(
    ax,
    "Between -3 and 3, shaded, the three curves by Adam cover the wanted one; "
    "that by SGD follows it roughly. Outside, the wanted curve goes on in "
    "waves, straight pieces end at zero, learned curves level off or drift.",
)
far = torch.tensor([[-7.0], [7.0]])
with torch.no_grad():
    assert tents(far).abs().max() < 1e-4
    for network in by_adam:
        assert (network(far) - wanted(far)).abs().max() > 1

# %%
# On the interval Adam has followed the curve with all three seeds, and more closely than the
# straight pieces do. It could put its units where the curve needs them; ours stand in a row, needed
# or not. Plain SGD, in as many steps, has found only the large waves. Outside nothing is right: the
# pieces end, and the learned curves go their own ways, a different one for each seed.
#
# What is proved, and what is not
# -------------------------------
# One hidden layer can come as close as we like to any continuous function on a bounded, closed
# interval, everywhere on it at once, if it has enough units. This is the
# :term:`universal approximation theorem`, and it holds for several inputs too. G. Cybenko proved it
# for continuous S-shaped activations ("Approximation by superpositions of a sigmoidal function",
# *Mathematics of Control, Signals and Systems* 2, 1989), K. Hornik for all that are continuous,
# bounded and not constant ("Approximation capabilities of multilayer feedforward networks", *Neural
# Networks* 4, 1991). M. Leshno, V. Y. Lin, A. Pinkus and S. Schocken found how little is needed:
# every continuous activation will do that is not a polynomial ("Multilayer feedforward networks
# with a nonpolynomial activation function can approximate any function", *Neural Networks* 6,
# 1993). Every condition is a limit:
#
# - The function is continuous. At a jump, a continuous curve is off by half the jump or more.
# - The interval is bounded. Outside nothing is promised, as the figure shows.
# - There are enough units. How many, the theorem does not say. A grid of twelve bumps along each of
#   ten inputs has 12 to the power of ten of them.
# - Such weights exist. That descent finds them is not said: plain SGD has not, in 2,000 steps, and
#   on :doc:`page 2.4 </auto_examples/2_neurons/plot_04_shape_of_the_error>` most starts did not.
# - The activation is not a polynomial. A thousand units that square their sums make nothing but a
#   parabola, whose third differences are zero:

torch.manual_seed(0)
places = torch.linspace(-3, 3, 13, dtype=torch.float64).unsqueeze(1)  # (13, 1)
squares = nn.Linear(1, 1000, dtype=torch.float64)(places) ** 2  # (13, 1000)
parabola = nn.Linear(1000, 1, dtype=torch.float64)(squares)  # (13, 1)
assert parabola.diff(n=3, dim=0).abs().max() < 1e-9

# %%
# What learning means here
# ------------------------
# In chapter 1 we chose the shape, a straight line, and learned two numbers. A network can take
# almost any shape. Nobody gives it a rule; examples change its weights. Whether it has learned does
# not show on these examples, which a large enough network can follow in any case. It has learned if
# its answers are right for data that it has not seen, from the same source.
#
# What one gives up is an explanation. The line's slope says how many degrees one unit is worth.
# Both scales are evenly divided, which explains why there is a line at all, also for readings that
# nobody has taken. A network's weights mean nothing of the kind. Another seed gives other weights,
# with nearly the same answers inside the interval and different ones outside. For thermometers we
# keep the line. For questions whose rule nobody can write down, such as what a dog looks like,
# there is the network.
#
# **Try it.** Build ``neurons.bump_network(torch.sign, (-3, 3), n)`` for growing even ``n`` and draw
# it around zero, where the sign jumps. What becomes of the largest error?
#
# The next page asks what else an activation is good for:
# :doc:`/auto_examples/3_activations/plot_01_scores_in_range`.
