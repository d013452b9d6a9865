"""Kills runs at random moments and shows what is left: no half-written output, no stray file.

    python benchmarks/kills.py             # 140 kills: SIGKILL, SIGTERM, SIGHUP, SIGINT in turn
    python benchmarks/kills.py --kills 20 --reports 10000

Each run labels the same reports into CSV, Parquet, Excel or gzipped JSON Lines, with evidence, in
one process or two. After each kill the outputs are absent or whole (equal to those of a run that
was left alone); after the next run with the same outputs no temporary file is left.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from corpus import recombined_reports, write_csv

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
NAMES = ("labels.csv", "labels.parquet", "labels.xlsx", "labels.jsonl.gz")
TEMPORARY = ".chexlabel-*.tmp"


def main(argv: Sequence[str] | None = None) -> int:
    """Kill runs and report; return 1 if anything was left that should not be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=140)
    parser.add_argument("--reports", type=int, default=1000, help="reports that each run labels")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    for number in (signal.SIGHUP, signal.SIGINT):  # the runs would inherit that they are ignored
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    chance = random.Random(arguments.seed)  # noqa: S311 - no secret
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "reports.csv")
        write_csv(source, recombined_reports(arguments.reports))
        whole = {name: left_alone(source, Path(folder, "whole"), name) for name in NAMES}
        for kill in range(arguments.kills):
            name = NAMES[kill % len(NAMES)]
            number = SIGNALS[kill // len(NAMES) % len(SIGNALS)]
            target = Path(folder, f"run{kill}")
            target.mkdir()
            moment = chance.uniform(0, 1.1) * whole[name][1]
            outcome = killed(source, target, name, number, moment, workers=1 + kill % 2)
            seen[f"{number.name}: {outcome}"] += 1
            print(f"{kill + 1} of {arguments.kills}", end="\r", file=sys.stderr, flush=True)
            problem = wrong(target, name, whole[name][0])
            if number is not signal.SIGKILL and any(target.glob(TEMPORARY)):
                problem = "a temporary file is left by a signal that can be handled"
            start(source, target, name, 1).wait()
            if any(target.glob(TEMPORARY)):
                problem = "a temporary file outlived the next run"
            if problem:
                print(f"kill {kill} ({number.name} after {moment:.2f} s, {name}): {problem}")
                return 1
    for line, times in sorted(seen.items()):
        print(f"{times:4} {line}")
    print(
        f"{arguments.kills} kills: every output absent or whole, no temporary file after the next"
    )
    return 0


def start(source: Path, folder: Path, name: str, workers: int) -> subprocess.Popen[bytes]:
    """Start a run, as a session of its own."""
    command = [
        *(sys.executable, "-m", "chexlabel", str(source), "-o", str(folder / name), "--quiet"),
        *("--evidence", str(folder / "evidence.jsonl"), "--workers", str(workers), "--force"),
    ]
    return subprocess.Popen(  # noqa: S603 - our own command
        command, env=os.environ, start_new_session=True, stderr=subprocess.DEVNULL
    )


def left_alone(source: Path, folder: Path, name: str) -> tuple[dict[str, str], float]:
    """Return the digests of the outputs of a whole run, and its seconds."""
    folder.mkdir(exist_ok=True)
    started = time.monotonic()
    if start(source, folder, name, 1).wait():
        raise RuntimeError("the run that was left alone failed")
    return {path: digest(folder / path) for path in (name, "evidence.jsonl")}, (
        time.monotonic() - started
    )


def killed(
    source: Path, folder: Path, name: str, number: signal.Signals, moment: float, *, workers: int
) -> str:
    """Kill a run after some seconds; return how it ended."""
    process = start(source, folder, name, workers)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, number)
        process.wait()
    return "had ended" if process.returncode == 0 else f"ended with {process.returncode}"


def wrong(folder: Path, name: str, whole: dict[str, str]) -> str | None:
    """Return what is wrong with the outputs of a killed run, `None` if nothing is."""
    for path in (name, "evidence.jsonl"):
        if (folder / path).exists() and digest(folder / path) != whole[path]:
            return f"{path} is there, but not whole"
    if (folder / name).exists() and not (folder / "evidence.jsonl").exists():
        return "the labels are there without their evidence"
    return None


def digest(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
