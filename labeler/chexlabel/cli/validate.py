"""`chexlabel validate`: compare labels with manual labels."""

from __future__ import annotations

import argparse
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from chexlabel.errors import ValidationError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chexlabel.validation import Validation
    from chexlabel.validation.results import LabelerResult

__all__ = [
    "add_bootstrap_options",
    "add_matching_options",
    "add_parser",
    "add_report_options",
    "findings_from",
    "print_notes",
    "print_table",
    "report_formats",
    "run",
    "say_written",
]

_DESCRIPTION = """\
Compare LABELS, made by any labeler, with GOLD, made by people. Both are tables
(CSV, TSV, Excel, Parquet or JSON Lines) with a column of report ids and one column
a finding: 1 positive, 0 negative, -1 uncertain, empty not mentioned. A table of the
figures goes to standard output; -o writes the report with plots and every
disagreement."""

_EPILOG = """\
examples:
  chexlabel validate labels.csv gold.csv -o report.html --reports reports.csv
  chexlabel validate ours.csv gold.csv --compare theirs=other.csv -o report.html
  chexlabel validate labels.csv gold.csv --patient-column subject_id

Columns named "<finding>_prob" in LABELS hold the probability, 0 to 1, that the
finding is positive; with them the report has ROC and precision-recall curves and
calibration."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "validate",
        help="compare labels with manual labels",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("labels", metavar="LABELS", help="the labels to judge")
    parser.add_argument("gold", metavar="GOLD", help="the labels given by people")
    parser.add_argument(
        "--name", metavar="NAME", help="what to call the labeler (default: the file's name)"
    )
    parser.add_argument(
        "--compare",
        metavar="[NAME=]FILE",
        action="append",
        default=[],
        help="labels of another labeler, judged on the same gold; may be repeated",
    )
    add_report_options(parser)
    policies = parser.add_argument_group("what counts as what")
    policies.add_argument(
        "--uncertain",
        choices=("as-is", "positive", "negative", "ignore"),
        default="as-is",
        help="uncertain labels: a class of their own (default), positive, negative, or reports "
        "whose gold label is uncertain are left out",
    )
    policies.add_argument(
        "--blank",
        choices=("as-is", "negative", "ignore"),
        default="as-is",
        help="blank labels: a class of their own (default), negative, or reports whose gold label "
        "is blank are left out",
    )
    add_matching_options(parser).add_argument(
        "--patient-column",
        metavar="NAME",
        help="column that names the patient; the resamples then draw patients, not reports",
    )
    shown = parser.add_argument_group("disagreements in the report")
    shown.add_argument("--reports", metavar="SOURCE", help="the reports, to show their text")
    shown.add_argument(
        "--evidence",
        metavar="FILE",
        help="evidence written by chexlabel label --evidence; without it --reports are labeled to "
        "find the words",
    )
    shown.add_argument("--report-id-column", metavar="NAME", help="column of the ids in --reports")
    shown.add_argument("--text-column", metavar="NAME", help="column of the text in --reports")
    shown.add_argument(
        "--format", metavar="NAME", help="format of --reports, one that chexlabel label takes"
    )
    shown.add_argument(
        "--encoding",
        metavar="NAME",
        default="utf-8",
        help="text encoding of --reports (default: utf-8)",
    )
    shown.add_argument(
        "--patterns",
        metavar="NAME|DIR",
        default="chexpert14",
        help="pattern set that finds the words in --reports (default: chexpert14)",
    )
    shown.add_argument(
        "--no-text", action="store_true", help="leave all report text out, to share the report"
    )
    shown.add_argument(
        "--max-disagreements",
        metavar="N",
        type=_natural,
        default=500,
        help="show so many (default: 500); if there are more, a CSV beside the report has all",
    )
    add_bootstrap_options(parser)
    cuts = parser.add_argument_group("thresholds on <finding>_prob columns")
    cuts.add_argument(
        "--sensitivity", metavar="SHARE", type=float, help="find the threshold that reaches it"
    )
    cuts.add_argument(
        "--specificity", metavar="SHARE", type=float, help="find the threshold that reaches it"
    )


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the report goes."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        help="write a report: .html, .md or .json by its ending; may be repeated",
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace existing files")
    parser.add_argument("--title", metavar="TEXT", help="title of the report")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing")


def add_matching_options(
    parser: argparse.ArgumentParser,
    findings: str = "findings to compare, separated by commas (default: all of the gold)",
) -> argparse._ArgumentGroup:
    """Add the options that say how rows and columns are brought together; return their group.

    Args:
        parser: the command's parser.
        findings: the help of `--findings`.
    """
    group = parser.add_argument_group("matching")
    group.add_argument("--findings", metavar="NAMES", help=findings)
    group.add_argument("--id-column", metavar="NAME", help="column of the report ids in all files")
    group.add_argument(
        "--by-row", action="store_true", help="the rows correspond one to one; no ids are needed"
    )
    group.add_argument(
        "--allow-missing", action="store_true", help="go on with the reports that all files have"
    )
    return group


def add_bootstrap_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the bootstrap intervals."""
    group = parser.add_argument_group("intervals")
    group.add_argument(
        "--resamples",
        metavar="N",
        type=_natural,
        default=1000,
        help="bootstrap resamples (default: 1000; 0: no intervals)",
    )
    group.add_argument(
        "--level", metavar="SHARE", type=float, default=0.95, help="level (default: 0.95)"
    )
    group.add_argument(
        "--seed", metavar="N", type=_natural, default=0, help="random seed (default: 0)"
    )


