"""The command `chexlabel`: finds the command's module, runs it, and reports errors in one line."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._extras import optional_imports
from chexlabel._version import __version__
from chexlabel.cli._arguments import PATH_END, path_exists
from chexlabel.cli._parser import Parser, one_line
from chexlabel.errors import ChexlabelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["COMMANDS", "Command", "build_parser", "main"]


class Command(NamedTuple):
    """One command; its module is imported only when it is called.

    Attributes:
        name: as the user types it.
        module: a module with `add_parser(subparsers)` and `run(args) -> int`.
        help: one line for the list of commands.
    """

    name: str
    module: str
    help: str


COMMANDS = (
    Command("label", "chexlabel.cli.label", "label reports; may be left out"),
    Command("explain", "chexlabel.cli.explain", "show one report with its mentions and cues"),
    Command("patterns", "chexlabel.cli.patterns", "check, list and show pattern sets"),
    Command("validate", "chexlabel.cli.validate", "compare labels with manual labels"),
    Command("review", "chexlabel.cli.review", "show the reports most likely labeled wrong"),
    Command("stats", "chexlabel.cli.stats", "count labels and their co-occurrence"),
    Command("score", "chexlabel.cli.score", "score generated reports against references"),
    Command("samples", "chexlabel.cli.samples", "write the sample reports, to try things out"),
)
"""All commands in the order of the help text."""

_DESCRIPTION = """\
Label free-text chest X-ray reports: positive, negative, uncertain or blank for
each of 14 findings. Nothing leaves this machine."""

_EPILOG = """\
examples:
  chexlabel samples -o reports.csv
  chexlabel reports.csv -o labels.csv
  chexlabel explain "No focal consolidation. Small left effusion."

"chexlabel COMMAND --help" tells more of a command; "label" may be left out.
A file named like a command is written ./label, ./stats and so on."""

_INTERRUPTED = 128 + signal.SIGINT
_BROKEN_PIPE = 128 + 13  # SIGPIPE, which Windows does not have


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments after the program's name; those of the process by default.

    Returns:
        The exit status: 0 done, 1 an error of chexlabel's own, 2 an error that the user can mend,
        130 interrupted, 141 the reader of the output closed it, 143 terminated.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with _termination_unwinds():
            status = _run(arguments)
            sys.stdout.flush()
            return status
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except KeyboardInterrupt:
        _complain("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        # What is still buffered cannot go anywhere; without this the interpreter tries at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except ChexlabelError as error:
        if _debugging():
            raise
        _complain(f"error: {error}")
        return 2
    except Exception as error:
        if _debugging():
            raise
        from chexlabel._faults import fault

        _complain(
            f"internal error: {fault(error)}; please report it; "
            "CHEXLABEL_DEBUG=1 shows the traceback (which may quote a report)"
        )
        return 1


def build_parser(command: str | None = None) -> Parser:
    """Build the parser, complete for one command; the others are only named in it.

    Args:
        command: the name of the command whose module is imported; `None` for none.
    """
    parser = Parser(prog="chexlabel", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action=_Version)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for known in COMMANDS:
        if known.name == command:
            importlib.import_module(known.module).add_parser(subparsers)
        else:
            subparsers.add_parser(known.name, help=known.help)
    return parser


class _Version(argparse.Action):
    """Print the versions of chexlabel and, where one is installed, of its refiner."""

    def __init__(self, option_strings: Sequence[str], **_: object) -> None:
        help_text = "show program's version number and exit"
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help_text)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from chexlabel_neural.select import installed_refiner

        refiner = installed_refiner()
        print(f"chexlabel {__version__}" + (f" (refiner {refiner})" if refiner else ""))
        parser.exit()


def _run(arguments: list[str]) -> int:
    arguments = _with_command(arguments)
    modules = {command.name: command.module for command in COMMANDS}
    command = arguments[0] if arguments[0] in modules else None
    parser = build_parser(command)
    args, unknown = parser.parse_known_args(arguments)
    if unknown:
        where = f"chexlabel {args.command}" if args.command else "chexlabel"
        raise ChexlabelError(f"unrecognized arguments: {' '.join(unknown)}; see {where} --help")
    with optional_imports():
        run = importlib.import_module(modules[args.command]).run
        return int(run(args))


def _with_command(arguments: list[str]) -> list[str]:
    """Put in what may be left out: the command `label`, or `--help` where there is nothing."""
    if not arguments:
        return ["--help"]
    first = arguments[0]
    names = [command.name for command in COMMANDS]
    if first in (*names, "-h", "--help", "--version"):
        return arguments
    if not first.startswith("-") and not path_exists(first):
        similar = difflib.get_close_matches(first, names, n=1, cutoff=0.75)
        if similar:
            raise ChexlabelError(
                f"there is no file and no command {first!r}; did you mean {similar[0]!r}?"
            )
        if _is_prose(first):
            # Not quoted: it may be a report.
            raise ChexlabelError(
                "the argument is a text, not a file; "
                'to see one report labeled: chexlabel explain "..."'
            )
    return ["label", *arguments]


def _is_prose(argument: str) -> bool:
    """Tell a report from the path of a file that is not there."""
    if len(argument) > 1000 or "\n" in argument or "\0" in argument:
        return True
    if len(argument.split()) < 2:
        return False
    return argument.endswith((".", "?")) or not PATH_END.search(argument)


def _debugging() -> bool:
    return os.environ.get("CHEXLABEL_DEBUG", "") not in ("", "0")


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):
        print(f"chexlabel: {one_line(message)}", file=sys.stderr)


@contextlib.contextmanager
def _termination_unwinds() -> Iterator[None]:
    """Let a polite kill, as a cluster's scheduler sends, remove unfinished files on its way out."""

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    try:
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            yield
            return
        signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
