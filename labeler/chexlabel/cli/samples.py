"""`chexlabel samples`: write the sample reports that ship with the package."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from chexlabel.cli._arguments import add_quiet_option

if TYPE_CHECKING:
    import argparse
    import os

__all__ = ["add_parser", "run", "write_samples"]

_DESCRIPTION = """\
Write the sample reports that ship with chexlabel as CSV with the columns id and
report, or their reference labels. They are made up: no patient stands behind
them."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "samples", help="write the sample reports", description=_DESCRIPTION
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="CSV file to write (default: standard output)",
    )
    parser.add_argument(
        "--labels",
        action="store_true",
        help="write the reference labels of the sample reports, to validate against",
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    add_quiet_option(parser)


def run(args: argparse.Namespace) -> int:
    """Write the samples."""
    write_samples(args.output, labels=args.labels, force=args.force)
    return 0


def write_samples(
    output: str | os.PathLike[str], *, labels: bool = False, force: bool = False
) -> None:
    """Write the sample reports as CSV; the command's twin.

    Args:
        output: the file to write; "-" is standard output.
        labels: write the reference labels of the reports instead of the reports.
        force: replace an existing file.

    Raises:
        OutputError: the file exists and `force` is not set, or cannot be written there.
    """
    from chexlabel.writers.atomic import write_atomic

    name = "labels.csv" if labels else "reports.csv"
    samples = resources.files("chexlabel") / "data" / "samples" / name
    write_atomic(output, samples.read_text(encoding="utf-8"), force=force)
