"""The third stage: what a mention says, given the cues that reach it; and the stages as one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from chexlabel.engine.anatomy import Anatomy
from chexlabel.engine.answers import without_bare_items
from chexlabel.engine.clauses import segment
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match
from chexlabel.engine.phrases import (
    BOUNDARIES,
    FINDINGS,
    FINITE,
    HORIZON,
    PREDICATES,
    SUBJECTS,
    effect_of,
    ruled,
    strongest,
    turned,
)
from chexlabel.engine.scopes import OpenScopes, resolve
from chexlabel.engine.structure import Clause, Sentence, SentenceMention
from chexlabel.labels import Label
from chexlabel.patterns.roles import CueEffect, Tag

__all__ = ["decide", "judge"]


def judge(items: Sequence[Match], length: int = -1) -> list[Judgement]:
    """Judge the mentions of one sentence, given its matched phrases in order (see `segment`)."""
    sentence = segment(items, length)
    resolve(sentence)
    return without_bare_items(decide(sentence), items, length)


def decide(sentence: Sentence) -> list[Judgement]:
    """Return, in text order, what the mentions and the organs of a sentence say."""
    judgements = [
        _judgement_of(mention)
        for mention in sentence.mentions
        if mention.item.role.tag == Tag.MENTION
    ]
    if sentence.elisions:
        judgements = sorted([*judgements, *_elided(sentence)], key=_start)
    if sentence.has_anatomy:
        judgements += _read_anatomy(sentence).judgements()
        judgements.sort(key=_start)
    return judgements


def _elided(sentence: Sentence) -> Iterator[Judgement]:
    """Yield what is said of findings whose noun is left out, of all that the words name."""
    for elision in sentence.elisions:
        named = elision.antecedent
        for mention in sentence.mentions:
            item = mention.item
            if item.role.tag == Tag.MENTION and item[:2] == named[:2]:
                yield Judgement(item, item.role.label, (elision.item,))


def _read_anatomy(sentence: Sentence) -> Anatomy:
    anatomy = Anatomy(sentence.items)
    verdicts = {m.place: m for m in sentence.mentions if m.item.role.tag == Tag.ANATOMY}
    scopes = OpenScopes(sentence.scopes)
    clauses = iter(sentence.clauses[1:])
    clause = sentence.clauses[0]
    for at, item in enumerate(sentence.items):
        if at >= clause.end:
            clause = next(clauses)
            anatomy.begin_clause()
        tag = item.role.tag
        if tag == Tag.ANATOMY:
            anatomy.add(at, verdicts.get(at))
        elif tag == Tag.STATE:
            anatomy.state(at, tuple(scopes.cues(at)), _verdict_on(sentence, clause, at))
        elif tag == Tag.REVERSAL:
            anatomy.turn_round(at)
        elif tag == Tag.RELATIVE:
            anatomy.digress()
        elif tag == Tag.SEPARATOR:
            anatomy.resume()
        elif tag in FINDINGS:
            anatomy.pass_mention(item)
        elif tag == Tag.CUE_BEFORE and effect_of(item) == CueEffect.NONE:
            anatomy.suppose()
        if tag in BOUNDARIES or tag in PREDICATES:
            anatomy.part(item)
    return anatomy


def _verdict_on(sentence: Sentence, clause: Clause, at: int) -> Match | None:
    """Return the cue that speaks of the state at `at`: "widening cannot be excluded"."""
    following = bisect_right(clause.verdicts, at)
    if following == len(clause.verdicts):
        return None
    place = clause.verdicts[following]
    between = sentence.items[at + 1 : place] if place - at <= HORIZON else ()
    if any(item.role.tag in SUBJECTS or item.role.tag in FINITE for item in between):
        return None
    return sentence.items[place]


def _judgement_of(mention: SentenceMention) -> Judgement:
    item = mention.item
    if mention.stated_by is not None:
        return Judgement(item, item.role.label, (mention.stated_by,))
    best = strongest(mention.cues, item.role) if mention.cues else []
    if best and len(mention.cues) > 1 and (turn := turned(mention.cues, best, item)):
        return Judgement(item, turn[0], tuple(turn[1]))
    label = ruled(item.role.label, best, item.role.finding)
    if mention.alternative is not None and label is Label.POSITIVE and not _stands(mention):
        return Judgement(item, mention.alternative.role.label, (mention.alternative,))
    return Judgement(item, label, tuple(best))


def _stands(mention: SentenceMention) -> bool:
    """Say whether a cue leaves the mention no alternative: "no change in A or B"."""
    return any(effect_of(cue) == CueEffect.POSITIVE for cue in mention.cues)


def _start(judgement: Judgement) -> int:
    return judgement.item.start
