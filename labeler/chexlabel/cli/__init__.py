"""The command `chexlabel`: finds the command's module, runs it, and reports errors in one line."""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import itertools
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._extras import optional_imports
from chexlabel._version import __version__
from chexlabel.cli._arguments import TEXT_NOT_FILE, is_prose, path_exists
from chexlabel.cli._parser import Parser
from chexlabel.errors import ChexlabelError, RefinerError, one_line

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
    Command("train", "chexlabel.cli.train", "train a refiner, or adapt it to your reports"),
    Command("distill", "chexlabel.cli.distill", "make the small refiner of trained teachers"),
    Command("calibrate", "chexlabel.cli.calibrate", "set when a refiner may change a label"),
    Command("stats", "chexlabel.cli.stats", "count labels and their co-occurrence"),
    Command("score", "chexlabel.cli.score", "score generated reports against references"),
    Command("chexpert", "chexlabel.cli.chexpert", "label as the CheXpert labeler's label.py does"),
    Command("samples", "chexlabel.cli.samples", "write the sample reports, to try things out"),
    Command(
        "completion", "chexlabel.cli.completion", "print the shell's completion of this command"
    ),
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

"chexlabel help COMMAND" tells more of a command; "label" may be left out.
A file named like a command is written ./label, ./stats and so on."""

_INTERRUPTED = 128 + signal.SIGINT
_BROKEN_PIPE = 128 + 13  # SIGPIPE, which Windows does not have


_UNWRITABLE = (errno.EBADF, errno.EIO, errno.ENOSPC)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments after the program's name; those of the process by default.

    Returns:
        The exit status: 0 done, 1 an error of chexlabel's own, 2 an error that the user can mend,
        3 done but for reports that could not be read, 129 hung up, 130 interrupted, 141 the reader
        of the output closed it, 143 terminated.
    """
    _open_closed_streams()
    status = _status(list(sys.argv[1:] if argv is None else argv))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return _BROKEN_PIPE
    except OSError as error:
        _discard_output()
        if status == 0:
            return _unwritable(error)
    return status


