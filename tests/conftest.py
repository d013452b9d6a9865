"""Tests are of the rules alone, unless they choose a refiner themselves."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# Before anything is imported, and for the commands that tests start too.
os.environ["CHEXLABEL_REFINER"] = "off"

# Compiled sets are kept for the run, and not among those of whoever runs the tests.
os.environ["CHEXLABEL_CACHE"] = tempfile.mkdtemp(prefix="chexlabel-tests-")
atexit.register(shutil.rmtree, os.environ["CHEXLABEL_CACHE"], ignore_errors=True)
