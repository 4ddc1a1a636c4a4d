"""The checks of the book's exercises: right answers, typical wrong ones, and what is kept quiet."""

import ast
import copy
import functools
import html.parser
import inspect
import random
import re
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import nnbook
from nnbook.exercises import Finding, Verdict, check, expected, labels, learning

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS))
import solutions  # noqa: E402

PAGE = (DOCS / "exercises.md").read_text(encoding="utf-8")
HEADING = re.compile(r"^### (\d\.\d[a-z])\. ", re.MULTILINE)
LABELS = labels()
TEXTS = dict(zip(HEADING.findall(PAGE), HEADING.split(PAGE)[2::2], strict=True))

pytestmark = pytest.mark.unchecked  # wrong types are passed on purpose, and many epochs trained


# The networks of chapter 6, trained together


def networks(hidden, lr, *, epochs=1000, seeds=range(5)):
    data = nnbook.load_thermometer()
    splits = [data.split(0.2, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    scale = nnbook.Standardize.of(data)
    scaled = data.with_inputs(scale(data.inputs))
    held_out = [
        tuple(row for row in range(len(data)) if data.inputs[row] in split.val.inputs)
        for split in splits
    ]
    runs = [{"seed": seed, "val_rows": rows} for seed, rows in zip(seeds, held_out, strict=True)]
    result = nnbook.sweep(scaled, runs=runs, hidden=hidden, lr=lr, optimizer="adam", epochs=epochs)
    models = [nn.Sequential(scale, result.model(run)) for run in range(len(result))]
    return list(zip(models, splits, strict=True))


@functools.cache
def all_trained():
    """Return networks by how they were trained, and the histories of runs on wine."""
    found = {
        "slow": networks(13, 0.01),
        "fast": networks(13, 0.1),
        "short": networks(13, 0.001, epochs=20),
    }
    data = nnbook.load_thermometer()
    scale = nnbook.Standardize.of(data)
    scaled = data.with_inputs(scale(data.inputs))
    of_all = nnbook.sweep(scaled, hidden=50, lr=0.1, optimizer="adam", epochs=1000)
    found |= {"of all rows": nn.Sequential(scale, of_all.model(0))}
    found |= {"raw wine": solutions.ex_7_2a(standardize=False)[0]}
    found |= {"wine": solutions.ex_7_2a(standardize=True)[0]}
    found |= {"sweep": solutions.ex_8_1a()}
    return found


def models(runs):
    return [model for model, _ in runs]


def only_scaled(runs):
    """Take the scaling out again: networks for scaled readings."""
    return [model[1] for model in models(runs)]


@pytest.fixture
def trained():
    return all_trained()


# Some solutions take long; they are run once.
slip, turned_round, off = (
    functools.cache(each) for each in (solutions.ex_1_1a, solutions.ex_1_2a, solutions.ex_3_3a)
)


# Right answers


def right_answers(trained):
    return {
        "1.1a": slip,
        "1.2a": turned_round,
        "2.5a": lambda: solutions.ex_2_5a,
        "3.3a": off,
        "4.5a": lambda: solutions.CentredScale,
        "5.1a": lambda: solutions.ex_5_1a(0.01),
        "6.1a": lambda: (models(trained["slow"]), models(trained["fast"])),
        "6.1b": lambda: trained["fast"],
        "7.1a": solutions.ex_7_1a,
        "7.2a": lambda: trained["wine"],
        "7.3a": lambda: [1.2, 0.9, 1.6, 1.3],
        "7.3b": lambda: {"rows": 1.3, "hidden units": 1.6, "epochs": 7.5, "batches": 6.8},
        "8.1a": lambda: trained["sweep"],
    }


@pytest.mark.parametrize("label", LABELS)
def test_a_right_answer_is_called_right_without_a_hint(label, trained):
    verdict = check(label, right_answers(trained)[label]())
    assert verdict, str(verdict)
    assert verdict.hint == ""
    assert verdict.error is None
    assert str(verdict).splitlines()[0] == f"{label}: right"
    gives_nothing_away(label, verdict)


def test_the_networks_of_the_solutions_are_right():
    slow, fast = (solutions.ex_6_1(13, lr) for lr in (0.01, 0.1))
    assert check("6.1a", (models(slow), models(fast)))
    assert check("6.1b", fast)


@pytest.mark.parametrize("seed", range(3))
def test_what_differs_from_seed_to_seed_is_right_from_each(seed):
    """The shares of units, from other seeds than those of the check."""
    data = nnbook.load_thermometer()
    shares = []
    for inputs in (0.1 * data.inputs, nnbook.Standardize.of(data)(data.inputs)):
        sums = []
        for start in range(20):
            with torch.random.fork_rng():
                torch.manual_seed(1000 + 20 * seed + start)
                sums.append(nn.Linear(1, 13)(inputs).detach())
        shares.append((torch.stack(sums) <= 0).all(dim=1).float().mean().item())
    assert check("3.3a", shares)


@pytest.mark.parametrize("rate", [0.05, 0.1])
def test_the_line_that_a_training_leaves_is_near_enough(rate):
    data, spoilt = learning._slip()
    at_50 = torch.tensor([[50.0]], dtype=torch.float64)
    moved = []
    for loss in (nn.MSELoss(), nn.L1Loss()):
        levels = []
        for samples in (data, spoilt):
            line = nn.Sequential(
                nnbook.Standardize.of(samples), nn.Linear(1, 1, dtype=torch.float64)
            )
            nn.init.zeros_(line[1].weight)
            nn.init.zeros_(line[1].bias)
            adam = torch.optim.Adam(line.parameters(), lr=rate)
            nnbook.fit(line, samples, optimizer=adam, epochs=1500, loss=loss)
            levels.append(line(at_50).item())
        moved.append(levels[1] - levels[0])
    assert check("1.1a", moved)


# Wrong answers, each with a hint of its own


def straight(smallness, *, undo=None, bias=0.0, activation=nn.Tanh, hidden=13):
    model = nnbook.mlp(1, hidden, 1, activation=activation)
    with torch.no_grad():
        model.hidden_linear.weight.fill_(smallness)
        model.hidden_linear.bias.zero_()
        model.output_linear.weight.fill_(undo or 1 / (hidden * smallness))
        model.output_linear.bias.fill_(bias)
    return model


class Module(nn.Module):
    def __init__(self, centre):
        super().__init__()
        self.register_buffer("centre", centre)
        self.scale = nn.Parameter(torch.ones_like(centre))

    def forward(self, inputs):
        return (inputs - self.centre) * self.scale


class CentreTrains(Module):
    def __init__(self, centre):
        super().__init__(centre)
        del self.centre
        self.centre = nn.Parameter(centre, requires_grad=False)


class PlainCentre(Module):
    def __init__(self, centre):
        super().__init__(centre)
        del self.centre
        self.centre = centre


class UnsavedCentre(Module):
    def __init__(self, centre):
        super().__init__(centre)
        del self.centre
        self.register_buffer("centre", centre, persistent=False)


class PlainScale(Module):
    def __init__(self, centre):
        super().__init__(centre)
        del self.scale
        self.scale = torch.ones_like(centre, requires_grad=True)


class FrozenScale(Module):
    def __init__(self, centre):
        super().__init__(centre)
        self.scale.requires_grad_(requires_grad=False)


class ConstantScale(Module):
    def __init__(self, centre):
        super().__init__(centre)
        del self.scale
        self.scale = torch.ones_like(centre)
        self.unused = nn.Parameter(torch.zeros(1))


class MultipliesFirst(Module):
    def __init__(self, centre):
        super().__init__(centre)
        nn.init.constant_(self.scale, 3.0)

    def forward(self, inputs):
        return inputs * self.scale - self.centre


class Adds(Module):
    def forward(self, inputs):
        return (inputs + self.centre) * self.scale


class ReturnsNothing(Module):
    def forward(self, inputs):
        self.result = inputs


class Detaches(Module):
    def forward(self, inputs):
        return super().forward(inputs).detach()


def spread_of(function):
    wine = nnbook.load_wine()
    return dict(zip(wine.input_names, function(wine.inputs).tolist(), strict=True))


def wine_history(train, val=()):
    """Make losses: numbers as they are."""
    val = torch.tensor(val) if len(val) else None
    return nnbook.History(torch.tensor(train), val)


def other(history, *, factor=1.0, power=1.0, val=None):
    losses = history.train_loss
    return nnbook.History(factor * losses[0] * (losses / losses[0]) ** power, val)


relu = torch.relu
FALLING = [2.0, 1.0, 0.3, 0.05]
WRONG = {
    "1.1a": {
        "in the other order": lambda t: slip()[::-1],
        "signs are turned round": lambda t: [-each for each in slip()],
        "what the line predicts": lambda t: [learning._squared_at(learning._slip()[0])] * 2,
        "belong to the squared error": lambda t: [slip()[0]] * 2,
        "not yet at its minimum": lambda t: (1.0, -0.2),
        "at a lower rate": lambda t: (slip()[0], 2.0),
        "leave the readings as they are": lambda t: (40.0, 3.0),
    },
    "1.2a": {
        "in the other order": lambda t: turned_round()[::-1],
        "one divided by the first": lambda t: (
            turned_round()[0],
            1 / turned_round()[0],
        ),
        "Both numbers are the same": lambda t: [turned_round()[0]] * 2,
        "intercept": lambda t: (
            nnbook.least_squares(nnbook.load_thermometer()).coefficients[0],
            turned_round()[1],
        ),
        "unscaled": lambda t: (10 * turned_round()[0], turned_round()[1] / 10),
        "once turned round": lambda t: (0.1, 9.0),
    },
    "2.5a": {
        "there one that is on there": lambda t: lambda x: 1 - x,
        "first time": lambda t: lambda x: relu(x + 0.5) - 2 * relu(x) + relu(x - 1),
        "goes on as before": lambda t: lambda x: relu(x + 1),
        "stays level": lambda t: lambda x: relu(x + 1) - relu(x),
        "must the slope change there": lambda t: lambda x: relu(x + 1) - 3 * relu(x),
        "goes on falling": lambda t: lambda x: relu(x + 1) - 2 * relu(x),
        "the height is not": lambda t: lambda x: 2 * solutions.ex_2_5a(x),
        "corners are round": lambda t: lambda x: torch.exp(-2 * x**2),
        "no finite numbers": lambda t: lambda x: x / 0,
        "nine numbers must come out": lambda t: lambda x: x.sum(),
    },
    "3.3a": {
        "per cent": lambda t: [100 * each for each in off()],
        "counted units": lambda t: [13 * each for each in off()],
        "in the other order": lambda t: off()[::-1],
        "and off, not on": lambda t: [1 - each for each in off()],
        "`all`, not `any`": lambda t: shares(lambda is_off: is_off.any(dim=0)),
        "mean over all readings": lambda t: shares(lambda is_off: is_off.float().mean(dim=0)),
        "the same inputs": lambda t: [off()[0]] * 2,
        "One of the two is right": lambda t: (off()[0], 0.3),
        "one start tells little": lambda t: (0.9, 0.75),
    },
    "4.5a": {
        "frozen ones too": lambda t: CentreTrains,
        "plain attribute": lambda t: PlainCentre,
        "persistent": lambda t: UnsavedCentre,
        "one certain class": lambda t: PlainScale,
        "find the scale": lambda t: FrozenScale,
        "makes a tensor one that trains": lambda t: ConstantScale,
        "multiply first": lambda t: MultipliesFirst,
        "must come out as 0": lambda t: Adds,
        "return its result": lambda t: ReturnsNothing,
        "inherit": lambda t: lambda centre: centre,
        "Which class": lambda t: Detaches,
    },
    "5.1a": {
        "What makes a sum small": lambda t: straight(1.0),
        "its slope is another one": lambda t: straight(0.01, undo=1.0),
        "biases": lambda t: straight(0.01, bias=0.5),
        "without tanh": lambda t: straight(0.01, activation=nn.Identity),
        "set the weights of its two layers": lambda t: straight(0.01, hidden=5),
        "signs of the two layers": lambda t: straight(-0.01, undo=1 / 0.13),
        "is such a network": lambda t: nn.Linear(1, 2),
    },
    "6.1a": {
        "works the other way": lambda t: (models(t["fast"]), models(t["slow"])),
        "gone flat": lambda t: (models(t["short"]), models(t["fast"])),
        "One run tells little": lambda t: (models(t["slow"])[0], models(t["fast"])[0]),
        "overlap": lambda t: (models(t["fast"]), models(t["fast"])),
        "put the scaling inside": lambda t: (only_scaled(t["slow"]), only_scaled(t["fast"])),
        "Try one of them": lambda t: ([nn.Linear(1, 2)] * 5, models(t["fast"])),
    },
    "6.1b": {
        "several": lambda t: t["fast"][1],
        "same readings": lambda t: [most_overfit(t["fast"])] * 5,
        "do not even reach": lambda t: [(line_of(split), split) for _, split in t["fast"]],
        "that is no overfitting": lambda t: [(t["of all rows"], split) for _, split in t["fast"]],
        "cannot judge": lambda t: [(m, nnbook.Split(s.train, s.train)) for m, s in t["fast"]],
        "put the scaling inside": lambda t: [(model[1], split) for model, split in t["fast"]],
        "hold the readings": lambda t: [(nn.Linear(1, 2), split) for _, split in t["fast"]],
        "of this run": lambda t: (line_of(t["fast"][0][1]), t["fast"][0][1]),
    },
    "7.1a": {
        "have been standardized": lambda t: spread_of(lambda x: torch.ones(13)),
        "variances": lambda t: spread_of(lambda x: x.var(dim=0)),
        "largest value": lambda t: spread_of(lambda x: x.amax(dim=0) - x.amin(dim=0)),
        "means": lambda t: spread_of(lambda x: x.mean(dim=0)),
        "input_names": lambda t: {"colour": 1.0},
        "dimension 0": lambda t: spread_of(lambda x: x[0]),
    },
    "7.2a": {
        "is stuck": lambda t: t["raw wine"],
        "more epochs": lambda t: wine_history([1.3, 1.2, 1.1, 1.0, 0.9, 0.8], [1.0] * 6),
        "new wines": lambda t: nnbook.History(t["wine"].train_loss),
        "jumps up": lambda t: wine_history([1.1, 0.01, 0.4, 0.4], [0.3] * 4),
        "mean and deviation": lambda t: wine_history(FALLING, [2.0] * 4),
        "not those of cross-entropy": lambda t: wine_history([200.0, 50.0, 10.0], [9.0] * 3),
        "left the finite numbers": lambda t: wine_history([1.1, float("nan")], [1.0] * 2),
        "some hundred epochs": lambda t: wine_history([]),
    },
    "7.3a": {
        "counting numbers": lambda t: [210.0, 211.0, 209.0],
        "Less time for more numbers": lambda t: [0.1, 0.1, 0.1],
        "One measurement": lambda t: [1.1],
        "differ much": lambda t: [1.0, 1.0, 9.0, 9.0],
        "is above 0": lambda t: [-1.0, 1.0, 1.0],
    },
    "7.3b": {
        "start the clock after": lambda t: factors(epochs=1.1, batches=1.2),
        "did the number of batches grow": lambda t: factors(rows=7.0),
        "still few": lambda t: factors(**{"hidden units": 7.0}),
        "What did you compare": lambda t: factors(batches=0.9),
        "Divide the seconds after": lambda t: factors(epochs=1 / 8, batches=1 / 8),
        "is above 0": lambda t: factors(rows=-1.0),
        "The names are": lambda t: {"rows": 1.0},
        'The names are "rows"': lambda t: factors(columns=1.0),
        "Change one factor": lambda t: factors(epochs=2.0),
    },
    "8.1a": {
        "another run": lambda t: (t["sweep"][0], 4, t["sweep"][2]),
        "steps are not": lambda t: (*t["sweep"][:2], other(t["sweep"][2], power=1.5)),
        "Another start": lambda t: (*t["sweep"][:2], other(t["sweep"][2], factor=1.5)),
        "two splits": lambda t: (
            *t["sweep"][:2],
            nnbook.History(t["sweep"][2].val_loss, t["sweep"][2].train_loss),
        ),
        "for longer": lambda t: (
            *t["sweep"][:2],
            nnbook.History(t["sweep"][2].train_loss[:100]),
        ),
        "more runs": lambda t: (t["sweep"][0].select(seed=3), 0, t["sweep"][2]),
        "every epoch": lambda t: (*t["sweep"][:2], wine_history([])),
    },
}
CASES = [(label, hint) for label, cases in WRONG.items() for hint in cases]


def shares(count):
    """Count off units in a wrong way, over many seeds."""
    data = nnbook.load_thermometer()
    found = []
    for inputs in (0.1 * data.inputs, nnbook.Standardize.of(data)(data.inputs)):
        means = []
        for seed in range(100):
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                means.append(count(nn.Linear(1, 13)(inputs) <= 0).float().mean())
        found.append(torch.stack(means).mean().item())
    return found


def factors(**changed):
    return {"rows": 1.2, "hidden units": 1.4, "epochs": 7.8, "batches": 7.1} | changed


def line_of(split):
    """Make a line that is a little off the best one."""
    line = nn.Linear(1, 1)
    offset, slope = nnbook.least_squares(split.train).coefficients.tolist()
    nn.init.constant_(line.weight, slope)
    nn.init.constant_(line.bias, offset + 0.5)
    return line


def most_overfit(runs):
    def val_loss(run):
        model, split = run
        with torch.no_grad():
            return nn.functional.mse_loss(model(split.val.inputs), split.val.targets)

    return max(runs, key=val_loss)


@functools.cache
def verdict_of_wrong(label, hint):
    return check(label, WRONG[label][hint](all_trained()))


@pytest.mark.parametrize(("label", "hint"), CASES, ids=[f"{a}-{b}" for a, b in CASES])
def test_a_wrong_answer_gets_a_hint_that_fits(label, hint):
    verdict = verdict_of_wrong(label, hint)
    assert not verdict
    assert hint in verdict.hint, str(verdict)
    assert str(verdict).splitlines()[0] == f"{label}: not yet"
    gives_nothing_away(label, verdict)


def test_each_exercise_has_three_wrong_answers_whose_hints_differ():
    assert set(WRONG) == set(LABELS)
    for label, cases in WRONG.items():
        hints = {verdict_of_wrong(label, hint).hint for hint in cases}
        assert len(hints) >= 3, label


# What is kept quiet

SOLUTIONS = {
    "1.1a": solutions.ex_1_1a,
    "1.2a": solutions.ex_1_2a,
    "2.5a": solutions.ex_2_5a,
    "3.3a": solutions.ex_3_3a,
    "4.5a": solutions.CentredScale,
    "5.1a": solutions.ex_5_1a,
    "6.1a": solutions.ex_6_1,
    "6.1b": solutions.ex_6_1,
    "7.1a": solutions.ex_7_1a,
    "7.2a": solutions.ex_7_2a,
    "7.3a": solutions.ex_7_3_seconds,
    "7.3b": solutions.ex_7_3b,
    "8.1a": solutions.ex_8_1a,
}
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def gives_nothing_away(label, verdict):
    """Look that a verdict has no number that the exercise does not name, and no code of its own."""
    text = str(verdict).partition("\n")[2]
    statement = TEXTS[label].partition("<details>")[0] + expected(label)
    told = {"0", "1"} | set(NUMBER.findall(statement))
    if label == "5.1a":
        told.add("13")
    quoted = {str(each) for each in (5, 10) if "at least" in text}  # how many runs are asked for
    beyond = set(NUMBER.findall(re.sub(r"[Pp]age \d\.\d", "", text))) - told - quoted
    beyond -= set(NUMBER.findall("".join(re.findall(r"`[^`]*`", text))))
    assert not beyond, f"{beyond} in {text}"
    words = " ".join(text.split())
    for code in code_of(SOLUTIONS[label]):
        assert code not in words, f"{code} in {text}"


def code_of(solution):
    """Return a solution's expressions that are more than a name or a number."""
    tree = ast.parse(inspect.getsource(solution))
    kinds = ast.BinOp | ast.Call | ast.Assign | ast.Return
    found = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, kinds)}
    long = {code for code in found if len(code) > 12}
    # What the exercise and its hint show already.
    return {code for code in long if code not in PAGE and code != "nnbook.mlp(1, 13, 1)"}


