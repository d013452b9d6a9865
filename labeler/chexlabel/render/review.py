"""The review queue as a page: each report with what the rules and the refiner read in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chexlabel._version import __version__
from chexlabel.labels import LABEL_WORDS
from chexlabel.render.highlight import (
    HIGHLIGHT_CSS,
    LABEL_SIGNS,
    highlight_html,
    html_text,
)
from chexlabel.render.page import page_html

if TYPE_CHECKING:
    from chexlabel.labels import Label
    from chexlabel.run.review import Doubt, QueuedReport

__all__ = ["review_html"]

_COLUMNS = ("Finding", "The rules read", "Label given", "Confidence")
_OPEN = 10  # so many reports are shown without a click; a hundred are a long page on a phone


def review_html(queue: Sequence[QueuedReport]) -> str:
    """Return a self-contained page, the most doubtful report first; no scripts, all text escaped.

    Args:
        queue: as `chexlabel.run.review.review_queue` gives it.
    """
    refiner = next((item.labeled.refiner for item in queue if item.labeled.refiner), None)
    main = _MAIN.format(
        folded=_FOLDED.format(count=_OPEN) if len(queue) > _OPEN else "",
        reports="\n".join(_report(number, item) for number, item in enumerate(queue, 1)),
    )
    by = html_text(__version__ + (f" and the refiner {refiner}" if refiner else ""))
    return page_html(
        "Reports to review",
        main,
        heading=f"{len(queue)} reports to review",
        css=HIGHLIGHT_CSS + _CSS,
        footer=f"<p>Labeled by chexlabel {by}. For research; not for diagnosis.</p>",
    )


def _report(number: int, item: QueuedReport) -> str:
    rows = "\n".join(map(_row, item.doubts))
    rows = rows or '<tr><td colspan="4">No single label is in doubt.</td></tr>'
    return _REPORT.format(
        number=number,
        name=html_text(item.report.id),
        row=item.row,
        risk=f"{100 * item.risk:.0f}",
        state=" open" if number <= _OPEN else "",
        head="".join(f'<th scope="col">{name}</th>' for name in _COLUMNS),
        text=highlight_html(item.report.text, item.labeled.mentions),
        rows=rows,
    )


def _row(doubt: Doubt) -> str:
    cells = (_chip(doubt.by_rules), _chip(doubt.label), f"{100 * doubt.confidence:.0f} %")
    named = zip(_COLUMNS[1:], cells, strict=True)
    return (
        f'<tr><th scope="row">{html_text(doubt.finding)}</th>'
        + "".join(f'<td data-of="{column}">{cell}</td>' for column, cell in named)
        + "</tr>"
    )


def _chip(label: Label | None) -> str:
    name = LABEL_WORDS[label]
    return f'<span class="chip cx-{name}">{LABEL_SIGNS[label]} {name}</span>'


_CSS = """\
h1 { margin-bottom: .5rem; }
article { margin: 1.4rem 0; break-inside: avoid; }
summary { cursor: pointer; margin-bottom: .6rem; }
h2 { display: inline; font-size: 1.05rem; overflow-wrap: anywhere; }
h2 small { color: var(--soft); font-weight: 400; }
table { width: 100%; margin-top: .6rem; }
p { color: var(--soft); }
@media print { details::details-content { content-visibility: visible; } }
"""

_REPORT = """\
<article><details{state}>
<summary><h2>{number}. Report {name}
<small>row {row} · {risk} % likely to hold a wrong label</small></h2></summary>
<div class="cx-report" dir="auto">{text}</div>
<table class="stacked">
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</details></article>"""

_MAIN = """\
<p>The labels most likely wrong come first. Each report shows the words that its labels stand on,
and the findings on which the rules and the label given differ or that are less than 90 % sure.
{folded}</p>
{reports}"""

_FOLDED = "The first {count} are open; a click on a heading opens or closes a report."
