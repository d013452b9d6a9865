"""Remembering what was worked out for a passage, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

__all__ = ["Memo"]

_GENERATION = 1 << 16
_CHARACTERS = 1 << 24
"""A generation is full, too, when its passages have so many characters together."""

_LONGEST = 1000
"""A passage of more characters hardly comes again; it is held only if it was filled in."""

_ABSENT: Any = object()

Value = TypeVar("Value")


class Memo(dict[str, Value]):
    """What a function gives for a passage, worked out when it is first asked for.

    The function takes many passages at once, for what works faster so. Two generations bound the
    memory: when the young one is full it becomes the old one, and what is met again is taken over.

    Args:
        function: gives the values of passages, in order.
        generation: how many passages are held before those not met again are forgotten.

    >>> lengths = Memo(lambda passages: [len(passage) for passage in passages])
    >>> lengths["No effusion"], "No effusion" in lengths
    (11, True)
    """

    def __init__(
        self,
        function: Callable[[Sequence[str]], Sequence[Value]],
        generation: int = _GENERATION,
    ) -> None:
        self._function = function
        self._generation = generation
        self._characters = 0
        self._old: dict[str, Value] = {}

    def fill(self, passages: Iterable[str]) -> None:
        """Work out all passages that are new, at once; also long ones, which are asked for next."""
        for passage, value in self._new(p for p in passages if p not in self).items():
            self._keep(passage, value)

    def of(self, passages: Sequence[str]) -> list[Value]:
        """Return the values of passages, in order; those that are new are worked out at once."""
        values: dict[str, Value] = {}
        for passage in dict.fromkeys(passages):
            value = self.get(passage, _ABSENT)  # at once, for another thread may clear the memory
            if value is not _ABSENT:
                values[passage] = value
        new = self._new(passage for passage in passages if passage not in values)
        for passage, value in new.items():
            if len(passage) <= _LONGEST:
                self._keep(passage, value)
        values.update(new)
        return [values[passage] for passage in passages]

    def _new(self, passages: Iterable[str]) -> dict[str, Value]:
        """Return the values of passages that the young generation does not hold."""
        old = self._old  # another thread may replace it
        values: dict[str, Value] = {}
        unknown: list[str] = []
        for passage in dict.fromkeys(passages):
            if passage in old:
                values[passage] = old[passage]
            else:
                unknown.append(passage)
        if unknown:
            values.update(zip(unknown, self._function(unknown), strict=True))
        return values

    def __missing__(self, passage: str) -> Value:
        value = self._new((passage,))[passage]
        if len(passage) <= _LONGEST:
            self._keep(passage, value)
        return value

    def _keep(self, passage: str, value: Value) -> None:
        if len(self) >= self._generation or self._characters >= _CHARACTERS:
            self._old = self.copy()
            self.clear()
            self._characters = 0
        self[passage] = value
        self._characters += len(passage)
