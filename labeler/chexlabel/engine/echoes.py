"""Verdicts that are carried on or turned round: "as is edema", "the effusion has not".

Which words do so is data (`echoes`, `late_echoes` and `reversals` of `structure.yaml`). An echo
gives the mentions beside it the verdict on the mention before; a reversal says the opposite of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chexlabel.engine.match import Match
from chexlabel.engine.phrases import (
    BOUNDARIES,
    PREPARING,
    SUBJECTS,
    ahead,
    effect_of,
    restarts,
    ruled,
    strongest,
)
from chexlabel.engine.structure import Echo, Sentence, SentenceMention
from chexlabel.labels import Label
from chexlabel.patterns.roles import CueEffect, Tag

__all__ = ["carry_verdicts", "ends_clause", "leads_to_subject"]

_NOUN_GAP = 3
"""The most words between an echo and its finding: "as is the left sided effusion"."""

_BEFORE_ITS_NOUN = PREPARING | {Tag.ELISION}
_LISTING = frozenset({Tag.CONJUNCTION, Tag.DISJUNCTION})
_STANDING = frozenset({CueEffect.NEUTRAL, CueEffect.POSITIVE})  # effects that leave a finding there


def ends_clause(items: Sequence[Match], at: int, length: int) -> bool:
    """Say whether a boundary or the end of the sentence follows right after the words at `at`.

    Args:
        items: the phrases of the sentence.
        at: the words' place.
        length: the number of words of the sentence, below 0 if it is not known.
    """
    end = items[at].end
    following = next((item for item in ahead(items, at) if item.start >= end), None)
    if following is None:
        return end == length
    return following.start == end and following.role.tag in BOUNDARIES


def leads_to_subject(items: Sequence[Match], at: int, _length: int) -> bool:
    """Say whether a finding or an organ follows the echo at `at`, with no verb of its own between.

    "As is the small effusion", but not "as is seen in pneumonia".
    """
    end = items[at].end
    for item in ahead(items, at):
        if item.end <= items[at].end:
            continue  # the verb among the words of the echo
        if item.start > end + _NOUN_GAP:
            return False
        if item.role.tag in SUBJECTS:
            return True
        if item.role.tag not in _BEFORE_ITS_NOUN:
            return False
        end = max(end, item.end)
    return False


def carry_verdicts(sentence: Sentence) -> None:
    """Give the mentions beside echoes and reversals what these say of them."""
    for echo in sentence.echoes:
        if echo.item.role.tag == Tag.REVERSAL:
            _turn_round(sentence, echo)
        else:
            _carry_on(sentence, echo)


def _carry_on(sentence: Sentence, echo: Echo) -> None:
    """Give the verdict on the antecedent to the mentions that an echo stands beside."""
    antecedent = echo.antecedent
    late = echo.item.role.tag == Tag.LATE_ECHO
    end = antecedent.item.end
    verdict = [
        cue
        for cue in antecedent.cues
        if cue.start >= end or cue.role.verbal or (restarts(cue) and not late)
    ]
    said = sentence.items[antecedent.place + 1 : echo.place]
    stands = any(effect_of(item) in _STANDING for item in said)
    for mention in _beside(sentence, echo, late=late):
        if not any(cue.start >= mention.item.end for cue in mention.cues):
            # "A has not changed, neither has B": the echo's own words deny nothing then
            own = [cue for cue in mention.cues if not (stands and _is_within(cue, echo.item))]
            mention.cues = [*own, *verdict]


def _is_within(cue: Match, words: Match) -> bool:
    return words.start <= cue.start and cue.end <= words.end


def _beside(sentence: Sentence, echo: Echo, *, late: bool) -> Iterator[SentenceMention]:
    """Yield the mentions of an echo's list: those after it in its clause, or before a late one."""
    first = True
    for mention in sentence.mentions:
        if mention.clause is not echo.clause or (mention.place > echo.place) is late:
            continue
        listed = mention.link in _LISTING or (mention.link and echo.clause.listed)
        if not (first or listed or mention.link is None):
            return  # "as is effusion, with atelectasis"
        yield mention
        first = False


def _turn_round(sentence: Sentence, echo: Echo) -> None:
    """State the mentions whose denial turns round another denial, or mere change.

    "The infiltrate has resolved, the effusion has not"; "the opacity is smaller, the effusion is
    not". After "the effusion is seen, pneumonia is not" the denial stands.
    """
    words = echo.item
    if not (_is_denied(echo.antecedent) or _is_described(sentence, echo.antecedent)):
        return
    for mention in sentence.mentions:
        if mention.clause is not echo.clause:
            continue
        if any(_is_within(cue, words) for cue in mention.cues):
            mention.stated_by = words


def _is_denied(mention: SentenceMention) -> bool:
    """Say whether a mention's cues deny it."""
    role = mention.item.role
    if mention.stated_by is not None:
        return False
    return ruled(role.label, strongest(mention.cues, role), role.finding) is Label.NEGATIVE


def _is_described(sentence: Sentence, mention: SentenceMention) -> bool:
    """Say whether a word after a mention describes it as being there: "has improved"."""
    following = sentence.items[mention.place + 1 : mention.clause.end]
    end = mention.item.end
    return any(item.role.tag in PREPARING for item in following if item.start >= end)
