"""Label a file of reports: what the command `chexlabel reports.csv -o labels.csv` does."""

from __future__ import annotations

import gzip
import os
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Unpack, cast

from chexlabel.errors import InputError, OutputError, RefinerError
from chexlabel.labels import Label
from chexlabel.run.batches import ReportLabeler, batched, label_batches
from chexlabel.writers import (
    AtomicOutput,
    EvidenceWriter,
    LabelRow,
    Layout,
    check_evidence_columns,
    labels_writer,
    output_errors,
    recognise_format,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chexlabel.readers import ReaderOptions, ReportSource

__all__ = ["Summary", "Unreadable", "label_file"]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A report that was labeled blank because it could not be read or labeled.

    Attributes:
        row: its place in the source, counted in reports from 1.
        id: its identifier.
        reason: one line that quotes no report text.
    """

    row: int
    id: str
    reason: str

    def __str__(self) -> str:
        return f"report {self.row:,} (id {self.id}): {self.reason}"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    Attributes:
        reports: number of reports, the unreadable ones included; equals the rows written.
        unreadable: number of reports labeled blank because they could not be read or labeled.
        seconds: wall-clock time from opening the source to the finished output.
        counts: finding -> label -> number of reports, in the order of the findings.
        refiner: name and version of the model that refined the labels; `None` for none.
        refiner_note: why there was none, or what is to be said of it; one line, may be empty.
        text_columns: the columns that the reports were taken from; empty where there are none.
        id_columns: the columns that identify a report.
        unrecognised: number of reports labeled blank because their text does not speak of the
            chest: another language, another kind of report, no report at all.
        unrecognised_rows: the places of the first of them in the source, counted from 1.
    """

    reports: int
    unreadable: int
    seconds: float
    counts: Mapping[str, Mapping[Label, int]]
    refiner: str | None = None
    refiner_note: str = ""
    text_columns: tuple[str, ...] = ()
    id_columns: tuple[str, ...] = ()
    unrecognised: int = 0
    unrecognised_rows: tuple[int, ...] = ()

    def total(self, label: Label) -> int:
        """Return how often a label was given, summed over the findings."""
        return sum(by_label[label] for by_label in self.counts.values())


def label_file(  # noqa: PLR0913 - the options of the command
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] = "-",
    *,
    labeler: ReportLabeler | None = None,
    evidence: str | os.PathLike[str] | None = None,
    output_format: str | None = None,
    keep_text: bool = False,
    safe_csv: bool = False,
    confidence: bool = False,
    force: bool = False,
    workers: int = 1,
    strict: bool = False,
    on_progress: Callable[[int, int | None], None] | None = None,
    on_unreadable: Callable[[Unreadable], None] | None = None,
    **reading: Unpack[ReaderOptions],
) -> Summary:
    """Label the reports of a file, folder or archive and write the labels; the command's twin.

    It streams: memory stays flat however long the source is. Rows keep their order. The outputs
    appear whole, under their names, when all is done; after any failure neither appears, and what
    stood there stays.

    Args:
        source: reports as `chexlabel.readers.open_reports` takes them; "-" is standard input.
        output: the labels file, its format told by the name's ending (.csv, .tsv, .jsonl, .parquet,
            .xlsx, the text formats also with .gz); "-" is standard output, as CSV.
        labeler: labels the reports; by default `chexlabel.Labeler()`.
        evidence: a JSON Lines file for every mention with its offsets and cues; slower than labels
            alone.
        output_format: "csv", "tsv", "jsonl", "parquet" or "xlsx", whatever the output's name.
        keep_text: copy the reports' text to the output, after the identifying columns.
        safe_csv: put an apostrophe before cells copied from the input that a spreadsheet would run
            as a formula (CSV and TSV; Excel and the others hold texts as texts).
        confidence: add, after the labels and for each finding that the refiner reads, the
            probability that it is positive (`<finding>_prob`), that of the label given
            (`<finding>_confidence`), and who decided (`<finding>_source`).
        force: replace existing outputs.
        workers: number of processes; 0 is one a core. With more than 1, call this in a script
            under `if __name__ == "__main__":`, as Python's multiprocessing demands.
        strict: stop at the first report that cannot be read or labeled, and write nothing; by
            default it is labeled blank.
        on_progress: called now and then with the number of reports done and the number of all,
            estimated by the bytes read where it is not known, or `None` (of a pipe).
        on_unreadable: called for each report that could not be read or labeled.
        reading: what is known of the source (format, columns, encoding ...), as
            `chexlabel.readers.ReaderOptions` has it.

    Returns:
        The number of reports, the time and the label counts.

    Raises:
        InputError: the source cannot be read, or with `strict` one of its reports.
        OutputError: an output exists, or cannot be written.
        PatternError: the default labeler's pattern set has an error.
        RefinerError: confidences are asked for, and the labeler has no refiner.
        ChexlabelError: a worker process died.
        ValueError: `workers` is negative.

    Example:
        >>> summary = label_file("reports.csv", "labels.csv", force=True)  # doctest: +SKIP
        >>> summary.total(Label.POSITIVE)  # doctest: +SKIP
        57
    """
    from chexlabel.readers import open_reports

    started = time.perf_counter()
    if workers < 0:
        raise ValueError(f"workers must be 0 or more, not {workers}")
    output_as = recognise_format(output, output_format)
    _check_distinct(source, output, evidence)
    if labeler is None:
        from chexlabel.engine.labeler import Labeler

        labeler = Labeler()
    read = _findings_read(labeler) if confidence else ()
    tally = _Tally(labeler.findings)
    done = unreadable = 0
    unrecognised = _Rows()
    with ExitStack() as stack:
        reports = stack.enter_context(open_reports(source, **reading))
        layout = _layout(reports, labeler.findings, read, keep_text=keep_text)
        layout = layout._replace(defused=safe_csv and output_as.name in ("csv", "tsv"))
        layout.check()
        files = [_Output(stack, output, force=force, compress=output_as.gzip)]
        with output_errors(files[0].name):
            writer = labels_writer(files[0].stream, layout, output_as.name)
        stack.callback(writer.abandon)
        evidence_writer = None
        if evidence is not None:
            check_evidence_columns(layout.id_columns)
            compress = os.fspath(evidence).lower().endswith(".gz")
            files.append(_Output(stack, evidence, force=force, compress=compress))
            evidence_writer = EvidenceWriter(files[1].stream)
        labeled = label_batches(
            labeler,
            batched(reports),
            evidence=evidence is not None,
            workers=workers or _cores(),
            confidence=confidence,
        )
        # Closed here, not by the garbage collector, so that an error waits for the workers.
        stack.callback(labeled.close)
        for batch, result in labeled:
            with output_errors(files[0].name):
                writer.write(batch, result.labels, result.confidences if confidence else None)
            if evidence_writer is not None:
                with output_errors(files[1].name):
                    evidence_writer.write(result.evidence)
            tally.add(result.labels)
            for index, reason in result.failures:
                if strict:
                    raise InputError(str(Unreadable(done + index + 1, batch[index].id, reason)))
                unreadable += 1
                if on_unreadable is not None:
                    on_unreadable(Unreadable(done + index + 1, batch[index].id, reason))
            unrecognised.add([done + index + 1 for index in result.unrecognised])
            done += len(batch)
            if on_progress is not None:
                on_progress(done, reports.expected(done))
        with output_errors(files[0].name):
            writer.close()
        for file in files:
            file.finish()
        # The labels come last: where they stand, the evidence does too.
        for file in reversed(files):
            file.commit()
    return Summary(
        done,
        unreadable,
        time.perf_counter() - started,
        tally.counts(),
        getattr(labeler, "refiner", None),
        getattr(labeler, "refiner_note", ""),
        reports.text_columns,
        reports.id_columns,
        unrecognised.count,
        tuple(unrecognised.first),
    )


