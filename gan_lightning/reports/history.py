"""The course of each score in a run."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, NamedTuple

from gan_lightning.evaluation.records import Better, ScoreRecord, ScoringFailure, protocol


class Point(NamedTuple):
    """What a checkpoint scored: a value for each latent seed, in their order."""

    iteration: int
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the latent seeds."""
        return mean(self.values)


@dataclass(frozen=True)
class History:
    """Points of one score and one protocol, by iteration.

    Args:
        record: any of those that it was made from, for the protocol.
        points: at least one.
        failed: why the run's end has no score of this protocol; empty where the last point is of the run's end.
    """

    record: ScoreRecord
    points: tuple[Point, ...]
    failed: str = ""

    @property
    def last(self) -> Point | None:
        """Of the run's end; None where that has no score of this protocol, however late the last point is."""
        return None if self.failed else self.points[-1]

    @property
    def best(self) -> Point:
        """The first of those that are nothing worse than any other."""
        choose = max if self.record.better == "higher" else min
        return choose(self.points, key=lambda point: point.mean)


def histories(
    records: Iterable[ScoreRecord], failures: Iterable[ScoringFailure] = (), checkpoints: Iterable[int] = ()
) -> list[History]:
    """The records of a run sorted into histories, in the order of their first records.

    Several latent seeds are draws under one protocol. Of two records for one iteration and seed the later one counts.
    A failure is one of all scores. The run's end is the highest iteration that any record, failure or checkpoint has:
    a history of the best checkpoint alone would else have it as its last.

    Args:
        records: of all protocols.
        failures: iterations whose images could not be scored.
        checkpoints: iterations that were reached.
    """
    found: dict[str, dict[tuple[int, int], ScoreRecord]] = {}
    for record in records:
        found.setdefault(protocol(record), {})[record.iteration, record.latent_seed] = record
    reasons = {failure.iteration: failure.failed for failure in failures}
    end = max([*reasons, *checkpoints, *(iteration for each in found.values() for iteration, _ in each)], default=0)
    reason = reasons.get(end, f"the run ended at iteration {end:,}, where this was not scored")
    return [_history(of_protocol, end, reason) for of_protocol in found.values()]


def _history(records: dict[tuple[int, int], ScoreRecord], end: int, reason: str) -> History:
    by_iteration: dict[int, list[float]] = {}
    for iteration, seed in sorted(records):
        by_iteration.setdefault(iteration, []).append(records[iteration, seed].value)
    points = tuple(Point(iteration, tuple(values)) for iteration, values in by_iteration.items())
    return History(next(iter(records.values())), points, reason if points[-1].iteration < end else "")


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

    def add(self, records: Sequence[ScoreRecord], expected: Collection[str] = ()) -> None:
        """Take in the scores of an iteration.

        What compares with nothing before starts anew: its best may never be reached. What was expected and is missing
        has no last value; what is scored no more is left out.
        """
        deviations = {
            record.score.replace("_std", "", 1): record.value for record in records if record.better == "neither"
        }
        before = self.courses
        missing = Mark(math.nan, records[0].iteration)
        self.courses = {name: each._replace(last=missing) for name, each in before.items() if name in expected}
        for record in records:
            if record.better != "neither":
                now, known = Mark(record.value, record.iteration), before.get(record.score)
                best = known.best if known and known.protocol == protocol(record) else now
                best = now if _is_better(now.value, best.value, record.better) else best
                deviation = deviations.get(record.score, 0.0)
                self.courses[record.score] = Course(record.better, protocol(record), best, now, deviation)

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
