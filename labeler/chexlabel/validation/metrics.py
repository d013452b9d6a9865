"""Precision, recall, F1, specificity, agreement and Cohen's kappa, with their intervals.

Point estimates come from scikit-learn. Their intervals need the same figures a thousand times
over; these come from resampled confusion matrices (`chexlabel.validation.resampling`), and a test
holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chexlabel.validation.intervals import Bootstrap, figure
from chexlabel.validation.proportions import f1_figure, is_degenerate, mean_figure, share_figure
from chexlabel.validation.resampling import RATES, RateArrays, Resampled
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
    from collections.abc import Callable, Sequence

__all__ = ["judge", "mean"]

Floats = NDArray[np.float64]
_CLASSES = len(LabelClass)
_EVERY_CELL = np.ones((_CLASSES, _CLASSES), dtype=np.bool_)


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
    kept = gold != LEFT_OUT
    per_task = {
        task: _finding_results(task, gold, predicted, resampled, bootstrap) for task in tasks
    }
    results = []
    agreement_samples, kappa_samples = resampled.agreement(), resampled.kappas()
    clusters = resampled.clusters(_EVERY_CELL)
    for i, finding in enumerate(findings):
        truth, answer = gold[kept[:, i], i], predicted[kept[:, i], i]
        samples = agreement_samples[:, i], kappa_samples[:, i]
        agreement, kappa = _agreement(truth, answer, int(clusters[i]), samples, bootstrap)
        results.append(
            FindingResult(
                finding=finding,
                reports=len(truth),
                confusion=_confusion(truth, answer),
                agreement=agreement,
                kappa=kappa,
                tasks={task.value: per_task[task][i] for task in tasks},
            )
        )
    truth, answer = gold[kept], predicted[kept]
    samples = resampled.pooled_agreement(), resampled.pooled_kappas()
    anywhere = resampled.pooled_clusters(_EVERY_CELL)
    agreement, kappa = _agreement(truth, answer, anywhere, samples, bootstrap)
    return LabelerResult(
        name=name,
        source=source,
        agreement=agreement,
        kappa=kappa,
        tasks={
            task.value: _aggregate(task, truth, answer, per_task[task], resampled, bootstrap)
            for task in tasks
        },
        findings=results,
    )


def _agreement(
    truth: Codes,
    answer: Codes,
    clusters: int,
    samples: tuple[Floats, Floats],
    bootstrap: Bootstrap,
) -> tuple[Figure, Figure]:
    """Return the share of pairs with the same label, and Cohen's kappa.

    Args:
        truth: the gold's labels.
        answer: the labeler's.
        clusters: how many clusters the pairs come from.
        samples: both figures in each resample.
        bootstrap: what made them.
    """
    same = int((truth == answer).sum())
    agreement = share_figure(same, len(truth), clusters, samples[0], bootstrap)
    return agreement, _kappa_figure(truth, answer, agreement, samples[1], bootstrap)


def _finding_results(
    task: Task, gold: Codes, predicted: Codes, resampled: Resampled, bootstrap: Bootstrap
) -> list[TaskResult]:
    sampled, clusters = resampled.rates(task), _Clusters.of(task, resampled.clusters)
    results = []
    for i in range(gold.shape[1]):
        kept = gold[:, i] != LEFT_OUT
        found = _task_result(task.holds(gold[kept, i]), task.holds(predicted[kept, i]))
        results.append(_with_intervals(found, sampled.of(i), clusters.at(i), bootstrap))
    return results


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


@dataclass(frozen=True, slots=True)
class _Clusters:
    """How many clusters the cases of each rate come from; arrays over the findings, or numbers."""

    precision: Any
    recall: Any
    f1: Any
    specificity: Any
    npv: Any

    @classmethod
    def of(cls, task: Task, count: Callable[[NDArray[np.bool_]], Any]) -> _Clusters:
        """Count the clusters of a task's rates by `Resampled.clusters` or `pooled_clusters`."""
        holds = task.holds(np.arange(_CLASSES, dtype=np.int8))
        true, said = np.meshgrid(holds, holds, indexing="ij")
        return cls(count(said), count(true), count(said | true), count(~true), count(~said))

    def at(self, i: int) -> _Clusters:
        """Return the numbers of one finding."""
        return _Clusters(*(int(getattr(self, name)[i]) for name in RATES))


