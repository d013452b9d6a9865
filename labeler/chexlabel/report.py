"""What readers yield and the labeler takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chexlabel.labels import SectionSpan

__all__ = ["Report"]


@dataclass(slots=True)
class Report:
    """One report as a reader found it; not frozen, since millions are made and frozen costs time.

    Attributes:
        id: identifier that is unique in its source.
        text: the text as given; all offsets of the evidence point into it.
        spans: the sections, where the source itself names them (Open-i XML, one column a section);
            `None` when they have to be found in the text.
        columns: identifying columns that are copied to the output, in their order.
        metadata: what else the source knows, e.g. "mesh_major" and "mesh_automatic" of Open-i.
        error: why the report could not be read (one line, no report text); it is labeled blank.
    """

    id: str
    text: str
    spans: tuple[SectionSpan, ...] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    error: str | None = None
