"""The examples that the shipped pattern sets hold: each is a test."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from chexlabel import Labeler
from chexlabel.patterns import check_set, read_set
from chexlabel.patterns.check import failed_examples
from chexlabel.patterns.load import available_sets
from chexlabel.patterns.syntax import count, parse
from chexlabel.patterns.walk import set_entries

if TYPE_CHECKING:
    from chexlabel.patterns import Example

SETS = available_sets()
READABLE = 10_000  # sequences of words of a line that a reader can still see through
labeler = cache(Labeler)


def examples() -> list[pytest.param]:
    return [
        pytest.param(name, example, id=f"{name}-{example.file.stem}-{example.line}")
        for name in SETS
        for example in read_set(name).examples
    ]


@pytest.mark.parametrize(("name", "example"), examples())
def test_example(name: str, example: Example) -> None:
    assert [failed.problem.message for failed in failed_examples(labeler(name), [example])] == []


@pytest.mark.parametrize("name", SETS)
def test_a_shipped_set_has_neither_errors_nor_warnings(name: str) -> None:
    result = check_set(name)
    assert [str(problem) for problem in (*result.errors, *result.warnings)] == []


@pytest.mark.parametrize("name", SETS)
def test_every_finding_of_a_shipped_set_has_examples(name: str) -> None:
    source = read_set(name)
    with_examples = {example.finding for example in source.examples}
    own = {
        finding
        for finding, files in source.findings.items()
        if files[-1].path.is_relative_to(source.path)
    }
    assert own - with_examples == set()


@pytest.mark.parametrize("name", SETS)
def test_no_line_of_a_shipped_set_stands_for_too_much(name: str) -> None:
    phrases = {entry.phrase for entry in set_entries(read_set(name))}
    long = [p for p in phrases if count(parse(p.full)) > READABLE]
    assert [f"{p.file.name}:{p.line}: {p.text}" for p in long] == []
