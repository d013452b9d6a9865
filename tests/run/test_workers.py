"""Several processes write what one writes; one that dies, or a full disk, spoils no output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chexlabel.engine.labeler import Labeler
from chexlabel.errors import ChexlabelError, InputError, OutputError
from chexlabel.labels import Label, LabeledReport
from chexlabel.report import Report
from chexlabel.run import blocks as _blocks
from chexlabel.run.label_file import label_file
from chexlabel.run.label_files import label_files

TEXTS = ["Small left effusion.\nNo pneumothorax.", "Lungs clear. =1+1", "Xyz.", 'A ""tube"".', ""]


class Mortal:
    """Labels nothing; the first process to meet the report that kills leaves a trace, and dies."""

    findings = ("Edema",)

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def survives(self) -> bool:
        return self.trace.exists()

    def label(self, report: str | Report) -> tuple[Label | None, ...]:
        text = report if isinstance(report, str) else report.text
        if "deadly" in text and not self.survives():
            self.trace.touch()
            os._exit(9)
        return (None,)

    def __call__(self, report: str | Report) -> LabeledReport:
        return LabeledReport(None, dict(zip(self.findings, self.label(report), strict=True)), ())


class Deadly(Mortal):
    """As `Mortal`, but every process dies of the report."""

    def survives(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_blocks, "_SMALLEST", 2000)
    monkeypatch.setattr(_blocks, "_LARGEST", 2000)


def reports_csv(path: Path, *, more: str = "") -> Path:
    rows = [f'{n},"{TEXTS[n % len(TEXTS)]}"\n' for n in range(300)]
    rows.insert(150, more)
    path.write_text("study_id,report\n" + "".join(rows), encoding="utf-8")
    return path


def test_all_options_together(tmp_path: Path) -> None:
    source = reports_csv(tmp_path / "reports.csv", more='x150,"never closed\nx151,a,b\n')
    outcomes = []
    for workers in (1, 2):
        found: list[str] = []
        folder = tmp_path / str(workers)
        folder.mkdir()
        summary = label_file(
            source,
            folder / "labels.csv.gz",
            labeler=Labeler(refine=False),
            evidence=folder / "evidence.jsonl",
            keep_text=True,
            safe_csv=True,
            workers=workers,
            on_unreadable=lambda one, found=found: found.append(str(one)),
        )
        written = [path.read_bytes() for path in sorted(folder.iterdir())]
        outcomes.append((written, found, summary._replace(seconds=0.0)))
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0][1]) == 1


def test_strict_stops_at_the_same_report(tmp_path: Path) -> None:
    source = reports_csv(tmp_path / "reports.csv", more="x150,a,b\n")
    said = []
    for workers in (1, 2):
        with pytest.raises(InputError, match="report 151") as error:
            label_file(
                source,
                tmp_path / "labels.csv",
                labeler=Mortal(tmp_path),
                strict=True,
                workers=workers,
            )
        said.append(str(error.value))
        assert [path.name for path in tmp_path.iterdir()] == ["reports.csv"]
    assert said[0] == said[1]


def test_a_block_whose_worker_dies_is_given_to_another(tmp_path: Path) -> None:
    source = reports_csv(tmp_path / "reports.csv", more="x150,deadly\n")
    summary = label_file(
        source, tmp_path / "labels.csv", labeler=Mortal(tmp_path / "died"), workers=2
    )
    assert (tmp_path / "died").exists()
    assert (summary.reports, summary.unreadable) == (301, 0)
    ids = [line.split(",")[0] for line in (tmp_path / "labels.csv").read_text().splitlines()]
    assert ids == ["study_id", *map(str, range(150)), "x150", *map(str, range(150, 300))]


def files_of_one_report(folder: Path) -> list[Path]:
    """Write four files, the second with the report that kills."""
    folder.mkdir()
    for number, text in enumerate(["Clear.", "deadly", "Clear.", "Clear."]):
        (folder / f"{number}.csv").write_text(f"id,report\n{number},{text}\n")
    return sorted(folder.iterdir())


def test_a_file_whose_worker_dies_is_given_to_another(tmp_path: Path) -> None:
    files, output = files_of_one_report(tmp_path / "in"), tmp_path / "out"
    summary, _ = label_files(files, output, labeler=Mortal(tmp_path / "died"), workers=2)
    assert (tmp_path / "died").exists()
    assert summary.reports == 4
    written = [(output / file.name).read_text() for file in files]
    assert written == [f"id,Edema\n{number},\n" for number in range(4)]


def test_a_file_that_kills_twice_is_named(tmp_path: Path) -> None:
    files = files_of_one_report(tmp_path / "in")
    said = (
        r"^a worker process ended unexpectedly on .*1\.csv, and so did the one that was given it "
        r"again \(for want of memory\?\); run again with fewer --workers and --resume$"
    )
    with pytest.raises(ChexlabelError, match=said):
        label_files(files, tmp_path / "out", labeler=Deadly(tmp_path / "died"), workers=2)
    assert not (tmp_path / "out" / "1.csv").exists()


class Unwelcome(Mortal):
    """As `Mortal`, but it cannot be unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (_refuse, ())


