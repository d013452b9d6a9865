"""What a judge says of one mention: the common result of rules, refiner and NegEx."""

from __future__ import annotations

from typing import NamedTuple

from chexlabel.engine.match import Match
from chexlabel.labels import Label

__all__ = ["Judgement"]


class Judgement(NamedTuple):
    """What one mention says.

    Attributes:
        item: the mention (or anatomy) in the sentence.
        label: `None` for one that counts for nothing.
        cues: what decided it, in text order.
    """

    item: Match
    label: Label | None
    cues: tuple[Match, ...]
