"""Precision, recall, F1, specificity, agreement and Cohen's kappa, with their intervals.

Point estimates come from scikit-learn. Their intervals need the same figures a thousand times
over; these come from resampled confusion matrices with numpy (`rates`, `kappas`), and a test holds
the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chexlabel.validation.intervals import Bootstrap, figure
from chexlabel.validation.results import (
    Aggregate,
    Figure,
    FindingResult,
    LabelerResult,
    Rates,
    TaskResult,
)
from chexlabel.validation.values import LEFT_OUT, Codes, LabelClass, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "RateArrays",
    "Resampled",
    "confusion_counts",
    "judge",
    "kappas",
    "mean",
    "rates",
    "resample",
    "task_counts",
]

Floats = NDArray[np.float64]
_CLASSES = len(LabelClass)


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
    """

    confusion: Floats

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
        return _agreement(self.confusion)

    def pooled_agreement(self) -> Floats:
        """Share of all pairs with the same label, shape [resamples]."""
        return _agreement(self.confusion.sum(axis=1))


def resample(
    gold: Codes, predicted: Sequence[Codes], clusters: NDArray[np.int64], bootstrap: Bootstrap
) -> list[Resampled]:
    """Resample every labeler's confusion matrices, all with the same draws."""
    counts = np.stack([confusion_counts(gold, p, clusters) for p in predicted], axis=1)
    totals = bootstrap.totals(counts)
    return [Resampled(totals[:, i]) for i in range(len(predicted))]


def judge(
    name: str,
    source: str,
    findings: Sequence[str],
    gold: Codes,
    predicted: Codes,
    tasks: Sequence[Task],
    resampled: Resampled,
    bootstrap: Bootstrap,
) -> LabelerResult:
    """Compare one labeler with the gold, policies already applied.

    Args:
        name: the labeler's name.
        source: its file's name.
        findings: names of the findings.
        gold: shape [reports, findings], `LEFT_OUT` where a pair does not count.
        predicted: shape [reports, findings].
        tasks: the tasks to score.
        resampled: the labeler's resampled confusion matrices.
        bootstrap: what made them.
    """
    from sklearn.metrics import accuracy_score

    pooled = gold != LEFT_OUT
    per_task = {
        task: [
            _task_result(task.holds(gold[pooled[:, i], i]), task.holds(predicted[pooled[:, i], i]))
            for i in range(len(findings))
        ]
        for task in tasks
    }
    results = []
    sampled = {task: resampled.rates(task) for task in tasks}
    agreement_samples, kappa_samples = resampled.agreement(), kappas(resampled.confusion)
    for i, finding in enumerate(findings):
        truth, answer = gold[pooled[:, i], i], predicted[pooled[:, i], i]
        value = float(accuracy_score(truth, answer)) if len(truth) else np.nan
        results.append(
            FindingResult(
                finding=finding,
                reports=len(truth),
                confusion=_confusion(truth, answer),
                agreement=bootstrap.figure(value, agreement_samples[:, i]),
                kappa=bootstrap.figure(_kappa(truth, answer), kappa_samples[:, i]),
                tasks={
                    task.value: _with_intervals(per_task[task][i], sampled[task], i, bootstrap)
                    for task in tasks
                },
            )
        )
    truth, answer = gold[pooled], predicted[pooled]
    return LabelerResult(
        name=name,
        source=source,
        agreement=bootstrap.figure(
            float(accuracy_score(truth, answer)), resampled.pooled_agreement()
        ),
        kappa=bootstrap.figure(_kappa(truth, answer), kappas(resampled.confusion.sum(axis=1))),
        tasks={
            task.value: _aggregate(task, truth, answer, per_task[task], resampled, bootstrap)
            for task in tasks
        },
        findings=results,
    )