def findings_from(args: argparse.Namespace) -> tuple[str, ...] | None:
    """Return the findings that `--findings` names, or `None`."""
    if args.findings is None:
        return None
    names = tuple(name.strip() for name in args.findings.split(",") if name.strip())
    if not names:
        raise ValidationError("--findings names none; list them separated by commas")
    return names


def report_formats(outputs: Sequence[str], inputs: Iterable[str | None]) -> list[str]:
    """Return the format of each report by its name: before the work, not after it.

    Raises:
        OutputError: an ending is unknown, or a report would replace an input.
    """
    from chexlabel.validation.report import report_format
    from chexlabel.writers import check_not_input

    sources = list(inputs)
    for output in outputs:
        check_not_input(output, *sources)
    return [report_format(output) for output in outputs]


def run(args: argparse.Namespace) -> int:
    """Validate, print the figures and write the reports."""
    from chexlabel.validation import (
        Aims,
        BlankPolicy,
        Matching,
        Policy,
        Reports,
        Resampling,
        UncertainPolicy,
        validate,
    )
    from chexlabel.validation.report import write_report

    labelers = _labelers(args)
    _refuse_idle_options(args)
    report_formats(args.output, [*labelers.values(), args.gold, args.reports, args.evidence])
    title = {"title": args.title} if args.title else {}
    validation = validate(
        labelers,
        args.gold,
        policy=Policy(UncertainPolicy(args.uncertain), BlankPolicy(args.blank)),
        matching=Matching(
            findings=findings_from(args),
            id_column=args.id_column,
            patient_column=args.patient_column,
            by_row=args.by_row,
            allow_missing=args.allow_missing,
        ),
        resampling=Resampling(args.resamples, args.level, args.seed),
        aims=Aims(args.sensitivity, args.specificity),
        reports=Reports(
            reports=None if args.no_text else args.reports,
            evidence=None if args.no_text else args.evidence,
            id_column=args.report_id_column,
            text_column=args.text_column,
            format=args.format,
            encoding=args.encoding,
            patterns=args.patterns,
            limit=args.max_disagreements,
        ),
        **title,
    )
    # First the files: whoever reads the table may close the pipe.
    written = write_report(validation, *args.output, force=args.force)
    if not args.quiet:
        _print(validation)
    say_written(written, quiet=args.quiet)
    return 0


