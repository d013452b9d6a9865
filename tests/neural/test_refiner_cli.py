"""The refiner at the command: flags, summary, confidences, evidence, and what is said when not."""

from __future__ import annotations

import csv
import json
import pickle
import shutil
from pathlib import Path

import pytest

import chexlabel_neural.select
from chexlabel import Labeler, RefinerError, label_file
from chexlabel.cli import main
from chexlabel.readers import Block, Blocks
from chexlabel.run import blocks as _blocks
from chexlabel.validation.tables import read_label_file

_REPORTS = """\
id,report
a,General wetness of both bases.
b,"No edema. Nobugs here, pneumonia."
c,
d,Unsaid pneumothorax.
"""


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    path = tmp_path / "reports.csv"
    path.write_text(_REPORTS, "utf-8")
    return path


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_labels_are_refined_and_the_summary_names_the_model(
    reports: Path, tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "labels.csv"
    assert main([str(reports), "-o", str(output), "--refiner", str(tiny_model)]) == 0
    assert "refined by tiny 0.1" in capsys.readouterr().err
    rows = _rows(output)
    assert [row["Edema"] for row in rows] == ["1.0", "0.0", "", ""]
    assert rows[1]["Pneumonia"] == "0.0"
    assert rows[3]["Pneumothorax"] == ""
    assert main([str(reports), "-o", str(output), "-f", "--no-refine"]) == 0
    said = capsys.readouterr().err
    assert "; rules only, as asked for; " in said
    assert "refine" not in said
    assert [row["Edema"] for row in _rows(output)] == ["", "0.0", "", ""]


def test_workers_give_the_same_output(reports: Path, tmp_path: Path, tiny_model: Path) -> None:
    outputs = [tmp_path / "1.csv", tmp_path / "2.csv"]
    for workers, output in enumerate(outputs, 1):
        arguments = [str(reports), "-o", str(output), "--refiner", str(tiny_model), "--confidence"]
        assert main([*arguments, "-j", str(workers), "-q"]) == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_several_blocks_have_the_confidences_of_one_process(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blocks, "_SMALLEST", 2000)
    monkeypatch.setattr(_blocks, "_LARGEST", 2000)
    texts = ["General wetness of both bases.", "No edema.", "Nobugs here.", "", '""Fluid"", much.']
    rows = [f'{n},"{texts[n % len(texts)]} Image {n % 7}."\n' for n in range(300)]
    source = tmp_path / "reports.csv"
    source.write_text("study_id,report\n" + "".join(rows), "utf-8")
    taken: list[int] = []
    take = Blocks.take

    def counted(self: Blocks, size: int) -> Block | None:
        taken.append(size)
        return take(self, size)

    monkeypatch.setattr(Blocks, "take", counted)
    written = []
    for workers in (1, 2):
        labels, evidence = tmp_path / f"{workers}.csv", tmp_path / f"{workers}.jsonl"
        label_file(
            source,
            labels,
            labeler=Labeler(refine=tiny_model),
            evidence=evidence,
            confidence=True,
            workers=workers,
        )
        written.append((labels.read_bytes(), evidence.read_bytes()))
    assert len(taken) > 3
    assert written[0] == written[1]
    [header, *rows] = written[0][0].decode("utf-8").splitlines()
    assert "Edema_prob" in header
    assert len(rows) == 300


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_confidences_stand_beside_the_labels_and_validate_reads_them(
    reports: Path, tmp_path: Path, tiny_model: Path, ending: str
) -> None:
    output = tmp_path / f"labels.{ending}"
    labeler = Labeler(refine=tiny_model)
    label_file(reports, output, labeler=labeler, confidence=True)
    table = read_label_file(output)
    columns = list(table.columns)
    assert columns[-3:] == ["Pneumothorax_prob", "Pneumothorax_confidence", "Pneumothorax_source"]
    assert "Cardiomegaly_prob" not in columns  # the tiny net has no head for it
    positive = [float(cell) for cell in table.columns["Edema_prob"]]
    assert positive[0] > 0.99
    assert max(positive[1:]) < 0.05
    sure = [float(cell) for cell in table.columns["Edema_confidence"]]
    assert sure[0] > 0.99
    assert sure[2] == 0  # nothing is known of a report without text
    assert table.columns["Edema_source"][:2] == ("refiner", "rules")
    assert table.columns["Pneumothorax_source"][3] == "refiner"
    gold = tmp_path / "gold.csv"
    label_file(reports, gold, labeler=labeler)
    page = tmp_path / "page.html"
    assert main(["validate", str(output), str(gold), "-o", str(page), "-q"]) == 0
    assert "confidence" in page.read_text("utf-8").lower()


def test_evidence_names_the_model_and_who_decided(
    reports: Path, tmp_path: Path, tiny_model: Path
) -> None:
    evidence = tmp_path / "evidence.jsonl"
    arguments = [str(reports), "-o", str(tmp_path / "labels.csv"), "--evidence", str(evidence)]
    assert main([*arguments, "--refiner", str(tiny_model), "-q"]) == 0
    records = [json.loads(line) for line in evidence.read_text("utf-8").splitlines()]
    assert {record["refiner"] for record in records} == {"tiny 0.1"}
    (mention,) = [m for m in records[0]["mentions"] if m["finding"] == "Edema"]
    assert (mention["text"], mention["source"]) == ("wetness", "refiner")
    assert mention["confidence"] > 0.99
    assert records[0]["source"]["Edema"] == "refiner"
    assert 0 <= records[1]["confidence"]["Edema"] <= 1


def test_confidences_without_a_refiner_are_refused(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(reports), "--confidence", "--no-refine"]) == 2
    assert "confidences come from the refiner" in capsys.readouterr().err


