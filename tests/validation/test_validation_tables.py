"""Tables of labels are read whole and as they are, in every format, or refused in a line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from chexlabel.errors import ValidationError
from chexlabel.validation import Matching, Resampling, ValidationResult, describe, validate
from chexlabel.validation.tables import file_stem, read_label_file
from validation_tables import write_table

FAST = Resampling(0)
FRAME = pd.DataFrame({"study_id": ["a", "b", "c"], "Edema": [1, 0, None], "Mass": [None, 1, -1]})


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.csv"
    FRAME.to_csv(path, index=False)
    return path


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def compared(labels: object, gold: object, **options: object) -> ValidationResult:
    matching = Matching(**options)  # type: ignore[arg-type]
    return validate(labels, gold, resampling=FAST, matching=matching).result  # type: ignore[arg-type]


def agreement(labels: object, gold: object) -> float | None:
    return compared(labels, gold).labelers[0].agreement.value


def test_an_empty_line_of_one_column_is_an_empty_cell(tmp_path: Path) -> None:
    labels = written(tmp_path / "l.csv", "Edema\n1\n\n0\n1\n")
    gold = written(tmp_path / "g.csv", "Edema\n1\n0\n\n1\n")
    result = compared(labels, gold, by_row=True)
    assert (result.reports, result.labelers[0].agreement.value) == (4, 0.5)
    assert describe(labels).distributions[0].findings[0].blank == 1


def test_empty_lines_between_the_rows_of_several_columns_are_none(tmp_path: Path) -> None:
    assert len(read_label_file(written(tmp_path / "l.csv", "id,Edema\n\na,1\n\n"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "id,Edema,\na,1,\nb,0,\n",  # as a spreadsheet writes an emptied column
        "id,Edema,,\na,1,,\nb,0,,\n",
        "id,Edema,comment\na,1,\nb,0,\n",
        ",id,Edema\n0,a,1\n1,b,0\n",  # as pandas writes the index
        "Unnamed: 0,id,Edema\n0,a,1\n1,b,0\n",
    ],
)
def test_columns_that_nobody_named_or_filled_are_no_findings(tmp_path: Path, text: str) -> None:
    table = written(tmp_path / "t.csv", text)
    assert compared(table, table).findings == ["Edema"]
    assert describe(table).findings == ["Edema"]


def test_a_finding_that_is_blank_everywhere_is_pointed_out(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "id,Edema,Hernia\na,1,\nb,0,\n")
    result = compared(table, table)
    assert result.findings == ["Edema", "Hernia"]
    assert any("counts as agreement: Hernia." in note for note in result.notes)


def test_a_gold_column_of_unknown_words_is_no_finding_left_out(tmp_path: Path) -> None:
    gold = write_table(
        tmp_path / "gold.csv", {"id": ["a", "b"], "Edema": ["yes", "no"], "Mass": ["1", "0"]}
    )
    labels = write_table(
        tmp_path / "labels.csv", {"id": ["a", "b"], "Edema": ["1", "0"], "Mass": ["1", "0"]}
    )
    with pytest.raises(ValidationError, match=r"gold.csv: column 'Edema', data row 2: 'no' is not"):
        compared(labels, gold)


def test_a_finding_named_twice_counts_once(gold: Path) -> None:
    findings = ["Edema", "edema", "Mass", "Edema"]
    result = compared(gold, gold, findings=findings)
    assert result.findings == ["Edema", "Mass"]
    assert result.labelers[0].tasks["positive"].support == 2
    assert describe(gold, matching=Matching(findings)).findings == ["Edema", "Mass"]


@pytest.mark.parametrize("text", ['a,1,"see note\nb,0,\n', 'a,1,"see" note\nb,0,\n'])
def test_a_stray_quote_does_not_swallow_rows(tmp_path: Path, text: str) -> None:
    table = written(tmp_path / "t.csv", "id,Edema,comment\n" + text)
    with pytest.raises(ValidationError, match=r"t.csv, line 2: a quote is not closed"):
        describe(table)


def test_missing_values_of_every_kind_are_blank(tmp_path: Path, gold: Path) -> None:
    nullable = FRAME.convert_dtypes()
    assert nullable["Edema"].dtype == "Int64"
    assert agreement(nullable, gold) == 1
    nullable.to_parquet(tmp_path / "n.parquet")
    assert agreement(tmp_path / "n.parquet", gold) == 1
    lists = FRAME.assign(spans=[[1, 2], [3], []])
    lists.to_parquet(tmp_path / "l.parquet")
    assert describe(tmp_path / "l.parquet").findings == ["Edema", "Mass"]


def test_ids_in_the_index_of_a_frame(tmp_path: Path, gold: Path) -> None:
    by_study = FRAME.set_index("study_id")
    by_study.to_parquet(tmp_path / "i.parquet")
    assert agreement(tmp_path / "i.parquet", gold) == 1
    levels = FRAME.assign(subject_id=1).set_index(["subject_id", "study_id"])
    assert agreement(levels, gold) == 1


def test_excel(tmp_path: Path, gold: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "l.xlsx"
    with pd.ExcelWriter(path) as book:
        FRAME.to_excel(book, sheet_name="labels", index=False)
        FRAME.iloc[:1].to_excel(book, sheet_name="other", index=False)
    assert agreement(path, gold) == 1
    assert len(read_label_file(path, sheet="other")) == 1
    with pytest.raises(ValidationError, match=r"^l.xlsx has no sheet 'third'"):
        read_label_file(path, sheet="third")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(tmp_path: Path, gold: Path, delimiter: str) -> None:
    path = tmp_path / "l.csv"
    FRAME.to_csv(path, index=False, sep=delimiter)
    assert agreement(path, gold) == 1
    path.write_text(f"sep={delimiter}\n{path.read_text('utf-8')}", encoding="utf-8")
    assert agreement(path, gold) == 1


def test_utf_16(tmp_path: Path, gold: Path) -> None:
    FRAME.to_csv(tmp_path / "l.csv", index=False, encoding="utf-16")
    assert agreement(tmp_path / "l.csv", gold) == 1


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"id,Edema\na,1\n" * 99)[:-9], b"id,Edema\na,1\n"],
    ids=["cut short", "plain"],
)
def test_gzip_that_is_none_or_cut_short(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "l.csv.gz"
    path.write_bytes(data)
    with pytest.raises(ValidationError, match=r"^l\.csv\.gz: no gzip file, or cut short"):
        describe(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FINDINGS: Ada Doe has an effusion.\nNo edema.\n", "no column holds labels"),
        ("id,Edema\na,Ada is ill\nb,1\n", "a text of 10 characters is not a label"),
        ("Ada Doe has it.,Ada Doe has it.\n1,0\n", "a name of 15 characters"),
        ("report,x\nAda is ill,1\n,0\n", "no column 'id'; its first columns are report, x"),
        ("FINDINGS: Ada Doe ails,x\n1,1\n", "first columns are a name of 22 characters, x"),
    ],
)
def test_no_message_quotes_a_report(tmp_path: Path, text: str, message: str) -> None:
    table = written(tmp_path / "t.csv", text)
    with pytest.raises(ValidationError) as caught:
        describe(
            table, matching=Matching(id_column="id" if "'id'" in message or ",x" in text else None)
        )
    assert message in str(caught.value)
    assert "Ada" not in str(caught.value)


def test_neither_notes_nor_lists_of_ids_quote_a_report(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "id,Edema,Ada Doe: very ill\na,1,x\nb,0,x\n")
    assert describe(table).notes == [
        "t.csv: columns that hold no label, left out: a name of 17 characters."
    ]
    other = written(tmp_path / "o.csv", "id,Edema\nAda Doe has an effusion,1\n")
    with pytest.raises(ValidationError, match="no report in common") as caught:
        compared(table, other)
    assert "Ada" not in str(caught.value)


def test_stats_of_one_file_look_at_its_ids(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "case_no,Edema\n1,1\n2,0\n2,1\n")
    with pytest.raises(ValidationError, match="1 ids of column 'case_no' occur more than once"):
        describe(table, matching=Matching(id_column="case_no"))
    once = written(tmp_path / "o.csv", "case_no,Edema\n1,1\n2,0\n3,1\n")
    assert describe(once, matching=Matching(id_column="case_no")).findings == ["Edema"]
    known = written(tmp_path / "k.csv", "id,Edema\n1,1\n1,0\n")
    assert describe(known).notes == [
        "k.csv: 1 ids of column 'id' occur more than once (1); every row is counted."
    ]


def test_a_labeler_is_called_by_the_whole_name_of_its_file(tmp_path: Path, gold: Path) -> None:
    labels = tmp_path / "mimic-cxr-2.0.0-chexpert.csv.gz"
    labels.write_bytes(gzip.compress(gold.read_bytes()))
    assert compared(labels, gold).labelers[0].name == "mimic-cxr-2.0.0-chexpert"
    assert file_stem("v1.1") == "v1.1"
