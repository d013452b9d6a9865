"""Pattern sets from strangers: what is made to hurt is a pattern error, at once."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from chexlabel.cli import main
from chexlabel.errors import PatternError
from chexlabel.patterns import import_phrases, read_set
from chexlabel.patterns.compile import load_patterns
from pattern_sets import write_child

FINDING = "finding: Rash\npositive: |\n  "

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def loaded(folder: Path) -> None:
    """Load a set within the seconds that a person would wait."""
    started = time.monotonic()
    try:
        load_patterns(folder)
    finally:
        assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, "is an alias; write out what it stands for"),
        ("&a [*a]", "is an alias"),
        (f"{FINDING}a\nabout: !!python/object/apply:os.system ['true']", "a tag"),
        (f"{FINDING}a\nabout: !!int abc", "a tag"),
        (f"{FINDING}a\nabout: !!binary =", "a tag"),
        (f"{FINDING}a\nabout: !!timestamp x", "a tag"),
        (f"{FINDING}a\nabout: ! x", "a tag"),
        ("[" * 100_000, "nested too deep"),
        ("{a: " * 5000, "nested too deep"),
        (f"{FINDING}a\0b", "holds the control character U+0000"),
        ("x" * (1 << 21), "is longer than 1 MB; split it"),
        (FINDING + "{" * 5000, "longer than 2,000 characters"),
        (FINDING + "{" * 500, "nested too deep"),
        (FINDING + "[" * 500 + "a" + "]" * 500, "nested too deep"),
        (FINDING + "{a|b} " * 5000, "longer than 2,000 characters"),
        ("%YAML 9.9\n---\na: b", "not valid YAML"),
        ("a: b\n---\na: b", "not valid YAML"),
        ("? [a]\n: b", "a key must be a word"),
    ],
)
def test_a_finding_made_to_hurt(tmp_path: Path, content: str, message: str) -> None:
    child = write_child(tmp_path, {})
    (child / "findings").mkdir(exist_ok=True)
    (child / "findings" / "rash.yaml").write_text(content)
    with pytest.raises(PatternError, match=re.escape(message)):
        loaded(child)


@pytest.mark.parametrize("key", ["terms", "not_misspelled"])
def test_spelling_terms_are_counted_before_they_are_spelled_out(tmp_path: Path, key: str) -> None:
    child = write_child(tmp_path, {"spelling.yaml": f"{key}: ['{'{a|b} ' * 100}']"})
    with pytest.raises(PatternError, match="stands for more than 100,000 sequences"):
        loaded(child)


def test_a_phrase_of_many_alternatives_is_compiled_without_spelling_it_out(tmp_path: Path) -> None:
    phrase = "rash " + "[{aa|bb|cc}] " * 100
    child = write_child(tmp_path, {"findings/rash.yaml": f"{FINDING}{phrase}"})
    loaded(child)
    assert main(["patterns", "check", str(child)]) in (0, 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("name", ["findings/more.yaml", "assertion/more.yaml", "spelling.yaml"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    child = write_child(tmp_path, {})
    path = child / name
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    with pytest.raises(PatternError, match="is no plain file"):
        read_set(child)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="devices of POSIX")
def test_a_device_is_not_read(tmp_path: Path) -> None:
    child = write_child(tmp_path, {})
    (child / "findings").mkdir(exist_ok=True)
    (child / "findings" / "more.yaml").symlink_to("/dev/zero")
    with pytest.raises(PatternError, match="is no plain file"):
        read_set(child)
    (tmp_path / "phrases" / "mention").mkdir(parents=True)
    (tmp_path / "phrases" / "mention" / "edema.txt").symlink_to("/dev/zero")
    with pytest.raises(PatternError, match="is no plain file"):
        import_phrases(tmp_path / "phrases", tmp_path / "new")


@pytest.mark.parametrize("name", ["a\0b", "/dev/zero", "x" * 5000, ""])
def test_names_that_are_no_set(name: str) -> None:
    with pytest.raises(PatternError):
        load_patterns(name)
