# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook[wine]"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
7.2 Which grape is it, and does the loss go down?
=================================================

From thirteen measurements of a wine, with scales that differ by thousands
(:doc:`page 7.1 </auto_examples/7_wine/plot_01_graphing_wine>`), a network is to name its cultivar,
0, 1 or 2. A class needs another loss. We compute it by hand for one wine, see whether it falls in
training, on raw columns and on standardized ones, and count the mistakes on wines held out, twenty
times over. About ten minutes.

*Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), exercises in section 6.5, asks of
its wine data: can you get the loss to decrease? You need ``pip install "nnbook[wine]"``.
"""

import matplotlib.pyplot as plt
import torch
from matplotlib.colors import LinearSegmentedColormap
from sklearn.metrics import confusion_matrix
from torch import nn

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down
wine = nnbook.load_wine()
order = torch.randperm(178, generator=torch.Generator().manual_seed(0))
halves = [order[:89], order[89:]]  # row numbers

# %%
# The wines are cut into two halves at random; what for, we shall see. At first we use one, and hold
# out a quarter of it. The network has 8 hidden units and a score for each cultivar as outputs.
# Before it comes :term:`standardization`, by means and spreads of the training rows alone: it is
# the first module of the model, and is saved and passed on with it.

half = wine.split_at(halves[1]).train  # the wines of halves[0]
split = half.split(0.25, generator=torch.Generator().manual_seed(0))
scale = nnbook.Standardize.of(split.train)
torch.manual_seed(0)
model = nn.Sequential(scale, nnbook.mlp(13, 8, 3))
print(len(split.train), "wines train,", len(split.val), "validate")

# %%
# A loss for classes
# ------------------
# Could the network not predict the number, 0, 1 or 2, judged by the squared error? Then a 0 taken
# for a 2 would be four times as bad as a 0 taken for a 1, though these are mere names. Instead the
# scores :math:`s_k`, called :term:`logits <logit>`, are turned into probabilities by
# :term:`softmax`. The loss, :term:`cross-entropy`, looks at that of the right class :math:`c`:
#
# .. math::
#
#    p_k = \frac{e^{s_k}}{e^{s_0} + e^{s_1} + e^{s_2}}, \qquad L = -\ln p_c.
#
# For one wine, by hand:

inputs, target = split.train[:1]  # (1, 13), (1,)
with torch.no_grad():
    scores = model(inputs)  # (1, 3)
p = scores.exp() / scores.exp().sum(dim=1)  # (1, 3)
by_hand = -p[0, target.item()].log()
print("scores       ", "".join(f"{score:7.3f}" for score in scores[0]))
print("probabilities", "".join(f"{part:7.3f}" for part in p[0]))
print(f"cultivar {target.item()}, loss {by_hand:.3f}")

cross_entropy = nn.CrossEntropyLoss()
torch.testing.assert_close(by_hand, cross_entropy(scores, target))

# %%
# The untrained network has no idea: each class gets about a third, and the loss is near
# :math:`\ln(3)`, about 1.1. A model that is sure and right has a loss near 0; one that is sure and
# wrong pays without limit. Over a batch, the loss is the mean.
#
# ``CrossEntropyLoss`` takes the scores themselves, so the model ends in a linear layer. After a
# softmax there, softmax would be taken twice, and no error would tell. The module also sees to it
# that no large score overflows, as one did on page
# :doc:`3.1 </auto_examples/3_activations/plot_01_scores_in_range>`.
#
# Does the loss go down?
# ----------------------
# We train with plain SGD, 100 epochs of one full batch. Then once more on the raw columns, with the
# same start and the same settings, at each of four learning rates. What do you expect?


def train(split, lr, *, seed=0, raw=False):
    torch.manual_seed(seed)
    scale = nn.Identity() if raw else nnbook.Standardize.of(split.train)
    model = nn.Sequential(scale, nnbook.mlp(13, 8, 3))
    sgd = torch.optim.SGD(model.parameters(), lr=lr)
    run = {"optimizer": sgd, "epochs": 100, "loss": cross_entropy}
    return model, nnbook.fit(model, split.train, split.val, **run)


shares = split.train.targets.bincount() / len(split.train)  # (3,)
no_idea = -(shares * shares.log()).sum()
rates = {0.01: ":", 0.1: "-.", 1.0: "-", 10.0: "--"}
ends = {}
fig, panels = plt.subplots(1, 2, figsize=(7, 3.6), sharey=True)
print(f"{'loss at the end':23}{'training':>10}{'validation':>12}")
for ax, name in zip(panels, ("raw", "standardized"), strict=True):
    for lr, dash in rates.items():
        _, history = train(split, lr, raw=name == "raw")
        pair = [loss[-1] for loss in (history.train_loss, history.val_loss)]
        print(f"{name:13}rate {lr:5g}{pair[0]:10.4f}{pair[1]:12.4f}")
        ends[name, lr] = pair
        ax.plot(range(1, 101), history.train_loss, dash, label=f"rate {lr:g}")
    ax.axhline(no_idea, color=plots.COLORS["grey"], lw=1)
    ax.set(title=name, xlabel="epoch", yscale="log")
panels[0].set_ylabel("training loss")
panels[1].legend(fontsize="small")
plots.describe(
    fig,
    "Training loss at four rates. Raw: two curves along a grey line near 1.1, "
    "two jumping about above it. Standardized: all end below the line, lower "
    "for a higher rate.",
)
assert min(ends["raw", lr][0] for lr in rates) > 0.95 * no_idea
assert max(ends["standardized", lr][0] for lr in rates) < no_idea
assert max(ends["standardized", 1.0]) < 0.2
assert ends["standardized", 10.0][1] > ends["standardized", 1.0][1]

# %%
# On the right all four go down. (The highest rate ends lowest in training, but see its validation
# loss in the table: sure, and sometimes wrong.) On the left, none gets below the grey line: two
# curves run along it, two jump about above it. Why? Look at the hidden units before any training:

torch.manual_seed(0)
layer = nnbook.mlp(13, 8, 3).hidden_linear
flat = []
for x in (split.train.inputs, scale(split.train.inputs)):
    hidden = torch.tanh(layer(x))  # (67, 8)
    flat.append((hidden.abs() > 0.99).float().mean().item())
print(f"beyond 0.99: {flat[0]:.0%} if raw, {flat[1]:.0%} if standardized")
assert flat[0] > 0.9
assert flat[1] < 0.1

# %%
# Proline comes in hundreds, the weighted sums become large, and each tanh is pressed flat, the
# :term:`saturation` of page
# :doc:`3.3 </auto_examples/3_activations/plot_03_where_a_neuron_listens>`. Hardly any gradient gets
# through to the hidden weights, and to the output layer all wines look alike. It can only learn how
# frequent each cultivar is. The grey line is the lowest loss of an answer that is the same for
# every wine, the :term:`entropy` of these frequencies.
#
# Twenty splits
# -------------
# Which rate for the real test? The wines that choose it must not judge it. That is what the halves
# are for: when one half judges, the other chooses, by its mean validation loss over splits within
# itself. Ten times for each half, 35 of its wines are then held out, drawn anew, and all other
# wines train. How many of the 35 will be named wrongly?


def choose(judges):
    half = wine.split_at(judges).train  # the other half
    val_loss = dict.fromkeys(rates, 0.0)
    for lr in rates:
        for seed in range(2):
            generator = torch.Generator().manual_seed(seed)
            inner = half.split(0.25, generator=generator)
            _, history = train(inner, lr, seed=seed)
            val_loss[lr] += history.val_loss[-1].item() / 2
    return min(val_loss, key=val_loss.get)


n_wrong, table, ever_wrong = [], 0, set()
for judges in halves:
    lr = choose(judges)
    print(f"rate {lr:g}, chosen by the other half")
    for seed in range(10):
        generator = torch.Generator().manual_seed(seed)
        rows = judges[torch.randperm(89, generator=generator)[:35]]
        split = wine.split_at(rows)
        model, _ = train(split, lr, seed=seed)
        model.eval()
        with torch.no_grad():
            answers = model(split.val.inputs).argmax(dim=1)  # (35,)
        wrong = answers != split.val.targets
        n_wrong.append(int(wrong.sum()))
        ever_wrong.update(rows[wrong].tolist())
        table += confusion_matrix(split.val.targets, answers, labels=range(3))

accuracy = 1 - torch.tensor(n_wrong) / 35  # (20,)
median = accuracy.quantile(0.5)
print(f"accuracy: lowest {accuracy.min():.1%}, median {median:.1%}")
print(f"always naming cultivar 1: {(wine.targets == 1).float().mean():.1%}")
assert median >= 0.95
assert accuracy.min() > 0.85

# %%
# An answer is the cultivar with the highest score. One wine of 35 is nearly three percent, so
# accuracies move in jumps. The picture shows their spread, and where the mistakes are: a
# :term:`confusion matrix` has a row for each true cultivar and a column for each named one, here
# summed over the twenty splits. Remember the three clouds of page 7.1. Which pair will be confused?

fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4))
counts = torch.tensor(n_wrong).bincount().tolist()
left.bar(range(len(counts)), counts, color=plots.COLORS["blue"])
left.set(xlabel="wrong answers of 35", ylabel="number of splits")
left.set_xticks(range(len(counts)))

portion = table / table.sum(axis=1, keepdims=True)
clear, blue = (0.0, 0.45, 0.7, 0.0), (0.0, 0.45, 0.7, 0.5)  # ink shows through
shade = LinearSegmentedColormap.from_list("shade", [clear, blue])
right.pcolormesh(portion, cmap=shade, vmin=0, edgecolors=plots.COLORS["grey"])
for i in range(3):
    for j in range(3):
        text = f"{table[i, j]}\n{portion[i, j]:.1%}"
        right.text(j + 0.5, i + 0.5, text, ha="center", va="center")
right.set(xlabel="named cultivar", ylabel="true cultivar", ylim=(3, 0))
for axis in (right.xaxis, right.yaxis):
    axis.set_ticks([0.5, 1.5, 2.5], [0, 1, 2])
right.grid(visible=False)
plots.describe(
    fig,
    "Left: most splits have no or one wrong answer of 35. Right: nearly all "
    "answers lie on the shaded diagonal of a table of three by three, a few "
    "beside it, none in the two far corners.",
)
print(f"{sum(n_wrong)} wrong answers, {len(ever_wrong)} different wines")
assert table.sum() == 20 * 35
assert sum(counts[:2]) > 10
assert table[0, 2] == table[2, 0] == 0
assert len(ever_wrong) < 12

# %%
# On the left, most splits have no wrong answer or one. (They share wines, so they are not twenty
# independent trials.) On the right, nearly everything is on the diagonal. Cultivar 1, whose cloud
# lay between the other two, has part in every mistake; 0 and 2 are never confused. A few wines make
# all the mistakes, again and again.
#
# The classic mistake
# -------------------
# It is easy to standardize the whole table first and split it later. Then means and spreads know
# the held-out wines, and something of the exam has leaked into the lesson: :term:`data leakage`.
# How far would our first means have moved?

all_wines = nnbook.Standardize.of(wine)
moved = ((all_wines.mean - scale.mean) / scale.std).abs().max()
print(f"at most {moved:.2f} spreads")
assert 0 < moved < 0.5

# %%
# By a fraction of a spread, for the wines come from one table. With fewer rows, with outliers, or
# with wines of another year to come, it can be more. The rule costs nothing: whatever is computed
# from data is computed from training rows, in each split anew.
#
# **Try it.** Leave out the hidden layer: ``nnbook.mlp(13, (), 3)`` is a linear model. Is it any
# worse on the same splits?
#
# The next page asks what training time depends on:
# :doc:`/auto_examples/7_wine/plot_03_training_time`.
