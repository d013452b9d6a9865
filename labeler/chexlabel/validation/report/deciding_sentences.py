"""The sentences that decided on a finding: what the rules read there, and what the refiner."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from chexlabel.validation.evidence_conversion import (
    decided,
    to_attribution,
    to_mention,
    to_mentions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chexlabel.labels import AttributedWord, Attribution, Mention
    from chexlabel.validation.evidence_results import ReportEvidence

__all__ = ["DecidingSentence", "deciding_sentences"]


class DecidingSentence(NamedTuple):
    """A sentence that decided on a finding, or a few that were read together.

    All offsets count from its first character.

    Attributes:
        text: the sentence.
        by_rules: mentions that the rules read there, with their cues.
        refined: mentions that the refiner decided; none where the rules decided.
        attribution: which words the refiner's reading stands on, where that is known.
    """

    text: str
    by_rules: Sequence[Mention]
    refined: Sequence[Mention]
    attribution: Attribution | None


def deciding_sentences(evidence: ReportEvidence, finding: str) -> Iterator[DecidingSentence]:
    """Yield the sentences that gave a report its label of a finding, in text order.

    Args:
        evidence: of the report, with its text.
        finding: the finding; of one that follows from others there are none.
    """
    if evidence.text is None:
        return
    label = decided(evidence, finding)
    deciding = [
        mention
        for mention in to_mentions(evidence, finding)
        if mention.label == label and (label is not None or mention.source == "refiner")
    ]
    by_rules = [to_mention(m) for m in evidence.by_rules if m.finding == finding]
    attributions = [to_attribution(a) for a in evidence.attributions if a.finding == finding]
    for (start, end), group in groupby(
        sorted(deciding, key=lambda mention: mention.sentence), lambda mention: mention.sentence
    ):
        mentions = list(group)
        refined = [mention for mention in mentions if mention.source == "refiner"]
        rules = [mention for mention in mentions if mention.source != "refiner"]
        if refined:
            rules = [mention for mention in by_rules if start <= mention.start < end]
        # A cue may stand in a sentence before.
        spans = [cue for mention in (*rules, *refined) for cue in mention.cues]
        first = min([start, *(cue.start for cue in spans)])
        last = max([end, *(cue.end for cue in spans), *(mention.end for mention in rules)])
        yield DecidingSentence(
            evidence.text[first:last],
            [_moved(mention, -first) for mention in rules],
            [_moved(mention, -first)._replace(cues=()) for mention in refined],
            next(
                (_attribution_moved(a, -first) for a in attributions if a.sentence == (start, end)),
                None,
            )
            if refined
            else None,
        )


def _moved(mention: Mention, shift: int) -> Mention:
    return mention._replace(
        start=mention.start + shift,
        end=mention.end + shift,
        sentence=(mention.sentence[0] + shift, mention.sentence[1] + shift),
        cues=tuple(
            cue._replace(start=cue.start + shift, end=cue.end + shift) for cue in mention.cues
        ),
    )


def _attribution_moved(attribution: Attribution, shift: int) -> Attribution:
    def moved(word: AttributedWord) -> AttributedWord:
        return word._replace(start=word.start + shift, end=word.end + shift)

    start, end = attribution.sentence
    return attribution._replace(
        sentence=(start + shift, end + shift),
        words=tuple(moved(word) for word in attribution.words),
    )
