"""Mentions and attributions as a result holds them, from those of the labeler and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chexlabel.labels import (
    LABEL_WORDS,
    LABELS_BY_WORD,
    AttributedWord,
    Attribution,
    Cue,
    Mention,
)
from chexlabel.render.highlight import strongest
from chexlabel.validation.evidence_results import (
    EvidenceAttribution,
    EvidenceCue,
    EvidenceMention,
    EvidenceWord,
)

if TYPE_CHECKING:
    from chexlabel.labels import Label
    from chexlabel.validation.evidence_results import ReportEvidence

__all__ = [
    "decided",
    "from_attribution",
    "from_mention",
    "to_attribution",
    "to_mention",
    "to_mentions",
]


def from_mention(mention: Mention) -> EvidenceMention:
    """Turn a mention of the labeler into one of the result."""
    return EvidenceMention(
        finding=mention.finding,
        label=LABEL_WORDS[mention.label],
        text=mention.text,
        start=mention.start,
        end=mention.end,
        section=mention.section,
        sentence=mention.sentence,
        cues=[
            EvidenceCue(kind=c.kind, text=c.text, start=c.start, end=c.end, pattern=c.pattern)
            for c in mention.cues
        ],
        confidence=mention.confidence,
        source=mention.source,
    )


def to_mention(m: EvidenceMention) -> Mention:
    """Turn a mention of the result back into one of the labeler."""
    return Mention(
        finding=m.finding,
        label=LABELS_BY_WORD[m.label],
        text=m.text,
        start=m.start,
        end=m.end,
        section=m.section,
        sentence=m.sentence or (m.start, m.end),
        cues=tuple(Cue(c.kind, c.text, c.start, c.end, c.pattern) for c in m.cues),
        pattern="",
        confidence=m.confidence,
        source=m.source,
    )


def to_mentions(evidence: ReportEvidence, finding: str | None = None) -> list[Mention]:
    """Turn the evidence for one finding, or for all, back into mentions, for highlighting."""
    return [to_mention(m) for m in evidence.mentions if finding is None or m.finding == finding]


def from_attribution(attribution: Attribution) -> EvidenceAttribution:
    """Turn an attribution of the labeler into one of the result."""
    return EvidenceAttribution(
        finding=attribution.finding,
        label=LABEL_WORDS[attribution.label],
        sentence=attribution.sentence,
        words=[
            EvidenceWord(start=w.start, end=w.end, score=w.score, kept=w.kept)
            for w in attribution.words
        ],
        probability=attribution.probability,
        without=attribution.without,
        method=attribution.method,
    )


def to_attribution(a: EvidenceAttribution) -> Attribution:
    """Turn an attribution of the result back into one of the labeler."""
    return Attribution(
        finding=a.finding,
        label=LABELS_BY_WORD[a.label],
        sentence=a.sentence,
        words=tuple(AttributedWord(w.start, w.end, w.score, w.kept) for w in a.words),
        probability=a.probability,
        without=a.without,
        method=a.method,
    )


def decided(evidence: ReportEvidence, finding: str) -> Label | None:
    """Return what chexlabel says of a finding of a report: its label, else its strongest mention's.

    Evidence files of old name no labels.
    """
    if finding in evidence.labels:
        return LABELS_BY_WORD[evidence.labels[finding]]
    return strongest(to_mentions(evidence, finding))
