"""Problems of pattern files: where, what, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chexlabel.errors import PatternError

__all__ = ["PatternFileError", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a pattern file.

    Attributes:
        file: the file that has to be changed.
        line: its line, counted from 1.
        message: what is wrong and how to mend it, in one line.
    """

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class PatternFileError(PatternError):
    """The files of a pattern set have problems; the message names the first and counts the rest."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems that were found, in the order of the files."""
        return self.args

    def __str__(self) -> str:
        first, *more = self.problems
        if not more:
            return str(first)
        return f"{first} (and {len(more)} more: `chexlabel patterns check` lists them)"
