"""Labels files: one row a report, one column a finding."""

from __future__ import annotations

import contextlib
import csv
import json
from itertools import repeat
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from chexlabel._extras import optional_imports
from chexlabel.labels import Label
from chexlabel.writers.layout import defuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chexlabel.report import Report
    from chexlabel.writers.layout import ConfidenceRow, LabelRow, Layout

__all__ = ["DelimitedWriter", "JsonLinesWriter", "LabelsWriter", "ParquetWriter"]

_MEMO_ROWS = 1 << 16
"""Distinct label rows remembered in their written form: far more than real reports have."""

_encode = json.JSONEncoder(ensure_ascii=False).encode

_CELLS: dict[Label | None, str] = {
    Label.POSITIVE: "1.0",
    Label.NEGATIVE: "0.0",
    Label.UNCERTAIN: "-1.0",
    None: "",
}
"""The coding of the CheXpert labeler (and of MIMIC-CXR-JPG's chexpert.csv)."""


class LabelsWriter(Protocol):
    """What the writers of all formats have in common."""

    def write(
        self,
        reports: Sequence[Report],
        labels: Sequence[LabelRow],
        confidences: Sequence[ConfidenceRow] | None = None,
    ) -> None:
        """Append one row a report, in the order given; all sequences are equally long."""

    def close(self) -> None:
        """Write what is still held back; the stream stays open."""

    def abandon(self) -> None:
        """Let go of the stream after a failure; does nothing after `close`."""


class DelimitedWriter:
    """CSV or TSV in UTF-8 with a header line, as pandas writes it: labels 1.0, 0.0, -1.0 or empty.

    Args:
        stream: binary stream to write to.
        layout: the columns.
        delimiter: the character between the cells.
    """

    def __init__(self, stream: BinaryIO, layout: Layout, *, delimiter: str = ",") -> None:
        self._stream = stream
        self._layout = layout
        self._cells: dict[LabelRow, tuple[str, ...]] = {}
        self._lines = _Lines()
        # Up to Python 3.12 csv quotes a carriage return only where the line terminator has one.
        self._csv = csv.writer(self._lines, delimiter=delimiter, lineterminator="\r\n")
        self._csv.writerow(defuse(layout.names) if layout.defused else layout.names)
        self._flush()

    def write(
        self,
        reports: Sequence[Report],
        labels: Sequence[LabelRow],
        confidences: Sequence[ConfidenceRow] | None = None,
    ) -> None:
        """Append one row a report."""
        known, writerow, leading = self._cells, self._csv.writerow, self._layout.cells
        for report, row, sure in zip(reports, labels, confidences or _none(labels), strict=True):
            cells = known.get(row)
            if cells is None:
                if len(known) >= _MEMO_ROWS:
                    known.clear()
                cells = known[row] = tuple(_CELLS[label] for label in row)
            writerow((*leading(report), *cells, *map(_confidence_cell, sure)))
        self._flush()

    def close(self) -> None:
        """Do nothing: every batch is written at once."""

    def abandon(self) -> None:
        """Do nothing: the stream is not held."""

    def _flush(self) -> None:
        text = "".join([line[:-2] + "\n" for line in self._lines])
        self._lines.clear()
        self._stream.write(text.encode("utf-8", errors="backslashreplace"))


class _Lines(list[str]):
    """The finished lines of a `csv.writer`, which calls `write` once a row."""

    write = list.append


