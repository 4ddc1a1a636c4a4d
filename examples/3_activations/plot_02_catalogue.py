# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
3.2 Which activations are there?
================================

Tanh and Hardtanh kept scores in range. Many more functions have been put on
top of a line, and several stayed in use. We write all of them by hand, check
the derivative of one in three ways, and let the computer draw and tabulate
what tells them apart. Then we ask why a function that is flat on one whole
side became the usual choice. Inputs and outputs are plain numbers, without a
unit. About eight minutes.

Nine of the functions are those of *Deep Learning with PyTorch* (Stevens,
Antiga, Viehmann, 2020), section 6.1.4; GELU and SiLU came into wide use later.
"""

import torch
from torch import nn

from nnbook import activations, plots

# %%
# Eleven formulas
# ---------------
# In ``float64``, so that rounding does not get in the way:

x = torch.linspace(-3, 3, 601, dtype=torch.float64)
zero = torch.zeros_like(x)
tanh = (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())
sigmoid = 1 / (1 + (-x).exp())
by_hand = {
    "Tanh": tanh,
    "Hardtanh": x.clamp(-1, 1),
    "Sigmoid": sigmoid,
    "Softplus": (1 + x.exp()).log(),
    "ReLU": torch.maximum(x, zero),
    "LeakyReLU(0.1)": torch.maximum(x, 0.1 * x),
    "Tanhshrink": x - tanh,
    "Softshrink": x - x.clamp(-0.5, 0.5),
    "Hardshrink": torch.where(x.abs() > 0.5, x, zero),
    "GELU": x * (1 + torch.erf(x / 2**0.5)) / 2,
    "SiLU": x * sigmoid,
}
for name, values in by_hand.items():
    torch.testing.assert_close(values, activations.CATALOGUE[name](x))
assert list(by_hand) == list(activations.CATALOGUE)
print(f"{len(by_hand)} formulas agree with PyTorch")

# %%
# Three families can be told from the code. Tanh, Hardtanh and Sigmoid squeeze any number into a
# range. Softplus, :term:`ReLU` (the rectified linear unit), LeakyReLU, GELU and SiLU treat the two
# sides differently: large positive numbers pass, negative ones are dropped or made small. The
# shrinks take something away from the middle and let large numbers pass on both sides. LeakyReLU
# has a number to choose, its slope for negative inputs; 0.1 shows well in a picture, the usual
# value and PyTorch's default is 0.01.
#
# A derivative in three ways
# --------------------------
# Training needs the slope of each. Take the sigmoid, :math:`\sigma(x) = 1 / (1 + e^{-x})`. By the
# chain rule
#
# .. math::
#
#    \sigma'(x) = \frac{e^{-x}}{(1 + e^{-x})^2} = \sigma(x)\,\bigl(1 - \sigma(x)\bigr).
#
# The :term:`central difference` of
# :doc:`page 1.3 </auto_examples/1_learning/plot_03_downhill_by_hand>` knows no formula, and
# autograd (:doc:`page 1.4 </auto_examples/1_learning/plot_04_autograd>`) needs none from us:


def central_difference(function, x, delta=1e-5):
    return (function(x + delta) - function(x - delta)) / (2 * delta)


by_formula = sigmoid * (1 - sigmoid)
by_difference = central_difference(torch.sigmoid, x)

leaf = x.clone().requires_grad_()
torch.sigmoid(leaf).sum().backward()
by_autograd = leaf.grad

torch.testing.assert_close(by_formula, by_autograd)
torch.testing.assert_close(by_difference, by_autograd, rtol=0, atol=1e-8)
torch.testing.assert_close(
    activations.derivative(torch.sigmoid, x), by_autograd
)
print(f"steepest slope: {by_autograd.max():.4f}")
assert abs(by_autograd.max() - 0.25) < 1e-6

# %%
# All agree. The sum before ``backward`` is a trick: each output depends on its own input only, so
# the gradient of the sum holds all the slopes. nnbook's ``activations.derivative`` does the same in
# one call. The sigmoid is steepest at 0, with a slope of a quarter, which will matter below.
#
# Where there is no derivative
# ----------------------------
# ReLU has slope 0 on the left of zero and 1 on the right. What will the two methods say at exactly
# zero? And what at 0.5 for Hardshrink, which is 0 up to there and 0.5 just after?

corner, edge = torch.zeros(1, dtype=torch.float64), 0.5
relu, hardshrink = nn.ReLU(), nn.Hardshrink()
print("ReLU at 0, by difference:", central_difference(relu, corner).item())
print("ReLU at 0, by autograd:  ", activations.derivative(relu, corner).item())
assert central_difference(relu, corner) == 0.5
assert activations.derivative(relu, corner) == 0

print("Hardshrink at 0.5, by smaller and smaller differences:")
for delta in (1e-1, 1e-3, 1e-5):
    slope = central_difference(hardshrink, corner + edge, delta).item()
    print(f"  delta {delta:.0e}: {slope:9.1f}")
assert slope > 1e4
assert activations.derivative(hardshrink, corner + edge) == 0

# %%
# ReLU is continuous there but has a :term:`kink`, with one slope on each side. The difference takes
# the mean of the two; autograd must return something, and PyTorch returns 0. An input of exactly
# zero is rare, so the choice matters little. Hardshrink is worse: it has a jump, the difference
# grows beyond all bounds, and autograd's 0 shows nothing of it. The book, in section 6.1.5, speaks
# of "point discontinuities" in Hardtanh and ReLU. They have none; what jumps there is the slope. A
# fine grid shows it: only across a true jump is the step from one point to the next still large.

catalogue = activations.CATALOGUE
fine = torch.linspace(-3, 3, 600_001, dtype=torch.float64)
steps = {name: f(fine).diff().abs().max() for name, f in catalogue.items()}
print(f"largest steps: {steps['ReLU']:.5f} for ReLU,", end=" ")
print(f"{steps['Hardshrink']:.5f} for Hardshrink")
assert [name for name in steps if steps[name] > 1e-4] == ["Hardshrink"]

# %%
# The catalogue drawn
# -------------------
# Before you scroll: how many of the eleven have a derivative that consists of level pieces only?
# How many have a derivative above 1 somewhere, and how many fall somewhere?

panels = plots.activation_grid()
plots.describe(
    panels[0],
    "Eleven small graphs of a function, its derivative and the line y = x. "
    "Three functions are level at both ends, three only in the middle, four "
    "only at the left end; LeakyReLU is nowhere level.",
)
slopes = {n: activations.derivative(f, x) for n, f in catalogue.items()}
level = [name for name in slopes if len(slopes[name].unique()) == 2]
above_1 = [name for name in slopes if slopes[name].max() > 1.001]
falling = [name for name in slopes if slopes[name].min() < -0.001]
print("level pieces:", ", ".join(level))
print("above 1:     ", ", ".join(above_1))
print("falling:     ", ", ".join(falling))
assert len(level) == 5
assert above_1 == falling == ["GELU", "SiLU"]

# %%
# The dotted line :math:`y = x` is a guide: the :term:`identity function`, which would change
# nothing. Top row: tanh and Hardtanh follow it around zero and level off at both ends; Sigmoid is
# the flat one of the three. Second row: Softplus is a ReLU with a rounded corner, and LeakyReLU
# keeps a little slope on the left. Third row: the shrinks run beside the guide or come back to it,
# and are flat in the middle, where tanh is steep. Bottom row: GELU and SiLU look like a ReLU that
# dips below zero before it rises. They are the only ones that fall somewhere, and so not
# :term:`monotonic`, and they overshoot the slope 1 on their way up. Five of the dashed derivatives
# consist of level pieces.
#
# .. explorer:: catalogue
#    :label: The catalogue, one function at a time
#
#    The solid line is the function, the dashed one its derivative, the dotted one y = x.
#
# The catalogue tabulated
# -----------------------
# What a picture shows roughly, a table says exactly. Bounds, monotony, kinks and jumps are stated
# in the catalogue. The values and slopes are computed from PyTorch when the table is printed.
# "Sensitive" is where the slope's size is at least a tenth of the largest.

print(activations.table())
assert catalogue["ReLU"].slopes_at_corners == {0: 0}
assert abs(catalogue["LeakyReLU(0.1)"].slopes_at_corners[0] - 0.1) < 1e-6
assert catalogue["Hardtanh"].slopes_at_corners == {-1: 0, 1: 0}
for name, activation in catalogue.items():
    assert activation.is_monotonic == (name not in falling)
    values, (low, high) = activation(10 * x), activation.bounds
    assert low - 1e-9 <= values.min() <= values.max() <= high + 1e-9

# %%
# Read the columns from the right. Every function is sensitive somewhere, or nothing could be
# learned through it. Most also have a range where they hardly respond; at an end of the curve this
# is called :term:`saturation`. An early edition (2019) of the book asks for such a range in every
# activation, but LeakyReLU has none. At a kink PyTorch returns the slope of one of the two sides.
# The value at 0 says what a unit passes on when its sum is zero: most stay silent, Sigmoid and
# Softplus do not.
#
# What do all eleven share? They are not straight lines, and have a derivative everywhere but at a
# few points. Little more is asked of an activation.
#
# Why ReLU, and why still the sigmoid
# -----------------------------------
# In a deep network a gradient passes through one activation after the other, and the slopes
# multiply. We put each of three functions into itself ten times and look for the steepest slope of
# the result. (In a network there are weights in between; we leave them out.) Will the ten sigmoids
# let through a tenth, a thousandth, a millionth?

steepest = {}
for name in ("Sigmoid", "Tanh", "ReLU"):
    ten_deep = nn.Sequential(*(catalogue[name].make() for _ in range(10)))
    through = activations.derivative(ten_deep, x)
    steepest[name] = through.max().item()
    share = (through > 0.1).double().mean()
    print(f"{name:8} at most {steepest[name]:.1e}; above 0.1 for {share:4.0%}")
assert steepest["Sigmoid"] < 0.25**10
assert steepest["ReLU"] == 1

# %%
# Not even a millionth: each leaves a quarter at best, and a quarter ten times over is less than
# that. Ten tanhs let everything through at zero, and less and less beside it. Ten ReLUs let
# everything through wherever the input is positive, and nothing elsewhere. That is the main reason
# why ReLU is today's default between layers; that it costs a comparison and no exponential is
# another. Its weakness is the dropped half. A unit whose sum is negative for all rows gets no
# gradient and may never recover. LeakyReLU is the simplest remedy; GELU and SiLU, common in large
# language models, fade out on the left where ReLU stops dead.
#
# The sigmoid is kept where a number between 0 and 1 is meant: for a probability at the end of a
# network, or for a gate that says how much of something passes.
#
# **Try it.** Write a twelfth function, :math:`x / (1 + |x|)`, which PyTorch calls Softsign. Fill in
# its line of the table by hand, then check it: make an ``activations.Activation`` of
# ``nn.Softsign`` and hand ``activations.table`` a dict with it.
#
# The next page looks at what saturation does to learning:
# :doc:`/auto_examples/3_activations/plot_03_where_a_neuron_listens`.
