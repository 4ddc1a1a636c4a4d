# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
3.1 How does a score stay in range?
===================================

A program looks at photographs and is to say, on a scale from 0 to 10, how much
of a dog it sees. Its last step is a weighted sum, and a weighted sum knows no
scale: it may say 12, or -1000. What brings such a number back, and what does
that cost? We cap scores, then squeeze them, and see who notices a small nudge.
The scores are made up and have no unit. About eight minutes.

The bear and the garbage truck come from *Deep Learning with PyTorch* (Stevens,
Antiga, Viehmann, 2020), section 6.1.3.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

from nnbook import plots

# %%
# A line has no ends
# ------------------
# Each photograph has become two numbers: how furry it is, and how much of it is metal. Two weights
# and a bias turn them into a score, by hand.

photographs = ["good dog", "bear", "garbage truck", "scrapyard"]
features = torch.tensor([[5.0, 0.0], [2.0, 0.0], [0.0, 6.0], [0.0, 501.0]])
weights = torch.tensor([2.0, -2.0])
raw = features @ weights + 2.0  # (4, 2) @ (2,) -> (4,)
for name, score in zip(photographs, raw.tolist(), strict=True):
    print(f"{name:14}{score:8.0f}")
assert raw.tolist() == [12, 6, -10, -1000]

# %%
# Only the bear got a score that the scale has. The order of the other three makes sense: a
# scrapyard is even less of a dog than a garbage truck. But nobody can use -1000 out of 10, and in a
# mean with other scores it would drown them all.
#
# Cap it
# ------
# The bluntest cure: below the scale say 0, above it say 10. By hand that is a minimum and a
# maximum.


def clamp(scores, low, high):
    low, high = torch.tensor(low), torch.tensor(high)
    return torch.minimum(torch.maximum(scores, low), high)


capped = clamp(raw, 0.0, 10.0)
print(capped)
assert torch.equal(capped, raw.clamp(0, 10))

# %%
# PyTorch has it as a module too, :class:`torch.nn.Hardtanh`. Its limits are -1 and 1 if we give
# none, and 0 and 10 if we ask for them.

assert torch.equal(capped, nn.Hardtanh(0, 10)(raw))
assert torch.equal(clamp(raw, -1.0, 1.0), nn.Hardtanh()(raw))

# %%
# The price is plain: truck and scrapyard are now equal. Whatever lies beyond a limit is cut off,
# and the order with it.
#
# Squeeze it
# ----------
# The gentler cure never quite reaches its limits. The :term:`tanh` of
# :doc:`page 2.1 </auto_examples/2_neurons/plot_01_one_neuron>` is made of two exponentials:
#
# .. math::
#
#    \tanh x = \frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}.


def tanh_by_formula(x):
    return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())


scores = torch.tensor([-2.2, 0.1, 0.2, 2.2, 2.5])
names = ["garbage truck", "bear", "bear, nudged", "good dog", "dog, nudged"]
squeezed = tanh_by_formula(scores)
for name, before, after in zip(names, scores, squeezed, strict=True):
    print(f"{name:14} tanh({before:4.1f}) = {after:7.4f}")

published = torch.tensor([-0.9757, 0.0997, 0.1974, 0.9757, 0.9866])
assert (squeezed - published).abs().max() < 6e-5
torch.testing.assert_close(squeezed, nn.Tanh()(scores))

# %%
# All five are published values, checked here to four digits. The nudge from 0.1 to 0.2 moves the
# bear by almost as much; a larger one, from 2.2 to 2.5, hardly moves the dog. We come back to that.
# First, what does the formula say about the scrapyard, -1000? Guess, then look.

scrapyard = torch.tensor(-1000.0)
print("by the formula: ", tanh_by_formula(scrapyard).item())
print("by torch.tanh:  ", torch.tanh(scrapyard).item())
assert tanh_by_formula(scrapyard).isnan()
assert torch.tanh(scrapyard) == -1

# %%
# Not a number: :math:`e^{1000}` is more than a ``float32`` can hold, it becomes infinite, and
# infinity divided by infinity has no value. The formula is right and still unusable. PyTorch
# computes the same function in a way that does not overflow, which is one reason to use its
# version. The answer -1 is rounded: exactly, tanh only comes close to -1. Squeezed numbers keep
# their order, as long as the computer has digits left to tell them apart.
#
# Both cures on our scale
# -----------------------
# Tanh ends at -1 and 1. A shift and a factor bring it to 0 and 10, with its centre at 5 and, there,
# the slope 1 of the uncapped score.


