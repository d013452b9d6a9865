"""Deciding what a sentence says of the findings that it mentions.

Cues open scopes, the sentence's structure ends them. There is no parser: clauses are told from
the words that part them (`but`, a comma), from verbs that have a subject of their own, and from
words that present something as being there (`small`, `stable`). Which words do so, and which kind
of cue outranks which, stands in the pattern files. After NegEx (Chapman et al. 2001,
doi:10.1006/jbin.2001.1029) and the CheXpert labeler (Irvin et al. 2019, arXiv:1901.07031).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chexlabel.engine.anatomy import Anatomy
from chexlabel.engine.clauses import (
    BOUNDARIES,
    CUES_BEFORE,
    FINITE,
    HORIZON,
    PREDICATES,
    SUBJECTS,
    ahead,
    governs_next,
    is_listed,
    presents,
    relative_follows,
    restarts,
    ruled,
    strongest,
)
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match
from chexlabel.labels import Label
from chexlabel.patterns.lexicon import Tag

__all__ = ["judge"]

_OPEN_CUES = 7  # the most cues, beside the newest, whose scopes are followed


@dataclass(slots=True)
class _Mention:
    """A mention while its sentence is read."""

    item: Match
    clause: int
    link: str | None
    """What joins it to the mention before it in the clause, if anything does."""
    cues: list[Match] = field(default_factory=list)
    alternative: Match | None = None

    @property
    def is_excluded(self) -> bool:
        """Whether the words only look like a finding's."""
        return self.item.role.tag == Tag.EXCLUDE


def judge(items: Sequence[Match]) -> list[Judgement]:
    """Judge the mentions of one sentence, given all its matched phrases in order."""
    return _Reader(items).read()


