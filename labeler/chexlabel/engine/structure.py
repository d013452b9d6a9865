"""What a sentence is cut into: clauses, scopes, mentions, and what joins them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from chexlabel.engine.match import Match

__all__ = ["Clause", "Echo", "Elision", "Joint", "Opening", "Scope", "Sentence", "SentenceMention"]


class Opening:
    """Why a clause begins where it does, as a trace tells it; plain strings, as those of `Tag`."""

    SENTENCE: Final = "begins the sentence"
    TERMINATOR: Final = "terminator"
    EXISTENTIAL: Final = "there is"
    PRESENTED: Final = "presented as being there"
    UNPARTED: Final = "presented without a comma"
    ORGAN: Final = "an organ begins"
    VERB: Final = "a verb with a subject"
    LATER_VERB: Final = "a verb after the subject"
    LATER_CUE: Final = "a cue after the subject"
    OWN_CUE: Final = "a cue of its own"
    OWN_VERDICT: Final = "a verdict of its own"
    OWN_VERB: Final = "a verb of its own"
    OWN_STATE: Final = "a state of its own"
    FINISHED_LIST: Final = "the list before was finished"
    VERB_AFTER_LIST: Final = "a verb of its own after a finished list"
    ANSWER: Final = "follows an answer"
    ELISION: Final = "left out its noun"
    ECHO: Final = "echoes the verdict before"


class Scope:
    """How far a cue governs what follows it.

    Attributes:
        cue: the cue.
        start: its place among the sentence's phrases.
        end: the place at which it governs no more.
    """

    __slots__ = ("cue", "end", "start")

    def __init__(self, cue: Match, start: int, end: int) -> None:
        self.cue = cue
        self.start = start
        self.end = end


class Clause:
    """A stretch of a sentence's phrases.

    Attributes:
        start, end: places of its first phrase and after its last.
        rule: the rule that opened it, one of `Opening`.
        verdicts: places of the cues that speak of what stands before them (`has resolved`).
        listed: whether a conjunction joins mentions in it.
    """

    __slots__ = ("end", "listed", "rule", "start", "verdicts")

    def __init__(self, start: int, end: int, rule: str) -> None:
        self.start = start
        self.end = end
        self.rule = rule
        self.verdicts: list[int] = []
        self.listed = False


class Joint:
    """An `or` or `versus` that may make alternatives of what stands on its sides.

    Attributes:
        item: the word.
        place: its place among the sentence's phrases.
        serial: whether a comma stands before it: "A, B, or C".
    """

    __slots__ = ("item", "place", "serial")

    def __init__(self, item: Match, place: int, serial: bool) -> None:
        self.item = item
        self.place = place
        self.serial = serial


class SentenceMention:
    """A finding, or an organ with its state before it, while its sentence is read.

    Attributes:
        item: its words.
        place: its place among the sentence's phrases.
        clause: the clause that it stands in.
        link: tag of what joins it to the mention before it, if anything does.
        aside: whether a comma stands before that: "collapse, with infection less likely".
        cues: the cues that reach it.
        alternative: the joint that makes it an alternative.
        stated_by: words that state it whatever the cues say: "has not" after "has resolved".
    """

    __slots__ = ("alternative", "aside", "clause", "cues", "item", "link", "place", "stated_by")

    def __init__(
        self, item: Match, place: int, clause: Clause, link: str | None, aside: bool = False
    ) -> None:
        self.item = item
        self.place = place
        self.clause = clause
        self.link = link
        self.aside = aside
        self.cues: list[Match] = []
        self.alternative: Match | None = None
        self.stated_by: Match | None = None


class Elision(NamedTuple):
    """A statement whose noun is left out: "no effusion on the right, small on the left".

    Attributes:
        item: its words.
        antecedent: the finding that it speaks of.
    """

    item: Match
    antecedent: Match


class Echo(NamedTuple):
    """Words that carry a verdict on, or turn it round: "as is edema", "the effusion has not".

    Attributes:
        item: the words.
        place: their place among the sentence's phrases.
        clause: the clause that they stand in.
        antecedent: the mention whose verdict is meant.
    """

    item: Match
    place: int
    clause: Clause
    antecedent: SentenceMention


class Sentence:
    """A sentence cut into clauses.

    Attributes:
        items: its matched phrases in order.
        clauses: its clauses in order.
        mentions: its mentions in order, excluded phrases among them.
        scopes: the scopes of cues that stand before what they govern, in order.
        joints: what may make alternatives.
        relatives: places at which relative clauses begin.
        digressions: places of the relative clauses between commas: of their first phrase, and after
            their last.
        elisions: statements of a finding whose noun is left out, in order.
        echoes: what carries a verdict on or turns it round, in order.
        has_anatomy: whether it names an organ.
    """

    __slots__ = (
        "clauses",
        "digressions",
        "echoes",
        "elisions",
        "has_anatomy",
        "items",
        "joints",
        "mentions",
        "relatives",
        "scopes",
    )

    def __init__(self, items: Sequence[Match]) -> None:
        self.items = items
        self.clauses: list[Clause] = []
        self.mentions: list[SentenceMention] = []
        self.scopes: list[Scope] = []
        self.joints: list[Joint] = []
        self.relatives: list[int] = []
        self.digressions: list[tuple[int, int]] = []
        self.elisions: list[Elision] = []
        self.echoes: list[Echo] = []
        self.has_anatomy = False
