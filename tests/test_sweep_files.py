"""Results in files: without loss, without pickle, and what is no such file is refused."""

import json
import math
import pickle
from functools import partial

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from nnbook import SweepResult, load_thermometer, sweep
from nnbook.activations import CATALOGUE

KEY = "nnbook.SweepResult"
RUNS = [
    {"hidden": (), "lr": 1e200},  # diverges
    {"hidden": 3, "activation": partial(nn.LeakyReLU, 0.1), "weight_decay": 0.1},
    {"hidden": (2, 4), "lr": 1 / 3, "seed": 2**63 - 1, "activation": nn.ReLU},
    {"hidden": 2, "activation": partial(nn.Hardtanh, min_val=-2.0), "optimizer": "adam"},
]


def swept(dtype=torch.float32, **options):
    data = load_thermometer(dtype=dtype)
    options = {"runs": RUNS, "val_rows": [(0, 1), (2,)], "epochs": 7, **options}
    return sweep(data.with_inputs(0.1 * data.inputs), **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sweep.safetensors"


def bits(values):
    """Return a tensor's bytes, so that nan equals nan."""
    return None if values is None else (values.dtype, values.shape, values.numpy().tobytes())


def facts(result):
    """Return all that a result holds, so that two can be compared to the last bit."""
    tensors = [result.epochs, result.train_loss, result.val_loss, result.diverged]
    return {
        "tensors": [bits(tensor) for tensor in tensors],
        "parameters": [bits(vector) for vector in result.parameters],
        "settings": result.settings,
        "models": [str(result.model(run)) for run in range(len(result))],
        "rest": (result.n_in, result.n_out, result.stopped),
    }


def there_and_back(result, path):
    result.save(path)
    return SweepResult.load(path)


# There and back


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
@pytest.mark.parametrize("every", [1, 3])
def test_a_result_comes_back_to_the_last_bit(path, dtype, every):
    result = swept(dtype, history_every=every)
    assert (result.diverged > 0).any()
    assert result.train_loss.isnan().any()
    again = there_and_back(result, path)
    assert facts(again) == facts(result)
    assert len(again) == 8
    for own, other in zip(again.runs, result.runs, strict=True):
        assert (own.hidden, own.lr, own.seed, own.val_rows) == (
            other.hidden,
            other.lr,
            other.seed,
            other.val_rows,
        )
    assert facts(again.select(hidden=3)) == facts(result.select(hidden=3))


@given(
    losses=st.lists(st.floats(width=32), min_size=2, max_size=2),
    stopped=st.none() | st.text(),
    lr=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
)
@settings(max_examples=25)
def test_any_numbers_and_words_come_back(tmp_path_factory, losses, stopped, lr):
    one = swept(val_rows=None, runs=[{"hidden": 1, "lr": lr}], epochs=2)
    values = {**vars(one), "train_loss": torch.tensor([losses]), "stopped": stopped}
    result = SweepResult(**values)
    again = there_and_back(result, tmp_path_factory.mktemp("any") / "file")
    assert facts(again) == facts(result)
    assert again.runs == result.runs


def test_results_without_rows_held_out_come_back(path):
    result = swept(val_rows=None)
    assert there_and_back(result, path).val_loss is None
    assert facts(there_and_back(result, path)) == facts(result)


def test_results_of_no_runs_come_back(path):
    none = swept().select(seed=[])
    again = there_and_back(none, path)
    assert len(again) == 0
    assert facts(again) == facts(none)


@pytest.mark.parametrize("activation", CATALOGUE.values(), ids=list(CATALOGUE))
def test_each_activation_of_the_catalogue_comes_back(path, activation):
    result = swept(runs=[{"hidden": 2, "activation": activation.make}])
    assert facts(there_and_back(result, path)) == facts(result)


def test_a_file_that_is_there_is_replaced(path):
    swept().save(path)
    few = swept(runs=[{"hidden": 1}])
    assert facts(there_and_back(few, str(path))) == facts(few)


def test_loading_leaves_the_global_generator_alone(path):
    swept().save(path)
    before = torch.get_rng_state()
    SweepResult.load(path)
    assert torch.equal(torch.get_rng_state(), before)


def test_nothing_is_pickled(path, monkeypatch):
    def forbidden(*arguments, **options):
        raise AssertionError("pickled")

    result = swept()
    for module in (pickle, torch.serialization.pickle):
        for name in ("dump", "dumps", "load", "loads", "Pickler", "Unpickler"):
            monkeypatch.setattr(module, name, forbidden)
    for name in ("save", "load"):
        monkeypatch.setattr(torch, name, forbidden)
    assert facts(there_and_back(result, path)) == facts(result)


def test_a_partial_that_was_given_a_name_comes_back(path):
    leaky = partial(nn.LeakyReLU, 0.1)
    leaky.__name__ = "leaky"
    result = swept(runs=[{"hidden": 2, "activation": leaky}])
    assert facts(there_and_back(result, path)) == facts(result)


# What cannot be saved


class Own(nn.Tanh):
    pass


class Maker:
    """Make an activation when called; it has no name, as a function has."""

    def __call__(self):
        return nn.Tanh()


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        (lambda: nn.Tanh(), "Tanh"),  # noqa: PLW0108  # that is what is refused
        (Own, "Own"),
        (partial(Own), "Own()"),
        (Maker(), "Tanh"),
        (partial(nn.Hardtanh, torch.tensor(-1.0)), "Hardtanh(tensor(-1.))"),
    ],
    ids=["lambda", "class", "partial", "object", "tensor"],
)
def test_an_activation_that_is_not_torchs_is_refused_and_leaves_the_file(
    path, refused, activation, name
):
    swept().save(path)
    before = path.read_bytes()
    result = swept(runs=[{}, {"activation": activation}])
    message = (
        f"`activation` must be a class of torch.nn, or a partial of one, to be saved, got {name}"
    )
    with refused(ValueError, message):
        result.save(path)
    assert path.read_bytes() == before


