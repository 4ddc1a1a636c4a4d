# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
4.4 One loop trains any module
==============================

The training loop of chapter 1 was written for a line with two loose numbers. What must change, so
that it trains any module? One box. We write the loop by hand, show that :func:`nnbook.fit` is this
loop to the last bit, and watch what it does in each epoch. Then a puzzle: a published training run
was never seeded, and yet its first printed line gives its start away. The data are the eleven
readings (unknown unit, scaled by 0.1) with their temperatures (°C). About twelve minutes.

The published run is from *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), section
6.2.
"""

import matplotlib.pyplot as plt
import torch
from numpy.polynomial import Polynomial
from torch import nn

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])

fig, ax = plt.subplots(figsize=(7, 3.2))
plots.learning_loop("nn.Linear(1, 1)", ax)
plots.describe(
    ax,
    "Inputs go into the model nn.Linear(1, 1), its outputs and the targets "
    "into the loss; then gradient, update, and an arrow with new parameters "
    "back to the model.",
)

# %%
# This is the picture of :doc:`page 1.3 </auto_examples/1_learning/plot_03_downhill_by_hand>`:
# inputs, model, loss, gradient, update, and round again. Only the words in the model's box are new.
#
# What the optimizer is given
# ---------------------------
# The optimizer must hold the numbers that it is to change. A module hands them out by
# ``parameters()``. We ask a network, which has more of them, and we ask twice:

parameters = nnbook.mlp(1, 13, 1).parameters()
print(type(parameters).__name__)
print("first time: ", [tuple(parameter.shape) for parameter in parameters])
print("second time:", [tuple(parameter.shape) for parameter in parameters])
try:
    torch.optim.SGD(parameters, lr=1e-2)
except ValueError as error:
    print(error)
else:
    raise AssertionError("a generator that was used up was taken")

# %%
# The answer is a :term:`generator`: an :term:`iterator`, which hands out one parameter after the
# other and is then used up. It looks into the modules inside the module, and into theirs, so the
# tensors of both linear layers are there. And what comes out is flat, four tensors in a row. The
# optimizer makes a list of them at once, so it must be given a fresh ``model.parameters()``.
#
# The loop by hand
# ----------------
# The loss is a module too: :class:`torch.nn.MSELoss` is called with outputs and targets, and has
# no parameters. Nothing in this :term:`training loop` knows which model, optimizer or loss it has.


def train_by_hand(model, optimizer, loss_function, epochs):
    train_losses, val_losses = [], []
    for _ in range(epochs):
        model.eval()
        with torch.no_grad():
            outputs = model(split.val.inputs)  # (2, 1)
            val_losses.append(loss_function(outputs, split.val.targets))

        model.train()
        outputs = model(split.train.inputs)  # (9, 1)
        loss = loss_function(outputs, split.train.targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        train_losses.append(loss.detach())
    return nnbook.History(torch.stack(train_losses), torch.stack(val_losses))


def new_run():
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    return model, torch.optim.SGD(model.parameters(), lr=1e-2)


loss_function = nn.MSELoss()
assert isinstance(loss_function, nn.Module)
assert not list(loss_function.parameters())
model, optimizer = new_run()
by_hand = train_by_hand(model, optimizer, loss_function, epochs=500)
print(by_hand)

# %%
# :func:`nnbook.fit` is this loop. From the same start it must end in the same bits. Two histories
# are equal if every loss of every epoch is.

twin, optimizer = new_run()
run = {"optimizer": optimizer, "loss": loss_function}
by_fit = nnbook.fit(twin, split.train, split.val, epochs=500, **run)
assert by_fit == by_hand
assert torch.equal(twin.weight, model.weight)
assert torch.equal(twin.bias, model.bias)

# %%
# What fit does in each epoch
# ---------------------------
# A forward hook (:doc:`page 4.1 </auto_examples/4_module/plot_01_call_the_module>`) notes for each
# call of the model how many rows come, whether it is in training mode, whether a graph is built,
# and the weight. The twin goes on for two epochs. How many calls do you expect?

seen = []


def note(module, args, outputs):
    weight = module.weight.item()
    seen.append((len(args[0]), module.training, outputs.requires_grad, weight))


handle = twin.register_forward_hook(note)
nnbook.fit(twin, split.train, split.val, epochs=2, **run)
handle.remove()
print("rows  training  graph  weight")
for rows, is_training, has_graph, weight in seen:
    print(f"{rows:4}  {is_training!s:8}  {has_graph!s:5}  {weight:.6f}")
look, step = (2, False, False), (9, True, True)
assert [call[:3] for call in seen] == [look, look, look, step, look, step]
weights = [call[3] for call in seen]
assert weights[2] == weights[3] != weights[4] == weights[5]

# %%
# Six. The first two are a trial on two rows of each part: if model, data and loss do not fit each
# other, ``fit`` says so before anything has changed. Then each epoch has two calls:
#
# - The held-out rows come first, in :term:`evaluation mode` and under ``no_grad``. Layers such as
#   dropout and batch norm behave differently in training; a linear layer does not, but a loop for
#   any module must not rely on that. Without a graph nothing can be learned from these rows.
# - Then come the training rows, in training mode: loss, gradients, and the optimizer's step.
#
# Both calls of an epoch see the same weight. The validation loss is measured with the parameters
# that the epoch starts with, and so is the training loss, since it is computed before the step. The
# two can be compared, and epoch 1 shows the untrained model.
#
# With ``batch_size`` the second part is repeated for each mini-batch, and the training loss is the
# mean of their losses as they are met, weighted by rows (:doc:`page 1.7
# </auto_examples/1_learning/plot_07_batches>`). Then the callbacks are called. A loss that is no
# longer finite ends the run. At the end each module is back in its former mode.
#
# A start that nobody wrote down
# ------------------------------
# The book trains this very line for 3,000 epochs, with rows 7 and 10 (counted from 0) held out and
# SGD at the rate 0.01. It prints eight losses and the last parameters. No seed was set, so the run
# started from random numbers that nobody saw. Can it be repeated?

epochs = [1, 1000, 2000, 3000]
training = [134.9599, 4.8053, 3.0285, 2.8569]
validation = [183.1707, 4.7307, 3.0889, 3.9105]
weight_and_bias = [5.4319, -17.9693]

# %%
# Epoch 1 shows the untrained line: two losses, for two unknowns. Multiplied out, with angle
# brackets for means over the rows, a loss is
#
# .. math::
#
#    L(w, b) = \langle x^2 \rangle w^2 + 2 \langle x \rangle w b + b^2
#              - 2 \langle x c \rangle w - 2 \langle c \rangle b + \langle c^2 \rangle.
#
# Set to its published value, this is the equation of an ellipse in the plane of :math:`w` and
# :math:`b`. The start lies where the ellipse of the nine training rows meets that of the two
# others. At how many points can that be? Subtract one equation from the other. :math:`b^2` has the
# factor 1 in both and drops out, and what remains is linear in :math:`b`. With capital letters for
# the differences of the other factors:
#
# .. math::
#
#    A w^2 + B w b + D w + E b + F = 0
#    \quad\Longrightarrow\quad
#    b = -\frac{A w^2 + D w + F}{B w + E}.
#
# Put into the first equation and multiplied by :math:`(B w + E)^2`, this leaves a polynomial of
# degree four in :math:`w` alone, which has at most four real roots.

precise = nnbook.load_thermometer(dtype=torch.float64)
precise = precise.with_inputs(0.1 * precise.inputs).split_at([7, 10])
parts = (precise.train, precise.val)


def factors(rows, loss):
    x, c = rows.inputs, rows.targets
    terms = [x * x, 2 * x, -2 * x * c, -2 * c, c * c - loss]
    return [term.mean().item() for term in terms]  # of w², w b, w, b, 1


def solve(*losses):
    first, second = map(factors, parts, losses)
    A, B, D, E, F = (p - q for p, q in zip(first, second, strict=True))
    w = Polynomial([0, 1])
    above, below = -(A * w**2 + D * w + F), B * w + E  # b = above / below
    A, B, D, E, F = first
    quartic = (A * w**2 + D * w + F) * below**2
    quartic += (B * w + E) * above * below + above**2
    roots = quartic.roots()
    real = roots[abs(roots.imag) < 1e-9].real
    return torch.tensor([[root, above(root) / below(root)] for root in real])


first_line = (training[0], validation[0])
starts = solve(*first_line)  # (solutions, 2)
assert len(starts) == 4
for pair in starts:
    losses = [nnbook.line_loss(pair, rows).item() for rows in parts]
    torch.testing.assert_close(tuple(losses), first_line)

# %%
# There are four, and the assertions have put each of them back into both losses. Which is the one?

axes = torch.linspace(-6, 18, 300), torch.linspace(-75, 55, 300)
w, b = torch.meshgrid(*axes, indexing="xy")  # (300, 300) each
looks = (("training", "blue", "solid"), ("validation", "vermilion", "dashed"))
fig, panels = plt.subplots(1, 2, figsize=(7, 3.6))
for ax in panels:
    for rows, level, look in zip(parts, first_line, looks, strict=True):
        errors = w * rows.inputs.unsqueeze(2) + b - rows.targets.unsqueeze(2)
        loss = errors.square().mean(dim=0)  # (n, 300, 300) -> (300, 300)
        style = {"colors": plots.COLORS[look[1]], "linestyles": look[2]}
        ax.contour(w, b, loss, [level], **style)
        ax.plot([], color=style["colors"], ls=look[2], label=look[0])
    ax.plot(*starts.T, "o", color=plots.COLORS["green"], label="both")
    square = ([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1])
    ax.plot(*square, ":", color=plots.INK, label="nn.Linear starts here")
    ax.set(xlabel="weight w (°C per scaled unit)", ylabel="bias b (°C)")
panels[0].legend(fontsize="small")
panels[1].set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
plots.describe(
    fig,
    "Left: two long, slanted ellipses cross at four dots. Right, enlarged: "
    "one dot lies in the dotted square from -1 to 1, and there the two curves "
    "cross at a small angle.",
)

# %%
# On the solid ellipse lie all lines with the published training loss, on the dashed one those with
# the published validation loss; they cross at four dots. The dotted square, enlarged on the right,
# is where ``nn.Linear(1, 1)`` starts: with one input, weight and bias are drawn evenly between -1
# and 1 (:doc:`page 4.2 </auto_examples/4_module/plot_02_linear>`). Only one of the dots lies in it.

drawn = nn.Linear(1, 1000)
assert all(values.abs().max() <= 1 for values in drawn.parameters())
for pair in starts:
    print("weight {:9.5f}, bias {:9.5f}".format(*pair))
(start,) = starts[(starts.abs() < 1).all(dim=1)]  # (2,)
known = torch.tensor([0.41856, -0.48353]).double()
torch.testing.assert_close(start, known, rtol=0, atol=1e-5)

# %%
# If the book used the default, the run began here. The rest of its table can tell. We train from
# this start; ``vector_to_parameters`` writes a vector into the flat row of parameters.

model, optimizer = new_run()
nn.utils.vector_to_parameters(start.float(), model.parameters())
run = {"optimizer": optimizer, "epochs": 3000}
history = nnbook.fit(model, split.train, split.val, **run)

replayed = [history.train_loss[n - 1].item() for n in epochs]
replayed += [history.val_loss[n - 1].item() for n in epochs]
replayed += [model.weight.item(), model.bias.item()]
published = [*training, *validation, *weight_and_bias]
names = [f"{look[0]}, epoch {n}" for look in looks for n in epochs]
print("                       published   replayed")
for row in zip([*names, "weight", "bias"], published, replayed, strict=True):
    print("{:22} {:9.4f}  {:9.4f}".format(*row))
published, replayed = torch.tensor([published, replayed])
torch.testing.assert_close(replayed, published, rtol=1e-4, atol=0)

# %%
# The losses of epoch 1 agree by construction. The other eight figures are the test, and they agree,
# give or take the last decimal.
#
# Four printed decimals give the start only roughly. Here that is enough: on a bowl, at a stable
# rate, gradient descent brings two starts ever closer together. A network need not do so.
#
# **Try it.** Give ``solve`` the losses of epoch 1 that ``by_hand`` printed at the top of this page,
# with four decimals. Do you get the weight and bias of ``new_run`` back? Then train from the other
# three dots. Which of the published figures do they miss?
#
# The line is a single module. The next page puts modules into modules:
# :doc:`/auto_examples/4_module/plot_05_modules_inside_modules`.
