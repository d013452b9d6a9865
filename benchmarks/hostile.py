"""How long does text made to be slow take the rules? Prints CPU seconds a megabyte, worst first.

    python benchmarks/hostile.py              # 200 KB of each
    python benchmarks/hostile.py --limit 1    # exit status 1 where any takes more than 1 s/MB

Each text is one unit over and over, without a full stop where the unit has none, so that what works
by the sentence works on all of it at once. "random words" is one unit as long as the text: there
nothing comes again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence

from chexlabel import Labeler

UNITS = {
    "commas": ",",
    "letters and commas": "a, ",
    "spaces": " ",
    "line ends": "\n",
    "headings": "IMPRESSION:\n",
    "one-letter headings": "A:\n",
    "full stops": ". ",
    "denials": "no ",
    "hedges": "possible ",
    "findings": "effusion ",
    "list": "effusion, ",
    "denied list": "no effusion or ",
    "clauses": "effusion is seen, but ",
    "states": "normal heart ",
    "one long word": "a",
    "misspelt words": "pneumothroax ",
    "numbers": "1.2 ",
    "removed words": "___ ",
    "brackets": "[**",
    "quotes": '"',
    "other scripts": "\u0130\u00df\u0416\u4e2d ",
    "questions": "Edema? ",
}
UNITS["random words"] = " ".join(
    random.Random(0).choices(" ".join(UNITS.values()).split(), k=100_000)  # noqa: S311
)


def main(argv: Sequence[str] | None = None) -> int:
    """Time all texts; return 1 if one is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=200_000, help="characters of each text")
    parser.add_argument("--limit", type=float, default=None, help="seconds a megabyte")
    arguments = parser.parse_args(argv)
    labeler = Labeler(refine=False)
    labeler("Small left effusion, no edema.")
    rates = {name: seconds(labeler, unit, arguments.size) for name, unit in UNITS.items()}
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
        print(f"{rate:8.2f} s/MB  {name}")
    return int(arguments.limit is not None and max(rates.values()) > arguments.limit)


def seconds(labeler: Labeler, unit: str, size: int) -> float:
    """Return the CPU seconds that a megabyte of a unit takes, labels alone."""
    text = (unit * (size // len(unit) + 1))[:size]
    started = time.process_time()
    labeler.label(text)
    return (time.process_time() - started) / size * 1e6


if __name__ == "__main__":
    sys.exit(main())
