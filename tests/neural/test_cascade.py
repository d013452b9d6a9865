"""The cascade: which passages are left to the rules, and that labels are what they were."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")

import numpy as np

from chexlabel import Label, Labeler, RefinerError
from chexlabel_neural.cascade import KnownSequences, measure_cascade
from chexlabel_neural.refine import RefinerJudge
from tiny_model import write_tiny_model

_AGREED = ["Heart size is normal", "No effusion on 3 views"]


def test_numbers_and_letter_case_do_not_count_and_edges_do() -> None:
    known = KnownSequences.of(_AGREED, [], order=2)
    passages = ["HEART SIZE IS NORMAL", "No effusion on 12 views", "Heart size", "size is normal"]
    assert known.cover(passages) == [True, True, False, False]
    assert known.cover([]) == []
    assert KnownSequences.of([], [], order=2).cover(["Heart"]) == [False]


def test_a_sequence_of_a_disputed_passage_is_not_known() -> None:
    known = KnownSequences.of(_AGREED, ["heart size is odd"], order=3)
    assert known.cover(_AGREED) == [False, True]


def _with_cascade(folder: Path, passages: list[str]) -> Path:
    write_tiny_model(folder)
    KnownSequences.of(passages, [], order=2).write(folder / "cascade.npy")
    return write_tiny_model(folder, cascade={"file": "cascade.npy", "order": 2})


def test_what_is_known_is_not_read_by_the_net(tmp_path: Path, tiny_model: Path) -> None:
    assert tiny_model.is_dir()
    labeler = Labeler(refine=_with_cascade(tmp_path / "m", ["some wetness", "heart size"]))
    judge = labeler._refiner
    assert isinstance(judge, RefinerJudge)
    # Known to be read alike, it says: so the net, which would change it, is not asked.
    assert labeler.label("Some wetness.")[labeler.findings.index("Edema")] is None
    assert labeler.label("More wetness.")[labeler.findings.index("Edema")] is Label.POSITIVE
    # With evidence and confidences the net reads everything.
    assert labeler("Some wetness.").labels["Edema"] is Label.POSITIVE
    known = KnownSequences.read(tmp_path / "m" / "cascade.npy", 2)
    cost = measure_cascade(known, judge, ["some wetness", "heart size", "bugs"])
    assert (cost.passages, cost.skipped, cost.lost) == (3, 2, 1)


def test_a_broken_cascade_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "m")
    (folder / "cascade.npy").write_bytes(b"no array")
    write_tiny_model(folder, cascade={"file": "cascade.npy", "order": 2})
    with pytest.raises(RefinerError, match=r"cascade\.npy: cannot be read"):
        Labeler(refine=folder)
    with (folder / "cascade.npy").open("wb") as file:
        np.save(file, np.zeros(3))
    write_tiny_model(folder, cascade={"file": "cascade.npy", "order": 2})
    with pytest.raises(RefinerError, match="holds no list"):
        Labeler(refine=folder)
