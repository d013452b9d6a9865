"""How often each label occurs, and which findings occur together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chexlabel.validation.results import CLASS_NAMES, Cooccurrence, Distribution, LabelCounts
from chexlabel.validation.values import Codes, LabelClass

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cooccurrence", "distribution"]


def distribution(source: str, findings: Sequence[str], codes: Codes) -> Distribution:
    """Count the labels of every finding, as in the tables of the CheXpert and MIMIC-CXR-JPG papers.

    Args:
        source: who gave the labels.
        findings: names of the findings.
        codes: label classes, shape [reports, findings].
    """
    counts = [np.bincount(column, minlength=len(LabelClass)) for column in codes.T]
    return Distribution(
        source=source,
        reports=len(codes),
        findings=[
            LabelCounts(finding=finding, **dict(zip(CLASS_NAMES, map(int, count), strict=True)))
            for finding, count in zip(findings, counts, strict=True)
        ],
    )


def cooccurrence(source: str, findings: Sequence[str], codes: Codes) -> Cooccurrence:
    """Correlate the findings' positives with one another.

    Args:
        source: who gave the labels.
        findings: names of the findings.
        codes: label classes, shape [reports, findings].
    """
    positive = (codes == LabelClass.POSITIVE).astype(np.float64)
    if len(positive) < 2:  # of one report there is no correlation, and numpy warns
        correlation = np.full((len(findings), len(findings)), np.nan)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            correlation = np.atleast_2d(np.corrcoef(positive, rowvar=False))
    return Cooccurrence(
        source=source,
        findings=list(findings),
        both=(positive.T @ positive).astype(int).tolist(),
        correlation=[
            [round(float(value), 6) if np.isfinite(value) else None for value in row]
            for row in correlation
        ],
    )