def _refuse_idle_options(args: argparse.Namespace) -> None:
    """Refuse what is said of the reports where none are given: it would change nothing."""
    if args.reports is not None:
        return
    given = {
        "--text-column": args.text_column,
        "--format": args.format,
        "--encoding": args.encoding != "utf-8",
        "--patterns": args.patterns != "chexpert14",
        "--report-id-column": args.report_id_column if args.evidence is None else None,
    }
    for option, value in given.items():
        if value:
            raise ValidationError(
                f"{option} says how --reports are read, and there are none; name them, or leave "
                "it out"
            )


def print_notes(notes: Iterable[str]) -> None:
    """Print what the reader must know of the input on standard error."""
    for note in notes:
        print(one_line(f"chexlabel: note: {note}"), file=sys.stderr)


def say_written(paths: Iterable[str], *, quiet: bool) -> None:
    """Name the files written on standard error."""
    for path in paths:
        if not quiet:
            print(one_line(f"chexlabel: wrote {path}"), file=sys.stderr)


def print_table(head: list[str], rows: list[list[str]]) -> None:
    """Print a table with aligned columns: the first to the left, the others to the right."""
    # A terminal without Unicode shows "?" for a minus sign or a dash rather than nothing at all.
    encoding = sys.stdout.encoding or "utf-8"
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        line = "  ".join(cells).rstrip()
        print(line.encode(encoding, errors="replace").decode(encoding))


def _labelers(args: argparse.Namespace) -> dict[str, str]:
    labelers = {args.name or _stem(args.labels): args.labels}
    for given in args.compare:
        name, separator, path = given.partition("=")
        if not separator or "/" in name:  # a path may hold "=" too
            name, path = _stem(given), given
        if not (name and path):
            raise ValidationError(f"--compare {given} lacks a name or a file; write NAME=FILE")
        if name in labelers:
            raise ValidationError(
                f"two labelers are called {name!r}; name them apart: --compare NAME={path}"
            )
        labelers[name] = path
    return labelers


def _stem(path: str) -> str:
    from chexlabel.validation.tables import file_stem

    return file_stem(PurePath(path).name)


def _natural(value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError("give a whole number, 0 or more")
    return number


def _print(validation: Validation) -> None:
    result = validation.result
    print_notes(result.notes)
    print(f"{result.reports:,} reports. {result.settings.policy}")
    for labeler in result.labelers:
        print(f"\n{labeler.name} against {result.gold}: F1 and cases in the gold")
        _print_labeler(labeler)
    for comparison in result.comparisons:
        from chexlabel.validation.report.wording import interval, signed

        print(f"\n{comparison.first} minus {comparison.second}")
        rows = []
        for task, difference in comparison.tasks.items():
            micro, macro = difference.micro_f1, difference.macro_f1
            rows.append(
                [task] + [cell for f in (micro, macro) for cell in (signed(f.value), interval(f))]
            )
        print_table(["", "micro F1", "interval", "macro F1", "interval"], rows)


def _print_labeler(labeler: LabelerResult) -> None:
    from chexlabel.validation.report.wording import cases, interval, number

    tasks = list(labeler.tasks)
    head = ["", *(cell for task in tasks for cell in (task, "n")), "kappa"]
    rows = []
    for finding in labeler.findings:
        row = [finding.finding]
        for task in tasks:
            scores = finding.tasks[task]
            row += [number(scores.f1.value if scores.support else None), cases(scores.support)]
        rows.append([*row, number(finding.kappa.value)])
    for name in ("micro", "macro", "weighted"):
        row = [name]
        for task in tasks:
            total = labeler.tasks[task]
            row += [
                number(getattr(total, name).f1.value),
                str(total.support) if name == "micro" else "",
            ]
        rows.append([*row, number(labeler.kappa.value) if name == "micro" else ""])
    ranges = [""]
    for task in tasks:
        ranges += [interval(labeler.tasks[task].micro.f1), ""]
    if any(ranges):
        rows.append(["  micro, interval", *ranges[1:], interval(labeler.kappa)])
    print_table(head, rows)