def squeeze(scores):
    return 5 + 5 * torch.tanh((scores - 5) / 5)


looks = {
    "raw score": (nn.Identity(), "grey", ":"),
    "capped: Hardtanh(0, 10)": (nn.Hardtanh(0, 10), "blue", "-"),
    "squeezed: tanh": (squeeze, "vermilion", "--"),
}
_, ax = plt.subplots()
for label, (function, color, dash) in looks.items():
    style = {"color": plots.COLORS[color], "linestyle": dash}
    plots.curve(function, (-8, 18), ax, label=label, **style)
ax.set(xlabel="raw score", ylabel="score on the scale", ylim=(-3, 13))
ax.legend()
plots.describe(
    ax,
    "A dotted straight line. A solid line follows it from 0 to 10 and is "
    "level on either side, with two corners; a dashed S touches it in the "
    "middle and bends smoothly towards 0 and 10.",
)
print("capped:  ", nn.Hardtanh(0, 10)(raw).tolist())
print("squeezed:", [round(score, 3) for score in squeeze(raw).tolist()])
assert (squeeze(raw) >= 0).all()
assert (squeeze(raw) <= 10).all()
assert squeeze(raw)[2] > squeeze(raw)[3]

# %%
# The solid line is the raw score between its two corners, and level outside. The dashed curve
# agrees with the raw score only around the middle. It gives up some exactness there and gets in
# return a smooth way into both limits: the truck still scores a little more than the scrapyard.
#
# A nudge here, a nudge there
# ---------------------------
# Back to plain tanh. A better lens makes every photograph look a little more like a dog: each raw
# score rises by 0.3. Whose squeezed score will notice, that of the bear at 0.1, of the garbage
# truck at -2.2, or of the good dog at 2.2? Guess by how much each of them moves.

starts = {"garbage truck": -2.2, "bear": 0.1, "good dog": 2.2}
ax = plots.shifts(torch.tanh, starts, 0.3)
plots.describe(
    ax,
    "An S-shaped curve with three hatched bands of equal width below it. From "
    "the curve they turn left to the output axis: the middle one stays wide, "
    "the two outer ones become thin.",
)
places = torch.tensor(list(starts.values()))
moved = torch.tanh(places + 0.3) - torch.tanh(places)
truck, bear, dog = moved.tolist()
print(f"truck {truck:.3f}, bear {bear:.3f}, dog {dog:.3f}")
assert bear > 5 * truck
assert bear > 5 * dog

# %%
# Three bands of the same width enter from below. The bear's comes out at the left as a broad strip,
# with nearly all of the nudge still in it. Those of the truck and the dog come out as thin lines:
# they were at the ends of the S, where it is nearly level. That is what we want of a judge. A bear
# in doubt is worth a second look; a garbage truck stays no dog through a better lens. It also has a
# cost, which is the subject of
# :doc:`page 3.3 </auto_examples/3_activations/plot_03_where_a_neuron_listens>`: where the output
# hardly moves, little can be learned.
#
# From 0 to 1
# -----------
# For a probability the ends should be 0 and 1. The :term:`sigmoid`, :math:`1 / (1 + e^{-x})`, has
# them. It is a tanh rescaled: twice as wide, half as high, moved up.

x = torch.linspace(-6, 6, 121)
sigmoid = 1 / (1 + (-x).exp())
torch.testing.assert_close(sigmoid, nn.Sigmoid()(x))
torch.testing.assert_close(sigmoid, 0.5 + 0.5 * torch.tanh(x / 2))
torch.testing.assert_close(squeeze(x), 10 * torch.sigmoid((x - 5) / 2.5))

# %%
# The last line says that our squeezed score has been a sigmoid all along. Where several classes
# compete, dog, bear and truck, their scores become probabilities together, by a relative of the
# sigmoid called :term:`softmax`; it will be needed when there are classes to tell apart.
#
# At the end of a network such a function is a promise about the answer. Inside one it has another
# task, to bend the line, as :doc:`page 2.1 </auto_examples/2_neurons/plot_01_one_neuron>` did.
#
# **Try it.** Replace tanh by ``nn.Hardtanh()`` in the figure of the three bands. Which of the three
# photographs notices the nudge now, and how much of it?
#
# The next page draws all of them side by side:
# :doc:`/auto_examples/3_activations/plot_02_catalogue`.
