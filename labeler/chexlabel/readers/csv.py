"""CSV and TSV: with a header, or one column without (as the CheXpert labeler takes it)."""

from __future__ import annotations

import contextlib
import csv
import re
from collections import Counter
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._regex import compiled_later
from chexlabel.errors import InputError
from chexlabel.readers._blocks import Blocks, Place, cut
from chexlabel.readers._encodings import decode_head
from chexlabel.readers._recovery import Lines, LongLineError, RowStarts
from chexlabel.readers._source import Options, ReportSource
from chexlabel.readers._streams import longer_than, longest_line
from chexlabel.readers._tabular import (
    HEADERLESS,
    Columns,
    choose_columns,
    is_column_name,
    is_text_name,
    number_columns,
)

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator, Sequence

    from chexlabel.readers._streams import ByteStream
    from chexlabel.report import Report

__all__ = ["header_delimiter", "open_csv", "without_separator_line"]

_DELIMITERS = (",", "\t", ";", "|")


_ROWS_LOOKED_AT = 50
"""So many rows without a header are looked at to tell the delimiter."""

# The line by which Excel is told the delimiter; it is no row.
_SEPARATOR_LINE = compiled_later(r"sep=([^\"\r\n])(?:\r\n|\r|\n)", re.IGNORECASE)

_UNCLOSED = "its opening quote is never closed"


class _Form(NamedTuple):
    """How the rows of a file are read, as its beginning told (see `BlockReader`).

    Attributes:
        name: what messages call the file.
        encoding: its text encoding.
        head: its beginning, decoded, from the first row on.
        delimiter: the character between two fields.
        columns: the columns that are read.
        names: the column of each field.
        header: whether the first row names the columns.
        limit: the longest field, in characters.
    """

    name: str
    encoding: str
    head: str
    delimiter: str
    columns: Columns
    names: list[str]
    header: bool
    limit: int

    @property
    def longest_line(self) -> int:
        """The longest line that is read, in characters."""
        return longest_line(self.limit)

    def rows(self, lines: Iterator[str], place: Place, *, last: bool) -> _Rows:
        """Read the rows of a block (see `BlockReader`)."""
        _allow_fields(self.limit)
        numbered = Lines(lines, self.longest_line)
        numbered.given = place.line
        return _Rows(self, numbered, place.row, last=last)


def open_csv(stream: ByteStream, options: Options, format: str) -> ReportSource:  # noqa: A002
    """Open a CSV or TSV file.

    A first line such as `sep=;`, which Excel takes, states the delimiter and is no row. A file of
    one column has a header if its first row is the name of a known column or of the text column
    asked for; otherwise it has none. Lines without any character are no rows, but where there is
    one column they are empty cells. Fields behind the last column are let pass when they are
    empty, and missing ones when they are not needed; any other row with too many or too few fields
    cannot be read, because a comma in a report that is not quoted would cut the report short.

    Args:
        stream: the file.
        options: columns, encoding and delimiter asked for.
        format: "csv" or "tsv".

    Raises:
        InputError: when the file is not text, or has no such columns.
    """
    head, stated = without_separator_line(decode_head(stream, options.encoding))
    _allow_fields(options.max_size)
    delimiter = options.delimiter or stated or _delimiter(head, options, format)
    lines = Lines(stream.lines(options.encoding), longest_line(options.max_size))
    before = 0 if stated is None else 1
    with stream.errors(options.encoding):
        next(islice(lines, before, before), None)
        rows = _strict(lines, delimiter)
        first, empty = _first_row(rows, options, stream.name)
    columns, names, header = _columns_of(first, options, stream.name)
    unread = [] if header else [first]
    if len(names) == 1 and not header:
        unread = [[""]] * empty + unread
    lines.held.clear()
    lines.given = before + rows.line_num
    form = _Form(
        name=stream.name,
        encoding=options.encoding,
        head=head,
        delimiter=delimiter,
        columns=columns,
        names=names,
        header=header,
        limit=options.max_size,
    )

    def reports() -> Iterator[Report]:
        with stream.errors(options.encoding):
            build = columns.builder(names)
            for number, row in enumerate(unread, 1):
                yield build(row, number)
            yield from _Rows(form, lines, len(unread))

    def blocks() -> Blocks | None:
        return cut(stream, form, before + (rows.line_num if header else 0), quote=b'"')

    return ReportSource(
        reports(),
        format=format,
        id_columns=columns.id_columns,
        text_columns=columns.text_columns,
        close=stream.close,
        blocks=blocks,
    )


