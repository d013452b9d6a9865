"""Judges: from passages of text to what they say of the findings.

A passage is a sentence, or a few that must be read together because one refers back to another.
The rules are one judge; a refiner is another, that holds the rules' answer and may change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chexlabel.engine.judgement import Judgement

__all__ = ["Judge"]


class Judge(Protocol):
    """Turns distinct passages into judgements. Judges may be shared between threads."""

    def __call__(self, passages: Sequence[str], /) -> list[list[Judgement]]:
        """Judge a batch of passages.

        Returns:
            For each passage, in order, its judgements in text order.
        """
