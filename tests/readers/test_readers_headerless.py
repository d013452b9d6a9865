"""Tables without a header, whose columns go by number, and delimiters nobody stated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chexlabel.errors import InputError
from chexlabel.readers import open_reports

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path, **options: Any) -> list[tuple[dict[str, str], str]]:
    with open_reports(path, header=False, **options) as reports:
        return [(dict(report.columns), report.text) for report in reports]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports.csv"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_identifier_and_report(path: Path, delimiter: str) -> None:
    rows = ["1001", '"Clear, no edema; stable."', "1002", '"Edema, or pneumonia."']
    path.write_text(f"{delimiter.join(rows[:2])}\n{delimiter.join(rows[2:])}\n")
    expected = [
        ({"id": "1001"}, "Clear, no edema; stable."),
        ({"id": "1002"}, "Edema, or pneumonia."),
    ]
    assert read(path, text_column="2") == expected


def test_semicolons_between_reports_with_commas(path: Path) -> None:
    path.write_text("1;Clear, no edema.\n2;Edema\n3;No edema, no effusion, no pneumothorax.\n")
    assert [columns["id"] for columns, _ in read(path, text_column="2")] == ["1", "2", "3"]


def test_the_identifiers_can_be_chosen(path: Path) -> None:
    path.write_text("Clear.,p1,s1\nEdema.,p1,s2\n")
    assert read(path, text_column="1") == [({"id": "p1"}, "Clear."), ({"id": "p1"}, "Edema.")]
    assert read(path, text_column="1", id_column="3")[1] == ({"id": "s2"}, "Edema.")
    assert read(path, text_column="1", id_column=["2", "3"])[0] == (
        {"id_2": "p1", "id_3": "s1"},
        "Clear.",
    )


def test_one_column(path: Path) -> None:
    path.write_text("report\nClear.\n")
    assert read(path) == [({"row": "1"}, "report"), ({"row": "2"}, "Clear.")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "has 2 columns; with --no-header say by its number which holds the reports"),
        ({"text_column": "3"}, r"has no column number '3' \(--text-column\)"),
        ({"text_column": "report"}, "without a header its columns are 1 to 2"),
        ({"text_column": "2", "id_column": "0"}, r"has no column number '0' \(--id-column\)"),
    ],
)
def test_columns_that_are_not_there(path: Path, options: dict[str, str], message: str) -> None:
    path.write_text("1,Clear.\n2,Edema.\n")
    with pytest.raises(InputError, match=message):
        read(path, **options)


def test_a_table_without_a_header_is_told_how_to_be_read(path: Path) -> None:
    path.write_text("1001,Clear lungs. No edema.\n1002,Edema.\n")
    with pytest.raises(InputError, match="state --no-header --text-column 2") as error:
        open_reports(path)
    assert "lungs" not in str(error.value)


def test_an_unknown_text_column_does_not_hide_the_delimiter(path: Path) -> None:
    path.write_text("id;befund\n1;Clear.\n")
    with pytest.raises(InputError, match="its columns are: id, befund"):
        open_reports(path)
    with open_reports(path, text_column="befund") as reports:
        assert [report.text for report in reports] == ["Clear."]


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.txt"])
def test_formats_without_a_header(tmp_path: Path, name: str) -> None:
    text = "Clear.\n" if name == "a.txt" else '{"id": 1, "report": "Clear."}\n'
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="leave out --no-header"):
        open_reports(tmp_path / name, header=False)
    with pytest.raises(InputError, match="leave out --sheet"):
        open_reports(tmp_path / name, sheet="a")
