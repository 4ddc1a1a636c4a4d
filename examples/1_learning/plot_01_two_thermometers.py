r"""
1.1 What does a reading of 60 mean?
===================================

An old thermometer shows 60. Sixty what? Its scale names no unit. Next to it hangs a second one that
shows degrees Celsius, and both were read eleven times. On this page we look at these eleven pairs,
draw a line by eye, and agree on a judge that says how good a line is. About six minutes.

The data come from *Deep Learning with PyTorch* (2020), section 5.2.1. If tensors are new to you,
read :doc:`/auto_examples/1_learning/plot_08_tensor_primer` first.
"""

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

data = nnbook.load_thermometer()
print(data)

# %%
# Two tensors hold the pairs. PyTorch's layers expect one *row* per observation and one *column* per
# quantity, so each tensor has the shape (11, 1): a batch of eleven rows with one number each. The
# batch comes first, everywhere in this book.

print("inputs: ", tuple(data.inputs.shape), data.inputs.dtype)
print("targets:", tuple(data.targets.shape), data.targets.dtype)
for row in range(3):
    reading, celsius = data[row]
    print(f"row {row}: the old thermometer shows {reading.item():.1f} at {celsius.item():.1f} °C")

# %%
# The shape matters more than it seems. Eleven numbers can also lie in a tensor of shape ``(11,)``,
# without columns. What happens if we subtract one kind from the other? Guess before you read on.

flat = data.targets.squeeze(1)
print("(11, 1) less (11,) has the shape", tuple((data.inputs - flat).shape))
assert (data.inputs - flat).shape == (11, 11)
assert torch.equal(flat.unsqueeze(1), data.targets)

# %%
# Each of the eleven rows met each of the eleven numbers: PyTorch *broadcast* the two shapes to
# (11, 11), without a word, and a loss computed from that would be wrong. ``unsqueeze(1)`` turns
# ``(11,)`` into ``(11, 1)``. nnbook refuses to mix the two:

try:
    nnbook.Samples(data.inputs, flat)
except ValueError as error:
    print(error)

# %%
# Look at the data first
# ----------------------
# Before any model, a picture. The readings are on the horizontal axis, for they are what we shall
# know; the temperatures are what we want.

ax = plots.samples(data)
plots.describe(ax, "Eleven dots, rising from the lower left to the upper right, close to a line.")

# %%
# The dots rise almost along a straight line: one more unit on the old scale is worth about half a
# degree. They do not lie on it exactly, because reading a thermometer is never exact.
#
# A line by eye
# -------------
# A straight line turns a reading :math:`u` into a temperature :math:`w u + b`. Its *weight*
# :math:`w` says how steep it is, its *bias* :math:`b` where it starts. Between the lowest and the
# highest reading, the temperature rises from -4 °C to 28 °C; a line through these two dots is a
# guess that anybody could make with a ruler.

lowest, highest = data.inputs.argmin(), data.inputs.argmax()
rise = data.targets[highest] - data.targets[lowest]
run = data.inputs[highest] - data.inputs[lowest]
w = (rise / run).item()
b = (data.targets[lowest] - w * data.inputs[lowest]).item()
print(f"through the two outermost dots: w = {w:.4f} °C per unit, b = {b:.4f} °C")


def by_eye(u):
    return w * u + b


ax = plots.samples(data, label="readings")
plots.curve(by_eye, (20, 85), ax, label="by eye", color=plots.COLORS["green"])
ax.legend()
plots.describe(ax, "The eleven dots with a line through the lowest and the highest one.")

# %%
# The line passes through the outermost dots, and most of the others lie below it: with two points we
# have used two readings and ignored nine.
#
# A judge: mean squared error
# ---------------------------
# Which line is better than another? We need one number that says how far a line is from the dots: a
# *loss*. For each reading take the *error*, the predicted temperature less the measured one. Errors
# to either side must not cancel, so they lose their sign, either by squaring or by taking the
# absolute value:
#
# .. math::
#
#    L_{\text{squared}} = \frac{1}{n} \sum_i (w u_i + b - c_i)^2, \qquad
#    L_{\text{absolute}} = \frac{1}{n} \sum_i |w u_i + b - c_i|.

error = torch.linspace(-4, 4, 201)
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2))
left.plot(error, error**2, "-", label="squared (°C²)")
left.plot(error, error.abs(), "--", label="absolute (°C)")
left.set(xlabel="error of one reading (°C)", ylabel="what it adds", title="one error")
left.legend()

squared = [((by_eye(data.inputs) + shift - data.targets) ** 2).mean() for shift in error]
absolute = [(by_eye(data.inputs) + shift - data.targets).abs().mean() for shift in error]
right.plot(error, squared, "-")
right.plot(error, absolute, "--")
right.set(xlabel="line moved up by (°C)", ylabel="loss", title="all eleven readings")
plots.describe(
    fig,
    "Left: the square of an error is a smooth bowl, its absolute value a V with a kink at zero. "
    "Right: over shifts of the whole line the squared loss is a smooth bowl, the absolute loss a "
    "chain of straight pieces; both are lowest where the line is moved down a little.",
)

# %%
# On the left, one error. The square is a smooth bowl: it flattens near zero and rises ever faster, so
# one error of four degrees counts as much as sixteen errors of one. The absolute value grows evenly
# and has a kink at zero. On the right, the whole line is moved up and down. The squared loss stays a
# smooth bowl, whose slope tells both the way to the bottom and how far it is; the absolute loss
# consists of straight pieces that all look equally steep, near the bottom too. That smooth slope is
# what the coming pages walk down. The price: a single wild reading pulls the line towards itself.

print("4 °C off counts as", 4.0**2, "errors of 1 °C")

# %%
# The loss in code is one line. Here it judges two lines: ours, and the blunt guess that the
# temperature simply is the reading, :math:`w = 1` and :math:`b = 0`.


def mean_squared_error(predictions, targets):
    return ((predictions - targets) ** 2).mean()


blunt = mean_squared_error(1.0 * data.inputs + 0.0, data.targets)
ours = mean_squared_error(by_eye(data.inputs), data.targets)
print(f"temperature = reading: {blunt:.2f} °C²")
print(f"by eye:                {ours:.2f} °C²")
assert abs(blunt - 1763.88) < 0.01
assert ours < blunt / 100

# %%
# The root of the loss is back in degrees: a typical error.

print(f"typical error by eye: {ours.sqrt():.1f} °C")

# %%
# Once written by hand, the same number comes from nnbook and from PyTorch in one line each:

params = torch.tensor([w, b])
print("nnbook: ", nnbook.line_loss(params, data).item())
print("PyTorch:", torch.nn.functional.mse_loss(by_eye(data.inputs), data.targets).item())
assert torch.isclose(nnbook.line_loss(params, data), ours)

# %%
# **Try it.** Change ``b`` by hand until the loss by eye is as low as you can make it, then change
# ``w`` too. How low do you get?
#
# The next page finds the lowest loss of any line in one step, without trying:
# :doc:`/auto_examples/1_learning/plot_02_least_squares`.
