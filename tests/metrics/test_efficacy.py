"""`ClinicalEfficacy`: the same figures as `chexlabel score`, in one call, in batches, in torch."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import pytest

from chexlabel import Labeler, ValidationError
from chexlabel.metrics import ClinicalEfficacy
from chexlabel.validation import UncertainPolicy, generation, score

REFERENCES = [
    "Large effusion and edema.",
    "No pneumothorax. Cardiomegaly.",
    "Possible pneumonia. Atelectasis.",
    "Normal chest.",
]
PREDICTIONS = [
    "Small effusion. No edema.",
    "Cardiomegaly.",
    "Pneumonia. Consolidation.",
    "Normal chest.",
]


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    return Labeler(refine=False)


@pytest.fixture
def metric(labeler: Labeler) -> ClinicalEfficacy:
    return ClinicalEfficacy(labeler)


def test_figures_worked_by_hand(metric: ClinicalEfficacy) -> None:
    # Positive in the references: effusion, edema; cardiomegaly; pneumonia (uncertain), atelectasis;
    # No Finding. In the predictions: effusion; cardiomegaly; pneumonia, consolidation; No Finding.
    scores = metric.compute(PREDICTIONS, REFERENCES)
    assert scores["micro_precision_14"] == pytest.approx(4 / 5)
    assert scores["micro_recall_14"] == pytest.approx(4 / 6)
    # Of the five: effusion, edema, heart, atelectasis; and effusion, heart, consolidation.
    assert scores["micro_precision_5"] == pytest.approx(2 / 3)
    assert scores["micro_recall_5"] == pytest.approx(2 / 4)
    assert scores["exact_match_14"] == pytest.approx(2 / 4)
    assert scores["example_recall_14"] == pytest.approx((1 / 2 + 1 + 1 / 2 + 1) / 4)
    rates = [
        f"{a}_{r}" for a in ("micro", "macro", "example") for r in ("precision", "recall", "f1")
    ]
    assert set(scores) == {f"{name}_{k}" for name in (*rates, "exact_match") for k in (14, 5)}


@pytest.mark.parametrize("uncertain", ["positive", "negative", "as-is", "ignore"])
def test_it_agrees_with_the_command_on_files(
    labeler: Labeler, tmp_path: Path, uncertain: str
) -> None:
    for name, texts in (("references", REFERENCES), ("generated", PREDICTIONS)):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "report"), *enumerate(texts)])
    files = score(
        tmp_path / "references.csv",
        tmp_path / "generated.csv",
        uncertain=UncertainPolicy(uncertain),
        resamples=50,
    )
    metric = ClinicalEfficacy(labeler, uncertain=uncertain)
    assert metric.result(PREDICTIONS, REFERENCES, resamples=50) == files


def test_batches_add_up(metric: ClinicalEfficacy) -> None:
    whole = metric.compute(PREDICTIONS, REFERENCES)
    metric.update(PREDICTIONS[:1], REFERENCES[:1])
    assert metric.compute() != whole
    metric.update(PREDICTIONS[1:], REFERENCES[1:])
    assert len(metric) == 4
    assert metric.compute(REFERENCES, REFERENCES)["micro_f1_14"] == 1  # changes nothing taken
    assert metric.compute() == whole
    assert pickle.loads(pickle.dumps(metric)).compute() == whole  # noqa: S301
    metric.reset()
    assert len(metric) == 0


def test_a_text_is_labeled_once_and_a_reference_not_again(
    labeler: Labeler, monkeypatch: pytest.MonkeyPatch
) -> None:
    labeled: list[str] = []

    def label_codes(labeler: Labeler, texts: list[str]) -> object:
        labeled.extend(texts)
        return generation.label_codes(labeler, texts)

    monkeypatch.setattr("chexlabel.metrics.efficacy.label_codes", label_codes)
    metric = ClinicalEfficacy(labeler)
    first = metric.compute(["Edema.", "Edema."], ["No edema.", "Edema."])
    assert labeled == ["Edema.", "No edema."]
    assert metric.compute(["Edema.", "Edema."], ["No edema.", "Edema."]) == first
    metric.compute(["Normal chest.", "Edema."], ["No edema.", "Edema."])
    assert labeled == ["Edema.", "No edema.", "Normal chest."]
    metric.compute(["Normal chest."], ["Edema."])
    assert labeled.count("Normal chest.") == 2  # predictions hardly come again
    monkeypatch.setattr("chexlabel.metrics.efficacy._REMEMBERED", 1)
    metric.compute(["Edema."], ["Edema."])
    metric.compute(["Edema."], ["Edema."])
    assert labeled.count("Edema.") == 2


def test_a_set_of_ones_own(labeler: Labeler) -> None:
    metric = ClinicalEfficacy(labeler, subset=["Edema", "Pneumonia"])
    assert metric.compute(PREDICTIONS, REFERENCES)["micro_recall_2"] == pytest.approx(1 / 2)


def test_a_finding_named_twice_counts_once(labeler: Labeler) -> None:
    scores = ClinicalEfficacy(labeler, subset=["Edema", "Edema", "Pneumonia"])
    assert scores.compute(PREDICTIONS, REFERENCES)["micro_recall_2"] == pytest.approx(1 / 2)


def test_what_cannot_be_scored(labeler: Labeler, metric: ClinicalEfficacy) -> None:
    with pytest.raises(ValidationError, match="no pairs of reports"):
        metric.compute()
    with pytest.raises(ValidationError, match="2 predictions and 1 references"):
        metric.update(["No edema.", "Edema."], ["No edema."])
    with pytest.raises(TypeError, match="give a list"):
        metric.update("No edema.", "No edema.")
    with pytest.raises(TypeError, match="not NoneType"):
        metric.update([None], ["No edema."])  # type: ignore[list-item]
    with pytest.raises(ValidationError, match="both predictions and references"):
        metric.compute(PREDICTIONS)
    with pytest.raises(ValidationError, match="uncertain 'maybe': choose one of as-is, positive"):
        ClinicalEfficacy(labeler, uncertain="maybe")
    with pytest.raises(ValidationError, match="no finding 'Gout'"):
        ClinicalEfficacy(labeler, subset=["Gout"])
    assert len(metric) == 0


def test_torchmetrics(labeler: Labeler, metric: ClinicalEfficacy) -> None:
    pytest.importorskip("torchmetrics")
    from torchmetrics import MetricCollection

    from chexlabel.metrics.torchmetrics import ClinicalEfficacy as TorchEfficacy

    torch_metric = TorchEfficacy(labeler)
    first = torch_metric(PREDICTIONS[:2], REFERENCES[:2])  # the batch's own, as in a training step
    assert first["micro_recall_14"].item() == pytest.approx(2 / 3)
    torch_metric.update(PREDICTIONS[2:], REFERENCES[2:])
    whole = metric.compute(PREDICTIONS, REFERENCES)
    found = {name: value.item() for name, value in torch_metric.compute().items()}
    assert found == pytest.approx(whole)
    collection = MetricCollection({"clinical": TorchEfficacy(labeler)})
    collection.update(PREDICTIONS, REFERENCES)
    assert collection.compute()["micro_f1_5"].item() == pytest.approx(whole["micro_f1_5"])


def test_metrics_of_two_labelers_in_one_torchmetrics_collection(labeler: Labeler) -> None:
    pytest.importorskip("torchmetrics")
    from torchmetrics import MetricCollection

    from chexlabel.metrics.torchmetrics import ClinicalEfficacy as TorchEfficacy

    collection = MetricCollection(
        {
            "whole": TorchEfficacy(labeler),
            "certain": TorchEfficacy(labeler, uncertain="negative"),
            "impression": TorchEfficacy(Labeler(refine=False, sections=["impression"])),
        }
    )
    batches = [  # the first is alike for both labelers
        ("FINDINGS: Effusion. IMPRESSION: Effusion.", "FINDINGS: Effusion. IMPRESSION: Effusion."),
        ("FINDINGS: Edema. IMPRESSION: Pneumonia.", "FINDINGS: Fracture. IMPRESSION: Pneumonia."),
    ]
    for prediction, reference in batches:
        collection.update([prediction], [reference])
    found = {name: value.item() for name, value in collection.compute().items()}
    assert found["impression_micro_f1_14"] == 1
    assert found["whole_micro_f1_14"] < 1
    groups = [sorted(group) for group in collection.compute_groups.values()]
    assert sorted(groups) == [["certain", "whole"], ["impression"]]  # one labeler labels once
