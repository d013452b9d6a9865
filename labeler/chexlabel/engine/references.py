"""What a phrase that refers back makes of the judgements of the sentence that it refers to.

"There was a small pneumothorax. No trace of it remains.", "Effusion? None." Which phrase says what
is data (`context.yaml`); here is what the effects named there do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match
from chexlabel.labels import Label
from chexlabel.patterns.context import ReferenceRule
from chexlabel.patterns.roles import Tag

__all__ = ["applied"]


def applied(
    rule: ReferenceRule, reference: Match, judged: Sequence[Judgement], organs: Sequence[Match]
) -> list[Judgement]:
    """Return what is left of the judgements of a sentence that a phrase refers to.

    Args:
        rule: what the phrase says, and of which of the findings.
        reference: the phrase, which becomes the cue of what it changes.
        judged: the judgements of the sentence that it refers to.
        organs: the organs that this names: "The heart? Normal."
    """
    starts = sorted({judgement.item.start for judgement in judged})
    chosen = {"first": starts[:1], "last": starts[-1:], "rest": starts[1:]}.get(rule.of, starts)
    effect = (_OF_ANSWERS if reference.role.tag == Tag.ANSWER else _EFFECTS)[rule.effect]
    result = []
    for judgement in judged:
        item = judgement.item
        named = item.start in chosen and (not rule.only or item.role.finding in rule.only)
        if named:
            label = item.role.states.get(rule.state, effect(judgement))
            judgement = judgement._replace(label=label, cues=(reference,))
        result.append(judgement)
    known = {(judgement.item.start, judgement.item.role.finding) for judgement in judged}
    for organ in organs:
        place = organ.start, organ.role.finding
        if rule.state in organ.role.states and place not in known:
            result.append(Judgement(organ, organ.role.states[rule.state], (reference,)))
    return result


def _stated(judgement: Judgement) -> Label:
    """Return what a mention says without its hedges, questions and times."""
    states = judgement.item.role.states
    for cue in judgement.cues:
        if cue.role.state in states:
            return states[cue.role.state]
    return judgement.item.role.label


def _persisting(judgement: Judgement) -> Label | None:
    return _stated(judgement) if judgement.label is None else judgement.label


def _opposite(label: Label | None) -> Label:
    return Label.POSITIVE if label is Label.NEGATIVE else Label.NEGATIVE


def _answered(judgement: Judgement) -> Label:
    """Return what a mention says where the question for it is answered with yes.

    "Has the effusion gone?" asks for its absence.
    """
    return Label.NEGATIVE if judgement.label is Label.NEGATIVE else _stated(judgement)


_EFFECTS: dict[str, Callable[[Judgement], Label | None]] = {
    "absent": lambda _: Label.NEGATIVE,
    "present": _stated,
    "persists": _persisting,
    "opposite": lambda judgement: _opposite(_persisting(judgement)),
    "denied": lambda judgement: _opposite(_stated(judgement)),
    "uncertain": lambda _: Label.UNCERTAIN,
    "none": lambda judgement: None if judgement.label is not Label.NEGATIVE else Label.NEGATIVE,
}

_OF_ANSWERS = _EFFECTS | {
    "present": _answered,
    "denied": lambda judgement: _opposite(_answered(judgement)),
}
"""The same of answers: what yes and no say depends on how the question was put."""
