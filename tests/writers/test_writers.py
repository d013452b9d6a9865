"""Writers: the labels formats, the evidence, and files that appear whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import stat
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from chexlabel.errors import OutputError
from chexlabel.labels import Cue, Label, LabeledReport, Mention
from chexlabel.report import Report
from chexlabel.writers import (
    AtomicOutput,
    EvidenceWriter,
    Layout,
    check_evidence_columns,
    evidence_line,
    evidence_record,
    labels_writer,
    recognise_format,
    write_atomic,
)

FINDINGS = ("Edema", "Pleural Effusion", "Fracture", "Pneumonia")
ROW = (Label.POSITIVE, Label.NEGATIVE, Label.UNCERTAIN, None)


def report(number: int, text: str = "Text.", **columns: str) -> Report:
    return Report(id=f"r{number}", text=text, columns=columns or {"id": f"r{number}"})


def written(layout: Layout, kind: str, reports, labels) -> bytes:
    stream = io.BytesIO()
    writer = labels_writer(stream, layout, kind)
    writer.write(reports, labels)
    writer.close()
    return stream.getvalue()


def test_csv_is_coded_as_the_chexpert_labeler_codes_it() -> None:
    layout = Layout(("id",), None, FINDINGS)
    out = written(layout, "csv", [report(1), report(2)], [ROW, (None,) * 4])
    assert out == b"id,Edema,Pleural Effusion,Fracture,Pneumonia\nr1,1.0,0.0,-1.0,\nr2,,,,\n"


def test_tsv() -> None:
    out = written(Layout(("id",), None, FINDINGS), "tsv", [report(1)], [ROW])
    assert out.splitlines()[1] == b"r1\t1.0\t0.0\t-1.0\t"


@pytest.mark.parametrize(
    "text",
    [
        'He said "stable".',
        "a, b\nc\r\nd\re",
        "\r",
        " padded ",
        "תפליט 😀",
        "nul\0nul",
        "",
    ],
)
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_any_text_comes_back_as_it_was(text: str, kind: str) -> None:
    layout = Layout(("id", "site"), "report", FINDINGS)
    reports = [report(1, text, id="r1", site=text), report(2, id="r2", site="x")]
    out = written(layout, kind, reports, [ROW, ROW])
    if kind == "parquet":
        rows = pq.read_table(io.BytesIO(out)).to_pylist()
    elif kind == "jsonl":
        rows = [json.loads(line) for line in out.decode().splitlines()]
    else:
        rows = list(
            csv.DictReader(
                io.StringIO(out.decode(), newline=""), delimiter="," if kind == "csv" else "\t"
            )
        )
    assert len(rows) == 2
    assert (rows[0]["site"], rows[0]["report"]) == (text, text)
    assert rows[1]["site"] == "x"
    assert rows[0]["Pneumonia"] in ("", None)
    assert float(rows[0]["Fracture"]) == -1.0


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_a_lone_surrogate_does_not_stop_the_run(kind: str) -> None:
    layout = Layout(("id",), None, FINDINGS)
    out = written(layout, kind, [report(1, id="a\ud800b")], [ROW])
    assert out
    if kind == "jsonl":
        assert json.loads(out)["id"] == "a\ud800b"


def test_jsonl_is_flat_with_integers_and_nulls() -> None:
    out = written(Layout(("id",), None, FINDINGS), "jsonl", [report(1)], [ROW])
    assert out.decode() == (
        '{"id": "r1", "Edema": 1, "Pleural Effusion": 0, "Fracture": -1, "Pneumonia": null}\n'
    )


def test_without_identifying_columns() -> None:
    layout = Layout((), None, FINDINGS)
    assert written(layout, "csv", [report(1)], [ROW]).splitlines()[1] == b"1.0,0.0,-1.0,"
    assert json.loads(written(layout, "jsonl", [report(1)], [ROW]))["Edema"] == 1
    assert pq.read_table(io.BytesIO(written(layout, "parquet", [report(1)], [ROW]))).num_rows == 1


def test_parquet_has_nullable_floats_and_bounded_row_groups(monkeypatch) -> None:
    from chexlabel.writers.labels import ParquetWriter

    monkeypatch.setattr(ParquetWriter, "_ROWS", 4)
    stream = io.BytesIO()
    writer = ParquetWriter(stream, Layout(("id",), None, FINDINGS))
    for first in range(0, 10, 2):
        writer.write([report(first), report(first + 1)], [ROW, (None,) * 4])
    writer.close()
    file = pq.ParquetFile(io.BytesIO(stream.getvalue()))
    assert file.num_row_groups == 3
    table = file.read()
    assert table.column("id").to_pylist() == [f"r{n}" for n in range(10)]
    assert [str(field.type) for field in table.schema] == ["string"] + ["double"] * 4
    assert table.column("Pneumonia").null_count == 10
    assert table.column("Edema").to_pylist()[:2] == [1.0, None]


def test_the_memo_of_label_rows_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr("chexlabel.writers.labels._MEMO_ROWS", 2)
    values = [Label.POSITIVE, Label.NEGATIVE, Label.UNCERTAIN, None]
    rows = [(one, other) for one in values for other in values]
    reports = [report(n) for n in range(len(rows))]
    for kind in ("csv", "jsonl"):
        layout = Layout((), None, ("A", "B"))
        stream = io.BytesIO()
        writer = labels_writer(stream, layout, kind)
        writer.write(reports, rows)
        known = writer._cells if kind == "csv" else writer._ends
        assert len(known) <= 2
        lines = stream.getvalue().decode().splitlines()
        if kind == "jsonl":
            assert [tuple(json.loads(line).values()) for line in lines] == rows
        else:
            coded = {Label.POSITIVE: "1.0", Label.NEGATIVE: "0.0", Label.UNCERTAIN: "-1.0"}
            assert lines[1:] == [",".join(coded.get(label, "") for label in row) for row in rows]


def test_a_column_named_as_a_finding_is_an_error() -> None:
    with pytest.raises(OutputError, match=r"two columns .* 'Edema'"):
        labels_writer(io.BytesIO(), Layout(("Edema",), None, FINDINGS), "csv")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", ("csv", False)),
        ("a.CSV.GZ", ("csv", True)),
        ("a.b.tsv", ("tsv", False)),
        ("a.jsonl.gz", ("jsonl", True)),
        ("a.parquet", ("parquet", False)),
        ("-", ("csv", False)),
    ],
)
def test_the_format_is_told_by_the_name(name: str, expected: tuple[str, bool]) -> None:
    assert recognise_format(name) == expected


def test_a_stated_format_holds_whatever_the_name() -> None:
    assert recognise_format("labels", "jsonl") == ("jsonl", False)
    assert recognise_format("-", "tsv") == ("tsv", False)


@pytest.mark.parametrize("name", ["labels", "labels.ods", "labels.gz", "a.csv/labels"])
def test_an_unknown_ending_names_the_option(name: str) -> None:
    with pytest.raises(OutputError, match="--output-format"):
        recognise_format(name)


def test_unknown_and_compressed_formats_are_refused() -> None:
    with pytest.raises(OutputError, match="there is no output format 'ods'"):
        recognise_format("a.csv", "ods")
    with pytest.raises(OutputError, match=r"leave out the \.gz"):
        recognise_format("a.parquet.gz")


TEXT = "No small effusion.\nEdema?"
CUE = Cue("negation", "No", 0, 2, "no")
MENTION = Mention(
    "Pleural Effusion",
    Label.NEGATIVE,
    "effusion",
    9,
    17,
    "findings",
    (0, 18),
    (CUE,),
    "effusion",
)
LABELED = LabeledReport("r1", {"Edema": None, "Pleural Effusion": Label.NEGATIVE}, (MENTION,))


def test_the_evidence_quotes_the_text() -> None:
    record = json.loads(evidence_line({"study": "s1"}, LABELED))
    assert list(record) == ["study", "labels", "mentions"]
    assert record["study"] == "s1"
    assert record["labels"] == {"Edema": None, "Pleural Effusion": 0}
    (mention,) = record["mentions"]
    assert TEXT[mention["start"] : mention["end"]] == mention["text"] == "effusion"
    assert mention["finding"] == "Pleural Effusion"
    assert (mention["label"], mention["section"], mention["pattern"]) == (0, "findings", "effusion")
    assert TEXT[slice(*mention["sentence"])] == "No small effusion."
    (cue,) = mention["cues"]
    assert TEXT[cue["start"] : cue["end"]] == cue["text"] == "No"
    assert (cue["kind"], cue["pattern"]) == ("negation", "no")


def test_the_evidence_of_an_unreadable_report_says_why() -> None:
    blank = LabeledReport("r1", {"Edema": None}, ())
    assert evidence_record({"id": "r1"}, blank, error="no text") == {
        "id": "r1",
        "labels": {"Edema": None},
        "mentions": [],
        "error": "no text",
    }


REFINED = LABELED._replace(
    mentions=(
        MENTION._replace(
            label=None, text='"left"\n\u2028é\ud800', cues=(CUE, CUE), confidence=0.123456
        ),
        MENTION._replace(label=Label.UNCERTAIN, confidence=1.0, source="refiner"),
    ),
    probabilities={"Edema": {None: 0.98765, Label.POSITIVE: 0.01235}},
    refiner='a "model" 1.0',
)


@pytest.mark.parametrize("labeled", [LABELED, REFINED, LabeledReport(None, {}, ())])
@pytest.mark.parametrize("ids", [{}, {"id": 'a"\\\n\tb'}, {"id": "1", "תפליט": "\x00"}])
@pytest.mark.parametrize("error", [None, 'no "text"'])
def test_an_evidence_line_is_the_record_as_json(
    labeled: LabeledReport, ids: dict[str, str], error: str | None
) -> None:
    record = evidence_record(ids, labeled, error=error)
    assert evidence_line(ids, labeled, error=error) == json.dumps(record, ensure_ascii=False)


def test_the_evidence_is_one_line_a_report_in_any_script() -> None:
    stream = io.BytesIO()
    lines = [evidence_line({"id": value}, LABELED) for value in ("a\nb", "תפליט", "\ud800")]
    EvidenceWriter(stream).write(lines)
    back = stream.getvalue().decode("utf-8").split("\n")
    assert [json.loads(line)["id"] for line in back[:-1]] == ["a\nb", "תפליט", "\ud800"]
    assert "תפליט" in back[1]


def test_an_identifying_column_must_not_hide_the_labels() -> None:
    with pytest.raises(OutputError, match="'mentions'"):
        check_evidence_columns(("id", "mentions"))


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_stands_there_before_the_commit(tmp_path) -> None:
    target = tmp_path / "out.csv"
    with AtomicOutput(target) as output:
        output.stream.write(b"half")
        assert not target.exists()
        output.commit()
        assert target.read_bytes() == b"half"
    assert names(tmp_path) == ["out.csv"]


def fail_halfway(path, error: type[BaseException]) -> None:
    with AtomicOutput(path, force=True) as output:
        output.stream.write(b"half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing(tmp_path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        fail_halfway(tmp_path / "out.csv", error)
    assert names(tmp_path) == []


def test_a_failure_leaves_the_old_file_alone(tmp_path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError):
        fail_halfway(target, ZeroDivisionError)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["out.csv"]


def test_an_existing_file_needs_force_and_keeps_its_permissions(tmp_path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    target.chmod(0o640)
    with pytest.raises(OutputError, match=r"exists already.*--force"):
        AtomicOutput(target)
    write_atomic(target, "new", force=True)
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert names(tmp_path) == ["out.csv"]


def test_new_files_have_the_usual_permissions(tmp_path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    write_atomic(tmp_path / "out.csv", "x")
    assert (tmp_path / "out.csv").stat().st_mode == plain.stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_only_the_user_may_read_an_unfinished_file(tmp_path) -> None:
    (tmp_path / "out.csv").touch(mode=0o666)
    for target in ("out.csv", "new.csv"):
        with AtomicOutput(tmp_path / target, force=True):
            (unfinished,) = tmp_path.glob(".chexlabel-*.tmp")
            assert stat.S_IMODE(unfinished.stat().st_mode) == 0o600


ABANDON = """
import os, sys
from chexlabel.writers import AtomicOutput
output = AtomicOutput(sys.argv[1], force=True)
output.stream.write(b"half")
output.stream.flush()
os._exit(9)
"""


def abandon(path) -> None:
    """Leave a temporary file behind, as a killed run does."""
    subprocess.run(
        [sys.executable, "-c", ABANDON, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )


def test_the_next_run_removes_what_a_killed_one_left(tmp_path) -> None:
    for name in ("out.csv", "other.csv", "x" * 255):
        abandon(tmp_path / name)
    assert len(names(tmp_path)) == 3
    write_atomic(tmp_path / "out.csv", "whole")
    assert len(names(tmp_path)) == 3  # the output, and those of the other destinations
    write_atomic(tmp_path / ("x" * 255), "whole")
    write_atomic(tmp_path / "other.csv", "whole")
    assert names(tmp_path) == ["other.csv", "out.csv", "x" * 255]


def test_a_run_leaves_the_unfinished_file_of_another_alone(tmp_path) -> None:
    target = tmp_path / "out.csv"
    with AtomicOutput(target, force=True) as first:
        first.stream.write(b"first")
        first.finish()
        write_atomic(target, "second", force=True)
        assert target.read_text() == "second"
        first.commit()
    assert target.read_text() == "first"
    assert names(tmp_path) == ["out.csv"]


def test_a_file_that_appears_during_the_run_is_kept(tmp_path) -> None:
    target = tmp_path / "out.csv"
    with AtomicOutput(target) as output:
        target.write_text("of another process")
        with pytest.raises(OutputError, match="appeared during the run"):
            output.commit()
    assert target.read_text() == "of another process"
    assert names(tmp_path) == ["out.csv"]


def test_a_link_stays_and_its_target_is_replaced(tmp_path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write_atomic(tmp_path / "link.csv", "new", force=True)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"


def test_a_device_is_written_directly() -> None:
    write_atomic(os.devnull, "x")


def test_bad_destinations_are_one_line_errors(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="there is no folder"):
        AtomicOutput(tmp_path / "nowhere" / "out.csv")
    with pytest.raises(OutputError, match="there is no folder"):
        AtomicOutput(tmp_path / "file" / "out.csv")
    with pytest.raises(OutputError, match="it is a folder"):
        AtomicOutput(tmp_path)
    with pytest.raises(OutputError, match="File name too long"):
        AtomicOutput(tmp_path / ("x" * 300))


def test_a_folder_one_may_not_write_to(tmp_path, monkeypatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("chexlabel.writers.atomic.os.open", refuse)
    with pytest.raises(OutputError, match=r"cannot write .*out\.csv: permission denied; choose"):
        AtomicOutput(tmp_path / "out.csv")


def test_a_full_disk_is_an_output_error_and_leaves_nothing(tmp_path, monkeypatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("chexlabel.writers.atomic.os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_atomic(tmp_path / "out.csv", "x")
    assert names(tmp_path) == []
