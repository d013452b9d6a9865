"""Reports that the files name in different ways are brought together, and that is said."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from chexlabel.cli import main
from chexlabel.errors import ValidationError
from chexlabel.validation import Matching, Reports, Resampling, validate
from chexlabel.validation.results import ValidationResult
from validation_tables import write_table

FAST = Resampling(0)


def table(path: Path, column: str, ids: list[str], cells: list[str], **more: list[str]) -> Path:
    return write_table(path, {column: ids, **more, "Edema": cells})


def compared(labels: Path, gold: Path, **options: object) -> ValidationResult:
    matching = Matching(**options)  # type: ignore[arg-type]
    return validate(labels, gold, resampling=FAST, matching=matching).result


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("1", "1.0"), ("50414267", "s50414267"), ("s50414267", "50414267.0"), ("a.txt", "a")],
)
def test_one_id_in_two_spellings(tmp_path: Path, mine: str, theirs: str) -> None:
    gold = table(tmp_path / "gold.csv", "id", [mine, "x"], ["1", "0"])
    labels = table(tmp_path / "labels.csv", "id", ["x", theirs], ["0", "1"])
    result = compared(labels, gold)
    assert (result.reports, result.labelers[0].agreement.value) == (2, 1)
    assert result.notes == [
        "1 ids are written in another way in labels.csv and were taken as the same, "
        f"such as {mine} and {theirs}."
    ]


def test_ids_that_would_become_alike_are_not_joined(tmp_path: Path) -> None:
    gold = table(tmp_path / "gold.csv", "id", ["1", "2"], ["1", "0"])
    labels = table(tmp_path / "labels.csv", "id", ["1.0", "1.00", "2"], ["1", "0", "0"])
    with pytest.raises(ValidationError, match=r"1 of gold.csv are not in labels.csv \(1\)"):
        compared(labels, gold)
    assert compared(labels, gold, allow_missing=True).reports == 1


def test_an_id_as_written_wins_over_one_written_otherwise(tmp_path: Path) -> None:
    gold = table(tmp_path / "gold.csv", "id", ["1", "1.0"], ["1", "0"])
    result = compared(gold, gold)
    assert (result.reports, result.notes) == (2, [])


def test_id_columns_of_different_names_are_found_by_their_ids(tmp_path: Path) -> None:
    gold = table(tmp_path / "gold.csv", "id", ["50414267", "53189527"], ["1", "0"])
    labels = table(
        tmp_path / "labels.csv",
        "study_id",
        ["s53189527", "s50414267"],
        ["0", "1"],
        filename=["a", "b"],
    )
    result = compared(labels, gold)
    assert (result.reports, result.labelers[0].agreement.value) == (2, 1)
    assert result.notes[0] == (
        "No id column of one name; the ids were matched by 'id' of gold.csv, "
        "'study_id' of labels.csv."
    )


def test_id_columns_that_share_no_id_are_an_error(tmp_path: Path) -> None:
    gold = table(tmp_path / "gold.csv", "id", ["1"], ["1"])
    labels = table(tmp_path / "labels.csv", "study_id", ["7"], ["1"])
    with pytest.raises(ValidationError, match=r"no id column that gold.csv, labels.csv share"):
        compared(labels, gold)


@pytest.fixture
def wrong(tmp_path: Path) -> tuple[Path, Path]:
    """Labels and a gold that disagree on report 50414267."""
    gold = table(tmp_path / "gold.csv", "id", ["50414267"], ["1"])
    return table(tmp_path / "labels.csv", "id", ["50414267"], ["0"]), gold


def test_the_text_of_a_disagreement_is_found_too(tmp_path: Path, wrong: tuple[Path, Path]) -> None:
    reports = write_table(
        tmp_path / "reports.csv", {"study_id": ["s50414267"], "report": ["No edema."]}
    )
    shown = validate(*wrong, resampling=FAST, reports=Reports(reports)).result.disagreements
    assert [(e.id, e.text) for e in shown.evidence] == [("50414267", "No edema.")]
    evidence = tmp_path / "evidence.jsonl"
    evidence.write_text(json.dumps({"id": "50414267.0", "labels": {}, "mentions": []}) + "\n")
    shown = validate(*wrong, resampling=FAST, reports=Reports(evidence=evidence)).result
    assert [e.id for e in shown.disagreements.evidence] == ["50414267"]


@pytest.fixture
def crossed(tmp_path: Path) -> tuple[Path, Path]:
    """Labels and a gold, by study, that disagree on study 1, where 1 is a patient's number too."""
    gold = table(tmp_path / "gold.csv", "study_id", ["1", "9"], ["1", "1"])
    return table(tmp_path / "labels.csv", "study_id", ["1", "9"], ["0", "1"]), gold


NUMBERS = {"subject_id": ["1", "5"], "study_id": ["9", "1"]}


