"""Tell what the pluses and minuses of a list say: "+ edema, - effusion", "Effusion -, edema +".

A minus may as well be a bullet or a dash: what it is hangs on where it stands and on the others
around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from chexlabel._regex import compiled_later
from chexlabel.engine.marks import EITHER, MINUS, PLUS

__all__ = ["plain_signs", "plain_words"]

_BEFORE, _AFTER, _BULLET = "before", "after", "bullet"
_FEWEST = 2  # signs of a list
_NEAR = 8  # characters around a sign that are looked at
_WORDED = compiled_later(r"(?<![\w+-])([+-])ve\b|\(([+-])ve\)", re.IGNORECASE)
_SIGN = compiled_later(r"\(([+-])\)|(?<![+\-<>])([+\-\u2013])(?![+\->])")
_GLUED = compiled_later(r"(?<=[^\W\d_])[+-](?=[\s,;.]|$)")  # "EFF+ PTX-"
_BEFORE_ITEM = ",;/|:("
_AFTER_ITEM = ",;/|.:()"


def plain_words(text: str) -> str:
    """Return a text with what "+ve" and "-ve" say: "-ve for edema", "edema -ve"."""
    return _WORDED.sub(lambda found: _worded(found), text)


def _worded(found: re.Match[str]) -> str:
    """Return what "+ve" or "-ve" says, before what follows ("-ve for edema") or after its item."""
    text = found.string
    before = text[max(0, found.start() - _NEAR) : found.start()].rstrip(" \t(")
    opens = not before or not (before[-1].isalnum() or before[-1] == ")")
    mark = PLUS if "+" in found[0] else MINUS
    return mark[not opens].center(len(found[0]))


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


def plain_signs(text: str) -> str:
    """Return a text with the pluses and minuses of its lists made plain."""
    lines = text.split("\n")
    read = [list(_signs(line)) for line in lines]
    styles = [_style(line, signs) for line, signs in zip(lines, read, strict=True)]
    first = {signs[0].mark for signs, style in zip(read, styles, strict=True) if style == _BULLET}
    if len(first) > 1:  # minuses alone are bullets
        styles = [_BEFORE if style == _BULLET else style for style in styles]
    after = zip(read, styles, strict=True)
    closing = [s for signs, style in after if style == _AFTER for s in signs if s.closes]
    if len(closing) + text.count(EITHER) < _FEWEST and not any(sign.certain for sign in closing):
        styles = ["" if style == _AFTER else style for style in styles]
    return "\n".join(
        _replaced(line, signs, style)
        for line, signs, style in zip(lines, read, styles, strict=True)
    )


def _style(line: str, signs: list[_Sign]) -> str:
    """Say where the signs of a line stand: before their items, after them, or as its bullet."""
    opening = sum(sign.opens for sign in signs)
    if ";" in line and PLUS not in {sign.mark for sign in signs}:
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
        mark = PLUS if (found[1] or found[2]) == "+" else MINUS
        if (opens and named) or closes or (named and near.endswith(" ")):
            certain = bracketed or said.endswith(":")
            yield _Sign(start, end, mark, opens and named, closes, named, certain)
