"""Commas and conjunctions: what they are made of, and what stands right beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chexlabel.engine.match import Match
from chexlabel.engine.phrases import HORIZON, PREDICATES, presents
from chexlabel.patterns.roles import Tag

__all__ = [
    "Junction",
    "digression_at",
    "is_parenthetic",
    "joins_adjectives",
    "junction_at",
    "relative_follows",
]

_LISTING = frozenset({Tag.SEPARATOR, Tag.CONJUNCTION, Tag.DISJUNCTION})


class Junction(NamedTuple):
    """A comma or conjunction, or several in a row: `, and`.

    Attributes:
        tag: what it does: that of the conjunction, if there is one.
        start, end: places of its first phrase and after its last.
        place: place of the conjunction, else of the comma.
        has_comma: whether a comma or bracket is part of it.
    """

    tag: str
    start: int
    end: int
    place: int
    has_comma: bool


def junction_at(items: Sequence[Match], at: int) -> Junction:
    """Return the comma or conjunction at `at`, with those that stand right beside it."""
    first = last = items[at]
    tag, place, end = first.role.tag, at, at + 1
    has_comma = tag == Tag.SEPARATOR
    while end < len(items) and items[end].start == last.end:
        following = items[end].role.tag
        if following not in _LISTING:
            break
        last = items[end]
        has_comma = has_comma or following == Tag.SEPARATOR
        if following != Tag.SEPARATOR:
            tag, place = following, end
        end += 1
    return Junction(tag, at, end, place, has_comma)


def joins_adjectives(items: Sequence[Match], junction: Junction) -> bool:
    """Say whether an `or` joins words that present one noun: "mild or moderate edema"."""
    before = items[junction.start - 1] if junction.start else None
    after = items[junction.end] if junction.end < len(items) else None
    return (
        before is not None
        and after is not None
        and before.role.tag == after.role.tag == Tag.ASSERTIVE
        and presents(items, junction.end)
    )


def relative_follows(items: Sequence[Match], junction: Junction) -> bool:
    """Say whether a relative clause begins right after a comma."""
    end = junction.end
    return (
        end < len(items)
        and items[end].role.tag == Tag.RELATIVE
        and items[end].start == items[end - 1].end
    )


def digression_at(items: Sequence[Match], at: int) -> int:
    """Return how many phrases follow the comma at `at` up to the one that ends its relative clause.

    "The tube, which was too high, ends ...": 0 where no relative clause follows, or none ends.
    """
    follows = items[at + 1 : at + 2 + HORIZON]
    if not follows or follows[0].role.tag != Tag.RELATIVE:
        return 0
    return next((n for n, i in enumerate(follows, 1) if i.role.tag == Tag.SEPARATOR), 0)


def is_parenthetic(items: Sequence[Match], at: int) -> bool:
    """Say whether a verdict goes on after the word: "Pneumonia, however, is suspected."."""
    return (
        at + 2 < len(items)
        and items[at + 1].role.tag == Tag.SEPARATOR
        and items[at + 2].role.tag in PREDICATES
        and items[at + 2].start == items[at + 1].end
    )
