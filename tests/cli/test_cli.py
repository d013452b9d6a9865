"""The command line itself: dispatch, errors in one line, exit statuses, light imports."""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import subprocess
import sys
import types
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

import chexlabel.cli
from chexlabel._faults import fault
from chexlabel._version import __version__
from chexlabel.cli import COMMANDS, Command, build_parser, main
from chexlabel.cli._parser import Parser
from chexlabel.engine import match
from chexlabel.errors import InputError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAVY = {
    "lxml",
    "negspacy",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "rich",
    "scipy",
    "sklearn",
    "spacy",
    "torch",
    "transformers",
    "yaml",
}


def command(monkeypatch, run) -> None:
    """Make `probe` a command that calls `run`."""

    def add_parser(subparsers: argparse._SubParsersAction) -> None:
        subparsers.add_parser("probe").add_argument("--value", type=int)

    module = types.ModuleType("chexlabel_probe")
    module.add_parser, module.run = add_parser, run
    monkeypatch.setitem(sys.modules, module.__name__, module)
    probe = Command("probe", module.__name__, "a probe")
    monkeypatch.setattr(chexlabel.cli, "COMMANDS", (*COMMANDS, probe))


def test_no_arguments_and_help_print_help(capsys) -> None:
    assert main([]) == 0
    first = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == first
    for known in COMMANDS:
        assert f"    {known.name}" in first
        assert known.help in first


