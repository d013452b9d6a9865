"""What may be said of a validation: how files match, the bootstrap, the reports' text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from chexlabel.errors import ValidationError

__all__ = ["Matching", "Reports", "Resampling"]


@dataclass(frozen=True, slots=True)
class Matching:
    """How rows and columns of the files are brought together.

    Attributes:
        findings: the findings to compare; default the gold's label columns.
        id_column: the column of the reports' ids; default the first known one all files share.
        patient_column: the column that names the patient; resamples then draw patients.
        by_row: the n-th rows belong together; ids are not looked at.
        allow_missing: go on with the reports that all files have.
    """

    findings: Sequence[str] | None = None
    id_column: str | None = None
    patient_column: str | None = None
    by_row: bool = False
    allow_missing: bool = False


@dataclass(frozen=True, slots=True)
class Resampling:
    """The bootstrap: number of resamples (0: no intervals), level of the interval, seed."""

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reports:
    """Where the text of the disagreements comes from, and how many are shown.

    Attributes:
        reports: file of reports, in any format that the labeler reads.
        evidence: evidence file of `chexlabel label --evidence`.
        id_column: column of the ids in them.
        text_column: column of the text in the reports file.
        format: its format, as the readers name it; by default it is recognised.
        encoding: its text encoding.
        patterns: pattern set that finds the mentions when there is no evidence file.
        limit: number of disagreements shown; the rest is counted only.
    """

    reports: str | os.PathLike[str] | None = None
    evidence: str | os.PathLike[str] | None = None
    id_column: str | None = None
    text_column: str | None = None
    format: str | None = None
    encoding: str = "utf-8"
    patterns: str | os.PathLike[str] = "chexpert14"
    limit: int = 500

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise ValidationError(f"{self.limit} disagreements to show: give 0 or more")
