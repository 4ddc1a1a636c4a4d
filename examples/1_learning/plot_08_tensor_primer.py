# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
1.8 What is a tensor? (Read first if tensors are new)
=====================================================

All data and all parameters in this book are tensors. This page holds the facts
about them that the other pages rely on, and after each fact an ``assert`` that
checks it. Read it before page 1.1 if tensors are new to you, or come back when
a shape puzzles you. The examples are small made-up tables and the
thermometer's readings (unknown unit, °C). About ten minutes.

There is more in *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), chapters 3 and 4.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.patches import Rectangle
from safetensors.torch import load_file, save_file

import nnbook
from nnbook import plots

# %%
# A list and a tensor
# -------------------
# A Python list holds references to objects that may lie anywhere in memory and be of any type. A
# :term:`tensor` holds bare numbers of one type, side by side in one block: its :term:`storage`.
# That makes it small, and arithmetic on all its numbers at once fast.

numbers = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
tensor = torch.tensor(numbers)
assert all(isinstance(number, float) for number in numbers)  # six objects
assert tensor.is_contiguous()  # one block
assert tensor.element_size() == 4  # bytes for each number
assert tensor.untyped_storage().nbytes() == 6 * 4

# %%
# What makes a table of it? Not the storage, which stays a single row of cells. A tensor knows its
# :term:`shape`, here (2, 3), and its :term:`stride`, here (3, 1): how many cells to go on for the
# next row, and how many for the next column.

table = tensor.view(2, 3)  # (row, column)
print(table)
assert table.shape == (2, 3)
assert table.ndim == 2
assert table.numel() == 6
assert table.stride() == (3, 1)
assert table[1, 2] == tensor[1 * 3 + 2 * 1]


def draw_cells(ax, x, y, texts, color, *, dashes="-"):
    for text in texts:
        cell = Rectangle((x, y), 1, 1, fill=False, ec=color, ls=dashes, lw=1.5)
        ax.add_patch(cell)
        ax.text(x + 0.5, y + 0.5, text, ha="center", va="center")
        x += 1


blue, vermilion = plots.COLORS["blue"], plots.COLORS["vermilion"]
grey, green = plots.COLORS["grey"], plots.COLORS["green"]
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9))
draw_cells(left, 0, 3.5, [""] * 6, grey)
xs, ys = (0.4, 2.6, 1.3, 4.6, 3.5, 5.9), (1.6, 0.2, 0.4, 0.2, 1.7, 1.1)
for number, (x, y) in enumerate(zip(xs, ys, strict=True)):
    left.annotate(
        f"{number}.0",
        xy=(number + 0.5, 4),
        xytext=(x, y),
        ha="center",
        bbox={"boxstyle": "round", "fc": "none", "ec": grey},
        arrowprops={"arrowstyle": "<|-", "color": grey},
    )
left.set_title("a list: references to objects")
draw_cells(right, 1.5, 4, "012", blue)
draw_cells(right, 1.5, 3, "345", vermilion, dashes="--")
draw_cells(right, 0, 0, "012", blue)
draw_cells(right, 3, 0, "345", vermilion, dashes="--")
right.text(4.8, 4, "table,\nshape (2, 3)", va="center")
right.text(3, 1.4, "storage", ha="center")
right.set_title("a tensor: one block of numbers")
for ax in (left, right):
    ax.set(xlim=(-0.3, 7.2), ylim=(-0.7, 5.3))
    ax.set_axis_off()
plots.describe(
    fig,
    "Left: six cells of a list, each with an arrow to a number that lies "
    "somewhere else. Right: a table of two rows and three columns, and below "
    "it the same six numbers side by side in one block.",
)

# %%
# On the left, each cell of the list points to its number. On the right, the solid and the dashed
# row of the table lie one after the other in the block.
#
# Types
# -----
# All numbers of a tensor have one :term:`dtype`. Whole numbers become ``int64``, decimal ones
# ``float32``, comparisons ``bool``.

assert torch.tensor([1, 2]).dtype == torch.int64
assert torch.tensor([1.0, 2.0]).dtype == torch.float32
assert (torch.tensor([1, 2]) > 1).dtype == torch.bool

# %%
# ``float32`` keeps about seven digits. From :math:`2^{24}` on, adding 1 may change nothing.

assert torch.tensor(2.0**24) + 1 == 2.0**24
assert torch.tensor(2.0**24, dtype=torch.float64) + 1 != 2.0**24

# %%
# Where types meet, :term:`type promotion` decides: a whole and a floating type give the floating
# one, ``float32`` and ``float64`` give ``float64``. A Python number, or a tensor of shape (), does
# not widen a tensor of the same kind that has dimensions.

