"""From what passages say to a report's labels.

What a passage says of all findings is one integer with four bits a finding: 0001 negative, 0011
uncertain, 0111 positive, 1000 uncertain unless something else is said ("the heart is stable", "any
effusion?"). The bitwise or of the passages is then the report: any positive wins, else any
uncertain, else any negative (the CheXpert labeler's rule, arXiv:1901.07031). The lowest four bits
are of no finding: in them stands how a sentence refers to the one before it
(`chexlabel.engine.context`), and `MENTIONS`.
"""

from __future__ import annotations

from collections.abc import Iterable

from chexlabel.engine.judgement import Judgement
from chexlabel.labels import Label
from chexlabel.patterns.pattern_set import PatternSet

__all__ = ["MENTIONS", "Aggregator", "passage_mask", "speaks"]

MENTIONS = 0b0100
"""Marks a passage that mentions a finding, if only to say nothing of it: "history of pneumonia"."""

_WIDTH = 4
_OF_FINDINGS = ~0b1111
_BITS = {Label.NEGATIVE: 0b0001, Label.UNCERTAIN: 0b0011, Label.POSITIVE: 0b0111}
_WEAK = 0b1000
_LABELS: dict[int, Label | None] = {0: None, _WEAK: Label.UNCERTAIN}
_LABELS |= {bits | weak: label for label, bits in _BITS.items() for weak in (0, _WEAK)}
_MEMO = 100_000


def passage_mask(
    judgements: Iterable[Judgement], weak_states: frozenset[str], *, asks: bool = False
) -> int:
    """Return what the judgements of a passage say, as bits.

    Args:
        judgements: of its mentions.
        weak_states: the states that make a finding uncertain only where nothing else is said of it.
        asks: whether the passage is a question, which makes findings uncertain in the same way.
    """
    mask = 0
    for judgement in judgements:
        mask |= MENTIONS
        label = judgement.label
        if label is None:
            continue
        bits = _BITS[label]
        cues = judgement.cues
        if label is Label.UNCERTAIN and (asks or (cues and cues[0].role.state in weak_states)):
            bits = _WEAK
        mask |= bits << _WIDTH * (judgement.item.role.finding + 1)
    return mask


def speaks(mask: int) -> bool:
    """Tell whether a passage says something of a finding."""
    return mask >> _WIDTH != 0


class Aggregator:
    """Turns the or-ed bits of a report's sentences into its labels."""

    def __init__(self, patterns: PatternSet) -> None:
        self._patterns = patterns
        self._blank: tuple[Label | None, ...] = (None,) * len(patterns.findings)
        self._memo: dict[int, tuple[Label | None, ...]] = {}
        self._distinct: dict[tuple[Label | None, ...], tuple[Label | None, ...]]
        self._distinct = {self._blank: self._blank}
        # For each label of the output: where its finding's bits are, and what they mean.
        self._columns = [
            (
                _WIDTH * (max(finding, 0) + 1),
                {k: uncertain if v is Label.UNCERTAIN else v for k, v in _LABELS.items()},
            )
            for finding, uncertain in zip(patterns.columns, patterns.uncertain, strict=True)
        ]
        rule = patterns.no_finding
        self._abnormal = [_WIDTH * (finding + 1) for finding in rule.unless] if rule else []

    @property
    def blank(self) -> tuple[Label | None, ...]:
        """The labels of a report without text."""
        return self._blank

    def labels(self, mask: int) -> tuple[Label | None, ...]:
        """Return the labels of a report that has text; equal ones are one object."""
        mask &= _OF_FINDINGS
        found = self._memo.get(mask)
        if found is None:
            if len(self._memo) >= _MEMO:
                self._memo, self._distinct = {}, {self._blank: self._blank}
            labels = self._compute(mask)
            found = self._memo[mask] = self._distinct.setdefault(labels, labels)
        return found

    def _compute(self, mask: int) -> tuple[Label | None, ...]:
        labels = [table[mask >> shift & 0b1111] for shift, table in self._columns]
        rule = self._patterns.no_finding
        if rule is not None:
            said = (_LABELS[mask >> shift & 0b1111] for shift in self._abnormal)
            normal = all(label in (None, Label.NEGATIVE) for label in said)
            labels[rule.column] = Label.POSITIVE if normal else rule.otherwise
        return tuple(labels)
