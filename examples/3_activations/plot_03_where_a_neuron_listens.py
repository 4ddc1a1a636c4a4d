r"""
3.3 Where does a neuron listen?
===============================

A tanh neuron answers a nudge in the middle of its range and ignores it at the
ends. The same holds for learning: only where the neuron listens does an error
reach its weight. Which of our readings do the units of an untrained network
hear at all? We look at one reading, then at thirteen units, then at two
hundred networks, and change nothing but the scale of the inputs. Readings are
in the unknown unit, temperatures in °C. About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), sections 6.1.3 and 6.1.5.
"""

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import activations, plots

data = nnbook.load_thermometer()
scaled = data.with_inputs(0.1 * data.inputs)
low, high = scaled.inputs.aminmax()
print(f"inputs from {low:.1f} to {high:.1f}")

# %%
# The gradient that gets through
# ------------------------------
# Scaled by 0.1, as in chapter 1, the readings lie between about 2 and 8. An untrained network
# answers the hottest of them. Unit :math:`j` of its hidden layer computes
# :math:`s_j = w_j x + b_j`, and the output weighs :math:`\tanh s_j` by :math:`v_j`. By the chain
# rule, the squared error of that one reading sends to the weight :math:`w_j` the gradient
#
# .. math::
#
#    2\,(o - c) \cdot v_j \cdot \tanh'(s_j) \cdot x, \qquad \tanh' s = 1 - \tanh^2 s.
#
# The error, the unit's say, the slope where the unit stands, and the input. If one factor is almost
# zero, so is the product.

torch.manual_seed(0)
model = nnbook.mlp(1, 13, 1)
hottest = data.targets.argmax()
x, c = scaled.inputs[hottest], scaled.targets[hottest]  # (1,), (1,)

outputs = model(x)  # (1,)
(outputs - c).square().sum().backward()
with torch.no_grad():
    sums = model.hidden_linear(x)  # (13,)
    slopes = 1 - torch.tanh(sums) ** 2
    through = 2 * (outputs - c) * model.output_linear.weight[0] * slopes * x
received = model.hidden_linear.weight.grad[:, 0]  # (13,)
torch.testing.assert_close(through, received)
torch.testing.assert_close(slopes, activations.derivative(torch.tanh, sums))

print("sum w x + b   slope of tanh   gradient of w")
for j in sums.abs().argsort()[[0, 2, 4, 6, 8, 10, 12]]:
    print(f"{sums[j]:11.2f}{slopes[j]:16.4f}{received[j]:16.2f}")
