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
from chexlabel.readers._streams import longer_than, longest_line
from chexlabel.readers._tabular import Columns, choose_columns
from chexlabel.readers._values import row_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chexlabel.readers._streams import ByteStream
    from chexlabel.report import Report

__all__ = ["open_jsonl"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

# A line's number in the file and its object, or what is wrong with it.
_Line = tuple[int, dict[str, Any] | str]


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
    lines = _parsed(stream.lines(options.encoding), options.max_size)
    ahead: list[_Line] = []
    with stream.errors(options.encoding):
        for number, values in lines:
            ahead.append((number, values))
            if not isinstance(values, str):
                break
        else:
            raise InputError(
                f"{stream.name} has no line that is a JSON object; write one report a line"
            )
    columns = choose_columns(list(values), options, stream.name)
    form = _Form(stream.name, options.encoding, columns, options.max_size)

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
        max_size: the longest report, in characters.
    """

    name: str
    encoding: str
    columns: Columns
    max_size: int

    @property
    def longest_line(self) -> int:
        """The longest line that is read, in characters."""
        return longest_line(self.max_size)

    def rows(self, lines: Iterator[str], place: Place, *, last: bool) -> _Rows:  # noqa: ARG002
        """Read the lines of a block (see `BlockReader`)."""
        return _Rows(self.columns, lines, self.max_size, place)


class _Rows:
    """The lines of a block as reports (see `BlockRows`); no row goes over several lines."""

    open_end = False

    def __init__(self, columns: Columns, lines: Iterator[str], max_size: int, place: Place) -> None:
        self._columns = columns
        self._lines = lines
        self._max_size = max_size
        self._place = place
        self.lines_read = place.line

    def __iter__(self) -> Iterator[Report]:
        lines = _parsed(self._counted(), self._max_size, self._place.line)
        return _reports(lines, self._columns, self._place.row)

    def _counted(self) -> Iterator[str]:
        for line in self._lines:
            self.lines_read += 1
            yield line


def _reports(lines: Iterable[_Line], columns: Columns, before: int) -> Iterator[Report]:
    """Read lines that so many reports stand before."""
    build = columns.builder(columns.needed)
    for number, (line, values) in enumerate(lines, before + 1):
        if isinstance(values, str):
            yield columns.failed(number, f"row {number} (line {line}) {values}")
        else:
            yield row_report(columns, build, values, number, line)


def _parsed(lines: Iterable[str], max_size: int, before: int = 0) -> Iterator[_Line]:
    longest = longest_line(max_size)
    for number, line in enumerate(lines, before + 1):
        if len(line) > longest:
            yield number, f"is {longer_than(longest)}"
        elif not line.isspace():
            yield number, _parse(line)


def _parse(line: str) -> dict[str, Any] | str:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        return "is not a JSON object; mend the line"
    if "\\u" in line:  # an escaped half of a character is valid JSON, but no valid text
        return {
            name: _LONE_SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value
            for name, value in values.items()
        }
    return values
