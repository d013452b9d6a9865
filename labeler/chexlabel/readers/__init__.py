"""Readers: from files, folders, archives and standard input to a stream of `Report`.

    with open_reports("reports.csv") as reports:
        for report in reports:
            ...

One module reads one format; `_open` recognises which one a source has.
"""

from chexlabel.readers._blocks import (
    START,
    Block,
    BlockReader,
    Blocks,
    Place,
    ReadBlock,
    read_block,
)
from chexlabel.readers._encodings import check_encoding, marked_encoding
from chexlabel.readers._open import FORMATS, open_reports
from chexlabel.readers._source import MAX_SIZE, ReaderOptions, ReportSource, refuse_unknown_options
from chexlabel.readers._values import RowReports, row_reports

__all__ = [
    "FORMATS",
    "MAX_SIZE",
    "START",
    "Block",
    "BlockReader",
    "Blocks",
    "Place",
    "ReadBlock",
    "ReaderOptions",
    "ReportSource",
    "RowReports",
    "check_encoding",
    "marked_encoding",
    "open_reports",
    "read_block",
    "refuse_unknown_options",
    "row_reports",
]
