# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
3.3 Where does a neuron listen?
===============================

A tanh neuron answers a nudge in the middle of its range and ignores it at the
ends. The same holds for learning: only where the neuron listens does an error
reach its weight. Which of our readings do the units of an untrained network
hear? We look at one reading, at thirteen units, then at two hundred networks,
and change nothing but shift and scale of the inputs. Readings are in the
unknown unit, temperatures in °C. About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), sections 6.1.3 and 6.1.5.
"""

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import activations, plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
scaled = data.with_inputs(0.1 * data.inputs)
print(f"from {scaled.inputs.min():.1f} to {scaled.inputs.max():.1f}")

# %%
# The gradient that gets through
# ------------------------------
# Scaled by 0.1, as in chapter 1, the readings lie between about 2 and 8. We take the hottest one
# and an untrained network. Unit :math:`j` of its hidden layer computes :math:`s_j = w_j x + b_j`,
# and the output weighs :math:`\tanh s_j` by :math:`v_j`. By the chain rule, the squared error of
# this reading sends to :math:`w_j` the gradient
#
# .. math::
#
#    2\,(o - c) \cdot v_j \cdot \tanh'(s_j) \cdot x, \qquad \tanh' s = 1 - \tanh^2 s.
#
# It is a product of the error, the unit's output weight, the slope at its sum, and the input.

torch.manual_seed(0)
model = nnbook.mlp(1, 13, 1)
hottest = data.targets.argmax()
x, c = scaled.inputs[hottest], scaled.targets[hottest]  # (1,), (1,)

outputs = model(x)  # (1,)
(outputs - c).square().sum().backward()
with torch.no_grad():
    sums = model.hidden_linear(x)  # (13,)
    slopes = 1 - torch.tanh(sums) ** 2
    by_hand = 2 * (outputs - c) * model.output_linear.weight[0] * slopes * x
received = model.hidden_linear.weight.grad[:, 0]  # (13,)
torch.testing.assert_close(by_hand, received)
torch.testing.assert_close(slopes, activations.derivative(torch.tanh, sums))

print("sum w x + b   slope of tanh   size of gradient")
for j in sums.abs().argsort()[::2]:
    print(f"{sums[j]:11.2f}{slopes[j]:16.4f}{received[j].abs():19.2f}")
(ends,) = activations.CATALOGUE["Tanh"].sensitive_ranges
print(f"tanh has slopes above 0.1 from {ends[0]:.2f} to {ends[1]:.2f}")
assert (sums.abs() > ends[1]).equal(slopes < 0.1)

# %%
# These are every second unit, from the sum nearest to zero outwards. At the top the slope is almost
# 1. Further down it fades, and in the last rows hardly anything is left of the same error: such a
# unit learns nothing from this reading, however wrong the network is about it. The
# :term:`sensitive range` is where the slope is noticeable; beyond it lies :term:`saturation`. The
# border is a convention, ours is a slope of 0.1. In a deep network the slopes of several layers
# multiply, and a gradient may fade to nothing on its way: the :term:`vanishing gradient`.
#
# In the sensitive range: nearly a line
# -------------------------------------
# Around zero tanh is almost :math:`y = x`. A neuron that stays there should learn as the straight
# line of chapter 1 did. Both descend from the same start, at the same rate, towards standardized
# temperatures (mean 0, standard deviation 1) times a small factor, then times larger ones.

z = nnbook.Standardize.of(data)(data.inputs)  # (11, 1)
temperatures = nnbook.Standardize.of(data.targets)(data.targets)


def descend(function, targets, lr=0.3, steps=100):
    params = torch.zeros(2, requires_grad=True)
    for _ in range(steps):
        w, b = params
        loss = (function(w * z + b) - targets).square().mean()
        (gradient,) = torch.autograd.grad(loss, params)
        with torch.no_grad():
            params -= lr * gradient
    return params.detach()


print("targets   weight of line   of neuron")
for factor in (0.1, 0.5, 0.9):
    line, _ = descend(torch.nn.Identity(), factor * temperatures)
    neuron, _ = descend(torch.tanh, factor * temperatures)
    print(f"   x {factor}{line:14.3f}{neuron:15.3f}")
    assert (neuron / line < 1.02) == (factor == 0.1)

# %%
# For small targets line and neuron end with almost the same weight; for larger ones the neuron has
# to leave the middle of its range, and they part.
#
# Who hears what
# --------------
# Thirteen units and eleven readings make 143 pairs, each with a slope. Here they are for the
# network from above, once with the inputs scaled by 0.1 and once with the same weights and
# standardized inputs. Which picture will be the brighter one?

cases = {"inputs x 0.1": scaled.inputs, "standardized": z}
by_reading = data.inputs[:, 0].argsort()
by_weight = model.hidden_linear.weight[:, 0].abs().argsort()


def slopes_of(networks, inputs):
    with torch.no_grad():
        sums = [network.hidden_linear(inputs) for network in networks]
    return activations.derivative(torch.tanh, torch.stack(sums))


fig, panels = plt.subplots(1, 2, figsize=(7, 3.6), sharey=True)
for ax, (case, inputs) in zip(panels, cases.items(), strict=True):
    (slopes,) = slopes_of([model], inputs)  # (11, 13)
    image = ax.pcolormesh(slopes[by_reading][:, by_weight].T, vmin=0, vmax=1)
    ax.set(title=case, xlabel="the 11 readings, sorted")
    ax.set_xticks([1, 10], ["coldest", "hottest"])
    ax.grid(visible=False)
    favourites = slopes.argmax(dim=0).unique()  # rows where a unit is steepest
    print(f"{case}: the 13 units prefer the rows {favourites.tolist()}")
panels[0].set_yticks([1, 12], ["smallest", "largest"], rotation=90)
panels[0].set_ylabel("the 13 units, by size of weight")
fig.colorbar(image, ax=panels, label="slope of tanh")
plots.describe(
    fig,
    "Two grids of 13 rows and 11 columns, coloured by slope from dark to "
    "bright. Left: the upper rows are dark nearly all along. Right: most rows "
    "are bright somewhere, in different columns.",
)
assert len(favourites) >= 4

# %%
# The right one. On the left the upper rows are dark: an input of 5 times a weight of a half is
# already out of range, and the units prefer the coldest reading or the hottest. On the right most
# rows have a bright stretch, in different columns: the units of one layer listen to different
# readings, and the error of a reading mainly trains the units that hear it. So a layer can divide a
# curve among its units.
#
# Two hundred networks
# --------------------
# One seed proves little. Here are two hundred starts, with PyTorch's default weights:

networks = []
for seed in range(200):
    torch.manual_seed(seed)
    networks.append(nnbook.mlp(1, 13, 1))

slopes = {case: slopes_of(networks, inputs) for case, inputs in cases.items()}
ax = plots.slope_histogram(slopes)
plots.describe(
    ax,
    "Two histograms of slopes from 0 to 1. With inputs x 0.1 over half of all "
    "pairs are in the leftmost bar; standardized, hardly any are, and the "
    "bars rise towards a slope of 1.",
)
for (case, pairs), expected in zip(slopes.items(), (0.6, 0.03), strict=True):
    flat = pairs < 0.1  # (200, 11, 13)
    share, deaf = flat.float().mean(), flat.all(dim=1).float().mean()
    print(f"{case}: {share:.1%} of the pairs are flat", end=", ")
    print(f"{deaf:.1%} of the units throughout")
    assert abs(share - expected) < 0.02

# %%
# Scaled by 0.1, about 60 % of the pairs lie left of the dotted line, with a slope under 0.1, and
# every fifth unit is deaf to all eleven readings. Standardized, it is about 3 %, and no unit is
# deaf. Standardizing shifts and scales. Which of the two helps? Guess, then compare columns with
# rows.

mean, std = data.inputs.mean(), data.inputs.std(correction=0)
table = {}
print("share below 0.1   not centred   centred")
for name, scale in {"raw": 1.0, "x 0.1": 0.1, "/ std": 1 / std}.items():
    both = data.inputs * scale, (data.inputs - mean) * scale
    pairs = torch.stack([slopes_of(networks, inputs) for inputs in both])
    table[name] = (pairs < 0.1).float().mean(dim=(1, 2, 3)).tolist()
    print("{:15}{:14.0%}{:10.0%}".format(name, *table[name]))
assert min(table["/ std"][0], table["raw"][1]) > 10 * table["/ std"][1]

# %%
# Both, and neither alone. At the lower left the scale is right, and without centring two pairs in
# five are still flat. At the upper right the inputs are centred, and still far too wide. Centring
# matters as much as scale.
#
# What training makes of it
# -------------------------
# Four networks train on each kind of input, by plain gradient descent. Optimizer and rate are
# shared: once 1e-3, once 1e-2, neither tuned to one kind. All eleven readings train, since the
# question is only how fast the loss goes down. (:func:`nnbook.fit` is the loop of
# :doc:`page 4.4 </auto_examples/4_module/plot_04_training_loop>`.)

looks = {"inputs x 0.1": ("blue", "-"), "standardized": ("vermilion", "--")}
floor = nnbook.least_squares(data).mse
fig, panels = plt.subplots(1, 2, figsize=(7, 3.4), sharey=True)
for ax, lr in zip(panels, (1e-3, 1e-2), strict=True):
    ends = {}
    for case, (color, dash) in looks.items():
        rows, losses = data.with_inputs(cases[case]), []
        for seed in range(4):
            torch.manual_seed(seed)
            model = nnbook.mlp(1, 13, 1)
            sgd = torch.optim.SGD(model.parameters(), lr=lr)
            history = nnbook.fit(model, rows, optimizer=sgd, epochs=300)
            losses.append(history.train_loss)
        losses = torch.stack(losses, dim=1)  # (300, 4)
        style = {"color": plots.COLORS[color], "linewidth": 0.8}
        lines = ax.plot(range(1, 301), losses, dash, **style)
        lines[0].set_label(case)
        ends[case] = losses[-10:].mean(dim=0)  # (4,)
        low, high = ends[case].aminmax()
        print(f"lr {lr}, {case}: at the end {low:.1f} to {high:.1f} °C²")
    ax.axhline(floor, color=plots.COLORS["grey"], ls=":", label="best line")
    ax.set(title=f"SGD, lr {lr}", xlabel="epoch", yscale="log")
    assert ends["standardized"].max() < ends["inputs x 0.1"].min()
assert ends["standardized"].max() < floor
panels[0].set_ylabel("training loss (°C²)")
panels[0].legend()
plots.describe(
    fig,
    "Loss over 300 epochs at two rates. Left: the dashed standardized runs "
    "start slower, then pass below all solid ones. Right: they fall smoothly "
    "below the best line, while the solid ones jump up and down far above.",
)

# %%
# On the left, at the lower rate, the runs on scaled inputs even start faster: a saturated unit
# passes on a constant, which is enough to learn the mean temperature. Then they lag behind. On the
# right they jump about, while the standardized ones go smoothly down to the best straight line and
# below it, where little but the readings' errors is left to learn.
#
# Slopes are not the whole story. Centring also makes the valley of the loss less narrow, as
# :doc:`page 1.3 </auto_examples/1_learning/plot_03_downhill_by_hand>` saw for a line, and so allows
# the larger rate. Either way: standardize the inputs, by the mean and standard deviation of the
# training rows.
#
# **Try it.** Train on readings that are scaled by 0.1 and centred, but not divided by their
# deviation. Which of the two bundles of curves do they join?
#
# The next page takes the activation away:
# :doc:`/auto_examples/3_activations/plot_04_depth_without_activation`.
