"""The gate: which passages the net is asked about, and that every way of labeling obeys it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")

import numpy as np

from chexlabel import Label, Labeler, RefinerError
from chexlabel_neural.gate import Gate, Look, fit_gate, gate_cost, gate_features, gate_words
from chexlabel_neural.refine import RefinerJudge
from tiny_model import write_tiny_model

_SIZE = (1 << 18) + 1


def _look(text: str, unknown: int = 0, said: frozenset[tuple[int, int]] = frozenset()) -> Look:
    return Look(gate_words(text), unknown, said)


def _features(
    text: str, unknown: int = 0, said: frozenset[tuple[int, int]] = frozenset()
) -> set[int]:
    return set(gate_features([_look(text, unknown, said)]).ids.tolist())


def _weights(**votes: float) -> np.ndarray:
    weights = np.zeros(_SIZE, np.float32)
    for word, vote in votes.items():
        weights[sorted(_features(word, 1) - _features("other", 1))] = vote
    return weights


def test_numbers_and_letter_case_do_not_count_and_unknown_words_do() -> None:
    assert _features("No effusion on 3 views") == _features("NO effusion on 12 views")
    assert _features("No effusion") != _features("Effusion no")
    assert _features("No effusion") != _features("No effusion", 1)
    assert _features("No effusion", 3) == _features("No effusion", 30)
    assert _features("\ud800")
    assert len(_features("")) == 2  # nothing between two edges, and no unknown word


def test_each_look_has_its_own_features() -> None:
    looks = [
        _look("No effusion", 1, frozenset({(9, 1)})),
        _look(""),
        _look("Some edema and some effusion", 0, frozenset({(9, 3), (4, 3)})),
        _look("Clear."),
    ]
    ids, owners = gate_features(looks)
    for place, look in enumerate(looks):
        alone = gate_features([look])
        assert sorted(ids[owners == place]) == sorted(alone.ids)
        assert not alone.looks.any()


def test_what_the_rules_say_counts_with_each_word() -> None:
    silent = _features("No effusion")
    denied = _features("No effusion", 0, frozenset({(9, 1)}))
    assert silent < denied
    assert len(denied - silent) == 3  # the label, and with either word
    assert denied != _features("No effusion", 0, frozenset({(9, 3)}))


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
    judge = labeler._refiner
    assert isinstance(judge, RefinerJudge)
    assert judge.asks(["Some wetness.", "More wetness."]).tolist() == [False, True]
    # Its probabilities are known all the same.
    assert labeler("Some wetness.").probabilities["Edema"]


def test_it_learns_which_passages_the_net_changes() -> None:
    pytest.importorskip("torch", reason="fitting a gate needs the extra [neural]")
    ordinary = [f"The {a} is {b}" for a in ("heart", "lung", "hilum") for b in ("clear", "normal")]
    odd = [f"The {a} is {b}" for a in ("cor", "pump", "organ") for b in ("huge", "bulky")]
    looks = [_look(passage) for passage in (*ordinary, *odd)]
    changed = [False] * 6 + [True] * 6
    gate = fit_gate(looks * 8, changed * 8)
    assert gate.scores(looks[:6]).max() < 0 < gate.scores(looks[6:]).min()
    assert gate.asks(looks).all()  # fitted, it lets everything through
    assert gate.scores([]).shape == (0,)
    strict = Gate(gate._weights, 0.0)
    cost = gate_cost(strict, looks, [True] + [False] * 5 + [True] * 6)
    assert (cost.passages, cost.skipped, cost.lost) == (12, 6, 1)
    with pytest.raises(ValueError, match="and others"):
        fit_gate(looks[6:], changed[6:])


def test_it_learns_with_which_label_of_the_rules_the_net_disagrees() -> None:
    pytest.importorskip("torch", reason="fitting a gate needs the extra [neural]")
    denied, present = frozenset({(9, 1)}), frozenset({(9, 3)})
    looks = [
        _look(f"{opening} effusion", 0, said)
        for opening in ("No", "Some")
        for said in (denied, present)
    ]
    changed = [False, True, True, False]
    scores = fit_gate(looks * 16, changed * 16).scores(looks)
    assert min(scores[1:3]) > 0 > max(scores[0], scores[3])


def test_a_broken_gate_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "m")
    (folder / "gate.npy").write_bytes(b"no array")
    write_tiny_model(folder, gate={"file": "gate.npy", "least": 0.0})
    with pytest.raises(RefinerError, match=r"gate\.npy: cannot be read"):
        Labeler(refine=folder)
    as_they_were = np.zeros(_SIZE, np.float16)
    hashed_otherwise = np.append(as_they_were, np.float16(1))
    for weights in (np.zeros(3), as_they_were, hashed_otherwise):
        with (folder / "gate.npy").open("wb") as file:
            np.save(file, weights)
        write_tiny_model(folder, gate={"file": "gate.npy", "least": 0.0})
        with pytest.raises(RefinerError, match="holds no weights"):
            Labeler(refine=folder)
