r"""
4.5 What does a module know of the modules inside it?
=====================================================

An optimizer is given ``model.parameters()``, and finds the parameters of all layers there. How does
the model know which layers it has? By watching what is assigned to it. We write such a watcher
ourselves, and then meet a mistake that raises no error: layers in a plain list are used but never
trained. The data are the eleven readings (unknown unit) with their temperatures (°C). About ten
minutes.

Containers of modules are taken up in *Deep Learning with PyTorch* (Stevens, Antiga, Viehmann,
2020), section 8.3.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import nnbook
from nnbook import inspection, plots

data = nnbook.load_thermometer()
scaled = data.with_inputs(0.1 * data.inputs)

# %%
# A watcher of our own
# --------------------
# In Python ``model.hidden = layer`` calls ``model.__setattr__("hidden", layer)``. A class can write
# that method itself and look at the value. Ours keeps a list of the parameters and modules that come
# by, and then lets the assignment go on as usual. To name all parameters it lists its own, and asks
# the modules inside it for theirs.


class Watcher:
    def __init__(self):
        self.own, self.inside = {}, {}

    def __setattr__(self, name, value):
        if isinstance(value, nn.Parameter):
            self.own[name] = value
        if isinstance(value, Watcher):
            self.inside[name] = value
        super().__setattr__(name, value)

    def named_parameters(self, before=""):
        for name, parameter in self.own.items():
            yield before + name, parameter
        for name, module in self.inside.items():
            yield from module.named_parameters(f"{before}{name}.")


def assemble(kind):
    """Put an object of this kind with two parameters into another one."""
    model, model.layer = kind(), kind()
    model.layer.weight = nn.Parameter(torch.ones(1, 1))
    model.layer.bias = nn.Parameter(torch.zeros(1))
    return model