def _with_intervals(
    result: TaskResult, sampled: RateArrays, clusters: _Clusters, bootstrap: Bootstrap
) -> TaskResult:
    tp, fp, fn, tn = result.tp, result.fp, result.fn, result.tn
    cases = {"precision": (tp, tp + fp), "recall": (tp, tp + fn), "f1": (tp, tp + fp + fn)}
    cases |= {"specificity": (tn, tn + fp), "npv": (tn, tn + fn)}
    figures = {}
    for name, (hits, all_cases) in cases.items():
        interval = f1_figure if name == "f1" else share_figure
        samples = getattr(sampled, name)
        figures[name] = interval(hits, all_cases, getattr(clusters, name), samples, bootstrap)
    # The estimates are scikit-learn's; only the bounds are taken.
    return result.model_copy(
        update={
            name: getattr(result, name).model_copy(update={"low": f.low, "high": f.high})
            for name, f in figures.items()
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
    pooled = _with_intervals(
        _task_result(task.holds(truth), task.holds(answer)),
        resampled.pooled_rates(task),
        _Clusters.of(task, resampled.pooled_clusters),
        bootstrap,
    )
    sampled = resampled.rates(task)
    sampled_support = resampled.support(task)
    # A finding that the gold never says yes for has no place in a mean over findings: its F1 is
    # undefined, or 0 by a single false alarm. Its false alarms count in the micro figures.
    support = np.array([f.support for f in findings], dtype=np.float64)
    counted, sampled_counted = support > 0, sampled_support > 0
    micro, macro, weighted = {}, {}, {}
    for name in ("precision", "recall", "f1"):
        values = np.array([_number(getattr(f, name)) for f in findings])
        samples = getattr(sampled, name)
        parts = [getattr(f, name) for f in findings]
        micro[name] = getattr(pooled, name)
        macro[name] = mean_figure(
            parts,
            counted,
            bootstrap.figure(float(mean(values, counted)), mean(samples, sampled_counted)),
        )
        weighted[name] = mean_figure(
            parts,
            support,
            bootstrap.figure(float(mean(values, support)), mean(samples, sampled_support)),
        )
    return Aggregate(
        support=pooled.support,
        findings=int(counted.sum()),
        micro=Rates(**micro),
        macro=Rates(**macro),
        weighted=Rates(**weighted),
    )


def mean(values: Floats, weights: Floats | NDArray[np.bool_]) -> Floats:
    """Average over the last axis; NaN where nothing counts.

    What is undefined counts as 0: a labeler that never says a finding has no precision there, and
    must not gain by that. This is how scikit-learn averages with `zero_division=0`.

    Args:
        values: the figures, shape [..., findings].
        weights: their weights, or which of them count; the same shape.
    """
    weights = np.asarray(weights, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = (np.nan_to_num(values) * weights).sum(axis=-1) / weights.sum(axis=-1)
    return result


def _kappa_figure(
    truth: Codes, answer: Codes, agreement: Figure, samples: Floats, bootstrap: Bootstrap
) -> Figure:
    """Return kappa, bootstrapped; where there is no error, with the agreement's bounds.

    Where gold or labeler has one class only kappa is 0 in every resample whatever the errors; it
    then has no interval.
    """
    found = bootstrap.figure(_kappa(truth, answer), samples)
    if found.value is None or not is_degenerate(found):
        return found
    if agreement.value != 1:
        return figure(found.value)
    counts = np.array(_confusion(truth, answer), dtype=np.float64)
    chance = float((counts.sum(axis=0) * counts.sum(axis=1)).sum() / counts.sum() ** 2)
    low, high = (
        max(-1.0, ((bound or 0.0) - chance) / (1 - chance))
        for bound in (agreement.low, agreement.high)
    )
    return figure(found.value, low, high)


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


def _number(value: Figure) -> float:
    return np.nan if value.value is None else value.value
