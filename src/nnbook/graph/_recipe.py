"""What a training graph trains: the kind of network, the loss and the optimizer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn

from nnbook._arguments import describe, positive_int, refusal
from nnbook.graph._rules import RULES
from nnbook.training._losses import known_loss

# The activations of nnbook.activations.CATALOGUE, and the arguments that make each what it is.
_ACTIVATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Tanh": (),
        "Hardtanh": ("min_val", "max_val"),
        "Sigmoid": (),
        "Softplus": ("beta", "threshold"),
        "ReLU": (),
        "LeakyReLU": ("negative_slope",),
        "Tanhshrink": (),
        "Softshrink": ("lambd",),
        "Hardshrink": ("lambd",),
        "GELU": ("approximate",),
        "SiLU": (),
    }
)
_MLP = "be a Sequential of linear layers with biases and an activation between each two"
_FORMAT = 1

#: Inputs and outputs of a network, at most: a file that claims more is not tried.
MOST_COLUMNS = 2**16


@dataclass(frozen=True)
class Recipe:
    """Tell one kind of training run from another; hidden units, rows and steps are left open.

    Parameters
    ----------
    n_in, n_out : int
        Inputs and outputs per row.
    activations : tuple of Module
        The activation after each hidden layer, as `repr` writes it, with its arguments.
    loss : {"mse", "cross_entropy"}
        The mean over the rows.
    optimizer : {"sgd", "momentum", "adam"}
        The update rule.
    """

    n_in: int
    n_out: int
    activations: tuple[tuple[str, tuple[tuple[str, float | str], ...]], ...]
    loss: str
    optimizer: str

    @property
    def parameter_names(self) -> list[str]:
        """The parameters' names, as in `nnbook.mlp`."""
        depth = len(self.activations)
        suffixes = [f"_{number}" for number in range(1, depth + 1)] if depth > 1 else [""] * depth
        layers = [*(f"hidden_linear{suffix}" for suffix in suffixes), "output_linear"]
        return [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]

    @property
    def state_names(self) -> list[str]:
        """The names of the optimizer's state: torch's own, before those of the parameters."""
        buffers = RULES[self.optimizer].buffers
        return [f"{buffer}.{name}" for buffer in buffers for name in self.parameter_names]

    @property
    def input_names(self) -> list[str]:
        """The names of everything that goes into the graph, in order."""
        data = ["train_inputs", "train_targets", "val_inputs", "val_targets"]
        return [*self.parameter_names, *self.state_names, *data, "lr", "steps"]

    @property
    def output_names(self) -> list[str]:
        """The names of everything that comes out."""
        after = [f"after.{name}" for name in (*self.parameter_names, *self.state_names)]
        return [*after, "train_loss", "val_loss"]

    def modules(self) -> list[nn.Module]:
        """Make the activations."""
        return [getattr(nn, name)(**dict(arguments)) for name, arguments in self.activations]

    def __str__(self) -> str:
        names = [
            f"{name}({', '.join(f'{key}={value}' for key, value in arguments)})"
            for name, arguments in self.activations
        ]
        widths = [str(self.n_in), *("hidden" for _ in names), str(self.n_out)]
        return ", ".join(["-".join(widths), *names, self.loss, self.optimizer])

    def to_json(self) -> str:
        """Write what `from_json` reads."""
        activations = [{"name": name, **dict(arguments)} for name, arguments in self.activations]
        values = {
            "format": _FORMAT,
            "n_in": self.n_in,
            "n_out": self.n_out,
            "activations": activations,
            "loss": self.loss,
            "optimizer": self.optimizer,
        }
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read what `to_json` wrote; raise ValueError or a LookupError at anything else."""
        values: dict[str, Any] = json.loads(text)
        if values["format"] != _FORMAT:
            raise ValueError(refusal("format", f"be {_FORMAT}", describe(values["format"])))
        if values["loss"] not in ("mse", "cross_entropy"):
            raise ValueError(refusal("loss", "be a known one", describe(values["loss"])))
        activations = tuple(
            (entry["name"], tuple((key, entry[key]) for key in _ACTIVATIONS[entry["name"]]))
            for entry in values["activations"]
        )
        recipe = cls(
            positive_int("n_in", values["n_in"], most=MOST_COLUMNS),
            positive_int("n_out", values["n_out"], most=MOST_COLUMNS),
            activations,
            values["loss"],
            _optimizer_name(values["optimizer"]),
        )
        recipe.modules()  # refused here, if an argument is not what torch takes
        return recipe


def recipe_of(model: object, loss: object, optimizer: object) -> Recipe:
    """Find out the kind of a run, or refuse by name what no graph can train."""
    mend = "`nnbook.mlp` builds one."
    if not isinstance(model, nn.Sequential):
        raise TypeError(refusal("model", _MLP, _named(model), mend))
    layers = dict(model.named_children())
    for number, (name, layer) in enumerate(layers.items()):
        is_supported = type(layer) is nn.Linear and layer.bias is not None
        rule = _MLP
        if number % 2:
            rule = f"have activations out of {', '.join(_ACTIVATIONS)}"
            is_supported = _ACTIVATIONS.get(type(layer).__name__) is not None
            is_supported = is_supported and type(layer).__module__ == nn.ReLU.__module__
        if not is_supported:
            raise TypeError(refusal("model", rule, f"{name}: {describe(layer)}", mend))
    modules = list(layers.values())
    linear = [layer for layer in modules if isinstance(layer, nn.Linear)]
    if len(modules) % 2 == 0 or len(linear) != len(set(linear)):
        raise TypeError(refusal("model", _MLP, describe(model), mend))
    rule = f"have at most {MOST_COLUMNS:,} inputs and outputs"
    if (widest := max(linear[0].in_features, linear[-1].out_features)) > MOST_COLUMNS:
        raise ValueError(refusal("model", rule, f"{widest:,}"))
    return Recipe(
        linear[0].in_features,
        linear[-1].out_features,
        tuple(_activation(module) for module in modules[1::2]),
        _loss_name(loss),
        _optimizer_name(optimizer),
    )


def _activation(module: nn.Module) -> tuple[str, tuple[tuple[str, Any], ...]]:
    name = type(module).__name__
    return name, tuple((key, getattr(module, key)) for key in _ACTIVATIONS[name])


def _loss_name(loss: object) -> str:
    name = known_loss(loss)
    if name is not None:
        return name
    rule = "be the mean squared error or the cross-entropy, without options"
    mend = "Pass `nn.MSELoss()` or `nn.CrossEntropyLoss()`."
    raise TypeError(refusal("loss", rule, _named(loss), mend))


def _optimizer_name(optimizer: object) -> str:
    if not isinstance(optimizer, str) or optimizer not in RULES:
        rule = f"be one of {', '.join(map(repr, RULES))}"
        raise ValueError(refusal("optimizer", rule, _named(optimizer)))
    return optimizer


def _named(value: object) -> str:
    return type(value).__name__ if isinstance(value, nn.Module) else describe(value)