def without_separator_line(head: str) -> tuple[str, str | None]:
    """Return the beginning of a file without the line `sep=;`, and the delimiter it states."""
    found = _SEPARATOR_LINE.match(head)
    return (head, None) if found is None else (head[found.end() :], found[1])


def _allow_fields(limit: int) -> None:
    """Allow fields of so many characters.

    The limit bounds the memory that a missing closing quote costs, which would otherwise draw in
    the rest of the file. It holds for the whole process, so it is only ever raised.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limit))


def _delimiter(head: str, options: Options, format: str) -> str:  # noqa: A002
    if format == "tsv":
        return "\t"
    if options.header:
        return header_delimiter(head, options.text_column) or _id_delimiter(head) or ","
    return _even_delimiter(head) or ","


def _first_row(rows: Reader, options: Options, name: str) -> tuple[list[str], int]:
    """Return the first row that has fields, and how many empty lines stand before it.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    try:
        return next((row, empty) for empty, row in enumerate(rows) if row)
    except StopIteration:
        raise InputError(f"{name} is empty; give a file that holds reports") from None
    except (csv.Error, LongLineError) as error:
        reason = _reason(error, options.max_size)
        raise InputError(f"{name}: the first row cannot be read: {reason}") from None


def _columns_of(first: list[str], options: Options, name: str) -> tuple[Columns, list[str], bool]:
    """Tell the columns from the first row.

    Returns:
        The columns that are read, the column of each field, and whether the row is a header.

    Raises:
        InputError: there are no such columns as are asked for.
    """
    names = [cell.strip() for cell in first]
    if not options.header:
        return *number_columns(len(first), options, name), False
    if any(names[1:]) or is_column_name(names[0]) or is_text_name(names[0], options.text_column):
        return choose_columns(names, options, name, from_row=True), names, True
    if options.text_column is not None or options.id_columns:
        raise InputError(
            f"{name} has one column and no header, so no column can be asked for by name; "
            "leave out --text-column and --id-column"
        )
    return HEADERLESS._replace(longest=options.max_size), list(HEADERLESS.texts), False


def _id_delimiter(head: str) -> str | None:
    """Return the delimiter under which the first line is a header with a known identifier.

    The column of the reports then has an unknown name, and has to be asked for.
    """
    lines = head.lstrip("\r\n").splitlines()[:1]
    for delimiter in _DELIMITERS:
        cells = [cell.strip() for cell in next(csv.reader(lines, delimiter=delimiter), [])]
        if len(cells) > 1 and any(map(is_column_name, cells)):
            return delimiter
    return None


def _even_delimiter(head: str) -> str | None:
    """Return the delimiter under which most of the first rows have equally many fields."""
    lines = head.splitlines(keepends=True)
    best: tuple[float, str | None] = (0.0, None)
    for delimiter in _DELIMITERS:
        widths: Counter[int] = Counter()
        with contextlib.suppress(csv.Error):
            rows = csv.reader(lines, delimiter=delimiter, strict=True)
            for row in islice(rows, _ROWS_LOOKED_AT):
                # A quote that is left over opened a field that another delimiter ends.
                widths[0 if any(cell.count('"') % 2 for cell in row) else len(row)] += 1
        split = [(times, width) for width, times in widths.items() if width > 1]
        if split:
            best = max(best, (max(split)[0] / widths.total(), delimiter), key=itemgetter(0))
    return best[1]


def header_delimiter(head: str, text_column: str | None = None) -> str | None:
    """Return the delimiter under which the first line is a header with a known text column.

    A line that is no header, or one of a single section name (which may as well be the heading
    of a plain report), has none.

    Args:
        head: the beginning of the file.
        text_column: the text column asked for, if any.
    """
    lines = head.lstrip("\r\n").splitlines()[:1]
    single = None
    for delimiter in _DELIMITERS:
        cells = next(csv.reader(lines, delimiter=delimiter), [])
        alone = len(cells) == 1
        if any(is_text_name(cell.strip(), text_column, whole=alone) for cell in cells):
            if not alone:
                return delimiter
            single = single or delimiter
    return single


