"""The annotated labels that ship: whole, in the findings' order, and without any text."""

from __future__ import annotations

import csv
import subprocess
import sys

from chexlabel import Labeler
from places import ROOT

GOLD = ROOT / "benchmarks" / "data" / "openi_chexpert14_dev.csv"
QUALITY = ROOT / "benchmarks" / "quality.py"


def test_the_labels_are_ids_and_codes_alone() -> None:
    with GOLD.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == ("id", *Labeler(refine=False).findings)
    assert len({row[0] for row in rows}) == len(rows) == 400
    assert all(row[0].startswith("CXR") and row[0][3:].isdecimal() for row in rows)
    assert {cell for row in rows for cell in row[1:]} == {"1", "0", "-1", ""}


def test_quality_takes_a_folder_of_reports_and_names_those_missing(tmp_path) -> None:
    (tmp_path / "4.xml").write_text(
        '<eCitation><uId id="CXR4"/><AbstractText Label="FINDINGS">No effusion.</AbstractText>'
        "</eCitation>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(QUALITY), "--openi", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "openi_chexpert14_dev.csv: 399 of its 400 reports are not there" in done.stdout
    assert "chexpert14 on 1 annotated Open-i reports" in done.stdout


def test_quality_names_a_path_that_is_not_there(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, str(QUALITY), "--openi", str(tmp_path / "nowhere.tgz")],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"},
    )
    assert done.returncode == 2
    assert "no such file or folder" in done.stdout
