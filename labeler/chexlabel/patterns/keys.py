"""Which words tell quickly that a text holds none of a set of phrases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from chexlabel.patterns.syntax import GAP, Choice, Element

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
        keys |= _keys(phrase, counts)[1]
    return keys


def _words(phrase: Iterable[Element]) -> Iterator[str]:
    for element in phrase:
        if isinstance(element, Choice):
            for option in element.options:
                yield from _words(option)
        elif element != GAP:
            yield element


def _keys(phrase: Sequence[Element], counts: Counter[str]) -> tuple[int, set[str]]:
    """Return the words one of which a phrase needs, and in how many phrases they stand."""
    candidates = [
        _keys_of_choice(element, counts)
        if isinstance(element, Choice)
        else (counts[element], {element})
        for element in phrase
        if element != GAP and not (isinstance(element, Choice) and [] in element.options)
    ]
    return min(candidates, key=lambda candidate: candidate[0])


def _keys_of_choice(choice: Choice, counts: Counter[str]) -> tuple[int, set[str]]:
    options = [_keys(option, counts) for option in choice.options]
    return sum(count for count, _ in options), set().union(*(keys for _, keys in options))
