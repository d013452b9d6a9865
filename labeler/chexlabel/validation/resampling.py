"""Confusion matrices of labelers, resampled by clusters of reports, and the rates that follow.

The figures are those of `chexlabel.validation.metrics`, a thousand times over with numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from chexlabel.validation.values import LEFT_OUT, Codes, LabelClass, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chexlabel.validation.intervals import Bootstrap

__all__ = [
    "RATES",
    "RateArrays",
    "Resampled",
    "agreement",
    "confusion_counts",
    "kappas",
    "rates",
    "resample",
    "task_counts",
]

Floats = NDArray[np.float64]
_CLASSES = len(LabelClass)
RATES: Final = ("precision", "recall", "f1", "specificity", "npv")
"""The fields of `RateArrays`."""


def confusion_counts(
    gold: Codes, predicted: Codes, clusters: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Count the pairs of gold and predicted label per cluster and finding.

    Args:
        gold: shape [reports, findings]; `LEFT_OUT` pairs are not counted.
        predicted: shape [reports, findings].
        clusters: the cluster of each report, numbered from 0, shape [reports].

    Returns:
        Counts, shape [clusters, findings, gold class, predicted class].
    """
    findings = gold.shape[1]
    n_clusters = int(clusters.max()) + 1
    cell = gold.astype(np.int64) * _CLASSES + predicted
    cell += np.arange(findings) * _CLASSES**2
    cell += clusters[:, None] * (findings * _CLASSES**2)
    kept = cell[gold != LEFT_OUT]
    counts = np.bincount(kept, minlength=n_clusters * findings * _CLASSES**2)
    return counts.reshape(n_clusters, findings, _CLASSES, _CLASSES).astype(np.float32)


@dataclass(frozen=True, slots=True)
class RateArrays:
    """Rates for any number of 2x2 tables at once, all of the same shape; NaN where undefined."""

    precision: Floats
    recall: Floats
    f1: Floats
    specificity: Floats
    npv: Floats

    def of(self, i: int) -> RateArrays:
        """Return the rates of one finding, the last axis."""
        return RateArrays(*(getattr(self, name)[..., i] for name in RATES))


def task_counts(confusion: Floats, task: Task) -> tuple[Floats, Floats, Floats, Floats]:
    """Fold confusion matrices, shape [..., 4, 4], into (tp, fp, fn, tn) of a task, shape [...]."""
    holds = task.holds(np.arange(_CLASSES, dtype=np.int8))
    yes = confusion[..., holds, :]
    no = confusion[..., ~holds, :]
    tp = yes[..., holds].sum(axis=(-2, -1))
    fn = yes[..., ~holds].sum(axis=(-2, -1))
    fp = no[..., holds].sum(axis=(-2, -1))
    tn = no[..., ~holds].sum(axis=(-2, -1))
    return tp, fp, fn, tn


def rates(tp: Floats, fp: Floats, fn: Floats, tn: Floats) -> RateArrays:
    """Return the rates of 2x2 tables.

    A rate whose denominator is zero is NaN, as in scikit-learn with `zero_division=nan`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return RateArrays(
            precision=tp / (tp + fp),
            recall=tp / (tp + fn),
            f1=2 * tp / (2 * tp + fp + fn),
            specificity=tn / (tn + fp),
            npv=tn / (tn + fn),
        )


def kappas(confusion: Floats) -> Floats:
    """Return Cohen's kappa (Cohen 1960) of confusion matrices, shape [..., k, k].

    NaN where chance alone would agree on everything (one class only), or without any pair.
    """
    total = confusion.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.trace(confusion, axis1=-2, axis2=-1) / total
        expected = (confusion.sum(axis=-1) * confusion.sum(axis=-2)).sum(axis=-1) / total**2
        kappa = (observed - expected) / (1.0 - expected)
    return np.where(np.isclose(expected, 1.0), np.nan, kappa)


@dataclass(frozen=True, slots=True)
class Resampled:
    """A labeler's confusion matrices in every resample: what all of its intervals come from.

    Attributes:
        confusion: shape [resamples, findings, 4, 4].
        counts: the same of each cluster, shape [clusters, findings, 4, 4].
    """

    confusion: Floats
    counts: NDArray[np.float32]

    def clusters(self, cells: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Count, by finding, the clusters that have a case in cells (shape [4, 4])."""
        found: NDArray[np.int64] = self.counts[..., cells].any(axis=-1).sum(axis=0)
        return found

    def pooled_clusters(self, cells: NDArray[np.bool_]) -> int:
        """Count the clusters that have a case in these cells, of any finding."""
        return int(self.counts[..., cells].any(axis=(-2, -1)).sum())

    def rates(self, task: Task) -> RateArrays:
        """Rates of each finding, arrays of shape [resamples, findings]."""
        return rates(*task_counts(self.confusion, task))

    def pooled_rates(self, task: Task) -> RateArrays:
        """Rates of all pairs pooled (micro), arrays of shape [resamples]."""
        return rates(*task_counts(self.confusion.sum(axis=1), task))

    def support(self, task: Task) -> Floats:
        """Gold yeses of each finding, shape [resamples, findings]."""
        tp, _, fn, _ = task_counts(self.confusion, task)
        return tp + fn

    def agreement(self) -> Floats:
        """Share of pairs with the same label, shape [resamples, findings]."""
        return agreement(self.confusion)

    def pooled_agreement(self) -> Floats:
        """Share of all pairs with the same label, shape [resamples]."""
        return agreement(self.confusion.sum(axis=1))

    def kappas(self) -> Floats:
        """Cohen's kappa of each finding, shape [resamples, findings]."""
        return kappas(self.confusion)

    def pooled_kappas(self) -> Floats:
        """Cohen's kappa over all pairs, shape [resamples]."""
        return kappas(self.confusion.sum(axis=1))


def resample(
    gold: Codes, predicted: Sequence[Codes], clusters: NDArray[np.int64], bootstrap: Bootstrap
) -> list[Resampled]:
    """Resample every labeler's confusion matrices, all with the same draws."""
    counts = np.stack([confusion_counts(gold, p, clusters) for p in predicted], axis=1)
    totals = bootstrap.totals(counts)
    return [Resampled(totals[:, i], counts[:, i]) for i in range(len(predicted))]


def agreement(confusion: Floats) -> Floats:
    """Share of pairs with the same label, of matrices [..., classes, classes]."""
    total = confusion.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = np.trace(confusion, axis1=-2, axis2=-1) / total
    return share
