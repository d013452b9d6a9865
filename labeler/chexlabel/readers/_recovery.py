"""Where the rows of a CSV go on after one that cannot be read, so that a stray quote costs one row.

An opening quote that is never closed draws in all rows up to the next quote. Which of the lines
drawn in begins a row is told by what the beginning of the file shows, how many fields a row has and
what the identifiers look like, and by how a program writes cells and a person does not. Only rows
that break the rules of CSV come here.
"""

from __future__ import annotations

import csv
from collections import deque
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chexlabel.readers._tabular import Columns

__all__ = ["Lines", "LongLineError", "RowStarts"]

_LOOK_AHEAD = 200
"""So many lines behind a broken row are searched for the next row."""

_BEGINNING = 1 << 12
"""So much of a line that is too long is split, for the identifiers before the report."""

_ENDS = ".,:;?!"
_LONGEST_ID = 64
_LONGER = 2
"""Identifiers without digits may be so many characters longer than those seen."""


class LongLineError(Exception):
    """A line is longer than those that are read."""


class Lines:
    """Lines of a file or of a block, of which those of the present row can be given again.

    Args:
        lines: the lines.
        longest: the longest one that is read, in characters.

    Attributes:
        held: the lines given since it was last cleared, which the reader of the rows does.
        given: the number of lines that went for good before the present iterator.
        ended: whether somebody asked for a line behind the last.
    """

    def __init__(self, lines: Iterator[str], longest: int) -> None:
        self._lines = lines
        self._longest = longest
        self._again: deque[str] = deque()
        self._searched = 0
        self.held: list[str] = []
        self.given = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        """Give the lines; a new iterator goes on where `skip_to` said.

        Raises:
            LongLineError: a line is too long; it is held.
        """
        hold, longest = self.held.append, self._longest
        for line in chain(_taken_from(self._again), self._lines):
            hold(line)
            if len(line) > longest:
                raise LongLineError
            yield line
        self.ended = True

    def skip_to(self, starts: RowStarts) -> int:
        """Drop the lines of a broken row, those up to the next that begins a row.

        Returns:
            How many lines were dropped.
        """
        held = self.held
        dropped = next((at for at in range(1, len(held)) if starts.begins_row(held[at])), None)
        if dropped is not None:
            self._again.extendleft(reversed(held[dropped:]))
        else:
            dropped = len(held) + self._search(self.given + len(held), starts)
        held.clear()
        self.given += dropped
        return dropped

    def _search(self, number: int, starts: RowStarts) -> int:
        """Return how many lines behind line `number` stand before the next that begins a row.

        Where none is near it is 0: then the lines are tried as they come.
        """
        if number < self._searched:  # in vain
            return 0
        ahead: list[str] = []
        for line in islice(iter(self._unread, None), _LOOK_AHEAD):
            ahead.append(line)
            if starts.begins_row(line):
                self._again.appendleft(line)
                return len(ahead) - 1
        self._searched = number + len(ahead)
        self._again.extendleft(reversed(ahead))
        return 0

    def _unread(self) -> str | None:
        if self._again:
            return self._again.popleft()
        line = next(self._lines, None)
        self.ended = line is None
        return line


def _taken_from(lines: deque[str]) -> Iterator[str]:
    while lines:
        yield lines.popleft()