class _Reader:
    """Reads a sentence's phrases from left to right."""

    # Where reading begins; as class attributes they cost a sentence nothing.
    anatomy: Anatomy | None = None  # `None` in a sentence without any
    suspended: list[Match] | None = None  # the cues outside a relative clause between commas
    clause = 0
    resumable = -1  # where a predicate would go on with the clause before
    closed = False  # whether the clause already has its verb
    listed = False  # whether a conjunction has joined mentions of the clause
    link: str | None = None  # what stands between the last mention and the next
    relative = -1  # where a relative clause last began
    interrupted = -1  # where a verb, cue or relative clause last began
    serial = False  # whether a comma stands before the conjunction
    alternative: Match | None = None  # the `or` whose second mention is to come

    def __init__(self, items: Sequence[Match]) -> None:
        self.items = items
        self.active: list[Match] = []  # the cues whose scope is open
        self.mentions: list[_Mention] = []
        for item in items:
            if item.role.tag == Tag.ANATOMY:
                self.anatomy = Anatomy(items)
                break

    def read(self) -> list[Judgement]:
        for at, item in enumerate(self.items):
            handle = _HANDLERS.get(item.role.tag)
            if handle is not None:
                handle(self, at, item)
        judgements = [_decide(mention) for mention in self.mentions if not mention.is_excluded]
        if self.anatomy is not None:
            judgements += self.anatomy.judgements()
            judgements.sort(key=_place)
        return judgements

    def read_anatomy(self, at: int, _item: Match) -> None:
        if self.anatomy is not None:
            if self.anatomy.begins_clause(at):
                self.active = []
            self.anatomy.add(at)

    def read_state(self, at: int, _item: Match) -> None:
        if self.anatomy is not None:
            self.anatomy.state(at, tuple(self.active))

    def read_assertive(self, at: int, item: Match) -> None:
        # Text without punctuation: "no pneumothorax mild edema".
        follows = bool(self.mentions) and self.mentions[-1].item.end == item.start
        if follows and self.is_denied() and presents(self.items, at):
            self.new_clause()

    def read_relative(self, _at: int, item: Match) -> None:
        self.interrupted = self.relative = item.start

    def read_verb(self, _at: int, item: Match) -> None:
        self.interrupted = item.start
        self.alternative = None
        if self.mentions or (self.anatomy is not None and self.anatomy.organs):
            self.closed = True

    def read_terminator(self, _at: int, item: Match) -> None:
        parenthetic = self.link == Tag.SEPARATOR  # "pneumonia, however, is suspected"
        self.new_clause()
        if parenthetic:
            self.resumable = item.end

    def read_with(self, _at: int, item: Match) -> None:
        # "no pneumothorax with effusion" asserts the effusion, "possibly with effusion" does not.
        self.active = [cue for cue in self.active if cue.end == item.start]
        self.alternative = None
        self.link = item.role.tag

    def read_adjunct(self, _at: int, item: Match) -> None:
        self.active = []
        self.alternative = None
        self.link = item.role.tag

    def read_existential(self, _at: int, _item: Match) -> None:
        last = self.last
        if last is None or self.link == Tag.DISJUNCTION:
            return
        if not self.active or self.active[-1].start < last.item.start:
            self.new_clause()

    def read_alternative(self, _at: int, item: Match) -> None:
        # "versus" needs no finding on its other side: "nodule versus vessel on end".
        last = self.last
        if last is not None and self.interrupted < last.item.end:
            self.offer(item)
        self.alternative = item
        self.link = item.role.tag

    @property
    def last(self) -> _Mention | None:
        """The clause's last mention."""
        last = self.mentions[-1] if self.mentions else None
        return last if last is not None and last.clause == self.clause else None

    def new_clause(self) -> None:
        self.active = []
        self.suspended = None
        self.clause += 1
        self.closed = False
        self.listed = False
        self.link = None
        self.alternative = None

    def read_mention(self, _at: int, item: Match) -> None:
        previous = self.mentions[-1] if self.mentions else None
        same_words = previous is not None and item.start < previous.item.end
        mention = _Mention(item, self.clause, None if same_words else self.link)
        for cue in self.active:
            kind = cue.role.kind
            if kind is not None and item.start - cue.end <= kind.reach:
                mention.cues.append(cue)
        if same_words and previous is not None:
            mention.alternative = previous.alternative
        elif self.alternative is not None:
            mention.alternative = self.alternative
            self.offer(self.alternative, through_commas=self.serial)
        self.mentions.append(mention)
        if self.anatomy is not None:
            self.anatomy.pass_mention()
        if not same_words:
            self.link = None
            self.alternative = None

    def join(self, joint: Match) -> None:
        """Take note of `or`: what stands before it and what follows are alternatives."""
        if not self.mentions or self.interrupted >= self.mentions[-1].item.end:
            return  # "opacity which may reflect crowding or pneumonia": the sign is no alternative
        if joint.start < self.mentions[-1].item.end:  # within one phrase: "fluid or thickening"
            self.offer(joint)
        else:
            self.alternative = joint

    def offer(self, joint: Match, *, through_commas: bool = False) -> None:
        """Make the last mention an alternative, with those of the same words or the same list."""
        start: int | None = None
        link: str | None = None
        for mention in reversed(self.mentions):
            same_words = start is None or mention.item.end > start
            in_list = through_commas and link == Tag.SEPARATOR
            if mention.clause != self.clause or not (same_words or in_list):
                break
            start = mention.item.start if start is None else min(start, mention.item.start)
            link = mention.link or link if same_words else mention.link
            mention.alternative = joint

    def read_boundary(self, at: int, item: Match) -> None:
        tag = item.role.tag
        if item.start == self.resumable:  # "however, ..."
            self.resumable = item.end
        if self.suspended is not None and tag == Tag.SEPARATOR and not self.lists_in_relative(at):
            self.active, self.suspended = self.suspended, None
        elif self.opens_clause(at, tag):
            self.new_clause()
            return
        elif tag == Tag.SEPARATOR and relative_follows(self.items, at):
            self.suspended = list(self.active)
        self.serial = self.link == Tag.SEPARATOR  # "A, B, or C": the comma before `or`
        if self.link in (None, Tag.SEPARATOR):
            self.link = tag
        if tag == Tag.SEPARATOR:
            self.alternative = None
            return
        self.listed = True
        if tag == Tag.DISJUNCTION:
            self.join(item)

    def opens_clause(self, at: int, tag: str) -> bool:
        """Say whether what follows the comma or conjunction at `at` stands on its own."""
        if self.mentions and self.items[at].end <= self.mentions[-1].item.end:
            return False  # within one phrase
        subject = False
        end = self.items[at].end
        for place, item in enumerate(ahead(self.items, at), start=at + 1):
            following = item.role.tag
            if following in BOUNDARIES:
                if subject or following == Tag.TERMINATOR or item.start > end:
                    break
                end = item.end  # ", and"
                if following != Tag.SEPARATOR:
                    tag = following
            elif following == Tag.RELATIVE:
                break
            elif following == Tag.EXISTENTIAL:
                return tag != Tag.DISJUNCTION
            elif subject:
                if tag == Tag.SEPARATOR and following == Tag.CUE_BEFORE and restarts(item):
                    return True  # "..., effusion without pneumothorax"
                if following in FINITE or (following == Tag.CUE_BEFORE and item.role.verbal):
                    return tag != Tag.DISJUNCTION
                if following == Tag.CUE_AFTER:
                    # A list that is governed from before needs no second verdict after it.
                    return self.closed or (bool(self.active) and tag != Tag.DISJUNCTION)
                if following == Tag.PRESENCE:
                    return self.closed
                if following in (Tag.ASSERTIVE, Tag.STATE) and not presents(self.items, place):
                    return tag != Tag.DISJUNCTION  # "no pneumothorax, chest tube unchanged"
            elif following in CUES_BEFORE:
                trails = tag == Tag.SEPARATOR and item.start == end
                if following == Tag.CUE_BOTH and trails and not governs_next(self.items, place):
                    return False  # "atelectasis, possible"
                return restarts(item) or (tag != Tag.DISJUNCTION and not self.list_goes_on(place))
            elif following == Tag.ASSERTIVE or following == Tag.STATE:
                if self.active and tag != Tag.DISJUNCTION and presents(self.items, place):
                    # "may represent pneumonia and mild edema" hedges both.
                    hedged = tag == Tag.CONJUNCTION and self.is_hedged_by_verb()
                    return not hedged and not self.list_goes_on(place)
            elif following == Tag.ANATOMY:
                return tag != Tag.DISJUNCTION
            elif following in SUBJECTS:
                subject = True
            elif following in PREDICATES:
                # Without words before it the verb has no subject: it continues the clause.
                has_subject = item.start > end and tag != Tag.DISJUNCTION
                return has_subject and following != Tag.PRESENCE
        # "No effusion is seen, left basilar atelectasis": the denial ended with its verb.
        complete = subject and self.closed and tag == Tag.SEPARATOR
        return complete and self.is_denied() and not is_listed(self.items, at)

    def is_hedged_by_verb(self) -> bool:
        """Say whether the open scope is that of a verb that hedges: may represent, suggests."""
        return any(
            cue.role.verbal and cue.role.kind is not None and cue.role.kind.effect == "uncertain"
            for cue in self.active
        )

    def lists_in_relative(self, at: int) -> bool:
        """Say whether the comma at `at` parts a list in a relative clause rather than ending it."""
        has_cue = any(cue.start > self.relative for cue in self.active)
        return has_cue and is_listed(self.items, at)

    def list_goes_on(self, at: int) -> bool:
        """Say whether an open negation's list goes on past `at`: an `or` still comes."""
        return self.is_denied() and is_listed(self.items, at)

    def is_denied(self) -> bool:
        """Say whether the scope of a negation is open."""
        return any(cue.role.kind and cue.role.kind.effect == "negative" for cue in self.active)

    def read_cue_on_either_side(self, at: int, item: Match) -> None:
        follows = item.role.verbal and self.link is None  # "edema is difficult to exclude"
        if self.last is None or (governs_next(self.items, at) and not follows):
            self.read_cue_before(at, item)
        else:
            self.read_cue_after(at, item)

    def read_cue_before(self, _at: int, item: Match) -> None:
        if restarts(item):
            self.active = []
        self.interrupted = item.start
        self.active = [*self.active[-_OPEN_CUES:], item]

    def read_cue_after(self, _at: int, item: Match) -> None:
        self.alternative = None
        self.closed = True
        if self.mentions and self.last is None and item.start == self.resumable:
            # A predicate without a subject: "Pneumonia, however, is suspected."
            self.clause = self.mentions[-1].clause
        kind = item.role.kind
        if self.link in (Tag.WITH, Tag.ADJUNCT) and not item.role.verbal:
            return  # "effusion with negative cultures"
        nearest = len(self.mentions) - 1
        for place in range(nearest, max(-1, nearest - HORIZON), -1):
            mention = self.mentions[place]
            if mention.clause != self.clause:
                break
            if kind is not None and item.start - mention.item.end > kind.reach:
                break
            if mention.item.end <= self.relative < self.mentions[-1].item.start:
                break  # "a line, for which pneumothorax is a consideration"
            is_first = not place or self.mentions[place - 1].clause != self.clause
            if mention.link == Tag.ADJUNCT and item.role.verbal and not is_first:
                continue  # "pneumonia superimposed on edema cannot be excluded"
            mention.cues.append(item)
            # "A, B and C have resolved" speaks of all; "A, B has resolved" only of B.
            if mention.link == Tag.SEPARATOR and not self.listed:
                break


