"""The frame of a self-contained page: its head, its style, and that it may load nothing."""

from __future__ import annotations

from chexlabel._version import __version__
from chexlabel.render.highlight import html_text

__all__ = ["PAGE_CSS", "page_html"]

PAGE_CSS = """\
:root { color-scheme: light dark; --ink: #1b1d20; --soft: #5a5f66; --paper: #fff; --card: #f6f7f9;
  --line: #d9dce1; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #a4abb5; --paper: #16181b; --card: #1f2226; --line: #3a3f46; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 60rem; color: var(--ink);
  background: var(--paper); font: 16px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
.cx-report { padding: 1rem 1.2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; }
.chip { display: inline-block; white-space: nowrap; padding: 0 .5em; border-radius: .3em;
  color: var(--cx-ink); background: var(--cx-paper);
  border-bottom: 2px var(--cx-line) var(--cx-ink);
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
footer { margin-top: 2.5rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 40rem) {
  table { font-size: .85rem; }
  th, td { padding-right: .5rem; }
  .stacked, .stacked tbody { display: block; }
  .stacked thead { display: none; }
  .stacked tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .8rem;
    padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .stacked th, .stacked td { padding: 0; border: 0; }
  .stacked th { font-size: .95rem; }
  .stacked td:empty { display: none; }
  .stacked td[data-of]::before { content: attr(data-of) ": "; color: var(--soft); }
}
@media print { body { max-width: none; padding: 0; } tr { break-inside: avoid; } }
"""
"""Style of every page. On a phone, a row of a `stacked` table becomes a block; its cells say in
`data-of` what their column is."""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="chexlabel {version}">
<title>{title} \u00b7 chexlabel</title>
<style>
{css}</style>
</head>
<body>
<main>
<h1>{heading}</h1>
{main}
</main>
{footer}</body>
</html>
"""


def page_html(title: str, main: str, *, heading: str = "", css: str = "", footer: str = "") -> str:
    """Return a page without scripts, and without anything from elsewhere.

    Args:
        title: title of the window, and the heading where no other is given; it is escaped.
        main: what stands below the heading, as HTML.
        heading: the heading, if it is another; it is escaped.
        css: style beyond `PAGE_CSS`.
        footer: what stands at the end, as HTML.
    """
    return _PAGE.format(
        version=html_text(__version__),
        title=html_text(title),
        heading=html_text(heading or title),
        css=PAGE_CSS + css,
        main=main,
        footer=f"<footer>{footer}</footer>\n" if footer else "",
    )
