"""Tell chest X-ray reports that name no finding from texts of another kind.

By which words is data: `recognition.yaml`.
"""

from __future__ import annotations

from collections.abc import Sequence

from chexlabel.engine.match import find_matches, symbolize
from chexlabel.patterns.lexicon import Lexicon

__all__ = ["Recogniser"]


class Recogniser:
    """Tells of sentences whether they are of a chest X-ray report. Picklable and thread-safe.

    Args:
        lexicon: the phrases; `None` takes every sentence for one.
    """

    def __init__(self, lexicon: Lexicon | None) -> None:
        self._lexicon = lexicon

    def __call__(self, sentences: Sequence[str]) -> list[bool]:
        """Tell it of each sentence."""
        return [self._recognises(sentence) for sentence in sentences]

    def _recognises(self, sentence: str) -> bool:
        if self._lexicon is None:
            return True
        symbols = symbolize(sentence, self._lexicon)
        return any(
            role.layer == 0 or (start == 0 and end == len(symbols))
            for start, end, role in find_matches(symbols, self._lexicon) or ()
        )
