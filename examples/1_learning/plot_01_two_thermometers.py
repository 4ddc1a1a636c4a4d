# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
1.1 What does a reading of 60 mean?
===================================

An old thermometer shows 60. Sixty what? Its scale names no unit. Next to it
hangs a second one that shows degrees Celsius, and both were read eleven
times. On this page we look at these eleven pairs, draw a line by eye,
and agree on a judge that says how good a line is. About six minutes.

The data come from *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 5.2.2. If tensors are new to you, read
:doc:`/auto_examples/1_learning/plot_08_tensor_primer` first.
"""

import textwrap

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

data = nnbook.load_thermometer()
print(textwrap.fill(str(data), 76))

# %%
# Two :term:`tensors <tensor>` hold the pairs. PyTorch's layers expect one row per observation and
# one column per quantity, so each tensor has the shape (11, 1): a :term:`batch` of eleven rows with
# one number each. The batch comes first, everywhere in this book: a layer then treats every row
# alike, however many there are, and computes all of them at once.

print("inputs: ", tuple(data.inputs.shape), data.inputs.dtype)
print("targets:", tuple(data.targets.shape), data.targets.dtype)
for row in range(3):
    reading, celsius = data[row]
    print(f"row {row}: reading {reading.item():.1f}, {celsius.item():.1f} °C")

# %%
# The shape matters more than it seems. Eleven numbers can also lie in a tensor of shape ``(11,)``,
# without columns. What happens if we subtract one kind from the other? Guess before you read on.

flat = data.targets.squeeze(1)
print("(11, 1) minus (11,) has the shape", tuple((data.inputs - flat).shape))
assert (data.inputs - flat).shape == (11, 11)
assert torch.equal(flat.unsqueeze(1), data.targets)

# %%
# Each of the eleven rows met each of the eleven numbers: by :term:`broadcasting`, PyTorch stretched
# both to (11, 11) and gave no warning. A loss computed from that would be wrong. ``unsqueeze(1)``
# turns ``(11,)`` into ``(11, 1)``. nnbook refuses to mix the two:

try:
    nnbook.Samples(data.inputs, flat)
except ValueError as error:
    print(textwrap.fill(str(error), 76))

# %%
# Look at the data first
# ----------------------
# Before any model, a picture. The readings are on the horizontal axis, because they are what we
# will know; the temperatures are what we want.

ax = plots.samples(data)
plots.describe(
    ax,
    "Eleven dots, rising from the lower left to the upper right, "
    "close to a straight line.",
)

# %%
# The dots rise almost along a straight line. They do not lie on it exactly, because reading a
# thermometer is never exact.
#
# A line by eye
# -------------
# A straight line turns a reading :math:`u` into a temperature :math:`w u + b`. Its :term:`weight`
# :math:`w` says how many degrees one unit is worth; its :term:`bias` :math:`b` is the temperature
# at a reading of 0. Anybody can lay a ruler through the lowest and the highest dot.

lowest, highest = data.inputs.argmin(), data.inputs.argmax()
rise = data.targets[highest] - data.targets[lowest]
run = data.inputs[highest] - data.inputs[lowest]
w = (rise / run).item()
b = (data.targets[lowest] - w * data.inputs[lowest]).item()
print(f"w = {w:.4f} °C per unit, b = {b:.4f} °C")


def by_eye(u):
    return w * u + b


ax = plots.samples(data, label="readings")
plots.curve(by_eye, (20, 85), ax, label="by eye", color=plots.COLORS["green"])
ax.legend()
plots.describe(
    ax,
    "The eleven dots and a line through the lowest and the highest one; "
    "most of the other dots lie below it.",
)

n_below = int((data.targets < by_eye(data.inputs) - 0.01).sum())
print(f"{n_below} of the other 9 dots lie below the line")
print(f"a reading of 60 means {by_eye(60):.1f} °C, by this line")
assert 0.5 < w < 0.6
assert n_below > 9 / 2

# %%
# One more unit on the old scale is worth about half a degree, and the last line is our first answer
# to the question in the title. The line passes through the outermost dots, and most of the others
# lie below it: we have used two readings and ignored nine.
#
# A judge: mean squared error
# ---------------------------
# Which line is better than another? We need one number that says how far a line is from the dots: a
# :term:`loss`. For each reading take the :term:`error`, the predicted temperature minus the
# measured one. Errors to either side must not cancel, so they lose their sign, either by squaring
# or by taking the absolute value. The first gives the :term:`mean squared error`:
#
# .. math::
#
#    L_{\text{squared}} = \frac{1}{n} \sum_i (w u_i + b - c_i)^2, \qquad
#    L_{\text{absolute}} = \frac{1}{n} \sum_i |w u_i + b - c_i|.

error = torch.linspace(-4, 4, 201)
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4))
left.plot(error, error**2, "-", label="squared (°C²)")
left.plot(error, error.abs(), "--", label="absolute (°C)")
left.set(xlabel="error of one reading (°C)", title="one reading")
left.set_ylabel("what it adds (°C² or °C)")
left.legend()

shifted = by_eye(data.inputs) + error - data.targets  # (11, 201)
right.plot(error, shifted.square().mean(dim=0), "-", label="squared (°C²)")
right.plot(error, shifted.abs().mean(dim=0), "--", label="absolute (°C)")
right.set(xlabel="line moved up by (°C)", title="all eleven readings")
right.set_ylabel("loss (°C² or °C)")
right.legend()
plots.describe(
    fig,
    "Left: the square of an error is a smooth bowl, its absolute value a V "
    "with a kink at zero. Right: as the whole line moves up or down, the "
    "squared loss is a smooth bowl, the absolute loss a chain of straight "
    "pieces; both are lowest where the line has moved down a little.",
)

# %%
# On the left, one reading. The square is a smooth bowl: it is flat at zero and rises ever faster,
# so that one error of four degrees counts as much as sixteen errors of one. The absolute value
# rises evenly and has a kink at zero. On the right, the whole line is moved up and down. The
# squared loss stays a smooth bowl: the farther from the bottom, the steeper. The absolute loss
# consists of straight pieces with a kink at each reading; its slope says on which side more
# readings lie, not how far away they are. A smooth slope that fades towards the bottom is what the
# coming pages walk down. The price: a single wild reading pulls the line far towards itself.

print("4 °C off counts as", 4.0**2, "errors of 1 °C")

# %%
# The loss in code is one line. It judges two lines: the one by eye, and the naive guess that the
# temperature simply is the reading, :math:`w = 1` and :math:`b = 0`.


def mean_squared_error(predictions, targets):
    return ((predictions - targets) ** 2).mean()


naive = mean_squared_error(1.0 * data.inputs + 0.0, data.targets)
ours = mean_squared_error(by_eye(data.inputs), data.targets)
print(f"temperature = reading: {naive:.2f} °C²")
print(f"by eye:                {ours:.2f} °C²")
assert abs(naive - 1763.88) < 0.01  # as published, see the sources
assert ours < naive / 100

# %%
# The root of the loss is back in degrees: the size of a typical error, in which large errors weigh
# more (the root mean square).

print(f"typical error by eye: {ours.sqrt():.1f} °C")

# %%
# Once written by hand, the same number comes from nnbook and from PyTorch in one line each:

from_nnbook = nnbook.line_loss(torch.tensor([w, b]), data)
from_torch = torch.nn.functional.mse_loss(by_eye(data.inputs), data.targets)
print(f"nnbook {from_nnbook:.4f}, PyTorch {from_torch:.4f}")
assert torch.isclose(from_nnbook, ours)
assert torch.isclose(from_torch, ours)

# %%
# **Try it.** Change ``b`` by hand until the loss is as low as you can make it, then change ``w``
# too. How low do you get?
#
# The next page finds the lowest loss of any line in one step, without trying:
# :doc:`/auto_examples/1_learning/plot_02_least_squares`.
