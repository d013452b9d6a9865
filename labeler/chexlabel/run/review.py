"""Which reports to read first: those whose labels are most likely wrong."""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from chexlabel.errors import InputError
from chexlabel.labels import Label, LabeledReport
from chexlabel.report import Report
from chexlabel.writers.layout import CONFIDENCE_SUFFIX

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler
    from chexlabel.readers import ReaderOptions
    from chexlabel.validation.tables import LabelFile

__all__ = ["Doubt", "QueuedReport", "report_risk", "review_file", "review_queue"]

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Doubt:
    """One finding of a report on which rules and refiner differ, or that is not sure.

    Attributes:
        finding: its name.
        by_rules: the label of the rules alone.
        label: the label given.
        confidence: the calibrated probability of the label given.
    """

    finding: str
    by_rules: Label | None
    label: Label | None
    confidence: float


@dataclass(frozen=True, slots=True)
class QueuedReport:
    """A report to be read.

    Attributes:
        row: its place in the labels file, from 1.
        report: the report.
        risk: the probability that one of its labels is wrong, 0 to 1.
        labeled: labels and evidence as given, by rules and refiner.
        by_rules: labels and evidence of the rules alone.
        doubts: the findings to look at, the least sure first.
    """

    row: int
    report: Report
    risk: float
    labeled: LabeledReport
    by_rules: LabeledReport
    doubts: tuple[Doubt, ...]


def report_risk(confidences: Iterable[float]) -> float:
    """Return the probability that one of a report's labels is wrong, taken as independent.

    >>> round(report_risk([0.9, 1.0, 0.5]), 2)
    0.55
    """
    return -math.expm1(sum(math.log(max(sure, _LEAST)) for sure in confidences))


def review_file(
    labels: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    reports: str | os.PathLike[str] | None = None,
    count: int = 100,
    labeler: Labeler | None = None,
    rules: Labeler | None = None,
    force: bool = False,
    **reading: Unpack[ReaderOptions],
) -> int:
    """Write the page of `review_queue`; the twin of `chexlabel review`.

    Args:
        labels: a labels file with confidences (`label_file(..., confidence=True)`).
        output: the HTML page; "-" is standard output.
        reports: as for `review_queue`.
        count: how many reports to queue.
        labeler: as for `review_queue`.
        rules: as for `review_queue`.
        force: replace an existing page.
        reading: as for `review_queue`.

    Returns:
        The number of reports queued.

    Raises:
        InputError: the labels have no confidences, or the texts are missing or other ones.
        OutputError: the page cannot be written, or would replace an input.
        TypeError: there is no such option.
    """
    from chexlabel.readers import refuse_unknown_options
    from chexlabel.render.review import review_html
    from chexlabel.writers import check_not_input, write_atomic

    refuse_unknown_options(review_file, reading)
    check_not_input(output, labels, reports)
    queue = review_queue(
        labels, reports=reports, count=count, labeler=labeler, rules=rules, **reading
    )
    write_atomic(output, review_html(queue), force=force)
    return len(queue)


def review_queue(
    labels: str | os.PathLike[str],
    *,
    reports: str | os.PathLike[str] | None = None,
    count: int = 100,
    labeler: Labeler | None = None,
    rules: Labeler | None = None,
    **reading: Unpack[ReaderOptions],
) -> list[QueuedReport]:
    """Return the reports whose labels are most likely wrong, with both readings.

    Args:
        labels: a labels file with confidences.
        reports: where their texts are, in the same order, as `open_reports` takes them; by default
            the labels file itself, which has them if it was written with `keep_text`.
        count: how many reports to queue; fewer if there are fewer.
        labeler: rules and refiner; by default `Labeler()`.
        rules: the rules alone; by default `Labeler(refine=False)`.
        reading: what is known of the file with the texts (text_column, encoding ...), as
            `chexlabel.readers.ReaderOptions` has it.

    Raises:
        InputError: the labels have no confidences, or the texts are missing or other ones.
        TypeError: there is no such option.
        ValueError: `count` is below 1.
    """
    from chexlabel.engine.labeler import Labeler
    from chexlabel.readers import refuse_unknown_options
    from chexlabel.validation.tables import read_label_file

    refuse_unknown_options(review_queue, reading)
    if count < 1:
        raise ValueError(f"count must be 1 or more, not {count}")
    table = read_label_file(labels, sheet=None if reports is not None else reading.get("sheet"))
    risks = list(_risks(table))
    chosen = heapq.nlargest(count, range(len(risks)), key=lambda row: (risks[row], -row))
    texts = _texts(labels if reports is None else reports, table, set(chosen), reading)
    labeler = labeler or Labeler()
    rules = rules or Labeler(refine=False)
    labeler.read_ahead(texts.values())
    queue = []
    for row in chosen:
        labeled, by_rules = labeler(texts[row]), rules(texts[row])
        doubts = tuple(_doubts(labeled, by_rules))
        queue.append(QueuedReport(row + 1, texts[row], risks[row], labeled, by_rules, doubts))
    return queue


def _risks(table: LabelFile) -> Iterator[float]:
    columns = [name for name in table.columns if name.endswith(CONFIDENCE_SUFFIX)]
    if not columns:
        raise InputError(
            f"{table.name} has no confidences, which tell what is likely wrong; label again with "
            "--confidence --keep-text"
        )
    for row, cells in enumerate(zip(*(table.columns[name] for name in columns), strict=True), 1):
        try:
            sure = [float(cell) for cell in cells]
        except ValueError:
            sure = [math.nan]
        if not all(0 <= value <= 1 for value in sure):
            raise InputError(
                f"{table.name}, data row {row}: a confidence is no number from 0 to 1; "
                "label again with --confidence"
            )
        # A confidence of 0 in all columns is of a row without text: nothing there to be read.
        yield report_risk(sure) if any(sure) else 0.0


def _texts(
    source: str | os.PathLike[str], table: LabelFile, rows: set[int], reading: ReaderOptions
) -> dict[int, Report]:
    from chexlabel.readers import open_reports

    name = os.fspath(source)
    found: dict[int, Report] = {}
    total = 0
    try:
        with open_reports(source, **reading) as reports:
            for row, report in enumerate(reports):
                total += 1
                if row in rows:
                    found[row] = report
    except InputError as error:
        raise InputError(
            f"the texts of the reports are needed ({error}); label with --keep-text, or name the "
            "reports with --reports"
        ) from None
    if total != len(table):
        raise InputError(
            f"{name} has {total:,} reports and {table.name} {len(table):,} rows; give the file "
            "that was labeled"
        )
    for row, report in found.items():
        for column, value in report.columns.items():
            if column in table.columns and table.columns[column][row] != str(value):
                raise InputError(
                    f"row {row + 1}: {column!r} differs between {name} and {table.name}; give the "
                    "file that was labeled"
                )
    return found


def _doubts(labeled: LabeledReport, by_rules: LabeledReport) -> Sequence[Doubt]:
    """Return what to look at: where the readings differ, and what is less sure than 0.9."""
    doubts = [
        Doubt(finding, by_rules.labels[finding], label, labeled.confidence(finding) or 0.0)
        for finding, label in labeled.labels.items()
        if finding in labeled.probabilities
    ]
    shown = [d for d in doubts if d.label != d.by_rules or d.confidence < _SURE]
    return sorted(shown, key=lambda doubt: doubt.confidence)


_SURE = 0.9
