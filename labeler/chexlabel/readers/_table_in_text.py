"""Whether a text that would be read as one report is a whole table, whose rows would be lost.

A report may hold commas, tabs and lists; a table is told from it by its header, or by the
identifiers that its rows begin with.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from chexlabel.errors import InputError
from chexlabel.readers._tabular import is_column_name

__all__ = ["refuse_table"]

_FORMATS = {",": "csv", "\t": "tsv", ";": "csv", "|": "csv"}
_LIST_MARKS = "\t|"
"""Numbered lists and small tables in a report have these between their cells too."""

_ROWS_LOOKED_AT = 20
_LOOKED_AT = 1 << 16
_LONGEST_NAME = 40
_LONGEST_ID = 64


def refuse_table(text: str, name: str) -> None:
    """Refuse a table where one report is expected.

    Args:
        text: the text, or its beginning.
        name: what messages call it.

    Raises:
        InputError: the text is a table.
    """
    found = _table_format(text[:_LOOKED_AT])
    if found is not None:
        raise InputError(
            f"{name} looks like a table, not like one report; state --format {found}, or "
            "--format text if it is a report"
        )


def _table_format(text: str) -> str | None:
    """Return the format of the table that a text is, or `None`."""
    lines = text.lstrip().splitlines(keepends=True)
    if not lines:
        return None
    if lines[0].startswith("{") and lines[0].rstrip().endswith("}"):
        return "jsonl"
    for delimiter, found in _FORMATS.items():
        if delimiter in lines[0] and _is_table(_rows(lines, delimiter), delimiter):
            return found
    return None


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    with suppress(csv.Error):  # the text is cut off, or broken: the rows before tell enough
        rows.extend(islice(filter(None, reader), _ROWS_LOOKED_AT))
    return rows


def _is_table(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    header, *below = rows
    even = [len(row) == len(header) for row in below]
    if _is_header(header, delimiter) and 2 * sum(even) >= len(even):
        if any(is_column_name(cell.strip()) for cell in header):
            # A list of headings, each with its text beside it, has such names in every row.
            return not any(is_column_name(row[0].strip()) for row in below)
        return all(even) and _are_identifiers(below) and not _are_identifiers([header])
    return all(even) and len(rows) > 2 and delimiter not in _LIST_MARKS and _are_identifiers(rows)


def _is_header(cells: Sequence[str], delimiter: str) -> bool:
    """Tell whether cells may be column names: short, each another, and no piece of a sentence."""
    if delimiter in ",;" and any(cell.startswith(" ") for cell in cells):
        return False
    if any(len(cell) > _LONGEST_NAME or cell.rstrip().endswith((".", ":")) for cell in cells):
        return False
    return len(set(cells)) == len(cells)


def _are_identifiers(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether each row begins with an identifier of its own."""
    cells = [row[0] for row in rows]
    return len(set(cells)) == len(cells) and all(
        len(cell) <= _LONGEST_ID and any(map(str.isdigit, cell)) and not any(map(str.isspace, cell))
        for cell in cells
    )
