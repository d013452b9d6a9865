"""A labeled report as a notebook shows it: the text with its mentions and cues marked."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from chexlabel.labels import LABEL_WORDS
from chexlabel.render.highlight import (
    HIGHLIGHT_CSS,
    LABEL_SIGNS,
    highlight_html,
    html_text,
)

if TYPE_CHECKING:
    from chexlabel.labels import LabeledReport

__all__ = ["notebook_html"]

# A notebook has a theme of its own, which need not be that of the system: the report stands on
# paper of its own, in the light colours, and leaves the rest of the page alone.
_LIGHT = re.search(r":root \{(.*?)\}", HIGHLIGHT_CSS, re.DOTALL)[1]  # type: ignore[index]
_RULES = HIGHLIGHT_CSS[HIGHLIGHT_CSS.index(".cx-report {") :]
_CSS = f"""\
.cx-paper {{{_LIGHT}  color-scheme: light; background: #fff; color: #1a2027; padding: .6em .9em;
  border: 1px solid #dde3e9; border-radius: 8px; max-width: 80ch; }}
.cx-paper .cx-labels {{ margin: .5em 0 0; font-size: .88em; }}
.cx-paper .cx-label {{ display: inline-block; color: var(--cx-ink); background: var(--cx-paper);
  padding: 0 .5em; margin: .1em .35em .1em 0; border-radius: .4em; font-weight: 600; }}
{_RULES}"""


def notebook_html(report: LabeledReport) -> str:
    """Render a labeled report as HTML for a notebook's cell; everything in it is escaped.

    Without its text (a report made by hand) it shows the labels alone.
    """
    given = "".join(
        f'<span class="cx-label cx-{LABEL_WORDS[label]}">{LABEL_SIGNS[label]} '
        f"{escape(finding)}</span>"
        for finding, label in report.labels.items()
        if label is not None
    )
    text = highlight_html(report.text, report.mentions) if report.text else ""
    name = f"<strong>{html_text(report.id)}</strong>" if report.id is not None else ""
    return (
        f'<div class="cx-paper"><style>{_CSS}</style>{name}<div class="cx-report">{text}</div>'
        f'<p class="cx-labels">{given or "Every finding is blank."}</p></div>'
    )
