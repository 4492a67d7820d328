"""The best and the last of each score."""

import math
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from gan_lightning.metrics.card import Better, Card, protocol

FAR = 1.5
"""A last score so many times worse than the best is worth a warning."""


class Mark(NamedTuple):
    """A value and the iteration that it was reached at; no number where the images could not be scored."""

    value: float
    iteration: int

    def __str__(self) -> str:
        value = "no score" if math.isnan(self.value) else f"{self.value:.4g}"
        return f"{value} at iteration {self.iteration:,}"


class Course(NamedTuple):
    """Of one score under one protocol; `deviation` is the score's own where it has one, else 0."""

    better: Better
    protocol: str
    best: Mark
    last: Mark
    deviation: float = 0.0

    def is_far_worse(self) -> bool:
        """Whether the last is none, or `FAR` times worse than the best and apart from it by more than the deviation.

        Without the deviation, a KID near zero would be far worse at each draw. It may also be negative.
        """
        gap = self.last.value - self.best.value
        part = FAR - 1
        if self.better == "higher":
            gap, part = -gap, 1 - 1 / FAR
        return math.isnan(gap) or gap > max(part * abs(self.best.value), self.deviation)


class Courses:
    """The course of each score by name. Deviations have none."""

    def __init__(self) -> None:
        self.courses: dict[str, Course] = {}

    def add(self, cards: Sequence[Card], expected: Collection[str] = ()) -> None:
        """Take in the scores of an iteration.

        What compares with nothing before starts anew: its best may never be reached. What was expected and is missing
        has no last value; what is scored no more is left out.
        """
        deviations = {card.score.replace("_std", "", 1): card.value for card in cards if card.better == "neither"}
        before = self.courses
        missing = Mark(math.nan, cards[0].iteration)
        self.courses = {name: each._replace(last=missing) for name, each in before.items() if name in expected}
        for card in cards:
            if card.better != "neither":
                now, known = Mark(card.value, card.iteration), before.get(card.score)
                best = known.best if known and known.protocol == protocol(card) else now
                best = now if _is_better(now.value, best.value, card.better) else best
                deviation = deviations.get(card.score, 0.0)
                self.courses[card.score] = Course(card.better, protocol(card), best, now, deviation)

    def fail(self, iteration: int) -> None:
        """Take in that the images of an iteration could not be scored."""
        last = Mark(math.nan, iteration)
        self.courses = {name: course._replace(last=last) for name, course in self.courses.items()}

    def plain(self) -> dict[str, Any]:
        """As plain values, for checkpoints."""
        marks = {name: {"best": list(each.best), "last": list(each.last)} for name, each in self.courses.items()}
        return {name: each._asdict() | marks[name] for name, each in self.courses.items()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Courses":
        """From what `plain` gave."""
        found = cls()
        for name, course in plain.items():
            found.courses[name] = Course(**course | {"best": Mark(*course["best"]), "last": Mark(*course["last"])})
        return found


def _is_better(value: float, other: float, better: Better) -> bool:
    return value > other if better == "higher" else value < other
