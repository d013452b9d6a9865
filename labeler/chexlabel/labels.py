"""The types that every stage shares: labels, cues, mentions and labeled reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

__all__ = ["Cue", "Label", "LabeledReport", "Mention", "SectionSpan"]


class Label(IntEnum):
    """What a report says of one finding; a finding it does not speak of has no label (`None`).

    The integer values are those of the CheXpert labeler (Irvin et al. 2019, arXiv:1901.07031).
    """

    POSITIVE = 1
    NEGATIVE = 0
    UNCERTAIN = -1


class SectionSpan(NamedTuple):
    """One section of a report: its canonical name and its character offsets, heading excluded."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cue:
    """The words that decided a mention's label.

    Attributes:
        kind: the cue's kind as the pattern set names it ("negation", "uncertainty", "state", ...).
        text: the words as they stand in the report.
        start: offset of the first character in the report.
        end: offset after the last character in the report.
        pattern: the pattern that matched, as it is written in the pattern file.
    """

    kind: str
    text: str
    start: int
    end: int
    pattern: str


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a report speaks of a finding.

    Attributes:
        finding: the finding's name in the pattern set.
        label: what this mention says; `None` for a mention that counts for nothing, such as a
            past one ("history of pneumonia").
        text: the words as they stand in the report.
        start: offset of the first character in the report.
        end: offset after the last character in the report.
        section: canonical name of the section ("findings", "impression", "body", ...).
        sentence: offsets of the sentence in the report, (start, end).
        cues: the cues that decided the label, in text order; empty for a plain statement.
        pattern: the pattern that matched, as it is written in the pattern file.
    """

    finding: str
    label: Label | None
    text: str
    start: int
    end: int
    section: str
    sentence: tuple[int, int]
    cues: tuple[Cue, ...]
    pattern: str


@dataclass(frozen=True, slots=True)
class LabeledReport:
    """A report's labels with the evidence for them.

    Attributes:
        id: the report's identifier, or `None` for a bare text.
        labels: finding -> label, `None` where blank; in the pattern set's order.
        mentions: every mention in text order.
    """

    id: str | None
    labels: Mapping[str, Label | None]
    mentions: tuple[Mention, ...]

    def evidence(self, finding: str) -> tuple[Mention, ...]:
        """Return the mentions that carry the report's label for `finding`, in text order."""
        label = self.labels[finding]
        if label is None:
            return ()
        return tuple(m for m in self.mentions if m.finding == finding and m.label == label)
