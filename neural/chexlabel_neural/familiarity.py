"""How well the rules and the net know the words of a passage."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import token_offsets
from chexlabel.patterns.lexicon import Lexicon

__all__ = ["strange_mentions", "strangeness", "unknown_words"]

_WORD: Final = re.compile(r"[^\W\d_]+")
_UNKNOWN_AT_EASE: Final = 0.5


def strangeness(passage: str, vocabulary: frozenset[str]) -> float:
    """Return how little of a passage the net can know, 0 to 1, by its share of unknown words.

    Up to half of the words may be unknown, as names and slips are; from there it rises to 1.
    """
    words = _WORD.findall(passage.lower())
    if not words:
        return 0.0
    unknown = sum(word not in vocabulary for word in words) / len(words)
    return max(0.0, (unknown - _UNKNOWN_AT_EASE) / (1 - _UNKNOWN_AT_EASE))


def strange_mentions(
    passage: str,
    judgements: Sequence[Judgement],
    lexicon: Lexicon | None,
    vocabulary: frozenset[str] | None,
) -> set[int]:
    """Return the numbers of the findings whose mentions hold a word that the net cannot know.

    What the rules know by name, and the net never met in training, the net has no say in.

    Args:
        passage: the text.
        judgements: the rules' of its mentions.
        lexicon: by which the rules read it.
        vocabulary: the words of the training text, lower case; `None` where they are not known.
    """
    if vocabulary is None or not judgements:
        return set()
    tokens = token_offsets(passage, lexicon)
    return {
        item.role.finding
        for item in (judgement.item for judgement in judgements)
        if item.role.finding >= 0
        for start, end in tokens[item.start : item.end]
        if not vocabulary.issuperset(_WORD.findall(passage[start:end].lower()))
    }


def unknown_words(passage: str, lexicon: Lexicon | None) -> int:
    """Count the words of a passage that the rules do not know; without a lexicon, all of them.

    Where there is none, the passage is familiar: of such the rules misread few, and the net must be
    surer to overrule them.
    """
    words = _WORD.findall(passage.lower())
    return sum(not lexicon.symbols[word] for word in words) if lexicon else len(words)
