"""What the stages share: kinds of phrase, looking ahead and behind, the ranks of cues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chexlabel.engine.match import Match
from chexlabel.labels import Label
from chexlabel.patterns.roles import CueEffect, Role, Tag

__all__ = [
    "BOUNDARIES",
    "CUES",
    "CUES_BEFORE",
    "FINDINGS",
    "FINITE",
    "HORIZON",
    "PREDICATES",
    "PREPARING",
    "SUBJECTS",
    "ahead",
    "behind",
    "cue_kind",
    "described_by",
    "describes_next",
    "effect_of",
    "governs_next",
    "is_listed",
    "is_predicated",
    "meets_mention",
    "names_finding",
    "precedes_noun",
    "presents",
    "readings",
    "restarts",
    "ruled",
    "start_of",
    "strongest",
    "turned",
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
CUES = frozenset({Tag.CUE_BEFORE, Tag.CUE_AFTER, Tag.CUE_BOTH})
CUES_BEFORE = frozenset({Tag.CUE_BEFORE, Tag.CUE_BOTH})
FINDINGS = frozenset({Tag.MENTION, Tag.EXCLUDE})
SUBJECTS = frozenset({Tag.MENTION, Tag.EXCLUDE, Tag.ANATOMY})
FINITE = frozenset({Tag.VERB, Tag.COLON})
PREDICATES = frozenset({*FINITE, Tag.PRESENCE, Tag.CUE_AFTER})

PREPARING = frozenset({Tag.ASSERTIVE, Tag.STATE, Tag.NEUTRAL})
_NEAR_A_NOUN = PREPARING | FINDINGS
_COPULAS = PREPARING | {Tag.VERB, Tag.CUE_BEFORE}
_EFFECTS: dict[str, Label | None] = {
    CueEffect.NEGATIVE: Label.NEGATIVE,
    CueEffect.UNCERTAIN: Label.UNCERTAIN,
    CueEffect.NONE: None,
}

_STATE_GAP = 1
"""The most words between an organ and a state before it that makes it a finding among others: "an
enlarged left heart and an effusion"."""

_NAMED_GAP = 2
"""The most words between a subject and what it is called: "to call the opacity a pneumonia"."""

HORIZON = 48
"""How many phrases are looked at ahead or behind: no sentence's logic reaches farther, and the
time stays linear in the text whatever it is."""


def ahead(items: Sequence[Match], at: int) -> Iterator[Match]:
    """Return the phrases that follow the one at `at`."""
    return iter(items[at + 1 : at + 1 + HORIZON])


def behind(items: Sequence[Match], at: int) -> Iterator[Match]:
    """Return the phrases that stand before the one at `at`, the nearest first."""
    return reversed(items[max(0, at - HORIZON) : at])


def cue_kind(role: Role) -> str:
    """Return what evidence calls a cue of this role: its kind, or what it does if it has none.

    An `or` makes alternatives as a `versus` does, so both are called that.
    """
    if role.kind is not None:
        return role.kind.name
    return Tag.ALTERNATIVE if role.tag == Tag.DISJUNCTION else role.tag


def effect_of(item: Match) -> str:
    """Return what a cue makes of what it reaches, one of `CueEffect`; "" for what is no cue."""
    kind = item.role.kind
    return "" if kind is None else kind.effect


def restarts(cue: Match) -> bool:
    """Say whether a cue ends the scopes that opened before it."""
    return cue.role.kind is not None and cue.role.kind.restarts


def described_by(items: Sequence[Match], at: int) -> Match | None:
    """Return the state right before the organ at `at` ("enlarged heart"), if there is one."""
    start = items[at].start
    for place in range(at - 1, max(-1, at - 1 - HORIZON), -1):
        item = items[place]
        if item.role.tag == Tag.STATE:
            return item if start - _STATE_GAP <= item.end <= start else None
        if item.end > start and item.role.tag != Tag.NEUTRAL:
            start = item.start  # another organ in the same words: "shadow of the heart"
        elif item.role.tag not in _NEAR_A_NOUN and not _is_within_state(items, place):
            return None
    return None


