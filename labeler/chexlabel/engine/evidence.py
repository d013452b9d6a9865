"""What a report says word for word: mentions and cues with their offsets.

What a passage says is worked out once, with offsets from its first character (`quotes`), and moved
to each place where it stands (`mentions`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from chexlabel.engine.context import BOUNDARY
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match, token_offsets
from chexlabel.labels import Cue, Label, Mention, SectionSpan
from chexlabel.patterns.pattern_set import PatternSet

__all__ = ["Place", "Quote", "Statement", "mentions", "quotes"]

Place: TypeAlias = tuple[SectionSpan, int, int]
"""Where a sentence stands: its section, and its offsets in the report."""


class Quote(NamedTuple):
    """A mention with offsets from the first character of its passage.

    Attributes:
        finding, label, start, end, pattern, confidence, source: as of a `Mention`.
        cues: of each its kind, start, end and pattern, as of a `Cue`.
    """

    finding: str
    label: Label | None
    start: int
    end: int
    cues: tuple[tuple[str, int, int, str], ...]
    pattern: str
    confidence: float | None
    source: str


class Statement(NamedTuple):
    """What a passage says.

    Attributes:
        mask: of its findings, as bits (`passage_mask`), and how it refers back.
        quotes: its mentions in text order.
    """

    mask: int
    quotes: tuple[Quote, ...]


def quotes(
    passage: str, judgements: Sequence[Judgement], patterns: PatternSet
) -> tuple[Quote, ...]:
    """Return what a passage was judged to say, as it says it."""
    if not judgements:
        return ()
    offsets = token_offsets(passage, patterns.lexicon)
    return tuple(
        Quote(
            patterns.tracked[item.role.finding],
            label,
            offsets[item.start][0],
            offsets[item.end - 1][1],
            tuple([_quoted(cue, offsets) for cue in cues]),
            item.role.pattern,
            confidence,
            source,
        )
        for item, label, cues, confidence, source in judgements
    )


def _quoted(cue: Match, offsets: Sequence[tuple[int, int]]) -> tuple[str, int, int, str]:
    role = cue.role
    kind = role.kind.name if role.kind else "state" if role.state else "alternative"
    return kind, offsets[cue.start][0], offsets[cue.end - 1][1], role.pattern


def mentions(text: str, places: Sequence[Place], found: Sequence[Quote]) -> Iterator[Mention]:
    """Yield the mentions of a passage at its place in a report.

    Args:
        text: the report.
        places: those of the passage's sentences.
        found: the mentions with offsets in the passage.
    """
    if len(places) > 1:
        yield from _across(text, places, found)
        return
    section, begin, end = places[0]
    name, sentence = section.name, (begin, end)
    for finding, label, first, last, cues, pattern, confidence, source in found:
        first += begin
        last += begin
        here = tuple(
            [Cue(k, text[s + begin : e + begin], s + begin, e + begin, p) for k, s, e, p in cues]
        )
        said = text[first:last]
        yield Mention(
            finding, label, said, first, last, name, sentence, here, pattern, confidence, source
        )


def _across(text: str, places: Sequence[Place], found: Sequence[Quote]) -> Iterator[Mention]:
    """Yield the mentions of a passage of several sentences."""
    # Where each sentence begins in the passage, and how far that is from its place in the text.
    begins, shifts = [0], [places[0][1]]
    for (_, start, end), (_, following, _) in pairwise(places):
        begins.append(begins[-1] + end - start + len(BOUNDARY))
        shifts.append(following - begins[-1])

    def moved(first: int, last: int) -> tuple[int, int]:
        shift = shifts[bisect_right(begins, first) - 1]
        return first + shift, last + shift

    sentence = places[0][1], places[-1][2]
    for finding, label, first, last, cues, pattern, confidence, source in found:
        first, last = moved(first, last)
        here = []
        for kind, cue_first, cue_last, cue_pattern in cues:
            cue_first, cue_last = moved(cue_first, cue_last)
            here.append(Cue(kind, text[cue_first:cue_last], cue_first, cue_last, cue_pattern))
        name = next(section.name for section, start, end in places if start <= first < end)
        said = text[first:last]
        yield Mention(
            finding,
            label,
            said,
            first,
            last,
            name,
            sentence,
            tuple(here),
            pattern,
            confidence,
            source,
        )
