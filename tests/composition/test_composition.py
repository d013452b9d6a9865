"""Every phrase of the shipped sets in statements whose labels are known from how they are made.

A long random run is `python benchmarks/composition.py`.
"""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING

import pytest

from chexlabel import Label, Labeler
from chexlabel.cli import main
from chexlabel.composition import Grammar, Members, check_composition
from chexlabel.composition.check import covering
from chexlabel.patterns import read_set
from pattern_sets import write_set

if TYPE_CHECKING:
    from pathlib import Path

OWN_SET = {
    "set.yaml": """\
        name: ours
        version: "1"
        extends: chexpert14
        findings: [..., Hiatal Hernia]
        """,
    "findings/hiatal_hernia.yaml": """\
        finding: Hiatal Hernia
        positive: |
          {hiatal|hiatus} hernia*
          intrathoracic stomach
        """,
}


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    source, random = read_set("chexpert14"), Random(7)  # noqa: S311
    return Grammar(source, Members(source, Labeler(refine=False), random), random)


@pytest.mark.parametrize("seed", [0, 1])
def test_no_composed_statement_is_misread(seed: int) -> None:
    result = check_composition("chexpert14", seed=seed)
    assert [failure.problem.message for failure in result.failures] == []
    assert result.statements > 1500


def test_no_composed_statement_of_nih14_is_misread() -> None:
    result = check_composition("nih14")
    assert [failure.problem.message for failure in result.failures] == []
    assert result.statements > 1500


def test_nearly_every_phrase_stands_in_a_statement(grammar: Grammar) -> None:
    phrases = {line.phrase for line in grammar.members.lines}
    left_out = set().union(*grammar.members.left_out.values())
    assert len(left_out - phrases) <= len(phrases) / 10
    statements = list(covering(grammar, Random(1)))  # noqa: S311
    assert phrases <= {m.phrase for statement in statements for m in statement.members}
    frames = {frame.phrase.text for frame in grammar.frames}
    assert frames <= {text for statement in statements for text in statement.frames}


def test_what_reads_as_history_in_front_of_a_report_is_no_member(grammar: Grammar) -> None:
    lines = [line for line in grammar.members.lines if "lrti|" in line.phrase.text]
    drawn = {grammar.members.draw(line).text for line in lines for _ in range(50)}
    assert drawn
    assert "lrti" not in drawn


def test_a_plural_verdict_takes_lists_without_a_conjunction(grammar: Grammar) -> None:
    verdict = next(f for f in grammar.frames if f.phrase.text == "EACH {has|have} resolved")
    texts = [grammar.single(verdict, size=3).text for _ in range(40)]
    assert all(text.endswith(" have resolved.") for text in texts)
    assert any(" and " not in text for text in texts)
    assert grammar.single(verdict, size=1).text.endswith(" has resolved.")


def test_labels_follow_from_the_frame(grammar: Grammar) -> None:
    denial = next(f for f in grammar.frames if f.phrase.text == "no ANY")
    verdict = next(f for f in grammar.frames if f.phrase.text == "EITHER cannot be excluded")
    sign = next(f for f in grammar.frames if f.phrase.text == "which may represent ONE")
    for size in range(1, 6):
        denied = grammar.single(denial, size=size)
        assert set(denied.says.values()) == {Label.NEGATIVE}
        assert len(denied.members) == size
        assert denied.text.startswith("No ")
        assert set(grammar.single(verdict, size=size).says.values()) == {Label.UNCERTAIN}
    cause = grammar.single(sign)
    first, second = cause.members
    for finding in first.says.keys() - second.says.keys():
        assert cause.says[finding] == first.says[finding]
    for finding in second.says.keys() - first.says.keys():
        assert cause.says[finding] == Label.UNCERTAIN


def test_a_misread_statement_names_the_phrase_that_it_comes_from(tmp_path: Path) -> None:
    cue = "kind: negation\nbefore: possible\n"  # makes "possible" a denial
    folder = write_set(tmp_path / "ours", OWN_SET | {"assertion/wrong.yaml": cue})
    result = check_composition(folder)
    assert result.failures
    frames = {text for failure in result.failures for text in failure.statement.frames}
    assert {"possible ONE", "possible EITHER"} <= frames
    failure = next(f for f in result.failures if f.statement.frames == ("possible ONE",))
    assert "expected uncertain, got negative (`possible ONE`)" in failure.problem.message
    assert failure.problem.file.name.endswith(".yaml")


def test_the_command_checks_a_set_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_set(tmp_path / "ours", OWN_SET)
    assert main(["patterns", "check", "--compose", str(folder)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.search(r": 0 of \d,\d{3} composed statements failed$", last), last
