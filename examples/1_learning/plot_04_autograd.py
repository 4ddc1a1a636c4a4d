# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
1.4 Can PyTorch find the gradient itself?
=========================================

On :doc:`page 1.3 </auto_examples/1_learning/plot_03_downhill_by_hand>` we
worked out the gradient with the chain rule, on paper. That is fine for two
parameters. For a network with thousands of them nobody would do it, and nobody
has to: PyTorch keeps a record of the calculation and goes through it
backwards. Do we get the same numbers? And what can go wrong?

The data are again the eleven readings (unknown unit) and the temperatures
beside them (°C). We look at the record, make three typical mistakes on
purpose, and repeat the descent of page 1.3. About ten minutes.
"""

import itertools
import textwrap

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()

# %%
# A tensor that is watched
# ------------------------
# Both parameters lie in one tensor, the weight first. ``requires_grad=True`` asks PyTorch's
# :term:`autograd` to watch it: whatever is computed from it from now on is recorded.

params = torch.tensor([1.0, 0.0], requires_grad=True)


def mean_squared_error(params, data):
    w, b = params
    errors = w * data.inputs + b - data.targets  # (11, 1)
    return (errors**2).mean()  # ()


loss = mean_squared_error(params, data)
print(f"loss: {loss.item():.2f} °C², .grad before: {params.grad}")
assert params.grad is None

loss.backward()
print("gradient after:", params.grad)
published = torch.tensor([4517.2969, 82.6000])
by_hand = nnbook.gradient_by_hand(params.detach(), data)
torch.testing.assert_close(params.grad, published, rtol=1e-5, atol=0)
torch.testing.assert_close(params.grad, by_hand, rtol=1e-5, atol=0)

# %%
# Before ``backward`` there is no gradient, ``.grad`` is None. Afterwards it holds the slopes of
# the loss along the weight and along the bias. They agree with the chain rule on paper to the
# rounding of float32, about seven digits; they are also published in a web tutorial, "Neural
# Network Basics: Linear Regression with PyTorch" (J. Beach, 2020).
#
# Note where things live. ``backward()`` is a method of the loss; a model has none. ``.grad`` is
# no method but an attribute of the parameters. ``params`` is a :term:`leaf` of the record: a
# tensor that we made, not one that was computed. Unless asked, autograd fills ``.grad`` for
# leaves only.
#
# The record is a graph
# ---------------------
# Each operation adds a node to the :term:`computational graph`. From the loss we can walk towards
# the parameters; the names are PyTorch's own.

node = mean_squared_error(params, data).grad_fn
while node is not None:
    print("  ", node.name())
    node = node.next_functions[0][0] if node.next_functions else None

# %%
# The same as a picture, with :math:`e` for the errors and :math:`n` for the number of rows:

boxes = {
    "inputs": (1.9, 2.6, "inputs $u$"),
    "targets": (3.8, 2.6, "targets $c$"),
    "params": (0.0, 1.4, "parameters\n$w$, $b$"),
    "line": (1.9, 1.4, r"$w\,u + b$"),
    "errors": (3.8, 1.4, r"$e$: minus $c$"),
    "square": (5.7, 1.4, r"square $e$"),
    "loss": (7.6, 1.4, "mean:\nthe loss"),
    "mean back": (7.6, 0.0, r"times $1/n$"),
    "square back": (5.7, 0.0, r"times $2e$"),
    "errors back": (3.8, 0.0, "times 1"),
    "line back": (1.9, 0.0, "times $u$, 1;\nadd up"),
    "grad": (0.0, 0.0, "parameters'\n.grad"),
}
way = [name for name in boxes if name not in ("inputs", "targets")]
arrows = [(*pair, "") for pair in itertools.pairwise(way)]
arrows += [("inputs", "line", ""), ("targets", "errors", "")]

fig, ax = plt.subplots(figsize=(7, 3.2))
plots.diagram(boxes, arrows, ax, highlighted=["params", "grad"])
plots.describe(
    ax,
    "Two rows of boxes. Upper, left to right: parameters, line, errors, "
    "squares, mean. Lower, right to left: one factor for each of these "
    "operations, ending in the parameters' .grad.",
)

# %%
# The upper row shows how the loss is computed. The lower row is the :term:`backward pass`: it
# starts with 1, the slope of the loss against itself, and multiplies by the slope of one operation
# after another. That is the chain rule, with numbers in place of formulas. At the line, the slopes
# of all rows add up. Inputs and targets are not watched, so no slopes are sent to them. However
# many parameters there are, one backward pass finds all slopes and costs a small multiple of the
# loss itself; central differences need two losses for each parameter.
#
# Gradients add up
# ----------------
# The last node of the walk says "accumulate". What will ``.grad`` hold after a second ``backward``?
# (The loss is computed again, because ``backward`` frees the graph as it goes.)

mean_squared_error(params, data).backward()
print("after a second backward:", params.grad)
torch.testing.assert_close(params.grad, 2 * published, rtol=1e-5, atol=0)

params.grad = None
mean_squared_error(params, data).backward()
print("cleared first:          ", params.grad)
torch.testing.assert_close(params.grad, published, rtol=1e-5, atol=0)

# %%
# Twice the gradient: ``backward`` adds to what is there. That is useful when a gradient is gathered
# in parts, but a descent must start each step from zero. This is called zeroing the gradient.
#
# A step without a record
# -----------------------
# Now the parameters have to change. If we simply change them, autograd objects:

try:
    params -= 1e-2 * params.grad
except RuntimeError as error:
    print(textwrap.fill(str(error), 76))
else:
    raise AssertionError("autograd did not object")

# %%
# ("Variable" is an old name for a tensor.) ``-=`` is an :term:`in-place operation`: it changes
# the tensor itself and makes no new one. The step is not part of the loss and does not belong in
# the record, and ``torch.no_grad()`` stops the recording. That saves memory and time, too,
# whenever a loss is only looked at. Where one function serves both ends,
# ``torch.set_grad_enabled`` takes a truth value:


def loss_of(params, data, training):
    with torch.set_grad_enabled(training):
        return mean_squared_error(params, data)


for training in (True, False):
    loss = loss_of(params, data, training)
    graph = "a graph" if loss.requires_grad else "no graph"
    print(f"training {training!s:5}: {loss:.2f} °C², {graph}")
    assert loss.requires_grad == training

# %%
# The same loss, once with a graph and once without.
#
# The descent, right and wrong
# ----------------------------
# We have all the parts: loss, zero, backward, step. As on page 1.3 the inputs are scaled by 0.1 and
# the :term:`learning rate` is 0.01. We do it twice, the second time without zeroing, so that each
# step follows the sum of all gradients so far. Before you look: will that be faster, will it
# explode, or something else?

scaled = data.with_inputs(0.1 * data.inputs)


def descend(zeroing, epochs=5000, lr=1e-2):
    params = torch.tensor([1.0, 0.0], requires_grad=True)
    losses = []
    for _ in range(epochs):
        loss = mean_squared_error(params, scaled)
        if zeroing:
            params.grad = None
        loss.backward()
        with torch.no_grad():
            params -= lr * params.grad  # in place: still the same leaf
        losses.append(loss.item())
    return params.detach(), torch.tensor(losses)


params, losses = descend(zeroing=True)
_, piled_up = descend(zeroing=False)

shown, colors = 200, plots.COLORS
epochs = range(1, shown + 1)
fig, ax = plt.subplots()
ax.plot(epochs, piled_up[:shown], ".:", lw=1, color=colors["vermilion"])
ax.plot(epochs, losses[:shown], "-", color=colors["blue"])
ax.set(xlabel="epoch", ylabel="loss (°C²)", yscale="log", xlim=(-3, 248))
ax.text(shown + 4, losses[shown - 1], "zeroed", va="center")
ax.text(shown + 4, 50, "not zeroed", va="center")
plots.describe(
    ax,
    "With zeroing the loss falls, first quickly and then slowly and smoothly. "
    "Without, it swings up and down, again and again, up to about where it "
    "started.",
)
floor = nnbook.least_squares(scaled).mse
late = piled_up[-500:]
print("mean loss of the last 500 epochs:")
print(f"  zeroed     {losses[-500:].mean():5.2f} °C²")
print(f"  not zeroed {late.mean():5.2f} °C²")
assert losses[-1] < 1.001 * floor
assert late.mean() > 10 * floor
assert 0.9 * losses[0] < late.max() < 1.2 * losses[0]

# %%
# The solid line falls and goes on falling. The dotted one swings, quickly across the narrow side
# of the valley and slowly along it, and it never settles: a sum of gradients works like the speed
# of a ball that rolls in a bowl without friction. It rushes through the bottom and climbs the
# other side. No error is raised and the loss stays finite. Only the curve gives the mistake away.
#
# The same losses as by hand
# --------------------------
# Now the right descent beside the one of page 1.3, with the gradient by the chain rule, and
# beside the published losses of the tutorial named above.

hand_params = torch.tensor([1.0, 0.0])
hand_losses = torch.empty(5000)
for epoch in range(5000):
    hand_losses[epoch] = nnbook.line_loss(hand_params, scaled)
    hand_params -= 1e-2 * nnbook.gradient_by_hand(hand_params, scaled)
torch.testing.assert_close(losses, hand_losses, rtol=1e-4, atol=0)
torch.testing.assert_close(params, hand_params, rtol=1e-4, atol=0)

print("epoch     by hand    autograd   published")
published_losses = {1: 80.364342, 10: 29.030487, 100: 22.148710}
published_losses |= {1000: 3.828538, 5000: 2.927648}
for epoch, expected in published_losses.items():
    hand, auto = hand_losses[epoch - 1], losses[epoch - 1]
    print(f"{epoch:5d}  {hand:10.6f}  {auto:10.6f}  {expected:10.6f}")
    assert abs(auto / expected - 1) < 1e-4
print(f"w = {params[0]:.4f} °C per scaled unit, b = {params[1]:.4f} °C")
last = torch.tensor([5.3671, -17.3012])
torch.testing.assert_close(params, last, rtol=1e-4, atol=0)

# %%
# Two ways to the gradient, one descent. nnbook has autograd's gradient in one line; it leaves
# ``.grad`` alone, so nothing can pile up.

gradient = nnbook.gradient_by_autograd(torch.tensor([1.0, 0.0]), data)
print("nnbook:", gradient)
torch.testing.assert_close(gradient, published, rtol=1e-5, atol=0)

# %%
# Changing what the graph still needs
# -----------------------------------
# One more trap with operations in place. The slope of a square is :math:`2e`, so the graph keeps
# the errors for the backward pass. Suppose we round them to whole degrees for a print-out, after
# the squares are computed. The trailing underscore of ``round_`` means "in place".

params = torch.tensor([1.0, 0.0], requires_grad=True)
errors = params[0] * data.inputs + params[1] - data.targets
squares = errors**2
errors.round_()
try:
    squares.mean().backward()
except RuntimeError as error:
    print(textwrap.fill(str(error), 76))
else:
    raise AssertionError("the change went unnoticed")

# %%
# Each tensor counts its changes, and the graph remembers this version number for all that it keeps.
# Without the check, the gradient would be silently wrong. The fix is ``round`` without the
# underscore, which makes a new tensor:

errors = params[0] * data.inputs + params[1] - data.targets
squares = errors**2
print("errors in °C:", errors.round().int().flatten().tolist())
squares.mean().backward()
torch.testing.assert_close(params.grad, published, rtol=1e-5, atol=0)

# %%
# **Try it.** A smaller learning rate calms many a descent. Does it calm the one without zeroing?
# Run ``descend(zeroing=False)`` with ``lr=1e-3`` and ``lr=1e-4``, and draw the losses.
#
# Zeroing and stepping are the same few lines in every training. PyTorch has them ready-made:
# :doc:`/auto_examples/1_learning/plot_05_optimizers`.
