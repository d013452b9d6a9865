"""From what sentences say to a report's labels.

What a sentence says of all findings is one integer with three bits a finding: 001 negative,
011 uncertain, 111 positive. The bitwise or of the sentences is then the report: any positive wins,
else any uncertain, else any negative (the CheXpert labeler's rule, arXiv:1901.07031).
"""

from __future__ import annotations

from collections.abc import Iterable

from chexlabel.engine.judgement import Judgement
from chexlabel.labels import Label
from chexlabel.patterns.compile import PatternSet

__all__ = ["Aggregator", "sentence_mask"]

_BITS = {Label.NEGATIVE: 0b001, Label.UNCERTAIN: 0b011, Label.POSITIVE: 0b111}
_LABELS = {0b000: None, 0b001: Label.NEGATIVE, 0b011: Label.UNCERTAIN, 0b111: Label.POSITIVE}
_MEMO = 100_000


def sentence_mask(judgements: Iterable[Judgement]) -> int:
    """Return what the judgements of a sentence say, as bits."""
    mask = 0
    for judgement in judgements:
        if judgement.label is not None:
            mask |= _BITS[judgement.label] << 3 * judgement.item.role.finding
    return mask


class Aggregator:
    """Turns the or-ed bits of a report's sentences into its labels."""

    def __init__(self, patterns: PatternSet) -> None:
        self._patterns = patterns
        self._blank: tuple[Label | None, ...] = (None,) * len(patterns.findings)
        self._memo: dict[int, tuple[Label | None, ...]] = {}
        self._distinct: dict[tuple[Label | None, ...], tuple[Label | None, ...]] = {}
        # For each label put out: where its finding's bits stand, and what they mean.
        self._columns = [
            (3 * max(finding, 0), {**_LABELS, 0b011: uncertain})
            for finding, uncertain in zip(patterns.columns, patterns.uncertain, strict=True)
        ]
        rule = patterns.no_finding
        self._abnormal = sum(0b010 << 3 * finding for finding in rule.unless) if rule else 0

    @property
    def blank(self) -> tuple[Label | None, ...]:
        """The labels of a report without text."""
        return self._blank

    def labels(self, mask: int) -> tuple[Label | None, ...]:
        """Return the labels put out for a report that has text; equal ones are one object."""
        found = self._memo.get(mask)
        if found is None:
            if len(self._memo) >= _MEMO:
                self._memo, self._distinct = {}, {}
            labels = self._compute(mask)
            found = self._memo[mask] = self._distinct.setdefault(labels, labels)
        return found

    def _compute(self, mask: int) -> tuple[Label | None, ...]:
        labels = [table[mask >> shift & 0b111] for shift, table in self._columns]
        rule = self._patterns.no_finding
        if rule is not None:
            normal = not mask & self._abnormal
            labels[rule.column] = Label.POSITIVE if normal else rule.otherwise
        return tuple(labels)
