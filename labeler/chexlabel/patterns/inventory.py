"""Pattern sets in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chexlabel.patterns.load import available_sets, read_set
from chexlabel.patterns.walk import set_entries

if TYPE_CHECKING:
    from chexlabel.patterns.source import SetSource

__all__ = ["SetSummary", "list_sets", "summary"]


@dataclass(frozen=True, slots=True)
class SetSummary:
    """A pattern set in numbers.

    Attributes:
        name: its name.
        version: its version.
        path: its folder.
        extends: the name of the set that it extends.
        findings: the labels of its output, in order.
        phrases: how many phrases (lines of its files) it is made of, with those that it inherits.
        examples: how many examples its own files hold.
    """

    name: str
    version: str
    path: Path
    extends: str | None
    findings: tuple[str, ...]
    phrases: int
    examples: int


def list_sets() -> list[SetSummary]:
    """Return the pattern sets that ship with the package.

    Raises:
        PatternFileError: One of them has an error.
    """
    return [summary(read_set(path)) for path in available_sets().values()]


def summary(source: SetSource) -> SetSummary:
    """Return a set in numbers."""
    return SetSummary(
        name=source.info.name,
        version=source.info.version,
        path=source.path,
        extends=source.info.extends,
        findings=tuple(source.info.findings),
        phrases=sum(1 for _ in set_entries(source)),
        examples=len(source.examples),
    )