def test_the_code_of_a_solution_is_found_where_it_is_told():
    told = Verdict("2.5a", (Finding(False, "x"),), "relu(x + 1) - 2 * torch.relu(x) + ...")
    with pytest.raises(AssertionError):
        gives_nothing_away("2.5a", told)
    with pytest.raises(AssertionError):
        gives_nothing_away("1.1a", Verdict("1.1a", (Finding(False, "x"),), "it is 3.9"))


# The page and the checks have the same exercises


def test_the_page_has_each_exercise_that_can_be_checked_and_no_other():
    assert tuple(TEXTS) == LABELS
    assert {label[0] for label in LABELS} == set("12345678")


def test_each_exercise_says_what_check_takes_and_its_solution_passes_or_is_shown_to():
    for label, text in TEXTS.items():
        assert f'takes("{label}")' in text
        assert "<summary>Hint</summary>" in text
        assert "show(solutions." in text or label == "6.1b"
        assert f'verdict = check("{label}", ' in text
        assert "assert verdict" in text


def test_an_exercise_belongs_to_a_page_of_the_book():
    for label in LABELS:
        chapter, page = label[0], label[2]
        scripts = list(DOCS.parent.glob(f"examples/{chapter}_*/plot_0{page}_*.py"))
        assert len(scripts) == 1, label