whole = torch.tensor([1, 2, 4])
halves = torch.tensor([0.5, 1.5, 2.5])
assert (whole + halves).dtype == torch.float32
assert (whole / 2).dtype == torch.float32
assert (halves + 1.0).dtype == torch.float32
assert (halves + halves.double()).dtype == torch.float64
assert (halves + torch.tensor(1.0).double()).dtype == torch.float32

# %%
# Some facts are refusals. This little function returns what the error says. The mean of whole
# numbers is refused, for instance; ``float()`` converts them first.


def refusal(call, *args, **options):
    try:
        call(*args, **options)
    except (RuntimeError, TypeError) as error:
        return str(error)
    raise AssertionError("this was expected to fail")


assert "floating point" in refusal(torch.mean, whole)
assert whole.float().mean() == 7 / 3

# %%
# Views
# -----
# ``view`` gives another shape. One size may be -1: it is worked out from the others. Eighteen
# numbers in rows of nine make two rows. Nothing is copied, the two tensors share their storage,
# and a change in one is seen in the other. ``clone`` makes a copy.

eighteen = torch.arange(18.0)
nines = eighteen.view(-1, 9)  # (2, 9)
assert nines.shape == (2, 9)
assert nines.data_ptr() == eighteen.data_ptr()
nines[0, 0] = 100.0
assert eighteen[0] == 100.0
copy = nines.clone()
copy[0, 0] = -1.0
assert nines[0, 0] == 100.0

# %%
# Slices and the transpose are :term:`views <view>` too. The transpose walks through the storage in
# jumps, so it is no longer :term:`contiguous`, and ``view`` refuses it. ``reshape`` returns a view
# where one is possible and a copy where not. Rows picked by a list or a tensor of numbers are a
# copy.

assert nines[:, 2:5].untyped_storage().data_ptr() == nines.data_ptr()
assert nines.T.stride() == (1, 9)
assert not nines.T.is_contiguous()
assert "reshape" in refusal(nines.T.view, 18)
assert nines.reshape(18).data_ptr() == nines.data_ptr()
assert nines.T.reshape(18).data_ptr() != nines.data_ptr()
assert nines[[0, 1]].data_ptr() != nines.data_ptr()

# %%
# One dimension more or less
# --------------------------
# The models of this book take one row per observation: shape (11, 1), not (11,). ``unsqueeze(1)``
# inserts a dimension of size 1 at position 1, the index ``None`` does the same, and ``squeeze(1)``
# removes it.

data = nnbook.load_thermometer()
flat = data.targets.squeeze(1)
assert flat.shape == (11,)
assert flat.unsqueeze(1).shape == (11, 1)
assert torch.equal(flat[:, None], flat.unsqueeze(1))
assert flat[None].shape == (1, 11)

# %%
# Function, method, trailing underscore
# -------------------------------------
# Most operations exist as a function of ``torch`` and as a method of the tensor, and both return
# a new tensor. A method whose name ends in an underscore works :term:`in place`: it changes the
# tensor itself.

squares = torch.tensor([1.0, 4.0, 9.0])
assert torch.equal(torch.sqrt(squares), squares.sqrt())
assert squares[1] == 4.0  # not changed
roots = squares.sqrt_()
assert roots is squares
assert squares[1] == 2.0

# %%
# Broadcasting
# ------------
# How are a column of shape (2, 1) and a row of shape (3,) added? Compare the shapes from the
# right. In each place the sizes must be equal, or one of them must be 1 or missing; that one is
# stretched. This is :term:`broadcasting`. What will the sum look like?

column = torch.tensor([[10], [20]])  # (2, 1)
row = torch.tensor([1, 2, 3])  # (3,)
total = column + row  # (2, 3)
print(total)
assert total.tolist() == [[11, 12, 13], [21, 22, 23]]

fig, ax = plt.subplots(figsize=(7, 1.9))
for y, tens in ((1, 10), (0, 20)):
    draw_cells(ax, 0, y, [tens], blue)
    draw_cells(ax, 1, y, [tens, tens], grey, dashes=":")
    draw_cells(ax, 8, y, total[1 - y].tolist(), green)
draw_cells(ax, 4, 1, row.tolist(), vermilion)
draw_cells(ax, 4, 0, row.tolist(), grey, dashes=":")
ax.text(3.5, 1, "+", ha="center", va="center", fontsize="x-large")
ax.text(7.5, 1, "=", ha="center", va="center", fontsize="x-large")
for x, text in ((1.5, "(2, 1)"), (5.5, "(3,)"), (9.5, "(2, 3)")):
    ax.text(x, 2.4, text, ha="center")
ax.set(xlim=(-0.3, 11.3), ylim=(-0.2, 3), aspect="equal")
ax.set_axis_off()
plots.describe(
    ax,
    "A column of 10 and 20 is repeated to the right, a row of 1, 2, 3 is "
    "repeated downwards, and their sum is a table of two rows and three "
    "columns.",
)

