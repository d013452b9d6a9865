"""The square plots of a labeler's confidences, as SVG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from chexlabel.validation.report import svg
from chexlabel.validation.report.wording import count, number, threshold, with_interval

if TYPE_CHECKING:
    from markupsafe import Markup

    from chexlabel.validation.results import ConfidenceResult

__all__ = ["calibration_plot", "confidence_histogram", "curve_plot"]

_PLOT: Final = 200.0
_EDGE: Final = 40.0


def _frame(x_name: str, y_name: str) -> list[Markup]:
    """Axes from 0 to 1 with ticks, names and a light grid, for a square plot."""
    shapes = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _at(tick, tick)
        shapes.append(svg.line(x, _at(0, 0)[1], x, _at(0, 1)[1], "grid"))
        shapes.append(svg.line(_at(0, 0)[0], y, _at(1, 0)[0], y, "grid"))
        if tick in (0.0, 0.5, 1.0):
            shapes.append(svg.text(x, _PLOT - _EDGE + 13, f"{tick:g}", "tick", anchor="middle"))
            shapes.append(svg.text(_EDGE - 5, y + 3.5, f"{tick:g}", "tick", anchor="end"))
    shapes.append(svg.text(_at(0.5, 0)[0], _PLOT - 6, x_name, "tick", anchor="middle"))
    shapes.append(svg.text(12, _at(0, 0.5)[1], y_name, "tick", anchor="middle", rotate=-90))
    return shapes


def _at(x: float, y: float) -> tuple[float, float]:
    room = _PLOT - _EDGE - 10
    return _EDGE + x * room, 10 + (1 - y) * room


def curve_plot(result: ConfidenceResult, kind: str, name: str) -> Markup:
    """The ROC curve (`kind="roc"`) or the precision-recall curve (`kind="pr"`)."""
    if kind == "roc":
        shapes = _frame("1 \N{MINUS SIGN} specificity", "sensitivity")
        shapes.append(svg.path([_at(0, 0), _at(1, 1)], "chance"))
        points, title = result.roc, f"{name}: ROC curve, area {with_interval(result.auc)}"
        for cut in result.thresholds:
            if cut.sensitivity is not None and cut.specificity is not None:
                x, y = _at(1 - cut.specificity, cut.sensitivity)
                tip = f"threshold {threshold(cut.rounded)}" if cut.rounded is not None else ""
                shape = 2 if cut.aim == "sensitivity" else 1
                shapes.append(svg.group([svg.marker(x, y, shape, "dot s1")], tip=tip))
    else:
        shapes = _frame("recall", "precision")
        points = result.precision_recall
        title = (
            f"{name}: precision-recall curve, average precision "
            f"{with_interval(result.average_precision)}"
        )
        base = result.positives / max(result.positives + result.negatives, 1)
        shapes.append(svg.path([_at(0, base), _at(1, base)], "chance"))
    if points:
        shapes.append(svg.path([_at(x, y) for x, y in points], "curve s0"))
    else:
        shapes.append(svg.text(*_at(0.5, 0.5), "not defined", "tick", anchor="middle"))
    return svg.drawing(_PLOT, _PLOT, shapes, title)


def calibration_plot(result: ConfidenceResult, name: str) -> Markup:
    """Share of positives against mean confidence, one dot a bin, larger with more reports."""
    shapes = _frame("mean confidence", "share positive")
    shapes.append(svg.path([_at(0, 0), _at(1, 1)], "chance"))
    filled = [
        (b.mean_confidence, b.positive_share, b.count)
        for b in result.bins
        if b.mean_confidence is not None and b.positive_share is not None
    ]
    if len(filled) > 1:
        shapes.append(svg.path([_at(x, y) for x, y, _ in filled], "curve s0"))
    most = max((n for *_, n in filled), default=1)
    for x, y, n in filled:
        radius = 2 + 3.5 * math.sqrt(n / most)
        tip = f"{n} reports: mean confidence {x:.2f}, {100 * y:.0f} % positive"
        shapes.append(svg.group([svg.circle(*_at(x, y), radius, "dot s0")], tip=tip))
    title = f"{name}: calibration, expected calibration error {number(result.ece)}"
    return svg.drawing(_PLOT, _PLOT, shapes, title)


def confidence_histogram(result: ConfidenceResult, name: str) -> Markup:
    """How many reports have which confidence, on a square-root scale."""
    most = max((b.count for b in result.bins), default=1) or 1
    shapes = []
    floor = _at(0, 0)[1]
    for tick in (0.0, 0.5, 1.0):
        x, _ = _at(tick, 0)
        shapes.append(svg.text(x, _PLOT - _EDGE + 13, f"{tick:g}", "tick", anchor="middle"))
    for b in result.bins:
        x0, x1 = _at(b.low, 0)[0], _at(b.high, 0)[0]
        height = math.sqrt(b.count / most) * (floor - 22)
        tip = f"{b.low:g} to {b.high:g}: {count(b.count)} reports"
        top = floor - height
        bar = [svg.rect(x0 + 0.7, top, x1 - x0 - 1.4, height, "fill s0")]
        if b.count:
            bar.append(
                svg.text(
                    (x0 + x1) / 2, floor - height - 3, _brief(b.count), "tiny", anchor="middle"
                )
            )
        shapes.append(svg.group(bar, tip=tip))
    shapes.append(svg.line(_at(0, 0)[0], floor, _at(1, 0)[0], floor, "axis"))
    shapes.append(svg.text(_at(0.5, 0)[0], _PLOT - 6, "confidence", "tick", anchor="middle"))
    shapes.append(
        svg.text(
            12,
            _at(0, 0.5)[1],
            "reports (\N{SQUARE ROOT} scale)",
            "tick",
            anchor="middle",
            rotate=-90,
        )
    )
    return svg.drawing(_PLOT, _PLOT, shapes, f"{name}: histogram of the confidences")


def _brief(value: int) -> str:
    return str(value) if value < 1000 else f"{value / 1000:.3g}k"
