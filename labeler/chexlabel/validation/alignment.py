"""Bring gold labels and labelers' labels onto the same reports and findings, or say why not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from chexlabel.errors import ValidationError
from chexlabel.validation.identifiers import Keys, plain_id, show_ids
from chexlabel.validation.tables import BESIDE_LABELS, CONFIDENCE_SUFFIX, LabelFile, column_key
from chexlabel.validation.values import Codes, LabelClass, is_label, parse_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["Aligned", "AlignedLabels", "align", "label_columns", "read_columns"]

# Columns that identify a report, in the order in which one is chosen as its id; never findings.
_ID_COLUMNS: Final = ("id", "report id", "study id", "filename", "file", "path", "image id", "uid")
_NEVER_FINDINGS: Final = frozenset(
    (*_ID_COLUMNS, "subject id", "patient id", "dicom id", "accession", "split", "age")
)
_LONGEST_ID: Final = 80  # characters; what is longer is shown by its row only: it may be a report


@dataclass(frozen=True, slots=True)
class AlignedLabels:
    """One labeler's labels on the common reports and findings.

    Attributes:
        name: the labeler's name.
        codes: label classes, shape [reports, findings].
        confidences: finding -> probability that it is positive, shape [reports]; only for the
            findings that the file gives one for.
    """

    name: str
    codes: Codes
    confidences: dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Gold and predicted labels, row for row and column for column.

    Attributes:
        ids: the reports' ids.
        findings: the findings' names as the gold file writes them.
        gold: gold label classes, shape [reports, findings].
        labelers: the labelers, in the order given.
        clusters: the reports' patients, numbered from 0, shape [reports]; every report its own
            when no patient column was given.
        patient_column: name of the patient column, if any.
        notes: what a reader must know of the input: conversions, columns and reports left out.
    """

    ids: tuple[str, ...]
    findings: tuple[str, ...]
    gold: Codes
    labelers: tuple[AlignedLabels, ...]
    clusters: NDArray[np.int64]
    patient_column: str | None
    notes: tuple[str, ...]


def align(
    gold: LabelFile,
    labelers: Sequence[tuple[str, LabelFile]],
    *,
    findings: Sequence[str] | None = None,
    id_column: str | None = None,
    patient_column: str | None = None,
    by_row: bool = False,
    allow_missing: bool = False,
) -> Aligned:
    """Align the labelers with the gold.

    Args:
        gold: the manual labels.
        labelers: (name, labels) of each labeler.
        findings: the findings to compare; default the gold's label columns.
        id_column: the column that holds the reports' ids in every file.
        patient_column: the column, in the gold or the first labeler, that names the patient.
        by_row: the n-th row of every file is the same report; ids are not looked at.
        allow_missing: go on with the reports that all files have.

    Raises:
        ValidationError: the files cannot be compared; the message says why and what to do.
    """
    notes: list[str] = []
    names = [name for name, _ in labelers]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValidationError(
            f"two labelers are called {twice[0]!r}; name them apart, as in --compare NAME=FILE"
        )
    files = [gold, *(file for _, file in labelers)]
    if by_row:
        ids, rows = _by_row(files)
    else:
        ids, rows = _by_id(files, id_column, allow_missing, notes)
    used = {column_key(c) for c in (id_column, patient_column) if c}
    wanted = _choose_findings(gold, labelers, findings, used, notes)
    gold_codes = read_columns(gold, wanted, rows[0], notes)
    aligned = tuple(
        AlignedLabels(
            name,
            read_columns(file, wanted, index, notes),
            _confidences(file, wanted, index),
        )
        for (name, file), index in zip(labelers, rows[1:], strict=True)
    )
    _warn_of_binary_gold(gold, gold_codes, aligned, notes)
    clusters, patient_column = _clusters(files, rows, patient_column, notes)
    return Aligned(ids, wanted, gold_codes, aligned, clusters, patient_column, tuple(notes))