@pytest.mark.parametrize("named", ["study_id", "note_id"])
def test_a_patient_of_the_number_is_not_taken_for_the_report(
    tmp_path: Path, crossed: tuple[Path, Path], named: str
) -> None:
    numbers = {"subject_id": NUMBERS["subject_id"], named: NUMBERS["study_id"]}
    texts = ["No edema.", "There is edema."]
    reports = write_table(tmp_path / "reports.csv", {**numbers, "report": texts})
    evidence = tmp_path / "evidence.jsonl"
    lines = [{"subject_id": "1", named: "9", "labels": {"Edema": 0}, "mentions": []}]
    lines += [{"subject_id": "5", named: "1", "labels": {"Edema": 1}, "mentions": []}]
    evidence.write_text("".join(json.dumps(line) + "\n" for line in lines))
    id_column = None if named == "study_id" else named
    for source in (Reports(reports, id_column=id_column), Reports(reports, evidence, id_column)):
        shown = validate(*crossed, resampling=FAST, reports=source).result.disagreements
        assert [(e.id, e.text) for e in shown.evidence] == [("1", "There is edema.")]
        assert shown.evidence[0].labels == {"Edema": "positive"}


def test_one_column_is_believed_for_the_whole_file(tmp_path: Path) -> None:
    ids = ["1", "2", "3"]
    gold = table(tmp_path / "gold.csv", "id", ids, ["1", "1", "1"])
    labels = table(tmp_path / "labels.csv", "id", ids, ["0", "0", "0"])
    numbers = {"subject_id": ["1", "2", "2", "2"], "study_id": ["7", "3", "1", "2"]}
    reports = write_table(tmp_path / "reports.csv", {**numbers, "report": ["d", "c", "a", "b"]})
    shown = validate(labels, gold, resampling=FAST, reports=Reports(reports)).result.disagreements
    assert {e.id: e.text for e in shown.evidence} == {"1": "a", "2": "b", "3": "c"}


def test_reports_that_are_missing_or_there_twice(
    tmp_path: Path, crossed: tuple[Path, Path]
) -> None:
    labels = table(tmp_path / "labels.csv", "study_id", ["1", "9"], ["0", "0"])
    reports = write_table(tmp_path / "r.csv", {"study_id": ["9"], "report": ["Edema."]})
    notes = validate(labels, crossed[1], resampling=FAST, reports=Reports(reports)).result.notes
    assert "r.csv lacks 1 of the 2 reports to be shown." in notes
    twice = {"study_id": ["1", "1"], "report": ["Edema.", "No edema."]}
    reports = write_table(tmp_path / "r.csv", twice)
    with pytest.raises(ValidationError, match=r"r\.csv: 1 ids occur more than once"):
        validate(*crossed, resampling=FAST, reports=Reports(reports))
    alike = write_table(tmp_path / "r.csv", twice | {"report": ["Edema.", "Edema."]})
    assert validate(*crossed, resampling=FAST, reports=Reports(alike)).result.disagreements.evidence


def test_evidence_is_read_packed_as_it_is_written(tmp_path: Path, wrong: tuple[Path, Path]) -> None:
    evidence = tmp_path / "evidence.jsonl.gz"
    line = json.dumps({"id": "50414267", "labels": {}, "mentions": []}) + "\n"
    evidence.write_bytes(gzip.compress(line.encode()))
    shown = validate(*wrong, resampling=FAST, reports=Reports(evidence=evidence)).result
    assert [e.id for e in shown.disagreements.evidence] == ["50414267"]
    evidence.write_bytes(evidence.read_bytes()[:-9])
    with pytest.raises(ValidationError, match="cut short"):
        validate(*wrong, resampling=FAST, reports=Reports(evidence=evidence))


def test_the_option_for_the_reports_ids_names_itself(
    tmp_path: Path, wrong: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    reports = write_table(tmp_path / "reports.csv", {"study": ["1"], "report": ["No edema."]})
    files = [str(path) for path in wrong]
    given = ["--reports", str(reports), "--report-id-column", "accession"]
    assert main(["validate", *files, "--resamples", "0", *given]) == 2
    message = capsys.readouterr().err
    assert "--report-id-column" in message
    assert " --id-column" not in message


def test_what_the_errors_of_the_reports_ask_for_can_be_stated(
    tmp_path: Path, wrong: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    reports = tmp_path / "reports.csv"
    reports.write_bytes("id,Befund\n50414267,No edema in the café.\n".encode("cp1252"))
    page = tmp_path / "page.html"
    arguments = ["validate", *map(str, wrong), "--resamples", "0", "--reports", str(reports)]
    arguments += ["-o", str(page)]
    for option in (["--encoding", "cp1252"], ["--text-column", "Befund"]):
        assert main(arguments) == 2
        assert option[0] in capsys.readouterr().err
        arguments += option
    assert main(arguments) == 0
    assert "café" in page.read_text("utf-8")
    stated = Reports(reports, text_column="Befund", encoding="cp1252", format="csv")
    shown = validate(*wrong, resampling=FAST, reports=stated).result.disagreements
    assert [found.text for found in shown.evidence] == ["No edema in the café."]


@pytest.mark.parametrize("command", ["validate", "stats", "score"])
def test_reports_are_written_though_nobody_reads_the_table(tmp_path: Path, command: str) -> None:
    """As `chexlabel validate ... | head -0`: the closed pipe must not cost the files."""
    texts = write_table(tmp_path / "texts.csv", {"id": ["1"], "report": ["No edema."]})
    labels = table(tmp_path / "labels.csv", "id", ["1"], ["0"])
    files = {"validate": [labels, labels], "stats": [labels], "score": [texts, texts]}[command]
    page = tmp_path / "page.html"
    arguments = [command, *map(str, files), "-o", str(page)]
    # Unbuffered, so that the first line printed finds the pipe closed.
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "chexlabel", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=120) == 141
    assert page.read_bytes().startswith(b"<!doctype html>")
