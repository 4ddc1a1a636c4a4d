"""Call traces, and tables of parameters and gradients."""

import pytest
import torch
from torch import nn

from nnbook import SubclassModel, mlp
from nnbook.inspection import GradientTable, ParameterTable, Step, calls
from nnbook.inspection import gradient_table as gradients
from nnbook.inspection import parameter_table as parameters

BATCH = torch.ones(3, 1)


def hooks_of(model: nn.Module) -> list[int]:
    """Count what may be left behind in each module: hooks, and a `forward` of the object's own."""
    return [
        len(module._forward_pre_hooks)
        + len(module._forward_hooks)
        + len(module._backward_hooks)
        + ("forward" in vars(module))
        for module in model.modules()
    ]


class Failing(nn.Module):
    """Fail in the middle of a network."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("out of order")


class Forked(nn.Module):
    """Return two tensors, which no backward can start from."""

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return inputs, inputs


class Constant(nn.Module):
    """Return what does not depend on the inputs."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(inputs)


# Calls


def test_a_call_runs_pre_hooks_forward_and_hooks_of_each_module_nested():
    trace = calls(nn.Sequential(nn.Linear(1, 2), nn.Tanh()), BATCH)
    inner = [
        Step(name, what)
        for name in ("0", "1")
        for what in ("forward pre-hook", "forward", "forward hook")
    ]
    assert list(trace.by_call) == [
        Step("", "forward pre-hook"),
        Step("", "forward"),
        *inner,
        Step("", "forward hook"),
    ]


def test_forward_alone_skips_the_models_own_hooks_and_none_of_its_submodules():
    trace = calls(mlp(1, 3, 1), BATCH, backward=True)
    assert trace.skipped == (
        Step("", "forward pre-hook"),
        Step("", "forward hook"),
        Step("", "backward hook"),
    )
    assert set(trace.by_call) == {*trace.by_forward, *trace.skipped}


def test_backward_hooks_run_from_the_output_to_the_input():
    trace = calls(mlp(1, 3, 1), BATCH, backward=True)
    names = [step.module for step in trace.by_call if step.what == "backward hook"]
    assert names == ["output_linear", "hidden_activation", "hidden_linear", ""]


def test_without_backward_no_backward_hook_is_registered():
    model = nn.Sequential(nn.Linear(1, 2), nn.ReLU(inplace=True))  # backward hooks forbid in-place
    assert "backward hook" not in {step.what for step in calls(model, BATCH).by_call}


def test_what_torch_itself_runs_comes_in_the_recorded_order():
    model, order = nn.Tanh(), []
    model.register_forward_pre_hook(lambda *_: order.append("forward pre-hook"))
    model.register_forward_hook(lambda *_: order.append("forward hook"))
    trace = calls(model, BATCH)
    recorded = [step.what for step in trace.by_call if step.what != "forward"]
    assert order == recorded, "the user's own hooks run in the call, and only there"


def test_a_module_used_twice_is_recorded_twice():
    shared = nn.Tanh()
    trace = calls(nn.Sequential(shared, shared), BATCH)
    assert trace.by_call.count(Step("0", "forward")) == 2
    assert len(trace.skipped) == 2


def test_a_trace_leaves_no_hook_and_no_gradient_behind():
    model = SubclassModel()
    before = [parameter.clone() for parameter in model.parameters()]
    inputs = BATCH.clone()
    calls(model, inputs, backward=True)
    assert set(hooks_of(model)) == {0}
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(map(torch.equal, before, model.parameters()))
    assert not inputs.requires_grad


@pytest.mark.parametrize("backward", [False, True])
def test_a_trace_leaves_no_hook_behind_when_the_model_fails(backward):
    model = nn.Sequential(nn.Linear(1, 1), Failing())
    with pytest.raises(ValueError, match=r"`model` must accept `inputs`, .+ out of order"):
        calls(model, BATCH, backward=backward)
    assert set(hooks_of(model)) == {0}


def test_a_forward_that_the_object_has_of_its_own_is_kept():
    model = nn.Tanh()
    model.forward = own = torch.sigmoid
    calls(model, BATCH)
    assert model.forward is own


def test_the_users_hooks_stay():
    model = nn.Linear(1, 1)
    handle = model.register_forward_hook(lambda *_: None)
    calls(model, BATCH)
    assert hooks_of(model) == [1]
    handle.remove()


def test_a_trace_is_taken_backward_under_no_grad():
    with torch.no_grad():
        trace = calls(nn.Linear(1, 1), BATCH, backward=True)
    assert Step("", "backward hook") in trace.by_call


def test_a_printed_trace_tells_what_ran_and_what_was_skipped():
    assert str(calls(nn.Tanh(), BATCH)).splitlines() == [
        "what ran                 model(inputs)  model.forward(inputs)",
        "model: forward pre-hook  ran            skipped",
        "model: forward           ran            ran",
        "model: forward hook      ran            skipped",
    ]


