"""Reports and wording from elsewhere: blind sets of which half was never read while mending.

`blind/elsewhere/scores.yaml` keeps, for each set, how many texts had all labels right when it was
first scored and how many have now. A change may raise these figures, never lower them;
`docs/measurements.md` names what fell all the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chexlabel import Labeler
from chexlabel_neural.select import missing_runtime

FOLDER = Path(__file__).parent / "blind" / "elsewhere"
SCORES: dict[str, dict[str, int]] = yaml.safe_load((FOLDER / "scores.yaml").read_text("utf-8"))


def cases(name: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the cases of a set, and whether "No Finding" is among their labels."""
    groups = list(yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text("utf-8")))
    return [case for group in groups for case in group["cases"]], bool(groups[0].get("no_finding"))


def right(name: str, labeler: Labeler) -> int:
    """Count the texts with all labels right."""
    texts, has_no_finding = cases(name)
    skipped = set() if has_no_finding else {"No Finding"}
    count = 0
    rows = labeler.label_batch(case["text"] for case in texts)
    for case, row in zip(texts, rows, strict=True):
        got = {f: int(v) for f, v in zip(labeler.findings, row, strict=True) if v is not None}
        expected = {f: v for f, v in case["labels"].items() if f not in skipped}
        count += {f: v for f, v in got.items() if f not in skipped} == expected
    return count


def test_every_set_has_its_scores() -> None:
    files = {path.stem for path in FOLDER.glob("*.yaml")} - {"scores"}
    assert files == set(SCORES)
    for name, score in SCORES.items():
        assert score["texts"] == len(cases(name)[0])
        assert score["first"] <= score["rules"] <= score["texts"]
        assert score["refined"] <= score["texts"]


@pytest.mark.parametrize("name", SCORES)
def test_the_rules_are_as_good_as_measured(name: str) -> None:
    assert right(name, Labeler(refine=False)) >= SCORES[name]["rules"]


@pytest.mark.skipif(bool(missing_runtime()), reason="needs the extra [refine]")
@pytest.mark.parametrize("name", SCORES)
def test_the_refiner_is_as_good_as_measured(name: str) -> None:
    labeler = Labeler(refine=True)
    assert right(name, labeler) >= SCORES[name]["refined"]
