"""Put the marks of checklists into a form that the pattern files can name.

"+ edema, - effusion", "Effusion -, edema +", "[x] edema [ ] effusion", "Effusion ...... none": what
these say hangs on where a mark stands and on the others around it, which no phrase can tell. Such a
mark is replaced by a sign that means one thing only, every other character staying at its offset,
so that evidence still quotes the report. What the signs mean is data, as of any cue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from chexlabel._regex import compiled_later

__all__ = ["ABSENT_BEFORE", "NO", "PRESENT_BEFORE", "YES", "plain_marks"]

PRESENT_BEFORE, ABSENT_BEFORE = "\u2203", "\u2204"
"""Stand before what is there, and before what is not ("there exists", "there does not exist")."""

YES, NO = "\u2713", "\u2717"
"""Stand after what is there, and after what is not (a tick and a cross)."""

_PLUS, _MINUS = (PRESENT_BEFORE, YES), (ABSENT_BEFORE, NO)
_BEFORE, _AFTER, _BULLET = "before", "after", "bullet"
_FEWEST = 2  # signs of a list
_NEAR = 8  # characters around a sign that are looked at
_HINTS = {
    "+": ("+",),
    "[": ("[",),
    "|": ("|",),
    "#": ("#1 ",),
    "/": ("1/ ", " / "),
    ">": ("=>", ">>"),
    "(": ("(x)", "(X)", "( x )", "( X )", "(o)"),
    ".": ("...",),
    "-": ("(-)", ": -", "-ve", "; -", ", -", " -,", " -\n", "->"),
}
"""What may be a mark, by a character that is quick to look for."""

_BOXES = "\u2610\u25a1\u2611\u2612"
_TICKS = "\u2713\u2714\u2705\u2717\u2718\u274c"
_MINUS_SIGN = "\u2212"
_SIGN_HINTS = "\u2192\u00b1" + _MINUS_SIGN + _BOXES + _TICKS
_EITHER = "\u2213"  # stands for a "+/-" until all signs of the list are read, then "?" does
_LEADING_TICKS = str.maketrans(_TICKS, PRESENT_BEFORE * 3 + ABSENT_BEFORE * 3)
_PLAIN_TICKS = str.maketrans(_TICKS, YES * 3 + NO * 3)
_HASHED = compiled_later(r"(?<!\S)#(\d{1,2})(?=[ \t])")
_SLASHED = compiled_later(r"(?<!\S)(\d{1,2})/(?=[ \t])")
_TICKED = compiled_later(rf"^[ \t]*[{_TICKS}].*", re.MULTILINE)
_BOX = compiled_later(
    r"\[[ \t]?(?:([xXyY+\u2713\u2714])|[nN\-\u2212])?[ \t]?\]|([\u2610\u25a1])|([\u2611\u2612])"
)
_DOUBT = compiled_later(  # "[?] effusion", "Effusion: +/-"
    r"^[ \t]*\[[ \t]?\?[ \t]?\]"
    r"|(?<=\w)[ \t]*:?[ \t]*(?:\+[ \t]?/[ \t]?-|\u00b1)(?=[ \t]*(?:[,;.)]|$))",
    re.MULTILINE,
)
_ASKED = compiled_later(r"\?(?=[ \t]*\[[ \t]?[xXyYnN+\-\u2713\u2714\u2212]?[ \t]?\])")
_ROUND = compiled_later(r"\([ \t]?([xXo\u2713\u2714])[ \t]?\)|\([ \t]*\)")
_CHOICES = r"(?:(yes|y|present|positive|pos)|(?:no|n|absent|negative|neg|none))"
_ANSWER = compiled_later(rf"[ \t]*{_CHOICES}\b[ \t:/|,-]*", re.IGNORECASE)
_ANSWER_BEFORE = compiled_later(rf"\b{_CHOICES}[ \t]*:?[ \t]*$", re.IGNORECASE)
_BLANKED = compiled_later(r"[^\n]")
_SLASH = compiled_later(r"[ \t]/{1,2}[ \t](?=[^\W\d_][^/:;.,\n]{0,40}:)")
_ARROW = compiled_later(r"[-=]{1,2}>|\u2192")
_LEADER = compiled_later(r"(?<=[\w)])[ \t]*\.{3,}[ \t]*(?=[\w?])")
_SHORT_LEADER = compiled_later(r"(?<=[\w)])[ \t]+\.{1,2}[ \t]+(?=\w)")
_CHEVRON = compiled_later(r"^([ \t]*[^\W\d_][\w /&,()-]{1,40}?)([ \t]*>{2,})(?=\s|$)", re.MULTILINE)
_WORDED = compiled_later(r"(?<![\w+-])([+-])ve\b|\(([+-])ve\)", re.IGNORECASE)
_SIGN = compiled_later(r"\(([+\-\u2212])\)|(?<![+\-\u2212<>])([+\-\u2013\u2212])(?![+\-\u2212>])")
_GLUED = compiled_later(r"(?<=[^\W\d_])[+\-\u2212](?=[\s,;.]|$)")  # "EFF+ PTX-"
_LETTER = compiled_later(r"[^\W\d_]")
_CHOICE = compiled_later(r"[ \t]*[^\s,;]+(?: [^\s,;]+)*")
_BEFORE_ITEM = ",;/|:("
_AFTER_ITEM = ",;/|.:()"


def plain_marks(text: str) -> str:
    r"""Return a report with its checklists' marks made plain, as long as it was.

    >>> plain_marks("+ edema, - effusion")
    '∃ edema, ∄ effusion'
    >>> plain_marks("Edema +, effusion -.")
    'Edema ✓, effusion ✗.'
    >>> plain_marks("CM+ PTX-")
    'CM✓ PTX✗'
    >>> plain_marks("[x] edema [ ] effusion")
    ' ∃  edema  ∄  effusion'
    >>> plain_marks("Edema: yes [ ] no [x]")
    'Edema: ✗             '
    >>> plain_marks("\u2717 edema \u2713 effusion")
    '∄ edema ∃ effusion'
    >>> plain_marks("#1 Edema. #2 Effusion.")
    '1) Edema. 2) Effusion.'
    >>> plain_marks("- Edema.\n- No effusion.")
    '- Edema.\n- No effusion.'
    """
    if not _may_hold_marks(text):
        return text
    text = text.replace(_MINUS_SIGN, "-")
    text = _DOUBT.sub(lambda found: _EITHER.center(len(found[0])), text)
    if any(found[1] for found in _ROUND.finditer(text)):
        text = _ROUND.sub(lambda found: ("[x]" if found[1] else "[]").center(len(found[0])), text)
    for number, numbered in (("#1 ", _HASHED), ("1/ ", _SLASHED)):
        if number in text and len(numbered.findall(text)) > 1:
            text = numbered.sub(lambda found: f"{found[1]})", text)
    if any(tick in text for tick in _TICKS):
        text = _TICKED.sub(lambda found: found[0].translate(_LEADING_TICKS), text)
        text = text.translate(_PLAIN_TICKS)
    leaders = _LEADER.findall(text)
    if len(leaders) > 1 or any("...." in leader for leader in leaders):
        text = _LEADER.sub(lambda found: ":".ljust(len(found[0])), text)
        text = _SHORT_LEADER.sub(lambda found: ":".ljust(len(found[0])), text)
    text = _SLASH.sub(lambda found: ";".center(len(found[0])), text)
    if "|" in text:
        text = "\n".join(map(_part_columns, text.split("\n")))
    text = _ARROW.sub(lambda found: ";".ljust(len(found[0])), text)
    text = _WORDED.sub(lambda found: _worded(found), text)
    if ">>" in text and len(_CHEVRON.findall(text)) > 1:
        text = _CHEVRON.sub(lambda found: found[1] + ":".ljust(len(found[2])), text)
    if "[" in text or any(box in text for box in _BOXES):
        text = "".join(map(_tick_boxes, text.splitlines(keepends=True)))
    if "+" in text or "-" in text:
        text = _replace_signs(text)
    return text.replace(_EITHER, "?")


def _may_hold_marks(text: str) -> bool:
    """Tell quickly whether a text has anything that looks like a mark; most reports have not."""
    for sign, hints in _HINTS.items():
        if sign in text:
            for hint in hints:
                if hint in text:
                    return True
    return not text.isascii() and any(sign in text for sign in _SIGN_HINTS)


def _worded(found: re.Match[str]) -> str:
    """Return what "+ve" or "-ve" says, before what follows ("-ve for edema") or after its item."""
    text = found.string
    before = text[max(0, found.start() - _NEAR) : found.start()].rstrip(" \t(")
    opens = not before or not (before[-1].isalnum() or before[-1] == ")")
    mark = _PLUS if "+" in found[0] else _MINUS
    return mark[not opens].center(len(found[0]))


def _part_columns(line: str) -> str:
    """Return a line with its columns ("Effusion | none") told apart by colons and semicolons."""
    cells = line.split("|")
    pieces = cells[:1]
    bars = 0
    for before, cell in pairwise(cells):
        mark = " "
        if before.strip():
            mark = ";" if bars % 2 or ":" in line else ":"
            bars += 1
        pieces += [mark, cell]
    return "".join(pieces)


def _tick_boxes(line: str) -> str:
    """Return a line with its boxes made plain.

    They stand before their items ("[x] edema [ ] effusion"), after them ("edema [x] effusion [ ]"),
    or at the answers to choose from, of which the ticked are kept, behind their item ("Effusion:
    [ ] yes [x] no", "Effusion: yes [ ] no [x]") or before it ("[ ] yes [x] no effusion").
    """
    boxes = list(_BOX.finditer(line))
    if not boxes:
        return line
    for chosen in (_chosen_in_front(line, boxes), _chosen_by_box_behind(line, boxes)):
        if chosen is not None:
            return chosen
    line = _ASKED.sub(" ", line)  # "Effusion? [n]" asks no more than "Effusion [n]"
    if _is_unanswered(line, boxes):
        return _BLANKED.sub(" ", line)
    is_first = not any(c.isalpha() for c in line[: boxes[0].start()])
    is_last = not any(c.isalpha() for c in line[boxes[-1].end() :])
    pieces = [line[: boxes[0].start()]]
    ends = [box.start() for box in boxes[1:]] + [len(line)]
    for box, end in zip(boxes, ends, strict=True):
        before, after = _PLUS if box[1] or box[3] else _MINUS
        words = line[box.end() : end]
        mark = before if is_first else after if is_last else ""
        if not mark and after == NO:
            words = _CHOICE.sub(lambda found: " " * len(found[0]), words, count=1)
        pieces += [mark.center(len(box[0])), words]
    return "".join(pieces)


def _chosen_in_front(line: str, boxes: list[re.Match[str]]) -> str | None:
    """Return a line that opens with answers to choose from, the ticked one made plain.

    An item without an answer is left out. `None` if the line does not open so: its boxes stand at
    items, or no item follows the answers.
    """
    answers = _answers(line, boxes)
    if not answers or line[: boxes[0].start()].strip():
        return None
    place = answers[-1].end()
    item = line[place:]
    ticked = [pair for pair in zip(boxes, answers, strict=True) if pair[0][1] or pair[0][3]]
    if ticked and not item.strip():  # the answer to the line above
        box, answer = ticked[-1]
        return " " * box.start() + f"{answer[0].strip()}.".ljust(len(line) - box.start())
    if not item[:1].isalpha():
        return None
    mark = (PRESENT_BEFORE if ticked[-1][1][1] else ABSENT_BEFORE) if ticked else ""
    return mark.ljust(place) + (item if mark else _BLANKED.sub(" ", item))


def _chosen_by_box_behind(line: str, boxes: list[re.Match[str]]) -> str | None:
    """Return a line whose boxes stand behind the answers to choose from, the ticked made plain.

    An item without an answer is left out. `None` if the boxes stand otherwise.
    """
    ends = [0, *(box.end() for box in boxes)]
    answers: list[re.Match[str]] = []
    firsts: list[int] = []  # the answers that an item stands before
    for at, (end, box) in enumerate(zip(ends, boxes, strict=False)):
        answer = _ANSWER_BEFORE.search(line, end, box.start())
        if answer is None:
            return None
        answers.append(answer)
        if _LETTER.search(line, end, answer.start()):
            firsts.append(at)
    if firsts[:1] != [0] or len(boxes) < _FEWEST * len(firsts):
        return None
    pieces = []
    for first, following in pairwise([*firsts, len(boxes)]):
        item = line[ends[first] : answers[first].start()]
        group = range(first, following)
        ticked = [at for at in group if boxes[at][1] or boxes[at][3]]
        mark = (YES if answers[ticked[-1]][1] else NO) if ticked else ""
        width = ends[following] - answers[first].start()
        pieces.append(item + mark.ljust(width) if mark else " " * (len(item) + width))
    return "".join([*pieces, line[ends[-1] :]])


def _is_unanswered(line: str, boxes: list[re.Match[str]]) -> bool:
    """Say whether none of the answers to choose from is ticked: "Effusion: [ ] yes [ ] no"."""
    if any(box[1] or box[3] for box in boxes):
        return False
    answers = _answers(line, boxes)
    return bool(answers) and answers[-1].end() == len(line.rstrip())


def _answers(line: str, boxes: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the answers to choose from, one behind each box; none if the boxes stand at items."""
    answers = [answer for box in boxes if (answer := _ANSWER.match(line, box.end()))]
    if len(answers) != len(boxes) or len(boxes) == 1:
        return []
    reaches = all(a.end() == box.start() for a, box in zip(answers, boxes[1:], strict=False))
    return answers if reaches else []


class _Sign(NamedTuple):
    """A plus or a minus of a list.

    Attributes:
        start, end: its offsets in its line, with the brackets around it.
        mark: what it says if it stands before its item, and if it stands after it.
        opens: whether it may stand before an item: at a line's start, or after a comma.
        closes: whether it may stand after one: at a line's end, or before a comma.
        named: whether an item follows at all.
        certain: whether brackets stand around it, or a colon before it, so that it is no dash.
    """

    start: int
    end: int
    mark: tuple[str, str]
    opens: bool
    closes: bool
    named: bool
    certain: bool


def _replace_signs(text: str) -> str:
    """Return a text with the pluses and minuses of its lists made plain."""
    lines = text.split("\n")
    read = [list(_signs(line)) for line in lines]
    styles = [_style(line, signs) for line, signs in zip(lines, read, strict=True)]
    first = {signs[0].mark for signs, style in zip(read, styles, strict=True) if style == _BULLET}
    if len(first) > 1:  # minuses alone are bullets
        styles = [_BEFORE if style == _BULLET else style for style in styles]
    after = zip(read, styles, strict=True)
    closing = [s for signs, style in after if style == _AFTER for s in signs if s.closes]
    if len(closing) + text.count(_EITHER) < _FEWEST and not any(sign.certain for sign in closing):
        styles = ["" if style == _AFTER else style for style in styles]
    return "\n".join(
        _replaced(line, signs, style)
        for line, signs, style in zip(lines, read, styles, strict=True)
    )


def _style(line: str, signs: list[_Sign]) -> str:
    """Say where the signs of a line stand: before their items, after them, or as its bullet."""
    opening = sum(sign.opens for sign in signs)
    if ";" in line and _PLUS not in {sign.mark for sign in signs}:
        opening = 0  # "Imp: - edema; - small effusion": bullets
    if signs and not line[: signs[0].start].strip():
        mixed = len(signs) > _FEWEST and len({sign.mark for sign in signs}) > 1
        return _BEFORE if opening >= _FEWEST or mixed or signs[0].certain else _BULLET
    later = signs[1:]
    if later and opening == len(signs) and not any(sign.closes for sign in later):
        return _BEFORE  # "Pleura: (-) effusion, (-) thickening"
    if any(sign.closes for sign in signs):
        return _AFTER
    return _BEFORE if opening >= _FEWEST else ""


def _replaced(line: str, signs: list[_Sign], style: str) -> str:
    if style not in (_BEFORE, _AFTER):
        return line
    pieces = []
    end = 0
    spaced = sum(sign.opens for sign in signs) < _FEWEST < len(signs)
    for sign in signs:
        before, after = sign.mark
        if style == _BEFORE and (sign.opens or (spaced and sign.named)):
            mark = before
        elif style == _AFTER and sign.closes:
            mark = after
        else:
            continue
        pieces += [line[end : sign.start], mark.center(sign.end - sign.start)]
        end = sign.end
    return "".join([*pieces, line[end:]])


def _signs(line: str) -> Iterator[_Sign]:
    """Yield the pluses and minuses of a line that may stand before or after an item."""
    signs = _GLUED.findall(line)
    glued = len(signs) >= _FEWEST and ("+" in signs or len(signs) > _FEWEST)
    for found in _SIGN.finditer(line):
        start, end = found.span()
        near = line[max(0, start - _NEAR) : start]
        said = near.rstrip()
        after = line[end : end + _NEAR]
        follows = after.lstrip()
        bracketed = found[1] is not None
        named = follows[:1].isalpha()
        opens = not said or said[-1] in _BEFORE_ITEM or near.endswith("  ") or bracketed
        closes = not follows or follows[0] in _AFTER_ITEM or after.startswith("  ") or bracketed
        closes = (closes and (said[-1:].isalpha() or said[-1:] == ":")) or said[-1:] == ")"
        closes = closes or (glued and _GLUED.match(line, start) is not None)
        mark = _PLUS if (found[1] or found[2]) == "+" else _MINUS
        if (opens and named) or closes or (named and near.endswith(" ")):
            certain = bracketed or said.endswith(":")
            yield _Sign(start, end, mark, opens and named, closes, named, certain)
