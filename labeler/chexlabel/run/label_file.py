"""Label a file of reports: what the command `chexlabel reports.csv -o labels.csv` does."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple, Unpack

from chexlabel.errors import InputError, RefinerError
from chexlabel.run.batches import ReportLabeler, Traits, Wanted, batched, label_batches, traits_of
from chexlabel.run.outputs import BLOCK_FORMATS, Outputs, check_distinct, layout_of
from chexlabel.run.tally import Tally
from chexlabel.writers import recognise_format

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from chexlabel.labels import Label
    from chexlabel.readers import Blocks, ReaderOptions, ReportSource
    from chexlabel.report import Report
    from chexlabel.run.batches import LabeledBatch

__all__ = ["Summary", "Unreadable", "columns_in_words", "cores", "label_file"]


class Unreadable(NamedTuple):
    """A report that was labeled blank because it could not be read or labeled.

    Attributes:
        row: its place in the source, counted in reports from 1.
        id: its identifier; empty where it has none, or none that could be read.
        reason: one line that quotes no report text.
    """

    row: int
    id: str
    reason: str

    @property
    def place(self) -> str:
        """What messages call the report: never by a number that could be another one's id."""
        return f"report {self.row:,}" + (f" (id {self.id})" if self.id else "")

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Summary(NamedTuple):
    """What a run did.

    Attributes:
        reports: number of reports, the unreadable ones included; equals the rows written.
        unreadable: number of reports labeled blank because they could not be read or labeled.
        seconds: wall-clock time from opening the source to the finished output.
        counts: finding -> label -> number of reports, in the order of the findings.
        refiner: name and version of the model that refined the labels; `None` for none.
        refiner_note: why there was none, or what is to be said of it; one line, may be empty.
        text_columns: the columns that the reports were taken from; empty where there are none, and
            of many files that do not have them alike.
        id_columns: the columns that identify a report; likewise.
        unrecognised: number of reports labeled blank because their text does not speak of the
            chest: another language, another kind of report, no report at all.
        unrecognised_rows: the places of the first of them in the source, counted from 1.
        notes: one line on each source that has files which were passed over, and of many files that
            were not read in the same columns one on each choice of them.
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
    notes: tuple[str, ...] = ()

    def total(self, label: Label) -> int:
        """Return how often a label was given, summed over the findings."""
        return sum(by_label[label] for by_label in self.counts.values())


def columns_in_words(text_columns: Sequence[str], id_columns: Sequence[str]) -> str:
    """Say which columns were read, as `Summary` names them."""
    texts, ids = (" and ".join(map(repr, names)) for names in (text_columns, id_columns))
    return f"text from {texts}, id from {ids}"


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
        ChexlabelError: a worker process died, or cannot start.
        TypeError: there is no such option.
        ValueError: `workers` is negative.

    Example:
        >>> summary = label_file("reports.csv", "labels.csv", force=True)  # doctest: +SKIP
        >>> summary.total(Label.POSITIVE)  # doctest: +SKIP
        57
    """
    from chexlabel.readers import open_reports, refuse_unknown_options

    refuse_unknown_options(label_file, reading)
    started = time.perf_counter()
    if workers < 0:
        raise ValueError(f"workers must be 0 or more, not {workers}")
    check_distinct(source, output, evidence)
    if labeler is None:
        from chexlabel.engine.labeler import Labeler

        labeler = Labeler()
    traits = traits_of(labeler)
    wanted = Wanted(evidence is not None, confidence)
    read = _findings_read(traits) if confidence else ()
    account = _Account(labeler.findings, strict, on_unreadable)
    with ExitStack() as stack:
        reports = stack.enter_context(open_reports(source, **reading))
        # What is wrong with the source comes first.
        output_as = recognise_format(output, output_format)
        layout = layout_of(reports, labeler.findings, read, keep_text=keep_text)
        layout = layout._replace(defused=safe_csv and output_as.name in ("csv", "tsv"))
        outputs = Outputs(stack, output, evidence, layout, output_as, force=force, whole=strict)
        run = _Labeling(labeler, reports, outputs, account, workers or cores(), wanted)
        for total in run.steps(stack):
            if on_progress is not None:
                on_progress(account.reports, total)
        outputs.commit()
    return Summary(
        account.reports,
        account.unreadable,
        time.perf_counter() - started,
        account.tally.counts(),
        traits.refiner,
        traits.refiner_note,
        reports.text_columns,
        reports.id_columns,
        account.unrecognised,
        tuple(account.unrecognised_rows),
        (reports.note,) if reports.note else (),
    )


