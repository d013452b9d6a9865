"""BERT's tokenizer, read from the `tokenizer.json` of a model folder.

WordPiece (Wu et al. 2016, arXiv:1609.08144) with BERT's normalising and splitting (Devlin et al.
2019, arXiv:1810.04805), as Hugging Face's `tokenizers` has it and writes it into that file; the
tests compare both on any text. The library itself is for training only: it brings a download
client and 40 MB into an install that must not open a connection. Marks such as "[SEP]" in a
report are ordinary characters here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from chexlabel.errors import RefinerError

__all__ = ["Pieces", "WordPiece"]

_FIRST, _LAST, _UNKNOWN, _PADDING = "[CLS]", "[SEP]", "[UNK]", "[PAD]"
_LONGEST: Final = 100  # characters; longer words are unknown, as BERT has it
_REMEMBERED: Final = 1 << 16  # words whose pieces are kept
_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])
_ASCII_WORDS = re.compile(r"[A-Za-z0-9]+|[!-/:-@\[-`{-~]")


class Pieces(NamedTuple):
    """The wordpieces of a text, the special ones at both ends included.

    Attributes:
        ids: their numbers.
        offsets: their first character in the text and the one behind their last; (0, 0) for the
            special ones.
    """

    ids: list[int]
    offsets: list[tuple[int, int]]


class WordPiece:
    """Cuts text into wordpieces.

    Args:
        vocabulary: piece -> number; "##" begins a piece that continues a word.
        max_tokens: how many pieces to keep, the special ones included.
        lowercase: whether the vocabulary knows lower case only.
        strip_accents: whether accents are taken off.

    Raises:
        ValueError: the vocabulary lacks one of the special pieces.

    >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "effusion", "##s", "no"]
    >>> cut = WordPiece({piece: number for number, piece in enumerate(pieces)}, max_tokens=8)
    >>> cut.ids("No effusions")
    [2, 6, 4, 5, 3]
    >>> cut.pieces("No effusions").offsets
    [(0, 0), (0, 2), (3, 11), (11, 12), (0, 0)]
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        max_tokens: int,
        *,
        lowercase: bool = True,
        strip_accents: bool = True,
    ) -> None:
        missing = [name for name in (_PADDING, _UNKNOWN, _FIRST, _LAST) if name not in vocabulary]
        if missing:
            raise ValueError(f"the vocabulary lacks {', '.join(missing)}")
        self._vocabulary = dict(vocabulary)
        self._max_words = max(0, max_tokens - 2)
        self._lowercase = lowercase
        self._strip_accents = strip_accents
        self._first, self._last = vocabulary[_FIRST], vocabulary[_LAST]
        self._unknown = vocabulary[_UNKNOWN]
        self.padding = vocabulary[_PADDING]
        self._remembered: dict[str, tuple[int, ...]] = {}

    @classmethod
    def read(cls, path: Path, max_tokens: int) -> WordPiece:
        """Read a `tokenizer.json`.

        Raises:
            RefinerError: the file is no tokenizer, or one of another kind than BERT's.
        """
        try:
            data: dict[str, Any] = json.loads(path.read_text("utf-8"))
            parts = [data[part]["type"] for part in ("model", "normalizer", "pre_tokenizer")]
            known = ["WordPiece", "BertNormalizer", "BertPreTokenizer"]
            if parts != known:
                raise RefinerError(
                    f"{path}: its parts are {', '.join(parts)}, not BERT's ({', '.join(known)}); "
                    "train on a BERT-like base"
                )
            lowercase = bool(data["normalizer"]["lowercase"])
            accents = data["normalizer"].get("strip_accents")
            return cls(
                data["model"]["vocab"],
                max_tokens,
                lowercase=lowercase,
                strip_accents=lowercase if accents is None else bool(accents),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RefinerError(
                f"{path}: cannot be read ({type(error).__name__}); fetch the whole folder again"
            ) from None

    def ids(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces, the special ones included."""
        if text.isascii():
            plain = text.translate(_CONTROL)
            words = _ASCII_WORDS.findall(plain.lower() if self._lowercase else plain)
        else:
            words = ["".join(char for char, _ in word) for word in self._words(text)]
        found = [self._first]
        for word in words:
            found += self._cut(word)
        del found[self._max_words + 1 :]
        found.append(self._last)
        return found

    def pieces(self, text: str) -> Pieces:
        """Return a text's pieces with the characters that they stand for."""
        ids = [self._first]
        offsets = [(0, 0)]
        for word in self._words(text):
            at = 0
            numbers = self._cut("".join(char for char, _ in word))
            lengths = self._lengths(word, numbers)
            for number, length in zip(numbers, lengths, strict=True):
                ids.append(number)
                offsets.append((word[at][1], word[at + length - 1][1] + 1))
                at += length
        del ids[self._max_words + 1 :], offsets[self._max_words + 1 :]
        return Pieces([*ids, self._last], [*offsets, (0, 0)])

    def _cut(self, word: str) -> tuple[int, ...]:
        """Cut a word into the longest known pieces from its beginning on."""
        known = self._remembered.get(word)
        if known is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            known = self._remembered[word] = tuple(self._longest_pieces(word))
        return known

    def _longest_pieces(self, word: str) -> list[int]:
        if len(word) > _LONGEST:
            return [self._unknown]
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                number = self._vocabulary.get(piece)
                if number is not None:
                    found.append(number)
                    start = end
                    break
            else:
                return [self._unknown]
        return found

    def _lengths(self, word: list[tuple[str, int]], numbers: tuple[int, ...]) -> list[int]:
        """Return how many characters each piece of a word stands for."""
        if numbers == (self._unknown,):
            return [len(word)]
        text = "".join(char for char, _ in word)
        lengths: list[int] = []
        start = 0
        for number in numbers:
            mark = "##" if start else ""
            end = len(text)
            while self._vocabulary.get(mark + text[start:end]) != number:
                end -= 1
            lengths.append(end - start)
            start = end
        return lengths

    def _words(self, text: str) -> list[list[tuple[str, int]]]:
        """Return the words as normalised characters, each with its place in the text."""
        words: list[list[tuple[str, int]]] = []
        open_word = False
        for place, raw in enumerate(text):
            if _is_left_out(raw):
                continue
            if raw.isspace():
                open_word = False
                continue
            for char in self._normalised(raw):
                alone = _is_punctuation(char) or _is_ideograph(raw)
                if alone or not open_word:
                    words.append([])
                words[-1].append((char, place))
                open_word = not alone
        return words

    def _normalised(self, char: str) -> str:
        if self._strip_accents and not char.isascii():
            decomposed = unicodedata.normalize("NFD", char)
            char = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        return "".join(c.lower() for c in char) if self._lowercase else char


def _is_left_out(char: str) -> bool:
    """Tell whether BERT's cleaning drops a character: controls, but not white space."""
    if char in "\t\n\r":
        return False
    return char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs")


def _is_punctuation(char: str) -> bool:
    if char.isascii():
        return char.isprintable() and not char.isalnum() and char != " "
    return unicodedata.category(char).startswith("P")


def _is_ideograph(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in _IDEOGRAPHS)


_IDEOGRAPHS: Final = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
"""Blocks whose characters are words each, as in BERT's own tokenizer."""
