"""Which row of every label file is the same report: by row number, or by the reports' ids."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from chexlabel.errors import ValidationError
from chexlabel.validation.identifiers import Keys, plain_id, show_ids, show_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from chexlabel.validation.tables import LabelFile

__all__ = ["ID_COLUMNS", "Matched", "check_ids", "match_ids", "match_rows"]

ID_COLUMNS: Final = ("id", "report id", "study id", "filename", "file", "path", "image id", "uid")
"""Columns that identify a report, in the order in which one is chosen as its id."""

_LONGEST_ID: Final = 80  # characters; what is longer is shown by its row only: it may be a report


class Matched(NamedTuple):
    """The reports that all files have.

    Attributes:
        ids: an id for each.
        rows: each file's rows, in the order of the ids.
        columns: each file's column of the ids; none where they are row numbers.
    """

    ids: tuple[str, ...]
    rows: list[NDArray[np.int64]]
    columns: Sequence[str] = ()


def match_rows(files: Sequence[LabelFile]) -> Matched:
    """Take rows of one number for the same report.

    Raises:
        ValidationError: the files have different numbers of rows.
    """
    length = len(files[0])
    for file in files[1:]:
        if len(file) != length:
            raise ValidationError(
                f"{file.name} has {len(file)} rows and {files[0].name} has {length}; "
                "compared by row, they must have as many"
            )
    index = np.arange(length)
    return Matched(tuple(str(i + 1) for i in range(length)), [index] * len(files))


def match_ids(
    files: Sequence[LabelFile], id_column: str | None, allow_missing: bool, notes: list[str]
) -> Matched:
    """Take rows with the same id for the same report.

    Args:
        files: gold first.
        id_column: the ids' column; `None` to choose it.
        allow_missing: whether reports that only some files have are left out.
        notes: what was noticed is added to it.

    Raises:
        ValidationError: there is no such column, an id is missing or stands twice, or the files do
            not hold the same reports.
    """
    columns = _id_columns(files, id_column, notes)
    positions = [_positions(file, column) for file, column in zip(files, columns, strict=True)]
    gold, others = positions[0], positions[1:]
    keys = Keys(list(gold), [list(other) for other in others])
    found = [[keys.find(i, other) for other in range(len(others))] for i in gold]
    common = [(i, there) for i, there in zip(gold, found, strict=True) if None not in there]
    if not common:
        raise ValidationError(
            f"{files[0].name} and {', '.join(f.name for f in files[1:])} have no report in common "
            f"(ids such as {show_ids(gold)} against {show_ids(others[0])}); check that "
            f"column {columns[0]!r} holds the same ids, or pass --id-column"
        )
    notes += keys.notes([file.name for file in files[1:]])
    for other, (file, ids) in enumerate(zip(files[1:], others, strict=True)):
        taken = {there[other] for there in found}
        missing = [i for i, there in zip(gold, found, strict=True) if there[other] is None]
        extra = [i for i in ids if i not in taken]
        unmatched = "; ".join(
            f"{len(ids)} of {here.name} are not in {there.name} ({show_ids(ids)})"
            for here, there, ids in ((files[0], file, missing), (file, files[0], extra))
            if ids
        )
        if unmatched and not allow_missing:
            raise ValidationError(
                f"report ids do not match: {unmatched}; pass --allow-missing to compare the "
                f"{len(common)} they share"
            )
        if unmatched:
            notes.append(f"Reports left out: {unmatched}. Compared: {len(common)}.")
    rows = [np.fromiter((gold[i] for i, _ in common), np.int64, len(common))]
    for other, ids in enumerate(others):
        chosen = (ids[there[other] or ""] for _, there in common)
        rows.append(np.fromiter(chosen, np.int64, len(common)))
    return Matched(tuple(i for i, _ in common), rows, columns)


def check_ids(file: LabelFile, id_column: str | None, notes: list[str]) -> None:
    """Check the ids of one file alone, whose rows are counted whatever their ids.

    Args:
        file: the file.
        id_column: the ids' column; `None` for the first known one, if there is one.
        notes: gets the ids that stand twice in a column that nobody asked for.

    Raises:
        ValidationError: there is no such column, or in the one asked for an id is missing or
            stands twice.
    """
    if id_column is not None:
        [column] = _id_columns([file], id_column, notes)
        _positions(file, column)
        return
    known = next((c for name in ID_COLUMNS if (c := file.find(name)) is not None), None)
    counts = Counter(file.columns[known]) if known is not None else {}
    twice = [identifier for identifier, count in counts.items() if identifier and count > 1]
    if twice:
        notes.append(
            f"{file.name}: {len(twice)} ids of column {known!r} occur more than once "
            f"({show_ids(twice)}); every row is counted."
        )


def _id_columns(files: Sequence[LabelFile], given: str | None, notes: list[str]) -> list[str]:
    """Choose the column of the ids in every file: the same one where they share one."""
    if given is not None:
        found = [file.find(given) for file in files]
        for file, column in zip(files, found, strict=True):
            if column is None:
                raise ValidationError(
                    f"{file.name}: no column {given!r}; its first columns are "
                    f"{show_names(list(file.columns)[:4])}"
                )
        return [column for column in found if column is not None]
    for candidate in ID_COLUMNS:
        columns = [column for file in files if (column := file.find(candidate)) is not None]
        if len(columns) == len(files):
            return columns
    columns = _columns_with_shared_ids(files)
    if columns:
        named = ", ".join(
            f"{column!r} of {file.name}" for file, column in zip(files, columns, strict=True)
        )
        notes.append(f"No id column of one name; the ids were matched by {named}.")
        return columns
    raise ValidationError(
        f"no id column that {', '.join(f.name for f in files)} share (looked for "
        f"{', '.join(ID_COLUMNS)}); name it with --id-column, or pass --by-row if the rows "
        "correspond one to one"
    )


def _columns_with_shared_ids(files: Sequence[LabelFile]) -> list[str]:
    """Return the id column of every file that has most ids in common with the first's; or none."""
    known = [[c for name in ID_COLUMNS if (c := file.find(name)) is not None] for file in files]
    best: tuple[int, list[str]] = (0, [])
    for mine in known[0]:
        ids = {plain_id(cell) for cell in files[0].columns[mine]}
        columns, shared = [mine], 0
        for file, theirs in zip(files[1:], known[1:], strict=True):
            counts = {c: sum(plain_id(cell) in ids for cell in file.columns[c]) for c in theirs}
            column = max(counts, key=counts.__getitem__, default="")
            if not counts.get(column):
                break
            columns.append(column)
            shared += counts[column]
        else:
            best = max(best, (shared, columns), key=lambda choice: choice[0])
    return best[1]


def _positions(file: LabelFile, column: str) -> dict[str, int]:
    positions: dict[str, int] = {}
    twice: dict[str, int] = {}
    for row, cell in enumerate(file.columns[column]):
        identifier = cell.strip()
        if not identifier:
            raise ValidationError(
                f"{file.name}: data row {row + 1} has no id in column {column!r}; fill it in"
            )
        if len(identifier) > _LONGEST_ID:
            raise ValidationError(
                f"{file.name}: data row {row + 1} of column {column!r} is longer than "
                f"{_LONGEST_ID} characters, so it is hardly an id; name the id column with "
                "--id-column, or pass --by-row"
            )
        if identifier in positions:
            twice[identifier] = twice.get(identifier, 1) + 1
        positions.setdefault(identifier, row)
    if twice:
        raise ValidationError(
            f"{file.name}: {len(twice)} ids of column {column!r} occur more than once "
            f"({show_ids(twice)}); keep one row a report"
        )
    return positions
