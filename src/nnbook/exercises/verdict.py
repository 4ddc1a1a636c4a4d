"""What a check says of an answer, in a script and in a notebook."""

import html
import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Say of one part of an answer whether it is right.

    Parameters
    ----------
    right : bool
        Whether this part is as it should be.
    text : str
        Which part, in words.

    Examples
    --------
    >>> from nnbook.exercises import Finding
    >>> print(Finding(True, "the slope"))
    right: the slope
    """

    right: bool
    text: str

    def __str__(self) -> str:
        return f"{'right' if self.right else 'not yet'}: {self.text}"


@dataclass(frozen=True, repr=False)
class Verdict:
    """Hold what a check found: true if everything is right, false if not.

    At the end of a cell a notebook shows it; in a script, print it.

    Parameters
    ----------
    label : str
        The exercise.
    findings : tuple of Finding
        What was looked at, at least one.
    hint : str, default=""
        Where to look next; empty if everything is right.
    error : Exception, default=None
        What the answer raised, with its traceback; ``raise verdict.error`` shows where.

    Examples
    --------
    >>> from nnbook.exercises import Finding, Verdict
    >>> findings = Finding(True, "the shape"), Finding(False, "the values")
    >>> verdict = Verdict("9.9z", findings, "Look.")
    >>> bool(verdict)
    False
    >>> print(verdict)
    9.9z: not yet
      right: the shape
      not yet: the values
      hint: Look.
    """

    label: str
    findings: tuple[Finding, ...]
    hint: str = ""
    error: Exception | None = None

    def __bool__(self) -> bool:
        return all(finding.right for finding in self.findings)

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        lines += [f"hint: {self.hint}"] if self.hint else []
        fill = textwrap.TextWrapper(100, initial_indent="  ", subsequent_indent="    ")
        return "\n".join([self._summary(), *(fill.fill(line) for line in lines)])

    def __repr__(self) -> str:
        return str(self)

    def _summary(self) -> str:
        return f"{self.label}: {'right' if self else 'not yet'}"

    def _repr_html_(self) -> str:
        # Words, not colours, say what is right; the lists are read aloud as lists.
        lines = []
        for finding in self.findings:
            word, _, text = str(finding).partition(": ")
            lines.append(f"<li><strong>{word}</strong>: {html.escape(text)}</li>")
        hint = f"<p><strong>Hint</strong>: {html.escape(self.hint)}</p>" if self.hint else ""
        summary = html.escape(self._summary())
        return f"<div><p><strong>{summary}</strong></p><ul>{''.join(lines)}</ul>{hint}</div>"
