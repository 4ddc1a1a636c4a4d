# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
4.2 A linear layer is a weight, a bias and one product
======================================================

Every network in this book is built with :class:`torch.nn.Linear`. What does it
hold, what does it take, and what does it return? We write it by hand, set its
numbers so that it knows a piece of physics, and feed it batches, a lone row
and pictures. The data are some weather (°C, hPa), the eleven readings (unknown
unit, °C) and three small pictures. About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 6.2.2.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

# %%
# What it holds
# -------------
# Two tensors, both of them parameters: a weight for each pair of output and input, and a bias for
# each output.

torch.manual_seed(0)
layer = nn.Linear(3, 4)  # 3 inputs, 4 outputs
for name, parameter in layer.named_parameters():
    print(f"{name:7} {tuple(parameter.shape)}")
assert layer.weight.shape == (4, 3)
assert layer.bias.shape == (4,)

# %%
# The weight is stored with outputs first, one row for each neuron (:doc:`page 2.2
# </auto_examples/2_neurons/plot_02_layers>`), so it is transposed for the product. How the numbers
# are drawn before training is the :term:`initialization`. Here each of them, weight and bias, comes
# evenly from the range between :math:`-1/\sqrt{n}` and :math:`1/\sqrt{n}`, where :math:`n` is the
# number of inputs: the more terms a sum has, the smaller they start. By hand, from the same seed:

torch.manual_seed(0)
bound = 3**-0.5
weight = torch.empty(4, 3).uniform_(-bound, bound)
bias = torch.empty(4).uniform_(-bound, bound)
inputs = torch.randn(5, 3)
with torch.no_grad():
    by_hand = inputs @ weight.T + bias  # (5, 3) -> (5, 4)
    torch.testing.assert_close(layer(inputs), by_hand)

# %%
# The same numbers, the same outputs. PyTorch's layer is also a module: an optimizer finds its
# parameters, hooks see its calls, and it can be saved.
#
# Each weight has a unit
# ----------------------
# ``nn.Linear(2, 1)`` takes two numbers a row, here a temperature and a pressure, and returns one.
# Let this one be the density of dry air. Physics has :math:`\rho = p / (R T)`, with the pressure in
# pascal, the temperature in kelvin and :math:`R = 287.05` J/(kg K). Around 15 °C and 1013.25 hPa
# this is almost a plane, and its slopes there are our two weights:


def density(weather):
    celsius, hectopascal = weather.T
    return 100 * hectopascal / (287.05 * (celsius + 273.15))


usual = torch.tensor([[15.0, 1013.25]], requires_grad=True)  # (1, 2)
density(usual).backward()
air = nn.Linear(2, 1)
with torch.no_grad():
    air.weight.copy_(usual.grad)
    air.bias.copy_(density(usual) - usual @ air.weight.squeeze(0))
per_degree, per_hectopascal = air.weight[0].tolist()
print(f"weights {per_degree:9.5f} kg/m³ per °C")
print(f"        {per_hectopascal:9.5f} kg/m³ per hPa")
print(f"bias    {air.bias.item():9.5f} kg/m³")
assert per_degree < 0 < per_hectopascal

# %%
# One more degree makes the air a little lighter, one more hectopascal a little heavier. A weight
# carries the unit of its output divided by that of its input. So the sizes of two weights can be
# compared only if their inputs are measured alike.
#
# Rows in, rows out
# -----------------
# A batch has the shape B x N_in, one row for each observation, and comes out as B x N_out. The
# layer does not know B: the same two weights and one bias serve any number of rows.

weather = torch.tensor([[15.0, 1013.25], [30.0, 995.0], [-5.0, 1035.0]])
with torch.no_grad():
    densities = air(weather)  # (3, 2) -> (3, 1)
exact = density(weather).unsqueeze(1)  # (3, 1)
print("     °C      hPa   kg/m³  by formula")
for row in torch.cat([weather, densities, exact], dim=1).tolist():
    print("{:7.1f} {:8.2f} {:7.3f} {:11.3f}".format(*row))
torch.testing.assert_close(densities, exact, atol=0.01, rtol=0)

# %%
# A lone row of shape (2,) is accepted too, and gives (1,). In fact any number of dimensions may
# stand in front, as long as the last one is N_in.

with torch.no_grad():
    torch.testing.assert_close(air(weather[0]), densities[0])
    assert air(torch.zeros(7, 3, 2)).shape == (7, 3, 1)

# %%
# It is better not to rely on it. Here are two temperatures whose second dimension was forgotten.
# What will the layer for temperature and pressure make of them?

temperatures = torch.tensor([15.0, 20.0])  # two rows, or one?
with torch.no_grad():
    nonsense = air(temperatures)
print(f"for 15 °C and 20 °C: {nonsense.item():.2f} kg/m³")
assert nonsense.shape == (1,)
assert nonsense < 0.1

# %%
# It took them for one row of 15 °C and 20 hPa: very thin air, and no error. With a batch dimension
# the mistake is refused:

try:
    air(temperatures.unsqueeze(1))
except RuntimeError as error:
    print(error)
else:
    raise AssertionError("one column was taken for two")