def _refuse() -> None:
    raise LookupError("no such\nlabeler here")


UNWELCOME = (
    r"^a worker process cannot take over its labeler \(LookupError: no such labeler here\); "
    r"define it in a module that can be imported, or use one worker$"
)


@pytest.mark.parametrize("output", ["labels.csv", "labels.parquet"])
def test_what_keeps_a_labeler_from_a_worker_is_said(tmp_path: Path, output: str) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    source, labeler = reports_csv(tmp_path / "reports.csv"), Unwelcome(tmp_path / "died")
    with pytest.raises(ChexlabelError, match=UNWELCOME):
        label_file(source, tmp_path / output, labeler=labeler, workers=2)


def test_what_keeps_a_labeler_from_the_workers_of_many_files_is_said(tmp_path: Path) -> None:
    files, labeler = files_of_one_report(tmp_path / "in"), Unwelcome(tmp_path / "died")
    with pytest.raises(ChexlabelError, match=UNWELCOME):
        label_files(files, tmp_path / "out", labeler=labeler, workers=2)


@pytest.mark.parametrize("output", ["labels.csv", "labels.parquet"])
def test_a_script_that_starts_itself_anew_is_told_how_not_to(tmp_path: Path, output: str) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    source = reports_csv(tmp_path / "reports.csv")
    script = tmp_path / "script.py"
    script.write_text(
        "from chexlabel import Labeler, label_file\n"
        f"label_file({str(source)!r}, {str(tmp_path / output)!r}, workers=2, force=True,\n"
        "    labeler=Labeler(refine=False))\n",
        encoding="utf-8",
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=100)
    assert run.returncode == 1
    assert 'a script has to call this under `if __name__ == "__main__":`' in run.stderr
    assert not (tmp_path / output).exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    source = reports_csv(tmp_path / "reports.csv")
    with pytest.raises(OutputError, match="cannot write /dev/full: No space left"):
        label_file(source, "/dev/full", labeler=Mortal(tmp_path), output_format="csv", workers=2)


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path) -> None:
    import resource
    import signal

    source = reports_csv(tmp_path / "reports.csv")
    before: Any = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(OutputError, match=r"cannot write .*labels.csv: File too large"):
            label_file(source, tmp_path / "labels.csv", labeler=Mortal(tmp_path), workers=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [path.name for path in tmp_path.iterdir()] == ["reports.csv"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_one_may_not_write_to(tmp_path: Path) -> None:
    source = reports_csv(tmp_path / "reports.csv")
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="permission denied"):
        label_file(source, folder / "labels.csv", labeler=Mortal(tmp_path), workers=2)
    assert list(folder.iterdir()) == []
