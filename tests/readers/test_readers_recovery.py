"""A stray quote in a CSV costs the row it stands in: no other row, no identifier, no text told."""

from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chexlabel.readers import open_reports

if TYPE_CHECKING:
    from pathlib import Path

    from chexlabel.report import Report

TEXTS = (
    "Clear lungs.",
    "No edema, no effusion.",
    "FINDINGS: heart, lungs normal\nIMPRESSION:\nno effusion, 2019",
    'A "ground glass" opacity, stable',
    "",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports.csv"


def read(path: Path) -> list[Report]:
    with open_reports(path) as reports:
        return list(reports)


def errors(reports: list[Report]) -> list[str]:
    return [report.error for report in reports if report.error is not None]


def test_an_unclosed_quote_takes_no_other_row(path: Path) -> None:
    rows = [f"{number},Clear lungs {number}.\n" for number in range(1, 1001)]
    rows[499] = '500,"Clear lungs 500.\n'
    path.write_text("study_id,report\n" + "".join(rows))
    reports = read(path)
    assert [report.id for report in reports] == [str(number) for number in range(1, 1001)]
    assert errors(reports) == [
        "row 500 (line 501) cannot be read: its opening quote is never closed"
    ]
    assert reports[999].text == "Clear lungs 1000."


def test_the_lines_of_a_broken_report_are_no_rows(path: Path) -> None:
    path.write_text(
        'study_id,report\n10,Clear.\n11,"FINDINGS: a "large" heart\nlungs, clear\n'
        'IMPRESSION: no effusion"\n12,Clear.\n13,Clear.\n'
    )
    reports = read(path)
    assert [report.id for report in reports] == ["10", "11", "12", "13"]
    assert errors(reports) == [
        "row 2 (lines 3 to 5) cannot be read: a quote inside a quoted field is not doubled "
        '(write "" for ")'
    ]


def test_lines_of_a_report_without_quotes_are_not_taken_for_identifiers(path: Path) -> None:
    path.write_text(
        "study_id,report,age\n10,Clear.,50\n11,FINDINGS: edema, new\nsecret finding, big\n"
        "12,Clear.,60\n"
    )
    reports = read(path)
    assert [(report.id, dict(report.columns)["study_id"]) for report in reports] == [
        ("10", "10"),
        ("11", "11"),
        ("3", ""),
        ("12", "12"),
    ]
    assert "secret" not in "".join(errors(reports))


@pytest.mark.parametrize("quote", ['"', ""], ids=["quoted", "bare"])
def test_rows_with_identifiers_of_another_kind_are_rows(path: Path, quote: str) -> None:
    rows = [f"{name},{quote}ok.{quote}\n" for name in ("1", "2", "3", "n1", "n2", "n3")]
    path.write_text("id,report\n" + "".join([*rows[:3], 'x,"bad unclosed\n', *rows[3:]]))
    reports = read(path)
    assert [report.id for report in reports] == ["1", "2", "3", "x", "n1", "n2", "n3"]
    assert errors(reports) == ["row 4 (line 5) cannot be read: its opening quote is never closed"]


def test_a_broken_row_behind_a_broken_row_is_there(path: Path) -> None:
    path.write_text('id,report\n3,"ok"\n1,"bad "quote" here"\nZ9,"unclosed\n2,"ok"\n')
    reports = read(path)
    assert [report.id for report in reports] == ["3", "1", "Z9", "2"]
    assert len(errors(reports)) == 2


def test_a_broken_row_keeps_an_identifier_of_another_kind(path: Path) -> None:
    path.write_text('id,report\n1,"ok."\nB-7,"unclosed\n3,ok.\nB8,One, two\n')
    reports = read(path)
    assert [(r.stated_id, dict(r.columns)) for r in reports] == [
        (name, {"id": name}) for name in ("1", "B-7", "3", "B8")
    ]


def test_a_row_with_too_long_a_field_keeps_its_identifier(path: Path) -> None:
    path.write_text(f'id,report\n1,ok.\nB-7,"{"edema " * 30_000}"\n3,ok.\n')
    with open_reports(path, max_size=1 << 17) as source:
        reports = list(source)
    assert [report.stated_id for report in reports] == ["1", "B-7", "3"]
    assert len(errors(reports)) == 1


def test_an_identifier_behind_the_text_is_counted_from_the_end(path: Path) -> None:
    path.write_text(
        "report,study_id\nClear.,10\nEdema, effusion, large,11\nEdema, secret, large\nClear.,12\n"
    )
    assert [report.columns["study_id"] for report in read(path)] == ["10", "11", "", "12"]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("ids_first", [True, False])
def test_a_missing_quote_costs_its_row_only(path: Path, quoting: int, ids_first: bool) -> None:
    rows = [(f"s{number}", TEXTS[number % 4]) for number in range(40)]
    lines = written(rows, quoting, ids_first)
    broken = 22  # its text holds a comma and is quoted either way
    lines[broken] = without_last_quote(lines[broken])
    path.write_text("".join(lines), newline="")
    reports = read(path)
    assert [r.text for r in reports if r.error is None] == [
        text for number, (_, text) in enumerate(rows, start=1) if number != broken
    ]
    assert len(errors(reports)) == 1


def without_last_quote(line: str) -> str:
    before, _, after = line.rpartition('"')
    return before + after


def written(rows: list[tuple[str, str]], quoting: int, ids_first: bool) -> list[str]:
    """Return the rows as CSV, the header first, each as one string."""
    lines = []
    for identifier, text in [("study_id", "report"), *rows]:
        line = io.StringIO(newline="")
        row = (identifier, text) if ids_first else (text, identifier)
        csv.writer(line, quoting=quoting, lineterminator="\n").writerow(row)
        lines.append(line.getvalue())
    return lines


@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    texts=st.lists(st.sampled_from(TEXTS), min_size=3, max_size=20),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    row=st.integers(0, 19),
    at=st.integers(0, 200),
)
@example(texts=["Clear lungs."] * 5, quoting=csv.QUOTE_MINIMAL, row=1, at=4)
def test_a_stray_quote_anywhere_leaves_the_other_rows(
    path: Path, texts: list[str], quoting: int, row: int, at: int
) -> None:
    rows = [(str(1001 + number), text) for number, text in enumerate(texts)]
    lines = written(rows, quoting, ids_first=True)
    struck = 1 + row % len(rows)
    line = lines[struck]
    at %= len(line)
    lines[struck] = line[:at] + '"' + line[at:]
    path.write_text("".join(lines), newline="")
    reports = read(path)
    others = [pair for number, pair in enumerate(rows, start=1) if number != struck]
    found = [(report.id, report.text) for report in reports if report.error is None]
    assert [pair for pair in found if pair in others] == others
    # The struck row is there too, readable or not, unless its identifier was what was struck.
    identifiers = [report.id for report in reports]
    assert rows[struck - 1][0] in identifiers or at <= line.index(",")


def test_many_broken_rows_take_linear_time(path: Path) -> None:
    taken = []
    for number in (2_000, 20_000):
        path.write_text("id,report\n1,Clear.\n" + 'x y z,"Clear" lungs\n' * number)
        started = time.process_time()
        assert len(read(path)) == number + 1
        taken.append(time.process_time() - started)
    assert taken[1] < 40 * taken[0]
