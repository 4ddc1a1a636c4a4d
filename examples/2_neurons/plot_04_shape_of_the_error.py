# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
2.4 A line's loss has one bottom, a network's has many
======================================================

Walking downhill found the best straight line from any start. Will it find the
best network? That depends on the landscape: the loss, as a height over the
parameters. We draw it for a line and for the network of
:doc:`page 2.3 </auto_examples/2_neurons/plot_03_composed_neurons>`, look for
what makes the difference, and send a hundred walkers down. The readings and
temperatures of chapter 1 are standardized here, so no number on this page has
a unit. About twelve minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 6.1.2.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.autograd.functional import hessian

import nnbook
from nnbook import neurons, plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
x = nnbook.Standardize.of(data.inputs)(data.inputs)  # (11, 1)
y = nnbook.Standardize.of(data.targets)(data.targets)  # (11, 1)

# %%
# A bowl, and what is not one
# ---------------------------
# A line has two parameters, and its loss can be drawn over a plane. The network of page 2.3 has 13.
# So we take its own curve, C(A + B) + D(A + B), as targets, leave eleven parameters at their right
# values, and set two free: the weights of A and B. At -2 and 1 the loss is zero. Descents start at
# the crosses (with momentum, as on :doc:`page 1.5 </auto_examples/1_learning/plot_05_optimizers>`).
# Where will they end?


def line_loss(params):
    w, b = params
    return (w * x + b - y).square().mean()


A, B, C, D = neurons.BOOK_NEURONS
inputs = torch.linspace(-3, 3, 61).unsqueeze(1)  # (61, 1)
targets = (C(A + B) + D(A + B))(inputs)


def network_loss(params):
    a = torch.tanh(params[0] * inputs - 1.25)
    b = torch.tanh(params[1] * inputs + 0.75)
    return ((C + D)(a + b) - targets).square().mean()


def descend(loss, start, momentum=0.9):
    params = torch.tensor(start, requires_grad=True)
    sgd = torch.optim.SGD([params], lr=0.01, momentum=momentum)
    path = [params.detach().clone()]
    for _ in range(600):
        sgd.zero_grad()
        loss(params).backward()
        sgd.step()
        path.append(params.detach().clone())
    return torch.stack(path)  # (601, 2)


def landscape(loss, reach, paths, ax):
    named = {str(number): path for number, path in enumerate(paths)}
    plots.loss_surface(loss, reach, reach, ax, paths=named)
    for path in paths:
        ax.plot(*path[0], "x", color=plots.INK, markersize=8)
    ax.get_legend().remove()
    ax.set_aspect("equal")


starts = [(1.0, 1.0), (-0.5, -1.0)]
line_paths = [descend(line_loss, start) for start in starts]
paths = [descend(network_loss, start) for start in starts]
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.8))
landscape(line_loss, (-2, 3), line_paths, left)
left.set(xlabel="weight", ylabel="bias", title="line")
reach = (-4.03, 4.03)  # a grid that misses the zero, too deep for contours
landscape(network_loss, reach, paths, right)
right.set(xlabel="weight of A", ylabel="weight of B", title="network")
plots.describe(
    fig,
    "Left: circles around one point, where two paths end. Right: one valley "
    "to the upper left, another to the lower right, and a ridge between them; "
    "one path ends in each valley.",
)
one, other = (path[-1] for path in line_paths)
torch.testing.assert_close(one, other, rtol=0, atol=0.01)

# %%
# On the left the contours are circles, and both paths, after some overshooting, end in the centre:
# a bowl. The :term:`Hessian` of page 1.3, the loss's second derivatives, is the same everywhere,
# and its :term:`eigenvalues <eigenvalue>` are positive: the loss bends upwards in every direction.
# Such a function is :term:`convex`: a string drawn tight between two points of the surface never
# runs below the surface. Where no direction leads down, the loss is the lowest of all.
#
# On the right a ridge parts two valleys. The solid path finds -2 and 1. The dashed one ends in the
# other valley, which has a bottom of its own: a :term:`local minimum`, lower than all around it,
# but not the :term:`global minimum`, the lowest of all. On a circle around its end, the loss is
# higher everywhere:

