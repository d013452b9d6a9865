"""Label batches of reports in this process; `chexlabel.run.pool` does so in several."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from chexlabel._faults import fault
from chexlabel.errors import RefinerError
from chexlabel.labels import Label, LabeledReport
from chexlabel.writers import ConfidenceRow, LabelRow, evidence_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from chexlabel.report import Report

__all__ = [
    "LABELS_ALONE",
    "LabeledBatch",
    "ReportLabeler",
    "Traits",
    "Wanted",
    "batched",
    "label_batch",
    "label_batches",
    "traits_of",
]


class ReportLabeler(Protocol):
    """What labeling needs of a labeler; `chexlabel.Labeler` is one, and so may others be.

    What it may have besides is in `Traits`. To be used with several workers it has to be picklable.

    Attributes:
        findings: the findings in output order.
    """

    @property
    def findings(self) -> tuple[str, ...]:
        """The findings in output order."""

    def __call__(self, report: str | Report, /) -> LabeledReport:
        """Label a report and give the evidence."""

    def label(self, report: str | Report, /) -> tuple[Label | None, ...]:
        """Label a report, the labels alone, in the order of `findings`."""


class _RefinedLabeler(ReportLabeler, Protocol):
    """A labeler whose refiner is quicker at the sentences of many reports than of one."""

    def label_batch(self, reports: Iterable[str | Report], /) -> list[LabelRow]:
        """Return the labels of many reports."""

    def read_ahead(self, reports: Iterable[str | Report], /) -> None:
        """Judge the new sentences of many reports."""


class Traits(NamedTuple):
    """What a labeler may have besides what `ReportLabeler` asks of it, by the same names.

    Attributes:
        refiner: name and version of the model that refines the labels; `None` for none. A labeler
            that names one has `label_batch` and `read_ahead` as `chexlabel.Labeler` has them.
        refiner_note: why there is none, or what is to be said of it; one line, may be empty.
        findings_read: the findings that come with probabilities, in output order.
        recognises: tells whether a report is one that the labeler can read.
    """

    refiner: str | None
    refiner_note: str
    findings_read: tuple[str, ...]
    recognises: Callable[[Report], bool] | None


def traits_of(labeler: ReportLabeler) -> Traits:
    """Return a labeler's traits; one of another make need not have any of them."""
    return Traits(
        refiner=getattr(labeler, "refiner", None),
        refiner_note=getattr(labeler, "refiner_note", ""),
        findings_read=getattr(labeler, "findings_read", ()),
        recognises=getattr(labeler, "recognises", None),
    )


class Wanted(NamedTuple):
    """What is wanted besides the labels.

    Attributes:
        evidence: whether the evidence is.
        confidence: whether the confidences are.
    """

    evidence: bool = False
    confidence: bool = False


LABELS_ALONE = Wanted()


class LabeledBatch(NamedTuple):
    """The labels of some reports that follow each other.

    Attributes:
        labels: one row a report; all blank for one that could not be labeled.
        evidence: one line of JSON a report, or empty where no evidence was asked for.
        confidences: one row a report, or empty where no confidences were asked for.
        failures: index in the batch and reason (one line, no report text) of each report that the
            reader could not read or the labeler failed on.
        unrecognised: index in the batch of each report whose text does not speak of the chest.
    """

    labels: list[LabelRow]
    evidence: list[str]
    failures: list[tuple[int, str]]
    confidences: list[ConfidenceRow]
    unrecognised: list[int]


def batched(
    reports: Iterable[Report], *, size: int = 1024, characters: int = 1 << 20
) -> Iterator[list[Report]]:
    """Cut a stream of reports into lists, bounded in reports and in characters of text.

    A batch ends with the report that reaches a bound, so one huge report is a batch by itself.
    """
    batch: list[Report] = []
    held = 0
    for report in reports:
        batch.append(report)
        held += len(report.text)
        if len(batch) >= size or held >= characters:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def label_batches(
    labeler: ReportLabeler, batches: Iterable[list[Report]], wanted: Wanted
) -> Generator[tuple[list[Report], LabeledBatch], None, None]:
    """Label batches in this process and yield each with its labels, in order.

    Args:
        labeler: labels the reports.
        batches: lists of reports.
        wanted: what to collect besides the labels.
    """
    for batch in batches:
        yield batch, label_batch(labeler, batch, wanted)


def label_batch(
    labeler: ReportLabeler, reports: list[Report], wanted: Wanted = LABELS_ALONE
) -> LabeledBatch:
    """Label some reports; what is wrong with one of them stops no other.

    Args:
        labeler: labels the reports.
        reports: those that their reader could not read are labeled blank.
        wanted: what to collect besides the labels.

    Raises:
        RefinerError: the refiner fails, as it would on every report.
    """
    findings = labeler.findings
    traits = traits_of(labeler)
    blank: LabelRow = (None,) * len(findings)
    result = LabeledBatch([], [], [], [], [])
    labels_alone = wanted == LABELS_ALONE
    rows = None if traits.refiner is None else _read_ahead(labeler, reports, labels_alone)
    label, add = labeler.label, result.labels.append
    for index, report in enumerate(reports):
        error = report.error
        labeled: LabeledReport | None = None
        row = blank
        if error is None:
            try:
                if labels_alone:
                    row = rows[index] if rows else label(report)
                else:
                    labeled = labeler(report)
                    row = tuple(labeled.labels.values())
            except RefinerError:  # not of this report: every other would fail alike
                raise
            except Exception as exception:  # one report must not stop the run
                error = f"the labeler failed on it ({fault(exception)})"
        add(row)
        if error is not None:
            result.failures.append((index, error))
        elif row == blank and _is_unrecognised(report, traits):
            result.unrecognised.append(index)
        if labels_alone:
            continue
        if labeled is None:
            labeled = LabeledReport(report.id, dict.fromkeys(findings), ())
        if wanted.confidence:
            result.confidences.append(_confidences(labeled, traits.findings_read))
        if wanted.evidence:
            ids = report.columns or {"id": report.id}
            result.evidence.append(evidence_line(ids, labeled, error=error))
    return result


def _is_unrecognised(report: Report, traits: Traits) -> bool:
    """Tell whether a report has text that the labeler can tell is no report."""
    return bool(report.text) and traits.recognises is not None and not traits.recognises(report)


def _read_ahead(
    labeler: ReportLabeler, reports: list[Report], labels_alone: bool
) -> list[LabelRow] | None:
    """Let a labeler that has a refiner read the new sentences of all reports at once.

    Returns:
        Where labels alone are wanted, those of all reports, unless one of them fails.
    """
    refined = cast("_RefinedLabeler", labeler)
    # What fails here fails again when it is labeled alone, and then is told which report it was.
    with contextlib.suppress(Exception):
        if labels_alone:
            return refined.label_batch(["" if report.error else report for report in reports])
        refined.read_ahead([report for report in reports if report.error is None])
    return None


def _confidences(labeled: LabeledReport, findings: Sequence[str]) -> ConfidenceRow:
    """Return the confidence columns; nothing is known of a report that could not be read."""
    row: list[float | str] = []
    for finding in findings:
        chances = labeled.probabilities.get(finding)
        positive = chances[Label.POSITIVE] if chances else 0.0
        row += (positive, labeled.confidence(finding) or 0.0, labeled.source(finding))
    return tuple(row)
