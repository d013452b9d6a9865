"""JSON Lines: one object a line; the keys of the first object are the columns."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from chexlabel.errors import InputError
from chexlabel.readers._source import Options, ReportSource
from chexlabel.readers._streams import ByteStream, decode_head
from chexlabel.readers._tabular import Columns, choose_columns
from chexlabel.readers._values import row_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    return ReportSource(
        _reports(stream, options, chain(ahead, lines), columns),
        format="jsonl",
        id_columns=columns.id_columns,
        text_columns=columns.text_columns,
        close=stream.close,
    )


def _reports(
    stream: ByteStream, options: Options, lines: Iterable[_Line], columns: Columns
) -> Iterator[Report]:
    build = columns.builder(columns.needed)
    with stream.errors(options.encoding):
        for number, (line, values) in enumerate(lines, 1):
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


def _parsed(lines: Iterable[str]) -> Iterator[_Line]:
    for number, line in enumerate(lines, 1):
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
