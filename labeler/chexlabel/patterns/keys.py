"""Which words tell quickly that a text holds none of a set of phrases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from chexlabel.patterns.syntax import END, GAP, Choice, Element

__all__ = ["key_words"]


_ELSEWHERE = 20
"""A word of a phrase that is not looked for weighs as much as in so many of the others."""


def key_words(
    phrases: Sequence[Sequence[Element]], others: Iterable[Sequence[Element]] = ()
) -> set[str]:
    """Return words and beginnings (`opac*`) of which each phrase needs at least one.

    Of a phrase those are taken that the fewest others hold: of "widening of the mediastinum" not
    the "of".

    Args:
        phrases: parsed phrases.
        others: phrases of other kinds, whose words tell little too.

    >>> sorted(key_words([["loss", "of", "height"], ["loss", "of", "volume"]], [["no", "loss"]]))
    ['height', 'volume']
    """
    counts = Counter(word for phrase in phrases for word in {*_words(phrase)})
    for phrase in others:
        for word in {*_words(phrase)}:
            counts[word] += _ELSEWHERE
    keys: set[str] = set()
    for phrase in phrases:
        found = _keys(phrase, counts)
        if found is None:
            raise ValueError("a phrase needs a word that the text always holds")
        keys |= found[1]
    return keys


def _words(phrase: Iterable[Element]) -> Iterator[str]:
    for element in phrase:
        if isinstance(element, Choice):
            for option in element.options:
                yield from _words(option)
        elif element != GAP:
            yield element


def _keys(phrase: Sequence[Element], counts: Counter[str]) -> tuple[int, set[str]] | None:
    """Return the words one of which a phrase needs, and in how many phrases they stand.

    `None` where it can do without any: a gap and the end of the text are no words.
    """
    candidates = [
        _keys_of_choice(element, counts)
        if isinstance(element, Choice)
        else (counts[element], {element})
        for element in phrase
        if element not in (GAP, END)
    ]
    return min(
        (candidate for candidate in candidates if candidate is not None),
        key=lambda candidate: candidate[0],
        default=None,
    )


def _keys_of_choice(choice: Choice, counts: Counter[str]) -> tuple[int, set[str]] | None:
    total = 0
    keys: set[str] = set()
    for option in choice.options:
        found = _keys(option, counts)
        if found is None:
            return None
        total += found[0]
        keys |= found[1]
    return total, keys
