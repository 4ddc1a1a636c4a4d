"""The figures that readers turn: Vega-Lite, written by Altair from nnbook's own numbers.

Each function returns a figure for `explorers.py`. Its signal `words` says in words what is seen; it
is read to whoever listens to the page. Run as a script, this writes one of them to standard output:
a sweep needs a process without Sphinx.

    $ python docs/_ext/explorer_specs.py one-neuron
"""

import json
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import altair as alt
import torch

import nnbook
from nnbook import activations, neurons
from nnbook.plots import COLORS

BLUE, VERMILION, GREEN, GREY = (COLORS[name] for name in ("blue", "vermilion", "green", "grey"))
FORMULAS = {
    "tanh": "1 - 2 / (exp(2 * ({0})) + 1)",
    "Hardtanh": "clamp({0}, -1, 1)",
    "Sigmoid": "1 / (1 + exp(-({0})))",
    "ReLU": "max({0}, 0)",
    "none": "({0})",
}


def slider(name: str, label: str, value: float, limit: float = 5.0, step: float = 0.05) -> Any:
    """Make a number that a slider sets."""
    bind = alt.binding_range(min=-limit, max=limit, step=step, name=label)
    return alt.param(name=name, value=value, bind=bind)


def choice(name: str, label: str, options: list[Any], value: Any = None) -> Any:
    """Make a value that is chosen from a list."""
    first = options[0] if value is None else value
    return alt.param(name=name, value=first, bind=alt.binding_select(options=options, name=label))


def words(expression: str) -> Any:
    """Make the text that tells what is seen."""
    return alt.param(name="words", expr=expression)


def lines(kinds: dict[str, tuple[str, list[int]]], low: float, high: float) -> Any:
    """Draw `o` over `x`, a line for each `line`, with its colour and its dash."""
    names = list(kinds)
    colors = alt.Scale(domain=names, range=[color for color, _ in kinds.values()])
    dashes = alt.Scale(domain=names, range=[dash for _, dash in kinds.values()])
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=400, columns=2)
    return alt.Chart().encode(
        x=alt.X("x:Q").title("input x").scale(domain=[-3, 3]),
        y=alt.Y("o:Q").title("output").scale(domain=[low, high]),
        color=alt.Color("line:N").scale(colors).legend(legend),
        strokeDash=alt.StrokeDash("line:N").scale(dashes).legend(legend),
        order="x:Q",
    )


def one_neuron() -> Any:
    """Draw a neuron, with sliders for its weight and its bias."""
    total = "w * datum.x + b"
    parts = [f"f === '{name}' ? {form.format(total)}" for name, form in FORMULAS.items()]
    kinds = {"w x + b": (GREY, [4, 4]), "o = f(w x + b)": (BLUE, [1, 0])}
    text = (
        "'Weight ' + format(w, '.2f') + ', bias ' + format(b, '.2f') + ', ' + "
        "(f === 'none' ? 'no function' : f) + ': it ' + (w === 0 ? 'is level everywhere.' : "
        "(w > 0 ? 'rises' : 'falls') + ', and w x + b is 0 at x = ' + format(-b / w, '.2f') + '.')"
    )
    return (
        lines(kinds, -3, 3)
        .properties(data=alt.sequence(-3, 3.001, 0.02, as_="x"))
        .transform_calculate(**{"w x + b": total, "o = f(w x + b)": f"{' : '.join(parts)} : 0"})
        .transform_fold(list(kinds), as_=["line", "o"])
        .mark_line(clip=True, aria=False)
        .add_params(
            slider("w", "weight w", 2.0),
            slider("b", "bias b", -1.0),
            choice("f", "function f", list(FORMULAS)),
            words(text),
        )
    )


def composed() -> Any:
    """Draw neurons that are added and put into each other."""
    tanh = FORMULAS["tanh"].format
    inner = {name: tanh(f"w{name} * datum.x + b{name}") for name in "AB"}
    total = f"({inner['A']} + {inner['B']})"
    outer = {name: tanh(f"w{name} * {total} + b{name}") for name in "CD"}
    shown = {
        "A + B": total,
        "A - B": f"{inner['A']} - ({inner['B']})",
        "C(A + B)": outer["C"],
        "D(A + B)": outer["D"],
        "C(A + B) + D(A + B)": f"{outer['C']} + {outer['D']}",
    }
    kinds = {"A": (GREY, [1, 2]), "B": (VERMILION, [6, 3]), "the curve chosen": (BLUE, [1, 0])}
    parts = [f"shown === '{name}' ? {formula}" for name, formula in shown.items()]
    outputs = {**inner, "the curve chosen": f"{' : '.join(parts)} : 0"}
    # The book's own numbers are where the sliders start.
    knobs = [
        slider(f"{letter}{curve.name}", f"{kind} of {curve.name}", value)
        for curve in neurons.BOOK_NEURONS
        for letter, kind, value in zip("wb", ("weight", "bias"), numbers_of(curve), strict=True)
    ]
    told = " + ', ' + ".join(
        f"'{name} is tanh(' + format(w{name}, '.2f') + ' x ' + "
        f"(b{name} < 0 ? '− ' : '+ ') + format(abs(b{name}), '.2f') + ')'"
        for name in "ABCD"
    )
    return (
        lines(kinds, -2.2, 2.2)
        .properties(data=alt.sequence(-3, 3.001, 0.02, as_="x"))
        .transform_calculate(**outputs)
        .transform_fold(list(kinds), as_=["line", "o"])
        .mark_line(clip=True, aria=False)
        .add_params(
            choice("shown", "curve", list(shown)), *knobs, words(f"shown + ': ' + {told} + '.'")
        )
    )


