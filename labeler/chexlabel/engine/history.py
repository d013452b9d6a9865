"""Tell the history in front of a report from the report itself, where no heading parts the two.

What was known before ("Clinical details: fall, ?rib fracture") often runs on into the report, in
the same line or the next, and some reports open with it without any heading. Which words speak for
a history and which for a report is data: `history` in `sections.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._regex import compiled_later

if TYPE_CHECKING:
    from chexlabel.patterns.section_schema import History

__all__ = ["HistoryFinder"]

_EARLY = 48  # characters of a piece within which a complaint shows that it is a history
_MOST = 40  # pieces of a text that are looked at
_PIECE_END = compiled_later(r"(?:[.!;](?=\s)|(?<=\w)\?(?=\s)|\n)\s*")
_WORD = compiled_later(r"[^\W\d_]+(?:/[^\W\d_]+)*")
_SAYS_SOMETHING = compiled_later(r"\w")
_LETTER = compiled_later(r"[^\W\d_]")
_ITEM = compiled_later(r"[^\W\d_][\w /]{1,30}:\s*\S")
_BEFORE_WORDS = " \t\n-*\u2022\u2013\u2014.,:;/"


class _Piece(NamedTuple):
    """A line or a sentence, without what stands before its words."""

    text: str
    start: int
    end: int
    opens_line: bool

    @property
    def asks(self) -> bool:
        """Whether it is a question: "?pneumonia", "pneumonia?"."""
        return self.text.startswith("?") or self.text.endswith("?")


class HistoryFinder:
    """Finds where a history ends; compiled once from `sections.yaml`. Picklable and thread-safe.

    Args:
        model: the `history` part of the file.
        title_words: the words that titles are made of ("Chest PA view").
    """

    def __init__(self, model: History, title_words: Iterable[str] = ()) -> None:
        self._reporting = frozenset(model.reporting)
        self._signs = frozenset(model.signs)
        self._describing = frozenset(model.describing)
        self._earlier = frozenset(model.earlier)
        self._title_words = frozenset(title_words)
        # Most reports come with headings, and to compile the longest of these takes as long as to
        # label many of them.
        self._opener = compiled_later(lambda: rf"{_any_of(model.openers)}(?![\w/])", re.IGNORECASE)
        self._request = compiled_later(
            lambda: rf"{_any_of(model.requests)}(?![\w/])", re.IGNORECASE
        )
        # A number may be glued to the word: "34yr".
        self._complaint = compiled_later(
            lambda: rf"(?<![^\W\d_]){_any_of(model.complaints)}(?![\w/])", re.IGNORECASE
        )

    def reports(self, text: str) -> bool:
        """Tell whether a text has words of a report on the film."""
        return not self._reporting.isdisjoint(_WORD.findall(text.lower()))

    def end(
        self,
        text: str,
        start: int,
        end: int,
        *,
        lines: bool = False,
        guess: bool = False,
        one_line: bool = False,
    ) -> int:
        """Return where the report begins in a text that begins with a history.

        The first piece (a line, or a sentence) is history; of the others the first that speaks of
        the film opens the report, with what stands before it in its line.

        Args:
            text: the report.
            start: where the history begins, after its heading.
            end: where the next section begins.
            lines: whether the report may only begin with a line.
            guess: whether, where nothing speaks of the film, the lines after the first, or the
                items of a checklist, are taken for the report.
            one_line: whether a line after one that ends with a full stop is the report.

        Returns:
            An offset; `end` where no report follows.
        """
        line = end
        opened: int | None = None  # where the line began, if it does not go on with the history
        pieces = list(_pieces(text, start, end))
        if pieces and self._is_item(pieces[0], text, start):
            return pieces[0].start
        for before, piece in pairwise(pieces):
            if piece.opens_line:
                opened = None
            if self._goes_on(piece):
                continue
            if one_line and piece.opens_line and before.text.endswith("."):
                return piece.start
            if piece.opens_line:
                opened = piece.start
            elif lines and opened is None:
                continue
            if (
                self.reports(piece.text)
                or self._describes_sign(piece.text)
                or (piece.opens_line and self._is_other_item(piece.text))
            ):
                return piece.start if opened is None else opened
            if guess and line == end and (piece.opens_line or _ITEM.match(piece.text)):
                line = piece.start
        return line

    def end_of_preface(self, text: str, start: int, end: int) -> int:
        """Return where the report begins in a text that may begin with a history without heading.

        Returns:
            An offset; `start` where there is no preface, or nothing after it.
        """
        begins = start
        for piece in _pieces(text, start, end):
            if self._is_history(piece) or (begins > start and piece.asks):
                begins = piece.end
            elif not self._title_words.issuperset(_WORD.findall(piece.text.lower())):
                break
        return begins if _LETTER.search(text, begins, end) else start

    def _is_item(self, piece: _Piece, text: str, start: int) -> bool:
        """Tell whether what stands below an empty heading is an item of the report."""
        below = "\n" in text[start : piece.start]
        return below and _ITEM.match(piece.text) is not None and self.reports(piece.text)

    def _is_other_item(self, text: str) -> bool:
        """Tell whether a text is an item of a form, and not of what was known before."""
        words = _WORD.findall(text.lower())
        return _ITEM.match(text) is not None and self._earlier.isdisjoint(words)

    def _describes_sign(self, text: str) -> bool:
        """Tell whether a text describes what films alone show, of today: "small left effusion"."""
        words = _WORD.findall(text.lower())
        return (
            not self._signs.isdisjoint(words)
            and not self._describing.isdisjoint(words)
            and self._earlier.isdisjoint(words)
        )

    def _goes_on(self, piece: _Piece) -> bool:
        """Tell whether a history goes on with this piece."""
        said = piece.text
        return piece.asks or bool(self._request.match(said) or self._opener.match(said))

    def _is_history(self, piece: _Piece) -> bool:
        if self._opener.match(piece.text):
            return True
        # One character more than counts, to see whether the last word ends there: "loc" is a
        # complaint, the beginning of "localized" is none.
        complaint = self._complaint.search(piece.text, 0, _EARLY + 1)
        return complaint is not None and complaint.end() <= _EARLY and not self.reports(piece.text)


def _pieces(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Yield the lines and sentences of a stretch of text that hold words, up to a bound."""
    opens_line = True
    found = 0
    while start < end and found < _MOST:
        stop = _PIECE_END.search(text, start, end)
        after = stop.end() if stop else end
        if _SAYS_SOMETHING.search(text, start, after):
            said = text[start:after].lstrip(_BEFORE_WORDS)
            yield _Piece(said.rstrip(), after - len(said), after, opens_line)
            found += 1
            opens_line = False
        opens_line = opens_line or (stop is not None and "\n" in stop[0])
        start = after


def _any_of(phrases: Iterable[str]) -> str:
    """Return a regular expression for one of some phrases, the longest that fits."""
    longest_first = sorted(phrases, key=len, reverse=True)
    options = [r"\s+".join(map(re.escape, phrase.split())) for phrase in longest_first]
    return f"(?:{'|'.join(options) or '(?!)'})"
