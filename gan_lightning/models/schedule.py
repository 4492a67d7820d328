"""Schedules by the clock: what learning rates and penalty weights are multiplied by as a run goes on.

Each is a function of the iteration alone, so a resumed run needs no state to go on as it would have.
"""

from collections.abc import Callable
from math import cos, inf, pi

from gan_lightning.types import NonNegativeFloat, Number

Schedule = Callable[[int, Number], Number]
"""From the iteration and their total (inf in a run without end) to the factor."""


def constant(iteration: int, total: Number) -> Number:
    """1 throughout."""
    return 1.0


def linear(iteration: int, total: Number, final: NonNegativeFloat = 0.0, start: NonNegativeFloat = 0.0) -> Number:
    """1 up to `start`, then in a straight line to `final` at the run's end.

    Args:
        iteration: of the run; 0 is the first.
        total: iterations of the whole run.
        final: the factor at the end.
        start: a part of the run where it is below 1, else an iteration.

    Raises:
        ValueError: where the run has no end, or ends before the start.
    """
    return 1 + (final - 1) * _progress(iteration, total, start)


def cosine(iteration: int, total: Number, final: NonNegativeFloat = 0.0, start: NonNegativeFloat = 0.0) -> Number:
    """1 up to `start`, then along half a cosine to `final` at the run's end (Loshchilov and Hutter 2017).

    Args:
        iteration: of the run; 0 is the first.
        total: iterations of the whole run.
        final: the factor at the end.
        start: a part of the run where it is below 1, else an iteration.

    Raises:
        ValueError: where the run has no end, or ends before the start.
    """
    return 1 + (final - 1) * (1 - cos(pi * _progress(iteration, total, start))) / 2


def _progress(iteration: int, total: Number, start: NonNegativeFloat) -> Number:
    """How much of the way from `start` to `total` is done."""
    if total == inf:
        raise ValueError(
            "a schedule needs a run with an end: set trainer.max_epochs or trainer.max_steps, or schedule=constant"
        )
    begin = start * total if start < 1 else start
    if begin >= total:
        raise ValueError(f"a schedule's start must be before the run's end, iteration {total:.0f}; got {start}")
    return min(max((iteration - begin) / (total - begin), 0.0), 1.0)
