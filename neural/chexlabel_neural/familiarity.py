"""How well the rules and the net know the words of a passage."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from chexlabel.engine.context import BOUNDARY
from chexlabel.engine.match import find_matches, symbolize
from chexlabel.patterns.lexicon import Lexicon

__all__ = ["Familiarity", "familiarity", "strangeness", "unknown_words", "words_of"]

_WORD: Final = re.compile(r"[^\W\d_]+")
_UNKNOWN_AT_EASE: Final = 0.5
_READ_THROUGH: Final = 5 / 6


class Familiarity(IntEnum):
    """How well the rules know a passage; the better, the surer the net must be to overrule them."""

    STRANGE = 0
    """It holds a word that they do not know."""
    FAMILIAR = 1
    """They know every word."""
    READ = 2
    """And five words of six at least stand in phrases that they read: mentions, cues, places."""


def words_of(text: str) -> list[str]:
    """Return the words of a text, lower case, numbers and marks left out."""
    return _WORD.findall(text.lower())


def strangeness(passage: str, vocabulary: frozenset[str]) -> float:
    """Return how little of a passage the net can know, 0 to 1, by its share of unknown words.

    Up to half of the words may be unknown, as names and slips are; from there it rises to 1.
    """
    words = words_of(passage)
    if not words:
        return 0.0
    unknown = sum(word not in vocabulary for word in words) / len(words)
    return max(0.0, (unknown - _UNKNOWN_AT_EASE) / (1 - _UNKNOWN_AT_EASE))


def unknown_words(passage: str, lexicon: Lexicon | None) -> int:
    """Count the words of a passage that the rules do not know; without a lexicon, all of them.

    Where there is none, the passage is familiar: of such the rules misread few, and the net must be
    surer to overrule them.
    """
    words = words_of(passage)
    return sum(not lexicon.symbols[word] for word in words) if lexicon else len(words)


def familiarity(passage: str, unknown: int, lexicon: Lexicon | None) -> Familiarity:
    """Return how well the rules know a passage.

    Args:
        passage: the text.
        unknown: its `unknown_words`.
        lexicon: by which the rules read it.
    """
    if unknown or lexicon is None:
        return Familiarity.STRANGE
    words = read = 0
    for sentence in passage.split(BOUNDARY):
        symbols = symbolize(sentence, lexicon)
        words += len(symbols)
        found = find_matches(symbols, lexicon) or ()
        read += len({at for match in found for at in range(match.start, match.end)})
    return Familiarity.READ if read >= _READ_THROUGH * words else Familiarity.FAMILIAR
