"""Bad input ends in a clear error or a documented conversion, never in a wrong figure."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from chexlabel.errors import ValidationError
from chexlabel.validation import Matching, Policy, Reports, Resampling, UncertainPolicy, validate
from chexlabel.validation.alignment import align
from chexlabel.validation.tables import read_label_file
from chexlabel.validation.values import parse_labels
from validation_tables import codes, write_labels, write_table

FAST = Resampling(0)


def error_of(*files: Path, **options: object) -> str:
    with pytest.raises(ValidationError) as caught:
        validate(*files, resampling=FAST, matching=Matching(**options))  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return write_labels(tmp_path / "gold.csv", {"Edema": "+-?.", "Lung Lesion": "..+-"})


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return write_labels(tmp_path / "labels.csv", {"Edema": "+-?.", "Lung Lesion": "..++"})


def test_ids_that_do_not_match_are_named_and_counted(tmp_path: Path, gold: Path) -> None:
    labels = write_labels(
        tmp_path / "labels.csv", {"Edema": "+-?", "Lung Lesion": "..+"}, ids=["r1", "r2", "x9"]
    )
    message = error_of(labels, gold)
    assert "2 of gold.csv are not in labels.csv (r3, r4)" in message
    assert "1 of labels.csv are not in gold.csv (x9)" in message
    assert "--allow-missing" in message
    result = validate(labels, gold, resampling=FAST, matching=Matching(allow_missing=True)).result
    assert result.reports == 2
    assert any("Compared: 2" in note for note in result.notes)


def test_no_report_in_common_is_an_error_even_when_missing_ones_are_allowed(
    tmp_path: Path, gold: Path
) -> None:
    labels = write_labels(tmp_path / "other.csv", {"Edema": "+", "Lung Lesion": "."}, ids=["z"])
    assert "no report in common" in error_of(labels, gold, allow_missing=True)


def test_rows_are_matched_by_id_not_by_place(tmp_path: Path, gold: Path) -> None:
    turned = write_labels(
        tmp_path / "turned.csv",
        {"Edema": ".?-+", "Lung Lesion": "-+.."},
        ids=["r4", "r3", "r2", "r1"],
    )
    assert validate(turned, gold, resampling=FAST).result.labelers[0].agreement.value == 1


def test_duplicate_ids(tmp_path: Path, gold: Path) -> None:
    labels = write_labels(
        tmp_path / "labels.csv",
        {"Edema": "++++", "Lung Lesion": "...."},
        ids=["r1", "r2", "r2", "r4"],
    )
    message = error_of(labels, gold)
    assert "labels.csv: 1 ids of column 'id' occur more than once (r2)" in message


def test_an_empty_id(tmp_path: Path, gold: Path) -> None:
    labels = write_labels(
        tmp_path / "labels.csv",
        {"Edema": "++++", "Lung Lesion": "...."},
        ids=["r1", "", "r3", "r4"],
    )
    assert "data row 2 has no id" in error_of(labels, gold)


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("2", "CheXbert's internal class numbers"),
        ("0.87", "probabilities belong in"),
        ("-2", "a label is 1, 0, -1 or empty"),
        ("maybe", "use 1, 0, -1 or empty"),
    ],
)
def test_unknown_label_values(tmp_path: Path, gold: Path, cell: str, hint: str) -> None:
    labels = write_table(
        tmp_path / "labels.csv",
        {"id": ["r1", "r2", "r3", "r4"], "Edema": ["1", "0", cell, ""], "Lung Lesion": [""] * 4},
    )
    message = error_of(labels, gold)
    assert "labels.csv: column 'Edema', data row 3" in message
    assert repr(cell) in message
    assert hint in message


def test_a_long_cell_is_not_quoted(tmp_path: Path, gold: Path) -> None:
    sentence = "Ada Lovelace has a small effusion"
    labels = write_table(
        tmp_path / "labels.csv",
        {
            "id": ["r1", "r2", "r3", "r4"],
            "Edema": ["1", "0", sentence, ""],
            "Lung Lesion": [""] * 4,
        },
    )
    message = error_of(labels, gold)
    assert "a text of 33 characters is not a label" in message
    assert "Ada" not in message


def test_words_are_converted_and_the_conversion_is_told(tmp_path: Path, labels: Path) -> None:
    gold = write_table(
        tmp_path / "gold.csv",
        {
            "id": ["r1", "r2", "r3", "r4"],
            "Edema": ["Positive", " neg ", "uncertain", "not mentioned"],
            "Lung Lesion": ["", "NaN", "pos", "negative"],
        },
    )
    result = validate(labels, gold, resampling=FAST).result
    assert result.labelers[0].findings[0].confusion == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]
    (note,) = [note for note in result.notes if "words read as labels" in note]
    assert note.startswith("gold.csv:")
    assert "neg (1)" in note


def test_every_number_form_of_the_labels() -> None:
    cells = ["1", "1.0", "0", "0.0", "-0.0", "-1", "-1.0", "", " "]
    found, words = parse_labels(cells, column="c", source="s")
    assert found.tolist() == codes("++---??..")[:, 0].tolist()
    assert not words


def test_missing_findings_are_named(tmp_path: Path, gold: Path) -> None:
    labels = write_labels(tmp_path / "labels.csv", {"Edema": "+-?."})
    message = error_of(labels, gold)
    assert "labels.csv has no column for 1 of the 2 findings of gold.csv: Lung Lesion" in message
    result = validate(labels, gold, resampling=FAST, matching=Matching(findings=("Edema",))).result
    assert result.findings == ["Edema"]


def test_a_finding_that_the_gold_lacks_is_told(tmp_path: Path, gold: Path) -> None:
    labels = write_labels(
        tmp_path / "labels.csv", {"Edema": "+-?.", "Lung Lesion": "..+-", "Hernia": "...."}
    )
    result = validate(labels, gold, resampling=FAST).result
    assert result.findings == ["Edema", "Lung Lesion"]
    assert "labels.csv: not in the gold, so not judged: Hernia." in result.notes
    assert "no column for the finding 'Hernia'" in error_of(labels, gold, findings=("Hernia",))


def test_a_typo_in_one_cell_does_not_drop_the_finding(tmp_path: Path, labels: Path) -> None:
    gold = write_table(
        tmp_path / "gold.csv",
        {"id": ["r1", "r2", "r3", "r4"], "Edema": ["1", "O", "", ""], "Lung Lesion": [""] * 4},
    )
    assert "column 'Edema', data row 2" in error_of(labels, gold)


def test_columns_that_hold_no_labels_are_left_out_and_named(tmp_path: Path, labels: Path) -> None:
    gold = write_labels(
        tmp_path / "gold.csv",
        {"Edema": "+-?.", "Lung Lesion": "..+-"},
        view=["PA", "AP", "PA", "LATERAL"],
        study_id=["1", "0", "1", "0"],
    )
    result = validate(labels, gold, resampling=FAST).result
    assert result.findings == ["Edema", "Lung Lesion"]
    assert any("view" in note for note in result.notes)


def test_column_names_are_matched_without_case_and_underscores(tmp_path: Path, gold: Path) -> None:
    labels = write_labels(tmp_path / "l.csv", {"edema": "+-?.", "Lung_Lesion": "..+-"})
    assert validate(labels, gold, resampling=FAST).result.labelers[0].agreement.value == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("id,Edema\n", "no rows below the header"),
        ("id,Edema\nr1,1,0\n", "line 2: 3 cells where the header has 2"),
        ("id,Edema\nr1\n", "line 2: 1 cells where the header has 2"),
        ("id,Edema,edema\nr1,1,0\n", "columns 'Edema' and 'edema' have the same name"),
    ],
)
def test_broken_tables(tmp_path: Path, gold: Path, text: str, message: str) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(text, encoding="utf-8")
    assert message in error_of(labels, gold)


def test_unreadable_files(tmp_path: Path, gold: Path) -> None:
    assert "no such file" in error_of(tmp_path / "none.csv", gold)
    latin = tmp_path / "latin.csv"
    latin.write_bytes("id,Ed\u00e9ma\nr1,1\n".encode("latin-1"))
    assert "not UTF-8" in error_of(latin, gold)
    assert "no such file" in error_of(tmp_path / "none", gold)
    (tmp_path / "labels.docx").touch()
    assert "unknown kind of label file" in error_of(tmp_path / "labels.docx", gold)
    parquet = tmp_path / "labels.parquet"
    parquet.write_bytes(b"no parquet")
    assert "not a readable parquet file" in error_of(parquet, gold)
    jsonl = tmp_path / "labels.jsonl"
    jsonl.write_text('{"id": "r1", "Edema": 1}\n[]\n', encoding="utf-8")
    assert "labels.jsonl, line 2: not a JSON object" in error_of(jsonl, gold)


def test_report_text_is_never_taken_for_ids(tmp_path: Path) -> None:
    text = "The heart is enlarged. " * 6
    table = {"id": [text, text + "x"], "Edema": ["1", "0"]}
    files = [write_table(tmp_path / name, table) for name in ("labels.csv", "gold.csv")]
    message = error_of(*files)
    assert "hardly an id" in message
    assert "heart" not in message


def test_files_without_ids_are_compared_by_row_only_on_request(tmp_path: Path) -> None:
    gold = write_table(tmp_path / "gold.csv", {"Edema": ["1", "0"]})
    labels = write_table(tmp_path / "labels.csv", {"Edema": ["1", "1"]})
    assert "--by-row" in error_of(labels, gold)
    result = validate(labels, gold, resampling=FAST, matching=Matching(by_row=True)).result
    assert result.labelers[0].agreement.value == 0.5
    longer = write_table(tmp_path / "longer.csv", {"Edema": ["1", "1", ""]})
    assert "must have as many" in error_of(longer, gold, by_row=True)


def test_the_same_labels_from_every_kind_of_file(tmp_path: Path, gold: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": ["r1", "r2", "r3", "r4"],
            "Edema": [1.0, 0.0, -1.0, None],
            "Lung Lesion": [None, None, 1, 0],
        }
    )
    frame.to_parquet(tmp_path / "l.parquet")
    frame.to_csv(tmp_path / "l.tsv", sep="\t", index=False)
    (tmp_path / "l.csv.gz").write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    records = [
        {"id": f"r{i + 1}", "labels": {"Edema": a, "Lung Lesion": b}, "mentions": []}
        for i, (a, b) in enumerate([(1, None), (0, None), (-1, 1), (None, 0)])
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "evidence.jsonl").write_text(lines, encoding="utf-8")
    for source in ("l.parquet", "l.tsv", "l.csv.gz", "evidence.jsonl"):
        result = validate(tmp_path / source, gold, resampling=FAST).result
        assert result.labelers[0].agreement.value == 1, source
    assert validate(frame, gold, resampling=FAST).result.labelers[0].agreement.value == 1


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_labels_from_a_frame_of_another_library(gold: Path, library: str) -> None:
    kind = pytest.importorskip(library)
    columns = {"id": ["r1", "r2", "r3", "r4"], "Edema": [1, 0, -1, None]}
    frame = kind.DataFrame(columns) if library == "polars" else kind.table(columns)
    result = validate(frame, gold, resampling=FAST, matching=Matching(["Edema"])).result
    assert result.labelers[0].agreement.value == 1
    assert validate(frame, frame, resampling=FAST).result.reports == 4


@pytest.mark.parametrize("source", [None, 7, [1], pd.Series([1])])
def test_what_is_no_table(gold: Path, source: object) -> None:
    kind = type(source).__name__
    for pair, name in (((source, gold), "labels"), ((gold, source), "gold")):
        with pytest.raises(ValidationError, match=rf"^{name}: give a path, .* not {kind}$"):
            validate(*pair, resampling=FAST)


def test_two_columns_of_one_name_in_a_frame(gold: Path) -> None:
    table = pytest.importorskip("pyarrow").table([["r1"], [1], [0]], names=["id", "Edema", "Edema"])
    for frame in (table, pd.DataFrame([["r1", 1, 0]], columns=table.column_names)):
        with pytest.raises(ValidationError, match="'Edema' and 'Edema' have the same name"):
            validate(frame, gold, resampling=FAST)


def test_a_gold_without_blanks_is_pointed_out(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "+---"})
    labels = write_labels(tmp_path / "labels.csv", {"Edema": "+-.."})
    notes = validate(labels, gold, resampling=FAST).result.notes
    assert any("--blank negative" in note for note in notes)


def test_patients(tmp_path: Path, labels: Path) -> None:
    columns = {"Edema": "+-?.", "Lung Lesion": "..+-"}
    gold = write_labels(tmp_path / "g.csv", columns, subject_id=["a", "a", "b", "b"])
    result = validate(labels, gold, resampling=Resampling(50)).result
    assert result.patients is None
    assert any("--patient-column subject_id" in note for note in result.notes)
    matching = Matching(patient_column="subject_id")
    result = validate(labels, gold, resampling=Resampling(50), matching=matching).result
    assert result.patients == 2
    assert result.settings.patient_column == "subject_id"
    assert "no file has the patient column" in error_of(labels, gold, patient_column="who")
    gold = write_labels(tmp_path / "g.csv", columns, subject_id=["a", "", "b", "b"])
    assert "1 reports have no patient" in error_of(labels, gold, patient_column="subject_id")


def test_a_policy_that_leaves_nothing(tmp_path: Path) -> None:
    gold = write_labels(tmp_path / "gold.csv", {"Edema": "??"})
    with pytest.raises(ValidationError, match="every label is left out"):
        validate(gold, gold, policy=Policy(UncertainPolicy.IGNORE), resampling=FAST)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["0.5", "", "0.1", "0.2"], "1 empty cells of 4"),
        (["0.5", "1.2", "0.1", "0.2"], "data row 2 is no probability"),
        (["0.5", "high", "0.1", "0.2"], "data row 2 is no probability"),
        (["nan", "0.5", "0.1", "0.2"], "data row 1 is no probability"),
    ],
)
def test_confidences_are_checked(
    tmp_path: Path, gold: Path, cells: list[str], message: str
) -> None:
    labels = write_labels(
        tmp_path / "l.csv", {"Edema": "+-?.", "Lung Lesion": "..+-"}, Edema_prob=cells
    )
    assert message in error_of(labels, gold)


def test_settings_that_cannot_be() -> None:
    assert Policy("positive") == Policy(UncertainPolicy.POSITIVE)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="uncertain 'foo': choose one of as-is, positive"):
        Policy("foo")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="-1 disagreements"):
        Reports(limit=-1)


def test_two_labelers_of_one_name(gold: Path, labels: Path) -> None:
    file = read_label_file(labels)
    with pytest.raises(ValidationError, match="two labelers are called 'a'"):
        align(read_label_file(gold), [("a", file), ("a", file)])
