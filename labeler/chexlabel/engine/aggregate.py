"""From what passages say to a report's labels."""

from __future__ import annotations

from chexlabel.engine.mask import LABELS, OF_FINDINGS, bits_of
from chexlabel.labels import Label
from chexlabel.patterns.pattern_set import PatternSet

__all__ = ["Aggregator"]

_MEMO = 100_000


class Aggregator:
    """Turns the mask of a report, the bitwise or of its passages' masks, into its labels."""

    def __init__(self, patterns: PatternSet) -> None:
        self._patterns = patterns
        self._blank: tuple[Label | None, ...] = (None,) * len(patterns.findings)
        self._memo: dict[int, tuple[Label | None, ...]] = {}
        self._distinct: dict[tuple[Label | None, ...], tuple[Label | None, ...]]
        self._distinct = {self._blank: self._blank}
        # For each label of the output: its finding, and what the bits of that mean.
        self._columns = [
            (
                max(finding, 0),
                {k: uncertain if v is Label.UNCERTAIN else v for k, v in LABELS.items()},
            )
            for finding, uncertain in zip(patterns.columns, patterns.uncertain, strict=True)
        ]

    @property
    def blank(self) -> tuple[Label | None, ...]:
        """The labels of a report without text."""
        return self._blank

    def labels(self, mask: int) -> tuple[Label | None, ...]:
        """Return the labels of a report that has text; equal ones are one object."""
        mask &= OF_FINDINGS
        found = self._memo.get(mask)
        if found is None:
            if len(self._memo) >= _MEMO:
                self._memo, self._distinct = {}, {self._blank: self._blank}
            labels = self._compute(mask)
            found = self._memo[mask] = self._distinct.setdefault(labels, labels)
        return found

    def _compute(self, mask: int) -> tuple[Label | None, ...]:
        labels = [table[bits_of(mask, finding)] for finding, table in self._columns]
        rule = self._patterns.no_finding
        if rule is not None:
            said = (LABELS[bits_of(mask, finding)] for finding in rule.unless)
            normal = all(label in (None, Label.NEGATIVE) for label in said)
            labels[rule.column] = Label.POSITIVE if normal else rule.otherwise
        return tuple(labels)
