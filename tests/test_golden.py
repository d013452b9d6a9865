"""The command on the sample reports, against the labels that were given to them by hand."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

import pytest

from chexlabel.cli import main

SAMPLES = files("chexlabel") / "data" / "samples"


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    folder = tmp_path_factory.mktemp("golden")
    reports, output = folder / "reports.csv", folder / "labels.csv"
    assert main(["samples", "-o", str(reports)]) == 0
    assert main([str(reports), "-o", str(output), "--quiet"]) == 0
    return _rows(output)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_enough_samples(labels: list[dict[str, str]]) -> None:
    assert len(labels) >= 40


def test_labels_are_those_given_by_hand(labels: list[dict[str, str]]) -> None:
    gold = list(csv.DictReader((SAMPLES / "labels.csv").read_text("utf-8").splitlines()))
    assert list(labels[0]) == list(gold[0])
    wrong = {
        (row["id"], finding): (expected[finding], row[finding])
        for row, expected in zip(labels, gold, strict=True)
        for finding in expected
        if row[finding] != expected[finding]
    }
    assert not wrong
