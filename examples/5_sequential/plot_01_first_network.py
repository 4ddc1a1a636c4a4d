# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
5.1 What is in a network with a hidden layer?
=============================================

The straight line has done all the learning so far. Now one box of the picture changes: the model
becomes a network with one hidden layer. We build it from three modules, look at it in two kinds of
drawing, and see what it says before it has learned anything. The data are the eleven readings of
the old thermometer (unknown unit) with their temperatures (°C). About six minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), section
6.3.1.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import plots

data = nnbook.load_thermometer()
data = data.with_inputs(0.1 * data.inputs)  # scaled, as in chapter 1

# %%
# Why leap where we know the answer
# ---------------------------------
# First, what to expect. One thermometer scale turns into another by a straight line, and the
# readings scatter about that line because reading a thermometer is not exact. Least squares has
# already found the best line for these rows:

line = nnbook.least_squares(data)
print(f"best line: mean squared error {line.mse:.2f} °C²")
print(f"typical error {line.mse**0.5:.1f} °C")

# %%
# Nothing is left for a network to find. Where the process is linear, a network cannot, on average,
# do better on new readings than the right line. On these eleven it can go lower, but only by
# following their measurement errors. We make the leap here for that very reason: the right answer
# is known, so whatever the network does wrong will show.
#
# Three modules in a row
# ----------------------
# :class:`torch.nn.Sequential` is a module that holds other modules and calls them one after the
# other; each takes what the one before it returned. Ours are a linear layer from 1 number to 13, an
# activation, and a linear layer from 13 numbers back to 1. A network of this kind is called a
# :term:`multilayer perceptron`.

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(1, 13), nn.Tanh(), nn.Linear(13, 1))
print(model)

# %%
# The first linear layer with its activation is the :term:`hidden layer`, and its 13 neurons are its
# :term:`hidden units <hidden unit>`. "Hidden" means only that the data say nothing about it: a row
# tells us what goes in and what should come out, and no column holds what the values in between
# should be. The last linear layer, the :term:`output layer`, weighs the 13 values and adds them up.
# It has no activation, for the reason on :doc:`page 2.2 </auto_examples/2_neurons/plot_02_layers>`:
# after a tanh, no temperature above 1 °C could come out.
#
# The 13 is a free choice, and the two places where it stands must agree. Each layer owns a weight
# and a bias; ``nn.Linear`` stores the weight with outputs first:

shapes = [tuple(parameter.shape) for parameter in model.parameters()]
print(shapes)
assert shapes == [(13, 1), (13,), (1, 13), (1,)]

# %%
# What if the two numbers disagree? Nothing is checked when the network is built. The first batch
# finds out:

mismatched = nn.Sequential(nn.Linear(1, 13), nn.Tanh(), nn.Linear(11, 1))
try:
    mismatched(data.inputs)
except RuntimeError as error:
    print(error)
else:
    raise AssertionError("13 values went into a layer that takes 11")

# %%
# Eleven rows of 13 values met a matrix that expects eleven values a row. That 11 appears twice is a
# trap of this example: the first is the size of the batch, the second the wrong width.
#
# What calling it does
# --------------------
# Written as a formula, with :math:`W_1, b_1` for the first layer and :math:`W_2, b_2` for the last
# (from here on we count layers from 1, where page 2.2 counted from 0):
#
# .. math::
#
#    h = \tanh(W_1 x + b_1), \qquad o = W_2 h + b_2.
#
# We do it by hand and compare.

w1, b1, w2, b2 = model.parameters()
with torch.no_grad():
    hidden = torch.tanh(data.inputs @ w1.T + b1)  # (11, 1) -> (11, 13)
    by_hand = hidden @ w2.T + b2  # (11, 13) -> (11, 1)
    outputs = model(data.inputs)  # (11, 1)
