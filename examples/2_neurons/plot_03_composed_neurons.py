# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
2.3 What can four neurons do together?
======================================

A single neuron with tanh only rises or only falls. What becomes of four of
them when they are added up and put into each other? We take four fixed
neurons, combine them step by step, and ask at each step what the curve will
look like; nothing is trained. Inputs and outputs are plain numbers without a
unit. About eight minutes.

The neurons are those of *Deep Learning with PyTorch* (Stevens, Antiga,
Viehmann, 2020), section 6.1.6.
"""

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import neurons, plots

# %%
# Added, and put into each other
# ------------------------------
# The four neurons are of the kind of
# :doc:`page 2.1 </auto_examples/2_neurons/plot_01_one_neuron>`: a weighted input, a bias, tanh.
# Their outputs can be added, and a sum can be the input of another neuron. A :term:`layer` does
# both with the outputs of the layer before it. In code there is nothing more to it:


def c(x):
    return torch.tanh(4 * x + 1)


def d(x):
    return torch.tanh(-3 * x + 1.5)


x = torch.linspace(-3, 3, 6001, dtype=torch.float64)  # every 0.001
total = torch.tanh(-2 * x - 1.25) + torch.tanh(x + 0.75)  # A + B
by_hand = {
    "A + B": total,
    "C + D": c(x) + d(x),
    "C(A + B)": c(total),
    "D(A + B)": d(total),
    "C(A + B) + D(A + B)": c(total) + d(total),
}

# %%
# nnbook keeps the same four as ``BOOK_NEURONS``. A ``+`` adds them, a call puts one into another,
# and the names follow:

A, B, C, D = neurons.BOOK_NEURONS
last = C(A + B) + D(A + B)
combined = [A + B, C + D, C(A + B), D(A + B), last]
for curve in combined:
    torch.testing.assert_close(curve(x), by_hand[curve.name])
print(last.name)

# %%
# Before you look: A falls from 1 to -1 and B rises from -1 to 1, both near the middle of the
# picture. What can be left when they are added? C rises just before D falls: what will that give?
# The third row puts the sum A + B into C and into D, and then adds these two.

rows = [A, B, A + B, C, D, C + D, C(A + B), D(A + B), last]
panels = plots.curve_grid({curve.title: curve for curve in rows}, (-3, 3))
plots.describe(
    panels[0],
    "Nine curves. A and D fall, B and C rise. A + B is flat but for a bump "
    "and a dip; C + D is one high bump; C(A + B) rises and falls like A + B, "
    "D(A + B) the other way round; the last one runs high and dips twice.",
)

# %%
# First row: A falls more steeply than B rises. Far out the two cancel, near the middle they do not.
# A soft S is left, with a bump of 0.40 at about -1.1 and a dip of -0.21 close to 0.
#
# Second row: on the left C is -1 and D is 1, on the right it is the other way round, and in both
# places they cancel. In between both are positive and add up to one bump. It reaches 1.72, higher
# than any single neuron can.

bump, dip = total.argmax(), total.argmin()
print(f"bump of A + B: {total[bump]:5.2f} at x = {x[bump]:5.2f}")
print(f"dip of A + B:  {total[dip]:5.2f} at x = {x[dip]:5.2f}")
assert abs(total[bump] - 0.40) < 0.005
assert abs(x[bump] + 1.1) < 0.02
assert abs(total[dip] + 0.21) < 0.005
assert abs(x[dip]) < 0.05

peak = (C + D)(x).max()
print(f"peak of C + D: {peak:5.2f}")
assert abs(peak - 1.72) < 0.005
assert max(neuron(x).abs().max() for neuron in (A, B, C, D)) <= 1

# %%
# Third row: C rises, so C(A + B) follows A + B, up where it goes up and down where it goes down. It
# is not a copy: the bump is pressed flat against the ceiling of 1, and the dip comes out deep. D
# falls, so D(A + B) mirrors A + B: a dip where the bump was, a slight bump where the dip was.

rising = total.diff()
assert (C(A + B)(x).diff() * rising > -1e-15).all()
assert (D(A + B)(x).diff() * rising < 1e-15).all()

# %%
# Why two dips?
# -------------
# The last panel is C(A + B) + D(A + B), and both see the same number. So it is C + D of that
# number: the curve of the sixth panel, applied to the curve of the third.

y = last(x)
torch.testing.assert_close((C + D)(A + B)(x), y)

halfway = bump + y[bump:dip].argmax()
marks = {
    "bump": (bump, "^", "vermilion"),
    "between": (halfway, "s", "green"),
    "dip": (dip, "v", "purple"),
}
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4), sharey=True)
plots.curve(C + D, (-1, 1), left, color=plots.COLORS["blue"])
plots.curve(last, (-3, 3), right, color=plots.COLORS["blue"])
for name, (i, marker, color) in marks.items():
    look = {"color": plots.COLORS[color], "markersize": 8, "label": name}
    left.plot(total[i], y[i], marker, **look)
    right.plot(x[i], y[i], marker, **look)
left.set(xlabel="A + B", ylabel="output o", title="C + D of A + B")
right.set(xlabel="input x", title=last.name)
right.legend(loc="lower right", title="of A + B")
plots.describe(
    fig,
    "Left: a bump, with one mark at its top and one lower down on each side. "
    "Right: the composed curve, with the same marks at its first dip, at the "
    "peak that follows, and at its second dip.",
)

lowest = (y[1:-1] < y[:-2]) & (y[1:-1] < y[2:])  # lower than both sides
dips = lowest.nonzero().squeeze(1) + 1
for i in dips:
    print(f"dip of the last curve: {y[i]:.2f} at x = {x[i]:5.2f}")
assert dips.tolist() == [bump, dip]
assert abs(y[bump] - 1.27) < 0.005
assert abs(y[dip] - 1.12) < 0.005
assert abs(y[halfway] - peak) < 1e-4

# %%
# On the left, C + D over the values of A + B. Its top lies a little above zero. At the bump, A + B
# is too large for it, at the dip too small, and in both places one has slid down a side of the
# hill: to 1.27 and to 1.12. Between them A + B passes the best value, and the curve on the right is
# back at the full height of C + D. One hill, met by an S, gives two dips with a peak between.
#
# Two corrections
# ---------------
# Two things were published differently. The notebook that goes with the book labels the fourth
# neuron tanh(-3x - 1.5) in its figure, and computes with +1.5, as we do. Does the sign matter?

E = neurons.neuron(-3.0, -1.5, name="E")  # D as it is labelled
computed = {curve.name: curve for curve in (C + D, D(A + B), last)}
by_label = [C + E, E(A + B), C(A + B) + E(A + B)]
panels = plots.curve_grid(computed, (-3, 3))
for ax, curve in zip(panels, by_label, strict=True):
    plots.curve(curve, (-3, 3), ax, color=plots.COLORS["vermilion"], ls="--")
plots.describe(
    panels[0],
    "Three panels with a solid curve for +1.5 and a dashed one for -1.5. With "
    "-1.5, C + D is a dip, and D(A + B) and the last curve lie below zero.",
)
assert by_label[0](x).min() < -0.5
assert by_label[0](x).max() < 0.01
assert by_label[1](x).max() < -0.5
assert by_label[2](x).max() < 0

# %%
# It does. The solid curves are those for +1.5. With -1.5, dashed, C + D is a dip in place of a
# bump, and D(A + B) and the last curve stay below zero. Only +1.5 gives the curves that the book
# describes; the label is in error.
#
# The other thing is a sentence. The book says that D(A + B) keeps the bumps of A + B. It keeps
# their places, but it turns them over, as the check below the nine curves confirmed.
#
# It is a network
# ---------------
# A and B take the input, C and D take their sum, and at the end these two are added. That is a
# :term:`neural network` with two :term:`hidden layers <hidden layer>` of two units each, and we can
# write its matrices down. C and D have one weight for A and one for B, here the same.

network = nnbook.mlp(1, [2, 2], 1)
ours = [
    [[-2.0], [1.0]],  # A and B
    [-1.25, 0.75],
    [[4.0, 4.0], [-3.0, -3.0]],  # C and D
    [1.0, 1.5],
    [[1.0, 1.0]],  # their sum
    [0.0],
]
with torch.no_grad():
    for parameter, values in zip(network.parameters(), ours, strict=True):
        parameter.copy_(torch.tensor(values))
    inputs = torch.linspace(-3, 3, 601).unsqueeze(1)  # (601, 1)
    torch.testing.assert_close(network(inputs), last(inputs))
n_parameters = sum(p.numel() for p in network.parameters())
print(f"{n_parameters} parameters, the same curve")

# %%
# Four bends, and a curve with two dips that none of them has. Other numbers in the same places give
# other curves. Here somebody chose them; learning is to let the loss choose.
#
# .. explorer:: composed
#    :label: Four neurons: turn their weights and biases
#
#    The dotted line is A, the dashed one B, the solid one the curve that is chosen from the list.
#
# **Try it.** Turn the two 1.0 of the last layer into -1.0, one at a time. Which of the two dips
# becomes a bump? Then draw the network with ``plots.network(network)``.
#
# What does the loss look like, as a function of such numbers? The next page draws it:
# :doc:`/auto_examples/2_neurons/plot_04_shape_of_the_error`.
