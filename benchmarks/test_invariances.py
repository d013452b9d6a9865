"""What a real sentence says of the findings stays when it is said otherwise."""

from __future__ import annotations

import pytest
from invariances import ARCHIVE, said, sentences, variants

from chexlabel import Labeler


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    """Return the rules alone."""
    return Labeler(refine=False)


def test_each_way_of_saying_it_otherwise_is_tried(labeler: Labeler) -> None:
    """Find each change in sentences made for it."""
    texts = [
        "No consolidation, pleural effusion, or pneumothorax",
        "The edema has resolved",
        "No effusion is seen",
    ]
    found = {(v.change, v.text) for text in texts for v in variants(labeler, text)}
    assert {
        ("another order", "No pneumothorax, pleural effusion, or consolidation"),
        ("an adverb", "The edema has completely resolved"),
        ("an adverb", "No effusion is currently seen"),
        ("another word", "No pleural effusion is seen"),
        ("one more adjective", "No subtle effusion is seen"),
        ("a sentence after", "The edema has resolved. The trachea is midline."),
    } <= found


def test_labels_of_real_sentences_stay(labeler: Labeler) -> None:
    """Hold that not one variant in five hundred gets other labels; see `invariances.py`."""
    if not ARCHIVE.is_file():
        pytest.skip(f"{ARCHIVE} is not there")
    tried = differ = 0
    for sentence in sentences(labeler, 500, seed=7):
        expected = said(labeler, sentence)
        for variant in variants(labeler, sentence):
            tried += 1
            differ += said(labeler, variant.text) != expected
    assert tried > 1500
    assert differ <= tried / 500