print("inputs ", tuple(data.inputs.shape))
print("hidden ", tuple(hidden.shape))
print("outputs", tuple(outputs.shape))
torch.testing.assert_close(outputs, by_hand)

# %%
# Two ways to draw it
# -------------------
# Books for beginners draw every neuron as a circle and every weight as a line.

fig, ax = plt.subplots(figsize=(7, 5))
plots.network(model, ax)
plots.describe(
    fig,
    "One circle on the left, a column of 13 circles in the middle, one on the "
    "right. Lines join the left circle to each in the middle, and each of "
    "these to the right one; negative weights are dashed.",
)

# %%
# Blue lines are positive weights, dashed ones negative, and a wide line is a large weight. This
# style shows units: that every hidden unit sees the same input with a weight of its own, and that
# the output hears them all. It hides the biases and has nowhere to put the activation but in the
# caption. It also does not grow: two layers of a thousand units have a million lines between them.
#
# Engineers draw one box for each module instead, and write on the arrows what shape flows there.

fig, ax = plt.subplots(figsize=(7, 4.6))
plots.blocks(model, ax)
plots.describe(
    fig,
    "Five boxes from top to bottom: input, Linear(1, 13), Tanh, "
    "Linear(13, 1), output. Beside the arrows between them stand the shapes "
    "(batch, 1), (batch, 13), (batch, 13), (batch, 1).",
)

# %%
# From top to bottom: a column of readings enters, 13 columns leave the first layer, Tanh keeps
# them 13, and one column comes out. This style shows operations and shapes, has the same size for
# 13 units as for 13,000, and makes Tanh a box like the others, which it is in the code. It hides
# the units and the weights. The numbers 0, 1 and 2 in the boxes are all the names that the modules
# have; the next page gives them better ones.
#
# Before training
# ---------------
# The network can be asked at once; its weights are random numbers. What will its curve look like
# over the readings? Guess how high it will reach.

ax = plots.samples(nnbook.load_thermometer(), label="readings")
reach = []
dashes = ("-", "--", "-.")
for seed, dash in enumerate(dashes):
    torch.manual_seed(seed)
    fresh = nn.Sequential(nn.Linear(1, 13), nn.Tanh(), nn.Linear(13, 1))
    reach.append(fresh(data.inputs).abs().max().item())

    def predict(readings, network=fresh):
        return network(0.1 * readings)

    style = {"color": plots.COLORS["green"], "linestyle": dash}
    style["label"] = f"untrained, seed {seed}"
    plots.curve(predict, (20, 90), ax, **style)
ax.legend()
plots.describe(
    ax,
    "Eleven dots rise from -4 to 28 °C; three curves of untrained networks "
    "run nearly flat close to 0 °C.",
)
bound = (13 + 1) / 13**0.5
print(f"farthest from 0 °C at a reading: {max(reach):.2f} °C")
print(f"no untrained network of this shape gets beyond {bound:.2f} °C")
assert max(reach) < 2 < bound

# %%
# The dots rise by more than thirty degrees, and the three curves stay within two degrees of zero,
# almost flat. ``nn.Linear(13, 1)`` starts with weights and a bias of at most :math:`1/\sqrt{13}` in
# size, and tanh hands it values between -1 and 1. Even if all of them pulled the same way, the
# output could not pass :math:`(13 + 1)/\sqrt{13}`; with mixed signs it stays far below. Each seed
# gives another curve, and none of them has anything to do with temperatures.
#
# nnbook builds the same network in one line, from the same random numbers, and names its layers:

torch.manual_seed(0)
named = nnbook.mlp(1, 13, 1)
with torch.no_grad():
    assert torch.equal(named(data.inputs), outputs)
print(named)

# %%
# **Try it.** Add a second hidden layer of 5 units with its own Tanh. Write down the shapes of the
# six parameters before you print them, then draw the network.
#
# The next page replaces 0, 1 and 2 by names: :doc:`/auto_examples/5_sequential/plot_02_names`.
