"""What a short run loads: its first label should not wait for what it does not use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

UNUSED = {
    "asyncio",
    "charset_normalizer",
    "concurrent.futures",
    "difflib",
    "email",
    "http",
    "logging",
    "lxml",
    "multiprocessing",
    "numpy",
    "openpyxl",
    "pandas",
    "pyarrow",
    "pydantic",
    "random",
    "rich",
    "shtab",
    "socket",
    "ssl",
    "subprocess",
    "tarfile",
    "tempfile",
    "yaml",
    "zipfile",
}
"""Modules that labeling one CSV in one process, with a set compiled before, has no use for."""


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_a_plain_run_loads_nothing_that_it_does_not_use(
    tmp_path: Path, suffix: str, delimiter: str
) -> None:
    source = tmp_path / f"reports.{suffix}"
    source.write_text(f"id{delimiter}report\n1{delimiter}Small left effusion.\n", "utf-8")
    code = (
        "import sys; from chexlabel.cli import main; status = main(sys.argv[1:]); "
        f"print(*sorted({UNUSED!r} & set(sys.modules)), file=sys.stderr); sys.exit(status)"
    )
    environment = {
        **os.environ,
        "CHEXLABEL_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }

    def run() -> tuple[int, str, list[str]]:
        # -S: what the .pth files of the environment load is not of this program's making.
        command = [sys.executable, "-S", "-c", code, "label", str(source), "-q", "--no-refine"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        return done.returncode, done.stdout, done.stderr.split()

    first, second = run(), run()
    assert first[:2] == second[:2]
    assert second[0] == 0
    assert second[1].splitlines()[1].startswith("1,")
    assert {"pydantic", "yaml"} <= set(first[2])  # which compiles the set
    assert second[2] == []
