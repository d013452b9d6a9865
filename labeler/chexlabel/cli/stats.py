"""`chexlabel stats`: count labels and their co-occurrence, without a gold."""

from __future__ import annotations

import argparse
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from chexlabel.cli.validate import (
    add_matching_options,
    add_report_options,
    findings_from,
    print_notes,
    print_table,
    report_formats,
    say_written,
)
from chexlabel.errors import ValidationError

if TYPE_CHECKING:
    from chexlabel.validation import StatsResult

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Count the positive, negative, uncertain and blank labels of every finding in
LABELS, and which findings are positive together. With two files, count also where
they disagree."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "stats",
        help="count labels and their co-occurrence",
        description=_DESCRIPTION,
    )
    parser.add_argument("labels", metavar="LABELS", nargs="+", help="one table of labels or more")
    add_report_options(parser)
    add_matching_options(
        parser, "findings to count, separated by commas (default: all of the first table)"
    )


def run(args: argparse.Namespace) -> int:
    """Count, print the table and write the reports."""
    from chexlabel.validation import Matching, describe
    from chexlabel.validation.report import render, write_texts

    formats = report_formats(args.output, args.labels)
    title = {"title": args.title} if args.title else {}
    result = describe(
        _named(args.labels),
        matching=Matching(
            findings=findings_from(args),
            id_column=args.id_column,
            by_row=args.by_row,
            allow_missing=args.allow_missing,
        ),
        **title,
    )
    pairs = zip(args.output, formats, strict=True)
    texts = {path: render(result, chosen) for path, chosen in pairs}
    write_texts(texts, force=args.force)  # first: whoever reads the table may close the pipe
    if not args.quiet:
        _print(result)
    say_written(texts, quiet=args.quiet)
    return 0


def _named(paths: list[str]) -> dict[str, str]:
    """Call each file by its name, or by its whole path where two have the same name."""
    for place, path in enumerate(paths):
        if path in paths[:place]:
            raise ValidationError(f"{path} is named twice; name each table once")
    names = [PurePath(path).name for path in paths]
    return {
        path if names.count(name) > 1 else name: path
        for name, path in zip(names, paths, strict=True)
    }


def _print(result: StatsResult) -> None:
    from chexlabel.validation.report.wording import share
    from chexlabel.validation.results import CLASS_NAMES

    print_notes(result.notes)
    for i, source in enumerate(result.distributions):
        print(f"{'' if i == 0 else chr(10)}{source.source}: {source.reports:,} reports")
        rows = []
        for labels in source.findings:
            counts = labels.model_dump()
            row = [labels.finding]
            for name in CLASS_NAMES:
                row += [f"{counts[name]:,}", f"{share(counts[name], source.reports)} %"]
            rows.append(row)
        head = [cell for name in CLASS_NAMES for cell in (name, "")]
        print_table(["", *head], rows)
    if result.differing is not None:
        first, second = result.distributions[0].source, result.distributions[1].source
        print(f"\nReports on which {first} and {second} disagree")
        rows = [
            [finding, f"{count:,}", f"{share(count, result.reports)} %"]
            for finding, count in zip(result.findings, result.differing, strict=True)
        ]
        print_table(["", "reports", ""], rows)
