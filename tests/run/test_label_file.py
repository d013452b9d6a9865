"""`label_file`: what it writes and counts, failures, workers, atomic outputs, progress."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from chexlabel.errors import ChexlabelError, InputError, OutputError
from chexlabel.labels import Label
from chexlabel.report import Report
from chexlabel.run.label_file import Unreadable, label_file
from fakes import LABELS, MANY, TEXTS, FakeLabeler, reports_csv


@pytest.fixture
def reports(tmp_path) -> Path:
    return reports_csv(tmp_path / "reports.csv", TEXTS)


def test_the_function_writes_labels_and_counts_them(reports, tmp_path) -> None:
    summary = label_file(reports, tmp_path / "labels.csv", labeler=FakeLabeler())
    assert (tmp_path / "labels.csv").read_text() == LABELS
    assert (summary.reports, summary.unreadable) == (3, 0)
    assert summary.seconds > 0
    assert summary.counts == {
        "Edema": {Label.POSITIVE: 2, Label.NEGATIVE: 0, Label.UNCERTAIN: 0},
        "Pneumonia": {Label.POSITIVE: 0, Label.NEGATIVE: 1, Label.UNCERTAIN: 0},
    }
    assert [summary.total(label) for label in Label] == [2, 1, 0]


def test_what_is_wrong_with_the_source_comes_first(tmp_path) -> None:
    (tmp_path / "none").mkdir()
    for source, said in (("nowhere.csv", "does not exist"), ("none", "has no reports")):
        with pytest.raises(InputError, match=said):
            label_file(tmp_path / source, tmp_path / "labels", labeler=FakeLabeler())


@pytest.mark.parametrize(
    ("name", "meant"),
    [("text_colum", "text_column"), ("foce", "force"), ("keep_texts", "keep_text"), ("xyz", "")],
)
def test_the_function_refuses_an_option_that_there_is_not(
    reports, tmp_path, name: str, meant: str
) -> None:
    hint = rf"; did you mean '{meant}'\?" if meant else ""
    message = rf"label_file\(\) got an unexpected keyword argument '{name}'{hint}$"
    with pytest.raises(TypeError, match=message):
        label_file(reports, tmp_path / "labels.csv", **{name: True})
    assert not (tmp_path / "labels.csv").exists()


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "xlsx"])
def test_identifiers_that_are_numbers_stay_numbers(tmp_path, ending) -> None:
    frame = pd.DataFrame({"study_id": [50000001, 2], "report": ["edema", "no edema"]})
    source, labels = tmp_path / f"reports.{ending}", tmp_path / f"labels.{ending}"
    evidence = tmp_path / "evidence.jsonl"
    write = {"parquet": frame.to_parquet, "xlsx": partial(frame.to_excel, index=False)}
    write.get(ending, partial(frame.to_json, orient="records", lines=True))(source)
    label_file(source, labels, labeler=FakeLabeler(), evidence=evidence)
    read = {"parquet": pd.read_parquet, "xlsx": pd.read_excel}
    found = read.get(ending, partial(pd.read_json, lines=True))(labels)
    assert len(frame.merge(found, on="study_id")) == 2
    lines = evidence.read_text().splitlines()
    assert [json.loads(line)["study_id"] for line in lines] == [50000001, 2]


def test_numbers_that_parquet_can_miss(tmp_path) -> None:
    ids = pa.array([7, None, 2**62], pa.int64())
    table = pa.table({"study_id": ids, "report": ["edema", "no edema", None]})
    parquet.write_table(table, tmp_path / "reports.parquet")
    label_file(tmp_path / "reports.parquet", tmp_path / "labels.parquet", labeler=FakeLabeler())
    labels = parquet.read_table(tmp_path / "labels.parquet")
    assert labels["study_id"].to_pylist() == ids.to_pylist()


def test_kept_text_of_several_columns_is_the_text_the_offsets_point_into(tmp_path) -> None:
    source = tmp_path / "reports.csv"
    source.write_text("study_id,findings,impression\ns1,A chest.,There is no edema.\n")
    label_file(
        source,
        tmp_path / "labels.jsonl",
        labeler=FakeLabeler(),
        keep_text=True,
        evidence=tmp_path / "evidence.jsonl",
    )
    text = json.loads((tmp_path / "labels.jsonl").read_text())["report"]
    (mention,) = json.loads((tmp_path / "evidence.jsonl").read_text())["mentions"]
    assert text[mention["start"] : mention["end"]] == "edema"


def test_the_evidence_quotes_the_text_and_agrees_with_the_labels(reports, tmp_path) -> None:
    label_file(
        reports,
        tmp_path / "labels.csv",
        labeler=FakeLabeler(),
        evidence=tmp_path / "evidence.jsonl",
    )
    assert (tmp_path / "labels.csv").read_text() == LABELS
    records = [json.loads(line) for line in (tmp_path / "evidence.jsonl").read_text().splitlines()]
    rows = csv.DictReader(reports.read_text().splitlines())
    texts = {row["id"]: row["report"] for row in rows}
    assert [record["id"] for record in records] == list(texts)
    assert sum(len(record["mentions"]) for record in records) == 3
    for record in records:
        for mention in record["mentions"]:
            assert texts[record["id"]][mention["start"] : mention["end"]] == mention["text"]
            assert record["labels"][mention["finding"]] == mention["label"]


def test_compressed_output_is_the_same_every_time(reports, tmp_path) -> None:
    for name in ("a.csv.gz", "b.csv.gz"):
        label_file(
            reports,
            tmp_path / name,
            labeler=FakeLabeler(),
            evidence=tmp_path / f"{name[0]}.jsonl.gz",
        )
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).decode() == LABELS
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert len(gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).splitlines()) == 3


def test_a_row_that_cannot_be_read_is_reported_by_number(tmp_path) -> None:
    source = tmp_path / "reports.jsonl"
    source.write_text('{"id": "a", "report": "edema"}\n{"id": \n{"id": "c", "report": "x"}\n')
    found: list[Unreadable] = []
    summary = label_file(
        source, tmp_path / "labels.csv", labeler=FakeLabeler(), on_unreadable=found.append
    )
    assert (summary.reports, summary.unreadable) == (3, 1)
    assert [report.row for report in found] == [2]
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize("evidence", [False, True])
def test_workers_keep_the_order(tmp_path, evidence: bool) -> None:
    source = reports_csv(tmp_path / "reports.csv", [*MANY, *MANY, "BOOM"])
    written = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        found: list[Unreadable] = []
        done: list[tuple[int, int | None]] = []
        summary = label_file(
            source,
            folder / "labels.csv",
            labeler=FakeLabeler(),
            workers=workers,
            evidence=folder / "evidence.jsonl" if evidence else None,
            on_unreadable=found.append,
            on_progress=lambda *step, done=done: done.append(step),
        )
        assert (summary.reports, summary.unreadable) == (2001, 1)
        assert [(report.row, report.id) for report in found] == [(2001, "r2001")]
        assert [step[0] for step in done] == ([1024, 2001] if workers == 1 else [2001])
        assert done[-1] == (2001, 2001)
        written.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert written[0] == written[1]
    assert len(written[0]) == 1 + evidence


def test_a_worker_that_dies_is_a_clear_error(tmp_path) -> None:
    source = reports_csv(tmp_path / "reports.csv", ["CRASH"])
    with pytest.raises(ChexlabelError, match=r"worker process ended .* fewer --workers"):
        label_file(source, tmp_path / "labels.csv", labeler=FakeLabeler(), workers=2)
    assert [path.name for path in tmp_path.iterdir()] == ["reports.csv"]


def failing_labeler_after(reports_done: int) -> FakeLabeler:
    class Failing(FakeLabeler):
        done = 0

        def label(self, report: str | Report) -> tuple[Label | None, ...]:
            Failing.done += 1
            if Failing.done > reports_done:
                raise KeyboardInterrupt
            return super().label(report)

    return Failing()


@pytest.mark.parametrize("name", ["labels.csv", "labels.csv.gz", "labels.parquet", "labels.jsonl"])
def test_a_stopped_run_leaves_no_file_and_the_old_one_alone(tmp_path, name: str) -> None:
    source = reports_csv(tmp_path / "reports.csv", MANY)
    old = tmp_path / name
    old.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        label_file(source, old, labeler=failing_labeler_after(600), force=True)
    assert old.read_text() == "old"
    old.unlink()
    with pytest.raises(KeyboardInterrupt):
        label_file(source, old, labeler=failing_labeler_after(600))
    assert [path.name for path in tmp_path.iterdir()] == ["reports.csv"]


def test_input_that_breaks_off_leaves_no_file(tmp_path) -> None:
    whole = gzip.compress(reports_csv(tmp_path / "all.csv", MANY * 20).read_bytes())
    source = tmp_path / "reports.csv.gz"
    source.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError):
        label_file(source, tmp_path / "labels.csv", labeler=FakeLabeler())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "reports.csv.gz"]


def test_an_existing_output_needs_force(reports, tmp_path) -> None:
    output, evidence = tmp_path / "labels.csv", tmp_path / "evidence.jsonl"
    evidence.write_text("old")
    with pytest.raises(OutputError, match=r"evidence\.jsonl exists already.*--force"):
        label_file(reports, output, evidence=evidence, labeler=FakeLabeler())
    assert not output.exists()
    assert evidence.read_text() == "old"
    label_file(reports, output, evidence=evidence, labeler=FakeLabeler(), force=True)
    assert output.read_text() == LABELS
    assert len(evidence.read_text().splitlines()) == 3


def test_outputs_must_differ_from_the_input_and_each_other(reports, tmp_path) -> None:
    before = reports.read_text()
    with pytest.raises(OutputError, match="is the input itself"):
        label_file(reports, reports, labeler=FakeLabeler(), force=True)
    with pytest.raises(OutputError, match="both go to"):
        label_file(reports, tmp_path / "x.csv", evidence=tmp_path / "x.csv", labeler=FakeLabeler())
    with pytest.raises(OutputError, match="both go to -"):
        label_file(reports, "-", evidence="-", labeler=FakeLabeler())
    assert reports.read_text() == before


def test_a_negative_number_of_workers_is_refused(reports) -> None:
    with pytest.raises(ValueError, match="workers must be 0 or more"):
        label_file(reports, labeler=FakeLabeler(), workers=-1)


@pytest.mark.parametrize("name", ["reports.csv", "reports.csv.gz", "reports.jsonl"])
def test_the_number_of_all_reports_is_estimated_by_the_bytes_read(tmp_path, name: str) -> None:
    source = tmp_path / name
    texts = [f"report {n} has {'no ' if n % 3 else ''}edema" * 20 for n in range(3000)]
    reports_csv(tmp_path / "plain.csv", texts)
    data = (tmp_path / "plain.csv").read_bytes()
    if "jsonl" in name:
        lines = (json.dumps({"id": n, "report": text}) for n, text in enumerate(texts))
        data = "\n".join(lines).encode()
    source.write_bytes(gzip.compress(data, 0) if name.endswith("gz") else data)
    steps: list[tuple[int, int | None]] = []
    label_file(
        source,
        tmp_path / "labels.csv",
        labeler=FakeLabeler(),
        on_progress=lambda *step: steps.append(step),
    )
    assert steps[-1] == (3000, 3000)
    assert all(2000 < total < 4000 for _, total in steps[2:])


def test_the_number_of_all_reports_of_a_pipe_is_not_known(reports, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(reports.read_bytes())))
    steps: list[tuple[int, int | None]] = []
    label_file(
        "-",
        os.devnull,
        labeler=FakeLabeler(),
        output_format="csv",
        on_progress=lambda *step: steps.append(step),
    )
    assert steps == [(3, None)]