@pytest.fixture
def shipped(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the tiny model be the one that ships for chexpert14."""
    shutil.copytree(tiny_model, tmp_path / "models" / "chexpert14")
    monkeypatch.setattr(chexlabel_neural.select, "models_folder", lambda: tmp_path / "models")
    monkeypatch.delenv("CHEXLABEL_REFINER")
    return tmp_path / "models" / "chexpert14"


def test_what_ships_is_the_default(
    shipped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shipped.is_dir()
    assert Labeler().refiner == "tiny 0.1"
    assert Labeler(refine=True).refiner == "tiny 0.1"
    assert Labeler(refine=False).refiner is None
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip().endswith(", refiner tiny 0.1)")
    for off in ("off", "OFF"):
        monkeypatch.setenv("CHEXLABEL_REFINER", off)
        assert Labeler().refiner is None
        assert Labeler().refiner_note == "rules only: CHEXLABEL_REFINER is off"
        assert main(["--version"]) == 0
        assert "refiner" not in capsys.readouterr().out


def test_a_pickled_labeler_keeps_its_refiner_in_another_folder_and_environment(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiny_model import write_tiny_model

    assert shipped.is_dir()
    write_tiny_model(tmp_path / "m", version="0.2")
    monkeypatch.chdir(tmp_path)
    pickled = [pickle.dumps(Labeler(refine="m"))]
    for stated in ("m", "off"):
        monkeypatch.setenv("CHEXLABEL_REFINER", stated)
        pickled.append(pickle.dumps(Labeler()))
    monkeypatch.delenv("CHEXLABEL_REFINER")
    monkeypatch.chdir(shipped)
    refiners = [pickle.loads(data).refiner for data in pickled]  # noqa: S301 - our own
    assert refiners == ["tiny 0.2", "tiny 0.2", None]


def test_the_version_names_the_refiner_that_a_run_would_use(
    shipped: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tiny_model import write_tiny_model

    assert shipped.is_dir()
    monkeypatch.setenv("CHEXLABEL_REFINER", str(write_tiny_model(tmp_path / "m", version="0.2")))
    assert Labeler().refiner == "tiny 0.2"
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.endswith(", refiner tiny 0.2)\n")
    nowhere = tmp_path / "nowhere"
    monkeypatch.setenv("CHEXLABEL_REFINER", str(nowhere))
    with pytest.raises(RefinerError) as caught:
        Labeler()
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.endswith(f"; {caught.value})\n")


def test_without_the_runtime_the_rules_label_and_the_extra_is_named(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped.is_dir()
    monkeypatch.setattr(chexlabel_neural.select, "missing_runtime", lambda: ["onnxruntime"])
    labeler = Labeler()
    assert labeler.refiner is None
    assert "needs onnxruntime" in labeler.refiner_note
    assert "chexlabel[refine]" in labeler.refiner_note
    with pytest.raises(RefinerError, match=r"needs onnxruntime; .*chexlabel\[refine\]"):
        Labeler(refine=True)


def test_another_set_is_left_to_the_rules(
    shipped: Path, reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shipped.is_dir()
    output = tmp_path / "labels.csv"
    assert main([str(reports), "-o", str(output), "--patterns", "nih14"]) == 0
    assert "; rules only: what nih14 means" in capsys.readouterr().err
    labeler = Labeler("nih14")
    assert labeler.refiner is None
    assert labeler.label("Wetness.") == Labeler("nih14", refine=False).label("Wetness.")


@pytest.mark.parametrize("name", ["hospital", "chexpert14"])
@pytest.mark.parametrize("is_stated", [False, True])
def test_a_set_that_extends_has_its_shared_findings_refined(
    shipped: Path, tmp_path: Path, name: str, is_stated: bool
) -> None:
    assert shipped.is_dir()
    own = tmp_path / "hospital"
    (own / "findings").mkdir(parents=True)
    (own / "set.yaml").write_text(
        f'name: {name}\nversion: "1"\nabout: x\nextends: chexpert14\n'
        "findings: [..., Gout]\nuncertain: {Pneumonia: positive}\n",
        "utf-8",
    )
    (own / "findings/gout.yaml").write_text("finding: Gout\npositive: |\n  gout\n", "utf-8")
    # A finding that the set defines anew is its own.
    (own / "findings/pneumothorax.yaml").write_text(
        "finding: Pneumothorax\npositive: |\n  pneumothora*\n", "utf-8"
    )
    labeler = Labeler(own, refine=shipped if is_stated else None)
    assert labeler.refiner == "tiny 0.1"
    labels = labeler("Gout and wetness. Bugs. Unsaid pneumothorax.").labels
    assert (labels["Gout"], labels["Edema"]) == (1, 1)
    assert labels["Pneumonia"] is None
    assert labels["Pneumothorax"] == 1
    assert set(labeler.findings_read) == {"Edema", "No Finding"}


def test_what_a_set_adds_the_net_does_not_undo(shipped: Path, tmp_path: Path) -> None:
    assert shipped.is_dir()
    own = tmp_path / "hospital"
    for folder in ("assertion", "findings"):
        (own / folder).mkdir(parents=True)
    (own / "set.yaml").write_text('name: hospital\nversion: "1"\nextends: chexpert14\n', "utf-8")
    (own / "assertion/uncertainty.yaml").write_text(
        "kind: uncertainty\nbefore: |\n  in the manner of\n", "utf-8"
    )
    (own / "findings/edema.yaml").write_text(
        "finding: Edema\nextends: [Edema]\n"
        "positive: |\n  soggy lungs\nexclude: |\n  wetness of ink\n",
        "utf-8",
    )

    def labels(text: str) -> list[int | None]:
        found = labeler(text)
        assert tuple(found.labels.values()) == labeler.label(text)
        return [found.labels[name] for name in ("Edema", "Pneumonia", "Pneumothorax")]

    labeler = Labeler(own)
    assert labels("Wetness. Bugs.") == [1, 1, None]
    # By a cue of its own, which is about any finding, also one that the net alone would find.
    assert labels("In the manner of pulmonary edema, dryness.") == [-1, None, None]
    assert labels("Pneumothorax, unsaid, in the manner of wetness.") == [None, None, 1]
    # By a phrase of its own of a finding that it otherwise shares, whose label alone stands.
    assert labels("Soggy lungs, dryness, bugs.") == [1, 1, None]
    assert labels("Wetness of ink, bugs.") == [None, 1, None]
    assert labels("Pulmonary edema, dryness.") == [0, None, None]


def test_other_rules_than_those_measured_are_told(shipped: Path, tmp_path: Path) -> None:
    from tiny_model import write_tiny_model

    assert Labeler().refiner_note == ""
    folder = write_tiny_model(tmp_path / "other", pattern_hash="0" * 64)
    assert "measured with other rules" in Labeler(refine=folder).refiner_note
    assert shipped.is_dir()


def test_broken_model_folders_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    from tiny_model import write_tiny_model

    def broken(name: str) -> Path:
        return shutil.copytree(tiny_model, tmp_path / name)

    with pytest.raises(RefinerError, match=r"no refiner\.json"):
        Labeler(refine=tmp_path)
    folder = broken("missing")
    (folder / "model.onnx").unlink()
    with pytest.raises(RefinerError, match=r"model\.onnx missing"):
        Labeler(refine=folder)
    folder = broken("changed")
    (folder / "tokenizer.json").write_text("{}", "utf-8")
    with pytest.raises(RefinerError, match=r"tokenizer\.json is not the file"):
        Labeler(refine=folder)
    folder = broken("other-set")
    write_tiny_model(folder, pattern_set="echo5")
    with pytest.raises(RefinerError, match="made for the pattern set 'echo5'"):
        Labeler(refine=folder)
    names = ("Edema", "Pneumonia", "Pneumothorax", "Gout")
    neutral = {"temperature": dict.fromkeys(names, 1.0), "rules_weight": {}, "policy": {}}
    write_tiny_model(folder, findings=names, **neutral)
    with pytest.raises(RefinerError, match="it reads Gout, which the pattern set"):
        Labeler(refine=folder)


def test_a_device_that_is_not_there_is_refused(
    tiny_model: Path, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch = pytest.importorskip("torch", reason="torch (extra [neural]) is not installed")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert main([str(reports), "--refiner", str(tiny_model), "--device", "cuda"]) == 2
    said = capsys.readouterr().err
    assert "device 'cuda': PyTorch finds none here" in said
    assert said.count("\n") == 1


def test_contradicting_flags_are_refused(
    reports: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(reports), "--refiner", str(tiny_model), "--no-refine"]) == 2
    assert "leave out one" in capsys.readouterr().err
    arguments = [str(reports), "--refiner", str(tiny_model), "--assertion", "negex"]
    assert main(arguments) == 2
    assert "negex" in capsys.readouterr().err
