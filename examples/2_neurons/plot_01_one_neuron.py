# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
2.1 A neuron is a straight line, bent
=====================================

The model of chapter 1 could rise or fall along a straight line, and nothing
else. What is the least that must be added to get beyond it? One function, laid
on top of the line; the result is called a neuron. On this page we build one,
draw it, and turn its two knobs to see what each of them does. Inputs and
outputs are plain numbers here, without a unit. About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 6.1.
"""

import matplotlib.pyplot as plt
import torch

from nnbook import activations, neurons, plots

# %%
# A line, and a function on top
# -----------------------------
# A :term:`neuron` takes a number :math:`x`, multiplies it by its :term:`weight` :math:`w`, adds its
# :term:`bias` :math:`b`, and passes the sum through an :term:`activation function` :math:`f`:
#
# .. math::
#
#    o = f(w x + b).
#
# Weight and bias are the two numbers that training changes. The function is chosen when the neuron
# is built, and has nothing to learn. Here it is :term:`tanh`, the hyperbolic tangent. It returns a
# number between -1 and 1, whatever it is given.


def neuron(x, w, b):
    return torch.tanh(w * x + b)


for x in (-3.0, 0.0, 0.5, 1.0, 3.0):
    total = 2.0 * x - 1.0
    output = neuron(torch.tensor(x), w=2.0, b=-1.0).item()
    print(f"x = {x:4.1f}   w x + b = {total:4.1f}   o = {output:7.4f}")
    assert -1 < output < 1

# %%
# The line in the middle column runs from -7 to 5. The output starts close to -1 and ends close to
# 1. As a drawing:

boxes = {
    "x": (0, 0, "input\nx"),
    "w": (1.7, 0, "times\nw"),
    "b": (3.4, 1.1, "bias\nb"),
    "sum": (3.4, 0, "sum"),
    "f": (5.3, 0, "f"),
    "o": (6.8, 0, "output\no"),
}
arrows = [
    ("x", "w", ""),
    ("w", "sum", "w x"),
    ("b", "sum", ""),
    ("sum", "f", "w x + b"),
    ("f", "o", ""),
]
fig, ax = plt.subplots(figsize=(7, 2.6))
plots.diagram(boxes, arrows, ax, highlighted=["f"])
plots.describe(
    fig,
    "Boxes in a row: input x, times w, sum, f, output o. A sixth box, bias b, "
    "stands above the sum and points to it; f has a thick edge.",
)

# %%
# From left to right: the input is multiplied by the weight, the bias joins it in the sum, and f
# turns the sum into the output. The model of chapter 1 is this drawing without the box f; that box
# is all that is new. A neuron with several inputs has a weight for each, and all the products meet
# in the sum. The next page takes that up.
#
# Two sentences on brains. F. Rosenblatt presented his :term:`perceptron` in 1958 as a model of how
# a brain stores what it perceives, built of units that switch when their input passes a threshold
# ("The perceptron: a probabilistic model for information storage and organization in the brain",
# *Psychological Review* 65, 386-408), and names such as neuron date from models of that kind. The
# likeness is worth little today: nerve cells send pulses in time and learn in other ways, and what
# goes into a network is judged by whether it works, not by whether a brain does the same.
#
# What the bend does
# ------------------
# nnbook makes the same neuron in one line. Here it is beside its own straight line, :math:`2x - 1`.

bent = neurons.neuron(2.0, -1.0)
x = torch.linspace(-3, 3, 601)
line = 2 * x - 1
assert torch.equal(bent(x), neuron(x, w=2.0, b=-1.0))

green, grey = plots.COLORS["green"], plots.COLORS["grey"]
ax = plots.curve(bent, (-3, 3), color=green, label=f"o = {bent.formula}")
ax.plot(x, line, "--", color=grey, label="2x - 1")
ax.set(xlabel="input x", ylabel="output o", ylim=(-2.5, 2.5))
ax.legend()
plots.describe(
    ax,
    "A dashed straight line, and a solid S that lies on it in the middle and "
    "turns off to run level at -1 on the left and at 1 on the right.",
)

# %%
# In the middle the solid curve lies on the dashed line. Further out it turns off and becomes level,
# at -1 on the left and at 1 on the right, while the line leaves the picture. How near is near, and
# how far is far?

near, far = line.abs() < 0.5, line.abs() > 3
from_line = (bent(x) - line)[near].abs().max()
from_level = (1 - bent(x).abs())[far].max()
print(f"where |w x + b| < 0.5: at most {from_line:.3f} from the line")
print(f"where |w x + b| > 3:   at most {from_level:.3f} from -1 or 1")
assert from_line < 0.04
assert from_level < 0.005

# %%
# So a neuron with tanh has one stretch where it answers almost in proportion, and two where it
# hardly answers at all. Tanh is one bend among many; :doc:`page 3.2
# </auto_examples/3_activations/plot_02_catalogue>` lays others beside it. That there is a bend
# matters more than which one: straight lines put into straight lines give nothing but a
# :doc:`straight line again </auto_examples/3_activations/plot_04_depth_without_activation>`.
#
# Two knobs
# ---------
# Now turn the two knobs. Below are nine neurons. From left to right the bias grows; from row to row
# the weight changes. A dot marks where the curve passes through zero. Predict the panel at the
# lower left, with :math:`w = -4` and :math:`b = -2`, before you look.

settings = [(w, b) for w in (1.0, 4.0, -4.0) for b in (-2.0, 0.0, 2.0)]
grid = {f"w = {w:g}, b = {b:g}": neurons.neuron(w, b) for w, b in settings}
panels = plots.curve_grid(grid, (-3, 3))
for ax, (w, b) in zip(panels, settings, strict=True):
    ax.plot(-b / w, 0, "o", color=plots.COLORS["vermilion"])
plots.describe(
    panels[0],
    "Nine S-shaped curves, each with a dot where it crosses zero. The first "
    "row rises gently, the second steeply, the third falls steeply; with "
    "growing bias the dot moves left in two rows and right in the third.",
)

# %%
# The weight sets steepness and direction. With :math:`w = 1`, in the first row, the curve takes
# most of the picture to rise; with 4 it is nearly a switch; with -4 it is the same switch, thrown
# the other way. The bias sets the position. The dot lies where the sum is zero:
#
# .. math::
#
#    w x_0 + b = 0, \qquad x_0 = -\frac{b}{w}, \qquad o = f\bigl(w\,(x - x_0)\bigr).
#
# A larger bias moves a rising curve to the left and a falling one to the right. It moves a steep
# curve less than a gentle one: a bias of 2 carries the dot two units away when the weight is 1, and
# half a unit when it is 4. At the dot the slope is the weight itself, since tanh has the slope 1 at
# zero. The check goes through all nine:

for (w, b), curve in zip(settings, grid.values(), strict=True):
    zero = torch.tensor([-b / w]) + 0.0  # + 0.0 makes -0.0 print as 0.0
    slope = activations.derivative(curve, zero)
    at, steep = zero.item(), slope.item()
    print(f"w = {w:2g}, b = {b:2g}: zero at {at:4.1f}, slope {steep:4.1f}")
    assert curve(zero).abs() < 1e-6
    assert abs(steep - w) < 1e-5
    assert (curve(x).diff() * w > -1e-6).all()  # one direction throughout

# %%
# Weight and bias can put the S anywhere, make it as steep as we like, and turn it round. They
# cannot make it anything but an S: a neuron with tanh only rises or only falls. For more shape it
# takes more neurons.
#
# .. explorer:: one-neuron
#    :label: One neuron: turn its weight and its bias
#
#    The dashed line is w x + b, the solid one what the function f makes of it.
#
# **Try it.** What does a neuron with the weight 0 do? Then flip the signs of both :math:`w` and
# :math:`b`. What happens to the curve, and how could whatever comes after the neuron undo it?
#
# The next page lets many neurons look at the same inputs:
# :doc:`/auto_examples/2_neurons/plot_02_layers`.
