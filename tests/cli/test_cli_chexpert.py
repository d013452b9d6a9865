"""`chexlabel chexpert`: the CheXpert labeler's flags in, its file out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from chexlabel.cli import main

REPORTS = ["No edema. Small effusion.", "Possible pneumonia.", "Cardiomegaly, unchanged."]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    path = tmp_path / "reports.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([text] for text in REPORTS)
    return path


def labeled(reports: Path, *flags: str) -> list[dict[str, str]]:
    output = reports.with_name("labels.csv")
    assert (
        main(["chexpert", "--reports_path", str(reports), "--output_path", str(output), *flags])
        == 0
    )
    with output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_writes_the_file_of_the_chexpert_labeler(reports: Path) -> None:
    rows = labeled(reports)
    assert list(rows[0])[:3] == ["Reports", "No Finding", "Enlarged Cardiomediastinum"]
    assert len(rows[0]) == 15
    assert [row["Reports"] for row in rows] == REPORTS
    assert (rows[0]["Edema"], rows[0]["Pleural Effusion"]) == ("0.0", "1.0")
    assert (rows[1]["Pneumonia"], rows[1]["Edema"]) == ("-1.0", "")
    assert labeled(reports) == rows  # an existing output is replaced


def test_phrases_of_ones_own(reports: Path, tmp_path: Path) -> None:
    mention, unmention = tmp_path / "m", tmp_path / "u"
    for folder, words in ((mention, "effusion\n"), (unmention, "small effusion\n")):
        folder.mkdir()
        (folder / "water.txt").write_text(words, encoding="utf-8")
    rows = labeled(reports, "--mention_phrases_dir", str(mention))
    assert list(rows[0]) == ["Reports", "Water"]
    assert rows[0]["Water"] == "1.0"
    both = ["--mention_phrases_dir", str(mention), "--unmention_phrases_dir", str(unmention)]
    assert labeled(reports, *both)[0]["Water"] == ""


def test_what_has_no_effect_is_said(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labeled(reports, "--negation_path", "patterns/negation.txt", "--verbose")
    said = capsys.readouterr().err
    assert "note: --negation_path has no effect" in said
    assert "3 reports labeled" in said


def test_a_folder_that_is_not_there(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--reports_path", str(reports), "--mention_phrases_dir", "nowhere"]
    assert main(["chexpert", *flags]) == 2
    assert "--mention_phrases_dir nowhere: no such folder" in capsys.readouterr().err


def test_the_reports_are_not_replaced(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = reports.read_bytes()
    flags = ["--reports_path", str(reports), "--output_path", f"{reports.parent}/./reports.csv"]
    assert main(["chexpert", *flags]) == 2
    assert "is the input itself" in capsys.readouterr().err
    assert reports.read_bytes() == before
