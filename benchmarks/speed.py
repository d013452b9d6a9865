"""How fast is it, on one core? Prints reports per second, and ratios to the peers in the same run.

    python benchmarks/speed.py             # some minutes; least-disturbed times of five rounds
    python benchmarks/speed.py --rounds 1  # quicker and rougher

Measured on the recombined sample reports and, where `../shared` holds them, on Open-i. Rates depend
on the machine; the ratios hardly do, because the jobs take turns.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from corpus import OPENI, openi_reports, recombined_reports, write_csv
from rich.console import Console
from rich.table import Table
from tasks import (
    Job,
    csv_to_csv,
    labels,
    labels_again,
    labels_by_negex,
    labels_with_evidence,
    make_docs,
    make_docs_again,
    negspacy_pipeline,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table for each corpus; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each job is timed")
    arguments = parser.parse_args(argv)
    console = Console(width=100)
    corpora = {"recombined sample reports": recombined_reports()}
    real = openi_reports()
    if real is None:
        console.print(f"{OPENI}: not there, so no figures on Open-i", style="yellow")
    else:
        corpora["Open-i reports"] = real
    for name, reports in corpora.items():
        console.print(table(name, reports, arguments.rounds))
    return 0


def table(name: str, reports: list[str], rounds: int) -> Table:
    """Measure all jobs on a corpus."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "reports.csv"), Path(folder, "labels.csv")
        write_csv(source, reports)
        jobs: dict[str, Callable[[], Job]] = {
            'spacy.blank("en").make_doc': lambda: make_docs(reports),
            "  the same text again": lambda: make_docs_again(reports),
            "labels": lambda: labels(reports),
            "  the same reports again": lambda: labels_again(reports),
            "labels with evidence": lambda: labels_with_evidence(reports),
            "CSV to CSV": lambda: csv_to_csv(source, output),
            'labels, assertion="negex"': lambda: labels_by_negex(reports),
            "negspacy pipeline": lambda: negspacy_pipeline(reports),
        }
        times = least_times(list(jobs.values()), rounds)
    result = Table(title=f"{len(reports):,} {name}")
    result.add_column("job")
    result.add_column("reports/s", justify="right")
    result.add_column("time, make_doc = 1", justify="right")
    for job, seconds in zip(jobs, times, strict=True):
        result.add_row(job, f"{len(reports) / seconds:,.0f}", f"{seconds / times[0]:.2f}")
    return result


def least_times(jobs: Sequence[Callable[[], Job]], rounds: int) -> list[float]:
    """Return the shortest time of each job in seconds; the jobs take turns.

    Args:
        jobs: each prepares a job; only what it returns is timed.
        rounds: how often each job is timed.
    """
    times = [float("inf")] * len(jobs)
    for _ in range(rounds):
        for place, prepare in enumerate(jobs):
            job = prepare()
            gc.collect()
            started = time.perf_counter()
            job()
            times[place] = min(times[place], time.perf_counter() - started)
    return times


if __name__ == "__main__":
    sys.exit(main())
