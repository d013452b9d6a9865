"""Excel workbooks (.xlsx): one sheet, row by row."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chexlabel._extras import optional_imports
from chexlabel.errors import InputError
from chexlabel.readers._source import Options, ReportSource
from chexlabel.readers._tabular import Columns, choose_columns, number_columns
from chexlabel.readers._values import row_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from chexlabel.readers._streams import ByteStream
    from chexlabel.report import Report

__all__ = ["is_workbook", "open_excel", "read_sheet"]

_WORKBOOK = "xl/workbook.xml"
_BLOW_UP = 16
"""A workbook may unpack to so many times the longest report: its texts are all held in memory."""

_Row = tuple[int, tuple[Any, ...]]


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Tell an Excel workbook from other zip archives."""
    return _WORKBOOK in archive.namelist()


def open_excel(stream: ByteStream, archive: zipfile.ZipFile, options: Options) -> ReportSource:
    """Open an Excel workbook. Rows without any value are no rows.

    Args:
        stream: the file.
        archive: the zip archive that it is.
        options: sheet and columns asked for.

    Raises:
        InputError: when the workbook is damaged or too large, or has no such sheet or columns.
        MissingExtraError: openpyxl is not installed.
    """
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > _BLOW_UP * options.max_size:
        raise InputError(
            f"{stream.name} unpacks to {unpacked >> 20:,} MB; "
            "write it as CSV, or allow more with --max-size"
        )
    workbook = _workbook(archive.fp or "", stream.name)
    name = _sheet_name(workbook.sheetnames, options.sheet, stream.name)
    rows = _rows(workbook[name], stream.name)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{stream.name} has no rows in its sheet {name!r}; choose another --sheet")
    if options.header:
        names = ["" if cell is None else str(cell).strip() for cell in first[1]]
        columns, unread = choose_columns(names, options, stream.name, from_row=True), []
    else:
        columns, names = number_columns(len(first[1]), options, stream.name)
        unread = [first]

    def close() -> None:
        workbook.close()
        archive.close()
        stream.close()

    return ReportSource(
        _reports(unread, rows, names, columns),
        format="xlsx",
        id_columns=columns.id_columns,
        text_columns=columns.text_columns,
        close=close,
    )


def read_sheet(path: Path, sheet: str | None = None) -> list[tuple[Any, ...]]:
    """Return the rows of a sheet, the header first, all of its length.

    Args:
        path: the workbook.
        sheet: the sheet's name; default the first.

    Raises:
        InputError: when it is damaged or no workbook, or has no such sheet.
        MissingExtraError: openpyxl is not installed.
    """
    name = str(path)
    workbook = _workbook(path, name)
    try:
        rows = [
            row for _, row in _rows(workbook[_sheet_name(workbook.sheetnames, sheet, name)], name)
        ]
    finally:
        workbook.close()
    width = len(rows[0]) if rows else 0
    for row in rows:
        if any(cell is not None for cell in row[width:]):
            raise InputError(f"{name} has cells to the right of its header; name or clear them")
    return [(*row, *[None] * width)[:width] for row in rows]


def _workbook(file: Path | IO[bytes] | str, name: str) -> Any:  # noqa: ANN401 - no types
    with optional_imports():
        from openpyxl import load_workbook
    with _damage(name):
        return load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _sheet_name(names: list[str], asked: str | None, source: str) -> str:
    if asked is None and names:
        return names[0]
    if asked not in names:
        listed = ", ".join(map(repr, names)) or "none"
        raise InputError(f"{source} has no sheet {asked!r}; its sheets are: {listed}")
    return asked


def _reports(
    unread: list[_Row], rows: Iterator[_Row], names: list[str], columns: Columns
) -> Iterator[Report]:
    build = columns.builder(columns.needed)
    number = 0
    for source in (unread, rows):
        for line, row in source:
            number += 1
            values = dict.fromkeys(names) | dict(zip(names, row, strict=False))
            yield row_report(columns, build, values, number, line)


def _rows(sheet: Any, name: str) -> Iterator[_Row]:  # noqa: ANN401 - openpyxl has no types
    """Yield the rows that have a value, each with its number in the sheet.

    Where there is one column, an empty row is an empty cell of it, if others come behind it.
    """
    from openpyxl.utils.escape import unescape

    width, empty = 0, 0
    with _damage(name):
        sheet.reset_dimensions()  # which some programs write wrong
        for line, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if all(cell is None for cell in row):
                empty += 1
                continue
            if width == 1:
                yield from ((skipped, (None,)) for skipped in range(line - empty, line))
            width, empty = width or len(row), 0
            yield line, tuple(unescape(cell) if isinstance(cell, str) else cell for cell in row)


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Turn what openpyxl raises on a damaged workbook into `InputError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that it does not read
            yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        AttributeError,
        EOFError,
        LookupError,
        NotImplementedError,
        OSError,
        SyntaxError,  # of the XML
        TypeError,
        ValueError,
    ):
        raise InputError(
            f"{name} is a damaged Excel workbook; save it again as .xlsx, or as CSV"
        ) from None
