import tomllib
from pathlib import Path

from publishing.update import renewed, requirements

ROOT = Path(__file__).parents[2]
PINS = "# Why.\nA==1.0\nonnx==1\nonnx-ir==1\nwindows.only==3\n"


def test_versions_are_renewed_under_the_names_that_stand_there():
    text, changes = renewed(PINS, {"a": "2.0", "onnx_ir": "1", "onnx": "1"})
    assert text == PINS.replace("A==1.0", "A==2.0")
    assert changes == ["A: 1.0 -> 2.0"]


def test_a_new_package_gets_a_pin_in_its_place():
    text, changes = renewed(PINS, {"Fresh": "1.2"})
    assert text == PINS.replace("A==1.0\n", "A==1.0\nFresh==1.2\n")
    assert changes == ["Fresh: new -> 1.2"]


def test_what_follows_from_pytorch_gets_no_pin():
    assert renewed(PINS, {"nvidia-cublas": "13", "triton": "3", "cuda-bindings": "1"})[0] == PINS


def test_what_all_sessions_install_is_asked_for():
    asked = requirements(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    names = {each.split(">=")[0] for each in asked}
    assert {"torch", "onnxruntime", "pytest", "sphinx", "zizmor", "twine", "jax"} <= names


def test_the_constraints_are_in_the_order_in_which_they_are_renewed():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert renewed(text, {}) == (text, [])
