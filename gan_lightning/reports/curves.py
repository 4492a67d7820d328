"""Curves of a run over its iterations or epochs: read from its tables, and drawn."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gan_lightning.evaluation.records import ScoreRecord
from gan_lightning.files import atomic_write

Curve = tuple[list[int], list[float]]
"""Iterations or epochs, and a value at each of them."""
PLAYERS = {"generator": "G", "discriminator": "D"}
"""Names of players as plots and captions show them."""
COLUMNS = 1000
"""The width of a plot of curves in pixels."""
PANELS = 3
"""Panels in a row, at most."""
LOSSES = "Generator and Discriminator Loss During Training"


def read_curves(file: Path, clock: str) -> dict[str, Curve]:
    """Return the iterations and values of every column of a table that has values; none if there is no file.

    A line that a killed process has not finished is left out, and so is what is no number.

    Args:
        file: a table in CSV, such as metrics.csv.
        clock: the column of the iterations.
    """
    curves: dict[str, Curve] = defaultdict(lambda: ([], []))
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    for row in csv.DictReader(text[: text.rfind("\n") + 1].splitlines()):
        for name, value in row.items():
            if value and name != clock:
                with suppress(ValueError, TypeError):
                    point = int(row[clock]), float(value)
                    curves[name][0].append(point[0])
                    curves[name][1].append(point[1])
    return dict(curves)


def loss_curves(file: Path) -> dict[str, Curve]:
    """Return the curve of each player's loss in `losses.csv`, by the player's name in plots."""
    return {PLAYERS.get(name, name): curve for name, curve in read_curves(file, "iteration").items()}


def score_curves(records: Iterable[ScoreRecord]) -> dict[str, Curve]:
    """Return the curve of each score but deviations; if an iteration was scored again, the later value counts."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for record in records:
        if record.better != "neither":
            found[record.score][record.iteration] = record.value
    return {name: (sorted(values), [values[at] for at in sorted(values)]) for name, values in found.items()}


def draw_curves(curves: Mapping[str, Curve], title: str, unit: str, file: Path, clock: str = "Iterations") -> bool:
    """Draw curves over iterations and save them as an image of 1000x500 pixels.

    Return whether there was anything to draw: a curve of at least two points.
    """
    if all(len(iterations) < 2 for iterations, _ in curves.values()):
        return False
    figure = _figure(10, 5)
    figure.subplots_adjust(left=0.08, right=0.97, top=0.93)
    _plot(figure.add_subplot(), curves, title, unit, clock)
    _save(figure, file)
    return True


def draw_panels(curves: Mapping[str, Curve], file: Path) -> bool:
    """Draw each curve in a panel of its own, below its name, for values that differ in scale, such as scores.

    Return whether there was anything to draw; a single point is enough.
    """
    if not curves:
        return False
    columns = min(len(curves), PANELS)
    rows = -(-len(curves) // columns)
    figure = _figure(5 * columns, 4 * rows)
    figure.subplots_adjust(left=0.3 / columns, right=1 - 0.1 / columns, wspace=0.25, hspace=0.4)
    for number, (name, (iterations, values)) in enumerate(curves.items()):
        axes = figure.add_subplot(rows, columns, number + 1)
        axes.plot(iterations, values, marker=".")
        axes.set(title=name, xlabel="Iterations")
    _save(figure, file)
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

    figure = _figure(width / 100, height / 100)
    axes = figure.add_subplot()
    _plot(axes, curves, title, unit, "Iterations")
    figure.tight_layout()
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


def _plot(axes: Any, curves: Mapping[str, Curve], title: str, unit: str, clock: str) -> None:
    for label, (iterations, values) in curves.items():
        axes.plot(*extremes(iterations, values), label=label, linewidth=1)
    axes.set(title=title, xlabel=clock, ylabel=unit)
    axes.legend()


def _figure(width: float | int, height: float | int) -> Any:
    """Return a figure of so many inches, which needs no screen and does not change pyplot's state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100)


def _save(figure: Any, file: Path) -> None:
    with atomic_write(file) as stream:  # a run may be killed while it draws, and the plot before must stay
        figure.savefig(stream, format="png", dpi=100, pil_kwargs={"compress_level": 1})
