"""Typed values of JSON and Parquet as the cells of a table, which are strings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chexlabel.readers._source import Options
from chexlabel.readers._tabular import Columns, choose_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chexlabel.report import Report

__all__ = ["RowReports", "row_cells", "row_reports"]


def row_cells(columns: Columns, values: Mapping[str, object]) -> list[str]:
    """Return the cells of `columns.needed` for one row of typed values.

    Missing values give empty cells. A whole number that is kept as a float, as pandas keeps an
    integer column with gaps, is written without the fraction.

    Args:
        columns: the columns to read.
        values: column -> value, as far as the row has them.

    Raises:
        ValueError: when a text is not a string, an identifier is nested, or the row has no text
            column at all. The message says which, without the value.
    """
    texts = columns.text_columns
    if not any(name in values for name in texts):
        raise ValueError(f"has no {' or '.join(map(repr, texts))}")
    return [_cell(name, values.get(name), name in texts) for name in columns.needed]


def _cell(name: str, value: object, is_text: bool) -> str:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if is_text or isinstance(value, dict | list):
        raise ValueError(f"has {type(value).__name__} in {name!r}, not text")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class RowReports:
    """Makes reports of rows of typed values.

    Args:
        columns: the columns to read.

    Attributes:
        ids: the identifying columns, empty where there are none.
        needed: all columns that are read.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.ids = columns.ids
        self.needed = columns.needed

    def reports(self, rows: Iterable[Mapping[str, object]]) -> Iterator[Report]:
        """Make a report of each row; one that cannot be read has its error."""
        columns = self._columns
        build = columns.builder(columns.needed)
        for number, values in enumerate(rows, 1):
            try:
                cells = row_cells(columns, values)
            except ValueError as error:
                yield columns.failed(number, f"row {number} {error}")
            else:
                yield build(cells, number)


def row_reports(
    names: Sequence[str], *, text_column: str | None = None, id_columns: Sequence[str] = ()
) -> RowReports:
    """Choose the columns of rows that another program holds, as they are chosen for files.

    Args:
        names: the columns of the rows.
        text_column: the column of the reports; by default one known by its name.
        id_columns: the columns that identify a report; by default those known by their names.

    Raises:
        InputError: a column asked for is not there, or none is known to hold reports.
    """
    options = Options(text_column=text_column, id_columns=tuple(id_columns))
    return RowReports(choose_columns(names, options, "the table"))
