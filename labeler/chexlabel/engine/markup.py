"""Put the markup that reports are exported with out of the way: HTML, XML and Markdown.

Every character of a word stays at its offset, so that evidence still quotes the report.
"""

from __future__ import annotations

import re
from typing import Final

from chexlabel._regex import compiled_later

__all__ = ["plain_markup"]

_BLOCKS: Final = r"br|p|div|li|ul|ol|tr|table|thead|tbody|h[1-6]|hr|pre|body|html|section"
_CELLS: Final = r"td|th"
_INLINE: Final = r"b|i|u|em|strong|span|font|a|small|sup|sub|center|code"
_RULE = compiled_later(r"^[ \t]*(?:={3,}|~{3,}|-{3,})[ \t]*$", re.MULTILINE)
_ELEMENT = compiled_later(r"<([^\W\d_][\w-]{0,40})((?:\s[^<>]{0,200})?)>([^<>]*)(</\1>)")
_TAG = compiled_later(
    rf"</?(?:({_BLOCKS})|({_CELLS})|{_INLINE})(?:\s[^<>]{{0,200}})?\s?/?>|(?<!\*)\*\*(?!\*)|&(?:nbsp|#160|#xa0);",
    re.IGNORECASE,
)


def plain_markup(text: str) -> str:
    r"""Return a report without its tags, stars and rules, as long as it was.

    >>> plain_markup("<b>Heart:</b> large.<br>**Lungs:** clear, <1 cm nodule")
    '   Heart:     large.\n     Lungs:   clear, <1 cm nodule'
    """
    if "<" in text or "**" in text or "&" in text:
        text = _ELEMENT.sub(_as_item, _TAG.sub(_blank, text))
    if "===" in text or "---" in text or "~~~" in text:
        text = _RULE.sub(lambda found: " " * len(found[0]), text)
    return text


def _blank(found: re.Match[str]) -> str:
    """Return what stands for a tag: a line's end, a bullet, a column's bar or blanks."""
    tag = found[0]
    mark = "\n" if found[1] else "|" if found[2] and tag.startswith("</") else " "
    return ("\n- " if tag.lower() == "<li>" else mark).ljust(len(tag))


def _as_item(found: re.Match[str]) -> str:
    """Return an element of XML as an item and what it holds: "<heart>Normal</heart>"."""
    name, attributes, held, closing = found.groups()
    return f" {name}:".ljust(len(name) + len(attributes) + 2) + held + "\n".ljust(len(closing))
