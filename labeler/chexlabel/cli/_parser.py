"""The argument parser of all commands: one-line errors, and help that every Python prints alike."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

from chexlabel.errors import one_line

__all__ = ["HelpFormatter", "Parser"]

_COLUMNS = 80
"""Where there is no terminal to ask."""


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help with short usage lines.

    What differs between versions of argparse is settled here: the layout of options with a value
    ("-o, --output FILE") and the wrapping of the usage line (never wrapped: options are summed up).
    """

    def __init__(self, prog: str, **kwargs: Any) -> None:  # noqa: ANN401 - argparse's
        kwargs.setdefault("width", _columns() - 2)
        super().__init__(prog, max_help_position=27, **kwargs)

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],  # noqa: ARG002 - argparse's signature
        prefix: str | None,
    ) -> str:
        if usage is None:
            words = [self._prog]
            if any(action.option_strings for action in actions):
                words.append("[options]")
            words += [
                self._format_args(action, str(action.metavar or action.dest))
                for action in actions
                if not action.option_strings and action.help != argparse.SUPPRESS
            ]
            usage = " ".join(word for word in words if word)
        return f"{'usage: ' if prefix is None else prefix}{usage}\n\n"

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        names = ", ".join(action.option_strings)
        if action.nargs == 0:
            return names
        return f"{names} {self._format_args(action, action.dest.upper())}"


def _columns() -> int:
    """Return the width of the terminal, as `shutil` does, which takes longer to load than to ask.

    Argparse makes a formatter for each option, also where no help is wanted.
    """
    with contextlib.suppress(KeyError, ValueError):
        if (stated := int(os.environ["COLUMNS"])) > 0:
            return stated
    columns = 0
    if sys.__stdout__ is not None:
        with contextlib.suppress(ValueError, OSError):  # closed, or no terminal
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns
    return columns if columns > 0 else _COLUMNS


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line; its subparsers are of the same kind."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - argparse's
        kwargs.setdefault("formatter_class", HelpFormatter)
        # An abbreviation that works today would change its meaning with the next option.
        kwargs.setdefault("allow_abbrev", False)
        if sys.version_info >= (3, 14):
            kwargs.setdefault("color", False)
        super().__init__(**kwargs)

    def options(self) -> set[str]:
        """Return the options of this parser and of its subparsers."""
        known = set(self._option_string_actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                known.update(*(parser.options() for parser in action.choices.values()))
        return known

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with status 2."""
        self.exit(2, f"chexlabel: error: {one_line(message)}; see {self.prog} --help\n")
