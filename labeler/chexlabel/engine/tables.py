"""Tell what the cells of tables say: "Effusion | none", or a mark below "absent".

Columns are parted by bars, or by tabs and blanks that set them one below the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._regex import compiled_later
from chexlabel.engine.boxes import TICKED
from chexlabel.engine.marks import NO, PRESENT_BEFORE, YES

if TYPE_CHECKING:
    from chexlabel.patterns.section_schema import Answers

__all__ = ["TABLE_HINTS", "TableReader"]

TABLE_HINTS = ("|", *(f"{gap}{c}{end}" for gap in ("  ", "\t") for c in "XxYN" for end in " \n\t"))
"""Of these a text has one, if it has a table whose cells must be told apart."""

_MARKS = frozenset({"x", "*", "+", "1", YES, NO, PRESENT_BEFORE, "[x]", "(x)", *TICKED})
_CELL = compiled_later(r"[^\s|]+(?: [^\s|]+)*")
_FEWEST, _MOST = 2, 20  # columns that a head names


class _Cell(NamedTuple):
    """A cell that holds something: its offsets in its line, its column, and what it holds."""

    start: int
    end: int
    column: int
    text: str


class TableReader:
    r"""Reads the tables of a text; compiled once from `sections.yaml`. Picklable and thread-safe.

    Args:
        answers: the words for yes and no that stand in cells, or at the head of columns.

    >>> from chexlabel.patterns.section_schema import Answers
    >>> plain = TableReader(Answers(yes=["y", "present"], no=["n", "absent"])).plain
    >>> plain("Edema | none\nEffusion | small")
    'Edema : none\nEffusion : small'
    >>> print(plain("Finding    Present  Absent\nEdema                  x"))
    <BLANKLINE>
    Edema                  ✗
    """

    def __init__(self, answers: Answers) -> None:
        self._answers: Mapping[str, str] = {
            **dict.fromkeys(answers.yes, YES),
            **dict.fromkeys(answers.no, NO),
            **dict.fromkeys(answers.unsure, "?"),
        }

    def plain(self, text: str) -> str:
        """Return a text with its tables made plain, as long as it was."""
        lines = text.split("\n")
        rows = [_cells(line) for line in lines]
        head: Sequence[_Cell] = ()
        for at, (line, cells) in enumerate(zip(lines, rows, strict=True)):
            if self._is_head(cells) and self._answer(cells, _next_row(rows, at)):
                head = cells
                lines[at] = " " * len(line)
                continue
            answer = self._answer(head, cells) or self._agreed(cells)
            if answer:
                start = cells[1].start
                lines[at] = line[: cells[0].end].replace("|", " ").ljust(start) + answer
                lines[at] = lines[at].ljust(len(line))
            elif "|" in line:
                lines[at] = _part_columns(line)
            if not cells:
                head = ()
        return "\n".join(lines)

    def _is_head(self, cells: Sequence[_Cell]) -> bool:
        """Say whether cells name columns, one for an answer at least."""
        if not _FEWEST <= len(cells) <= _MOST:
            return False
        return any(cell.text.lower() in self._answers for cell in cells)

    def _answer(self, head: Sequence[_Cell], cells: Sequence[_Cell]) -> str:
        """Return what the one mark of a row says by the column that it stands in; else nothing."""
        if len(cells) != _FEWEST or not head or cells[1].text.lower() not in _MARKS:
            return ""
        mark = cells[1]
        if mark.column:
            title = next((cell for cell in head if cell.column == mark.column), None)
        else:
            title = min(head, key=lambda cell: abs(_center(cell) - _center(mark)))
        return self._answers.get(title.text.lower(), YES) if title else ""

    def _agreed(self, cells: Sequence[_Cell]) -> str:
        """Return the answer of a row that gives several, as for the sides: any yes is one."""
        said = [self._answers.get(cell.text.lower(), "") for cell in cells[1:]]
        if len(said) < _FEWEST or "" in said:
            return ""
        return YES if YES in said else "?" if "?" in said else NO


def _next_row(rows: Sequence[Sequence[_Cell]], at: int) -> Sequence[_Cell]:
    """Return the cells of the row below, past a line that rules the head off."""
    for cells in rows[at + 1 : at + 3]:
        if any(cell.text.strip(":-") for cell in cells):
            return cells
    return ()


def _cells(line: str) -> list[_Cell]:
    """Return the cells of a line that hold something; columns are counted by bars."""
    cells: list[_Cell] = []
    end = column = 0
    for found in _CELL.finditer(line):
        column += line.count("|", end, found.start())
        end = found.end()
        cells.append(_Cell(found.start(), end, column, found[0]))
    return cells


def _center(cell: _Cell) -> float:
    return (cell.start + cell.end) / 2


def _part_columns(line: str) -> str:
    """Return a line with its columns ("Effusion | none") told apart by colons and semicolons."""
    cells = line.split("|")
    pieces = cells[:1]
    bars = 0
    for before, cell in pairwise(cells):
        mark = " "
        if before.strip():
            mark = ";" if bars % 2 or ":" in line else ":"
            bars += 1
        pieces += [mark, cell]
    return "".join(pieces)
