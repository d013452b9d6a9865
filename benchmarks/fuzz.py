"""Fuzzes readers, pattern loader and engine with mutations of right inputs, for a night.

    python benchmarks/fuzz.py                            # 1,000,000 inputs over all targets
    python benchmarks/fuzz.py --texts 10000 engine csv   # fewer, on some targets
    python benchmarks/fuzz.py --seed 7

An input that makes a target fail is saved in tests/fuzzing/corpus, where the tests replay it from
then on; the exit status is 1. So is one that takes more than ten seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fuzzing.targets import CORPUS, SEEDS, TARGETS, mutated

SECONDS = 10
"""Seconds that no input may take; they are a few hundred bytes long."""


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz the targets in turn; return 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--texts", type=int, default=1_000_000, help="inputs over all targets")
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args(argv)
    names = arguments.targets or list(TARGETS)
    seed = arguments.seed if arguments.seed is not None else time.time_ns()
    failed = 0
    for name in names:
        chance = random.Random(f"{seed} {name}")  # noqa: S311 - no secret
        started = time.monotonic()
        number = max(1, arguments.texts // len(names))
        found = sum(not passes(name, chance) for _ in range(number))
        failed += found
        rate = number / (time.monotonic() - started)
        print(f"{name:10} {number:9,} inputs, {rate:8,.0f}/s, {found} failed", flush=True)
    print(f"seed {seed}: {failed} failed" + (f"; saved under {CORPUS}" if failed else ""))
    return 1 if failed else 0


def passes(name: str, chance: random.Random) -> bool:
    """Run a target on one mutated input; save the input if it fails."""
    data = mutated(chance.choice(SEEDS()[name]), chance)
    started = time.monotonic()
    try:
        TARGETS[name](data)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    else:
        seconds = time.monotonic() - started
        if seconds < SECONDS:
            return True
        problem = f"took {seconds:.0f} s"
    path = CORPUS / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print(f"{name}: {problem[:200]} ({path.name})", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main())
