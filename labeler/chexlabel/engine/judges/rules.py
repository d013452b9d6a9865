"""The rules as a judge: matched phrases, and the assertion logic over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chexlabel.engine.context import BOUNDARY, ContextReader
from chexlabel.engine.decide import judge
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match, find_matches, symbolize
from chexlabel.patterns.lexicon import Lexicon

__all__ = ["RulesJudge"]


class RulesJudge:
    """Judges passages by the phrases and cues of a pattern set.

    Args:
        lexicon: the phrases and cues.
        context: judges the passages of several sentences; without it, each is judged as one.
    """

    def __init__(self, lexicon: Lexicon, context: ContextReader | None = None) -> None:
        self.lexicon = lexicon
        """The phrases; `token_offsets` with it gives the offsets of a judgement's tokens."""
        self._context = context

    def __call__(self, passages: Sequence[str]) -> Iterator[list[Judgement]]:
        """Judge the mentions of passages (see `Judge`)."""
        return map(self._judge, passages)

    def _judge(self, passage: str) -> list[Judgement]:
        lexicon = self.lexicon
        if self._context is not None and BOUNDARY in passage:
            return self._context.judge(passage.split(BOUNDARY), self._read)
        symbols = symbolize(passage, lexicon)
        matches = find_matches(symbols, lexicon)
        return judge(matches, len(symbols)) if matches else []

    def _read(self, symbols: list[str]) -> tuple[list[Match], list[Judgement]]:
        """Return the matched phrases and the judgements of one sentence."""
        matches = find_matches(symbols, self.lexicon) or []
        return matches, judge(matches, len(symbols))
