"""Kills a run over many files at random moments, resumes it, and compares with one left alone.

    python benchmarks/resume.py             # 50 times SIGKILL
    python benchmarks/resume.py --kills 10

A folder of CSV, JSON Lines and Parquet files is labeled with `--resume`, in one process or two. A
run that ends is begun anew. After each kill every output is absent or that of the run that was left
alone; in the end the folder is the same, byte by byte, and no temporary file is left.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from corpus import recombined_reports, write_csv

FILES = 24
TEMPORARY = ".chexlabel-*.tmp"
MANIFEST = "_chexlabel.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    """Kill, resume and compare; return 1 if an output is not what it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    chance = random.Random(arguments.seed)  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as place:
        source, out = Path(place, "in"), Path(place, "out")
        write_files(source, recombined_reports(2400))
        started = time.monotonic()
        if start(source, Path(place, "whole"), 1).wait():
            raise RuntimeError("the run that was left alone failed")
        whole, seconds = contents(Path(place, "whole")), time.monotonic() - started
        kills = ended = 0
        while kills < arguments.kills:
            process = start(source, out, 1 + kills % 2)
            try:
                process.wait(chance.uniform(0, seconds))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
                print(f"{kills} of {arguments.kills}", end="\r", file=sys.stderr, flush=True)
            else:
                ended += 1
            problem = wrong(out, whole, complete=process.returncode == 0)
            if problem:
                print(f"after kill {kills}: {problem}")
                return 1
            if process.returncode == 0:
                shutil.rmtree(out)
        if start(source, out, 1).wait() or (problem := wrong(out, whole, complete=True)):
            print(f"in the end: {problem or 'the run failed'}")
            return 1
    print(f"{kills} kills, {ended} runs resumed to their end: the same bytes as a run left alone")
    return 0


def write_files(folder: Path, reports: list[str]) -> None:
    """Write reports into files of three formats, in two folders."""
    from pyarrow import csv, parquet

    for number in range(FILES):
        some = reports[number::FILES]
        path = folder / f"part={number % 2}" / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(path, some)
        if number % 3 == 1:
            options = csv.ParseOptions(newlines_in_values=True)
            parquet.write_table(
                csv.read_csv(path, parse_options=options), path.with_suffix(".parquet")
            )
            path.unlink()
        elif number % 3 == 2:
            lines = [json.dumps({"id": at, "report": text}) for at, text in enumerate(some)]
            path.with_suffix(".jsonl").write_text("\n".join(lines) + "\n")
            path.unlink()


def start(source: Path, output: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start a run."""
    command = [
        *(sys.executable, "-m", "chexlabel", str(source), "-o", str(output), "--quiet"),
        *("--resume", "--no-refine", "--workers", str(workers)),
    ]
    return subprocess.Popen(command)  # noqa: S603 - our own command


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of each file in a folder, temporary ones aside."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.match(TEMPORARY)
    }


def wrong(folder: Path, whole: dict[str, bytes], *, complete: bool) -> str | None:
    """Return what is wrong with an output folder, `None` if nothing is."""
    found = contents(folder)
    for name, data in found.items():
        if name != MANIFEST and data != whole.get(name):
            return f"{name} is there, but is not what it should be"
    if not complete:
        return None
    if found != whole:
        return "the folder is not that of the run left alone"
    left = [path.name for path in folder.rglob(TEMPORARY)]
    return f"a temporary file is left: {left[0]}" if left else None


if __name__ == "__main__":
    sys.exit(main())
