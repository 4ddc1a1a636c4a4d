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
# the same wine was entered again. With copies on both sides of a split, a model could score by
# remembering. So each wine stays in once.
#
# Three parts
# -----------
# Training has to stop at some epoch. The epoch may not be chosen on the wines that judge, or they
# would flatter it (:doc:`page 1.6 </auto_examples/1_learning/plot_06_held_out_readings>`). So the
# rows are cut into fifths. Three fifths train: from them come gradients, the mean and standard
# deviation of each column, the least-squares coefficients, and the mean score. One fifth, the
# :term:`validation set`, chooses the epoch. The last, the :term:`test set`, is asked once, at the
# end. Each fifth is the test set in turn; then the rows are shuffled anew. That makes ten splits,
# and each wine is judged twice.


def three_parts(n_rows, seed):
    generator = torch.Generator().manual_seed(seed)
    fifths = torch.randperm(n_rows, generator=generator).tensor_split(5)
    for k in range(5):
        turned = fifths[k:] + fifths[:k]
        yield torch.cat(turned[2:]), turned[1], turned[0]  # train, val, test


# %%
# The network has 32 hidden units and learns by Adam from :term:`mini-batches <mini-batch>` of 128
# wines. These settings were not tuned. The output bias starts as the mean score, so the network
# starts near the third of the rivals. :class:`nnbook.EarlyStopping` ends a run when the validation
# loss has not fallen for ten epochs, and puts back the weights of the best one.


def trained_network(train, val):
    mlp = nnbook.mlp(train.inputs.shape[1], 32, 1)
    nn.init.constant_(mlp.output_linear.bias, train.targets.mean().item())
    network = nn.Sequential(nnbook.Standardize.of(train), mlp)
    adam = torch.optim.Adam(network.parameters(), lr=1e-2)
    early = nnbook.EarlyStopping(patience=10)
    options = {"epochs": 200, "batch_size": 128, "callbacks": [early]}
    nnbook.fit(network, train, val, optimizer=adam, **options)
    return network.eval(), early.best_loss


def compare(wine, n_shuffles):
    # Each wine is answered once in a shuffle: by network, line and mean.
    answers = torch.zeros(n_shuffles, 3, len(wine))
    losses, val_losses = [], []
    torch.manual_seed(0)
    for shuffle in range(n_shuffles):
        for parts in three_parts(len(wine), seed=shuffle):
            train, val, test = (nnbook.Samples(*wine[rows]) for rows in parts)
            network, val_loss = trained_network(train, val)
            line = nnbook.least_squares(train)
            mean = train.targets.mean().expand(len(test), 1)
            with torch.no_grad():
                three = [network(test.inputs), line.predict(test.inputs), mean]
            three = torch.stack(three)  # (3, n_test, 1)
            answers[shuffle, :, parts[2]] = three.squeeze(2)
            losses.append((three - test.targets).square().mean(dim=(1, 2)))
            val_losses.append(val_loss)
    return answers, torch.stack(losses), torch.tensor(val_losses)


# %%
# The judgement
# -------------
# Do you expect the network to beat the straight line? By how much, if the mean's loss counts as 100 %?

rivals = {
    "network": ("green", "o", "-"),
    "least squares": ("blue", "s", "--"),
    "the mean": ("grey", "^", ":"),
}
if table is None:
    print("no table")
