# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
1.3 A loss can be walked downhill
=================================

:doc:`Page 1.2 </auto_examples/1_learning/plot_02_least_squares>` solved for the best line in one
step. For a network no such step is known. How do we find better parameters, then? With the same
eleven readings, in the unknown unit, and temperatures in °C, we try lines at random, feel for the
slope of the loss, compute it, and walk down. The first walk ends in an explosion; we find out why,
and cure it. About fifteen minutes.

The published numbers that are checked below come from two web tutorials: "Neural Network Basics:
Linear Regression with PyTorch" (J. Beach, 2020), and "PyTorch Tutorial", written after *Deep
Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), whose section 5.4 takes the same walk.
"""

import math

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
precise = nnbook.load_thermometer(dtype=torch.float64)
floor = nnbook.least_squares(data).mse
print(f"the lowest loss of any line: {floor:.4f} °C²")

# %%
# A rival: random search
# ----------------------
# :term:`Random search <random search>` draws a weight and a bias at random, again and again, and
# keeps the best pair so far. It needs a box to draw from; we can only choose a good one because
# page 1.2 has told us the answer. Two hundred searches show how much is luck. How much nearer to
# the floor do ten times as many tries come?

generator = torch.Generator().manual_seed(0)
draws = torch.rand(200, 5000, 2, 1, generator=generator)
w = 4 * draws[:, :, 0] - 2  # -2 to 2, (200, 5000, 1)
b = 100 * draws[:, :, 1] - 50  # -50 to 50 °C
errors = w * data.inputs.T + b - data.targets.T  # (200, 5000, 11)
best_so_far = errors.square().mean(dim=2).cummin(dim=1).values  # (200, 5000)
parts = torch.tensor([0.05, 0.5, 0.95])
low, median, high = best_so_far.quantile(parts, dim=0) - floor
for n in (50, 500, 5000):
    print(f"{n:4} tries: {median[n - 1]:5.2f} °C² above the floor ", end="")
    print(f"(nine in ten: {low[n - 1]:.2f} to {high[n - 1]:.2f})")
assert 50 < median[49] / median[4999] < 200

# %%
# About ten times nearer. That is not bad, but it is the luck of two parameters. To come within a
# hundredth of the box's width of the best weight takes about 50 tries; of the best weight and the
# best bias at once, 50 times 50. For the 40 parameters of the first network in this book it would
# take 50 to the power of 40.
#
# The loop of learning
# --------------------
# Random search learns nothing from the lines it has tried. It is better to ask about the present
# line: if the weight grows a little, does the loss rise or fall, and how steeply?

fig, ax = plt.subplots(figsize=(7, 3.2))
plots.learning_loop("w u + b", ax)
plots.describe(
    ax,
    "Boxes and arrows: inputs go into the model, its outputs and the targets "
    "into the loss; then come gradient and update, and an arrow with new "
    "parameters closes the loop at the model.",
)

# %%
# Start at the inputs: they go into the model, the loss compares its outputs with the targets, the
# :term:`gradient` tells how steeply the loss rises with each parameter, the update moves the
# :term:`parameters <parameter>` the other way, and the round begins again. In the whole book only
# the model's box will change.
#
# Feel for the slope
# ------------------
# The most direct way to a slope is the :term:`central difference`: move a parameter by a small
# :math:`\delta` to either side and see by how much the loss differs. For the weight:
#
# .. math::
#
#    \frac{\partial L}{\partial w} \approx
#    \frac{L(w + \delta, b) - L(w - \delta, b)}{2 \delta}.
#
# Then the parameter moves downhill, by its slope times a small number, the :term:`learning rate`.
# We take one such step from :math:`w = 1`, :math:`b = 0` with :math:`\delta = 0.1` and the learning
# rate 0.01: first :math:`w`, then :math:`b`, whose slope is felt at the new :math:`w`. And we take
# it twice, with the seven digits of float32 and with the sixteen of float64.


def loss_of(w, b, samples):
    return (w * samples.inputs + b - samples.targets).square().mean()


def difference_step(samples, delta=0.1, lr=1e-2):
    w, b = torch.tensor([1.0, 0.0]).to(samples.inputs)
    rise = loss_of(w + delta, b, samples) - loss_of(w - delta, b, samples)
    slope_w = rise / (2 * delta)
    w = w - lr * slope_w
    rise = loss_of(w, b + delta, samples) - loss_of(w, b - delta, samples)
    slope_b = rise / (2 * delta)
    return torch.stack([slope_w, w, slope_b, b - lr * slope_b])


single, double = difference_step(data), difference_step(precise)
print("                 float32      float64")
for row, name in enumerate(["slope in w", "new w", "slope in b", "new b"]):
    print(f"{name:10} {single[row]:13.4f} {double[row]:12.4f}")
published = torch.tensor([-44.1730, 46.0250])
torch.testing.assert_close(single[[1, 3]], published, rtol=2e-3, atol=0)
assert abs(double[3] - 45.9732) < 1e-3

print(f"the loss at the new w: {loss_of(single[1], 0.0, data):,.0f} °C²")

# %%
# The columns agree in :math:`w` and differ in :math:`b`. On a parabola a central difference is
# exact, so all of that is rounding. At the new :math:`w` the loss is in the millions, and seven
# digits leave little behind the point. Two large, nearly equal losses were subtracted; their
# leading digits cancelled and left the rounding behind: :term:`cancellation`. The published
# :math:`b`, 46.025, is another rounding of the same number.
#
# Compute the slope
# -----------------
# Rounding is one trouble with differences. The other is the price: two losses for each parameter.
# The :term:`chain rule` needs no :math:`\delta`. The loss depends on the errors and the errors on
# the parameters; along this chain the slopes multiply, and what comes from different rows adds up.
# With :math:`e_i = w u_i + b - c_i` and :math:`L = \frac{1}{n} \sum_i e_i^2`:
#
# .. math::
#
#    \frac{\partial L}{\partial w}
#    = \sum_i \frac{\partial L}{\partial e_i} \frac{\partial e_i}{\partial w}
#    = \sum_i \frac{2 e_i}{n} u_i, \qquad
#    \frac{\partial L}{\partial b} = \sum_i \frac{2 e_i}{n} \cdot 1.


def gradient(params, samples):
    w, b = params
    errors = w * samples.inputs + b - samples.targets  # (n, 1)
    slope_w = 2 * (errors * samples.inputs).mean()
    return torch.stack([slope_w, 2 * errors.mean()])  # (2,)


start = torch.tensor([1.0, 0.0], dtype=torch.float64)
by_hand = gradient(start, precise)
by_difference = nnbook.gradient_by_difference(start, precise, delta=0.1)
print("by the chain rule:", by_hand.tolist())
print("by difference:    ", by_difference.tolist())
assert torch.allclose(by_hand, by_difference)
assert torch.isclose(by_hand[0], double[0])
assert torch.allclose(by_hand, nnbook.gradient_by_hand(start, precise))

# %%
# The two ways agree. In nnbook they are one line each, as the code shows.
#
# Step by step downhill
# ---------------------
# Now the loop. From here on both parameters move at once, by the gradient at one point. A round
# through all readings is an :term:`epoch`, the whole method :term:`gradient descent`. An epoch's
# loss is measured before its update, so epoch 1 shows the start. When a loss is no longer a finite
# number, nothing good can follow, and the loop stops.


def descend(samples, lr, epochs=5000):
    params = torch.tensor([1.0, 0.0])
    losses, path = [], [params]
    for _ in range(epochs):
        losses.append(loss_of(*params, samples).item())
        if not math.isfinite(losses[-1]):
            break
        params = params - lr * gradient(params, samples)
        path.append(params)
    return losses, path  # path[n] holds the parameters after n updates


# %%
# The readings are raw, and the learning rate stays 0.01. What will the loss do?

exploding, _ = descend(data, lr=1e-2)
for epoch, loss in enumerate(exploding, start=1):
    print(f"epoch {epoch:2}: {loss:.3g} °C²")
assert math.isinf(exploding[-1])

# %%
# Each update makes the loss thousands of times larger, until float32 cannot hold it:
# :term:`divergence`. The slope was right, but the step was so long that it crossed the valley and
# landed higher up on the other side, where the slope is steeper and the next step longer still.
#
# Why: steep one way, flat another
# --------------------------------
# How sharply the loss bends is what its second derivatives say, collected in the :term:`Hessian`.
# For a line it is the same everywhere: :math:`H = \frac{2}{n} X^\mathsf{T} X`, where :math:`X` has
# a column of inputs and one of ones. Its largest and smallest :term:`eigenvalue` are the curvatures
# in the steepest and in the flattest direction.
#
# In a direction of curvature :math:`\lambda`, a step at the learning rate :math:`\eta` multiplies
# the distance to the bottom by :math:`1 - \eta\lambda`. Where that is below :math:`-1`, the
# distance grows. So the rate must stay below :math:`2 / \lambda_\text{max}`, in the flattest
# direction too. How much flatter that one is, :math:`\lambda_\text{max} / \lambda_\text{min}`, is
# the :term:`condition number` of :math:`H`. We compare the raw readings, the readings times 0.1,
# and :term:`standardized <standardization>` ones: minus their mean, divided by their standard
# deviation.

scalings = {
    "raw": data,
    "times 0.1": data.with_inputs(0.1 * data.inputs),
    "standardized": data.with_inputs(nnbook.Standardize.of(data)(data.inputs)),
}
known = [(33_600, 3.4e-4), (357, 0.033), (1, 1.0)]  # condition, largest rate
hessians = {}
print("              flattest  steepest  condition  largest stable rate")
for (name, samples), pair in zip(scalings.items(), known, strict=True):
    ones = torch.ones_like(samples.inputs)
    x = torch.cat([samples.inputs, ones], dim=1).double()  # (11, 2)
    hessians[name] = 2 / len(samples) * x.T @ x  # (2, 2)
    flattest, steepest = torch.linalg.eigvalsh(hessians[name]).tolist()
    condition, limit = steepest / flattest, 2 / steepest
    print(f"{name:12} {flattest:9.3f} {steepest:9.2f} ", end="")
    print(f"{condition:10,.0f} {limit:20.2g}")
    assert abs(condition / pair[0] - 1) < 2e-3
    assert abs(limit / pair[1] - 1) < 2e-3
    stable, _ = descend(samples, lr=0.95 * limit, epochs=1000)
    unstable, _ = descend(samples, lr=1.05 * limit, epochs=1000)
    assert stable[-1] < stable[0]
    assert math.isinf(unstable[-1])

# %%
# The loop confirms the limits: 5 % below them it descends, 5 % above it explodes. On raw readings
# 0.01 is far too much. The condition number of the raw readings is that of :math:`X^\mathsf{T} X`
# on page 1.2. Now leave the bottom in one parameter at a time; the loss is then the floor plus
# half the curvature times the move squared.

fig, axes = plt.subplots(1, 3, figsize=(7, 3.2), sharey=True)
move = torch.linspace(-3, 3, 1001)
for ax, (name, hessian) in zip(axes, hessians.items(), strict=True):
    in_w, in_b = hessian.diagonal().tolist()
    ax.plot(move, floor + in_w / 2 * move**2, "-", label="$w$ moved")
    ax.plot(move, floor + in_b / 2 * move**2, "--", label="$b$ moved")
    ax.set(title=name, xlabel="moved by", ylim=(0, 30))
axes[0].set_ylabel("loss (°C²)")
axes[2].legend()
plots.describe(
    fig,
    "Loss against a move of w or b, three times. Raw: a needle-thin crack in "
    "w, a wide bowl in b. Times 0.1: a narrow bowl and the same wide one. "
    "Standardized: both curves are the wide bowl.",
)

# %%
# Raw, the bowl is a crack in :math:`w`, because a move of :math:`w` is multiplied by readings of
# about fifty. In :math:`b` it is wide, always the same. Standardized, both curves coincide. On the
# left and in the middle there is a direction still flatter than :math:`b`: it moves both, and
# :math:`w` undoes part of what :math:`b` does. Subtracting the mean, half of standardizing, ends
# that.
#
# Three cures
# -----------
# - Scale the input: by 0.1, or better, standardize it.
# - Lower the rate. That stops the explosion. But what does it do in the flat direction?
# - Take an optimizer that adapts its steps: some are on
#   :doc:`page 1.5 </auto_examples/1_learning/plot_05_optimizers>`.
#
# We try the first two.

rates = {"raw": 1e-4, "times 0.1": 1e-2, "standardized": 1e-1}
runs = {name: descend(scalings[name], lr) for name, lr in rates.items()}
print("                rate   loss after 5,000 epochs")
for name, lr in rates.items():
    end = loss_of(*runs[name][1][-1], scalings[name])
    print(f"{name:12} {lr:7}   {end:20.4f} °C²")
assert abs(runs["raw"][0][-1] - 24.9) < 0.05
assert runs["standardized"][0][24] < floor + 0.01

fig, ax = plt.subplots()
ax.plot(range(1, len(exploding) + 1), exploding, "s-", label="raw, 0.01")
for (name, lr), dash in zip(rates.items(), ("-.", "-", "--"), strict=True):
    ax.plot(range(1, 5001), runs[name][0], dash, label=f"{name}, {lr}")
ax.plot(range(1, 5001), median + floor, ":", label="random search, median")
ax.set(xscale="log", yscale="log", ylim=(2, 1e4))
ax.set(xlabel="epoch, or try of random search", ylabel="loss (°C²)")
ax.legend(title="inputs, learning rate")
plots.describe(
    ax,
    "Both axes logarithmic. Raw at 0.01 leaves through the top. Raw at 0.0001 "
    "drops to a high plateau and stays; times 0.1 stays there for hundreds of "
    "epochs; standardized is down in twenty. Random search falls slowly.",
)

# %%
# The explosion leaves through the top. At the low rate the raw readings drop quickly at first, in
# the steep direction, and then crawl along a plateau in the flat one. Readings times 0.1 reach
# nearly the same plateau and leave it after some hundred epochs; standardized ones need about
# twenty epochs in all. (Each descent starts at :math:`w = 1`, :math:`b = 0`, which is another line
# on each scale.) Random search beats the crawl and keeps up with readings times 0.1, but
# standardized readings leave it far behind. And with every further parameter its tries would
# multiply.
#
# The published descent
# ---------------------
# For readings times 0.1, with this start and rate, the losses of these epochs were published:

published = """
   1 80.364342    2 37.574917    3 30.871077   10 29.030487   11 28.941875
  99 22.214186  100 22.148710  200 16.608067  300 12.664559  400  9.857804
 500  7.860116  600  6.438284  700  5.426309  800  4.706046  900  4.193405
