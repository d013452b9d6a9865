"""Are two builds the same? Prints one SHA-256 of all labels and evidence, and one for each corpus.

    python benchmarks/digest.py                    # the rules
    python benchmarks/digest.py --details DIGESTS  # also one of each text, to find what differs

Labeled are the sample reports, the cases of `tests/phenomena` and `tests/blind`, the examples of
the shipped pattern sets, text made to be hostile and, where `../shared` holds them, the Open-i
reports. A change that is meant to leave the labels alone must leave the digest alone: between pure
Python and a compiled build, and between one commit and the next.

Of the texts themselves nothing is written, here or in DIGESTS.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from corpus import openi_reports, recombined_reports, sample_reports
from hostile import UNITS

from chexlabel import Labeler
from chexlabel.labels import LabeledReport
from chexlabel.patterns.load import available_sets, read_set

TESTS = Path(__file__).resolve().parents[1] / "tests"
HOSTILE = 2000
"""Characters of each hostile text."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the digests; return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patterns", default="chexpert14", help="the pattern set")
    parser.add_argument("--details", type=Path, help="file for the digest of each text")
    arguments = parser.parse_args(argv)
    total = hashlib.sha256()
    details: list[str] = []
    for name, texts in corpora().items():
        own = hashlib.sha256()
        labeler = Labeler(arguments.patterns, refine=False)  # afresh: nothing is remembered
        for place, digest in enumerate(digests(labeler, texts)):
            own.update(digest)
            details.append(f"{name} {place} {digest.hex()}\n")
        total.update(own.digest())
        print(f"{own.hexdigest()}  {name} ({len(texts):,} texts)")
    print(f"{total.hexdigest()}  all")
    if arguments.details:
        arguments.details.write_text("".join(details), "utf-8")
    return 0


def corpora() -> dict[str, list[str]]:
    """Return the texts by the name of what they come from."""
    found = {
        "samples": sample_reports(),
        "recombined": recombined_reports(1000),
        "phenomena": list(_cases(TESTS / "phenomena")),
        "blind": list(_cases(TESTS / "blind")),
        "examples": [e.text for name in sorted(available_sets()) for e in read_set(name).examples],
        "hostile": [(unit * HOSTILE)[:HOSTILE] for unit in UNITS.values()],
    }
    real = openi_reports()
    return found if real is None else {**found, "openi": real}


def digests(labeler: Labeler, texts: Sequence[str]) -> Iterator[bytes]:
    """Yield a digest of what a labeler says of each text: its labels, by each way to them."""
    rows = labeler.label_batch(texts)
    for text, row in zip(texts, rows, strict=True):
        report = labeler(text)
        said = [list(row), list(labeler.label(text)), _values(report)]
        yield hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()


def _values(report: LabeledReport) -> dict[str, Any]:
    """Return labels and evidence as plain values."""
    return {
        "labels": dict(report.labels),
        "mentions": [
            [
                *(m.finding, m.label, m.text, m.start, m.end, m.section, m.sentence, m.pattern),
                [[c.kind, c.text, c.start, c.end, c.pattern] for c in m.cues],
            ]
            for m in report.mentions
        ],
    }


def _cases(folder: Path) -> Iterator[str]:
    """Yield the texts of the cases of a folder's files."""
    for path in sorted(folder.rglob("*.yaml")):
        for group in yaml.safe_load_all(path.read_text("utf-8")):
            for case in group.get("cases", ()) if isinstance(group, Mapping) else ():
                yield case["text"] if isinstance(case, Mapping) else case


if __name__ == "__main__":
    sys.exit(main())
