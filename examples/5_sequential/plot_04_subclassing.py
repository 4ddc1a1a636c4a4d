# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
5.4 When does a network need a class of its own?
================================================

``Sequential`` calls modules one after the other, and that is all it can do. A
class of our own does whatever can be written in Python. We write the network
of this chapter as a class, leave out what needs no module, see what must stay
one, and build what ``Sequential`` cannot: a way round a layer. The data are
the eleven readings (unknown unit) with their temperatures (°C). About eight
minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), sections 8.3 and 8.5.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import inspection, plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
scaled = data.with_inputs(0.1 * data.inputs)

# %%
# Two methods
# -----------
# Your own network is a :term:`subclass` of :class:`torch.nn.Module`. ``__init__`` says what it
# holds, ``forward`` what is done with the inputs. The rest is inherited: a module assigned to
# ``self`` is registered with its parameters (:doc:`page 4.5
# </auto_examples/4_module/plot_05_modules_inside_modules>`), and calling the network calls
# ``forward``.


class Network(nn.Module):
    def __init__(self, n_hidden=13):
        super().__init__()
        self.hidden_linear = nn.Linear(1, n_hidden)
        self.hidden_activation = nn.Tanh()
        self.output_linear = nn.Linear(n_hidden, 1)

    def forward(self, inputs):
        sums = self.hidden_linear(inputs)  # (batch, 1) -> (batch, n_hidden)
        hidden = self.hidden_activation(sums)
        return self.output_linear(hidden)  # (batch, 1)


torch.manual_seed(0)
model = Network()
print(model)
assert inspection.parameter_table(model).total == 40

# %%
# ``super().__init__()`` comes first: it prepares the dictionaries in which modules and parameters
# are registered. Without it, the first module would be refused.
#
# Same weights, same output
# -------------------------
# In nnbook this class is :class:`nnbook.SubclassModel`. Its names, and ours, are those of
# :func:`nnbook.mlp` too, so all three can take over each other's weights. Then they must return the
# same, to the last bit:

for twin in (nnbook.SubclassModel(n_hidden=13), nnbook.mlp(1, 13, 1)):
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(twin(scaled.inputs), model(scaled.inputs))

# %%
# Without a module for tanh
# -------------------------
# Tanh has no weights and remembers nothing. It can be a plain function in ``forward``:
# ``torch.tanh``. This is called the :term:`functional` way: a function without state of its own,
# which is handed all that it needs. :class:`nnbook.SubclassFunctionalModel` is written like this:


class FunctionalNetwork(nn.Module):
    def __init__(self, n_hidden=13):
        super().__init__()
        self.hidden_linear = nn.Linear(1, n_hidden)
        self.output_linear = nn.Linear(n_hidden, 1)

    def forward(self, inputs):
        hidden = torch.tanh(self.hidden_linear(inputs))  # (batch, n_hidden)
        return self.output_linear(hidden)  # (batch, 1)


for functional in (FunctionalNetwork(), nnbook.SubclassFunctionalModel()):
    functional.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(functional(scaled.inputs), model(scaled.inputs))
print(functional)
assert "Tanh" not in str(functional)

# %%
# The state dict fits, since Tanh had nothing in it. The price is that the activation is out of
# sight: it is not printed with the network, no hook can be hung on it, and another function means
# another ``forward``.
#
# The linear layer has a functional form too. It is handed inputs, weight and bias. The module with
# such functions, ``torch.nn.functional``, is ``F`` for short.

F = nn.functional
layer = model.hidden_linear
with torch.no_grad():
    by_function = F.linear(scaled.inputs, layer.weight, layer.bias)
    assert torch.equal(by_function, layer(scaled.inputs))

# %%
# Nothing is gained by it here: the weights must still be kept somewhere, found by the optimizer and
# saved. What has parameters stays a module.
#
# What stays a module
# -------------------
# So does whatever works differently in training: batch norm
# (:doc:`page 4.3 </auto_examples/4_module/plot_03_why_batches>`), which also keeps running values,
# and :term:`dropout`. In training, dropout sets each hidden value to 0 with a given probability and
# enlarges the others to make up for it; in evaluation mode it does nothing. It has no parameters,
# so it is tempting to write ``F.dropout``. Here are both spellings, trained and then put into
# evaluation mode. Each is called ten times. How many curves will you see?


class WithModule(FunctionalNetwork):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.1)

    def forward(self, inputs):
        hidden = self.dropout(torch.tanh(self.hidden_linear(inputs)))
        return self.output_linear(hidden)


class WithFunction(FunctionalNetwork):
    def forward(self, inputs):
        hidden = F.dropout(torch.tanh(self.hidden_linear(inputs)), 0.1)
        return self.output_linear(hidden)


