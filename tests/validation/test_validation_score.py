"""Clinical-efficacy scores: the rates by hand and by scikit-learn, and the matching of reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from chexlabel.errors import InputError, ValidationError
from chexlabel.validation import UncertainPolicy, score
from chexlabel.validation.generation import USUAL_FINDINGS, score_codes
from chexlabel.validation.intervals import Bootstrap
from chexlabel.validation.results import ScoreResult
from chexlabel.validation.values import Codes, LabelClass
from validation_tables import codes, write_table

FINDINGS = ["a", "b", "c"]


def scored(
    gold: Codes, predicted: Codes, uncertain: str = "positive", resamples: int = 0
) -> ScoreResult:
    return score_codes(
        FINDINGS[: gold.shape[1]],
        gold,
        predicted,
        subset=None,
        uncertain=UncertainPolicy(uncertain),
        bootstrap=Bootstrap(len(gold), resamples),
    )


def test_averages_worked_by_hand() -> None:
    # Reports (references against generated): {a, b} {a}; {b} {b, c}; {} {}.
    result = scored(codes("+..", "++.", "..."), codes("+..", ".+.", ".+."))
    (everything,) = result.sets
    assert everything.micro.precision.value == pytest.approx(2 / 3)
    assert everything.micro.recall.value == pytest.approx(2 / 3)
    # Per finding F1: a 1, b 2/3, c 0 (in no reference).
    assert everything.macro.f1.value == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert everything.unseen == 1
    # Per report: precision 1, 1/2, 0; recall 1/2, 1, 0; F1 2/3, 2/3, 0 (nothing on either side).
    assert everything.example.precision.value == pytest.approx((1 + 1 / 2) / 3)
    assert everything.example.recall.value == pytest.approx((1 / 2 + 1) / 3)
    assert everything.example.f1.value == pytest.approx((2 / 3 + 2 / 3) / 3)
    assert everything.empty == 1
    assert everything.exact_match.value == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("uncertain", "tp", "support"), [("positive", 2, 2), ("negative", 0, 1), ("as-is", 0, 1)]
)
def test_uncertain_counts_as_stated(uncertain: str, tp: int, support: int) -> None:
    (finding,) = scored(codes("+?-"), codes("?+."), uncertain).findings
    assert finding.support == support
    assert finding.recall.value == pytest.approx(tp / support)


def test_ignoring_leaves_pairs_with_an_uncertain_reference_out() -> None:
    (finding,) = scored(codes("+?-"), codes("++."), "ignore").findings
    assert (finding.support, finding.predicted) == (1, 1)
    assert finding.f1.value == 1


def test_scores_are_those_of_scikit_learn_and_lie_in_their_intervals() -> None:
    generator = np.random.default_rng(4)
    gold = generator.integers(0, 4, (150, 3)).astype(np.int8)
    other = generator.integers(0, 4, gold.shape)
    predicted = np.where(generator.random(gold.shape) < 0.6, gold, other).astype(np.int8)
    yes = np.isin(gold, (LabelClass.POSITIVE, LabelClass.UNCERTAIN))
    said = np.isin(predicted, (LabelClass.POSITIVE, LabelClass.UNCERTAIN))
    (everything,) = scored(gold, predicted, resamples=400).sets
    for average, found in (
        ("micro", everything.micro),
        ("macro", everything.macro),
        ("samples", everything.example),
    ):
        expected = precision_recall_fscore_support(yes, said, average=average, zero_division=0)
        for figure, value in zip((found.precision, found.recall, found.f1), expected, strict=False):
            assert figure.value == pytest.approx(value)
            assert figure.low < figure.value < figure.high
    assert everything.exact_match.value == pytest.approx(accuracy_score(yes, said))


def test_an_unknown_finding_in_the_subset() -> None:
    with pytest.raises(ValidationError, match="no finding 'z'"):
        score_codes(
            ["a"],
            codes("+"),
            codes("+"),
            subset=["z"],
            uncertain=UncertainPolicy.POSITIVE,
            bootstrap=Bootstrap(1, 0),
        )


REFERENCES = {
    "id": ["1", "2"],
    "report": ["Small left pleural effusion. Cardiomegaly.", "No pleural effusion. No edema."],
}
GENERATED = {
    "id": ["2", "1"],
    "report": ["There is pulmonary edema.", "Left pleural effusion. The heart size is normal."],
}


def test_reports_are_labeled_and_matched_by_id(tmp_path: Path) -> None:
    references = write_table(tmp_path / "references.csv", REFERENCES)
    generated = write_table(tmp_path / "generated.csv", GENERATED)
    result = score(references, generated, resamples=0)
    everything, usual = result.sets
    assert len(everything.findings) == 14
    assert tuple(usual.findings) == USUAL_FINDINGS
    # References: effusion and cardiomegaly in report 1; generated: effusion in 1, edema in 2.
    assert usual.support == 2
    assert usual.micro.precision.value == pytest.approx(1 / 2)
    assert usual.micro.recall.value == pytest.approx(1 / 2)
    assert result.uncertain == "positive"
    by_row = score(references, generated, by_row=True, resamples=0)
    assert by_row.sets[1].micro.recall.value == 0


def test_reports_that_do_not_correspond(tmp_path: Path) -> None:
    references = write_table(tmp_path / "references.csv", REFERENCES)
    other = write_table(tmp_path / "other.csv", {"id": ["2", "9"], "report": ["a", "b"]})
    with pytest.raises(ValidationError, match=r"1 references have no generated report \(1\)"):
        score(references, other)
    result = score(references, other, allow_missing=True, resamples=0)
    assert result.reports == 1
    assert "Left out" in result.notes[0]
    twice = write_table(tmp_path / "twice.csv", {"id": ["1", "1"], "report": ["a", "b"]})
    with pytest.raises(ValidationError, match="1 ids occur more than once"):
        score(references, twice)
    far = write_table(tmp_path / "far.csv", {"id": ["8", "9"], "report": ["a", "b"]})
    with pytest.raises(ValidationError, match="do not correspond"):
        score(references, far, allow_missing=True)
    short = write_table(tmp_path / "short.csv", {"id": ["1"], "report": ["a"]})
    with pytest.raises(ValidationError, match="same length"):
        score(references, short, by_row=True, allow_missing=True)


def test_ids_are_not_paired_with_row_numbers(tmp_path: Path) -> None:
    ids = {"id": ["3", "1", "2"]}
    texts = {"report": ["Edema.", "Fracture.", "Pneumonia."]}
    references = write_table(tmp_path / "references.csv", ids | texts)
    generated = write_table(tmp_path / "generated.csv", texts)
    for pair in ((references, generated), (generated, references)):
        with pytest.raises(ValidationError, match=r"generated.csv has no ids; pass --by-row"):
            score(*pair, resamples=0)
        assert score(*pair, resamples=0, by_row=True).sets[0].micro.f1.value == 1
    assert score(generated, generated, resamples=0).sets[0].micro.f1.value == 1
    gap = write_table(tmp_path / "gap.csv", {"id": ["3", "", "2"]} | texts)
    with pytest.raises(ValidationError, match=r"gap.csv: data row 2 has no id"):
        score(references, gap, resamples=0)


def test_empty_lines_of_tables_of_one_column_are_empty_reports(tmp_path: Path) -> None:
    references, generated = tmp_path / "references.csv", tmp_path / "generated.csv"
    references.write_text("report\nEdema.\n\nFracture.\nPneumonia.\n", encoding="utf-8")
    generated.write_text("report\nEdema.\nFracture.\n\nPneumonia.\n", encoding="utf-8")
    result = score(references, generated, resamples=0)
    assert (result.reports, result.sets[0].exact_match.value) == (4, 0.5)


def test_a_finding_named_twice_in_the_subset_counts_once(tmp_path: Path) -> None:
    references = write_table(tmp_path / "references.csv", REFERENCES)
    subset = ["Edema", "Edema", "Cardiomegaly"]
    assert score(references, references, subset=subset, resamples=0).sets[1].findings == [
        "Edema",
        "Cardiomegaly",
    ]


def test_what_no_reader_knows_is_said_with_what_there_is(tmp_path: Path) -> None:
    lines = write_lines(tmp_path / "lines.txt", "Edema.")
    with pytest.raises(InputError, match="unknown encoding 'foo'"):
        score(lines, lines, encoding="foo")
    with pytest.raises(ValidationError, match=r"unknown format 'xyz'; .* xlsx, .* text, lines"):
        score(lines, lines, format="xyz")


# One report a line.


def write_lines(path: Path, *lines: str) -> Path:
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    return path


def test_text_files_have_one_report_a_line(tmp_path: Path) -> None:
    references = write_lines(tmp_path / "references.txt", "Edema.", "", "Small\u2028or\r effusion.")
    generated = write_lines(tmp_path / "generated.txt", "Edema.\r", "Fracture.", "Effusion.")
    result = score(references, generated, resamples=0)
    (everything, _) = result.sets
    assert (result.reports, everything.support, everything.micro.recall.value) == (3, 2, 1)
    assert everything.micro.precision.value == pytest.approx(2 / 3)


def test_lines_can_be_stated_and_go_by_row_with_a_table(tmp_path: Path) -> None:
    references = tmp_path / "references.csv"
    references.write_text("id,report\na,Edema.\nb,Fracture.\n", encoding="utf-8")
    generated = write_lines(tmp_path / "generated.txt", "Edema.", "Fracture.")
    with pytest.raises(ValidationError, match=r"^generated.txt has one report a line .* --by-row"):
        score(references, generated, resamples=0)
    assert score(references, generated, resamples=0, by_row=True).sets[0].micro.f1.value == 1
    stated = write_lines(tmp_path / "generated.out", "Edema.", "Fracture.")
    whole = score(stated, generated, resamples=0, format="lines")
    assert whole.sets[0].exact_match.value == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no report"),
        (b"Edema.\nN\xf6.\n", "byte 8 is not utf-8; state its --encoding"),
        (b"Edema.\n", "1 references have no generated report"),
    ],
)
def test_files_of_lines_that_cannot_be_scored(tmp_path: Path, content: bytes, message: str) -> None:
    references = write_lines(tmp_path / "references.txt", "Edema.", "Fracture.")
    (tmp_path / "generated.txt").write_bytes(content)
    with pytest.raises(ValidationError, match=message):
        score(references, tmp_path / "generated.txt")


def test_ids_written_in_another_way_are_matched_and_said(tmp_path: Path) -> None:
    references, generated = tmp_path / "references.csv", tmp_path / "generated.csv"
    references.write_text("study_id,report\n50414267,Edema.\n2,Fracture.\n", encoding="utf-8")
    generated.write_text("study_id,report\ns50414267,Edema.\n2.0,Fracture.\n", encoding="utf-8")
    result = score(references, generated, resamples=0)
    assert result.sets[0].exact_match.value == 1
    assert result.notes == [
        "2 ids are written in another way in the generated reports and were taken as the same, "
        "such as 50414267 and s50414267."
    ]
