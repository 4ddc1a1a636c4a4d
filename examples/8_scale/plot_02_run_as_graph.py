# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook[graph]"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
8.2 Can a whole training run be one file?
=========================================

Until now Python has led every step by the hand. Here we record a step, repeat
it, and write the whole run into one small file that other programs can train
with, and faster. The data are the thermometer's readings (unknown unit, scaled
by 0.1) and temperatures (°C). At first the losses are the same as before, then
they are not: we shall see that both are right, and ask what may be compared
when a run is chaotic. About twelve minutes.

This page needs ``pip install "nnbook[graph]"``, for ONNX and ONNX Runtime.
"""

# sphinx_gallery_parallel = False

import tempfile
import textwrap
import time
from pathlib import Path

import matplotlib.pyplot as plt
import onnx
import onnxruntime
import torch
from torch.func import grad_and_value
from torch.fx.experimental.proxy_tensor import make_fx

import nnbook
from nnbook import plots

torch.set_num_threads(1)  # more threads slow such small networks down

data = nnbook.load_thermometer()
split = data.with_inputs(0.1 * data.inputs).split_at([7, 10])

# %%
# Eager, or captured
# ------------------
# PyTorch works by :term:`eager execution`: each operation is carried out when Python comes to it,
# and forgotten. That makes it easy to look into. But an epoch of our small network is dozens of
# operations on a few numbers, so nearly all of its time goes into leading from one operation to the
# next.
#
# A :term:`captured graph <computational graph>` is the other way: run the code once, write down its
# operations, and from then on run the list. Here is one step of training a straight line, forwards,
# gradient and update, as a function without memory. ``make_fx`` runs it with stand-ins for the
# tensors and records what happens to them, the derivatives included.


def step(weight, bias, inputs, targets, lr):
    def loss(weight, bias):
        outputs = inputs @ weight.T + bias  # (n, 1)
        return ((outputs - targets) ** 2).mean()

    differentiate = grad_and_value(loss, argnums=(0, 1))
    (weight_grad, bias_grad), value = differentiate(weight, bias)
    return weight - lr * weight_grad, bias - lr * bias_grad, value


rows = (split.train.inputs, split.train.targets, torch.tensor(1e-2))
start = (torch.ones(1, 1), torch.zeros(1))
captured = make_fx(step)(*start, *rows)
for node in captured.graph.nodes:
    if node.op == "call_function":
        came_from = ", ".join(str(arg) for arg in node.args)
        print(f"{node.name:12} = {node.target!s:28} ({came_from})"[:76])

# %%
# No Python is left in it, no class, no loop: only operations, each with its name and where its
# inputs come from. The derivative of the square, ``pow``, stands there as operations too. The list
# computes what the function computes, to the last bit:

eager = listed = start
for _ in range(100):
    *eager, eager_loss = step(*eager, *rows)
    *listed, listed_loss = captured(*listed, *rows)
assert torch.equal(eager_loss, listed_loss)
assert all(map(torch.equal, eager, listed))

# %%
# What is recorded is what happened, with these nine rows: an ``if`` that went one way goes that way
# for ever. Capturing has a history. TorchScript (``torch.jit``) came first and is deprecated;
# today's way is :func:`torch.export.export`, which can leave sizes open. And `ONNX
# <https://onnx.ai>`_ is a file format for such graphs that has nothing to do with Python: other
# programs, in other languages, read it and run it.
#
# The run as a file
# -----------------
# :class:`nnbook.TrainingGraph` puts the pieces together. It captures one step of a network, with
# the loss on the held-out rows, repeats it over a list of step numbers (an operation that ONNX
# calls ``Scan``), exports that, and checks some steps against PyTorch. The numbers of rows, of
# steps and of hidden units stay open.

model = nnbook.mlp(1, 13, 1)
graph = nnbook.TrainingGraph.of(model, optimizer="sgd")
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "run.onnx"
    graph.save(path)
    file = onnx.load(path)
    session = onnxruntime.InferenceSession(path)
    print(f"{path.stat().st_size:,} bytes")
(scan,) = [node for node in file.graph.node if node.op_type == "Scan"]
body = next(part.g for part in scan.attribute if part.name == "body")
kinds = sorted({node.op_type for node in body.node})
print(len(body.node), "operations in a step, out of these:")
print(textwrap.fill(", ".join(kinds), 76))
assert len(graph.file) < 20_000

# %%
# A few kilobytes. ONNX Runtime runs it: weights, data, learning rate and step numbers go in, and
# after a single call all the steps are done.

torch.manual_seed(0)
model = nnbook.mlp(1, 13, 1)
inputs = dict(model.named_parameters())
for name, part in {"train": split.train, "val": split.val}.items():
    inputs[f"{name}_inputs"] = part.inputs
    inputs[f"{name}_targets"] = part.targets
inputs["lr"] = torch.tensor(1e-3)
inputs["steps"] = torch.arange(1.0, 1001.0)
arrays = {name: value.detach().numpy() for name, value in inputs.items()}
*weights, train_loss, val_loss = session.run(None, arrays)
print(f"training loss: {train_loss[0]:.4f}, ..., {train_loss[-1]:.4f}")

# %%
# ``graph.fit`` does the same and takes what :func:`nnbook.fit` takes. Both start from the same
# weights here, and the losses of the first thousand epochs agree:


def train(fit, *, seed=0, epochs=1000, lr=1e-3, nudge=False, dtype=None):
    torch.manual_seed(seed)
    model = nnbook.mlp(1, 13, 1).to(dtype)
    if nudge:  # the last binary digit of each weight
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1 + torch.finfo(parameter.dtype).eps)
    parts = [part.to(dtype=dtype) for part in (split.train, split.val)]
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return fit(model, *parts, optimizer=optimizer, epochs=epochs)


by_graph, by_fit = train(graph.fit), train(nnbook.fit)
torch.testing.assert_close(torch.tensor(train_loss), by_graph.train_loss)
for name in ("train_loss", "val_loss"):
    ours, eager = getattr(by_graph, name), getattr(by_fit, name)
    torch.testing.assert_close(ours, eager, rtol=1e-4, atol=0)
    print(f"{name:10} after 1,000 epochs: {ours[-1]:.6f} and {eager[-1]:.6f}")

# %%
# How long does a step take, in the loop and in the graph? We time both in turn.


def seconds_per_step(fit):
    begin = time.perf_counter()
    train(fit, epochs=200)
    return (time.perf_counter() - begin) / 200


both = (nnbook.fit, graph.fit)
turns = torch.tensor(
    [[seconds_per_step(fit) for fit in both] for _ in range(5)]
)
loop_time, graph_time = 1e6 * turns.median(dim=0).values
times_faster = (turns[:, 0] / turns[:, 1]).median()
print(f"a step takes {loop_time:.0f} µs in the loop, ", end="")
print(f"{graph_time:.0f} µs in the graph: {times_faster:.1f} times as fast")
assert times_faster > 4

# %%
# The arithmetic is the same; what is gone is the way from one operation to the next. With larger
# layers the arithmetic takes its share again, and the gain shrinks. There is a price, too: making
# the graph took longer than a short training run, nothing can look on from inside, and whatever is
# not in the graph (another loss, weight decay, batches) needs another graph. For looking into
# things, eager execution is the right way.
#
# The file needs no Python. ONNX Runtime also exists for browsers (onnxruntime-web): the very same
# file can train on a web page, on the reader's own processor. On the :doc:`playground
# </playground>` it does.
#
# The same, and then not
# ----------------------
# So far 1,000 epochs. The book's run has 5,000. We train on, and beside it we try a smaller change
# than another program: the same graph twice, with the last binary digit of each starting weight
# changed, a relative change of about one in ten million. How far apart will the losses be at the
# end, and where in between?

gaps = {}


def gap(one, other):
    relative = (other.train_loss / one.train_loss - 1).abs()
    # the largest of each 20 epochs: single epochs jump about
    return relative.reshape(-1, 20).max(dim=1).values.clamp(min=1e-17)


run = train(graph.fit, epochs=5000)
twin = train(graph.fit, epochs=5000, nudge=True)
gaps["last digit changed"] = gap(run, twin)
loop = train(nnbook.fit, epochs=2000)
gaps["graph and loop"] = gap(loop, train(graph.fit, epochs=2000))
exact = {"epochs": 2000, "dtype": torch.float64}
precise = train(nnbook.fit, **exact), train(nnbook.fit, **exact, nudge=True)
gaps["last digit changed, float64"] = gap(*precise)
calm = {"epochs": 5000, "lr": 5e-4}
calm_runs = train(graph.fit, **calm), train(graph.fit, **calm, nudge=True)
gaps["last digit changed, half the rate"] = gap(*calm_runs)

looks = [("green", "-"), ("vermilion", "--"), ("purple", "-."), ("grey", ":")]
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6), width_ratios=[2, 3])
epochs = torch.arange(1, 5001)
window = slice(1199, 1500)
for history, (color, dash) in zip((run, twin), looks[:2], strict=True):
    style = {"color": plots.COLORS[color], "ls": dash}
    left.plot(epochs[window], history.train_loss[window], **style)
left.set(xlabel="epoch", ylabel="training loss (°C²)")
left.legend(["run", "twin"])
for (name, values), (color, dash) in zip(gaps.items(), looks, strict=True):
    style = {"color": plots.COLORS[color], "ls": dash, "label": name}
    right.plot(20 * torch.arange(1, len(values) + 1), values, **style)
right.set(xlabel="epoch", ylabel="relative difference of losses")
right.set(yscale="log", ylim=(1e-17, 1e6))
right.legend(loc="upper right", fontsize="small")
plots.describe(
    fig,
    "Left: two losses fall together until one, and some epochs later the "
    "other, leaps to a sharp peak. Right: relative differences over the "
    "epochs. Three curves leap up after epoch 1,200, one stays low.",
)
for name, values in gaps.items():
    early, largest = values[:50].max(), values.max()
    print(f"{name:34} to epoch 1,000: {early:.0e}; largest: {largest:.0e}")
magnified = gaps["last digit changed, float64"].max()
magnified /= torch.finfo(torch.float64).eps
print(f"a last digit in float64 is magnified {magnified:.0e} times")
assert magnified > 2e12
for name in ("last digit changed", "graph and loop"):
    assert gaps[name][:50].max() < 1e-4
    assert gaps[name].max() > 1e-2
assert gaps["last digit changed, half the rate"].max() < 1e-4
for history in (run, twin):  # it leaps once, and after epoch 2,000 no more
    assert history.train_loss[1200:2000].diff().max() > 0.1
    assert history.train_loss[2000:].diff().max() < 0.01

# %%
# On the left, run and twin lie on one line, until the loss leaps to a sharp peak in one of them and
# some epochs later in the other. On the right the relative differences start where rounding is, and
# leap by many powers of ten after about 1,200 epochs. Loop and graph part like the twins: they add
# in another order, and that changes a last digit too. It is no fault of ``float32``: in ``float64``
# the difference starts a billion times smaller and leaps a little later, no less high. Where small
# differences grow like this, a run is :term:`chaotic <chaos>`. At half the learning rate, the
# dotted line, nothing of the kind happens.
#
# What goes on there? The rate has become just too large for the steepest direction of the loss
# (:doc:`page 1.3 </auto_examples/1_learning/plot_03_downhill_by_hand>`): the weights jump to and
# fro across the valley, each jump larger than the one before, and with them any difference between
# two runs, until they land where it is less steep. By about epoch 2,000 it is over. The training
# losses are then close to each other again, but the networks are different ones.
#
# What may be compared
# --------------------
# So "does it give the same loss after 5,000 epochs?" is no fair test of a program: it would fail
# against itself. Fifteen starts and their twins, which nobody could tell apart, show what is one:

starts = [
    [
        train(graph.fit, seed=seed, epochs=5000, nudge=nudge)
        for seed in range(15)
    ]
    for nudge in (False, True)
]
last = {
    name: torch.tensor(
        [[getattr(h, name)[-1] for h in histories] for histories in starts]
    )
    for name in ("train_loss", "val_loss")
}  # each (2, 15): the starts and their twins
fig, axes = plt.subplots(1, 2, figsize=(7, 3.4))
titles = ["training loss", "validation loss"]
for ax, title, (ones, twins) in zip(axes, titles, last.values(), strict=True):
    ax.plot(ones, twins, "o", color=plots.COLORS["blue"], alpha=0.7)
    ends = [min(ones.min(), twins.min()), max(ones.max(), twins.max())]
    ax.plot(ends, ends, ":", color=plots.COLORS["grey"], label="equal")
    ax.set(xlabel=f"{title}, run (°C²)", ylabel=f"{title}, twin (°C²)")
    ax.legend()
    difference = (twins / ones - 1).abs()
    print(f"{title + ':':16} a pair differs by up to {difference.max():.1%};")
    print(f"    medians {ones.median():.3f} and {twins.median():.3f}")
plots.describe(
    fig,
    "Losses after 5,000 epochs of fifteen runs against those of their twins. "
    "Left, training: the points lie on the dotted line. Right, validation: "
    "they scatter widely around it.",
)
train_gap, val_gap = ((b / a - 1).abs().max() for a, b in last.values())
medians = last["val_loss"].median(dim=1).values
assert train_gap < 0.02
assert val_gap > 0.1
assert abs(medians[1] / medians[0] - 1) < 0.5 * val_gap

# %%
# Each point is a run and its twin. The training losses agree: whatever way the runs took, they end
# in equally good places. The validation losses do not; two rows judge networks that differ between
# the readings. The medians of the two groups differ much less than a pair may, and would differ
# less still with more runs. So these comparisons are fair:
#
# - two programs over the first steps, or at a rate where training is calm, number by number;
# - two programs, machines or versions over a long chaotic run only as many runs against many:
#   medians and spreads, never one loss against another;
# - the same program on the same machine with the same seed and number of threads, to the last bit,
#   chaotic or not. Chaos is not chance:

again = train(graph.fit, epochs=5000)
assert again == run

# %%
# **Try it.** Change the seed of the run and its twin. Do they always part, and at the same epoch?
# At which learning rate between the two above does the calm end?
#
# The next page kills a run, and goes on with it:
# :doc:`/auto_examples/8_scale/plot_03_stop_and_resume`.
