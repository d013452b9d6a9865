"""Writers: labels as CSV, TSV, JSON Lines, Parquet or Excel, and evidence as JSON Lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from chexlabel.writers.atomic import AtomicOutput, check_not_input, output_errors, write_atomic
from chexlabel.writers.evidence import (
    EvidenceWriter,
    check_evidence_columns,
    evidence_line,
    evidence_record,
)
from chexlabel.writers.labels import (
    DelimitedWriter,
    JsonLinesWriter,
    LabelsWriter,
    ParquetWriter,
)
from chexlabel.writers.layout import (
    CONFIDENCE_SUFFIXES,
    OUTPUT_FORMATS,
    ConfidenceRow,
    LabelRow,
    Layout,
    OutputFormat,
    recognise_format,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chexlabel.writers.excel import ExcelWriter

__all__ = [
    "CONFIDENCE_SUFFIXES",
    "OUTPUT_FORMATS",
    "AtomicOutput",
    "ConfidenceRow",
    "DelimitedWriter",
    "EvidenceWriter",
    "JsonLinesWriter",
    "LabelRow",
    "LabelsWriter",
    "Layout",
    "OutputFormat",
    "ParquetWriter",
    "check_evidence_columns",
    "check_not_input",
    "evidence_line",
    "evidence_record",
    "labels_writer",
    "output_errors",
    "recognise_format",
    "write_atomic",
]


def labels_writer(stream: BinaryIO, layout: Layout, format_name: str) -> LabelsWriter:
    """Start a labels file on a binary stream.

    Args:
        stream: where to write; the writer never closes it.
        layout: the columns.
        format_name: one of `OUTPUT_FORMATS`.

    Raises:
        OutputError: two columns have the same name.
    """
    layout.check()
    return _WRITERS[format_name](stream, layout)


def _excel_writer(stream: BinaryIO, layout: Layout) -> ExcelWriter:
    # Workbooks are zip archives, which take longer to load than a few reports to label.
    from chexlabel.writers.excel import ExcelWriter

    return ExcelWriter(stream, layout)


_WRITERS: dict[str, Callable[[BinaryIO, Layout], LabelsWriter]] = {
    "csv": DelimitedWriter,
    "tsv": lambda stream, layout: DelimitedWriter(stream, layout, delimiter="\t"),
    "jsonl": JsonLinesWriter,
    "parquet": ParquetWriter,
    "xlsx": _excel_writer,
}