def numbers_of(curve: neurons.Curve) -> tuple[float, float]:
    """Return the weight and the bias of a neuron with tanh, from two of its outputs."""
    at_0, at_half = curve(torch.tensor([0.0, 0.25], dtype=torch.float64)).atanh().tolist()
    return round(4 * (at_half - at_0), 6), round(at_0, 6)


def catalogue() -> Any:
    """Draw each activation of the catalogue with its derivative."""
    x = torch.linspace(-3, 3, 121, dtype=torch.float64)
    rows = [
        {"name": name, "x": place, "function f(x)": value, "derivative f′(x)": slope}
        for name, activation in activations.CATALOGUE.items()
        for place, value, slope in rows_of(activation, x)
    ]
    told = {
        name: f"its values go {between(*activation.bounds)}; it is sensitive {where(activation)}."
        for name, activation in activations.CATALOGUE.items()
    }
    kinds = {
        "function f(x)": (BLUE, [1, 0]),
        "derivative f′(x)": (VERMILION, [6, 3]),
        "y = x": (GREY, [1, 3]),
    }
    text = f"{json.dumps(told, ensure_ascii=False)}[chosen]"
    return (
        lines(kinds, -3, 3)
        .properties(data=alt.Data(values=rows))
        .transform_filter("datum.name === chosen")
        .transform_calculate(**{"y = x": "datum.x"})
        .transform_fold(list(kinds), as_=["line", "o"])
        .mark_line(clip=True, aria=False)
        .add_params(
            choice("chosen", "activation", list(activations.CATALOGUE)),
            words(f"chosen + ': ' + {text}"),
        )
    )


def rows_of(activation: activations.Activation, x: torch.Tensor) -> Iterator[tuple[Any, ...]]:
    """Give input, value and slope; the line is broken where the function or its slope jumps."""
    slopes = activations.derivative(activation, x)
    numbers = zip(x.tolist(), activation(x).tolist(), slopes.tolist(), strict=True)
    for place, value, slope in numbers:
        is_jump = any(abs(place - jump) < 1e-9 for jump in activation.jumps)
        is_corner = is_jump or any(abs(place - kink) < 1e-9 for kink in activation.kinks)
        yield (
            round(place, 4),
            None if is_jump else round(value, 5),
            None if is_corner else round(slope, 5),
        )


def where(activation: activations.Activation) -> str:
    """Say where an activation is sensitive."""
    ranges = [between(low, high) for low, high in activation.sensitive_ranges]
    return " and ".join(ranges).replace(between(-math.inf, math.inf), "everywhere")


def between(low: float, high: float) -> str:
    """Write a range, to three digits."""
    return f"from {low:.3g} to {high:.3g}".replace("-", "−").replace("inf", "∞")


# The runs of page 6.2, in its order.
PAIRS = [(row, (row + gap) % 11) for gap in (1, 2) for row in range(11)]
UNITS = {"none": (), "1": 1, "3": 3, "13": 13, "50": 50}
WAYS: dict[str, dict[str, Any]] = {
    f"SGD {rate:g}": {"lr": rate} for rate in (1e-4, 1e-3, 1e-2, 1e-1)
}
WAYS["Adam 0.01"] = {"lr": 1e-2, "optimizer": "adam"}


def swept() -> tuple[list[tuple[str, str, int]], nnbook.SweepResult]:
    """Train the 550 networks of page 6.2."""
    torch.set_num_threads(1)
    raw = nnbook.load_thermometer()
    data = raw.with_inputs(0.1 * raw.inputs)
    names = [(units, way, seed) for units in UNITS for way in WAYS for seed in range(len(PAIRS))]
    runs = [
        {"hidden": UNITS[units], "val_rows": PAIRS[seed], "seed": seed, **WAYS[way]}
        for units, way, seed in names
    ]
    return names, nnbook.sweep(data, runs=runs, epochs=5000, history_every=4999)


