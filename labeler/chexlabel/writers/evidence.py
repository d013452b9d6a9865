"""Evidence files: one JSON object a report, with every mention and the cues that decided it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from chexlabel.errors import OutputError

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

_encode = json.JSONEncoder(ensure_ascii=False).encode


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
    ids: Mapping[str, str], labeled: LabeledReport, *, error: str | None = None
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
    record["labels"] = {
        finding: None if label is None else int(label) for finding, label in labeled.labels.items()
    }
    record["mentions"] = [_mention_record(mention) for mention in labeled.mentions]
    if labeled.refiner is not None:
        record["refiner"] = labeled.refiner
        known = labeled.probabilities
        record["confidence"] = {name: _rounded(labeled.confidence(name)) for name in known}
        record["source"] = {name: labeled.source(name) for name in known}
    if error is not None:
        record["error"] = error
    return record


def evidence_line(
    ids: Mapping[str, str], labeled: LabeledReport, *, error: str | None = None
) -> str:
    """Return `evidence_record` as one line of JSON, without a line end."""
    return _encode(evidence_record(ids, labeled, error=error))


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
        "label": None if mention.label is None else int(mention.label),
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
