"""Put the marks of checklists into a form that the pattern files can name.

"+ edema, - effusion", "Effusion -, edema +", "[x] edema [ ] effusion", "Effusion ...... none": what
these say hangs on where a mark stands and on the others around it, which no phrase can tell. Such a
mark is replaced by a sign that means one thing only (`marks`), every other character staying at its
offset, so that evidence still quotes the report.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._regex import compiled_later
from chexlabel.engine.boxes import EMPTY, TICKED, BoxReader
from chexlabel.engine.marks import ABSENT_BEFORE, EITHER, NO, PRESENT_BEFORE, YES
from chexlabel.engine.signs import plain_signs, plain_words
from chexlabel.engine.tables import TABLE_HINTS, TableReader

if TYPE_CHECKING:
    from chexlabel.patterns.section_schema import Answers

__all__ = ["ChecklistReader"]

_MINUS_SIGN = "\u2212"
_PLUS_OR_MINUS = "\u00b1"
_ARROW_SIGN = "\u2192"
_OPTIONS = compiled_later(
    r"[\[(]((?:[\w ]{1,20}/){1,4}[\w ]{1,20})[\])](?=[ \t]*[:=?]?[ \t]*([^\W\d_]+))"
)
_LONE_DASH = compiled_later(r"-(?:[ \t\n,;:/|.()]|\Z|(?<=[:,;/|] -)|(?<=\)-))")
_TICKS, _CROSSES = "\u2713\u2714\u2705", "\u2717\u2718\u274c"
_LEADING = str.maketrans(
    dict.fromkeys(_TICKS, PRESENT_BEFORE) | dict.fromkeys(_CROSSES, ABSENT_BEFORE)
)
_TRAILING = str.maketrans(dict.fromkeys(_TICKS, YES) | dict.fromkeys(_CROSSES, NO))
_TICKED_LINE = compiled_later(rf"^[ \t]*[{_TICKS}{_CROSSES}].*", re.MULTILINE)
_DOUBT = compiled_later(  # "[?] effusion", "Effusion: +/-"
    r"^[ \t]*\[[ \t]?\?[ \t]?\]"
    rf"|(?<=\w)[ \t]*+:?+[ \t]*+(?:\+[ \t]?/[ \t]?-|{_PLUS_OR_MINUS})(?=[ \t]*(?:[,;.)]|$))",
    re.MULTILINE,
)
_ROUND = compiled_later(r"\([ \t]?([xXo\u2713\u2714])[ \t]?\)|\([ \t]*\)")
_FEWEST = 2  # items of a list
_TAG = compiled_later(r"^#(?=[^\W\d_])", re.MULTILINE)
_HASHED = compiled_later(r"(?<!\S)#(\d{1,2})(?=[ \t])")
_SLASHED = compiled_later(r"(?<!\S)(\d{1,2})/(?=[ \t])")
_LEADER = compiled_later(r"(?<=[\w)])[ \t]*\.{3,}[ \t]*(?=[\w?[(])")
_SHORT_LEADER = compiled_later(r"(?<=[\w)])[ \t]+\.{1,2}[ \t]+(?=\w)")
_SLASH = compiled_later(r"[ \t]/{1,2}[ \t](?=[^\W\d_][^/:;.,\n]{0,40}:)")
_ARROW = compiled_later(rf"[-=]{{1,2}}>|{_ARROW_SIGN}")
_CHEVRON = compiled_later(r"^([ \t]*[^\W\d_][\w /&,()-]{1,40}?)([ \t]*>{2,})(?=\s|$)", re.MULTILINE)


class _Step(NamedTuple):
    """One step to plain marks: what it changes, if anything, has a hint or fits the pattern.

    Attributes:
        hints: pieces of text.
        plain: does the step.
        pattern: an expression that is searched where `sign` is found.
        sign: a character.
    """

    hints: tuple[str, ...]
    plain: Callable[[str], str]
    pattern: re.Pattern[str] | None = None
    sign: str = ""

    def may_change(self, text: str) -> bool:
        """Tell quickly whether the step may change something in a text."""
        for hint in self.hints:
            if hint in text:
                return True
        return self.pattern is not None and self.sign in text and bool(self.pattern.search(text))


class ChecklistReader:
    r"""Makes marks plain; compiled once from `sections.yaml`. Picklable and thread-safe.

    Args:
        answers: the words for yes and no beside which boxes stand.

    >>> from chexlabel.patterns.section_schema import Answers
    >>> plain = ChecklistReader(Answers(yes=["yes"], no=["no"])).plain
    >>> plain("+ edema, - effusion")
    '∃ edema, ∄ effusion'
    >>> plain("Edema +, effusion -.")
    'Edema ✓, effusion ✗.'
    >>> plain("CM+ PTX-")
    'CM✓ PTX✗'
    >>> plain("[x] edema [ ] effusion")
    ' ∃  edema  ∄  effusion'
    >>> plain("Edema: yes [ ] no [x]")
    'Edema: ✗             '
    >>> plain("\u2717 edema \u2713 effusion")
    '∄ edema ∃ effusion'
    >>> plain("#1 Edema. #2 Effusion.")
    '1) Edema. 2) Effusion.'
    >>> plain("- Edema.\n- No effusion.")
    '- Edema.\n- No effusion.'
    """

    def __init__(self, answers: Answers) -> None:
        self._boxes = BoxReader(answers)
        # In this order: what one makes, the next may read.
        self._steps = (
            _Step((_MINUS_SIGN,), _plain_minus),
            _Step(("[", "+", _PLUS_OR_MINUS), _doubts),
            _Step(("(x)", "(X)", "( x )", "( X )", "(o)", "(\u2713", "(\u2714"), _round_boxes),
            _Step(("#1 ", "1/ "), _numbers),
            _Step(("\n#",), _tags),
            _Step((*_TICKS, *_CROSSES), _ticks),
            _Step(("...",), _leaders),
            _Step((), _chosen_options, _OPTIONS, "/"),
            _Step((" / ", " // "), _slashes),
            _Step(TABLE_HINTS, TableReader(answers).plain),
            _Step(("->", "=>", _ARROW_SIGN), _arrows),
            _Step(("+", "-v", "-V"), plain_words),
            _Step((">>",), _chevrons),
            _Step(("[", *EMPTY, *TICKED), self._plain_boxes),
            _Step(("+", "\u2013"), plain_signs, _LONE_DASH, "-"),
            _Step((EITHER,), _undecided),
        )
        self._hints = _by_sign([hint for step in self._steps for hint in step.hints])
        self._unhinted = [step for step in self._steps if step.pattern is not None]

    def plain(self, text: str) -> str:
        """Return a report with its checklists' marks made plain, as long as it was."""
        if not self._may_hold_marks(text):
            return text
        for step in self._steps:
            if step.may_change(text):
                text = step.plain(text)
        return text

    def _may_hold_marks(self, text: str) -> bool:
        """Tell quickly whether a text may hold a mark; most reports hold none."""
        is_ascii = text.isascii()
        for sign, hints in self._hints:
            if is_ascii and sign > "\x7f":
                break  # so are all that follow
            if sign in text:
                for hint in hints:
                    if hint in text:
                        return True
        return any(step.may_change(text) for step in self._unhinted)

    def _plain_boxes(self, text: str) -> str:
        return "".join(map(self._boxes.plain, text.splitlines(keepends=True)))


