"""The rules as a judge: matched phrases, and the assertion logic over them."""

from __future__ import annotations

from collections.abc import Sequence

from chexlabel.engine.assertion import judge
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import find_matches, symbolize
from chexlabel.patterns.lexicon import Lexicon

__all__ = ["RulesJudge"]


class RulesJudge:
    """Judges passages by the phrases and cues of a pattern set."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        """The phrases; `token_offsets` with it gives the offsets of a judgement's tokens."""

    def __call__(self, passages: Sequence[str]) -> list[list[Judgement]]:
        """Judge the mentions of passages (see `Judge`)."""
        return [self._judge(passage) for passage in passages]

    def _judge(self, passage: str) -> list[Judgement]:
        lexicon = self.lexicon
        matches = find_matches(symbolize(passage, lexicon), lexicon)
        return judge(matches) if matches else []