class _Output:
    """One output of the run, with the compression its name asks for."""

    def __init__(
        self, stack: ExitStack, path: str | os.PathLike[str], *, force: bool, compress: bool
    ) -> None:
        self._file = stack.enter_context(AtomicOutput(path, force=force))
        self.name = self._file.name
        self.stream = self._file.stream
        self._gzip: gzip.GzipFile | None = None
        if compress:
            # Without name and time in the header, equal labels give equal files.
            self._gzip = gzip.GzipFile("", "wb", 6, self.stream, mtime=0)
            self.stream = cast("BinaryIO", self._gzip)
            stack.callback(self._abandon)

    def finish(self) -> None:
        if self._gzip is not None:
            with output_errors(self.name):
                self._gzip.close()
        self._file.finish()

    def commit(self) -> None:
        self._file.commit()

    def _abandon(self) -> None:
        """End the compression after a failure, before its file is removed."""
        if self._gzip is not None:
            with suppress(OSError):
                self._gzip.close()


class _Rows:
    """Counts rows, and keeps the first few."""

    _KEPT = 5

    def __init__(self) -> None:
        self.count = 0
        self.first: list[int] = []

    def add(self, rows: Sequence[int]) -> None:
        self.count += len(rows)
        self.first += rows[: self._KEPT - len(self.first)]


