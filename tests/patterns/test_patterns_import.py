"""Turning a phrases folder of the CheXpert labeler into a set. All phrases are made up here."""

from __future__ import annotations

from pathlib import Path

import pytest

from chexlabel import Labeler, OutputError, PatternError
from chexlabel.cli import main
from chexlabel.patterns import check_set, import_phrases, read_set, set_entries
from pattern_sets import said

PHRASES = {
    "mention/cardiomegaly.txt": "cardiomega\nbig heart\nthe heart\nheart outline\n",
    "mention/pleural_effusion.txt": "effus\npleural flui\n\n  Fluid Layer  \neffus\n",
    "unmention/pleural_effusion.txt": "pericardial effus\n",
    "mention/support_devices.txt": "_wire_\ncannul\nj/g tube\nport-a-",
    "mention/lung_lesion.txt": "nodul\n",
    "mention/no_finding.txt": "scolio\nspur_\n",
    "mention/spine_curve.txt": "gibbus\n",
}


def write_phrases(tmp_path: Path, files: dict[str, str]) -> Path:
    folder = tmp_path / "phrases"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def phrases(path: Path, finding: str) -> list[tuple[str, str]]:
    return [
        (entry.key.partition(" ")[0], entry.phrase.text)
        for entry in set_entries(read_set(path))
        if entry.group == finding
    ]


def test_the_set_loads_labels_and_is_clean(tmp_path: Path) -> None:
    result = import_phrases(write_phrases(tmp_path, PHRASES), tmp_path / "new")
    assert result.notes == ()
    assert result.findings == Labeler(tmp_path / "new").findings
    checked = check_set(tmp_path / "new")
    assert (checked.errors, checked.warnings) == ((), ())
    text = "Small left effusions. No cannula. Possible nodules. The heart is enlarged."
    assert said(tmp_path / "new", text) == {
        "Cardiomegaly": 1,
        "Lung Lesion": -1,
        "Pleural Effusion": 1,
        "Support Devices": 0,
    }
    assert said(tmp_path / "new", "Heart outline normal. Pericardial effusion. Rewired.") == {
        "No Finding": 1,
        "Cardiomegaly": 0,
    }


def test_findings_stand_in_the_order_of_the_chexpert_labeler(tmp_path: Path) -> None:
    result = import_phrases(write_phrases(tmp_path, PHRASES), tmp_path / "new")
    assert result.findings == (
        "No Finding",
        "Cardiomegaly",
        "Lung Lesion",
        "Pleural Effusion",
        "Support Devices",
        "Spine Curve",
    )
    assert result.phrases == 16


def test_phrases_keep_their_meaning(tmp_path: Path) -> None:
    import_phrases(write_phrases(tmp_path, PHRASES), tmp_path / "new")
    assert phrases(tmp_path / "new", "Pleural Effusion") == [
        ("positive", "effus*"),
        ("positive", "pleural flui*"),
        ("positive", "fluid layer*"),
        ("exclude", "pericardial effus*"),
    ]
    assert phrases(tmp_path / "new", "Cardiomegaly") == [
        ("positive", "cardiomega*"),
        ("positive", "big heart*"),
        ("anatomy", "the heart*"),
        ("anatomy", "heart outline*"),
    ]
    assert phrases(tmp_path / "new", "Support Devices") == [
        ("positive", "wire"),
        ("positive", "cannul*"),
        ("positive", "j/g tube*"),
        ("positive", "port-a-"),
    ]


def test_no_finding_names_other_abnormalities(tmp_path: Path) -> None:
    new = import_phrases(write_phrases(tmp_path, PHRASES), tmp_path / "new").path
    assert said(new, "Clear lungs.") == {"No Finding": 1}
    assert said(new, "Scoliosis.") == {}
    assert said(new, "Wire in place.") == {"No Finding": 1, "Support Devices": 1}
    assert said(new, "Gibbus.") == {"Spine Curve": 1}
    assert said(new, "No gibbus.") == {"No Finding": 1, "Spine Curve": 0}