def sweep() -> Any:
    """Draw every run of page 6.2: its training and held-out loss at the end."""
    names, result = swept()
    assert result.val_loss is not None
    rows = [
        {"units": units, "way": way, "seed": seed, "train": train, "val": val}
        for (units, way, seed), train, val in zip(
            names, last(result.train_loss), last(result.val_loss), strict=True
        )
    ]
    powers = {
        kind: [10.0**power for power in range(math.floor(low), math.ceil(high) + 1)]
        for kind in ("train", "val")
        for ends in [[math.log10(row[kind]) for row in rows if isinstance(row[kind], float)]]
        for low, high in [(min(ends), max(ends))]
    }
    everything = "all"
    units, ways = list(UNITS), list(WAYS)
    is_shown = (
        f"(units === '{everything}' || datum.units === units) && "
        f"(way === '{everything}' || datum.way === way)"
    )
    tooltip = [
        alt.Tooltip("units:N", title="hidden units"),
        alt.Tooltip("way:N", title="optimizer and rate"),
        alt.Tooltip("seed:Q", title="seed"),
        alt.Tooltip("train:Q", title="training loss (°C²)", format=".3g"),
        alt.Tooltip("val:Q", title="held-out loss (°C²)", format=".3g"),
    ]
    shapes = ["cross", "circle", "square", "triangle-up", "diamond"]
    colors = [GREY, BLUE, GREEN, VERMILION, COLORS["purple"]]
    legend = alt.Legend(title="hidden units", orient="top", columnPadding=6)
    base = alt.Chart(alt.Data(values=rows)).transform_filter(
        "datum.train !== null && datum.val !== null"
    )
    points = (
        base.transform_filter(is_shown)
        .mark_point(filled=False, aria=False, clip=True)
        .encode(
            x=alt.X("train:Q")
            .title("training loss (°C²)")
            .scale(type="log", domain=[powers["train"][0], powers["train"][-1]])
            .axis(values=powers["train"]),
            y=alt.Y("val:Q")
            .title("held-out loss (°C²)")
            .scale(type="log", domain=[powers["val"][0], powers["val"][-1]])
            .axis(values=powers["val"]),
            color=alt.Color("units:N").scale(domain=units, range=colors).legend(legend),
            shape=alt.Shape("units:N").scale(domain=units, range=shapes).legend(legend),
            size=alt.condition("datum.seed === seed", alt.value(220), alt.value(28)),
            opacity=alt.condition("datum.seed === seed", alt.value(1), alt.value(0.75)),
            strokeWidth=alt.condition("datum.seed === seed", alt.value(3), alt.value(1.5)),
            tooltip=tooltip,
        )
    )
    text = (
        "'Seed ' + seed + ', rows held out: ' + "
        f"{json.dumps([f'{one} and {other}' for one, other in PAIRS])}[seed] + "
        f"'; hidden units: ' + units + '; optimizer and rate: ' + way + '. ' + "
        f"{json.dumps(summaries(rows), ensure_ascii=False)}[units + ', ' + way + ', ' + seed]"
    )
    return points.add_params(
        choice("units", "hidden units", [everything, *units], "13"),
        choice("way", "optimizer and rate", [everything, *ways], "Adam 0.01"),
        alt.param(
            name="seed",
            value=0,
            bind=alt.binding_range(min=0, max=len(PAIRS) - 1, step=1, name="seed"),
        ),
        words(f"replace({text}, 'undefined', 'Choose units and rate to read one run.')"),
    )


def last(losses: torch.Tensor) -> list[float | None]:
    """Return the losses at the end, four digits of them; None where a run diverged."""
    return [
        float(f"{loss:.4g}") if math.isfinite(loss) else None for loss in losses[:, -1].tolist()
    ]


def summaries(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Say in words how each run ended."""
    return {
        f"{row['units']}, {row['way']}, {row['seed']}": "This run diverged."
        if row["train"] is None
        else f"Training loss {row['train']:.3g}, held-out loss {row['val']:.3g} °C²."
        for row in rows
    }


SPECS: dict[str, Callable[[], Any]] = {
    "one-neuron": one_neuron,
    "composed": composed,
    "catalogue": catalogue,
    "sweep": sweep,
}


def specification(name: str) -> dict[str, Any]:
    """Return a figure as Vega-Lite; it is as wide as its place."""
    chart = SPECS[name]().properties(width="container", height=300)
    chart = chart.properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    found: dict[str, Any] = json.loads(chart.to_json())
    del found["$schema"]
    return {**found, "background": None}  # that of the page


if __name__ == "__main__":
    print(json.dumps(specification(sys.argv[1]), ensure_ascii=False, separators=(",", ":")))
