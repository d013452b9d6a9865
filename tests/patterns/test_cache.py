"""Compiled pattern sets on disk: the same labels, and never those of other files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chexlabel import Labeler
from chexlabel.errors import PatternError
from chexlabel.labels import Label
from chexlabel.patterns import cache, places
from chexlabel.patterns.load import available_sets, read_set
from pattern_sets import write_set
from places import ROOT

TEXTS = [
    "No effusion or pneumothorax. Possible pneumonia; the heart is enlarged.",
    "Edema? Absent. plueral fluid, noeffusion. It has since cleared.",
    "INDICATION: fall.\n\nFINDINGS: 1) Heart size normal.\n2) No rib fracture.",
    "images/0001.png",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an empty cache."""
    monkeypatch.setenv("CHEXLABEL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def said(labeler: Labeler) -> list[object]:
    return [(labeler.label(text), labeler(text)) for text in TEXTS]


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@pytest.mark.parametrize("name", sorted(available_sets()))
def test_a_set_from_disk_says_what_a_compiled_one_says(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*TEXTS, *(example.text for example in read_set(name).examples)]
    first = Labeler(name, refine=False)
    assert len(files(folder)) == 1
    from_disk = Labeler(name, refine=False)
    monkeypatch.setenv("CHEXLABEL_CACHE", "off")
    compiled = Labeler(name, refine=False)
    for text in texts:
        assert from_disk(text) == compiled(text) == first(text)
        assert from_disk.label(text) == compiled.label(text)


def test_a_set_from_disk_needs_no_yaml(folder: Path) -> None:
    script = (
        "import sys; from chexlabel import Labeler; Labeler(refine=False).label('No effusion.');"
        "print([m for m in ('yaml', 'pydantic', 'lxml', 'rich', 'numpy') if m in sys.modules])"
    )
    said = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert "yaml" in said[0].stdout
    assert said[1].stdout.strip() == "[]"
    assert len(files(folder)) == 1


def test_a_changed_file_is_compiled_anew(folder: Path, tmp_path: Path) -> None:
    ours = write_set(tmp_path / "ours", {"set.yaml": _set_yaml("chexpert14")})
    before = Labeler(ours, refine=False)
    assert before.label("Zork.") == before.label("Nothing.")
    changed = "finding: Edema\nextends: [Edema]\npositive: zork\n"
    write_set(ours, {"findings/edema.yaml": changed})
    assert Labeler(ours, refine=False)("Zork.").labels["Edema"] is Label.POSITIVE
    assert len(files(folder)) == 2


def test_a_changed_base_is_compiled_anew(folder: Path, tmp_path: Path) -> None:
    base = write_set(tmp_path / "base", {"set.yaml": _set_yaml("chexpert14", "base")})
    ours = write_set(tmp_path / "ours", {"set.yaml": _set_yaml("base")})
    assert Labeler(ours, refine=False)("Zork.").labels["Edema"] is None
    write_set(base, {"findings/edema.yaml": "finding: Edema\nextends: [Edema]\npositive: zork\n"})
    assert Labeler(ours, refine=False)("Zork.").labels["Edema"] is Label.POSITIVE
    assert len(files(folder)) == 1


def _set_yaml(base: str, name: str = "ours") -> str:
    return f"name: {name}\nversion: '1'\nextends: {base}\n"


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"effusion", b"infusion"),
        lambda content: b"{}\n" + content.partition(b"\n")[2],
        lambda _: b"[1]\n[2]",
        lambda _: os.urandom(3000),
    ],
)
def test_a_damaged_file_is_compiled_anew(damage: object, folder: Path) -> None:
    assert callable(damage)
    expected = said(Labeler(refine=False))
    (file,) = files(folder)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert said(Labeler(refine=False)) == expected
    assert json.loads(file.read_bytes().partition(b"\n")[0])["key"]
    assert len(file.read_bytes()) > len(whole) / 2


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("CHEXLABEL_CACHE", str(blocked / "cache"))
    assert Labeler(refine=False).label("Small effusion.")
    monkeypatch.setenv("CHEXLABEL_CACHE", "off")
    assert cache.cache_folder() is None


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CHEXLABEL_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "chexlabel"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / ".cache" / "chexlabel"


def test_old_files_are_removed(folder: Path) -> None:
    folder.mkdir()
    for number in range(20):
        (folder / f"old-{number}.json").write_text("{}")
        os.utime(folder / f"old-{number}.json", (number, number))
    Labeler(refine=False)
    left = {file.name for file in files(folder)}
    assert len(left) == 16
    assert "old-19.json" in left
    assert "old-4.json" not in left


def test_an_error_is_told_each_time(folder: Path, tmp_path: Path) -> None:
    ours = write_set(tmp_path / "ours", {"set.yaml": "name: [\n"})
    for _ in range(2):
        with pytest.raises(PatternError, match=r"set\.yaml"):
            Labeler(ours, refine=False)
    assert not folder.exists()


def test_shipped_sets_come_compiled(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = shutil.copytree(places.sets_folder(), tmp_path / "data" / "patterns")
    monkeypatch.setattr(places, "_PACKAGED", sets)
    places.compiled_folder().mkdir()
    for name, source in available_sets().items():
        cache.write_compiled(source, places.compiled_folder() / f"{name}.json")
    shipped = Labeler(refine=False)
    assert not folder.exists()  # nothing was to be compiled
    monkeypatch.setenv("CHEXLABEL_CACHE", "off")
    assert said(shipped) == said(Labeler(refine=False))

    # A file that was changed since does not fit, and the user's cache takes its place.
    monkeypatch.setenv("CHEXLABEL_CACHE", str(folder))
    name = sets / "chexpert14" / "findings" / "edema.yaml"
    name.write_text(
        name.read_text("utf-8").replace("positive: |", "positive: |\n  zork", 1), "utf-8"
    )
    assert Labeler(refine=False)("Zork.").labels["Edema"] is Label.POSITIVE
    assert len(files(folder)) == 1


def test_the_wheel_holds_compiled_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hatchling", reason="building a wheel needs hatchling")
    monkeypatch.syspath_prepend(ROOT)
    from compile_sets import PACKAGE, CompiledSets

    hook = CompiledSets(str(ROOT), {}, None, None, str(tmp_path), "wheel")
    data: dict[str, dict[str, str]] = {"force_include": {}}
    hook.initialize("editable", data)
    assert not data["force_include"]
    hook.initialize("standard", data)
    for path, place in data["force_include"].items():
        assert json.loads(Path(path).read_bytes().splitlines()[0])["sha256"]
        assert place == f"{PACKAGE}/{Path(path).name}"
    hook.finalize("standard", data, "")
    assert len(data["force_include"]) == len(available_sets())
    assert not any(Path(path).exists() for path in data["force_include"])