def _status(arguments: list[str]) -> int:
    """Run the command; say what went wrong in one line, and return the exit status."""
    try:
        with _termination_unwinds():
            return _run(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except KeyboardInterrupt:
        _complain("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return _BROKEN_PIPE
    except ChexlabelError as error:
        if _debugging():
            raise
        _complain(f"error: {error}")
        return 2
    except Exception as error:
        if _debugging():
            raise
        if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
            _discard_output()
            return _unwritable(error)
        from chexlabel._faults import fault

        _complain(
            f"internal error: {fault(error)}; please report it; "
            "CHEXLABEL_DEBUG=1 shows the traceback (which may quote a report)"
        )
        return 1


def _unwritable(error: OSError) -> int:
    _complain(f"error: cannot write to standard output: {error.strerror}")
    return 2


def _discard_output() -> None:
    """Drop what is still buffered and cannot go anywhere; the interpreter would try at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed_streams() -> None:
    """Put something in the place of standard streams that the shell has closed (`>&-`).

    Python has `None` there, and the next file that is opened would get their number. Standard input
    is then empty, errors go nowhere, and writing to standard output fails, as for other programs.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - stays open
    if sys.stdout is None:
        unwritable = os.open(os.devnull, os.O_RDONLY)
        sys.stdout = open(unwritable, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - stays open


def build_parser(*complete: str, only: bool = False) -> Parser:
    """Build the parser, complete for some commands; the others are only named in it.

    Args:
        complete: the names of the commands whose modules are imported.
        only: leave the others out: where the command is known, nothing is asked of them.
    """
    parser = Parser(prog="chexlabel", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action=_Version)
    subparsers = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", prog=parser.prog
    )
    for known in COMMANDS:
        if known.name in complete:
            importlib.import_module(known.module).add_parser(subparsers)
        elif not only:
            subparsers.add_parser(known.name, help=known.help)
    return parser


class _Version(argparse.Action):
    """Print the version of chexlabel, the build, and the refiner that a run would use."""

    def __init__(self, option_strings: Sequence[str], **_: object) -> None:
        help_text = "show program's version number and exit"
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help_text)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from chexlabel_neural.select import installed_refiner

        try:
            refiner = installed_refiner()
            named = f", refiner {refiner}" if refiner else ""
        except RefinerError as error:  # which a run would end with
            named = one_line(f"; {error}")
        print(f"chexlabel {__version__} ({_build()}{named})")
        parser.exit()


def _build() -> str:
    """Tell whether the engine runs as machine code or as Python (docs/scale.md)."""
    from importlib.util import find_spec

    engine = find_spec("chexlabel.engine.match")
    is_pure = engine is None or (engine.origin or "").endswith(".py")
    return "pure Python" if is_pure else "compiled"


def _run(arguments: list[str]) -> int:
    if "" in arguments:  # "" as a path would be the current folder
        raise ChexlabelError("an argument is empty; is a variable of the shell not set?")
    arguments = _with_command(arguments)
    modules = {command.name: command.module for command in COMMANDS}
    command = arguments[0]
    parser = build_parser(command, only=True) if command in modules else build_parser()
    _refuse_unknown_options(parser, arguments)
    args, unknown = parser.parse_known_args(arguments)
    if unknown:
        # Not quoted: they may be the words of a report.
        number = "one argument" if len(unknown) == 1 else f"{len(unknown)} arguments"
        raise ChexlabelError(f"{number} too many; see chexlabel {args.command or ''} --help")
    with optional_imports():
        run = importlib.import_module(modules[args.command]).run
        return int(run(args))


def _refuse_unknown_options(parser: Parser, arguments: list[str]) -> None:
    """Name an option that the command does not have, and the one that was meant.

    Argparse would first miss what the option may have been meant to give.
    """
    known = parser.options()
    for argument in itertools.takewhile(lambda argument: argument != "--", arguments):
        option = argument.partition("=")[0]
        if not re.fullmatch(r"--[a-zA-Z][\w-]*", option) or option in known:
            continue
        from difflib import get_close_matches  # for the message alone

        similar = get_close_matches(option, known, n=1)
        hint = f"; did you mean {similar[0]}?" if similar else ""
        command = arguments[0] if arguments[0] in [known.name for known in COMMANDS] else ""
        see = f"see chexlabel {command} --help".replace("  ", " ")
        raise ChexlabelError(f"unknown option {option}{hint or '; ' + see}")


def _with_command(arguments: list[str]) -> list[str]:
    """Put in what may be left out: the command `label`, or `--help` where there is nothing."""
    if not arguments:
        return ["--help"]
    first, *rest = arguments
    names = [command.name for command in COMMANDS]
    if first == "help" and not path_exists(first):
        return [*rest, "--help"]
    if first in (*names, "-h", "--help", "--version"):
        return arguments
    if not first.startswith("-") and not path_exists(first):
        from difflib import get_close_matches  # for the message alone

        similar = get_close_matches(first, [*names, "help"], n=1, cutoff=0.75)
        if similar:
            raise ChexlabelError(
                f"there is no file and no command {first!r}; did you mean {similar[0]!r}?"
            )
        if is_prose(first):
            raise ChexlabelError(TEXT_NOT_FILE)
    return ["label", *arguments]


def _debugging() -> bool:
    return os.environ.get("CHEXLABEL_DEBUG", "") not in ("", "0")


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):
        print(f"chexlabel: {one_line(message)}", file=sys.stderr)


@contextlib.contextmanager
def _termination_unwinds() -> Iterator[None]:
    """Let a polite kill, as a cluster's scheduler sends, remove unfinished files on its way out.

    So does a terminal that is closed (SIGHUP); where `nohup` has it ignored it stays ignored.
    """

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    taken: list[signal.Signals] = []
    try:
        for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                with contextlib.suppress(ValueError):  # not in the main thread
                    signal.signal(number, stop)
                    taken.append(number)
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