_HANDLERS: dict[str, Callable[[_Reader, int, Match], None]] = {
    Tag.MENTION: _Reader.read_mention,
    Tag.EXCLUDE: _Reader.read_mention,
    Tag.ANATOMY: _Reader.read_anatomy,
    Tag.STATE: _Reader.read_state,
    Tag.ASSERTIVE: _Reader.read_assertive,
    Tag.CUE_BEFORE: _Reader.read_cue_before,
    Tag.CUE_AFTER: _Reader.read_cue_after,
    Tag.CUE_BOTH: _Reader.read_cue_on_either_side,
    Tag.SEPARATOR: _Reader.read_boundary,
    Tag.CONJUNCTION: _Reader.read_boundary,
    Tag.DISJUNCTION: _Reader.read_boundary,
    Tag.ALTERNATIVE: _Reader.read_alternative,
    Tag.WITH: _Reader.read_with,
    Tag.ADJUNCT: _Reader.read_adjunct,
    Tag.COLON: _Reader.read_verb,
    Tag.TERMINATOR: _Reader.read_terminator,
    Tag.EXISTENTIAL: _Reader.read_existential,
    Tag.VERB: _Reader.read_verb,
    Tag.PRESENCE: _Reader.read_verb,
    Tag.RELATIVE: _Reader.read_relative,
}


def _place(judgement: Judgement) -> int:
    return judgement.item.start


def _stands(mention: _Mention) -> bool:
    """Say whether a cue leaves the mention no alternative: "no change in A or B"."""
    return any(cue.role.kind and cue.role.kind.effect == "positive" for cue in mention.cues)


def _decide(mention: _Mention) -> Judgement:
    item = mention.item
    best = strongest(mention.cues, item.role) if mention.cues else []
    label = ruled(item.role.label, best)
    if mention.alternative is not None and label is Label.POSITIVE and not _stands(mention):
        return Judgement(item, mention.alternative.role.label, (mention.alternative,))
    return Judgement(item, label, tuple(best))
