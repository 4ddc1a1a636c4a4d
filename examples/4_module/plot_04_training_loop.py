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

import itertools

import matplotlib.pyplot as plt
import torch
from numpy.polynomial import Polynomial
from torch import nn

import nnbook
from nnbook import plots

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
# It is the picture of :doc:`page 1.3 </auto_examples/1_learning/plot_03_downhill_by_hand>`: inputs,
# model, loss, gradient, update, and round again. Only the words in the model's box are new.
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
    raise AssertionError("an empty generator was taken")

# %%
# Three things to see. The answer is a generator: an :term:`iterator`, which hands out one parameter
# after the other and is then used up. It looks into the modules inside the module, and into theirs:
# the tensors of both linear layers are there. And what comes out is flat, four tensors in a row.
# The optimizer makes a list of them at once, so it is given a fresh ``model.parameters()``.
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
# :func:`nnbook.fit` is this loop. From the same start it must end in the same bits; two histories
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
# call of the model how many rows come, in which mode it is, whether a graph is built, and the
# weight. The twin goes on for two epochs. How many calls will there be?

seen = []


def note(module, args, outputs):
    mode = "train" if module.training else "eval"
    weight = module.weight.item()
    seen.append((len(args[0]), mode, outputs.requires_grad, weight))


handle = twin.register_forward_hook(note)
nnbook.fit(twin, split.train, split.val, epochs=2, **run)
handle.remove()
print("rows  mode   graph  weight")
for rows, mode, has_graph, weight in seen:
    print(f"{rows:4}  {mode:5}  {has_graph!s:5}  {weight:.6f}")
look, step = (2, "eval", False), (9, "train", True)
assert [call[:3] for call in seen] == [look, look, look, step, look, step]
weights = [call[3] for call in seen]
assert weights[2] == weights[3] != weights[4] == weights[5]

# %%
# Six. The first two are a trial on two rows of each part: if model, data and loss do not fit each
# other, ``fit`` says so before anything has changed. Then each epoch has two calls.
#
# - The held-out rows come first, in :term:`evaluation mode` and under ``no_grad``. Layers such as
#   dropout and batch norm behave otherwise in training; a linear layer does not, but a loop for any
#   module must not count on that. Without a graph nothing can be learned from these rows.
# - Then come the training rows, in training mode: the loss is computed, the old gradients are
#   cleared, the loss goes backward, and the optimizer takes its step.
#
# Both calls of an epoch see the same weight. The validation loss is measured with the parameters
# that the epoch starts with, and so is the training loss, since it is computed before the step. So
# the two can be compared, and epoch 1 shows the untrained model.
#
# What else ``fit`` does: with ``batch_size`` it repeats the second part for each mini-batch, and
# the training loss is the mean of their losses as they are met, weighted by rows (page
# :doc:`1.7 </auto_examples/1_learning/plot_07_batches>`). After each epoch it calls the callbacks.
# If a loss is no longer finite it stops. At the end each module is back in the mode that it came in.
#
# A start that nobody wrote down
# ------------------------------
# The book trains this very line for 3,000 epochs, with rows 7 and 10 held out and SGD at the rate
# 0.01. It prints eight losses and the last parameters. No seed was set, so the run started from
# random numbers that nobody saw. Can it be repeated?

published = {  # epoch: training loss, validation loss
    1: (134.9599, 183.1707),
    1000: (4.8053, 4.7307),
    2000: (3.0285, 3.0889),
    3000: (2.8569, 3.9105),
}
published_end = (5.4319, -17.9693)  # weight, bias

# %%
# Epoch 1 shows the untrained line: two losses, for two unknowns. Multiplied out, with bars for means
# over the rows, a loss is
#
# .. math::
#
#    L(w, b) = \overline{x^2}\, w^2 + 2 \bar{x}\, w b + b^2
#              - 2\, \overline{x c}\, w - 2 \bar{c}\, b + \overline{c^2}.
#
# Set to its published value, this is the equation of an ellipse in the plane of :math:`w` and
# :math:`b`. The start lies where the ellipse of the nine training rows meets that of the two others.
# At how many points can that be? Subtract the second equation from the first. :math:`b^2` has the
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


starts = solve(*published[1])  # (4, 2)
assert len(starts) == 4
for start in starts:
    losses = [nnbook.line_loss(start, part).item() for part in parts]
    torch.testing.assert_close(losses, list(published[1]))

# %%
# There are four, and the assertions have put each of them back into both losses. Which one is it?

axis = torch.linspace(-3, 15, 300), torch.linspace(-60, 25, 300)
w, b = torch.meshgrid(*axis, indexing="xy")  # (300, 300) each
looks = (("training", "blue", "-"), ("validation", "vermilion", "--"))
fig, panels = plt.subplots(1, 2, figsize=(7, 3.6))
for ax in panels:
    for part, level, look in zip(parts, published[1], looks, strict=True):
        name, color, dash = look[0], plots.COLORS[look[1]], look[2]
        x, c = part.inputs.unsqueeze(2), part.targets.unsqueeze(2)
        loss = (w * x + b - c).square().mean(dim=0)  # (n, 300, 300) before
        ax.contour(w, b, loss, [level], colors=color, linestyles=dash)
        ax.plot([], [], dash, color=color, label=f"{name} {level:.4f} °C²")
    ax.plot(*starts.T, "o", color=plots.COLORS["green"], label="both")
    square = ([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1])
    ax.plot(*square, ":", color=plots.INK, label="where nn.Linear starts")
    ax.set(xlabel="weight w (°C per scaled unit)", ylabel="bias b (°C)")
panels[0].legend(fontsize="x-small")
panels[1].set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
plots.describe(
    fig,
    "Left: two long, thin, slanted ellipses cross at four dots; a tiny square "
    "lies about the origin. Right, enlarged: one of the dots lies in the "
    "square from -1 to 1, and no other is near.",
)

# %%
# Two long, thin ellipses cross at four dots. The dotted square, enlarged on the right, is where
# ``nn.Linear(1, 1)`` starts: by default, weight and bias are drawn evenly between
# :math:`-1/\sqrt{n}` and :math:`1/\sqrt{n}`, where :math:`n` is the number of inputs, here one. Only
# one dot lies in it. The other three can be refuted in another way too: let all of them run.

drawn = nn.Linear(1, 1000)
assert all(values.abs().max() <= 1 for values in drawn.parameters())


def replay(start, epochs):
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(start[0])
        model.bias.fill_(start[1])
    sgd = torch.optim.SGD(model.parameters(), lr=1e-2)
    run = {"optimizer": sgd, "epochs": epochs}
    history = nnbook.fit(model, split.train, split.val, **run)
    return history, (model.weight.item(), model.bias.item())


print("start: weight     bias   losses of epoch 1   losses of epoch 1000")
for start in starts:
    history, _ = replay(start, epochs=1000)
    pairs = [history.train_loss[[0, -1]], history.val_loss[[0, -1]]]
    (first, last), (val_first, val_last) = (pair.tolist() for pair in pairs)
    is_inside = bool((start.abs() < 1).all())
    print(f"{start[0]:13.5f} {start[1]:9.5f}", end="")
    print(f" {first:9.2f} {val_first:9.2f} {last:12.4f} {val_last:9.4f}", end="")
    print("  inside" if is_inside else "")
    error = max(abs(last / 4.8053 - 1), abs(val_last / 4.7307 - 1))
    assert (error < 1e-4) if is_inside else (error > 0.5)
(start,) = starts[(starts.abs() < 1).all(dim=1)]
