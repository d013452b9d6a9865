"""Read a file of labels into text columns, without guessing at what it does not say."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from chexlabel._extras import optional_imports
from chexlabel.errors import ValidationError
from chexlabel.validation.identifiers import quoted_name
from chexlabel.validation.table_files import Table, frame_table, read_table, text_cell
from chexlabel.writers.layout import CONFIDENCE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from narwhals.typing import IntoDataFrame

__all__ = [
    "BESIDE_LABELS",
    "LabelFile",
    "LabelSource",
    "column_key",
    "file_stem",
    "read_label_file",
]

LabelSource: TypeAlias = "str | os.PathLike[str] | IntoDataFrame | LabelFile"

BESIDE_LABELS: Final = CONFIDENCE_SUFFIXES
"""How columns end that stand beside a finding's labels and hold none."""

_ENDINGS: Final = (
    ".csv", ".txt", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx", ".xlsm",
)  # fmt: skip


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

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the cells of the column that goes by `name`; none where there is no such."""
        column = self.find(name)
        return () if column is None else self.columns[column]

    def find(self, name: str) -> str | None:
        """Return the column that goes by `name` (compared as `column_key` says), or `None`."""
        if name in self.columns:
            return name
        key = column_key(name)
        return next((column for column in self.columns if column_key(column) == key), None)


def file_stem(name: str) -> str:
    """Return the name of a label file without what tells its format.

    >>> file_stem("v1.0.csv.gz"), file_stem("v1.0")
    ('v1.0', 'v1.0')
    """
    stem = name[:-3] if name.lower().endswith(".gz") else name
    known = stem.lower().endswith(_ENDINGS)
    return stem.rpartition(".")[0] if known else stem


def read_label_file(
    source: LabelSource, *, name: str | None = None, sheet: str | None = None
) -> LabelFile:
    """Read labels from CSV, TSV, JSON lines (each also gzipped), Parquet, Excel or a frame.

    Args:
        source: a path, a DataFrame (of pandas, polars or pyarrow), or a table already read.
        name: what to call it in messages; default the file's name.
        sheet: the sheet of an Excel workbook; default the first.

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
        headers, table = read_table(path, name, sheet)
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
) -> Table:
    with optional_imports():
        import narwhals as nw

    if nw.dependencies.is_pandas_dataframe(source):
        return frame_table(source)
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
    return data.columns, {c: tuple(map(text_cell, data[c].to_list())) for c in data.columns}


def _refuse_bad_headers(headers: Sequence[str], name: str) -> None:
    seen: dict[str, str] = {}
    for header in headers:
        key = column_key(header)
        if key in seen:
            two = f"{quoted_name(seen[key])} and {quoted_name(header)}"
            raise ValidationError(
                f"{name}: columns {two} have the same name (case, '_' and '-' do not count); "
                "rename or drop one"
            )
        seen[key] = header
