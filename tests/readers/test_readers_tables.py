"""CSV, TSV, JSONL and Parquet: the columns that are read, and the rows that cannot be."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chexlabel.readers import open_reports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from chexlabel.report import Report

    WriteTable = Callable[[Sequence[str], Sequence[Sequence[Any]]], Path]


def read(path: Path, **options: Any) -> list[Report]:
    with open_reports(path, **options) as reports:
        return list(reports)


def texts(path: Path, **options: Any) -> list[str]:
    return [report.text for report in read(path, **options)]


def section_texts(report: Report) -> dict[str, str]:
    assert report.spans is not None
    return {span.name: report.text[span.start : span.end] for span in report.spans}


@pytest.fixture(params=["csv", "tsv", "jsonl", "parquet"])
def write_table(request: pytest.FixtureRequest, tmp_path: Path) -> WriteTable:
    """Write one table in each tabular format."""

    def write(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
        path = tmp_path / f"table.{request.param}"
        if request.param == "parquet":
            pd.DataFrame(list(rows), columns=list(names)).to_parquet(path)
        elif request.param == "jsonl":
            lines = (json.dumps(dict(zip(names, row, strict=True))) for row in rows)
            path.write_text("\n".join(lines), encoding="utf-8")
        else:
            with path.open("w", newline="", encoding="utf-8") as file:
                delimiter = "\t" if request.param == "tsv" else ","
                csv.writer(file, delimiter=delimiter).writerows([names, *rows])
        return path

    return write


class TestColumns:
    """The same rules hold for every tabular format."""

    @pytest.mark.parametrize(
        "name",
        [
            "report",
            "Report",
            "REPORTS",
            "text",
            "report_text",
            "ReportText",
            "note",
            "full report",
            "Report Impression",
        ],
    )
    def test_text_column_is_known_by_its_name(self, write_table: WriteTable, name: str) -> None:
        path = write_table(["age", name], [["61", "Clear lungs."], ["47", "Small effusion."]])
        with open_reports(path) as reports:
            assert reports.text_columns == (name,)
            assert reports.id_columns == ("row",)
            assert [(r.id, r.text, r.spans, dict(r.columns)) for r in reports] == [
                ("1", "Clear lungs.", None, {"row": "1"}),
                ("2", "Small effusion.", None, {"row": "2"}),
            ]

    def test_any_column_by_name(self, write_table: WriteTable) -> None:
        path = write_table(["text", "dictation"], [["a", "No edema."]])
        assert texts(path, text_column="dictation") == ["No edema."]
        assert texts(path, text_column="Dictation") == ["No edema."]

    @pytest.mark.parametrize(
        ("names", "key"),
        [
            (["study_id"], "study_id"),
            (["subject_id", "study_id"], "study_id"),
            (["patient_id", "Accession Number"], "Accession Number"),
            (["StudyInstanceUID"], "StudyInstanceUID"),
            (["subject_id", "hadm_id"], "hadm_id"),
            (["id"], "id"),
            (["uid"], "uid"),
            (["filename", "Patient"], "filename"),
            (["Path"], "Path"),
            (["note_id", "subject_id"], "note_id"),
        ],
    )
    def test_identifiers_are_known_by_their_names(
        self, write_table: WriteTable, names: list[str], key: str
    ) -> None:
        row = [f"value-{name}" for name in names]
        path = write_table([*names, "age", "report"], [[*row, "61", "Clear."]])
        [report] = read(path)
        assert dict(report.columns) == dict(zip(names, row, strict=True))
        assert report.id == f"value-{key}"

    @pytest.mark.parametrize(
        ("asked", "columns", "key"),
        [
            ("age", {"age": "61"}, "61"),
            (["age"], {"age": "61"}, "61"),
            (["ward", "subject_id"], {"ward": "W", "subject_id": "p"}, "W"),
            (["subject_id", "study_id"], {"subject_id": "p", "study_id": "s"}, "s"),
        ],
    )
    def test_identifiers_asked_for(
        self, write_table: WriteTable, asked: str | list[str], columns: dict[str, str], key: str
    ) -> None:
        path = write_table(
            ["subject_id", "study_id", "age", "ward", "report"], [["p", "s", "61", "W", "Clear."]]
        )
        [report] = read(path, id_column=asked)
        assert list(report.columns.items()) == list(columns.items())
        assert report.id == key

    def test_empty_identifier_gives_way_to_the_row_number(self, write_table: WriteTable) -> None:
        path = write_table(["id", "report"], [["a", "Clear."], ["", "Clear."]])
        assert [(r.id, dict(r.columns)) for r in read(path)] == [
            ("a", {"id": "a"}),
            ("2", {"id": ""}),
        ]

    def test_findings_and_impression_become_sections(self, write_table: WriteTable) -> None:
        path = write_table(
            ["id", "Impression", "Findings"],
            [["a", "No acute disease.", " Clear lungs.\n"], ["b", "Edema.", ""], ["c", "", ""]],
        )
        both, one, none = read(path)
        assert both.text == "FINDINGS: Clear lungs.\n\nIMPRESSION: No acute disease."
        assert section_texts(both) == {
            "findings": "Clear lungs.",
            "impression": "No acute disease.",
        }
        assert one.text == "IMPRESSION: Edema."
        assert section_texts(one) == {"impression": "Edema."}
        assert (none.text, none.spans) == ("", ())

    def test_mimic_cxr_sectioned(self, write_table: WriteTable) -> None:
        path = write_table(
            ["study", "impression", "findings", "last_paragraph", "comparison"],
            [
                ["s50000001", "Small effusion.", "Heart is big.", "Unused.", "None."],
                ["s50000002", "", "", "Lines in place.", "Chest film, 2140."],
            ],
        )
        with open_reports(path) as source:
            assert source.id_columns == ("study",)
            assert source.text_columns == ("findings", "impression", "last_paragraph")
            sectioned, last = source
        assert section_texts(sectioned) == {
            "findings": "Heart is big.",
            "impression": "Small effusion.",
        }
        assert "Unused" not in sectioned.text
        assert last.text == "Lines in place."
        assert section_texts(last) == {"body": "Lines in place."}
        assert last.id == "s50000002"

    def test_one_section_column_keeps_its_text_as_it_is(self, write_table: WriteTable) -> None:
        path = write_table(["id", "impression"], [["a", " Edema. "], ["b", "nan"]])
        first, second = read(path)
        assert first.text == " Edema. "
        assert first.spans == (("impression", 0, 8),)
        assert (second.text, second.spans) == ("", ())

    def test_section_column_asked_for_is_a_section(self, write_table: WriteTable) -> None:
        path = write_table(["findings", "impression"], [["Clear.", "Edema."]])
        [report] = read(path, text_column="impression")
        assert section_texts(report) == {"impression": "Edema."}

    def test_whole_report_goes_before_sections(self, write_table: WriteTable) -> None:
        path = write_table(["findings", "report", "impression"], [["f", "whole", "i"]])
        assert texts(path) == ["whole"]

    @pytest.mark.parametrize("missing", ["", "nan", "NaN", "NA", "N/A", "None", "null", "<NA>"])
    def test_missing_values_are_empty_reports(self, write_table: WriteTable, missing: str) -> None:
        path = write_table(["id", "report"], [["a", missing], ["b", "Nan."]])
        assert texts(path) == ["", "Nan."]

    def test_text_is_given_as_it_is(self, write_table: WriteTable) -> None:
        text = (
            'He said "clear".\nTwo lines; café, 肺, 🫁, \u2028 and a\ttab;'
            " \u202b\u05e6\u05d9\u05dc\u05d5\u05dd\u202c.  "
        )
        path = write_table(["id", "report"], [["a", text]])
        assert texts(path) == [text]

    def test_no_rows(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("id,report\n")
        pd.DataFrame({"id": [], "report": []}, dtype=str).to_parquet(tmp_path / "a.parquet")
        assert read(tmp_path / "a.csv") == []
        assert read(tmp_path / "a.parquet") == []


class TestCsv:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "reports.csv"

    def test_headerless_column(self, path: Path) -> None:
        path.write_text('"No effusion, no edema."\n"Heart is ""big"".\nLungs clear."\nClear\n')
        with open_reports(path) as reports:
            assert (reports.format, reports.id_columns) == ("csv", ("row",))
            assert reports.text_columns == ("Reports",)
            assert reports.total is None
            assert [(r.id, r.text) for r in reports] == [
                ("1", "No effusion, no edema."),
                ("2", 'Heart is "big".\nLungs clear.'),
                ("3", "Clear"),
            ]

    @pytest.mark.parametrize("name", ["Reports", "report", "Report Impression", "impression"])
    def test_one_column_with_a_known_header(self, path: Path, name: str) -> None:
        path.write_text(f'{name}\n"No effusion, no edema."\n')
        assert texts(path) == ["No effusion, no edema."]

    def test_one_column_with_the_header_asked_for(self, path: Path) -> None:
        path.write_text("dictation\nNo edema.\n")
        assert texts(path) == ["dictation", "No edema."]
        assert texts(path, text_column="dictation") == ["No edema."]

    def test_a_headerless_row_may_end_with_delimiters(self, path: Path) -> None:
        path.write_text('"No edema.",\nClear.,,\n')
        assert texts(path) == ["No edema.", "Clear."]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends(self, path: Path, end: str) -> None:
        path.write_bytes(f'id,report{end}1,"a{end}b"{end}{end}2,c'.encode())
        assert texts(path) == [f"a{end}b", "c"]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_delimiter_is_recognised(self, path: Path, delimiter: str) -> None:
        path.write_text(f'id{delimiter}report\n1{delimiter}"a{delimiter} b"\n')
        with open_reports(path) as reports:
            assert [(r.id, r.text) for r in reports] == [("1", f"a{delimiter} b")]

    def test_delimiter_is_not_taken_for_part_of_a_name(self, path: Path) -> None:
        path.write_text("note|text\n1|Clear.\n")
        assert texts(path) == ["Clear."]

    @pytest.mark.parametrize(("stated", "written"), [("^", "^"), ("\\t", "\t"), ("tab", "\t")])
    def test_delimiter_can_be_stated(self, path: Path, stated: str, written: str) -> None:
        path.write_text(f"who{written}what\n1{written}Clear.\n")
        assert texts(path, delimiter=stated, text_column="what") == ["Clear."]

    def test_huge_report_and_nul(self, path: Path) -> None:
        huge = "no effusion. " * 400_000
        path.write_text(f'id,report\n1,"{huge}"\n2,a\0b\n3,"\0"\n')
        assert texts(path) == [huge, "a\0b", "\0"]

    def test_reading_is_lazy(self, path: Path) -> None:
        path.write_bytes(b"id,report\n" + b"1,Clear.\n" * 20_000 + b"2,\xff\n")
        with open_reports(path) as reports:
            assert next(iter(reports)).text == "Clear."

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ("b,One, two,x", "row 2 (line 3) has 4 fields, not 3; quote reports"),
            ("b", "row 2 (line 3) has 1 field, not 3; complete the row"),
            ('b,"One "two" three",x', "row 2 (line 3) cannot be read: a quote inside"),
        ],
    )
    def test_rows_that_cannot_be_read(self, path: Path, rows: str, message: str) -> None:
        path.write_text(f"id,report,age\na,Clear.,61\n{rows}\nc,Clear.,50\n")
        first, bad, last = read(path)
        assert first.error is None
        assert bad.error is not None
        assert bad.error.startswith(message)
        assert "wo" not in bad.error.replace("word", "")  # nothing of the text
        assert bad.text == ""
        assert set(bad.columns) == {"id"}
        assert (last.id, last.text, last.error) == ("c", "Clear.", None)

    def test_a_bad_row_keeps_its_identifier_if_it_has_one(self, path: Path) -> None:
        path.write_text("id,report\na,One, two\n,One, two\n")
        assert [(r.id, dict(r.columns)) for r in read(path)] == [
            ("a", {"id": "a"}),
            ("2", {"id": ""}),
        ]

    @pytest.mark.parametrize("row", ["a,Clear.", "a,Clear.,61,,"])
    def test_rows_whose_text_is_there_are_read(self, path: Path, row: str) -> None:
        path.write_text(f"id,report,age\n{row}\n")
        [report] = read(path)
        assert (report.id, report.text, report.error) == ("a", "Clear.", None)

    def test_unquoted_comma_in_a_headerless_file(self, path: Path) -> None:
        path.write_text("Clear lungs.\nNo edema, no effusion.\n")
        good, bad = read(path)
        assert good.error is None
        assert bad.error == (
            "row 2 (line 2) has 2 fields, not 1; quote reports that hold the delimiter"
        )
        assert dict(bad.columns) == {"row": "2"}

    def test_quote_that_is_never_closed(self, path: Path) -> None:
        path.write_text('id,report\na,Clear.\nb,"No edema.\nc,Clear.\n')
        good, bad, last = read(path)
        assert (good.text, last.text) == ("Clear.", "Clear.")
        assert (bad.id, bad.error) == (
            "b",
            "row 2 (line 3) cannot be read: its opening quote is never closed",
        )

    @settings(
        max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )
    @given(
        rows=st.lists(
            st.tuples(
                st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
                # With the full stop it is not one of the words for a missing value.
                st.text(st.characters(exclude_categories=["Cs"])).map("{}.".format),
            ),
            min_size=1,
        )
    )
    def test_what_is_written_is_read(self, path: Path, rows: list[tuple[str, str]]) -> None:
        # The padding keeps a file of control characters from being taken for a binary one.
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(["id", "report", "padding"])
            writer.writerow(["0", "Clear lungs. " * 50, ""])
            writer.writerows((*row, "-" * 20 * (len(row[0]) + len(row[1]))) for row in rows)
        _, *reports = read(path)
        assert [(r.id, r.columns["id"]) for r in reports] == [(a, a) for a, _ in rows]
        assert [r.text for r in reports] == [text for _, text in rows]


class TestJsonl:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "reports.jsonl"

    def test_rows_that_cannot_be_read(self, path: Path) -> None:
        path.write_text(
            "\n".join(
                [
                    '{"id": 7, "report": "Clear."}',
                    "",
                    '{"id": 8, "report": ',
                    "[1, 2]",
                    '{"id": 9}',
                    '{"id": 10, "report": 3}',
                    '{"id": {"a": 1}, "report": "Clear."}',
                    "[" * 100_000,
                    '{"id": 11, "report": null}',
                    '{"report": "No id."}',
                ]
            )
        )
        reports = read(path)
        assert [r.error for r in reports] == [
            None,
            "row 2 (line 3) is not a JSON object; mend the line",
            "row 3 (line 4) is not a JSON object; mend the line",
            "row 4 (line 5) has no 'report'",
            "row 5 (line 6) has int in 'report', not text",
            "row 6 (line 7) has dict in 'id', not text",
            "row 7 (line 8) is not a JSON object; mend the line",
            None,
            None,
        ]
        assert [r.id for r in reports] == ["7", "2", "3", "9", "10", "6", "7", "11", "9"]
        assert [r.stated_id for r in reports] == ["7", "", "", "9", "10", "", "", "11", ""]
        assert reports[3].columns == {"id": 9}
        assert [r.text for r in reports if not r.error] == ["Clear.", "", "No id."]

    def test_first_lines_may_be_bad(self, path: Path) -> None:
        path.write_text('\n{"id"\n{"id": "b", "text": "Clear."}\n')
        bad, good = read(path)
        assert bad.error == "row 1 (line 2) is not a JSON object; mend the line"
        assert (good.id, good.text) == ("b", "Clear.")

    def test_values_of_identifiers(self, path: Path) -> None:
        path.write_text(
            '{"id": 50000001.0, "report": "a"}\n{"id": 1.5, "report": "b"}\n'
            '{"id": NaN, "report": "c"}\n{"id": true, "report": NaN}\n'
        )
        assert [(r.id, r.columns["id"], r.text) for r in read(path)] == [
            ("50000001", 50000001, "a"),
            ("1.5", "1.5", "b"),
            ("3", "", "c"),
            ("True", "True", ""),
        ]

    def test_half_characters_are_replaced(self, path: Path) -> None:
        path.write_text(r'{"report": "a\ud800b \ud83e\udec1 \u00e9", "n": 1}')
        assert texts(path) == ["a\ufffdb \U0001fac1 é"]

    @pytest.mark.parametrize("name", ["a.ndjson", "a.json"])
    def test_other_suffixes(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text('{"text": "Clear."}')
        assert texts(tmp_path / name) == ["Clear."]


class TestParquet:
    def test_types(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        pd.DataFrame(
            {
                "subject_id": [1, 2, 3],
                "study_id": [50000001, None, 50000003],
                "text": pd.Categorical(["Clear.", None, "Edema."]),
                "other": [1.5, 2.5, 3.5],
            }
        ).to_parquet(path)
        with open_reports(path) as reports:
            assert (reports.format, reports.total) == ("parquet", 3)
            assert [(r.id, r.columns["subject_id"], r.text) for r in reports] == [
                ("50000001", 1, "Clear."),
                ("2", 2, ""),
                ("50000003", 3, "Edema."),
            ]
            assert reports.integers == ("subject_id",)

    def test_many_batches_in_order(self, tmp_path: Path) -> None:
        path = tmp_path / "a.pq"
        pd.DataFrame({"text": [f"Report {n}." for n in range(5000)]}).to_parquet(path)
        reports = read(path)
        assert [r.text for r in reports] == [f"Report {n}." for n in range(5000)]
        assert [r.id for r in reports] == [str(n) for n in range(1, 5001)]

    def test_known_by_its_first_bytes(self, tmp_path: Path) -> None:
        path = tmp_path / "table"
        pd.DataFrame({"text": ["Clear."]}).to_parquet(path)
        assert texts(path) == ["Clear."]


@pytest.mark.parametrize("header", ["report\n", ""])
def test_an_empty_line_of_a_csv_of_one_column_is_an_empty_report(
    tmp_path: Path, header: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}Edema.\n\nNo edema.\n", encoding="utf-8")
    assert texts(path) == ["Edema.", "", "No edema."]
    if not header:
        path.write_text("\n\nEdema.\n", encoding="utf-8")
        assert texts(path) == ["", "", "Edema."]
    path.write_text("id,report\na,Edema.\n\nb,No edema.\n", encoding="utf-8")
    assert texts(path) == ["Edema.", "No edema."]
