"""NegEx as a judge: the pattern set's mentions, their negation by negspacy; for comparison."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from spacy.tokens import Doc, Span

from chexlabel.engine.decide import judge
from chexlabel.engine.judgement import Judgement
from chexlabel.engine.match import Match, find_matches, symbolize, token_offsets
from chexlabel.labels import Label
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.roles import SYNTAX_LAYER, CueEffect, CueKind, Role, Tag

if TYPE_CHECKING:
    from negspacy.negation import Negex

__all__ = ["NegexJudge"]

_SPANS = "chexlabel"  # the span group that negspacy reads


class NegexJudge:
    """Judges the mentions of a sentence by negspacy's NegEx, with its clinical English terms.

    A mention that NegEx calls negated is negative. Any other says what its phrase, or the state of
    its anatomy, says by itself: NegEx knows no uncertainty, history or resolution, and the pattern
    set's cues have no part in it. The algorithm is that of Chapman et al. 2001
    (doi:10.1006/jbin.2001.1029), in its published Python form, <https://github.com/jenojp/negspacy>.

    Instances may be shared between threads (one sentence is judged at a time) and pickled.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        import spacy
        from negspacy.negation import Negex  # registers the factory "negex"
        from negspacy.termsets import LANGUAGES

        nlp = spacy.blank("en")
        nlp.max_length = sys.maxsize  # the limit is for models; there is none here
        terms = dict(LANGUAGES["en_clinical"])
        pipe = nlp.add_pipe("negex", config={"neg_termset": terms, "span_keys": [_SPANS]})
        assert isinstance(pipe, Negex)  # noqa: S101 (for the reader)
        self._lexicon = lexicon
        self._nlp = nlp
        self._negex = pipe
        self._lock = Lock()  # a spaCy vocabulary grows as it reads

    def __reduce__(self) -> tuple[type[NegexJudge], tuple[Lexicon]]:
        return NegexJudge, (self._lexicon,)

    def __call__(self, passages: Sequence[str]) -> Iterator[list[Judgement]]:
        """Judge the mentions of passages."""
        return map(self._judge, passages)

    def _judge(self, passage: str) -> list[Judgement]:
        matches = find_matches(symbolize(passage, self._lexicon), self._lexicon)
        return self.assess(passage, matches) if matches else []

    def assess(self, sentence: str, items: Sequence[Match]) -> list[Judgement]:
        """Judge the mentions of one sentence.

        Args:
            sentence: its text.
            items: its matched phrases in order, of which the cues are passed over.

        Returns:
            The judgements, those of negated mentions with the term that NegEx found.
        """
        judgements = judge([item for item in items if not _is_of_certainty(item.role)])
        if not judgements:
            return []
        offsets = token_offsets(sentence, self._lexicon)
        with self._lock:
            doc = self._nlp.make_doc(sentence)
            # One sentence: where some token is marked, spaCy takes all unmarked ones as inside it.
            doc[-1].is_sent_start = len(doc) == 1
            spans = [_span(doc, judgement.item, offsets) for judgement in judgements]
            doc.spans[_SPANS] = spans
            self._negex(doc)
            negated = [bool(span._.negex) for span in spans]
            terms = _Terms(self._negex, doc) if any(negated) else None
        if terms is None:
            return judgements
        return [
            _negate(judgement, terms.item(span, offsets)) if is_negated else judgement
            for judgement, span, is_negated in zip(judgements, spans, negated, strict=True)
        ]


class _Terms:
    """The negation terms of a Doc, as negspacy finds them: it does not tell which one it used."""

    def __init__(self, negex: Negex, doc: Doc) -> None:
        preceding, following, terminating = negex.process_negations(doc)
        self._doc = doc
        self._preceding = sorted((start, end) for _, start, end in preceding)
        self._following = sorted((start, end) for _, start, end in following)
        self._boundaries = negex.termination_boundaries(doc, terminating)

    def item(self, span: Span, offsets: Sequence[tuple[int, int]]) -> Match | None:
        """Return the term that negates `span` (the nearest, of those the longest) as an item."""
        boundary = bisect_right(self._boundaries, span.start, key=_first) - 1
        first, last = self._boundaries[boundary]
        at = bisect_left(self._preceding, span.start, key=_first) - 1
        if at >= 0 and self._preceding[at][0] >= first:
            return self._item(self._preceding[at], offsets, _BEFORE)
        at = bisect_left(self._following, span.start, key=_first)
        for term in islice(self._following, at, None):
            if term[0] >= last:
                break
            if term[1] > span.end:
                return self._item(term, offsets, _AFTER)
        return None

    def _item(
        self, term: tuple[int, int], offsets: Sequence[tuple[int, int]], role: Role
    ) -> Match | None:
        """Return the engine's tokens that a term touches; `None` if it touches none."""
        words = self._doc[slice(*term)]
        first = bisect_right(offsets, words.start_char, key=_last)
        last = bisect_left(offsets, words.end_char, key=_first)
        if first >= last:
            return None
        return Match(first, last, role._replace(pattern=words.text.lower()))


_NEGATION = CueKind(
    "negation", rank=0, effect=CueEffect.NEGATIVE, reach=sys.maxsize, restarts=False
)
_BEFORE = Role(Tag.CUE_BEFORE, SYNTAX_LAYER, "", kind=_NEGATION)
_AFTER = _BEFORE._replace(tag=Tag.CUE_AFTER)


def _is_of_certainty(role: Role) -> bool:
    """Say whether a phrase belongs to the set's own way of judging: a cue, an "or", a "versus"."""
    return role.kind is not None or role.tag in (Tag.DISJUNCTION, Tag.ALTERNATIVE)


def _negate(judgement: Judgement, term: Match | None) -> Judgement:
    cues = judgement.cues if term is None else (*judgement.cues, term)
    return Judgement(judgement.item, Label.NEGATIVE, tuple(sorted(cues, key=lambda c: c.start)))


def _span(doc: Doc, item: Match, offsets: Sequence[tuple[int, int]]) -> Span:
    start, end = offsets[item.start][0], offsets[item.end - 1][1]
    span = doc.char_span(start, end, alignment_mode="expand")
    assert span is not None  # noqa: S101 (offsets of the Doc's own text)
    return span


def _first(place: tuple[int, int]) -> int:
    return place[0]


def _last(place: tuple[int, int]) -> int:
    return place[1]
