"""What the memo remembers, forgets and works out again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chexlabel.engine.memo import Memo

_PASSAGES = st.lists(st.text("abc", min_size=1, max_size=2), max_size=8)


class _Function:
    """Gives the length of passages and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, passages: Sequence[str]) -> list[int]:
        self.asked += passages
        return [len(passage) for passage in passages]


@given(st.lists(st.tuples(st.sampled_from(["fill", "of", "get"]), _PASSAGES)), st.integers(1, 5))
def test_it_gives_what_the_function_gives(
    steps: list[tuple[str, list[str]]], generation: int
) -> None:
    memo = Memo(_Function(), generation)
    for how, passages in steps:
        if how == "fill":
            memo.fill(passages)
        elif how == "of":
            assert memo.of(passages) == [len(passage) for passage in passages]
        else:
            assert [memo[passage] for passage in passages] == [len(p) for p in passages]
        assert len(memo) <= generation


def test_what_is_met_again_is_not_worked_out_again() -> None:
    function = _Function()
    memo = Memo(function, 2)
    memo.fill(["a", "bb"])
    memo.fill(["ccc"])
    # Filling up forgets the old generation; "a" is of it, and is asked for after that.
    memo.fill(["dddd", "eeeee", "a"])
    assert function.asked == ["a", "bb", "ccc", "dddd", "eeeee"]
    assert memo.of(["a", "a", "bb"]) == [1, 1, 2]
    assert function.asked[-1] == "bb"


def test_long_passages_are_worked_out_each_time_they_are_asked_for() -> None:
    function = _Function()
    memo = Memo(function)
    long = "x" * 2000
    assert memo[long] == 2000
    assert memo.of([long, long]) == [2000, 2000]
    assert function.asked == [long, long]


def test_long_passages_that_were_filled_in_are_bounded_in_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chexlabel.engine.memo._CHARACTERS", 5000)
    function = _Function()
    memo = Memo(function)
    passages = [letter * 2000 for letter in "abcdefg"]
    for passage in passages:
        memo.fill([passage])
        assert memo[passage] == memo.of([passage])[0] == 2000
    assert function.asked == passages
    assert (list(memo), list(memo._old)) == (["g" * 2000], [letter * 2000 for letter in "def"])


def test_threads_share_a_memory() -> None:
    memo = Memo(_Function(), 7)
    passages = ["x" * length for length in range(1, 40)]

    def ask(start: int) -> bool:
        some = [passages[(start * 5 + at) % len(passages)] for at in range(11)]
        return all(memo.of(some) == [len(p) for p in some] for _ in range(200))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(ask, range(16)))
    finally:
        sys.setswitchinterval(interval)
