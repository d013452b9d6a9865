"""Options that several commands share, and what their values mean."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from chexlabel._regex import compiled_later
from chexlabel.errors import RefinerError

if TYPE_CHECKING:
    from chexlabel.engine.labeler import Labeler
    from chexlabel.readers import ReaderOptions

__all__ = [
    "PATH_END",
    "TEXT_NOT_FILE",
    "add_labeler_options",
    "add_quiet_option",
    "add_reader_options",
    "is_prose",
    "labeler_from",
    "path_exists",
    "reader_options",
    "source_argument",
]

_SIZE = compiled_later(r"([0-9]+) ?([KMG]?)I?B?", re.I)
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30}

PATH_END = compiled_later(r"[/\\]|\.\w{1,8}$")
"""What a path has and a sentence has not: a slash somewhere, or a file's ending."""


TEXT_NOT_FILE = (
    'the argument is a text, not a file; to see one report labeled: chexlabel explain "..."'
)
"""Said of a text where a file is needed. The text is not quoted: it may be a report."""


def add_quiet_option(parser: argparse._ActionsContainer, help: str = "no messages") -> None:  # noqa: A002
    """Add `-q`, which every command takes; errors are always said."""
    parser.add_argument("-q", "--quiet", action="store_true", help=help)


def add_reader_options(parser: argparse.ArgumentParser, what: str = "") -> None:
    """Add the options that say how the input, or `what` of it, is read."""
    reading = f"reading {what}".rstrip()
    group = parser.add_argument_group(f"{reading} (recognised by itself where not stated)")
    group.add_argument(
        "--format",
        metavar="NAME",
        help="csv, tsv, xlsx, jsonl, parquet, mimic (MIMIC-CXR text files), openi (XML) or text "
        "(a file a report); the last three in a folder or archive, or one file alone",
    )
    group.add_argument(
        "--text-column", metavar="NAME", help="column that holds the reports, when not recognised"
    )
    group.add_argument(
        "--id-column",
        metavar="NAME",
        action="append",
        help="column that identifies a report and is copied to the output; may be repeated",
    )
    group.add_argument(
        "--no-header",
        dest="header",
        action="store_false",
        help="the first row names no columns; they go by number: --text-column 2 --id-column 1",
    )
    group.add_argument(
        "--sheet", metavar="NAME", help="sheet of an Excel file (default: the first)"
    )
    group.add_argument(
        "--encoding",
        metavar="NAME",
        default="utf-8",
        help="text encoding (default: utf-8); a byte order mark in the file takes precedence",
    )
    group.add_argument(
        "--delimiter",
        metavar="CHAR",
        help='character between the cells of a row; "tab" is the tab',
    )
    group.add_argument(
        "--max-size",
        metavar="SIZE",
        type=_size,
        default=64 << 20,  # `chexlabel.readers.MAX_SIZE`, which the help need not import
        help="longest report, or file of an archive, that is read: 500K, 1G ... (default: 64M)",
    )


def add_labeler_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how reports are labeled."""
    group = parser.add_argument_group("labeling")
    group.add_argument(
        "--patterns",
        metavar="NAME|DIR",
        default="chexpert14",
        help="pattern set: the name of one that ships with chexlabel, or a folder "
        "(default: chexpert14)",
    )
    group.add_argument(
        "--sections",
        metavar="NAMES",
        type=_names,
        help="sections that count, separated by commas (default: as the pattern set says; "
        "chexpert14: findings,impression, and the whole text where neither is found)",
    )
    group.add_argument(
        "--assertion",
        metavar="METHOD",
        choices=("scope", "negex"),
        default="scope",
        help="scope: the scopes of the pattern set (default); negex: negspacy's NegEx, slower, "
        "for comparison",
    )
    add_refiner_options(group)


def add_refiner_options(group: argparse._ActionsContainer) -> None:
    """Add the options that say whether and where the refiner reads."""
    group.add_argument(
        "--refine",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="let the refiner, a small BERT, change labels where it is surely better than the "
        "rules, or not (default: where its runtime and a model are installed)",
    )
    group.add_argument("--refiner", metavar="DIR", help="refine with the model in this folder")
    group.add_argument(
        "--device",
        metavar="NAME",
        choices=("auto", "cpu", "cuda", "mps"),
        default="auto",
        help="where the refiner runs: cpu, cuda, mps, or auto, a GPU if there is one (default)",
    )


def reader_options(args: argparse.Namespace) -> ReaderOptions:
    """Return the values of `add_reader_options` as keyword arguments of `open_reports`."""
    return {
        "format": args.format,
        "text_column": args.text_column,
        "id_column": args.id_column,
        "encoding": args.encoding,
        "delimiter": args.delimiter,
        "header": args.header,
        "sheet": args.sheet,
        "max_size": args.max_size,
    }


def labeler_from(args: argparse.Namespace) -> Labeler:
    """Build the labeler that the options of `add_labeler_options` ask for.

    Raises:
        PatternError: the pattern set has an error.
        RefinerError: the refiner that is asked for cannot be used.
    """
    from chexlabel.engine.labeler import Labeler

    if args.refiner is not None and args.refine is False:
        raise RefinerError("--refiner names a model and --no-refine forbids it; leave out one")
    return Labeler(
        args.patterns,
        sections=args.sections,
        assertion=args.assertion,
        refine=args.refine if args.refiner is None else Path(args.refiner),
        device=args.device,
    )


def path_exists(text: str) -> bool:
    """Tell whether a text is the path of something; any text may be asked for."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False


def is_prose(argument: str) -> bool:
    """Tell a report from the path of a file that is not there."""
    if len(argument) > 1000 or "\n" in argument or "\0" in argument:
        return True
    if len(argument.split()) < 2:
        return False
    return argument.endswith((".", "?")) or not PATH_END.search(argument)


def source_argument(value: str) -> str:
    """Take an argument that names a file, folder or archive; refuse a report in its place."""
    if not path_exists(value) and is_prose(value):
        raise argparse.ArgumentTypeError(TEXT_NOT_FILE)
    return value


def _size(value: str) -> int:
    """Read a number of bytes, such as 500K."""
    match = _SIZE.fullmatch(value)
    if match is None or not int(match[1]):
        raise argparse.ArgumentTypeError(f"a size such as 64M is needed, not {value!r}")
    return int(match[1]) << _UNITS[match[2].upper()]


def _names(value: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("name at least one section")
    return names