def label_columns(file: LabelFile, exclude: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """Split a file's columns into findings and others.

    A finding's column holds at least one label. One that holds labels and something else too
    counts as a finding, so that reading it raises an error: a typo must not drop a finding.

    Args:
        file: the file.
        exclude: keys (`column_key`) of columns that are no findings.

    Returns:
        The findings and the columns left out that are neither ids nor confidences.
    """
    never = _NEVER_FINDINGS | set(exclude)
    beside = tuple(map(column_key, BESIDE_LABELS))
    findings, others = [], []
    for column, cells in file.columns.items():
        key = column_key(column)
        if key in never or key.endswith(beside):
            continue
        filled = {cell for cell in set(cells) if cell.strip()}
        if not filled or any(is_label(cell) for cell in filled):
            findings.append(column)
        else:
            others.append(column)
    return findings, others


def read_columns(
    file: LabelFile,
    findings: Sequence[str],
    rows: NDArray[np.int64] | None,
    notes: list[str],
) -> Codes:
    """Read the findings' columns as label classes, shape [rows, findings].

    The whole column is checked, also rows that are not compared: a bad cell is a sign of a bad
    file. Conversions of words are added to `notes`.
    """
    words: Counter[str] = Counter()
    columns = []
    for finding in findings:
        column = file.find(finding)
        if column is None:
            raise ValidationError(f"{file.name}: no column {finding!r}")
        codes, found = parse_labels(file.columns[column], column=column, source=file.name)
        columns.append(codes if rows is None else codes[rows])
        words += found
    if words:
        listed = ", ".join(f"{word} ({count})" for word, count in words.most_common())
        notes.append(f"{file.name}: words read as labels: {listed}.")
    return np.stack(columns, axis=1)


def _by_row(files: Sequence[LabelFile]) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
    length = len(files[0])
    for file in files[1:]:
        if len(file) != length:
            raise ValidationError(
                f"{file.name} has {len(file)} rows and {files[0].name} has {length}; "
                "compared by row, they must have as many"
            )
    index = np.arange(length)
    return tuple(str(i + 1) for i in range(length)), [index] * len(files)


def _by_id(
    files: Sequence[LabelFile], id_column: str | None, allow_missing: bool, notes: list[str]
) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
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
        parts = []
        if missing:
            parts.append(
                f"{len(missing)} of {files[0].name} are not in {file.name} ({show_ids(missing)})"
            )
        if extra:
            parts.append(
                f"{len(extra)} of {file.name} are not in {files[0].name} ({show_ids(extra)})"
            )
        if not parts:
            continue
        if not allow_missing:
            raise ValidationError(
                f"report ids do not match: {'; '.join(parts)}; pass --allow-missing to compare the "
                f"{len(common)} they share"
            )
        notes.append(f"Reports left out: {'; '.join(parts)}. Compared: {len(common)}.")
    rows = [np.fromiter((gold[i] for i, _ in common), np.int64, len(common))]
    for other, ids in enumerate(others):
        chosen = (ids[there[other] or ""] for _, there in common)
        rows.append(np.fromiter(chosen, np.int64, len(common)))
    return tuple(i for i, _ in common), rows


def _id_columns(files: Sequence[LabelFile], given: str | None, notes: list[str]) -> list[str]:
    """Choose the column of the ids in every file: the same one where they share one."""
    if given is not None:
        found = [file.find(given) for file in files]
        for file, column in zip(files, found, strict=True):
            if column is None:
                raise ValidationError(
                    f"{file.name}: no column {given!r}; its first columns are "
                    f"{', '.join(list(file.columns)[:4])}"
                )
        return [column for column in found if column is not None]
    for candidate in _ID_COLUMNS:
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
        f"{', '.join(_ID_COLUMNS)}); name it with --id-column, or pass --by-row if the rows "
        "correspond one to one"
    )


def _columns_with_shared_ids(files: Sequence[LabelFile]) -> list[str]:
    """Return the id column of every file that has most ids in common with the first's; or none."""
    known = [[c for name in _ID_COLUMNS if (c := file.find(name)) is not None] for file in files]
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


