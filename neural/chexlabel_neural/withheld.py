"""Where the net has no say, however sure it is; and which words it tags.

What the rules know by name and the net never met in training, it cannot overrule. Of words that
they read as one finding, in a passage that they read through, it does not make another one too. And
where a set that extends the model's reads by a phrase of its own, the net, which learned to read
without it, would undo what the set was made for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chexlabel.engine.context import BOUNDARY
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match, phrases_at, symbolize, token_offsets
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.syntax import END
from chexlabel_neural.classes import TAGGED
from chexlabel_neural.familiarity import Familiarity, words_of
from chexlabel_neural.probabilities import sigmoid

if TYPE_CHECKING:
    from chexlabel_neural.runtime import PassageReader

__all__ = ["ANY_FINDING", "own_phrases", "tagged_words", "withheld"]

Floats: TypeAlias = NDArray[np.float32]

ANY_FINDING: Final = -1
"""The number that stands for any finding: that of roles which are about none, such as a cue's."""


def withheld(
    passage: str,
    judgements: Sequence[Judgement],
    tags: Floats,
    known: Familiarity,
    heads: Mapping[int, int],
    reader: PassageReader,
    lexicon: Lexicon | None,
    sure: float = TAGGED,
) -> set[int]:
    """Return the numbers of the findings whose label the net may not change.

    Args:
        passage: the text.
        judgements: the rules' of its mentions.
        tags: what the net tags there, logits [tokens, heads].
        known: how well the rules know the passage.
        heads: the number of a finding in the pattern set -> its head.
        reader: runs the net.
        lexicon: by which the rules read.
        sure: the least probability of a tag.
    """
    if not judgements:
        return set()
    tokens = token_offsets(passage, lexicon)
    mentions = [judgement.item for judgement in judgements]
    found = _strange_mentions(passage, mentions, tokens, reader.vocabulary)
    if known == Familiarity.READ:
        pieces = reader.pieces(passage).offsets
        for number in heads.keys() - {item.role.finding for item in mentions}:
            span = tagged_words(tags[:, heads[number]], pieces, tokens, sure)
            if span and any(item.start <= span[0] and span[1] <= item.end for item in mentions):
                found.add(number)
    return found


def own_phrases(
    passage: str, own: Collection[tuple[int, str]], lexicon: Lexicon | None
) -> set[int]:
    """Return the numbers of the findings that a set's own phrases in a passage speak of.

    A phrase counts wherever it stands, also within a longer one, and where the rules know no
    finding beside it: "compatible with" hedges what the net alone can name, too.

    Args:
        passage: the text.
        own: number of the finding, and the phrase as its file writes it; `ANY_FINDING` for
            a cue, a state or a word of structure.
        lexicon: by which the rules read.
    """
    found: set[int] = set()
    if lexicon is None:
        return found
    for sentence in passage.split(BOUNDARY):
        symbols = [*symbolize(sentence, lexicon), END]
        for at in range(len(symbols)):
            for _, role in phrases_at(symbols, lexicon, at):
                if (role.finding, role.pattern) in own:
                    found.add(role.finding)
    return found


def _strange_mentions(
    passage: str,
    mentions: Sequence[Match],
    tokens: Sequence[tuple[int, int]],
    vocabulary: frozenset[str] | None,
) -> set[int]:
    """Return the numbers of the findings whose mentions hold a word that the net cannot know.

    Args:
        passage: the text.
        mentions: the rules'.
        tokens: the characters of each of the engine's tokens.
        vocabulary: the words of the training text, lower case; `None` where they are not known.
    """
    if vocabulary is None:
        return set()
    return {
        item.role.finding
        for item in mentions
        if item.role.finding >= 0
        for start, end in tokens[item.start : item.end]
        if not vocabulary.issuperset(words_of(passage[start:end]))
    }


def tagged_words(
    tags: Floats,
    pieces: Sequence[tuple[int, int]],
    tokens: Sequence[tuple[int, int]],
    sure: float,
) -> tuple[int, int] | None:
    """Return the engine's tokens (first, after last) under the surest run of tagged wordpieces.

    Args:
        tags: of one finding, logits [wordpieces].
        pieces: the characters of each wordpiece; (0, 0) for special ones.
        tokens: the characters of each of the engine's tokens.
        sure: the least probability of a tag.
    """
    probabilities = sigmoid(tags.astype(np.float32)).tolist()
    best: tuple[float, int, int] | None = None
    run: tuple[float, int, int] | None = None
    for probability, (start, end) in zip(probabilities, pieces, strict=True):
        if probability < sure or start == end:
            run = None
            continue
        run = (max(run[0], probability), run[1], end) if run else (probability, start, end)
        if best is None or run[0] > best[0] or run[1] == best[1]:
            best = run
    if best is None:
        return None
    _, start, end = best
    first = bisect_right(tokens, start, key=lambda token: token[1])
    last = first
    while last < len(tokens) and tokens[last][0] < end:
        last += 1
    return (first, last) if first < last else None