def test_a_printed_trace_indents_modules_inside_modules():
    lines = str(calls(nn.Sequential(nn.Sequential(nn.Tanh())), BATCH)).splitlines()
    assert "  0: forward " in lines[4]
    assert "    0.0: forward " in lines[6]


# Parameters


def test_the_books_network_has_forty_parameters():
    table = parameters(mlp(1, 13, 1))
    assert [(row.name, row.shape, row.count) for row in table.rows] == [
        ("hidden_linear.weight", (13, 1), 13),
        ("hidden_linear.bias", (13,), 13),
        ("output_linear.weight", (1, 13), 13),
        ("output_linear.bias", (1,), 1),
    ]
    assert table.total == table.trainable == 40


def test_a_frozen_parameter_counts_but_does_not_train():
    model = mlp(1, 13, 1)
    model.hidden_linear.requires_grad_(False)
    table = parameters(model)
    assert (table.total, table.trainable) == (40, 14)
    assert [row.requires_grad for row in table.rows] == [False, False, True, True]


def test_a_shared_parameter_is_counted_once():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    assert parameters(nn.Sequential(first, second)).total == 4 + 2 + 2


def test_a_module_without_parameters_has_an_empty_table():
    assert parameters(nn.Tanh()) == ParameterTable(())
    assert parameters(nn.Tanh()).total == 0
    assert str(parameters(nn.Tanh())).splitlines()[-1].split() == ["total", "0", "0"]
    assert str(gradients(nn.Tanh())) == "name  shape  norm of .grad"


def test_a_printed_table_fits_a_page_and_keeps_the_end_of_a_long_name():
    deep = nn.Sequential()
    inner = deep
    for _ in range(10):
        inner.add_module("long_name", nn.Sequential())
        inner = inner.long_name
    inner.add_module("last", nn.Conv3d(128, 256, 5))
    table = parameters(deep)
    assert table.total > 4_000_000
    lines = [*str(table).splitlines(), *str(gradients(deep)).splitlines()]
    assert max(map(len, lines)) == 76
    assert sum(".last.weight" in line for line in lines) == 2
    assert sum("…" in line for line in lines) == 4


# Gradients


def test_there_is_no_gradient_before_backward_and_its_norm_after():
    model = nn.Linear(2, 1)
    assert [row.norm for row in gradients(model).rows] == [None, None]
    model(torch.tensor([[3.0, 4.0]])).sum().backward()
    assert [row.norm for row in gradients(model).rows] == [5, 1]


def test_a_zero_gradient_is_not_a_missing_one():
    model = nn.Linear(1, 1)
    model(BATCH).sum().backward()
    model.zero_grad(set_to_none=False)
    assert [row.norm for row in gradients(model).rows] == [0, 0]
    model.zero_grad()
    assert gradients(model).rows[0].norm is None


def test_a_printed_gradient_table_says_none_where_there_is_none():
    model = mlp(1, 2, 1)
    model.hidden_linear.requires_grad_(False)
    model(BATCH).sum().backward()
    lines = str(gradients(model)).splitlines()
    assert [line.split()[-1] == "None" for line in lines[1:]] == [True, True, False, False]
    assert lines[-1].split() == ["output_linear.bias", "[1]", "3"]


# Messages


@pytest.mark.unchecked
@pytest.mark.parametrize(
    "look", [parameters, gradients, lambda model: calls(model, BATCH)], ids=["p", "g", "c"]
)
def test_a_class_in_place_of_a_module_is_refused(refused, look):
    with refused(TypeError, "`model` must be a Module, got <class …Tanh'>."):
        look(nn.Tanh)


@pytest.mark.parametrize("model", [Forked(), Constant()], ids=["a pair", "no graph"])
def test_a_trace_backward_needs_one_tensor_with_a_graph(refused, model):
    message = "`model` must return a tensor with a graph to go backward from, got …"
    with refused(TypeError, message):
        calls(model, BATCH, backward=True)
    assert set(hooks_of(model)) == {0}


def test_a_trace_backward_needs_floating_point_inputs(refused):
    message = "`inputs` must be a floating-point tensor to go backward to, got …int64…"
    with refused(TypeError, message):
        calls(nn.Embedding(4, 2), torch.tensor([0, 3]), backward=True)


@pytest.mark.parametrize("look", [parameters, gradients], ids=["parameters", "gradients"])
def test_a_lazy_module_without_shapes_is_refused(refused, look):
    message = "`model` must know the shapes of its parameters, got weight without a shape. Call …"
    with refused(ValueError, message):
        look(nn.LazyLinear(2))


def test_results_are_frozen_and_equal_by_value():
    assert calls(nn.Tanh(), BATCH) == calls(nn.Tanh(), BATCH)
    assert gradients(nn.Linear(1, 1)) == gradients(nn.Linear(1, 1))
    assert isinstance(gradients(nn.Linear(1, 1)), GradientTable)
    with pytest.raises(AttributeError, match="cannot assign to field"):
        parameters(nn.Linear(1, 1)).rows = ()
