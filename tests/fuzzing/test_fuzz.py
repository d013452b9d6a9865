"""Every fuzz target on the saved corpus, on its seeds, and on mutations that hypothesis chooses."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chexlabel.patterns import read_set
from fuzzing.targets import CORPUS, PATTERN_FILES, SEEDS, TARGETS, mutated
from pattern_sets import write_root, write_set

SAVED = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_failed(path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_taken(name: str) -> None:
    for seed in SEEDS()[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("file", PATTERN_FILES)
def test_seeds_of_pattern_files_are_right(file: str, tmp_path) -> None:
    write_root(tmp_path, {"states.yaml": PATTERN_FILES["states.yaml"]})
    files = {"set.yaml": PATTERN_FILES["set.yaml"], file: PATTERN_FILES[file]}
    assert read_set(write_set(tmp_path / "child", files)).base is not None


@pytest.mark.parametrize("name", TARGETS)
def test_mutations(name: str) -> None:
    @settings(
        max_examples=60,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(SEEDS()[name]), st.integers(0, 1 << 32))
    def run(seed: bytes, number: int) -> None:
        TARGETS[name](mutated(seed, random.Random(number)))  # noqa: S311

    run()
