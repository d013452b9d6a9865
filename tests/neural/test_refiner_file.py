"""`refiner.json`: what may stand in it, and what is said of one that does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chexlabel import RefinerError
from chexlabel.patterns.lineage import pattern_hash
from chexlabel_neural.model_folder import check_files, file_hashes
from chexlabel_neural.refiner_file import RefinerFile, read_refiner_file, write_refiner_file
from chexlabel_neural.released_file import read_released_file
from chexlabel_neural.select import default_model
from places import ROOT

_GOOD: dict[str, Any] = {
    "format": 1,
    "name": "tiny",
    "version": "0.1",
    "pattern_set": "chexpert14",
    "pattern_hash": "0" * 64,
    "findings": ["Edema", "Pneumonia"],
    "temperature": {"Edema": 1.5, "Pneumonia": 1.0},
    "policy": {"Edema": {"blank>positive": 0.9}},
    "sha256": {},
}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = RefinerFile.model_validate(_GOOD)
    write_refiner_file(file, tmp_path)
    assert read_refiner_file(tmp_path) == file
    assert file.title == "tiny 0.1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format"),
        ({"policy": {"Edema": {"blank>blank": 0.9}}}, "'blank>blank' is no transition"),
        ({"policy": {"Edema": {"blank>positive": 1.2}}}, "less than or equal to 1"),
        ({"policy": {"Gout": {"blank>positive": 0.9}}}, "'Gout' is not among the findings"),
        ({"temperature": {"Edema": 1.0}}, "'Pneumonia' is missing"),
        ({"temperature": {"Edema": 0.0, "Pneumonia": 1.0}}, "temperature.Edema"),
        ({"findings": ["Edema", "Edema"]}, "one stands twice"),
        ({"pattern_hash": "abc"}, "pattern_hash"),
        ({"polcy": {}}, "polcy"),
    ],
)
def test_what_does_not_fit_is_named_on_one_line(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    (tmp_path / "refiner.json").write_text(json.dumps(_GOOD | change), "utf-8")
    with pytest.raises(RefinerError) as error:
        read_refiner_file(tmp_path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_the_file_and_a_file_without_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RefinerError, match=r"there is no refiner\.json in it"):
        read_refiner_file(tmp_path)
    (tmp_path / "refiner.json").write_text("{", "utf-8")
    with pytest.raises(RefinerError, match="cannot be read as JSON"):
        read_refiner_file(tmp_path)


def test_files_that_are_missing_or_changed_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    hashes = file_hashes(tmp_path)
    assert set(hashes) == {"a"}
    check_files(tmp_path, ["a"], hashes)
    with pytest.raises(RefinerError, match="b missing"):
        check_files(tmp_path, ["a", "b"], hashes)
    (tmp_path / "a").write_bytes(b"b")
    with pytest.raises(RefinerError, match="a is not the file"):
        check_files(tmp_path, ["a"], hashes)


def test_the_file_of_the_model_that_ships_is_read_as_it_was_checked() -> None:
    folder = default_model("chexpert14")
    assert folder is not None
    checked, read = read_refiner_file(folder), read_released_file(folder)
    assert read.title == checked.title
    gate = checked.gate
    assert gate is not None
    assert read.gate is not None
    assert (read.gate.file, read.gate.least) == (gate.file, gate.least)
    assert list(read.findings) == list(checked.findings)
    for name in RefinerFile.model_fields.keys() - {"gate", "findings", "about", "format"}:
        assert getattr(read, name) == getattr(checked, name)


def test_a_damaged_file_says_where(tmp_path: Path) -> None:
    with pytest.raises(RefinerError, match=r"there is no refiner\.json"):
        read_released_file(tmp_path)
    (tmp_path / "refiner.json").write_text('{"name": "tiny"}', "utf-8")
    with pytest.raises(RefinerError, match=r"refiner\.json: version: Field required"):
        read_released_file(tmp_path)


def test_the_pattern_hash_sees_content_and_names_but_not_line_ends(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, end in ((one, b"\n"), (two, b"\r\n")):
        folder.mkdir()
        (folder / "set.yaml").write_bytes(b"name: x" + end)
    assert pattern_hash(one) == pattern_hash(two)
    (two / "set.yaml").rename(two / "states.yaml")
    assert pattern_hash(one) != pattern_hash(two)
    (one / "set.yaml").write_bytes(b"name: y\n")
    assert len({pattern_hash(one), pattern_hash(two), pattern_hash(ROOT / "patterns/nih14")}) == 3
