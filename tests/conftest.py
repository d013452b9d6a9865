"""Tests are of the rules alone, unless they choose a refiner themselves."""

from __future__ import annotations

import os

# Before anything is imported, and for the commands that tests start too.
os.environ["CHEXLABEL_REFINER"] = "off"
