"""`chexlabel review`: a page with the reports whose labels are most likely wrong."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from chexlabel.cli._arguments import (
    add_labeler_options,
    add_reader_options,
    labeler_from,
    reader_options,
)
from chexlabel.errors import RefinerError

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Write a page with the reports whose labels are most likely wrong, those first, with
what the rules and the refiner read in them. LABELS is a labels file written with
--confidence; with --keep-text it holds the reports as well."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "review", help="show the reports most likely labeled wrong", description=_DESCRIPTION
    )
    parser.add_argument("labels", metavar="LABELS", help="labels file with confidences")
    parser.add_argument(
        "-n", "--number", metavar="N", type=_number, default=100, help="how many (default: 100)"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="the page; - is standard output"
    )
    parser.add_argument(
        "--reports", metavar="SOURCE", help="the file that was labeled, if LABELS has no texts"
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace an existing page")
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary")
    add_reader_options(parser, "the texts, in SOURCE or LABELS")
    add_labeler_options(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    from chexlabel.run.review import review_file

    labeler = labeler_from(args)
    if labeler.refiner is None:
        why = f" ({labeler.refiner_note})" if labeler.refiner_note else ""
        raise RefinerError(f"both readings need the refiner, which does not run here{why}")
    queued = review_file(
        args.labels,
        args.output,
        reports=args.reports,
        count=args.number,
        labeler=labeler,
        rules=_rules(args),
        force=args.force,
        **reader_options(args),
    )
    if not args.quiet:
        print(f"chexlabel: {queued:,} reports to review in {args.output}", file=sys.stderr)
    return 0


def _rules(args: argparse.Namespace) -> Labeler:
    from chexlabel.engine.labeler import Labeler

    return Labeler(args.patterns, sections=args.sections, refine=False)


def _number(value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a number of reports is needed, not {value!r}")
    return number
