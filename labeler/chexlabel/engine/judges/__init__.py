"""Judges: from passages of text to what they say of the findings.

A passage is a sentence, or a few that must be read together because one refers back to another.
The rules are one judge; a refiner is another, that holds the rules' answer and may change it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from chexlabel.engine.judgement import Judgement, Reading
from chexlabel.labels import Attribution, LabeledReport

__all__ = ["Judge", "Refiner"]


class Judge(Protocol):
    """Turns distinct passages into judgements. Judges may be shared between threads."""

    def __call__(self, passages: Sequence[str], /) -> Iterable[list[Judgement]]:
        """Judge a batch of passages.

        Returns:
            For each passage, in order, its judgements in text order; of a judge that needs one
            passage at a time, worked out as they are asked for.
        """


class Refiner(Judge, Protocol):
    """A judge that holds the rules' judge, may change its labels, and knows probabilities."""

    @property
    def title(self) -> str:
        """Name and version of the model, as summaries and the evidence name it."""

    @property
    def refined(self) -> frozenset[int]:
        """The numbers of the findings that it has probabilities for."""

    def skim(self, passages: Sequence[str], /) -> Iterable[list[Judgement]]:
        """Judge a batch of passages for their labels alone, as quickly as may be."""

    def read(self, passages: Sequence[str], /) -> list[Reading]:
        """Judge a batch of passages and give the probabilities of all labels."""

    def attribute(
        self,
        text: str,
        labeled: LabeledReport,
        threshold: float | None,
        findings: Collection[str] | None,
        /,
    ) -> tuple[Attribution, ...]:
        """Say which words of a report that it judged its reading stands on."""
