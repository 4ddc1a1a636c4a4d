# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
2.2 A layer is many neurons and one matrix
==========================================

One neuron makes one S. How are many of them written down, so that neither the
formula nor the code grows with their number? By a matrix. We go from one
neuron with several inputs to a layer and from a layer to a network, and write
down the shape at each step. The numbers are plain ones without a unit; at the
end the readings of the old thermometer (unknown unit) ask for temperatures
(°C). About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 6.1.1.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

generator = torch.Generator().manual_seed(0)
inputs = torch.randn(5, 3, generator=generator)  # 5 rows, 3 inputs each
W0 = torch.randn(4, 3, generator=generator)  # 4 neurons, 3 weights each
b0 = torch.randn(4, generator=generator)  # 4 neurons, 1 bias each

# %%
# From a scalar to a vector
# -------------------------
# With three inputs a neuron has three weights. Each input is multiplied by its own, the products
# and the bias are added up, and tanh does the rest. There is still one output:

x = inputs[0]  # (3,)
total = W0[0, 0] * x[0] + W0[0, 1] * x[1] + W0[0, 2] * x[2] + b0[0]
neuron = torch.tanh(total)
print("one neuron:", tuple(x.shape), "->", tuple(neuron.shape))
torch.testing.assert_close(neuron, torch.tanh(W0[0] @ x + b0[0]))

# %%
# ``W0[0] @ x`` is that sum of products. Four neurons that take the same three inputs are a
# :term:`layer`. We could write a loop. But the weights of the four, one below the other, form a
# matrix :math:`W` of four rows and three columns, and :math:`W x + b` is all four sums at once:

loop = torch.stack([torch.tanh(W0[i] @ x + b0[i]) for i in range(4)])
layer = torch.tanh(W0 @ x + b0)
print("a layer:   ", tuple(x.shape), "->", tuple(layer.shape))
torch.testing.assert_close(layer, loop)

# %%
# The formula of page 2.1, :math:`o = f(w x + b)`, stays as it was. Only its letters have grown:
# :math:`x`, :math:`b` and :math:`o` are now vectors, :math:`w` is a matrix, and the activation is
# applied to each of the four sums by itself.
#
# Many rows at once
# -----------------
# Data come as a batch, one observation a row, and each row is to meet each neuron. Then the inputs
# stand on the left, and the matrix is transposed: :math:`x W^\mathsf{T} + b`.

batch = torch.tanh(inputs @ W0.T + b0)  # (5, 3) @ (3, 4) + (4,)
print("a batch:   ", tuple(inputs.shape), "->", tuple(batch.shape))
torch.testing.assert_close(batch[0], layer)

# %%
# :class:`torch.nn.Linear` computes just this, without the activation. It is called a
# :term:`linear layer`, though with its bias it is strictly :term:`affine`. Its arguments name the
# inputs first. Its weight is stored the other way round, (out, in), so that each row of it belongs
# to one neuron.

linear = nn.Linear(3, 4)
print("nn.Linear(3, 4) stores a weight of shape", tuple(linear.weight.shape))
assert linear.weight.shape == (4, 3)
with torch.no_grad():
    linear.weight.copy_(W0)
    linear.bias.copy_(b0)
    torch.testing.assert_close(linear(inputs), inputs @ W0.T + b0)

# %%
# Layer after layer
# -----------------
# The outputs of one layer are numbers, so they can be the inputs of the next. Layers in a row, here
# :math:`k + 1` of them, are a :term:`neural network`:
#
# .. math::
#
#    x_1 &= f(W_0\, x + b_0), \\
#    x_2 &= f(W_1\, x_1 + b_1), \\
#    &\;\;\vdots \\
#    y &= W_k\, x_k + b_k.
#
# All layers but the last are :term:`hidden layers <hidden layer>`: their outputs are nobody's
# answer and only feed the next. The last, the :term:`output layer`, usually has no activation. Our
# network has two layers; the second is to return two numbers for each row.

W1 = torch.randn(2, 4, generator=generator)  # 2 neurons, 4 weights each
b1 = torch.randn(2, generator=generator)


def by_hand(inputs):
    hidden = torch.tanh(inputs @ W0.T + b0)  # (batch, 3) -> (batch, 4)
    return hidden @ W1.T + b1  # (batch, 4) -> (batch, 2)


print("a network: ", tuple(inputs.shape), "->", tuple(by_hand(inputs).shape))

# %%
# The same from PyTorch's parts. ``nn.Sequential`` calls the modules that it holds one after the
# other; :doc:`page 5.1 </auto_examples/5_sequential/plot_01_first_network>` has more about it. We
# give it our weights, and the outputs must agree.

