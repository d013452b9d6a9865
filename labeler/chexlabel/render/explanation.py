"""Explain a report's labels: which words gave them and which cues decided, as text or as a page."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from chexlabel._version import __version__
from chexlabel.labels import LABEL_WORDS, Label
from chexlabel.render.attribution import ATTRIBUTION_CSS, attribution_html
from chexlabel.render.highlight import (
    HIGHLIGHT_CSS,
    LABEL_SIGNS,
    highlight_html,
    html_text,
    segments,
    strongest,
    visible,
)
from chexlabel.render.page import page_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chexlabel.labels import Attribution, LabeledReport, Mention

__all__ = [
    "ExplanationRow",
    "explanation_html",
    "explanation_rows",
    "explanation_text",
    "named_finding",
]

_ORDER = (Label.POSITIVE, Label.UNCERTAIN, Label.NEGATIVE, None)
_COLUMNS = ("Label", "Finding", "Words", "Cue")


class ExplanationRow(NamedTuple):
    """One finding of a report with the words behind its label.

    Attributes:
        label: the report's label; `None` for a finding whose mentions give no label.
        finding: the finding's name.
        words: the words of the mentions that gave the label, each wording once, on one line;
            empty for a label that follows from other findings.
        cues: the cues that decided, as "words (kind)", each once.
        in_output: whether the finding is one of the labels; others are only looked for because
            labels follow from them, such as an abnormality that rules out a normal chest.
    """

    label: Label | None
    finding: str
    words: tuple[str, ...]
    cues: tuple[str, ...]
    in_output: bool = True


def explanation_rows(labeled: LabeledReport) -> list[ExplanationRow]:
    """Return the findings that a report speaks of: positive, uncertain, negative, then blank ones.

    Findings without a label and without a mention are left out. What is looked for but is no label
    of the output comes last, with the label of its mentions.
    """
    by_finding: dict[str, list[Mention]] = {}
    for mention in labeled.mentions:
        by_finding.setdefault(mention.finding, []).append(mention)
    rows: list[ExplanationRow] = []
    for finding in dict.fromkeys((*labeled.labels, *by_finding)):
        mentions = by_finding.get(finding, [])
        in_output = finding in labeled.labels
        label = labeled.labels[finding] if in_output else strongest(mentions)
        if label is None and not mentions:
            continue
        if label is not None:
            mentions = [mention for mention in mentions if mention.label == label]
        words = dict.fromkeys(_on_one_line(mention.text) for mention in mentions)
        cues = dict.fromkeys(chain.from_iterable(map(_reasons, mentions)))
        rows.append(ExplanationRow(label, finding, tuple(words), tuple(cues), in_output))
    return sorted(rows, key=lambda row: (not row.in_output, _ORDER.index(row.label)))


def _reasons(mention: Mention) -> Iterator[str]:
    """Yield the cues that decided on a mention, and the refiner where it did."""
    for cue in mention.cues:
        yield f"{_on_one_line(cue.text)} ({cue.kind})"
    if mention.source == "refiner":
        yield f"refiner ({100 * (mention.confidence or 0):.0f} %)"


def named_finding(row: ExplanationRow) -> str:
    """Return the finding's name, with a note where it is no label of the output."""
    return row.finding if row.in_output else f"{row.finding} (not in the output)"


def explanation_text(text: str, labeled: LabeledReport) -> str:
    """Explain in plain text: the report with its mentions in brackets, then a table.

    A mention is written "[effusion|Pleural Effusion:0 \u2190 no]": its words, then finding, label
    and the cues; several findings on the same words are separated by semicolons.

    Args:
        text: the report as given to the labeler.
        labeled: its labels and mentions.
    """
    parts: list[str] = []
    for start, end, mentions in _clusters(text, labeled.mentions):
        words = visible(text[start:end])
        parts.append(f"[{words}|{_readings(mentions)}]" if mentions else words)
    table = [_COLUMNS, *(_cells(row) for row in explanation_rows(labeled))]
    widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "\n".join(["".join(parts).rstrip("\n"), "", *lines, ""])


