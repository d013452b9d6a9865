"""What readers yield and the labeler takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chexlabel.labels import SectionSpan

__all__ = ["Report", "several", "text_and_spans"]


class Report(NamedTuple):
    """One report as a reader found it.

    Attributes:
        id: identifier that is unique in its source.
        text: the text as given; all offsets of the evidence point into it.
        spans: the sections, where the source itself names them (Open-i XML, one column a section);
            `None` when they have to be found in the text.
        columns: identifying columns that are copied to the output, in their order; whole numbers
            where the source has numbers, not text.
        metadata: what else the source knows, e.g. "mesh_major" and "mesh_automatic" of Open-i.
        error: why the report could not be read (one line, no report text); it is labeled blank.
        numbered: whether `id` is only the row's number, as the source has no identifier for it.
    """

    id: str
    text: str
    spans: tuple[SectionSpan, ...] | None = None
    columns: Mapping[str, str | int] = {}
    metadata: Mapping[str, tuple[str, ...]] = {}
    error: str | None = None
    numbered: bool = False

    @property
    def stated_id(self) -> str:
        """The identifier that the source has; empty where it has none."""
        return "" if self.numbered else self.id


def text_and_spans(report: str | Report) -> tuple[str, tuple[SectionSpan, ...] | None]:
    """Return a report's text, and its sections where its source names them.

    Raises:
        TypeError: It is neither a text nor a `Report`.
    """
    if isinstance(report, str):
        return report, None
    if isinstance(report, Report):
        return report.text, report.spans
    raise TypeError(f"a report is a str or a Report, not {type(report).__name__}")


def several(reports: Iterable[str | Report]) -> Iterable[str | Report]:
    """Return reports as they are given.

    Raises:
        TypeError: It is a single one, whose letters would count as reports.
    """
    if isinstance(reports, str | bytes | Report):
        raise TypeError(
            f"give a list or another iterable of reports, not one {type(reports).__name__}"
        )
    return reports
