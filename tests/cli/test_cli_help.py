"""docs/cli.md shows the help of every command as it is.

After a change: `CHEXLABEL_UPDATE_DOCS=1 python -m pytest tests/cli/test_cli_help.py`.
"""

from __future__ import annotations

import argparse
import os
import re

import pytest

from chexlabel.cli import COMMANDS, build_parser
from places import ROOT

PAGE = ROOT / "docs" / "cli.md"
WIDTH = "88"

BLOCK = re.compile(r"(<!-- help: (?P<command>[a-z ]*) -->\n```text\n)(?P<help>.*?)(```\n)", re.S)


@pytest.fixture(autouse=True)
def _fixed_width(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", WIDTH)


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def helps() -> dict[str, str]:
    """Return the help of `chexlabel`, of every command, and of every command's commands."""
    shown = {"chexlabel": build_parser().format_help()}
    for command in COMMANDS:
        parser = subcommands(build_parser(command.name))[command.name]
        shown[f"chexlabel {command.name}"] = parser.format_help()
        for name, inner in subcommands(parser).items():
            shown[f"chexlabel {command.name} {name}"] = inner.format_help()
    return shown


def page(shown: dict[str, str], before: str) -> str:
    """Put the help texts into the page, new commands at its end."""
    listed = {match["command"] for match in BLOCK.finditer(before)}
    for name in shown:
        if name not in listed:
            level = "#" * min(max(name.count(" ") + 1, 2), 3)
            before += f"\n{level} `{name}`\n\n<!-- help: {name} -->\n```text\n```\n"
    return BLOCK.sub(lambda match: f"{match[1]}{shown[match['command']]}{match[4]}", before)


def test_the_page_shows_the_help_of_every_command() -> None:
    shown = helps()
    before = PAGE.read_text(encoding="utf-8")
    if os.environ.get("CHEXLABEL_UPDATE_DOCS"):
        PAGE.write_text(page(shown, before), encoding="utf-8")
        before = PAGE.read_text(encoding="utf-8")
    assert {match["command"]: match["help"] for match in BLOCK.finditer(before)} == shown


def test_the_help_fits_its_width() -> None:
    for name, text in helps().items():
        assert max(map(len, text.splitlines())) <= int(WIDTH), name


def test_the_options_of_stats_speak_of_no_gold() -> None:
    assert "gold" not in helps()["chexlabel stats"]