else:
    answers, losses, val_losses = compare(wine, n_shuffles=2)
    for name, loss in zip(rivals, losses.T, strict=True):
        share = loss.mean() / losses[:, 2].mean()
        print(
            f"{name:14}{loss.mean():6.3f} points², {share:4.0%}   "
            f"(splits: {loss.min():.3f} to {loss.max():.3f})"
        )
    gains = losses[:, 1] - losses[:, 0]  # (split,)
    print(f"least squares less network: {gains.mean():.3f} points²; ", end="")
    print(f"above 0 in {(gains > 0).sum()} of {len(gains)} splits")
    assert (losses[:, 1] < losses[:, 2]).all()
    assert (gains > 0).sum() >= 9
    assert 0.02 < gains.mean() < 0.08
    print(f"validation, at the chosen epochs: {val_losses.mean():.3f} points²")
    assert val_losses.mean() < losses[:, 0].mean()

    fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6))
    splits = range(1, 11)
    for (name, look), loss in zip(rivals.items(), losses.T, strict=True):
        style = {"color": plots.COLORS[look[0]], "marker": look[1]}
        left.plot(splits, loss, ls=look[2], label=name, **style)
    left.set(ylabel="mean squared error (points²)", ylim=(0, None))
    left.legend(loc="lower left")
    right.vlines(splits, 0, gains, color=plots.COLORS["purple"])
    right.plot(splits, gains, "D", color=plots.COLORS["purple"])
    right.axhline(0, color=plots.COLORS["grey"], ls="--")
    right.set(ylabel="least squares less network (points²)")
    for ax in (left, right):
        ax.set(xlabel="split", xticks=splits)
    plots.describe(
        fig,
        "Left: in each of ten splits the mean has the highest test loss; least "
        "squares lies well below it, and the network a little lower still. "
        "Right: the difference of these two, split by split, is above zero.",
    )

# %%
# On the left, the three losses rise and fall together: some fifths are harder to judge than others,
# for everybody. So the comparison belongs within each split, on the right. There the network is
# nearly always ahead, but not by much. Most of what can be had from these eleven columns, the
# straight line has already; the network adds a little; and about two thirds of the mean's loss
# remains, whoever predicts. (The ten splits share their wines, so they are no ten independent
# witnesses, and we compute no p-value.)
#
# The validation loss of the chosen epochs lies a little lower than the test loss, though over the
# ten splits they have seen the very same wines. That is the flattery: the epoch was chosen by it.
#
# Two of the gains stand out. The line's largest error tells why:

if table is None:
    print("no table")
else:
    errors = answers - wine.targets.squeeze(1)  # (shuffle, rival, wine)
    squares = errors.square().mean(dim=0)  # (rival, wine)
    odd = squares[1].argmax()
    sugar = wine.input_names.index("residual sugar")
    print(f"sugar {wine.inputs[odd, sugar]:.1f} g/dm³, ", end="")
    print(f"next {wine.inputs[:, sugar].sort().values[-2]:.1f} g/dm³")
    print(f"score {wine.targets[odd].item():.0f}, predicted:", end=" ")
    for name, answer in zip(rivals, answers[0, :, odd], strict=True):
        print(f"{name} {answer:.1f}", end="  ")
    others = torch.arange(len(wine)) != odd
    gain = (squares[1] - squares[0])[others].mean()
    print(f"\nwithout it the gain is {gain:.3f} points²")
    assert answers[:, 1, odd].max() < 2
    assert 0.02 < gain < gains.mean()

# %%
# One wine has twice as much sugar as any other. The line goes on straight and finds it nearly
# undrinkable; the network's tanh units level off (:doc:`page 6.1
# </auto_examples/6_overfitting/plot_01_line_against_network>`), which this time was the better guess.
# A good part of two gains is owed to this single bottle. But the gain over all the others remains.
#
# Who is right about the rare ones?
# ---------------------------------
# How many wines will the network find excellent, an eight or a nine?

if table is None:
    print("no table")
else:
    scores = wine.targets.squeeze(1)  # (n,)
    print("score  wines   network says   mean error   share of its loss")
    mean_errors = []
    for score in range(3, 10):
        mask = scores == score
        mean_errors.append(errors[:, :, mask].mean(dim=(0, 2)))  # (rival,)
        said = (answers[:, 0].round() == score).sum() / 2
        share = squares[0, mask].sum() / squares[0].sum()
        print(
            f"{score:5}{mask.sum():7}{said:15.1f}"
            f"{mean_errors[-1][0]:13.2f}{share:20.1%}"
        )