def test_without_no_finding_there_is_no_such_label(tmp_path: Path) -> None:
    folder = write_phrases(tmp_path, {"mention/edema.txt": "oedema\n"})
    result = import_phrases(folder, tmp_path / "new")
    assert result.findings == Labeler(tmp_path / "new").findings == ("Edema",)


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    folder = write_phrases(
        tmp_path,
        {
            "mention/fracture.txt": "rib #\nrib #?\n{broken} [rib]\nfractur*\n*\n_ _\n\x07\n",
            "unmention/edema.txt": "leg oedema\n",
        },
    )
    result = import_phrases(folder, tmp_path / "new")
    assert [(note.file.name, note.line, note.message) for note in result.notes] == [
        ("fracture.txt", 2, r"read as it stands, not as a regular expression: `rib \#?`"),
        (
            "fracture.txt",
            3,
            r"read as it stands, not as a regular expression: `\{broken\} \[rib\]`",
        ),
        ("fracture.txt", 4, "read as it stands, not as a regular expression: `fractur*`"),
        ("fracture.txt", 5, "left out: it has no word"),
        ("fracture.txt", 6, "left out: it has no word"),
        ("fracture.txt", 7, "left out: it holds a control character"),
        ("edema.txt", 1, "left out: there is no mention/edema.txt"),
    ]
    for text in ("Left rib #.", "{broken} [rib]", "fractured"):
        assert said(tmp_path / "new", text) == {"Fracture": 1}
    assert said(tmp_path / "new", "broken rib") == {}


def test_names_that_yaml_could_misread(tmp_path: Path) -> None:
    files = {
        "mention/true.txt": "aaa\n",
        "mention/it's: #1.txt": "bbb\n",
        "mention/12.txt": "ccc\n",
    }
    new = import_phrases(write_phrases(tmp_path, files), tmp_path / "null").path
    assert set(Labeler(new).findings) == {"True", "It'S: #1", "12"}
    assert said(new, "aaa bbb ccc") == {"True": 1, "It'S: #1": 1, "12": 1}


def test_the_output_must_be_new(tmp_path: Path) -> None:
    folder = write_phrases(tmp_path, PHRASES)
    new = tmp_path / "new"
    new.mkdir()
    import_phrases(folder, new)
    with pytest.raises(OutputError, match="exists already; choose another folder"):
        import_phrases(folder, new)
    with pytest.raises(OutputError, match="exists already; choose another folder"):
        import_phrases(folder, new / "set.yaml")
    with pytest.raises(OutputError, match=r"there is no folder .*; make it first"):
        import_phrases(folder, tmp_path / "nowhere" / "new")


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = write_phrases(tmp_path, PHRASES)
    (folder / "mention/zoster.txt").write_bytes(b"g\xfcrtel\n")
    with pytest.raises(PatternError, match=r"zoster.txt:1: cannot be read; make it a readable"):
        import_phrases(folder, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["phrases"]


@pytest.mark.parametrize("name", ["mention", "nowhere"])
def test_a_folder_without_phrases(name: str, tmp_path: Path) -> None:
    folder = write_phrases(tmp_path, PHRASES)
    with pytest.raises(PatternError, match="no folder `mention` in it; name the folder that"):
        import_phrases(folder / name, tmp_path / "new")


def test_a_folder_without_files(tmp_path: Path) -> None:
    (tmp_path / "phrases/mention").mkdir(parents=True)
    with pytest.raises(PatternError, match=r"no files \(\*\.txt\) in it"):
        import_phrases(tmp_path / "phrases", tmp_path / "new")


def test_the_command(tmp_path: Path, capsys, monkeypatch) -> None:
    write_phrases(tmp_path, {"mention/fracture.txt": "fractur\n.*\nbroken (rib)\n"})
    monkeypatch.chdir(tmp_path)
    assert main(["patterns", "import", "phrases", "-o", "new"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "phrases/mention/fracture.txt:2: note: left out: it has no word",
        "phrases/mention/fracture.txt:3: note: read as it stands, not as a regular expression: "
        "`broken (rib)`",
        "new: 1 finding from 2 phrases; see: chexlabel patterns check new",
    ]
    assert main(["patterns", "import", "phrases", "-o", "new"]) == 2
    assert capsys.readouterr().err == (
        "chexlabel: error: new exists already; choose another folder\n"
    )