class _Account:
    """What a run has done so far.

    Attributes:
        reports: number of reports.
        unreadable: number of those labeled blank because they could not be read or labeled.
        unrecognised: number of those whose text does not speak of the chest.
        unrecognised_rows: the places of the first of them.
        tally: their labels, counted.
    """

    _ROWS_KEPT = 5

    def __init__(
        self,
        findings: Sequence[str],
        strict: bool,
        on_unreadable: Callable[[Unreadable], None] | None,
    ) -> None:
        self.reports = self.unreadable = self.unrecognised = 0
        self.unrecognised_rows: list[int] = []
        self.tally = Tally(findings)
        self._strict = strict
        self._on_unreadable = on_unreadable

    def add(
        self, reports: int, failures: Iterable[tuple[int, str, str]], unrecognised: Sequence[int]
    ) -> None:
        """Enter some more reports.

        Args:
            reports: their number.
            failures: index among them, identifier and reason of each one that was labeled blank.
            unrecognised: index among them of each one that does not speak of the chest.

        Raises:
            InputError: there is a failure, and the run is strict.
        """
        first = self.reports + 1
        for index, name, reason in failures:
            found = Unreadable(first + index, name, reason)
            if self._strict:
                raise InputError(str(found))
            self.unreadable += 1
            if self._on_unreadable is not None:
                self._on_unreadable(found)
        self.unrecognised += len(unrecognised)
        wanted = self._ROWS_KEPT - len(self.unrecognised_rows)
        self.unrecognised_rows += [first + index for index in unrecognised[:wanted]]
        self.reports += reports


class _Labeling:
    """The labeling of a source into outputs, in blocks of the file or in batches of reports."""

    def __init__(
        self,
        labeler: ReportLabeler,
        reports: ReportSource,
        outputs: Outputs,
        account: _Account,
        workers: int,
        wanted: Wanted,
    ) -> None:
        self._labeler = labeler
        self._reports = reports
        self._outputs = outputs
        self._account = account
        self._workers = workers
        self._wanted = wanted

    def steps(self, stack: ExitStack) -> Iterator[int | None]:
        """Label and write step by step; yield the expected number of all reports after each."""
        blocks = None
        if self._workers > 1 and self._outputs.format in BLOCK_FORMATS:
            blocks = self._reports.blocks()
        steps = self._in_batches(stack) if blocks is None else self._in_blocks(blocks, stack)
        # Closed here, not by the garbage collector, so that an error waits for the workers.
        stack.callback(steps.close)
        return steps

    def _in_batches(self, stack: ExitStack) -> Generator[int | None, None, None]:
        outputs, account = self._outputs, self._account
        labeled = self._labeled_batches()
        stack.callback(labeled.close)
        for batch, result in labeled:
            outputs.write_reports(batch, result)
            account.tally.add(result.labels)
            failures = (
                (index, batch[index].stated_id, reason) for index, reason in result.failures
            )
            account.add(len(batch), failures, result.unrecognised)
            yield self._reports.expected(account.reports)

    def _labeled_batches(self) -> Generator[tuple[list[Report], LabeledBatch], None, None]:
        batches = batched(self._reports)
        if self._workers == 1:
            return label_batches(self._labeler, batches, self._wanted)
        # What several processes need takes longer to load than a few reports to label.
        from chexlabel.run.pool import label_in_pool

        return label_in_pool(self._labeler, batches, self._wanted, workers=self._workers)

    def _in_blocks(self, blocks: Blocks, stack: ExitStack) -> Generator[int | None, None, None]:
        # Loaded here for the same reason.
        from chexlabel.run.blocks import BlockPlan, label_blocks

        outputs, account = self._outputs, self._account
        plan = BlockPlan(blocks.reader, outputs.layout, outputs.format, self._wanted)
        labeled = label_blocks(self._labeler, blocks, plan, workers=self._workers)
        stack.callback(labeled.close)
        for block, share in labeled:
            outputs.write_bytes(block.labels, block.evidence)
            account.tally.merge(block.counts)
            account.add(block.rows, block.failures, block.unrecognised)
            yield self._reports.expected(round(account.reports / share))


def _findings_read(traits: Traits) -> tuple[str, ...]:
    """Return the findings that have confidences."""
    if not traits.findings_read:
        why = traits.refiner_note
        raise RefinerError(
            "confidences come from the refiner, which does not run here"
            + (f" ({why})" if why else "")
            + "; leave out --confidence"
        )
    return traits.findings_read


def cores() -> int:
    """Return the number of cores this process may use (a cluster gives it a few of many)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
