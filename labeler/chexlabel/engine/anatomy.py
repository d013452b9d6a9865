"""Anatomy and its state: "heart size" says nothing until "normal" or "enlarged" decides.

A state belongs to the anatomy right after it ("enlarged heart"), else to all the anatomy before it
that still waits for one ("heart and mediastinum are normal"). Anatomy that gets none of its own
takes over the state of the one it is joined to ("normal heart size and mediastinal contours").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match
from chexlabel.engine.phrases import (
    BOUNDARIES,
    CUES_BEFORE,
    FINDINGS,
    PREDICATES,
    SUBJECTS,
    ahead,
    behind,
    restarts,
    ruled,
    start_of,
    strongest,
)
from chexlabel.engine.structure import SentenceMention
from chexlabel.labels import Label
from chexlabel.patterns.roles import Tag

__all__ = ["Anatomy"]

_ATTRIBUTE_GAP = 4
"""The most words between a state and the noun whose attribute it is: "widening of the whole visible
upper mediastinum"."""

_State = tuple[Match, tuple[Match, ...]]
"""A state word and the cues whose scope it stands in."""


class _Organ:
    """An anatomy word with the state words that bear on it.

    Attributes:
        item: its words.
        mention: the mention that it makes.
        states: the states that bear on it.
        attributes: how many of them stand before it; what is said of it in a predicate follows.
        carried: those of the noun before it, which hold for it too if nothing of its own follows.
        turned: the words that turn these round: "the heart is enlarged, the mediastinum is not".
    """

    __slots__ = ("attributes", "carried", "item", "mention", "states", "turned")

    def __init__(
        self,
        item: Match,
        mention: SentenceMention | None,
    ) -> None:
        self.item = item
        self.mention = mention
        self.states: list[_State] = []
        self.attributes = 0
        self.carried: list[_State] = []
        self.turned: Match | None = None


