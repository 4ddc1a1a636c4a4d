# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
1.5 Who takes the steps?
========================

A step against the gradient was one line on :doc:`page 1.4
</auto_examples/1_learning/plot_04_autograd>`. PyTorch keeps this line in an
object, and it has cleverer ones to put in its place. Does a cleverer step
arrive somewhere else, or only sooner? We go down the loss of the eleven
readings (unknown unit, with temperatures in °C) in several ways and look at
the paths. At the end we read off the fitted line which unit the old
thermometer may have. About ten minutes.
"""

import math

import torch
from torch import nn

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
scaled = data.with_inputs(0.1 * data.inputs)  # as on page 1.3
start = torch.tensor([1.0, 0.0])  # weight, bias

# %%
# One step
# --------
# An :term:`optimizer` is made with the parameters that it is to change. It does not copy them, it
# holds the same tensors: its ``step`` reads their ``.grad`` and changes them in place. The plain
# one is called SGD, for :term:`stochastic gradient descent`. Nothing is random yet, because each
# step sees all eleven rows; chance comes in on page 1.7.

params = start.clone().requires_grad_()
optimizer = torch.optim.SGD([params], lr=1e-5)
assert optimizer.param_groups[0]["params"][0] is params

nnbook.line_loss(params, scaled).backward()
by_hand = start - 1e-5 * params.grad
optimizer.step()
print(f"after one step: w = {params[0]:.4f}, b = {params[1]:.4e}")
torch.testing.assert_close(params.detach(), by_hand)
published = torch.tensor([1.0008, 1.0640e-4])
torch.testing.assert_close(params.detach(), published, rtol=1e-4, atol=0)

# %%
# The same as the line by hand, and the same as a web tutorial prints, "Neural Network Basics:
# Linear Regression with PyTorch" (J. Beach, 2020). The gradient still lies in ``.grad``, where
# the next ``backward`` would add to it. ``zero_grad`` clears it, for all parameters at once:

optimizer.zero_grad(set_to_none=False)
print("set_to_none=False:", params.grad)
assert torch.equal(params.grad, torch.zeros(2))
optimizer.zero_grad()
print("today's default:  ", params.grad)
assert params.grad is None

# %%
# Older texts say that ``zero_grad`` fills with zeros. Today it sets ``.grad`` to None, which
# takes no memory. The two are not quite the same for the step that follows: a parameter whose
# gradient is None is passed over, while one whose gradient is zero may still be moved by an
# optimizer with a memory.
#
# The whole descent
# -----------------
# With an optimizer, one loop serves all of them. It keeps the losses and the path.


def train(method, data, epochs, **options):
    params = start.clone().requires_grad_()
    optimizer = method([params], **options)
    losses, path = [], [start]
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = nnbook.line_loss(params, data)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        path.append(params.detach().clone())
    # (epochs,), (epochs + 1, 2)
    return torch.tensor(losses), torch.stack(path)


def compare(losses, published):
    print("epoch   loss (°C²)   published")
    for epoch, expected in published.items():
        loss = losses[epoch - 1].item()
        print(f"{epoch:5d}  {loss:11.6f} {expected:11.6f}")
        assert math.isclose(loss, expected, rel_tol=1e-4)


sgd, sgd_path = train(torch.optim.SGD, scaled, epochs=5000, lr=1e-2)
compare(sgd, {1: 80.364342, 100: 22.148710, 1000: 3.828538, 5000: 2.927648})
print("weight and bias:", sgd_path[-1])
published = torch.tensor([5.3671, -17.3012])
torch.testing.assert_close(sgd_path[-1], published, rtol=1e-4, atol=0)

# %%
# These are the losses of pages 1.3 and 1.4.
#
# Adam, by hand
# -------------
# SGD has one learning rate for all parameters, although the loss is far steeper in one direction
# than in the other. :term:`Adam` (D. P. Kingma, J. Ba: Adam: A Method for Stochastic
# Optimization, 2015) keeps two running means for each parameter :math:`\theta`: :math:`m` of its
# slopes :math:`g`, and :math:`v` of their squares. It divides one by the root of the other:
#
# .. math::
#
#    \begin{aligned}
#    m &\leftarrow 0.9\, m + 0.1\, g, \\
#    v &\leftarrow 0.999\, v + 0.001\, g^2, \\
#    \theta &\leftarrow \theta - \text{lr} \cdot
#    \frac{m / (1 - 0.9^t)}{\sqrt{v / (1 - 0.999^t)} + 10^{-8}}.
#    \end{aligned}
#
# Both means start at zero, which makes them too small at first; the divisors in step :math:`t`
# make up for that. The size of the slopes cancels. What remains is how well they agree: a
# parameter whose slopes keep their sign moves by about the learning rate, one whose slopes change
# sign moves less.

by_hand, m, v = start, torch.zeros(2), torch.zeros(2)
for t in range(1, 101):
    g = nnbook.gradient_by_autograd(by_hand, scaled)
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    size = (v / (1 - 0.999**t)).sqrt() + 1e-8
    by_hand = by_hand - 1e-1 * m / (1 - 0.9**t) / size

adam, adam_path = train(torch.optim.Adam, scaled, epochs=1000, lr=1e-1)
print("100 steps by hand:   ", by_hand)
print("100 steps by PyTorch:", adam_path[100])
torch.testing.assert_close(by_hand, adam_path[100], rtol=1e-4, atol=0)

print("the first step:      ", adam_path[1] - adam_path[0])
torch.testing.assert_close(adam_path[1], start + 0.1)

published = [18.730587, 8.292550, 4.275753, 3.178962, 2.962302]
published += [2.931170, 2.927909, 2.927659, 2.927646, 2.927647]
compare(adam, dict(zip(range(100, 1001, 100), published, strict=True)))
print("weight and bias:", adam_path[-1])
published = torch.tensor([5.3676, -17.3044])
torch.testing.assert_close(adam_path[-1], published, rtol=1e-4, atol=0)

# %%
# The recipe by hand and PyTorch's agree. The first step moves both parameters by the learning
# rate, however steep the slope. The published losses are from a web tutorial, "PyTorch Tutorial",
# after the book *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020).
#
# Two ways down
# -------------
# Both descents start at :math:`w = 1`, :math:`b = 0`, and both end at the bottom of a long,
# narrow valley. Which way does each take? Picture it before you look.

ax = plots.loss_surface(
    lambda params: nnbook.line_loss(params, scaled),
    (0, 6.5),
    (-20, 4),
    paths={"SGD, rate 0.01": sgd_path, "Adam, rate 0.1": adam_path},
)
ax.set_xlabel("weight w (°C per scaled unit)")
ax.set_ylabel("bias b (°C)")
plots.describe(
    ax,
    "Contour lines of a narrow, slanted valley. SGD runs across to the "
    "valley's floor and then along it; Adam overshoots the floor, loops back "
    "and follows the same floor to the same end.",
)
torch.testing.assert_close(sgd_path[-1], adam_path[-1], rtol=1e-3, atol=0)

# %%
# SGD rushes to the valley's floor in a few steps and then turns and follows it. Adam climbs in the
# bias as fast as it gains in the weight, overshoots the floor, loops back and follows it too. They
# arrive at the same place. What differs is the pace, and the pace depends on the rate as well:

adam_raw, raw_path = train(torch.optim.Adam, data, epochs=2000, lr=1e-1)
sgd_faster, _ = train(torch.optim.SGD, scaled, 1000, lr=3e-2)
with_momentum, _ = train(torch.optim.SGD, scaled, 1000, lr=1e-2, momentum=0.9)
runs = {
    "SGD, rate 0.01": sgd,
    "SGD, rate 0.03": sgd_faster,
    "SGD, rate 0.01, momentum 0.9": with_momentum,
    "Adam, rate 0.1": adam,
    "Adam, rate 0.1, raw readings": adam_raw,
}
best = nnbook.least_squares(data)
print("last epoch with a loss more than 1 % above the least possible:")
last_epoch = {}
for name, losses in runs.items():
    above = (losses > 1.01 * best.mse).nonzero()
    last_epoch[name] = above.max().item() + 1
    print(f"  {name:30}{last_epoch[name]:6d}")
sgd_slow, sgd_fast, momentum, adam_scaled, raw = last_epoch.values()
assert momentum < adam_scaled < sgd_fast < sgd_slow
assert adam_scaled < raw < 2000
print("weight and bias, raw readings:", raw_path[-1])
bottom = best.coefficients.flip(0).float()
torch.testing.assert_close(raw_path[-1], bottom, rtol=1e-3, atol=0)

# %%
# Adam needs far fewer epochs than SGD at 0.01. Most of that is the rate: at 0.03, close to the
# largest that is stable here, SGD is not far behind. With :term:`momentum` it is quicker still.
# Momentum adds nine tenths of the last step to each new one: it is the rolling ball of page 1.4,
# with friction. So a race at one rate each says little about the optimizers.
#
# The run on raw readings is the third cure that page 1.3 promised. On raw readings SGD at 0.01
# diverged. Adam arrives, because each parameter has a scale of its own, though more slowly than
# on scaled inputs.
#
# Other families in ``torch.optim``: Adagrad, RMSprop and Adadelta scale each parameter's steps too;
# AdamW and NAdam are Adam with another :term:`weight decay` and another momentum; Rprop looks at
# signs only; LBFGS estimates the curvature and asks for the loss several times a step; Muon is made
# for the weight matrices of large networks.
#
# All of this in one line
# -----------------------
# :func:`nnbook.fit` is this loop with checks around it (:doc:`page 4.4
# </auto_examples/4_module/plot_04_training_loop>` opens it). It trains a module, here the
# straight line ``nn.Linear(1, 1)``, and takes any optimizer.

model = nn.Linear(1, 1)
nn.init.constant_(model.weight, 1.0)
nn.init.constant_(model.bias, 0.0)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-1)
history = nnbook.fit(model, scaled, optimizer=optimizer, epochs=1000)
print(history)
torch.testing.assert_close(history.train_loss, adam, rtol=1e-4, atol=0)

# %%
# Which unit is it?
# -----------------
# The line is found, in several ways. What does it say about the old thermometer? Solved for the
# reading, it tells what the thermometer would show where water freezes and where it boils. Guess
# the unit.

fit = nnbook.least_squares(scaled)
bias, weight = fit.coefficients.tolist()
for celsius in (0, 100):
    reading = 10 * (celsius - bias) / weight
    print(f"at {celsius:3d} °C it would show {reading:.1f}")

# %%
# On the Fahrenheit scale water freezes at 32 and boils at 212. The first is close, the second is
# far outside our readings, where a line is less certain. Is it Fahrenheit? Then the exact line
# would be
#
# .. math::
#
#    c = \tfrac{5}{9} (u - 32) = \tfrac{50}{9} \cdot (0.1\, u) - \tfrac{160}{9}.
#
# A distance means little without a measure for it. The :term:`standard error` of page 1.2 is one:
# it is how far an estimate would typically move with other noise of the same size.

exact = torch.tensor([-160 / 9, 50 / 9], dtype=torch.float64)
distances = (fit.coefficients - exact).abs() / fit.standard_errors
print("           fitted     exact  std. error  distance")
rows = torch.stack([fit.coefficients, exact, fit.standard_errors, distances])
for name, row in zip(["bias", "weight"], rows.T.tolist(), strict=True):
    print("{:6} {:10.4f}{:10.4f}{:12.4f}{:10.2f}".format(name, *row))
assert abs(distances[0] - 0.25) < 0.005
assert abs(distances[1] - 0.53) < 0.005

ratio = nnbook.line_loss(exact.flip(0).float(), scaled).item() / fit.mse
print(f"loss of the exact line: {ratio:.2f} times the least possible")
assert 1 < ratio < 11 / 9

ax = plots.samples(data, label="readings")
green, purple = plots.COLORS["green"], plots.COLORS["purple"]
look = {"label": "fitted", "color": green}
plots.curve(lambda u: fit.predict(0.1 * u), (15, 90), ax, **look)
look = {"label": "from Fahrenheit", "color": purple, "linestyle": "--"}
plots.curve(lambda u: 5 / 9 * (u - 32), (15, 90), ax, **look)
ax.legend()
plots.describe(
    ax,
    "The eleven readings with two lines that nearly coincide, the fitted one "
    "and the one from Fahrenheit, which is a little steeper. Readings lie on "
    "both sides of each.",
)

# %%
# The lines nearly coincide, the one from Fahrenheit a little steeper, and the readings scatter
# about both. The exact numbers are about half and a quarter of a standard error away from the
# fitted ones. Since weight and bias are estimated from the same readings, we check them together
# as well: were the exact line the true one, its loss would average 11/9 times what the fitted
# line's loss averages, for fitting uses up two of eleven degrees of freedom (page 1.2). It is
# less than that here. Eleven noisy readings cannot tell the fitted line from Fahrenheit. That is
# no proof, for many other lines would pass as well. But of the scales that people have used it is
# the only one near: on Réaumur's water freezes at 0, on Kelvin's at 273.
#
# **Try it.** Train Adam with the rates 1, 0.01 and 0.001. Which arrives first, and which do not
# arrive at all in 1,000 epochs?
#
# So far every line was judged by the rows that it was fitted to. The next page keeps some back:
# :doc:`/auto_examples/1_learning/plot_06_held_out_readings`.
