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

if TYPE_CHECKING:
    from chexlabel.labels import Label
    from chexlabel.run.review import Doubt, QueuedReport

__all__ = ["review_html"]


def review_html(queue: Sequence[QueuedReport]) -> str:
    """Return a self-contained page, the most doubtful report first; no scripts, all text escaped.

    Args:
        queue: as `chexlabel.run.review.review_queue` gives it.
    """
    refiner = next((item.labeled.refiner for item in queue if item.labeled.refiner), None)
    return _PAGE.format(
        css=HIGHLIGHT_CSS + _CSS,
        count=len(queue),
        reports="\n".join(_report(number, item) for number, item in enumerate(queue, 1)),
        version=html_text(__version__),
        refiner=html_text(f" and the refiner {refiner}" if refiner else ""),
    )


def _report(number: int, item: QueuedReport) -> str:
    rows = "\n".join(map(_row, item.doubts))
    rows = rows or '<tr><td colspan="4">No single label is in doubt.</td></tr>'
    return _REPORT.format(
        number=number,
        name=html_text(item.report.id),
        row=item.row,
        risk=f"{100 * item.risk:.0f}",
        text=highlight_html(item.report.text, item.labeled.mentions),
        rows=rows,
    )


def _row(doubt: Doubt) -> str:
    return (
        f'<tr><th scope="row">{html_text(doubt.finding)}</th><td>{_chip(doubt.by_rules)}</td>'
        f"<td>{_chip(doubt.label)}</td><td>{100 * doubt.confidence:.0f} %</td></tr>"
    )


def _chip(label: Label | None) -> str:
    name = LABEL_WORDS[label]
    return f'<span class="chip cx-{name}">{LABEL_SIGNS[label]} {name}</span>'


_CSS = """\
:root { color-scheme: light dark; --ink: #1b1d20; --soft: #5a5f66; --paper: #fff; --card: #f6f7f9;
  --line: #d9dce1; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #a4abb5; --paper: #16181b; --card: #1f2226; --line: #3a3f46; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 60rem; color: var(--ink);
  background: var(--paper); font: 16px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; }
h2 { font-size: 1.05rem; margin: 2.2rem 0 .6rem; overflow-wrap: anywhere; }
h2 small { color: var(--soft); font-weight: 400; }
article { break-inside: avoid; }
.cx-report { padding: 1rem 1.2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; margin-top: .6rem; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; }
.chip { display: inline-block; white-space: nowrap; padding: 0 .5em; border-radius: .3em;
  color: var(--cx-ink); background: var(--cx-paper);
  border-bottom: 2px var(--cx-line) var(--cx-ink);
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
p, footer { color: var(--soft); }
footer { margin-top: 2.5rem; font-size: .85rem; }
"""

_REPORT = """\
<article>
<h2>{number}. Report {name} <small>row {row} · {risk} % likely to hold a wrong label</small></h2>
<div class="cx-report" dir="auto">{text}</div>
<table>
<thead><tr><th scope="col">Finding</th><th scope="col">The rules read</th>
<th scope="col">Label given</th><th scope="col">Confidence</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</article>"""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="chexlabel {version}">
<title>Reports to review · chexlabel</title>
<style>
{css}</style>
</head>
<body>
<main>
<h1>{count} reports to review</h1>
<p>The labels most likely wrong come first. Each report shows the words that its labels stand on,
and the findings on which the rules and the label given differ or that are less than 90 % sure.</p>
{reports}
</main>
<footer><p>Labeled by chexlabel {version}{refiner}. For research; not for diagnosis.</p></footer>
</body>
</html>
"""