class RowStarts:
    """Tells lines that begin a row from lines within a report, and identifiers from text.

    Args:
        head: the beginning of the file, decoded.
        names: the column of each field.
        columns: the columns that are read.
        delimiter: the character between two fields.
        header: whether the first row names the columns.
    """

    def __init__(
        self, head: str, names: Sequence[str], columns: Columns, delimiter: str, *, header: bool
    ) -> None:
        self._delimiter = delimiter
        self._width = len(names)
        self._ids = {name: names.index(name) for name in columns.ids}
        self._text = min(names.index(name) for name in columns.text_columns)
        self._kinds: set[frozenset[str]] = set()
        self._longest = 0
        self._quoted = self._over_lines = True
        lines = head.splitlines(keepends=True)
        self._learn(lines[header:-1] if len(lines) > 2 else lines[header:])

    def begins_row(self, line: str) -> bool:
        """Tell whether a line begins a row.

        It does if its fields up to the first open quote are as many as they should be and its
        identifiers look like those seen, or like nothing that a report has. Without
        identifiers, where reports go over several lines, it must begin with a quote if all rows
        seen do.
        """
        fields = self.fields(line)
        if not any(fields):
            return False
        closed = line.count('"') % 2 == 0
        if len(fields) > self._width or (closed and len(fields) < self._width):
            return False
        if not self._ids:
            return not (self._quoted and self._over_lines) or line.startswith('"')
        return all(
            self._holds_id(fields, index, line) if index < len(fields) else index > self._text
            for index in self._ids.values()
        )

    def is_fragment(self, row: Sequence[str], line: str) -> bool:
        """Tell whether a row with too few fields has text where its identifiers should be.

        Args:
            row: its fields.
            line: its first line.
        """
        return len(row) < self._width and any(
            index < len(row) and row[index] and not self._holds_id(row, index, line)
            for index in self._ids.values()
        )

    def identifiers(self, fields: Sequence[str], line: str) -> Mapping[str, str]:
        """Return the identifiers of a broken row, without those that may be a report's text.

        The fields before the text stand where they should, those behind it count from the end.

        Args:
            fields: its fields.
            line: its first line.
        """
        found = {}
        for name, index in self._ids.items():
            place = index if index < self._text else index - self._width + len(fields)
            if 0 <= place < len(fields) and self._holds_id(fields, place, line):
                found[name] = fields[place]
        return found

    def fields(self, line: str) -> list[str]:
        """Split one line, whatever its quotes."""
        for part in (line, line[:_BEGINNING]):
            with suppress(csv.Error):  # a field longer than the limit
                return next(csv.reader([part], delimiter=self._delimiter), [])
        return []

    def _learn(self, lines: Sequence[str]) -> None:
        rows = csv.reader(lines, delimiter=self._delimiter, strict=True)
        quoted, over_lines, before = True, False, 0
        try:
            for row in rows:
                if len(row) == self._width:
                    quoted = quoted and lines[before].startswith('"')
                    over_lines = over_lines or rows.line_num > before + 1
                    for index in self._ids.values():
                        self._kinds.add(_kinds(row[index]))
                        self._longest = max(self._longest, len(row[index]))
                before = rows.line_num
        except csv.Error:
            pass
        self._kinds.discard(frozenset())
        self._quoted, self._over_lines = quoted and before > 0, over_lines

    def _holds_id(self, fields: Sequence[str], index: int, line: str) -> bool:
        return self._looks_like_id(fields[index]) or self._is_written_as_id(fields, index, line)

    def _is_written_as_id(self, fields: Sequence[str], index: int, line: str) -> bool:
        """Tell whether a field that looks like no identifier seen is none of a report's words.

        One word that a delimiter ends without a blank behind it, and either a digit in it or a
        quote at a cell's beginning: in prose a blank follows the comma, and a quote the blank.
        """
        field, behind = fields[index], fields[index + 1 : index + 2]
        kinds = _kinds(field)
        if not _is_one_word(field, kinds) or any(cell[:1].isspace() for cell in behind):
            return False
        return "9" in kinds or line.startswith('"') or self._delimiter + '"' in line

    def _looks_like_id(self, field: str) -> bool:
        kinds = _kinds(field)
        if not kinds or len(field) > _LONGEST_ID:
            return False
        if not self._kinds:  # the first row is broken already
            return _is_one_word(field, kinds)
        if "9" in kinds:
            return any(kinds <= seen for seen in self._kinds)
        return kinds in self._kinds and len(field) <= self._longest + _LONGER


def _is_one_word(field: str, kinds: frozenset[str]) -> bool:
    """Tell whether a field of these kinds of characters is one word that ends no clause."""
    return bool(field) and len(field) <= _LONGEST_ID and " " not in kinds and field[-1] not in _ENDS


def _kinds(field: str) -> frozenset[str]:
    """Return which kinds of characters a field has: digits, letters, blanks and each mark."""
    return frozenset(
        "9" if char.isdigit() else "a" if char.isalpha() else " " if char.isspace() else char
        for char in field[: _LONGEST_ID + 1]
    )
