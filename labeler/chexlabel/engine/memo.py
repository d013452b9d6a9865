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

    def fill(self, passages: Iterable[str]) -> dict[str, Value]:
        """Work out all passages that are new, at once, and return the values of these."""
        new = dict.fromkeys(passage for passage in passages if passage not in self)
        values = {passage: self._old[passage] for passage in new if passage in self._old}
        unknown = [passage for passage in new if passage not in values]
        if unknown:
            values.update(zip(unknown, self._function(unknown), strict=True))
        for passage in new:
            self._keep(passage, values[passage])
        return values

    def of(self, passages: Sequence[str]) -> list[Value]:
        """Return the values of passages, in order; those that are new are worked out at once."""
        values = {passage: self[passage] for passage in passages if passage in self}
        values.update(self.fill(passages))
        return [values[passage] for passage in passages]

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
