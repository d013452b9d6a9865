"""Parquet, read batch by batch."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from chexlabel._extras import optional_imports
from chexlabel.errors import InputError
from chexlabel.readers._source import Options, ReportSource
from chexlabel.readers._tabular import Columns, choose_columns
from chexlabel.readers._values import RowReports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyarrow.parquet import ParquetFile

    from chexlabel.readers._streams import ByteStream
    from chexlabel.report import Report

__all__ = ["open_parquet"]

# Enough rows to make the cost of a batch negligible, few enough to hold their texts lightly.
_BATCH_ROWS = 1024


def open_parquet(stream: ByteStream, options: Options) -> ReportSource:
    """Open a Parquet file. Only the columns that are needed are read.

    Args:
        stream: the file.
        options: columns asked for.

    Raises:
        InputError: when the file is damaged, has no such columns, or the text is not a string.
    """
    with optional_imports():
        from pyarrow import parquet, types

    file = stream.seekable()
    try:
        with _damage(stream.name):
            table = parquet.ParquetFile(file)
            schema = table.schema_arrow
        columns = choose_columns(schema.names, options, stream.name)
        for name in columns.text_columns:
            kind = schema.field(schema.names.index(name)).type
            if types.is_dictionary(kind):
                kind = kind.value_type
            if not (
                types.is_string(kind)
                or types.is_large_string(kind)
                or types.is_string_view(kind)
                or types.is_null(kind)
            ):
                raise InputError(
                    f"{stream.name} has {kind} in column {name!r}, not text; "
                    "name the column of the reports with --text-column"
                )
        kinds = {name: schema.field(name).type for name in columns.ids}
        integers = tuple(
            name
            for name, kind in kinds.items()
            if types.is_integer(kind) and not types.is_uint64(kind)  # more than int64 can hold
        )
    except InputError:
        file.close()
        raise

    def close() -> None:
        file.close()
        stream.close()

    return ReportSource(
        _reports(stream, table, columns),
        format="parquet",
        id_columns=columns.id_columns,
        text_columns=columns.text_columns,
        integers=integers,
        total=table.metadata.num_rows,
        close=close,
    )


def _reports(stream: ByteStream, table: ParquetFile, columns: Columns) -> Iterator[Report]:
    with _damage(stream.name):
        batches = table.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns.needed))
        rows = chain.from_iterable(batch.to_pylist() for batch in batches)
        yield from RowReports(columns).reports(rows)


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Turn what pyarrow raises on a damaged file into `InputError`."""
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, OSError):
        raise InputError(
            f"{name} is not a Parquet file, or is damaged; fetch or make it again"
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            f"{name} holds text that is not UTF-8, as Parquet's text has to be; make it again"
        ) from None
