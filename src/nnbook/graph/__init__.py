"""A whole training run as one portable ONNX file."""

from nnbook.graph.graph import TrainingGraph

__all__ = ["TrainingGraph"]
