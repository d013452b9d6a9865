"""How figures are written, and what they are called in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from chexlabel.validation.disagreements import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chexlabel.labels import Mention
    from chexlabel.validation.results import Figure, LabelerResult, TaskResult, ValidationResult

__all__ = [
    "FEW",
    "GRADES",
    "SIGNS",
    "TASK_TITLES",
    "Grade",
    "cases",
    "count",
    "grade",
    "headline",
    "interval",
    "kind_name",
    "number",
    "p_value",
    "percent",
    "reasons",
    "share",
    "signed",
    "threshold",
    "with_interval",
]

UNDEFINED: Final = "\N{EN DASH}"
SIGNS: Final = {
    "positive": "+",
    "negative": "\N{MINUS SIGN}",
    "uncertain": "?",
    "blank": "\N{WHITE CIRCLE}",
}
"""A sign a label, so that colour is never the only difference."""

TASK_TITLES: Final = {
    "positive": "Positive",
    "negative": "Negative",
    "uncertain": "Uncertain",
    "mention": "Mentioned at all",
}

FEW: Final = 10
"""Under so many positive cases a verdict is marked as resting on few cases."""


class Grade(NamedTuple):
    """A verdict in a word: the least lower bound of the F1, its name, sign and CSS class."""

    least: float
    name: str
    sign: str
    key: str


GRADES: Final = (
    Grade(0.95, "Excellent", "\N{BLACK STAR}", "excellent"),
    Grade(0.85, "Good", "\N{CHECK MARK}", "good"),
    Grade(0.70, "Fair", "\N{TILDE OPERATOR}", "fair"),
    Grade(0.0, "Weak", "!", "weak"),
)
"""Best first. The steps are this report's own, stated in it; they are no clinical standard."""

_NOTHING: Final = Grade(0.0, "No cases", UNDEFINED, "none")


def grade(task: TaskResult) -> Grade:
    """Put a finding's F1 for the positive task into a word, by what is sure of it.

    The lower bound of the interval decides, so that few cases, all of them right, are no excellent
    labeler yet; without intervals the F1 itself.
    """
    least = task.f1.low if task.f1.low is not None else task.f1.value
    if least is None or not task.support:
        return _NOTHING
    return next(g for g in GRADES if least >= g.least)


def number(value: float | None, digits: int = 3) -> str:
    """Write a rate: "0.928", or a dash where it is undefined."""
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def threshold(value: float | None) -> str:
    """Write a threshold in full, with three decimals or more: rounded it would miss its aim.

    >>> threshold(0.8), threshold(0.00793), threshold(0.0000004)
    ('0.800', '0.00793', '0.0000004')
    """
    if value is None:
        return UNDEFINED
    exact = np.format_float_positional(value, trim="-")
    return exact if len(exact.partition(".")[2]) > 3 else number(value)


def signed(value: float | None, digits: int = 3) -> str:
    """Write a difference with its sign: "+0.031"."""
    if value is None:
        return UNDEFINED
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return ("+" if value > 0 else "\N{MINUS SIGN}") + text


def percent(value: float | None) -> str:
    """Write a share as a percentage; never rounded up to 100 % or down to 0 % in error."""
    if value is None:
        return UNDEFINED
    text = f"{100 * value:.0f}"
    if (text == "100" and value < 1) or (text == "0" and value > 0):
        text = f"{100 * value:.1f}"
        if text == "100.0":
            text = ">99.9"
        elif text == "0.0":
            text = "<0.1"
    return text + " %"


def share(part: int, whole: int) -> str:
    """Write a part of a whole as a percentage with one decimal, as tables of papers do."""
    return f"{100 * part / whole:.1f}" if whole else UNDEFINED


def reasons(mention: Mention) -> Iterator[str]:
    """Yield what decided a mention: its cues, or the refiner and how sure it is."""
    for cue in mention.cues:
        yield f"{cue.kind}: {cue.text}"
    if mention.source == "refiner":
        yield f"refiner: {percent(mention.confidence)}"


def count(value: int) -> str:
    """Write a count with thousands separated: "10,000"."""
    return f"{value:,}"


def cases(value: int) -> str:
    """Write a number of cases in the gold: "12", or "none"."""
    return count(value) if value else "none"


def interval(figure: Figure, digits: int = 3) -> str:
    """Write an interval: "0.906-0.938" with an en dash; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    if figure.low < 0:  # a dash beside a minus sign would be hard to read
        return f"{_plain(figure.low, digits)} to {_plain(figure.high, digits)}"
    return f"{_plain(figure.low, digits)}\N{EN DASH}{_plain(figure.high, digits)}"


def with_interval(figure: Figure) -> str:
    """Write an estimate with its interval: "0.923 (0.906-0.938)"."""
    bounds = interval(figure)
    return f"{number(figure.value)} ({bounds})" if bounds else number(figure.value)


def p_value(value: float | None) -> str:
    """Write a p value, with three decimals or as "<0.001"."""
    if value is None:
        return UNDEFINED
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def headline(result: ValidationResult, labeler: LabelerResult) -> list[str]:
    """Say in a few sentences how the labeler did, for a reader in a hurry."""
    hits = sum(f.tasks["positive"].tp for f in labeler.findings)
    positives = sum(f.tasks["positive"].support for f in labeler.findings)
    alarms = sum(f.tasks["positive"].fp for f in labeler.findings)
    sentences = []
    if positives:
        sentences.append(
            f"Of {count(positives)} positive findings in the gold labels, {labeler.name} found "
            f"{count(hits)} ({percent(hits / positives)}) and raised {count(alarms)} false "
            f"alarm{'' if alarms == 1 else 's'}."
        )
    sentences.append(
        f"It gives the very label of the gold for {percent(labeler.agreement.value)} of all pairs "
        "of report and finding."
    )
    scores = {f.finding: f.tasks["positive"] for f in labeler.findings}
    weakest = sorted(
        (task.f1.value, name)
        for name, task in scores.items()
        if task.support >= FEW and task.f1.value is not None and task.f1.value < 0.995
    )[:3]
    if weakest and len(result.findings) > 3:
        listed = ", ".join(f"{name} (F1 {number(value, 2)})" for value, name in weakest)
        sentences.append(f"Weakest, among findings with {FEW} positive cases or more: {listed}.")
    return sentences


def kind_name(kind: str) -> str:
    """Return the reader's name of a kind of error."""
    return KINDS[kind][0]  # type: ignore[index]


def _plain(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else f"{0:.{digits}f}"
