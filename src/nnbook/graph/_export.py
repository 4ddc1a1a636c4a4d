"""From a recipe to an ONNX file: one step is traced, repeated by a scan, and exported."""

import importlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nnbook.graph._recipe import Recipe
from nnbook.graph._rules import RULES, Tensors

METADATA_KEY = "nnbook"

# The sizes of what is traced. They differ from each other and from 1, for torch takes a size of 1
# to be 1 for ever; in the file they are free.
_HIDDEN, _ROWS, _VAL_ROWS, _STEPS = 5, 7, 3, 4


def needed(module: str) -> Any:
    """Import a module of the extra `graph`, or say how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        message = f'TrainingGraph needs {module}: pip install "nnbook[graph]"'
        raise ImportError(message) from error


# The losses, as a sum over the rows and that sum's slope at the outputs. The slopes are written
# out, for the exporter turns the mean of torch's cross-entropy into a sum in its gradient, and
# because an epoch is then a fifth shorter. They are held against torch's before a graph is used.


def _square_error(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    error = outputs - targets
    return (error * error).sum(), 2 * error


def _cross_entropy(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    logarithms = functional.log_softmax(outputs, dim=1)
    return -(logarithms * targets).sum(), logarithms.exp() - targets


def _hardtanh(module: nn.Hardtanh, values: Tensor) -> Tensor:
    # The exporter gives the slope 1 at the corners, where torch has 0.
    low, high = module.min_val, module.max_val
    is_inside = (values > low) & (values < high)
    return torch.where(is_inside, values, values.detach().clamp(low, high))


Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
LOSSES: Mapping[str, Loss] = MappingProxyType(
    {"mse": _square_error, "cross_entropy": _cross_entropy}
)


def export(recipe: Recipe) -> bytes:
    """Write the whole run as an ONNX file, checked by onnx, with the recipe in its metadata."""
    onnx = needed("onnx")
    needed("onnxscript")
    examples, shapes = _examples(recipe)
    with _exporter_quiet():
        program = torch.onnx.export(
            _Run(recipe, examples).eval(),
            tuple(examples),
            dynamo=True,
            dynamic_shapes=(tuple(shapes),),
            input_names=recipe.input_names,
            output_names=recipe.output_names,
            verbose=False,
        )
    assert program is not None
    file = program.model_proto
    _strip(file.graph, {name: name for name in (*recipe.input_names, *recipe.output_names)})
    del file.metadata_props[:]
    onnx.helper.set_model_props(file, {METADATA_KEY: recipe.to_json()})
    onnx.checker.check_model(file, full_check=True)
    content: bytes = file.SerializeToString()
    return content


class _Run(nn.Module):
    """All steps of a run, as a function of weights, state, data, learning rate and steps."""

    def __init__(self, recipe: Recipe, examples: Sequence[Tensor]) -> None:
        super().__init__()
        self.recipe = recipe
        self.step = _traced_step(recipe, examples)

    def forward(self, *inputs: Tensor) -> Tensors:
        from torch._higher_order_ops.scan import scan  # noqa: PLC0415  # as in `_traced_step`

        recipe = self.recipe
        n_weights, n_state = len(recipe.parameter_names), len(recipe.state_names)
        weights, state = inputs[:n_weights], inputs[n_weights : n_weights + n_state]
        train_inputs, train_targets, val_inputs, val_targets, lr, steps = inputs[-6:]
        # Whatever is the same in each step is computed here, once.
        if recipe.loss == "cross_entropy":
            train_targets, val_targets = self.is_class(train_targets), self.is_class(val_targets)
        data = (train_inputs, train_targets, val_inputs, val_targets)
        # The losses are means: over rows, and for the squared error over the outputs as well.
        column = slice(1) if recipe.loss == "cross_entropy" else slice(None)
        train_part, val_part = (
            1 / torch.ones_like(targets[:, column]).sum() for targets in data[1::2]
        )

        def body(carry: tuple[Tensors, Tensors], rates: Tensors) -> Any:
            return self.step(*carry, data, train_part, rates)

        rates = RULES[recipe.optimizer].rates(lr, steps)
        (weights, state), (train_sums, val_sums) = scan(body, (weights, state), rates)
        return *weights, *state, train_sums * train_part, val_sums * val_part

    def is_class(self, targets: Tensor) -> Tensor:
        """Turn class numbers (rows,) into ones and zeros (rows, n_out)."""
        return (targets.unsqueeze(1) == torch.arange(self.recipe.n_out)).float()


def _traced_step(recipe: Recipe, examples: Sequence[Tensor]) -> Any:
    """Trace one step, with its gradient, for sizes that are symbols."""
    # Imported here: what traces takes long to import.
    from torch.fx.experimental.proxy_tensor import make_fx  # noqa: PLC0415

    rule, loss = RULES[recipe.optimizer], LOSSES[recipe.loss]
    activations = [
        partial(_hardtanh, module) if isinstance(module, nn.Hardtanh) else module
        for module in recipe.modules()
    ]

    def network(weights: Tensors, values: Tensor) -> Tensor:
        layers = list(zip(weights[::2], weights[1::2], strict=True))
        for (weight, bias), activation in zip(layers[:-1], activations, strict=True):
            values = activation(functional.linear(values, weight, bias))
        return functional.linear(values, *layers[-1])

    def step(
        weights: Tensors, state: Tensors, data: Tensors, part: Tensor, rates: Tensors
    ) -> tuple[tuple[Tensors, Tensors], Tensors]:
        train_inputs, train_targets, val_inputs, val_targets = data
        val_sum, _ = loss(network(weights, val_inputs), val_targets)
        outputs, pull_back, *_ = torch.func.vjp(lambda w: network(w, train_inputs), weights)
        train_sum, slope = loss(outputs, train_targets)
        (gradients,) = pull_back(slope * part)
        return rule.update(weights, gradients, state, rates), (train_sum, val_sum)

    n_weights = len(recipe.parameter_names)
    weights, state = tuple(examples[:n_weights]), tuple(examples[n_weights:-6])
    train_inputs, _, val_inputs, _, lr, steps = examples[-6:]
    train_targets, val_targets = (
        torch.zeros(len(inputs), recipe.n_out) for inputs in (train_inputs, val_inputs)
    )
    data = (train_inputs, train_targets, val_inputs, val_targets)
    rates = tuple(rate[0] for rate in rule.rates(lr, steps))
    return make_fx(step, tracing_mode="symbolic")(weights, state, data, lr, rates)


def _examples(recipe: Recipe) -> tuple[list[Tensor], list[dict[int, Any]]]:
    """Give each input a tensor of the traced sizes, and its axes that are free in the file."""
    dim = torch.export.Dim
    hidden = [dim(f"hidden_{number}") for number, _ in enumerate(recipe.activations, start=1)]
    sizes: list[Any] = [recipe.n_in, *hidden, recipe.n_out]
    rows, val_rows, steps = dim("train_rows"), dim("val_rows"), dim("steps")
    numbers = {rows: _ROWS, val_rows: _VAL_ROWS, steps: _STEPS}
    numbers |= {width: _HIDDEN + number for number, width in enumerate(hidden)}
    axes: list[tuple[Any, ...]] = []
    for fewer, more in pairwise(sizes):
        axes += [(more, fewer), (more,)]
    axes += axes * len(RULES[recipe.optimizer].buffers)
    n_out: tuple[int, ...] = () if recipe.loss == "cross_entropy" else (recipe.n_out,)
    axes += [(rows, recipe.n_in), (rows, *n_out), (val_rows, recipe.n_in), (val_rows, *n_out)]
    axes += [(), (steps,)]
    examples = [torch.ones([numbers.get(size, size) for size in axis]) for axis in axes]
    if recipe.loss == "cross_entropy":
        examples[-5], examples[-3] = examples[-5].long(), examples[-3].long()
    shapes = [{i: size for i, size in enumerate(axis) if size in numbers} for axis in axes]
    return examples, shapes


def _strip(graph: Any, names: dict[str, str]) -> None:
    """Remove what no runtime needs, and give short names to values within."""

    def short(name: str) -> str:
        return names.setdefault(name, f"v{len(names)}")

    graph.doc_string = ""
    del graph.value_info[:], graph.metadata_props[:]
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.doc_string = ""
        value.name = short(value.name)
        del value.metadata_props[:]
    for node in graph.node:
        node.doc_string = node.name = ""
        node.input[:] = [name and short(name) for name in node.input]
        node.output[:] = [name and short(name) for name in node.output]
        del node.metadata_props[:]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _strip(attribute.g, names)


@contextmanager
def _exporter_quiet() -> Iterator[None]:
    """Silence what the exporter says of itself; what concerns the graph is checked afterwards."""
    # torch's exporter warns that torchvision's operators are missing, which no graph of ours has;
    # the other two tell of each node that they look at, wherever somebody asks for information.
    levels = {
        logging.getLogger("torch.onnx._internal.exporter._registration"): logging.ERROR,
        logging.getLogger("onnxscript"): logging.WARNING,
        logging.getLogger("onnx_ir"): logging.WARNING,
    }
    before = {logger: logger.level for logger in levels}
    for logger, level in levels.items():
        logger.setLevel(level)
    try:
        with warnings.catch_warnings():
            # Two inputs share a size, as the weights of two layers do: it is named once.
            warnings.filterwarnings("ignore", "# The axis name: .* will not be used", UserWarning)
            # torch 2.13 copies its own trees in a manner that it has deprecated.
            warnings.filterwarnings("ignore", ".*LeafSpec.* is deprecated", FutureWarning)
            yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)