def _task_result(truth: NDArray[np.bool_], answer: NDArray[np.bool_]) -> TaskResult:
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    if not len(truth):
        undefined = Figure(value=None)
        return TaskResult(
            support=0, predicted=0, tp=0, fp=0, fn=0, tn=0, precision=undefined,
            recall=undefined, f1=undefined, specificity=undefined, npv=undefined,
        )  # fmt: skip
    (tn, fp), (fn, tp) = confusion_matrix(truth, answer, labels=[False, True]).tolist()
    # Asked for both answers at once, the "no" row is the specificity (its recall) and the
    # negative predictive value (its precision).
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, answer, labels=[False, True], average=None, zero_division=np.nan
    )
    return TaskResult(
        support=tp + fn,
        predicted=tp + fp,
        tp=tp,
        fp=fp,
        fn=fn,
        tn=tn,
        precision=figure(precision[1]),
        recall=figure(recall[1]),
        f1=figure(f1[1]),
        specificity=figure(recall[0]),
        npv=figure(precision[0]),
    )


def _with_intervals(
    result: TaskResult, sampled: RateArrays, i: int, bootstrap: Bootstrap
) -> TaskResult:
    names = ("precision", "recall", "f1", "specificity", "npv")
    return result.model_copy(
        update={
            name: bootstrap.figure(_number(getattr(result, name)), getattr(sampled, name)[:, i])
            for name in names
        }
    )


def _aggregate(
    task: Task,
    truth: Codes,
    answer: Codes,
    findings: Sequence[TaskResult],
    resampled: Resampled,
    bootstrap: Bootstrap,
) -> Aggregate:
    pooled = _task_result(task.holds(truth), task.holds(answer))
    sampled, sampled_micro = resampled.rates(task), resampled.pooled_rates(task)
    sampled_support = resampled.support(task)
    # A finding that the gold never says yes for has no place in a mean over findings: its F1 is
    # undefined, or 0 by a single false alarm. Its false alarms count in the micro figures.
    support = np.array([f.support for f in findings], dtype=np.float64)
    counted, sampled_counted = support > 0, sampled_support > 0
    micro, macro, weighted = {}, {}, {}
    for name in ("precision", "recall", "f1"):
        values = np.array([_number(getattr(f, name)) for f in findings])
        samples = getattr(sampled, name)
        micro[name] = bootstrap.figure(_number(getattr(pooled, name)), getattr(sampled_micro, name))
        macro[name] = bootstrap.figure(float(mean(values, counted)), mean(samples, sampled_counted))
        weighted[name] = bootstrap.figure(
            float(mean(values, support)), mean(samples, sampled_support)
        )
    return Aggregate(
        support=pooled.support,
        findings=int(counted.sum()),
        micro=Rates(**micro),
        macro=Rates(**macro),
        weighted=Rates(**weighted),
    )


def mean(values: Floats, weights: Floats | NDArray[np.bool_]) -> Floats:
    """Average over the last axis, leaving out what is undefined; NaN where nothing is defined.

    This is how scikit-learn averages with `zero_division=nan`.

    Args:
        values: the figures, shape [..., findings].
        weights: their weights, or which of them count; the same shape.
    """
    weights = np.where(np.isnan(values), 0.0, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = (np.nan_to_num(values) * weights).sum(axis=-1) / weights.sum(axis=-1)
    return result


def _confusion(truth: Codes, answer: Codes) -> list[list[int]]:
    from sklearn.metrics import confusion_matrix

    if not len(truth):
        return [[0] * _CLASSES for _ in range(_CLASSES)]
    matrix: list[list[int]] = confusion_matrix(truth, answer, labels=range(_CLASSES)).tolist()
    return matrix


def _kappa(truth: Codes, answer: Codes) -> float:
    from sklearn.metrics import cohen_kappa_score

    if len(np.union1d(truth, answer)) < 2:  # one class only: chance agreement is perfect
        return np.nan
    return float(cohen_kappa_score(truth, answer))


def _agreement(confusion: Floats) -> Floats:
    total = confusion.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = np.trace(confusion, axis1=-2, axis2=-1) / total
    return share


def _number(value: Figure) -> float:
    return np.nan if value.value is None else value.value
