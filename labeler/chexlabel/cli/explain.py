"""`chexlabel explain`: show one report with its mentions and the cues that decided them."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from chexlabel.cli._arguments import (
    PATH_END,
    add_labeler_options,
    add_quiet_option,
    add_reader_options,
    labeler_from,
    path_exists,
    reader_options,
)
from chexlabel.errors import InputError, RefinerError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from chexlabel.labels import Attribution, LabeledReport
    from chexlabel.report import Report

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Show one report with its mentions coloured by label and the cues underlined, then
the labels with the words behind them. With --trace, how the rules read each of its
sentences: clauses and lists, how far each cue governs, and what decided. REPORT is
the text itself, a file (of many reports the first, or the one that --id names), or
"-" for a text on standard input."""

_STYLES: dict[int | None, str] = {
    1: "bold black on color(215)",
    0: "black on color(117)",
    -1: "black on color(228)",
    None: "black on color(250)",
}
"""Orange, blue, yellow and grey: told apart by the colour-blind, and readable on any background."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "explain", help="show one report with its evidence", description=_DESCRIPTION
    )
    parser.add_argument("report", metavar="REPORT", nargs="+", help='text, file, or "-"')
    parser.add_argument("--id", metavar="ID", help="which report of a file")
    parser.add_argument(
        "--html", metavar="FILE", help="write a self-contained page instead; - is standard output"
    )
    parser.add_argument(
        "--trace", action="store_true", help="show clauses, lists and scopes of each sentence"
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace an existing page")
    add_quiet_option(parser)
    parser.add_argument(
        "--attribution",
        action="store_true",
        help="show which words the refiner's reading stands on, and the reading without them",
    )
    parser.add_argument(
        "--attribution-threshold",
        metavar="X",
        type=_share,
        help="keep the words with at least this share of the strongest one's score, 0 to 1 "
        "(default: the strong one of two clusters)",
    )
    add_reader_options(parser)
    add_labeler_options(parser)


def run(args: argparse.Namespace) -> int:
    """Explain the report on the terminal or as a page."""
    from chexlabel.render.attribution import attribution_text
    from chexlabel.render.explanation import explanation_html, explanation_text
    from chexlabel.report import Report

    if args.trace and args.html is not None:
        raise InputError("--trace is text for the terminal; leave out --html, or --trace")
    if args.html is not None and path_exists(args.report[0]):
        from chexlabel.writers import check_not_input

        check_not_input(args.html, args.report[0])
    found = _report(args)
    labeler = labeler_from(args)
    if args.trace:
        from chexlabel.render.trace import trace_text

        _write(trace_text(labeler.trace(found)))
        return 0
    labeled = labeler(found)
    text = found.text if isinstance(found, Report) else found
    attributions: tuple[Attribution, ...] = ()
    if args.attribution or args.attribution_threshold is not None:
        if labeler.refiner is None:
            why = f" ({labeler.refiner_note})" if labeler.refiner_note else ""
            raise RefinerError(f"--attribution is of the refiner, which does not run here{why}")
        attributions = labeler.attributions(found, labeled, threshold=args.attribution_threshold)
    if args.html is not None:
        from chexlabel.writers import write_atomic

        write_atomic(
            args.html, explanation_html(text, labeled, attributions=attributions), force=args.force
        )
        return 0
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        from rich.console import Console

        console = Console()
        if console.color_system is not None:
            _show(console, text, labeled)
            if attributions:
                words = attribution_text(text, attributions)
                console.print(f"\n{words}", markup=False, highlight=False, end="")
            return 0
    plain = explanation_text(text, labeled)
    if attributions:
        plain += f"\n{attribution_text(text, attributions)}"
    _write(plain)
    return 0


def _write(plain: str) -> None:
    """Write to standard output whatever its encoding."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(plain.encode(encoding, errors="replace").decode(encoding))


def _share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"a number from 0 to 1 is needed, not {value!r}")
    return share


def _report(args: argparse.Namespace) -> str | Report:
    """Find out what REPORT is and get it."""
    given: str = args.report[0]
    if len(args.report) > 1:
        if any(PATH_END.search(word) and path_exists(word) for word in args.report):
            raise InputError("explain shows one report; give one file, and choose with --id")
        # The words of a report without quotes around them.
        return " ".join(args.report)
    # One word like a path is taken as one, so that a mistyped file is not explained as a text.
    mistyped = len(given.split()) == 1 and PATH_END.search(given)
    if given == "-" or path_exists(given) or mistyped:
        return _from_source(given, args)
    return given


def _from_source(source: str, args: argparse.Namespace) -> Report:
    """Read the report that `--id` names, or else the first."""
    from chexlabel.readers import open_reports

    with open_reports(source, **reader_options(args)) as reports:
        for report in reports:
            ids = (report.stated_id, *map(str, report.columns.values()))
            if args.id is not None and args.id not in ids:
                continue
            if report.error is not None:
                raise InputError(f"report {report.id} of {source} cannot be read: {report.error}")
            return report
    if args.id is None:
        raise InputError(f"{source} has no reports")
    raise InputError(f"{source} has no report {args.id!r}; look in its identifying columns")


def _show(console: Console, text: str, labeled: LabeledReport) -> None:
    """Print to a terminal with colours."""
    from rich.table import Table
    from rich.text import Text

    from chexlabel.labels import LABEL_WORDS
    from chexlabel.render.explanation import explanation_rows, named_finding
    from chexlabel.render.highlight import LABEL_SIGNS

    console.print(_coloured(text, labeled))
    rows = explanation_rows(labeled)
    if not rows:
        console.print("\nThis report speaks of none of the findings.")
        return
    table = Table("Label", "Finding", "Words", "Cue", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        label = Text(f" {LABEL_SIGNS[row.label]} {LABEL_WORDS[row.label]} ", _STYLES[row.label])
        words, cues = " \u00b7 ".join(row.words), " \u00b7 ".join(row.cues)
        table.add_row(label, Text(named_finding(row), "bold"), Text(words), Text(cues))
    console.print()
    console.print(table)


def _coloured(text: str, labeled: LabeledReport) -> Text:
    """Colour the mentions and underline the cues; a sign ends every mention."""
    from rich.text import Text

    from chexlabel.render.highlight import LABEL_SIGNS, segments, strongest, visible

    shown = Text()
    for cut in segments(text, labeled.mentions):
        style = _STYLES[strongest(cut.mentions)] if cut.mentions else ""
        words = visible(text[cut.start : cut.end])
        shown.append(words, f"{style} underline" if cut.cues else style)
        ending = dict.fromkeys(m.label for m in cut.mentions if m.end == cut.end)
        if ending:
            shown.append(" " + "".join(LABEL_SIGNS[label] for label in ending), style)
    return shown
