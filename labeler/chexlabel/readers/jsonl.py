"""JSON Lines: one object a line; the keys of the first object are the columns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from chexlabel.errors import InputError
from chexlabel.readers._blocks import Blocks, Place, cut
from chexlabel.readers._encodings import decode_head
from chexlabel.readers._source import Options, ReportSource
from chexlabel.readers._tabular import Columns, choose_columns
from chexlabel.readers._values import row_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chexlabel.readers._streams import ByteStream
    from chexlabel.report import Report

__all__ = ["open_jsonl"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

# A line's number in the file and its object, `None` where it holds none.
_Line = tuple[int, dict[str, Any] | None]


def open_jsonl(stream: ByteStream, options: Options) -> ReportSource:
    """Open a JSON Lines file.

    Blank lines are no rows. A text that is null is an empty report; an object without any of the
    text columns cannot be read.

    Args:
        stream: the file.
        options: columns and encoding asked for.

    Raises:
        InputError: when the file is not text, no line is an object, or there are no such columns.
    """
    decode_head(stream, options.encoding)
    lines = _parsed(stream.text(options.encoding))
    ahead: list[_Line] = []
    with stream.errors(options.encoding):
        for number, values in lines:
            ahead.append((number, values))
            if values is not None:
                break
        else:
            raise InputError(
                f"{stream.name} has no line that is a JSON object; write one report a line"
            )
    columns = choose_columns(list(values), options, stream.name)
    form = _Form(stream.name, options.encoding, columns)

    def reports() -> Iterator[Report]:
        with stream.errors(options.encoding):
            yield from _reports(chain(ahead, lines), columns, 0)

    def blocks() -> Blocks | None:
        return cut(stream, form, 0, quote=b"")

    return ReportSource(
        reports(),
        format="jsonl",
        id_columns=columns.id_columns,
        text_columns=columns.text_columns,
        close=stream.close,
        blocks=blocks,
    )


@dataclass(frozen=True, slots=True)
class _Form:
    """How the lines of a file are read, as its beginning told (see `BlockReader`).

    Attributes:
        name: what messages call the file.
        encoding: its text encoding.
        columns: the columns that are read.
    """

    name: str
    encoding: str
    columns: Columns

    def rows(self, lines: Iterator[str], place: Place, *, last: bool) -> _Rows:  # noqa: ARG002
        """Read the lines of a block (see `BlockReader`)."""
        return _Rows(self.columns, lines, place)


class _Rows:
    """The lines of a block as reports (see `BlockRows`); no row goes over several lines."""

    open_end = False

    def __init__(self, columns: Columns, lines: Iterator[str], place: Place) -> None:
        self._columns = columns
        self._lines = lines
        self._place = place
        self.lines_read = place.line

    def __iter__(self) -> Iterator[Report]:
        return _reports(_parsed(self._counted(), self._place.line), self._columns, self._place.row)

    def _counted(self) -> Iterator[str]:
        for line in self._lines:
            self.lines_read += 1
            yield line


def _reports(lines: Iterable[_Line], columns: Columns, before: int) -> Iterator[Report]:
    """Read lines that so many reports stand before."""
    build = columns.builder(columns.needed)
    for number, (line, values) in enumerate(lines, before + 1):
        if values is None:
            reason = "is not a JSON object; mend the line"
        else:
            try:
                cells = row_cells(columns, values)
            except ValueError as error:
                reason = str(error)
            else:
                yield build(cells, number)
                continue
        yield columns.failed(number, f"row {number} (line {line}) {reason}")


def _parsed(lines: Iterable[str], before: int = 0) -> Iterator[_Line]:
    for number, line in enumerate(lines, before + 1):
        if not line.isspace():
            yield number, _parse(line)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    if "\\u" in line:  # an escaped half of a character is valid JSON, but no valid text
        return {
            name: _LONE_SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value
            for name, value in values.items()
        }
    return values
