"""The speed as benchmarks: `pytest benchmarks --benchmark-enable`.

In the usual test run each job runs once on a few reports, and only what it does is checked: times
are compared where nothing else is meant to run beside, with `--benchmark-enable`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus import OPENI, openi_reports, recombined_reports, sample_reports, write_csv
from growth import grown_reports
from speed import least_times
from tasks import (
    Job,
    clinical_efficacy,
    csv_to_csv,
    labels,
    labels_again,
    labels_by_negex,
    labels_with_evidence,
    make_docs,
    make_docs_again,
    negspacy_pipeline,
)

from chexlabel import Labeler

pytestmark = pytest.mark.no_cover


Benchmark = Any  # pytest-benchmark's fixture, which is not typed

ROUNDS = 5
FEW = 100  # reports of a run that is not timed

# The most that labels may cost, as a multiple of make_doc on the same text. Recombined reports are
# harder than real ones: hardly two have the same labels, and spaCy looks up each of their few
# different words only once.
MOST = {"openi": 2.0, "recombined": 2.75}
LEAST_CSV_RATE = 10_000
"""Reports a second from CSV to CSV on one core of a server of 2020 or later."""
LEAST_PAIR_RATE = 5_000
"""Pairs of generated report and reference a second, at the end of an epoch, on such a core."""


@pytest.fixture(scope="module", params=["recombined", "openi"])
def corpus(request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    """Return the corpus' name and its reports."""
    if request.param == "recombined":
        return request.param, recombined_reports()
    reports = openi_reports()
    if reports is None:
        pytest.skip(f"{OPENI} is not there")
    return request.param, reports


def in_use(benchmark: Benchmark, reports: list[str]) -> list[str]:
    """Return all reports when times count, else some."""
    return reports if benchmark.enabled else reports[:FEW]


@pytest.mark.parametrize(
    "prepare",
    [
        labels,
        labels_again,
        labels_with_evidence,
        labels_by_negex,
        make_docs,
        make_docs_again,
        negspacy_pipeline,
    ],
)
def test_job(
    benchmark: Benchmark,
    corpus: tuple[str, list[str]],
    prepare: Callable[[list[str]], Job],
) -> None:
    """Time a job on a corpus, prepared afresh for each round."""
    name, reports = corpus
    reports = in_use(benchmark, reports)
    benchmark.group = f"{len(reports):,} {name} reports"
    results = benchmark.pedantic(
        lambda job: job(), setup=lambda: ((prepare(reports),), {}), rounds=ROUNDS
    )
    assert len(results) == len(reports)
    assert any(results)


def test_csv_to_csv(benchmark: Benchmark, corpus: tuple[str, list[str]], tmp_path: Path) -> None:
    """Time the command's work and check that it gives a row a report."""
    name, reports = corpus
    reports = in_use(benchmark, reports)
    benchmark.group = f"{len(reports):,} {name} reports"
    source, output = tmp_path / "reports.csv", tmp_path / "labels.csv"
    write_csv(source, reports)
    benchmark.pedantic(
        lambda job: job(), setup=lambda: ((csv_to_csv(source, output),), {}), rounds=ROUNDS
    )
    with output.open(encoding="utf-8", newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert ids == [f"r{number}" for number in range(1, len(reports) + 1)]
    if benchmark.enabled:
        assert len(reports) / benchmark.stats.stats.min > LEAST_CSV_RATE


def test_clinical_efficacy(benchmark: Benchmark, corpus: tuple[str, list[str]]) -> None:
    """Time what an epoch's end costs in a validation loop: one half generated, one half gold."""
    name, reports = corpus
    reports = in_use(benchmark, reports)
    half = len(reports) // 2
    benchmark.group = f"{half:,} pairs of {name} reports"
    scores = benchmark.pedantic(
        lambda job: job(),
        setup=lambda: ((clinical_efficacy(reports[:half], reports[half : 2 * half]),), {}),
        rounds=ROUNDS,
    )
    assert 0 < scores["micro_f1_14"] < 1
    if benchmark.enabled:
        assert half / benchmark.stats.stats.min > LEAST_PAIR_RATE


def test_labels_cost_little_more_than_tokens(
    benchmark: Benchmark, corpus: tuple[str, list[str]]
) -> None:
    """Compare labels with spaCy's tokens in one run, both from a cold start and taking turns."""
    if not benchmark.enabled:
        pytest.skip("times are compared with --benchmark-enable")
    name, reports = corpus
    labeling, tokenising = benchmark.pedantic(
        least_times, args=([lambda: labels(reports), lambda: make_docs(reports)], ROUNDS)
    )
    benchmark.extra_info["ratio"] = round(labeling / tokenising, 2)
    assert labeling <= MOST[name] * tokenising


def test_distinct_sentences_grow_as_in_real_corpora() -> None:
    """Of 4,000 reports 36 % of the sentences are distinct, of fewer more."""
    reports, few = grown_reports(400)
    assert (reports, few) == grown_reports(400)
    assert len(set(reports)) == len(reports) == 400
    more = grown_reports(4000)[1]
    assert 0.33 < more < 0.40 < few


def test_recombined_reports_are_like_reports() -> None:
    """The benchmark is worth something only if sentences repeat as they do in real reports."""
    reports = recombined_reports(2000)
    assert reports == recombined_reports(2000)
    assert len(set(reports)) == 2000
    labeler = Labeler()
    kinds = {labeler.label(report) for report in reports}
    given = {labeler.findings[i] for row in kinds for i, label in enumerate(row) if label == 1}
    assert given == set(labeler.findings)
    sentences = [s for r in reports for s in re.split(r"\.\s+", r.partition("FINDINGS: ")[2])]
    assert 0.3 < len(set(sentences)) / len(sentences) < 0.5
    assert not set(reports) & set(sample_reports())
