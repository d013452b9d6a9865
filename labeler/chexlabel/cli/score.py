"""`chexlabel score`: clinical-efficacy scores of generated reports."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from chexlabel.cli.validate import (
    add_bootstrap_options,
    add_report_options,
    print_notes,
    print_table,
    report_formats,
    say_written,
)

if TYPE_CHECKING:
    from chexlabel.validation import ScoreResult

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Label the reports of REFERENCES and of GENERATED and compare what they state: micro-,
macro- and example-based precision, recall and F1 over all findings and over the
usual five (Cardiomegaly, Edema, Consolidation, Atelectasis, Pleural Effusion). Both
are tables, or .txt files with one report a line, in the same order.
Published scores use the CheXbert model for the labels; name chexlabel with these."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "score",
        help="score generated reports against references",
        description=_DESCRIPTION,
    )
    parser.add_argument("references", metavar="REFERENCES", help="the radiologists' reports")
    parser.add_argument("generated", metavar="GENERATED", help="the reports to score")
    add_report_options(parser)
    parser.add_argument(
        "--uncertain",
        choices=("positive", "negative", "as-is", "ignore"),
        default="positive",
        help="an uncertain label counts as positive (default, as F1-CheXbert counts it), as not "
        "positive (negative, as-is), or its findings are left out where the reference is uncertain",
    )
    parser.add_argument(
        "--subset",
        metavar="NAMES",
        help="findings of the smaller set, separated by commas (default: the usual five)",
    )
    parser.add_argument(
        "--patterns",
        metavar="NAME|DIR",
        default="chexpert14",
        help="pattern set to label with (default: chexpert14)",
    )
    matching = parser.add_argument_group("matching")
    matching.add_argument("--id-column", metavar="NAME", help="column of the ids in both files")
    matching.add_argument("--text-column", metavar="NAME", help="column of the text in both files")
    matching.add_argument(
        "--generated-text-column",
        metavar="NAME",
        help="column of the text in GENERATED, where it is another (so both may be one file)",
    )
    matching.add_argument(
        "--format",
        metavar="NAME",
        help="format of both files: csv, tsv, jsonl, parquet, xlsx, mimic, openi, text (a file a "
        "report) or lines (a line a report) (default: recognised; lines for a file that ends in "
        ".txt)",
    )
    matching.add_argument(
        "--encoding", metavar="NAME", default="utf-8", help="text encoding (default: utf-8)"
    )
    matching.add_argument(
        "--by-row", action="store_true", help="the rows correspond one to one; no ids are needed"
    )
    matching.add_argument(
        "--allow-missing", action="store_true", help="go on with the reports that both files have"
    )
    add_bootstrap_options(parser)


def run(args: argparse.Namespace) -> int:
    """Score, print the table and write the reports."""
    from chexlabel.errors import ValidationError
    from chexlabel.validation import UncertainPolicy, score
    from chexlabel.validation.report import render, write_texts

    formats = report_formats(args.output, [args.references, args.generated])
    subset = None
    if args.subset is not None:
        subset = [name.strip() for name in args.subset.split(",") if name.strip()]
        if not subset:
            raise ValidationError("--subset names no finding; list them separated by commas")
    result = score(
        args.references,
        args.generated,
        uncertain=UncertainPolicy(args.uncertain),
        subset=subset,
        patterns=args.patterns,
        id_column=args.id_column,
        text_column=args.text_column,
        generated_text_column=args.generated_text_column,
        format=args.format,
        encoding=args.encoding,
        by_row=args.by_row,
        allow_missing=args.allow_missing,
        resamples=args.resamples,
        level=args.level,
        seed=args.seed,
    )
    pairs = zip(args.output, formats, strict=True)
    texts = {path: render(result, chosen, args.title or "") for path, chosen in pairs}
    write_texts(texts, force=args.force)  # first: whoever reads the table may close the pipe
    if not args.quiet:
        _print(result)
    say_written(texts, quiet=args.quiet)
    return 0


def _print(result: ScoreResult) -> None:
    from chexlabel.validation.report.wording import cases, interval, number

    print_notes(result.notes)
    print(f"{result.reports:,} reports. Uncertain labels: {result.uncertain}.")
    for chosen in result.sets:
        print(f"\n{len(chosen.findings)} findings")
        rows = [
            [
                name,
                *(
                    cell
                    for figure in (rates.precision, rates.recall, rates.f1)
                    for cell in (number(figure.value), interval(figure))
                ),
            ]
            for name, rates in (
                ("micro", chosen.micro),
                ("macro", chosen.macro),
                ("example-based", chosen.example),
            )
        ]
        print_table(["", "precision", "", "recall", "", "F1", ""], rows)
    print()
    rows = [
        [
            f.finding,
            cases(f.support),
            cases(f.predicted),
            number(f.precision.value),
            number(f.recall.value),
            number(f.f1.value),
        ]
        for f in result.findings
    ]
    print_table(["", "references", "generated", "precision", "recall", "F1"], rows)
