"""Every (report, finding) on which a labeler differs from the gold, and the kind of its error."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

import numpy as np

from chexlabel.validation.results import CLASS_NAMES, Disagreement, ErrorKind
from chexlabel.validation.values import LEFT_OUT, Codes, LabelClass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chexlabel.validation.results import LabelerResult

__all__ = ["KINDS", "choose", "disagreements", "error_kind", "to_csv", "worst_first"]

KINDS: Final[dict[ErrorKind, tuple[str, str]]] = {
    "missed": ("Missed", "the gold says positive, the labeler anything else"),
    "false-alarm": ("False alarm", "the labeler says positive, the gold anything else"),
    "certainty": ("Certainty", "one says uncertain, the other negative"),
    "unmentioned": ("Not picked up", "the gold says negative or uncertain, the labeler blank"),
    "over-mentioned": ("Read in", "the labeler says negative or uncertain, the gold blank"),
}
"""Kind of error -> its name for readers and what it means; gravest first.

Missed and false alarm are the false negatives and false positives of the positive task, so that the
words mean the same, and the counts agree, wherever they stand.
"""


def error_kind(gold: int, predicted: int) -> ErrorKind | None:
    """Name the kind of error of a predicted class against a gold class; `None` if it is right."""
    if gold == predicted:
        return None
    if gold == LabelClass.POSITIVE:
        return "missed"
    if predicted == LabelClass.POSITIVE:
        return "false-alarm"
    if LabelClass.BLANK not in (gold, predicted):
        return "certainty"
    return "unmentioned" if predicted == LabelClass.BLANK else "over-mentioned"


def worst_first(labelers: Sequence[LabelerResult], findings: Sequence[str]) -> list[str]:
    """Return the findings by their lowest F1 for positive of any labeler, lowest first.

    Findings without an F1 (no positive in gold or prediction) come last.
    """
    lowest: dict[str, float] = {}
    for labeler in labelers:
        for found in labeler.findings:
            score = found.tasks["positive"].f1.value
            if score is not None:
                lowest[found.finding] = min(score, lowest.get(found.finding, 1.0))
    return sorted(findings, key=lambda name: lowest.get(name, 2.0))


def disagreements(
    ids: Sequence[str],
    findings: Sequence[str],
    order: Sequence[str],
    gold: Codes,
    predicted: Sequence[Codes],
) -> list[Disagreement]:
    """List the disagreements: by finding in `order`, gravest kind first, then in report order.

    Args:
        ids: the reports' ids.
        findings: names of the columns.
        order: the findings, worst first.
        gold: codes with the policy applied, shape [reports, findings].
        predicted: the labelers' codes with the policy applied.
    """
    rank = {kind: i for i, kind in enumerate(KINDS)}
    column = {finding: i for i, finding in enumerate(findings)}
    listed: list[Disagreement] = []
    for finding in order:
        i = column[finding]
        wrong = np.zeros(len(ids), dtype=bool)
        for codes in predicted:
            wrong |= codes[:, i] != gold[:, i]
        wrong &= gold[:, i] != LEFT_OUT
        found = []
        for row in np.flatnonzero(wrong).tolist():
            answers = [int(codes[row, i]) for codes in predicted]
            kinds = [error_kind(int(gold[row, i]), answer) for answer in answers]
            gravest = min(rank[kind] for kind in kinds if kind is not None)
            item = Disagreement(
                id=ids[row],
                finding=finding,
                gold=CLASS_NAMES[gold[row, i]],
                predicted=[CLASS_NAMES[answer] for answer in answers],
                kinds=kinds,
            )
            found.append((gravest, row, item))
        listed += [item for *_, item in sorted(found, key=lambda f: f[:2])]
    return listed


def choose(listed: Sequence[Disagreement], limit: int) -> list[Disagreement]:
    """Keep at most `limit` disagreements, shared out evenly over the findings, order kept.

    Taking simply the first would show nothing but the worst finding of a large file.
    """
    if len(listed) <= limit:
        return list(listed)
    remaining: dict[str, int] = {}
    for item in listed:
        remaining[item.finding] = remaining.get(item.finding, 0) + 1
    quota = dict.fromkeys(remaining, 0)
    left = limit
    while left:
        for finding, count in remaining.items():
            if left and quota[finding] < count:
                quota[finding] += 1
                left -= 1
    kept = []
    for item in listed:
        if quota[item.finding]:
            quota[item.finding] -= 1
            kept.append(item)
    return kept


def to_csv(listed: Sequence[Disagreement], labelers: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a CSV with one row a disagreement; it holds no report text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    columns = [f"{what}: {name}" for name in labelers for what in ("predicted", "kind")]
    writer.writerow(["id", "finding", "gold", *columns])
    for item in listed:
        answers: list[str] = []
        for predicted, kind in zip(item.predicted, item.kinds, strict=True):
            answers += [predicted, kind or ""]
        writer.writerow([item.id, item.finding, item.gold, *answers])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()
