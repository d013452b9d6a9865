"""The written training text: well formed, split by writer, and foreign to every test set."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from chexlabel.errors import InputError
from chexlabel_neural.corpus import CODES, IGNORED, read_corpus, read_splits
from places import ROOT

CORPUS = ROOT / "neural" / "corpus"


def same(text: str) -> str:
    """Return the text without what two copies of a line may differ in."""
    return re.sub(r"\W+", " ", text.lower()).strip()


def test_every_line_reads_and_no_writer_is_on_two_sides() -> None:
    split = read_splits(CORPUS)
    sides = {"train": read_corpus(CORPUS)}
    sides["dev"] = read_corpus(CORPUS, split.dev)
    sides["test"] = read_corpus(CORPUS, split.test)
    writers = {side: {passage.writer for passage in passages} for side, passages in sides.items()}
    assert not writers["train"] & writers["dev"]
    assert not writers["train"] & writers["test"]
    assert not writers["dev"] & writers["test"]
    read = sum(map(len, sides.values()))
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in CORPUS.glob("*.tsv"))
    assert read == lines >= 35_000


def test_no_held_out_line_is_trained_on() -> None:
    split = read_splits(CORPUS)
    trained = {same(passage.text) for passage in read_corpus(CORPUS)}
    held = [p.text for p in read_corpus(CORPUS, [*split.dev, *split.test])]
    shared = [text for text in held if same(text) in trained]
    assert not shared


def test_no_line_of_a_blind_set_is_trained_on() -> None:
    trained = {same(passage.text) for passage in read_corpus(CORPUS)}
    blind = []
    for path in sorted((ROOT / "tests" / "blind").rglob("*.yaml")):
        for group in yaml.safe_load_all(path.read_text("utf-8")):
            blind += [case["text"] for case in group.get("cases", ())]
    assert len(blind) > 2800
    shared = [text for text in blind if same(text) in trained]
    assert not shared


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Small effusion.\tPX", r"ours\.tsv:2: no such code 'PX'; write e\.g\. PE=1,PX=0"),
        ("Small effusion.\tXX=1", r"ours\.tsv:2: no such code 'XX=1'"),
        ("Small effusion.\tPE=2", r"ours\.tsv:2: no such code 'PE=2'"),
        ("Small effusion. PE=1", r"ours\.tsv:2: write text, a tab, and the codes"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "splits.yaml").write_text("dev: [a]\ntest: [b]\n")
    (tmp_path / "ours.tsv").write_text(f"No effusion.\tPE=0\n{line}\n")
    with pytest.raises(InputError, match=message):
        read_corpus(tmp_path)


def test_codes_become_classes(tmp_path: Path) -> None:
    (tmp_path / "splits.yaml").write_text("dev: [a]\ntest: [b]\nwithout_other: [old]\n")
    (tmp_path / "new.tsv").write_text("No edema, ?effusion, big heart.\tED=0,PE=-1,CM=1\n")
    (tmp_path / "old.tsv").write_text("Clear lungs.\t\n")
    new, old = read_corpus(tmp_path)
    classes = dict(zip(CODES, new.labels, strict=True))
    assert {code: value for code, value in classes.items() if value} == {"ED": 1, "PE": 2, "CM": 3}
    assert old.labels[-1] == IGNORED
    assert set(old.labels[:-1]) == {0}


def test_a_missing_file_or_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"splits\.yaml: cannot be read"):
        read_corpus(tmp_path)
    (tmp_path / "splits.yaml").write_text("dev: [gone]\ntest: [b]\n")
    with pytest.raises(InputError, match=r"gone\.tsv: there is no such corpus file"):
        read_corpus(tmp_path, ["gone"])
