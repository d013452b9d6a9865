"""A compiled build says what pure Python says: labels and evidence of some thousand texts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT

PURE = [ROOT / "labeler", ROOT / "neural"]


@pytest.fixture
def compiled() -> list[Path]:
    """The folder into which a compiled wheel was installed, by `pip install --target`."""
    folder = os.environ.get("CHEXLABEL_COMPILED")
    if not folder:
        pytest.skip("CHEXLABEL_COMPILED names no folder with a compiled build")
    return [Path(folder).resolve()]


def run(build: list[Path], *arguments: str) -> str:
    environment = {
        **os.environ,
        "CHEXLABEL_CACHE": "off",
        "CHEXLABEL_REFINER": "off",
        "PYTHONPATH": os.pathsep.join(map(str, build)),
    }
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_version_names_the_build(compiled: list[Path]) -> None:
    assert "(compiled" in run(compiled, "-m", "chexlabel", "--version")
    assert "(pure Python" in run(PURE, "-m", "chexlabel", "--version")


def test_both_builds_give_the_same_labels_and_evidence(compiled: list[Path]) -> None:
    digest = run(PURE, "benchmarks/digest.py")
    assert digest.splitlines()[-1].endswith("  all")
    assert run(compiled, "benchmarks/digest.py") == digest


def test_workers_of_both_builds_write_the_same_files(compiled: list[Path], tmp_path: Path) -> None:
    run(PURE, "-m", "chexlabel", "samples", "-o", str(tmp_path / "reports.csv"))
    source = str(tmp_path / "reports.csv")
    written = []
    for name, build in (("pure", PURE), ("compiled", compiled)):
        output = tmp_path / f"{name}.csv"
        run(build, "-m", "chexlabel", source, "-o", str(output), "--workers", "2")
        written.append(output.read_bytes())
    assert written[0]
    assert written[0] == written[1]
