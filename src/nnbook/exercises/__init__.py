"""Checks of the book's exercises: what is right in an answer, what is not yet, and a hint.

Examples
--------
>>> import torch
>>> from nnbook.exercises import check
>>> verdict = check("2.5a", lambda x: torch.relu(1 - x))
>>> bool(verdict)
False
>>> print(verdict)
2.5a: not yet
  not yet: up to -1 the curve is 0
  not yet: from -1 to 0 it rises to 1
  right: from 0 to 1 it falls back
  right: from 1 on it is 0 again
  hint: Far to the left your curve is not 0. A unit adds nothing left of its kink if its input
    weight is positive; is there one that is on there?
"""

from nnbook.exercises.checking import check, expected, labels
from nnbook.exercises.verdict import Finding, Verdict

__all__ = ["Finding", "Verdict", "check", "expected", "labels"]
