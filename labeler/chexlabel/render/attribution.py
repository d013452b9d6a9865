"""Show which words the refiner's reading stands on, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING

from chexlabel.labels import LABEL_WORDS
from chexlabel.render.highlight import LABEL_SIGNS, html_text, visible

if TYPE_CHECKING:
    from chexlabel.labels import AttributedWord, Attribution

__all__ = [
    "ATTRIBUTION_CSS",
    "attributed_words",
    "attributed_words_html",
    "attribution_check",
    "attribution_html",
    "attribution_text",
]

_SHADES = 5


ATTRIBUTION_CSS = """\
.cx-attribution { margin: .4rem 0 1rem; }
.cx-attribution b { font-weight: 600; border-bottom: 2px solid currentColor; }
.cx-attribution span { background: rgb(0 114 178 / calc(var(--cx-weight) * 8%)); }
.cx-weight-1 { --cx-weight: 1; } .cx-weight-2 { --cx-weight: 2; } .cx-weight-3 { --cx-weight: 3; }
.cx-weight-4 { --cx-weight: 4; } .cx-weight-5 { --cx-weight: 5; }
"""
"""Style for attributions, to stand in the page's own `<style>`; it needs no style attributes."""


def attribution_text(text: str, attributions: Sequence[Attribution]) -> str:
    """Return one line a finding: its sentence, the words kept in brackets, and the check.

    Args:
        text: the report as given to the labeler.
        attributions: what `Labeler.attributions` says of it.
    """
    lines = []
    for item in attributions:
        words = "".join(
            f"[{words}]" if word is not None and word.kept else words
            for words, word in attributed_words(text, item)
        )
        shown = visible(" ".join(words.split()))
        lines.append(f"{_heading(item)}: {shown}\n  {attribution_check(item)}\n")
    return "".join(lines)


def attribution_html(text: str, attributions: Sequence[Attribution]) -> str:
    """Return a paragraph a finding, each word shaded by its score; all text escaped.

    Args:
        text: the report as given to the labeler.
        attributions: what `Labeler.attributions` says of it.
    """
    parts = []
    for item in attributions:
        words = attributed_words_html(text, item)
        parts.append(
            f'<p class="cx-attribution"><strong>{html_text(_heading(item))}</strong>: {words}<br>'
            f"<small>{html_text(attribution_check(item))}</small></p>"
        )
    return "\n".join(parts)


def attributed_words_html(text: str, item: Attribution) -> str:
    """Return the deciding sentence, escaped: the kept words bold, each word shaded by its score.

    It goes into an element of class `cx-attribution`.
    """
    most = max((word.score for word in item.words), default=0.0)
    return "".join(_word_html(words, word, most) for words, word in attributed_words(text, item))


def attributed_words(text: str, item: Attribution) -> Iterator[tuple[str, AttributedWord | None]]:
    """Yield the deciding sentence in order, its words and what is between them."""
    at, end = item.sentence
    for word in item.words:
        if word.start > at:
            yield text[at : word.start], None
        yield text[word.start : word.end], word
        at = word.end
    if at < end:
        yield text[at:end], None


def _heading(item: Attribution) -> str:
    return f"{item.finding} {LABEL_SIGNS[item.label]} {LABEL_WORDS[item.label]}"


def attribution_check(item: Attribution) -> str:
    """Say how the scores were reckoned, and what is left of the label without the kept words."""
    return (
        f"by {item.method}; the net gives it {item.probability:.2f}, "
        f"without the marked words {item.without:.2f}"
    )


def _word_html(words: str, word: AttributedWord | None, most: float) -> str:
    shown = html_text(words)
    if word is None or word.score <= 0 or most <= 0:
        return shown
    if word.kept:
        shown = f"<b>{shown}</b>"
    return f'<span class="cx-weight-{ceil(_SHADES * word.score / most)}">{shown}</span>'
