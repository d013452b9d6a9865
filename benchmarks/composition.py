"""Are composed statements read right? A long random run over every phrase of a pattern set.

    python benchmarks/composition.py                     # some minutes
    python benchmarks/composition.py --rounds 100        # longer
    python benchmarks/composition.py --patterns my-set/  # a set of your own

Prints each statement that gets another label than it must, and the rate. The statements are other
ones with every `--seed`; tests/composition runs two seeds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from chexlabel.composition import check_composition


def main(argv: Sequence[str] | None = None) -> int:
    """Print what is misread; return 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patterns", default="chexpert14", help="pattern set")
    parser.add_argument("--rounds", type=int, default=20, help="how often all phrases are used")
    parser.add_argument("--seed", type=int, default=1000, help="which statements")
    arguments = parser.parse_args(argv)
    started = time.perf_counter()
    result = check_composition(arguments.patterns, rounds=arguments.rounds, seed=arguments.seed)
    for failure in result.failures:
        print(failure.problem.message)
    rate = len(result.failures) / max(1, result.statements)
    print(
        f"{len(result.failures)} of {result.statements:,} statements misread ({rate:.3%}), "
        f"{time.perf_counter() - started:.0f} s"
    )
    for reason, count in result.left_out.items():
        print(f"left out, {reason}: {count}")
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