# Files that are none


def loaded(path):
    """Return the result in a file, or the words by which it is refused."""
    try:
        return SweepResult.load(path), ""
    except ValueError as error:
        return None, str(error)


def refused_or_whole(path):
    """Load a file that may be damaged: it is refused by name, or what it holds is whole."""
    result, words = loaded(path)
    if result is None:
        assert words.startswith("`path` must ")
        assert str(path) in words
        return False
    n_runs, n_epochs = len(result.runs), len(result.epochs)
    assert result.train_loss.shape == (n_runs, n_epochs)
    assert result.val_loss is None or result.val_loss.shape == (n_runs, n_epochs)
    assert result.train_loss.is_floating_point()
    assert result.diverged.shape == (n_runs,)
    assert result.diverged.dtype == result.epochs.dtype == torch.int64
    assert len(result.parameters) == n_runs
    facts(result)
    repr(result)
    return True


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_are_refused(path, content):
    path.write_bytes(content)
    assert not refused_or_whole(path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Give the bytes of a file that was saved."""
    path = tmp_path_factory.mktemp("saved") / "file"
    swept().save(path)
    return path.read_bytes()


@pytest.mark.unchecked  # as a reader loads it: the run-time checks would refuse more
@given(data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_refused_or_whole(path, saved, data):
    content = bytearray(saved)
    header = 8 + int.from_bytes(saved[:8], "little")
    kind = data.draw(st.sampled_from(["bytes", "cut", "longer"]))
    if kind == "cut":
        content = content[: data.draw(st.integers(0, len(saved) - 1))]
    elif kind == "longer":
        content += data.draw(st.binary(min_size=1, max_size=20))
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, header + 20))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    is_whole = refused_or_whole(path)
    assert kind == "bytes" or not is_whole


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def parts_of(value, place=()):
    """List the places of all values within a JSON value."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [place] + [one for key, part in inner for one in parts_of(part, (*place, key))]


def rewritten(saved, change):
    """Change the words of a saved file, and return them with its tensors."""
    size = int.from_bytes(saved[:8], "little")
    header = json.loads(saved[8 : 8 + size])
    words = json.loads(header["__metadata__"][KEY])
    header["__metadata__"][KEY] = json.dumps(change(words))
    new = json.dumps(header).encode()
    new += b" " * (-len(new) % 8)
    return len(new).to_bytes(8, "little") + new + saved[8 + size :]


@pytest.mark.unchecked
@given(data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_of_other_words_is_refused_or_whole(path, saved, data):
    def change(words):
        *way, last = data.draw(st.sampled_from(parts_of(words)[1:]))
        holder = words
        for key in way:
            holder = holder[key]
        if data.draw(st.booleans()):
            del holder[last]
        else:
            odd = st.sampled_from(["Linear", "functional", "nothing", -1, 0, 1.5, 10**30, True])
            holder[last] = data.draw(JSON | odd)
        return words

    path.write_bytes(rewritten(saved, change))
    refused_or_whole(path)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda words: {**words, "runs": words["runs"][1:]}, id="a run less"),
        pytest.param(lambda words: {**words, "n_in": 2}, id="more inputs"),
        pytest.param(lambda words: {**words, "stopped": 3}, id="stopped"),
        pytest.param(lambda words: {}, id="empty"),
        pytest.param(lambda words: [1], id="a list"),
        pytest.param(
            lambda words: {**words, "runs": [{**run, "lr": "x"} for run in words["runs"]]}, id="lr"
        ),
        *(
            pytest.param(
                lambda words, name=name: {
                    **words,
                    "runs": [
                        {**run, "activation": {**run["activation"], "name": name}}
                        for run in words["runs"]
                    ],
                },
                id=f"activation {name}",
            )
            for name in ["None", "Linear", "functional", "Module", "__name__", "Nothing"]
        ),
    ],
)
def test_words_that_do_not_fit_are_refused(path, saved, change):
    path.write_bytes(rewritten(saved, change))
    assert not refused_or_whole(path)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"n_in": 0}, "`n_in` must be a positive whole number, got 0"),
        ({"n_out": "one"}, "`n_out` must be a positive whole number, got 'one'"),
    ],
    ids=["inputs", "outputs"],
)
def test_a_file_with_impossible_numbers_is_refused_by_their_names(
    path, saved, refused, change, rule
):
    path.write_bytes(rewritten(saved, lambda words: {**words, **change}))
    message = f"`path` must be a file that `SweepResult.save` wrote, got {path}: {rule}."
    with refused(ValueError, message):
        SweepResult.load(path)


