# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
1.2 The best line needs no learning
===================================

:doc:`Page 1.1 </auto_examples/1_learning/plot_01_two_thermometers>` drew a line by eye and judged
it by the mean squared error. Which straight line has the lowest error of all, and how firmly do
eleven readings hold it in place? We solve for it in one step, look at what it leaves over, and
print the table that statisticians read. Readings are in the unknown unit, temperatures in °C.
About eight minutes.

The published numbers that are checked below come from a web tutorial, "Neural Network Basics:
Linear Regression with PyTorch" (J. Beach, 2020).
"""

import torch

import nnbook
from nnbook import plots

data = nnbook.load_thermometer(dtype=torch.float64)
ones = torch.ones_like(data.inputs)
design = torch.cat([ones, data.inputs], dim=1)  # (11, 2)
print(design[:3])

# %%
# Eleven equations, two unknowns
# ------------------------------
# Each reading asks the line to meet its temperature: :math:`b + w u_i = c_i`. Written together,
# with a column of ones for the bias, that is :math:`X \beta = c`, where :math:`\beta = (b, w)`.
# Eleven equations for two unknowns cannot all hold, unless the dots lie on a line. :term:`Least
# squares <least squares>` asks instead for the :math:`\beta` that makes the sum of the squared
# errors, :math:`\lVert c - X\beta \rVert^2`, as small as it can be. The same :math:`\beta` has the
# lowest mean squared error, because the mean is only the sum divided by eleven.
#
# The :term:`QR decomposition` solves this. It writes :math:`X = QR`: the columns of :math:`Q` have
# length 1 and stand at right angles to each other, and :math:`R` is triangular. The sum of squares
# then falls into two parts:
#
# .. math::
#
#    \lVert c - X\beta \rVert^2 =
#    \lVert Q^\mathsf{T} c - R\beta \rVert^2 + \lVert c - Q Q^\mathsf{T} c \rVert^2.
#
# No choice of :math:`\beta` changes the second part. The first can be made exactly zero: solve
# :math:`R\beta = Q^\mathsf{T} c`, which is triangular, from its last row upwards.

q, r = torch.linalg.qr(design)  # (11, 2), (2, 2)
along = q.T @ data.targets  # (2, 1)
coefficients = torch.linalg.solve_triangular(r, along, upper=True)  # (2, 1)
b, w = coefficients.squeeze(1).tolist()
print(f"b = {b:.4f} °C, w = {w:.4f} °C per unit")

residuals = data.targets - design @ coefficients  # (11, 1)
second_part = data.targets - q @ along  # there is no beta in it
assert torch.allclose(residuals, second_part)

# %%
# Once written by hand, the same in one line. Beside it we draw the line by eye, through the lowest
# and the highest reading: two equations for two unknowns, which can both hold.

line = nnbook.least_squares(data)
assert torch.allclose(line.coefficients, coefficients.squeeze(1))

ends = torch.stack([data.inputs.argmin(), data.inputs.argmax()])  # two rows
by_eye = torch.linalg.solve(design[ends], data.targets[ends])  # (2, 1)

ax = plots.samples(data, label="readings")
ax.plot(*data[ends], "--", color=plots.COLORS["grey"], label="by eye")
green = plots.COLORS["green"]
plots.curve(line.predict, (20, 85), ax, label="least squares", color=green)
ax.legend()
plots.describe(
    ax,
    "Eleven dots and a rising solid line that passes between them; the dashed "
    "line by eye joins the two outermost dots and runs above the solid one.",
)

# %%
# The solid line of least squares is almost as steep as the dashed line by eye, but runs lower: it
# passes between the dots instead of through two of them.
#
# The floor
# ---------
# By the two parts above, no other straight line can have a lower loss. We check with a hundred
# thousand lines in its neighbourhood.

mse = residuals.square().mean().item()
mse_by_eye = (design @ by_eye - data.targets).square().mean().item()
print(f"by eye:        {mse_by_eye:.2f} °C²")
print(f"least squares: {mse:.2f} °C², the root is {mse**0.5:.1f} °C")
assert abs(mse - 2.93) < 0.005

generator = torch.Generator().manual_seed(0)
steps = torch.randn(2, 100_000, generator=generator, dtype=torch.float64)
nearby = coefficients + torch.tensor([[1.0], [0.02]]) * steps  # (2, 100000)
their_mse = (design @ nearby - data.targets).square().mean(dim=0)
print(f"best of 100,000 lines nearby: {their_mse.min() - mse:.1e} °C² more")
assert (their_mse > mse).all()

# %%
# None goes below. This is the floor for a straight line on these rows: however long a line is
# trained, it can come down to this loss and no further. Only a model that bends can go lower, by
# following the readings more closely than a line does. Here that is the first sign of
# :term:`overfitting`, of learning the accidents of these eleven readings. Whether it is more than a
# sign can only be told by other readings, which
# :doc:`page 1.6 </auto_examples/1_learning/plot_06_held_out_readings>` holds out.
#
# Why not the normal equations?
# -----------------------------
# Many books multiply :math:`X\beta = c` by :math:`X^\mathsf{T}` and solve the
# :term:`normal equations`, :math:`X^\mathsf{T} X \beta = X^\mathsf{T} c`. On paper the answer is
# the same. On a computer, the :term:`condition number` says how far small rounding errors can be
# magnified on the way. For :math:`X^\mathsf{T} X` it is the square of that for :math:`X`:

condition = torch.linalg.cond(design)
squared = torch.linalg.cond(design.T @ design)
print(f"condition number of X {condition:.1f}, of X'X {squared:.0f}")
assert torch.isclose(squared, condition**2)

# %%
# Here both ways keep enough digits. With many inputs, or badly scaled ones, the square of a large
# number can leave none, and QR never forms :math:`X^\mathsf{T} X`. The larger of the two numbers
# comes back on the next page: it also decides how slow it is to walk down to this line.
#
# What is left over
# -----------------
# A :term:`residual` is the measured temperature minus the predicted one: the error of page 1.1 with
# its sign reversed, as is usual in statistics. Will the eleven residuals show a pattern?

ax = plots.residuals(line, data)
plots.describe(
    ax,
    "Stems from a zero line to eleven dots, six above and five below, all "
    "within three degrees. The two leftmost and the two rightmost lie above, "
    "five of the seven between them below.",
)
assert residuals.abs().max() < 3
assert (design.T @ residuals).abs().max() < 1e-9

# %%
# Six stems point up and five down, and none is longer than three degrees. Their sum is zero, and so
# is their sum weighted by the readings; otherwise shifting or tilting the line would still help.
# Both ends point up and most of the middle points down, as they would if the true relation were a
# little curved. With eleven readings chance does that easily; the exercise below puts a number on
# it.
#
# How firmly is the line held?
# ----------------------------
# Other readings, with other small errors, would give another line. The residuals tell how large
# such errors are. Least squares was free to shrink them by its choice of two coefficients. So the
# sum of their squares is divided not by 11, as for the loss, but by the nine
# :term:`degrees of freedom` that are left. A coefficient's :term:`standard error` says how far the
# coefficient would typically move:
#
# .. math::
#
#    s^2 = \frac{1}{11 - 2} \sum_i (c_i - b - w u_i)^2, \qquad
#    \text{standard errors} = s \sqrt{\operatorname{diag}\,(X^\mathsf{T} X)^{-1}}.
#
# This needs no normal equations either: the roots of the diagonal are the lengths of the rows of
# :math:`R^{-1}`. The :term:`t value` is a coefficient divided by its standard error.

s = (residuals.square().sum() / 9).sqrt()
standard_errors = s * torch.linalg.inv(r).norm(dim=1)  # (2,)
t = coefficients.squeeze(1) / standard_errors
print(f"divided by 11: {mse:.2f} °C²; by 9: {s**2:.2f} °C², root {s:.2f} °C")

# %%
# Is that what a standard error means? Draw other errors of that size around the line five thousand
# times, fit a line to each, and see how far the coefficients move.

noise = torch.randn(11, 5000, generator=generator, dtype=torch.float64)
redrawn = line.predict(data.inputs) + s * noise  # (11, 5000)
fits = torch.linalg.solve_triangular(r, q.T @ redrawn, upper=True)  # (2, 5000)
spread = fits.std(dim=1)
for name, formula, drawn in zip("bw", standard_errors, spread, strict=True):
    print(f"{name}: {formula:.4f} by the formula, {drawn:.4f} in 5,000 fits")
assert torch.allclose(spread, standard_errors, rtol=0.05)

ax = plots.samples(data, label="readings")
sides = torch.tensor([0.0, 85.0], dtype=torch.float64)
for intercept, slope in fits[:, :50].T:
    fit = intercept + slope * sides
    ax.plot(sides, fit, color=plots.COLORS["grey"], linewidth=0.5)
ax.plot(sides, b + w * sides, color=green, linewidth=2, label="least squares")
ax.legend()
plots.describe(
    ax,
    "A bundle of fifty thin grey lines around the thick line of least "
    "squares, tight in the middle of the dots and wide at a reading of zero.",
)

# %%
# The first fifty of the new lines form a bundle. It is tight in the middle of the readings and wide
# at a reading of 0, far outside them. The intercept is read off there, so it is known much less
# well than a temperature in the middle.
#
# The table
# ---------
# The function ``lm`` of the language R prints these numbers as a table, and so does
# :func:`nnbook.least_squares`:

print(line)
assert torch.allclose(line.standard_errors, standard_errors)
assert torch.allclose(line.t, t)
assert standard_errors[1] < w / 10

published = {
    "coefficients": [-17.3047855, 0.5367719],
    "standard_errors": [1.9272273, 0.0355386],
    "t": [-8.97911, 15.10391],
    "p": [8.701879e-06, 1.062435e-07],
}
for column, values in published.items():
    expected = torch.tensor(values, dtype=torch.float64)
    assert torch.allclose(getattr(line, column), expected, rtol=2e-6, atol=0)

# %%
# The last column is the :term:`p value`: if the true coefficient were zero, how often would chance
# alone give a *t* at least this far from zero? The calculation assumes independent errors, equally
# wide everywhere and bell-shaped. It is not the probability that the coefficient is zero. For the
# slope it answers a question that nobody asks, whether the old thermometer responds to temperature
# at all. The standard error says more: it is less than a tenth of the slope.
#
# **Try it.** Give the line a second input column, the square of the reading:
# ``data.with_inputs(torch.cat([data.inputs, data.inputs**2], dim=1))``. The loss falls below the
# floor. Is the new column's *t* far from zero, or could the bend be chance?
#
# A problem that can be solved in one step needs no learning. Networks cannot be solved this way.
# The next page finds the same line step by step, in the way that works for them too:
# :doc:`/auto_examples/1_learning/plot_03_downhill_by_hand`.
