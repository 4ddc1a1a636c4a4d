# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
3.4 Depth without activation is one line
========================================

A network is linear layers with an activation between each two. What if we
leave the activations out and stack more layers instead? We stack, multiply the
matrices, and compare: nothing is left of the depth. Then such a stack learns
the thermometer (readings in the unknown unit, temperatures in °C), and at last
we look at a footnote that the computer adds. About eight minutes.

The subject belongs to *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 6.1.3.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import activations, plots

torch.set_num_threads(1)  # more threads slow such small networks down

# %%
# One layer put into another
# --------------------------
# A linear layer computes :math:`W x + b`. Two of them, one after the other:
#
# .. math::
#
#    W_2 (W_1 x + b_1) + b_2 = (W_2 W_1)\,x + (W_2 b_1 + b_2).
#
# That is one linear layer again. Its matrix is the product of the two; its bias is the first bias
# sent through the second layer, plus the second. (Strictly, all this is :term:`affine`, as
# :doc:`page 2.2 </auto_examples/2_neurons/plot_02_layers>` said.) What holds for two holds for any
# number, one after the other:


def collapse(stack):
    layers = [layer for layer in stack if isinstance(layer, nn.Linear)]
    weight, bias = layers[0].weight, layers[0].bias
    for layer in layers[1:]:
        weight = layer.weight @ weight  # (n_out, n_in)
        bias = layer.weight @ bias + layer.bias  # (n_out,)
    return weight.detach(), bias.detach()


# %%
# Ten layers from 3 inputs to 2 outputs, 13 numbers wide in between. :func:`nnbook.mlp` builds them
# with ``nn.Identity``, which returns its input, in place of the activation. How far apart will the
# ten layers and the one be?


def linear_stack(dtype):
    torch.manual_seed(0)
    stack = nnbook.mlp(3, [13] * 9, 2, activation=nn.Identity)
    return stack.to(dtype), torch.randn(200, 3).to(dtype)


for dtype, tolerance in ((torch.float32, 1e-5), (torch.float64, 1e-14)):
    stack, inputs = linear_stack(dtype)
    weight, bias = collapse(stack)  # (2, 3), (2,)
    with torch.no_grad():
        deep = stack(inputs)  # (200, 2)
        flat = inputs @ weight.T + bias
    apart = ((deep - flat).abs().max() / deep.abs().max()).item()
    print(f"{dtype}: {apart:.0e} of the largest output", end=", ")
    print(f"one rounding: {torch.finfo(dtype).eps:.0e}")
    assert apart < tolerance

n_deep = sum(parameter.numel() for parameter in stack.parameters())
n_flat = weight.numel() + bias.numel()
print(f"{n_deep} parameters do the work of {n_flat}")

# %%
# A few roundings, in single and in double precision: equal, but for rounding. The same terms are
# added in another order. Over a thousand parameters do the work of eight. A stack may even do less
# than one layer: through a hidden layer of width 1, only one number gets from the inputs to the
# outputs.
#
# Not a polynomial
# ----------------
# Two of this book's sources, an early edition (2019) of the one above among them, say that layers
# without activations make a polynomial. If so, a stack of three should have some curvature. We fit
# a cubic to its output:

torch.manual_seed(0)
stack = nnbook.mlp(1, [13, 13], 1, activation=nn.Identity).double()
x = torch.linspace(-3, 3, 201, dtype=torch.float64).unsqueeze(1)  # (201, 1)
powers = torch.cat([x**0, x, x**2, x**3], dim=1)  # (201, 4)
with torch.no_grad():
    cubic = torch.linalg.lstsq(powers, stack(x)).solution.flatten()
for power, coefficient in enumerate(cubic.tolist()):
    print(f"x^{power}: {coefficient:z.4f}")
weight, bias = collapse(stack)
torch.testing.assert_close(cubic[:2], torch.cat([bias, weight[0]]))
assert cubic[2:].abs().max() < 1e-12

# %%
# No square and no cube: the first two coefficients are the collapsed bias and weight, the others
# are zero. In the input the stack stays affine. There is a polynomial, but in the *parameters*,
# which are multiplied with each other; that is why the loss of such a stack is no bowl
# (:doc:`page 2.4 </auto_examples/2_neurons/plot_04_shape_of_the_error>`).
#
# With and without
# ----------------
# Now four networks with 1, 2, 4 and 8 hidden layers, drawn twice: without activation, and with the
# very same weights and tanh. (All weights are doubled, so that the curves do not come out nearly
# level.) What will the eight-layer network look like on the left, what on the right?