def _strict(lines: Lines, delimiter: str) -> Reader:
    """Return the rows from the next line on."""
    # Strict, because the lenient mode runs rows together silently where a quote is missing.
    return csv.reader(iter(lines), delimiter=delimiter, strict=True)


class _Rows:
    """The rows of a file, or of a block of it, as reports (see `BlockRows`).

    Args:
        form: how they are read.
        lines: their lines.
        number: how many rows stand before them.
        last: whether the file ends with these lines.
    """

    def __init__(self, form: _Form, lines: Lines, number: int, *, last: bool = True) -> None:
        self._form = form
        self._lines = lines
        self._number = number
        self._last = last
        self._rows = _strict(lines, form.delimiter)
        self.open_end = False

    @property
    def lines_read(self) -> int:
        return self._lines.given + self._rows.line_num

    def __iter__(self) -> Iterator[Report]:
        form, lines, number = self._form, self._lines, self._number
        columns, names = form.columns, form.names
        build = columns.builder(names)
        width = len(names)
        needed = 1 + max(names.index(name) for name in columns.needed)
        starts: RowStarts | None = None
        done_with = lines.held.clear
        while True:
            rows = self._rows
            try:
                for row in rows:
                    if not row and width == 1:
                        row = [""]  # where there is one column, an empty line is an empty cell
                    if len(row) != width:
                        if not row:
                            done_with()
                            continue
                        starts = starts or _row_starts(form)
                        if (
                            len(row) < needed
                            or any(row[width:])
                            or starts.is_fragment(row, lines.held[0])
                        ):
                            number += 1
                            message = _wrong_width(row, width, number, self.lines_read)
                            known = starts.identifiers(row, lines.held[0])
                            yield columns.failed(number, message, known)
                            done_with()
                            continue
                    number += 1
                    yield build(row, number)
                    done_with()
            except (csv.Error, LongLineError) as error:
                number += 1
                starts = starts or _row_starts(form)
                unseen = isinstance(error, LongLineError)  # by the csv module, which counts lines
                begins = lines.given = self.lines_read + unseen - len(lines.held)
                report = _broken_row(lines, starts, form, number, error)
                self._rows = _strict(lines, form.delimiter)
                if lines.ended and not self._last:  # what follows the block may mend the row
                    lines.given, self.open_end = begins, True
                    return
                yield report
            else:
                return


def _row_starts(form: _Form) -> RowStarts:
    return RowStarts(form.head, form.names, form.columns, form.delimiter, header=form.header)


def _broken_row(
    lines: Lines, starts: RowStarts, form: _Form, number: int, error: csv.Error | LongLineError
) -> Report:
    """Skip a row that breaks the rules of CSV; return the report that says so."""
    known = starts.identifiers(starts.fields(lines.held[0]), lines.held[0])
    drawn_in = len(lines.held)
    first = lines.given + 1
    skipped = lines.skip_to(starts)
    place = f"line {first}" if skipped == 1 else f"lines {first} to {first + skipped - 1}"
    reason = _UNCLOSED if skipped < drawn_in else _reason(error, form.limit)
    return form.columns.failed(number, f"row {number} ({place}) cannot be read: {reason}", known)


def _wrong_width(row: Sequence[str], width: int, number: int, line: int) -> str:
    fields = f"{len(row)} field" + ("s" if len(row) != 1 else "")
    remedy = "quote reports that hold the delimiter" if len(row) > width else "complete the row"
    return f"row {number} (line {line}) has {fields}, not {width}; {remedy}"


def _reason(error: csv.Error | LongLineError, limit: int) -> str:
    """Say in the user's words what the csv module found; its own may quote the text.

    Args:
        error: what was raised.
        limit: the longest field that is read.
    """
    if isinstance(error, LongLineError):
        return f"its line is {longer_than(longest_line(limit))}"
    message = str(error)
    if "unexpected end" in message:
        return _UNCLOSED
    if "field larger" in message:
        return f"a field is {longer_than(limit)}, or add the quote that closes it"
    return 'a quote inside a quoted field is not doubled (write "" for ")'
