"""Join what stands below a line that leads in to it.

"No evidence of:" above "- effusion" and "- pneumothorax" denies both, as one sentence would, so the
bullets of such a list become the sign for "or". "HEART" alone on a line stands for "HEART:" above
"Enlarged". Which lines lead in is data: those that end with a cue, and those that hold nothing but
the names of organs or of a finding. Every word stays at its offset, so that evidence still quotes
the report.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from chexlabel._regex import compiled_later
from chexlabel.engine.marks import ABSENT_BEFORE, OR, PRESENT_BEFORE
from chexlabel.engine.match import Match, phrases_at, symbolize
from chexlabel.engine.memo import Memo
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.roles import CueEffect, Tag

__all__ = ["LeadIns"]

_BULLET: Final = (
    r"[ \t]*(?:[-*>\u2013\u2014][ \t]+|\u2022[ \t]*|\(?(?:\d{1,2}|[a-h])[.)][ \t]+)(?=\S)"
)
_ITEM = compiled_later(_BULLET)
_ORNAMENTS: Final = r"[#*=~_\[\]<>-]"
_NAME_LINE: Final = (
    rf"^[ \t]*+(?:(?:\#|{_ORNAMENTS}{{2,6}})[ \t]+)?([^\W\d_][^\r\n.:;,?*=~_#-]{{2,40}}+)"
    rf"(?:{_ORNAMENTS}{{1,6}})?:?[ \t]*+"
)
_NAME = compiled_later(rf"{_NAME_LINE}\n", re.MULTILINE)
_OPENS_ITEM = frozenset("-*>\u2013\u2014\u2022(0123456789abcdefgh")
_SHORT: Final = 52  # characters of a line that may be a name, with what may stand before it
_UNTICKED: Final = rf"{ABSENT_BEFORE}[^\n{ABSENT_BEFORE}{PRESENT_BEFORE}]*+(?:\n\s*+)?(?<=\s)"
_BEFORE_STATE = compiled_later(rf"[ \t]*\n?(?:{_BULLET}|\s*(?:{_UNTICKED})*+{PRESENT_BEFORE})?\s*")
_STATE_ENDS = compiled_later(r"[.;\n]|$")
_LONGEST = 160  # characters of a line that may lead in to a list
_LONGEST_LIST = 4000  # characters that are joined
_LONGEST_STATE = 60  # characters that are looked at below an organ's name
_REMEMBERED = 1 << 12  # lines: forms repeat theirs
_CUES = frozenset({Tag.CUE_BEFORE, Tag.CUE_BOTH})
_NAMES = frozenset({Tag.MENTION, Tag.ANATOMY})

_JOINING = frozenset({Tag.CONJUNCTION, Tag.SEPARATOR})
_SHARED = frozenset({CueEffect.NEGATIVE, CueEffect.UNCERTAIN})
_FIRST_ALONE: Final = ":"
_SHORTEST_TITLE = 5  # characters: "Nil" is an answer, "Negatives" a title


class LeadIns:
    """Joins lines to those that lead in to them. Thread-safe.

    Args:
        lexicon: the phrases of a pattern set.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._read = Memo(lambda texts: [self._phrases(text) for text in texts], _REMEMBERED)

    def join(self, text: str) -> str:
        """Return a report with what lines lead in to joined to them, as long as it was."""
        lines = text.split("\n")
        if len(lines) == 1 or not any(map(_may_matter, lines)):
            return text
        return self._join_states("\n".join(self._lists_joined(lines)))

    def _lists_joined(self, lines: Sequence[str]) -> list[str]:
        """Return lines, the items of a list in one line with that which governs them.

        Items have bullets, or are farther in than the line with a colon above them. Blank lines
        between them count for nothing.
        """
        joined: list[str] = []
        mark: str | None = None  # stands between the items; `None` where that is to be found out
        first = False  # whether the next item is the first
        indent = _LONGEST  # of the line that leads in to items without bullets
        for line in lines:
            bullet = _ITEM.match(line)
            begin = bullet.end() if bullet else _indent(line) if _indent(line) > indent else 0
            if not begin:
                if line.strip():
                    mark = None
                    indent = _indent(line) if line.rstrip().endswith(":") else _LONGEST
                joined.append(line)
                continue
            last = next((at for at in range(len(joined) - 1, -1, -1) if joined[at].strip()), -1)
            if mark is None:
                first = True
                mark = self._mark_between(joined, last)
            if not mark or (
                not first and (mark == _FIRST_ALONE or len(joined[last]) > _LONGEST_LIST)
            ):
                joined.append(line)
                continue
            before = joined[last].rstrip() if first else joined[last].rstrip(" \t.;,")
            width = sum(len(each) + 1 for each in joined[last:]) + begin - len(before)
            sign = mark if not first else "" if _leads_on(before) else ":"
            joined[last:] = [before + sign.center(width) + line[begin:]]
            first = False
        return joined

    def _mark_between(self, lines: Sequence[str], lead: int) -> str:
        """Return what joins the items below a line that governs them; empty if it does not."""
        line = lines[lead].rstrip() if lead >= 0 else ""
        if not line or len(line) > _LONGEST:
            return ""
        colon = line.endswith(":")
        words, phrases = self._read[line[line.rfind(". ") + 1 :].rstrip(":") + ":"]
        last = [p for p in phrases if p.end >= words - 1]
        whole = [phrase for phrase in last if phrase.start == 0]
        named = any(phrase.role.tag in _NAMES for phrase in phrases)
        if colon and any(phrase.role.tag in _NAMES for phrase in whole):
            return _FIRST_ALONE
        cue = max((p for p in last if p.role.tag in _CUES), key=_width, default=None)
        title = colon or (not named and self._is_title(lines, lead))
        if cue is not None and (
            colon or (not named and _width(cue) > 1) or (title and cue in whole)
        ):
            kind = cue.role.kind
            return OR if kind is not None and kind.effect in _SHARED else ","
        return "," if title and any(phrase.role.tag == Tag.STATE for phrase in whole) else ""

    def _is_title(self, lines: Sequence[str], at: int) -> bool:
        """Say whether a line is more than the answer to the name of a finding above it."""
        if at and lines[at - 1].strip():
            words, phrases = self._read[lines[at - 1].strip()]
            if any(p[:2] == (0, words) and p.role.tag in _NAMES for p in phrases):
                return False
        return len(lines[at].strip()) >= _SHORTEST_TITLE

    def _join_states(self, text: str) -> str:
        """Put a colon behind the name of an organ or a finding that its state stands below."""
        pieces = []
        end = 0
        for name in _NAME.finditer(text):
            named = self._names(name[1])
            if not named:
                continue
            before = _BEFORE_STATE.match(text, name.end())
            begins = before.end() if before else name.end()
            if Tag.MENTION in named:
                if _ITEM.match(text, name.end()) is None:
                    continue
            else:
                ends = _STATE_ENDS.search(text, begins, begins + _LONGEST_STATE)
                said = text[begins : ends.start() if ends else begins + _LONGEST_STATE]
                tags = {phrase.role.tag for phrase in self._read[said][1]}
                if Tag.STATE not in tags or not tags.isdisjoint(_NAMES):
                    continue
            stop = name.start(1) + len(name[1].rstrip())
            pieces += [text[end:stop], ":".ljust(begins - stop)]
            end = begins
        return "".join([*pieces, text[end:]])

    def _names(self, line: str) -> set[str]:
        """Return what a line names that holds nothing else: organs, or a finding."""
        words, phrases = self._read[line]
        covered: set[int] = set()
        tags: set[str] = set()
        for phrase in phrases:
            if phrase.role.tag in _NAMES:
                tags.add(phrase.role.tag)
            elif phrase.role.tag not in _JOINING:
                continue
            covered.update(range(phrase.start, phrase.end))
        if len(covered) + line.count("/") < words or len(tags) > 1:
            return set()
        return tags

    def _phrases(self, text: str) -> tuple[int, list[Match]]:
        """Return how many words a text has, and the phrases in it."""
        symbols = symbolize(text, self._lexicon)
        return len(symbols), [
            Match(at, at + length, role)
            for at in range(len(symbols))
            for length, role in phrases_at(symbols, self._lexicon, at)
        ]


def _may_matter(line: str) -> bool:
    """Tell quickly whether a line may be a name, or the item of a list."""
    if len(line) <= _SHORT and "." not in line and ":" not in line[:-1]:
        return line != ""
    return line.lstrip()[:1] in _OPENS_ITEM


def _leads_on(line: str) -> bool:
    """Say whether a line goes on with what stands below it by itself: "No evidence of"."""
    return line.endswith(":") or " " in line.strip()


def _width(phrase: Match) -> int:
    return phrase.end - phrase.start


def _indent(line: str) -> int:
    """Return how many blanks a line begins with; 0 for an empty one."""
    words = line.lstrip(" \t")
    return len(line) - len(words) if words else 0
