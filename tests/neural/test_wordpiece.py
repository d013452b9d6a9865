"""The tokenizer of the runtime: the pieces of the library that trained the net, on any text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")

from chexlabel import RefinerError
from chexlabel_neural.select import models_folder
from chexlabel_neural.wordpiece import WordPiece

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_FILE = models_folder() / "chexpert14" / "tokenizer.json"
_MAX = 24
_TEXTS = st.text(
    st.sampled_from(" \t\n.,-/'#_[]éßİΣﬁ́中한😀\u200b\x00\x85\ufffd￼aeknopqrstuEFUSION0123456789")
    | st.characters(exclude_categories=["Cs"])
)


@pytest.fixture(scope="module")
def library() -> Tokenizer:
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers (extra [neural])")
    tokenizer = tokenizers.Tokenizer.from_file(str(_FILE))
    tokenizer.enable_truncation(_MAX)
    return tokenizer


@settings(max_examples=300, deadline=None)
@given(text=_TEXTS)
def test_the_pieces_are_those_of_the_library(library: Tokenizer, text: str) -> None:
    ours = WordPiece.read(_FILE, _MAX)
    theirs = library.encode(text)
    assert ours.ids(text) == ours.pieces(text).ids == theirs.ids
    same_places = text.isascii()  # a taken-off accent belongs to no piece in one of the two
    assert not same_places or ours.pieces(text).offsets == theirs.offsets


def test_a_word_is_cut_into_its_longest_pieces_and_long_text_cut_off(library: Tokenizer) -> None:
    ours = WordPiece.read(_FILE, _MAX)
    for text in ("Hydropneumothorax, atelectatic; CABG x3.", "no effusion " * 40, "w" * 101, ""):
        assert ours.ids(text) == library.encode(text).ids
        assert len(ours.ids(text)) <= _MAX


def test_marks_in_a_report_are_ordinary_characters() -> None:
    ours = WordPiece.read(_FILE, _MAX)
    first, last = ours.ids("")
    inside = ours.ids("[SEP] effusion [CLS]")[1:-1]
    assert first not in inside
    assert last not in inside


@pytest.mark.parametrize("content", ["", "[]", '{"model": 3}', "\x00", '{"normalizer": null}'])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RefinerError, match=r"tokenizer\.json: cannot be read .*fetch the whole"):
        WordPiece.read(path, _MAX)


def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path) -> None:
    content = json.loads(_FILE.read_text("utf-8"))
    content["model"]["type"] = "BPE"
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(RefinerError, match=r"BPE, .* not BERT's"):
        WordPiece.read(path, _MAX)


def test_a_vocabulary_without_the_special_pieces_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lacks \[PAD\], \[SEP\]"):
        WordPiece({"[UNK]": 0, "[CLS]": 1}, _MAX)
