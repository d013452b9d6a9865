"""The first stage: a sentence's clauses, the lists in them, and how far its cues govern.

There is no parser. Clauses are told from the words that part them (`but`, a comma), from verbs that
have a subject of their own, and from words that present something as being there (`small`,
`stable`). At every comma and conjunction the question is whether what follows stands on its own or
carries the list on; the rules that answer it stand in `chexlabel.engine.openings`. Which words do
what stands in the pattern files. After NegEx (Chapman et al. 2001, doi:10.1006/jbin.2001.1029) and
the CheXpert labeler (Irvin et al. 2019, arXiv:1901.07031).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile

from chexlabel.engine.answers import answers_before, leads_to_answer
from chexlabel.engine.inner_words import with_verdict_in_front, without_inner_words
from chexlabel.engine.junctions import (
    Junction,
    is_parenthetic,
    joins_adjectives,
    junction_at,
    relative_follows,
)
from chexlabel.engine.match import Match
from chexlabel.engine.openings import OpenClause, rule_that_opens
from chexlabel.engine.phrases import (
    BOUNDARIES,
    FINITE,
    HORIZON,
    ahead,
    behind,
    describes_next,
    governs_next,
    is_listed,
    is_predicated,
    meets_mention,
    names_finding,
    presents,
    restarts,
)
from chexlabel.engine.structure import (
    Clause,
    Echo,
    Elision,
    Joint,
    Opening,
    Scope,
    Sentence,
    SentenceMention,
)
from chexlabel.patterns.roles import Tag

__all__ = ["segment"]

_PARTING = FINITE | BOUNDARIES | {Tag.RELATIVE, Tag.MENTION}

_SIDE = 1
"""The most words between a finished list and the noun of a statement: its side."""

_OPEN_CUES = 8
"""The most cues whose scopes are followed at a time; with more the oldest ends."""


def segment(items: Sequence[Match], length: int = -1) -> Sentence:
    """Cut a sentence into clauses and lists.

    Args:
        items: its matched phrases in order.
        length: the number of its words, where it is known: a `no` that ends it is an answer.
    """
    ready = with_verdict_in_front(without_inner_words(items, length))
    return _Segmenter(ready, length).read()


class _Segmenter:
    """Reads a sentence's phrases from left to right, clause by clause."""

    # Where reading begins; as class attributes they cost a sentence nothing.
    passed = 0  # the phrases of a junction that were read with its first
    relative = -1  # token at which the last relative clause began
    parting = 0  # the place that `next_parting` came to

    def __init__(self, items: Sequence[Match], length: int) -> None:
        self.items = items
        self.length = length
        self.sentence = Sentence(items)
        self.clause = Clause(0, len(items), Opening.SENTENCE)
        self.sentence.clauses.append(self.clause)
        self.open = OpenClause(items, length)

    def read(self) -> Sentence:
        handlers = _HANDLERS
        for at, item in enumerate(self.items):
            if at >= self.passed:
                handle = handlers.get(item.role.tag)
                if handle is not None:
                    handle(self, at, item)
        return self.sentence

    # Clauses and scopes.

    def open_clause(self, at: int, rule: str) -> None:
        boundary = self.items[at].end
        # A cue that holds the boundary itself governs what follows: ", nor is the heart enlarged".
        held = [scope for scope in self.open.scopes if scope.cue.end > boundary]
        self.open.scopes = [scope for scope in self.open.scopes if scope.cue.end <= boundary]
        after_comma = self.items[at].role.tag == Tag.SEPARATOR
        restated = after_comma and rule == Opening.OWN_CUE and self.open.is_denied()
        self.end_scopes(at)
        self.clause.end = at
        self.clause = Clause(at, len(self.items), rule)
        self.sentence.clauses.append(self.clause)
        self.open.begin(restated=restated)
        self.open.scopes = held

    def end_scopes(self, at: int) -> None:
        for scope in self.open.scopes:
            scope.end = at
        self.open.scopes = []

    def open_scope(self, at: int, cue: Match) -> None:
        scopes = self.open.scopes
        if len(scopes) >= _OPEN_CUES:
            scopes.pop(0).end = at
        scope = Scope(cue, at, len(self.items))
        self.sentence.scopes.append(scope)
        scopes.append(scope)
        self.open.answered = False

    # Mentions.

    def read_mention(self, at: int, item: Match) -> None:
        self.pass_answer(at)
        if self.follows_finished_list(at):
            self.open_clause(at, Opening.VERB_AFTER_LIST)
        mentions = self.sentence.mentions
        same_words = bool(mentions) and item.start < mentions[-1].item.end
        if self.open.scopes and not same_words and item.role.tag == Tag.MENTION:
            self.pass_subject(at)
        link = None if same_words else self.open.link
        aside = self.open.aside and not same_words
        mentions.append(SentenceMention(item, at, self.clause, link, aside))
        self.open.last = self.open.anywhere = item
        if not same_words:
            self.open.link, self.open.aside = None, False

    def pass_subject(self, at: int) -> None:
        """Let a cue that asks what its subject is govern only what follows that.

        "Whether the opacity is pneumonia", "tempting to call the opacity a pneumonia".
        """
        subject = self.open.last
        if subject is None or self.open.link is not None:
            return
        for scope in self.open.scopes:
            if scope.cue.role.asking and scope.cue.end <= subject.start:
                place = self.sentence.mentions[-1].place
                if is_predicated(self.items, place, at):
                    scope.start = place

    def follows_finished_list(self, at: int) -> bool:
        """Say whether a subject stands right after a denied list that its `or` has finished.

        "No effusion or pneumothorax right sided port tip at the cavoatrial junction".
        """
        item, last = self.items[at], self.open.last
        if self.open.link is not None or not self.open.disjoined or last is None:
            return False
        if item.start - last.end > _SIDE or not self.open.is_denied():
            return False
        following = next((i for i in ahead(self.items, at) if i.start >= item.end), None)
        return following is not None and following.role.tag == Tag.VERB

    def pass_answer(self, at: int) -> None:
        """Begin a clause where the next item follows an answer: "effusion nil edema mild"."""
        if self.open.answered and self.open.link is None:
            self.open_clause(at, Opening.ANSWER)

    def read_anatomy(self, at: int, item: Match) -> None:
        self.pass_answer(at)
        self.sentence.has_anatomy = True
        if self.begins_clause(at):
            self.end_scopes(at)
        self.open.has_organ = self.open.names_organ = True
        self.open.organ_end = item.end
        if names_finding(self.items, at):
            self.read_mention(at, item)

    def begins_clause(self, at: int) -> bool:
        """Say whether the organ at `at` is the subject of a verb, with no boundary before it."""
        item = self.items[at]
        before = next((i for i in behind(self.items, at) if i.role.tag != Tag.ASSERTIVE), None)
        if before is None or before.role.tag in BOUNDARIES:
            return False
        if self.open.organ_end > item.start:
            return False
        parting = self.next_parting(at)
        if (
            before.role.tag == Tag.MENTION and before.end == item.start
        ):  # "no effusion heart normal"
            spliced = takewhile(lambda following: following is not parting, ahead(self.items, at))
            if any(following.role.tag == Tag.STATE for following in spliced):
                return True
        return parting is not None and parting.role.tag in FINITE

    def next_parting(self, at: int) -> Match | None:
        """Return the next verb, boundary or mention after `at`; asked for in ascending order."""
        place = max(self.parting, at + 1)
        items = self.items
        while place < len(items) and items[place].role.tag not in _PARTING:
            place += 1
        self.parting = place
        return items[place] if place < len(items) else None

    # Cues.

    def read_cue_on_either_side(self, at: int, item: Match) -> None:
        # "edema is difficult to exclude", but "opacity could be developing pneumonia"
        follows = item.role.verbal and self.open.link is None and not meets_mention(self.items, at)
        follows = follows or self.is_answer(at)
        before = self.subject_of(at) is None or self.asks_of_state(at, item)
        if before or (governs_next(self.items, at) and not follows):
            self.read_cue_before(at, item)
        else:
            self.read_cue_after(at, item)

    def asks_of_state(self, at: int, item: Match) -> bool:
        """Say whether a cue stands between an organ and its state: "effusion, heart ?big"."""
        following = self.items[at + 1] if at + 1 < len(self.items) else None
        if following is None or following.role.tag != Tag.STATE:
            return False
        return following.start == item.end and self.open.organ_end == item.start

    def read_cue_before(self, at: int, item: Match) -> None:
        if self.is_answer(at):
            self.read_cue_after(at, item)
            return
        if restarts(item):
            self.end_scopes(at)
        self.open_scope(at, item)

    def is_answer(self, at: int) -> bool:
        subject = self.subject_of(at)
        denied = bool(self.open.scopes)
        return answers_before(self.items, at, subject, self.length, is_denied=denied)

    def subject_of(self, at: int) -> Match | None:
        """Return what a cue at `at` may speak of, if it follows its subject.

        That is the last mention, or the state of an organ right before it: "heart enlarged: no".
        """
        if self.open.last is not None or not (at and self.open.names_organ):
            return self.open.last
        before = self.items[at - 1]
        return before if before.role.tag == Tag.STATE else None

    def answers_nothing(self, at: int, item: Match) -> bool:
        """Say whether a denial follows no subject and meets one: "film reviewed: nil effusion"."""
        if item.role.verbal or not restarts(item) or self.subject_of(at) is not None:
            return False
        return meets_mention(self.items, at)

    def read_cue_after(self, at: int, item: Match) -> None:
        if self.answers_nothing(at, item):
            self.read_cue_before(at, item)
            return
        self.open.closed = True
        if not item.role.verbal:
            self.open.answered = True
        if self.open.link in (Tag.WITH, Tag.ADJUNCT) and not item.role.verbal:
            return  # "effusion with negative cultures"
        self.clause.verdicts.append(at)

    # What parts clauses.

    def read_boundary(self, at: int, item: Match) -> None:
        if self.open.is_within_phrase(item):
            if item.role.tag == Tag.DISJUNCTION:  # "fluid or thickening"
                self.sentence.joints.append(Joint(item, at, serial=False))
            return
        junction = junction_at(self.items, at)
        is_within_relative = self.open.suspended is not None
        if is_within_relative and junction.has_comma and not self.lists_in_relative(at):
            self.resume(at)
            self.join(junction)
            return
        rule = rule_that_opens(self.open, junction)
        if rule is not None:
            self.open_clause(at, rule)
            self.passed = junction.end
            return
        if junction.has_comma and relative_follows(self.items, junction):
            self.open.suspended = list(self.open.scopes)
        self.join(junction)

    def join(self, junction: Junction) -> None:
        """Carry the list on."""
        self.passed = junction.end
        self.open.restated = False
        serial = junction.has_comma or self.open.link == Tag.SEPARATOR
        if self.open.link in (None, Tag.SEPARATOR):
            self.open.link = junction.tag
        if junction.tag == Tag.SEPARATOR:
            return
        self.clause.listed = True
        if junction.tag == Tag.DISJUNCTION and not joins_adjectives(self.items, junction):
            self.open.disjoined = self.open.last is not None
            joint = self.items[junction.place]
            self.sentence.joints.append(Joint(joint, junction.place, serial))

    def lists_in_relative(self, at: int) -> bool:
        """Say whether the comma at `at` parts a list in a relative clause rather than ending it."""
        has_cue = any(scope.cue.start > self.relative for scope in self.open.scopes)
        return has_cue and is_listed(self.items, at)

    def resume(self, at: int) -> None:
        """Go on after a relative clause between commas with the scopes from before it."""
        outside = self.open.suspended or []
        if self.sentence.relatives:
            self.sentence.digressions.append((self.sentence.relatives[-1], at))
        for scope in self.open.scopes:
            if scope not in outside:
                scope.end = at
        resumed = [s for s in outside if s in self.open.scopes]
        for scope in outside:
            if scope not in resumed:
                again = Scope(scope.cue, at, len(self.items))
                self.sentence.scopes.append(again)
                resumed.append(again)
        self.open.scopes, self.open.suspended = resumed, None

    def read_terminator(self, at: int, item: Match) -> None:
        if self.open.is_within_phrase(item):
            return  # the full stop of an abbreviation: "pl. thick."
        if self.open.link == Tag.SEPARATOR and is_parenthetic(self.items, at):
            self.passed = at + 2
            self.open.link = None
            return
        if leads_to_answer(self.items, at, self.open.last, self.length):
            return
        self.open_clause(at, Opening.TERMINATOR)

    def read_with(self, at: int, item: Match) -> None:
        # "no pneumothorax with effusion" asserts the effusion, "possibly with effusion" does not.
        # A cue that names what it denies ("no enlargement of the heart with ...") ends there.
        last = self.open.last
        named = last is not None and last.end == item.start
        kept = [s for s in self.open.scopes if s.cue.end == item.start and not named]
        for scope in self.open.scopes:
            if scope not in kept:
                scope.end = at
        self.open.scopes = kept
        self.open.aside = self.open.link == Tag.SEPARATOR
        self.open.link = item.role.tag

    def read_adjunct(self, at: int, item: Match) -> None:
        self.end_scopes(at)
        self.open.link = item.role.tag

    def read_alternative(self, at: int, item: Match) -> None:
        self.sentence.joints.append(Joint(item, at, serial=False))
        self.open.link = item.role.tag

    def read_existential(self, at: int, _item: Match) -> None:
        last, scopes = self.open.last, self.open.scopes
        if last is not None and self.open.link != Tag.DISJUNCTION:
            governs_what_follows = scopes and scopes[-1].cue.start >= last.start
            if not governs_what_follows:
                self.open_clause(at, Opening.EXISTENTIAL)
        self.open.stated = True

    def read_assertive(self, at: int, item: Match) -> None:
        last = self.open.anywhere
        if last is None or last.end != item.start or not self.open.is_denied():
            return
        if presents(self.items, at) and not describes_next(self.items, at, last):
            self.open_clause(at, Opening.UNPARTED)  # "no pneumothorax mild edema"

    def read_relative(self, at: int, item: Match) -> None:
        self.relative = item.start
        self.sentence.relatives.append(at)

    def read_elision(self, at: int, item: Match) -> None:
        for mention in reversed(self.sentence.mentions[-HORIZON:]):
            if mention.item.role.tag == Tag.MENTION:
                self.sentence.elisions.append(Elision(item, mention.item))
                self.open_clause(at, Opening.ELISION)
                break

    def read_echo(self, at: int, item: Match) -> None:
        if self.open.last is not None or self.open.names_organ:
            self.open_clause(at, Opening.ECHO)
        self.note_echo(at, item)

    def read_late_echo(self, at: int, item: Match) -> None:
        if self.open.awaits_verdict():
            self.note_echo(at, item)

    def note_echo(self, at: int, item: Match) -> None:
        """Take note of words that carry on or turn round what the clause before says."""
        for mention in reversed(self.sentence.mentions[-HORIZON:]):
            if mention.clause is not self.clause:
                self.sentence.echoes.append(Echo(item, at, self.clause, mention))
                break

    def read_verb(self, at: int, item: Match) -> None:
        if self.open.anywhere is not None or self.open.has_organ or self.denies_noun(at, item):
            self.open.closed = True

    def denies_noun(self, at: int, item: Match) -> bool:
        """Say whether a denial names what no phrase knows: "no discrete process is seen"."""
        if at == 0 or item.role.tag == Tag.COLON or not self.open.is_denied():
            return False
        return self.items[at - 1].end < item.start


