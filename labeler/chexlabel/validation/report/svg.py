"""A few SVG shapes. Colours are CSS classes, so that a chart follows the page's light and dark.

Only attributes, no `style`: the page's content policy forbids inline styles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["circle", "drawing", "group", "line", "marker", "path", "rect", "text"]


def _element(name: str, attributes: dict[str, object], content: str | None = None) -> Markup:
    # Attribute names that Python reserves or cannot spell: class_ -> class, text_anchor -> ...
    listed = [
        (key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None and value != ""
    ]
    written = Markup("").join(Markup(' {}="{}"').format(key, value) for key, value in listed)
    if content is None:
        return Markup("<{}{}/>").format(name, written)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, content)


def _value(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def drawing(width: float, height: float, shapes: Iterable[Markup], label: str) -> Markup:
    """Return an `<svg>` of the given size in user units; `label` is read out in its place."""
    return Markup(
        '<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}" '
        'preserveAspectRatio="xMidYMid meet">{}</svg>'
    ).format(
        _value(float(width)),
        _value(float(height)),
        _value(float(width)),
        _value(float(height)),
        label,
        Markup("").join(shapes),
    )


def group(shapes: Iterable[Markup], *, tip: str = "", class_: str = "") -> Markup:
    """Put shapes together, with a tool tip."""
    inner = Markup("").join(shapes)
    if tip:
        inner = Markup("<title>{}</title>{}").format(tip, inner)
    return _element("g", {"class_": class_}, inner)


def rect(
    x: float,
    y: float,
    width: float,
    height: float,
    class_: str,
    *,
    opacity: float | None = None,
    radius: float | None = None,
) -> Markup:
    """A rectangle."""
    return _element(
        "rect",
        {
            "x": float(x),
            "y": float(y),
            "width": float(max(width, 0.0)),
            "height": float(height),
            "class_": class_,
            "fill_opacity": opacity,
            "rx": radius,
        },
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return _element(
        "line",
        {"x1": float(x1), "y1": float(y1), "x2": float(x2), "y2": float(y2), "class_": class_},
    )


def circle(x: float, y: float, radius: float, class_: str) -> Markup:
    """A disc."""
    return _element(
        "circle", {"cx": float(x), "cy": float(y), "r": float(radius), "class_": class_}
    )


def path(points: Sequence[tuple[float, float]], class_: str, *, close: bool = False) -> Markup:
    """A line through points."""
    data = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if close else "")
    return _element("path", {"d": data, "class_": class_})


def text(
    x: float,
    y: float,
    content: object,
    class_: str = "",
    *,
    anchor: str | None = None,
    rotate: float | None = None,
) -> Markup:
    """Text with its baseline at `y`."""
    turn = None if rotate is None else f"rotate({rotate:g} {x:g} {y:g})"
    return _element(
        "text",
        {
            "x": float(x),
            "y": float(y),
            "class_": class_,
            "text_anchor": anchor,
            "transform": turn,
        },
        Markup("{}").format(content),
    )


def marker(x: float, y: float, shape: int, class_: str) -> Markup:
    """A disc, square, diamond or triangle: labelers differ in shape as well as in colour."""
    size = 4.2
    if shape % 4 == 0:
        return circle(x, y, size, class_)
    if shape % 4 == 1:
        return rect(x - size + 0.4, y - size + 0.4, 2 * size - 0.8, 2 * size - 0.8, class_)
    if shape % 4 == 2:
        reach = size * 1.3
        corners = [(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)]
    else:
        reach = size * 1.2
        corners = [(x, y - reach), (x + reach, y + size), (x - reach, y + size)]
    return path(corners, class_, close=True)
