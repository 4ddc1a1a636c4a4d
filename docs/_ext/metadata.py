"""The first lines of each script: what it needs, as PEP 723 writes it, for `uv run` or `pipx run`.

``python docs/_ext/metadata.py`` puts them into the scripts that lack them, or where they are wrong.
"""

import re
from pathlib import Path

from chapters import EXAMPLES
from depends import requirements

# As the specification gives it.
BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$\n")
TEMPLATE = """# /// script
# requires-python = ">=3.11"
# dependencies = ["{needs}"]
#
# [tool.uv]
# find-links = ["."]
# ///
"""


def wanted(script: Path) -> str:
    """Return the lines that a script should start with."""
    return TEMPLATE.format(needs=requirements(script)[0])


def mend(script: Path) -> bool:
    """Write the right lines into a script; tell whether it changed."""
    before = script.read_text(encoding="utf-8")
    found = BLOCK.match(before)
    after = wanted(script) + (before[found.end() :] if found else before)
    if after != before:
        script.write_text(after, encoding="utf-8")
    return after != before


if __name__ == "__main__":
    for path in sorted(EXAMPLES.glob("*/plot_*.py")):
        if mend(path):
            print(f"mended: {path.parent.name}/{path.name}")
