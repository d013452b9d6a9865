"""Remembering what was worked out for a sentence, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["Memo"]

_GENERATION = 1 << 16  # sentences held before those not met again are forgotten
_LONGEST = 1000  # characters of a sentence worth holding

Value = TypeVar("Value")


class Memo(dict[str, Value]):
    """What a function gives for a sentence, worked out when it is first asked for.

    Two generations bound the memory: when the young one is full it becomes the old one, and what is
    met again is taken over.

    >>> lengths = Memo(len)
    >>> lengths["No effusion"], "No effusion" in lengths
    (11, True)
    """

    def __init__(self, function: Callable[[str], Value]) -> None:
        self._function = function
        self._old: dict[str, Value] = {}

    def __missing__(self, sentence: str) -> Value:
        value = self._old[sentence] if sentence in self._old else self._function(sentence)
        if len(sentence) <= _LONGEST:
            if len(self) >= _GENERATION:
                self._old = self.copy()
                self.clear()
            self[sentence] = value
        return value
