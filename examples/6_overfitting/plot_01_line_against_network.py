# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
6.1 Where does a network's curve go without data?
=================================================

A straight line, a parabola and a network learn the same nine readings of the old thermometer
(unknown unit) and predict temperatures (°C). Among the readings they hardly differ. We draw them
from 20 to 90, let the network bend, ask all of them about readings that nobody took, and at last
draw many networks over each other. About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), section
6.3.3.
"""

# sphinx_gallery_thumbnail_number = -1

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
split = data.split_at([7, 10])  # raw readings, for the line
scaled = data.with_inputs(0.1 * data.inputs).split_at([7, 10])

# %%
# Three models
# ------------
# As on :doc:`page 5.3 </auto_examples/5_sequential/plot_03_training_it>`, rows 7 and 10 are held
# out, the readings at -4 °C and 21 °C. Row 7 is the lowest reading of all, so one answer is known
# below everything that trains. The line comes from least squares, the network with its 8 hidden
# units from the same training as before:

line = nnbook.least_squares(split.train)

torch.manual_seed(0)
calm = nnbook.mlp(1, 8, 1)
sgd = torch.optim.SGD(calm.parameters(), lr=1e-3)
nnbook.fit(calm, scaled.train, optimizer=sgd, epochs=5000)


def network(readings):
    return calm(0.1 * readings)


# %%
# A :term:`parabola` :math:`w_2 u^2 + w_1 u + b` can do more than a line and less than a network. It
# could be trained as well, since its loss has a gradient with respect to each of its three
# parameters. But it is linear in these, so least squares finds the best ones at once. To check, we
# ask for the gradient there: nothing is left to learn.


def powers(readings):
    u = 0.1 * readings.double()
    return torch.cat([u**2, u, torch.ones_like(u)], dim=1)  # (n, 3)


design, targets = powers(split.train.inputs), split.train.targets.double()
best = torch.linalg.lstsq(design, targets).solution  # (3, 1): w2, w1, b
params = best.clone().requires_grad_()
torch.nn.functional.mse_loss(design @ params, targets).backward()
assert params.grad.abs().max() < 1e-9


def parabola(readings):
    return (powers(readings) @ best).float()  # (n, 1)


# %%
# A parabola can bend, but only in the one way that we have written down. Nobody has written down a
# shape for the network. How far apart will the three be?

green, grey, purple = (plots.COLORS[c] for c in ("green", "grey", "purple"))
held_out = {"color": plots.COLORS["vermilion"], "marker": "s"}


def draw(predict, name):
    ax = plots.samples(split.train, label="training readings")
    plots.samples(split.val, ax, label="held-out readings", **held_out)
    plots.curve(line.predict, (20, 90), ax, color=grey, ls="--", label="line")
    plots.curve(predict, (20, 90), ax, color=green, label=name)
    with torch.no_grad():
        outputs = predict(data.inputs)
    ax.plot(data.inputs, outputs, "x", color=green, ms=8, label="its outputs")
    return ax


def losses(predict, name):
    pair = []
    for rows in (split.train, split.val):
        with torch.no_grad():
            errors = predict(rows.inputs) - rows.targets  # (n, 1)
        pair.append(errors.square().mean().item())
    print(f"{name:13} training {pair[0]:5.2f}   held out {pair[1]:5.2f} °C²")
    return pair


ax = draw(network, "network")
plots.curve(parabola, (20, 90), ax, color=purple, ls="-.", label="parabola")
ax.legend()
plots.describe(
    ax,
    "Readings rise from the lower left to the upper right. A line, a parabola "
    "that curves upward a little and the slightly S-shaped curve of a network "
    "run close together among them and part at both ends.",
)
by_line = losses(line.predict, "line")
by_parabola = losses(parabola, "parabola")
by_network = losses(network, "network")
assert max(by_parabola[0], by_network[0]) < by_line[0]
assert by_network[1] < 2 * by_line[1]

with torch.no_grad():
    apart = network(split.train.inputs) - line.predict(split.train.inputs)
apart = apart.abs().max()
print(f"network and line at the training readings: within {apart:.1f} °C")
assert apart < 3

# %%
# The solid curve is the network's, and the crosses on it are its outputs at the readings. It stays
# near the line and bends a little, like a flat S; where the readings end on the right, it levels
# off. The parabola bends upward once. Eight units and small steps have made a calm curve.
#
# In most of the runs on page 5.3 the network ends with a lower loss on the held-out rows than this
# line. Is it the better model, then? Not by this evidence: it is two rows, and :doc:`page 1.6
# </auto_examples/1_learning/plot_06_held_out_readings>` has shown how little they say.
#
# A network that bends
# --------------------
# Now 50 hidden units, and Adam, which goes further downhill in fewer epochs. The settings were
# chosen because they make the curve bend: this is a demonstration, and does not measure how often
# networks do so. Where will the curve leave the line?

torch.manual_seed(0)
bent = nnbook.mlp(1, 50, 1)
adam = torch.optim.Adam(bent.parameters(), lr=2e-2)
nnbook.fit(bent, scaled.train, optimizer=adam, epochs=3000)


def bent_network(readings):
    return bent(0.1 * readings)


draw(bent_network, "bent network").legend()
plots.describe(
    plt.gcf(),
    "The same readings and line. The network's curve starts far above the "
    "lowest held-out reading, falls into a dip near 40, climbs steeply, and "
    "passes below the other held-out reading.",
)
by_bent = losses(bent_network, "bent network")
assert by_bent[0] < 0.7 * by_network[0]
assert by_bent[1] > 5 * by_line[1]
falls_from, falls_to = bent_network(torch.tensor([[34.0], [42.0]]))
assert falls_to < falls_from

# %%
# The lowest training loss so far, and by far the highest loss on held-out rows. The left end tells
# why. The two lowest training readings stand in the wrong order: 33.9 was read at 3 °C, and 35.7 at
# 0.5 °C. The line passes between them. The bent network believes both, so its curve must fall
# there; on it goes into a dip where no reading holds it, and to the left it stays up, far from the
# coldest reading. It has learned two measurement errors: :term:`overfitting`.
#
# Where there is no data
# ----------------------
# A model answers any question, whether it knows anything about it or not. On :doc:`page 1.5
# </auto_examples/1_learning/plot_05_optimizers>` the guess was that the old thermometer shows
# degrees Fahrenheit. If so, the truth is known at every reading, and we can ask where nobody has
# read: 42 and 75 lie in gaps between training readings, the others outside.

places = torch.tensor([0.0, 20, 42, 75, 90, 120, 300]).unsqueeze(1)  # (7, 1)
with torch.no_grad():
    answers = {
        "if °F": (places - 32) / 1.8,
        "line": line.predict(places),
        "parabola": parabola(places),
        "network": network(places),
        "bent": bent_network(places),
    }
print("reading" + "".join(f"{name:>10}" for name in answers))
for row in torch.cat([places, *answers.values()], dim=1).tolist():
    print(f"{row[0]:7.0f}" + "".join(f"{answer:10.1f}" for answer in row[1:]))

truth = answers.pop("if °F")
off = {name: (answer - truth).abs() for name, answer in answers.items()}
assert off["line"].max() < 3
assert off["bent"][1] > 8
assert min(off["parabola"][-1], off["network"][-1], off["bent"][-1]) > 50

# %%
# The line is a degree or so off, even far away, since here its shape is the right one. The parabola
# does well in the gaps and runs away in the end, since its square outgrows the rest. The networks
# do the opposite and stop. Far outside, every tanh has reached -1 or 1, and the output stands
# still: at the output bias plus, on the right, or minus, on the left, the sum of the output
# weights, each with the sign of its unit's input weight:

for name, trained in {"network": calm, "bent": bent}.items():
    w1, b1, w2, b2 = trained.parameters()
    reach = (w2 @ w1.sign()).squeeze(1)  # (1,)
    far = trained(torch.tensor([[-1e6], [1e6]])).squeeze(1)
    torch.testing.assert_close(far, torch.cat([b2 - reach, b2 + reach]))
    print(f"{name:8} far left {far[0]:6.1f} °C   far right {far[1]:6.1f} °C")

# %%
# Thirty of each
# --------------
# Was that the fault of one seed? We train thirty networks of each kind at once, stacked as on page
# 5.3, and draw all their curves. Guess first: will they agree?


def curves_of(n_hidden, optimizer, lr, epochs, readings):
    models = []
    for seed in range(30):
        torch.manual_seed(seed)
        models.append(nnbook.mlp(1, n_hidden, 1))
    alike = zip(*(model.parameters() for model in models), strict=True)
    params = [torch.stack(same).detach().requires_grad_() for same in alike]
    w1, b1, w2, b2 = params  # (30, n_hidden, 1), (30, n_hidden), ...

    def outputs(inputs):
        hidden = torch.tanh(inputs @ w1.mT + b1.unsqueeze(1))
        return hidden @ w2.mT + b2.unsqueeze(1)  # (30, n, 1)

    optimizer = optimizer(params, lr=lr)
    for _ in range(epochs):
        optimizer.zero_grad()
        errors = outputs(scaled.train.inputs) - scaled.train.targets
        errors.square().mean(dim=(1, 2)).sum().backward()
        optimizer.step()
    with torch.no_grad():
        return outputs(0.1 * readings).squeeze(2)  # (30, n)


readings = torch.arange(0.0, 111).unsqueeze(1)  # (111, 1)
settings = {
    "8 hidden units, SGD": (8, torch.optim.SGD, 1e-3, 5000),
    "50 hidden units, Adam": (50, torch.optim.Adam, 2e-2, 3000),
}
bundles = {
    title: curves_of(*setting, readings) for title, setting in settings.items()
}
fig, panels = plt.subplots(1, 2, figsize=(7, 4), sharey=True)
low, high = split.train.inputs.min(), split.train.inputs.max()
for ax, (title, bundle) in zip(panels, bundles.items(), strict=True):
    ax.axvspan(low, high, color=grey, alpha=0.12, lw=0)
    ax.plot(readings, bundle.T, color=green, lw=0.8, alpha=0.5)
    ax.plot([], [], color=green, label="30 networks")
    style = {"color": grey, "ls": "--", "lw": 1.2, "label": "line"}
    plots.curve(line.predict, (0, 110), ax, **style)
    plots.samples(split.train, ax, label="training readings")
    plots.samples(split.val, ax, label="held-out readings", **held_out)
    ax.set(title=title, ylim=(-22, 46))
panels[0].legend(fontsize="small", loc="upper left")
panels[1].set_ylabel("")
plots.describe(
    fig,
    "Two panels with readings, the line, and a bundle of thirty green curves. "
    "Among the training readings each bundle is as thin as a string; below "
    "them it fans out. On the left it levels off above, on the right it dips, "
    "stays high at the lowest reading, and rises again.",
)

print("from 5 % to 95 % of the networks, °C   (if °F)")
levels = torch.tensor([0.05, 0.95])
for title, bundle in bundles.items():
    bottom, top = bundle.quantile(levels, dim=0)  # (111,) each
    print(title)
    for at in (10, 42, 55, 100):
        band = f"{bottom[at]:8.1f} to {top[at]:5.1f}"
        print(f"  at {at:3d}: {band} {(at - 32) / 1.8:16.1f}")
    assert (top - bottom)[10] > 2 * (top - bottom)[55]
calm_curves, bent_curves = bundles.values()
assert calm_curves[:, 100].max() < (100 - 32) / 1.8 - 5
assert bent_curves[:, 42].quantile(0.95) < (42 - 32) / 1.8 - 3

# %%
# In the grey range, where there are training readings, the thirty curves lie close together. Below
# it they fan out: there no reading decides, only the weights that a network started with. So a wide
# spread over seeds is a warning. A narrow one is no promise. At 100 the calm networks agree within
# a degree, and if the guess is right they are all wrong together, by more than five; in the dip on
# the right, among the readings, the others agree on an error. What they all share, the tanh that
# levels off and the same nine readings, no seed can vary.
#
# So look at what a model does where there is no data, before somebody relies on it there.
#
# **Try it.** Train on all eleven rows, with the same settings. Which of the two bundles changes
# more, and where? On the :doc:`playground </playground>` you can drag a single reading, and see how
# far the curve follows.
#
# The next page asks what made the one bundle calm and the other one bend:
# :doc:`/auto_examples/6_overfitting/plot_02_capacity_and_learning_rate`.
