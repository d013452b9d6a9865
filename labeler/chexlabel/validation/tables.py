"""Read a file of labels into text columns, without guessing at what it does not say."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from chexlabel._extras import optional_imports
from chexlabel.errors import ValidationError
from chexlabel.writers.layout import CONFIDENCE_SUFFIX, PROBABILITY_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from narwhals.typing import IntoDataFrame

__all__ = [
    "BESIDE_LABELS",
    "LabelFile",
    "LabelSource",
    "column_key",
    "read_label_file",
]

LabelSource: TypeAlias = "str | os.PathLike[str] | IntoDataFrame | LabelFile"

BESIDE_LABELS: Final = (PROBABILITY_SUFFIX, CONFIDENCE_SUFFIX)
"""How columns of numbers end that stand beside a finding's labels and hold none."""

_DELIMITERS: Final = {".csv": ",", ".txt": ",", ".tsv": "\t", ".tab": "\t"}


def column_key(name: str) -> str:
    """Return the form in which column names are compared: case and `_`, `-`, space are alike."""
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A table of text cells, as read.

    Attributes:
        name: what the table is called in messages: the file's name without its folder.
        columns: column name -> cells, in the file's order; every column has the same length.
        sha256: of the file's bytes, in hexadecimal; `None` for a table in memory.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    sha256: str | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def find(self, name: str) -> str | None:
        """Return the column that goes by `name` (compared as `column_key` says), or `None`."""
        if name in self.columns:
            return name
        key = column_key(name)
        return next((column for column in self.columns if column_key(column) == key), None)


def read_label_file(source: LabelSource, *, name: str | None = None) -> LabelFile:
    """Read labels from CSV, TSV, Parquet, JSON lines (each also gzipped but Parquet) or a frame.

    Args:
        source: a path, a DataFrame (of pandas, polars or pyarrow), or a table already read.
        name: what to call it in messages; default the file's name.

    Raises:
        ValidationError: the source is none of these; or the file is missing, cannot be decoded,
            has no rows, two columns of one name, or a row with too many or too few cells.
    """
    if isinstance(source, LabelFile):
        return source
    digest = None
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        name = name or path.name
        headers, table = _read_path(path, name)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    else:
        name = name or "labels"
        headers, table = _read_frame(source, name)
    _refuse_bad_headers(headers, name)
    file = LabelFile(name, table, digest)
    if not len(file):
        raise ValidationError(f"{name}: no rows below the header; give a table with labels")
    return file


def _read_frame(
    source: Any,  # noqa: ANN401 - of whichever library, or none
    name: str,
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    with optional_imports():
        import narwhals as nw

    if nw.dependencies.is_pandas_dataframe(source):
        frame = source if source.index.name is None else source.reset_index()
        headers = [str(c) for c in frame.columns]
        return headers, {h: _cells(frame.iloc[:, i].tolist()) for i, h in enumerate(headers)}
    try:
        data = nw.from_native(source, eager_only=True)
    except TypeError:
        hint = "; call its collect() first" if hasattr(source, "collect") else ""
        raise ValidationError(
            f"{name}: give a path, a DataFrame (of pandas, polars or pyarrow) or a LabelFile, "
            f"not {type(source).__name__}{hint}"
        ) from None
    except nw.exceptions.DuplicateError:  # of pyarrow, whose frames may have it
        return list(source.column_names), {}
    return data.columns, {column: _cells(data[column].to_list()) for column in data.columns}


def _read_path(path: Path, name: str) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    if not path.exists():
        raise ValidationError(f"{path}: no such file; check the path")
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    kind = suffixes[-1] if suffixes else ""
    try:
        if kind in (".parquet", ".pq"):
            with optional_imports():
                import pandas as pd
                import pyarrow  # noqa: F401 - pandas would name no extra

            frame = pd.read_parquet(path)
            headers = [str(c) for c in frame.columns]
            return headers, {c: _cells(frame[c].tolist()) for c in frame.columns}
        if kind in (".jsonl", ".ndjson"):
            return _read_jsonl(path, name)
        if kind in _DELIMITERS:
            return _read_delimited(path, _DELIMITERS[kind], name)
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"{name}: byte {error.start} is not UTF-8; save the table as UTF-8"
        ) from None
    except OSError as error:
        raise ValidationError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:  # pyarrow's and pandas' errors for a broken file
        raise ValidationError(
            f"{name}: not a readable {kind[1:]} file ({type(error).__name__})"
        ) from None
    raise ValidationError(f"{name}: unknown kind of label file; use .csv, .tsv, .parquet or .jsonl")


def _read_delimited(
    path: Path, delimiter: str, name: str
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    # The csv module, not pandas: pandas renames columns that occur twice and fills short rows
    # with blanks, and both would turn a broken file into wrong figures without a word.
    import csv
    import gzip
    import sys

    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        try:
            header = next(reader, None)
            if header is None:
                raise ValidationError(f"{name}: the file is empty; give a table with a header")
            rows = []
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise ValidationError(
                        f"{name}, line {reader.line_num}: {len(row)} cells where the header has "
                        f"{len(header)}; check the quotes and commas of that line"
                    )
                rows.append(row)
        except csv.Error as error:
            raise ValidationError(f"{name}, line {reader.line_num}: {error}") from None
    headers = [h.strip() for h in header]
    columns = zip(*rows, strict=True) if rows else (() for _ in headers)
    return headers, {h: tuple(c) for h, c in zip(headers, columns, strict=True)}


def _read_jsonl(path: Path, name: str) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    import gzip

    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    records: list[dict[str, Any]] = []
    with opener(path, "rt", encoding="utf-8-sig") as stream:
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
            # An evidence file is a label file too: its mentions and faults are no columns.
            for key in ("mentions", "error", "refiner", "confidence", "source"):
                record.pop(key, None)
            if records and record.keys() != records[0].keys():
                raise ValidationError(
                    f"{name}, line {number}: other fields than line 1; give every line the same"
                )
            records.append(record)
    headers = list(records[0]) if records else []
    return headers, {h: tuple(_cell(r[h]) for r in records) for h in headers}


def _cells(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(_cell, values))


def _cell(value: object) -> str:
    if value is None or value != value:  # only NaN differs from itself
        return ""
    text = str(value)
    return "" if text in ("<NA>", "NaT") else text


def _refuse_bad_headers(headers: Sequence[str], name: str) -> None:
    seen: dict[str, str] = {}
    for header in headers:
        key = column_key(header)
        if key in seen:
            raise ValidationError(
                f"{name}: columns {seen[key]!r} and {header!r} have the same name (case, '_' and "
                "'-' do not count); rename or drop one"
            )
        seen[key] = header
