"""Training graphs: against `fit`, over all their kinds, and what they refuse."""

import copy
import json
import re
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import nnbook
from nnbook import DivergenceError, Samples, TrainingGraph, fit, mlp
from nnbook.activations import CATALOGUE
from nnbook.graph import _export

# Many epochs are trained, and an export calls small functions many times.
pytestmark = pytest.mark.unchecked

OPTIMIZERS = {
    "sgd": lambda model, lr: torch.optim.SGD(model.parameters(), lr=lr),
    "momentum": lambda model, lr: torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9),
    "adam": lambda model, lr: torch.optim.Adam(model.parameters(), lr=lr),
}
DEEP = {"optimizer": "adam", "n_in": 3, "hidden": (2, 2), "n_out": 3}
LOSSES = {"mse": nn.MSELoss(), "cross_entropy": nn.CrossEntropyLoss()}


@pytest.fixture(scope="module")
def graph_of():
    """Give a function that exports each kind of graph once: an export takes seconds."""
    graphs = {}

    def graph(optimizer="sgd", *, n_in=1, hidden=2, n_out=1, loss="mse", activation="Tanh"):
        kind = (optimizer, n_in, hidden, n_out, loss, activation)
        if kind not in graphs:
            model = mlp(n_in, hidden, n_out, activation=CATALOGUE[activation].make)
            graphs[kind] = TrainingGraph.of(model, loss=LOSSES[loss], optimizer=optimizer)
        return graphs[kind]

    return graph


@pytest.fixture
def network(seeded):
    """Give the book's network, as it starts."""
    return seeded(0, lambda: mlp(1, 13, 1))


@pytest.fixture
def classes(generator):
    """Give rows of three classes, which overlap."""
    targets = torch.arange(3).repeat(10)
    inputs = torch.randn(30, 2, generator=generator) + torch.eye(3, 2)[targets]
    return Samples(inputs, targets).split(0.2, generator=generator)


def trained_twice(graph, model, split, run, loss="mse"):
    """Train a model by `fit` and its twin by the graph; return both with their optimizers."""
    optimizer, lr, epochs = run
    twin = copy.deepcopy(model)
    ours, theirs = OPTIMIZERS[optimizer](twin, lr), OPTIMIZERS[optimizer](model, lr)
    expected = fit(
        model, split.train, split.val, optimizer=theirs, epochs=epochs, loss=LOSSES[loss]
    )
    history = graph.fit(twin, split.train, split.val, optimizer=ours, epochs=epochs)
    return (history, twin, ours), (expected, model, theirs)


def assert_close_runs(one, other, rtol=1e-4, atol=1e-4):
    (history, model, optimizer), (expected, twin, torchs) = one, other
    assert history.train_loss.dtype == torch.float32
    assert history.stopped is None
    assert_close(history.train_loss, expected.train_loss, rtol=1e-4, atol=0)
    assert_close(history.val_loss, expected.val_loss, rtol=1e-4, atol=0)
    assert_close(model.state_dict(), twin.state_dict(), rtol=rtol, atol=atol)
    assert_close(state_of(optimizer), state_of(torchs), rtol=rtol, atol=atol)


def state_of(optimizer):
    states = optimizer.state_dict()["state"].values()
    kept = [{k: v for k, v in state.items() if v is not None} for state in states]
    assert len(kept) > 0 or optimizer.param_groups[0].get("momentum") == 0
    return [state for state in kept if state]


# Against fit


@pytest.mark.parametrize(
    "run",
    [("sgd", 5e-4, 5000), ("sgd", 1e-3, 1000), ("momentum", 3e-4, 5000), ("adam", 1e-3, 1000)],
    ids=str,
)
def test_a_run_equals_that_of_fit(run, graph_of, network, split):
    one, other = trained_twice(graph_of(run[0]), network, split, run)
    assert len(one[0]) == run[2]
    assert one[0].train_loss[-1] < one[0].train_loss[0] / 2
    assert_close_runs(one, other)


def test_a_run_with_classes_equals_that_of_fit(graph_of, classes, seeded):
    graph = graph_of("adam", n_in=2, n_out=3, loss="cross_entropy")
    model = seeded(0, lambda: mlp(2, 8, 3))
    one, other = trained_twice(graph, model, classes, ("adam", 1e-2, 300), "cross_entropy")
    assert one[0].train_loss[-1] < one[0].train_loss[0]
    assert_close_runs(one, other)