fig, panels = plt.subplots(1, 2, figsize=(7, 3.4), sharey=True)
readings = torch.linspace(20, 90, 200).unsqueeze(1)  # (200, 1)
spreads = []
for ax, kind in zip(panels, (WithModule, WithFunction), strict=True):
    torch.manual_seed(0)
    network = kind()
    adam = torch.optim.Adam(network.parameters(), lr=0.05)
    nnbook.fit(network, scaled, optimizer=adam, epochs=300)
    network.eval()
    with torch.no_grad():
        calls = torch.stack([network(0.1 * readings) for _ in range(10)])
    plots.samples(data, ax)
    ax.set_title(kind.__name__)
    for curve in calls:  # (200, 1)
        ax.plot(readings, curve, color=plots.COLORS["green"], lw=0.8)
    spreads.append((calls.amax(dim=0) - calls.amin(dim=0)).max().item())
    print(f"{kind.__name__:13} ten calls differ by {spreads[-1]:.1f} °C")
panels[1].set_ylabel("")
plots.describe(
    fig,
    "Readings as dots, and ten curves of a network in evaluation mode. On the "
    "left all ten are one smooth curve among the dots, on the right they are "
    "ragged and scatter by many degrees.",
)
assert spreads[0] == 0
assert spreads[1] > 5

# %%
# One on the left, where all ten agree. On the right each call drew again, for each point, what to
# drop. ``eval()`` tells the modules that training is over, but ``F.dropout`` is no module: its
# argument ``training`` is True unless one says otherwise. ``F.dropout(hidden, 0.1,
# training=self.training)`` would fix it; the module needs no reminder.
#
# A way round a layer
# -------------------
# In a ``Sequential`` each module sees the outputs of the one before and nothing else. A
# :term:`skip connection` needs two things at once: what comes out of a layer, and what went in (K.
# He and others, "Deep Residual Learning for Image Recognition", 2015).

boxes = {
    "in": (0, 1, "inputs"),
    "layer": (3, 0, "Linear(13, 13), Tanh"),
    "plus": (6, 1, "+"),
    "out": (7.4, 1, "outputs"),
}
arrows = [("in", "layer", ""), ("layer", "plus", ""), ("plus", "out", "")]
arrows.append(("in", "plus", "skip connection"))
fig, ax = plt.subplots(figsize=(7, 2))
plots.diagram(boxes, arrows, ax, highlighted=["plus"])
plots.describe(
    fig,
    "Two ways from inputs to a plus sign and on to outputs: one through a "
    "linear layer and Tanh, one straight, marked skip connection.",
)

# %%
# The inputs take two ways and are added up where these meet. In a ``forward`` that is an ordinary
# plus. The class is a module, which may itself stand in a ``Sequential``:


class Skip(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, inputs):
        return inputs + self.inner(inputs)


def deep(wrap):
    layers = [nn.Sequential(nn.Linear(13, 13), nn.Tanh()) for _ in range(20)]
    hidden = [wrap(layer) for layer in layers]
    return nn.Sequential(nn.Linear(1, 13), *hidden, nn.Linear(13, 1))


# %%
# What is it good for? On its way back through a layer, the gradient is multiplied by the weights
# and by the slopes of the activation. Twenty hidden layers do so twenty times. Along the skip
# connections nothing is multiplied. We compare the gradients before training, from the same twenty
# seeds with and without the ``+``. How much smaller is the first layer's than the last one's?

kinds = {
    "with skip connections": (Skip, "green", "o-"),
    "without": (nn.Sequential, "vermilion", "s--"),
}
fig, ax = plt.subplots(figsize=(7, 3.6))
shares = []
for name, (wrap, color, look) in kinds.items():
    norms = []
    for seed in range(20):
        torch.manual_seed(seed)
        network = deep(wrap)
        F.mse_loss(network(scaled.inputs), data.targets).backward()
        rows = inspection.gradient_table(network).rows
        norms.append([row.norm for row in rows if row.shape == (13, 13)])
    norms = torch.tensor(norms)  # (20 seeds, 20 layers)
    low, middle, high = norms.quantile(torch.tensor([0.05, 0.5, 0.95]), dim=0)
    style = {"color": plots.COLORS[color]}
    ax.plot(range(1, 21), middle, look, **style, label=name)
    ax.fill_between(range(1, 21), low, high, alpha=0.25, lw=0, **style)
    shares.append((middle[0] / middle[-1]).item())
    print(f"{name}: the first layer has {shares[-1]:.5f} of the last one's")
ax.set(yscale="log", xlabel="hidden layer", ylabel="size of its gradient")
ax.set_xticks([1, 5, 10, 15, 20])
ax.legend()
plots.describe(
    ax,
    "Size of the gradient of twenty hidden layers, on a logarithmic axis. "
    "With skip connections it is level; without, it falls by powers of ten "
    "from the last layer to the first.",
)
assert 0.3 < shares[0] < 10
assert shares[1] < 1e-3

# %%
# From the last layer to the first the squares fall by powers of ten: a :term:`vanishing gradient`.
# If a step suits the last layers, the first ones all but stand still. The dots stay level. (Lines
# are medians over the seeds, bands hold nine tenths of them. Larger weights at the start would help
# the plain network too.)
#
# So: ``Sequential`` while the modules stand in a row, a class where they do not; functions for what
# has no state, modules for the rest.
#
# **Try it.** Write a class whose output is ``line(inputs) + network(inputs)``: an
# ``nn.Linear(1, 1)`` and a small network side by side. Train it. What does the network add?
#
# The next page moves a network to another device and saves it:
# :doc:`/auto_examples/5_sequential/plot_05_devices_and_saving`.
