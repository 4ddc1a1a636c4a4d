"""The figures that readers turn: what they show, by keyboard, in both themes, and from a folder."""

import csv
import importlib.util
import json
import math
import random
from pathlib import Path
from types import ModuleType

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

import nnbook
from nnbook.neurons import BOOK_NEURONS, neuron

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"


def read(path: Path) -> ModuleType:
    """Load a file that is no part of a package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


specs = read(ROOT / "docs" / "_ext" / "explorer_specs.py")
every_page = read(Path(__file__).with_name("test_every_page.py"))

PAGES = {
    "one-neuron": "auto_examples/2_neurons/plot_01_one_neuron.html",
    "composed": "auto_examples/2_neurons/plot_03_composed_neurons.html",
    "catalogue": "auto_examples/3_activations/plot_02_catalogue.html",
    "sweep": "auto_examples/6_overfitting/plot_02_capacity_and_learning_rate.html",
}
# Gives the rows that are drawn: the last ones that the compiled figure names.
ROWS = """
place => {
  for (const name of ["data_3", "data_2", "data_1", "data_0", "source_0"]) {
    try { return place.view.data(name).map(row => ({...row})); } catch { /* no such name */ }
  }
  return [];
}
"""


def opened(page: Page, address: str, name: str) -> Locator:
    """Open a page and its figure, by keyboard."""
    page.goto(address + PAGES[name])
    place = page.locator(f"#explorer-{name}")
    place.get_by_role("button", name="Open the figure").focus()
    page.keyboard.press("Enter")
    expect(place.locator("svg")).to_be_visible(timeout=60_000)
    return place


def set_to(place: Locator, **values: float | str) -> None:
    """Set sliders and lists of a figure, as a reader would leave them."""
    place.evaluate(
        """async (place, values) => {
          for (const [name, value] of Object.entries(values)) place.view.signal(name, value);
          await place.view.runAsync();
        }""",
        values,
    )


def lines(place: Locator) -> dict[str, dict[float, float]]:
    """Return what is drawn: for each line its outputs by its inputs."""
    found: dict[str, dict[float, float]] = {}
    for row in place.evaluate(ROWS):
        if row["o"] is not None:
            found.setdefault(row["line"], {})[row["x"]] = row["o"]
    return found


def assert_line(line: dict[float, float], expected: torch.Tensor) -> None:
    torch.testing.assert_close(
        torch.tensor(list(line.values()), dtype=torch.float64), expected, rtol=0, atol=1e-5
    )


def inputs_of(line: dict[float, float]) -> torch.Tensor:
    return torch.tensor(list(line), dtype=torch.float64)


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    """Give each figure in turn."""
    return request.param


def test_nothing_is_loaded_before_it_is_asked_for(page: Page, address: str, name: str) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(address + PAGES[name])
    assert not [url for url in requested if "/npm/" in url]
    opened(page, address, name)
    files = [url.rsplit("/", 1)[-1] for url in requested if "/npm/" in url]
    assert files == ["vega.min.js", "vega-lite.min.js", "vega-interpreter.js"]
    assert all(url.startswith(address) for url in requested)


def test_an_open_figure_breaks_no_rule_and_no_width(
    page: Page, axe: str, address: str, name: str
) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    opened(page, address, name)
    page.evaluate(axe)
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(every_page.SETTLED)
            found += [f"{theme} {width}: {each}" for each in page.evaluate(every_page.AXE, theme)]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            column = page.locator(".content")
            assert column.evaluate("column => column.scrollWidth - column.clientWidth") == 0
    assert found == [], "\n".join(found)
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate(every_page.UNREACHED) == []
    assert [error for error in errors if "favicon" not in error] == []


def test_a_figure_opens_on_a_page_from_a_folder(page: Page, name: str) -> None:
    opened(page, f"{SITE.as_uri()}/", name)


def test_without_scripts_a_sentence_says_what_is_missing(browser, address: str, name: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + PAGES[name])
    place = page.locator(f"#explorer-{name}")
    expect(place.locator("noscript")).to_be_visible()
    assert "It needs JavaScript, which is switched off" in place.inner_text()
    expect(place.get_by_role("button")).to_have_count(0)
    context.close()


def test_a_slider_is_turned_by_keyboard_and_told_at_rest(page: Page, address: str) -> None:
    place = opened(page, address, "one-neuron")
    slider = place.get_by_label("weight w")
    expect(slider).to_be_focused()
    words = place.get_by_role("status")
    expect(words).to_have_text(
        "Weight 2.00, bias −1.00, tanh: it rises, and w x + b is 0 at x = 0.50."
    )
    page.keyboard.press("Home")
    expect(words).to_have_text(
        "Weight −5.00, bias −1.00, tanh: it falls, and w x + b is 0 at x = −0.20."
    )


def test_one_neuron_is_what_nnbook_computes(page: Page, address: str) -> None:
    place = opened(page, address, "one-neuron")
    functions = {
        "tanh": torch.tanh,
        "Hardtanh": torch.nn.Hardtanh(),
        "Sigmoid": torch.sigmoid,
        "ReLU": torch.relu,
        "none": lambda x: x,
    }
    for chosen, function in functions.items():
        weight, bias = (round(random.uniform(-5, 5), 2) for _ in range(2))  # noqa: S311
        set_to(place, w=weight, b=bias, f=chosen)
        drawn = lines(place)
        line = drawn["o = f(w x + b)"]
        assert len(line) == 301
        x = inputs_of(line)
        assert_line(line, neuron(weight, bias, activation=function)(x))
        assert_line(drawn["w x + b"], weight * x + bias)


def test_composed_neurons_are_what_nnbook_computes(page: Page, address: str) -> None:
    place = opened(page, address, "composed")
    a, b, c, d = BOOK_NEURONS
    assert [specs.numbers_of(each) for each in (a, d)] == [(-2.0, -1.25), (-3.0, 1.5)]
    curves = (a + b, a - b, c(a + b), d(a + b), c(a + b) + d(a + b))
    for curve in curves:
        set_to(place, shown=curve.name)
        drawn = lines(place)
        x = inputs_of(drawn["A"])
        assert_line(drawn["the curve chosen"], curve(x))
        assert_line(drawn["B"], b(x))


def test_the_catalogue_is_that_of_nnbook(page: Page, address: str) -> None:
    place = opened(page, address, "catalogue")
    for chosen, activation in nnbook.activations.CATALOGUE.items():
        set_to(place, chosen=chosen)
        drawn = lines(place)
        for kind, function in (
            ("function f(x)", activation),
            ("derivative f′(x)", lambda x, f=activation: nnbook.activations.derivative(f, x)),
        ):
            assert len(drawn[kind]) > 110
            assert_line(drawn[kind], function(inputs_of(drawn[kind])))


def test_each_mark_of_the_sweep_is_a_run(page: Page, address: str) -> None:
    place = opened(page, address, "sweep")
    set_to(place, units="all", way="all")
    rows = place.evaluate(ROWS)
    assert len(rows) == 550 - 3 * len(specs.PAIRS)  # three kinds of runs diverge
    data = nnbook.load_thermometer()
    data = data.with_inputs(0.1 * data.inputs)
    # At higher rates training is chaotic, and a run alone parts from its twin by rounding.
    calm = [row for row in rows if row["way"] == "SGD 0.0001"]
    for row in random.sample(calm, 3):
        seed = row["seed"]
        own = {
            "hidden": specs.UNITS[row["units"]],
            "val_rows": specs.PAIRS[seed],
            **specs.WAYS[row["way"]],
        }
        alone = nnbook.sweep(data, runs=[own], seed=seed, epochs=5000)
        assert math.isclose(alone.train_loss[0, -1], row["train"], rel_tol=2e-3), row
        assert math.isclose(alone.val_loss[0, -1], row["val"], rel_tol=2e-3), row
    set_to(place, units="13", way="SGD 0.1", seed=3)
    expect(place.get_by_role("status")).to_contain_text("This run diverged.")


def test_the_runs_of_the_sweep_can_be_taken_away(page: Page, address: str) -> None:
    place = opened(page, address, "sweep")
    set_to(place, units="all", way="all")
    link = place.locator("~ details.plotted").get_by_role("link", include_hidden=True)
    file = (SITE / PAGES["sweep"]).parent / str(link.get_attribute("href"))
    with file.open(encoding="utf-8") as opened_file:
        runs = list(csv.DictReader(opened_file))
    assert len(runs) == 550
    drawn = {(row["units"], row["way"], row["seed"]): row for row in place.evaluate(ROWS)}
    for run in runs:
        row = drawn.get((run["hidden units"], run["optimizer and rate"], int(run["seed"])))
        ends = [run["training loss (°C²)"], run["held-out loss (°C²)"]]
        if row is None:  # it diverged
            assert ends == ["", ""]
        else:
            assert list(map(float, ends)) == [row["train"], row["val"]]


def test_a_library_that_cannot_be_loaded_is_told_and_tried_again(page: Page, address: str) -> None:
    page.route("**/vega.min.js", lambda route: route.abort())
    page.goto(address + PAGES["one-neuron"])
    place = page.locator("#explorer-one-neuron")
    place.get_by_role("button").click()
    expect(place.get_by_role("status")).to_contain_text("The figure could not be opened.")
    page.unroute("**/vega.min.js")
    place.get_by_role("button").click()
    expect(place.locator("svg")).to_be_visible(timeout=60_000)


def test_scripts_and_notebooks_hold_no_figure_to_turn() -> None:
    folder = ROOT / "docs" / "auto_examples"
    notebooks = [folder / path.removeprefix("auto_examples/") for path in PAGES.values()]
    for path in notebooks:
        cells = json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
        text = "".join("".join(cell["source"]) for cell in cells)
        assert "explorer" not in text
        assert len(text) > 1000
