"""Deciding what a sentence says of the findings that it mentions.

Cues open scopes, the sentence's structure ends them. There is no parser: clauses are told from
the words that part them (`but`, a comma), from verbs that have a subject of their own, and from
words that present something as being there (`small`, `stable`). Which words do so, and which kind
of cue outranks which, stands in the pattern files. After NegEx (Chapman et al. 2001,
doi:10.1006/jbin.2001.1029) and the CheXpert labeler (Irvin et al. 2019, arXiv:1901.07031).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chexlabel.engine.mentions import Item
from chexlabel.labels import Label
from chexlabel.patterns.lexicon import Role, Tag

__all__ = ["Judgement", "judge"]

_CUE_TAGS = (Tag.CUE_BEFORE, Tag.CUE_BOTH)
_BOUNDARIES = frozenset(
    {Tag.SEPARATOR, Tag.CONJUNCTION, Tag.DISJUNCTION, Tag.ALTERNATIVE, Tag.TERMINATOR, Tag.WITH}
)
_SUBJECTS = frozenset({Tag.MENTION, Tag.EXCLUDE, Tag.ANATOMY})
_PREDICATES = frozenset({Tag.VERB, Tag.PRESENCE, Tag.CUE_AFTER})
_EFFECTS = {"negative": Label.NEGATIVE, "uncertain": Label.UNCERTAIN}


class Judgement(NamedTuple):
    """What one mention says.

    Attributes:
        item: the mention (or anatomy) in the sentence.
        label: `None` for one that counts for nothing.
        cues: what decided it, in text order.
    """

    item: Item
    label: Label | None
    cues: tuple[Item, ...]


@dataclass(slots=True)
class _Mention:
    """A mention while its sentence is read."""

    item: Item
    clause: int
    link: Tag | None
    """What joins it to the mention before it in the clause; `None` for nothing or the same words."""
    cues: list[Item] = field(default_factory=list)
    alternative: Item | None = None


@dataclass(slots=True)
class _Organ:
    """An anatomy word with the state words that bear on it."""

    item: Item
    states: list[tuple[Item, tuple[Item, ...]]] = field(default_factory=list)
    carried: list[tuple[Item, tuple[Item, ...]]] = field(default_factory=list)
    """The states of the anatomy before it, which hold for it too if nothing of its own follows."""


def judge(items: Sequence[Item]) -> list[Judgement]:
    """Judge the mentions of one sentence, given all its matched phrases in order."""
    return _Reader(items).read()


class _Reader:
    """Reads a sentence's phrases from left to right."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.active: list[Item] = []  # the cues whose scope is open
        self.mentions: list[_Mention] = []
        self.organs: list[_Organ] = []
        self.clause = 0
        self.closed = False  # whether the clause already has its verb
        self.link: Tag | None = None
        self.alternative: Item | None = None

    def read(self) -> list[Judgement]:
        for at, item in enumerate(self.items):
            tag = item.role.tag
            if tag is Tag.MENTION or tag is Tag.EXCLUDE:
                self.mention(item)
            elif tag is Tag.SEPARATOR or tag is Tag.CONJUNCTION or tag is Tag.DISJUNCTION:
                self.boundary(at, item)
            elif tag is Tag.CUE_BEFORE:
                self.cue_before(item)
            elif tag is Tag.CUE_AFTER:
                self.cue_after(item)
            elif tag is Tag.CUE_BOTH:
                if self.governs_next(at):
                    self.cue_before(item)
                else:
                    self.cue_after(item)
            elif tag is Tag.ANATOMY:
                self.anatomy(at, item)
            elif tag is Tag.STATE:
                self.state(at, item)
            elif tag is Tag.VERB or tag is Tag.PRESENCE:
                self.alternative = None
                if self.mentions or self.organs:
                    self.closed = True
            elif tag is Tag.TERMINATOR:
                self.new_clause()
            elif tag is Tag.WITH:
                self.active = []
                self.alternative = None
                self.link = tag
            elif tag is Tag.EXISTENTIAL:
                if self.mentions and self.mentions[-1].clause == self.clause:
                    self.new_clause()
            elif tag is Tag.ALTERNATIVE:
                self.alternative = item
                self.link = tag
        judgements = [
            _decide(mention) for mention in self.mentions if mention.item.role.tag is Tag.MENTION
        ]
        if self.organs:
            judgements.extend(j for organ in self.organs if (j := _decide_organ(organ)))
            judgements.sort(key=lambda judgement: judgement.item.start)
        return judgements

    def new_clause(self) -> None:
        self.active = []
        self.clause += 1
        self.closed = False
        self.link = None
        self.alternative = None

    def mention(self, item: Item) -> None:
        previous = self.mentions[-1] if self.mentions else None
        same_words = previous is not None and item.start < previous.item.end
        mention = _Mention(item, self.clause, None if same_words else self.link)
        for cue in self.active:
            kind = cue.role.kind
            if kind is not None and item.start - cue.end <= kind.reach:
                mention.cues.append(cue)
        if same_words and previous is not None:
            mention.alternative = previous.alternative
        elif self.alternative is not None and previous is not None:
            self.join_alternatives(mention)
        self.mentions.append(mention)
        if not same_words:
            self.link = None
            self.alternative = None

    def join_alternatives(self, mention: _Mention) -> None:
        """Make the mentions on both sides of `or` alternatives of each other."""
        joint = self.alternative
        mention.alternative = joint
        end = 0
        for earlier in reversed(self.mentions):
            if earlier.clause != mention.clause:
                break
            if end and earlier.item.end <= end:
                break
            end = earlier.item.start
            earlier.alternative = joint

    def boundary(self, at: int, item: Item) -> None:
        tag = item.role.tag
        if self.opens_clause(at, tag):
            self.new_clause()
            return
        self.link = tag if self.link in (None, Tag.SEPARATOR) else self.link
        if tag is Tag.DISJUNCTION:
            self.alternative = item if self.mentions else None
        elif tag is Tag.SEPARATOR:
            self.alternative = None

    def opens_clause(self, at: int, tag: Tag) -> bool:
        """Say whether what follows the comma or conjunction at `at` stands on its own."""
        items = self.items
        subject = False
        end = items[at].end
        for place in range(at + 1, len(items)):
            item = items[place]
            role = item.role
            following = role.tag
            if following in _BOUNDARIES:
                if subject or following is Tag.TERMINATOR or item.start > end:
                    return False
                end = item.end  # ", and"
                continue
            if following is Tag.RELATIVE:
                return False
            if following is Tag.EXISTENTIAL:
                return True
            if subject:
                if following is Tag.VERB or (following is Tag.CUE_BEFORE and item.role.verbal):
                    return True
                if following is Tag.PRESENCE or following is Tag.CUE_AFTER:
                    return self.closed
                continue
            if following in _CUE_TAGS:
                return self._cue_restarts(item, tag, place)
            if following is Tag.ASSERTIVE or following is Tag.STATE:
                if tag is not Tag.DISJUNCTION and self._presents(place):
                    return not self._list_goes_on(place)
                continue
            if following is Tag.ANATOMY:
                return tag is not Tag.DISJUNCTION
            if following in _SUBJECTS:
                subject = True
            elif following in _PREDICATES:
                # Without words before it the verb has no subject: it continues the clause.
                return following is Tag.VERB and item.start > end and tag is not Tag.DISJUNCTION
        return False

    def _cue_restarts(self, cue: Item, tag: Tag, place: int) -> bool:
        kind = cue.role.kind
        if kind is not None and kind.restarts:
            return True
        return tag is not Tag.DISJUNCTION and not self._list_goes_on(place)

    def _presents(self, at: int) -> bool:
        """Say whether the word at `at` (small, stable) belongs to a mention that follows it."""
        for item in self.items[at + 1 :]:
            tag = item.role.tag
            if tag is Tag.MENTION or tag is Tag.EXCLUDE:
                return True
            if tag is not Tag.ASSERTIVE and tag is not Tag.STATE:
                return False
        return False

    def _list_goes_on(self, at: int) -> bool:
        """Say whether an open negation's list goes on past `at`: an `or` still comes."""
        if not any(cue.role.kind and cue.role.kind.effect == "negative" for cue in self.active):
            return False
        for item in self.items[at + 1 :]:
            tag = item.role.tag
            if tag is Tag.DISJUNCTION:
                return True
            if tag in _PREDICATES or tag is Tag.TERMINATOR or tag is Tag.EXISTENTIAL:
                return False
            if tag in _CUE_TAGS and item.role.kind is not None and item.role.kind.restarts:
                return False
        return False

    def governs_next(self, at: int) -> bool:
        for item in self.items[at + 1 :]:
            tag = item.role.tag
            if tag in _SUBJECTS:
                return True
            if tag in _BOUNDARIES or tag in _PREDICATES:
                return False
        return False

    def cue_before(self, item: Item) -> None:
        kind = item.role.kind
        if kind is not None and kind.restarts:
            self.active = []
        self.active.append(item)

    def cue_after(self, item: Item) -> None:
        self.alternative = None
        self.closed = True
        joined = True
        kind = item.role.kind
        for mention in reversed(self.mentions):
            if mention.clause != self.clause or not joined:
                break
            if kind is not None and item.start - mention.item.end > kind.reach:
                break
            mention.cues.append(item)
            # "A, B and C have resolved" speaks of all; "A, B has resolved" only of B.
            if mention.link is Tag.SEPARATOR:
                joined = any(
                    m.link in (Tag.CONJUNCTION, Tag.DISJUNCTION)
                    for m in self.mentions
                    if m.clause == self.clause
                )

    def anatomy(self, at: int, item: Item) -> None:
        same_words = bool(self.organs) and item.start < self.organs[-1].item.end
        if not same_words and self.starts_clause(at):
            self.active = []
        organ = _Organ(item)
        if self.organs:
            last = self.organs[-1]
            organ.carried = last.states or last.carried
            if same_words:
                organ.states = list(last.states)
        before = self.states_before(at)
        if before:
            organ.states = before
        self.organs.append(organ)

    def starts_clause(self, at: int) -> bool:
        """Say whether the anatomy at `at` is the subject of a verb."""
        for item in self.items[at + 1 :]:
            tag = item.role.tag
            if tag is Tag.VERB:
                return True
            if tag in _BOUNDARIES or tag is Tag.RELATIVE or tag is Tag.MENTION:
                return False
        return False

    def states_before(self, at: int) -> list[tuple[Item, tuple[Item, ...]]]:
        """Return the states that stand before the anatomy at `at` as its attributes."""
        states = []
        start = self.items[at].start
        for item in reversed(self.items[:at]):
            tag = item.role.tag
            if item.end > start:
                continue
            if tag is Tag.STATE and start - item.end <= 4 and self.is_attribute(item):
                states.append((item, tuple(self.active)))
                start = item.start
            elif tag is not Tag.ASSERTIVE and tag is not Tag.NEUTRAL:
                break
        return states

    def is_attribute(self, state: Item) -> bool:
        """Say whether a state stands before its noun: no anatomy waits for it since the boundary."""
        for item in reversed(self.items):
            if item.start >= state.start:
                continue
            tag = item.role.tag
            if tag in _BOUNDARIES:
                return True
            if tag is Tag.ANATOMY:
                return False
        return True

    def state(self, at: int, item: Item) -> None:
        if not self.organs:
            return
        for following in self.items[at + 1 :]:
            tag = following.role.tag
            if following.start < item.end or tag is Tag.STATE or tag is Tag.ASSERTIVE:
                continue
            if tag is Tag.ANATOMY and following.start - item.end <= 4 and self.is_attribute(item):
                return  # it belongs to the anatomy that follows
            if tag is Tag.MENTION and following.start - item.end <= 3 and self._loose(item):
                return  # it describes the finding that follows
            break
        entry = (item, tuple(self.active))
        waiting = []
        for organ in reversed(self.organs):
            if organ.states:
                break
            waiting.append(organ)
        if waiting:
            for organ in waiting:
                organ.states.append(entry)
        elif not self.mentions or self.mentions[-1].item.start < self.organs[-1].item.start:
            last = self.organs[-1]
            last.states.append(entry)
            for organ in self.organs[:-1]:
                if organ.states is last.states or organ.item.end > last.item.start:
                    organ.states.append(entry)

    def _loose(self, state: Item) -> bool:
        """Say whether no verb ties the state to the anatomy before it."""
        for item in reversed(self.items):
            if item.start >= state.start:
                continue
            if item.role.tag in (Tag.STATE, Tag.ASSERTIVE, Tag.CUE_BEFORE, Tag.CUE_BOTH):
                continue
            return item.role.tag is not Tag.VERB and item.role.tag is not Tag.ANATOMY
        return True


