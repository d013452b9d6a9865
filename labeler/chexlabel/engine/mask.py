"""What a passage says of all findings, and how it is read, as one integer: its mask.

Four bits are of the passage itself, and four of each finding:

    | finding 1 | finding 0 | of the passage              |
    | . . . .   | . . . .   | - MENTIONS ANSWERS REFERS   |

Those of a finding are 0001 negative, 0011 uncertain, 0111 positive, 1000 uncertain unless something
else is said ("the heart is stable", "any effusion?"). The bitwise or of the passages is then the
report: any positive wins, else any uncertain, else any negative (the CheXpert labeler's rule,
arXiv:1901.07031).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from chexlabel.engine.judgement import Judgement
from chexlabel.labels import Label

__all__ = [
    "ANSWERS",
    "LABELS",
    "MENTIONS",
    "OF_FINDINGS",
    "REFERS",
    "bits_of",
    "passage_mask",
    "speaks",
]

REFERS: Final = 0b0001
"""Marks a sentence that refers to the one before it, whatever that is."""

ANSWERS: Final = 0b0010
"""Marks a sentence that refers to the one before it if that asks for an answer."""

MENTIONS: Final = 0b0100
"""Marks a passage that mentions a finding, if only to say nothing of it: "history of pneumonia"."""

OF_FINDINGS: Final = ~0b1111
"""The bits of findings."""

_WIDTH: Final = 4
_WEAK: Final = 0b1000
_BITS = {Label.NEGATIVE: 0b0001, Label.UNCERTAIN: 0b0011, Label.POSITIVE: 0b0111}

LABELS: dict[int, Label | None] = {
    0: None,
    _WEAK: Label.UNCERTAIN,
    **{bits | weak: label for label, bits in _BITS.items() for weak in (0, _WEAK)},
}
"""What the bits of a finding mean."""


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


def bits_of(mask: int, finding: int) -> int:
    """Return the bits of a finding, which `LABELS` gives the meaning of."""
    return mask >> _WIDTH * (finding + 1) & 0b1111


def speaks(mask: int) -> bool:
    """Tell whether a passage says something of a finding."""
    return mask & OF_FINDINGS != 0