class _Tally:
    """Counts labels by finding; equal rows are counted first, which is cheap."""

    _ROWS = 1 << 16

    def __init__(self, findings: Sequence[str]) -> None:
        self._findings = findings
        self._rows: Counter[LabelRow] = Counter()
        self._counts: list[Counter[Label | None]] = [Counter() for _ in findings]

    def add(self, rows: Sequence[LabelRow]) -> None:
        self._rows.update(rows)
        if len(self._rows) > self._ROWS:
            self._fold()

    def counts(self) -> dict[str, dict[Label, int]]:
        self._fold()
        return {
            finding: {label: counts[label] for label in Label}
            for finding, counts in zip(self._findings, self._counts, strict=True)
        }

    def _fold(self) -> None:
        for row, times in self._rows.items():
            for counts, label in zip(self._counts, row, strict=True):
                counts[label] += times
        self._rows.clear()


def _findings_read(labeler: ReportLabeler) -> tuple[str, ...]:
    """Return the findings that have confidences."""
    read: tuple[str, ...] = getattr(labeler, "findings_read", ())
    if not read:
        why = getattr(labeler, "refiner_note", "")
        raise RefinerError(
            "confidences come from the refiner, which does not run here"
            + (f" ({why})" if why else "")
            + "; leave out --confidence"
        )
    return read


def _layout(
    reports: ReportSource, findings: tuple[str, ...], read: tuple[str, ...], *, keep_text: bool
) -> Layout:
    text_column = None
    if keep_text:
        # A text joined from several columns has no column's name.
        named = reports.text_columns
        text_column = named[0] if len(named) == 1 else "report"
    return Layout(reports.id_columns, text_column, findings, read)


def _check_distinct(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    evidence: str | os.PathLike[str] | None,
) -> None:
    """Refuse to write over the reports, or two outputs into one file."""
    for path in (output, evidence):
        if path is not None and os.fspath(source) != "-" and _same_file(source, path):
            raise OutputError(
                f"{os.fspath(path)} is the input itself; choose another name for the output"
            )
    if evidence is not None and (
        os.fspath(output) == os.fspath(evidence) or _same_file(output, evidence)
    ):
        raise OutputError(
            f"labels and evidence would both go to {os.fspath(output)}; choose two names"
        )


def _same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _cores() -> int:
    """Return the number of cores this process may use (a cluster gives it a few of many)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
