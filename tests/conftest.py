"""What all tests share: shapes checked at run time, one thread, no global seed."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import hypothesis
import jaxtyping
import pytest
import torch

# Annotations such as `Float[Tensor, "batch 1"]` are checked in every call of nnbook. The hook must
# come before the first import of nnbook, or nothing is checked; test_public.py looks whether it is.
jaxtyping.install_import_hook("nnbook", "beartype.beartype")
import nnbook  # noqa: E402

# Off but for the tests, so that doctests in the same session run as for a reader.
jaxtyping.config.update("jaxtyping_disable", True)

# Tiny networks are several times slower on two threads than on one.
torch.set_num_threads(1)
# No deadline: the machine may be busy, and the first call of an operator is slow.
hypothesis.settings.register_profile("nnbook", deadline=None, max_examples=50)
# For mutation testing: few examples, always the same, and none made smaller.
hypothesis.settings.register_profile(
    "mutation",
    deadline=None,
    max_examples=10,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.load_profile("nnbook")


@pytest.fixture(autouse=True)
def types_checked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check types and shapes at run time, but not in a test marked `unchecked`."""
    unchecked = request.node.get_closest_marker("unchecked") is not None
    jaxtyping.config.update("jaxtyping_disable", unchecked)
    yield
    jaxtyping.config.update("jaxtyping_disable", True)


@pytest.fixture
def generator() -> torch.Generator:
    """Give a seeded generator; torch's global one is seeded by no fixture."""
    return torch.Generator().manual_seed(0)


@pytest.fixture
def readings() -> nnbook.Samples:
    """Give the thermometer's readings, scaled as in the book."""
    data = nnbook.load_thermometer()
    return data.with_inputs(0.1 * data.inputs)


@pytest.fixture
def split(readings: nnbook.Samples) -> nnbook.Split:
    """Hold out the rows that the book holds out."""
    return readings.split_at([7, 10])


@pytest.fixture
def seeded() -> Callable[..., Any]:
    """Give a function that calls another one from a seed, and leaves the global generator alone."""

    def build_from(seed: int, build: Callable[[], Any]) -> Any:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return build()

    return build_from


@pytest.fixture
def refused() -> Callable[[type[Exception], str], AbstractContextManager[None]]:
    """Give a context that expects a refusal, in the form that every refusal has.

    In the expected message, … stands for any words.
    """

    @contextmanager
    def context(error: type[Exception], message: str) -> Iterator[None]:
        pattern = ".*".join(re.escape(part) for part in message.split("…"))
        with pytest.raises(error, match=pattern) as caught:
            yield
        assert re.fullmatch(r"`[^`]+` must .+, got .+\.", str(caught.value), re.DOTALL)

    return context
