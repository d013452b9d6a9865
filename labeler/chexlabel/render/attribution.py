"""Show which words the refiner's reading stands on, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chexlabel.labels import LABEL_WORDS
from chexlabel.render.highlight import LABEL_SIGNS, html_text, visible

if TYPE_CHECKING:
    from chexlabel.labels import AttributedWord, Attribution

__all__ = ["ATTRIBUTION_CSS", "attribution_html", "attribution_text"]

ATTRIBUTION_CSS = """\
.cx-attribution { margin: .4rem 0 1rem; }
.cx-attribution b { font-weight: 600; border-bottom: 2px solid currentColor; }
.cx-attribution span { background: rgb(0 114 178 / calc(var(--cx-weight) * 40%)); }
"""


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
            for words, word in _pieces(text, item)
        )
        shown = visible(" ".join(words.split()))
        lines.append(f"{_heading(item)}: {shown}\n  {_check(item)}\n")
    return "".join(lines)


def attribution_html(text: str, attributions: Sequence[Attribution]) -> str:
    """Return a paragraph a finding, each word shaded by its score; all text escaped.

    Args:
        text: the report as given to the labeler.
        attributions: what `Labeler.attributions` says of it.
    """
    parts = []
    for item in attributions:
        most = max((word.score for word in item.words), default=0.0)
        words = "".join(_word_html(words, word, most) for words, word in _pieces(text, item))
        parts.append(
            f'<p class="cx-attribution"><strong>{html_text(_heading(item))}</strong>: {words}<br>'
            f"<small>{html_text(_check(item))}</small></p>"
        )
    return "\n".join(parts)


def _pieces(text: str, item: Attribution) -> Iterator[tuple[str, AttributedWord | None]]:
    """Yield the sentence in order, words and what is between them."""
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


def _check(item: Attribution) -> str:
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
    return f'<span style="--cx-weight: {word.score / most:.2f}">{shown}</span>'
