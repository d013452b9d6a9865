"""Whether what follows a comma or a conjunction stands on its own or carries the list on.

Each rule looks at one phrase of what follows, in its order: first at those before a subject (a
finding or an organ) has come, then at those after it. The first rule with an answer decides; if
none has one, the list goes on, unless it was finished.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chexlabel.engine.junctions import Junction, digression_at
from chexlabel.engine.match import Match
from chexlabel.engine.phrases import (
    BOUNDARIES,
    HORIZON,
    SUBJECTS,
    ahead,
    behind,
    effect_of,
    governs_next,
    is_listed,
    names_finding,
    precedes_noun,
    presents,
    readings,
    restarts,
)
from chexlabel.engine.structure import Opening, Scope
from chexlabel.patterns.roles import CueEffect, Tag

__all__ = ["OpenClause", "rule_that_opens"]


class OpenClause:
    """What is known of a clause while it is read.

    Attributes:
        items: all phrases of the sentence.
        length: the number of its words, below 0 if it is not known.
        scopes: the scopes that are open.
        last: the clause's last mention.
        anywhere: the sentence's last mention.
        closed: whether the clause has its verb.
        stated: whether words such as `there is` have stated its mentions.
        disjoined: whether an `or` has joined its mentions: the list is finished by what follows.
        has_organ: whether the sentence named an organ.
        names_organ: whether the clause has.
        organ_end: the token after the last organ.
        restated: whether after a comma it denies anew, one thing so far: "no effusion, no edema".
        link: tag of what stands between the last mention and the next, if anything does.
        aside: whether a comma stands before the `with` that stands between them.
        answered: whether a verdict without a verb has just been read: "effusion nil".
        suspended: the scopes outside a relative clause between commas, while it is read.
    """

    __slots__ = (
        "answered",
        "anywhere",
        "aside",
        "closed",
        "disjoined",
        "has_organ",
        "items",
        "last",
        "length",
        "link",
        "names_organ",
        "organ_end",
        "restated",
        "scopes",
        "stated",
        "suspended",
    )

    def __init__(self, items: Sequence[Match], length: int) -> None:
        self.items = items
        self.length = length
        self.anywhere: Match | None = None
        self.has_organ = False
        self.organ_end = 0
        self.begin()

    def begin(self, *, restated: bool = False) -> None:
        """Begin a clause."""
        self.scopes: list[Scope] = []
        self.last: Match | None = None
        self.closed = False
        self.stated = False
        self.names_organ = False
        self.disjoined = False
        self.restated = restated
        self.link: str | None = None
        self.aside = False
        self.answered = False
        self.suspended: list[Scope] | None = None

    def awaits_noun(self, junction: Junction) -> bool:
        """Say whether a denial has named nothing yet: "no focal, mild consolidation"."""
        if self.last is not None or self.names_organ or not self.is_denied():
            return False
        return self.items[junction.start].start - self.scopes[-1].cue.end <= _ADJECTIVES

    def awaits_verdict(self) -> bool:
        """Say whether nothing has been said yet of its mention, by a verb, a cue or `there is`."""
        return not (self.last is None or self.closed or self.stated or self.scopes)

    def denies_state(self, junction: Junction) -> bool:
        """Say whether the denial is the state of an organ: "heart not enlarged", all or nothing."""
        if not self.names_organ:
            return False
        cues = [scope.cue for scope in self.scopes]
        return any(
            item.role.tag == Tag.STATE
            and (self.last is None or item.start <= self.last.start)
            and any(item.start <= cue.start and cue.end <= item.end for cue in cues)
            for item in behind(self.items, junction.start)
        )

    def names_anew(self) -> bool:
        """Say whether what is denied anew has been named: "no effusion, no edema, PICC in situ"."""
        return self.restated and self.last is not None

    def is_within_phrase(self, item: Match) -> bool:
        """Say whether a boundary belongs to the words of a mention: "fluid or thickening"."""
        return self.anywhere is not None and item.end <= self.anywhere.end

    def is_denied(self) -> bool:
        """Say whether the scope of a negation is open."""
        return any(effect_of(scope.cue) == CueEffect.NEGATIVE for scope in self.scopes)

    def is_in_doubt(self) -> bool:
        """Say whether a scope is open in which things are not plainly there."""
        return any(effect_of(scope.cue) != CueEffect.POSITIVE for scope in self.scopes)

    def is_hedged_by_verb(self) -> bool:
        """Say whether the open scope is that of a verb that hedges: may represent, suggests."""
        return any(
            scope.cue.role.verbal and effect_of(scope.cue) == CueEffect.UNCERTAIN
            for scope in self.scopes
        )

    def list_goes_on(self, place: int) -> bool:
        """Say whether the list that a cue governs goes on past `place`: an `or` still comes."""
        return bool(self.scopes) and not self.closed and is_listed(self.items, place)


_OF_WHOLE_LIST = frozenset({Tag.CONJUNCTION, Tag.DISJUNCTION, Tag.PRESENCE, Tag.CUE_AFTER})

_ADJECTIVES = 2
"""The most adjectives between a denial and the comma after them."""

Rule = Callable[[OpenClause, Junction, int], bool | None]
"""Whether the phrase at a place after a junction opens a clause; `None` leaves it open."""


def rule_that_opens(clause: OpenClause, junction: Junction) -> str | None:
    """Return which rule opens a clause at `junction`, one of `Opening`; `None` if none does."""
    items = clause.items
    rules = _BEFORE_SUBJECT
    has_subject = False
    places = iter(range(junction.end, min(len(items), junction.end + HORIZON)))
    for place in places:
        tag = items[place].role.tag
        if tag == Tag.SEPARATOR and has_subject:
            inside = digression_at(items, place)
            for _ in range(inside):  # "and the tube, which was too high, ends in the stomach"
                next(places, None)
            if inside:
                continue
        if tag in BOUNDARIES or tag == Tag.RELATIVE:
            if has_subject and tag == Tag.CONJUNCTION and _may_be_list(clause, junction):
                continue
            break
        rule = rules.get(tag)
        if rule is not None:
            opens = rule[1](clause, junction, place)
            if opens is not None:
                return rule[0] if opens else None
        if not has_subject and tag in SUBJECTS:
            has_subject, rules = True, _AFTER_SUBJECT
    if has_subject and is_finished(clause, junction):
        return Opening.FINISHED_LIST
    return None


def _may_be_list(clause: OpenClause, junction: Junction) -> bool:
    """Say whether several subjects may share the verdict to come, after one that has its own.

    "The patient has been extubated, and the tube and the line have been removed."
    """
    return clause.closed and junction.tag == Tag.CONJUNCTION


def is_finished(clause: OpenClause, junction: Junction) -> bool:
    """Say whether a comma follows a denial that has ended.

    With its verb, its `or`, its state, or because each has its own: "No effusion is seen, left
    basilar atelectasis", "No infiltrate or effusion, cardiomegaly", "Heart not enlarged, left
    effusion", "No effusion, no edema, PICC in situ"; not in "No infiltrate or effusion, mass, or
    nodule".
    """
    return (
        junction.tag == Tag.SEPARATOR
        and clause.is_denied()
        and (
            clause.closed
            or clause.disjoined
            or clause.denies_state(junction)
            or (clause.names_anew() and not _shares_denial(clause.items, junction))
        )
        and not is_listed(clause.items, junction.start)
    )


def _shares_denial(items: Sequence[Match], junction: Junction) -> bool:
    """Say whether a list goes on after a junction to its `and` or to the verdict on all of it."""
    return any(item.role.tag in _OF_WHOLE_LIST for item in ahead(items, junction.end - 1))


def _unless_or(_clause: OpenClause, junction: Junction, _place: int) -> bool:
    """An `or` never begins a clause: "effusion or there is atelectasis"."""
    return junction.tag != Tag.DISJUNCTION


def _cue_begins(clause: OpenClause, junction: Junction, place: int) -> bool:
    """A cue of its own: "cardiomegaly, possible edema", "effusion or no effusion"."""
    cue = clause.items[place]
    trails = (
        junction.tag == Tag.SEPARATOR
        and cue.role.tag == Tag.CUE_BOTH
        and cue.start == clause.items[junction.end - 1].end
    )
    if trails and not governs_next(clause.items, place):
        # "atelectasis, possible", but not "fluid, possible erosion of the rib"
        return precedes_noun(clause.items, place, clause.length)
    if restarts(cue):
        return True
    if junction.tag == Tag.DISJUNCTION:
        return False
    # "no nodule, there may be edema or effusion", "no nodule, if mass or cyst ..."
    own = cue.role.verbal or effect_of(cue) == CueEffect.NONE
    return own or not clause.list_goes_on(place)


def _presented(clause: OpenClause, junction: Junction, place: int) -> bool | None:
    """Something presented as being there ends a scope: "no pneumothorax, stable cardiomegaly".

    Not in a list whose `or` still comes ("no nodule, small effusion, or mass"), nor after a verb
    that hedges ("may represent pneumonia and mild edema"), nor between the adjectives of the first
    member ("no focal, mild consolidation").
    """
    if junction.tag == Tag.DISJUNCTION or not clause.is_in_doubt():
        return None
    if not presents(clause.items, place):
        return None
    if clause.awaits_noun(junction):
        return None
    hedged = junction.tag == Tag.CONJUNCTION and clause.is_hedged_by_verb()
    return None if hedged or clause.list_goes_on(place) else True


def _organ_begins(clause: OpenClause, junction: Junction, place: int) -> bool | None:
    """An organ is the subject of what is said of it: "no effusion, heart size is normal".

    Not one that a state before it makes a finding: "effusion, enlarged heart and edema".
    """
    if junction.tag == Tag.DISJUNCTION:
        return False
    named = any(names_finding(clause.items, at) for at in readings(clause.items, place))
    return None if named or clause.list_goes_on(place) else True


def _verb_begins(clause: OpenClause, junction: Junction, place: int) -> bool:
    """A verb with words before it that no phrase knows has a subject: "effusion, lungs are ..."."""
    has_subject = clause.items[place].start > clause.items[junction.end - 1].end
    return has_subject and junction.tag != Tag.DISJUNCTION


def _never(_clause: OpenClause, _junction: Junction, _place: int) -> bool:
    """Say that something is there only closes a list: "effusion, nodule and mass are seen"."""
    return False


def _cue_follows(clause: OpenClause, junction: Junction, place: int) -> bool | None:
    """A cue after the subject: "atelectasis, effusion without pneumothorax"."""
    cue = clause.items[place]
    if junction.tag == Tag.SEPARATOR and restarts(cue):
        return True
    return junction.tag != Tag.DISJUNCTION if cue.role.verbal else None


def _either_follows(clause: OpenClause, junction: Junction, place: int) -> bool | None:
    """A cue that may stand on either side, as a verdict: "no effusion, edema suspected"."""
    if junction.tag == Tag.DISJUNCTION or governs_next(clause.items, place):
        return None
    return _verdict_follows(clause, junction, place)


def _verdict_follows(clause: OpenClause, junction: Junction, _place: int) -> bool:
    """A list governed from before needs no second verdict: "no effusion, edema has resolved"."""
    if clause.closed:
        return True
    return (clause.stated or bool(clause.scopes)) and junction.tag != Tag.DISJUNCTION


def _presence_follows(clause: OpenClause, _junction: Junction, _place: int) -> bool:
    """A clause that has its verb needs no second: "no mass is seen, effusion is seen"."""
    return clause.closed


def _state_follows(clause: OpenClause, junction: Junction, place: int) -> bool | None:
    """What is said of a subject without a verb: "no pneumothorax, chest tube unchanged".

    Not where the denial has named nothing yet ("no focal, thickened markings"), nor where the word
    describes a noun that no phrase knows ("no edema, shadow in bilateral zones, or mass").
    """
    items = clause.items
    if presents(items, place) or clause.awaits_noun(junction) or _describes_other(items, place):
        return None
    return junction.tag != Tag.DISJUNCTION


def _describes_other(items: Sequence[Match], place: int) -> bool:
    """Say whether unknown words stand around the word at `place`: "in bilateral zones"."""
    item = items[place]
    if item.role.tag != Tag.ASSERTIVE or items[place - 1].end >= item.start:
        return False
    following = next((other for other in ahead(items, place) if other.start >= item.end), None)
    return following is not None and following.start > item.end


def _echo_begins(_clause: OpenClause, _junction: Junction, _place: int) -> bool:
    """An echo begins a clause: "the effusion has resolved, and so has the edema"."""
    return True


def _echo_follows(clause: OpenClause, junction: Junction, _place: int) -> bool | None:
    """An echo after a verdict: "the effusion has resolved, the edema too"."""
    return True if clause.closed and junction.tag != Tag.DISJUNCTION else None


_BEFORE_SUBJECT: dict[str, tuple[str, Rule]] = {
    Tag.ECHO: (Opening.ECHO, _echo_begins),
    Tag.EXISTENTIAL: (Opening.EXISTENTIAL, _unless_or),
    Tag.CUE_BEFORE: (Opening.OWN_CUE, _cue_begins),
    Tag.CUE_BOTH: (Opening.OWN_CUE, _cue_begins),
    Tag.ASSERTIVE: (Opening.PRESENTED, _presented),
    Tag.STATE: (Opening.PRESENTED, _presented),
    Tag.ANATOMY: (Opening.ORGAN, _organ_begins),
    Tag.VERB: (Opening.VERB, _verb_begins),
    Tag.COLON: (Opening.VERB, _verb_begins),
    Tag.CUE_AFTER: (Opening.VERB, _verb_begins),
    Tag.PRESENCE: (Opening.OWN_VERB, _never),
}
_AFTER_SUBJECT: dict[str, tuple[str, Rule]] = {
    Tag.LATE_ECHO: (Opening.ECHO, _echo_follows),
    Tag.EXISTENTIAL: (Opening.EXISTENTIAL, _unless_or),
    Tag.CUE_BEFORE: (Opening.LATER_CUE, _cue_follows),
    Tag.VERB: (Opening.LATER_VERB, _unless_or),
    Tag.COLON: (Opening.LATER_VERB, _unless_or),
    Tag.CUE_BOTH: (Opening.OWN_VERDICT, _either_follows),
    Tag.CUE_AFTER: (Opening.OWN_VERDICT, _verdict_follows),
    Tag.PRESENCE: (Opening.OWN_VERB, _presence_follows),
    Tag.ASSERTIVE: (Opening.OWN_STATE, _state_follows),
    Tag.STATE: (Opening.OWN_STATE, _state_follows),
}
