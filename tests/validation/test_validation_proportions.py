"""Wilson intervals: scipy's, widened for clusters, and never of no width."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from chexlabel.validation.intervals import Bootstrap
from chexlabel.validation.metrics import judge
from chexlabel.validation.proportions import f1_figure, share_figure, wilson
from chexlabel.validation.resampling import resample
from chexlabel.validation.results import LabelerResult
from chexlabel.validation.values import Task
from validation_tables import codes

NOTHING = np.empty(0)


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("hits", "cases"), [(0, 7), (1, 1), (19, 19), (3, 40), (250, 400)])
def test_bounds_are_those_of_scipy(hits: int, cases: int, level: float) -> None:
    exact = binomtest(hits, cases).proportion_ci(level, method="wilson")
    assert wilson(hits / cases, cases, level) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_f1_bounds_are_those_of_jaccards_index() -> None:
    found = f1_figure(19, 19, 19, NOTHING, Bootstrap(19))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(2 * 0.8318 / 1.8318, abs=1e-4)


def test_without_cases_nothing_and_without_resamples_no_bounds() -> None:
    assert share_figure(0, 0, 0, NOTHING, Bootstrap(5)).value is None
    found = share_figure(3, 4, 4, NOTHING, Bootstrap(5, resamples=0))
    assert (found.value, found.low, found.high) == (0.75, None, None)


def test_cases_of_few_clusters_count_for_less() -> None:
    bootstrap = Bootstrap(10)
    alone = share_figure(50, 100, 100, NOTHING, bootstrap)
    # Ten clusters of ten alike cases: the share varies as that of ten cases does.
    samples = np.random.default_rng(0).binomial(10, 0.5, size=4000) / 10
    clustered = share_figure(50, 100, 10, samples, bootstrap)
    assert clustered.low == pytest.approx(wilson(0.5, 10, 0.95)[0], abs=0.01)
    assert alone.low is not None
    assert clustered.low < alone.low
    # Without an error there is no variance to see; then the clusters are the cases.
    assert share_figure(100, 100, 10, np.ones(50), bootstrap).low == wilson(1, 10, 0.95)[0]


def judged(columns: list[str], clusters: list[int] | None = None) -> LabelerResult:
    gold = codes(*columns)
    of = np.arange(len(gold)) if clusters is None else np.array(clusters)
    bootstrap = Bootstrap(int(of.max()) + 1, 200)
    (sampled,) = resample(gold, [gold], of, bootstrap)
    names = [f"f{i}" for i in range(len(columns))]
    return judge("x", "x", names, gold, gold, [Task.POSITIVE], sampled, bootstrap)


def test_perfect_labels_are_not_certain() -> None:
    result = judged(["+" * 19 + "." * 21, "+" * 30 + "." * 10])
    finding, total = result.findings[0], result.tasks["positive"]
    figures = [finding.tasks["positive"].recall, finding.tasks["positive"].f1, finding.kappa]
    figures += [finding.agreement, total.micro.f1, total.macro.f1, total.weighted.f1, result.kappa]
    for figure in figures:
        assert (figure.value, figure.high) == (pytest.approx(1), pytest.approx(1))
        assert figure.low is not None
        assert 0.5 < figure.low < 1
    assert finding.tasks["positive"].recall.low == pytest.approx(0.8318, abs=1e-4)


def test_patients_widen_the_interval_of_perfect_labels() -> None:
    column = "+" * 12 + "." * 12
    alone = judged([column]).findings[0].tasks["positive"].recall
    patients = judged([column], [i // 3 for i in range(24)]).findings[0].tasks["positive"].recall
    assert alone.low == pytest.approx(wilson(1, 12, 0.95)[0])
    assert patients.low == pytest.approx(wilson(1, 4, 0.95)[0])
