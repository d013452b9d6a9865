"""How much `--workers` gains: wall time, and processor time in the parent and in the workers.

    python benchmarks/workers.py                      # 50,000 reports, 1 and 2 processes
    python benchmarks/workers.py --reports 200000 --workers 1 2 4

Processor time tells the gain where others use the machine too: on as many free cores as workers, a
run takes as long as the busiest of them, and the parent has little to do meanwhile. The runs take
turns, and each writes the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from corpus import recombined_reports, write_csv

RUN = """
import json, resource, sys, time
from chexlabel import label_file, Labeler
if __name__ == "__main__":
    source, output, workers = sys.argv[1:]
    started = time.perf_counter()
    label_file(source, output, labeler=Labeler(refine=False), workers=int(workers))
    wall = time.perf_counter() - started
    cpu = [
        use.ru_utime + use.ru_stime
        for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    ]
    peak = [
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(json.dumps({"wall": wall, "parent": cpu[0], "workers": cpu[1], "peak_mb": peak}))
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Print one JSON line a run and a summary; return 1 if the outputs differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=50_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args(argv)
    digests = set()
    with tempfile.TemporaryDirectory() as folder:
        source, script = Path(folder, "reports.csv"), Path(folder, "run.py")
        script.write_text(RUN)
        write_csv(source, recombined_reports(arguments.reports))
        print(json.dumps({"machine": platform.processor(), "python": platform.python_version()}))
        alone = None
        for workers in arguments.workers:
            output = Path(folder, f"{workers}.csv")
            command = [sys.executable, str(script), str(source), str(output), str(workers)]
            done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own
            found = json.loads(done.stdout, parse_float=lambda number: round(float(number), 2))
            busiest = max(found["parent"], found["workers"] / workers)
            alone = alone or found["parent"]
            found |= {"processes": workers, "gain on free cores": round(alone / busiest, 2)}
            print(json.dumps(found))
            digests.add(hashlib.sha256(output.read_bytes()).hexdigest())
    if len(digests) > 1:
        print("the outputs differ")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