# %%
# Two rows of one number met a weight that wants two. Nor do modules agree about a missing batch:
# batch norm refuses it, and ``nn.Flatten``, which we use below, takes the first dimension for the
# batch, whatever it is. Write a single row as a batch of one, ``row.unsqueeze(0)``.
#
# The bias switch
# ---------------
# ``bias=False`` leaves the bias out. An input of 0 then gives 0, whatever the weight is. For our
# thermometers that is wrong. The best line through the origin has the weight
# :math:`\sum u c / \sum u^2`:

data = nnbook.load_thermometer()
u, c = data.inputs, data.targets
line = nn.Linear(1, 1, bias=False)
assert line.bias is None
with torch.no_grad():
    line.weight.fill_((u * c).sum() / (u * u).sum())
    assert line(torch.zeros(1, 1)) == 0
    loss = nn.functional.mse_loss(line(u), c)
best = nnbook.least_squares(data).mse
print(f"best line without bias: {loss:.1f} °C², with bias: {best:.1f} °C²")
assert loss > 5 * best

# %%
# The loss is many times larger. The switch is for laws that pass through the origin, and for layers
# whose outputs are shifted afterwards anyway, as by the batch norm of the next page.
#
# Pictures
# --------
# Pictures come as B x C x H x W: pictures, channels, rows, columns. The layer wants B x N_in, so
# each picture is flattened into one long row. We make three pictures with two channels (visible and
# infrared light, as weather satellites have), and want four outputs for each.

pictures = torch.zeros(3, 2, 4, 5)  # (B, C, H, W)
pictures[0, 0], pictures[0, 1] = torch.eye(4, 5), torch.eye(4, 5).flip(0)
pictures[1, :, 1:3] = torch.tensor([0.4, 1.0]).view(2, 1, 1)
pictures[2] = torch.linspace(0, 1, 40).view(2, 4, 5)

torch.manual_seed(0)
model = nn.Sequential(nn.Flatten(), nn.Linear(2 * 4 * 5, 4))
with torch.no_grad():
    rows = model[0](pictures)  # (3, 2, 4, 5) -> (3, 40)
    outputs = model(pictures)  # (3, 40) -> (3, 4)
assert torch.equal(rows, pictures.flatten(start_dim=1))
assert outputs.shape == (3, 4)


def draw(cells, left, top, size):
    x = [left + size * j for j in range(cells.shape[1] + 1)]
    y = [top - size * i for i in range(cells.shape[0] + 1)]
    look = {"cmap": "cividis", "vmin": 0, "vmax": 1, "linewidth": 0.5}
    grey = plots.COLORS["grey"]
    ax.pcolormesh(x, y, cells.numpy(), edgecolors=grey, **look)


fig, ax = plt.subplots(figsize=(7, 2.6))
arrow = {"arrowstyle": "-|>", "color": plots.INK}
for picture, row, numbers, y in zip(
    pictures, rows, outputs, (0, -4, -8), strict=True
):
    draw(picture[0], left=0, top=y + 1.6, size=0.8)
    draw(picture[1], left=4.4, top=y + 1.6, size=0.8)
    draw(row.unsqueeze(0), left=15, top=y + 0.25, size=0.5)
    ax.text(47.5, y, "  ".join(f"{n:4.1f}" for n in numbers), va="center")
    for start, end in ((8.8, 14.6), (35.4, 47)):
        ax.annotate("", (end, y), (start, y), arrowprops=arrow)
words = {11.6: "flatten", 41: "Linear(40, 4)"}
shapes = {4.2: "(3, 2, 4, 5)", 25: "(3, 40)", 53: "(3, 4)"}
for height, texts in ((0.5, words), (2.4, shapes)):
    for x, text in texts.items():
        ax.text(x, height, text, ha="center")
ax.set(xlim=(-0.2, 59), ylim=(-10, 3.6))
ax.set_axis_off()
plots.describe(
    fig,
    "Three rows. In each, two small grids of four by five cells, an arrow "
    "marked flatten to a strip of forty cells in the same tints, and an arrow "
    "marked Linear(40, 4) to four numbers.",
)

# %%
# From left to right: the two channels of a picture are laid out in one strip of 40 cells, the first
# channel from its top row to its bottom row, then the second. The layer turns each strip into four
# numbers. The pictures stay apart: three in, three out.
#
# Flattening has two costs. The layer does not know which cells are neighbours: mix up the cells and
# the columns of the weight in the same way, and every output stays what it was. And there are many
# weights.

weight, bias = model[1].parameters()
order = torch.randperm(40)
mixed = rows[:, order] @ weight[:, order].T + bias
torch.testing.assert_close(mixed, outputs)
print(f"{3 * 224 * 224 * 1000:,} weights")
print("from a colour picture of 224 x 224 to 1,000 outputs")

# %%
# Convolutional layers, which this book only names, look at neighbours and use the same few weights
# at every place.
#
# **Try it.** Give ``air`` a second output, the temperature in kelvin. Which shapes do weight and
# bias have then, and which numbers stand in the second row of the weight?
#
# The next page asks what the batch dimension is good for:
# :doc:`/auto_examples/4_module/plot_03_why_batches`.
