"""Confidences: areas, calibration and thresholds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from chexlabel.errors import ValidationError
from chexlabel.validation import Aims, Resampling, validate
from chexlabel.validation.curves import weighted_auc
from chexlabel.validation.report import render
from chexlabel.validation.report.wording import threshold
from chexlabel.validation.results import ConfidenceResult
from validation_tables import write_labels

# Scores of the ten reports, best first; by hand: of the 4 * 6 pairs of positive and negative,
# the positive is above in 6 + 5 + 5 + 3 = 19 and level with one in 1 (worth a half).
SIGNS = "+-++-+--.?"
SCORES = (0.95, 0.9, 0.85, 0.8, 0.55, 0.55, 0.3, 0.2, 0.1, 0.0)


def confidence(
    tmp_path: Path, signs: str, scores: tuple[float, ...], aims: Aims | None = None
) -> ConfidenceResult:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": signs})
    labels = write_labels(tmp_path / "labels.csv", {"Edema": signs}, Edema_prob=scores)
    result = validate(labels, gold, resampling=Resampling(200), aims=aims or Aims()).result
    found = result.labelers[0].findings[0].confidence
    assert found is not None
    return found


def test_areas_worked_by_hand(tmp_path: Path) -> None:
    found = confidence(tmp_path, SIGNS, SCORES)
    assert (found.positives, found.negatives) == (4, 6)
    # Negatives above each positive: 0, 1, 1 and 1 (and one level with it).
    assert found.auc.value == pytest.approx((6 + 5 + 5 + 4.5) / 24)
    # Precision where each positive enters: 1/1, 2/3, 3/4, and 4/6 (with its tie).
    assert found.average_precision.value == pytest.approx((1 + 2 / 3 + 3 / 4 + 4 / 6) / 4)
    assert found.auc.low is not None
    assert found.auc.low < found.auc.value < found.auc.high


def test_calibration_worked_by_hand(tmp_path: Path) -> None:
    found = confidence(tmp_path, "+-+.", (0.95, 0.95, 0.35, 0.05))
    filled = {b.low: (b.count, b.mean_confidence, b.positive_share) for b in found.bins if b.count}
    assert filled == {
        0.0: (1, pytest.approx(0.05), 0.0),
        0.3: (1, pytest.approx(0.35), 1.0),
        0.9: (2, pytest.approx(0.95), 0.5),
    }
    assert found.ece == pytest.approx((0.05 + 0.65 + 2 * 0.45) / 4)
    assert found.brier == pytest.approx((0.05**2 + 0.95**2 + 0.65**2 + 0.05**2) / 4)
    assert sum(b.count for b in found.bins) == 4


def test_thresholds_meet_what_was_asked(tmp_path: Path) -> None:
    found = confidence(tmp_path, SIGNS, SCORES, Aims(sensitivity=0.75, specificity=0.8))
    sensitivity, specificity = found.thresholds
    # Three of four positives are at 0.8 or above; so is one of six negatives.
    assert sensitivity.threshold == pytest.approx(0.8)
    assert sensitivity.sensitivity == pytest.approx(0.75)
    assert sensitivity.specificity == pytest.approx(5 / 6)
    # Going lower lets a second negative in: 4/6 is less than was asked.
    assert specificity.threshold == pytest.approx(0.8)
    assert specificity.specificity == pytest.approx(5 / 6)


@pytest.mark.parametrize(("wrong", "negatives"), [(7, 100), (33, 100), (8, 25), (11, 20)])
def test_a_specificity_that_is_just_reached_is_reached(
    tmp_path: Path, wrong: int, negatives: int
) -> None:
    scores = (0.9, *[0.6] * wrong, *[0.1] * (negatives - wrong))
    target = round((negatives - wrong) / negatives, 2)
    (found,) = confidence(
        tmp_path, "+" + "-" * negatives, scores, Aims(specificity=target)
    ).thresholds
    assert (found.threshold, found.specificity) == (0.6, target)


def test_thresholds_are_shown_as_they_divide_the_reports(tmp_path: Path) -> None:
    scores = (0.0079349, 0.00793, 0.0072345, 0.0001)
    (found,) = confidence(tmp_path, "++--", scores, Aims(sensitivity=1.0)).thresholds
    assert (found.threshold, found.rounded) == (0.00793, 0.0079)
    assert (found.sensitivity, found.specificity) == (1, 1)
    close = confidence(tmp_path, "+-", (0.4321079, 0.4321061), Aims(sensitivity=1.0)).thresholds
    assert close[0].rounded == 0.432107
    assert [threshold(v) for v in (0.5, 0.432107, 4e-7, None)] == [
        "0.500",
        "0.432107",
        "0.0000004",
        "\N{EN DASH}",
    ]


def test_a_threshold_out_of_reach(tmp_path: Path) -> None:
    found = confidence(tmp_path, "-+", (0.9, 0.1), Aims(specificity=1.0))
    assert found.thresholds[0].threshold is None
    with pytest.raises(ValidationError, match="sensitivity 95"):
        Aims(sensitivity=95)


def test_one_class_only_leaves_the_curves_undefined(tmp_path: Path) -> None:
    found = confidence(tmp_path, "++", (0.9, 0.1), Aims(sensitivity=0.9))
    assert found.auc.value is None
    assert found.average_precision.value is None
    assert found.roc == []
    assert found.brier == pytest.approx((0.1**2 + 0.9**2) / 2)


def test_areas_under_weights_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(8)
    truth = generator.random(120) < 0.3
    scores = np.round(generator.random(120) * 0.6 + truth * 0.3, 1)  # many ties
    weights = generator.integers(0, 4, (15, 120)).astype(np.float32)
    areas, precisions = weighted_auc(truth, scores, weights)
    for i, weight in enumerate(weights):
        assert areas[i] == pytest.approx(roc_auc_score(truth, scores, sample_weight=weight))
        assert precisions[i] == pytest.approx(
            average_precision_score(truth, scores, sample_weight=weight)
        )


def test_curves_stay_small_and_keep_their_ends(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    truth = generator.random(3000) < 0.4
    signs = "".join("+" if t else "-" for t in truth)
    scores = tuple(np.clip(generator.normal(0.4 + 0.2 * truth, 0.2), 0, 1).round(6).tolist())
    found = confidence(tmp_path, signs, scores)
    assert len(found.roc) <= 200
    assert found.roc[0] == (0.0, 0.0)
    assert found.roc[-1] == (1.0, 1.0)
    x, y = np.array(found.roc).T
    assert np.trapezoid(y, x) == pytest.approx(found.auc.value, abs=2e-3)


def test_findings_without_confidences_have_none(tmp_path: Path) -> None:
    signs = {"Edema": "+-", "Fracture": "+-"}
    gold = write_labels(tmp_path / "gold.csv", signs)
    labels = write_labels(tmp_path / "labels.csv", signs, Edema_prob=[0.9, 0.2])
    findings = validate(labels, gold, resampling=Resampling(0)).result.labelers[0].findings
    assert findings[0].confidence is not None
    assert findings[1].confidence is None


def test_reports_show_thresholds_in_full(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "+-"})
    labels = write_labels(tmp_path / "l.csv", {"Edema": "+-"}, Edema_prob=(0.00793, 0.00792))
    result = validate(labels, gold, resampling=Resampling(0), aims=Aims(sensitivity=1)).result
    for form in ("html", "markdown"):
        assert "0.00793" in render(result, form)


def test_an_aim_without_confidences_is_pointed_out(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "+-"})
    result = validate(gold, gold, resampling=Resampling(0), aims=Aims(sensitivity=0.9)).result
    assert any("No threshold was looked for" in note for note in result.notes)
