"""Where things are: the checkout, and the data that may lie beside it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ROOT", "SHARED"]

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
