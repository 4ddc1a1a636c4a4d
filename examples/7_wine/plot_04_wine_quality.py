r"""
7.4 Can a network tell how good a wine is?
==========================================

For 4,898 white wines, vinho verde from Portugal, eleven laboratory
measurements are known, and a score of 0 to 10: the median of at least three
tasters. We predict the score three ways: by a network, by least squares, and
by always saying the mean. Wines that none of the three has seen will judge,
in ten splits. About nine minutes.

This is the table of wine that *Deep Learning with PyTorch* (Stevens, Antiga,
Viehmann, 2020) uses in section 4.3 and in an exercise of section 6.5. Source:
P. Cortez and others, "Modeling wine preferences by data mining from
physicochemical properties", *Decision Support Systems* 47(4), 2009; UCI
Machine Learning Repository, CC BY 4.0.
"""

import textwrap

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import plots

# %%
# Is the table at hand?
# ---------------------
# The file does not come with ``nnbook``. It is downloaded once, if there is a network and
# ``pip install "nnbook[wine]"`` was run, and checked to the last byte. Where it cannot be had, this
# page says so here, prints ``no table`` in place of each result, and has no figures.

try:
    table = nnbook.load_wine_quality("white")
except FileNotFoundError as error:
    table = None
    print(textwrap.fill(f"no table: {error}", 76))
else:
    print(textwrap.fill(str(table), 76))

# %%
# How many wines have which score? And are there any that occur twice? ``unique`` keeps one of each
# kind of row.

if table is None:
    print("no table")
else:
    scores, counts = table.targets.unique(return_counts=True)
    for score, count in zip(scores, counts, strict=True):
        print(f"score {score:.0f}: {count:5} wines")
    assert counts.tolist() == [20, 163, 1457, 2198, 880, 175, 5]
    rows = torch.cat([table.inputs, table.targets], dim=1)  # (4898, 12)
    rows = rows.unique(dim=0)  # (3961, 12)
    print(f"{len(table) - len(rows)} rows repeat another one")
    assert len(rows) == 3961
    wine = nnbook.Samples(
        rows[:, :11],
        rows[:, 11:],
        input_names=table.input_names,
        target_names=table.target_names,
    )

# %%
# Nearly half of the wines got a six, five of them a nine. And 937 rows are copies: all eleven
# measurements agree with those of another row to the last digit, and so does the score. Probably
# the same wine was entered again. With copies on both sides of a split a model could score by
# remembering, so each wine stays in once: 3,961 are left.
#
# Three parts
# -----------
# The network's training has to stop at some epoch. The epoch may not be chosen on the wines that
# judge, or they would flatter it (:doc:`page 1.6
# </auto_examples/1_learning/plot_06_held_out_readings>`). So each split has three parts. Training
# rows, three fifths, give the gradients, the mean and standard deviation of each column, the
# least-squares coefficients, and the mean score. A :term:`validation set` of one fifth chooses the
# epoch. The :term:`test set`, the last fifth, is asked once, at the end. Five splits let each fifth
# be the test set in turn; then the rows are shuffled anew for five more.


def three_parts(samples, seed):
    generator = torch.Generator().manual_seed(seed)
    fifths = torch.randperm(len(samples), generator=generator).tensor_split(5)
    for k in range(5):
        turned = fifths[k:] + fifths[:k]
        yield torch.cat(turned[2:]), turned[1], turned[0]  # train, val, test


assert [len(p) for p in next(three_parts(range(10), seed=0))] == [6, 2, 2]

# %%
# The network has 32 hidden units, and learns from :term:`mini-batches <mini-batch>` of 128 wines by
# Adam. Its output bias starts as the mean score, so it starts near the third of the rivals.
# :class:`nnbook.EarlyStopping` ends the run when the validation loss has not fallen for ten epochs,
# and puts back the weights of the best epoch.


def trained_network(train, val, seed):
    torch.manual_seed(seed)
    mlp = nnbook.mlp(train.inputs.shape[1], 32, 1)
    nn.init.constant_(mlp.output_linear.bias, train.targets.mean().item())
    model = nn.Sequential(nnbook.Standardize.of(train), mlp)
    best = nnbook.EarlyStopping(patience=10)
    nnbook.fit(
        model,
        train,
        val,
        optimizer=torch.optim.Adam(model.parameters(), lr=1e-2),
        epochs=200,
        batch_size=128,
        callbacks=[best],
    )
    return model, best


def predictions(wine, seed):
    for k, (train, val, test) in enumerate(three_parts(wine, seed)):
        ...
