"""The training graphs of the playground: one ONNX file for each activation and optimizer.

Making one takes seconds, so they are kept between builds, by what they depend on. They are made by
worker processes: torch stays out of Sphinx's. In the site they lie in _static/graphs, as
tanh-sgd.onnx and the like; line-sgd.onnx is the straight line.
"""

import hashlib
import importlib.metadata
import os
import shutil
from itertools import product
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

import workers

ROOT = Path(__file__).parents[2]
PAGE = "playground"
KEPT = ROOT / "build" / "graphs"
ACTIVATIONS = {
    "tanh": "Tanh",
    "relu": "ReLU",
    "gelu": "GELU",
    "sigmoid": "Sigmoid",
    "line": "Identity",
}
OPTIMIZERS = ("sgd", "momentum", "adam")
logger = logging.getLogger(__name__)


def fingerprint() -> str:
    """Return one number for all that decides what the graphs are."""
    package = ROOT / "src" / "nnbook"
    sources = [Path(__file__), package / "models.py", *sorted((package / "graph").glob("*.py"))]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    for name in ("torch", "onnx", "onnxscript"):
        digest.update(f"{name} {importlib.metadata.version(name)}\n".encode())
    return digest.hexdigest()[:16]


def make(name: str, optimizer: str, folder: Path) -> None:
    """Write one graph into a folder."""
    # Not in Sphinx's process.
    import torch  # noqa: PLC0415

    import nnbook  # noqa: PLC0415

    hidden = () if name == "line" else 4
    made = nnbook.mlp(1, hidden, 1, activation=getattr(torch.nn, ACTIVATIONS[name]))
    graph = nnbook.TrainingGraph.of(made, optimizer=optimizer)
    graph.save(folder / f"{name}-{optimizer}.onnx")


def graphs() -> Path:
    """Return the folder that holds the graphs; make them if there are none for today's sources."""
    folder = KEPT / fingerprint()
    if not folder.exists():
        logger.info("making %d training graphs", len(ACTIVATIONS) * len(OPTIMIZERS))
        unfinished = KEPT / f"unfinished-{os.getpid()}"
        shutil.rmtree(KEPT, ignore_errors=True)
        unfinished.mkdir(parents=True)
        recipes = product(ACTIVATIONS, OPTIMIZERS, [unfinished])
        workers.call_each(make, recipes)
        unfinished.rename(folder)
    return folder


def copy_graphs(app: Sphinx, error: Exception | None) -> None:
    """Put the graphs into the site."""
    if error is not None or app.builder.name != "html" or PAGE not in app.env.found_docs:
        return
    folder = Path(app.outdir) / "_static" / "graphs"
    folder.mkdir(parents=True, exist_ok=True)
    for file in graphs().iterdir():
        shutil.copy(file, folder)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.connect("build-finished", copy_graphs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
