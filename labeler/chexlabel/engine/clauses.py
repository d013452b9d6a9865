"""What the judges of mentions and of anatomy share: kinds of phrase, looking ahead, cue ranks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chexlabel.engine.match import Match
from chexlabel.labels import Label
from chexlabel.patterns.lexicon import Role, Tag

__all__ = [
    "BOUNDARIES",
    "CUES_BEFORE",
    "FINITE",
    "HORIZON",
    "PREDICATES",
    "SUBJECTS",
    "ahead",
    "behind",
    "governs_next",
    "is_listed",
    "presents",
    "relative_follows",
    "restarts",
    "ruled",
    "start_of",
    "strongest",
]

BOUNDARIES = frozenset(
    {
        Tag.SEPARATOR,
        Tag.CONJUNCTION,
        Tag.DISJUNCTION,
        Tag.ALTERNATIVE,
        Tag.TERMINATOR,
        Tag.WITH,
        Tag.ADJUNCT,
    }
)
CUES_BEFORE = frozenset({Tag.CUE_BEFORE, Tag.CUE_BOTH})
SUBJECTS = frozenset({Tag.MENTION, Tag.EXCLUDE, Tag.ANATOMY})
FINITE = frozenset({Tag.VERB, Tag.COLON})
PREDICATES = frozenset({*FINITE, Tag.PRESENCE, Tag.CUE_AFTER})

_EFFECTS: dict[str, Label | None] = {
    "negative": Label.NEGATIVE,
    "uncertain": Label.UNCERTAIN,
    "none": None,
}

HORIZON = 48
"""How many phrases are looked at ahead or behind: no sentence's logic reaches farther, and the
time stays linear in the text whatever it is."""


def ahead(items: Sequence[Match], at: int) -> Iterator[Match]:
    """Return the phrases that follow the one at `at`."""
    return iter(items[at + 1 : at + 1 + HORIZON])


def behind(items: Sequence[Match], at: int) -> Iterator[Match]:
    """Return the phrases that stand before the one at `at`, the nearest first."""
    return reversed(items[max(0, at - HORIZON) : at])


def restarts(cue: Match) -> bool:
    """Say whether a cue ends the scopes that opened before it."""
    return cue.role.kind is not None and cue.role.kind.restarts


def relative_follows(items: Sequence[Match], at: int) -> bool:
    """Say whether a relative clause begins right after the comma at `at`."""
    following = next(iter(ahead(items, at)), None)
    return (
        following is not None
        and following.role.tag == Tag.RELATIVE
        and following.start == items[at].end
    )


def presents(items: Sequence[Match], at: int) -> bool:
    """Say whether the word at `at` (small, stable) belongs to a mention that follows it."""
    for item in ahead(items, at):
        tag = item.role.tag
        if tag == Tag.MENTION or tag == Tag.EXCLUDE:
            return True
        if tag not in (Tag.ASSERTIVE, Tag.STATE, Tag.NEUTRAL):
            return False
    return False


def is_listed(items: Sequence[Match], at: int) -> bool:
    """Say whether what stands at `at` is part of a list whose `or` still comes."""
    for item in ahead(items, at):
        tag = item.role.tag
        if tag == Tag.DISJUNCTION:
            return True
        if tag in PREDICATES or tag == Tag.TERMINATOR or tag == Tag.EXISTENTIAL:
            return False
        if tag in CUES_BEFORE and restarts(item):
            return False
    return False


def governs_next(items: Sequence[Match], at: int) -> bool:
    """Say whether a cue that may stand on either side stands before its mention."""
    for item in ahead(items, at):
        tag = item.role.tag
        if tag in SUBJECTS:
            return True
        if tag in BOUNDARIES or tag in PREDICATES or tag in CUES_BEFORE:
            return False
    return False


def ruled(label: Label, cues: Sequence[Match]) -> Label | None:
    """Return what the strongest cues make of a label; `None` if it counts for nothing."""
    kind = cues[0].role.kind if cues else None
    return label if kind is None else _EFFECTS.get(kind.effect, label)


def strongest(cues: Iterable[Match], role: Role) -> list[Match]:
    """Return, in text order, the cues of the first-ranking kind that touches `role`."""
    best: list[Match] = []
    rank = 1 << 30
    for cue in cues:
        kind = cue.role.kind
        if kind is None or kind.name in role.ignored:
            continue
        if kind.rank < rank:
            best, rank = [cue], kind.rank
        elif kind.rank == rank:
            best.append(cue)
    best.sort(key=start_of)
    return best


def start_of(item: Match) -> int:
    """Return the first token, by which items are put in text order."""
    return item.start
