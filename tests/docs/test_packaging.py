"""What the wheel holds: without a checkout around it the command finds its data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from places import ROOT


def _copied_by_the_recipe() -> list[str]:
    """Return what the Dockerfile in docs/scale.md copies into its build."""
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    recipe = page.partition("```dockerfile")[2].partition("```")[0]
    lines = [line.split() for line in recipe.splitlines() if line.startswith("COPY ")]
    return [name for line in lines if "--from=build" not in line for name in line[1:-1]]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, unpacked, that was built of the files that the Dockerfile copies, and no others."""
    pytest.importorskip("hatchling", reason="hatchling, which builds the wheel, is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in _copied_by_the_recipe():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__py*"))
        else:
            shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
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
