"""What a matched phrase does in a sentence: its role, and its form in a compiled set."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from chexlabel.labels import Label

__all__ = [
    "ASSERTIVE_LAYER",
    "ECHO_LAYER",
    "PLACE_LAYER",
    "STATE_LAYER",
    "SYNTAX_LAYER",
    "Company",
    "CueEffect",
    "CueKind",
    "NumberedRoles",
    "Role",
    "Tag",
    "combined_role",
    "is_naming",
    "role_data",
    "role_of",
]


class Tag:
    """What a matched phrase does in a sentence.

    Plain strings: the members of an Enum take ten times as long to reach, and the engine compares
    tags more often than it does anything else.
    """

    MENTION: Final = "mention"
    EXCLUDE: Final = "exclude"
    ANATOMY: Final = "anatomy"
    STATE: Final = "state"
    PART: Final = "part"
    PLACE: Final = "place"
    CUE_BEFORE: Final = "cue_before"
    CUE_AFTER: Final = "cue_after"
    CUE_BOTH: Final = "cue_both"
    NEUTRAL: Final = "neutral"
    ASSERTIVE: Final = "assertive"
    TERMINATOR: Final = "terminator"
    WITH: Final = "with"
    ADJUNCT: Final = "adjunct"
    CONJUNCTION: Final = "conjunction"
    DISJUNCTION: Final = "disjunction"
    ALTERNATIVE: Final = "alternative"
    SEPARATOR: Final = "separator"
    EXISTENTIAL: Final = "existential"
    COLON: Final = "colon"
    VERB: Final = "verb"
    PRESENCE: Final = "presence"
    RELATIVE: Final = "relative"
    ELISION: Final = "elision"
    ECHO: Final = "echo"
    LATE_ECHO: Final = "late_echo"
    REVERSAL: Final = "reversal"
    REFERENCE: Final = "reference"
    ANSWER: Final = "answer"
    CHEST: Final = "chest"


SYNTAX_LAYER, STATE_LAYER, ASSERTIVE_LAYER, ECHO_LAYER, PLACE_LAYER = -1, -2, -3, -4, -5
_DIRECTED = frozenset({Tag.CUE_BEFORE, Tag.CUE_AFTER, Tag.CUE_BOTH})


class CueEffect:
    """What a cue makes of a mention that it reaches; plain strings, as those of `Tag`."""

    POSITIVE: Final = "positive"
    NEGATIVE: Final = "negative"
    UNCERTAIN: Final = "uncertain"
    NONE: Final = "none"
    NEUTRAL: Final = "neutral"


class CueKind(NamedTuple):
    """A kind of assertion cue.

    Attributes:
        name: as the pattern set names it.
        rank: place in the set's order of decision, 0 the strongest.
        effect: one of `CueEffect`.
        reach: the most words between a cue and what it governs.
        restarts: whether a cue of this kind ends the scopes that opened before it.
        blank_for: numbers of the findings that it leaves without a label, whatever its effect.
        turns: kinds of cue that mean something else of what it governs, with that effect.
    """

    name: str
    rank: int
    effect: str
    reach: int
    restarts: bool
    blank_for: tuple[int, ...] = ()
    turns: tuple[tuple[str, str], ...] = ()


class Company(NamedTuple):
    """Where a finding's words must be to count.

    Attributes:
        within: places of which the nearest must be one; empty for anywhere.
        outside: places of which the nearest must be none.
        reach: the most words between them and a place.
    """

    within: frozenset[str]
    outside: frozenset[str]
    reach: int


class Role(NamedTuple):
    """What one phrase does.

    Attributes:
        tag: what the phrase does, one of `Tag`.
        layer: phrases of one layer do not overlap (the longest wins); those of two layers may.
            Findings have a layer each, by their number; syntax and states have one each below 0.
        pattern: the phrase as the file writes it.
        finding: number of the finding, -1 where there is none.
        label: what a mention says when no cue touches it.
        kind: the cue's kind.
        state: the state's name, or the place's.
        company: for a part, where it must be.
        states: for anatomy, state -> label, the first that holds decides.
        ignored: kinds of cue that do not touch the finding.
        verbal: whether a cue holds a finite verb.
        plural: whether a cue holds a verb in the plural, so that it speaks of several mentions.
        asking: whether a cue asks what the first of the mentions after it is: `whether`.
    """

    tag: str
    layer: int
    pattern: str
    finding: int = -1
    label: Label = Label.POSITIVE
    kind: CueKind | None = None
    state: str = ""
    states: Mapping[str, Label] = {}
    ignored: frozenset[str] = frozenset()
    verbal: bool = False
    plural: bool = False
    asking: bool = False
    company: Company | None = None


def is_naming(role: Role) -> bool:
    """Say whether a phrase names a finding or an organ, or a part of one."""
    return role.layer >= 0 and role.tag != Tag.EXCLUDE


class NumberedRoles:
    """Numbers roles, each object once, and the kinds of their cues."""

    def __init__(self) -> None:
        self.roles: list[Role] = []
        self.kinds: dict[CueKind, int] = {}
        self._numbers: dict[int, int] = {}

    def number(self, role: Role) -> int:
        """Return the number of a role, the next one for one that is new."""
        number = self._numbers.get(id(role))
        if number is None:
            number = self._numbers[id(role)] = len(self.roles)
            self.roles.append(role)
        return number


def role_data(role: Role, kinds: dict[CueKind, int]) -> list[Any]:
    """Return a role as plain values; its kind as a number of `kinds`, which grows."""
    company = role.company
    return [
        *role[:5],
        None if role.kind is None else kinds.setdefault(role.kind, len(kinds)),
        role.state,
        dict(role.states),
        sorted(role.ignored),
        role.verbal,
        role.plural,
        role.asking,
        company and [sorted(company.within), sorted(company.outside), company.reach],
    ]


def role_of(data: Sequence[Any], kinds: Sequence[CueKind]) -> Role:
    """Return the role that `role_data` made these values of."""
    tag, layer, pattern, finding, label, kind, state, states, ignored, *last = data
    verbal, plural, asking, company = last
    where = company and Company(frozenset(company[0]), frozenset(company[1]), company[2])
    return Role(
        sys.intern(tag),
        layer,
        pattern,
        finding,
        Label(label),
        None if kind is None else kinds[kind],
        state,
        {name: Label(value) for name, value in states.items()},
        frozenset(ignored),
        verbal,
        plural,
        asking,
        where,
    )


def combined_role(old: Role | None, new: Role) -> Role:
    """Return the role of a phrase that was given `old` and then `new` in the same layer."""
    if old is not None and old.kind == new.kind and {old.tag, new.tag} <= _DIRECTED:
        return new if old.tag == new.tag else new._replace(tag=Tag.CUE_BOTH)
    return new
