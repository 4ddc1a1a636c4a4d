# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
8.1 How do you train a thousand networks at once?
=================================================

Comparing seeds, rates and splits takes hundreds of networks. One after the
other they need minutes; stacked into the same tensors they need seconds. We
stack a few by hand and check that each learns as if it were alone, measure
what is gained, and read the result of a thousand. The data are the
thermometer's readings (unknown unit, scaled by 0.1) and temperatures (°C).
About ten minutes.
"""

# sphinx_gallery_parallel = False
# sphinx_gallery_thumbnail_number = -1

import tempfile
import time

import matplotlib.pyplot as plt
import torch

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer(dtype=torch.float64)
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])

# %%
# Four networks in one stack
# --------------------------
# Four networks of five hidden units each differ in their starts and in their learning rates. Their
# shapes are alike, so the same parameter of all four fits into one tensor with one more dimension,
# which counts the runs. :doc:`Page 5.3 </auto_examples/5_sequential/plot_03_training_it>` put it
# first. Last is faster for networks as small as these: the numbers of all runs then lie side by
# side, and every operation goes along them.


def network(seed):
    torch.manual_seed(seed)
    return nnbook.mlp(1, 5, 1).double()


def stacked(models):
    alike = zip(*(model.parameters() for model in models), strict=True)
    return [
        torch.stack(same, dim=-1).detach().requires_grad_() for same in alike
    ]


def losses_of(params, rows):
    w1, b1, w2, b2 = params  # (5, 1, runs), (5, runs), (1, 5, runs), (1, runs)
    inputs = rows.inputs.unsqueeze(2)  # (n, 1, 1)
    targets = rows.targets.unsqueeze(2)  # (n, 1, 1)
    hidden = torch.tanh(inputs * w1[:, 0] + b1)  # (n, 5, runs)
    outputs = (hidden * w2[0]).sum(dim=1, keepdim=True) + b2  # (n, 1, runs)
    return (outputs - targets).square().mean(dim=(0, 1))  # (runs,)


# %%
# Nowhere does a number of one run meet a number of another. The loss of a run depends on its own
# parameters only, so the gradient of the sum of all losses holds, in each run's place, that run's
# own gradient. One backward pass serves all, and so does one update, with a rate for each run:


def train_stack(params, lr, epochs):
    history = []
    for _ in range(epochs):
        losses = losses_of(params, split.train)
        gradients = torch.autograd.grad(losses.sum(), params)
        with torch.no_grad():
            for parameter, gradient in zip(params, gradients, strict=True):
                parameter.sub_(lr * gradient)  # (..., runs)
        history.append(losses.detach())
    return torch.stack(history, dim=1)  # (runs, epochs)


rates = torch.tensor([1e-4, 2e-4, 5e-4, 1e-3], dtype=torch.float64)
together = stacked([network(seed) for seed in range(4)])
losses = train_stack(together, rates, epochs=300)
print("parameters:", [tuple(parameter.shape) for parameter in together])

# %%
# Now each network alone, by :func:`nnbook.fit`:

exactly = {"rtol": 1e-9, "atol": 1e-9}
alone = []
for seed, lr in enumerate(rates.tolist()):
    model = network(seed)
    sgd = torch.optim.SGD(model.parameters(), lr=lr)
    history = nnbook.fit(model, split.train, optimizer=sgd, epochs=300)
    alone.append(history.train_loss)
    for many, one in zip(together, model.parameters(), strict=True):
        torch.testing.assert_close(many[..., seed], one, **exactly)
torch.testing.assert_close(losses, torch.stack(alone), **exactly)
for name, last in {"together": losses, "alone": alone}.items():
    print(f"{name:9}" + "".join(f"{loss[-1]:12.6f}" for loss in last))

# %%
# Equal, losses and weights, but for rounding; to make that plain the data are float64 here. Where a
# run zigzags, rounding errors grow, and in the end two correct programs part. :doc:`The next page
# </auto_examples/8_scale/plot_02_run_as_graph>` shows how far.
#
# The same in one line
# --------------------
# :func:`nnbook.sweep` measures held-out rows as well. Its ``runs`` are settings that belong
# together. Several values of an argument make a grid, in which every combination is a run.

runs = [{"seed": seed, "lr": lr} for seed, lr in enumerate(rates)]
result = nnbook.sweep(split.train, split.val, runs=runs, hidden=5, epochs=300)
print(result)
torch.testing.assert_close(result.train_loss, losses, **exactly)

# %%
# What if the widths differ? Then narrow networks are filled up to the widest with units whose
# weights are all 0. Guess: will these learn, too?

together = stacked([network(0), network(1)])
w1, b1, w2, b2 = together
with torch.no_grad():
    w1[3:, :, 1] = b1[3:, 1] = w2[:, 3:, 1] = 0  # run 1 keeps three units
train_stack(together, rates[:2], epochs=300)
print("hidden weights, a column for each network:")
for unit in w1[:, 0].tolist():
    print("".join(f"{weight:10.4f}" for weight in unit))
for padding in (w1[3:, :, 1], b1[3:, 1], w2[:, 3:, 1]):
    assert (padding == 0).all()

# %%
# They stay at 0, exactly. A unit whose input weight and bias are 0 gives :math:`\tanh 0 = 0`, so
# its output weight gets no gradient; and through an output weight of 0 none comes back to the other
# two. (Not every activation is 0 at 0; the sigmoid is not. So ``sweep`` also multiplies the outputs
# of these units by 0.) Networks of unlike depth get stacks of their own. Each run equals itself
# alone:

widths = [(), 3, 13, (4, 6)]
result = nnbook.sweep(
    split.train, split.val, hidden=widths, seed=7, epochs=300
)
for run, width in enumerate(widths):
    torch.manual_seed(7)
    model = nnbook.mlp(1, width, 1).double()
    sgd = torch.optim.SGD(model.parameters(), lr=1e-3)
    options = {"optimizer": sgd, "epochs": 300}
    history = nnbook.fit(model, split.train, split.val, **options)
    same = result.history(run)
    torch.testing.assert_close(same.train_loss, history.train_loss, **exactly)
    torch.testing.assert_close(same.val_loss, history.val_loss, **exactly)

# %%
# What is gained
# --------------
# We train networks of 13 hidden units in float32: three in a loop of ``fit``, then 1, 16, 256 and
# 1,024 in a ``sweep``. Each call is timed three times, in turn; the shortest counts. Are 16
# networks 16 times as dear as one? Guess.

data = nnbook.load_thermometer()
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])
epochs = 400


def loop_of_fit(n_runs):
    for seed in range(n_runs):
        torch.manual_seed(seed)
        model = nnbook.mlp(1, 13, 1)
        sgd = torch.optim.SGD(model.parameters(), lr=1e-3)
        options = {"optimizer": sgd, "epochs": epochs}
        nnbook.fit(model, split.train, split.val, **options)


def one_sweep(n_runs):
    options = {"seed": range(n_runs), "epochs": epochs}
    nnbook.sweep(split.train, split.val, hidden=13, lr=1e-3, **options)


tasks = [(loop_of_fit, 3)]
tasks += [(one_sweep, n_runs) for n_runs in (1, 16, 256, 1024)]
times = {task: [] for task in tasks}
for _ in range(3):
    for train, n_runs in tasks:
        start = time.perf_counter()
        train(n_runs)
        times[train, n_runs].append(time.perf_counter() - start)
costs = {task: 1e6 * min(times[task]) / epochs / task[1] for task in tasks}
by_fit, *by_sweep = costs.values()

print(f"{'':17}all for an epoch   one for an epoch   times as fast")
for (train, n_runs), cost in costs.items():
    print(f"{train.__name__:11}{n_runs:6}{n_runs * cost:13.0f} µs", end="")
    print(f"{cost:16.2f} µs{by_fit / cost:16.1f}")
assert by_sweep[0] > 4 * by_sweep[1] > 8 * by_sweep[2]
assert by_fit > 30 * by_sweep[3]

counts = [n_runs for _, n_runs in tasks[1:]]
fig, ax = plt.subplots(figsize=(7, 3.6))
style = {"color": plots.COLORS["grey"], "ls": "--", "label": "loop of fit"}
ax.axhline(by_fit, **style)
ax.plot(counts, by_sweep, "o-", color=plots.COLORS["blue"], label="sweep")
ax.set(xscale="log", yscale="log", xlabel="runs trained together")
ax.set_ylabel("time of one run and epoch (µs)")
ax.set_xticks(counts, [f"{n_runs:,}" for n_runs in counts])
ax.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
ax.minorticks_off()
ax.legend()
plots.describe(
    ax,
    "Both axes are logarithmic. The time of one run and epoch in a sweep "
    "starts near the level of a loop of fit, falls in a straight line at "
    "first, and levels off towards a thousand runs, far below.",
)

# %%
# At one run the two are about even. From there the time falls almost in proportion: sixteen
# networks take hardly longer than one. The time of a small network goes into calling dozens of
# operations, not into their arithmetic, and a stack calls each of them once, however many runs it
# holds. Towards a thousand the arithmetic begins to show, and the line flattens. :doc:`Page 8.5
# </auto_examples/8_scale/plot_05_how_fast>` takes such an epoch apart.
#
# With ``compiled=True`` PyTorch first translates the whole step into a few loops of machine code,
# which makes many runs two to three times as fast again. The translation takes seconds and pays for
# long sweeps; we do without it here. ``progress=True`` shows a bar. Ctrl-C ends a sweep after the
# epoch it is in, and the result holds all epochs until then.
#
# A thousand
# ----------
# Two widths, ten rates, fifty seeds. Which rate will be best, and what happens above it?

result = nnbook.sweep(
    split.train,
    split.val,
    hidden=[3, 13],
    lr=[1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1],
    seed=range(50),
    epochs=1000,
)
print(result)
print("13 hidden units, losses in °C²: median (5 % to 95 % of the runs)")
print(result.select(hidden=13).table())

# %%
# ``select`` takes the runs with some settings; ``table`` puts those together that differ in nothing
# but seed or split. Here are all thousand, a dot each. The dashed line is the loss of a model that
# always answers with the mean of the training temperatures.

variance = split.train.targets.var(correction=0).item()
blue, grey, vermilion = (
    plots.COLORS[name] for name in ("blue", "grey", "vermilion")
)
fig, panels = plt.subplots(1, 2, figsize=(7, 3.8), sharex=True, sharey=True)
for ax, n_hidden in zip(panels, (3, 13), strict=True):
    shown = result.select(hidden=n_hidden)
    apart = torch.linspace(0.85, 1.18, 50).repeat(10)
    at = torch.tensor(shown.settings["lr"]) * apart
    style = {"ms": 3, "alpha": 0.6, "rasterized": True}
    ax.plot(at, shown.train_loss[:, -1], "o", color=blue, **style)
    gone = at[shown.diverged > 0]
    style = {"color": vermilion, "ms": 5, "label": "diverged"}
    ax.plot(gone, torch.full_like(gone, 140), "x", **style)
    ax.axhline(variance, color=grey, ls="--", label="always the mean")
    ax.set(xscale="log", yscale="log", xlabel="learning rate")
    ax.set_title(f"{n_hidden} hidden units")
panels[0].set_ylabel("training loss, last epoch (°C²)")
panels[0].set_yticks([3, 10, 30, 100], ["3", "10", "30", "100"])
legend = panels[1].get_legend_handles_labels()
fig.legend(*legend, loc="outside upper center", ncols=2)
plots.describe(
    fig,
    "Clouds of dots over ten learning rates. From left to right they sink, "
    "then scatter, then all lie on the dashed line of the mean. With 13 "
    "hidden units the rightmost cloud is one of crosses: diverged.",
)

# %%
# At small rates a thousand epochs are too few. With larger ones the clouds sink, then scatter, and
# beyond 1e-2 nearly all lie on the dashed line: their units are saturated, as on :doc:`page 6.2
# </auto_examples/6_overfitting/plot_02_capacity_and_learning_rate>`, and only the mean is left to
# learn. With 13 units and a rate of 0.1 even that fails, by :term:`divergence`: the loss grows past
# all numbers. ``fit`` would end with an error. A sweep notes the epoch in ``diverged``, keeps
# ``nan`` in place of the losses from there on, and the other runs go on. ``history`` gives the
# losses of one run as ``fit`` does:

gone = result.select(hidden=13, lr=1e-1)
print(gone.history(0))
assert abs(result.select(lr=5e-2).train_loss[:, -1].median() - variance) < 0.1
assert (gone.diverged > 0).all()
assert len(gone.history(0)) == gone.diverged[0] - 1

# %%
# And which is the best? ``best`` gives the number of the run with the lowest last loss on the
# held-out rows, and ``model`` its network.

best = result.best()
alike = {name: result.settings[name][best] for name in ("hidden", "lr")}
others = result.select(**alike).val_loss[:, -1].median()
with torch.no_grad():
    outputs = result.model(best)(split.val.inputs)
now = (outputs - split.val.targets).square().mean()
print(f"run {best}: {alike}; loss on the held-out rows, °C²")
print(f"  in the last epoch       {result.val_loss[best, -1]:6.2f}")
print(f"  after its update        {now:6.2f}")
print(f"  the median of all seeds {others:6.2f}")
assert result.val_loss[best, -1] < 0.1 * others
assert now > 2 * result.val_loss[best, -1]

# %%
# Here is the danger of a thousand networks. The lowest of many losses is low by luck as well, and
# two rows leave much room for luck. A loss is measured before the update of its epoch, while
# ``model`` comes after it. This run zigzags, as on page 5.3, and one step later its luck was gone.
# Before you trust the best of many, measure it on rows that neither trained nor chose it.
#
# At last, a file keeps settings, losses and weights, without loss and without pickle.

with tempfile.TemporaryDirectory() as folder:
    result.save(f"{folder}/thousand.safetensors")
    loaded = nnbook.SweepResult.load(f"{folder}/thousand.safetensors")
assert torch.equal(loaded.val_loss[best], result.val_loss[best])
assert loaded.settings == result.settings

# %%
# **Try it.** Standardize the readings with :class:`nnbook.Standardize` in place of scaling them by
# 0.1. At which rates are the thousand best now, and how many get stuck?
#
# The next page puts a whole training run into one file:
# :doc:`/auto_examples/8_scale/plot_02_run_as_graph`.
