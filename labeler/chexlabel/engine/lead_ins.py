"""Join what stands below a line that leads in to it.

"No evidence of:" above "- effusion" and "- pneumothorax" denies both, as one sentence would, so the
bullets of such a list become commas. "HEART" alone on a line stands for "HEART:" above "Enlarged".
Which lines lead in is data: those that end with a cue, and those that hold nothing but the name of
a finding or organ. Every word stays at its offset, so that evidence still quotes the report.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from chexlabel._regex import compiled_later
from chexlabel.engine.marks import ABSENT_BEFORE, PRESENT_BEFORE
from chexlabel.engine.match import Match, phrases_at, symbolize
from chexlabel.engine.memo import Memo
from chexlabel.patterns.lexicon import Lexicon
from chexlabel.patterns.roles import Tag

__all__ = ["LeadIns"]

_BULLET: Final = r"[ \t]*(?:[-*>\u2013\u2014][ \t]+|\u2022[ \t]*|\(?\d{1,2}[.)][ \t]+)(?=\S)"
_ITEM = compiled_later(_BULLET)
_NAME_LINE: Final = r"^[ \t]*+(?:\#{1,6}[ \t]+)?([^\W\d_][^\r\n.:;,?]{2,40}+):?[ \t]*+"
_NAME = compiled_later(rf"{_NAME_LINE}\n", re.MULTILINE)
_OPENS_ITEM = frozenset("-*>\u2013\u2014\u2022(0123456789")
_SHORT: Final = 52  # characters of a line that may be a name, with what may stand before it
_UNTICKED: Final = rf"{ABSENT_BEFORE}[^\n{ABSENT_BEFORE}{PRESENT_BEFORE}]*\s+"
_BEFORE_STATE = compiled_later(rf"[ \t]*\n?(?:{_BULLET}|\s*(?:{_UNTICKED})*{PRESENT_BEFORE})?\s*")
_STATE_ENDS = compiled_later(r"[.;\n]|$")
_LONGEST = 160  # characters of a line that may lead in to a list
_LONGEST_STATE = 60  # characters that are looked at below an organ's name
_REMEMBERED = 1 << 12  # lines: forms repeat theirs
_CUES = frozenset({Tag.CUE_BEFORE, Tag.CUE_BOTH})
_NAMES = frozenset({Tag.MENTION, Tag.ANATOMY})

_Reach: TypeAlias = Literal["no item", "the first", "all"]


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
        self._join_lists(lines)
        return self._join_states("\n".join(lines))

    def _join_lists(self, lines: list[str]) -> None:
        """Make the bullets commas that stand below a line which governs what they open."""
        reach: _Reach | None = None
        for at, line in enumerate(lines):
            bullet = _ITEM.match(line)
            if bullet is None or at == 0:
                reach = None
                continue
            opens = reach is None
            reach = reach or self._reach(lines[at - 1])
            if reach == "no item" or (reach == "the first" and not opens):
                continue
            words = " " * bullet.end() + line[bullet.end() :]
            if not opens:
                before = lines[at - 1]
                lines[at - 1] = before.rstrip(" \t.;,").ljust(len(before)) + ","
                words = words[1:]  # the comma takes up one character
            lines[at] = words

    def _reach(self, line: str) -> _Reach:
        """Tell which items of the list below a line it governs."""
        line = line.rstrip()
        if len(line) > _LONGEST:
            return "no item"
        colon = line.endswith(":")
        words, phrases = self._read[line[line.rfind(". ") + 1 :]]
        last = [p for p in phrases if p.end == words or (colon and p.end == words - 1)]
        whole = {phrase.role.tag for phrase in last if phrase.start == 0}
        if colon and not whole.isdisjoint(_NAMES):
            return "the first"
        cue = max([p.end - p.start for p in last if p.role.tag in _CUES], default=0)
        if colon:
            return "all" if cue or Tag.STATE in whole else "no item"
        # One word may be the answer to what stands before it: "Fracture   no".
        named = any(phrase.role.tag in _NAMES for phrase in phrases)
        return "all" if cue > 1 and not named else "no item"

    def _join_states(self, text: str) -> str:
        """Put a colon behind the name of an organ that its state stands below."""
        pieces = []
        end = 0
        for name in _NAME.finditer(text):
            words, phrases = self._read[name[1]]
            if not any(p[:2] == (0, words) and p.role.tag == Tag.ANATOMY for p in phrases):
                continue
            before = _BEFORE_STATE.match(text, name.end())
            begins = before.end() if before else name.end()
            ends = _STATE_ENDS.search(text, begins, begins + _LONGEST_STATE)
            _, said = self._read[text[begins : ends.start() if ends else begins + _LONGEST_STATE]]
            tags = {phrase.role.tag for phrase in said}
            if Tag.STATE in tags and tags.isdisjoint(_NAMES):
                named = name.start(1) + len(name[1].rstrip())
                pieces += [text[end:named], ":".ljust(begins - named)]
                end = begins
        return "".join([*pieces, text[end:]])

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
