# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook[wine]"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
7.1 How do you graph thirteen columns?
======================================

Eleven readings made one picture, and it told nearly everything. Here are 178 Italian wines of three
cultivars, with thirteen laboratory measurements each, and no sheet of paper has thirteen axes. We
look at the columns one at a time, two at a time, then all at once. About ten minutes.

*Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), exercises in section 6.5, asks how
you would go about graphing its wine data. We answer on another table: S. Aeberhard, M. Forina,
*Wine*, UCI Machine Learning Repository, 1992, as scikit-learn ships it; the book's own comes on
:doc:`page 7.4 </auto_examples/7_wine/plot_04_wine_quality>`. You need ``pip install
"nnbook[wine]"``.
"""

# sphinx_gallery_thumbnail_number = 5

import matplotlib.pyplot as plt
import torch
from matplotlib.colors import LinearSegmentedColormap
from sklearn.decomposition import PCA

import nnbook
from nnbook import plots

wine = nnbook.load_wine()
column = {name: number for number, name in enumerate(wine.input_names)}
members = [wine.targets == cultivar for cultivar in range(3)]  # three masks
print("wines of cultivar 0, 1, 2:", [int(mask.sum()) for mask in members])
assert wine.inputs.shape == (178, 13)

# %%
# The targets are classes: 2 is not more than 1, it is a name. In the study that the wines come from
# (M. Forina and others, *Vitis* 25, 1986) the names are Barolo, Grignolino and Barbera.
#
# The scales
# ----------
# Before any picture of the wines, one of the columns: how far does each one reach?

low, high = wine.inputs.aminmax(dim=0)  # (13,) each
by_size = high.argsort()
_, ax = plt.subplots()
ax.hlines(range(13), low[by_size], high[by_size], lw=5)
ax.set(xscale="log", xlabel="from the lowest to the highest value")
ax.set_yticks(range(13), [wine.input_labels[i] for i in by_size])
plots.describe(
    ax,
    "Thirteen bars over a logarithmic axis. Most lie between 0.1 and 13, "
    "three between 10 and 160, and proline alone reaches beyond 1,000.",
)
spread = wine.inputs.std(dim=0, correction=0)  # (13,)
print(f"spread: from {spread.min():.3f} to {spread.max():.1f}")
assert spread.max() > 1000 * spread.min()
assert spread.argmax() == column["proline"]

# %%
# From below, the bars climb to the right by powers of ten. The spread (the standard deviation) of
# proline is thousands of times that of the nonflavanoid phenols; that tells little about grapes and
# much about units. Alcohol is in percent of the volume; OD280/OD315, a ratio of two optical
# densities, has no unit; for the others the table names none, so our axes have none. To compare
# columns, we put each on a scale of its own, by :term:`standardization`. Here, where we only draw,
# all wines may set the scale.

z = nnbook.Standardize.of(wine)(wine.inputs)  # (178, 13), in spreads

# %%
# One column at a time
# --------------------
# How far apart are the cultivars in a column? We take their mean values, the highest less the
# lowest, in spreads, and draw six of the columns. Will one be enough to name the cultivar?

means = torch.stack([z[mask].mean(dim=0) for mask in members])  # (3, 13)
apart = means.amax(dim=0) - means.amin(dim=0)  # (13,)
looks = [("blue", "-", "o"), ("vermilion", "--", "s"), ("green", ":", "^")]
looks = [(plots.COLORS[color], dash, marker) for color, dash, marker in looks]
shown = "flavanoids, proline, alcohol, color intensity, ash, magnesium"
shown = [column[name] for name in shown.split(", ")]
fig, axes = plt.subplots(2, 3, figsize=(7, 4.6), sharey=True)
for ax, i in zip(axes.T.flat, shown, strict=True):
    values = wine.inputs[:, i]
    bins = torch.linspace(values.min(), values.max(), 16)
    for mask, (color, dash, _) in zip(members, looks, strict=True):
        style = {"histtype": "step", "lw": 1.5, "color": color, "ls": dash}
        ax.hist(values[mask], bins, **style)
    ax.set_xlabel(wine.input_labels[i])
    print(f"{wine.input_names[i]:16}{apart[i]:.1f} spreads apart")
fig.supylabel("number of wines", fontsize="medium")
handles = [plt.Line2D([], [], color=c, ls=dash) for c, dash, _ in looks]
fig.legend(handles, wine.target_names, loc="outside upper center", ncols=3)
plots.describe(
    fig,
    "Three outlined histograms in each of six panels. Flavanoids: in the "
    "order 2, 1, 0. Proline: 0 apart. Alcohol and color intensity: 1 lowest. "
    "Ash and magnesium: all overlap.",
)
assert means[:, shown[0]].argsort().tolist() == [2, 1, 0]
assert means[:, shown[1:4]].argmin(dim=0).tolist() == [1, 1, 1]
assert apart[shown[4:]].max() < 1 < apart[shown[:4]].min()

# %%
# On the left, flavanoids put the cultivars in the order 2, 1, 0, and proline sets the solid 0
# apart. In the middle, the dashed 1 is lowest. On the right all overlap. No column is enough, but
# where one leaves a doubt another may settle it.
#
# Two columns at a time
# ---------------------
# Thirteen columns make 78 pairs. A :term:`correlation` sums up a pair in one number from -1 to 1:
# the mean product of the two standardized columns.

correlation = z.T @ z / len(z)  # (13, 13)
assert torch.allclose(correlation, torch.corrcoef(wine.inputs.T), atol=1e-4)

order = correlation[column["flavanoids"]].argsort(descending=True)
names = [wine.input_names[i] for i in order]
r = correlation[order][:, order]  # like beside like
ends = [plots.COLORS[name] for name in ("vermilion", "grey", "blue")]
signed = LinearSegmentedColormap.from_list("signed", ends, N=10)
fig, ax = plt.subplots(figsize=(7, 5.6))
for mask, marker in ((r > 0, "s"), (r < 0, "o")):
    y, x = mask.nonzero().T
    style = {"cmap": signed, "vmin": -1, "vmax": 1, "marker": marker}
    drawn = ax.scatter(x, y, 300 * r[y, x].abs(), c=r[y, x], **style)
fig.colorbar(drawn, label="correlation (squares +, circles -)", shrink=0.8)
ax.set_xticks(range(13), names, rotation=90)
ax.set_yticks(range(13), names)
ax.set(aspect="equal", xlim=(-0.6, 12.6), ylim=(12.6, -0.6))
ax.grid(visible=False)
plots.describe(
    fig,
    "A map of marks. Blue squares, large at the upper left, join flavanoids "
    "and its relatives; vermilion circles join these to the last columns.",
)
assert r[0, 1] > 0.8
assert r[0, -1] < -0.5

# %%
# The stronger a correlation, the larger its mark and the purer its colour. The four columns at the
# upper left rise together; flavanoids and proanthocyanins are phenols themselves, so this is in
# part bookkeeping. Where they rise, the columns with circles fall. Find the small circle of
# flavanoids and color intensity: wines with more of the one have a little less of the other, on
# the whole. Here is the pair behind it. What do you expect within one cultivar?

both = wine.inputs[:, [column["flavanoids"], column["color intensity"]]]
overall = torch.corrcoef(both.T)[0, 1]
print(f"all wines:  correlation {overall:5.2f}")
assert overall < -0.1
_, ax = plt.subplots()
for name, mask, look in zip(wine.target_names, members, looks, strict=True):
    x, y = both[mask].split(1, dim=1)  # (n, 1) each
    color, dash, marker = look
    ax.scatter(x, y, 18, color=color, marker=marker, label=name)
    line = nnbook.least_squares(nnbook.Samples(x, y)).predict
    plots.curve(line, x.aminmax(), ax, color=color, ls=dash, lw=2)
    inside = torch.corrcoef(both[mask].T)[0, 1]
    print(f"{name}: correlation {inside:5.2f}")
    assert inside > 0.25
ax.set(xlabel="flavanoids", ylabel="color intensity")
ax.legend()
plots.describe(
    ax,
    "Three clouds, each with a rising line: cultivar 2 at the upper left, "
    "1 at the bottom, 0 at the right.",
)

# %%
# Within each cultivar the line rises. The whole falls, since the cloud with the fewest flavanoids
# hangs highest: mixed groups can have the other sign than each by itself, :term:`Simpson's
# paradox`. The map knew nothing of groups, and could not show it.
#
# All columns at once
# -------------------
# Each wine is a point in thirteen dimensions, and a drawing is its shadow on a plane.
# :term:`Principal component analysis` (PCA) turns the plane so that the shadow is as wide as can
# be. The :term:`singular value decomposition`, :math:`Z = U S V^\mathsf{T}`, finds it: the rows of
# :math:`V^\mathsf{T}` are directions at right angles, the first along which the wines spread most,
# the second along which they spread most of what is left. A direction's thirteen :term:`loadings
# <loading>` say how much of each column goes into it; its squared singular value, over the sum of
# all, is its share of the variance. Nobody tells PCA of cultivars. Will the shadow show them?

_, s, vt = torch.linalg.svd(z, full_matrices=False)  # s (13,), vt (13, 13)
strongest = vt.abs().argmax(dim=1, keepdim=True)
vt = vt * vt.gather(1, strongest).sign()  # the sign is free: strongest +
scores = z @ vt[:2].T  # (178, 13) @ (13, 2) -> (178, 2)
share = s**2 / (s**2).sum()
assert 0.5 < share[:2].sum() < 0.6

pca = PCA(n_components=2).fit(z)  # scikit-learn's: the same up to sign
same = torch.tensor(pca.components_, dtype=z.dtype) @ vt[:2].T
torch.testing.assert_close(same.abs(), torch.eye(2), rtol=0, atol=1e-3)

_, ax = plt.subplots(figsize=(7, 4.2))
for name, mask, look in zip(wine.target_names, members, looks, strict=True):
    color, _, marker = look
    ax.scatter(*scores[mask].T, 22, color=color, marker=marker, label=name)
ax.set_xlabel(f"first component ({share[0]:.0%} of the variance)")
ax.set_ylabel(f"second component ({share[1]:.0%})")
ax.legend()
plots.describe(
    ax,
    "Three clouds form a V: cultivar 2 at the upper left, 1 at the bottom, 0 "
    "at the upper right. They touch at their edges.",
)
fig, panels = plt.subplots(1, 2, figsize=(7, 4), sharex=True, sharey=True)
for ax, loadings in zip(panels, vt[:2, order].tolist(), strict=True):
    ax.barh(names, loadings, color=[ends[2 * (w > 0)] for w in loadings])
panels[0].set(xlabel="loading, first component", ylim=(12.6, -0.6))
panels[1].set(xlabel="loading, second component")
plots.describe(
    fig,
    "Thirteen loadings as bars. First: flavanoids and relatives to the right, "
    "nonflavanoid phenols to the left. Second: color intensity and alcohol to "
    "the right, hue to the left.",
)
assert vt[0].argmax() == column["flavanoids"]
assert set(vt[1].argsort(descending=True)[:3].tolist()) == set(shown[1:4])

# %%
# Three clouds that touch and hardly mix, from cultivar 2 on the left over 1 at the bottom to 0 on
# the right; 0 and 2 do not meet. The bars below name the axes. The first is the block of the map,
# flavanoids and their relatives, against nonflavanoid phenols and malic acid; the second has color
# intensity, alcohol and proline, where cultivar 1 has the lowest means. What the shadow hides is
# nearly half of the variance. What will PCA find in the raw columns?

raw = PCA(n_components=2).fit(wine.inputs)
loading = abs(raw.components_[0, column["proline"]])
part = raw.explained_variance_ratio_[0]
print(f"first component: loading {loading:.4f} for proline, share {part:.1%}")
assert min(part, loading) > 0.99

# %%
# It has found that proline comes in large numbers: the unit has decided. So our answer is: scales,
# each column by group, pairs with the clouds behind the numbers, then all at once. One caution:
# whoever picks columns by these pictures and tests them on the same wines, tests on the rows that
# chose. The next page takes all thirteen columns and keeps wines aside.
#
# **Try it.** Draw the third component over the first. Which column is strongest in it, and does it
# help to tell the cultivars apart?
#
# Next, a network learns to name the cultivar:
# :doc:`/auto_examples/7_wine/plot_02_training_on_wine`.
