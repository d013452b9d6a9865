"""The bootstrap: exactness of the vectorised sums, seeds, clusters, width and speed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import binom

from chexlabel.validation.intervals import Bootstrap, figure
from chexlabel.validation.resampling import confusion_counts, resample
from chexlabel.validation.values import Task


def test_sums_are_those_of_the_reports_drawn() -> None:
    generator = np.random.default_rng(1)
    gold = generator.integers(0, 4, (30, 2)).astype(np.int8)
    predicted = generator.integers(0, 4, (30, 2)).astype(np.int8)
    clusters = generator.integers(0, 12, 30)
    clusters[:12] = np.arange(12)
    bootstrap = Bootstrap(12, resamples=25, seed=3)
    (found,) = resample(gold, [predicted], clusters, bootstrap)
    weights = np.concatenate(list(bootstrap.weights()))
    for sample, weight in enumerate(weights):
        drawn = np.repeat(np.arange(12), weight.astype(int))
        assert len(drawn) == 12
        rows = np.concatenate([np.flatnonzero(clusters == patient) for patient in drawn])
        expected = confusion_counts(gold[rows], predicted[rows], np.zeros(len(rows), dtype=int))
        assert np.array_equal(found.confusion[sample], expected[0])


def test_blocks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap = Bootstrap(50, resamples=40, seed=9)
    whole = np.concatenate(list(bootstrap.weights()))
    monkeypatch.setattr("chexlabel.validation.intervals._CELLS_AT_ONCE", 350)
    blocks = list(bootstrap.weights())
    assert len(blocks) > 1
    assert np.array_equal(whole, np.concatenate(blocks))


def test_the_seed_decides() -> None:
    def draw(seed: int) -> np.ndarray:
        return np.concatenate(list(Bootstrap(40, 20, seed=seed).weights()))

    assert np.array_equal(draw(4), draw(4))
    assert not np.array_equal(draw(4), draw(5))


def test_the_interval_of_a_share_is_near_the_binomial_one() -> None:
    n, p = 400, 0.8
    correct = (np.arange(n) < n * p).astype(np.float32)[:, None]
    bootstrap = Bootstrap(n, resamples=4000, seed=2)
    low, high = bootstrap.interval(bootstrap.totals(correct)[:, 0] / n)
    assert float(low) == pytest.approx(binom.ppf(0.025, n, p) / n, abs=0.006)
    assert float(high) == pytest.approx(binom.ppf(0.975, n, p) / n, abs=0.006)


def test_patients_with_many_alike_reports_widen_the_interval() -> None:
    # 40 patients with 10 reports each, all right or all wrong: 40 independent facts, not 400.
    gold = np.zeros((400, 1), dtype=np.int8)
    predicted = np.repeat((np.arange(40) % 4 == 0).astype(np.int8), 10)[:, None]
    patients = np.repeat(np.arange(40), 10)

    def width(clusters: np.ndarray, count: int) -> float:
        bootstrap = Bootstrap(count, 2000)
        (found,) = resample(gold, [predicted], clusters, bootstrap)
        low, high = bootstrap.interval(found.rates(Task.POSITIVE).recall[:, 0])
        return float(high - low)

    assert width(patients, 40) > 2.5 * width(np.arange(400), 400)


def test_a_figure_that_resamples_leave_undefined_has_no_interval() -> None:
    bootstrap = Bootstrap(10, resamples=100)
    samples = np.ones(100)
    samples[:4] = np.nan
    assert bootstrap.figure(1.0, samples).low == 1.0
    samples[:6] = np.nan
    assert bootstrap.figure(1.0, samples).low is None
    assert bootstrap.figure(np.nan, np.ones(100)).value is None
    assert Bootstrap(10, resamples=0).figure(0.5, np.empty(0)) == figure(0.5)


def test_ten_thousand_reports_take_seconds() -> None:
    generator = np.random.default_rng(0)
    gold = generator.integers(0, 4, (10_000, 14)).astype(np.int8)
    predicted = np.where(generator.random(gold.shape) < 0.9, gold, 3).astype(np.int8)
    bootstrap = Bootstrap(10_000, resamples=1000)
    start = time.perf_counter()
    (found,) = resample(gold, [predicted], np.arange(10_000), bootstrap)
    low, _ = bootstrap.interval(found.rates(Task.POSITIVE).f1)
    # Under a second on two cores; the bound leaves room for a busy machine.
    assert time.perf_counter() - start < 20
    assert np.isfinite(low).all()
