"""Which chapters there are, and which of them this build was asked to run."""

import os
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
CHAPTERS = sorted(folder.name for folder in EXAMPLES.glob("[0-9]_*"))


def chosen_chapters() -> list[str]:
    """Return the chapters named in NNBOOK_CHAPTERS ("learning overfitting"), or all."""
    wanted = os.environ.get("NNBOOK_CHAPTERS", "").split()
    by_name = {chapter.split("_", 1)[1]: chapter for chapter in CHAPTERS}
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise ValueError(f"chapters are {', '.join(by_name)}; got {unknown[0]!r}.")
    return [by_name[name] for name in wanted] or CHAPTERS
