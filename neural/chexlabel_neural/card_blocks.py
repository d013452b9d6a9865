"""The pieces that a model card is made of, as Markdown and as HTML."""

from __future__ import annotations

from collections import Counter
from html import escape
from itertools import cycle, pairwise
from typing import Final, NamedTuple, TypeAlias

from chexlabel_neural.embedding_map import EmbeddingMap
from chexlabel_neural.evaluate import Review

__all__ = [
    "CSS",
    "Block",
    "Bullets",
    "Curve",
    "Heading",
    "Paragraph",
    "Scatter",
    "Table",
    "block_html",
    "block_markdown",
    "percent",
]

_COLOURS: Final = (
    "#999999", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31",
    "#843c39", "#7b4173", "#393b79", "#637939", "#d6616b", "#31a354", "#3182bd",
)  # fmt: skip


class Heading(NamedTuple):
    """The heading of a chapter."""

    text: str


class Paragraph(NamedTuple):
    """Running text."""

    text: str


class Bullets(NamedTuple):
    """A list."""

    items: list[str]


class Table(NamedTuple):
    """A table of text."""

    head: list[str]
    rows: list[list[str]]


class Curve(NamedTuple):
    """A curve of wrong texts found against texts read."""

    title: str
    review: Review


class Scatter(NamedTuple):
    """A map of points, coloured by what they are."""

    title: str
    points: EmbeddingMap


Block: TypeAlias = Heading | Paragraph | Bullets | Table | Curve | Scatter


def percent(share: float) -> str:
    """Return a share as the card writes it."""
    return f"{100 * share:.1f} %"


def block_markdown(block: Block) -> list[str]:
    """Return a piece as lines of Markdown."""
    match block:
        case Heading(text):
            return [f"## {text}"]
        case Paragraph(text):
            return [text]
        case Bullets(items):
            return [f"- {item}" for item in items]
        case Table(head, rows):
            cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
            lines = [f"| {' | '.join(row)} |" for row in cells]
            return [lines[0], "|" + "---|" * len(head), *lines[1:]]
        case Curve(title, review):
            picked = ", ".join(
                f"{percent(share)} → {percent(_found(review, share))}"
                for share in (0.05, 0.1, 0.2, 0.5)
            )
            return [f"{title}: {picked}."]
        case Scatter(title, points):
            counts = Counter(points.labels)
            listed = ", ".join(f"{name} {counts[name]:,}" for name in points.names)
            return [f"{title} (drawn in the HTML card): {listed}."]


def block_html(block: Block) -> str:
    """Return a piece as HTML, all text escaped."""
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Bullets(items):
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
        case Table(head, rows):
            top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
            body = "".join(
                f"<tr>{''.join(f'<td>{_breakable(cell)}</td>' for cell in row)}</tr>"
                for row in rows
            )
            return (
                f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
                f"<tbody>{body}</tbody></table></div>"
            )
        case Curve(title, review):
            return _curve_html(title, review)
        case Scatter(title, points):
            return _scatter_html(title, points)


def _breakable(cell: str) -> str:
    """Return a cell that a narrow screen may break after an underscore."""
    return escape(cell).replace("_", "_<wbr>")


def _found(review: Review, share: float) -> float:
    """Return the share of wrong texts found when a share of all is read, between its points."""
    points = list(zip(review.read, review.found, strict=True))
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= share <= x1 and x1 > x0:
            return y0 + (y1 - y0) * (share - x0) / (x1 - x0)
    return 1.0


def _curve_html(title: str, review: Review) -> str:
    points = " ".join(
        f"{200 * x:.1f},{120 - 120 * y:.1f}" for x, y in zip(review.read, review.found, strict=True)
    )
    return (
        f'<figure><svg viewBox="-2 -2 204 124" width="408" role="img" aria-label="{escape(title)}">'
        '<rect width="200" height="120" fill="none" stroke="currentColor" stroke-width=".5"/>'
        '<path d="M0 120 200 0" stroke="currentColor" stroke-width=".5" stroke-dasharray="3"/>'
        f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="1.5"/></svg>'
        f"<figcaption>{escape(title)}; dashed: reading in any order.</figcaption></figure>"
    )


def _scatter_html(title: str, points: EmbeddingMap) -> str:
    colours = dict(zip(points.names, cycle(_COLOURS), strict=False))
    dots = "".join(
        f'<circle cx="{400 * x:.1f}" cy="{400 * y:.1f}" r="1.6" fill="{colours[name]}"/>'
        for x, y, name in zip(points.x, points.y, points.labels, strict=True)
    )
    legend = " ".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in colours.items()
    )
    return (
        f'<figure><svg viewBox="-4 -4 408 408" width="640" role="img" aria-label="{escape(title)}">'
        f"{dots}</svg><figcaption>{escape(title)}<br>{legend}</figcaption></figure>"
    )


CSS = """\
body { max-width: 72rem; }
p, li { max-width: 58rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { font-size: .9rem; }
figure { margin: 1rem 0; }
figcaption { font-size: .85rem; }
svg { max-width: 100%; height: auto; }
figcaption span { white-space: nowrap; margin-right: .8rem; }
figcaption i { display: inline-block; width: .7em; height: .7em; margin-right: .3em; }
@media (max-width: 40rem) { table { font-size: .8rem; } }
"""
"""Style of a card, beyond that of every page."""