at_bottom = hessian(line_loss, one)
assert torch.linalg.eigvalsh(at_bottom).min() > 1
at_start = hessian(line_loss, line_paths[0][0])
torch.testing.assert_close(at_start, at_bottom)

good, bad = (path[-1] for path in paths)
angles = torch.linspace(0, 2 * math.pi, 361)
circle = bad + 0.4 * torch.stack([angles.cos(), angles.sin()], dim=1)
on_circle = torch.vmap(network_loss)(circle).min()  # of (361,)
print(f"loss {network_loss(bad):.4f}, on the circle {on_circle:.4f} or more")
torch.testing.assert_close(good, torch.tensor([-2.0, 1.0]), rtol=0, atol=0.05)
assert on_circle > network_loss(bad) > 0.01

# %%
# It is a bottom for these two weights; with all 13 free there may be a way out. And over the two
# weights of the last layer the loss is a bowl: with its hidden layers fixed, the network is linear.
#
# Is the bend to blame?
# ---------------------
# A line has a bowl, and tanh is curved. Is tanh to blame? Take it away. The model :math:`w_2 w_1 x`
# is two linear layers of one unit each, without biases: a straight line in :math:`x`. Is its loss
# on the eleven readings a bowl?


identity = nn.Identity()


def product_loss(params, activation=identity):
    w1, w2 = params
    return (w2 * activation(w1 * x) - y).square().mean()


starts = [(1.3, -1.1), (1.1, -1.3)]
paths = [descend(product_loss, start, momentum=0) for start in starts]
_, ax = plt.subplots()
landscape(product_loss, (-2, 2), paths, ax)
ax.plot(0, 0, "D", color=plots.COLORS["green"])
ax.set(xlabel="weight $w_1$", ylabel="weight $w_2$")
plots.describe(
    ax,
    "Two curved valleys, upper right and lower left, and a diamond in the "
    "middle. Two paths start as neighbours, run towards the diamond and part, "
    "one into each valley.",
)

origin = torch.zeros(2)
at_origin = hessian(product_loss, origin)
eigenvalues = torch.linalg.eigvalsh(at_origin)
print("eigenvalues at the origin:", eigenvalues.tolist())
assert eigenvalues[0] < -1
assert eigenvalues[1] > 1
assert (descend(product_loss, (0.0, 0.0)) == 0).all()
depths = [product_loss(path[-1]) for path in paths]
torch.testing.assert_close(*depths)
assert product_loss(origin) > 10 * depths[0]

# %%
# No. Two neighbours run towards the middle, part, and end in two valleys, equally deep. The diamond
# is a :term:`saddle point`: level, but the loss falls towards both valleys and rises between them.
# The eigenvalues have both signs. A descent that starts exactly there never leaves, which is one
# reason why networks do not start from zeros. The model draws nothing but lines, as before; only
# its two parameters are multiplied, and that is enough to make the loss non-convex. Put tanh back
# in, and the saddle is the same:

with_tanh = hessian(lambda params: product_loss(params, torch.tanh), origin)
torch.testing.assert_close(with_tanh, at_origin)

# %%
# Activations add to this. Without them, in a linear network with one hidden layer, every local
# minimum is a global one under mild conditions (P. Baldi, K. Hornik: Neural networks and principal
# component analysis: learning from examples without local minima, *Neural Networks* 2, 1989). With
# them there can be bottoms of different depth, as we saw over two weights.
#
# One function, many places
# -------------------------
# Some bottoms are equal for a simple reason. Exchange two hidden units with all their weights: the
# next layer's sum does not notice. Or flip the signs of a unit's weight and bias and of the weight
# that the next layer gives it: :math:`\tanh(-z) = -\tanh z`, and the two minus signs cancel.


def outputs_of(w_in, b, w_out):
    return torch.tanh(inputs @ w_in.T + b) @ w_out.T  # (61, 3) -> (61, 1)


