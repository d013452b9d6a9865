"""How fast is a big file, against an earlier commit? Prints a table; `--output` writes JSON.

    python benchmarks/growth.py --commit baedfca              # 200,000 reports, some minutes
    python benchmarks/growth.py --reports 20000 --rounds 1    # this checkout alone, rougher

What a labeler costs on a big file hangs on how many sentences are new to it. Here they grow as in
real corpora: of a sentence that is drawn, whether it is new is decided by a Pitman-Yor process
(Pitman and Yor, Annals of Probability 25(2), 1997), whose discount and strength give 36 % distinct
sentences at 4,000 reports and 19 % at 200,000. New ones are variations of those of the shipped
samples and, where `../shared` holds them, of the Open-i reports.

The builds take turns, each in a process of its own, CSV to CSV on one core by the rules alone; of
each the least CPU time counts.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from corpus import openi_reports, report_of, sentences_of, vary, write_csv
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
DISCOUNT, STRENGTH = 0.84, 14.0
SEED = 14
PACKAGES = ("pydantic", "PyYAML", "lxml", "rich")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often each build runs")
    parser.add_argument("--commit", help="an earlier commit to compare with")
    parser.add_argument("--output", type=Path, help="file for the figures, as JSON")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.write:
        reports, share = grown_reports(arguments.reports)
        write_csv(arguments.write, reports)
        print(share)
        return 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        trees = {"this checkout": ROOT}
        if arguments.commit:
            trees = {arguments.commit: stack.enter_context(checkout(arguments.commit)), **trees}
        growth = _write(arguments.reports, folder / "reports.csv")
        figures = measure(trees, folder, arguments.rounds)
    result = {
        "reports": arguments.reports,
        "distinct_sentences": growth,
        "machine": {
            "system": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
        "versions": {"python": platform.python_version(), **_versions()},
        "builds": figures,
    }
    if arguments.output:
        arguments.output.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    Console(width=100).print(_table(result))
    return 0


def grown_reports(count: int) -> tuple[list[str], float]:
    """Return distinct reports, the same ones in every run, and their share of distinct sentences.

    Args:
        count: how many.
    """
    rng = random.Random(SEED)  # noqa: S311 (no secret)
    base = sentences_of(openi_reports() or [])
    drawn: list[str] = []
    known: set[str] = set()

    def draw() -> str:
        if rng.random() * (STRENGTH + len(drawn)) >= STRENGTH + DISCOUNT * len(known):
            sentence = rng.choice(drawn)
        else:
            sentence = vary(rng.choice(base), rng)
            while sentence in known:
                sentence = f"{vary(rng.choice(base), rng)}, image {rng.randint(1, 9999)}"
            known.add(sentence)
        drawn.append(sentence)
        return sentence

    return [report_of(draw, rng) for _ in range(count)], len(known) / len(drawn)


@contextlib.contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """Check a commit out beside this checkout, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        _git("worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def measure(trees: dict[str, Path], folder: Path, rounds: int) -> dict[str, dict[str, Any]]:
    """Return the figures of each build: least CPU seconds, peak memory, hash of what it wrote."""
    figures: dict[str, dict[str, Any]] = {}
    for _ in range(rounds):
        for name, tree in trees.items():
            output = folder / "labels.csv"
            seconds, megabytes = _run(tree, folder / "reports.csv", output)
            wrote = hashlib.sha256(output.read_bytes()).hexdigest()
            known = figures.setdefault(name, {"cpu_seconds": seconds, "peak_mb": megabytes})
            known["cpu_seconds"] = min(known["cpu_seconds"], seconds)
            known["peak_mb"] = max(known["peak_mb"], megabytes)
            known["output_sha256"] = wrote
    return figures


def _write(count: int, path: Path) -> float:
    """Write the reports; return their share of distinct sentences.

    By a process of its own, for a process starts with the peak of memory of the one it comes from.
    """
    command = [sys.executable, __file__, "--write", str(path), "--reports", str(count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def _run(tree: Path, source: Path, output: Path) -> tuple[float, float]:
    """Label a file with the code of a tree; return CPU seconds and peak memory in MB."""
    places = [str(tree / "labeler"), str(tree / "neural"), str(tree)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places), "CHEXLABEL_REFINER": "off"}
    command = [sys.executable, "-m", "chexlabel", str(source), "-o", str(output), "-f", "-q"]
    process = subprocess.Popen(command, cwd=tree, env=environment)  # noqa: S603 (our own)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"{tree}: exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)  # noqa: S603, S607 (git of the PATH)


def _versions() -> dict[str, str]:
    found = {}
    for package in ("chexlabel", *PACKAGES):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _table(result: dict[str, Any]) -> Table:
    count = result["reports"]
    share = result["distinct_sentences"]
    table = Table(title=f"{count:,} reports, {share:.0%} of their sentences distinct")
    for column in ("build", "reports/s of CPU", "times the first", "peak memory"):
        table.add_column(column, justify="left" if column == "build" else "right")
    builds = result["builds"]
    first = next(iter(builds.values()))["cpu_seconds"]
    for name, build in builds.items():
        seconds = build["cpu_seconds"]
        rate, times = f"{count / seconds:,.0f}", f"{first / seconds:.2f}"
        table.add_row(name, rate, times, f"{build['peak_mb']:.0f} MB")
    return table


if __name__ == "__main__":
    sys.exit(main())
