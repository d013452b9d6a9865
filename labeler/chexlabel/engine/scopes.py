"""The second stage: which cue reaches which mention, and which mentions are alternatives."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise, takewhile

from chexlabel.engine.echoes import carry_verdicts
from chexlabel.engine.match import Match
from chexlabel.engine.phrases import HORIZON, ahead, behind
from chexlabel.engine.structure import Clause, Joint, Scope, Sentence, SentenceMention
from chexlabel.patterns.roles import Tag

__all__ = ["OpenScopes", "resolve"]

_INTERRUPTING = frozenset(
    {Tag.VERB, Tag.COLON, Tag.PRESENCE, Tag.CUE_BEFORE, Tag.CUE_BOTH, Tag.RELATIVE}
)
"""What parts the mention before an `or` from it: "opacity which may reflect crowding or pneumonia"
makes no alternative of the sign."""

_ENDING = frozenset(
    {
        Tag.VERB, Tag.COLON, Tag.PRESENCE, Tag.CUE_AFTER, Tag.SEPARATOR, Tag.WITH, Tag.ADJUNCT,
        Tag.TERMINATOR,
    }
)  # fmt: skip
"""What parts the mention after an `or` from it."""

_OF_NAMES = frozenset({Tag.MENTION, Tag.SEPARATOR, Tag.CONJUNCTION, Tag.DISJUNCTION})
_INTRODUCING = frozenset({Tag.TERMINATOR, Tag.NEUTRAL})
"""What begins an introduction that a comma ends: "except for the drain, all tubes ..."."""


class OpenScopes:
    """The scopes that hold a place, asked for places in ascending order."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self._scopes = scopes
        self._next = 0
        self._open: list[Scope] = []

    def cues(self, place: int) -> list[Match]:
        """Return the cues whose scope holds what stands at `place`."""
        scopes = self._scopes
        while self._next < len(scopes) and scopes[self._next].start < place:
            self._open.append(scopes[self._next])
            self._next += 1
        self._open = [scope for scope in self._open if scope.end > place]
        return [scope.cue for scope in self._open]


def resolve(sentence: Sentence) -> None:
    """Give the mentions of a sentence the cues that reach them, and their alternatives."""
    mentions = sentence.mentions
    if sentence.scopes:
        scopes = OpenScopes(sentence.scopes)
        for mention in mentions:
            mention.cues = [
                cue for cue in scopes.cues(mention.place) if _is_within_reach(cue, mention.item)
            ]
    for clause in sentence.clauses:
        for place in clause.verdicts:
            _reach_back(sentence, clause, place)
    for joint in sentence.joints:
        _pair(sentence, joint)
    if sentence.joints:
        _share_alternatives(mentions)
    if sentence.echoes:
        carry_verdicts(sentence)


def _is_within_reach(cue: Match, item: Match) -> bool:
    """Say whether a mention is near enough to the cue before it, or among the words of one."""
    kind = cue.role.kind
    if kind is None:
        return False
    if kind.reach < 0:  # "what looks like a mass is fluid"
        return item.end < cue.end
    return item.start - cue.end <= kind.reach


def _place(mention: SentenceMention) -> int:
    return mention.place


def _reach_back(sentence: Sentence, clause: Clause, place: int) -> None:
    """Give the cue at `place` to the mentions before it that it speaks of."""
    cue = sentence.items[place]
    mentions = sentence.mentions
    last = bisect_left(mentions, place, key=_place) - 1
    relative = bisect_left(sentence.relatives, place) - 1
    closed = [(start, end) for start, end in sentence.digressions if end <= place]
    if relative >= 0 and any(start == sentence.relatives[relative] for start, _ in closed):
        relative = -1
    for at in range(last, max(-1, last - HORIZON), -1):
        mention = mentions[at]
        if mention.clause is not clause:
            break
        kind = cue.role.kind
        if kind is not None and cue.start - mention.item.end > kind.reach:
            break
        if any(start < mention.place < end for start, end in closed):
            continue  # "pneumonia, where opacities are densest, cannot be excluded"
        if relative >= 0 and mention.place < sentence.relatives[relative] < mentions[last].place:
            break  # "a line, for which pneumothorax is a consideration"
        is_first = not at or mentions[at - 1].clause is not clause
        if mention.link == Tag.ADJUNCT and cue.role.verbal and not is_first:
            continue  # "pneumonia superimposed on edema cannot be excluded"
        mention.cues.append(cue)
        if mention.aside or is_first:
            break
        # "A, B and C have resolved", "A, B have resolved" and "A, B: none" speak of all; "A, B has
        # resolved" and "after A, B have resolved" only of B.
        if mention.link == Tag.SEPARATOR and not (
            clause.listed
            or (cue.role.plural and not _introduces(sentence, mentions[at - 1]))
            or _has_names_alone_before(sentence, place)
        ):
            break


