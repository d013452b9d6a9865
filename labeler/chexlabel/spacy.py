"""The spaCy pipeline component "chexlabel".

The component runs the labeler on the text of each Doc and hangs the result on it; it needs no other
component, so `spacy.blank("en")` will do.

Importing this module registers the component and the extension attributes; no pattern set is loaded
before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from spacy.language import Language
from spacy.tokens import Doc, Span

from chexlabel.engine.labeler import Labeler
from chexlabel.labels import Cue, Label, LabeledReport, Mention
from chexlabel.render.highlight import LABEL_COLOURS, LABEL_SIGNS

__all__ = ["ChexlabelComponent", "displacy_data", "displacy_options", "make_component"]

_KEY = "chexlabel"  # of the factory, the span group and the extensions

# Of the Doc's user data: where spaCy itself keeps what an extension holds. In warnings it names
# such, and quotes other data, which here has words of the report.
_PLACE: Any = ("._.", _KEY, None, None)  # spaCy types such keys as texts


class ChexlabelComponent:
    """Labels each Doc's text and keeps the labels and their evidence on the Doc.

    - `doc._.chexlabel` is the `LabeledReport`, `None` on a Doc that was not labeled.
    - `doc.spans["chexlabel"]` holds a span for every mention, in text order, labelled with the
      finding and widened to whole tokens. One that gives no label ("history of pneumonia") is
      among them.
    - `span._.chexlabel` is such a span's `Mention`, with its label, section and cues, and `None`
      on any other span.

    The results survive `Doc.to_bytes`, `DocBin(store_user_data=True)` and `nlp.pipe(...,
    n_process=2)`. `Doc.from_docs` leaves them out, as it does all that belongs to a whole Doc:
    label the Doc that it makes. The component itself has no state but its configuration, which
    spaCy saves with the pipeline, a pattern set's folder as it is written there.

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
        doc.user_data[_PLACE] = {
            "id": labeled.id,
            "labels": dict(labeled.labels),
            "mentions": [_plain(mention) for mention in labeled.mentions],
            "probabilities": {
                finding: list(chances.items()) for finding, chances in labeled.probabilities.items()
            },
            "refiner": labeled.refiner,
        }
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


def displacy_data(doc: Doc) -> dict[str, Any]:
    """Return what displaCy's span style draws: a denied span has another name than a stated one.

    With `displacy_options` every kind of label has its own colour.

    Raises:
        ValueError: the Doc was not labeled.

    >>> import spacy
    >>> from spacy import displacy
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("chexlabel")
    >>> data = displacy_data(nlp("Large heart, possible effusion."))
    >>> [span["label"] for span in data["spans"]]
    ['+ Cardiomegaly', '? Pleural Effusion']
    >>> html = displacy.render(data, style="span", manual=True, options=displacy_options(data))
    """
    if _KEY not in doc.spans:
        raise ValueError(
            'this Doc has no labels; call nlp.add_pipe("chexlabel") and label it first'
        )
    marked = [(span, span._.chexlabel) for span in doc.spans[_KEY]]
    return {
        "text": doc.text,
        "tokens": [token.text for token in doc],
        "spans": [
            {
                "start_token": span.start,
                "end_token": span.end,
                "label": f"{LABEL_SIGNS[mention.label]} {mention.finding}",
            }
            for span, mention in marked
            if mention is not None
        ],
    }


def displacy_options(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return displaCy's options for `displacy_data`: one colour for each kind of label."""
    colours = {sign: LABEL_COLOURS[label] for label, sign in LABEL_SIGNS.items()}
    labels = {span["label"] for span in data["spans"]}
    return {"colors": {label: colours[label.split(" ", 1)[0]] for label in sorted(labels)}}


def _report(doc: Doc) -> LabeledReport | None:
    """Return what `doc._.chexlabel` stands for."""
    fields = doc.user_data.get(_PLACE)
    if fields is None:
        return None
    labels = {finding: _label(label) for finding, label in fields["labels"].items()}
    mentions = tuple(_mention(mention) for mention in fields["mentions"])
    probabilities = {
        finding: {_label(label): chance for label, chance in chances}
        for finding, chances in fields["probabilities"].items()
    }
    return LabeledReport(
        fields["id"], labels, mentions, probabilities, fields["refiner"], text=doc.text
    )


def _span_mention(span: Span) -> Mention | None:
    """Return what `span._.chexlabel` stands for; the span's id is its mention's place."""
    fields = span.doc.user_data.get(_PLACE)
    if fields is None or not span.id_.isdecimal() or int(span.id_) >= len(fields["mentions"]):
        return None
    mention = _mention(fields["mentions"][int(span.id_)])
    ours = (
        span.label_ == mention.finding
        and span.start_char <= mention.start
        and mention.end <= span.end_char
    )
    return mention if ours else None


def _plain(mention: Mention) -> dict[str, Any]:
    cues = [cue._asdict() for cue in mention.cues]
    return {**mention._asdict(), "cues": cues, "sentence": list(mention.sentence)}


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
