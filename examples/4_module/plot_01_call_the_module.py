# /// script
# requires-python = ">=3.11"
# dependencies = ["nnbook"]
#
# [tool.uv]
# find-links = ["."]
# ///
r"""
4.1 Call the module, not its forward
====================================

A model in PyTorch is called like a function, ``model(inputs)``, although the method that computes
the outputs is named ``forward``. Why not call ``model.forward(inputs)``? The two often return the
same numbers, and then one day they do not. We write the call ourselves in ten lines, put it beside
the real one, and see what is left out without it. The data are the eleven readings of the old
thermometer (unknown unit) with their temperatures (°C). About eight minutes.

The subject is that of *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann, 2020), section
6.2.1.
"""

import itertools
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import inspection, plots

data = nnbook.load_thermometer()
scaled = data.with_inputs(0.1 * data.inputs)

# %%
# Two ways to ask
# ---------------
# A :term:`module` is an object that is called like a function and knows its parameters. To write
# one is to write its method ``forward``. The call itself, ``__call__`` in Python's spelling, is
# inherited from :class:`torch.nn.Module`, and it calls ``forward``. Linear layers, activations and
# whole networks are modules, so both spellings work with each of them:

torch.manual_seed(0)
theirs = nn.Sequential(nn.Linear(1, 3), nn.Linear(3, 1))
with torch.no_grad():
    called = theirs(scaled.inputs)  # (11, 1)
    by_forward = theirs.forward(scaled.inputs)
assert torch.equal(called, by_forward)

# %%
# Equal to the last bit. So what is the call for?
#
# What a call adds
# ----------------
# A :term:`hook` is a function that a module is given from outside and runs at an agreed moment.
# With hooks one looks into a network, or changes what it does, without touching its code. Forward
# pre-hooks run before ``forward`` and may replace its inputs; forward hooks run after it and may
# replace its outputs; backward hooks run on the way back, when the gradient with respect to the
# module's inputs is ready.

boxes = {
    "inputs": (0, 1.3, "inputs"),
    "pre": (2, 1.3, "forward\npre-hooks"),
    "forward": (4.2, 1.3, "forward"),
    "hooks": (6.4, 1.3, "forward\nhooks"),
    "outputs": (8.4, 1.3, "outputs"),
    "to": (0, 0, "gradient\nby inputs"),
    "backward": (2, 0, "backward\nhooks"),
    "back": (4.2, 0, "back through\nforward's steps"),
    "from": (8.4, 0, "gradient\nby outputs"),
}
there = itertools.pairwise(["inputs", "pre", "forward", "hooks", "outputs"])
back = itertools.pairwise(["from", "back", "backward", "to"])
arrows = [(start, end, "") for start, end in [*there, *back]]
fig, ax = plt.subplots(figsize=(7, 2.6))
plots.diagram(boxes, arrows, ax, highlighted=["forward"])
plots.describe(
    fig,
    "Boxes to the right: inputs, forward pre-hooks, forward with a thick "
    "edge, forward hooks, outputs. Below, to the left: gradient by outputs, "
    "back through forward's steps, backward hooks, gradient by inputs.",
)

# %%
# The upper row is a call, from left to right; the lower row is the way back, from right to left.
# ``.forward()`` runs the box with the thick edge. The three boxes with hooks belong to the call.
#
# Ten lines of our own
# --------------------
# PyTorch keeps the hooks of each kind in a dictionary of the module. A hook that returns None
# leaves things as they are. For the way back the call makes a view of the inputs, which holds the
# same numbers; when the gradient arrives there, it has passed through everything inside the module.


class OurCall:
    """Stand in for the call of nn.Module."""

    def __call__(self, inputs):
        for hook in self._forward_pre_hooks.values():
            inputs = either(hook(self, (inputs,)), inputs)
        if self._backward_hooks:
            inputs = inputs.view_as(inputs)
            inputs.register_hook(partial(run_backward_hooks, self))
        outputs = self.forward(inputs)
        for hook in self._forward_hooks.values():
            outputs = either(hook(self, (inputs,), outputs), outputs)
        return outputs


def either(replacement, value):
    return value if replacement is None else replacement


def run_backward_hooks(module, gradient):
    for hook in module._backward_hooks.values():
        hook(module, (gradient,), None)  # in place of None: by the outputs