class JsonLinesWriter:
    """JSON Lines: one flat object a report, labels 1, 0, -1 or null.

    Args:
        stream: binary stream to write to.
        layout: the columns.
    """

    def __init__(self, stream: BinaryIO, layout: Layout) -> None:
        self._stream = stream
        self._layout = layout
        self._ends: dict[LabelRow, str] = {}

    def write(
        self,
        reports: Sequence[Report],
        labels: Sequence[LabelRow],
        confidences: Sequence[ConfidenceRow] | None = None,
    ) -> None:
        """Append one line a report."""
        known, names, findings = self._ends, self._layout.leading, self._layout.findings
        lines = []
        more = self._layout.confidence_names
        for report, row, sure in zip(reports, labels, confidences or _none(labels), strict=True):
            end = known.get(row)
            if end is None:
                if len(known) >= _MEMO_ROWS:
                    known.clear()
                end = known[row] = _encode(dict(zip(findings, row, strict=True)))[1:]
            start = _encode(dict(zip(names, self._layout.cells(report), strict=True)))[:-1]
            if sure:
                end = f"{end[:-1]}, {_encode(dict(zip(more, sure, strict=True)))[1:]}"
            lines.append(f"{start}, {end}" if names else "{" + end)
        lines.append("")
        self._stream.write("\n".join(lines).encode("utf-8", errors="backslashreplace"))

    def close(self) -> None:
        """Do nothing: every batch is written at once."""

    def abandon(self) -> None:
        """Do nothing: the stream is not held."""


class ParquetWriter:
    """Parquet: strings and integers, then a nullable float64 column a finding.

    It writes row groups of bounded size.

    Args:
        stream: binary stream to write to.
        layout: the columns.
    """

    _ROWS = 1 << 15
    _CHARACTERS = 1 << 25

    def __init__(self, stream: BinaryIO, layout: Layout) -> None:
        with optional_imports():
            import pyarrow as pa
            import pyarrow.parquet as pq

        self._layout = layout
        self._schema = pa.schema(
            [
                (name, pa.int64() if name in layout.integers else pa.string())
                for name in layout.leading
            ]
            + [(name, pa.float64()) for name in layout.findings]
            + [
                (name, pa.string() if name.endswith("_source") else pa.float64())
                for name in layout.confidence_names
            ]
        )
        self._file: Any = pq.ParquetWriter(stream, self._schema, compression="zstd")
        self._leading: list[list[str | int]] = []
        self._labels: list[LabelRow] = []
        self._confidences: list[ConfidenceRow] = []
        self._held = 0

    def write(
        self,
        reports: Sequence[Report],
        labels: Sequence[LabelRow],
        confidences: Sequence[ConfidenceRow] | None = None,
    ) -> None:
        """Append one row a report; a full row group goes out."""
        self._leading += map(self._layout.cells, reports)
        self._labels += labels
        self._confidences += confidences or ()
        if self._layout.text_column is not None:
            self._held += sum(len(report.text) for report in reports)
        if len(self._labels) >= self._ROWS or self._held >= self._CHARACTERS:
            self._flush()

    def close(self) -> None:
        """Write the last row group and the footer."""
        self._flush()
        self._file.close()

    def abandon(self) -> None:
        """End the file as it is; Arrow would otherwise do it later, into a closed stream."""
        with contextlib.suppress(OSError, ValueError):
            self._file.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._labels:
            return
        columns = [
            pa.array([cell if isinstance(cell, int) else None for cell in column], pa.int64())
            if name in self._layout.integers
            else pa.array(map(_well_formed, map(str, column)), pa.string())
            for name, column in zip(
                self._layout.leading, zip(*self._leading, strict=True), strict=True
            )
        ]
        columns += [
            pa.array([None if label is None else float(label) for label in column], pa.float64())
            for column in zip(*self._labels, strict=True)
        ]
        columns += [pa.array(column) for column in zip(*self._confidences, strict=True)]
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._leading, self._labels, self._confidences, self._held = [], [], [], 0


def _none(labels: Sequence[LabelRow]) -> Iterable[ConfidenceRow]:
    """Stand for the confidences where none are asked for."""
    return repeat((), len(labels))


def _confidence_cell(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4f}"


def _well_formed(text: str) -> str:
    """Escape lone surrogates, which JSON input can bring and UTF-8 cannot hold."""
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")
