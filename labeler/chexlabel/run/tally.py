"""Counting labels by finding."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from chexlabel.labels import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chexlabel.writers import LabelRow

__all__ = ["Tally"]

_ROWS = 1 << 16


class Tally:
    """Counts labels by finding; equal rows are counted first, which is cheap.

    Args:
        findings: the findings, in the order of the rows.

    >>> tally = Tally(["Edema"])
    >>> tally.add([(Label.POSITIVE,), (None,)])
    >>> tally.merge(tally.numbers())
    >>> tally.counts()["Edema"][Label.POSITIVE]
    2
    """

    def __init__(self, findings: Sequence[str]) -> None:
        self._findings = findings
        self._rows: Counter[LabelRow] = Counter()
        self._counts: list[Counter[Label | None]] = [Counter() for _ in findings]

    def add(self, rows: Sequence[LabelRow]) -> None:
        """Count the labels of some reports."""
        self._rows.update(rows)
        if len(self._rows) > _ROWS:
            self._fold()

    def merge(self, numbers: Sequence[Sequence[int]]) -> None:
        """Add what another tally of the same findings counted, as `numbers` gives it."""
        for counts, added in zip(self._counts, numbers, strict=True):
            for label, number in zip(Label, added, strict=True):
                counts[label] += number

    def numbers(self) -> list[list[int]]:
        """Return for each finding how often each label was given, in the order of `Label`."""
        self._fold()
        return [[counts[label] for label in Label] for counts in self._counts]

    def counts(self) -> dict[str, dict[Label, int]]:
        """Return finding -> label -> number of reports."""
        return {
            finding: dict(zip(Label, numbers, strict=True))
            for finding, numbers in zip(self._findings, self.numbers(), strict=True)
        }

    def _fold(self) -> None:
        for row, times in self._rows.items():
            for counts, label in zip(self._counts, row, strict=True):
                counts[label] += times
        self._rows.clear()
