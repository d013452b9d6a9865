"""The commands that make a refiner, from a recipe to labels, on a network of toy size."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
import yaml

pytest.importorskip("torch", reason="training needs the extra [neural]")
pytest.importorskip("transformers", reason="training needs the extra [neural]")
pytest.importorskip("onnxruntime", reason="the export needs the extra [refine]")

from safetensors.torch import load_file

from chexlabel import Labeler
from chexlabel.cli import main
from chexlabel_neural.export import load_refiner
from chexlabel_neural.refiner_file import read_refiner_file
from tiny_base import CUES, WORDS, write_tiny_base

TAILS = (
    "",
    " is seen",
    " today",
    " seen today",
    " is clear",
    " lungs clear",
    " lungs",
    " clear today",
    " seen clear",
)
HEADS = ("", "today ", "lungs clear ", "seen ", "clear today ", "is ", "lungs ", "clear ")
VALUES = {"no": 0, "possible": -1, "large": 1}


def lines() -> list[str]:
    made = []
    for cue, (word, code), head, tail in itertools.product(CUES, WORDS.items(), HEADS, TAILS):
        made.append(f"{head}{cue} {word}{tail}\t{code}={VALUES[cue]}")
    return made


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run folder in which everything was made by the commands."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "base").mkdir()
    corpus = folder / "corpus"
    corpus.mkdir()
    text = lines()
    (corpus / "ours.tsv").write_text("\n".join(text[::2]) + "\n")
    (corpus / "theirs.tsv").write_text("\n".join(text[1::2]) + "\n")
    (corpus / "others.tsv").write_text("no edema\tED=0\n")
    (corpus / "splits.yaml").write_text("dev: [theirs]\ntest: [others]\n")
    (folder / "reports.csv").write_text(
        "id,report\n" + "".join(f"{n},No effusion {n}. Large edema.\n" for n in range(40))
    )
    (folder / "gold.jsonl").write_text(
        json.dumps({"text": "Large effusion.", "labels": {"Pleural Effusion": 1}}) + "\n"
    )
    plan = {"epochs": 24, "batch": 8, "rate": 0.003, "noise": 0.0, "join": 0.0, "patience": 99}
    recipe = {
        "name": "tiny",
        "base": str(write_tiny_base(folder / "base")),
        "corpus": "corpus",
        "reports": ["reports.csv"],
        "real": 20,
        "composed": 20,
        "gold": ["gold.jsonl"],
        "teachers": [{"layers": 3, "train": plan}],
        "student": {"layers": 2, "train": plan},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    out = folder / "run"
    assert main(["train", str(folder / "recipe.yaml"), "-o", str(out), "-q"]) == 0
    assert main(["distill", str(folder / "recipe.yaml"), "-o", str(out), "-q"]) == 0
    return out


def test_the_run_says_what_went_into_it(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    assert set(manifest["networks"]) == {"teacher-1", "student"}
    epochs = manifest["networks"]["student"]["epochs"]
    assert epochs[-1]["loss"] < epochs[0]["loss"]
    assert epochs[-1]["exact"] > 0.9
    assert set(manifest["corpus"]) == {"ours.tsv", "theirs.tsv", "others.tsv"}
    assert len(manifest["pattern_hash"]) == 64
    assert "torch" in manifest["versions"]


def test_the_model_is_one_that_the_labeler_takes(run: Path) -> None:
    card = read_refiner_file(run / "model")
    assert card.title == "tiny 1"
    assert {p.name for p in (run / "model").iterdir()} == {*card.sha256, "refiner.json"}
    assert not [name for name in card.sha256 if name.endswith((".pt", ".bin", ".pkl"))]
    labeler = Labeler(refine=run / "model")
    assert labeler.refiner == "tiny 1"
    assert labeler("No effusion.").labels["Pleural Effusion"] == 0


def test_calibration_can_be_done_again_with_more_text(run: Path, tmp_path: Path, capsys) -> None:
    gold = tmp_path / "more.jsonl"
    gold.write_text(json.dumps({"text": "No edema.", "labels": {"Edema": 0}}) + "\n")
    recipe = str(run.parent / "recipe.yaml")
    assert main(["calibrate", recipe, str(run / "model"), "--gold", str(gold)]) == 0
    said = capsys.readouterr().err
    assert "218 texts, all labels right" in said
    assert "calibration error 0." in said


def test_a_recipe_may_go_on_from_a_model(run: Path, tmp_path: Path, capsys) -> None:
    recipe = yaml.safe_load((run.parent / "recipe.yaml").read_text())
    del recipe["teachers"], recipe["student"]
    plan = {"epochs": 1, "batch": 8, "rate": 0.001, "noise": 0.0, "join": 0.0}
    recipe |= {
        "start": "run/model",
        "version": "2",
        "finish": [{**plan, "seed": seed, "precision": "float32"} for seed in (1, 2)],
    }
    path = run.parent / "more.yaml"
    path.write_text(yaml.safe_dump(recipe))
    assert main(["train", str(path), "-o", str(tmp_path)]) == 2
    assert "it names no teachers; run chexlabel distill" in capsys.readouterr().err
    assert main(["distill", str(path), "-o", str(tmp_path), "-q"]) == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert set(manifest["networks"]) == {"finish-1", "finish-2"}
    assert manifest["start"] == read_refiner_file(run / "model").sha256
    labeler = Labeler(refine=tmp_path / "model")
    assert labeler.refiner == "tiny 2"
    assert labeler("No effusion.").labels["Pleural Effusion"] == 0
    # What ships is the mean of both, rounded.
    one, other = (
        load_file(tmp_path / f"finish-{n}" / "best.safetensors")["dense.weight"] for n in (1, 2)
    )
    assert not one.equal(other)
    assert load_refiner(tmp_path / "model").dense.weight.allclose((one + other) / 2, atol=0.01)


def test_a_model_is_adapted_to_ones_own_reports(run: Path, tmp_path: Path) -> None:
    from chexlabel_neural.adapt import adapt
    from chexlabel_neural.train import TrainConfig

    reports = tmp_path / "reports.csv"
    words = ["effusion", "edema", "fracture", "pneumothorax"]
    rows = (f"{n},Large {words[n % 4]} seen {n}." for n in range(100))
    reports.write_text("id,report\n" + "\n".join(rows) + "\n")
    plan = TrainConfig(epochs=1, batch=16, rate=1e-3, noise=0, join=0)
    folder = adapt([reports], tmp_path / "out", model=run / "model", plan=plan)
    card = read_refiner_file(folder)
    assert card.title == "tiny 1+adapted"
    assert card.policy == read_refiner_file(run / "model").policy
    assert Labeler(refine=folder)("No effusion.").labels["Pleural Effusion"] == 0


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("corpus: corpus\n", r"recipe\.yaml: name either `teachers` or a `start`"),
        ("corpus: corpus\nstart: model\n", r"recipe\.yaml: say by `finish` how the model"),
        ("corpus: corpus\nteachers: [{}]\nstudent: {lairs: 3}\n", r"`student\.lairs`: "),
        ("[", r"recipe\.yaml: cannot be read"),
    ],
)
def test_a_recipe_with_a_fault_is_one_line(tmp_path, capsys, recipe: str, message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe)
    assert main(["train", str(path), "-o", str(tmp_path / "run")]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_train_needs_a_recipe_or_reports(tmp_path: Path, capsys) -> None:
    assert main(["train", "-o", str(tmp_path)]) == 2
    assert "give either a recipe, or --reports" in capsys.readouterr().err


def test_too_little_held_out_text_is_said(run: Path, tmp_path: Path, capsys) -> None:
    recipe = yaml.safe_load((run.parent / "recipe.yaml").read_text())
    for name in ("ours.tsv", "others.tsv"):
        (tmp_path / name).write_text((run.parent / "corpus" / name).read_text())
    (tmp_path / "splits.yaml").write_text("dev: [others]\ntest: [others]\n")
    recipe["corpus"] = str(tmp_path)
    recipe["gold"] = []
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    assert main(["calibrate", str(path), str(run / "model")]) == 2
    assert "1 single sentences of held-out writers are too few" in capsys.readouterr().err
