"""The gate: which passages the net is asked about, and that every way of labeling obeys it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")

import numpy as np

from chexlabel import Label, Labeler, RefinerError
from chexlabel_neural.gate import Gate, fit_gate, gate_cost, gate_features
from tiny_model import write_tiny_model

_SIZE = (1 << 16) + 1


def _weights(**votes: float) -> np.ndarray:
    weights = np.zeros(_SIZE, np.float32)
    for word, vote in votes.items():
        own = set(gate_features(word, 1)) - set(gate_features("other", 1))
        weights[sorted(own)] = vote
    return weights


def test_numbers_and_letter_case_do_not_count_and_unknown_words_do() -> None:
    assert gate_features("No effusion on 3 views", 0) == gate_features("NO effusion on 12 views", 0)
    assert gate_features("No effusion", 0) != gate_features("Effusion no", 0)
    assert gate_features("No effusion", 0) != gate_features("No effusion", 1)
    assert gate_features("No effusion", 3) == gate_features("No effusion", 30)
    assert gate_features("\ud800", 0)


def _with_gate(folder: Path, **votes: float) -> Path:
    write_tiny_model(folder)
    Gate(_weights(**votes), 0).write(folder / "gate.npy")
    return write_tiny_model(folder, gate={"file": "gate.npy", "least": 0.0})


def test_what_the_gate_holds_back_is_the_rules_alone(tmp_path: Path, tiny_model: Path) -> None:
    assert tiny_model.is_dir()
    labeler = Labeler(refine=_with_gate(tmp_path / "m", some=-9.0))
    edema = labeler.findings.index("Edema")
    for text, label in (("Some wetness.", None), ("More wetness.", Label.POSITIVE)):
        assert labeler.label(text)[edema] is label
        assert labeler.label_batch([text, "Heart."])[0][edema] is label
        assert labeler(text).labels["Edema"] is label  # with evidence, the same
    # Its probabilities are known all the same.
    assert labeler("Some wetness.").probabilities["Edema"]


def test_it_learns_which_passages_the_net_changes() -> None:
    pytest.importorskip("torch", reason="fitting a gate needs the extra [neural]")
    ordinary = [f"The {a} is {b}" for a in ("heart", "lung", "hilum") for b in ("clear", "normal")]
    odd = [f"The {a} is {b}" for a in ("cor", "pump", "organ") for b in ("huge", "bulky")]
    passages, changed = (ordinary + odd) * 8, ([False] * 6 + [True] * 6) * 8
    gate = fit_gate(passages, changed, [0] * len(passages))
    six = [0] * 6
    low, high = gate.scores(ordinary, six).max(), gate.scores(odd, six).min()
    assert low < 0 < high
    assert gate.asks(ordinary, six).all()  # fitted, it lets everything through
    strict = Gate(gate._weights, 0.0)
    cost = gate_cost(strict, [*ordinary, *odd], [True] + [False] * 5 + [True] * 6, six * 2)
    assert (cost.passages, cost.skipped, cost.lost) == (12, 6, 1)
    with pytest.raises(ValueError, match="and others"):
        fit_gate(odd, [True] * 6, six)


def test_a_broken_gate_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "m")
    (folder / "gate.npy").write_bytes(b"no array")
    write_tiny_model(folder, gate={"file": "gate.npy", "least": 0.0})
    with pytest.raises(RefinerError, match=r"gate\.npy: cannot be read"):
        Labeler(refine=folder)
    with (folder / "gate.npy").open("wb") as file:
        np.save(file, np.zeros(3))
    write_tiny_model(folder, gate={"file": "gate.npy", "least": 0.0})
    with pytest.raises(RefinerError, match="holds no weights"):
        Labeler(refine=folder)