def _has_names_alone_before(sentence: Sentence, place: int) -> bool:
    """Say whether nothing but names stands before an answer with its colon: "A, B: none"."""
    answer = sentence.items[place]
    if not answer.role.pattern.lstrip("[{").startswith(":"):
        return False
    named = 0  # words
    for item in sentence.items[:place]:
        if item.role.tag not in _OF_NAMES or item.start > named:
            return False
        named = max(named, item.end)
    return named == answer.start


def _introduces(sentence: Sentence, mention: SentenceMention) -> bool:
    """Say whether a mention belongs to what introduces a statement: "along with edema, ..."."""
    if mention.link in (Tag.WITH, Tag.ADJUNCT):
        return True
    first = sentence.items[0]
    if first.role.tag not in _INTRODUCING or mention.place > HORIZON:
        return False
    if first.start == mention.item.start:
        return False  # the words are the mention's own: "white out"
    before = sentence.items[: mention.place]
    return not any(item.role.tag in (Tag.SEPARATOR, Tag.MENTION) for item in before)


def _pair(sentence: Sentence, joint: Joint) -> None:
    """Make alternatives of what stands on the two sides of an `or` or a `versus`."""
    mentions = sentence.mentions
    at = bisect_left(mentions, joint.place, key=_place)
    has_left = at > 0 and _stands_before(sentence, mentions[at - 1], joint)
    has_right = at < len(mentions) and _stands_after(sentence, mentions[at], joint)
    if joint.item.role.tag == Tag.ALTERNATIVE:
        # "versus" needs no finding on its other side: "nodule versus vessel on end".
        if has_left and not _follows_apposition(sentence, mentions[at - 1], joint):
            _offer(mentions, at - 1, joint)
        if has_right:
            mentions[at].alternative = joint.item
    elif has_left and joint.item.start < mentions[at - 1].item.end:
        _offer(mentions, at - 1, joint)  # within one phrase: "fluid or thickening"
    elif has_left and has_right:
        mentions[at].alternative = joint.item
        _offer(mentions, at - 1, joint)


def _stands_before(sentence: Sentence, mention: SentenceMention, joint: Joint) -> bool:
    """Say whether a mention stands right before a joint, in its clause."""
    between = takewhile(lambda i: i is not mention.item, behind(sentence.items, joint.place))
    return joint.place < mention.clause.end and not any(
        item.role.tag in _INTERRUPTING and item.start >= mention.item.end for item in between
    )


def _follows_apposition(sentence: Sentence, mention: SentenceMention, joint: Joint) -> bool:
    """Say whether a noun that no phrase knows stands between a comma and a joint.

    "Opacity, hemorrhage versus pneumonia": the opacity is no alternative.
    """
    between = takewhile(lambda i: i is not mention.item, behind(sentence.items, joint.place))
    commas = [item.end for item in between if item.role.tag == Tag.SEPARATOR]
    return bool(commas) and max(commas) < joint.item.start


def _stands_after(sentence: Sentence, mention: SentenceMention, joint: Joint) -> bool:
    """Say whether a mention stands right after a joint, in its clause."""
    between = takewhile(lambda i: i is not mention.item, ahead(sentence.items, joint.place))
    return joint.place >= mention.clause.start and not any(
        item.role.tag in _ENDING for item in between
    )


def _offer(mentions: Sequence[SentenceMention], last: int, joint: Joint) -> None:
    """Make a mention an alternative, with those of the same words or the same list."""
    clause = mentions[last].clause
    start: int | None = None
    link: str | None = None
    for at in range(last, max(-1, last - HORIZON), -1):
        mention = mentions[at]
        same_words = start is None or mention.item.end > start
        in_list = joint.serial and link == Tag.SEPARATOR
        if mention.clause is not clause or not (same_words or in_list):
            break
        start = mention.item.start if start is None else min(start, mention.item.start)
        link = mention.link or link if same_words else mention.link
        mention.alternative = joint.item


def _share_alternatives(mentions: Sequence[SentenceMention]) -> None:
    """Make what the same words mention beside an alternative an alternative too."""
    for before, mention in pairwise(mentions):
        if mention.item.start < before.item.end and mention.alternative is None:
            mention.alternative = before.alternative
