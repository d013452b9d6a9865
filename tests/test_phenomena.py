"""The phenomenon suite: sentences by group, written from the conventions without the rules at hand.

`python -m pytest tests/test_phenomena.py` runs it; `python benchmarks/quality.py` prints its table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chexlabel import Labeler

SUITE = Path(__file__).parent / "phenomena"


def _groups() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text("utf-8")) for path in sorted(SUITE.glob("*.yaml"))]


GROUPS = _groups()


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    return Labeler()


def test_suite_is_large_enough() -> None:
    assert len(GROUPS) >= 35
    assert sum(len(group["cases"]) for group in GROUPS) >= 300


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["group"])
def test_phenomenon(group: dict[str, Any], labeler: Labeler) -> None:
    checked = set(labeler.findings)
    if not group.get("no_finding"):
        checked.discard("No Finding")
    wrong = []
    for case in group["cases"]:
        labels = labeler(case["text"]).labels
        got = {name: int(v) for name, v in labels.items() if v is not None and name in checked}
        expected = {name: v for name, v in case["labels"].items() if name in checked}
        if got != expected:
            wrong.append((case["text"], expected, got))
    assert not wrong
