"""The best and the last of each score."""

import math
from typing import Any, NamedTuple

from gan_lightning.metrics.card import Better, Card

FAR = 1.5
"""A last score so many times worse than the best is worth a warning."""


class Mark(NamedTuple):
    """A value and the iteration that it was reached at."""

    value: float
    iteration: int

    def __str__(self) -> str:
        return f"{self.value:.4g} at iteration {self.iteration:,}"


class Course(NamedTuple):
    """Of one score."""

    better: Better
    best: Mark
    last: Mark

    def is_far_worse(self) -> bool:
        """Whether the last is `FAR` times worse than the best; also where the best is negative, as KID may be."""
        if self.better == "higher":
            return self.best.value - self.last.value > (1 - 1 / FAR) * abs(self.best.value)
        return self.last.value - self.best.value > (FAR - 1) * abs(self.best.value)


class History:
    """The course of each score by name, in the order they came first. What is no number is never best."""

    def __init__(self) -> None:
        self.courses: dict[str, Course] = {}

    def add(self, card: Card) -> None:
        """Take in a score."""
        now = Mark(card.value, card.iteration)
        known = self.courses.get(card.score)
        best = known.best if known else now
        if not math.isnan(now.value) and (math.isnan(best.value) or _is_better(now.value, best.value, card.better)):
            best = now
        self.courses[card.score] = Course(card.better, best, now)

    def plain(self) -> dict[str, Any]:
        """As plain values, for checkpoints."""
        return {name: [each.better, list(each.best), list(each.last)] for name, each in self.courses.items()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "History":
        """From what `plain` gave."""
        history = cls()
        for name, (better, best, last) in plain.items():
            history.courses[name] = Course(better, Mark(*best), Mark(*last))
        return history


def _is_better(value: float, other: float, better: Better) -> bool:
    return value > other if better == "higher" else value < other
