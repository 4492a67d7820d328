"""The table that `gan-lightning evaluate` shows."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from statistics import mean, stdev
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from gan_lightning.evaluation.records import ScoreRecord, protocol


class Line(NamedTuple):
    """A score under one protocol: a record of it, and its value for each latent seed."""

    record: ScoreRecord
    values: list[float]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return mean(self.values)

    @property
    def deviation(self) -> float:
        """Over the seeds; 0 where there is one."""
        return stdev(self.values) if len(self.values) > 1 else 0.0

    def __str__(self) -> str:
        return f"{self.mean:.4g}" + (f" ± {self.deviation:.2g}" if len(self.values) > 1 else "")


def lines(records: Iterable[ScoreRecord]) -> list[Line]:
    """One for each score and protocol, in the order of the records; the same seed twice is one draw."""
    draws = {(protocol(record), record.latent_seed): record for record in records}
    found: dict[str, Line] = {}
    for (under, _), record in draws.items():
        found.setdefault(under, Line(record, [])).values.append(record.value)
    return list(found.values())


def show(found: list[Line]) -> None:
    """The table on the screen, without the deviations of single scores; what all share stands above it, once."""
    rows = [_columns(line) for line in found if line.record.better != "neither"]
    own = [name for name in rows[0] if name in ("score", "value") or len({row[name] for row in rows}) > 1]
    identity = found[0].record
    features = f"features: {identity.extractor} {identity.extractor_sha256[:8]}, resize {identity.resize}"
    shared = [f"{name}: {value}" for name, value in rows[0].items() if name not in own]
    table = Table(*own)
    for row in rows:
        table.add_row(*(row[name] for name in own))
    console = Console()
    console.print("; ".join([features, *shared]), markup=False, highlight=False, soft_wrap=True)
    console.print(table)


def _columns(line: Line) -> dict[str, str]:
    record = line.record
    return {
        "score": record.score,
        "value": str(line),
        "seeds": str(len(line.values)),
        "fakes": f"{record.n_fake:,}",
        "real": f"{record.n_real:,} {record.split}" if record.n_real else "none",
        "weights": record.weights,
        "batch norm": record.batch_norm,
    }


APART = 0.1
"""Scores under two norm modes that differ by a larger part of the greater one are named."""


def parted(found: list[Line]) -> list[str]:
    """Where scores under two norm modes, all else equal, differ by more than a tenth and twice their deviation.

    The deviation is the greatest there is: over latent seeds, or the score's own, as KID's over its subsets. One seed
    has none of its own.
    """
    own = {_scored(line.record): line.mean for line in found if line.record.better == "neither"}
    scores = [line for line in found if line.record.better != "neither"]
    said = []
    for one, other in combinations(scores, 2):
        names = one.record.batch_norm, other.record.batch_norm
        as_one = replace(other.record, batch_norm=names[0], batch_size=one.record.batch_size)
        same = protocol(one.record) == protocol(as_one)
        apart = abs(one.mean - other.mean)
        greater = max(abs(one.mean), abs(other.mean))
        noise = 2 * max(max(line.deviation, own.get(_scored(line.record), 0.0)) for line in (one, other))
        if names[0] != names[1] and same and apart > max(APART * greater, noise):
            said.append(
                f"{one.record.score} of {one.record.n_fake:,} images by {one.record.weights} weights is {one} with batch "
                f"norm {names[0]} and {other} with {names[1]}: the running statistics do not stand for the batches."
            )
    return said


def _scored(record: ScoreRecord) -> str:
    """The same for a score and for its own deviation, `kid` and `kid_std`."""
    return protocol(replace(record, score=record.score.replace("_std", "", 1), better="neither"))