# %%
# The dotted cells are the stretched ones; no memory is spent on them. Every number of the column
# meets every number of the row. That is handy for taking a column's mean from it, refused where the
# sizes do not fit, and a trap where it was not meant: (11, 1) minus (11,) is a table of 121
# differences (:doc:`page 1.1 </auto_examples/1_learning/plot_01_two_thermometers>`).

assert (nines - nines.mean(dim=0)).shape == (2, 9)
assert "must match" in refusal(torch.add, torch.ones(2, 3), torch.ones(2))
assert (data.targets - flat).shape == (11, 11)

# %%
# NumPy
# -----
# ``from_numpy`` and ``numpy()`` copy nothing: array and tensor share their memory. ``torch.tensor``
# copies. NumPy's decimal numbers are ``float64``, which a layer of ``float32`` weights refuses, so
# convert them once, on the way in.

array = np.linspace(0.0, 1.0, 5)
shared, copied = torch.from_numpy(array), torch.tensor(array)
array[0] = 7.0
assert shared[0] == 7.0
assert copied[0] == 0.0
assert shared.dtype == torch.float64
layer = torch.nn.Linear(5, 1)
assert "dtype" in refusal(layer, shared)
assert layer(shared.float()).shape == (1,)
assert np.shares_memory(tensor.numpy(), table.numpy())

# %%
# Devices
# -------
# A tensor lies on a :term:`device`: ``cpu``, or a GPU such as ``cuda``. ``to`` brings it there,
# as a copy unless it is there already. NumPy knows main memory only, so a GPU tensor goes through
# ``.cpu()``. Without it, ``numpy()`` raises an error. The device ``meta``, which keeps shapes but
# no numbers, shows this on any machine.

device = "cuda" if torch.cuda.is_available() else "cpu"
moved = tensor.to(device)
assert moved.device.type == device
assert tensor.to("cpu") is tensor
assert np.array_equal(moved.cpu().numpy(), numbers)
assert "Tensor.cpu()" in refusal(tensor.to("meta").numpy)

# %%
# Pictures and time series
# ------------------------
# Picture files give height, width, colour. PyTorch's layers want a batch of shape (N, C, H, W): N
# pictures, C :term:`channels <channel>`, H rows, W columns. ``permute`` reorders the dimensions,
# and ``stack`` makes a batch.

picture = torch.arange(72.0).view(4, 6, 3)  # (H, W, C)
channels_first = picture.permute(2, 0, 1)  # (C, H, W)
pictures = torch.stack([channels_first, channels_first])  # (N, C, H, W)
assert pictures.shape == (2, 3, 4, 6)
assert pictures[1, 2, 3, 5] == picture[3, 5, 2]
assert torch.nn.Conv2d(3, 8, kernel_size=1)(pictures).shape == (2, 8, 4, 6)

# %%
# A long table of hourly measurements becomes a volume, too: a day, a quantity, an hour. PyTorch
# wants (N, C, L): N stretches of time, C quantities, L steps. Three days of two quantities:

hourly = torch.arange(144.0).view(72, 2)  # (hours, quantities)
days = hourly.view(-1, 24, 2).transpose(1, 2)  # (N, C, L)
assert days.shape == (3, 2, 24)
assert days[1, 0, 5] == hourly[24 + 5, 0]
assert torch.nn.Conv1d(2, 8, kernel_size=1)(days).shape == (3, 8, 24)

# %%
# Shape comments
# --------------
# Nothing in a tensor says that its first dimension is the hours. Older PyTorch could name
# dimensions; these named tensors are gone. This book writes the shape in a comment where it
# changes, as above.

assert "names" in refusal(torch.zeros, 2, 3, names=("row", "column"))

# %%
# Saving
# ------
# A file of ``safetensors`` holds tensors under names, and nothing that could run as a program.
# :doc:`/auto_examples/5_sequential/plot_05_devices_and_saving` says why that matters.

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "readings.safetensors"
    save_file({"inputs": data.inputs, "targets": data.targets}, path)
    loaded = load_file(path)
assert torch.equal(loaded["inputs"], data.inputs)
assert torch.equal(loaded["targets"], data.targets)
print("every fact on this page has been checked")

# %%
# **Try it.** Predict the shape of ``torch.ones(5, 1, 4) + torch.ones(3, 1)``, then ask PyTorch.
# And what is ``torch.arange(24).view(2, 3, 4).permute(2, 0, 1)[3, 1, 0]``?
#
# New here? Begin with :doc:`/auto_examples/1_learning/plot_01_two_thermometers`. Otherwise go on to
# the next chapter, with :doc:`/auto_examples/2_neurons/plot_01_one_neuron`.
