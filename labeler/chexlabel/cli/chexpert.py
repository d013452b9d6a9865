"""`chexlabel chexpert`: the flags and the file of the CheXpert labeler."""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Take the flags of the CheXpert labeler's label.py and write its file: the reports in a
column "Reports", then a column a finding with 1.0, 0.0, -1.0 or nothing. As there, an
existing output is replaced."""

_UNUSED = ("pre_negation_uncertainty_path", "negation_path", "post_negation_uncertainty_path")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "chexpert", help="label as the CheXpert labeler's label.py does", description=_DESCRIPTION
    )
    parser.add_argument(
        "--reports_path",
        metavar="FILE",
        required=True,
        help="CSV with a report a row, without a header; or whatever chexlabel reads",
    )
    parser.add_argument(
        "--output_path",
        metavar="FILE",
        default="labeled_reports.csv",
        help="the labels (default: labeled_reports.csv)",
    )
    parser.add_argument(
        "--sections_to_extract",
        metavar="NAME",
        nargs="*",
        default=[],
        help="sections that count (default: findings and impression, else the whole text)",
    )
    parser.add_argument(
        "--mention_phrases_dir",
        metavar="DIR",
        help="phrases of the findings, a text file each (default: the set chexpert14)",
    )
    parser.add_argument(
        "--unmention_phrases_dir", metavar="DIR", help="phrases that are no mention after all"
    )
    for name in _UNUSED:
        parser.add_argument(
            f"--{name}", metavar="FILE", help="not read: chexlabel has its own cues"
        )
    parser.add_argument("--extract_strict", action="store_true", help="taken, and without effect")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is done")
    parser.add_argument("-q", "--quiet", action="store_true", help="no notes")


def run(args: argparse.Namespace) -> int:
    """Label the reports; return the exit status, 3 where some could not be read."""
    from chexlabel.readers import open_reports
    from chexlabel.run.batches import batched
    from chexlabel.writers import AtomicOutput, check_not_input, output_errors

    check_not_input(args.output_path, args.reports_path)
    for name in (*_UNUSED, "extract_strict"):
        if getattr(args, name) and not args.quiet:
            _say(f"note: --{name} has no effect; see the page on migration")
    labeler = _labeler(args)
    count = unreadable = 0
    with (
        open_reports(args.reports_path) as reports,
        AtomicOutput(args.output_path, force=True) as output,
    ):
        with output_errors(output.name):
            output.stream.write(_rows([["Reports", *labeler.findings]]))
        for batch in batched(reports):
            rows = [
                [report.text, *("" if label is None else f"{label:.1f}" for label in labels)]
                for report, labels in zip(batch, labeler.label_batch(batch), strict=True)
            ]
            with output_errors(output.name):
                output.stream.write(_rows(rows))
            count += len(batch)
            unreadable += sum(report.error is not None for report in batch)
        output.finish()
        output.commit()
    if args.verbose:
        _say(f"{count:,} reports labeled, written to {args.output_path}")
    if unreadable:
        _say(f"{unreadable:,} of {count:,} reports could not be read and are blank")
    return 3 if unreadable else 0


def _labeler(args: argparse.Namespace) -> Labeler:
    from chexlabel.engine.labeler import Labeler
    from chexlabel.errors import ChexlabelError
    from chexlabel.patterns import import_phrases

    sections = [name.lower() for name in args.sections_to_extract] or None
    if args.mention_phrases_dir is None:
        if args.unmention_phrases_dir is not None:
            raise ChexlabelError("--unmention_phrases_dir needs --mention_phrases_dir with it")
        return Labeler(sections=sections)
    with tempfile.TemporaryDirectory() as folder:
        phrases = Path(folder, "phrases")
        phrases.mkdir()
        given = {"mention": args.mention_phrases_dir, "unmention": args.unmention_phrases_dir}
        for name, path in given.items():
            if path is None:
                continue
            if not Path(path).is_dir():
                raise ChexlabelError(f"--{name}_phrases_dir {path}: no such folder")
            (phrases / name).symlink_to(Path(path).resolve(), target_is_directory=True)
        imported = import_phrases(phrases, Path(folder, "imported"))
        if args.verbose:
            for note in imported.notes:
                _say(f"note: {note}")
        return Labeler(imported.path, sections=sections)


def _rows(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8", errors="backslashreplace")


def _say(message: str) -> None:
    from chexlabel.errors import one_line

    print(one_line(f"chexlabel: {message}"), file=sys.stderr)