_HANDLERS: dict[str, Callable[[_Segmenter, int, Match], None]] = {
    Tag.MENTION: _Segmenter.read_mention,
    Tag.EXCLUDE: _Segmenter.read_mention,
    Tag.ANATOMY: _Segmenter.read_anatomy,
    Tag.ASSERTIVE: _Segmenter.read_assertive,
    Tag.CUE_BEFORE: _Segmenter.read_cue_before,
    Tag.CUE_AFTER: _Segmenter.read_cue_after,
    Tag.CUE_BOTH: _Segmenter.read_cue_on_either_side,
    Tag.SEPARATOR: _Segmenter.read_boundary,
    Tag.CONJUNCTION: _Segmenter.read_boundary,
    Tag.DISJUNCTION: _Segmenter.read_boundary,
    Tag.ALTERNATIVE: _Segmenter.read_alternative,
    Tag.WITH: _Segmenter.read_with,
    Tag.ADJUNCT: _Segmenter.read_adjunct,
    Tag.COLON: _Segmenter.read_verb,
    Tag.TERMINATOR: _Segmenter.read_terminator,
    Tag.EXISTENTIAL: _Segmenter.read_existential,
    Tag.VERB: _Segmenter.read_verb,
    Tag.PRESENCE: _Segmenter.read_verb,
    Tag.RELATIVE: _Segmenter.read_relative,
    Tag.ELISION: _Segmenter.read_elision,
    Tag.ECHO: _Segmenter.read_echo,
    Tag.LATE_ECHO: _Segmenter.read_late_echo,
    Tag.REVERSAL: _Segmenter.note_echo,
}
