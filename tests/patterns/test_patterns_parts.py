"""Findings made of parts: words that are a finding only in certain places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chexlabel.patterns import PatternFileError, check_set, read_set
from pattern_sets import said, write_child

if TYPE_CHECKING:
    from pathlib import Path

PLACES = """\
states: {}
places:
  skin: |
    skin
    {arm*|leg*}
  stomach: stomach
"""


def write_parts(folder: Path, part: str, places: str = PLACES) -> Path:
    """Write a set whose finding Rash is made of the word `spots` and a place."""
    finding = f"finding: Rash\nextends: [Rash]\nparts:\n  - words: spots\n{part}"
    return write_child(folder, {"findings/rash.yaml": finding, "states.yaml": places})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Spots on both arms.", {"Rash": 1}),
        ("The skin is now full of spots.", {"Rash": 1}),
        ("Both legs without spots.", {"Rash": 0}),
        ("Spots in the stomach.", {}),
        ("Spots in the stomach, none on the skin.", {}),
        ("Skin is clear but the stomach has spots.", {}),
        ("Spots.", {}),
    ],
)
def test_words_count_where_the_nearest_place_is_theirs(
    tmp_path: Path, text: str, expected: dict[str, int]
) -> None:
    patterns = write_parts(tmp_path, "    within: [skin]\n    outside: [stomach]\n")
    assert said(patterns, text) == expected


def test_without_a_place_of_their_own_words_count_anywhere_else(tmp_path: Path) -> None:
    patterns = write_parts(tmp_path, "    outside: [stomach]\n")
    assert said(patterns, "No spots.") == {"Rash": 0}
    assert said(patterns, "Stomach: no spots.") == {}


def test_a_place_counts_up_to_its_reach(tmp_path: Path) -> None:
    patterns = write_parts(tmp_path, "    within: [skin]\n    reach: 2\n")
    assert said(patterns, "Skin with few spots.") == {"Rash": 1}
    assert said(patterns, "Skin of the patient with spots.") == {}


def test_of_two_equally_near_places_the_one_that_follows_decides(tmp_path: Path) -> None:
    patterns = write_parts(tmp_path, "    within: [skin]\n    outside: [stomach]\n")
    assert said(patterns, "Skin spots stomach.") == {}
    assert said(patterns, "Stomach spots skin.") == {"Rash": 1}


def test_a_longer_phrase_hides_a_part(tmp_path: Path) -> None:
    part = "    within: [skin]\nexclude: sun spots\n"
    assert said(write_parts(tmp_path, part), "Sun spots on the skin.") == {}


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    patterns = write_parts(tmp_path, "    within: [hair]\n")
    with pytest.raises(PatternFileError, match="no place 'hair'; add it there, or choose from"):
        read_set(patterns)


def test_a_place_that_no_part_names_is_a_warning(tmp_path: Path) -> None:
    patterns = write_parts(tmp_path, "    within: [skin]\n")
    warnings = [problem.message for problem in check_set(patterns).warnings]
    assert warnings == ["no part refers to the place 'stomach'"]
