"""Remembering what was worked out for a passage, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

__all__ = ["Memo"]

_GENERATION = 1 << 16
_LONGEST = 1000  # characters of a passage worth holding

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
        self._old: dict[str, Value] = {}

    def fill(self, passages: Iterable[str]) -> None:
        """Work out all passages that are new, at once."""
        new = [passage for passage in dict.fromkeys(passages) if passage not in self]
        unknown = [passage for passage in new if passage not in self._old]
        values = dict(zip(unknown, self._function(unknown), strict=True)) if unknown else {}
        for passage in new:
            self._keep(passage, values[passage] if passage in values else self._old[passage])

    def __missing__(self, passage: str) -> Value:
        known = passage in self._old
        value = self._old[passage] if known else self._function((passage,))[0]
        if len(passage) <= _LONGEST:
            self._keep(passage, value)
        return value

    def _keep(self, passage: str, value: Value) -> None:
        if len(self) >= self._generation:
            self._old = self.copy()
            self.clear()
        self[passage] = value
