"""`chexlabel completion`: a script by which the shell completes the command's arguments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from chexlabel.cli._arguments import add_quiet_option

if TYPE_CHECKING:
    from chexlabel.cli._parser import Parser

__all__ = ["add_parser", "run"]

_DESCRIPTION = """\
Print a script with which the shell completes commands, options and file names."""

_EPILOG = """\
to have it in every new shell:
  chexlabel completion bash > ~/.local/share/bash-completion/completions/chexlabel
  chexlabel completion zsh > ~/.zfunc/_chexlabel    (with ~/.zfunc in fpath)"""

_FILES = {"FILE", "SOURCE", "LABELS", "GOLD", "REFERENCES", "GENERATED", "[NAME=]FILE"}
_FOLDERS = {"DIR", "NAME|DIR", "NEWSET", "SET"}


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "completion", help="print a completion script", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument(
        "shell",
        metavar="SHELL",
        choices=("bash", "zsh", "tcsh"),
        help="your shell: bash, zsh or tcsh",
    )
    add_quiet_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from chexlabel.cli import COMMANDS, build_parser

    parser = build_parser(*(command.name for command in COMMANDS))
    _mark_paths(parser, shtab.FILE, shtab.DIRECTORY)
    script = shtab.complete(parser, args.shell)
    if args.shell == "bash":
        # "label" may be left out: where no command fits, a file is meant.
        script = script.replace(" -F _shtab", " -o default -F _shtab")
    print(script)
    return 0


def _mark_paths(parser: Parser, file: object, folder: object) -> None:
    """Tell shtab which arguments are paths; their metavars do."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                _mark_paths(inner, file, folder)
        elif action.metavar in _FILES or action.metavar in _FOLDERS:
            action.complete = file if action.metavar in _FILES else folder  # type: ignore[attr-defined]
