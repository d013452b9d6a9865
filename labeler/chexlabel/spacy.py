"""spaCy on both sides: the pipeline component "chexlabel", and NegEx as an assertion back end.

The component runs the labeler on the text of each Doc and hangs the result on it; it needs no other
component, so `spacy.blank("en")` will do. `Labeler(assertion="negex")` runs negspacy the other way
round: on Docs made of single sentences, with the mentions that the pattern set found in them.

Importing this module registers the component and the extension attributes; neither negspacy nor a
pattern set is loaded before it is used.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from spacy.language import Language
from spacy.tokens import Doc, Span

from chexlabel.engine.assertion import judge
from chexlabel.engine.clauses import Judgement
from chexlabel.engine.labeler import Labeler
from chexlabel.engine.mentions import Item, token_offsets
from chexlabel.labels import Cue, Label, LabeledReport, Mention
from chexlabel.patterns.lexicon import SYNTAX_LAYER, CueKind, Role, Tag

if TYPE_CHECKING:
    from negspacy.negation import Negex

__all__ = ["ChexlabelComponent", "NegexAssertion", "make_component"]

_KEY = "chexlabel"  # of the factory, the span group, the extensions and the Doc's user data


class ChexlabelComponent:
    """Labels each Doc's text and keeps the labels and their evidence on the Doc.

    - `doc._.chexlabel` is the `LabeledReport`, `None` on a Doc that was not labeled.
    - `doc.spans["chexlabel"]` holds a span for every mention, in text order, labelled with the
      finding and widened to whole tokens. One that counts for nothing ("history of pneumonia") is
      among them.
    - `span._.chexlabel` is such a span's `Mention`, with its label, section and cues, and `None`
      on any other span.

    The results survive `Doc.to_bytes`, `DocBin` and `nlp.pipe(..., n_process=2)`. The component
    itself has no state but its configuration, which spaCy saves with the pipeline.

    Args:
        patterns: as for `Labeler`.
        sections: as for `Labeler`.
        assertion: as for `Labeler`.

    Raises:
        ChexlabelError: As `Labeler`.

    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("chexlabel")
    >>> doc = nlp("No focal consolidation. Small left effusion.")
    >>> [(span.text, span.label_, span._.chexlabel.label.name) for span in doc.spans["chexlabel"]]
    [('consolidation', 'Consolidation', 'NEGATIVE'), ('effusion', 'Pleural Effusion', 'POSITIVE')]
    >>> doc._.chexlabel.labels["Pleural Effusion"]
    <Label.POSITIVE: 1>
    """

    def __init__(
        self,
        patterns: str = "chexpert14",
        *,
        sections: Sequence[str] | None = None,
        assertion: Literal["scope", "negex"] = "scope",
    ) -> None:
        self.labeler = Labeler(patterns, sections=sections, assertion=assertion)
        """The labeler that does the work."""

    def __call__(self, doc: Doc) -> Doc:
        """Label a Doc in place and return it."""
        labeled = self.labeler(doc.text)
        # Plain values, because spaCy can serialise only these; the getters below turn them back.
        doc.user_data[_KEY] = asdict(labeled)
        spans = (
            doc.char_span(m.start, m.end, m.finding, alignment_mode="expand", span_id=str(place))
            for place, m in enumerate(labeled.mentions)
        )
        doc.spans[_KEY] = [span for span in spans if span is not None]
        return doc


@Language.factory(
    _KEY,
    assigns=["doc.spans", "doc._.chexlabel", "span._.chexlabel"],
    default_config={"patterns": "chexpert14", "sections": None, "assertion": "scope"},
)
def make_component(
    nlp: Language,  # noqa: ARG001 (spaCy's signature of a factory)
    name: str,  # noqa: ARG001
    patterns: str,
    sections: list[str] | None,
    assertion: Literal["scope", "negex"],
) -> ChexlabelComponent:
    """Make the component for `nlp.add_pipe("chexlabel", config={...})`.

    Args:
        nlp: the pipeline; spaCy passes it.
        name: the component's name in the pipeline; spaCy passes it.
        patterns: as for `Labeler`.
        sections: as for `Labeler`.
        assertion: as for `Labeler`.

    Raises:
        ChexlabelError: As `Labeler`.
    """
    return ChexlabelComponent(patterns, sections=sections, assertion=assertion)


def _report(doc: Doc) -> LabeledReport | None:
    """Return what `doc._.chexlabel` stands for."""
    fields = doc.user_data.get(_KEY)
    if fields is None:
        return None
    labels = {finding: _label(label) for finding, label in fields["labels"].items()}
    mentions = tuple(_mention(mention) for mention in fields["mentions"])
    return LabeledReport(fields["id"], labels, mentions)


def _span_mention(span: Span) -> Mention | None:
    """Return what `span._.chexlabel` stands for; the span's id is its mention's place."""
    fields = span.doc.user_data.get(_KEY)
    if fields is None or not span.id_.isdecimal() or int(span.id_) >= len(fields["mentions"]):
        return None
    mention = _mention(fields["mentions"][int(span.id_)])
    ours = (
        span.label_ == mention.finding
        and span.start_char <= mention.start
        and mention.end <= span.end_char
    )
    return mention if ours else None


def _label(value: int | None) -> Label | None:
    return None if value is None else Label(value)


def _mention(fields: Mapping[str, Any]) -> Mention:
    start, end = fields["sentence"]
    return Mention(
        **{
            **fields,
            "label": _label(fields["label"]),
            "sentence": (start, end),
            "cues": tuple(Cue(**cue) for cue in fields["cues"]),
        }
    )


Doc.set_extension(_KEY, getter=_report, force=True)  # "force", so that a reload does no harm
Span.set_extension(_KEY, getter=_span_mention, force=True)


class NegexAssertion:
    """Judges the mentions of a sentence by negspacy's NegEx, with its clinical English terms.

    A mention that NegEx calls negated is negative. Any other says what its phrase, or the state of
    its anatomy, says by itself: NegEx knows no uncertainty, history or resolution, and the pattern
    set's cues have no part in it. The algorithm is that of Chapman et al. 2001
    (doi:10.1006/jbin.2001.1029), in its published Python form, <https://github.com/jenojp/negspacy>.

    Instances may be shared between threads (one sentence is judged at a time) and pickled.
    """

    def __init__(self) -> None:
        import spacy
        from negspacy.negation import Negex  # registers the factory "negex"
        from negspacy.termsets import LANGUAGES

        nlp = spacy.blank("en")
        nlp.max_length = sys.maxsize  # the limit is for models; there is none here
        terms = dict(LANGUAGES["en_clinical"])
        pipe = nlp.add_pipe("negex", config={"neg_termset": terms, "span_keys": [_KEY]})
        assert isinstance(pipe, Negex)  # noqa: S101 (for the reader)
        self._nlp = nlp
        self._negex = pipe
        self._lock = Lock()  # a spaCy vocabulary grows as it reads

    def __reduce__(self) -> tuple[type[NegexAssertion], tuple[()]]:
        return NegexAssertion, ()

    def __call__(self, sentence: str, items: Sequence[Item]) -> list[Judgement]:
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
        offsets = token_offsets(sentence)
        with self._lock:
            doc = self._nlp.make_doc(sentence)
            # One sentence: where some token is marked, spaCy takes all unmarked ones as inside it.
            doc[-1].is_sent_start = len(doc) == 1
            spans = [_span(doc, judgement.item, offsets) for judgement in judgements]
            doc.spans[_KEY] = spans
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

    def item(self, span: Span, offsets: Sequence[tuple[int, int]]) -> Item | None:
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
    ) -> Item | None:
        """Return the engine's tokens that a term touches; `None` if it touches none."""
        words = self._doc[slice(*term)]
        first = bisect_right(offsets, words.start_char, key=_last)
        last = bisect_left(offsets, words.end_char, key=_first)
        if first >= last:
            return None
        return Item(first, last, role._replace(pattern=words.text.lower()))


