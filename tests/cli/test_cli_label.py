"""`chexlabel label`: arguments, streams, messages, statuses; `label_file` has tests of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import chexlabel.cli.label
from chexlabel.cli import main
from fakes import FINDINGS, LABELS, MANY, TEXTS, FakeLabeler, reports_csv


@pytest.fixture(autouse=True)
def _fake(monkeypatch) -> None:
    monkeypatch.setattr(chexlabel.cli.label, "labeler_from", lambda _: FakeLabeler())


@pytest.fixture
def reports(tmp_path) -> Path:
    return reports_csv(tmp_path / "reports.csv", TEXTS)


def test_the_command_is_label_by_default(reports, tmp_path, capsys) -> None:
    assert main([str(reports), "-o", str(tmp_path / "a.csv")]) == 0
    assert main(["label", str(reports), "-o", str(tmp_path / "b.csv")]) == 0
    assert main(["-o", str(tmp_path / "c.csv"), str(reports), "-q"]) == 0
    assert {(tmp_path / f"{name}.csv").read_text() for name in "abc"} == {LABELS}
    first, second = capsys.readouterr().err.splitlines()
    pattern = (
        r"chexlabel: 3 reports in [\d.]+ s \([\d,]+ reports/s\); "
        r"2 positive, 1 negative, 0 uncertain; text from 'report', id from 'id'"
    )
    assert re.fullmatch(pattern, first)
    assert re.fullmatch(pattern, second)


def test_a_headerless_table_and_the_columns_in_the_summary(tmp_path, capsys) -> None:
    source = tmp_path / "reports.csv"
    source.write_text("s1;There is edema, no pneumonia.\ns2;A chest.\n")
    arguments = [str(source), "-o", str(tmp_path / "labels.csv"), "--no-header"]
    assert main([*arguments, "--text-column", "2"]) == 0
    assert (tmp_path / "labels.csv").read_text() == "id,Edema,Pneumonia\ns1,1.0,0.0\ns2,,\n"
    assert capsys.readouterr().err.endswith("; text from 'report', id from 'id'\n")


def test_the_size_of_a_report_has_a_limit(tmp_path, capsys) -> None:
    (tmp_path / "texts").mkdir()
    for name, text in (("a", "edema"), ("b", "edema " * 1000)):
        (tmp_path / "texts" / f"{name}.txt").write_text(text)
    arguments = [str(tmp_path / "texts"), "-o", str(tmp_path / "labels.csv"), "--format", "text"]
    assert main([*arguments, "--max-size", "4K"]) == 3
    assert "longer than 4 KB" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    capsys.readouterr()
    assert main([*arguments, "--max-size", "much"]) == 2
    assert "a size such as 64M is needed, not 'much'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
@pytest.mark.parametrize("length", [1500, 3900, 200_000])
def test_a_longer_report_is_blank_and_names_the_option(tmp_path, capsys, name, length) -> None:
    frame = pd.DataFrame({"id": ["a", "b", "c"], "report": ["edema", "edema" * (length // 5), "x"]})
    source = tmp_path / name
    match source.suffix:
        case ".csv":
            frame.to_csv(source, index=False)
        case ".jsonl":
            frame.to_json(source, orient="records", lines=True)
        case ".parquet":
            frame.to_parquet(source)
    arguments = [str(source), "-o", str(tmp_path / "labels.csv"), "--max-size", "1K", "-q"]
    assert main(arguments) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("chexlabel: report 2 ")
    assert line.endswith("; allow more with --max-size")
    labels = (tmp_path / "labels.csv").read_text()
    assert re.fullmatch(r"id,Edema,Pneumonia\na,1.0,\nb?,,\nc,,\n", labels)


def test_a_quote_that_is_never_closed_reaches_the_limit(tmp_path, capsys) -> None:
    source = tmp_path / "reports.csv"
    rows = "r3,There is edema.\n" * 20_000
    source.write_text('id,report\nr1,edema\nr2,"edema\n' + rows)
    assert main([str(source), "-o", str(tmp_path / "labels.csv"), "--max-size", "130K"]) == 3
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("chexlabel: report 2 (id r2) labeled blank: row 2 (line 3) cannot be")
    assert (tmp_path / "labels.csv").read_text().count("1.0") == 20_001


def test_the_default_limit_is_that_of_the_readers() -> None:
    from chexlabel.readers import MAX_SIZE

    args = chexlabel.cli.build_parser("label").parse_args(["label", "a.csv"])
    assert args.max_size == MAX_SIZE


@pytest.mark.parametrize("name", ["reports.csv", "reports"])
@pytest.mark.parametrize("options", [[], ["--delimiter", ";"]])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_line_by_which_excel_is_told_the_delimiter(tmp_path, capsys, name, options, workers):
    source, labels = tmp_path / name, tmp_path / "labels.csv"
    source.write_bytes(b'\xef\xbb\xbfsep=;\r\nid;report\r\nr1;"There is no edema, ."\r\nr2;"x"\r\n')
    assert main([str(source), "-o", str(labels), "--workers", workers, *options]) == 0
    assert labels.read_text() == "id,Edema,Pneumonia\nr1,0.0,\nr2,,\n"
    source.write_bytes(b'sep=|\nr1|edema\nr2|"a"b"\n')
    no_header = ["--no-header", "--text-column", "2", "--force"]
    assert main([str(source), "-o", str(labels), "--workers", workers, *no_header]) == 3
    assert labels.read_text() == "id,Edema,Pneumonia\nr1,1.0,\nr2,,\n"
    assert "report 2 (id r2) labeled blank: row 2 (line 3) cannot" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_two_columns_of_the_name_that_is_read(tmp_path, capsys, ending) -> None:
    source = tmp_path / f"reports.{ending}"
    columns = ["id", "note", "report", "note", "report"]
    rows = [["a", "x", "edema", "y", "no edema"]]
    if ending == "parquet":
        table = pa.table([[cell] for cell in rows[0]], names=columns)
        parquet.write_table(table, source)
    else:
        frame = pd.DataFrame(rows, columns=columns)
        write = {"csv": frame.to_csv, "xlsx": frame.to_excel}[ending]
        write(source, index=False)
    labels = tmp_path / "labels.csv"
    assert main([str(source), "-o", str(labels)]) == 2
    assert "has 2 columns named 'report'; rename all but one" in capsys.readouterr().err


def test_safe_csv_defuses_what_a_spreadsheet_would_run(tmp_path) -> None:
    source = tmp_path / "reports.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["id", "@site", "report"], ["=1+1", "-", "edema"], ["r1", "a", "+no edema"]]
        )
    arguments = [str(source), "--id-column", "id", "--id-column", "@site", "--keep-text", "-q"]
    for name, safe in (
        ("plain.csv", []),
        ("safe.csv", ["--safe-csv"]),
        ("safe.tsv", ["--safe-csv"]),
    ):
        assert main([*arguments, "-o", str(tmp_path / name), *safe]) == 0
    rows = list(csv.reader((tmp_path / "plain.csv").read_text().splitlines()))
    assert [row[:3] for row in rows] == [
        ["id", "@site", "report"],
        ["=1+1", "-", "edema"],
        ["r1", "a", "+no edema"],
    ]
    safe = [["id", "'@site", "report"], ["'=1+1", "'-", "edema"], ["r1", "a", "'+no edema"]]
    assert (tmp_path / "safe.tsv").read_text().splitlines()[1] == "'=1+1\t'-\tedema\t1.0\t"
    assert [row[:3] for row in csv.reader((tmp_path / "safe.csv").read_text().splitlines())] == safe


def test_the_default_output_is_csv_on_standard_output(reports, capsysbinary) -> None:
    assert main([str(reports), "--quiet"]) == 0
    out, err = capsysbinary.readouterr()
    assert out.decode() == LABELS
    assert err == b""


def test_reports_come_from_standard_input(reports, monkeypatch, capsysbinary) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(reports.read_bytes())))
    assert main(["-", "--quiet"]) == 0
    assert capsysbinary.readouterr().out.decode() == LABELS


def test_keep_text(reports, tmp_path) -> None:
    assert main([str(reports), "-o", str(tmp_path / "labels.jsonl"), "--keep-text", "-q"]) == 0
    first = json.loads((tmp_path / "labels.jsonl").read_text().splitlines()[0])
    assert list(first.items()) == [
        ("id", "r1"),
        ("report", "There is edema."),
        ("Edema", 1),
        ("Pneumonia", None),
    ]


def test_a_report_the_labeler_fails_on_is_blank_and_the_run_goes_on(tmp_path, capsys) -> None:
    source = reports_csv(tmp_path / "reports.csv", ["edema", "BOOM private words", "no edema"])
    output, evidence = tmp_path / "labels.csv", tmp_path / "evidence.jsonl"
    assert main([str(source), "-o", str(output), "--evidence", str(evidence)]) == 3
    assert output.read_text().splitlines()[1:] == ["r1,1.0,", "r2,,", "r3,0.0,"]
    failed, summary = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"chexlabel: report 2 \(id r2\) labeled blank: "
        r"the labeler failed on it \(ValueError at \S+:\d+\)",
        failed,
    )
    assert summary.endswith("; 1 could not be read and are labeled blank")
    record = json.loads(evidence.read_text().splitlines()[1])
    assert "ValueError" in record["error"]
    assert record["labels"] == dict.fromkeys(FINDINGS)
    assert "private" not in failed + evidence.read_text()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"id": "A", "report": "edema"}\n{"id": "PAT-B", "report": 5}\n{"id": 2}\n{\n'),
        ("a.csv", 'id,report\n1,"ok."\nPAT-B,"unclosed\n2,"bad "quote""\nno id,"un"closed"\n'),
    ],
)
def test_an_identifier_that_was_read_is_kept_and_none_made_up(tmp_path, capsys, name, content):
    source, evidence = tmp_path / name, tmp_path / "evidence.jsonl"
    source.write_text(content)
    arguments = [str(source), "-o", str(tmp_path / "labels.csv"), "--evidence", str(evidence), "-q"]
    assert main(arguments) == 3
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" labeled blank: ")[0] for line in lines] == [
        "chexlabel: report 2 (id PAT-B)",
        "chexlabel: report 3 (id 2)",
        "chexlabel: report 4",
    ]
    ids = [line.partition(",")[0] for line in (tmp_path / "labels.csv").read_text().splitlines()]
    assert ids[2:] == ["PAT-B", "2", ""]
    assert [str(json.loads(line)["id"]) for line in evidence.read_text().splitlines()] == ids[1:]


def test_strict_stops_at_the_first_report_that_cannot_be_read(tmp_path, capsys) -> None:
    source = reports_csv(tmp_path / "reports.csv", ["edema", "BOOM private words", "no edema"])
    assert main([str(source), "-o", str(tmp_path / "labels.csv"), "--strict"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("chexlabel: error: report 2 (id r2): the labeler failed on it (ValueErr")
    assert "private" not in err
    assert list(tmp_path.iterdir()) == [source]
    source = reports_csv(tmp_path / "reports.csv", ["edema", "no edema"])
    assert main([str(source), "-o", str(tmp_path / "labels.csv"), "--strict"]) == 0


@pytest.mark.parametrize("held", [1, 1 << 20])
def test_strict_writes_nothing_to_standard_output_either(
    tmp_path, capsysbinary, monkeypatch, held: int
) -> None:
    monkeypatch.setattr("chexlabel.run.outputs._HELD_IN_MEMORY", held)
    source = reports_csv(tmp_path / "reports.csv", [*MANY * 20, "BOOM"])
    assert main([str(source), "--strict", "-q"]) == 2
    assert capsysbinary.readouterr().out == b""
    source = reports_csv(tmp_path / "reports.csv", MANY * 20)
    assert main([str(source), "-q"]) == main([str(source), "-q", "--strict"]) == 0
    out = capsysbinary.readouterr().out
    assert out[: len(out) // 2] == out[len(out) // 2 :]


def test_a_stray_quote_costs_one_row_and_shows_in_the_status(tmp_path, capsys) -> None:
    source = tmp_path / "reports.csv"
    rows = "".join(f"r{n},There is edema.\n" for n in range(1, 301))
    source.write_text("id,report\n" + rows.replace("r7,", 'r7,"', 1))
    assert main([str(source), "-o", str(tmp_path / "labels.csv")]) == 3
    labels = (tmp_path / "labels.csv").read_text().splitlines()[1:]
    assert labels == [f"r{n},{'' if n == 7 else '1.0'}," for n in range(1, 301)]
    first, last = capsys.readouterr().err.splitlines()
    assert first == (
        "chexlabel: report 7 (id r7) labeled blank: "
        "row 7 (line 8) cannot be read: its opening quote is never closed"
    )
    assert "; 1 could not be read" in last


def test_many_unreadable_reports_are_counted_not_listed(tmp_path, capsys) -> None:
    source = reports_csv(tmp_path / "reports.csv", ["BOOM"] * 25)
    assert main([str(source), "-o", str(tmp_path / "labels.csv"), "-q"]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "chexlabel: and 5 more that could not be read"


def test_an_id_cannot_write_to_the_terminal(tmp_path, capsys) -> None:
    source = tmp_path / "reports.csv"
    source.write_text('id,report\n"a\x1b[2J\nb",BOOM\n')
    assert main([str(source), "-o", str(tmp_path / "labels.csv"), "-q"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert r"(id a\x1b[2J\nb)" in line


def bad_input(tmp_path: Path, kind: str) -> list[str]:
    path = tmp_path / "bad.csv"
    contents = {
        "empty": b"",
        "binary": bytes(range(256)) * 8,
        "latin-1": "id,report\n1,\u00e9\n".encode("latin-1"),
        "unknown column": b"id,report\n1,edema\n",
        "no format": b"id,report\n1,edema\n",
        "no folder": b"id,report\n1,edema\n",
        "name clash": b"Edema,report\n1,edema\n",
    }
    arguments = [str(path), "-o", str(tmp_path / "labels.csv")]
    if kind == "broken XML":
        path = tmp_path / "bad.xml"
        contents[kind] = b"<eCitation><uId"
        arguments[0] = str(path)
    elif kind == "unknown column":
        arguments += ["--text-column", "nothing"]
    elif kind == "no format":
        arguments[2] = str(tmp_path / "labels.xyz")
    elif kind == "no folder":
        arguments[2] = str(tmp_path / "nowhere" / "labels.csv")
    elif kind == "name clash":
        arguments += ["--id-column", "Edema"]
    elif kind == "folder without reports":
        arguments[0] = str(tmp_path / "folder")
        (tmp_path / "folder").mkdir()
    if kind in contents:
        path.write_bytes(contents[kind])
    return arguments


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "empty",
        "binary",
        "latin-1",
        "unknown column",
        "no format",
        "no folder",
        "name clash",
        "folder without reports",
        "broken XML",
    ],
)
def test_bad_input_is_one_line_and_status_2(tmp_path, kind: str, capsys) -> None:
    arguments = bad_input(tmp_path, kind)
    before = sorted(tmp_path.iterdir())
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"chexlabel: error: [^\n]{20,}\n", err)
    assert sorted(tmp_path.iterdir()) == before


DRIVER = textwrap.dedent("""
    import sys
    import chexlabel.cli.label
    from chexlabel.cli import main
    from fakes import FakeLabeler
    chexlabel.cli.label.labeler_from = lambda args: FakeLabeler()
    sys.exit(main(sys.argv[1:]))