@pytest.mark.parametrize("activation", CATALOGUE)
def test_each_activation_trains_as_in_fit(activation, graph_of, split, seeded):
    graph = graph_of(activation=activation)
    model = seeded(0, lambda: mlp(1, 13, 1, activation=CATALOGUE[activation].make))
    one, other = trained_twice(graph, model, split, ("sgd", 1e-4, 300))
    assert one[0].train_loss[-1] < one[0].train_loss[0]
    assert_close_runs(one, other)


def test_a_line_trains_as_in_fit(graph_of, split, seeded):
    model = seeded(0, lambda: mlp(1, (), 1))
    one, other = trained_twice(
        graph_of("momentum", hidden=()), model, split, ("momentum", 1e-3, 300)
    )
    assert one[0].train_loss[-1] < one[0].train_loss[0]
    assert_close_runs(one, other)


def test_deeper_networks_with_several_outputs_train_as_in_fit(graph_of, generator, seeded):
    inputs, targets = torch.randn(2, 12, 3, generator=generator)
    split = Samples(inputs, targets).split(0.25, generator=generator)
    model = seeded(0, lambda: mlp(3, (5, 4), 3))
    one, other = trained_twice(graph_of(**DEEP), model, split, ("adam", 1e-3, 300))
    assert one[0].train_loss[-1] < one[0].train_loss[0]
    assert_close_runs(one, other)


# One file for all sizes, cut and continued


@pytest.mark.parametrize("n_hidden", [1, 2, 13, 64])
@pytest.mark.parametrize("val_rows", [[7, 10], [0], range(1, 11)])
def test_one_file_takes_any_hidden_units_rows_and_steps(
    n_hidden, val_rows, graph_of, readings, seeded
):
    model = seeded(0, lambda: mlp(1, n_hidden, 1))
    run = ("adam", 1e-4, 1 if n_hidden == 1 else 40)
    assert_close_runs(*trained_twice(graph_of("adam"), model, readings.split_at(val_rows), run))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_a_run_in_two_parts_ends_in_the_bits_of_one(optimizer, graph_of, network, split):
    graph, twin = graph_of(optimizer), copy.deepcopy(network)
    data, make = (split.train, split.val), OPTIMIZERS[optimizer]
    whole, parts = make(network, 1e-4), make(twin, 1e-4)
    history = graph.fit(network, *data, optimizer=whole, epochs=100)
    first = graph.fit(twin, *data, optimizer=parts, epochs=37)
    second = graph.fit(twin, *data, optimizer=parts, epochs=63)
    for name in ("train_loss", "val_loss"):
        joined = torch.cat([getattr(first, name), getattr(second, name)])
        assert torch.equal(joined, getattr(history, name))
    assert_close(twin.state_dict(), network.state_dict(), rtol=0, atol=0)
    assert_close(state_of(parts), state_of(whole), rtol=0, atol=0)


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_fit_and_a_graph_continue_each_other(optimizer, graph_of, network, split):
    graph, twin = graph_of(optimizer), copy.deepcopy(network)
    whole, parts = OPTIMIZERS[optimizer](network, 1e-4), OPTIMIZERS[optimizer](twin, 1e-4)
    expected = fit(network, split.train, optimizer=whole, epochs=90)
    losses = [
        train(twin, split.train, optimizer=parts, epochs=30).train_loss
        for train in (fit, graph.fit, fit)
    ]
    assert_close(torch.cat(losses), expected.train_loss, rtol=1e-5, atol=0)
    assert_close(state_of(parts), state_of(whole), rtol=1e-4, atol=1e-4)


def test_without_held_out_rows_there_is_no_validation_loss(graph_of, network, split):
    graph, twin = graph_of(), copy.deepcopy(network)
    history = graph.fit(network, split.train, optimizer=OPTIMIZERS["sgd"](network, 1e-3), epochs=9)
    measured = graph.fit(
        twin, split.train, split.val, optimizer=OPTIMIZERS["sgd"](twin, 1e-3), epochs=9
    )
    assert history.val_loss is None
    assert torch.equal(history.train_loss, measured.train_loss)


