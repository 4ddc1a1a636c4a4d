"""Drawings: boxes and arrows, the loop of learning, and a network drawn from the module itself."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Circle
from torch import nn

from nnbook._arguments import checked, describe, listed, number, refusal, text
from nnbook.plots.style import COLORS, axes_or_new, ink

# More units than this are drawn as the first and last ones with dots between.
_MOST_UNITS = 16


def diagram(
    boxes: Mapping[str, tuple[float, float, str]],
    arrows: Iterable[tuple[str, str, str]],
    ax: Axes | None = None,
    *,
    highlighted: Iterable[str] = (),
) -> Axes:
    """Draw boxes with text, and arrows between them.

    Parameters
    ----------
    boxes : mapping of str to tuple of (float, float, str)
        For each box its centre and its text.
    arrows : iterable of tuple of (str, str, str)
        From which box, to which box, and the words beside the arrow.
    ax : Axes, default=None
        Where to draw; None makes a new figure.
    highlighted : iterable of str, default=()
        Boxes drawn with a thick coloured edge.

    Returns
    -------
    Axes
        The axes drawn in, without ticks.

    Raises
    ------
    ValueError
        If an arrow names a box that is not there.

    Examples
    --------
    >>> from nnbook import plots
    >>> ax = plots.diagram({"a": (0, 0, "model"), "b": (2, 0, "loss")}, [("a", "b", "outputs")])
    >>> [text.get_text() for text in ax.texts]
    ['model', 'loss', '', 'outputs']
    """
    rule = "map names to two numbers and a text"
    if not checked("boxes", boxes, Mapping, rule):
        raise ValueError(refusal("boxes", "hold at least one box", "none"))
    placed = {}
    for name, box in boxes.items():
        checked("boxes", name, str, rule)
        if not isinstance(box, tuple | list) or len(box) != 3:
            raise TypeError(refusal(f"boxes[{name!r}]", rule, describe(box)))
        x, y = (number(f"boxes[{name!r}]", each, rule) for each in box[:2])
        placed[name] = (x, y, text(f"boxes[{name!r}]", box[2]))
    joined = listed("arrows", arrows, "hold triples of texts", most=10_000)
    for arrow in joined:
        is_triple = isinstance(arrow, tuple | list) and len(arrow) == 3
        if not is_triple or not all(isinstance(word, str) for word in arrow):
            raise TypeError(refusal("arrows", "hold triples of texts", describe(arrow)))
        for name in arrow[:2]:
            if name not in placed:
                rule = f"join boxes of {sorted(map(str, placed))}"
                raise ValueError(refusal("arrows", rule, describe(name)))
    names = listed("highlighted", highlighted, "hold names of boxes", most=10_000)
    ax = axes_or_new(ax)
    _bare(ax)
    drawn = {}
    for name, (x, y, words) in placed.items():
        edge = COLORS["vermilion"] if name in names else ink()
        width = 2.5 if name in names else 1.0
        style = {
            "boxstyle": "round,pad=0.5",
            "facecolor": "none",
            "edgecolor": edge,
            "linewidth": width,
        }
        drawn[name] = ax.text(x, y, words, ha="center", va="center", bbox=style, zorder=3)
    for start, end, words in joined:
        (x0, y0, _), (x1, y1, _) = placed[start], placed[end]
        ax.annotate(
            "",
            xy=(x1, y1),
            xytext=(x0, y0),
            arrowprops={
                "arrowstyle": "-|>",
                "color": ink(),
                "patchA": drawn[start].get_bbox_patch(),
                "patchB": drawn[end].get_bbox_patch(),
                "shrinkA": 2,
                "shrinkB": 2,
            },
        )
        if words:
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            if abs(x1 - x0) < abs(y1 - y0):
                ax.text(x, y, f"  {words}", ha="left", va="center", fontsize="small")
            else:
                ax.text(x, y, words, ha="center", va="bottom", fontsize="small")
    xs, ys = zip(*((x, y) for x, y, _ in placed.values()), strict=True)
    ax.set_xlim(min(xs) - 0.9, max(xs) + 0.9)
    ax.set_ylim(min(ys) - 0.6, max(ys) + 0.6)
    return ax


def learning_loop(model: str, ax: Axes | None = None) -> Axes:
    """Draw how a model learns: data, model, loss, gradient, update, and round again.

    Parameters
    ----------
    model : str
        What stands in the model's box: the only one that changes in the course of the book.
    ax : Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    Axes
        The axes drawn in.

    Examples
    --------
    >>> from nnbook import plots
    >>> ax = plots.learning_loop("w u + b")
    """
    text("model", model)
    boxes = {
        "inputs": (0.0, 1.2, "inputs"),
        "model": (2.0, 1.2, f"model\n{model}"),
        "loss": (4.4, 1.2, "loss:\nhow far off?"),
        "targets": (6.4, 1.2, "targets"),
        "gradient": (4.4, 0.0, "gradient:\nwhich way is up?"),
        "update": (2.0, 0.0, "update:\na step downhill"),
    }
    arrows = [
        ("inputs", "model", ""),
        ("model", "loss", "outputs"),
        ("targets", "loss", ""),
        ("loss", "gradient", ""),
        ("gradient", "update", ""),
        ("update", "model", "new parameters"),
    ]
    return diagram(boxes, arrows, ax, highlighted=["model"])


def blocks(model: nn.Sequential, ax: Axes | None = None) -> Axes:
    """Draw a network as engineers do: one box for each module, shapes on the arrows.

    Parameters
    ----------
    model : nn.Sequential
        Linear layers and activations.
    ax : Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    Axes
        The axes drawn in.

    Raises
    ------
    TypeError
        If the model is not an `nn.Sequential` that starts with a linear layer.

    Examples
    --------
    >>> import nnbook
    >>> from nnbook import plots
    >>> ax = plots.blocks(nnbook.mlp(1, 13, 1))
    >>> "(batch, 13)" in [text.get_text().strip() for text in ax.texts]
    True
    """
    layers = _layers(model)
    placed = {"input": (0.0, 0.0, "input")}
    arrows = []
    before = "input"
    for position, layer in enumerate(layers, start=1):
        words = f"{layer.name}\n{type(layer.module).__name__}"
        if isinstance(layer.module, nn.Linear):
            words += f"({layer.n_in}, {layer.n_out})"
        placed[layer.name] = (0.0, -1.1 * position, words)
        arrows.append((before, layer.name, f"(batch, {layer.n_in})"))
        before = layer.name
    placed["output"] = (0.0, -1.1 * (len(layers) + 1), "output")
    arrows.append((before, "output", f"(batch, {layers[-1].n_out})"))
    return diagram(placed, arrows, ax)


def network(model: nn.Sequential, ax: Axes | None = None) -> Axes:
    """Draw a network as beginners' books do: a circle for each unit, a line for each weight.

    Parameters
    ----------
    model : nn.Sequential
        Linear layers and activations; of a layer with more than 16 units the first and last ones
        are drawn, with dots between.
    ax : Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    Axes
        The axes drawn in; lines are wider for larger weights, dashed for negative ones.

    Raises
    ------
    TypeError
        If the model is not an `nn.Sequential` that starts with a linear layer.

    Examples
    --------
    >>> import nnbook
    >>> from nnbook import plots
    >>> ax = plots.network(nnbook.mlp(1, 13, 1))
    >>> len(ax.patches)
    15
    """
    layers = _layers(model)
    ax = axes_or_new(ax)
    _bare(ax)
    linear = [layer for layer in layers if isinstance(layer.module, nn.Linear)]
    columns = [_heights(linear[0].n_in), *(_heights(layer.n_out) for layer in linear)]
    across, depth = 4.0, -max(max(column.values()) for column in columns) - 0.8
    for position, layer in enumerate(linear):
        weights = layer.module.get_parameter("weight").detach().cpu()
        largest = weights.abs().max().clamp(min=1e-12)
        for unit_in, y_in in columns[position].items():
            for unit_out, y_out in columns[position + 1].items():
                weight = float(weights[unit_out, unit_in] / largest)
                ax.plot(
                    [position * across, (position + 1) * across],
                    [y_in, y_out],
                    "-" if weight >= 0 else "--",
                    color=COLORS["blue"] if weight >= 0 else COLORS["vermilion"],
                    linewidth=0.3 + 1.7 * abs(weight),
                    zorder=1,
                )
    for position, column in enumerate(columns):
        x = position * across
        for y in column.values():
            ax.add_patch(Circle((x, y), 0.32, facecolor=COLORS["grey"], edgecolor=ink(), zorder=2))
        n_units = linear[0].n_in if position == 0 else linear[position - 1].n_out
        if n_units > len(column):
            ax.text(x, 0, "⋮", ha="center", va="center", fontsize="x-large")
        ax.text(x, depth, _caption(layers, linear, position), ha="center", va="top")
    ax.set_xlim(-1.5, (len(columns) - 1) * across + 1.5)
    ax.set_ylim(depth - 1.8, -depth - 0.2)
    ax.set_aspect("equal")
    return ax


class _Layer(NamedTuple):
    name: str
    module: nn.Module
    n_in: int
    n_out: int


def _layers(model: nn.Sequential) -> list[_Layer]:
    rule = "be an nn.Sequential that starts with a linear layer"
    if not isinstance(model, nn.Sequential):
        raise TypeError(refusal("model", rule, type(model).__name__))
    layers: list[_Layer] = []
    for name, module in model.named_children():
        if isinstance(module, nn.Linear):
            layers.append(_Layer(name, module, module.in_features, module.out_features))
        elif layers and not any(True for _ in module.parameters()):
            layers.append(_Layer(name, module, layers[-1].n_out, layers[-1].n_out))
        else:
            mend = "Only linear layers, and activations after them, can be drawn."
            raise TypeError(refusal("model", rule, f"{name}: {type(module).__name__}", mend))
    if not layers:
        raise TypeError(refusal("model", rule, "an empty one"))
    return layers


def _heights(n_units: int) -> dict[int, float]:
    # Which units are drawn, and how high: all, or the first and last of a wide layer.
    if n_units <= _MOST_UNITS:
        return {unit: (n_units - 1) / 2 - unit for unit in range(n_units)}
    half = _MOST_UNITS // 2
    first = {unit: half - unit + 0.5 for unit in range(half)}
    return first | {n_units - 1 - unit: -height for unit, height in first.items()}


def _caption(layers: list[_Layer], linear: list[_Layer], position: int) -> str:
    if position == 0:
        return f"input\n{linear[0].n_in}"
    layer = linear[position - 1]
    after = layers.index(layer) + 1
    activation = ""
    if after < len(layers) and not isinstance(layers[after].module, nn.Linear):
        activation = f", then {type(layers[after].module).__name__}"
    role = "output" if position == len(linear) else "hidden layer"
    return f"{role}\n{layer.n_out}{activation}"


def _bare(ax: Axes) -> None:
    ax.set_axis_off()
    ax.grid(visible=False)