""")


PATIENCE = 600
"""Seconds after which a run hangs for sure, however busy the machine is."""


def start(*arguments: str, **options) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", DRIVER, *arguments]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        **options,
    )


@pytest.fixture
def heeded_signals():
    """Let runs heed the signals that `nohup` and a shell's background jobs have them ignore."""
    ignored = [n for n in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(n) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.usefixtures("heeded_signals")
@pytest.mark.parametrize(
    ("number", "workers", "status", "said"),
    [
        (signal.SIGINT, "1", 130, b"chexlabel: interrupted\n"),
        (signal.SIGINT, "2", 130, b"chexlabel: interrupted\n"),
        (signal.SIGTERM, "1", 143, b""),
        (getattr(signal, "SIGHUP", 1), "1", 129, b""),
    ],
)
def test_a_signal_ends_the_run_cleanly(
    tmp_path, number: signal.Signals, workers: str, status: int, said: bytes
) -> None:
    rows = "".join(f"r{n},edema\n" for n in range(200_000)).encode()
    # A session of its own, so that the signal can go to all its processes as a terminal sends it.
    with start(
        "-", "-o", str(tmp_path / "labels.csv"), "--workers", workers, start_new_session=True
    ) as process:
        try:
            process.stdin.write(b"id,report\n" + rows)
            process.stdin.flush()
            deadline = time.monotonic() + PATIENCE
            while not any(path.stat().st_size for path in tmp_path.iterdir()):
                assert time.monotonic() < deadline, "the run did not begin"
                time.sleep(0.02)
            os.killpg(process.pid, number)
            _, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, err) == (status, said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path) -> None:
    source = reports_csv(tmp_path / "reports.csv", MANY * 50)
    with start(str(source)) as process:
        assert process.stdout.readline() == b"id,Edema,Pneumonia\n"
        process.stdout.close()
        err = process.stderr.read()
        assert (process.wait(timeout=PATIENCE), err) == (141, b"")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_progress_bar_is_shown_on_a_terminal_only(reports, tmp_path, monkeypatch) -> None:
    shown = {}
    for kind in (Terminal, io.StringIO):
        stream = kind()
        monkeypatch.setattr(sys, "stderr", stream)
        assert main([str(reports), "-o", str(tmp_path / "labels.csv"), "--force"]) == 0
        shown[kind] = stream.getvalue()
    assert "\x1b" in shown[Terminal]
    assert "labeling" in shown[Terminal]
    assert "100%" in shown[Terminal]
    assert "left:" in shown[Terminal]
    assert "3 reports in" in shown[Terminal]
    assert "\x1b" not in shown[io.StringIO]
    assert len(shown[io.StringIO].splitlines()) == 1


@pytest.mark.parametrize(("number", "said"), [(1, "2 reports, "), (3, "3 files, ")])
def test_the_progress_bar_counts_reports_and_of_several_sources_files(
    tmp_path, monkeypatch, number: int, said: str
) -> None:
    sources = [reports_csv(tmp_path / f"{n}.csv", ["edema", "x"]) for n in range(number)]
    output = tmp_path / ("labels.csv" if number == 1 else "out")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "200")
    assert main([*map(str, sources), "-o", str(output)]) == 0
    assert said in sys.stderr.getvalue()
