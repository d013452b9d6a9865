"""The words that the phrases of a pattern set know, as they are written, misspelt or misheard."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from chexlabel.patterns.respelling import Respeller, SoundAlike
from chexlabel.patterns.spelling import Speller
from chexlabel.patterns.syntax import is_removed

__all__ = ["REMOVED", "ByWord", "Vocabulary"]

_MAX_WORDS = 1 << 17

REMOVED = "_"
"""The symbol of a word that de-identification removed: it is read past."""

Value = TypeVar("Value")


_CONTRACTED = frozenset({"it's", "that's", "there's", "here's", "what's", "who's", "he's", "let's"})
"""Words that mean something else without their ending."""


class ByWord(dict[str, Value]):
    """What was worked out for the words met so far, each when it was first met."""

    def __init__(self, function: Callable[[str], Value]) -> None:
        self._function = function

    def __missing__(self, word: str) -> Value:
        if len(self) >= _MAX_WORDS:  # a bound for endless vocabularies
            self.clear()
        value = self[word] = self._function(word)
        return value


class Vocabulary:
    """The words and beginnings of words in phrases, and how their spelling is forgiven.

    Args:
        speller: forgives misspellings.
        glued: words that may be stuck to a term.
        sound_alikes: what dictation makes of words.
    """

    def __init__(
        self,
        speller: Speller,
        glued: Iterable[str] = (),
        sound_alikes: Sequence[SoundAlike] = (),
    ) -> None:
        self._speller = speller
        self._glued = glued
        self._sound_alikes = sound_alikes
        self._words: set[str] = set()
        self._prefixes: set[str] = set()
        self._lengths: list[int] = []
        self._alphabet: list[str] = []
        self._families: dict[str, list[str]] = {}
        self._beginnings: dict[str, tuple[str, ...]] = ByWord(self._beginnings_of)
        self.plain: dict[str, str] = ByWord(self._plain)
        """Word -> the symbol under which the phrases know it, taken as it is written."""

    def add(self, element: str) -> None:
        """Add a word, or the beginning of words (`opac*`)."""
        if element.endswith("*"):
            self._prefixes.add(element[:-1])
        else:
            self._words.add(element)

    def freeze(self) -> None:
        """Make ready for look-ups, after the last word was added."""
        self._lengths = sorted(set(map(len, self._prefixes)), reverse=True)
        self._alphabet = sorted([*self._words, *(f"{prefix}*" for prefix in self._prefixes)])
        self.respeller = Respeller(self._speller, self._glued, self._sound_alikes, self.knows)
        """Reads again the texts with a word that it suspects."""

    def to_data(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        return {
            "speller": self._speller.to_data(),
            "glued": list(self._glued),
            "sounds": list(self._sound_alikes),
            "words": sorted(self._words),
            "prefixes": sorted(self._prefixes),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Vocabulary:
        """Return the vocabulary that `to_data` was asked of, ready for look-ups."""
        sounds = [SoundAlike(*map(tuple, sound)) for sound in data["sounds"]]
        vocabulary = cls(Speller(*data["speller"]), data["glued"], sounds)
        vocabulary._words.update(data["words"])
        vocabulary._prefixes.update(data["prefixes"])
        vocabulary.freeze()
        return vocabulary

    def knows(self, word: str) -> bool:
        """Say whether a phrase knows `word`, or a misspelling of it."""
        return bool(self.plain[word])

    def beginnings(self, symbol: str) -> tuple[str, ...]:
        """Return the beginnings that phrases name and that `symbol` has, the longest first."""
        return self._beginnings[symbol]

    def beginning_with(self, prefix: str) -> list[str]:
        """Return the symbols that begin so."""
        found = self._families.get(prefix)
        if found is None:
            first = bisect_left(self._alphabet, prefix)
            last = bisect_left(self._alphabet, prefix + "\U0010ffff", first)
            found = self._families[prefix] = self._alphabet[first:last]
        return found

    def _beginnings_of(self, symbol: str) -> tuple[str, ...]:
        beginnings = dict.fromkeys(symbol[:length] for length in self._lengths)
        return tuple(beginning for beginning in beginnings if beginning in self._prefixes)

    def _plain(self, word: str) -> str:
        if word in self._words:
            return word
        if is_removed(word):
            return REMOVED
        if word.endswith("'s") and word not in _CONTRACTED:  # "the heart's size"
            return self.plain[word[:-2]]
        stem = "" if self._speller.is_listed(word) else self._look_up_prefix(word)
        corrected = self._speller.correct(word) if word.isalpha() else None
        if corrected is None:
            return stem
        meant = corrected if corrected in self._words else self._look_up_prefix(corrected)
        # "noduls" begins as "nodular" does, and yet "nodules" are meant; "nodulation" stays a stem.
        is_closer = meant.startswith(stem[:-1]) and len(meant.removesuffix("*")) >= len(stem)
        return meant if is_closer else stem

    def _look_up_prefix(self, word: str) -> str:
        for length in self._lengths:  # the longest first
            if word[:length] in self._prefixes:
                return word[:length] + "*"
        return ""
