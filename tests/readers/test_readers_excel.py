"""Excel workbooks, in and out."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chexlabel.errors import InputError, OutputError
from chexlabel.labels import Label
from chexlabel.readers import open_reports
from chexlabel.report import Report
from chexlabel.writers import Layout, labels_writer, recognise_format

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, the extra [excel], is not installed")

ROWS = [
    ["study_id", "report", "age", "date"],
    [1001, "No edema.", 61, datetime.date(2026, 1, 2)],
    [1002.0, 'Edema,\nor "pneumonia".', None, None],
    [None, None, None, None],
    ["s3", None, 40, None],
]


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def read(path: Path, **options: Any) -> list[tuple[str, str]]:
    with open_reports(path, **options) as reports:
        assert reports.format == "xlsx"
        return [(report.id, report.text) for report in reports]


EXPECTED = [("1001", "No edema."), ("1002", 'Edema,\nor "pneumonia".'), ("s3", "")]


@pytest.mark.parametrize("name", ["a.xlsx", "a.xlsm", "a", "a.zip", "a.csv"])
def test_a_sheet_is_read_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    source = workbook(tmp_path / "a.xlsx", Tabelle1=ROWS)
    source.rename(tmp_path / name)
    assert read(tmp_path / name) == EXPECTED


def test_sheets(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", first=[["a", "b"]], second=ROWS)
    assert read(path, sheet="second") == EXPECTED
    with pytest.raises(
        InputError, match=r"has no sheet 'third'; its sheets are: 'first', 'second'"
    ):
        read(path, sheet="third")
    with pytest.raises(InputError, match="no column that is known to hold reports"):
        read(path)


def test_without_a_header(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one=ROWS[1:])
    assert read(path, header=False, text_column="2") == EXPECTED


def test_a_report_that_is_no_text(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one=[*ROWS, ["s4", 17]])
    with open_reports(path) as reports:
        *_, bad = reports
    assert (bad.id, bad.error) == ("s4", "row 4 (line 6) has int in 'report', not text")
    assert bad.columns == {"study_id": "s4"}


def test_a_report_that_is_too_long(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one=[*ROWS, [17, "edema " * 2000]])
    with open_reports(path, max_size=10_000) as reports:
        *_, bad = reports
    assert (bad.id, bad.text) == ("17", "")
    assert bad.error == "row 4 has a report longer than 9 KB; allow more with --max-size"


def test_identifiers_that_are_numbers_are_written_as_numbers(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one=[*ROWS, [10**17, "x"]])
    stream = io.BytesIO()
    with open_reports(path) as reports:
        writer = labels_writer(stream, Layout(("study_id",), None, ()), "xlsx")
        writer.write(found := list(reports), [()] * len(found))
    writer.close()
    rows = openpyxl.load_workbook(stream).active.iter_rows(values_only=True)
    assert [cell for (cell,) in rows] == ["study_id", 1001, 1002, "s3", str(10**17)]


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("content", [b"", b"<broken", b"\0" * 100])
def test_a_damaged_workbook(tmp_path: Path, member: str, content: bytes) -> None:
    whole = workbook(tmp_path / "whole.xlsx", one=ROWS)
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(path, "w") as damaged:
        for name in archive.namelist():
            damaged.writestr(name, content if name == member else archive.read(name))
    with pytest.raises(InputError, match=r"a\.xlsx (is a damaged Excel workbook|has no rows)"):
        read(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"id,report\n1,Clear.\n")
    with pytest.raises(InputError, match="is no Excel workbook"):
        read(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512)
    with pytest.raises(InputError, match="is an old Office document"):
        read(path)


def test_a_bomb(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one=ROWS)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", b"a" * (64 << 20))
    with pytest.raises(InputError, match="unpacks to 64 MB; write it as CSV"):
        read(path, max_size=1 << 20)


FINDINGS = ("Edema", "Fracture", "Pneumonia")
ROW = (Label.POSITIVE, Label.UNCERTAIN, None)


def written(texts: list[str]) -> bytes:
    stream = io.BytesIO()
    writer = labels_writer(stream, Layout(("id",), "report", FINDINGS), "xlsx")
    reports = [Report(str(n), text, columns={"id": f"=1+{n}"}) for n, text in enumerate(texts)]
    writer.write(reports, [ROW] * len(texts))
    writer.close()
    writer.abandon()
    return stream.getvalue()


TEXTS = [" a < b & c\r\nd ", "=1+1", "nul\0", "_x000D_", "a\ud800b", "", "\u202e\U0001f600"]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(written(TEXTS))
    assert [text for _, text in read(tmp_path / "a.xlsx")] == TEXTS


def test_cells_are_texts_and_numbers_never_formulas() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(["=1+1"])))["labels"]
    head, row = sheet.iter_rows()
    assert [cell.value for cell in head] == ["id", "report", *FINDINGS]
    assert [(cell.value, cell.data_type) for cell in row] == [
        ("=1+0", "s"),
        ("=1+1", "s"),
        (1, "n"),
        (-1, "n"),
        (None, "n"),
    ]


def test_equal_labels_give_equal_files() -> None:
    assert written(TEXTS) == written(TEXTS)


def test_what_excel_cannot_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="leave out --keep-text"):
        written(["a" * 32_768])
    monkeypatch.setattr("chexlabel.writers.excel._MOST_ROWS", 3)
    with pytest.raises(OutputError, match="no more than 2 reports"):
        written(["a"] * 3)
    with pytest.raises(OutputError, match="Excel is compressed already"):
        recognise_format("labels.xlsx.gz")


def test_confidences_are_numbers() -> None:
    stream = io.BytesIO()
    writer = labels_writer(stream, Layout(("id",), None, ("Edema",), ("Edema",)), "xlsx")
    writer.write([Report("1", "", columns={"id": "1"})], [ROW[:1]], [(0.9, 0.75, "rules")])
    writer.close()
    sheet = openpyxl.load_workbook(stream)["labels"]
    assert list(sheet.iter_rows(min_row=2, values_only=True)) == [("1", 1, 0.9, 0.75, "rules")]


def test_an_empty_cell_of_the_only_column_is_an_empty_report(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one=[["report"], ["Edema."], [None], ["Mass."], [None]])
    assert read(path) == [("1", "Edema."), ("2", ""), ("3", "Mass.")]
