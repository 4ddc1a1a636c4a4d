# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
5.5 What moves with a network, and what is in its file?
=======================================================

A trained network is a class, which is code, and some numbers. On this page the
numbers move: to another device and back, and into a file. We open that file by
hand, byte by byte, load it again to the last bit, and see why a pickle, the
other common kind of file, should not be loaded from strangers. The data are
the eleven readings (unknown unit) with their temperatures (°C). About ten
minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), sections 3.9, 3.12 and 8.4.
"""

import json
import pickle
import tempfile
import textwrap
from collections import OrderedDict
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import nnbook
from nnbook import plots

# %%
# To a device and back
# --------------------
# A GPU computes with what lies in its own memory. A script that is to run with and without one
# chooses the :term:`device` once. (The GPU of Apple's processors is called ``mps``.)

device = "cuda" if torch.cuda.is_available() else "cpu"
print("device:", device)

# %%
# Then the model moves, then the optimizer is made, and the data move too. The model of this page
# standardizes its readings itself, so that mean and standard deviation travel with it.

data = nnbook.load_thermometer()


def new_model(activation=nn.Tanh):
    standardize = nnbook.Standardize.of(data)
    network = nnbook.mlp(1, 8, 1, activation=activation)
    named = OrderedDict(standardize=standardize, network=network)
    return nn.Sequential(named)


torch.manual_seed(0)
model = new_model().to(device)
adam = torch.optim.Adam(model.parameters(), lr=0.05)
on_device = data.to(device)
history = nnbook.fit(model, on_device, optimizer=adam, epochs=300)
print(f"loss {history.train_loss[-1]:.2f} °C²")
assert {p.device.type for p in model.parameters()} == {device}

# %%
# A network as small as this gains nothing by a GPU (:doc:`page 4.3
# </auto_examples/4_module/plot_03_why_batches>`), but the order of these steps matters in any case.
# ``tensor.to`` returns a new tensor; ``module.to`` changes the module itself. Whether it puts new
# contents into the parameters or new parameters in their place depends on the device. An optimizer
# made before may be left with the old ones. The device ``meta``, which keeps shapes but no numbers,
# shows it on any machine:

early = new_model()
too_early = torch.optim.Adam(early.parameters())
early.to("meta")
held = {p.device.type for p in too_early.param_groups[0]["params"]}
moved = {p.device.type for p in early.parameters()}
print("parameters of the model on", moved, "of the optimizer on", held)
assert (moved, held) == ({"meta"}, {"cpu"})

# %%
# This optimizer would go on changing numbers that no model uses, and not complain. On the way to a
# GPU, PyTorch does keep the parameters and exchange their contents, but what Adam remembers of
# earlier steps stays behind. So: first the move, then the optimizer.
#
# Model and data must meet on one device. And NumPy knows main memory only, so a tensor on a GPU
# goes through ``.cpu()``. (One sometimes reads that ``.numpy()`` is enough.) Both mistakes are
# refused:

with torch.no_grad():
    outputs = model(on_device.inputs)  # (11, 1), on the device
temperatures = outputs.cpu().numpy()
assert temperatures.shape == (11, 1)


def refusal(call, *args):
    try:
        call(*args)
    except (RuntimeError, TypeError, pickle.UnpicklingError) as error:
        return str(error)
    raise AssertionError("this was expected to fail")


print(refusal(early, data.inputs))
print(textwrap.fill(refusal(outputs.to("meta").numpy), 76))

# %%
# The state dict
# --------------
# All numbers of a model, by name, are its :term:`state dict`: the parameters, and the buffers of
# ``Standardize``.

state = model.state_dict()
for name, tensor in state.items():
    print(f"{name:30} {tuple(tensor.shape)!s:7} {tensor.dtype}")
assert len(state) == 2 + 4
bias = model.network.output_linear.bias
assert state["network.output_linear.bias"].data_ptr() == bias.data_ptr()

# %%
# These share the parameters' memory; they are no copies. If you keep ``state`` to return to it, and
# train on, you find it changed; ``clone()`` each tensor to keep it. A file is a copy anyway.
#
# A file of numbers
# -----------------
# The format :term:`safetensors` holds a dictionary of tensors, and a little text if we like.

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "thermometer.safetensors"
save_file(state, path, metadata={"activation": "Tanh"})

# %%
# What is in it? Eight bytes tell the length of the header. The header is text, in JSON: for each
# name the type, the shape and the place. Then come the numbers. To read it takes a few lines:


def read_by_hand(path):
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    print("text:", header.pop("__metadata__"))
    tensors, places = {}, {"length": (0, 8), "header": (8, start)}
    for name, entry in header.items():
        first, last = places[name] = [start + i for i in entry["data_offsets"]]
        assert entry["dtype"] == "F32"  # float32, like all of ours
        raw = bytearray(content[first:last])
        numbers = torch.frombuffer(raw, dtype=torch.float32)
        tensors[name] = numbers.view(entry["shape"])
    return tensors, places


by_hand, places = read_by_hand(path)
by_library = load_file(path)
assert set(by_hand) == set(by_library) == set(state)
for name, tensor in state.items():
    assert torch.equal(by_hand[name], tensor.cpu())
    assert torch.equal(by_library[name], tensor.cpu())

fig, ax = plt.subplots(figsize=(7, 3))
for row, (name, (first, last)) in enumerate(places.items()):
    color = plots.COLORS["grey" if name in ("length", "header") else "blue"]
    ax.barh(row, last - first, left=first, color=color)
    ax.text(last + 6, row, f"{last - first}", va="center", fontsize="small")
ax.set_yticks(range(len(places)), places)
ax.invert_yaxis()
ax.set(xlabel="place in the file (bytes)", xlim=(0, 1.06 * last))
ax.grid(visible=False, axis="y")
plots.describe(
    ax,
    "Eight bars over the bytes of the file: a short one for the length, a "
    "long one for the header, and behind it, one after the other, six short "
    "ones for the tensors.",
)
assert last == path.stat().st_size

# %%
# Each bar is a piece of the file, with its number of bytes: the length, the header, and six
# tensors, four bytes for each number. In so small a file the header is the longest part. Nothing
# else is in it, and nothing that could run.
#
# Loading
# -------
# The file does not know what to compute with its numbers. So we build the model by its class, as
# before, and let it take them. Will it be the same model, to the last bit?

torch.manual_seed(1)
loaded = new_model().to(device)
print(loaded.load_state_dict(load_file(path, device=device)))
with torch.no_grad():
    assert torch.equal(loaded(on_device.inputs), outputs)

# %%
# It is. Names and shapes that do not fit are refused, as :doc:`page 5.2
# </auto_examples/5_sequential/plot_02_names>` showed. What has no numbers is not checked:

relu = new_model(nn.ReLU).to(device)
print(relu.load_state_dict(load_file(path, device=device)))
with torch.no_grad():
    off = (relu(on_device.inputs) - outputs).abs().max().item()
print(f"with ReLU in place of Tanh: up to {off:.0f} °C off")
assert off > 5

# %%
# That is why settings belong in the file's text, or in a JSON file beside it. To train on as if
# nothing had happened, save the optimizer's state as well.
#
# Why not pickle
# --------------
# A file written by ``torch.save`` contains a :term:`pickle`, Python's own format for objects of any
# kind. To be able to restore any kind, a pickle may name a function and its arguments, and loading
# it calls the function. An object chooses them by its method ``__reduce__``. Ours is harmless:


class Surprise:
    def __reduce__(self):
        return print, ("this line was printed by loading a file",)


harmless = pickle.dumps(Surprise())
print(textwrap.fill(str(harmless), 76))
pickle.loads(harmless)  # noqa: S301 - it only prints

# %%
# We called ``loads``, and a function ran that we had not called. It could as well have deleted
# files or sent them away. A file of weights that was pickled can hold such an object beside its
# tensors:

path = Path(folder.name) / "weights.pt"
torch.save({"weight": torch.ones(2), "surprise": Surprise()}, path)
torch.load(path, weights_only=False)

# %%
# Since version 2.6, ``torch.load`` has ``weights_only=True`` as its default: it knows a list of
# harmless names, and refuses the others.

message = refusal(torch.load, path)
(reason,) = [part for part in message.split(". ") if "GLOBAL" in part]
print(reason.split("error: ")[-1])
folder.cleanup()

# %%
# This guard was broken twice. Before PyTorch 2.6 a crafted file could run code in spite of it
# (CVE-2025-32434), and before 2.10 one could corrupt the memory of the program that loads it
# (CVE-2026-24747). Both holes are closed. But a format that has to be guarded is the wrong one for
# strangers' files; in a safetensors file there is nothing to run. Whether its numbers are any good
# is another question.
#
# **Try it.** Save ``model.state_dict()`` by ``torch.save`` too, and compare the two files' sizes.
# Then change one byte near the end of the safetensors file. Does it load, and what has changed?
#
# The network is built, trained, looked into and saved. The next chapter asks whether it is any
# better than a line: :doc:`/auto_examples/6_overfitting/plot_01_line_against_network`.
