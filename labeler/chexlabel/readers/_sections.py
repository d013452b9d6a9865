"""One text from sections that the source gives apart, as columns or XML elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chexlabel.labels import SectionSpan

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BODY", "join_sections"]

BODY = "body"
"""Section name of text that stands under no heading."""

_BREAK = "\n\n"


def join_sections(sections: Iterable[tuple[str, str]]) -> tuple[str, tuple[SectionSpan, ...]]:
    r"""Join sections into a text such as "FINDINGS: ...\n\nIMPRESSION: ...".

    Args:
        sections: pairs of section name (lower case) and text. Empty texts are left out, and the
            section `BODY` gets no heading.

    Returns:
        The text, and the span of each section in it, heading excluded.
    """
    parts: list[str] = []
    spans: list[SectionSpan] = []
    position = 0
    for name, text in sections:
        if not text:
            continue
        heading = "" if name == BODY else f"{name.upper()}: "
        start = position + len(heading)
        end = start + len(text)
        parts.append(heading + text)
        spans.append(SectionSpan(name, start, end))
        position = end + len(_BREAK)
    return _BREAK.join(parts), tuple(spans)
