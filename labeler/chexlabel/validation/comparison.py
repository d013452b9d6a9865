"""Two labelers on the same gold: paired differences, McNemar's test, and who is right where."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from chexlabel.validation.metrics import mean
from chexlabel.validation.resampling import Resampled
from chexlabel.validation.results import (
    Comparison,
    Difference,
    Figure,
    FindingDifference,
    LabelerResult,
)
from chexlabel.validation.values import LEFT_OUT, Codes, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from chexlabel.validation.intervals import Bootstrap

    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["compare", "mcnemar"]


def mcnemar(only_first: int, only_second: int) -> float | None:
    """Return the two-sided p value of McNemar's exact test (McNemar 1947).

    Args:
        only_first: cases that only the first labeler has right.
        only_second: cases that only the second has right.

    Returns:
        The p value, or `None` if both counts are zero and there is nothing to test.
    """
    from scipy.stats import binomtest

    discordant = only_first + only_second
    if not discordant:
        return None
    return float(binomtest(only_first, discordant, 0.5).pvalue)


def compare(
    first: LabelerResult,
    second: LabelerResult,
    gold: Codes,
    codes: tuple[Codes, Codes],
    resampled: tuple[Resampled, Resampled],
    tasks: Sequence[Task],
    bootstrap: Bootstrap,
) -> Comparison:
    """Compare two labelers; every difference is `first` minus `second`.

    Args:
        first: the first labeler's figures.
        second: the second labeler's figures.
        gold: gold codes with the policy applied, shape [reports, findings].
        codes: the two labelers' codes with the policy applied, each [reports, findings].
        resampled: their resampled confusion matrices, made with the same draws.
        tasks: the tasks that were scored.
        bootstrap: what made the resamples.
    """
    a, b = resampled
    f1_samples = {task: (a.rates(task).f1, b.rates(task).f1) for task in tasks}
    findings = [
        _finding(i, first, second, gold, codes, f1_samples, tasks, bootstrap)
        for i in range(len(first.findings))
    ]
    agreements = a.pooled_agreement() - b.pooled_agreement()
    kappas = a.pooled_kappas() - b.pooled_kappas()
    return Comparison(
        first=first.name,
        second=second.name,
        agreement=_difference(first.agreement, second.agreement, agreements, bootstrap),
        kappa=_difference(first.kappa, second.kappa, kappas, bootstrap),
        tasks={
            task.value: _task(task, first, second, resampled, f1_samples[task], bootstrap)
            for task in tasks
        },
        findings=_adjust(findings),
    )


def _task(
    task: Task,
    first: LabelerResult,
    second: LabelerResult,
    resampled: tuple[Resampled, Resampled],
    f1_samples: tuple[Floats, Floats],
    bootstrap: Bootstrap,
) -> Difference:
    """Compare two labelers on a task; `f1_samples` are their F1, each [resamples, findings]."""
    a, b = resampled
    mine, theirs = f1_samples
    weights = a.support(task)
    micro = a.pooled_rates(task).f1 - b.pooled_rates(task).f1
    macro = mean(mine, weights > 0) - mean(theirs, weights > 0)
    weighted = mean(mine, weights) - mean(theirs, weights)
    one, two = first.tasks[task.value], second.tasks[task.value]
    return Difference(
        micro_f1=_difference(one.micro.f1, two.micro.f1, micro, bootstrap),
        macro_f1=_difference(one.macro.f1, two.macro.f1, macro, bootstrap),
        weighted_f1=_difference(one.weighted.f1, two.weighted.f1, weighted, bootstrap),
    )


def _finding(
    i: int,
    first: LabelerResult,
    second: LabelerResult,
    gold: Codes,
    codes: tuple[Codes, Codes],
    f1_samples: dict[Task, tuple[Floats, Floats]],
    tasks: Sequence[Task],
    bootstrap: Bootstrap,
) -> FindingDifference:
    kept = gold[:, i] != LEFT_OUT
    truth, one, two = gold[kept, i], codes[0][kept, i], codes[1][kept, i]
    one_right, two_right = one == truth, two == truth
    only_first = int((one_right & ~two_right).sum())
    only_second = int((~one_right & two_right).sum())
    scores = first.findings[i].tasks, second.findings[i].tasks
    return FindingDifference(
        finding=first.findings[i].finding,
        f1={
            task.value: _difference(
                scores[0][task.value].f1,
                scores[1][task.value].f1,
                f1_samples[task][0][:, i] - f1_samples[task][1][:, i],
                bootstrap,
            )
            for task in tasks
        },
        disagree=int((one != two).sum()),
        only_first_right=only_first,
        only_second_right=only_second,
        both_right=int((one_right & two_right).sum()),
        both_wrong=int((~one_right & ~two_right).sum()),
        p_value=mcnemar(only_first, only_second),
        q_value=None,
    )


def _adjust(findings: list[FindingDifference]) -> list[FindingDifference]:
    """Correct the p values for the number of findings tested (Benjamini & Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    tested = [f.p_value for f in findings if f.p_value is not None]
    if not tested:
        return findings
    adjusted = iter(false_discovery_control(tested).tolist())
    return [
        f if f.p_value is None else f.model_copy(update={"q_value": next(adjusted)})
        for f in findings
    ]


def _difference(first: Figure, second: Figure, samples: Floats, bootstrap: Bootstrap) -> Figure:
    if first.value is None or second.value is None:
        return Figure(value=None)
    return bootstrap.figure(first.value - second.value, samples)
