"""How fast is the refiner? Prints its loading time, sentences and reports per second.

    python benchmarks/refiner.py                   # the model that ships, on one CPU core
    python benchmarks/refiner.py --device cuda     # on a GPU
    python benchmarks/refiner.py --refiner DIR --reports 200000

Measured on Open-i where `../shared` holds it, else on the recombined sample reports.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from corpus import openi_reports, recombined_reports
from rich.console import Console
from rich.table import Table

from chexlabel import ChexlabelError, Labeler
from chexlabel.engine.sections import Sectioner
from chexlabel.engine.sentences import SentenceSplitter
from chexlabel_neural.refine import RefinerJudge

_BATCH = 256  # reports labeled at once, as the command does


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--refiner", type=Path, help="model folder (default: the one that ships)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    parser.add_argument("--threads", type=int, default=1, help="threads on the CPU")
    parser.add_argument("--reports", type=int, help="recombined reports, that many, not Open-i")
    arguments = parser.parse_args(argv)
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    console = Console(width=100)
    started = time.perf_counter()
    fresh = partial(Labeler, refine=arguments.refiner or True, device=arguments.device)
    try:
        labeler = fresh()
    except ChexlabelError as error:
        console.print(f"error: {error}", style="red")
        return 2
    loading = time.perf_counter() - started
    if labeler.refiner is None:
        console.print(labeler.refiner_note, style="yellow")
        return 2
    reports = openi_reports() if arguments.reports is None else None
    name = "Open-i reports"
    if reports is None:
        reports = recombined_reports(arguments.reports or 4000)
        name = "recombined sample reports"
    table = Table(title=f"{labeler.refiner} on {arguments.device}: {len(reports):,} {name}")
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_row("loading rules and refiner, s", f"{loading:.2f}")
    for what, figure in _figures(labeler, fresh, reports):
        table.add_row(what, f"{figure:,.0f}")
    console.print(table)
    return 0


def _figures(
    labeler: Labeler, fresh: Callable[[], Labeler], reports: list[str]
) -> Iterator[tuple[str, float]]:
    sentences = _distinct_sentences(labeler, reports)
    yield "distinct sentences", len(sentences)
    judge = labeler._refiner
    assert isinstance(judge, RefinerJudge)
    yield "distinct sentences/s, the net alone", _rate(sentences, judge.net_probabilities)
    if judge.gate is not None:
        left = len(sentences) - int(judge.asks(sentences).sum())
        yield "sentences of 100 left to the rules by the gate", 100 * left / len(sentences)
    yield "reports/s, refined labels", _rate(reports, _by_batches(fresh()))  # remembers nothing
    rules = Labeler(refine=False)
    yield "reports/s, labels by the rules alone", _rate(reports, _by_batches(rules))


def _by_batches(labeler: Labeler) -> Callable[[list[str]], object]:
    def label(reports: list[str]) -> None:
        stream = iter(reports)
        while batch := list(islice(stream, _BATCH)):
            labeler.label_batch(batch)

    return label


def _rate(items: list[str], job: Callable[[list[str]], object]) -> float:
    started = time.perf_counter()
    job(items)
    return len(items) / (time.perf_counter() - started)


def _distinct_sentences(labeler: Labeler, reports: list[str]) -> list[str]:
    model = labeler.patterns.sections
    sectioner, splitter = Sectioner(model), SentenceSplitter(model)
    return list(
        dict.fromkeys(
            sentence
            for text in reports
            for span in sectioner.counted(text)
            for sentence in splitter.split(text, span.start, span.end)
        )
    )


if __name__ == "__main__":
    sys.exit(main())
