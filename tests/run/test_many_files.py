"""Many files as one run: what is labeled, what is resumed, and what a killed run leaves."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chexlabel.cli import main
from chexlabel.engine.labeler import Labeler
from chexlabel.errors import OutputError
from chexlabel.run.label_files import label_files
from chexlabel.run.manifest import MANIFEST
from chexlabel.run.source_files import SourceFile, find_source_files

NAMES = ("a.csv", "sub/b.csv", "sub/c.jsonl", "year=2024/d.csv.gz")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import gzip

    folder = tmp_path / "in"
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"id,report\nr{number},Small left effusion {number}.\n"
        if name.endswith("jsonl"):
            text = json.dumps({"id": f"r{number}", "report": "No effusion."}) + "\n"
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    (folder / "_SUCCESS").touch()
    (folder / ".hidden.csv").write_text("x")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def run(folder: Path, output: Path, *more: str) -> int:
    return main(["label", str(folder), "-o", str(output), *more])


def test_folders_files_and_patterns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert [file.name for file in find_source_files(["in"])] == list(NAMES)
    assert find_source_files(["in/a.csv", "in/**/*.csv"]) == [
        SourceFile("in/a.csv", "a.csv"),
        SourceFile("in/sub/b.csv", "sub/b.csv"),
    ]
    as_parquet = [file.name for file in find_source_files(["in"], "parquet")]
    assert as_parquet == ["a.parquet", "sub/b.parquet", "sub/c.parquet", "year=2024/d.parquet"]


def test_two_of_a_name_are_refused(folder: Path) -> None:
    (folder / "sub/a.csv").write_text("id,report\n1,x\n")
    with pytest.raises(OutputError, match=r"would both go to a.csv; give the folder"):
        find_source_files([str(folder / "a.csv"), str(folder / "sub/a.csv")])


def test_two_of_a_name_in_one_folder_are_for_two_runs(folder: Path) -> None:
    (folder / "a.jsonl").write_text("{}")
    remedy = "would both go to a.jsonl; label them in two runs, each with an output folder of its"
    with pytest.raises(OutputError, match=remedy):
        find_source_files([str(folder)], "jsonl")


@pytest.mark.parametrize("kind", [str, Path])
def test_one_source_may_be_given_by_itself(folder: Path, tmp_path: Path, kind: type) -> None:
    summary, _ = label_files(kind(folder), tmp_path / "out", labeler=Labeler(refine=False))
    assert summary.reports == len(NAMES)


def test_columns_that_differ_by_file_are_told(folder: Path, tmp_path: Path, capsys) -> None:
    assert run(folder, tmp_path / "alike") == 0
    assert "; text from 'report', id from 'id'" in capsys.readouterr().err
    (folder / "sub/e.csv").write_text("note,study_id,findings\nClear.,7,Edema.\n")
    assert run(folder, tmp_path / "differ") == 0
    *notes, summary = capsys.readouterr().err.splitlines()
    assert notes == [
        f"chexlabel: note: text from 'report', id from 'id' in 4 files: {folder}/a.csv, "
        f"{folder}/sub/b.csv, {folder}/sub/c.jsonl, ...",
        f"chexlabel: note: text from 'note', id from 'study_id' in 1 file: {folder}/sub/e.csv",
    ]
    assert "text from" not in summary


def test_texts_that_are_no_reports_are_warned_of(folder: Path, tmp_path: Path, capsys) -> None:
    (folder / "a.csv").write_text("id,report\n" + "1,Guten Tag.\n" * 9)
    assert run(folder, tmp_path / "out") == 0
    assert "and are labeled blank; is the right column read?" in capsys.readouterr().err


def test_the_output_is_partitioned_alike(folder: Path, tmp_path: Path, capsys) -> None:
    evidence = tmp_path / "evidence"
    assert run(folder, tmp_path / "out", "--evidence", str(evidence)) == 0
    assert set(contents(tmp_path / "out")) == {*NAMES, MANIFEST}
    assert set(contents(evidence)) == {f"{name}.jsonl" for name in NAMES}
    assert "4 reports in" in capsys.readouterr().err
    assert (tmp_path / "out/sub/b.csv").read_text().splitlines()[1].startswith("r1,")


def test_a_linked_folder_is_read(folder: Path, tmp_path: Path) -> None:
    (folder / "sub").rename(tmp_path / "elsewhere")
    (folder / "sub").symlink_to(tmp_path / "elsewhere")
    assert [file.name for file in find_source_files([str(folder)])] == list(NAMES)


def test_reports_beside_the_tables_are_named(folder: Path, tmp_path: Path, capsys) -> None:
    (folder / "sub/notes.txt").write_text("Clear.")
    assert run(folder, tmp_path / "out/") == 2
    (tmp_path / "out").mkdir()
    capsys.readouterr()
    assert run(folder, tmp_path / "out") == 0
    err = capsys.readouterr().err
    assert "note: " in err
    assert "1 other file is passed over: sub/notes.txt" in err


def test_workers_write_the_same_files(folder: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        label_files(
            [folder], tmp_path / str(workers), labeler=Labeler(refine=False), workers=workers
        )
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_an_option_that_there_is_not_is_refused_before_anything_is_done(
    folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    with pytest.raises(TypeError, match=r"label_files\(\) got .* argument 'resum'; .* 'resume'\?"):
        label_files([folder], output, resum=True)
    assert not output.exists()


def test_resume_labels_what_is_not_finished(folder: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    assert run(folder, out) == 0
    whole = contents(out)
    assert run(folder, out) == 2
    assert "add --resume to go on" in capsys.readouterr().err

    (out / "a.csv").unlink()
    (out / "sub/b.csv").write_text("spoilt")
    manifest = out / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:-30])
    assert run(folder, out, "--resume") == 0
    assert "1 file was finished before" in capsys.readouterr().err
    assert contents(out) == whole

    (folder / "a.csv").write_text("id,report\nr0,No effusion.\n")
    assert run(folder, out, "--resume") == 0
    assert "3 files were finished before" in capsys.readouterr().err
    assert "r0,1.0,,,,,,,,,,0.0" in (out / "a.csv").read_text()

    assert run(folder, out, "--resume", "--keep-text") == 0
    assert "finished before" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in/a.csv", "in/sub/b.csv"], "their labels go to a folder: -o out/"),
        (["in/*.tsv", "-o", "out"], "no file fits 'in/*.tsv'"),
        (["in/a.csv", "nothing.csv", "-o", "out"], "nothing.csv does not exist"),
        (["in", "-o", "in"], "exists already|is an input itself"),
        (["in", "-o", "in/a.csv"], "is a file; the labels of several files need a folder"),
        (["-", "in/a.csv", "-o", "out"], "standard input is no file among several"),
        (["-", "in/a.csv"], "standard input is no file among several"),
        (["in/*.nope"], "no file fits 'in/*.nope'"),
        (["in", "-o", "in/out"], "in/out/a.csv would be an input of the next run"),
        (["in", "-o", "out", "--evidence", "in/out"], "in/out/a.csv.jsonl would be an input"),
        (["in/**/*.csv", "-o", "in/out"], "in/out/a.csv would be an input of the next run"),
    ],
)
def test_what_cannot_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(folder.parent)
    before = contents(folder)
    assert main(["label", *arguments]) == 2
    err = capsys.readouterr().err
    assert any(words in err for words in said.split("|"))
    assert err.count("\n") == 1
    assert contents(folder) == before


def test_an_output_folder_that_no_source_takes_in_may_lie_beside_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    for source, output in (("in/*.csv", "in/out"), ("in/*/*.csv", "in/out2"), ("in", "in/_out")):
        assert main(["label", source, "-o", output]) == 0
        assert main(["label", source, "-o", output, "--resume"]) == 0
        assert not list(Path(output).glob("*out*"))
        for path in (folder / "out", folder / "out2"):
            shutil.rmtree(path, ignore_errors=True)


def test_a_truncated_parquet_file_is_named(folder: Path, tmp_path: Path, capsys) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    table = pa.table({"id": ["1"] * 1000, "report": [f"Effusion {n}." for n in range(1000)]})
    path = folder / "e.parquet"
    parquet.write_table(table, path)
    path.write_bytes(path.read_bytes()[:-100])
    assert run(folder, tmp_path / "out") == 2
    assert re.search(r"e\.parquet is not a Parquet file, or is damaged", capsys.readouterr().err)
    assert not (tmp_path / "out/e.parquet").exists()
    parquet.write_table(table, path)
    assert run(folder, tmp_path / "out", "--resume") == 0
    assert re.search(r"1,004 reports .* 1 file was finished", capsys.readouterr().err)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_killed_run_is_resumed_to_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for number in range(30):
        rows = "".join(f"{n},Small effusion {n} of {number}.\n" for n in range(50))
        (folder / f"more{number}.csv").write_text("id,report\n" + rows)
    assert run(folder, tmp_path / "whole") == 0
    chance = random.Random(0)  # noqa: S311 - no secret
    out = tmp_path / "out"
    command = [sys.executable, "-m", "chexlabel", str(folder), "-o", str(out), "--resume", "-q"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for _ in range(3):
        with subprocess.Popen(command, env=environment) as process:
            try:
                process.wait(chance.uniform(0.3, 1.5))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert contents(out) == contents(tmp_path / "whole")
