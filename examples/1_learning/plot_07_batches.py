# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
1.7 How do rows reach the model, a few at a time?
=================================================

Eleven readings fit into one batch. A million pictures do not: they are fetched
a few at a time, in a new order each epoch. On this page we write by hand what
holds the rows and what draws batches from it, and meet PyTorch's own. The data
are the eleven pairs (unknown unit, °C), and at the end 4,898 random rows, on
which we measure what a ``DataLoader`` costs. About eight minutes.
"""

# sphinx_gallery_parallel = False

import time

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

# %%
# A data set answers two questions
# --------------------------------
# How many rows are there, and what is in row number 7, say? A :class:`torch.utils.data.Dataset` is
# a class with these two methods. What lies behind them is its own business: tensors in memory, as
# here, or files, each opened when its row is asked for.


class Readings(Dataset):
    def __init__(self, inputs, targets):
        self.inputs, self.targets = inputs, targets

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, row):
        return self.inputs[row], self.targets[row]


data = nnbook.load_thermometer()
readings = Readings(data.inputs, data.targets)
print(len(readings), "rows; row 7 is", readings[7])

# %%
# :class:`nnbook.Samples`, which this book has used all along, is such a :term:`data set` too. It
# adds names, units and checks.

assert isinstance(data, Dataset)
assert len(data) == len(readings)
assert data[7] == readings[7]

# %%
# A data loader draws batches
# ---------------------------
# A :term:`data loader` asks for rows one by one, stacks them, and hands out batches. By hand for
# the first four rows, and then by :class:`torch.utils.data.DataLoader`:

first_inputs = torch.stack([readings[row][0] for row in range(4)])  # (4, 1)

loader = DataLoader(data, batch_size=4)
batches = list(loader)
print("rows in each batch:", [len(inputs) for inputs, _ in batches])
assert torch.equal(batches[0][0], first_inputs)
assert [len(inputs) for inputs, _ in batches] == [4, 4, 3]
assert len(DataLoader(data, batch_size=4, drop_last=True)) == 2

# %%
# Eleven is not a multiple of four, so the last batch is short. ``drop_last=True`` leaves it out.
# In training that may be wanted; in validation some rows would go unjudged.
#
# A data loader is often called an iterator. It is an :term:`iterable`: each ``for`` asks it for a
# fresh :term:`iterator`, which goes through the rows once. So one loader serves all epochs.

try:
    next(loader)
except TypeError as error:
    print(error)
else:
    raise AssertionError("a data loader was taken for an iterator")
assert len(list(loader)) == len(list(loader)) == len(loader) == 3
inputs, targets = next(iter(loader))
assert torch.equal(inputs, first_inputs)

# %%
# A new order each epoch
# ----------------------
# Rows are often stored in some order, by date or by class, and batches in that order would all be
# one-sided. With ``shuffle=True`` the order is drawn anew for each epoch. A generator of its own
# makes it repeatable.


def orders(seed, epochs):
    loader = DataLoader(
        range(11),
        batch_size=4,
        shuffle=True,
        generator=torch.Generator().manual_seed(seed),
    )
    return [[batch.tolist() for batch in loader] for _ in range(epochs)]


drawn = orders(seed=0, epochs=8)
assert drawn == orders(seed=0, epochs=8)
assert drawn[0] != drawn[1]

looks = (("o", "blue"), ("s", "vermilion"), ("^", "green"))
fig, ax = plt.subplots(figsize=(7, 3.6))
for epoch, batches in enumerate(drawn, start=1):
    assert sorted(batches[0] + batches[1] + batches[2]) == list(range(11))
    for rows, (marker, name) in zip(batches, looks, strict=True):
        color = plots.COLORS[name]
        ax.plot([epoch] * len(rows), rows, marker, color=color)
ax.set(xlabel="epoch", ylabel="row number", yticks=range(11))
fig.legend(
    ax.lines[:3],
    ["batch 1", "batch 2", "batch 3"],
    loc="outside upper center",
    ncols=3,
)
plots.describe(
    ax,
    "A grid of eight epochs and eleven rows. In each column four rows bear "
    "the mark of batch 1, four of batch 2, three of batch 3, in no pattern.",
)

# %%
# Each column is one epoch, and its eleven marks say in which batch each row came. Every epoch
# holds all rows once, mixed differently.
#
# Behind ``shuffle`` there is a :term:`sampler`, which says in which order the row numbers come. Any
# other can take its place, even a list of row numbers. A ``WeightedRandomSampler`` draws some rows
# more often than others, with replacement. Three of our readings are below 5 °C. These weights make
# them half of all draws:

print("shuffling:", type(DataLoader(data, shuffle=True).sampler).__name__)
is_cold = data.targets.squeeze(1) < 5  # (11,)
weights = torch.where(is_cold, 1 / is_cold.sum(), 1 / (~is_cold).sum())
sampler = WeightedRandomSampler(
    weights, num_samples=2000, generator=torch.Generator().manual_seed(0)
)
share = is_cold[list(sampler)].float().mean().item()
print(f"cold: {is_cold.float().mean():.2f} of rows, {share:.2f} of draws")
assert abs(share - 0.5) < 0.05

# %%
# ``shuffle`` and a sampler both decide on the order, so ``DataLoader`` refuses to take both. Others
# to know are ``SequentialSampler``, the default, ``SubsetRandomSampler`` for a part of the rows,
# and ``BatchSampler``, which groups the numbers.
#
# The short last batch counts less
# --------------------------------
# Each of the three batches, a :term:`mini-batch`, has a mean loss. What is the loss of the epoch?
# Not the plain mean of the three: the last one stands for three rows, not for four.

params = torch.tensor([1.0, 0.0])
parts = [nnbook.Samples(*batch) for batch in loader]
counts = torch.tensor([float(len(part)) for part in parts])
losses = torch.stack([nnbook.line_loss(params, part) for part in parts])
whole = nnbook.line_loss(params, data)

plain = losses.mean()
weighted = counts @ losses / counts.sum()
print(f"all rows:               {whole:.2f} °C²")
print(f"plain mean of batches:  {plain:.2f} °C²")
print(f"weighted by their rows: {weighted:.2f} °C²")
assert torch.isclose(weighted, whole)
assert abs(plain - whole) > 1

# %%
# The gradients do the same. Weighted by their rows, those of the batches have the gradient of all
# rows as their mean; each single one is a noisy estimate of it.

gradients = [nnbook.gradient_by_hand(params, part) for part in parts]
mean_gradient = counts @ torch.stack(gradients) / counts.sum()  # (2,)
assert torch.allclose(mean_gradient, nnbook.gradient_by_hand(params, data))

# %%
# A step after each batch, rather than one an epoch, is what :term:`stochastic gradient descent` is
# named for: three noisy steps for the work of one exact one. The parameters then move between the
# batches, so the mean of the losses as they are met belongs to no single line. :func:`nnbook.fit`
# trains like this, and weights by rows (:doc:`page 4.4
# </auto_examples/4_module/plot_04_training_loop>` opens it up). At a learning rate of 0 nothing
# moves, and it must find the loss of all rows:

line = torch.nn.Linear(1, 1)
torch.nn.init.ones_(line.weight)
torch.nn.init.zeros_(line.bias)
still = torch.optim.SGD(line.parameters(), lr=0.0)
from_loader = nnbook.fit(line, loader, optimizer=still, epochs=1)
from_data = nnbook.fit(line, data, batch_size=4, optimizer=still, epochs=1)
assert torch.isclose(from_loader.train_loss[0], whole)
assert torch.isclose(from_data.train_loss[0], whole)

# %%
# More processes
# --------------
# ``num_workers=4`` makes the loader start four more processes. The first process still draws the
# order. Each worker fetches and stacks the rows of a batch and sends it back, while the model is
# busy with an earlier one. This pays where a row takes long to get, such as a picture that is read
# and decoded. Each worker has a data set object and a seed of its own. Where processes start
# afresh, as on Windows and macOS, and on Linux from Python 3.14 on, the script must keep its main
# part under ``if __name__ == "__main__":``.
#
# With small rows in memory, starting workers and sending batches takes longer than fetching. The
# default, 0, fetches in the process that trains.

assert loader.num_workers == 0

# %%
# What it costs
# -------------
# Tensors in memory need none of this: ``randperm`` orders the row numbers, and an index picks a
# whole batch at once. We time one epoch of drawing batches, without a model, from 4,898 rows of 11
# random inputs. Both ways run nine times, in turn, and we keep the ratio of each turn, which says
# more about the method than about the machine. How many times slower is the loader, do you think?

generator = torch.Generator().manual_seed(0)
many = Readings(
    torch.randn(4898, 11, generator=generator),
    torch.randn(4898, 1, generator=generator),
)


def by_loader(samples, batch_size):
    return DataLoader(
        samples, batch_size=batch_size, shuffle=True, generator=generator
    )


def by_index(samples, batch_size):
    order = torch.randperm(len(samples), generator=generator)
    return (samples[rows] for rows in order.split(batch_size))


def seconds(draw, batch_size):
    start = time.perf_counter()
    n_rows = sum(len(targets) for _, targets in draw(many, batch_size))
    assert n_rows == len(many)
    return time.perf_counter() - start


sizes = (16, 64, 256)
times = torch.tensor(
    [
        [(seconds(by_loader, n), seconds(by_index, n)) for _ in range(9)]
        for n in sizes
    ]
)  # (size, turn, way)
ratios = times[:, :, 0] / times[:, :, 1]  # (size, turn)
medians = ratios.median(dim=1).values
quartiles = ratios.quantile(torch.tensor([0.25, 0.75]), dim=1)

fig, ax = plt.subplots(figsize=(7, 3.4))
color = plots.COLORS["vermilion"]
bars = (quartiles - medians).abs()
ax.errorbar(sizes, medians, bars, fmt="s-", capsize=5, color=color)
ax.axhline(1, linestyle="--", color=plots.COLORS["green"])
ax.text(64, 1.1, "by index = 1", ha="center", color=plots.COLORS["green"])
ax.set(xscale="log", yscale="log", ylim=(0.7, None))
ax.set_xticks(sizes, sizes)
ax.set_xticks([], minor=True)
ax.set_yticks([1, 10, 100], [1, 10, 100])
ax.set(xlabel="batch size (rows)", ylabel="time of the loader (ratio)")
plots.describe(
    ax,
    "The time of the loader, in multiples of index selection, over the batch "
    "size. It lies far above one and rises with the batch size.",
)
for size, ratio in zip(sizes, medians, strict=True):
    print(f"batches of {size:3}: the loader takes {ratio:.0f} times as long")
assert (medians > 1.5).all()
assert medians[2] > max(5, medians[0])

# %%
# The squares are medians, the bars hold the middle half of the nine turns. The loader takes many
# times as long, and the larger the batch, the more: index selection gains from large batches, the
# loader hardly does. The reason can be counted:


class Counted(Readings):
    calls = 0

    def __getitem__(self, row):
        self.calls += 1
        return super().__getitem__(row)


calls = {}
for draw in (by_loader, by_index):
    counted = Counted(many.inputs, many.targets)
    n_batches = len(list(draw(counted, 256)))
    calls[draw.__name__] = counted.calls
    print(f"{draw.__name__:9} {n_batches} batches, {counted.calls} calls")
assert calls == {"by_loader": 4898, "by_index": 20}
each = times[2, :, 0].median().item() / len(many)
print(f"the loader takes {1e6 * each:.1f} µs for each row")

# %%
# The loader calls ``__getitem__`` for every row, makes two tiny tensors each time, and then stacks
# them again. Microseconds for a row are nothing beside opening a file, and a lot beside eleven
# numbers that are already in memory. So ``fit`` picks the rows of ``Samples`` by index, and a
# ``DataLoader`` is the tool for rows that are slow to get.
#
# **Try it.** ``BatchSampler(RandomSampler(many), 256, drop_last=False)``, from the same module as
# ``DataLoader``, gives lists of row numbers. Use it as the ``sampler`` of a ``DataLoader`` with
# ``batch_size=None``, which switches the stacking off: the data set is asked for a whole batch at
# once. What is left of the ratio?
#
# Next comes a page about tensors to look things up in:
# :doc:`/auto_examples/1_learning/plot_08_tensor_primer`. If they are old friends, go on to
# :doc:`/auto_examples/2_neurons/plot_01_one_neuron`.
