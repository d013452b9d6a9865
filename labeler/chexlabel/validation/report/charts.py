"""The charts of the report, as SVG. Sizes are user units, drawn one to one on a phone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chexlabel.validation.disagreements import KINDS
from chexlabel.validation.report import svg
from chexlabel.validation.report.wording import (
    count,
    number,
    share,
    signed,
    with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup

    from chexlabel.validation.results import (
        Cooccurrence,
        Distribution,
        Figure,
    )

__all__ = [
    "Row",
    "error_bars",
    "forest",
    "heat_map",
    "label_bars",
    "range_bar",
]

_WIDTH: Final = 440.0
_NAMES: Final = 176.0  # room for the findings' names
_LONGEST: Final = 26  # characters of a name that fit in it


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a forest plot.

    Attributes:
        name: the finding's name.
        figures: one figure a labeler.
        total: it sums the others up.
        cases: the gold has a case of it; without one there is nothing to plot.
    """

    name: str
    figures: Sequence[Figure]
    total: bool = False
    cases: bool = True


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def forest(
    rows: Sequence[Row],
    labelers: Sequence[str],
    title: str,
    *,
    difference: bool = False,
    beside: Sequence[Row] = (),
) -> Markup:
    """Dots with interval whiskers, one row a finding.

    Args:
        rows: the rows, top first; `total` rows are set apart.
        labelers: names of the figures in each row.
        title: what is plotted, for those who cannot see it.
        difference: the figures are differences, drawn about a zero line.
        beside: rows of the plots that stand beside this one; one axis serves them all.
    """
    single = len(labelers) == 1
    values_room = 48.0 if single else 8.0
    left, right = _NAMES, _WIDTH - values_room
    step = 20.0 if single else 11.0 * len(labelers) + 9
    low, high, ticks = _range([*rows, *beside], difference=difference)

    def x_of(value: float) -> float:
        return left + (min(max(value, low), high) - low) / (high - low) * (right - left)

    top = 8.0
    shapes = []
    y = top
    previous_total = False
    body = []
    for index, row in enumerate(rows):
        if row.total and not previous_total and index:
            y += 5
            body.append(svg.line(0, y, _WIDTH, y, "axis"))
            y += 3
        previous_total = row.total
        if index % 2 == 0:
            body.append(svg.rect(0, y, _WIDTH, step, "stripe"))
        body.append(_forest_row(row, labelers, y, step, x_of, difference=difference))
        y += step
    for tick in ticks:
        style = "zero" if difference and tick == 0 else "grid"
        shapes.append(svg.line(x_of(tick), top, x_of(tick), y, style))
        label = signed(tick, 2) if difference else f"{tick:.1f}"
        shapes.append(svg.text(x_of(tick), y + 14, label, "tick", anchor="middle"))
    stripes = [s for s in body if 'class="stripe"' in s]
    others = [s for s in body if 'class="stripe"' not in s]
    return svg.drawing(_WIDTH, y + 20, [*stripes, *shapes, *others], title)


def _forest_row(
    row: Row,
    labelers: Sequence[str],
    y: float,
    step: float,
    x_of: Callable[[float], float],
    *,
    difference: bool,
) -> Markup:
    write = signed if difference else number
    shapes = [
        svg.text(4, y + step / 2 + 4, _short(row.name), "name strong" if row.total else "name")
    ]
    tips = []
    for i, figure in enumerate(row.figures):
        middle = y + step / 2 if len(row.figures) == 1 else y + 9 + 11.0 * i
        tips.append(f"{row.name}, {labelers[i]}: {_tip(figure, difference=difference)}")
        if figure.value is None or not row.cases:
            if i == 0:
                reason = "not defined" if row.cases else "no cases in gold"
                shapes.append(svg.text(_NAMES + 4, y + step / 2 + 4, reason, "tick"))
            continue
        if figure.low is not None and figure.high is not None:
            shapes.append(
                svg.line(x_of(figure.low), middle, x_of(figure.high), middle, f"whisker s{i % 4}")
            )
        shapes.append(svg.marker(x_of(figure.value), middle, i, f"dot s{i % 4}"))
        if len(row.figures) == 1:
            shapes.append(
                svg.text(_WIDTH - 4, middle + 4, write(figure.value, 2), "value", anchor="end")
            )
    return svg.group(shapes, tip="\n".join(tips))


def _tip(figure: Figure, *, difference: bool) -> str:
    if difference and figure.value is not None:
        bounds = (
            f" ({signed(figure.low)} to {signed(figure.high)})"
            if figure.low is not None and figure.high is not None
            else ""
        )
        return signed(figure.value) + bounds
    return with_interval(figure)


def _range(rows: Sequence[Row], *, difference: bool) -> tuple[float, float, list[float]]:
    values = [
        value
        for row in rows
        if row.cases
        for figure in row.figures
        for value in (figure.value, figure.low, figure.high)
        if value is not None
    ]
    if difference:
        reach = max((abs(v) for v in values), default=0.1)
        step = next(s for s in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if reach <= 2 * s or s == 1.0)
        edge = step * max(1, math.ceil(reach / step - 1e-9))
        ticks = [round(-edge + step * i, 4) for i in range(round(2 * edge / step) + 1)]
        return -edge, edge, ticks
    lowest = min(values, default=0.0)
    low = min(0.8, math.floor(max(lowest, 0.0) * 10 - 1e-9) / 10)
    low = max(low, 0.0)
    step = 0.1 if low >= 0.5 else 0.2
    ticks = [round(1.0 - step * i, 4) for i in range(round((1.0 - low) / step) + 1)]
    return low, 1.0, [tick for tick in ticks if tick >= low - 1e-9]


