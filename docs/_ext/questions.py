"""The questions on each chapter, and the facts by which the build checks their answers.

docs/_questions/CHAPTER.toml holds the texts, docs/_questions/CHAPTER.py a function for each
question. What it returns must be what the right choice claims, and what no other choice does.

    python docs/_ext/questions.py learning ...   # prints the facts of these chapters as JSON
"""

import importlib.util
import json
import math
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from chapters import CHAPTERS, EXAMPLES, docname

QUESTIONS = Path(__file__).parents[1] / "_questions"
#: Two numbers that differ by less are one answer: a question tells larger things apart.
NEAR = 0.05


@dataclass(frozen=True)
class Choice:
    """A choice: what it claims, its text and the feedback to it, in reStructuredText."""

    claims: Any
    text: str
    feedback: str


@dataclass(frozen=True)
class Question:
    """A question with its choices, and the passage of the book that answers it."""

    name: str
    text: str
    answer: Any
    choices: tuple[Choice, ...]
    page: str
    section: str

    def is_right(self, choice: Choice) -> bool:
        """Tell whether a choice is the right one."""
        return same(choice.claims, self.answer)


def same(one: Any, other: Any) -> bool:
    """Tell whether two answers are one."""
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return math.isclose(one, other, rel_tol=NEAR, abs_tol=1e-9)
    return bool(one == other)


def source(chapter: str) -> Path:
    """Return the file with a chapter's questions; "1_learning" has learning.toml."""
    return QUESTIONS / f"{chapter.partition('_')[2]}.toml"


def facts_file(chapter: str) -> Path:
    """Return the file with a chapter's facts."""
    return source(chapter).with_suffix(".py")


def questions(chapter: str) -> list[Question]:
    """Read a chapter's questions; none where it has no file."""
    if not source(chapter).exists():
        return []
    table = tomllib.loads(source(chapter).read_text(encoding="utf-8"))
    return [
        Question(
            name=name,
            text=entry["text"],
            answer=entry["answer"],
            choices=tuple(Choice(*choice) for choice in entry["choices"]),
            page=entry["page"],
            section=entry["section"],
        )
        for name, entry in table.items()
    ]


def last_pages() -> dict[str, str]:
    """Return each chapter's last page, on which the questions stand: document to chapter."""
    found = {}
    for chapter in CHAPTERS:
        scripts = sorted((EXAMPLES / chapter).glob("plot_*.py"))
        if scripts and source(chapter).exists():
            found[docname(scripts[-1])] = chapter
    return found


def page_of(number: str) -> str:
    """Return the document of a page, from its number such as 1.3."""
    chapter, _, place = number.partition(".")
    (script,) = EXAMPLES.glob(f"{chapter}_*/plot_{int(place):02}_*.py")
    return docname(script)


def facts_module(chapter: str) -> ModuleType:
    """Import the module that computes a chapter's facts."""
    spec = importlib.util.spec_from_file_location(f"facts_{chapter}", facts_file(chapter))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def facts(chapter: str) -> dict[str, Any]:
    """Compute what is true: the answer to each of a chapter's questions."""
    module = facts_module(chapter)
    return {each.name: getattr(module, each.name)() for each in questions(chapter)}


def faults(chapter: str, known: dict[str, Any]) -> list[str]:
    """Compare a chapter's questions with the facts; return what does not agree."""
    found = []
    for each in questions(chapter):
        right = [choice for choice in each.choices if each.is_right(choice)]
        if len(right) != 1:
            found.append(f"{each.name}: {len(right)} choices are right")
        if not same(known[each.name], each.answer):
            found.append(f"{each.name}: computed {known[each.name]!r}, told {each.answer!r}")
    return found


if __name__ == "__main__":
    print(json.dumps({chapter: facts(chapter) for chapter in sys.argv[1:]}))
