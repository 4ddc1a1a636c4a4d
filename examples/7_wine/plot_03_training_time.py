r"""
7.3 What does training time depend on?
======================================

The wine table has 178 rows and 13 columns, the thermometer's eleven rows and
one column. How much longer does a network train on wine? We vary five things,
each alone: rows, features, hidden units, batch size, epochs. We measure the
time of an epoch, and count the epochs until the loss is low. Then wine and
thermometer race. About eight minutes.

The questions are those of an exercise in *Deep Learning with PyTorch*
(Stevens, Antiga, Viehmann, 2020), section 6.5. You need
``pip install "nnbook[wine]"``.
"""

# sphinx_gallery_parallel = False

import time

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

# %%
# A stopwatch
# -----------
# A :term:`callback` is an object that :func:`nnbook.fit` calls after each epoch. This one notes the
# time, and stops the run once the training loss is low enough.


class Stopwatch(nnbook.Callback):
    def __init__(self, goal):
        self.goal, self.reached = goal, float("inf")

    def on_start(self, run):
        self.times = [time.perf_counter()]

    def on_epoch_end(self, run):
        self.times.append(time.perf_counter())
        if run.train_losses[-1] > self.goal:
            return None
        self.reached = float(run.epoch)
        return nnbook.Stop("goal reached")


def train(data, n_hidden, n_out, goal, seed, epochs, **options):
    torch.manual_seed(seed)
    model = nnbook.mlp(data.inputs.shape[1], n_hidden, n_out)
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)
    watch = Stopwatch(goal)
    options |= {"optimizer": adam, "callbacks": [watch]}
    nnbook.fit(model, data, epochs=epochs, **options)
    return watch


def epoch_time(watch):  # in milliseconds
    seconds = torch.tensor(watch.times, dtype=torch.float64).diff()
    return 1e3 * seconds.median().item()


# %%
# The time of an epoch is the median over the run. The processor serves other programs too, and an
# epoch during which it was away looks long. (Why ``float64``? The clock shows thousands of seconds,
# and ``float32`` would round them to fractions of a millisecond: as long as an epoch.)
#
# One thing at a time
# -------------------
# We start from a network like that of
# :doc:`the page before </auto_examples/7_wine/plot_02_training_on_wine>`: 178 rows in one batch, 13
# features, 8 hidden units. From there one thing changes. Fewer rows or features are drawn at
# random; for more rows the table is repeated. The goal is a cross-entropy of 0.1: typically, nine
# tenths of the probability on the right cultivar. No row is held out, for it is the clock that is
# judged here, not the model.

wine = nnbook.load_wine()
inputs = nnbook.Standardize.of(wine)(wine.inputs)  # (178, 13)
start = {"rows": 178, "features": 13, "hidden units": 8, "batch size": None}
levels = {
    "rows": (11, 44, 178, 2848),
    "features": (1, 4, 8, 13),
    "hidden units": (2, 8, 32, 128),
    "batch size": (12, 45, None),  # None takes all rows
}


def train_on_wine(setting, seed):
    n_rows, n_in, n_hidden, batch_size = setting.values()
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(178, generator=generator).repeat(16)[:n_rows]
    columns = torch.randperm(13, generator=generator)[:n_in]
    data = nnbook.Samples(inputs[rows][:, columns], wine.targets[rows])
    options = {"batch_size": batch_size, "generator": generator}
    options["loss"] = torch.nn.functional.cross_entropy
    return train(data, n_hidden, 3, 0.1, seed, epochs=200, **options)


# %%
# All settings run turn about, five times, each time with another seed for rows, features and
# weights. Before you read on: what makes an epoch ten times as long? And what makes it take ten
# times as many epochs?

cases = [(factor, level) for factor in levels for level in levels[factor]]
watches = {case: [] for case in cases}
train_on_wine(start, seed=0)  # to warm up
for seed in range(5):
    for factor, level in cases:
        watch = train_on_wine(start | {factor: level}, seed)
        watches[factor, level].append(watch)


def summary(watches):
    turns = torch.tensor([epoch_time(watch) for watch in watches])
    low, middle, high = turns.quantile(torch.tensor([0.25, 0.5, 0.75]))
    needed = torch.tensor([watch.reached for watch in watches]).median()
    print(f"{middle:6.2f} ({low:.2f} to {high:.2f})", end="")
    print(f"{needed:10.0f}{needed * middle:11.0f}")
    return middle, needed


print(f"{'':18}steps in   ms for an epoch    epochs to      ms to")
print(f"{'':18}an epoch   (middle half)       the goal   the goal")
each, needed = {}, {}
for factor, level in cases:
    n_steps = len(torch.arange(178).split(level)) if factor[0] == "b" and level else 1
    print(f"{factor:13}{level or 'all':>4}{n_steps:7}", end="   ")
    each[factor, level], needed[factor, level] = summary(watches[factor, level])
