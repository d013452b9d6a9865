"""The validation report shows what the rules read, what the refiner tagged, and what it stands on.

The refiner is the tiny model, whose answers are known beforehand.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")
pytest.importorskip("pandas", reason="pandas (extra [validate]) is not installed")
pytest.importorskip("jinja2", reason="jinja2 (extra [validate]) is not installed")

from chexlabel.cli import main
from chexlabel.validation import Reports, Resampling, Validation, validate
from chexlabel.validation.report import render
from validation_tables import write_labels, write_table

_TEXTS = [
    "Some <i>general</i> wetness of `both` bases. Heart normal.",
    "Heart normal. No edema was seen, dryness.",
    "No edema. Unsaid pneumothorax.",
]


@pytest.fixture(autouse=True)
def _tiny(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEXLABEL_REFINER", str(tiny_model))
    # The tiny net is no BERT: it has no embeddings to take gradients of.
    monkeypatch.setattr("chexlabel_neural.attribute.find_spec", lambda _: None)


def _validated(folder: Path, evidence: Path | None = None) -> Validation:
    findings = {"Edema": "...", "Pneumothorax": "--+"}
    gold = write_labels(folder / "gold.csv", findings)
    labels = write_labels(folder / "labels.csv", {"Edema": "+--", "Pneumothorax": "--."})
    reports = write_table(folder / "reports.csv", {"id": ["r1", "r2", "r3"], "report": _TEXTS})
    chosen = Reports(reports, evidence)
    return validate(labels, gold, resampling=Resampling(0), reports=chosen)


def test_the_result_holds_the_rules_reading_and_the_words(tmp_path: Path) -> None:
    first, second, third = _validated(tmp_path).result.disagreements.evidence
    assert first.labels == {"Edema": "positive"}
    assert first.by_rules == []
    (edema,) = first.attributions
    kept = [_TEXTS[0][word.start : word.end] for word in edema.words if word.kept]
    assert (edema.label, kept) == ("positive", ["wetness"])
    assert edema.without < 0.5 < edema.probability
    # What the rules decided has no attribution, and what is not in question neither.
    assert [(m.finding, m.source) for m in second.mentions if m.finding == "Edema"] == [
        ("Edema", "rules")
    ]
    assert second.attributions == []
    assert third.labels == {"Edema": "negative", "Pneumothorax": "blank"}
    assert [(m.finding, m.label) for m in third.by_rules] == [("Pneumothorax", "positive")]
    assert [a.finding for a in third.attributions] == ["Pneumothorax"]


def test_the_page_shows_rules_and_refiner_beside_each_other(tmp_path: Path) -> None:
    page = render(_validated(tmp_path).result, "html")
    assert "They read nothing of Edema here." in page
    assert '<span class="cx-weight-5"><b>wetness</b></span>' in page
    assert "by leaving out; the net gives it 1.00, without the marked words" in page
    assert '<p class="reader">Rules</p>' in page  # the second report's, with its cue
    assert '<p class="reader">Rules alone</p>' in page
    assert page.count('<p class="reader">Refiner, ') == 2
    # The policy of the page admits no style attribute, and the text no element of its own.
    assert "style=" not in page
    assert "<i>general" not in page
    assert "&lt;i&gt;" in page


def test_the_markdown_says_the_same(tmp_path: Path) -> None:
    text = render(_validated(tmp_path).result, "markdown")
    assert "- Deciding sentence: Some \\<i\\>general\\</i\\> wetness of \\`both\\` bases" in text
    assert "  - nothing, by the rules alone" in text
    assert "stands on: Some \\<i\\>general\\</i\\> **wetness** of \\`both\\` bases" in text
    assert "**edema** (negation: No)" in text
    assert "  - + **pneumothorax**, by the rules alone" in text


def test_evidence_of_the_same_model_is_explained_and_of_another_only_quoted(
    tmp_path: Path, tiny_model: Path
) -> None:
    evidence = tmp_path / "evidence.jsonl"
    _validated(tmp_path)
    source = str(tmp_path / "reports.csv")
    command = ["label", source, "-o", str(tmp_path / "out.csv"), "--evidence", str(evidence)]
    assert main([*command, "--quiet", "--refiner", str(tiny_model)]) == 0
    same = _validated(tmp_path, evidence).result.disagreements.evidence
    direct = _validated(tmp_path).result.disagreements.evidence
    assert [found.attributions for found in same] == [found.attributions for found in direct]
    assert [found.by_rules for found in same] == [found.by_rules for found in direct]
    lines = [json.loads(line) for line in evidence.read_text("utf-8").splitlines()]
    evidence.write_text(
        "".join(json.dumps(line | {"refiner": "another 2.0"}) + "\n" for line in lines), "utf-8"
    )
    other = _validated(tmp_path, evidence).result.disagreements.evidence
    assert [found.mentions for found in other] == [found.mentions for found in same]
    assert not any(found.attributions for found in other)
    assert [len(found.by_rules) for found in other] == [0, 0, 1]
