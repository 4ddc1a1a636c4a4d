# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
3.5 Does the choice matter?
===========================

The eleven activations of page 3.2 learn two things: the old thermometer
(readings in the unknown unit, temperatures in °C) and a wave (plain numbers).
Which one is best? First we train them all at one learning rate, and find that
the rate decides. Then each gets a rate of its own, chosen on other rows than
it is judged by, and we look at how far its results spread. About ten minutes.

The question is that of *Deep Learning with PyTorch* (Stevens, Antiga,
Viehmann, 2020), section 6.1.5.
"""

import itertools

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots
from nnbook.activations import CATALOGUE

torch.set_num_threads(1)  # more threads slow such small networks down

names = list(CATALOGUE)
thermometer = nnbook.load_thermometer()
thermometer = thermometer.with_inputs(0.1 * thermometer.inputs)

# %%
# Rows that train, rows that choose, rows that judge
# --------------------------------------------------
# We are going to choose a learning rate for each activation. The training rows cannot tell which
# rate is good, since a network should be good on others. The rows that chose cannot judge, since
# the lowest of several losses is partly low by luck. So there are three kinds: some rows judge
# (:doc:`page 1.6 </auto_examples/1_learning/plot_06_held_out_readings>` called them the
# :term:`test set`), and of the others each third chooses in turn while the rest train.
#
# The function below does this for several sets of judges. Each run trains a network with 13 hidden
# units by plain gradient descent for 1,000 epochs. :func:`nnbook.sweep` trains all runs at once,
# each as if it were alone (:doc:`page 8.1 </auto_examples/8_scale/plot_01_thousand_networks>`);
# ``val_rows`` are the rows that a run does not train on.


def compete(data, judge_sets, rates):
    divisions = []
    for judges in judge_sets:
        others = [row for row in range(len(data)) if row not in judges]
        divisions += [(others[third::3], judges) for third in range(3)]
    settings, rows = [], []
    for activation, rate in itertools.product(CATALOGUE.values(), rates):
        own = {"activation": activation.make, "lr": rate}
        for seed, (choosers, judges) in enumerate(divisions):
            held_out = {"val_rows": choosers + judges, "seed": seed}
            settings.append(own | held_out)
            rows.append((choosers, judges))
    result = nnbook.sweep(data, runs=settings, hidden=13, epochs=1000)
    print(result)

    losses = torch.full((len(result), 2), torch.inf)  # inf if it diverged
    for run in (result.diverged == 0).nonzero().flatten().tolist():
        with torch.no_grad():
            squares = (result.model(run)(data.inputs) - data.targets) ** 2
        losses[run] = torch.stack([squares[own].mean() for own in rows[run]])
    shape = (len(names), len(rates), len(judge_sets), 3, 2)
    return losses.view(shape).mean(dim=3).unbind(dim=-1)


# %%
# It returns two losses, of the choosing and of the judging rows, as means over the three thirds.
# For the thermometer eleven pairs of readings judge, so that each reading judges twice.

rates = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
pairs = [[row, (row + 5) % 11] for row in range(11)]
to_choose, to_judge = compete(thermometer, pairs, rates)
print(tuple(to_judge.shape), "activations, rates, pairs of judges")

# %%
# One rate for all
# ----------------
# At one fixed rate nothing is chosen, and the judges may speak at once. Their median loss is drawn
# over the rate. Which activation is the worst, going by 0.001 alone? And going by 0.01?

at_one_rate = to_judge.median(dim=2).values  # (activations, rates)
sigmoid, tanh = (at_one_rate[names.index(n)] for n in ("Sigmoid", "Tanh"))
_, ax = plt.subplots()
ax.plot(rates, at_one_rate.T, color=plots.COLORS["grey"], lw=0.8)
ax.plot([], [], color=plots.COLORS["grey"], lw=0.8, label="the others")
ax.plot(rates, tanh, "o-", color=plots.COLORS["blue"], label="Tanh")
style = {"color": plots.COLORS["vermilion"], "label": "Sigmoid"}
ax.plot(rates, sigmoid, "s--", **style)
ax.set(xscale="log", yscale="log", ylabel="judges' loss, median (°C²)")
ax.set_xlabel("learning rate, the same for all")
ax.minorticks_off()
ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
ax.set_yticks([5, 10, 20, 50, 100], ["5", "10", "20", "50", "100"])
ax.legend(loc="upper center")
plots.describe(
    ax,
    "Loss over five learning rates. Each curve falls and rises again, and not "
    "all are lowest at the same rate: Sigmoid is above all others at 0.001 "
    "and below most of them at 0.01.",
)

print("learning rate  " + "".join(f"{rate:>9}" for rate in rates))
for name, losses in zip(names, at_one_rate.tolist(), strict=True):
    print(f"{name:15}" + "".join(f"{loss:9.1f}" for loss in losses))
assert sigmoid[1] == at_one_rate[:, 1].max()
assert sigmoid[1] > 2 * tanh[1]
assert sigmoid[3] < tanh[3] / 2
assert (at_one_rate[:, 3] < sigmoid[3]).sum() <= 3

# %%
# At 0.001 Sigmoid is the worst of all. At 0.01 hardly any is better; tanh is several times worse,
# and some diverge: their loss is ``inf``, and their curves end before. Each curve has a valley, but
# not at the same rate. A comparison at one rate measures how near that rate happens to be to each
# valley.
#
# Sigmoid and tanh are even the same curve, moved and stretched:

x = torch.linspace(-6, 6, 101)
torch.testing.assert_close(torch.sigmoid(x), (1 + torch.tanh(x / 2)) / 2)

# %%
# So whatever a sigmoid network computes, a tanh network with other weights computes too. The two
# differ in nothing but start and descent. The sigmoid's slope is at most 1/4 (:doc:`page 3.2
# </auto_examples/3_activations/plot_02_catalogue>`), that of tanh at most 1: less gradient gets
# through to the hidden weights, and the same rate makes smaller steps.
#
# Each its own rate
# -----------------
# Now each activation takes, for each set of judges, the rate at which the choosers' loss is lowest;
# a rate at which a run diverged is out. Then the judges, who took no part in training or choice,
# say how good it is. Will one activation win?


def at_own_rate(to_choose, to_judge, rates):
    own = to_choose.argmin(dim=1, keepdim=True)  # (activations, 1, judges)
    judged = to_judge.gather(1, own).squeeze(1)  # (activations, judges)
    print("                rates chosen      lowest  median  highest")
    for name, chosen, losses in zip(names, own, judged, strict=True):
        low, high = rates[chosen.min()], rates[chosen.max()]
        spread = losses.min(), losses.median(), losses.max()
        print(f"{name:15} {low:6g} to {high:5g}", end="")
        print("   {:7.2f} {:7.2f} {:8.2f}".format(*spread))
    return judged


def draw_judged(judged, ticks, unit=""):
    grey, blue = plots.COLORS["grey"], plots.COLORS["blue"]
    _, ax = plt.subplots()
    places = range(len(names), 0, -1)
    for place, losses in zip(places, judged, strict=True):
        ax.plot(losses, [place] * len(losses), "o", ms=4, color=grey)
    medians = judged.median(dim=1).values
    ax.plot(medians, places, "|", ms=16, mew=3, color=blue, label="median")
    ax.set_xlabel(f"judges' loss, each activation at its own rate{unit}")
    ax.set(xscale="log")
    ax.minorticks_off()
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks(places, names)
    ax.legend()
    return ax


judged = at_own_rate(to_choose, to_judge, rates)
plots.describe(
    draw_judged(judged, [2, 5, 10, 20, 50], " (°C²)"),
    "Eleven rows of dots, one row for each activation. Eight medians lie "
    "close together, while the dots of each reach much further; those of "
    "Tanh, Hardtanh and Sigmoid lie more to the right.",
)
medians = judged.median(dim=1).values
eight = medians[3:]
widths = (judged.amax(dim=1) - judged.amin(dim=1))[3:]
firsts = {names[winner] for winner in judged.argmin(dim=0).tolist()}
apart = eight.max() - eight.min()
print(f"medians of the lower eight: within {apart:.1f} °C²")
print(f"dots of each of the eight: at least {widths.min():.1f} °C² wide")
print(f"first for some pair of judges: {len(firsts)} of the eleven")
assert apart < widths.min() / 2
assert len(firsts) >= 3
assert medians[:3].mean() > 1.5 * eight.max()
hottest = int(thermometer.targets.argmax())
assert all(hottest in pairs[worst] for worst in judged[:3].argmax(dim=1))

# %%
# Each grey dot is one pair of judges. Sigmoid has taken higher rates than most, and these have
# brought it back from the far end. Among the lower eight rows there is no winner to be named: the
# judges of each disagree by far more than the medians differ, and which one comes first changes
# from pair to pair. Only Tanh, Hardtanh and Sigmoid stand apart, the three that are bounded on both
# sides. Two things speak against them here. Readings scaled like these saturate most of their units
# (:doc:`page 3.3 </auto_examples/3_activations/plot_03_where_a_neuron_listens>`). And beyond the
# training rows such units level off, where the temperature goes on along its line: the rightmost
# dots are judges with the hottest reading among them. Are these bad activations, then?
#
# Another problem
# ---------------
# Now a wave, :math:`\sin 2x` from -3 to 3, known at 45 places with a little noise. Every fifth
# place judges, five times in turn. The inputs are smaller, so we allow larger rates; all else
# stays. Which activations will do well?

x = torch.linspace(-3, 3, 45).unsqueeze(1)  # (45, 1)
noise = 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
wave = nnbook.Samples(x, torch.sin(2 * x) + noise)
rates = [0.01, 0.03, 0.1, 0.3, 1.0]
fifths = [list(range(first, 45, 5)) for first in range(5)]
judged = at_own_rate(*compete(wave, fifths, rates), rates)
plots.describe(
    draw_judged(judged, [0.02, 0.05, 0.1, 0.2]),
    "Eleven rows of five dots. Hardtanh and Tanh are among those furthest to "
    "the left; Softplus is furthest to the right and overlaps with neither.",
)
on_wave = judged.median(dim=1).values
tanh, hardtanh, softplus = map(names.index, ("Tanh", "Hardtanh", "Softplus"))
assert medians.argmax() == hardtanh
assert on_wave[[tanh, hardtanh]].max() <= on_wave.sort().values[3]
assert judged[[tanh, hardtanh]].max() < judged[softplus].min()

# %%
# The order is turned over. Hardtanh, behind all others on the thermometer, is among the first, and
# Softplus, one of the eight there, comes last, without any overlap.
#
# What do the spreads support? That a choice may suit one problem and not another, and that this can
# be a large difference: compare Hardtanh and Softplus in both figures. That within a whole group of
# activations nothing can be decided with so few rows. And that none is best apart from the problem,
# its scaling, the start, the optimizer and the number of epochs. A customary choice such as ReLU is
# a good beginning. A rival deserves a rate of its own before it is dropped.
#
# **Try it.** Subtract 50 from the readings before they are scaled. Which activations gain at the
# shared rate of 0.001, and do the three then catch up at their own?
#
# The next chapter is about how PyTorch packs layers and activations:
# :doc:`/auto_examples/4_module/plot_01_call_the_module`.
