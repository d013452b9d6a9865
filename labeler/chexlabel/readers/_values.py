"""Typed values of JSON and Parquet as the cells of a table, which are strings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chexlabel.readers._tabular import Columns

__all__ = ["row_cells"]


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