x = torch.linspace(-3, 3, 301).unsqueeze(1)  # (301, 1)
fig, panels = plt.subplots(1, 2, figsize=(7, 3.4))
for ax, activation in zip(panels, (nn.Identity, nn.Tanh), strict=True):
    correlations = {}
    for depth, dash in zip((1, 2, 4, 8), ("-", "--", "-.", ":"), strict=True):
        torch.manual_seed(1)
        network = nnbook.mlp(1, [13] * depth, 1, activation=activation)
        with torch.no_grad():
            for layer in network:
                if isinstance(layer, nn.Linear):
                    layer.weight *= 2
            outputs = network(x)  # (301, 1)
        ax.plot(x, outputs, dash, label=f"{depth} hidden")
        both = torch.cat([x, outputs], dim=1).T  # (2, 301)
        correlations[depth] = torch.corrcoef(both)[0, 1].abs().item()
    ax.set(title=activation.__name__, xlabel="input x")
    listed = "".join(f"{value:8.4f}" for value in correlations.values())
    print(f"{activation.__name__:9} correlation with a line: {listed}")
    are_straight = [value > 1 - 1e-5 for value in correlations.values()]
    assert are_straight == [activation is nn.Identity] * 4
panels[0].set_ylabel("output o")
panels[0].legend()
plots.describe(
    fig,
    "Left, without activation: four straight lines of different slope. Right, "
    "the same weights with tanh: four bent curves; those with 4 and 8 hidden "
    "layers rise and fall.",
)

# %%
# On the left, four straight lines; eight layers give another slope and nothing else. On the right
# tanh bends each of them, and what one layer has bent the next can bend again.
#
# Such a stack on the thermometer
# -------------------------------
# Three linear layers learn the readings, standardized as on :doc:`page 3.3
# </auto_examples/3_activations/plot_03_where_a_neuron_listens>`. If they are a straight line, they
# cannot get below the floor of :doc:`page 1.2 </auto_examples/1_learning/plot_02_least_squares>`.
# Will they reach it? (:func:`nnbook.fit` is the loop of :doc:`page 4.4
# </auto_examples/4_module/plot_04_training_loop>`.)

data = nnbook.load_thermometer()
data = data.with_inputs(nnbook.Standardize.of(data)(data.inputs))
line = nnbook.least_squares(data)
torch.manual_seed(0)
stack = nnbook.mlp(1, [13, 13], 1, activation=nn.Identity)
sgd = torch.optim.SGD(stack.parameters(), lr=1e-2)
history = nnbook.fit(stack, data, optimizer=sgd, epochs=400)
weight, bias = collapse(stack)
fitted = torch.cat([bias, weight[0]])  # (2,)
print(f"loss  {history.train_loss[-1]:.4f} °C², floor {line.mse:.4f} °C²")
print(f"stack {fitted[0]:.4f} and {fitted[1]:.4f}", end=", least squares ")
print("{:.4f} and {:.4f}".format(*line.coefficients.tolist()))
assert history.train_loss.min() > line.mse - 1e-4
assert (fitted - line.coefficients).abs().max() < 0.01

# %%
# They reach it and stop: bias and weight of the collapsed stack are those of least squares. All
# that the depth has changed is the way there.
#
# A footnote: rounding is not linear
# ----------------------------------
# "Equal to rounding" hides something. Here are two linear layers, each with weight 1. The first
# adds a large number, the second takes it away again. On paper nothing happens, and ``collapse``
# agrees. What will the computer draw?

large = 1.5 * 2.0**23
layers = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
with torch.no_grad():
    for layer, shift in zip(layers, (large, -large), strict=True):
        layer.weight.fill_(1)
        layer.bias.fill_(shift)
assert [part.item() for part in collapse(layers)] == [1, 0]

ax = plots.curve(layers, (-3, 3), points=1201, label="two layers, float32")
plots.curve(nn.Identity(), (-3, 3), ax, ls="--", label="collapsed")
ax.set(xlabel="input x", ylabel="output o")
ax.legend()
plots.describe(
    ax,
    "A staircase with seven steps from -3 to 3, and a dashed straight line "
    "that runs through the middle of the steps.",
)
with torch.no_grad():
    assert torch.equal(layers(x), x.round())
assert (activations.derivative(layers, x) == 1).all()

# %%
# A staircase. Near twelve million, ``float32`` has digits for whole numbers only, so the first
# layer rounds. Two linear layers have bent a line after all, by the computer's rounding. The last
# check shows why no training makes use of it: autograd knows the formula and not the rounding, and
# reports the slope 1 everywhere.
#
# It can be used, though. J. Foerster found another such place, next to zero, where the smallest
# numbers are rounded to nothing ("Nonlinear Computation in Deep Linear Networks", OpenAI blog,
# 2017). A deep linear network whose numbers were pushed down to there told handwritten digits apart
# better than the same network trained by back-propagation, which knows no rounding. Its weights
# were found by trying random variations instead. It is a curiosity, and a reminder: what runs is
# not the formula but its rounded copy.
#
# **Try it.** Build a stack from 3 inputs to 3 outputs through a hidden layer of width 1, collapse
# it, and ask ``torch.linalg.matrix_rank`` about the weight. What can one linear layer do that this
# stack cannot?
#
# So there has to be an activation in between. Does it matter which one?
# :doc:`/auto_examples/3_activations/plot_05_does_the_choice_matter`.