def _is_within_state(items: Sequence[Match], at: int) -> bool:
    """Say whether the words at `at` are part of a state's: the "prior" of "larger than prior"."""
    state = next((item for item in behind(items, at) if item.role.tag == Tag.STATE), None)
    return state is not None and state.end >= items[at].end


def describes_next(items: Sequence[Match], at: int, mention: Match) -> bool:
    """Say whether a mention's words are the state of the organ at or after `at`.

    "No thickening bibasilar markings": the adjective between the two begins no statement.
    """
    for place, item in enumerate(ahead(items, at), start=at + 1):
        if item.role.tag == Tag.ANATOMY:
            state = described_by(items, place)
            return state is not None and state[:2] == mention[:2]
        if item.role.tag not in PREPARING:
            return False
    return False


def names_finding(items: Sequence[Match], at: int) -> bool:
    """Say whether the organ at `at` is made a finding by a state before it: enlarged heart."""
    state = described_by(items, at)
    return state is not None and bool(items[at].role.states.get(state.role.state))


def readings(items: Sequence[Match], at: int) -> Iterator[int]:
    """Yield the places of the organ at `at` and of others that begin with the same word."""
    start = items[at].start
    while at < len(items) and items[at].start == start:
        if items[at].role.tag == Tag.ANATOMY:
            yield at
        at += 1


def presents(items: Sequence[Match], at: int) -> bool:
    """Say whether the word at `at` (small, stable) belongs to a mention that follows it."""
    for place, item in enumerate(ahead(items, at), start=at + 1):
        tag = item.role.tag
        if tag in FINDINGS:
            return True
        if tag == Tag.ANATOMY:
            return described_by(items, place) is not None
        if item.start == items[at].start:
            continue  # another reading of the same words: "again seen" as a verb
        if tag not in PREPARING:
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


def is_predicated(items: Sequence[Match], subject: int, at: int) -> bool:
    """Say whether the mention at `at` says what the one at `subject` is.

    "The opacity is an early pneumonia", "(to call) the opacity a pneumonia".
    """
    end = items[subject].end
    between = [item for item in items[subject:at] if item.start >= end]
    if any(item.role.tag not in _COPULAS for item in between):
        return False
    if any(item.role.tag not in PREPARING for item in between):
        return True
    return end <= items[at].start <= end + _NAMED_GAP


def meets_mention(items: Sequence[Match], at: int) -> bool:
    """Say whether a mention follows right after the words at `at`."""
    end = items[at].end
    return any(i.role.tag == Tag.MENTION and i.start == end for i in ahead(items, at))


def precedes_noun(items: Sequence[Match], at: int, length: int) -> bool:
    """Say whether the word at `at` stands before a noun that no phrase knows: "possible erosion".

    Args:
        items: the phrases of the sentence.
        at: the word's place.
        length: the number of words of the sentence, below 0 if it is not known.
    """
    end = items[at].end
    for item in ahead(items, at):
        if item.start > end:
            return True
        if item.role.tag not in PREPARING:
            return False
        end = max(end, item.end)
    return end < length


def ruled(label: Label, cues: Sequence[Match], finding: int) -> Label | None:
    """Return what the strongest cues make of a finding's label; `None` if it counts for nothing."""
    kind = cues[0].role.kind if cues else None
    if kind is None:
        return label
    return None if finding in kind.blank_for else _EFFECTS.get(kind.effect, label)


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


def turned(
    cues: Sequence[Match], best: Sequence[Match], item: Match
) -> tuple[Label | None, list[Match]] | None:
    """Return what the verdict on a mention says that another cue turns, and both cues.

    "Neither A nor B has resolved". `None` where none is turned, or another cue outranks both.

    Args:
        cues: all that reach the mention.
        best: the strongest of them.
        item: the mention.
    """
    for turning in cues:
        kind = turning.role.kind
        if kind is None or not kind.turns or kind.name in item.role.ignored:
            continue
        turns = dict(kind.turns)
        for cue in cues:
            effect = turns.get(cue.role.kind.name) if cue.role.kind else None
            if effect is not None and cue.start >= item.end and best[0] in (turning, cue):
                return _EFFECTS.get(effect, item.role.label), [turning, cue]
    return None


def start_of(item: Match) -> int:
    """Return the first token, by which items are put in text order."""
    return item.start
