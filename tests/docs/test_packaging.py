"""What the wheel holds: without a checkout around it the command finds its data."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from places import ROOT


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="hatchling, which builds the wheel, is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def _run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chexlabel", *arguments],
        cwd=site.parent,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("name", ["chexpert14", "nih14"])
def test_wheel_holds_the_pattern_sets(unpacked: Path, name: str) -> None:
    done = _run(unpacked, "explain", "--patterns", name, "Small left pneumothorax.")
    assert done.returncode == 0, done.stderr
    assert "pneumothorax|Pneumothorax:1" in done.stdout


def test_wheel_holds_the_samples_and_the_type_marker(unpacked: Path) -> None:
    assert (unpacked / "chexlabel" / "py.typed").is_file()
    done = _run(unpacked, "samples", "-o", "reports.csv")
    assert done.returncode == 0, done.stderr
