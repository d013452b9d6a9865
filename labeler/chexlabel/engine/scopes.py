"""The second stage: which cue reaches which mention, and which mentions are alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from chexlabel.engine.clauses import Clause, Joint, Mention, Scope, Sentence
from chexlabel.engine.match import Match
from chexlabel.engine.phrases import HORIZON
from chexlabel.patterns.lexicon import Tag

__all__ = ["cues_at", "resolve"]

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


def resolve(sentence: Sentence) -> None:
    """Give the mentions of a sentence the cues that reach them, and their alternatives."""
    if sentence.scopes:
        for mention in sentence.mentions:
            mention.cues = [
                cue
                for cue in cues_at(sentence.scopes, mention.place)
                if cue.role.kind is not None and mention.item.start - cue.end <= cue.role.kind.reach
            ]
    for clause in sentence.clauses:
        for place in clause.verdicts:
            _reach_back(sentence, clause, place)
    for joint in sentence.joints:
        _pair(sentence, joint)
    _share_alternatives(sentence.mentions)


def cues_at(scopes: Sequence[Scope], place: int) -> list[Match]:
    """Return the cues whose scope holds what stands at `place`."""
    return [scope.cue for scope in scopes if scope.start < place < scope.end]


def _reach_back(sentence: Sentence, clause: Clause, place: int) -> None:
    """Give the cue at `place` to the mentions before it that it speaks of."""
    cue = sentence.items[place]
    before = [m for m in sentence.mentions if m.clause is clause and m.place < place][-HORIZON:]
    if not before:
        return
    for mention in reversed(before):
        kind = cue.role.kind
        if kind is not None and cue.start - mention.item.end > kind.reach:
            break
        if _is_outside_relative(sentence, mention, before[-1], place):
            break  # "a line, for which pneumothorax is a consideration"
        if mention.link == Tag.ADJUNCT and cue.role.verbal and mention is not before[0]:
            continue  # "pneumonia superimposed on edema cannot be excluded"
        mention.cues.append(cue)
        # "A, B and C have resolved" speaks of all; "A, B has resolved" only of B.
        if mention.aside or (mention.link == Tag.SEPARATOR and not clause.listed):
            break


def _is_outside_relative(sentence: Sentence, mention: Mention, last: Mention, place: int) -> bool:
    """Say whether a relative clause begins between a mention and the last before the cue."""
    return any(
        mention.place < relative < last.place for relative in sentence.relatives if relative < place
    )


def _pair(sentence: Sentence, joint: Joint) -> None:
    """Make alternatives of what stands on the two sides of an `or` or a `versus`."""
    left = _before(sentence, joint)
    if joint.item.role.tag == Tag.ALTERNATIVE:
        # "versus" needs no finding on its other side: "nodule versus vessel on end".
        if left is not None:
            _offer(sentence.mentions, left, joint)
        right = _after(sentence, joint)
        if right is not None:
            right.alternative = joint.item
        return
    if left is None:
        return
    if joint.item.start < left.item.end:  # within one phrase: "fluid or thickening"
        _offer(sentence.mentions, left, joint)
        return
    right = _after(sentence, joint)
    if right is not None and right.clause is left.clause:
        right.alternative = joint.item
        _offer(sentence.mentions, left, joint)


def _before(sentence: Sentence, joint: Joint) -> Mention | None:
    """Return the mention right before a joint, in its clause."""
    last = next((m for m in reversed(sentence.mentions) if m.place < joint.place), None)
    if last is None or not last.clause.start <= joint.place < last.clause.end:
        return None
    between = sentence.items[last.place + 1 : joint.place]
    interrupted = any(
        item.role.tag in _INTERRUPTING and item.start >= last.item.end for item in between
    )
    return None if interrupted else last


def _after(sentence: Sentence, joint: Joint) -> Mention | None:
    """Return the mention right after a joint, in the same clause."""
    following = next((m for m in sentence.mentions if m.place > joint.place), None)
    if following is None or not following.clause.start <= joint.place:
        return None
    between = sentence.items[joint.place + 1 : following.place]
    return None if any(item.role.tag in _ENDING for item in between) else following


def _offer(mentions: Sequence[Mention], last: Mention, joint: Joint) -> None:
    """Make a mention an alternative, with those of the same words or the same list."""
    start: int | None = None
    link: str | None = None
    for mention in reversed(mentions[: mentions.index(last) + 1]):
        same_words = start is None or mention.item.end > start
        in_list = joint.serial and link == Tag.SEPARATOR
        if mention.clause is not last.clause or not (same_words or in_list):
            break
        start = mention.item.start if start is None else min(start, mention.item.start)
        link = mention.link or link if same_words else mention.link
        mention.alternative = joint.item


def _share_alternatives(mentions: Sequence[Mention]) -> None:
    """Make what the same words mention beside an alternative an alternative too."""
    for before, mention in pairwise(mentions):
        if mention.item.start < before.item.end and mention.alternative is None:
            mention.alternative = before.alternative
