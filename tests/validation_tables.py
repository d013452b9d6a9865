"""Label tables for the tests of the validation harness, small enough to count by hand."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from chexlabel.validation.values import Codes, LabelClass

SIGNS = {
    "+": LabelClass.POSITIVE,
    "-": LabelClass.NEGATIVE,
    "?": LabelClass.UNCERTAIN,
    ".": LabelClass.BLANK,
}
CELLS = {"+": "1.0", "-": "0.0", "?": "-1.0", ".": ""}


def codes(*columns: str) -> Codes:
    """Label classes from one string of signs a finding, one sign a report."""
    return np.array([[SIGNS[sign] for sign in column] for column in columns], dtype=np.int8).T


def write_labels(
    path: Path, columns: Mapping[str, str], ids: Sequence[str] | None = None, **others: object
) -> Path:
    """Write a label CSV from one string of signs a finding; `others` are columns of plain cells."""
    length = len(next(iter(columns.values())))
    ids = ids or [f"r{i + 1}" for i in range(length)]
    table = {"id": list(ids)}
    table |= {name: list(cells) for name, cells in others.items()}  # type: ignore[call-overload]
    table |= {name: [CELLS[sign] for sign in signs] for name, signs in columns.items()}
    return write_table(path, table)


def write_table(path: Path, table: Mapping[str, Sequence[object]]) -> Path:
    """Write columns of cells as a CSV."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return path
