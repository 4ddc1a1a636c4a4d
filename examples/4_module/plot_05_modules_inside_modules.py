# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
4.5 What does a module know of the modules inside it?
=====================================================

An optimizer is given ``model.parameters()`` and gets the parameters of every layer. How does the
model know which layers it has? It watches what is assigned to it. We write such a watcher
ourselves, and then meet a mistake that raises no error: layers in a plain list are used, and never
trained. The data are the eleven readings of the old thermometer (unknown unit) with their
temperatures (°C). About ten minutes.

Submodules are the subject of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020),
section 8.3.
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
# A watcher of our own
# --------------------
# Python turns ``model.layer = value`` into ``model.__setattr__("layer", value)``. A class may write
# this method itself and look at the value. Ours notes the parameters and the modules that come by,
# and lets the assignment go on. To name all parameters it lists its own, and then asks each module
# inside it for theirs.


class Watcher:
    def __init__(self):
        self.own, self.inside = {}, {}

    def __setattr__(self, name, value):
        if isinstance(value, nn.Parameter):
            self.own[name] = value
        if isinstance(value, Watcher):
            self.inside[name] = value
        super().__setattr__(name, value)

    def named_parameters(self, before=""):
        for name, parameter in self.own.items():
            yield before + name, parameter
        for name, module in self.inside.items():
            yield from module.named_parameters(f"{before}{name}.")


for kind in (Watcher, nn.Module):
    model, layer = kind(), kind()
    layer.weight = nn.Parameter(torch.ones(1, 1))
    layer.bias = nn.Parameter(torch.zeros(1))
    model.layer = layer
    names = [name for name, _ in model.named_parameters()]
    print(f"{kind.__name__:8}", names)
    assert names == ["layer.weight", "layer.bias"]

# %%
# Both know the same two parameters by the same names. What :class:`torch.nn.Module` has noted is
# called registered. Its records are made in ``__init__``, so your own class must call
# ``super().__init__()`` before it assigns anything. (:doc:`Page 5.4
# </auto_examples/5_sequential/plot_04_subclassing>` explains such classes step by step.)
#
# Lost in a list
# --------------
# Here is a network with two hidden layers, kept in a container. Which container is left open: it is
# built once with Python's list, and once with PyTorch's ``nn.ModuleList``.


class Network(nn.Module):
    def __init__(self, container):
        super().__init__()
        self.hidden = container([nn.Linear(1, 8), nn.Linear(8, 8)])
        self.output = nn.Linear(8, 1)

    def forward(self, inputs):
        for linear in self.hidden:
            inputs = torch.tanh(linear(inputs))  # (batch, 8)
        return self.output(inputs)  # (batch, 1)


def build(container, seed=0):
    torch.manual_seed(seed)
    return Network(container)


models = {"list": build(list), "ModuleList": build(nn.ModuleList)}
with torch.no_grad():
    outputs = [model(scaled.inputs) for model in models.values()]
assert torch.equal(*outputs)
for container, model in models.items():
    print(f"{container}\n{inspection.parameter_table(model)}\n")

# %%
# The outputs are equal, the tables are not. A list is neither a parameter nor a module, so the
# watcher let it pass, and it does not look inside. What each model knows, drawn from its
# ``named_modules()``:

places = {
    "": (1.6, 0.0, "model"),
    "hidden": (0.0, -1.2, "hidden"),
    "output": (2.8, -1.2, "output"),
    "hidden.0": (-0.8, -2.4, "hidden[0]"),
    "hidden.1": (0.9, -2.4, "hidden[1]"),
}
fig, panels = plt.subplots(1, 2, figsize=(7, 3))
for ax, (container, model) in zip(panels, models.items(), strict=True):
    known = [name for name, _ in model.named_modules()]
    arrows = [(name.rpartition(".")[0], name, "") for name in known if name]
    plots.diagram(places, arrows, ax, highlighted=known)
    ax.set_title(f"hidden is a {container}")
plots.describe(
    fig,
    "Two trees of five boxes. With a list, the only arrow leads from model to "
    "output, and the three boxes of hidden stand apart with thin edges; with "
    "a ModuleList all five are joined and have thick edges.",
)
n_modules = [len(list(model.modules())) for model in models.values()]
assert n_modules == [2, 5]

# %%
# On the left, the model knows itself and its output layer; the hidden layers stand apart. On the
# right, it reaches all of them.
#
# A loss that falls all the same
# ------------------------------
# The optimizer gets nine numbers of the one model and all of the other. We train both with Adam,
# from three pairs of equal starts. Will the loss of the model with the list fall at all?

fig, ax = plt.subplots()
looks = {list: ("vermilion", "--"), nn.ModuleList: ("blue", "-")}
ends = {list: [], nn.ModuleList: []}
for container, (name, dash) in looks.items():
    for seed in range(3):
        model = build(container, seed)
        before = model.hidden[1].weight.detach().clone()
        adam = torch.optim.Adam(model.parameters(), lr=1e-2)
        history = nnbook.fit(model, scaled, optimizer=adam, epochs=500)
        has_moved = not torch.equal(model.hidden[1].weight, before)
        assert has_moved == (container is nn.ModuleList)
        ends[container].append(history.train_loss[-1].item())
        label = container.__name__ if seed == 0 else None
        style = {"color": plots.COLORS[name], "label": label}
        ax.plot(range(1, 501), history.train_loss, dash, **style)
ax.set(yscale="log", xlabel="epoch", ylabel="training loss (°C²)")
ax.legend(title="hidden layers in a")
plots.describe(
    ax,
    "Three dashed curves fall from nearly 200 to about 70 °C² and flatten "
    "out; three solid ones fall to below 10 °C².",
)
for container, losses in ends.items():
    shown = "".join(f"{loss:7.1f}" for loss in losses)
    print(f"{container.__name__:11}{shown} °C²")