def test_the_model_stays_in_its_mode_and_rows_may_lie_anywhere(graph_of, network, split):
    scattered = Samples(torch.cat([split.train.inputs] * 2, dim=1)[:, :1], split.train.targets)
    assert not scattered.inputs.is_contiguous()
    network.eval()
    network.output_linear.train()
    twin = copy.deepcopy(network)
    histories = [
        graph_of().fit(model, data, optimizer=OPTIMIZERS["sgd"](model, 1e-3), epochs=5)
        for model, data in [(network, scattered), (twin, split.train)]
    ]
    assert histories[0] == histories[1]
    modes = [module.training for module in network.modules()]
    assert modes == [False, False, False, True]


# Runs that diverge


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_a_diverging_run_ends_as_in_fit(optimizer, graph_of, seeded):
    split = nnbook.load_thermometer().split_at([7, 10])
    graph = graph_of(optimizer, hidden=())
    line = seeded(0, lambda: mlp(1, (), 1))
    twin = copy.deepcopy(line)
    runs = []
    for model, train in [(line, fit), (twin, graph.fit)]:
        own = OPTIMIZERS[optimizer](model, 1e-2)
        with pytest.raises(DivergenceError, match="loss of epoch") as caught:
            train(model, split.train, split.val, optimizer=own, epochs=200)
        runs.append((caught.value, model, own))
    (expected, line, theirs), (error, twin, ours) = runs
    assert 5 < len(error.history) < 100
    assert error.history.train_loss.isfinite().all()
    assert_close(error.history.train_loss, expected.history.train_loss, rtol=1e-4, atol=0)
    assert_close(error.history.val_loss, expected.history.val_loss, rtol=1e-4, atol=0)
    assert_close(twin.state_dict(), line.state_dict(), rtol=1e-4, atol=0)
    assert_close(state_of(ours), state_of(theirs), rtol=1e-4, atol=0)
    of_fit = str(expected).replace(", step 1,", "")  # a graph has one step in an epoch
    assert str(error).split("; the last")[0] == of_fit.split("; the last")[0]


def test_a_validation_loss_that_is_not_finite_ends_the_run_at_once(graph_of, network, split):
    far = split.val.with_inputs(torch.full_like(split.val.inputs, 1e30))
    far = Samples(far.inputs, 1e30 * far.targets)
    before = copy.deepcopy(network.state_dict())
    with pytest.raises(DivergenceError, match="the validation loss of epoch 1 is inf") as caught:
        graph_of().fit(
            network, split.train, far, optimizer=OPTIMIZERS["sgd"](network, 1e-3), epochs=9
        )
    assert len(caught.value.history) == 0
    assert_close(network.state_dict(), before, rtol=0, atol=0)


# The file


def test_a_saved_graph_is_the_same_when_loaded(graph_of, network, split, tmp_path):
    graph, twin = graph_of("adam"), copy.deepcopy(network)
    graph.save(tmp_path / "run.onnx")
    loaded = TrainingGraph.load(tmp_path / "run.onnx")
    assert repr(loaded) == repr(graph) == "TrainingGraph(1-hidden-1, Tanh(), mse, adam)"
    histories = [
        one.fit(model, split.train, split.val, optimizer=OPTIMIZERS["adam"](model, 1e-3), epochs=20)
        for one, model in [(graph, network), (loaded, twin)]
    ]
    assert histories[0] == histories[1]


WIDEST = [
    {"optimizer": "adam"},
    {"optimizer": "adam", "n_in": 2, "n_out": 3, "loss": "cross_entropy"},
    DEEP,
    {"activation": "Softshrink"},
    {"activation": "GELU"},
]


@pytest.mark.parametrize("kind", WIDEST, ids=str)
def test_a_file_is_small_checked_and_of_standard_operators(kind, graph_of):
    graph = graph_of(**kind)
    assert 1000 < len(graph.file) < 20_000
    file = onnx.load_from_string(graph.file)
    onnx.checker.check_model(file, full_check=True)
    assert len(file.functions) == 0
    assert [entry.domain for entry in file.opset_import] == [""]
    nodes = list(nodes_of(file.graph))
    assert "Scan" in {node.op_type for node in nodes}
    assert {node.domain for node in nodes} == {""}