def test_version(capsys) -> None:
    assert main(["--version"]) == 0
    build = "pure Python" if match.__file__.endswith(".py") else "compiled"
    assert capsys.readouterr().out == f"chexlabel {__version__} ({build})\n"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["label", "--help"], ["explain", "--help"], ["samples", "--help"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from chexlabel.cli import main; status = main(sys.argv[1:]); "
        f"found = {HEAVY!r} & set(sys.modules); sys.exit(' '.join(sorted(found)) or status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: chexlabel")


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chexlabel", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout.startswith(f"chexlabel {__version__} (")


def test_the_installed_command_is_main() -> None:
    try:
        scripts = metadata.distribution("chexlabel").entry_points.select(group="console_scripts")
    except metadata.PackageNotFoundError:
        pytest.skip("chexlabel is not installed here, only on the path")
    assert [(script.name, script.load()) for script in scripts] == [("chexlabel", main)]


def test_a_commands_status_is_the_exit_status(monkeypatch) -> None:
    command(monkeypatch, lambda args: args.value)
    assert main(["probe", "--value", "7"]) == 7


def test_an_error_of_the_user_is_one_line(monkeypatch, capsys) -> None:
    def run(_: argparse.Namespace) -> int:
        raise InputError("a\x1b[31m.csv: not found;\nname another")

    command(monkeypatch, run)
    assert main(["probe"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "chexlabel: error: a\\x1b[31m.csv: not found;\\nname another\n"


def broken(_: argparse.Namespace) -> int:
    raise ZeroDivisionError("the patient Jane Doe")


def test_an_error_of_our_own_says_where_but_quotes_nothing(monkeypatch, capsys) -> None:
    command(monkeypatch, broken)
    monkeypatch.delenv("CHEXLABEL_DEBUG", raising=False)
    assert main(["probe"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("chexlabel: internal error: ZeroDivisionError at ")
    assert "CHEXLABEL_DEBUG=1" in err
    assert err.count("\n") == 1
    assert "Jane" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("error", [ZeroDivisionError, InputError])
def test_debugging_shows_the_traceback(monkeypatch, error: type[Exception]) -> None:
    def run(_: argparse.Namespace) -> int:
        raise error("x")

    command(monkeypatch, run)
    monkeypatch.setenv("CHEXLABEL_DEBUG", "1")
    with pytest.raises(error):
        main(["probe"])


def test_an_interrupt_is_status_130(monkeypatch, capsys) -> None:
    def run(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    command(monkeypatch, run)
    assert main(["probe"]) == 130
    assert capsys.readouterr().err == "chexlabel: interrupted\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["label"], "the following arguments are required: SOURCE; see chexlabel label --help"),
        (["samples", "a"], "one argument too many; see chexlabel samples --help"),
        (["samples", "No", "edema"], "2 arguments too many; see chexlabel samples --help"),
        (["label", "No", "large", "edema"], "several sources are files, and their labels go to a"),
        (["a.csv", "--forc"], "unknown option --forc; did you mean --force?"),
        (["a.csv", "--zyx=No edema"], "unknown option --zyx; see chexlabel label --help"),
        (["--verison"], "unknown option --verison; did you mean --version?"),
        (["patterns", "check", "a", "--quite"], "unknown option --quite; did you mean --quiet?"),
        (["hlep"], "there is no file and no command 'hlep'; did you mean 'help'?"),
        (["a.csv", "-j", "x"], "argument -j/--workers: a number of processes is needed, not 'x'"),
        (["a.csv", "-j", "-1"], "argument -j/--workers"),
        (["a.csv", "--sections", ","], "argument --sections: name at least one section"),
        (["a.csv", "--assertion", "guess"], "argument --assertion: invalid choice: 'guess'"),
        (["explian", "x"], "there is no file and no command 'explian'; did you mean 'explain'?"),
    ],
)
def test_misuse_is_one_line_and_status_2(arguments: list[str], said: str, capsys) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"chexlabel: error: {said}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["No edema.", "No edema and/or effusion.", "edema\nedema", "x" * 5000, "a\0b"]
)
@pytest.mark.parametrize("command", [[], ["label"], ["label", "-q"]])
def test_a_report_in_place_of_a_file_is_not_quoted(text: str, command: list[str], capsys) -> None:
    assert main([*command, text]) == 2
    err = capsys.readouterr().err
    assert "the argument is a text, not a file; " in err
    assert "edema" not in err
    assert "chexlabel explain" in err


@pytest.mark.parametrize("arguments", [["help"], ["help", "label"], ["help", "patterns", "check"]])
def test_help_is_a_command_too(arguments: list[str], capsys) -> None:
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert main([*arguments[1:], "--help"]) == 0
    assert capsys.readouterr().out == shown
    assert shown.startswith(" ".join(["usage: chexlabel", *arguments[1:]]))


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers of all commands that do something."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)
            return
    yield parser


def test_every_command_can_be_quiet() -> None:
    complete = build_parser(*(command.name for command in COMMANDS))
    assert [
        parser.prog for parser in parsers(complete) if not {"-q", "--quiet"} <= parser.options()
    ] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_the_shell_completes_commands_options_and_files(shell: str, capsys) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("validate", "evidence", "patterns", "import", "--force".strip("-")):
        assert word in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("va", ["validate"]),
        ("label --evid", ["--evidence"]),
        ("label rep", ["reports.csv"]),
        ("rep", []),  # left to the shell, which completes the file
    ],
)
def test_bash_completes(typed: str, completed: list[str], tmp_path, capsys) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "completion.bash"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "reports.csv").touch()
    words = ["chexlabel", *typed.split()]
    code = (
        f"source {script.name}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
        "_shtab_chexlabel chexlabel; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        [shutil.which("bash") or "", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == completed
    assert "-o default -F _shtab_chexlabel" in script.read_text()


@pytest.mark.parametrize("path", ["no/such/file.csv", "my reports.csv", "reports"])
def test_a_file_that_is_not_there_is_named(path: str, capsys) -> None:
    assert main([path]) == 2
    err = capsys.readouterr().err
    assert err.startswith("chexlabel: error: ")
    assert path in err


def test_samples(tmp_path, capsysbinary) -> None:
    from chexlabel.readers import open_reports

    assert main(["samples", "-o", str(tmp_path / "reports.csv")]) == 0
    with open_reports(tmp_path / "reports.csv") as reports:
        assert reports.id_columns == ("id",)
        assert sum(1 for report in reports if report.error is None) >= 40
        assert reports.text_columns == ("report",)
    assert main(["samples", "--labels", "-o", str(tmp_path / "labels.csv")]) == 0
    ids = [
        [row["id"] for row in csv.DictReader(io.StringIO((tmp_path / name).read_text()))]
        for name in ("reports.csv", "labels.csv")
    ]
    assert ids[0] == ids[1]
    assert main(["samples", "-o", str(tmp_path / "reports.csv")]) == 2
    capsysbinary.readouterr()
    assert main(["samples"]) == 0
    assert capsysbinary.readouterr().out == (tmp_path / "reports.csv").read_bytes()


def test_lines_cannot_break_or_command_a_terminal() -> None:
    assert one_line("a\nb\x1b]0;x\x07\u202e é 😀") == "a\\nb\\x1b]0;x\\x07\\u202e é 😀"


def test_a_fault_outside_the_package_names_the_innermost_file() -> None:
    assert fault(ValueError("secret")) == "ValueError"
    with pytest.raises(ValueError, match="secret") as caught:
        int("secret")
    assert fault(caught.value).startswith("ValueError at test_cli.py:")


def test_a_fault_names_the_line_of_our_code_that_it_passed() -> None:
    from chexlabel.writers import recognise_format

    with pytest.raises(TypeError) as caught:
        recognise_format(None)
    assert fault(caught.value).startswith("TypeError at chexlabel/writers/layout.py:")


def test_help_is_laid_out_alike_by_every_python() -> None:
    parser = Parser(prog="x")
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to")
    parser.add_argument("--many", nargs="+", metavar="N")
    parser.add_argument("-f", "--force", action="store_true")
    subparsers = parser.add_subparsers(metavar="COMMAND")
    inner = subparsers.add_parser("inner", help="an inner command")
    stream = io.StringIO()
    parser.print_help(stream)
    shown = stream.getvalue()
    assert shown.startswith("usage: x [options] SOURCE COMMAND ...\n\n")
    assert "  -o, --output FILE  where to\n" in shown
    assert "  --many N [N ...]" in shown
    assert "  -f, --force\n" in shown
    assert inner.prog == "x SOURCE inner"
    assert isinstance(inner, Parser)