def _choose_findings(
    gold: LabelFile,
    labelers: Sequence[tuple[str, LabelFile]],
    given: Sequence[str] | None,
    used: set[str],
    notes: list[str],
) -> tuple[str, ...]:
    others: list[str] = []
    if given is None:
        candidates, others = label_columns(gold, used)
    else:
        candidates = list(dict.fromkeys(given))
    if not candidates:
        raise ValidationError(f"{gold.name}: no column holds labels; name the findings' columns")
    wanted = []
    for finding in candidates:
        column = gold.find(finding)
        if column is None:
            raise ValidationError(
                f"{gold.name}: no column for the finding {finding!r}; its columns are "
                f"{', '.join(gold.columns)}"
            )
        wanted.append(column)
    for _, file in labelers:
        missing = [finding for finding in wanted if file.find(finding) is None]
        if missing:
            raise ValidationError(
                f"{file.name} has no column for {len(missing)} of the {len(wanted)} findings of "
                f"{gold.name}: {', '.join(missing)}; add them, or name those to compare with "
                "--findings"
            )
        if given is None:
            keys = {column_key(finding) for finding in wanted}
            extra = [c for c in label_columns(file, used)[0] if column_key(c) not in keys]
            if extra:
                notes.append(f"{file.name}: not in the gold, so not judged: {', '.join(extra)}.")
    if others:
        notes.append(f"{gold.name}: columns that hold no label, left out: {', '.join(others)}.")
    return tuple(wanted)


def _confidences(
    file: LabelFile, findings: Sequence[str], rows: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    confidences = {}
    for finding in findings:
        column = file.find(finding + CONFIDENCE_SUFFIX)
        if column is None:
            continue
        cells = file.columns[column]
        empty = sum(not cell.strip() for cell in cells)
        if empty:
            raise ValidationError(
                f"{file.name}: column {column!r} has {empty} empty cells of {len(cells)}; give a "
                "probability for every report, or drop the column"
            )
        values = np.empty(len(cells))
        for row, cell in enumerate(cells):
            try:
                value = float(cell)
            except ValueError:
                value = np.nan
            if not 0.0 <= value <= 1.0:  # also refuses NaN
                raise ValidationError(
                    f"{file.name}: column {column!r}, data row {row + 1} is no probability; "
                    "give a number from 0 to 1"
                )
            values[row] = value
        confidences[finding] = values[rows]
    return confidences


def _warn_of_binary_gold(
    gold: LabelFile, codes: Codes, labelers: Sequence[AlignedLabels], notes: list[str]
) -> None:
    if (codes == LabelClass.BLANK).any():
        return
    if any((labels.codes == LabelClass.BLANK).any() for labels in labelers):
        notes.append(
            f"{gold.name} has no blank label, but the labels have: if its 0 means 'absent or not "
            "mentioned', compare with --blank negative; otherwise every blank is an error here."
        )


def _clusters(
    files: Sequence[LabelFile],
    rows: Sequence[NDArray[np.int64]],
    patient_column: str | None,
    notes: list[str],
) -> tuple[NDArray[np.int64], str | None]:
    reports = len(rows[0])
    if patient_column is None:
        for hint in ("subject_id", "patient_id"):
            if any(file.find(hint) for file in files):
                notes.append(
                    "Reports of one patient are taken as independent; pass --patient-column "
                    f"{hint} for intervals that respect them."
                )
                break
        return np.arange(reports), None
    for file, index in zip(files, rows, strict=True):
        column = file.find(patient_column)
        if column is None:
            continue
        patients = [file.columns[column][i].strip() for i in index.tolist()]
        empty = sum(not patient for patient in patients)
        if empty:
            raise ValidationError(
                f"{file.name}: {empty} reports have no patient in column {column!r}; fill them in "
                "or leave --patient-column out"
            )
        return np.unique(patients, return_inverse=True)[1].astype(np.int64), column
    raise ValidationError(
        f"no file has the patient column {patient_column!r}; {files[0].name} has "
        f"{', '.join(files[0].columns)}"
    )
