"""Show a report with its mentions and cues marked: the cutting into segments, and the HTML.

Mentions overlap (one word may be two findings, a cue may stand inside a mention, and one cue may
decide several mentions), but the elements of a page may not. `segments` therefore cuts the text
into stretches over which nothing changes; the terminal and the HTML are both drawn from them.
"""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from chexlabel.labels import LABEL_WORDS, Cue, Label, Mention

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "HIGHLIGHT_CSS",
    "LABEL_COLOURS",
    "LABEL_SIGNS",
    "Segment",
    "highlight_html",
    "html_text",
    "segments",
    "strongest",
    "visible",
]

LABEL_SIGNS: dict[Label | None, str] = {
    Label.POSITIVE: "+",
    Label.NEGATIVE: "\N{MINUS SIGN}",
    Label.UNCERTAIN: "?",
    None: "\N{WHITE CIRCLE}",
}
"""A sign a label, so that colour is never the only difference."""

LABEL_COLOURS: dict[Label | None, str] = {
    Label.POSITIVE: "#ffb08a",
    Label.NEGATIVE: "#9bd0ff",
    Label.UNCERTAIN: "#ffdc73",
    None: "#b9bdc4",
}
"""A colour a label that dark text stands out from, for pages with a style of their own."""

_STRONGEST_FIRST = (Label.POSITIVE, Label.UNCERTAIN, Label.NEGATIVE, None)

HIGHLIGHT_CSS = """\
:root {
  --cx-positive: #8f2d00; --cx-positive-bg: #ffe1d1;
  --cx-negative: #004f86; --cx-negative-bg: #d6ebfb;
  --cx-uncertain: #6b4e00; --cx-uncertain-bg: #fff0b8;
  --cx-blank: #55595f; --cx-blank-bg: #ececee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --cx-positive: #ffb08a; --cx-positive-bg: #55230c;
    --cx-negative: #9bd0ff; --cx-negative-bg: #0c3556;
    --cx-uncertain: #ffdc73; --cx-uncertain-bg: #4a3a05;
    --cx-blank: #b9bdc4; --cx-blank-bg: #34373c;
  }
}
.cx-report { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.9; }
.cx-positive { --cx-ink: var(--cx-positive); --cx-paper: var(--cx-positive-bg); --cx-line: solid; }
.cx-negative { --cx-ink: var(--cx-negative); --cx-paper: var(--cx-negative-bg); --cx-line: double; }
.cx-uncertain { --cx-ink: var(--cx-uncertain); --cx-paper: var(--cx-uncertain-bg);
  --cx-line: dashed; }
.cx-blank { --cx-ink: var(--cx-blank); --cx-paper: var(--cx-blank-bg); --cx-line: dotted; }
mark.cx-mention { color: inherit; background: var(--cx-paper); padding: .1em .15em;
  border-radius: .2em; border-bottom: 3px var(--cx-line) var(--cx-ink);
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.cx-cue { text-decoration: underline wavy currentColor 1px; text-underline-offset: .25em;
  font-style: italic; }
.cx-tag { color: var(--cx-ink); font-size: .72em; font-weight: 600; margin-left: .35em;
  -webkit-user-select: none; user-select: none; }
@media print { mark.cx-mention { border-radius: 0; } }
"""
"""Style for `highlight_html`, to stand in the page's own `<style>`.

The report goes into an element of class `cx-report` (it keeps the report's line breaks). An element
of class `cx-positive`, `cx-negative`, `cx-uncertain` or `cx-blank` can use `--cx-ink` and
`--cx-paper` for that label's colours. The hues are told apart by the colour-blind; line style and
sign differ as well, so the page also reads in grey print.
"""


_UNPRINTABLE: dict[int, int] = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n\r"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
}


class Segment(NamedTuple):
    """A stretch of the text over which the same mentions and cues stand.

    Attributes:
        start: offset of the first character.
        end: offset after the last character.
        mentions: the mentions that cover the stretch, in the order they were given.
        cues: the cues that cover it, each once, in the order they first appeared.
    """

    start: int
    end: int
    mentions: tuple[Mention, ...]
    cues: tuple[Cue, ...]


