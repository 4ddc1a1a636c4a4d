"""What tests and doctests share: figures without a window, closed when a test ends."""

import sys
from collections.abc import Iterator

import matplotlib as mpl
import pytest

mpl.use("Agg")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let it be chosen how often what chance decides is tried."""
    parser.addoption("--kills", type=int, default=100, help="savers to kill in test_durable.py")
    parser.addoption("--builds", type=int, default=5, help="builds in a row in test_rebuild.py")


@pytest.fixture(autouse=True)
def figures_closed() -> Iterator[None]:
    """Close the figures that a test leaves open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
