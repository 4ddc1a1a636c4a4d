# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
5.3 What happens inside a network while it trains?
==================================================

A network of 8 hidden units learns the old thermometer: readings (unknown unit, scaled by 0.1) go
in, temperatures (°C) come out. We first send one error back through it by hand, then train it and
watch the gradients of each layer by name, and at last train a hundred networks with other seeds, to
see how much of a single run is luck. About twelve minutes.
"""

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])

# %%
# Rows 7 and 10 (counted from 0) are held out, the readings at -4 °C and 21 °C; nine rows train.
#
# Back through the network by hand
# --------------------------------
# Autograd has computed our gradients since :doc:`page 1.4
# </auto_examples/1_learning/plot_04_autograd>`. What does it do in a network? Forwards, :math:`h =
# \tanh(W_1 x + b_1)` and :math:`o = W_2 h + b_2`, then the loss. :term:`Back-propagation
# <back-propagation>` is the chain rule taken from the loss backwards, layer by layer. Call the
# derivative of the loss with respect to what a layer computes, before its activation, the error
# :math:`\delta` of that layer. With :math:`n` rows, the mean squared error and :math:`\tanh' = 1 -
# \tanh^2`:
#
# .. math::
#
#    \delta_{\text{output}} = \tfrac{2}{n}(o - c), \qquad
#    \delta_{\text{hidden}} = (W_2^{\mathsf T} \delta_{\text{output}}) \cdot (1 - h^2).
#
# The last layer's weights carry the error back to the units, to each in proportion to its weight,
# and the slope of tanh lets more or less of it through. The gradient of a weight is then the error
# at its end times the value at its beginning, summed over the rows. In code a row is an
# observation:


def back_propagate(model, inputs, targets):
    hidden_linear, _, output_linear = model
    hidden = torch.tanh(inputs @ hidden_linear.weight.T + hidden_linear.bias)
    outputs = hidden @ output_linear.weight.T + output_linear.bias  # (n, 1)

    output_error = 2 * (outputs - targets) / len(targets)  # (n, 1)
    through_weights = output_error @ output_linear.weight  # (n, 8)
    hidden_error = through_weights * (1 - hidden**2)  # (n, 8)
    return {
        "hidden_linear.weight": hidden_error.T @ inputs,  # (8, 1)
        "hidden_linear.bias": hidden_error.sum(dim=0),  # (8,)
        "output_linear.weight": output_error.T @ hidden,  # (1, 8)
        "output_linear.bias": output_error.sum(dim=0),  # (1,)
    }


torch.manual_seed(0)
model = nnbook.mlp(1, 8, 1)
with torch.no_grad():
    by_hand = back_propagate(model, split.train.inputs, split.train.targets)

mean_squared_error = torch.nn.MSELoss()
mean_squared_error(model(split.train.inputs), split.train.targets).backward()
for name, parameter in model.named_parameters():
    torch.testing.assert_close(by_hand[name], parameter.grad)
    print(f"{name:21} {tuple(parameter.grad.shape)!s:7} equal to .grad")

# %%
# Four gradients, and each equals what ``backward()`` has put into ``.grad``. The output error is
# computed once and serves both layers: sharing of this kind makes the way back cheap.
#
# One run
# -------
# :func:`nnbook.fit` is the loop of
# :doc:`page 4.4 </auto_examples/4_module/plot_04_training_loop>`. Its callback ``GradientNorms``
# notes the size of each parameter's gradient in every epoch. Will the gradients shrink to nothing
# as the loss settles?

norms = nnbook.GradientNorms()
sgd = torch.optim.SGD(model.parameters(), lr=1e-3)
run = {"optimizer": sgd, "epochs": 5000, "callbacks": [norms]}
history = nnbook.fit(model, split.train, split.val, **run)
print(history)

looks = {"training": ("blue", "-"), "validation": ("vermilion", "--")}


def show_band(ax, name, epochs, low_middle_high):
    low, middle, high = low_middle_high
    color, dash = plots.COLORS[looks[name][0]], looks[name][1]
    ax.plot(epochs, middle, dash, color=color, label=name)
    ax.fill_between(epochs, low, high, alpha=0.25, lw=0, color=color)


fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6))
epochs = torch.arange(25.5, 5000, 50)
losses = (history.train_loss, history.val_loss)
for name, loss in zip(looks, losses, strict=True):
    fifty = loss.view(-1, 50)  # (100, 50): fifty epochs side by side
    levels = (fifty.amin(1), fifty.mean(1), fifty.amax(1))
    show_band(left, name, epochs, levels)
dashes = ("-", "--", "-.", ":")
for (name, sizes), dash in zip(norms.norms.items(), dashes, strict=True):
    right.plot(epochs, sizes.view(-1, 50).mean(1), dash, label=name)
left.set(yscale="log", xlabel="epoch", ylabel="loss (°C²)")
right.set(yscale="log", xlabel="epoch", ylabel="size of the gradient")
right.set_ylim(bottom=0.01)
left.legend()
right.legend(fontsize="small")
plots.describe(
    fig,
    "Left: both losses fall smoothly for over a thousand epochs; then the "
    "validation loss widens into a band that narrows slowly. Right: at that "
    "moment the sizes of all four gradients jump up and stay high.",
)

# %%
# Lines are means over fifty epochs; the band reaches from the lowest to the highest. For more than
# a thousand epochs all is calm. Then every gradient jumps, that of the hidden weights the most, and
# stays large to the end. The training loss jumps too, a little, and sinks on; the validation loss
# swings from epoch to epoch from there. So no: the gradients do not shrink to nothing. Here are the
# hidden weights' last gradient, and the one that the next epoch would see.

last = model.hidden_linear.weight.grad.flatten()  # (8,)
sgd.zero_grad()
mean_squared_error(model(split.train.inputs), split.train.targets).backward()
following = model.hidden_linear.weight.grad.flatten()
print("last", "".join(f"{value:8.2f}" for value in last))
print("next", "".join(f"{value:8.2f}" for value in following))
assert torch.cosine_similarity(last, following, dim=0) < -0.9
torch.testing.assert_close(last.norm(), following.norm(), rtol=0.1, atol=0)

# %%
# The next gradient is the last one reversed: the step went across a valley and landed as high on
# the opposite slope. On :doc:`page 1.3 </auto_examples/1_learning/plot_03_downhill_by_hand>` the
# largest stable rate was 2 divided by the curvature of the loss, and at exactly that rate a step
# reverses the gradient. For a straight line the curvature is a fixed number; in a network it
# depends on the weights, and here it grew until our rate was just too large. Since then the run
# zigzags across the valley while it slides along it. This is common, and called the
# :term:`edge of stability` (J. Cohen and others, *Gradient Descent on Neural Networks Typically
# Occurs at the Edge of Stability*, 2021).
#
# What does the network answer now?

with torch.no_grad():
    outputs = model(0.1 * data.inputs)
table = torch.cat([data.inputs, data.targets, outputs], dim=1)  # (11, 3)
print("row  reading  answer  output")
for row, (reading, answer, output) in enumerate(table.tolist()):
    held_out = "  held out" if row in {7, 10} else ""
    print(f"{row:3d}{reading:9.1f}{answer:8.1f}{output:8.1f}{held_out}")
assert (outputs - data.targets).abs().max() < 4

# %%
# The outputs are within a few degrees everywhere. *Deep Learning with PyTorch*, section 6.3.2,
# prints a run of this kind too: from losses of 182.9724 (training) and 231.8708 (validation) down
# to 2.1141 and 2.0215, with the answers -1.99 °C and 20.87 °C for -4 °C and 21 °C. Its seed is not
# known, and ours gives other numbers. Which of the two should one trust?
#
# A hundred runs at once
# ----------------------
# Neither, before we know how far runs differ. We train a hundred networks that differ only in their
# seeds. To do it fast we stack them: each parameter gets one more dimension in front, with a slice
# for each seed, and a matrix product runs over all slices at once. The losses are added up, and yet
# no network disturbs another: with respect to the parameters of one network, the gradient of the
# sum is just that of its own loss. SGD and Adam update each number by itself.


def stacked(seeds):
    models = []
    for seed in seeds:
        torch.manual_seed(seed)
        models.append(nnbook.mlp(1, 8, 1))
    alike = zip(*(model.parameters() for model in models), strict=True)
    return [torch.stack(same).detach().requires_grad_() for same in alike]


def losses_of(params, rows):
    w1, b1, w2, b2 = params  # (seeds, 8, 1), (seeds, 8), (seeds, 1, 8), ...
    hidden = torch.tanh(rows.inputs @ w1.mT + b1.unsqueeze(1))  # (seeds, n, 8)
    outputs = hidden @ w2.mT + b2.unsqueeze(1)  # (seeds, n, 1)
    return (outputs - rows.targets).square().mean(dim=(1, 2))  # (seeds,)


def train_many(params, optimizer, epochs=5000, every=50):
    noted, train_loss, val_loss = [], [], []
    for epoch in range(1, epochs + 1):
        optimizer.zero_grad()
        losses = losses_of(params, split.train)
        if epoch == 1 or epoch % every == 0:
            noted.append(epoch)
            train_loss.append(losses.detach())
            with torch.no_grad():
                val_loss.append(losses_of(params, split.val))
        losses.sum().backward()
        optimizer.step()
    return torch.tensor(noted), torch.stack(train_loss), torch.stack(val_loss)


# %%
# First the check: one of three networks that are trained together, against itself trained alone.

params = stacked([3, 4, 5])
optimizer = torch.optim.SGD(params, lr=1e-3)
_, *together = train_many(params, optimizer, epochs=200, every=1)
torch.manual_seed(4)
alone = nnbook.mlp(1, 8, 1)
sgd = torch.optim.SGD(alone.parameters(), lr=1e-3)
history = nnbook.fit(alone, split.train, split.val, optimizer=sgd, epochs=200)
losses = (history.train_loss, history.val_loss)
for three, one in zip(together, losses, strict=True):
    torch.testing.assert_close(three[:, 1], one, rtol=1e-4, atol=0)

# %%
# Equal over 200 epochs. (Later, where runs zigzag, rounding errors grow and two correct programs
# part; what stays comparable is the spread of many runs.) Now all 5,000 epochs, for three
# optimizers: SGD at our rate, SGD at ten times that rate, and Adam. Which will have the lowest
# training loss, which the lowest validation loss?

settings = (
    ("SGD, lr 1e-3", torch.optim.SGD, 1e-3),
    ("SGD, lr 1e-2", torch.optim.SGD, 1e-2),
    ("Adam, lr 1e-2", torch.optim.Adam, 1e-2),
)
ends = {}
fig, panels = plt.subplots(1, 3, figsize=(7, 3.4), sharey=True)
print(f"{'after 5,000 epochs':30}{'5 %':>8}{'median':>8}{'95 %':>8}")
for ax, (setting, optimizer, lr) in zip(panels, settings, strict=True):
    params = stacked(range(100))
    noted, *losses = train_many(params, optimizer(params, lr=lr))
    for name, loss in zip(looks, losses, strict=True):
        levels = loss.quantile(torch.tensor([0.05, 0.5, 0.95]), dim=1)
        show_band(ax, name, noted, levels)
        low, median, high = ends[setting, name] = levels[:, -1].tolist()
        print(f"{setting:16}{name:14}{low:8.2f}{median:8.2f}{high:8.2f}")
    ax.set(title=setting, xlabel="epoch", yscale="log", xticks=[0, 2500, 5000])
published = ([1, 5000, 1, 5000], [182.9724, 2.1141, 231.8708, 2.0215])
panels[0].scatter(*published, color=plots.INK, marker="x", zorder=3)
panels[0].set_ylabel("loss (°C²)")
panels[2].legend()
plots.describe(
    fig,
    "Three panels of loss over epochs, each with a band of training and one of "
    "validation losses. SGD at 1e-3: both fall, four published crosses lie "
    "inside. SGD at 1e-2: wide bands, validation stays high. Adam: narrow "
    "bands, training falls while validation turns and rises.",
)
floor = nnbook.least_squares(split.train).mse
print(f"least squares, a straight line, on the same nine rows: {floor:.2f}")

low, _, high = ends["SGD, lr 1e-3", "training"]
val_low, _, val_high = ends["SGD, lr 1e-3", "validation"]
assert abs(low - 2.10) < 0.06
assert abs(high - 2.36) < 0.06
assert low < 2.1141 < high < floor
assert 0.7 < val_low < 2.0215 < val_high < 6
assert 15 < ends["SGD, lr 1e-2", "validation"][1] < 35
assert ends["Adam, lr 1e-2", "training"][2] < 1.6
assert ends["Adam, lr 1e-2", "validation"][0] > 15

# %%
# From left to right. SGD at our rate: a narrow band for training, a wide one for validation. The
# published losses, marked by crosses, lie inside: that run was an ordinary one. That a validation
# loss ends below a training loss says little, since it has only two rows. SGD at ten times the rate
# is rough, some runs hardly learn, and the validation loss stays high, which is why the rate was
# lowered. Adam goes lowest in training, far below the best straight line on the same nine rows,
# where little but their measurement errors is left to learn. Its validation loss turns after some
# hundred epochs and rises: :term:`overfitting`.
#
# One caution: to lower a rate because rows 7 and 10 look better is to use them for choosing, and
# then they no longer judge without bias
# (:doc:`/auto_examples/1_learning/plot_06_held_out_readings`).
#
# **Try it.** Let ``fit`` train one network with Adam for 750 epochs and print its table of outputs.
# On which row does it do worst? On the :doc:`playground </playground>` such a network trains before
# your eyes.
#
# The next page writes the same network as a class:
# :doc:`/auto_examples/5_sequential/plot_04_subclassing`.