# %%
# Ten lines, and two small helpers. (The leading underscores mark the dictionaries as PyTorch's
# private ones; we read them here only to learn.) Two classes that are PyTorch's in all but the
# call:


class OurLinear(OurCall, nn.Linear):
    pass


class OurSequential(OurCall, nn.Sequential):
    pass


torch.manual_seed(0)
ours = OurSequential(OurLinear(1, 3), OurLinear(3, 1))
with torch.no_grad():
    assert torch.equal(ours(scaled.inputs), called)

# %%
# Beside the real one
# -------------------
# :func:`nnbook.inspection.calls` hangs a hook of each kind on every module, calls the model, goes
# back from the sum of its outputs, and notes what ran. Three modules with four steps each: in which
# order will they come, and which is the last?

our_trace = inspection.calls(ours, scaled.inputs, backward=True)
trace = inspection.calls(theirs, scaled.inputs, backward=True)
print(f"{'our ten lines':27}PyTorch")
for mine, real in zip(our_trace.by_call, trace.by_call, strict=True):
    print(f"{mine!s:27}{real}")
assert len(trace.by_call) == 12
assert our_trace == trace

# %%
# The same twelve steps in the same order. The model's own steps enclose those of the modules in it,
# 0 and 1. Forwards 0 comes before 1, backwards after it, and the model's backward hook is the last
# of all, since the gradient with respect to the model's inputs is ready last.
#
# The real call can do more than ours. It passes on any number of arguments, knows hooks for all
# modules at once, and lets backward hooks replace gradients. Where no hook is registered it goes
# straight to ``forward``.
#
# What ``.forward()`` skips
# -------------------------
# The trace has also run ``model.forward(inputs)``. Here are both:

print(trace)
kinds = ["forward pre-hook", "forward hook", "backward hook"]
assert [step.what for step in trace.skipped] == kinds
assert {step.module for step in trace.skipped} == {""}

# %%
# The model's own three hooks are skipped, forwards and backwards. The hooks of 0 and 1 ran, because
# the ``forward`` of ``nn.Sequential`` calls its modules. One that does not loses their hooks too,
# even if it is called itself. So the rule holds inside a ``forward`` as well:


class Shortcut(nn.Sequential):
    def forward(self, inputs):
        for module in self:
            inputs = module.forward(inputs)  # wrong
        return inputs


wrong = inspection.calls(Shortcut(*theirs), scaled.inputs, backward=True)
inside = {step.what for step in wrong.by_call if step.module}
print("inside it ran only:", *inside)
assert inside == {"forward"}

# %%
# A wrong answer without an error
# -------------------------------
# Hooks do not only watch. Take the best line for the scaled readings, and let a forward pre-hook
# scale them:

fitted = nnbook.least_squares(scaled)
line = nn.Linear(1, 1)
with torch.no_grad():
    line.bias.fill_(fitted.coefficients[0].item())
    line.weight.fill_(fitted.coefficients[1].item())


def scale(module, args):
    return 0.1 * args[0]


handle = line.register_forward_pre_hook(scale)
mean_squared_error = nn.MSELoss()
with torch.no_grad():
    right = mean_squared_error(line(data.inputs), data.targets)
    unscaled = mean_squared_error(line.forward(data.inputs), data.targets)
print(f"line(raw readings):         {right:10.2f} °C²")
print(f"line.forward(raw readings): {unscaled:10.2f} °C²")
assert abs(right / fitted.mse - 1) < 1e-3
assert unscaled > 20_000 * right

handle.remove()
with torch.no_grad():
    assert torch.equal(line(data.inputs), line.forward(data.inputs))

# %%
# Called, the line has the loss of least squares. Its ``forward`` alone took the readings unscaled,
# and the loss is tens of thousands of times larger; no error was raised. PyTorch's own tools rely
# on hooks in this way: pruning (``torch.nn.utils.prune``) masks the weights in a forward pre-hook.
#
# The handle that registering returned has taken the hook off again, and then the two spellings
# agreed, as they did at the top of this page. So write ``forward``, and call the module.
#
# **Try it.** Hang a forward hook on the first module of ``theirs`` that prints the shape of its
# outputs, and call the model with the first two readings only. Then let the hook return twice the
# outputs. What does the model return?
#
# The next page looks at the module that we have called most, the linear layer:
# :doc:`/auto_examples/4_module/plot_02_linear`.
