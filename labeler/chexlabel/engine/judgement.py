"""What a judge says of one mention: the common result of rules, refiner and NegEx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from chexlabel.engine.match import Match
from chexlabel.labels import Label

__all__ = ["REFINER", "RULES", "Judgement", "Reading"]

RULES: Final = "rules"
REFINER: Final = "refiner"


class Judgement(NamedTuple):
    """What one mention says.

    Attributes:
        item: the mention (or anatomy) in the sentence.
        label: `None` for a mention that gives no label.
        cues: what decided it, in text order.
        confidence: calibrated probability, 0 to 1, that the passage says so of the finding; `None`
            from a judge that knows none.
        source: who decided, `RULES` or `REFINER`.
    """

    item: Match
    label: Label | None
    cues: tuple[Match, ...]
    confidence: float | None = None
    source: str = RULES


class Reading(NamedTuple):
    """What a judge that knows probabilities says of one passage.

    Attributes:
        judgements: of its mentions.
        probabilities: [findings, 4], by the finding's number: the calibrated probabilities that the
            passage is blank, negative, uncertain, positive about it (a NumPy array).
    """

    judgements: Sequence[Judgement]
    probabilities: Any