1000  3.828538 1500  3.092191 2000  2.957697 2500  2.933134 3000  2.928648
3500  2.927830 4000  2.927680 4500  2.927652 5000  2.927648
"""
numbers = iter(published.split())
losses, path = runs["times 0.1"]
for epoch, loss in zip(map(int, numbers), map(float, numbers), strict=True):
    ours = losses[epoch - 1]
    assert abs(ours / loss - 1) < 1e-4
    if epoch in (1, 2, 10, 100, 1000, 2000, 5000):
        print(f"epoch {epoch:4}: {ours:9.6f} °C², published {loss:9.6f} °C²")
for n, params in ((1000, [4.8021, -14.1031]), (5000, [5.3671, -17.3012])):
    print(f"after {n} updates: w = {path[n][0]:.4f}, b = {path[n][1]:.4f}")
    assert torch.allclose(path[n], torch.tensor(params), rtol=1e-4, atol=0)

# %%
# All of them agree, to about the digits that float32 has, and so do the parameters. The weight
# belongs to readings times 0.1. To draw the line over raw readings, scale those before they go in:

ax = plots.samples(data, label="readings")
readings, green = torch.tensor([20.0, 85.0]), plots.COLORS["green"]
for n, dash in ((10, ":"), (300, "--"), (5000, "-")):
    w, b = path[n]
    outputs = w * (0.1 * readings) + b
    ax.plot(readings, outputs, dash, color=green, label=f"{n:,} updates")
ax.legend()
plots.describe(
    ax,
    "Eleven dots and three rising lines: after 10 updates too flat, after 300 "
    "steeper, after 5,000 through the middle of the dots.",
)
best = nnbook.least_squares(data).coefficients
print(f"per raw unit: w = {0.1 * w:.4f} °C, b = {b:.3f} °C")
print(f"page 1.2:     w = {best[1]:.4f} °C, b = {best[0]:.3f} °C")
assert torch.allclose(torch.stack([b, 0.1 * w]).double(), best, rtol=1e-3)

# %%
# After ten updates the line is too flat, after 300 it has turned some of the way, and after 5,000
# it is the line of least squares, but for the last digits.
#
# **Try it.** On standardized readings every direction has the curvature 2. Which learning rate
# makes :math:`1 - \eta\lambda` zero, and how many epochs does the descent take then?
#
# The chain rule by hand is fine for two parameters. For a network we leave it to PyTorch:
# :doc:`/auto_examples/1_learning/plot_04_autograd`.
