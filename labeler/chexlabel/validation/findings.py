"""Which columns of a label file are findings, and which findings are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chexlabel.errors import ValidationError
from chexlabel.validation.identifiers import is_nameless, show_names
from chexlabel.validation.matching import ID_COLUMNS
from chexlabel.validation.tables import BESIDE_LABELS, LabelFile, column_key
from chexlabel.validation.values import is_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["choose_findings", "label_columns"]

_NEVER_FINDINGS: Final = frozenset(
    (*ID_COLUMNS, "subject id", "patient id", "dicom id", "accession", "split", "age", "row")
)
_REMARKS: Final = frozenset(("comment", "comments", "note", "notes", "remark", "remarks"))
"""Columns that are no findings though they are empty, as those of findings may be."""


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
        filled = _filled(cells)
        if not filled and key in _REMARKS:
            continue
        if is_nameless(column):
            others.append(column)
        elif not filled or any(is_label(cell) for cell in filled):
            findings.append(column)
        else:
            others.append(column)
    return findings, others


def choose_findings(
    gold: LabelFile,
    labelers: Sequence[tuple[str, LabelFile]],
    given: Sequence[str] | None,
    used: set[str],
    notes: list[str],
) -> tuple[str, ...]:
    """Choose the findings, each once, by the names of the gold's columns.

    Args:
        gold: the gold, or the one file whose labels are counted.
        labelers: (name, labels) of each labeler, which have to have the findings too.
        given: the findings asked for; default the gold's label columns.
        used: keys (`column_key`) of columns that hold ids and the like.
        notes: gets the columns left out, and those that may be no findings.

    Raises:
        ValidationError: there are no findings, or a file lacks one.
    """
    others: list[str] = []
    if given is None:
        candidates, others = _gold_findings(gold, labelers, used)
    else:
        candidates = list(given)
    if not candidates:
        raise ValidationError(
            f"{gold.name}: no column holds labels; name the findings' columns with --findings"
        )
    wanted: list[str] = []
    for finding in candidates:
        column = gold.find(finding)
        if column is None:
            raise ValidationError(
                f"{gold.name}: no column for the finding {finding!r}; its columns are "
                f"{show_names(gold.columns)}"
            )
        if column not in wanted:
            wanted.append(column)
    for _, file in labelers:
        missing = [finding for finding in wanted if file.find(finding) is None]
        if missing:
            raise ValidationError(
                f"{file.name} has no column for {len(missing)} of the {len(wanted)} findings of "
                f"{gold.name}: {show_names(missing)}; add them, or name those to compare with "
                "--findings"
            )
        if given is None:
            keys = {column_key(finding) for finding in wanted}
            extra = [c for c in label_columns(file, used)[0] if column_key(c) not in keys]
            if extra:
                notes.append(f"{file.name}: not in the gold, so not judged: {show_names(extra)}.")
    if others:
        notes.append(f"{gold.name}: columns that hold no label, left out: {show_names(others)}.")
    if given is None and labelers:
        notes += _empty_note(wanted, [gold, *(file for _, file in labelers)])
    return tuple(wanted)


def _gold_findings(
    gold: LabelFile, labelers: Sequence[tuple[str, LabelFile]], used: set[str]
) -> tuple[list[str], list[str]]:
    """Return what `label_columns` of the gold does, judged by all files.

    A column that holds words unknown here, but in another file labels, is a finding too: reading
    it then says what is wrong with it.
    """
    found, others = label_columns(gold, used)
    elsewhere = {column_key(c) for _, file in labelers for c in label_columns(file, used)[0]}
    unread = [c for c in others if column_key(c) in elsewhere and not is_nameless(c)]
    chosen = {*found, *unread}
    return [c for c in gold.columns if c in chosen], [c for c in others if c not in chosen]


def _empty_note(findings: Sequence[str], files: Sequence[LabelFile]) -> list[str]:
    empty = [f for f in findings if not any(_filled(file.columns_of(f)) for file in files)]
    if not empty:
        return []
    return [
        f"Blank in every report of every file, which counts as agreement: {show_names(empty)}. "
        "Where that is no finding, name those to compare with --findings."
    ]


def _filled(cells: Iterable[str]) -> set[str]:
    return {cell for cell in set(cells) if cell.strip()}