def range_bar(figure: Figure, grade: str) -> Markup:
    """A small track from 0 to 1 with the interval and the estimate, for a table cell."""
    width, height = 84.0, 14.0

    def x_of(value: float) -> float:
        return 4 + value * (width - 8)

    shapes = [svg.rect(2, 5, width - 4, 4, "track", radius=2)]
    if figure.low is not None and figure.high is not None:
        low, high = x_of(figure.low), x_of(figure.high)
        shapes.append(svg.rect(low, 4, max(high - low, 1.5), 6, f"span g-{grade}", radius=2))
    if figure.value is not None:
        shapes.append(svg.circle(x_of(figure.value), 7, 4, f"point g-{grade}"))
    return svg.drawing(width, height, shapes, with_interval(figure))


def error_bars(counts: Sequence[tuple[str, dict[str, int]]], title: str) -> Markup:
    """Stacked bars of the kinds of error, one bar a finding."""
    longest = max((sum(kinds.values()) for _, kinds in counts), default=0) or 1
    left, right, step = _NAMES, _WIDTH - 40, 21.0
    shapes = []
    y = 6.0
    for index, (name, kinds) in enumerate(counts):
        if index % 2 == 0:
            shapes.append(svg.rect(0, y, _WIDTH, step, "stripe"))
        shapes.append(svg.text(4, y + 14.5, _short(name), "name"))
        x = left
        for rank, (kind, (label, _)) in enumerate(KINDS.items()):
            value = kinds.get(kind, 0)
            if not value:
                continue
            width = value / longest * (right - left)
            bar = [svg.rect(x, y + 3.5, max(width - 0.8, 0.6), step - 7, f"k{rank}", radius=1.5)]
            if width > 15:
                bar.append(
                    svg.text(x + width / 2, y + 14.5, value, f"inbar on-k{rank}", anchor="middle")
                )
            shapes.append(svg.group(bar, tip=f"{name}: {value} {label.lower()}"))
            x += width
        shapes.append(svg.text(x + 5, y + 14.5, sum(kinds.values()), "value"))
        y += step
    return svg.drawing(_WIDTH, y + 6, shapes, title)


def label_bars(distributions: Sequence[Distribution], title: str) -> Markup:
    """Share of reports that are positive, uncertain and negative, one bar a source and finding."""
    left, right = _NAMES, _WIDTH - 8
    bar = 9.0 if len(distributions) > 1 else 13.0
    step = bar * len(distributions) + 9
    shapes = []
    y = 6.0
    names = [labels.finding for labels in distributions[0].findings]
    for index, name in enumerate(names):
        if index % 2 == 0:
            shapes.append(svg.rect(0, y, _WIDTH, step, "stripe"))
        shapes.append(svg.text(4, y + step / 2 + 4, _short(name), "name"))
        for j, source in enumerate(distributions):
            labels = source.findings[index]
            x = left
            row = []
            for key in ("positive", "uncertain", "negative"):
                part = getattr(labels, key)
                width = part / max(source.reports, 1) * (right - left)
                row.append(svg.rect(x, y + 4 + bar * j, width, bar - 1.2, f"l-{key}"))
                x += width
            tip = ", ".join(
                f"{getattr(labels, key)} {key} ({share(getattr(labels, key), source.reports)} %)"
                for key in ("positive", "uncertain", "negative")
            )
            shapes.append(svg.group(row, tip=f"{name}, {source.source}: {tip}"))
        y += step
    grid = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + tick * (right - left)
        grid.append(svg.line(x, 6, x, y, "grid over"))
        anchor = "end" if tick == 1.0 else "middle"
        grid.append(svg.text(x, y + 14, f"{100 * tick:.0f} %", "tick", anchor=anchor))
    return svg.drawing(_WIDTH, y + 20, [*shapes, *grid], title)


def heat_map(table: Cooccurrence) -> Markup:
    """Correlation of the findings' positives; blue together, orange apart."""
    size = len(table.findings)
    cell = 23.0 if size > 8 else 30.0
    top, left = 158.0, _NAMES
    shapes = []
    for i, name in enumerate(table.findings):
        y = top + i * cell
        shapes.append(svg.text(left - 6, y + cell / 2 + 4, _short(name), "name", anchor="end"))
        x = left + i * cell + cell / 2 + 4
        shapes.append(svg.text(x, top - 6, _short(name), "name", rotate=-62))
        for j, other in enumerate(table.findings):
            value = table.correlation[i][j]
            x = left + j * cell
            if i == j:
                shapes.append(svg.rect(x, y, cell - 1, cell - 1, "self"))
                continue
            both = table.both[i][j]
            tip = f"{name} and {other}: correlation {signed(value, 2)}, together in {count(both)}"
            if value is None:
                inner = [svg.rect(x, y, cell - 1, cell - 1, "undefined")]
            else:
                strength = min(1.0, abs(value)) ** 0.75
                colour = "hot" if value > 0 else "cold"
                inner = [
                    svg.rect(x, y, cell - 1, cell - 1, "paper"),
                    svg.rect(x, y, cell - 1, cell - 1, colour, opacity=strength),
                ]
                if abs(value) >= 0.1:
                    digits = signed(value, 2).replace("0.", ".").replace("+", "")
                    ink = "cell inverse" if strength > 0.55 else "cell"
                    inner.append(
                        svg.text(x + cell / 2 - 0.5, y + cell / 2 + 3, digits, ink, anchor="middle")
                    )
            shapes.append(svg.group(inner, tip=tip))
    # The slanted names of the last columns reach beyond the grid.
    width = left + size * cell + 56
    title = f"Correlation of positive findings in {table.source}"
    return svg.drawing(max(width, _WIDTH), top + size * cell + 4, shapes, title)
