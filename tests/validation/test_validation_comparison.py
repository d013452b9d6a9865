"""Two labelers on one gold, label counts, and what occurs together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr

from chexlabel.validation import Resampling, describe, validate
from chexlabel.validation.comparison import mcnemar
from chexlabel.validation.disagreements import KINDS, choose, disagreements, error_kind, to_csv
from chexlabel.validation.distribution import cooccurrence, distribution
from chexlabel.validation.report.wording import share
from chexlabel.validation.values import LabelClass
from validation_tables import codes, write_labels

# Table 1 of the CheXpert paper (Irvin et al. 2019): 187,641 studies; positive, uncertain, and the
# shares printed beside them.
CHEXPERT_STUDIES = 187_641
CHEXPERT = {
    "No Finding": (16_627, 0, "8.9", "0.0"),
    "Enlarged Cardiomediastinum": (9_020, 10_148, "4.8", "5.4"),
    "Cardiomegaly": (23_002, 6_597, "12.3", "3.5"),
    "Edema": (48_905, 11_571, "26.1", "6.2"),
    "Consolidation": (12_730, 23_976, "6.8", "12.8"),
    "Pleural Effusion": (75_696, 9_419, "40.3", "5.0"),
}


def test_distribution_of_a_published_table() -> None:
    table = np.full((CHEXPERT_STUDIES, len(CHEXPERT)), LabelClass.BLANK, dtype=np.int8)
    for i, (positive, uncertain, *_) in enumerate(CHEXPERT.values()):
        table[:positive, i] = LabelClass.POSITIVE
        table[positive : positive + uncertain, i] = LabelClass.UNCERTAIN
    found = distribution("CheXpert", list(CHEXPERT), table)
    for counts, (positive, uncertain, p_share, u_share) in zip(
        found.findings, CHEXPERT.values(), strict=True
    ):
        assert (counts.positive, counts.uncertain, counts.negative) == (positive, uncertain, 0)
        assert counts.blank == CHEXPERT_STUDIES - positive - uncertain
        assert share(counts.positive, found.reports) == p_share
        assert share(counts.uncertain, found.reports) == u_share


def test_cooccurrence_worked_by_hand() -> None:
    found = cooccurrence("x", ["a", "b", "c"], codes("++--", "+++.", "...."))
    assert found.both == [[2, 2, 0], [2, 3, 0], [0, 0, 0]]
    # phi = (2 * 1 - 0 * 1) / sqrt(2 * 2 * 3 * 1)
    assert found.correlation[0][1] == pytest.approx(2 / np.sqrt(12), abs=1e-6)
    assert found.correlation[0][1] == pytest.approx(
        pearsonr([1, 1, 0, 0], [1, 1, 1, 0]).statistic, abs=1e-6
    )
    assert found.correlation[2] == [None, None, None]


def test_one_finding_alone_has_a_correlation_matrix_too() -> None:
    assert cooccurrence("x", ["a"], codes("+-")).correlation == [[1.0]]


def test_mcnemar_worked_by_hand() -> None:
    # Six discordant reports, one for the first: 2 * (C(6,0) + C(6,1)) / 2**6.
    assert mcnemar(1, 5) == pytest.approx(14 / 64)
    assert mcnemar(5, 1) == pytest.approx(14 / 64)
    assert mcnemar(3, 3) == pytest.approx(1)
    assert mcnemar(0, 0) is None


def test_comparison_worked_by_hand(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "++++----"})
    first = write_labels(tmp_path / "first.csv", {"Edema": "++++---+"})
    second = write_labels(tmp_path / "second.csv", {"Edema": "++.-.--+"})
    result = validate({"a": first, "b": second}, gold, resampling=Resampling(300)).result
    (comparison,) = result.comparisons
    assert (comparison.first, comparison.second) == ("a", "b")
    (finding,) = comparison.findings
    assert finding.disagree == 3
    assert finding.only_first_right == 3
    assert finding.only_second_right == 0
    assert finding.both_right == 4
    assert finding.both_wrong == 1
    assert finding.p_value == pytest.approx(2 / 8)
    assert finding.q_value == pytest.approx(2 / 8)
    # F1 of the first: 8/9 (tp 4, fp 1), of the second 4/7 (tp 2, fp 1, fn 2).
    assert finding.f1["positive"].value == pytest.approx(8 / 9 - 4 / 7)
    assert comparison.agreement.value == pytest.approx(7 / 8 - 4 / 8)
    assert result.differing == [3]


def test_a_labeler_against_itself_differs_by_nothing(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    signs = ["".join(generator.choice(list("+-?."), 60)) for _ in range(2)]
    gold = write_labels(tmp_path / "gold.csv", {"Edema": signs[0]})
    labels = write_labels(tmp_path / "labels.csv", {"Edema": signs[1]})
    result = validate({"a": labels, "b": labels}, gold, resampling=Resampling(100)).result
    difference = result.comparisons[0].tasks["positive"].micro_f1
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    assert result.comparisons[0].findings[0].p_value is None


def test_paired_intervals_are_narrower_than_unpaired_ones(tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    gold = generator.choice(list("+-"), 300)
    hard = generator.random(300) < 0.3
    wrong = np.where(gold == "+", "-", "+")
    first = np.where(hard, wrong, gold)
    second = np.where(hard | (generator.random(300) < 0.02), wrong, gold)
    files = {
        name: write_labels(tmp_path / f"{name}.csv", {"Edema": "".join(signs)})
        for name, signs in (("gold", gold), ("first", first), ("second", second))
    }
    result = validate({"first": files["first"], "second": files["second"]}, files["gold"]).result
    alone = result.labelers[0].agreement
    paired = result.comparisons[0].agreement
    assert paired.high - paired.low < (alone.high - alone.low) / 2


def test_three_labelers_are_compared_pair_by_pair(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "+-"})
    result = validate(dict.fromkeys("abc", gold), gold, resampling=Resampling(0)).result
    assert [(c.first, c.second) for c in result.comparisons] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_every_pair_of_labels_has_its_kind_of_error() -> None:
    signs = "+-?."
    found = {
        signs[gold] + signs[predicted]: error_kind(gold, predicted)
        for gold in range(4)
        for predicted in range(4)
    }
    assert all(found[sign * 2] is None for sign in signs)
    by_kind = {kind: {p for p, k in found.items() if k == kind} for kind in KINDS}
    assert by_kind == {
        "missed": {"+-", "+.", "+?"},
        "false-alarm": {"-+", ".+", "?+"},
        "certainty": {"-?", "?-"},
        "unmentioned": {"-.", "?."},
        "over-mentioned": {".-", ".?"},
    }


def test_disagreements_come_worst_first_and_are_shared_out_when_cut() -> None:
    gold = codes("+++.....", "++++++++")
    predicted = codes("..?.-...", ".-..?-..")
    ids = [f"r{i}" for i in range(8)]
    listed = disagreements(ids, ["a", "b"], ["b", "a"], gold, [predicted])
    assert [(d.finding, d.kinds[0]) for d in listed] == (
        [("b", "missed")] * 8 + [("a", "missed")] * 3 + [("a", "over-mentioned")]
    )
    assert [d.finding for d in choose(listed, 4)] == ["b", "b", "a", "a"]
    assert [d.finding for d in choose(listed, 10)] == ["b"] * 6 + ["a"] * 4
    assert choose(listed, 99) == listed
    lines = "".join(to_csv(listed, ["x"])).splitlines()
    assert lines[0] == "id,finding,gold,predicted: x,kind: x"
    assert lines[1] == "r0,b,positive,blank,missed"
    assert len(lines) == 13


def test_stats_name_the_columns_left_out(tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "l.csv", {"Edema": "+-"}, view=["PA", "AP"])
    result = describe(labels)
    assert result.findings == ["Edema"]
    assert result.notes == ["l.csv: columns that hold no label, left out: view."]


def test_stats_of_one_file_and_of_two(tmp_path: Path) -> None:
    first = write_labels(tmp_path / "first.csv", {"Edema": "+-?.", "Fracture": "++.."})
    second = write_labels(tmp_path / "second.csv", {"Edema": "+-?+", "Fracture": "+..."})
    alone = describe(first)
    assert alone.reports == 4
    assert alone.differing is None
    assert alone.distributions[0].findings[0].model_dump() == {
        "finding": "Edema",
        "positive": 1,
        "negative": 1,
        "uncertain": 1,
        "blank": 1,
    }
    both = describe({"first": first, "second": second})
    assert both.differing == [1, 1]
    assert [d.source for d in both.distributions] == ["first", "second"]
