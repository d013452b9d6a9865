"""Forgiving misspellings of the terms that a pattern set lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Speller", "distance"]

_SWAP = 4
_ONE_SLIP = 6
_TWO_SLIPS = 10


class Speller:
    """Maps a misspelt word to the term that it was meant to be.

    From 4 letters on two neighbours may be swapped; from 6 letters on one slip is forgiven (a
    letter wrong, missing, added, or two swapped), from 10 letters on two. The first letter must be
    right, or swapped with the second.
    """

    def __init__(
        self, terms: Iterable[str], not_misspelled: Iterable[str], corrections: Mapping[str, str]
    ) -> None:
        self._corrections = dict(corrections)
        self._own = frozenset(not_misspelled)
        self._terms: dict[str, list[tuple[str, int]]] = defaultdict(list)
        terms = frozenset(terms)
        for term in sorted(terms):
            self._terms[term[0]].append((term, _letters(term)))
        self._longest = max(map(len, terms), default=0)
        self.terms = terms
        """The words that are recognised also when they are misspelt."""

    def to_data(self) -> tuple[list[str], list[str], dict[str, str]]:
        """Return what it was made from, as plain values."""
        return sorted(self.terms), sorted(self._own), self._corrections

    def is_listed(self, word: str) -> bool:
        """Say whether the pattern set lists `word` as a misspelling."""
        return word in self._corrections

    def correct(self, word: str) -> str | None:
        """Return the term that `word` misspells, or `None`.

        >>> Speller(["pneumothorax"], ["pneumothoracic"], {}).correct("pneumothroax")
        'pneumothorax'
        """
        if word in self._corrections:
            return self._corrections[word]
        if not _SWAP <= len(word) <= self._longest + 2 or word in self._own:
            return None
        letters = _letters(word)
        best: tuple[int, str] | None = None
        for term, term_letters in self._candidates(word):
            longest = max(len(word), len(term))
            allowed = 2 if longest >= _TWO_SLIPS else 1
            # Each slip changes at most two letters of the set: a cheap test that rules out most.
            if abs(len(word) - len(term)) > allowed:
                continue
            if (letters ^ term_letters).bit_count() > 2 * allowed:
                continue
            if longest < _ONE_SLIP and sorted(word) != sorted(term):
                continue  # of short words only a swap is forgiven
            slips = distance(word, term, allowed)
            if slips <= allowed and (best is None or slips < best[0]):
                best = (slips, term)
        return best[1] if best else None

    def _candidates(self, word: str) -> Iterator[tuple[str, int]]:
        """Yield the terms that begin as `word` does, or with its first two letters swapped."""
        yield from self._terms.get(word[0], ())
        if word[0] != word[1]:
            for candidate in self._terms.get(word[1], ()):
                if candidate[0][1] == word[0]:
                    yield candidate


def _letters(word: str) -> int:
    """Return the set of a word's letters as a bit set."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 31)
    return bits


def distance(a: str, b: str, limit: int) -> int:
    """Return the optimal string alignment distance, or `limit + 1` if it is above `limit`.

    It counts edits and swaps of neighbours. Only the band in which a distance within the limit can
    lie is worked out, and a row all above the limit ends the work. Source: Damerau, "A technique
    for computer detection and correction of spelling errors", CACM 7(3), 1964; Ukkonen,
    "Algorithms for approximate string matching", Information and Control 64, 1985.

    >>> distance("effusoin", "effusion", 2), distance("effusion", "infusion", 1)
    (1, 2)
    """
    over = limit + 1
    width = len(b)
    before_last = [over] * (width + 1)
    last = [min(j, over) for j in range(width + 1)]
    for i, x in enumerate(a, start=1):
        row = [over] * (width + 1)
        if i <= limit:
            row[0] = i
        for j in range(max(1, i - limit), min(width, i + limit) + 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != b[j - 1]))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == b[j - 1]:
                cost = min(cost, before_last[j - 2] + 1)
            row[j] = min(cost, over)
        if min(row) == over and min(last) == over:
            return over
        before_last, last = last, row
    return last[width]