def explanation_html(
    text: str,
    labeled: LabeledReport,
    *,
    title: str | None = None,
    attributions: Sequence[Attribution] = (),
) -> str:
    """Explain as a self-contained HTML page: no scripts, no fonts or styles from elsewhere.

    Args:
        text: the report as given to the labeler; it is escaped.
        labeled: its labels and mentions.
        title: heading of the page; by default the report's id, where it has one.
        attributions: which words the refiner's reading stands on, to be shown too.
    """
    if title is None:
        title = "Report" if labeled.id is None else f"Report {labeled.id}"
    rows = explanation_rows(labeled)
    body = "\n".join(_row_html(row) for row in rows)
    if not rows:
        body = f'<tr><td colspan="{len(_COLUMNS)}">This report speaks of none of the findings.</td>'
        body += "</tr>"
    main = _MAIN.format(
        verdict=_verdict_html(rows),
        report=highlight_html(text, labeled.mentions),
        head="".join(f'<th scope="col">{name}</th>' for name in _COLUMNS),
        body=body,
        attributions=_ATTRIBUTIONS.format(attribution_html(text, attributions))
        if attributions
        else "",
    )
    legend = " ".join(
        f'<span class="chip cx-{LABEL_WORDS[label]}">{_named(label)}</span>' for label in _ORDER
    )
    return page_html(
        title,
        main,
        css=HIGHLIGHT_CSS + _CSS + (ATTRIBUTION_CSS if attributions else ""),
        footer=_FOOTER.format(legend=legend, version=html_text(__version__)),
    )


def _clusters(
    text: str, mentions: Sequence[Mention]
) -> Iterator[tuple[int, int, tuple[Mention, ...]]]:
    """Cut a text into plain stretches and clusters of mentions that overlap."""
    start = end = reach = 0
    inside: dict[Mention, None] = {}
    for cut in segments(text, mentions):
        # Only cues begin or end within a plain stretch, and within a mention all goes on.
        if cut.start >= reach and cut.start > start and (inside or cut.mentions):
            yield start, end, tuple(inside)
            start, inside = cut.start, {}
        inside.update(dict.fromkeys(cut.mentions))
        reach = max([reach, *(mention.end for mention in cut.mentions)])
        end = cut.end
    if end > start:
        yield start, end, tuple(inside)


def _readings(mentions: Iterable[Mention]) -> str:
    """Say what the mentions of a cluster mean; findings of one label and its cues go together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for mention in mentions:
        value = "blank" if mention.label is None else str(int(mention.label))
        cues = ", ".join(_on_one_line(cue.text) for cue in mention.cues)
        group = groups.setdefault((value, cues), [])
        if mention.finding not in group:
            group.append(mention.finding)
    return "; ".join(
        f"{', '.join(findings)}:{value}" + (f" \u2190 {cues}" if cues else "")
        for (value, cues), findings in groups.items()
    )


def _cells(row: ExplanationRow) -> tuple[str, str, str, str]:
    return (
        _named(row.label),
        named_finding(row),
        " \u00b7 ".join(row.words),
        " \u00b7 ".join(row.cues),
    )


def _named(label: Label | None) -> str:
    return f"{LABEL_SIGNS[label]} {LABEL_WORDS[label]}"


def _on_one_line(words: str) -> str:
    return visible(" ".join(words.split()))


def _verdict_html(rows: Sequence[ExplanationRow]) -> str:
    """List the findings by label, the way a radiologist would sum the report up."""
    parts: list[str] = []
    for label in _ORDER[:-1]:
        findings = [html_text(row.finding) for row in rows if row.in_output and row.label == label]
        if findings:
            parts.append(
                f'<div class="cx-{LABEL_WORDS[label]}"><dt>{_named(label)}</dt>'
                f"<dd>{', '.join(findings)}</dd></div>"
            )
    return f"<dl>{''.join(parts)}</dl>" if parts else ""


def _row_html(row: ExplanationRow) -> str:
    label, finding, words, cues = map(html_text, _cells(row))
    return (
        f'<tr class="cx-{LABEL_WORDS[row.label]}"><td><span class="chip">{label}</span></td>'
        f'<th scope="row">{finding}</th><td data-of="{_COLUMNS[2]}">{words}</td>'
        f'<td data-of="{_COLUMNS[3]}">{cues}</td></tr>'
    )


_CSS = """\
body { max-width: 54rem; }
h2 { font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft);
  margin: 2rem 0 .6rem; }
dl { margin: 0; display: grid; gap: .5rem; }
dl div { display: flex; gap: .9rem; padding: .5rem .8rem; border-radius: .4rem;
  border-left: 4px var(--cx-line) var(--cx-ink); background: var(--cx-paper);
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
dt { flex: 0 0 6.5rem; font-weight: 600; color: var(--cx-ink); }
dd { margin: 0; }
table { width: 100%; }
@media (max-width: 40rem) {
  dl div { display: block; }
  .stacked td[data-of] { flex-basis: 100%; }
}
@media print { dl div { break-inside: avoid; } }
"""

_ATTRIBUTIONS = """
<h2>What the refiner's reading stands on</h2>
{}"""

_MAIN = """\
{verdict}
<h2>Report</h2>
<div class="cx-report" dir="auto">{report}</div>
<h2>Why</h2>
<div class="scroll"><table class="stacked">
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>{attributions}"""

_FOOTER = """
<p>{legend} Underlined in waves: the cues that decided. A blank mention gives no label, as that
of a past finding.</p>
<p>Labeled by chexlabel {version}. For research; not for diagnosis.</p>
"""