assert max(ends[nn.ModuleList]) < 10
assert all(50 < loss < 90 for loss in ends[list])

# %%
# It falls to less than half, and that is the trap. The output layer alone does its best with hidden
# units that stay as they were drawn, to the last bit. Only the solid curves show that something is
# wrong. So print the table of parameters before you train.
#
# Registration decides more than training. What is not registered is not saved, does not change its
# mode, and stays behind when the model moves to a GPU or to another dtype:

lost = build(list).eval().double()
first = lost.hidden[0]
print("saved:", *lost.state_dict())
print("model:    training", lost.training, lost.output.weight.dtype)
print("hidden[0]: training", first.training, first.weight.dtype)
try:
    lost(scaled.inputs.double())
except RuntimeError as error:
    print(error)
else:
    raise AssertionError("float64 readings went through a float32 layer")
assert list(lost.state_dict()) == ["output.weight", "output.bias"]
assert first.training

# %%
# Lists and dictionaries that register
# ------------------------------------
# ``nn.ModuleList`` is a list that is a module, and ``nn.ModuleDict`` a dictionary that is one; its
# keys are strings. (Parameters that stand alone have ``nn.ParameterList`` and
# ``nn.ParameterDict``.) Here the model picks one of two lines by name:


class TwoScales(nn.Module):
    def __init__(self, container):
        super().__init__()
        lines = {scale: nn.Linear(1, 1) for scale in ("C", "K")}
        self.scales = container(lines)

    def forward(self, inputs, scale):
        return self.scales[scale](inputs)


for container, n_known in ((dict, 0), (nn.ModuleDict, 4)):
    model = TwoScales(container)
    assert model(scaled.inputs, "K").shape == (11, 1)
    names = [name for name, _ in model.named_parameters()]
    print(f"{container.__name__:10}", *(names or ["none"]))
    assert len(names) == n_known

# %%
# In the plain dictionary everything is lost. That is the lucky case: an optimizer that is given no
# parameters raises an error. Both containers only hold. Which module is called, and when, is for
# ``forward`` to say; ``nn.Sequential`` is the container that also computes.
#
# Counting
# --------
# How large is a model? Add up the sizes of its parameters. Some may be frozen, which
# ``requires_grad`` tells. And a module that is used in two places is still one module:


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


kept = build(nn.ModuleList)
kept.hidden[0].requires_grad_(False)
table = inspection.parameter_table(kept)
print(f"{table.total} parameters, {table.trainable} of them train")
assert count(kept) == table.total == (8 + 8) + (64 + 8) + (8 + 1)
assert table.trainable == table.total - (8 + 8)

twice = nn.Linear(8, 8)
shared = nn.Sequential(twice, nn.Tanh(), twice)
print(f"shared: {count(shared)} parameters, saved as", *shared.state_dict())
assert count(shared) == count(twice)
assert len(shared.state_dict()) == 2 * len(twice.state_dict())

# %%
# The shared layer is counted once, and its gradients from both places add up. In the
# :term:`state dict` it stands under both names.
#
# Buffers
# -------
# Some tensors belong to a model and must not be trained: for example the mean and the standard
# deviation of the training rows. Such a tensor is a :term:`buffer`. ``register_buffer`` registers
# one, and with ``persistent=False`` it is not saved. Beside it a plain tensor and a parameter:


class Kinds(nn.Module):
    def __init__(self):
        super().__init__()
        self.plain = torch.zeros(3)
        self.register_buffer("kept", torch.zeros(3))
        self.register_buffer("passing", torch.zeros(3), persistent=False)
        self.trained = nn.Parameter(torch.zeros(3))


kinds = Kinds().double()
found = []
print("         trained  saved  moved")
for name in ("plain", "kept", "passing", "trained"):
    is_trained = name in dict(kinds.named_parameters())
    is_saved = name in kinds.state_dict()
    is_moved = getattr(kinds, name).dtype == torch.float64
    found.append([is_trained, is_saved, is_moved])
    print("{:9}{!s:9}{!s:7}{!s}".format(name, *found[-1]))
only_moved, moved_and_saved = [False, False, True], [False, True, True]
assert found == [[False] * 3, moved_and_saved, only_moved, [True] * 3]

# %%
# :class:`nnbook.Standardize` keeps its mean and standard deviation as buffers. A model that starts
# with it takes raw readings, and carries the scaling along wherever it goes. After training the
# buffers are what they were:

torch.manual_seed(0)
standardize = nnbook.Standardize.of(data)
model = nn.Sequential(standardize, nn.Linear(1, 1))
before = standardize.mean.clone(), standardize.std.clone()
sgd = torch.optim.SGD(model.parameters(), lr=1e-1)
history = nnbook.fit(model, data, optimizer=sgd, epochs=50)
floor = nnbook.least_squares(data).mse
print(f"{history.train_loss[-1]:.4f} °C², least squares {floor:.4f} °C²")
print(f"{count(model)} parameters; saved:", *model.state_dict())
assert torch.equal(standardize.mean, before[0])
assert torch.equal(standardize.std, before[1])
assert abs(history.train_loss[-1] / floor - 1) < 1e-3
assert count(model) == 2

# %%
# Batch norm keeps its running mean and variance in buffers as well. There the layer itself changes
# them, in training mode, by what it sees; no optimizer does.
#
# **Try it.** In ``Network``, assign ``self.first = self.hidden[0]`` after the list. How many
# parameters are registered now, and which hidden layer is trained?
#
# Modules inside modules are all that a network is. The next page builds the first:
# :doc:`/auto_examples/5_sequential/plot_01_first_network`.
