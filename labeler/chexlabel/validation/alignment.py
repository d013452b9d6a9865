"""Bring gold labels and labelers' labels onto the same reports and findings, or say why not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chexlabel.errors import ValidationError
from chexlabel.validation.findings import choose_findings
from chexlabel.validation.identifiers import quoted_name, show_names
from chexlabel.validation.matching import match_ids, match_rows
from chexlabel.validation.tables import LabelFile, column_key
from chexlabel.validation.values import Codes, LabelClass, parse_labels
from chexlabel.writers.layout import PROBABILITY_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "Aligned",
    "AlignedLabels",
    "align",
    "patients_note",
    "read_columns",
]


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
        id_columns: the columns that hold the ids, in the gold and in each labeler's file.
        notes: what a reader must know of the input: conversions, columns and reports left out.
    """

    ids: tuple[str, ...]
    findings: tuple[str, ...]
    gold: Codes
    labelers: tuple[AlignedLabels, ...]
    clusters: NDArray[np.int64]
    patient_column: str | None
    id_columns: tuple[str, ...]
    notes: tuple[str, ...]

    def sources(self, gold: str) -> list[tuple[str, Codes]]:
        """Return (name, label classes) of the gold, which is called so, and of each labeler."""
        return [(gold, self.gold), *((labels.name, labels.codes) for labels in self.labelers)]


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
        ids, rows, id_columns = match_rows(files)
    else:
        ids, rows, id_columns = match_ids(files, id_column, allow_missing, notes)
    used = {column_key(c) for c in (id_column, patient_column) if c}
    wanted = choose_findings(gold, labelers, findings, used, notes)
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
    clusters, patient_column = _clusters(files, rows, patient_column)
    return Aligned(
        ids,
        wanted,
        gold_codes,
        aligned,
        clusters,
        patient_column,
        tuple(id_columns),
        tuple(notes),
    )


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
            raise ValidationError(f"{file.name}: no column {quoted_name(finding)}")
        codes, found = parse_labels(file.columns[column], column=column, source=file.name)
        columns.append(codes if rows is None else codes[rows])
        words += found
    if words:
        listed = ", ".join(f"{word} ({count})" for word, count in words.most_common())
        notes.append(f"{file.name}: words read as labels: {listed}.")
    return np.stack(columns, axis=1)


def _confidences(
    file: LabelFile, findings: Sequence[str], rows: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    confidences = {}
    for finding in findings:
        column = file.find(finding + PROBABILITY_SUFFIX)
        if column is None:
            continue
        cells = file.columns[column]
        empty = sum(not cell.strip() for cell in cells)
        if empty:
            raise ValidationError(
                f"{file.name}: column {quoted_name(column)} has {empty} empty cells of "
                f"{len(cells)}; give a probability for every report, or drop the column"
            )
        values = np.empty(len(cells))
        for row, cell in enumerate(cells):
            try:
                value = float(cell)
            except ValueError:
                value = np.nan
            if not 0.0 <= value <= 1.0:  # also refuses NaN
                raise ValidationError(
                    f"{file.name}: column {quoted_name(column)}, data row {row + 1} is no "
                    "probability; give a number from 0 to 1"
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


def patients_note(files: Sequence[LabelFile]) -> str | None:
    """Say which column would tell the patients, where nobody named one."""
    for hint in ("subject_id", "patient_id"):
        if any(file.find(hint) for file in files):
            return (
                "Reports of one patient are taken as independent; pass --patient-column "
                f"{hint} for intervals that respect them."
            )
    return None


def _clusters(
    files: Sequence[LabelFile],
    rows: Sequence[NDArray[np.int64]],
    patient_column: str | None,
) -> tuple[NDArray[np.int64], str | None]:
    reports = len(rows[0])
    if patient_column is None:
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
        f"{show_names(files[0].columns)}"
    )