model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
ours = [W0, b0, W1, b1]
with torch.no_grad():
    for parameter, tensor in zip(model.parameters(), ours, strict=True):
        parameter.copy_(tensor)
    torch.testing.assert_close(model(inputs), by_hand(inputs))

    flow = inputs
    for module in model:
        before, flow = flow, module(flow)
        print(tuple(before.shape), "->", tuple(flow.shape), "by", module)
    assert torch.equal(flow, model(inputs))

# %%
# The linear layers change the width, from 3 to 4 to 2; the batch of five stays. What one layer puts
# out is what the next must take in. Here is the network, drawn from the module itself:

fig, ax = plt.subplots(figsize=(7, 3.6))
plots.network(model, ax)
plots.describe(
    fig,
    "Three columns of circles: three inputs, four hidden units, two outputs. "
    "Each circle is joined to all of the next column; lines for negative "
    "weights are dashed, and lines for large weights wide.",
)
print(len(ax.lines), "lines")
assert len(ax.lines) == W0.numel() + W1.numel() == 4 * 3 + 2 * 4

# %%
# Read it from left to right. Each line is one weight, solid if it is positive, dashed if negative.
# The three lines that meet in the uppermost hidden unit are the first row of :math:`W_0`, the four
# that meet in the upper output the first row of :math:`W_1`. The biases are not drawn.
#
# Why the last layer has no tanh
# ------------------------------
# The highest temperature of our data is 28 °C, and tanh returns numbers between -1 and 1. What is
# the best that a network ending in a tanh could do? We need no training to know: at each reading,
# its best answer is the number in this range that is nearest to the temperature.

data = nnbook.load_thermometer()
nearest = data.targets.clamp(-1, 1)
shortest = (data.targets - nearest).max().item()
floor = (data.targets - nearest).square().mean().item()
print(f"at the highest temperature it is short by at least {shortest:.0f} °C")
print(f"its mean squared error is never below {floor:.1f} °C²")
assert shortest == 28 - 1

# %%
# No weights can change that. We train one network of each kind to see it. :func:`nnbook.fit` lowers
# the loss by many small steps, as :doc:`page 4.4 </auto_examples/4_module/plot_04_training_loop>`
# explains. Inputs are scaled by 0.1, as in chapter 1. Where will the curve of the network with the
# last tanh run?

scaled = data.with_inputs(0.1 * data.inputs)
torch.manual_seed(0)
networks = {
    "last layer linear": nnbook.mlp(1, 4, 1),
    "tanh at the end": nn.Sequential(nnbook.mlp(1, 4, 1), nn.Tanh()),
}
looks = [("green", "-"), ("purple", "--")]
losses = []
ax = plots.samples(data, label="readings")
pairs = zip(networks.items(), looks, strict=True)
for (name, network), (color, dash) in pairs:
    adam = torch.optim.Adam(network.parameters(), lr=0.1)
    history = nnbook.fit(network, scaled, optimizer=adam, epochs=300)
    losses.append(history.train_loss[-1].item())
    print(f"{name}: mean squared error {losses[-1]:.1f} °C²")

    def predict(readings, network=network):
        return network(0.1 * readings)

    style = {"color": plots.COLORS[color], "linestyle": dash, "label": name}
    plots.curve(predict, (15, 90), ax, **style)
ax.legend()
plots.describe(
    ax,
    "Eleven readings rise from -4 to 28 °C. A solid curve rises with them; a "
    "dashed one stays between -1 and 1 °C, far below most of them.",
)
with torch.no_grad():
    assert networks["tanh at the end"](scaled.inputs).max() <= 1
assert losses[0] < floor / 10
assert floor - 0.01 < losses[1] < floor + 5

# %%
# The solid curve rises with the readings up to 28 °C. It even comes nearer to them than the best
# straight line, which with eleven readings is a warning, not a success (:doc:`page 1.2
# </auto_examples/1_learning/plot_02_least_squares>`). The dashed curve stays within 1 °C of zero,
# and its loss is close to the least that we worked out for it. The limit lies in the last function,
# not in the training.
#
# There are exceptions. Where an answer must lie in a range, such as a probability between 0 and 1,
# a last activation keeps it there, as
# :doc:`page 3.1 </auto_examples/3_activations/plot_01_scores_in_range>` shows. And one may divide
# the targets until they fit.
#
# **Try it.** Do that: train ``networks["tanh at the end"]`` on ``nnbook.Samples(scaled.inputs,
# data.targets / 30)`` and multiply its answers by 30. Which temperatures can it still never
# predict?
#
# The next page adds neurons up and puts them into each other:
# :doc:`/auto_examples/2_neurons/plot_03_composed_neurons`.
