"""Figures of samples, runs and networks: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Circle
from torch import nn

import nnbook
from nnbook import GradientNorms, History, Samples, plots


def texts(ax):
    return [text.get_text() for text in ax.texts]


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points(ax):
    (markers,) = ax.collections
    return np.asarray(markers.get_offsets())


@pytest.fixture
def recorded(split):
    """Give the gradient norms of a short run."""
    model, norms = nnbook.mlp(1, 3, 1), GradientNorms()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    nnbook.fit(model, split.train, optimizer=optimizer, epochs=4, callbacks=[norms])
    return norms


# What all have in common


def bowl(params):
    return params[0] ** 2 + 9 * params[1] ** 2 + 1


@pytest.fixture(
    params=[
        "samples",
        "curve",
        "residuals",
        "diagram",
        "learning_loop",
        "blocks",
        "network",
        "losses",
        "gradient_norms",
        "loss_surface",
    ]
)
def draw(request, recorded):
    """Give each plotting function in turn, with what it is to draw."""
    data = nnbook.load_thermometer()
    arguments = {
        "samples": [data],
        "curve": [torch.tanh, (-2.0, 2.0)],
        "residuals": [nnbook.least_squares(data), data],
        "diagram": [{"a": (0.0, 0.0, "a"), "b": (1.0, 0.0, "b")}, [("a", "b", "")]],
        "learning_loop": ["w u + b"],
        "blocks": [nnbook.mlp(1, 3, 1)],
        "network": [nnbook.mlp(1, 3, 1)],
        "losses": [History(torch.tensor([8.0, 2.0]))],
        "gradient_norms": [recorded],
        "loss_surface": [bowl, (-2.0, 2.0), (-2.0, 2.0)],
    }[request.param]
    function = getattr(plots, request.param)
    return lambda ax=None: function(*arguments, ax)


def test_a_plot_is_drawn_in_the_axes_given(draw):
    _, (left, right) = plt.subplots(1, 2)
    assert draw(right) is right
    assert right.has_data() or right.texts
    assert not left.has_data()
    assert not left.texts
    assert len(plt.get_fignums()) == 1


def test_a_plot_without_axes_opens_a_figure(draw):
    first, second = draw(), draw()
    assert first.figure is not second.figure
    assert len(plt.get_fignums()) == 2


def test_a_plot_is_not_shown(draw, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda *_, **__: shown.append("pyplot"))
    monkeypatch.setattr(plt.Figure, "show", lambda *_, **__: shown.append("figure"))
    draw().figure.canvas.draw()
    assert shown == []


# Samples and curves


def test_samples_are_drawn_where_they_lie_and_named_with_their_units():
    data = nnbook.load_thermometer()
    ax = plots.samples(data, label="readings")
    np.testing.assert_array_equal(points(ax), torch.cat([data.inputs, data.targets], dim=1))
    assert ax.get_xlabel() == "reading (unknown unit)"
    assert ax.get_ylabel() == "temperature (°C)"
    ax.legend()
    assert labels(ax) == ["readings"]


def test_samples_of_several_columns_are_drawn_over_the_one_asked_for():
    inputs = torch.tensor([[1.0, 10.0], [2.0, 30.0]])
    ax = plots.samples(Samples(inputs, inputs[:, :1], input_names=["a", "b"]), column=1)
    assert points(ax)[:, 0].tolist() == [10.0, 30.0]
    assert ax.get_xlabel() == "b"


def test_samples_of_classes_are_drawn_at_their_class_numbers():
    ax = plots.samples(Samples(torch.tensor([[1.0], [2.0]]), torch.tensor([1, 0])))
    assert points(ax)[:, 1].tolist() == [1, 0]
    assert ax.get_ylabel() == "class"


def test_a_curve_is_drawn_from_end_to_end():
    ax = plots.curve(lambda u: u**2, (-1.0, 3.0), points=5, color="red", label="square")
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [-1.0, 0.0, 1.0, 2.0, 3.0]
    assert line.get_ydata().tolist() == [1.0, 0.0, 1.0, 4.0, 9.0]
    assert (line.get_color(), line.get_label()) == ("red", "square")


def test_a_model_can_be_drawn_as_a_curve():
    model = nnbook.mlp(1, 3, 1)
    (line,) = plots.curve(model, (0.0, 1.0)).lines
    expected = model(torch.linspace(0, 1, 300).unsqueeze(1)).detach().squeeze(1)
    np.testing.assert_array_equal(line.get_ydata(), expected)


@pytest.mark.parametrize("predict", [torch.flatten, lambda u: u.repeat(1, 2)], ids=["flat", "two"])
def test_a_curve_of_another_shape_is_refused(predict, refused):
    with refused(ValueError, "`predict` must return shape (5, 1) for inputs of that shape, got a"):
        plots.curve(predict, (0.0, 1.0), points=5)


def test_residuals_are_drawn_as_stems_of_their_length():
    data = nnbook.load_thermometer()
    line = nnbook.least_squares(data)
    ax = plots.residuals(line, data)
    stems, markers = ax.collections
    heights = line.residuals.squeeze(1).numpy()
    ends = np.array([segment[:, 1] for segment in stems.get_segments()])
    np.testing.assert_allclose(np.abs(ends).max(axis=1), np.abs(heights))
    np.testing.assert_allclose(ends.sum(axis=1), heights)
    np.testing.assert_allclose(markers.get_offsets()[:, 1], heights)
    np.testing.assert_array_equal(markers.get_offsets()[:, 0], data.inputs.squeeze(1))
    assert ax.get_xlabel() == "reading (unknown unit)"
    assert ax.get_ylabel() == "residual (°C)"


def test_residuals_without_a_unit_are_labelled_without_one():
    rows = torch.tensor([[1.0], [2.0], [4.0]])
    data = Samples(rows, rows**2)
    assert plots.residuals(nnbook.least_squares(data), data).get_ylabel() == "residual"


def test_residuals_of_other_rows_are_refused(split, readings, refused):
    with refused(ValueError, "`data` must have the 11 rows that were fitted, got 9 rows."):
        plots.residuals(nnbook.least_squares(readings), split.train)


# Runs


def test_losses_are_drawn_over_the_epochs_from_1():
    history = History(torch.tensor([8.0, 2.0, 1.0]), torch.tensor([9.0, 4.0, 3.0]))
    ax = plots.losses(history, unit="°C²")
    train, val = ax.lines
    for line, expected in ((train, history.train_loss), (val, history.val_loss)):
        assert list(line.get_xdata()) == [1, 2, 3]
        np.testing.assert_array_equal(line.get_ydata(), expected)
    assert labels(ax) == ["training", "validation"]
    assert train.get_linestyle() != val.get_linestyle()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (°C²)")
    assert ax.get_yscale() == "log"


def test_losses_without_validation_are_one_line():
    ax = plots.losses(History(torch.tensor([8.0, 2.0])))
    assert labels(ax) == ["training"]
    assert ax.get_ylabel() == "loss"


def test_losses_of_two_runs_are_told_apart_by_their_names():
    ax = plots.losses(History(torch.tensor([8.0, 2.0])), name="line")
    plots.losses(History(torch.tensor([8.0, 2.0])), ax, name="network")
    assert labels(ax) == ["line, training", "network, training"]


def test_gradient_norms_are_a_line_for_each_parameter(recorded):
    ax = plots.gradient_norms(recorded)
    names = ["hidden_linear.weight", "hidden_linear.bias"]
    names += ["output_linear.weight", "output_linear.bias"]
    assert labels(ax) == names
    for line, name in zip(ax.lines, names, strict=True):
        assert list(line.get_xdata()) == [1, 2, 3, 4]
        np.testing.assert_array_equal(line.get_ydata(), recorded.norms[name])
    assert len({line.get_linestyle() for line in ax.lines}) == 4


def test_the_lines_of_a_loss_surface_run_where_the_loss_is_their_level():
    ax = plots.loss_surface(bowl, (-3.0, 3.0), (-2.0, 2.0), points=201)
    (contours,) = ax.collections
    checked = 0
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        if len(path.vertices):
            losses = bowl(path.vertices.T)
            np.testing.assert_allclose(losses, level, rtol=0.01)
            checked += 1
    assert checked > 10


def test_the_paths_of_a_loss_surface_are_drawn_from_start_to_end():
    straight = torch.tensor([[2.0, 1.0], [1.0, 0.1]])
    winding = torch.tensor([[2.0, 1.0], [1.0, 1.0], [0.5, 0.0]])
    paths = {"straight": straight, "winding": winding}
    ax = plots.loss_surface(bowl, (-3.0, 3.0), (-2.0, 2.0), paths=paths)
    assert labels(ax) == ["straight", "winding", "start"]
    drawn = {line.get_label(): line for line in ax.lines}
    np.testing.assert_array_equal(drawn["winding"].get_xydata(), winding)
    np.testing.assert_array_equal(drawn["start"].get_xydata(), [[2.0, 1.0]])
    assert drawn["straight"].get_color() != drawn["winding"].get_color()
    assert drawn["straight"].get_linestyle() != drawn["winding"].get_linestyle()


@pytest.mark.parametrize("shape", [(3,), (3, 3)], ids=str)
def test_paths_of_another_shape_are_refused(shape, refused):
    message = "`paths['descent']` must have shape (steps, 2), got a float32 tensor of shape (3,"
    with refused(ValueError, message):
        plots.loss_surface(bowl, (-3.0, 3.0), (-2.0, 2.0), paths={"descent": torch.zeros(shape)})


# Diagrams


def test_a_diagram_shows_its_boxes_where_they_were_placed():
    boxes = {"a": (0.0, 0.0, "model"), "b": (2.0, 1.0, "loss")}
    ax = plots.diagram(boxes, [("a", "b", "outputs")], highlighted=["b"])
    drawn = {text.get_text(): text for text in ax.texts}
    assert drawn["model"].get_position() == (0.0, 0.0)
    assert drawn["loss"].get_position() == (2.0, 1.0)
    assert drawn["outputs"].get_position() == (1.0, 0.5)
    edges = [drawn[text].get_bbox_patch() for text in ("model", "loss")]
    assert edges[1].get_linewidth() > edges[0].get_linewidth()
    assert to_hex(edges[1].get_edgecolor()) == plots.COLORS["vermilion"]
    assert to_hex(edges[0].get_edgecolor()) != plots.COLORS["vermilion"]


def test_an_arrow_leads_from_its_first_box_to_its_second():
    boxes = {"a": (0.0, 0.0, "a"), "b": (2.0, 1.0, "b"), "c": (2.0, -3.0, "c")}
    ax = plots.diagram(boxes, [("a", "b", ""), ("b", "c", "down")])
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert [(arrow.xyann, arrow.xy) for arrow in arrows] == [
        ((0.0, 0.0), (2.0, 1.0)),
        ((2.0, 1.0), (2.0, -3.0)),
    ]
    (words,) = [text for text in ax.texts if "down" in text.get_text()]
    assert words.get_position() == (2.0, -1.0)
    assert words.get_ha() == "left", "the words stand beside an arrow that goes down"


def test_all_boxes_lie_within_the_axes():
    ax = plots.diagram({"a": (-5.0, 2.0, "a"), "b": (9.0, -4.0, "b")}, [])
    assert ax.get_xlim()[0] < -5 < 9 < ax.get_xlim()[1]
    assert ax.get_ylim()[0] < -4 < 2 < ax.get_ylim()[1]


def test_an_arrow_to_nowhere_is_refused(refused):
    with refused(ValueError, "`arrows` must join boxes of ['a'], got 'b'."):
        plots.diagram({"a": (0.0, 0.0, "a")}, [("a", "b", "")])


def test_the_learning_loop_names_its_model_and_leads_round():
    ax = plots.learning_loop("w u + b")
    assert "model\nw u + b" in texts(ax)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == 6
    # From the model through loss, gradient and update, back to the model.
    path = [arrows[0].xy]
    for _ in range(4):
        path.append(next(arrow.xy for arrow in arrows if arrow.xyann == path[-1]))
    assert path[0] == path[-1]
    assert len(set(path)) == 4


def test_blocks_show_each_module_and_the_shapes_between():
    shown = texts(plots.blocks(nnbook.mlp(2, [5, 4], 3, activation=nn.ReLU)))
    assert [text for text in shown if "\n" in text] == [
        "hidden_linear_1\nLinear(2, 5)",
        "hidden_activation_1\nReLU",
        "hidden_linear_2\nLinear(5, 4)",
        "hidden_activation_2\nReLU",
        "output_linear\nLinear(4, 3)",
    ]
    shapes = [text.strip() for text in shown if "batch" in text]
    widths = [2, 5, 5, 4, 4, 3]
    assert shapes == [f"(batch, {width})" for width in widths]


def test_a_network_has_a_circle_for_each_unit_and_a_line_for_each_weight():
    ax = plots.network(nnbook.mlp(2, [5, 4], 3))
    assert sum(isinstance(patch, Circle) for patch in ax.patches) == 2 + 5 + 4 + 3
    assert len(ax.lines) == 2 * 5 + 5 * 4 + 4 * 3
    assert texts(ax) == [
        "input\n2",
        "hidden layer\n5, then Tanh",
        "hidden layer\n4, then Tanh",
        "output\n3",
    ]


def test_a_network_shows_size_and_sign_of_its_weights():
    model = nn.Sequential(nn.Linear(2, 2))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0.5], [-2.0, 0.0]]))
    lines = {}
    for line in plots.network(model).lines:
        start, end = line.get_ydata()
        lines[start > 0, end > 0] = line  # the first unit of a layer stands above the second
    one, half = lines[True, True], lines[False, True]
    minus_two, zero = lines[True, False], lines[False, False]
    assert [line.get_linestyle() for line in (one, half, minus_two)] == ["-", "-", "--"]
    assert one.get_color() == half.get_color() != minus_two.get_color()
    widths = [line.get_linewidth() for line in (minus_two, one, half, zero)]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 4
    assert widths[-1] > 0


def test_a_network_of_zero_weights_can_be_drawn():
    model = nn.Sequential(nn.Linear(1, 2))
    nn.init.zeros_(model[0].weight)
    assert len({line.get_linewidth() for line in plots.network(model).lines}) == 1


@pytest.mark.parametrize(("n_units", "n_drawn"), [(16, 16), (17, 16), (100, 16)])
def test_a_wide_layer_is_drawn_in_part(n_units, n_drawn):
    ax = plots.network(nnbook.mlp(1, n_units, 1))
    assert len(ax.patches) == 1 + n_drawn + 1
    assert texts(ax).count("⋮") == (n_units > n_drawn)
    assert f"hidden layer\n{n_units}, then Tanh" in texts(ax)
    places = [patch.center for patch in ax.patches]
    assert len(set(places)) == len(places)


def test_a_wide_layer_shows_its_first_and_last_weights():
    model = nn.Sequential(nn.Linear(1, 100))
    weights = model[0].weight
    nn.init.constant_(weights, 0.5)
    with torch.no_grad():
        weights[8:92] = -0.5  # not drawn
        weights[7] = weights[99] = 1.0
    lines = sorted(plots.network(model).lines, key=lambda line: -line.get_ydata()[1])
    assert {line.get_linestyle() for line in lines} == {"-"}
    widest = [line.get_linewidth() > 1.5 for line in lines]
    assert len(widest) == 16
    assert [number for number, wide in enumerate(widest) if wide] == [7, 15]


@pytest.mark.unchecked
@pytest.mark.parametrize("draw_model", [plots.blocks, plots.network], ids=["blocks", "network"])
@pytest.mark.parametrize(
    ("model", "got"),
    [
        (nnbook.SubclassModel(), "SubclassModel"),
        (nn.Sequential(nn.Tanh()), "0: Tanh"),
        (nn.Sequential(nn.Linear(1, 2), nn.PReLU()), "1: PReLU"),
        (nn.Sequential(), "an empty one"),
    ],
    ids=["subclass", "activation first", "with parameters", "empty"],
)
def test_what_is_no_chain_of_layers_is_refused(draw_model, model, got, refused):
    rule = "be an nn.Sequential that starts with a linear layer"
    with refused(TypeError, f"`model` must {rule}, got {got}."):
        draw_model(model)


# The look


def contrast(one, other):
    """Compute the contrast of two colours as WCAG 2 defines it."""

    def luminance(color):
        channels = np.array(to_rgb(color))
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return linear @ [0.2126, 0.7152, 0.0722]

    lighter, darker = sorted([luminance(one), luminance(other)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_21_between_black_and_white():
    assert contrast("black", "white") == pytest.approx(21)


@pytest.mark.parametrize("background", ["#ffffff", "#131416"], ids=["white", "near-black"])
@pytest.mark.parametrize("name", plots.COLORS)
def test_each_colour_stands_out_on_light_and_on_dark(name, background):
    assert contrast(plots.COLORS[name], background) >= 3


def test_no_two_colours_are_the_same():
    assert len(set(plots.COLORS.values())) == len(plots.COLORS) == 5


def test_the_style_draws_all_ink_in_one_colour():
    with plt.rc_context(plots.STYLE):
        ax = plots.losses(History(torch.tensor([8.0, 2.0])))
        boxes = plots.diagram({"a": (0.0, 0.0, "a")}, [])
        inked = [ax.xaxis.label.get_color(), ax.spines["left"].get_edgecolor()]
        inked.append(boxes.texts[0].get_bbox_patch().get_edgecolor())
    assert [to_hex(color) for color in inked] == [plots.INK] * 3


def test_the_style_cycles_through_the_colours():
    with plt.rc_context(plots.STYLE):
        _, ax = plt.subplots()
        drawn = [ax.plot([0, 1])[0].get_color() for _ in plots.COLORS]
    assert drawn == list(plots.COLORS.values())


# Words for those who cannot see


def test_the_words_for_a_figure_are_kept_in_it():
    figure, (left, right) = plt.subplots(1, 2)
    plots.describe(right, "Two empty\n    frames.")
    assert figure.get_label() == "Two empty frames."
    plots.describe(figure, "Two frames.")
    assert figure.get_label() == "Two frames."
    assert left.get_label() != "Two frames."


def test_the_words_for_a_part_of_a_figure_are_kept_in_the_whole():
    figure = plt.figure()
    part, _ = figure.subfigures(1, 2)
    plots.describe(part.subfigures(1, 2)[0].subplots(), "Two halves.")
    assert figure.get_label() == "Two halves."


@pytest.mark.parametrize("text", ["", "  \n"], ids=["nothing", "blank"])
def test_a_figure_without_words_is_refused(text, refused):
    with refused(ValueError, "`text` must say what the figure shows, got nothing."):
        plots.describe(plt.figure(), text)


# What cannot be drawn

DATA = nnbook.load_thermometer()
HISTORY = nnbook.History(torch.ones(2))
UNDRAWN = {
    "axes": (lambda: plots.samples(DATA, "ax"), "`ax` must be plane Axes of matplotlib or None"),
    "data": (lambda: plots.samples([1, 2]), "`data` must be Samples, got [1, 2]."),
    "column": (lambda: plots.samples(DATA, column=1), "`column` must be the number of an input, 0"),
    "colour": (lambda: plots.samples(DATA, color="loud"), "`color` must be a colour of matplotlib"),
    "marker": (lambda: plots.samples(DATA, marker="loud"), "`marker` must be a marker of"),
    "points": (
        lambda: plots.curve(torch.tanh, (0, 1), points=10**12),
        "`points` must be at most 1,000,000, got 1000000000000.",
    ),
    "ends": (lambda: plots.curve(torch.tanh, (1, 0)), "`between` must be two rising numbers, got"),
    "class": (lambda: plots.curve(torch.nn.Tanh, (0, 1)), "`predict` must return shape (300, 1)"),
    "layer": (lambda: plots.curve(torch.nn.Linear(3, 1), (0, 1)), "`predict` must return shape"),
    "option": (lambda: plots.curve(torch.tanh, (0, 1), loud=1), "`line` must be options of"),
    "columns": (
        lambda: plots.curve_grid({"tanh": torch.tanh}, (0, 1), columns=10**6),
        "`columns` must be at most 100, got 1000000.",
    ),
    "history": (lambda: plots.losses(DATA), "`history` must be a History, got Samples("),
    "unit": (lambda: plots.losses(HISTORY, unit=3), "`unit` must be a text, got 3."),
    "bins": (
        lambda: plots.slope_histogram({"a": torch.ones(2)}, bins=10**9),
        "`bins` must be at most 10,000, got 1000000000.",
    ),
    "slopes": (
        lambda: plots.slope_histogram({"a": torch.tensor([torch.nan])}),
        "`slopes['a']` must be a dense tensor of finite numbers, got",
    ),
    "loss": (
        lambda: plots.loss_surface(lambda p: p, (0, 1), (0, 1), points=3),
        "`loss` must take parameters of shape (2,) and return a real number of shape (), got",
    ),
    "boxes": (lambda: plots.diagram({"a": 1}, []), "`boxes['a']` must map names to two numbers"),
    "box names": (
        lambda: plots.diagram({1: (0.0, 0.0, "a")}, []),
        "`boxes` must map names to two numbers and a text, got 1.",
    ),
    "figure": (lambda: plots.describe("figure", "words"), "`drawn` must be Axes or a Figure, got"),
    "model": (lambda: plots.network("mlp"), "`model` must be an nn.Sequential that starts with"),
}


@pytest.mark.unchecked
@pytest.mark.parametrize("case", UNDRAWN)
def test_what_cannot_be_drawn_is_refused_by_name_and_leaves_no_figure(case, refused):
    call, message = UNDRAWN[case]
    with refused((TypeError, ValueError), message):
        call()
    assert plt.get_fignums() == []


def test_a_loss_that_is_the_same_everywhere_can_be_drawn():
    plots.loss_surface(lambda p: 0 * p[0] + 3, (0.0, 1.0), (0.0, 1.0), points=3)