class Anatomy:
    """The anatomy of one sentence, filled while the sentence is read from left to right."""

    def __init__(self, items: Sequence[Match]) -> None:
        self._items = items
        self._awaited: list[_State] = []  # states that stand before anatomy still to come
        self._described: _State | None = None  # the state that describes the last mention
        self._group: list[_Organ] = []  # the anatomy that the last predicate spoke of
        self._mentions_since = False  # whether a finding followed the last anatomy
        self._digresses = False  # whether a relative clause on the anatomy is being read
        self._asides: list[_State] = []  # what such clauses say
        self._supposes = False  # whether the clause is a condition
        self._in_clause = False  # whether the clause that is being read has named anatomy
        self._parting: Match | None = None  # the last verb or boundary
        self.organs: list[_Organ] = []

    def digress(self) -> None:
        """Take note that a relative clause begins: "the heart, which was enlarged, ..."."""
        self._digresses = bool(self.organs)

    def resume(self) -> None:
        """Take note that a comma ends a relative clause."""
        self._digresses = False

    def begin_clause(self) -> None:
        """Take note that a clause begins."""
        self._in_clause = self._supposes = False

    def suppose(self) -> None:
        """Take note that what follows in the clause is supposed: "if left atrial lead ..."."""
        self._supposes = True

    def pass_mention(self, item: Match) -> None:
        """Take note that a finding was mentioned; not of other readings of an organ's own words."""
        if not self.organs or item.end > self.organs[-1].item.end:
            self._mentions_since = True

    def part(self, item: Match) -> None:
        """Take note of a verb, or of what parts clauses or members of a list."""
        self._parting = item

    def add(self, at: int, mention: SentenceMention | None = None) -> None:
        """Add the anatomy at `at`, with what was found of it as a mention, if it is one."""
        organ = _Organ(self._items[at], mention)
        last = self.organs[-1] if self.organs else None
        if last is not None and not self._mentions_since and not self._supposes:
            organ.carried = last.states[last.attributes :] or last.states or last.carried
        if self._described is not None and self._joins_mention(at):
            organ.carried = [self._described]  # "stable cardiomegaly and mediastinal contours"
        if self._awaited:
            organ.states, self._awaited = self._awaited, []
            organ.attributes = len(organ.states)
        elif last is not None and organ.item.start < last.item.end:  # two readings of the words
            organ.states = list(last.states)
        self.organs.append(organ)
        self._mentions_since = False
        self._in_clause = True

    def state(self, at: int, cues: tuple[Match, ...], verdict: Match | None) -> None:
        """Add the state word at `at`.

        Args:
            at: its place.
            cues: those whose scopes it stands in.
            verdict: the cue after it that would speak of it, if it is the subject of its clause.
        """
        item = self._items[at]
        if self._is_part_of_mention(at):
            if self._completes_organ(item):
                self._bind((item, cues))
            return
        noun = self._noun_after(at)
        if noun is not None and noun.role.tag == Tag.ANATOMY:
            self._awaited.append((item, cues))
        elif noun is not None:
            self._described = (item, cues)
        elif self.organs:
            if self._is_apart(cues) and self.organs[-1].states and self._is_mention(at):
                return  # "the heart is normal, and there may be dilatation"
            if verdict is not None and (not self._in_clause or _is_answered_by(item, verdict)):
                # "the mediastinum is broad; widening cannot be excluded", "heart enlarged: no"
                cues = (*cues, verdict)
            if self._digresses:
                self._asides.append((item, cues))
            self._bind((item, cues))

    def turn_round(self, at: int) -> None:
        """Take note that the last organ has not what the one before has: "the heart is not"."""
        organ = self.organs[-1] if self.organs else None
        if organ is not None and self._in_clause and not (organ.states or self._mentions_since):
            organ.turned = self._items[at]

    def judgements(self) -> Iterator[Judgement]:
        """Judge all anatomy whose state is known and means something."""
        for organ in self.organs:
            judgement = _judgement_on(organ, self._asides)
            if judgement is not None:
                yield judgement

    def _is_part_of_mention(self, at: int) -> bool:
        """Say whether a finding's longer words begin here: "prominent interstitial markings"."""
        end = self._items[at].end
        return any(i.role.tag in FINDINGS and i.end > end for i in self._other_readings(at))

    def _completes_organ(self, item: Match) -> bool:
        """Say whether a state's words stand right after an organ that waits for one.

        "HEART ENLARGED PULMONARY VASCULATURE INDISTINCT", where no mark parts the two.
        """
        last = self.organs[-1] if self.organs else None
        return last is not None and not last.states and last.item.end == item.start

    def _is_apart(self, cues: Sequence[Match]) -> bool:
        """Say whether a clause, a cue or a list's member begins after the last organ."""
        end = self.organs[-1].item.end
        parting = self._parting
        joined = parting is not None and parting.role.tag in BOUNDARIES and parting.start >= end
        return joined or not self._in_clause or any(cue.start >= end for cue in cues)

    def _is_mention(self, at: int) -> bool:
        """Say whether the very words at `at` are a finding too: "dilatation", "congestion"."""
        end = self._items[at].end
        return any(i.role.tag == Tag.MENTION and i.end == end for i in self._other_readings(at))

    def _other_readings(self, at: int) -> Iterator[Match]:
        """Return the phrases after the one at `at` that begin with the same word."""
        start = self._items[at].start
        return takewhile(lambda other: other.start == start, ahead(self._items, at))

    def _noun_after(self, at: int) -> Match | None:
        """Return the anatomy or finding that the state at `at` stands before as its attribute."""
        item = self._items[at]
        end = item.end  # of the words that may stand between an attribute and its noun
        following = list(ahead(self._items, at))
        joined = False  # whether `and` or a comma was passed
        for place, other in enumerate(following):
            tag = other.role.tag
            if other.end <= item.end:
                continue
            if tag in SUBJECTS:
                if other.start - end > _ATTRIBUTE_GAP:
                    return None
                if tag != Tag.ANATOMY:
                    if joined:
                        return None
                    # "shows stable mild scarring", "Pleura: small left effusion"
                    if other.start <= end or self._follows_colon(at):
                        return other
                free = self._anatomy_is_served(at) and not self._follows_verb(at)
                return other if free else None
            if tag in (Tag.CONJUNCTION, Tag.SEPARATOR):
                after = (i.role.tag for i in following[place + 1 : place + 3])
                if Tag.STATE not in after:  # "normal and stable contours"
                    return None
                joined = True
            elif self._parts_from_noun(other):
                return None
            if other.start <= end:
                end = other.end
        return None

    def _parts_from_noun(self, other: Match) -> bool:
        """Say whether a phrase parts a state from the noun after it."""
        tag = other.role.tag
        if tag == Tag.COLON and not self.organs:
            return False  # "Normal: heart size, mediastinum"
        if tag == Tag.EXISTENTIAL:
            return True  # "the heart is enlarged there is edema"
        return tag in BOUNDARIES or tag in PREDICATES or (tag in CUES_BEFORE and restarts(other))

    def _anatomy_is_served(self, at: int) -> bool:
        """Say whether no anatomy waits for the state at `at` since the last boundary."""
        if self.organs and self.organs[-1].states:
            return True
        for other in behind(self._items, at):
            if other.role.tag in BOUNDARIES:
                return True
            if other.role.tag == Tag.ANATOMY:
                return False
        return True

    def _follows_verb(self, at: int) -> bool:
        """Say whether a verb ties the state at `at` to what stands before it."""
        verb = self._parting
        if not self.organs or verb is None:
            return False
        if verb.role.tag not in PREDICATES or verb.role.tag == Tag.COLON:
            return False
        return self._items[at].start - verb.end <= 1 and not self._presents_too(at, verb)

    def _presents_too(self, at: int, verb: Match) -> bool:
        """Say whether a verb's words also present what follows: "again seen"."""
        return any(
            other.role.tag == Tag.ASSERTIVE and other[:2] == verb[:2]
            for other in behind(self._items, at)
        )

    def _follows_colon(self, at: int) -> bool:
        """Say whether the state at `at` stands right after a colon."""
        start = self._items[at].start
        return any(i.role.tag == Tag.COLON and i.end == start for i in behind(self._items, at))

    def _joins_mention(self, at: int) -> bool:
        """Say whether `and` joins the anatomy at `at` to a mention."""
        tags = [item.role.tag for item in behind(self._items, at) if item.role.tag != Tag.STATE]
        return tags[:2] == [Tag.CONJUNCTION, Tag.MENTION]

    def _bind(self, state: _State) -> None:
        """Give the state to the anatomy before it that waits for one, else to the last."""
        waiting = []
        for organ in reversed(self.organs):
            if organ.states:
                break
            organ.states = [state]
            waiting.append(organ)
        if waiting:
            self._group = waiting
            return
        last = self.organs[-1]
        if self._mentions_since:
            return  # a finding came between: the state speaks of that
        # "are stable and within normal limits" speaks twice of all that it speaks of.
        for organ in self._group if last in self._group else [last]:
            organ.states = [*organ.states, state]


