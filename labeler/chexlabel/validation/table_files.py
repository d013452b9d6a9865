"""Files of labels, each format as columns of text cells: strict, for a guess is a wrong figure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from chexlabel._extras import optional_imports
from chexlabel.errors import InputError, ValidationError
from chexlabel.validation.text_files import open_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    import pandas as pd

__all__ = ["Table", "frame_table", "read_table", "text_cell"]

Table: TypeAlias = tuple[list[str], Mapping[str, tuple[str, ...]]]
"""The headers as they stand, of which two may be alike, and the cells of each."""

_DELIMITER: Final = {".csv": ",", ".txt": ",", ".tsv": "\t", ".tab": "\t"}
_DELIMITERS: Final = (",", "\t", ";", "|")
_BESIDE_THE_LABELS: Final = ("mentions", "error", "refiner", "confidence", "source")
"""Fields of an evidence file, which is a label file too, that are no columns."""


def read_table(path: Path, name: str, sheet: str | None = None) -> Table:
    """Read a CSV, TSV, JSON Lines (each also gzipped), Parquet or Excel file.

    Args:
        path: the file.
        name: what messages call it.
        sheet: the sheet of a workbook; default the first.

    Raises:
        ValidationError: it is none of these, is missing, or cannot be read.
    """
    if not path.exists():
        raise ValidationError(f"{path}: no such file; check the path")
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    kind = suffixes[-1] if suffixes else ""
    if kind in (".parquet", ".pq"):
        return _read_parquet(path, name)
    if kind in (".xlsx", ".xlsm"):
        return _read_excel(path, name, sheet)
    if kind not in (".jsonl", ".ndjson", *_DELIMITER):
        raise ValidationError(
            f"{name}: unknown kind of label file; use .csv, .tsv, .jsonl, .parquet or .xlsx"
        )
    with open_text(path, name) as stream:
        if kind in _DELIMITER:
            return _read_delimited(stream, name, _DELIMITER[kind])
        return _read_jsonl(stream, name)


def frame_table(frame: pd.DataFrame) -> Table:
    """Return the columns of a pandas frame; levels of its index that have a name are columns."""
    if any(level is not None for level in frame.index.names):
        frame = frame.reset_index(allow_duplicates=True)
    headers = [str(column) for column in frame.columns]
    return headers, {h: _text_cells(frame.iloc[:, i].tolist()) for i, h in enumerate(headers)}


def text_cell(value: object) -> str:
    """Return a typed cell as text; whatever stands for a missing value is empty."""
    if value is None or (isinstance(value, float) and value != value):  # NaN alone does
        return ""
    text = str(value)
    return "" if text in ("<NA>", "NaT") else text


def _text_cells(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(text_cell, values))


def _read_delimited(stream: TextIO, name: str, usual: str) -> Table:
    # The csv module, not pandas: pandas renames columns that occur twice and fills short rows
    # with blanks, and both would turn a broken file into wrong figures without a word. Strict,
    # because the lenient mode takes all that follows an unclosed quote for one cell.
    import csv
    import sys

    from chexlabel.readers.csv import without_separator_line

    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    before, first = 0, ""
    for line in stream:
        first, stated = without_separator_line(line)
        if first.strip("\r\n"):
            break
        before, usual, first = before + 1, stated or usual, ""
    if not first:
        raise ValidationError(f"{name}: the file is empty; give a table with a header")
    reader = csv.reader(_lines(first, stream), delimiter=_delimiter(first, usual), strict=True)
    rows: list[list[str]] = []
    begun = 0
    try:
        header = next(reader)
        begun = reader.line_num
        for row in reader:
            if not row and len(header) == 1:
                row = [""]  # where there is one column, an empty line is an empty cell of it
            if row and len(row) != len(header):
                raise ValidationError(
                    f"{name}, line {before + reader.line_num}: {len(row)} cells where the header "
                    f"has {len(header)}; check the quotes and delimiters of that line"
                )
            if row:
                rows.append(row)
            begun = reader.line_num
    except csv.Error:
        raise ValidationError(
            f"{name}, line {before + begun + 1}: a quote is not closed, or not doubled within a "
            "quoted cell; check the quotes of that line"
        ) from None
    headers = [h.strip() for h in header]
    columns = zip(*rows, strict=True) if rows else (() for _ in headers)
    return _with_names(headers, [tuple(c) for c in columns])


def _lines(first: str, rest: TextIO) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(header: str, usual: str) -> str:
    """Return the delimiter of a table: the usual one, if the header has it, or another it has."""
    import csv

    def cells(delimiter: str) -> int:
        return len(next(csv.reader([header], delimiter=delimiter), ()))

    return next((d for d in (usual, *_DELIMITERS) if cells(d) > 1), usual)


def _read_jsonl(stream: TextIO, name: str) -> Table:
    records: list[dict[str, Any]] = []
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            record = None
        if not isinstance(record, dict):
            raise ValidationError(f"{name}, line {number}: not a JSON object; one a line")
        # A writer may keep the labels in an object of their own, apart from the id columns.
        labels = record.pop("labels", {})
        if not isinstance(labels, dict):
            raise ValidationError(f"{name}, line {number}: 'labels' must be an object")
        record |= labels
        for key in _BESIDE_THE_LABELS:
            record.pop(key, None)
        if records and record.keys() != records[0].keys():
            raise ValidationError(
                f"{name}, line {number}: other fields than line 1; give every line the same"
            )
        records.append(record)
    headers = list(records[0]) if records else []
    return headers, {h: _text_cells(r[h] for r in records) for h in headers}


def _read_parquet(path: Path, name: str) -> Table:
    with optional_imports():
        import pandas as pd
        import pyarrow as pa  # noqa: F401 - pandas would name no extra
    try:
        frame = pd.read_parquet(path)
    except OSError as error:
        raise ValidationError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:  # pyarrow's and pandas' errors for a broken file
        raise ValidationError(
            f"{name}: not a readable parquet file ({type(error).__name__})"
        ) from None
    return frame_table(frame)


def _read_excel(path: Path, name: str, sheet: str | None) -> Table:
    from chexlabel.readers.excel import read_sheet

    try:
        rows = read_sheet(path, sheet)
    except InputError as error:
        raise ValidationError(str(error).replace(str(path), name)) from None
    if not rows:
        return [], {}
    header, *cells = rows
    headers = [text_cell(cell).strip() for cell in header]
    columns = zip(*cells, strict=True) if cells else (() for _ in headers)
    return _with_names(headers, [_text_cells(column) for column in columns])


def _with_names(headers: Sequence[str], columns: Sequence[tuple[str, ...]]) -> Table:
    """Leave out what delimiters at the ends of lines make: empty columns without a name."""
    kept = [
        (header, cells)
        for header, cells in zip(headers, columns, strict=True)
        if header or any(cell.strip() for cell in cells)
    ]
    return [header for header, _ in kept], dict(kept)
