"""Charts of curves over iterations as geometry that a page draws as SVG, in its own colours."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from gan_lightning.reports.curves import extremes
from gan_lightning.reports.tables import Curve

WIDTH, HEIGHT = 420, 240
"""The size of a chart in its own units, about the width of a phone in pixels."""
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 12, 28
"""Margins around the curves, which the numbers at the axes need."""
Number = float | int
FRAME = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT}
"""What a page needs to know to draw a chart."""
TICKS = 5
"""About how many numbers an axis has."""


class Tick(NamedTuple):
    """A number at an axis and its place along it."""

    place: Number
    text: str


class Line(NamedTuple):
    """A curve's name, and its path in SVG's words."""

    label: str
    path: str


class Chart(NamedTuple):
    """Curves and axes in units from the upper left corner.

    Args:
        title: the heading.
        lines: the curves.
        x: numbers of iterations.
        y: numbers of the values.
        level: a value that is marked by a line across, and its place; None for none.
    """

    title: str
    lines: list[Line]
    x: list[Tick]
    y: list[Tick]
    level: Tick | None


def chart(title: str, curves: Mapping[str, Curve], level: tuple[str, Number] | None = None) -> Chart | None:
    """Return the chart of curves; None if none has two points.

    Args:
        title: the heading.
        curves: the curves by name.
        level: a name and a value that is marked by a line across.
    """
    shown = {label: curve for label, curve in curves.items() if len(curve[0]) > 1}
    if not shown:
        return None
    iterations = [iteration for curve in shown.values() for iteration in curve[0]]
    values = [value for curve in shown.values() for value in curve[1]] + ([level[1]] if level else [])
    x = _Axis(min(iterations), max(iterations), LEFT, WIDTH - RIGHT)
    y = _Axis(min(values), max(values), HEIGHT - BOTTOM, TOP)
    return Chart(
        title,
        [Line(label, _path(curve, x, y)) for label, curve in shown.items()],
        [Tick(x.place(value), f"{value:,.0f}") for value in x.ticks() if value == round(value)],
        [Tick(y.place(value), f"{value:.6g}") for value in y.ticks()],
        Tick(y.place(level[1]), level[0]) if level else None,
    )


class _Axis:
    """Places of numbers along an axis.

    Args:
        least: the least number.
        largest: the largest number.
        start: the place of the least.
        end: the place of the largest.
    """

    def __init__(self, least: Number, largest: Number, start: Number, end: Number) -> None:
        self.least, self.largest = (least, largest) if largest > least else (least - 0.5, least + 0.5)
        self.start, self.end = start, end

    def place(self, value: Number) -> float:
        # Divided first, because the difference of two finite numbers may be infinite.
        whole = self.largest / 2 - self.least / 2
        share = (value / 2 - self.least / 2) / whole if whole else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Return round numbers within the axis: multiples of 1, 2 or 5 times a power of ten."""
        rough = (self.largest / 2 - self.least / 2) / TICKS * 2
        if not 0 < rough < math.inf:
            return []
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)
        if not 0 < step < math.inf:
            return []
        first, last = math.ceil(self.least / step - 1e-9), math.floor(self.largest / step + 1e-9)
        if last - first > 2 * TICKS:  # numbers too close to one another for their size
            return []
        return [number * step for number in range(first, last + 1)]


def _path(curve: Curve, x: _Axis, y: _Axis) -> str:
    points = zip(*extremes(*curve, WIDTH), strict=True)
    return "M" + "L".join(f"{x.place(iteration)} {y.place(value)}" for iteration, value in points)
