"""Curves over iterations, read from a run's tables and scores; a stranger's files may hold anything."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

from gan_lightning.evaluation.records import ScoreRecord, is_iteration

Curve = tuple[list[int], list[float]]
"""Iterations or epochs, and a value at each of them."""
PLAYERS = {"generator": "G", "discriminator": "D"}
"""Names of players as plots and captions show them."""
OUTPUTS = {
    "d_out/real": "D(real)",
    "d_out/fake": "D(fake) in D's step",
    "d_out/fake_for_generator": "D(fake) in G's step",
}
"""Columns of D's mean outputs, and what plots call them."""
UNDECIDED = "d_out/undecided"
"""The column of the output at which D cannot tell real from generated images: 0.5 for probabilities."""
DOMAINS = {"": "", "_x": ", domain x", "_y": ", domain y"}
"""What the columns of a discriminator end in if there is one for each domain, and what plots call it."""
DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, csv.Error)
"""What reading a file raises that holds something else than it should."""


def iteration_of(value: Any) -> int:
    """Return a number of iterations that a file holds.

    Raises:
        ValueError: if it is none.
    """
    number = int(value)
    if not is_iteration(number):
        raise ValueError(f"no run has {number} iterations")
    return number


def read_curves(file: Path, clock: str) -> dict[str, Curve]:
    """Return the iterations and values of every column of a table that has finite numbers; none if there is no file.

    A line that a killed process has not finished is left out, and so is what is no number.

    Args:
        file: a table in CSV, such as metrics.csv.
        clock: the column of the iterations.
    """
    curves: dict[str, Curve] = defaultdict(lambda: ([], []))
    with suppress(*DAMAGE):
        text = file.read_text(encoding="utf-8", errors="replace")
        for row in csv.DictReader(StringIO(text[: text.rfind("\n") + 1], newline="")):
            with suppress(*DAMAGE):
                iteration = iteration_of(row.pop(clock))
                for name, written in row.items():
                    with suppress(ValueError, TypeError):
                        if math.isfinite(value := float(written)):
                            curves[name][0].append(iteration)
                            curves[name][1].append(value)
    return dict(curves)


def loss_curves(file: Path) -> dict[str, Curve]:
    """Return the curve of each player's loss in `losses.csv`, by the player's name in plots."""
    return {PLAYERS.get(name, name): curve for name, curve in read_curves(file, "iteration").items()}


def output_curves(metrics: Mapping[str, Curve]) -> dict[str, Curve]:
    """Return the curves of D's mean outputs among those of `metrics.csv`, by their names in plots."""
    return {
        f"{label}{domain}": metrics[tag + suffix]
        for suffix, domain in DOMAINS.items()
        for tag, label in OUTPUTS.items()
        if tag + suffix in metrics
    }


def score_curves(records: Iterable[ScoreRecord]) -> dict[str, Curve]:
    """Return the curve of each score but deviations; if an iteration was scored again, the later value counts."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for record in records:
        if record.better != "neither":
            found[record.score][record.iteration] = record.value
    return {name: (sorted(values), [values[at] for at in sorted(values)]) for name, values in found.items()}