# Bad input


@pytest.mark.parametrize("label", ["6b", "9.9z", "", 6.1, None])
def test_an_unknown_exercise_is_refused_with_the_names_of_all(label, refused):
    for ask in (lambda: check(label, 1.0), lambda: expected(label)):
        with refused(ValueError, f"`label` must be one of 1.1a, …8.1a, got {label!r}."):
            ask()


KINDS = {
    "1.1a": [1.0, "12", (1.0, 2.0, 3.0), (1.0, "2"), (True, False), (1.0, float("nan")), None],
    "2.5a": [torch.zeros(3), "relu", nn.ReLU],
    "3.3a": [{"scaled": 0.4}, torch.zeros(2, 2)],
    "4.5a": [Module(torch.zeros(2)), 3],
    "5.1a": [nnbook.mlp, 0.01],
    "6.1a": [nn.Linear(1, 1), ([], []), ([nn.Linear(1, 1)], [3])],
    "6.1b": [nn.Linear(1, 1), [], [nn.Linear(1, 1)], [(nn.Linear(1, 1), 0.2)]],
    "7.1a": [[1.0], {}, {"alcohol": "much"}, {1: 2.0}],
    "7.2a": [torch.ones(3), [1.0, 0.1]],
    "7.3a": [1.3, ["long"]],
    "7.3b": [[1.0] * 4],
    "8.1a": [3, (1, 2, 3)],
}


