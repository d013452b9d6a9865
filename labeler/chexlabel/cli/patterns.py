"""`chexlabel patterns`: check, list and show pattern sets, and import phrases into a new one."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chexlabel.cli._arguments import add_quiet_option
from chexlabel.errors import PatternError, one_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from chexlabel.patterns import CheckResult, Problem

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Look into pattern sets: the folders of YAML files that hold all findings, phrases
and rules. A set is named by its folder, or by its name if it ships with chexlabel."""

_CHECK = """\
Check a pattern set: its files against the schema, its phrases for contradictions,
and its examples, sentences that must get their label. What is found is printed one
a line as FILE:LINE: and what to do. The examples of the set that it extends are run
too, and those that get another label listed as changed. With --compose every phrase
is put into composed statements, whose labels are known from how they are made (see
composition.yaml). Exit status 2 if there are errors, 1 if only own examples or
statements fail, 0 otherwise."""

_LIST = "List the pattern sets that ship with chexlabel."

_SHOW = """\
Show the phrases of a set one a line, as FILE:LINE: part: key: phrase, merged with
those of the set that it extends. Of equal phrases the last one counts."""

_IMPORT = """\
Turn a `phrases` folder of the CheXpert labeler (mention/*.txt, unmention/*.txt with
a phrase a line) into a pattern set that extends chexpert14."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser, with one for each of its commands."""
    parser = subparsers.add_parser(
        "patterns", help="check, list and show pattern sets", description=_DESCRIPTION
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="patterns_command", required=True
    )
    check = commands.add_parser(
        "check", help="check a set and run its examples", description=_CHECK
    )
    check.add_argument("set", metavar="SET", help="name or folder of a pattern set")
    check.add_argument(
        "--compose", action="store_true", help="check composed statements of all phrases too"
    )
    check.add_argument(
        "--seed", type=int, default=0, metavar="N", help="which statements (default: 0)"
    )
    listing = commands.add_parser(
        "list", help="list the sets that ship with chexlabel", description=_LIST
    )
    show = commands.add_parser("show", help="show the phrases of a set", description=_SHOW)
    show.add_argument("set", metavar="SET", help="name or folder of a pattern set")
    show.add_argument(
        "part",
        metavar="PART",
        nargs="?",
        help="a finding, a kind of cue, states, structure or spelling (default: all)",
    )
    importing = commands.add_parser(
        "import", help="make a set of CheXpert labeler phrases", description=_IMPORT
    )
    importing.add_argument("folder", metavar="DIR", help="the `phrases` folder")
    importing.add_argument(
        "-o", "--output", metavar="NEWSET", required=True, help="folder to write; must be new"
    )

    for inner in (check, listing, show, importing):
        add_quiet_option(inner, "print what is wrong only" if inner is check else "no messages")


def run(args: argparse.Namespace) -> int:
    """Run the command that was asked for."""
    status: int = _COMMANDS[args.patterns_command](args)
    return status


def _check(args: argparse.Namespace) -> int:
    from chexlabel.patterns import check_set

    result = check_set(args.set)
    _print_problems("error", result.errors)
    _print_problems("warning", result.warnings)
    _print_problems("example", (failure.problem for failure in result.failures))
    _print_problems("changed", (change.problem for change in result.changed))
    if not args.quiet:
        print(one_line(f"{args.set}: {_in_words(result)}"))
    misread = _compose(args) if args.compose and not result.errors else 0
    return 2 if result.errors else 1 if result.failures or misread else 0


def _compose(args: argparse.Namespace) -> int:
    """Check composed statements; return how many do not get their labels."""
    from chexlabel.composition import check_composition

    result = check_composition(args.set, seed=args.seed)
    _print_problems("statement", (failure.problem for failure in result.failures))
    counts = f"{len(result.failures)} of {_number(result.statements, 'composed statement')} failed"
    if not args.quiet:
        print(one_line(f"{args.set}: {counts}"))
    return len(result.failures)


def _list(_: argparse.Namespace) -> int:
    from chexlabel.patterns import list_sets

    rows: list[tuple[str, ...]] = [("NAME", "VERSION", "FINDINGS", "PHRASES", "EXAMPLES", "FOLDER")]
    for known in list_sets():
        numbers = (len(known.findings), known.phrases, known.examples)
        rows.append((known.name, known.version, *map("{:,}".format, numbers), str(known.path)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    return 0


def _show(args: argparse.Namespace) -> int:
    from chexlabel.patterns import read_set, set_entries

    entries = list(set_entries(read_set(args.set)))
    if args.part is not None:
        groups = dict.fromkeys(entry.group for entry in entries)
        names = {group.casefold(): group for group in groups}
        wanted = names.get(args.part.casefold())
        if wanted is None:
            similar = difflib.get_close_matches(args.part.casefold(), names, n=1, cutoff=0.5)
            hint = f"did you mean {names[similar[0]]!r}? " if similar else ""
            raise PatternError(
                f"{args.set} has no part {args.part!r}; {hint}it has: {', '.join(groups)}"
            )
        entries = [entry for entry in entries if entry.group == wanted]
    for entry in entries:
        phrase = entry.phrase
        place = f"{_short(phrase.file)}:{phrase.line}"
        print(one_line(f"{place}: {entry.group}: {entry.key}: {phrase.text}"))
    return 0


def _import(args: argparse.Namespace) -> int:
    from chexlabel.patterns import import_phrases

    result = import_phrases(args.folder, args.output)
    if not args.quiet:
        _print_problems("note", result.notes)
        print(
            one_line(
                f"{result.path}: {_number(len(result.findings), 'finding')} from "
                f"{_number(result.phrases, 'phrase')}; "
                f"see: chexlabel patterns check {args.output}"
            )
        )
    return 0


_COMMANDS = {"check": _check, "list": _list, "show": _show, "import": _import}


def _print_problems(kind: str, problems: Iterable[Problem]) -> None:
    for problem in problems:
        place = f"{_short(problem.file)}:{problem.line}"
        print(one_line(f"{place}: {kind}: {problem.message}"))


def _in_words(result: CheckResult) -> str:
    """Sum a check up."""
    counts = [
        _number(len(result.errors), "error"),
        _number(len(result.warnings), "warning"),
        f"{len(result.failures)} of {_number(result.examples, 'example')} failed",
    ]
    if result.changed:
        counts.append(f"{_number(len(result.changed), 'inherited example')} changed")
    words = ", ".join(counts)
    if result.summary is None:
        return words
    return f"{_number(len(result.summary.findings), 'finding')}: {words}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _short(path: Path) -> str:
    """Return a path as seen from here, that of a shipped set as seen from the folder of those."""
    from chexlabel.patterns.load import sets_folder

    for root in (Path.cwd(), sets_folder()):
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return str(path)