def _place(item: Item) -> int:
    return item.start


def _strongest(cues: Sequence[Item], role: Role) -> list[Item]:
    """Return the cues of the kind that ranks first among those that touch the finding."""
    best: list[Item] = []
    rank = 1 << 30
    for cue in cues:
        kind = cue.role.kind
        if kind is None or kind.name in role.ignored:
            continue
        if kind.rank < rank:
            best, rank = [cue], kind.rank
        elif kind.rank == rank:
            best.append(cue)
    return best


def _decide(mention: _Mention) -> Judgement:
    item = mention.item
    role = item.role
    label: Label | None = role.label
    best = _strongest(mention.cues, role) if mention.cues else []
    if best:
        kind = best[0].role.kind
        label = _EFFECTS.get(kind.effect) if kind is not None else label
    if mention.alternative is not None and label is Label.POSITIVE:
        return Judgement(item, Label.UNCERTAIN, (mention.alternative,))
    best.sort(key=_place)
    return Judgement(item, label, tuple(best))


def _decide_organ(organ: _Organ) -> Judgement | None:
    role = organ.item.role
    entries = organ.states or organ.carried
    for state, label in role.states.items():
        for item, cues in entries:
            if item.role.state == state:
                return _decide_state(organ, item, label, cues)
    return None


def _decide_state(organ: _Organ, state: Item, label: Label, cues: tuple[Item, ...]) -> Judgement:
    best = _strongest(cues, organ.item.role)
    decided: Label | None = label
    if best:
        kind = best[0].role.kind
        effect = kind.effect if kind is not None else "neutral"
        if effect == "negative":
            # "not enlarged" denies; "no ... normal" does not turn a normal heart into a large one.
            decided = Label.NEGATIVE
        elif effect == "uncertain":
            decided = Label.UNCERTAIN
        elif effect == "none":
            decided = None
    return Judgement(organ.item, decided, tuple(sorted([state, *best], key=_place)))
