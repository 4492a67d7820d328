"""Scores of a run: draws under one protocol, and each score's best and last value."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, stdev
from typing import Any, NamedTuple

from gan_lightning.evaluation.records import ScoreRecord, protocol
from gan_lightning.values import Better


def as_loss(value: float, better: Better) -> float:
    """Return a value of which the lower is better, whichever values of the score are better."""
    return -value if better == "higher" else value


BOUNDS = {
    **dict.fromkeys(("fid", "fd", "density", "modes_hit", "modes_kl"), (0.0, math.inf)),
    **dict.fromkeys(("inception_score", "class_score"), (1.0, math.inf)),
    **dict.fromkeys(("precision", "recall", "coverage"), (0.0, 1.0)),
}
"""The least and the greatest value that scores can have, by how their names begin; KID may be negative."""


@dataclass(frozen=True)
class Draws:
    """Values of one score under one protocol that differ by chance alone: over latent seeds, or over runs' seeds.

    Args:
        records: at least one; their values are the draws.
    """

    records: list[ScoreRecord]

    @property
    def record(self) -> ScoreRecord:
        """The first record, for what all of them share."""
        return self.records[0]

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return mean(record.value for record in self.records)

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation of the values; None for a single value."""
        return stdev(record.value for record in self.records) if len(self.records) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ends of the 95 % interval of the mean: Student's t over several values, a single record's own.

        None for a single value whose record has no interval. An interval over two values is wide, about nine deviations
        to each side, because two values tell little about their spread. It is cut where the score cannot be.
        """
        if self.deviation is None:
            ends = self.record.interval
            return (ends[0], ends[1]) if len(ends) == 2 else None
        low, high = self._student
        least, most = self._bounds
        return max(low, least), min(high, most)

    @property
    def is_cut(self) -> bool:
        """Return whether the interval ends where the score does, and would reach further by Student's t alone."""
        return self.deviation is not None and self.interval != self._student

    @property
    def _student(self) -> tuple[float, float]:
        from scipy.special import stdtrit

        half = float(stdtrit(len(self.records) - 1, 0.975)) * stdev(each.value for each in self.records)
        half /= math.sqrt(len(self.records))
        return self.mean - half, self.mean + half

    @property
    def _bounds(self) -> tuple[float, float]:
        """Return the bounds of the score, but the mean where rounding has brought that beyond one."""
        name = self.record.score
        own = (ends for begin, ends in BOUNDS.items() if name == begin or name.startswith(f"{begin}_"))
        least, most = next(own, (-math.inf, math.inf))
        return min(least, self.mean), max(most, self.mean)

    @property
    def iterations(self) -> list[int]:
        """The iterations that were scored, each once, in ascending order."""
        return sorted({record.iteration for record in self.records})

    @property
    def loss(self) -> float:
        """The mean as a number of which the lower is better."""
        return as_loss(self.mean, self.record.better)

    def __str__(self) -> str:
        return f"{self.mean:.4g}" + ("" if self.deviation is None else f" ± {self.deviation:.2g}")


def draws(records: Iterable[ScoreRecord]) -> list[Draws]:
    """Return the draws of each protocol and iteration, in the order of the records.

    Several latent seeds are draws under one protocol. If a seed was scored twice, the later record counts.
    """
    latest = {(protocol(record), record.iteration, record.latent_seed): record for record in records}
    found: dict[tuple[str, int], list[ScoreRecord]] = {}
    for (under, iteration, _), record in latest.items():
        found.setdefault((under, iteration), []).append(record)
    return [Draws(of_one) for of_one in found.values()]


FAR = 1.5
"""How many times worse than the best a last score must be for a warning."""


class Point(NamedTuple):
    """A value of a score and the iteration that had it; NaN if the iteration's images could not be scored."""

    value: float
    iteration: int

    def __str__(self) -> str:
        value = "no score" if math.isnan(self.value) else f"{self.value:.4g}"
        return f"{value} at iteration {self.iteration:,}"


class ScoreHistory(NamedTuple):
    """The best and the last value of one score under one protocol.

    Args:
        better: which values are better.
        protocol: the protocol as `records.protocol` writes it.
        best: the first of the best values.
        last: the newest value.
        deviation: the standard deviation that the metric gives for its newest value, or 0.
    """

    better: Better
    protocol: str
    best: Point
    last: Point
    deviation: float = 0.0

    def is_far_worse(self) -> bool:
        """Return whether the last value is missing or far worse than the best, by more than the score's own deviation.

        Far worse is 1.5 times as high, or 1.5 times as low where higher is better. The deviation matters to a KID near
        zero, which may also be negative: each new draw would be far worse than the best.
        """
        gap = as_loss(self.last.value, self.better) - as_loss(self.best.value, self.better)
        part = 1 - 1 / FAR if self.better == "higher" else FAR - 1
        return math.isnan(gap) or gap > max(part * abs(self.best.value), self.deviation)


class ScoreHistories:
    """The histories of a run's scores by name, without deviations."""

    def __init__(self) -> None:
        self.by_name: dict[str, ScoreHistory] = {}

    def add(self, records: Sequence[ScoreRecord], expected: Collection[str] = ()) -> None:
        """Add the scores of an iteration.

        If the protocol has changed, a history starts again, because its best may be out of reach under the new one. A
        score that is expected but missing has no last value; the histories of all other missing scores end.
        """
        before = self.by_name
        missing = Point(math.nan, records[0].iteration)
        self.by_name = {name: each._replace(last=missing) for name, each in before.items() if name in expected}
        deviations = {one.score: other.value for one, other in pairwise(records) if other.is_deviation_of(one)}
        for record in records:
            if record.better != "neither":
                now, known = Point(record.value, record.iteration), before.get(record.score)
                best = known.best if known and known.protocol == protocol(record) else now
                if as_loss(now.value, record.better) < as_loss(best.value, record.better):
                    best = now
                deviation = deviations.get(record.score, 0.0)
                self.by_name[record.score] = ScoreHistory(record.better, protocol(record), best, now, deviation)

    def fail(self, iteration: int) -> None:
        """Note that the images of an iteration could not be scored."""
        last = Point(math.nan, iteration)
        self.by_name = {name: history._replace(last=last) for name, history in self.by_name.items()}

    def plain(self) -> dict[str, Any]:
        """Return everything as plain values, for checkpoints."""
        points = {name: {"best": list(each.best), "last": list(each.last)} for name, each in self.by_name.items()}
        return {name: each._asdict() | points[name] for name, each in self.by_name.items()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "ScoreHistories":
        """Restore the histories from what `plain` returned."""
        found = cls()
        for name, each in plain.items():
            points = {"best": Point(*each["best"]), "last": Point(*each["last"])}
            found.by_name[name] = ScoreHistory(**each | points)
        return found
