"""Words that were split, stuck together or misheard: `pneumo thorax`, `noeffusion`, `plural`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from chexlabel.patterns.spelling import Speller

__all__ = ["Respeller", "SoundAlike", "Token"]

_PIECES = 4  # the most pieces that a word is put together from
_FRAGMENT = 3  # the fewest letters by which a piece of a term is known
_LONG = 9  # letters from which on a word put together may hold a slip
_NEAR = 4  # the most words between a sound-alike and its company


class Token(NamedTuple):
    """A word or mark of a text: in lower case, with the offsets of its characters."""

    word: str
    start: int
    end: int


class SoundAlike(NamedTuple):
    """What dictation makes of words.

    Attributes:
        heard: what is written.
        meant: what was said.
        near: words, or beginnings of words (`effusion*`), of which one must be near; empty where
            it is never anything else.
    """

    heard: tuple[str, ...]
    meant: tuple[str, ...]
    near: tuple[str, ...]


class Respeller:
    """Reads tokens again where words were split, stuck together or misheard.

    Only words that the phrases of the set do not know are put together or taken apart, and only to
    make a term that the set lists; sound-alikes are those that it lists.

    Args:
        speller: knows the terms, and forgives slips in a long one that was split.
        glued: words that may be stuck to a term.
        sound_alikes: what dictation makes of words.
        is_known: whether a word stands in a phrase of the set.
    """

    def __init__(
        self,
        speller: Speller,
        glued: Iterable[str],
        sound_alikes: Iterable[SoundAlike],
        is_known: Callable[[str], bool],
    ) -> None:
        self._speller = speller
        self._glued = frozenset(glued)
        self._is_known = is_known
        self._heard: dict[str, list[SoundAlike]] = defaultdict(list)
        self._triggers: dict[str, list[str]] = {}
        for sound in sound_alikes:
            self._heard[sound.heard[0]].append(sound)
            unknown = (word for word in sound.heard if not is_known(word))
            trigger = next(unknown, sound.heard[-1])
            self._triggers.setdefault(trigger, []).append(f" {' '.join(sound.heard)} ")
        for sounds in self._heard.values():
            sounds.sort(key=lambda sound: -len(sound.heard))
        self._longest = max(map(len, (*speller.terms, *self._glued)), default=0)
        self._fragments = {
            fragment
            for term in speller.terms
            for size in range(_FRAGMENT, len(term))
            for fragment in (term[:size], term[-size:])
        }

    def suspects(self, word: str) -> bool:
        """Say whether a text that holds `word` is to be read again."""
        if word in self._triggers:
            return True
        if self._is_known(word) or not word.isalpha():
            return False
        return word in self._fragments or self._parted(word) is not None

    def may_change(self, words: Sequence[str], suspects: Iterable[str]) -> bool:
        """Say whether reading a text again may change it.

        Args:
            words: those of the text.
            suspects: those of them that `suspects` tells of. Most are common words of a sound-alike
                ("normal" in "normal thorax") of which the rest is not there.
        """
        text = f" {' '.join(words)} "
        return any(
            not self._is_known(word) or any(sound in text for sound in self._triggers[word])
            for word in set(suspects)
        )

    def reread(self, tokens: Sequence[Token]) -> list[Token]:
        """Return the tokens with words put together, taken apart and put right."""
        read: list[Token] = []
        heard = self._heard
        unknown = [not self._is_known(token.word) for token in tokens]
        at = 0
        while at < len(tokens):
            found = self._misheard(tokens, at) if tokens[at].word in heard else None
            if found is None and True in unknown[at : at + _PIECES]:
                found = self._split(tokens, at, unknown)
            if found is None and unknown[at]:
                found = self._stuck(tokens[at])
            if found is None:
                read.append(tokens[at])
                at += 1
            else:
                size, words = found
                read.extend(words)
                at += size
        return read

    def _misheard(self, tokens: Sequence[Token], at: int) -> tuple[int, list[Token]] | None:
        for sound in self._heard[tokens[at].word]:
            size = len(sound.heard)
            here = tokens[at : at + size]
            if tuple(token.word for token in here) != sound.heard:
                continue
            around = (*tokens[max(at - _NEAR, 0) : at], *tokens[at + size : at + size + _NEAR])
            if sound.near and not any(_fits(token.word, sound.near) for token in around):
                continue
            return size, [Token(word, here[0].start, here[-1].end) for word in sound.meant]
        return None

    def _split(
        self, tokens: Sequence[Token], at: int, unknown: Sequence[bool]
    ) -> tuple[int, list[Token]] | None:
        """Return how many tokens are the pieces of one term, and the term; `None` if none are.

        Args:
            tokens: those of the text.
            at: the place of the first piece.
            unknown: for each token, whether no phrase knows it; one of the pieces must be so.
        """
        pieces: list[str] = []
        for token in tokens[at : at + _PIECES]:
            if not token.word.isalpha():
                break
            pieces.append(token.word)
        for size in range(len(pieces), 1, -1):
            if True not in unknown[at : at + size]:
                break
            term = self._term("".join(pieces[:size]))
            if term is not None:
                return size, [Token(term, tokens[at].start, tokens[at + size - 1].end)]
        return None

    def _term(self, word: str) -> str | None:
        if word in self._speller.terms:
            return word
        return self._speller.correct(word) if len(word) >= _LONG else None

    def _stuck(self, token: Token) -> tuple[int, list[Token]] | None:
        cut = self._parted(token.word)
        if cut is None:
            return None
        first, second = token.word[:cut], token.word[cut:]
        middle = token.start + cut
        return 1, [Token(first, token.start, middle), Token(second, middle, token.end)]

    def _parted(self, word: str) -> int | None:
        """Return where two words were stuck together, `None` if they were not."""
        if len(word) > 2 * self._longest:
            return None
        terms = self._speller.terms
        if word in terms or self._speller.correct(word) is not None:
            return None
        for cut in range(2, len(word) - 1):
            first, second = word[:cut], word[cut:]
            if (first in terms and (second in self._glued or second in terms)) or (
                first in self._glued and second in terms
            ):
                return cut
        return None


def _fits(word: str, patterns: Iterable[str]) -> bool:
    return any(_matches(word, pattern) for pattern in patterns)


def _matches(word: str, pattern: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern
