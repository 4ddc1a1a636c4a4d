# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
5.2 What are names good for in a network?
=========================================

``Sequential`` counts its modules: 0, 1, 2. That is enough to run, and a nuisance for anyone who
later asks where a number came from. On this page the 1-13-1 network gets names, we reach into it by
them, and one table shows the same parameters in the plain, the named and the subclassed network.
Nothing is trained; the data are the eleven readings (unknown unit). About five minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), section
6.3.2.
"""

import textwrap
from collections import OrderedDict

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import plots

data = nnbook.load_thermometer()
data = data.with_inputs(0.1 * data.inputs)

torch.manual_seed(0)
plain = nn.Sequential(nn.Linear(1, 13), nn.Tanh(), nn.Linear(13, 1))

# %%
# Ordinals
# --------
# ``named_parameters()`` gives each parameter with its name: the name of the module, a dot, and the
# name that the module itself uses. Which ordinals will appear?

for name, parameter in plain.named_parameters():
    print(f"{name:10} {tuple(parameter.shape)}")
ordinals = {name.split(".")[0] for name, _ in plain.named_parameters()}
assert ordinals == {"0", "2"}

# %%
# 0 and 2. Module 1 is there, but Tanh has no parameters, so it has nothing to list. Put another
# module in front and every ordinal moves by one: a name that depends on what stands before it does
# not last.
#
# Names
# -----
# ``Sequential`` also takes an :class:`collections.OrderedDict` from names to modules. The order of
# the entries is the order of the calls.

torch.manual_seed(0)
named = nn.Sequential(
    OrderedDict(
        hidden_linear=nn.Linear(1, 13),
        hidden_activation=nn.Tanh(),
        output_linear=nn.Linear(13, 1),
    )
)
print(named)
with torch.no_grad():
    assert torch.equal(named(data.inputs), plain(data.inputs))

# %%
# The same seed, the same numbers: a name changes nothing in what is computed.
#
# Today every Python ``dict`` keeps its order as well. Will a plain one do?

try:
    nn.Sequential({"hidden_linear": nn.Linear(1, 13)})
except TypeError as error:
    print(error)
else:
    raise AssertionError("a plain dict was taken")

# %%
# It is refused. ``Sequential`` looks for an ``OrderedDict`` and takes anything else for a module.
# Two more rules: a name must not contain a dot, which stands between module and parameter, and must
# not be an attribute that the module already has, such as ``forward``.

for name in ("hidden.linear", "forward"):
    try:
        nn.Sequential(OrderedDict({name: nn.Linear(1, 13)}))
    except KeyError as error:
        print(error.args[0])
    else:
        raise AssertionError(f"{name} was taken")

# %%
# Reaching in
# -----------
# A named module is an attribute of the network, as its parameters are attributes of the module. The
# ordinals still work, for those who count.

print(named.output_linear.bias)
assert named.output_linear is named[2]
assert named.get_parameter("output_linear.bias") is named[2].bias

# %%
# What we get is the :class:`torch.nn.Parameter` itself, not a copy. A change to it, under
# ``no_grad``, changes the network. The output bias is added to every row, so a bias that is ten
# degrees higher lifts all eleven outputs by ten:

bias = named.output_linear.bias
with torch.no_grad():
    before, old = named(data.inputs), bias.clone()
    bias += 10.0
    lifted = named(data.inputs) - before
    bias.copy_(old)
print(f"lifted by {lifted.min():.4f} to {lifted.max():.4f} °C")
torch.testing.assert_close(lifted, torch.full((11, 1), 10.0))

# %%
# The block style of drawing shows what is gained.

fig, (left, right) = plt.subplots(1, 2, figsize=(7, 4.6))
plots.blocks(plain, left)
plots.blocks(named, right)
left.set_title("plain")
right.set_title("named")
plots.describe(
    fig,
    "Two drawings of the same five boxes. On the left the modules are called "
    "0, 1 and 2, on the right hidden_linear, hidden_activation and "
    "output_linear.",
)

# %%
# Both columns have the same boxes and the same shapes; only the first line in each box differs. On
# the right one can tell which layer is which without counting.
#
# One table for three spellings
# -----------------------------
# The third spelling of this network is a class of its own. :doc:`Page 5.4
# </auto_examples/5_sequential/plot_04_subclassing>` writes it; here we only look at its names.

subclassed = nnbook.SubclassModel(n_hidden=13)
models = {"plain": plain, "named": named, "subclassed": subclassed}
listed = {kind: list(net.named_parameters()) for kind, net in models.items()}

print(f"{'plain':10}{'named, subclassed':24}{'shape':10}{'numbers':>8}")
for (ordinal, one), (name, two), (same_name, three) in zip(
    listed["plain"], listed["named"], listed["subclassed"], strict=True
):
    assert name == same_name
    assert one.shape == two.shape == three.shape
    shape = str(tuple(one.shape))
    print(f"{ordinal:10}{name:24}{shape:10}{one.numel():8d}")

for kind, model in models.items():
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{kind}: {count} parameters")
    assert count == 13 + 13 + 13 + 1 == 40

# %%
# Each row of the table is one tensor. Forty numbers in all: a weight and a bias for each of the 13
# hidden units, a weight for each of them in the output layer, and one bias. (One of this book's
# sources speaks of thousands.)
#
# Where names matter
# ------------------
# A :term:`state dict` holds the parameters by name, and a model takes them back by name. Will the
# named network accept the numbers of the plain one?

try:
    named.load_state_dict(plain.state_dict())
except RuntimeError as error:
    print(textwrap.fill(str(error).splitlines()[1].strip(), 76))
else:
    raise AssertionError("0.weight was taken for hidden_linear.weight")

# %%
# No: the shapes fit and the names do not. The named and the subclassed network share their names,
# so one takes the numbers of the other. The two then give the same outputs:

print(named.load_state_dict(subclassed.state_dict()))
with torch.no_grad():
    assert torch.equal(named(data.inputs), subclassed(data.inputs))

# %%
# That is why nnbook names its layers. :func:`nnbook.mlp` writes the ``OrderedDict`` for us, with
# the names that we have just given by hand:

torch.manual_seed(0)
one_liner = nnbook.mlp(1, 13, 1)
assert list(one_liner.state_dict()) == list(named.state_dict())
with torch.no_grad():
    assert torch.equal(one_liner(data.inputs), plain(data.inputs))

# %%
# **Try it.** Build ``nnbook.mlp(1, [13, 5], 1)`` and print its named parameters. Which names do you
# expect, and how many numbers?
#
# The next page trains the network and watches each parameter by its name:
# :doc:`/auto_examples/5_sequential/plot_03_training_it`.