def _is_answered_by(state: Match, verdict: Match) -> bool:
    """Say whether a verdict without a verb stands right after a state: "heart enlarged: no"."""
    return verdict.start == state.end and not verdict.role.verbal


def _judgement_on(organ: _Organ, asides: Sequence[_State]) -> Judgement | None:
    entries = organ.states or organ.carried
    if asides:
        plain = [entry for entry in entries if entry not in asides]
        if any(_is_plain(organ, state) for state, _ in plain):
            entries = plain  # what the sentence says counts for more than the relative clause
    for state, label in organ.item.role.states.items():
        for item, cues in entries:
            if item.role.state == state:
                judgement = _judge(organ, item, label, cues)
                turned = organ.turned if entries is organ.carried else None
                return judgement if turned is None else _turned_round(judgement, turned)
    return None


def _turned_round(judgement: Judgement, words: Match) -> Judgement:
    """Return the opposite of what an organ has taken over from the one before it."""
    denied = judgement.label is Label.NEGATIVE
    label = Label.POSITIVE if denied else Label.NEGATIVE
    return judgement._replace(label=label, cues=(*judgement.cues, words))


def _is_plain(organ: _Organ, state: Match) -> bool:
    """Say whether a state decides by itself: "normal", but not "unchanged"."""
    label = organ.item.role.states.get(state.role.state)
    return label is not None and label is not Label.UNCERTAIN


def _judge(organ: _Organ, state: Match, label: Label, cues: tuple[Match, ...]) -> Judgement:
    mention = organ.mention
    if mention is not None:
        # "Borderline" is the state and a cue of its kind; it is told once.
        apart = (cue for cue in mention.cues if cue.end <= state.start or state.end <= cue.start)
        cues = (*cues, *(cue for cue in apart if cue not in cues))
    best = strongest(cues, organ.item.role)
    # "Not enlarged" denies; "no ... normal" does not turn a normal heart into a large one.
    said = ruled(label, best, organ.item.role.finding)
    if mention is not None and mention.alternative is not None and said is Label.POSITIVE:
        return Judgement(organ.item, mention.alternative.role.label, (mention.alternative,))
    return Judgement(organ.item, said, tuple(sorted([state, *best], key=start_of)))
