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
from chexlabel.engine.phrases import cue_kind
from chexlabel.labels import Cue, Label, Mention, SectionSpan
from chexlabel.patterns.pattern_set import PatternSet

__all__ = ["Place", "Quote", "Statement", "mentions", "quotes"]

Place: TypeAlias = tuple[SectionSpan, int, int]
"""Where a sentence stands: its section, and its offsets in the report."""


class Quote(NamedTuple):
    """A mention with offsets from the first character of its passage.

    Attributes:
        finding, label, text, start, end, pattern, confidence, source: as of a `Mention`.
        cues: as of a `Mention`.
    """

    finding: str
    label: Label | None
    text: str
    start: int
    end: int
    cues: tuple[Cue, ...]
    pattern: str
    confidence: float | None
    source: str


class Statement(NamedTuple):
    """What a passage says.

    Attributes:
        mask: the same as bits (`chexlabel.engine.mask`), and how it refers back.
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
    found: list[Quote] = []
    for item, label, cues, confidence, source in judgements:
        role = item.role
        start, end = offsets[item.start][0], offsets[item.end - 1][1]
        said = tuple([_quoted(passage, cue, offsets) for cue in cues])
        name, text = patterns.tracked[role.finding], passage[start:end]
        found.append(Quote(name, label, text, start, end, said, role.pattern, confidence, source))
    return tuple(found)


def _quoted(passage: str, cue: Match, offsets: Sequence[tuple[int, int]]) -> Cue:
    role = cue.role
    start, end = offsets[cue.start][0], offsets[cue.end - 1][1]
    return Cue(cue_kind(role), passage[start:end], start, end, role.pattern)


def mentions(
    text: str, places: Sequence[Place], found: Sequence[Quote], *, marked: bool
) -> list[Mention]:
    """Return the mentions of a passage at its place in a report.

    Args:
        text: the report.
        places: those of the passage's sentences.
        found: the mentions with offsets in the passage.
        marked: whether the report has marks that were made plain, so that the passage may stand
            there in other words.
    """
    if len(places) > 1:
        return list(_across(text, places, found))
    section, begin, end = places[0]
    name, sentence = section.name, (begin, end)
    moved: list[Mention] = []
    for finding, label, said, first, last, cues, pattern, confidence, source in found:
        first += begin
        last += begin
        if marked:
            said = text[first:last]
        here = tuple([_cue_moved(cue, begin, text if marked else "") for cue in cues])
        # As `Mention(...)`, without a call of Python: most of the time goes into these.
        values = (
            finding,
            label,
            said,
            first,
            last,
            name,
            sentence,
            here,
            pattern,
            confidence,
            source,
        )
        moved.append(tuple.__new__(Mention, values))
    return moved


def _cue_moved(cue: Cue, by: int, text: str) -> Cue:
    """Return a cue at its place in a report, in the words of `text`, or else in its own."""
    kind, said, start, end, pattern = cue
    start += by
    end += by
    return tuple.__new__(Cue, (kind, text[start:end] or said, start, end, pattern))


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
    for finding, label, _, first, last, cues, pattern, confidence, source in found:
        first, last = moved(first, last)
        here = []
        for kind, _, cue_first, cue_last, cue_pattern in cues:
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