torch.manual_seed(0)
w1, b1, w2, _ = nnbook.mlp(1, 3, 1).parameters()  # (3, 1), (3,), (1, 3)
outputs = outputs_of(w1, b1, w2)
swap = [1, 0, 2]
swapped = outputs_of(w1[swap], b1[swap], w2[:, swap])
flip = torch.tensor([1.0, 1.0, -1.0])
flipped = outputs_of(flip.unsqueeze(1) * w1, flip * b1, flip * w2)
torch.testing.assert_close(swapped, outputs)
torch.testing.assert_close(flipped, outputs)
for n in (2, 3, 13):
    print(f"{n:2d} units: {math.factorial(n) * 2**n:,} places")

# %%
# That is the number of orders times the number of signs. A function of that many units, all in use
# and all different, lies in so many places. If one of them is a bottom, all are. They are equally
# good, so this does no harm; but we cannot expect a single bottom.
#
# Many starts, many ends
# ----------------------
# Now all 13 parameters are free. The targets stay, so we know that a loss of zero can be reached. A
# hundred networks start from a hundred :term:`seeds <seed>`, stacked: each parameter gets one more
# dimension, and all train at once. How many will find the curve?

models = []
for seed in range(100):
    torch.manual_seed(seed)
    models.append(nnbook.mlp(1, [2, 2], 1))
alike = zip(*(model.parameters() for model in models), strict=True)
params = [torch.stack(same).detach().requires_grad_() for same in alike]
w1, b1, w2, b2, w3, b3 = params  # (100, 2, 1), (100, 2), (100, 2, 2), ...
adam = torch.optim.Adam(params, lr=0.03)
losses = []
for _ in range(2000):
    adam.zero_grad()
    hidden = torch.tanh(inputs @ w1.mT + b1.unsqueeze(1))  # (100, 61, 2)
    hidden = torch.tanh(hidden @ w2.mT + b2.unsqueeze(1))  # (100, 61, 2)
    outputs = hidden @ w3.mT + b3.unsqueeze(1)  # (100, 61, 1)
    losses.append((outputs - targets).square().mean(dim=(1, 2)))  # (100,)
    losses[-1].sum().backward()
    adam.step()

losses = torch.stack(losses).detach()  # (2000, 100)
ends, order = losses[-1].sort()
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6))
left.plot(losses[:, ::4], color=plots.COLORS["grey"], lw=0.6)
left.set(xlabel="epoch", ylabel="loss", yscale="log", ylim=(1e-4, 3))
left.set_title("losses, every fourth start")
right.plot(inputs, targets, ":", lw=3, label="targets")
looks = {"best": (0, "green", "-"), "median": (50, "vermilion", "--")}
looks["worst"] = (99, "purple", "-.")
for name, (rank, color, dash) in looks.items():
    style = {"color": plots.COLORS[color], "ls": dash, "label": name}
    left.axhline(ends[rank], **style)
    right.plot(inputs, outputs[order[rank], :, 0].detach(), **style)
right.set(xlabel="input x", ylabel="output o", title="curves at the end")
right.set_ylim(1.05, 2.1)
right.legend(ncols=2)
plots.describe(
    fig,
    "Left: loss curves fall together and then part; most settle on one of two "
    "levels, a few fall on. Right: the best curve lies close to the targets "
    "with their two dips, the median has one wide dip, the worst is level.",
)

level = targets.var(correction=0)  # loss of the best constant
print(f"best {ends[0]:.4f}, median {ends[50]:.4f}, worst {ends[99]:.4f}")
print(f"within a tenth of the worst loss: {(ends > 0.9 * level).sum()} of 100")
print(f"below a tenth of it: {(ends < 0.1 * level).sum()} of 100")
assert ends[0] < 0.1 * level < ends[30]
torch.testing.assert_close(ends[99], level, rtol=0.1, atol=0)

# %%
# The same network, data and optimizer, and three kinds of end. A few draw both dips; many find one
# wide dip and stay with it; many others end level, at the mean of the targets. Whether a network
# there has reached a bottom or only nearly level ground, a loss curve cannot tell.
#
# So one run says little about what a network can do. Train from several seeds and look at the
# spread, as this book does. A larger network than needed is more forgiving, as you can try.
#
# **Try it.** Give the hundred networks eight units in each hidden layer, ``[8, 8]``, and the
# learning rate 0.01. How many reach the curve now?
#
# Some curves can be built without any descent, by hand. Can all?
# :doc:`/auto_examples/2_neurons/plot_05_any_curve_from_bumps`.