def test_an_activation_that_torch_lacks_is_named(path, saved, refused):
    def change(words):
        activation = {"name": "Parameter", "arguments": [], "keywords": {}}
        return {**words, "runs": [{**run, "activation": activation} for run in words["runs"]]}

    path.write_bytes(rewritten(saved, change))
    message = "`path` must be a file …, got …: torch.nn has no module Parameter."
    with refused(ValueError, message):
        SweepResult.load(path)


@pytest.mark.unchecked
@pytest.mark.parametrize("name", ["epochs", "train_loss", "val_loss", "diverged", "parameters"])
@pytest.mark.parametrize("damage", ["gone", "flat", "column", "short", "other type"])
def test_tensors_that_do_not_fit_are_refused(path, saved, name, damage):
    path.write_bytes(saved)
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    values = tensors.pop(name)
    match damage:
        case "flat":
            tensors[name] = values.reshape(1, -1)
        case "column":
            tensors[name] = values.unsqueeze(-1)
        case "short":
            tensors[name] = values[:-1].contiguous()
        case "other type":
            tensors[name] = values.to(torch.int32)
    save_file(tensors, path, metadata=metadata)
    may_load = damage == "gone" and name == "val_loss"
    assert refused_or_whole(path) is may_load


def test_a_newer_format_is_refused(path, saved, refused):
    path.write_bytes(rewritten(saved, lambda words: {**words, "format": 2, "runs": "new"}))
    message = f"`path` must have at most format 1, got {path} of format 2. Load it with"
    with refused(ValueError, message):
        SweepResult.load(path)


def test_another_safetensors_file_is_refused(path, refused):
    for metadata in (None, {"format": "pt"}):
        save_file({"weight": torch.zeros(2)}, path, metadata=metadata)
        with refused(
            ValueError, f"`path` must be a file that `SweepResult.save` wrote, got {path}"
        ):
            SweepResult.load(path)


def test_a_file_that_is_not_there_is_not_found(path):
    with pytest.raises(FileNotFoundError, match=path.name):
        SweepResult.load(path)


def test_a_folder_is_no_file_but_not_missing(tmp_path):
    with pytest.raises(OSError, match=r"`path` must be a file that .* wrote, got ") as caught:
        SweepResult.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert not isinstance(caught.value, FileNotFoundError)


@pytest.mark.unchecked
def test_what_is_no_path_is_refused(saved, refused):
    message = "`path` must be a path, got 3."
    with refused(TypeError, message):
        SweepResult.load(3)
    with refused(TypeError, message):
        swept().save(3)


def test_nan_is_a_loss_that_comes_back(path):
    result = swept()
    assert math.isnan(there_and_back(result, path).train_loss[0, -1])
