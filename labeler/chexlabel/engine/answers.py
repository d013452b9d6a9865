"""Answers: verdicts of one word that stand after what they speak of, as in checklists.

"Effusion: nil, pneumothorax - no, consolidation no; edema Y". The words are the cues of the pattern
files; whether one that also begins a statement ("no effusion") is an answer hangs on what stands
around it.
"""

from __future__ import annotations

from collections.abc import Sequence

from chexlabel.engine.echoes import ends_clause
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match
from chexlabel.engine.phrases import BOUNDARIES, CUES, behind, restarts
from chexlabel.labels import Label
from chexlabel.patterns.roles import Tag

__all__ = [
    "answers_before",
    "ends_answered",
    "is_elision",
    "leads_to_answer",
    "without_bare_items",
]

_STATEMENTS = frozenset({Tag.VERB, Tag.PRESENCE, Tag.EXISTENTIAL, Tag.ASSERTIVE})

_GAP = 2
"""The most words between a mention and its answer: "effusion (left) no"."""


def answers_before(
    items: Sequence[Match], at: int, last: Match | None, length: int, *, is_denied: bool
) -> bool:
    """Say whether the denial at `at` answers what stands before it rather than begins a statement.

    Args:
        items: the phrases of the sentence.
        at: the denial's place.
        last: what it may speak of: the mention before it in its clause, or an organ's state.
        length: the number of words of the sentence.
        is_denied: whether a denial from before governs it.
    """
    item = items[at]
    if last is None or not restarts(item) or not last.end <= item.start <= last.end + _GAP:
        return False
    if _is_followed_by_nothing(items, at, length):
        return True
    # "Effusion nil pneumothorax nil": each stands after its own.
    return item.start == last.end and not is_denied and ends_answered(items, length)


def ends_answered(items: Sequence[Match], length: int) -> bool:
    """Say whether a sentence (of two phrases at least) ends with the answer to its last mention."""
    final = items[-1]
    return (
        final.role.tag in CUES
        and not final.role.verbal
        and final.end == length
        and items[-2].end == final.start
        and items[-2].role.tag == Tag.MENTION
    )


def leads_to_answer(items: Sequence[Match], at: int, last: Match | None, length: int) -> bool:
    """Say whether the dash at `at` leads from a mention to its answer: "effusion - no"."""
    if last is None or not last.end <= items[at].start <= last.end + _GAP:
        return False
    place = at + 1
    return (
        place < len(items)
        and items[place].start == items[at].end
        and items[place].role.tag in CUES
        and _is_followed_by_nothing(items, place, length)
    )


def is_elision(items: Sequence[Match], at: int, length: int) -> bool:
    """Say whether the words at `at` stand by themselves between boundaries.

    "No effusion on the right, small on the left", but not "small left effusion".
    """
    start = items[at].start
    before = next((item for item in behind(items, at) if item.start < start), None)
    if before is None or before.end != start or before.role.tag not in BOUNDARIES:
        return False
    return ends_clause(items, at, length)


def without_bare_items(
    judgements: list[Judgement], items: Sequence[Match], length: int
) -> list[Judgement]:
    """Leave out the items of a checklist that say nothing by themselves.

    Those that nothing follows ("Support devices:"), and those whose answer names the finding again
    ("Pneumothorax: skin fold versus tiny pneumothorax").

    Args:
        judgements: what the mentions of a sentence say, in text order.
        items: its phrases.
        length: the number of its words.
    """
    if not judgements or judgements[0].item.start:
        return judgements
    leads = {item.start: at for at, item in enumerate(items) if _leads(item)}
    if not leads:
        return judgements
    if items[-1].end == length and len(leads) == 1 and _is_bare(judgements, items):
        return []
    at = leads.get(judgements[0].item.end)
    if at is None or not _is_named_again(judgements, items[at:]):
        return judgements
    return judgements[1:]


def _is_bare(judgements: Sequence[Judgement], items: Sequence[Match]) -> bool:
    """Say whether a sentence that ends with a colon states nothing before it."""
    if items[-1].role.tag != Tag.COLON or any(judgement.cues for judgement in judgements):
        return False
    return _STATEMENTS.isdisjoint(item.role.tag for item in items)


def _leads(item: Match) -> bool:
    """Say whether a phrase may lead from an item to its answer: a colon, or one with a denial."""
    return item.role.tag == Tag.COLON or (item.role.tag == Tag.CUE_BOTH and restarts(item))


def _is_named_again(judgements: Sequence[Judgement], items: Sequence[Match]) -> bool:
    """Say whether what follows the first mention and its colon speaks of the same finding."""
    if len(judgements) < 2 or judgements[0].cues:
        return False
    item, answer = judgements[:2]
    if answer.item.role.finding != item.item.role.finding:
        return False
    between = {other.role.tag for other in items if other.start < answer.item.start}
    if Tag.SEPARATOR in between:  # "Fracture: left clavicle, no rib fracture"
        return False
    return Tag.TERMINATOR not in between or answer.label is Label.UNCERTAIN


def _is_followed_by_nothing(items: Sequence[Match], at: int, length: int) -> bool:
    """Say whether the sentence or a clause ends with the phrase at `at`."""
    end = items[at].end
    if end == length:
        return True
    return (
        at + 1 < len(items) and items[at + 1].start == end and items[at + 1].role.tag in BOUNDARIES
    )
