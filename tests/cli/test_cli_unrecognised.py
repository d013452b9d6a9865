"""Texts that are no chest X-ray reports: counted, and named by their rows, never by text."""

from __future__ import annotations

from pathlib import Path

import pytest

from chexlabel import Labeler
from chexlabel.cli import main
from chexlabel.run.label_file import label_file

REPORT = "No pneumothorax. Small effusion."


def _write(path: Path, texts: list[str]) -> Path:
    rows = [f"{number},{text}" for number, text in enumerate(texts, start=1)]
    path.write_text("\n".join(["id,report", *rows]) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_counted_with_their_rows(tmp_path: Path, workers: int) -> None:
    texts = [REPORT, "secret/path.png", "", *[REPORT] * 300, *["otro texto secreto"] * 9]
    source = _write(tmp_path / "reports.csv", texts)
    labeler = Labeler(refine=False)
    summary = label_file(source, tmp_path / "labels.csv", labeler=labeler, workers=workers)
    assert summary.unrecognised == 10
    assert summary.unrecognised_rows == (2, 304, 305, 306, 307)


def test_a_warning_when_they_are_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _write(tmp_path / "reports.csv", [REPORT] * 20 + ["secret/path.png", "secreto"])
    output = tmp_path / "labels.csv"
    assert main(["label", str(source), "-o", str(output), "--no-refine"]) == 0
    warning, summary = capsys.readouterr().err.splitlines()[-2:]
    assert "2 of 22 texts do not read like chest X-ray reports" in warning
    assert "(rows 21, 22)" in warning
    assert "2 are no chest X-ray reports and are labeled blank" in summary
    assert "secret" not in warning + summary


def test_no_warning_when_they_are_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _write(tmp_path / "reports.csv", [REPORT] * 40 + ["secret/path.png"])
    output = tmp_path / "labels.csv"
    assert main(["label", str(source), "-o", str(output), "--no-refine"]) == 0
    said = capsys.readouterr().err
    assert "warning" not in said
    assert "; 1 are no chest X-ray reports" in said
