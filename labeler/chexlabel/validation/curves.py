"""Figures from confidences: ROC, precision-recall, calibration and the choice of a threshold.

The question is always the positive task under the policy: is the gold label positive?
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from chexlabel.errors import ValidationError
from chexlabel.validation.intervals import Bootstrap, figure
from chexlabel.validation.results import BinnedProbability, ConfidenceResult, Threshold
from chexlabel.validation.values import LEFT_OUT, Codes, LabelClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Aims", "expected_calibration_error", "judge_confidences", "weighted_auc"]

Floats = NDArray[np.float64]

_BINS: Final = 10
_CURVE_POINTS: Final = 200  # per curve in the result: more cannot be seen, and files stay small


@dataclass(frozen=True, slots=True)
class Aims:
    """What a threshold is to reach, if anything.

    Attributes:
        sensitivity: least sensitivity; the highest threshold that reaches it is chosen.
        specificity: least specificity; the lowest threshold that reaches it is chosen.
    """

    sensitivity: float | None = None
    specificity: float | None = None

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value <= 1.0:
                raise ValidationError(f"{name} {value}: give a share above 0 and up to 1")


def judge_confidences(
    findings: Sequence[str],
    gold: Codes,
    confidences: Mapping[str, Floats],
    clusters: NDArray[np.int64],
    bootstrap: Bootstrap,
    aims: Aims,
) -> dict[str, ConfidenceResult]:
    """Judge the confidences of one labeler, finding by finding.

    Args:
        findings: names of the findings, the columns of `gold`.
        gold: label classes, shape [reports, findings], `LEFT_OUT` where a pair does not count.
        confidences: finding -> probability of positive, shape [reports].
        clusters: the cluster of each report, shape [reports].
        bootstrap: the resamples.
        aims: thresholds to look for.
    """
    samples = _resampled_areas(findings, gold, confidences, clusters, bootstrap)
    return {
        finding: _judge_one(
            *_kept(gold[:, i], confidences[finding]), samples[finding], bootstrap, aims
        )
        for i, finding in enumerate(findings)
        if finding in confidences
    }


def weighted_auc(
    truth: NDArray[np.bool_], scores: Floats, weights: NDArray[np.float32]
) -> tuple[Floats, Floats]:
    """Area under the ROC curve and average precision for many weightings of the reports at once.

    The same as scikit-learn's `roc_auc_score` and `average_precision_score` with `sample_weight`
    (a test holds them together), but sorted once for all resamples.

    Args:
        truth: which reports are positive, shape [reports].
        scores: their confidences, shape [reports].
        weights: shape [resamples, reports].

    Returns:
        The two areas, shape [resamples]; NaN where a resample lacks one of the classes.
    """
    order = np.argsort(-scores, kind="stable")
    truth, scores, weights = truth[order], scores[order], weights[:, order]
    # Reports of equal confidence enter the curve together: sum the weights of each tie.
    starts = np.flatnonzero(np.r_[True, np.diff(scores) != 0])
    positive = np.add.reduceat(np.where(truth, weights, 0.0), starts, axis=1, dtype=np.float64)
    negative = np.add.reduceat(np.where(truth, 0.0, weights), starts, axis=1, dtype=np.float64)
    tp, fp = positive.cumsum(axis=1), negative.cumsum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Each negative counts the positives above it, and half of those level with it.
        area = ((tp - positive / 2) * negative).sum(axis=1) / (tp[:, -1] * fp[:, -1])
        precision = np.nan_to_num(tp / (tp + fp))
        average_precision = (precision * positive).sum(axis=1) / tp[:, -1]
    return area, np.where(fp[:, -1] > 0, average_precision, np.nan)


def expected_calibration_error(bins: Sequence[BinnedProbability]) -> float:
    """Mean gap between confidence and share of positives, weighted by the bins' reports.

    Naeini et al. 2015 (AAAI), with bins of equal width.
    """
    total = sum(b.count for b in bins)
    gaps = [
        b.count * abs(b.mean_confidence - b.positive_share)
        for b in bins
        if b.mean_confidence is not None and b.positive_share is not None
    ]
    return sum(gaps) / total


def _kept(gold: Codes, scores: Floats) -> tuple[NDArray[np.bool_], Floats]:
    kept = gold != LEFT_OUT
    return gold[kept] == LabelClass.POSITIVE, scores[kept]


def _resampled_areas(
    findings: Sequence[str],
    gold: Codes,
    confidences: Mapping[str, Floats],
    clusters: NDArray[np.int64],
    bootstrap: Bootstrap,
) -> dict[str, tuple[Floats, Floats]]:
    parts: dict[str, list[tuple[Floats, Floats]]] = {f: [] for f in confidences}
    for block in bootstrap.weights():
        for i, finding in enumerate(findings):
            if finding not in confidences:
                continue
            kept = gold[:, i] != LEFT_OUT
            if kept.any():
                truth, scores = _kept(gold[:, i], confidences[finding])
                parts[finding].append(weighted_auc(truth, scores, block[:, clusters[kept]]))
    empty = np.full(bootstrap.resamples, np.nan)
    return {
        finding: (np.concatenate([p[0] for p in part]), np.concatenate([p[1] for p in part]))
        if part
        else (empty, empty)
        for finding, part in parts.items()
    }


def _judge_one(
    truth: NDArray[np.bool_],
    scores: Floats,
    samples: tuple[Floats, Floats],
    bootstrap: Bootstrap,
    aims: Aims,
) -> ConfidenceResult:
    from sklearn.metrics import (
        average_precision_score,
        brier_score_loss,
        precision_recall_curve,
        roc_auc_score,
        roc_curve,
    )

    positives, negatives = int(truth.sum()), int((~truth).sum())
    bins = _bins(truth, scores)
    brier = float(brier_score_loss(truth, scores, pos_label=True)) if len(truth) else None
    ece = expected_calibration_error(bins) if len(truth) else None
    if not positives or not negatives:  # nothing to rank against: the curves are undefined
        return ConfidenceResult(
            positives=positives,
            negatives=negatives,
            auc=figure(np.nan),
            average_precision=figure(np.nan),
            brier=brier,
            ece=ece,
            bins=bins,
            roc=[],
            precision_recall=[],
            thresholds=[],
        )
    fpr, tpr, cuts = roc_curve(truth, scores, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(truth, scores)
    return ConfidenceResult(
        positives=positives,
        negatives=negatives,
        auc=bootstrap.figure(float(roc_auc_score(truth, scores)), samples[0]),
        average_precision=bootstrap.figure(
            float(average_precision_score(truth, scores)), samples[1]
        ),
        brier=brier,
        ece=ece,
        bins=bins,
        roc=_thin(fpr, tpr),
        precision_recall=_thin(recall[::-1], precision[::-1]),
        thresholds=_thresholds(fpr, tpr, cuts, negatives, aims),
    )


def _bins(truth: NDArray[np.bool_], scores: Floats) -> list[BinnedProbability]:
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    counts, _ = np.histogram(scores, edges)
    positives, _ = np.histogram(scores[truth], edges)
    sums, _ = np.histogram(scores, edges, weights=scores)
    return [
        BinnedProbability(
            low=round(float(edges[i]), 10),
            high=round(float(edges[i + 1]), 10),
            count=int(count),
            mean_confidence=float(sums[i] / count) if count else None,
            positive_share=float(positives[i] / count) if count else None,
        )
        for i, count in enumerate(counts)
    ]


def _thresholds(
    fpr: Floats, tpr: Floats, cuts: Floats, negatives: int, aims: Aims
) -> list[Threshold]:
    # A share of counts, as the one asked for is: 1 - 7/100 is less than 0.93 in floating point.
    specificity = (negatives - np.rint(fpr * negatives)) / negatives
    # roc_curve runs from the highest cut (infinite: nobody is called positive) to the lowest.
    found: list[Threshold] = []
    if aims.sensitivity is not None:
        reached = np.flatnonzero((tpr >= aims.sensitivity) & np.isfinite(cuts))
        index = int(reached[0]) if len(reached) else None
        found.append(_threshold("sensitivity", aims.sensitivity, index, specificity, tpr, cuts))
    if aims.specificity is not None:
        reached = np.flatnonzero((specificity >= aims.specificity) & np.isfinite(cuts))
        index = int(reached[-1]) if len(reached) else None
        found.append(_threshold("specificity", aims.specificity, index, specificity, tpr, cuts))
    return found


def _threshold(
    aim: Literal["sensitivity", "specificity"],
    target: float,
    index: int | None,
    specificity: Floats,
    tpr: Floats,
    cuts: Floats,
) -> Threshold:
    return Threshold(
        aim=aim,
        target=target,
        threshold=None if index is None else float(cuts[index]),
        rounded=None if index is None else _shortest(cuts, index),
        sensitivity=None if index is None else float(tpr[index]),
        specificity=None if index is None else float(specificity[index]),
    )


def _shortest(cuts: Floats, index: int) -> float:
    """Return the threshold with the fewest decimals, at least 3, that divides the reports alike.

    It lies above the next lower confidence and not above that of the cut.
    """
    cut = float(cuts[index])
    below = float(cuts[index + 1]) if index + 1 < len(cuts) else -np.inf
    for digits in range(3, 17):
        rounded = round(cut, digits)
        if rounded > cut:
            rounded = round(rounded - 10**-digits, digits)
        if below < rounded <= cut:
            return rounded
    return cut


def _thin(x: Floats, y: Floats) -> list[tuple[float, float]]:
    """Keep the corners of a curve, and of those at most `_CURVE_POINTS`."""
    turns = np.r_[
        True, (np.diff(x)[1:] != np.diff(x)[:-1]) | (np.diff(y)[1:] != np.diff(y)[:-1]), True
    ]
    index = np.flatnonzero(turns) if len(x) > 2 else np.arange(len(x))
    if len(index) > _CURVE_POINTS:
        index = index[np.linspace(0, len(index) - 1, _CURVE_POINTS).round().astype(int)]
    return [(round(float(x[i]), 5), round(float(y[i]), 5)) for i in index]
