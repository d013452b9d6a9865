"""Evidence files: one JSON object a report, with every mention and the cues that decided it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from chexlabel.errors import OutputError
from chexlabel.labels import Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chexlabel.labels import Cue, LabeledReport, Mention

__all__ = [
    "EVIDENCE_KEYS",
    "EvidenceWriter",
    "check_evidence_columns",
    "evidence_line",
    "evidence_record",
]

EVIDENCE_KEYS: Final = ("labels", "mentions", "error", "refiner", "confidence", "source")
"""The record's own keys; all others identify the report."""

# A record is made of plain values here: none of them holds itself.
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_string: Final = json.encoder.encode_basestring
_PLAIN: Final[dict[Label | None, int | None]] = {
    None: None,
    **{label: int(label) for label in Label},
}
_NUMBERS: Final = {label: json.dumps(number) for label, number in _PLAIN.items()}


def check_evidence_columns(id_columns: Sequence[str]) -> None:
    """Make sure that the identifying columns leave the record's own keys free.

    Raises:
        OutputError: an identifying column is named as one of the record's own keys.
    """
    for name in id_columns:
        if name in EVIDENCE_KEYS:
            raise OutputError(
                f"the evidence has a key {name!r} of its own; rename that column of the input, "
                "or choose another with --id-column"
            )


def evidence_record(
    ids: Mapping[str, str | int], labeled: LabeledReport, *, error: str | None = None
) -> dict[str, Any]:
    """Return a report's evidence as plain values, ready for JSON.

    Offsets count characters (Unicode code points, as Python does) of the report as given; `end` is
    after the last character, so that `text[start:end]` quotes the words.

    Args:
        ids: the identifying columns; they come first in the record.
        labeled: the labels and mentions.
        error: why the report could not be read; the key is left out where it could.

    Returns:
        The identifying columns, "labels" (finding -> 1, 0, -1 or None), "mentions" and, for a
        report that could not be read, "error". For a refined report also "refiner" (the model),
        "confidence" (finding -> probability of its label) and "source" (finding -> who decided).
    """
    record: dict[str, Any] = dict(ids)
    record["labels"] = {finding: _PLAIN[label] for finding, label in labeled.labels.items()}
    record["mentions"] = [_mention_record(mention) for mention in labeled.mentions]
    record |= _refined(labeled)
    if error is not None:
        record["error"] = error
    return record


def evidence_line(
    ids: Mapping[str, str | int], labeled: LabeledReport, *, error: str | None = None
) -> str:
    """Return `evidence_record` as one line of JSON, without a line end.

    The line is put together here, which takes a third of the time of making the record and
    encoding it.
    """
    labels = ", ".join(
        [f"{_string(name)}: {_NUMBERS[label]}" for name, label in labeled.labels.items()]
    )
    mentions = ", ".join([_mention_json(mention) for mention in labeled.mentions])
    line = f'"labels": {{{labels}}}, "mentions": [{mentions}]'
    if ids:
        line = f"{_encode(ids)[1:-1]}, {line}"
    more = _refined(labeled)
    if error is not None:
        more["error"] = error
    return f"{{{line}, {_encode(more)[1:]}" if more else f"{{{line}}}"


class EvidenceWriter:
    """JSON Lines of evidence.

    It takes finished lines, so that worker processes can make them.

    Args:
        stream: binary stream to write to.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, lines: Sequence[str]) -> None:
        """Append lines of `evidence_line`, in the order given."""
        text = "".join([line + "\n" for line in lines])
        # A lone surrogate comes out as \\udXXX, which is how JSON writes it.
        self._stream.write(text.encode("utf-8", errors="backslashreplace"))


def _mention_record(mention: Mention) -> dict[str, Any]:
    record: dict[str, Any] = {
        "finding": mention.finding,
        "label": _PLAIN[mention.label],
        "text": mention.text,
        "start": mention.start,
        "end": mention.end,
        "section": mention.section,
        "sentence": list(mention.sentence),
        "pattern": mention.pattern,
        "cues": [_cue_record(cue) for cue in mention.cues],
    }
    if mention.confidence is not None:
        record["confidence"] = _rounded(mention.confidence)
        record["source"] = mention.source
    return record


def _mention_json(mention: Mention) -> str:
    """Return `_mention_record` as JSON."""
    finding, label, text, start, end, section, (first, last), cues, pattern, sure, source = mention
    said = ", ".join([_cue_json(cue) for cue in cues])
    line = (
        f'{{"finding": {_string(finding)}, "label": {_NUMBERS[label]}, "text": {_string(text)}, '
        f'"start": {start}, "end": {end}, "section": {_string(section)}, '
        f'"sentence": [{first}, {last}], "pattern": {_string(pattern)}, "cues": [{said}]'
    )
    if sure is None:
        return line + "}"
    return f'{line}, "confidence": {_encode(_rounded(sure))}, "source": {_string(source)}}}'


def _cue_json(cue: Cue) -> str:
    """Return `_cue_record` as JSON."""
    kind, text, start, end, pattern = cue
    return (
        f'{{"kind": {_string(kind)}, "text": {_string(text)}, "start": {start}, "end": {end}, '
        f'"pattern": {_string(pattern)}}}'
    )


def _refined(labeled: LabeledReport) -> dict[str, Any]:
    """Return what the record of a refined report has besides."""
    if labeled.refiner is None:
        return {}
    known = labeled.probabilities
    return {
        "refiner": labeled.refiner,
        "confidence": {name: _rounded(labeled.confidence(name)) for name in known},
        "source": {name: labeled.source(name) for name in known},
    }


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, 4)


def _cue_record(cue: Cue) -> dict[str, Any]:
    return {
        "kind": cue.kind,
        "text": cue.text,
        "start": cue.start,
        "end": cue.end,
        "pattern": cue.pattern,
    }
