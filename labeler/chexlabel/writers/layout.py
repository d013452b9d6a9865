"""What an output file's columns are, and in which format it is written."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chexlabel.errors import OutputError
from chexlabel.labels import Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chexlabel.report import Report

__all__ = [
    "CONFIDENCE_SUFFIX",
    "CONFIDENCE_SUFFIXES",
    "OUTPUT_FORMATS",
    "PROBABILITY_SUFFIX",
    "ConfidenceRow",
    "LabelRow",
    "Layout",
    "OutputFormat",
    "defuse",
    "recognise_format",
]

LabelRow: TypeAlias = tuple[Label | None, ...]
"""One report's labels in the order of the findings; `None` is blank."""

ConfidenceRow: TypeAlias = tuple[float | str, ...]
"""One report's confidences, as `Layout.confidence_names` names them."""

PROBABILITY_SUFFIX = "_prob"
"""`<finding>_prob` holds the probability, 0 to 1, that the finding is positive."""

CONFIDENCE_SUFFIX = "_confidence"
"""`<finding>_confidence` holds the probability of the label given."""

CONFIDENCE_SUFFIXES = (PROBABILITY_SUFFIX, CONFIDENCE_SUFFIX, "_source")
"""How the columns end that stand beside a finding's labels; the last says who decided."""

OUTPUT_FORMATS = ("csv", "tsv", "jsonl", "parquet", "xlsx")
"""The formats of a labels file, by the names that `--output-format` takes."""

_BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
}


_COMPRESSED = {"parquet": "Parquet", "xlsx": "Excel"}


# What spreadsheets take for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class OutputFormat(NamedTuple):
    """How a file is written.

    Attributes:
        name: one of `OUTPUT_FORMATS`.
        gzip: whether the file is compressed as a whole (its name ends in ".gz").
    """

    name: str
    gzip: bool


def recognise_format(path: str | os.PathLike[str], stated: str | None = None) -> OutputFormat:
    """Tell an output's format by its name.

    Args:
        path: the output; "-", standard output, is CSV unless stated otherwise.
        stated: one of `OUTPUT_FORMATS`, which then holds whatever the name is.

    Raises:
        OutputError: the name has no known ending and no format is stated.
    """
    name = os.fspath(path)
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    gzip = suffixes[-1:] == [".gz"]
    if gzip:
        suffixes.pop()
    if stated is not None and stated not in OUTPUT_FORMATS:
        raise OutputError(f"there is no output format {stated!r}; use {_listed(OUTPUT_FORMATS)}")
    if stated is None and name == "-":
        stated = "csv"
    if stated is None:
        stated = _BY_SUFFIX.get(suffixes[-1]) if suffixes else None
    if stated is None:
        raise OutputError(
            f"cannot tell the format of {name} by its name; "
            f"end it in {_listed(['.' + known for known in OUTPUT_FORMATS])}, "
            "or state --output-format"
        )
    if stated in _COMPRESSED and gzip:
        raise OutputError(f"{name}: {_COMPRESSED[stated]} is compressed already; leave out the .gz")
    return OutputFormat(stated, gzip)


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


class Layout(NamedTuple):
    """The columns of a labels file, in their order.

    Attributes:
        id_columns: columns that identify a report, copied from the input.
        text_column: the column with the report's text as the labeler read it, so that the offsets
            of the evidence point into it; `None` to leave the text out.
        findings: the findings, in the pattern set's order.
        confident: findings whose labels come with confidences, each in three more columns.
        defused: whether a cell copied from the input that a spreadsheet would run as a formula
            gets an apostrophe before it.
        integers: those identifying columns that hold whole numbers in every row.
    """

    id_columns: tuple[str, ...]
    text_column: str | None
    findings: tuple[str, ...]
    confident: tuple[str, ...] = ()
    defused: bool = False
    integers: tuple[str, ...] = ()

    @property
    def leading(self) -> tuple[str, ...]:
        """The columns before the findings."""
        return self.id_columns if self.text_column is None else (*self.id_columns, self.text_column)

    @property
    def names(self) -> tuple[str, ...]:
        """All columns."""
        return self.leading + self.findings + self.confidence_names

    @property
    def confidence_names(self) -> tuple[str, ...]:
        """The columns after the findings, for each finding as in `CONFIDENCE_SUFFIXES`."""
        return tuple(name + suffix for name in self.confident for suffix in CONFIDENCE_SUFFIXES)

    def check(self) -> None:
        """Make sure that no two columns have one name.

        Raises:
            OutputError: an identifying or text column is named as another column is.
        """
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise OutputError(
                    f"two columns of the output would be named {name!r}; rename that column of the "
                    "input, or choose others with --id-column"
                )
            seen.add(name)

    def cells(self, report: Report) -> list[str | int]:
        """Return a report's cells before the labels; identifiers that are numbers stay numbers."""
        get = report.columns.get
        cells = [get(column, "") for column in self.id_columns]
        if self.text_column is not None:
            cells.append(report.text)
        return defuse(cells) if self.defused else cells


def defuse(cells: Iterable[str | int]) -> list[str | int]:
    """Put an apostrophe before each cell that a spreadsheet would run as a formula.

    >>> defuse(["=HYPERLINK(1)", "-", "r1"])
    ["'=HYPERLINK(1)", "'-", 'r1']
    """
    return [
        "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
        for cell in cells
    ]
