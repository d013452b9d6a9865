"""Prints what an environment weighs after the README's first command; fails above the limit.

Run by .ci/run in the fresh environment: `python tests/installed_size.py`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

CORE, REFINED = 80e6, 250e6
"""Bytes of the whole environment, pip included: of labeling and `explain`, and with [refine]."""


def installed_size(environment: Path) -> int:
    """Return the bytes of all files of an environment; links count nothing."""
    files = (path for path in environment.rglob("*") if not path.is_symlink() and path.is_file())
    return sum(path.stat().st_size for path in files)


if __name__ == "__main__":
    size = installed_size(Path(sys.prefix))
    limit = REFINED if find_spec("onnxruntime") else CORE
    print(f"The environment takes {size / 1e6:.0f} MB of {limit / 1e6:.0f} MB")
    sys.exit(size > limit)
