"""`chexlabel label`: label a file, folder or archive of reports."""

from __future__ import annotations

import argparse
import os
import stat
import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TextIO

from chexlabel.cli._arguments import (
    add_labeler_options,
    add_quiet_option,
    add_reader_options,
    labeler_from,
    reader_options,
    source_argument,
)
from chexlabel.errors import ChexlabelError, OutputError, one_line
from chexlabel.run.source_files import find_source_files, is_many

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chexlabel.run.label_file import Summary, Unreadable

__all__ = ["UNREADABLE", "add_parser", "run"]

_DESCRIPTION = """\
Label the reports of SOURCE: a CSV, TSV, JSON Lines (also .gz), Excel or Parquet
file, a MIMIC-CXR folder tree or zip, an Open-i folder, XML file or tgz, or "-" for
standard input. The output has the identifying columns of the input, then one
column a finding: 1.0 positive, 0.0 negative, -1.0 uncertain, empty not mentioned.
Reports that cannot be read are named on standard error and labeled blank; the
exit status is then 3. Several sources, a folder of tables, or a pattern such as
"2024/*.parquet" are one run, whose output is a folder with a file for each."""

UNREADABLE = 3
"""The exit status of a run with reports that could not be read."""

_NAMED_UNREADABLE = 20
"""So many unreadable reports are named one by one, the rest are counted."""

