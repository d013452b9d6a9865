"""Typed values of JSON and Parquet as the cells of a table, which are strings."""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from chexlabel.readers._source import Options
from chexlabel.readers._tabular import Columns, choose_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chexlabel.readers._tabular import RowBuilder
    from chexlabel.report import Report

__all__ = ["RowReports", "row_report", "row_reports"]


def row_report(
    columns: Columns,
    build: RowBuilder,
    values: Mapping[str, object],
    number: int,
    line: int | None = None,
) -> Report:
    """Make the report of one row of typed values; one that cannot be read has its error.

    Missing values give empty cells. A whole number that is kept as a float, as pandas keeps an
    integer column with gaps, loses the fraction. Identifiers that are numbers stay numbers.

    Args:
        columns: the columns to read.
        build: makes a report of the cells of `columns.needed`.
        values: column -> value, as far as the row has them.
        number: number of the row, from 1.
        line: its line in the file, if it has lines.
    """
    texts = columns.text_columns
    try:
        if not any(name in values for name in texts):
            raise ValueError(f"has no {' or '.join(map(repr, texts))}")
        cells = [_cell(name, values.get(name), name in texts) for name in columns.needed]
    except ValueError as error:
        place = f"row {number}" if line is None else f"row {number} (line {line})"
        report = columns.failed(number, f"{place} {error}", _identifiers(columns, values))
    else:
        report = build(cells, number)
    numbers = {name: _whole(values.get(name)) for name in columns.ids}
    whole = {name: number for name, number in numbers.items() if number is not None}
    return report._replace(columns={**report.columns, **whole}) if whole else report


def _identifiers(columns: Columns, values: Mapping[str, object]) -> dict[str, str]:
    """Return the identifiers of a row that cannot be read, as far as they can."""
    found = {}
    for name in columns.ids:
        with suppress(ValueError):
            found[name] = _cell(name, values.get(name), name in columns.text_columns)
    return found


def _whole(value: object) -> int | None:
    """Return a whole number, `None` for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _cell(name: str, value: object, is_text: bool) -> str:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if is_text or isinstance(value, dict | list):
        raise ValueError(f"has {type(value).__name__} in {name!r}, not text")
    whole = _whole(value)
    return str(value if whole is None else whole)


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
            yield row_report(columns, build, values, number)


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
    # Who holds the rows in memory has no need of a limit.
    options = Options(text_column, tuple(id_columns), max_size=sys.maxsize)
    return RowReports(choose_columns(names, options, "the table"))
