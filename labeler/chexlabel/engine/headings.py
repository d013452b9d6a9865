"""Find the headings of a report.

The scan goes from line to line and, where a line has colons, from colon to colon, looking back a
bounded distance: its time is linear in the text whatever that holds, and the sentences between the
headings cost next to nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chexlabel._regex import compiled_later

if TYPE_CHECKING:
    from chexlabel.patterns.section_schema import SectionsFile

__all__ = ["Heading", "HeadingFinder"]

Heading = tuple[str, int, int]
"""The section that a heading opens, the heading's first offset, and its content's first offset.

(A plain tuple, because it is made for every heading of millions of reports.)
"""

_LONGEST = 120  # characters before a colon in which a heading is looked for
_ENUMERATOR = compiled_later(r"\d{1,2}[.)]\s")
_BRACKETED_TAIL = compiled_later(r"\s*\([^()]*\)$")
_SENTENCE_END = compiled_later(r"[.!?;]\s|\s//\s")
_DASH = compiled_later(r"\s*(?:--?|[\u2013\u2014])\s")
_APART = compiled_later(r"\s*=+\s|[ ]*\t\s*|[ ]{3,}")  # "History = cough", and columns
_IN_BRACKETS = compiled_later(r"\s*[\[<\u3010]([^\[\]<>\n]{2,60})[\]>\u3011](?!\w):?")
_FIRST_WORD = compiled_later(r"[^\s(/,-]*")
_WORD = compiled_later(r"\S+")
_VIEW_SPLIT = compiled_later(r"[\s,;()&/+-]+")
_VIEW_FILLER = compiled_later(r"[\d_x:.*]+")  # numbers, times, dates, removed words
_ORNAMENTS = "*#=_~-\u2022<>[]|"
_AFTER_HEADING = _ORNAMENTS + ")"


class HeadingFinder:
    """Finds headings; compiled once from `sections.yaml`. Picklable and thread-safe."""

    def __init__(self, model: SectionsFile) -> None:
        sections = model.sections
        self._headings = {
            heading: section.name
            for section in sections
            for heading in (*section.headings, *section.anywhere, *section.markers)
        }
        self._anywhere = {h: section.name for section in sections for h in section.anywhere}
        self._anywhere_last = frozenset(h.rsplit(" ", 1)[-1] for h in self._anywhere)
        self._anywhere_words = max((h.count(" ") + 1 for h in self._anywhere), default=0)
        self._first_words = frozenset(_first_word(h) for h in self._headings)
        self._last_words = frozenset(h.rsplit(" ", 1)[-1] for h in self._headings)
        self._not_after = frozenset(model.not_after)
        # Content is not ended by a view heading, nor by a context heading in mid-sentence.
        self._content = {s.name for s in sections if s.role in ("content", "amendment")}
        self._context = {s.name for s in sections if s.role == "context"}
        self._shortest_margin = model.sentences.line_width.minimum

        views = model.view_headings
        self._view_opens = views.opens
        self._view_keys = frozenset(views.key_words)
        self._view_words = self._view_keys | frozenset(views.words)

        markers = [marker for section in sections for marker in section.markers]
        after = r"(?=\s\s|\s*(?:$|[:#\d_(\[*-]))(?:\s*#?\d+(?![\d/:]))?"
        self._marker = compiled_later(lambda: rf"\s*({_any_marker(markers)}){after}", re.IGNORECASE)
        self._marker_before_heading = compiled_later(
            lambda: rf"\s*({_any_marker(markers)})\s", re.IGNORECASE
        )

    def name(self, words: str) -> str | None:
        """Return the section that a heading opens, looking past ornaments, numbers and brackets."""
        key = " ".join(words.lower().split())
        name = self._headings.get(key)
        if name is not None or not key:
            return name
        key = key.strip(_ORNAMENTS).strip()
        number = _ENUMERATOR.match(key)
        if number is not None:
            key = key[number.end() :]
        name = self._headings.get(key)
        if name is None and key.endswith(")"):
            name = self._headings.get(_BRACKETED_TAIL.sub("", key))
        return name

    def find(self, text: str) -> list[Heading]:
        r"""Return the headings of a text in their order; its lines must end with "\n"."""
        known = self._headings.get
        found: list[Heading] = []
        offset = 0
        previous = ""
        for line in text.split("\n"):
            colon = line.find(":")
            if colon >= 0:
                # The usual case first: a plain heading opens the line.
                name = known(line[:colon].strip().lower()) if colon < _LONGEST else None
                if name is not None:
                    start = colon + 1
                    found.append((name, offset, offset + start))
                    colon = line.find(":", start)
                else:
                    start = self._take_marker(line, offset, found)
                while colon >= 0:
                    if colon >= start:
                        start = self._take_before_colon(line, start, colon, offset, found)
                    colon = line.find(":", colon + 1)
            elif line and not line.isspace():
                self._take_line(line, offset, previous, found)
            offset += len(line) + 1
            previous = line
        return found

    def _take_marker(self, line: str, offset: int, found: list[Heading]) -> int:
        """Add the marker that opens a line; return where the rest of the line begins.

        So does a heading in brackets: "[History] cough".
        """
        marker = self._marker.match(line)
        if marker is None:
            bracketed = _IN_BRACKETS.match(line)
            name = self._headings.get(bracketed[1].strip().lower()) if bracketed else None
            if bracketed is None or name is None:
                return 0
            found.append((name, offset, offset + bracketed.end()))
            return bracketed.end()
        name = self._headings[" ".join(marker[1].lower().split())]
        found.append((name, offset, offset + marker.end()))
        return marker.end()

    def _take_line(self, line: str, offset: int, previous: str, found: list[Heading]) -> None:
        """Add the heading that a line without a colon is, or begins with."""
        stripped = line.strip()
        first = _first_word(stripped[:_LONGEST].lower().lstrip(_ORNAMENTS + " ")).rstrip(_ORNAMENTS)
        if first not in self._first_words:
            return
        if self._take_marker(line, offset, found) or self._continues_sentence(previous, first):
            return
        if len(stripped) < _LONGEST:
            name = self.name(stripped)
            if name is not None:
                found.append((name, offset, offset + len(line)))
                return
        for parted, headings in ((_DASH, self._anywhere), (_APART, self._headings)):
            mark = parted.search(line, 0, _LONGEST)
            name = headings.get(" ".join(line[: mark.start()].lower().split())) if mark else None
            if mark is not None and name is not None:
                found.append((name, offset, offset + mark.end()))
                return

    def _continues_sentence(self, previous: str, first: str) -> bool:
        """Tell whether a line goes on with a sentence that was broken because its line was full."""
        previous = previous.rstrip()
        return (
            bool(previous)
            and (previous[-1].isalpha() or previous[-1] == ",")
            and len(previous) + 1 + len(first) > self._shortest_margin
        )

    def _take_before_colon(
        self, line: str, start: int, colon: int, offset: int, found: list[Heading]
    ) -> int:
        """Add the heading that ends at a colon, if any, without reaching back over `start`.

        Returns:
            Where the next heading may begin: after the colon, unless that belongs to a time of day.
        """
        low = max(start, colon - _LONGEST)
        chunk = line[low:colon]
        if chunk[-1:].isdigit() and line[colon + 1 : colon + 2].isdigit():
            return start
        if not chunk or chunk.isspace() or not self._may_end_heading(chunk):
            return colon + 1
        begin = 0
        name = self.name(chunk) if low == start else None
        if name is None and low == 0:
            name = self._view(chunk, found)
            if name is None:
                begin, name = self._after_marker(chunk, offset, found)
        if name is None:
            begin = max((end.end() for end in _SENTENCE_END.finditer(chunk)), default=0)
            if begin:
                name = self.name(chunk[begin:]) or self._view(chunk[begin:], found)
        if name is None:
            begin, name = self._in_mid_sentence(chunk, begin, found)
        if name is not None:
            found.append((name, offset + low + begin, offset + colon + 1))
        return colon + 1

    def _may_end_heading(self, chunk: str) -> bool:
        """Tell, by its last word and the names of views, whether a heading may end a text."""
        last = chunk.split()[-1].lower()
        if last[-1] in _AFTER_HEADING or last.lstrip(_ORNAMENTS) in self._last_words:
            return True
        words = _VIEW_SPLIT.split(chunk.lower())
        return any(word.rstrip(".") in self._view_keys for word in words)

    def _after_marker(
        self, chunk: str, offset: int, found: list[Heading]
    ) -> tuple[int, str | None]:
        """Find the heading right after a marker ("FINAL REPORT EXAM"), and add the marker."""
        marker = self._marker_before_heading.match(chunk)
        if marker is None:
            return 0, None
        begin = marker.end()
        name = self.name(chunk[begin:])
        if name is not None:
            opens = self._headings[" ".join(marker[1].lower().split())]
            found.append((opens, offset, offset + begin))
        return begin, name

    def _view(self, words: str, found: list[Heading]) -> str | None:
        """Return the section that a heading made of view names opens here."""
        if found and found[-1][0] in self._content:
            return None
        tokens = [token.rstrip(".") for token in _VIEW_SPLIT.split(words.lower())]
        if self._view_keys.isdisjoint(tokens):
            return None
        for token in tokens:
            if token and token not in self._view_words and not _VIEW_FILLER.fullmatch(token):
                return None
        return self._view_opens

    def _in_mid_sentence(
        self, chunk: str, begin: int, found: list[Heading]
    ) -> tuple[int, str | None]:
        """Find the unmistakable heading that ends `chunk[begin:]`; return its start and section."""
        words = [(m.start(), m[0].lower()) for m in _WORD.finditer(chunk, begin)]
        if not words or words[-1][1] not in self._anywhere_last:
            return 0, None
        for count in range(min(self._anywhere_words, len(words)), 0, -1):
            name = self._anywhere.get(" ".join(word for _, word in words[-count:]))
            if name is None:
                continue
            if count < len(words) and words[-count - 1][1] in self._not_after:
                break
            if name in self._context and found and found[-1][0] in self._content:
                break
            return words[-count][0], name
        return 0, None


def _any_marker(markers: list[str]) -> str:
    longest_first = sorted(markers, key=len, reverse=True)
    options = [r"\s+".join(map(re.escape, marker.split())) for marker in longest_first]
    return "|".join(options) or r"(?!)"


def _first_word(words: str) -> str:
    match = _FIRST_WORD.match(words)
    return match[0] if match else ""