def _by_sign(hints: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return hints by a part that is quick to look for and rare in reports."""
    found: dict[str, dict[str, None]] = {}
    for hint in hints:
        gap = hint[: len(hint) - len(hint.lstrip())]
        sign = next((c for c in hint if not (c.isalnum() or c.isspace())), gap)
        found.setdefault(sign, {})[hint] = None
    return tuple((sign, tuple(found[sign])) for sign in sorted(found))


def _plain_minus(text: str) -> str:
    return text.replace(_MINUS_SIGN, "-")


def _doubts(text: str) -> str:
    return _DOUBT.sub(lambda found: EITHER.center(len(found[0])), text)


def _undecided(text: str) -> str:
    return text.replace(EITHER, "?")


def _round_boxes(text: str) -> str:
    """Make square boxes of round ones, if one is ticked: "(x) edema ( ) effusion"."""
    if not any(found[1] for found in _ROUND.finditer(text)):
        return text
    return _ROUND.sub(lambda found: ("[x]" if found[1] else "[]").center(len(found[0])), text)


def _numbers(text: str) -> str:
    """Write the numbers of items as those of a list: "#1 ... #2", "1/ ... 2/"."""
    for first, numbered in (("#1 ", _HASHED), ("1/ ", _SLASHED)):
        if first in text and len(numbered.findall(text)) > 1:
            text = numbered.sub(lambda found: f"{found[1]})", text)
    return text


def _tags(text: str) -> str:
    """Leave out the signs of items that are written as tags: "#HEART normal", three or more."""
    return _TAG.sub(" ", text) if len(_TAG.findall(text)) > _FEWEST else text


def _ticks(text: str) -> str:
    """Tell ticks and crosses before their items, in lines that begin with one, from those after."""
    text = _TICKED_LINE.sub(lambda found: found[0].translate(_LEADING), text)
    return text.translate(_TRAILING)


def _leaders(text: str) -> str:
    """Make a colon of the dots that lead from an item to its answer."""
    leaders = _LEADER.findall(text)
    if len(leaders) < _FEWEST and not any("...." in leader for leader in leaders):
        return text
    text = _LEADER.sub(lambda found: ":".ljust(len(found[0])), text)
    return _SHORT_LEADER.sub(lambda found: ":".ljust(len(found[0])), text)


def _chosen_options(text: str) -> str:
    """Leave out the answers to choose from where one is chosen: "Edema (yes/no): no"."""
    return _OPTIONS.sub(_options, text)


def _options(found: re.Match[str]) -> str:
    options = {option.strip().lower() for option in found[1].split("/")}
    return " " * len(found[0]) if found[2].lower() in options else found[0]


def _slashes(text: str) -> str:
    """Part items that a slash parts: "Edema: no / Effusion: small"."""
    return _SLASH.sub(lambda found: ";".center(len(found[0])), text)


def _arrows(text: str) -> str:
    return _ARROW.sub(lambda found: ";".ljust(len(found[0])), text)


def _chevrons(text: str) -> str:
    """Make a colon of the chevrons behind the items of a list: "Effusion >> none"."""
    if len(_CHEVRON.findall(text)) < _FEWEST:
        return text
    return _CHEVRON.sub(lambda found: found[1] + ":".ljust(len(found[2])), text)