@pytest.mark.parametrize(
    ("label", "answer"),
    [(label, each) for label, cases in KINDS.items() for each in cases],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_an_answer_of_another_kind_is_refused_with_what_is_expected(label, answer, refused):
    with refused(TypeError, f"`answer` must be {expected(label)}, got …"):
        check(label, answer)


@pytest.mark.parametrize("run", [10, -1, True, 1.0])
def test_a_run_that_the_sweep_does_not_have_is_refused(run, trained, refused):
    result, _, history = trained["sweep"]
    with refused(TypeError, "`answer` must be a tuple of three…, got …"):
        check("8.1a", (result, run, history))


def test_numbers_come_as_floats_arrays_tensors_and_lists():
    both = solutions.ex_1_2a()
    for answer in (both, list(both), np.array(both), torch.tensor(both)):
        assert check("1.2a", answer)
    assert check("1.2a", [torch.tensor(both[0]), np.float32(both[1])])


# An answer that raises


class Raises(nn.Module):
    def forward(self, inputs):
        raise KeyError("no such layer")


@pytest.mark.parametrize(
    ("label", "answer"),
    [
        ("2.5a", Raises()),
        ("2.5a", Raises().forward),
        ("4.5a", lambda centre: Raises()),
        ("4.5a", lambda centre: centre.no_such_method()),
        ("5.1a", Raises()),
        ("6.1a", ([Raises()] * 5, [Raises()] * 5)),
        ("6.1b", [(Raises(), nnbook.load_thermometer().split_at([0]))] * 5),
    ],
    ids=["module", "function", "made", "maker", "network", "groups", "runs"],
)
def test_an_answer_that_raises_is_told_of_with_its_own_traceback(label, answer):
    verdict = check(label, answer)
    assert not verdict
    name = type(verdict.error).__name__
    assert name in {"KeyError", "AttributeError"}
    assert f"your code ended with {name}" in str(verdict)
    assert "raise verdict.error" in verdict.hint
    frames = traceback.extract_tb(verdict.error.__traceback__)
    assert Path(frames[-1].filename).name == "test_exercises.py"
    with pytest.raises(type(verdict.error)):
        raise verdict.error


def test_ctrl_c_is_not_taken_for_a_mistake():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("2.5a", interrupted)


# Nothing of the reader's is changed


class Restless(nn.Module):
    """Change all that a module can change when it is called, in training mode above all."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.norm = nn.BatchNorm1d(1)
        self.dropout = nn.Dropout(0.5)
        self.register_buffer("count", torch.zeros(()))

    def forward(self, inputs):
        self.count += 1
        torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002, S311
        return self.dropout(self.norm(self.layer(inputs)))


@pytest.mark.parametrize("training", [True, False])
def test_a_check_leaves_models_modes_and_generators_alone(training):
    model = Restless().train(training)
    model.norm.train(not training)
    split = nnbook.load_thermometer().split_at([7, 10])
    before = copy.deepcopy(model.state_dict())
    modes = [module.training for module in model.modules()]
    drawn = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    for label, answer in {
        "2.5a": model,
        "4.5a": lambda centre: Restless(),
        "5.1a": model,
        "6.1a": ([model] * 5, [model] * 5),
        "6.1b": [(model, split)] * 5,
    }.items():
        assert not check(label, answer)
    assert [module.training for module in model.modules()] == modes
    assert len(before) == 8
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), drawn[0])
    assert np.array_equal(np.random.get_state()[1], drawn[1])  # noqa: NPY002
    assert random.getstate() == drawn[2]


def test_a_function_cannot_change_what_is_compared():
    def greedy(x):
        result = solutions.ex_2_5a(x)
        x.zero_()
        return result

    assert check("2.5a", greedy)


def test_a_model_in_float64_is_judged_as_it_is():
    assert check("5.1a", straight(0.001).double())


# How a verdict shows itself


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        assert not attributes
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_a_notebook_shows_the_same_words_as_a_list_and_runs_no_script():
    verdict = Verdict("9.9z", (Finding(True, "a < b"), Finding(False, "<script>")), "See `x`.")
    reader = Reader()
    reader.feed(verdict._repr_html_())
    assert set(reader.tags) == {"div", "p", "ul", "li", "strong"}
    assert reader.text == "9.9z: not yetright: a < bnot yet: <script>Hint: See `x`."
    assert repr(verdict) == str(verdict)


def test_a_verdict_is_true_only_if_everything_is_right():
    assert Verdict("9.9z", (Finding(True, "x"), Finding(True, "y")))
    assert not Verdict("9.9z", (Finding(True, "x"), Finding(False, "y")))


def test_long_lines_are_folded_and_later_ones_set_in():
    lines = str(Verdict("9.9z", (Finding(False, "word " * 50),))).splitlines()
    assert len(lines) > 2
    assert all(len(line) <= 100 for line in lines)
    assert all(line.startswith("    ") for line in lines[2:])