def segments(text: str, mentions: Sequence[Mention]) -> Iterator[Segment]:
    """Cut a text at every edge of a mention or a cue.

    The segments follow each other without gaps and together are the whole text.

    Args:
        text: the report as given to the labeler.
        mentions: its mentions, in any order; they may overlap.

    Yields:
        The segments in text order; none for an empty text.

    Raises:
        ValueError: a mention or cue lies outside the text (it belongs to another report).
    """
    # Marks are numbered in the order given; a cue shared by several mentions is one mark.
    marks: dict[Mention | Cue, int] = {}
    for mention in mentions:
        marks.setdefault(mention, len(marks))
        for cue in mention.cues:
            marks.setdefault(cue, len(marks))
    edges: dict[int, list[tuple[int, Mention | Cue]]] = {}
    for mark, number in marks.items():
        if not 0 <= mark.start <= mark.end <= len(text):
            raise ValueError(
                f"offsets {mark.start} to {mark.end} lie outside a text of {len(text)} characters"
            )
        if mark.start < mark.end:
            edges.setdefault(mark.start, []).append((number, mark))
            edges.setdefault(mark.end, []).append((number, mark))
    active: dict[int, Mention | Cue] = {}
    previous = 0
    for offset in sorted({*edges, len(text)}):
        if offset > previous:
            covering = [active[number] for number in sorted(active)]
            yield Segment(
                previous,
                offset,
                tuple(mark for mark in covering if isinstance(mark, Mention)),
                tuple(mark for mark in covering if isinstance(mark, Cue)),
            )
            previous = offset
        for number, mark in edges.get(offset, ()):
            if number in active:
                del active[number]
            else:
                active[number] = mark


def strongest(mentions: Sequence[Mention]) -> Label | None:
    """Return the label that colours overlapping mentions: positive, uncertain, negative, blank."""
    return next(
        (label for label in _STRONGEST_FIRST if any(m.label == label for m in mentions)), None
    )


def html_text(text: str) -> str:
    """Escape a text for an HTML element or a quoted attribute, made `visible`."""
    return escape(visible(text), quote=True)


def visible(text: str) -> str:
    """Show control characters as their Unicode pictures and lone surrogates as U+FFFD.

    Neither may stand in an HTML document, and a terminal would obey the former. Tabs and line
    breaks stay; the length does not change.
    """
    return text.translate(_UNPRINTABLE)


def highlight_html(text: str, mentions: Sequence[Mention]) -> str:
    """Render a report as escaped HTML with its mentions and cues marked.

    Every mention becomes a `<mark>` with its finding and the sign of its label behind the words;
    cues are underlined, in a mention or outside. Where mentions overlap, each stretch with the same
    mentions is one `<mark>`, coloured by the strongest of their labels (positive, uncertain,
    negative, blank), and each finding is named where its mention ends.

    Args:
        text: the report as given to the labeler; it is escaped.
        mentions: its mentions, in any order.

    Returns:
        Phrasing content for an element of class `cx-report`, styled by `HIGHLIGHT_CSS`.

    Raises:
        ValueError: a mention or cue lies outside the text.
    """
    parts: list[str] = []
    for covering, stretch in groupby(segments(text, mentions), key=lambda cut: cut.mentions):
        inner: list[str] = []
        end = 0
        for cut in stretch:
            end = cut.end
            words = html_text(text[cut.start : cut.end])
            inner.append(_cue_html(words, cut.cues) if cut.cues else words)
        if not covering:
            parts += inner
            continue
        label = strongest(covering)
        title = html_text("; ".join(dict.fromkeys(_in_words(mention) for mention in covering)))
        ending = [mention for mention in covering if mention.end == end]
        parts.append(
            f'<mark class="cx-mention cx-{LABEL_WORDS[label]}" title="{title}">'
            f"{''.join(inner)}{_tags_html(ending)}</mark>"
        )
    return "".join(parts)


def _cue_html(words: str, cues: Sequence[Cue]) -> str:
    title = html_text("; ".join(dict.fromkeys(f"{cue.kind}: {cue.pattern}" for cue in cues)))
    return f'<span class="cx-cue" title="{title}">{words}</span>'


def _tags_html(mentions: Sequence[Mention]) -> str:
    """Name the findings of mentions that end here, one tag a label."""
    tags: list[str] = []
    for label in _STRONGEST_FIRST:
        findings = dict.fromkeys(mention.finding for mention in mentions if mention.label == label)
        if findings:
            named = html_text(", ".join(findings))
            tags.append(
                f'<span class="cx-tag cx-{LABEL_WORDS[label]}">{LABEL_SIGNS[label]} {named}</span>'
            )
    return "".join(tags)


def _in_words(mention: Mention) -> str:
    said = f"{mention.finding}: {LABEL_WORDS[mention.label]}"
    if mention.cues:
        because = ", ".join(f"\u201c{cue.text}\u201d ({cue.kind})" for cue in mention.cues)
        said += f" because of {because}"
    return said
