"""Labels as an Excel workbook.

Written here and not by a library, because those that write row by row collect the sheet in a
temporary file of their own, which a killed run would leave behind with the reports in it.
"""

from __future__ import annotations

import re
import zipfile
from contextlib import suppress
from itertools import repeat
from typing import TYPE_CHECKING, BinaryIO

from chexlabel.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chexlabel.report import Report
    from chexlabel.writers.layout import ConfidenceRow, LabelRow, Layout

__all__ = ["ExcelWriter"]

_MOST_ROWS = 1 << 20
_LONGEST_CELL = 32_767
_MOST_EXACT = 10**15
"""Excel keeps fifteen digits of a number."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

# ECMA-376, part 1: the smallest package that is a workbook with one sheet.
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_CONTENT}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="labels" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}

# (`xml.sax.saxutils.escape` would load the network's modules at each start.)
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "_x000D_"})
# What XML cannot hold, and what Excel would read as one of its own escapes ("_x000D_").
_NOT_IN_CELLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LIKE_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class ExcelWriter:
    """A workbook of one sheet: texts as texts, never formulas, and labels as the numbers 1, 0, -1.

    Args:
        stream: binary stream to write to.
        layout: the columns.
    """

    def __init__(self, stream: BinaryIO, layout: Layout) -> None:
        self._layout = layout
        self._labels: dict[LabelRow, str] = {}
        self._rows = 0
        self._archive = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED)
        for name, content in _PARTS.items():
            self._archive.writestr(_member(name), content)
        self._sheet = self._archive.open(_member("xl/worksheets/sheet1.xml"), "w", force_zip64=True)
        self._sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        self._append([_texts(layout.names)])

    def write(
        self,
        reports: Sequence[Report],
        labels: Sequence[LabelRow],
        confidences: Sequence[ConfidenceRow] | None = None,
    ) -> None:
        """Append one row a report.

        Raises:
            OutputError: there are more rows, or longer texts, than Excel can hold.
        """
        known, rows = self._labels, []
        sure = confidences or repeat((), len(labels))
        for report, row, confidence in zip(reports, labels, sure, strict=True):
            if row not in known:
                known[row] = "".join(
                    "<c/>" if label is None else f"<c><v>{int(label)}</v></c>" for label in row
                )
            rows.append(
                "".join(map(_leading, self._layout.cells(report)))
                + known[row]
                + "".join(map(_cell, confidence))
            )
        self._append(rows)

    def close(self) -> None:
        """Write the end of the sheet and the archive's directory."""
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._archive.close()

    def abandon(self) -> None:
        """End the archive as it is; it would otherwise be done later, into a closed stream."""
        with suppress(OSError, ValueError):
            self._sheet.close()
            self._archive.close()

    def _append(self, rows: Sequence[str]) -> None:
        self._rows += len(rows)
        if self._rows > _MOST_ROWS:
            raise OutputError(
                f"Excel holds no more than {_MOST_ROWS - 1:,} reports; write .csv or .parquet"
            )
        self._sheet.write("".join([f"<row>{row}</row>" for row in rows]).encode())


def _member(name: str) -> zipfile.ZipInfo:
    """Return an archive member without the time, so that equal labels give equal files."""
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _texts(cells: Iterable[str]) -> str:
    return "".join(
        [
            f'<c t="inlineStr"><is><t xml:space="preserve">{_text(cell)}</t></is></c>'
            for cell in cells
        ]
    )


def _leading(cell: str | int) -> str:
    """Write an identifier or a text; an identifier that is a number stays one where Excel can."""
    if isinstance(cell, int) and abs(cell) < _MOST_EXACT:
        return f"<c><v>{cell}</v></c>"
    return _texts([str(cell)])


def _cell(value: float | str) -> str:
    """Write a confidence: a number, or who decided."""
    return _texts([value]) if isinstance(value, str) else f"<c><v>{value:.4f}</v></c>"


def _text(cell: str) -> str:
    if len(cell) > _LONGEST_CELL:
        raise OutputError(
            f"a report is longer than the {_LONGEST_CELL:,} characters that an Excel cell holds; "
            "leave out --keep-text, or write .csv or .parquet"
        )
    cell = _LIKE_ESCAPE.sub("_x005F_", cell)
    cell = _NOT_IN_CELLS.sub(lambda found: f"_x{ord(found[0]):04X}_", cell)
    return cell.translate(_ESCAPES)
