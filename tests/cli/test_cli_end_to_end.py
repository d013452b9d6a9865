"""The command with the real readers, labeler and writers on the sample reports."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from chexlabel.cli import main
from chexlabel.engine.labeler import Labeler
from chexlabel.labels import Label
from chexlabel.readers import open_reports
from chexlabel.run.label_file import label_file

SAMPLES = resources.files("chexlabel") / "data" / "samples"


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "reports.csv"
    assert main(["samples", "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def labels(reports, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("labels")
    assert main([str(reports), "-o", str(folder / "labels.csv"), "--quiet"]) == 0
    return (folder / "labels.csv").read_text(encoding="utf-8")


def rows(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table, newline="")))


def test_columns_rows_and_coding(labels) -> None:
    reference = (SAMPLES / "labels.csv").read_text(encoding="utf-8")
    assert labels.splitlines()[0] == reference.splitlines()[0]
    assert [row["id"] for row in rows(labels)] == [row["id"] for row in rows(reference)]
    values = {value for row in rows(labels) for name, value in row.items() if name != "id"}
    assert values == {"1.0", "0.0", "-1.0", ""}


def test_the_summary_counts_what_was_written(reports, labels, tmp_path) -> None:
    summary = label_file(reports, tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text(encoding="utf-8") == labels
    table = rows(labels)
    assert summary.reports == len(table)
    for finding, counts in summary.counts.items():
        assert counts == {
            label: sum(row[finding] == f"{float(label)}" for row in table) for label in Label
        }


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.tsv", "labels.csv.gz", "labels.parquet"])
def test_all_formats_say_the_same(reports, labels, tmp_path, name: str) -> None:
    import pandas as pd

    label_file(reports, tmp_path / name)
    read = {
        ".jsonl": lambda path: pd.read_json(path, lines=True),
        ".tsv": lambda path: pd.read_csv(path, sep="\t"),
        ".gz": pd.read_csv,
        ".parquet": pd.read_parquet,
    }[Path(name).suffix]
    frame = read(tmp_path / name)
    pd.testing.assert_frame_equal(
        frame, pd.read_csv(io.StringIO(labels)), check_dtype=False, check_column_type=False
    )


def test_evidence_quotes_the_reports_and_gives_the_labels(reports, labels, tmp_path) -> None:
    evidence = tmp_path / "evidence.jsonl"
    assert main([str(reports), "-o", str(tmp_path / "l.csv"), "--evidence", str(evidence)]) == 0
    assert (tmp_path / "l.csv").read_text(encoding="utf-8") == labels
    with open_reports(reports) as source:
        texts = {report.id: report.text for report in source}
    records = [json.loads(line) for line in evidence.read_text(encoding="utf-8").splitlines()]
    assert [record["id"] for record in records] == list(texts)
    mentions = cues = 0
    for record, row in zip(records, rows(labels), strict=True):
        text = texts[record["id"]]
        given = {
            name: "" if label is None else f"{float(label)}"
            for name, label in record["labels"].items()
        }
        assert {"id": record["id"], **given} == row
        for mention in record["mentions"]:
            mentions += 1
            for marked in (mention, *mention["cues"]):
                assert text[marked["start"] : marked["end"]] == marked["text"]
            start, end = mention["sentence"]
            assert start <= mention["start"] < mention["end"] <= end
            cues += len(mention["cues"])
    assert mentions > len(records)
    assert cues > len(records)


def test_sections_choose_what_counts(tmp_path) -> None:
    source = tmp_path / "reports.csv"
    source.write_text('id,report\n1,"FINDINGS: Small pleural effusion.\nIMPRESSION: No edema."\n')
    counted = {}
    for sections in ("findings", "impression", "findings,impression"):
        output = tmp_path / f"{sections}.csv"
        assert main([str(source), "-o", str(output), "--sections", sections, "-q"]) == 0
        (row,) = rows(output.read_text())
        counted[sections] = (row["Pleural Effusion"], row["Edema"])
    assert counted == {
        "findings": ("1.0", ""),
        "impression": ("", "0.0"),
        "findings,impression": ("1.0", "0.0"),
    }


@pytest.mark.parametrize(
    "arguments", [["--patterns", "no-such-set"], ["--sections", "no-such-section"]]
)
def test_a_bad_choice_is_one_line_and_status_2(reports, tmp_path, arguments, capsys) -> None:
    assert main([str(reports), "-o", str(tmp_path / "labels.csv"), *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("chexlabel: error: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["nul", "right to left", "emoji", "long", "repeated", "empty"])
def test_odd_reports_are_labeled_like_others(tmp_path, name: str) -> None:
    odd = {
        "nul": "No edema.\0 Small pleural effusion.",
        "right to left": "תפליט No edema. Small pleural effusion.",
        "emoji": "😀 No edema. Small pleural effusion. 😀",
        "long": "No edema. " * 20_000 + "Small pleural effusion.",
        "repeated": "no " * 20_000 + ". No edema. Small pleural effusion.",
        "empty": "",
    }[name]
    source = tmp_path / "reports.jsonl"
    lines = [json.dumps({"id": str(n), "report": text}) for n, text in enumerate((odd, "Edema."))]
    source.write_text("\n".join(lines), encoding="utf-8")
    output, evidence = tmp_path / "labels.csv", tmp_path / "evidence.jsonl"
    label_file(source, output, evidence=evidence, keep_text=True)
    first, second = rows(output.read_text(encoding="utf-8"))
    assert first["report"] == odd
    expected = ("", "") if name == "empty" else ("0.0", "1.0")
    assert (first["Edema"], first["Pleural Effusion"]) == expected
    assert second["Edema"] == "1.0"
    mentions = json.loads(evidence.read_text(encoding="utf-8").splitlines()[0])["mentions"]
    assert all(odd[m["start"] : m["end"]] == m["text"] for m in mentions)


def test_explain_marks_what_the_labeler_found(reports, capsys) -> None:
    assert main(["explain", "No focal consolidation. Small left effusion."]) == 0
    shown = capsys.readouterr().out
    assert "|Consolidation:0 \u2190 No]" in shown
    assert "|Pleural Effusion:1]" in shown
    labeled = Labeler()
    with open_reports(reports) as source:
        third = [report for report, _ in zip(source, range(3), strict=False)][-1]
    assert main(["explain", str(reports), "--id", third.id]) == 0
    shown = capsys.readouterr().out
    for mention in labeled(third).mentions:
        assert mention.finding in shown


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("explain Edema. >&-", 2, "cannot write to standard output: Bad file descriptor"),
        ("explain Edema. >/dev/full", 2, "cannot write to standard output: No space left"),
        ("--help >&-", 2, "cannot write to standard output: Bad file descriptor"),
        ("samples >&-", 2, "cannot write -: Bad file descriptor"),
        ("label - <&-", 2, "standard input is empty"),
        ("label ''", 2, "an argument is empty"),
        ("samples 2>&- | wc -l", 0, ""),
        ("explain Edema. | head -c 0", 141, ""),
    ],
)
def test_streams_that_are_closed_or_full(command: str, status: int, said: str) -> None:
    if "/dev/full" in command and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    shell = f"set -o pipefail; {shlex.quote(sys.executable)} -m chexlabel {command}"
    done = subprocess.run(["/bin/bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stderr.count("\n") == bool(said)
    assert said in done.stderr
