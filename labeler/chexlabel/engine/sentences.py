"""Split a section into sentences.

The rules suit dictated reports: lists numbered or bulleted, full stops doubled or without a space,
lines broken by a margin, text without punctuation. They never look at letter case. Abbreviations
and other words are data: `sections.yaml`, described in `chexlabel.patterns.section_schema`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chexlabel._regex import compiled_later
from chexlabel.engine.sections import unify_line_ends

if TYPE_CHECKING:
    from chexlabel.patterns.section_schema import SectionsFile

__all__ = ["SentenceSplitter"]

# What stands in front of a sentence: white space, bullets, the numbers of a list.
_GAP = r"(?:[\s\-*\u2022\u2013\u2014.,;)\]]|\#{2,6}(?=\s)|\(?\b\d{1,2}[.)](?=\s|[^\W\d_]{2}))*+"
_START = compiled_later(_GAP)
# A full stop before white space or the end, or between words ("normal.No", "1.No").
_STOP = compiled_later(
    rf"""
    [.!?](?<![.!?]{{2}})
    (?:
        [.!?]*+ (?= ["')\]>]*+ (?: \s | \Z ) ) ["')\]>]*+
      | (?: (?<= \w\w [.!] ) | (?<= [\d)\]"%] [.!] ) ) [.!]*+ (?= [^\W\d_]{{2}} )
      | (?<= [^\W\d_]{{2}} [.!] ) (?= \d{{1,2}} [.)] (?: \s | \Z | [^\W\d_]{{2}} ) )
    )
    {_GAP}
    """,
    re.VERBOSE,
)
_NUMBER_IN_LIST = compiled_later(r"(?<!\S)\(?(\d{1,2})\)(?=\s)")
_LIST_ITEM = compiled_later(r"\(?\d{1,2}[.)](?=\s|[^\W\d_]{2})|[\-*\u2013\u2014]\s|\u2022")
_LABEL = compiled_later(r"[^\W\d_][^\n.,:;?]{1,40}:(?!\d)")
_LETTER = compiled_later(r"[^\W\d_]")
_BEFORE_HEDGE = " \t\r\n:="  # before a question mark that doubts what follows it: "? pneumonia"
_LEADERS = ":=-\u2013\u2014|/"  # lead to the answer of a checklist
_LETTERS = compiled_later(r"[^\W\d_]+")
_BEFORE_WORD = "0123456789:([{\"'/-,"
_WIDE = 60  # characters; after a shorter line an item ("HEART: ...") opens a sentence of its own
_NEARBY = 4000  # characters around a section in which the margin of its lines is looked for


class SentenceSplitter:
    """Splits text into sentences; compiled once from a pattern set's `sections.yaml`.

    A sentence has no white space, bullet or list number around it and no full stop at its end, so
    that the same statement is the same string wherever it stands. Instances do not change after
    construction: they are picklable and safe to share by threads.

    Args:
        model: the validated `sections.yaml`.
    """

    def __init__(self, model: SectionsFile) -> None:
        rules = model.sentences
        self._before_number = frozenset(rules.abbreviations_before_number)
        self._at_end = frozenset(rules.abbreviations_at_end)
        self._abbreviations = frozenset(rules.abbreviations) | self._before_number | self._at_end
        # The last two characters tell at once that most words are no abbreviation.
        self._endings = frozenset(word[-2:] for word in self._abbreviations)
        self._reach = max((len(word) for word in self._abbreviations), default=0) + 2
        self._starters = frozenset(rules.starters)
        self._narrowest = rules.line_width.minimum
        self._widest = rules.line_width.maximum
        self._continuing = frozenset(rules.continuing_words)
        self._carried = frozenset(rules.carried_words)

    def sentences(self, text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
        """Return the offsets in `text` of the sentences of `text[start:end]`, in their order."""
        found = self._split_plain(text[start:end])
        if found is None:
            return [(start + s, start + e) for s, e in self._split(text, start, end)[1]]
        bounds: list[tuple[int, int]] = []
        for sentence in found:
            # What stands between sentences has no letter, and a sentence has one: so the first
            # place where it fits is its own.
            start = text.index(sentence, start)
            bounds.append((start, start + len(sentence)))
            start += len(sentence)
        return bounds

    def split(self, text: str, start: int = 0, end: int | None = None) -> list[str]:
        """Return the sentences of `text[start:end]` as they stand in the text, in their order."""
        section = text[start:end]
        found = self._split_plain(section)
        if found is None:
            section, bounds = self._split(text, start, end)
            found = [section[s:e] for s, e in bounds]
        return found

    def _split_plain(self, section: str) -> list[str] | None:
        """Split a section the quick way, or return `None` where only the full way is sure.

        Most sections are one line in which a full stop and a space end each sentence. Abbreviations
        and doubled full stops need what follows them, and so the full way.
        """
        if (
            "\n" in section
            or ")" in section
            or "?" in section
            or "!" in section
            or "\r" in section
            or "\u2022" in section
        ):
            return None
        found: list[str] = []
        pieces = section.split(". ")
        last = pieces[-1]
        if last[-1:] == ".":
            pieces[-1] = last[:-1]
        elif "." in last:
            return None
        for piece in pieces:
            dotted = "." in piece
            if piece[-2:].lower() in self._endings:
                words = piece[-self._reach :].lower().split()
                if dotted or (words and words[-1].lstrip(_BEFORE_WORD) in self._abbreviations):
                    return None
            if dotted:
                if piece[-1] == ".":
                    return None
                bounds: list[tuple[int, int]] = []
                self._split_at_stops(piece + ". ", 0, len(piece) + 2, bounds)
                found += [piece[s:e] for s, e in bounds]
                continue
            sentence = piece.strip()
            if not sentence[:1].isalpha():
                sentence = sentence[_after_gap(sentence, 0, len(sentence)) :]
                if not _LETTER.search(sentence):
                    continue
            found.append(sentence)
        return found

    def _split(self, text: str, start: int, end: int | None) -> tuple[str, list[tuple[int, int]]]:
        section = text[start:end]
        plain = unify_line_ends(section) if "\r" in section else section
        bounds: list[tuple[int, int]] = []
        if "\n" in plain:
            for first, last in self._join_lines(plain, text, start):
                self._split_block(plain, first, last, bounds)
        else:
            self._split_block(plain, 0, len(plain), bounds)
        return section, bounds

    def _split_block(self, text: str, start: int, end: int, bounds: list[tuple[int, int]]) -> None:
        """Add the sentences of a stretch of text that no line break divides."""
        if text.find(")", start, end) >= 0 or text.find("\u2022", start, end) >= 0:
            for item_start, item_end in _list_items(text, start, end):
                self._split_at_stops(text, item_start, item_end, bounds)
        else:
            self._split_at_stops(text, start, end, bounds)

    def _split_at_stops(
        self, text: str, start: int, end: int, bounds: list[tuple[int, int]]
    ) -> None:
        begin = _after_gap(text, start, end)
        for stop in _STOP.finditer(text, begin, end):
            at = stop.start()
            if text[at] == "?":
                if at == begin or text[at - 1] in _BEFORE_HEDGE or _is_in_bracket(text, at):
                    continue  # "? pneumonia", "(? pneumonia)": a hedge
                at += 1
            elif text[at - 2 : at].lower() in self._endings and not self._ends(
                text, begin, stop, end
            ):
                continue
            _add(text, begin, at, bounds)
            begin = stop.end()
        _add(text, begin, end, bounds)

    def _ends(self, text: str, begin: int, stop: re.Match[str], end: int) -> bool:
        """Tell whether the full stop after a possible abbreviation ends the sentence."""
        at, after = stop.span()
        if after == end:
            return True
        words = text[max(begin, at - self._reach) : at].split()
        word = words[-1].lower().lstrip(_BEFORE_WORD) if words else ""
        if word not in self._abbreviations:
            return True
        if word in self._before_number:
            return not text[after : after + 1].isdigit()
        if word in self._at_end:
            following = _LETTERS.match(text, after, end)
            return following is None or following[0].lower() in self._starters
        return False

    def _join_lines(self, section: str, text: str, start: int) -> list[tuple[int, int]]:
        """Return the stretches of a section that line breaks leave whole."""
        margin = self._margin(text, start, start + len(section))
        before = max(0, start - self._widest)
        line_end = max(text.rfind("\n", before, start), text.rfind("\r", before, start))
        indent = start - (line_end + 1)
        blocks: list[tuple[int, int]] = []
        begin = offset = 0
        previous = ""
        width = 0
        for line in section.split("\n"):
            stripped = line.strip()
            if previous and not (stripped and self._goes_on(previous, width, stripped, margin)):
                blocks.append((begin, offset))
                begin = offset
            previous = stripped
            width = len(line.rstrip()) + (0 if offset else indent)
            offset += len(line) + 1
        blocks.append((begin, len(section)))
        return blocks

    def _margin(self, text: str, start: int, end: int) -> int:
        """Return the length of the longest line near by that a typist's margin may have broken."""
        nearby = text[max(0, start - _NEARBY) : end + _NEARBY]
        lengths = [len(line.rstrip()) for line in nearby.replace("\r", "\n").split("\n")]
        return max([self._narrowest, *(n for n in lengths if n <= self._widest)])

    def _goes_on(self, previous: str, width: int, line: str, margin: int) -> bool:
        """Tell whether a line goes on with the sentence of the line before, `width` long."""
        if _LIST_ITEM.match(line):
            return False
        if _LABEL.match(line) and (previous[-1] == ":" or _LABEL.match(previous)):
            return False
        if "?" in line and "?" in previous:  # a questionnaire
            return False
        if previous[-1] in ",:":
            return True
        words = previous.rsplit(None, 2)
        if words[-1].lower() in self._continuing and not _answers(previous, words):
            return True
        first = line.split(None, 1)[0]
        if first.lower() in self._carried:
            return True
        if "   " in previous or (width < _WIDE and _LABEL.match(line)):
            return False  # the row of a table; an item
        return width <= self._widest and width + 1 + len(first) > margin


def _answers(line: str, words: list[str]) -> bool:
    """Tell whether a line's last word answers the item before it: "Effusion: no", "PTX   NO"."""
    if len(words) == 1:
        return False
    before, last = words[-2:]
    in_column = before[-1].isalnum() and line[-len(last) - 2] in " \t"
    return in_column or before[-1] in _LEADERS


def _after_gap(text: str, start: int, end: int) -> int:
    gap = _START.match(text, start, end)
    return gap.end() if gap else start


def _add(text: str, start: int, end: int, bounds: list[tuple[int, int]]) -> None:
    """Add a sentence without the white space at its end, unless it holds no letter."""
    if end <= start:
        return
    if text[end - 1].isspace():
        end = start + len(text[start:end].rstrip())
    if text[start : start + 1].isalpha() or _LETTER.search(text, start, end):
        bounds.append((start, end))


def _is_in_bracket(text: str, at: int) -> bool:
    """Say whether a question mark begins a bracket, in the middle of a sentence."""
    if text[at - 1] not in "([":
        return False
    if text[at + 1 : at + 2] not in ")]":
        return True  # "pneumonia (? viral) on the left"
    return text[at + 2 : at + 4].strip().islower()  # "pneumonia (?) on the left"


def _list_items(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Divide a line in front of bullets and of the numbers of a list: "1) ... 2) ..."."""
    cuts = [start]
    expected = 1
    for number in _NUMBER_IN_LIST.finditer(text, start, end):
        if int(number[1]) == expected:
            expected += 1
            cuts.append(number.start())
    if expected == 2:  # a single number is no list
        del cuts[1:]
    bullet = text.find("\u2022", start, end)
    while bullet >= 0:
        cuts.append(bullet)
        bullet = text.find("\u2022", bullet + 1, end)
    cuts.sort()
    return list(zip(cuts, [*cuts[1:], end], strict=True))