_NEGATION = CueKind("negation", rank=0, effect="negative", reach=sys.maxsize, restarts=False)
_BEFORE = Role(Tag.CUE_BEFORE, SYNTAX_LAYER, "", kind=_NEGATION)
_AFTER = _BEFORE._replace(tag=Tag.CUE_AFTER)


def _is_of_certainty(role: Role) -> bool:
    """Say whether a phrase belongs to the set's own way of judging: a cue, an "or", a "versus"."""
    return role.kind is not None or role.tag in (Tag.DISJUNCTION, Tag.ALTERNATIVE)


def _negate(judgement: Judgement, term: Item | None) -> Judgement:
    cues = judgement.cues if term is None else (*judgement.cues, term)
    return Judgement(judgement.item, Label.NEGATIVE, tuple(sorted(cues, key=lambda c: c.start)))


def _span(doc: Doc, item: Item, offsets: Sequence[tuple[int, int]]) -> Span:
    start, end = offsets[item.start][0], offsets[item.end - 1][1]
    span = doc.char_span(start, end, alignment_mode="expand")
    assert span is not None  # noqa: S101 (offsets of the Doc's own text)
    return span


def _first(place: tuple[int, int]) -> int:
    return place[0]


def _last(place: tuple[int, int]) -> int:
    return place[1]
