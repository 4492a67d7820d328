"""Schedules: factors of learning rates and penalty weights as functions of the iteration.

A schedule keeps no state, so a resumed run continues it exactly.
"""

from collections.abc import Callable
from math import cos, inf, pi

from gan_lightning.types import NonNegativeFloat, Number

Schedule = Callable[[int, Number], Number]
"""Maps the iteration and the length of the run (inf for a run without end) to the factor."""


def constant(iteration: int, total: Number) -> Number:
    """Return 1."""
    return 1.0


def linear(iteration: int, total: Number, final: NonNegativeFloat = 0.0, start: NonNegativeFloat = 0.0) -> Number:
    """Return 1 up to `start`, then a factor that falls in a straight line to `final` at the end of the run.

    Args:
        iteration: number of the iteration; 0 is the first.
        total: iterations of the whole run.
        final: the factor at the end.
        start: a part of the run if it is below 1, else an iteration.

    Raises:
        ValueError: if the run has no end, or ends before the start.

    Examples:
        >>> [linear(iteration, total=100, start=0.5) for iteration in (0, 50, 75)]
        [1.0, 1.0, 0.5]
    """
    return 1 + (final - 1) * _progress(iteration, total, start)


def cosine(iteration: int, total: Number, final: NonNegativeFloat = 0.0, start: NonNegativeFloat = 0.0) -> Number:
    """Return 1 up to `start`, then a factor that falls along half a cosine to `final` at the end of the run.

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983.

    Args:
        iteration: number of the iteration; 0 is the first.
        total: iterations of the whole run.
        final: the factor at the end.
        start: a part of the run if it is below 1, else an iteration.

    Raises:
        ValueError: if the run has no end, or ends before the start.
    """
    return 1 + (final - 1) * (1 - cos(pi * _progress(iteration, total, start))) / 2


def _progress(iteration: int, total: Number, start: NonNegativeFloat) -> Number:
    """Return how much of the way from `start` to `total` is done, 0 to 1."""
    if total == inf:
        raise ValueError(
            "a schedule needs a run with an end that is known: set trainer.max_steps, or trainer.max_epochs for data "
            "that have a length, or choose schedule=constant"
        )
    begin = start * total if start < 1 else start
    if begin >= total:
        raise ValueError(f"a schedule's start must be before the run's end, iteration {total:.0f}; got {start}")
    return min(max((iteration - begin) / (total - begin), 0.0), 1.0)
