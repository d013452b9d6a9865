"""How well doubt finds wrong reports: AUROC, and how much reading finds how many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["ReviewCurve", "review_curve"]


@dataclass(frozen=True, slots=True)
class ReviewCurve:
    """What reading the most doubtful reports first is worth.

    Attributes:
        auroc: the probability that a wrong report is held for more doubtful than a right one
            (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747); ties count half.
        read: shares of the reports that are read, rising, from 0 to 1.
        found: shares of the wrong reports that are then found.
        half: the share of the reports to be read to find half of the wrong ones.
    """

    auroc: float
    read: tuple[float, ...]
    found: tuple[float, ...]
    half: float


def review_curve(risks: Sequence[float], wrong: Sequence[bool]) -> ReviewCurve:
    """Measure an order of reading.

    Args:
        risks: how doubtful each report is; the order of equal ones counts as random.
        wrong: whether a label of the report is wrong.

    Raises:
        ValueError: all reports are wrong, or none is.

    >>> curve = review_curve([0.9, 0.1, 0.8, 0.2], [True, False, False, False])
    >>> curve.auroc, curve.half
    (1.0, 0.125)
    """
    risk, bad = np.asarray(risks, np.float64), np.asarray(wrong, bool)
    if bad.all() or not bad.any():
        raise ValueError("both right and wrong reports are needed to measure the order")
    levels, at = np.unique(-risk, return_inverse=True)
    totals = np.bincount(at, minlength=len(levels)).astype(np.float64)
    hits = np.bincount(at, weights=bad, minlength=len(levels))
    read = np.concatenate(([0.0], totals.cumsum())) / len(risk)
    found = np.concatenate(([0.0], hits.cumsum())) / bad.sum()
    fine = np.concatenate(([0.0], (totals - hits).cumsum())) / (~bad).sum()
    auroc = float(np.sum(np.diff(fine) * (found[1:] + found[:-1]) / 2))
    half = float(np.interp(0.5, found, read))
    return ReviewCurve(auroc, tuple(read.tolist()), tuple(found.tolist()), half)
