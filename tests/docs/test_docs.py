"""The examples of README.md and docs/*.md are run, and say what they show.

Each page has a folder of its own, in which its blocks run from top to bottom:

- ```yaml blocks that begin with a remark `# path/to/file` are written to that file; others must be
  findings files, whose examples hold.
- ```console blocks hold commands after `$ `, each followed by what it prints (standard error may be
  left out). `cat` writes the file that it shows if there is none yet.
- ```python blocks are run, ```pycon blocks are doctests. Names are shared within a page.
- The chexlabel commands in ```sh blocks must be possible.

After a change: `CHEXLABEL_UPDATE_DOCS=1 python -m pytest tests/docs/test_docs.py` fills in what the
commands of the ```console blocks print.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from chexlabel import Labeler
from chexlabel.cli import _with_command, build_parser, main
from chexlabel.patterns import check_set
from chexlabel.patterns._yaml import read_yaml
from places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

PAGES = sorted(path.relative_to(ROOT) for path in (ROOT / "README.md", *ROOT.glob("docs/*.md")))
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
VARIES = (
    (re.compile(r"\d+\.\d\d s \([\d,]+ reports/s\)"), "0.01 s (1,000 reports/s)"),
    (re.compile(r"; rules only: CHEXLABEL_REFINER is off"), ""),  # as in all tests
    (re.compile(r"(chexpert14/[\w/]+\.yaml):\d+"), r"\1:N"),  # lines of the shipped files
)


class Block(NamedTuple):
    """One block of a page."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(match["language"], match["text"], text.count("\n", 0, match.start("text")))
        for match in BLOCK.finditer(text)
    ]


class Page:
    """The state of a page whose blocks are run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.names: dict[str, object] = {"__name__": "__main__"}

    def run(self, block: Block) -> None:
        runner = getattr(self, f"run_{block.language}", None)
        if runner is not None:
            runner(block)

    def run_yaml(self, block: Block) -> None:
        named = re.match(r"# (\S+\.yaml)\n", block.text)
        if named:
            write(Path(named[1]), block.text)
        else:
            check_pattern_file(block.text)

    def run_console(self, block: Block) -> None:
        for command, shown in commands(block.text):
            printed = [stable(text) for text in output(command, shown)]
            assert stable(shown) in printed, command

    def run_python(self, block: Block) -> None:
        code = "\n" * block.line + block.text
        exec(compile(code, self.name, "exec"), self.names)  # noqa: S102 - it is our own

    def run_pycon(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(
            block.text, self.names, self.name, self.name, block.line
        )
        said: list[str] = []
        doctest.DocTestRunner(verbose=False).run(test, out=said.append, clear_globs=False)
        self.names.update(test.globs)
        assert not said, "".join(said)

    def run_sh(self, block: Block) -> None:
        for command in re.split(r"&&|\||\n", block.text):
            words = shlex.split(command, comments=True)
            if words[:1] == ["chexlabel"]:
                arguments = _with_command(words[1:])
                build_parser(arguments[0]).parse_args(arguments)


def commands(text: str) -> list[tuple[str, str]]:
    """Return the commands of a console block with what they are said to print."""
    pieces = re.split(r"^\$ (.*)\n", text, flags=re.M)
    assert pieces[0] == "", "a console block begins with a command"
    return list(zip(pieces[1::2], pieces[2::2], strict=True))


def output(command: str, shown: str) -> tuple[str, str]:
    """Run a command of a console block; return what it prints, without and with standard error."""
    program, *arguments = shlex.split(command)
    if program == "cat":
        (path,) = map(Path, arguments)
        if not path.exists():
            write(path, shown)
        return (path.read_text(encoding="utf-8"),) * 2
    assert program == "chexlabel", f"{program} is not run in a console block; use an sh block"
    printed = io.BytesIO()
    with (
        contextlib.redirect_stdout(io.TextIOWrapper(printed, "utf-8", write_through=True)),
        contextlib.redirect_stderr(io.StringIO()) as complaints,
    ):
        main(arguments)
        said = printed.getvalue().decode()
    return said, said + complaints.getvalue()


def stable(text: str) -> str:
    """Replace what differs from run to run."""
    for varies, instead in VARIES:
        text = varies.sub(instead, text)
    return text


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def check_pattern_file(text: str) -> None:
    """Check a findings file that stands alone: in a set of its own, with its examples."""
    write(Path("alone/findings/finding.yaml"), text)
    finding = read_yaml(Path("alone/findings/finding.yaml"))[0]["finding"]
    info = f'name: alone\nversion: "1"\nextends: chexpert14\nfindings: [..., {finding}]\n'
    write(Path("alone/set.yaml"), info)
    result = check_set("alone")
    assert [str(problem) for problem in result.errors] == []
    assert [str(failure.problem) for failure in result.failures] == []


def update(page: Path, run: Callable[[Block], None]) -> None:
    """Fill in what the commands of a page print."""

    def filled(match: re.Match[str]) -> str:
        block = Block(match["language"], match["text"], 0)
        if block.language != "console":
            with contextlib.suppress(AssertionError):
                run(block)
            return match[0]
        lines = []
        for command, shown in commands(block.text):
            printed = output(command, shown)
            same = stable(shown) in map(stable, printed)
            lines.append(f"$ {command}\n{shown if same else printed[1]}")
        return f"```console\n{''.join(lines)}```"

    page.write_text(BLOCK.sub(filled, page.read_text(encoding="utf-8")), encoding="utf-8")


def prepare_validation(names: dict[str, object]) -> None:
    """Make the files that docs/validation.md compares: the sample reports and their labels."""
    import pandas as pd

    for arguments in (
        ["samples", "-o", "reports.csv"],
        ["samples", "--labels", "-o", "gold.csv"],
        ["reports.csv", "-o", "ours.csv", "--quiet"],
        ["reports.csv", "-o", "theirs.csv", "--assertion", "scope", "--quiet"],
    ):
        assert main(arguments) == 0
    names["frame"] = pd.read_csv("theirs.csv")


def prepare_readme(_names: dict[str, object]) -> None:
    """Make spaCy know the component, which an installed chexlabel declares as an entry point."""
    import_module("chexlabel.spacy")


PREPARE = {"README.md": prepare_readme, "docs/validation.md": prepare_validation}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_examples_of_a_page(page: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "88")
    state = Page(str(page))
    if str(page) in PREPARE:
        PREPARE[str(page)](state.names)
    if os.environ.get("CHEXLABEL_UPDATE_DOCS"):
        update(ROOT / page, state.run)
        return
    for block in blocks(ROOT / page):
        state.run(block)


def test_the_links_of_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        text = BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"


def test_the_walk_through_is_about_what_the_shipped_set_lacks() -> None:
    assert "Hiatal Hernia" not in Labeler().findings
