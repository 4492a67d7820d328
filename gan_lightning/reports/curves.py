"""Curves of a run over its iterations or epochs, drawn."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gan_lightning.files import atomic_write
from gan_lightning.reports.tables import Curve

COLUMNS = 1000
"""The width of a plot of curves in pixels."""
PANELS = 3
"""Panels in a row, at most."""
COLUMNS_OF_LEGEND = 3
"""Entries in a row of a legend, at most: D's outputs of one domain."""
LOSSES = "Generator and Discriminator Loss During Training"


def draw_curves(curves: Mapping[str, Curve], title: str, unit: str, file: Path, clock: str = "Iterations") -> bool:
    """Draw curves over iterations and save them as an image of 1000x500 pixels.

    Return whether there was anything to draw: a curve of at least two points.
    """
    if all(len(iterations) < 2 for iterations, _ in curves.values()):
        return False
    figure = empty_figure(10, 5)
    _plot(figure, curves, title, unit, clock)
    save_figure(figure, file)
    return True


def draw_panels(curves: Mapping[str, Curve], file: Path) -> bool:
    """Draw each curve in a panel of its own, below its name, for values that differ in scale, such as scores.

    Return whether there was anything to draw; a single point is enough.
    """
    if not curves:
        return False
    columns = min(len(curves), PANELS)
    rows = -(-len(curves) // columns)
    figure = empty_figure(5 * columns, 4 * rows)
    for number, (name, (iterations, values)) in enumerate(curves.items()):
        axes = figure.add_subplot(rows, columns, number + 1)
        axes.plot(iterations, values, marker=".")
        axes.set(title=name, xlabel="Iterations")
        axes.xaxis.get_major_locator().set_params(integer=True)
    save_figure(figure, file)
    return True


def curves_with_cursor(
    curves: Mapping[str, Curve], title: str, unit: str, width: int, height: int
) -> Callable[[int], Image.Image]:
    """Return a function from an iteration to a picture of the curves with a line at that iteration.

    The curves are drawn once, so each picture takes no more than the line.

    Args:
        curves: the curves by name.
        title: the heading.
        unit: what the values are.
        width: the width of the pictures in pixels.
        height: their height in pixels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = empty_figure(width / 100, height / 100)
    axes = _plot(figure, curves, title, unit, "Iterations")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    box = axes.get_window_extent()

    def at(iteration: int) -> Image.Image:
        picture = drawn.copy()
        column = min(max(float(axes.transData.transform((iteration, 0))[0]), box.x0), box.x1)
        ends = [(column, drawn.height - box.y1), (column, drawn.height - box.y0)]
        ImageDraw.Draw(picture).line(ends, "black")
        return picture

    return at


def extremes(iterations: list[int], values: list[float], columns: int = COLUMNS) -> Curve:
    """Return a curve that looks the same where it is so many pixels wide: the least and the largest of each column.

    A long run has many values in each pixel's column, and drawing all of them would take seconds.
    """
    width = len(values) // columns
    if width < 3:
        return iterations, values
    kept: list[int] = []
    for start in range(0, len(values), width):
        column = range(start, min(start + width, len(values)))
        kept += sorted({min(column, key=values.__getitem__), max(column, key=values.__getitem__)})
    return [iterations[index] for index in kept], [values[index] for index in kept]


def empty_figure(width: float | int, height: float | int) -> Any:
    """Return a figure of so many inches, which needs no screen and does not change pyplot's state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100, layout="constrained")


def legend_below(figure: Any, **options: float | int) -> None:
    """Draw the legend below the axes, where it hides no data."""
    figure.legend(loc="outside lower center", ncols=COLUMNS_OF_LEGEND, frameon=False, **options)


def save_figure(figure: Any, file: Path) -> None:
    """Write a figure as a PNG file of 100 pixels for each inch, in one step."""
    with atomic_write(file) as stream:  # a run may be killed while it draws, and the plot before must stay
        figure.savefig(stream, format="png", dpi=100, pil_kwargs={"compress_level": 1})


def _plot(figure: Any, curves: Mapping[str, Curve], title: str, unit: str, clock: str) -> Any:
    """Plot curves in one panel; return its axes."""
    axes = figure.add_subplot()
    for label, (iterations, values) in curves.items():
        axes.plot(*extremes(iterations, values), label=label, linewidth=1)
    axes.set(title=title, xlabel=clock, ylabel=unit)
    axes.xaxis.get_major_locator().set_params(integer=True)
    legend_below(figure)
    return axes
