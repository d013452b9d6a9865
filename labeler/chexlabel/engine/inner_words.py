"""Makes ready what was matched: inner words are left out, a verdict in front is turned round."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chexlabel.engine.answers import is_elision
from chexlabel.engine.echoes import ends_clause, leads_to_subject
from chexlabel.engine.match import Match
from chexlabel.engine.phrases import (
    CUES_BEFORE,
    FINDINGS,
    SUBJECTS,
    ahead,
    behind,
    governs_next,
    restarts,
)
from chexlabel.patterns.roles import Tag

__all__ = ["with_verdict_in_front", "without_inner_words"]

_INNER: dict[str, frozenset[str]] = {
    Tag.STATE: CUES_BEFORE,
    Tag.ANATOMY: FINDINGS,
    Tag.ASSERTIVE: frozenset(),
}
"""What may be left out as part of longer words, and what these are if they begin with it."""


_CONDITIONS: dict[str, Callable[[Sequence[Match], int, int], bool]] = {
    Tag.ELISION: is_elision,
    Tag.ECHO: leads_to_subject,
    Tag.LATE_ECHO: ends_clause,
    Tag.REVERSAL: ends_clause,
}
"""Where words must stand to count."""


def without_inner_words(items: Sequence[Match], length: int) -> Sequence[Match]:
    """Leave out states, organs and presenting words that belong to longer words.

    Of a finding ("mediastinal widening", "heart failure") or of a cue ("negative for"); and what
    would stand for a statement if a noun did not follow ("small left" in "small left effusion").
    """
    kept = []
    end = 0  # of the findings so far
    for at, item in enumerate(items):
        tag = item.role.tag
        if tag in FINDINGS:
            end = max(end, item.end)
        elif tag in _CONDITIONS:
            if not _CONDITIONS[tag](items, at, length):
                continue
        elif tag in _INNER and _is_inner(items, at, overlaps=end > item.start):
            continue
        kept.append(item)
    return items if len(kept) == len(items) else kept


def _is_inner(items: Sequence[Match], at: int, *, overlaps: bool) -> bool:
    """Say whether the phrase at `at` belongs to longer words.

    Args:
        items: the phrases of the sentence.
        at: the phrase's place.
        overlaps: whether a finding that stands before it has some of its words.
    """
    item = items[at]
    inner = _INNER[item.role.tag]
    is_organ = item.role.tag == Tag.ANATOMY
    for other in behind(items, at) if overlaps else ():
        if other.end > item.start and other.role.tag in FINDINGS:
            if other.start < item.start:
                return not is_organ or other.end >= item.end
            if is_organ and other.end > item.end:
                return True
    for other in ahead(items, at):
        if other.start > item.start:
            return False
        if other.role.tag in inner and other.end > item.end:
            return other.role.tag in FINDINGS or restarts(other)
    return False


def with_verdict_in_front(items: Sequence[Match]) -> Sequence[Match]:
    """Let a verdict that opens the sentence govern what follows: "Not seen: rib fractures".

    It has nothing before it of which it could speak. A single word may be an adjective, as in
    "negative pressure edema".
    """
    verdict: Match | None = None
    place = 0
    for item in items:
        if item.start:
            break
        tag = item.role.tag
        if tag in SUBJECTS:
            return items
        if tag == Tag.CUE_AFTER and verdict is None:
            verdict = item
        place += 1
    if verdict is None or verdict.end == 1:
        return items
    opening = items[:place]
    if place < len(items) and items[place].role.tag == Tag.COLON:
        place += 1
    if not governs_next(items, place - 1):
        return items
    turned = verdict._replace(role=verdict.role._replace(tag=Tag.CUE_BEFORE))
    return [*(turned if item is verdict else item for item in opening), *items[place:]]