def nodes_of(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from nodes_of(attribute.g)


def test_a_file_says_what_it_is_and_names_what_it_takes(graph_of):
    session = onnxruntime.InferenceSession(graph_of("momentum").file)
    layers = ["hidden_linear", "output_linear"]
    weights = [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]
    state = [f"momentum_buffer.{name}" for name in weights]
    data = ["train_inputs", "train_targets", "val_inputs", "val_targets", "lr", "steps"]
    assert [value.name for value in session.get_inputs()] == [*weights, *state, *data]
    assert [value.name for value in session.get_outputs()] == [
        *(f"after.{name}" for name in (*weights, *state)),
        "train_loss",
        "val_loss",
    ]
    assert json.loads(session.get_modelmeta().custom_metadata_map["nnbook"]) == {
        "format": 1,
        "n_in": 1,
        "n_out": 1,
        "activations": [{"name": "Tanh"}],
        "loss": "mse",
        "optimizer": "momentum",
    }


def test_a_file_alone_trains_with_numbers_from_numpy(graph_of):
    session = onnxruntime.InferenceSession(graph_of(hidden=()).file)
    inputs = {
        "output_linear.weight": [[1.0]],
        "output_linear.bias": [0.0],
        "train_inputs": [[1.0], [2.0]],
        "train_targets": [[3.0], [5.0]],
        "val_inputs": [[0.0]],
        "val_targets": [[2.0]],
        "lr": 0.1,
        "steps": [1, 2],
    }
    arrays = {name: np.array(value, np.float32) for name, value in inputs.items()}
    weight, _, train_loss, val_loss = session.run(None, arrays)
    # Errors -2 and -3: loss (4 + 9) / 2, slope in w 2 (-2 - 6) / 2 = -8, in b -5.
    assert train_loss[0] == pytest.approx(6.5)
    assert val_loss.tolist() == pytest.approx([4, (0.5 - 2) ** 2])
    assert train_loss[1] == pytest.approx((0.7**2 + 0.9**2) / 2)
    assert weight.item() == pytest.approx(1.8 + 0.1 * (0.7 + 2 * 0.9), rel=1e-6)


# What an exporter may get wrong


def test_a_gradient_without_the_mean_is_found_though_adam_hides_it(monkeypatch):
    def summed(outputs, targets):
        value, slope = _export._cross_entropy(outputs, targets)
        return value, slope * len(outputs)

    monkeypatch.setattr(_export, "LOSSES", {"cross_entropy": summed})
    with pytest.raises(RuntimeError, match=r"torch disagree: `after\.exp_avg\.hidden"):
        TrainingGraph.of(mlp(2, 3, 3), loss=nn.CrossEntropyLoss(), optimizer="adam")


def test_a_wrong_slope_at_a_corner_is_found(monkeypatch):
    monkeypatch.setattr(_export, "_hardtanh", lambda module, values: module(values))
    with pytest.raises(RuntimeError, match=r"torch disagree: `after\.hidden"):
        TrainingGraph.of(mlp(1, 3, 1, activation=nn.Hardtanh))


# Refusals


class Frozen(nn.Tanh):
    """An activation of one's own, which the recipe must not take for its parent."""


@pytest.mark.parametrize(
    ("model", "got"),
    [
        (nn.Linear(1, 1), "Linear"),
        (nnbook.SubclassModel(), "SubclassModel"),
        (nn.Sequential(nn.Linear(1, 2), nn.Dropout(0.5), nn.Linear(2, 1)), "1: Dropout(p=0.5"),
        (nn.Sequential(nn.Linear(1, 2), Frozen(), nn.Linear(2, 1)), "1: Frozen()"),
        (nn.Sequential(nn.Conv1d(1, 2, 1)), "0: Conv1d(1, 2"),
        (nn.Sequential(nn.Linear(1, 2, bias=False)), "0: Linear(in_features=1, out_features=2, b"),
        (nn.Sequential(nn.Linear(1, 2), nn.Tanh()), "Sequential("),
        (nn.Sequential(), "Sequential()"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_that_no_graph_trains_is_refused_by_name(model, got, refused):
    with refused(TypeError, f"`model` must …, got {got}"):
        TrainingGraph.of(model)


@pytest.mark.parametrize(
    ("loss", "got"),
    [
        (nn.L1Loss(), "L1Loss"),
        (nn.MSELoss(reduction="sum"), "MSELoss"),
        (nn.CrossEntropyLoss(label_smoothing=0.1), "CrossEntropyLoss"),
        (nn.CrossEntropyLoss(ignore_index=0), "CrossEntropyLoss"),
        (nn.MSELoss, "<class"),
    ],
    ids=["absolute", "sum", "smoothed", "ignoring", "class"],
)
def test_a_loss_that_no_graph_has_is_refused_by_name(loss, got, refused):
    with refused(TypeError, f"`loss` must be the mean squared error or …, got {got}"):
        TrainingGraph.of(mlp(1, 2, 1), loss=loss)


@pytest.mark.parametrize("optimizer", ["SGD", "rmsprop", None, torch.optim.SGD], ids=str)
def test_an_optimizer_that_no_graph_has_is_refused(optimizer, refused):
    with refused(ValueError, "`optimizer` must be one of 'sgd', 'momentum', 'adam', got "):
        TrainingGraph.of(mlp(1, 2, 1), optimizer=optimizer)


def test_a_model_of_another_kind_is_refused(graph_of, split, refused):
    model = mlp(1, 2, 1, activation=nn.ReLU)
    message = "`model` must be of the graph's kind, 1-hidden-1, Tanh(), mse, sgd, got 1-hidden-1, R"
    with refused(ValueError, message):
        graph_of().fit(model, split.train, optimizer=OPTIMIZERS["sgd"](model, 1), epochs=1)


SETTINGS = {
    "momentum=0, as in this graph, got momentum=0.9": lambda p: torch.optim.SGD(p, 1, momentum=0.9),
    "weight_decay=0, as in this graph, got weight_decay=1": lambda p: torch.optim.SGD(
        p, 1, weight_decay=1
    ),
    "maximize=False, as in this graph, got maximize=True": lambda p: torch.optim.SGD(
        p, 1, maximize=True
    ),
    "one learning rate for all parameters, got 1.0, 2.0": lambda p: torch.optim.SGD(
        [{"params": p[:1], "lr": 1}, {"params": p[1:], "lr": 2}]
    ),
}


@pytest.mark.parametrize("message", SETTINGS)
def test_an_optimizer_that_is_set_otherwise_is_refused(message, graph_of, network, split, refused):
    optimizer = SETTINGS[message](list(network.parameters()))
    with refused(ValueError, f"`optimizer` must have {message}"):
        graph_of().fit(network, split.train, optimizer=optimizer, epochs=1)


def test_an_optimizer_of_another_class_is_refused(graph_of, network, split, refused):
    optimizer = torch.optim.AdamW(network.parameters())
    with refused(TypeError, "`optimizer` must be a torch.optim.Adam, as in this graph, got AdamW"):
        graph_of("adam").fit(network, split.train, optimizer=optimizer, epochs=1)


def test_uneven_steps_are_refused(graph_of, network, split, refused):
    optimizer = OPTIMIZERS["adam"](network, 1e-3)
    network.output_linear(torch.ones(1, 13)).sum().backward()
    optimizer.step()  # only the output layer has a gradient
    with refused(ValueError, "`optimizer` must have made as many steps for each parameter, got [0"):
        graph_of("adam").fit(network, split.train, optimizer=optimizer, epochs=1)


def test_batches_are_refused(graph_of, network, split, refused):
    batches = [(split.train.inputs, split.train.targets)]
    optimizer = OPTIMIZERS["sgd"](network, 1e-3)
    with refused(TypeError, "`train` must be Samples, got [(tensor("):
        graph_of().fit(network, batches, optimizer=optimizer, epochs=1)


def test_other_types_and_frozen_parameters_are_refused(graph_of, network, split, refused):
    graph, optimizer = graph_of(), OPTIMIZERS["sgd"](network, 1e-3)
    with refused(ValueError, "`train` must hold float32 on the CPU, got a float64 tensor"):
        graph.fit(network, split.train.to(dtype=torch.float64), optimizer=optimizer, epochs=1)
    network.output_linear.bias.requires_grad_(False)
    with refused(ValueError, "`model` must train all its parameters, got output_linear.bias froz"):
        graph.fit(network, split.train, optimizer=optimizer, epochs=1)
    network.double().requires_grad_(True)
    with refused(ValueError, "`model` must hold float32 on the CPU, got torch.float64 on cpu in "):
        graph.fit(network, split.train, optimizer=optimizer, epochs=1)


def test_rows_that_do_not_fit_the_model_are_refused_and_nothing_is_changed(
    graph_of, network, split, refused
):
    before, optimizer = copy.deepcopy(network.state_dict()), OPTIMIZERS["adam"](network, 1e-3)
    wide = Samples(torch.ones(3, 1), torch.ones(3, 2))
    with refused(ValueError, "`model` must return the shape of the targets of `val`"):
        graph_of("adam").fit(network, split.train, wide, optimizer=optimizer, epochs=1)
    with refused(ValueError, "`epochs` must be a positive whole number, got 0"):
        graph_of("adam").fit(network, split.train, optimizer=optimizer, epochs=0)
    assert_close(network.state_dict(), before, rtol=0, atol=0)
    assert len(optimizer.state) == 0


def words(graph):
    """Return no ONNX file at all."""
    return b"words"


def foreign(graph):
    """Return a sound ONNX file of another origin."""
    file = onnx.load_from_string(graph.file)
    del file.metadata_props[:]
    return file.SerializeToString()


def relabelled(graph):
    """Return a graph that says to be of another kind."""
    return graph.file.replace(b'"optimizer":"sgd"', b'"optimizer":"abc"')


@pytest.mark.parametrize("spoil", [words, foreign, relabelled])
def test_a_file_that_is_no_graph_is_refused(spoil, graph_of, tmp_path, refused):
    path = tmp_path / "other.onnx"
    path.write_bytes(spoil(graph_of()))
    with refused(ValueError, "`path` must be a file that TrainingGraph.save wrote, got "):
        TrainingGraph.load(path)


def test_a_loaded_graph_that_computes_something_else_is_not_used(graph_of, tmp_path):
    path = tmp_path / "other.onnx"
    path.write_bytes(graph_of().file.replace(b'"Tanh"', b'"SiLU"'))
    with pytest.raises(RuntimeError, match="torch disagree"):
        TrainingGraph.load(path)


def refused_or_the_same(content, path, graph):
    """Load a file; tell whether it is refused by an error of ours, or computes what it should."""
    path.write_bytes(content)
    try:
        loaded = TrainingGraph.load(path)
    except ValueError as error:
        return re.match(r"`path` must be a file that TrainingGraph.save wrote", str(error))
    except RuntimeError as error:
        return re.match(r"the graph .+ and torch disagree", str(error), re.DOTALL)
    return repr(loaded) == repr(graph)


@given(content=st.binary(max_size=200))
def test_random_bytes_are_refused(content, graph_of, tmp_path_factory):
    path = tmp_path_factory.mktemp("random") / "graph.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"`path` must be a file that TrainingGraph\.save wrote"):
        TrainingGraph.load(path)


@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_graph_is_refused_or_computes_the_same(data, graph_of, tmp_path_factory):
    whole = graph_of().file
    content = bytearray(whole)
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damaged") / "graph.onnx"
    assert refused_or_the_same(content, path, graph_of())


@pytest.mark.parametrize(
    "words",
    [b'"n_in":9', b'"n_in":1e9', b'"n_in":999999999999', b'"loss":[]', b'"n_in":null', b'"n_in":'],
)
def test_a_graph_that_says_to_be_another_one_is_refused(words, graph_of, tmp_path):
    file = onnx.load_from_string(graph_of().file)
    (entry,) = [one for one in file.metadata_props if one.key == "nnbook"]
    name = words.split(b":")[0].decode()
    value = json.dumps(json.loads(entry.value)[name.strip('"')])
    before = entry.value
    entry.value = entry.value.replace(f"{name}:{value}", words.decode())
    assert entry.value != before
    assert refused_or_the_same(file.SerializeToString(), tmp_path / "graph.onnx", graph_of())


def test_a_graph_that_claims_huge_values_is_refused_without_them(graph_of, tmp_path):
    file = onnx.load_from_string(graph_of().file)
    huge = onnx.TensorProto(name="huge", data_type=onnx.TensorProto.FLOAT, dims=[2**50])
    file.graph.initializer.append(huge)
    assert refused_or_the_same(file.SerializeToString(), tmp_path / "graph.onnx", graph_of())


@pytest.mark.parametrize("module", ["onnx", "onnxscript", "onnxruntime"])
def test_without_the_extra_it_is_named(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    message = rf'TrainingGraph needs {module}: pip install "nnbook\[graph\]"'
    with pytest.raises(ImportError, match=message):
        TrainingGraph.of(mlp(1, (), 1))


def test_import_nnbook_does_not_load_the_extra():
    code = "import sys, nnbook; print([m for m in sys.modules if m.startswith('onnx')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
