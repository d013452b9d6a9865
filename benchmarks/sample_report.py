"""Make docs/sample-report.html again: the harness on the sample reports and their labels.

The reports are labeled twice, by chexlabel's own scopes and by negspacy's NegEx on the same
mentions, and both are compared with the labels that ship with the samples. With Chromium at hand,
docs/sample-report.png is made too, the picture in the README.

    python benchmarks/sample_report.py [FOLDER]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from chexlabel.cli import main as chexlabel

DOCS = Path(__file__).parents[1] / "docs"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def make(folder: Path) -> Path:
    """Write the report into `folder` and return its path."""
    report = folder / "sample-report.html"
    samples = files("chexlabel") / "data" / "samples"
    with (
        as_file(samples / "reports.csv") as reports,
        as_file(samples / "labels.csv") as gold,
        tempfile.TemporaryDirectory() as temporary,
    ):
        labeled = {name: f"{temporary}/{name}.csv" for name in ("scope", "negex")}
        for name, path in labeled.items():
            run("label", str(reports), "-o", path, "--assertion", name, "--quiet")
        run(
            *("validate", labeled["scope"], str(gold), "--name", "chexlabel"),
            *("--compare", f"NegEx={labeled['negex']}", "--reports", str(reports)),
            *("--title", "Two labelers on the sample reports"),
            *("-o", str(report), "--force", "--quiet"),
        )
    return report


def run(*arguments: str) -> None:
    """Run the command; stop at an error, which it has printed."""
    status = chexlabel(arguments)
    if status:
        sys.exit(status)


def take_picture(report: Path) -> Path | None:
    """Take a picture of the top of the report, if there is a Chromium to do it."""
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        return None
    picture = report.with_suffix(".png")
    with tempfile.TemporaryDirectory() as profile:
        flags = (
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={profile}", "--hide-scrollbars", "--window-size=1200,1300"),
            *("--virtual-time-budget=2000", f"--screenshot={picture}"),
        )
        command = [browser, *flags, report.resolve().as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603
    return picture


if __name__ == "__main__":
    made = make(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
    print(made)
    print(take_picture(made) or "no Chromium found, so no picture")