_MANY_UNRECOGNISED = 0.03
"""The share of texts that are no chest X-ray reports above which there is a warning."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser("label", help="label reports", description=_DESCRIPTION)
    parser.add_argument(
        "source",
        metavar="SOURCE",
        nargs="+",
        type=source_argument,
        help='file or folder of reports, or a pattern; "-" is stdin',
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="labels file; .csv, .tsv, .jsonl (also .gz), .parquet or .xlsx by its ending "
        "(default: CSV on standard output); of several sources a folder",
    )
    output.add_argument(
        "--output-format",
        metavar="NAME",
        choices=("csv", "tsv", "jsonl", "parquet", "xlsx"),
        help="csv, tsv, jsonl, parquet or xlsx, whatever the ending",
    )
    output.add_argument(
        "--evidence",
        metavar="FILE",
        help="JSON Lines file with every mention: its words, offsets, section and the cues that "
        "decided it; of several sources a folder",
    )
    output.add_argument(
        "--keep-text", action="store_true", help="copy the reports' text to the output"
    )
    output.add_argument(
        "--confidence",
        action="store_true",
        help="add columns with the refiner's confidence: the probability that a finding is "
        "positive, that of its label, and who decided, rules or refiner",
    )
    output.add_argument(
        "--safe-csv",
        action="store_true",
        help="put an apostrophe before cells copied from the input that a spreadsheet would run "
        "as a formula: those that begin with = + - @",
    )
    output.add_argument("-f", "--force", action="store_true", help="replace existing outputs")
    output.add_argument(
        "--resume",
        action="store_true",
        help="of several sources label only those that an interrupted run has not finished",
    )
    add_reader_options(parser)
    add_labeler_options(parser)
    running = parser.add_argument_group("running")
    running.add_argument(
        "-j",
        "--workers",
        metavar="N",
        type=_workers,
        default=1,
        help="number of processes; 0 is one a core (default: 1)",
    )
    running.add_argument(
        "--strict",
        action="store_true",
        help="stop at the first report that cannot be read, and write nothing",
    )
    running.add_argument(
        "--engine",
        metavar="NAME",
        choices=("ray", "spark"),
        help="ray or spark: label Parquet files on such a cluster, or on its local mode, into a "
        "folder of Parquet files",
    )
    add_quiet_option(running, "no progress bar and no summary")


def run(args: argparse.Namespace) -> int:
    """Label the sources and print a summary on standard error."""
    shown = not args.quiet and sys.stderr.isatty()
    # The bar would be drawn between the rows of the output, or on what the next command shows.
    shown = shown and not (args.output == "-" and _is_watched(sys.stdout))
    many = args.resume or is_many(args.source, args.output)
    unit = "files" if many else "reports"
    display: AbstractContextManager[_Messages] = _Bar(unit) if shown else nullcontext(_Messages())
    with display as messages:
        if args.engine is not None:
            done = _label_by_engine(args)
        else:
            done = _label_many(args, messages) if many else _label_one(args, messages)
    summary, note = done
    more = summary.unreadable - _NAMED_UNREADABLE
    if more > 0:
        messages.print(f"chexlabel: and {more:,} more that could not be read")
    if summary.unrecognised > _MANY_UNRECOGNISED * summary.reports:
        messages.print(f"chexlabel: warning: {_unrecognised(summary)}")
    for said in () if args.quiet else summary.notes:
        messages.print(f"chexlabel: note: {said}")
    if not args.quiet:
        messages.print(f"chexlabel: {_in_words(summary)}{note}")
    return UNREADABLE if summary.unreadable else 0


def _label_one(args: argparse.Namespace, messages: _Messages) -> tuple[Summary, str]:
    from chexlabel.run.label_file import label_file

    [source] = args.source
    summary = label_file(
        source,
        args.output,
        on_progress=messages.progress,
        on_unreadable=messages.unreadable,
        **_run_options(args),
    )
    return summary, ""


def _label_many(args: argparse.Namespace, messages: _Messages) -> tuple[Summary, str]:
    from chexlabel.run.label_files import label_files

    if args.output == "-":
        # What is wrong with a source comes first. Several may be the words of a report, which are
        # not quoted.
        one = len(args.source) == 1
        find_source_files(
            args.source if one else [source for source in args.source if source == "-"]
        )
        raise OutputError("several sources are files, and their labels go to a folder: -o out/")
    summary, before = label_files(
        args.source,
        args.output,
        resume=args.resume,
        on_progress=messages.progress,
        on_unreadable=messages.unreadable_in,
        **_run_options(args),
    )
    finished = "1 file was" if before == 1 else f"{before:,} files were"
    return summary, f"; {finished} finished before" if before else ""


def _label_by_engine(args: argparse.Namespace) -> tuple[Summary, str]:
    from chexlabel.distributed import BatchLabeler, label_with_engine

    for option in ("evidence", "output_format", "keep_text", "confidence", "resume", "strict"):
        if getattr(args, option):
            raise ChexlabelError(
                f"--{option.replace('_', '-')} goes not with --engine; leave out one of the two"
            )
    if args.output == "-":
        raise OutputError("the labels of an engine go to a folder: -o out/")
    label = BatchLabeler(args.text_column, args.id_column or (), labeler=labeler_from(args))
    summary = label_with_engine(args.engine, args.source, args.output, label, force=args.force)
    return summary, f"; on {args.engine}"


def _run_options(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "labeler": labeler_from(args),
        "evidence": args.evidence,
        "output_format": args.output_format,
        "keep_text": args.keep_text,
        "safe_csv": args.safe_csv,
        "confidence": args.confidence,
        "force": args.force,
        "workers": args.workers,
        "strict": args.strict,
        **reader_options(args),
    }


def _is_watched(stream: TextIO) -> bool:
    """Tell whether a stream goes to a terminal, or to a command that may write to one."""
    try:
        return stream.isatty() or stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # no file at all
        return False


def _unrecognised(summary: Summary) -> str:
    """Name the rows whose text is no report of this kind; never the text."""
    where = ""
    if summary.unrecognised_rows:  # of one file
        rows = ", ".join(f"{row:,}" for row in summary.unrecognised_rows)
        more = ", ..." if summary.unrecognised > len(summary.unrecognised_rows) else ""
        noun = "row" if summary.unrecognised == 1 else "rows"
        where = f" ({noun} {rows}{more})"
    return (
        f"{summary.unrecognised:,} of {summary.reports:,} texts do not read like chest X-ray "
        f"reports in English and are labeled blank{where}; is the right column read?"
    )


class _Messages:
    """What is said on standard error during a run, without a progress bar."""

    def __init__(self) -> None:
        self._unreadable = 0

    def progress(self, done: int, total: int | None) -> None:
        """Say nothing: only a terminal gets a progress bar."""

    def unreadable(self, report: Unreadable, where: str = "") -> None:
        self._unreadable += 1
        if self._unreadable <= _NAMED_UNREADABLE:
            self.print(f"chexlabel: {where}{report.place} labeled blank: {report.reason}")

    def unreadable_in(self, file: str, report: Unreadable) -> None:
        self.unreadable(report, f"{file}: ")

    def print(self, line: str) -> None:
        print(one_line(line), file=sys.stderr)


class _Bar(_Messages):
    """A progress bar on standard error; messages are printed above it.

    Args:
        unit: what `progress` is told the number of.
    """

    def __init__(self, unit: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        super().__init__()
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("labeling"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.completed:,.0f} {task.fields[unit]}, {task.fields[rate]:,.0f}/s"),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("labeling", total=None, unit=unit, rate=0.0)
        self._started = time.monotonic()

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def progress(self, done: int, total: int | None) -> None:
        rate = done / max(time.monotonic() - self._started, 0.001)
        self._bar.update(self._task, completed=done, total=total, rate=rate)

    def print(self, line: str) -> None:
        self._console.print(one_line(line), markup=False, highlight=False, soft_wrap=True)


def _in_words(summary: Summary) -> str:
    from chexlabel.labels import LABEL_WORDS, Label

    noun = "report" if summary.reports == 1 else "reports"
    rate = summary.reports / summary.seconds if summary.seconds else 0.0
    counts = ", ".join(f"{summary.total(label):,} {LABEL_WORDS[label]}" for label in Label)
    words = (
        f"{summary.reports:,} {noun} in {summary.seconds:.2f} s ({rate:,.0f} reports/s); {counts}"
    )
    if summary.text_columns:
        from chexlabel.run.label_file import columns_in_words

        words += f"; {columns_in_words(summary.text_columns, summary.id_columns)}"
    if summary.refiner is not None:
        words += f"; refined by {summary.refiner}"
    if summary.refiner_note:
        words += f"; {summary.refiner_note}"
    if summary.unrecognised:
        words += f"; {summary.unrecognised:,} are no chest X-ray reports and are labeled blank"
    if summary.unreadable:
        words += f"; {summary.unreadable:,} could not be read and are labeled blank"
    return words


def _workers(value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"a number of processes is needed, not {value!r}")
    return number
