"""Scores of several experiments side by side, ranked where their protocols agree."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from statistics import mean, stdev
from typing import NamedTuple

from gan_lightning.evaluation.records import ScoreRecord, differences, protocol
from gan_lightning.reports.history import History, Point


@dataclass(frozen=True)
class Run:
    """What a run scored.

    Args:
        name: to show.
        folder: of the run.
        seed: of the run.
        histories: at most one of each protocol.
        blank: why it has no score at all; empty where it has one.
    """

    name: str
    folder: str
    seed: int
    histories: list[History]
    blank: str = ""

    def of(self, wanted: str) -> History | None:
        """The history of a protocol."""
        return next((history for history in self.histories if protocol(history.record) == wanted), None)

    def apart(self, record: ScoreRecord) -> list[str]:
        """What keeps it from a protocol: the fewest differences that a history of the same score has.

        Empty where nothing does, and where the run does not have the score.
        """
        its = [history.record for history in self.histories if history.record.score == record.score]
        return min((differences(record, other) for other in its), key=len, default=[])


@dataclass
class Experiment:
    """An experiment: its runs, which differ in their seeds."""

    runs: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the first run."""
        return self.runs[0].name

    @property
    def records(self) -> list[ScoreRecord]:
        """One of each protocol."""
        return list({protocol(each.record): each.record for run in self.runs for each in run.histories}.values())

    def under(self, record: ScoreRecord) -> list[Run]:
        """The runs that a row of this protocol is about: those with a score under it, and those with none at all.

        No run where the experiment has other scores alone.
        """
        found = [run for run in self.runs if run.blank or run.of(protocol(record))]
        return found if not self.records or any(not run.blank for run in found) else []


class Figure(NamedTuple):
    """A mean over runs, or over the latent seeds of a single one; the deviation is None where there is one value."""

    mean: float
    deviation: float | None
    iterations: tuple[int, ...]


class Row(NamedTuple):
    """An experiment in a table: those of its runs that have the score under the table's protocol.

    Where the end of one of them has no score, `failed` says why, and there is neither a last nor a rank.
    """

    rank: int | None
    experiment: Experiment
    runs: list[Run]
    last: Figure | None
    best: Figure | None
    failed: str = ""


class Table(NamedTuple):
    """Rows of one score under one protocol, best last first; below them those without a last, best best first."""

    record: ScoreRecord
    rows: list[Row]


@dataclass
class Ranking:
    """Tables, and sentences that say what must not be ranked together."""

    tables: list[Table] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def ranked(experiments: list[Experiment]) -> Ranking:
    """A table for each score and protocol; experiments without a common one are named, with the difference.

    So are runs that are left out of the mean of their experiment. Deviations, of which neither a high nor a low one
    is better, are left out.
    """
    ranking = Ranking()
    records = list(
        {
            protocol(record): record
            for experiment in experiments
            for record in experiment.records
            if record.better != "neither"
        }.values()
    )
    shared_by_all = False
    for score in dict.fromkeys(record.score for record in records):
        tables = [_table(record, experiments) for record in records if record.score == score]
        having = [
            experiment
            for experiment in experiments
            if any(record.score == score for record in experiment.records) or not experiment.records
        ]
        widest = max(tables, key=lambda table: (len(table.rows), sum(len(row.runs) for row in table.rows)))
        ranking.tables += tables
        ranking.refusals += [*_refusals(widest, having), *_left_out(widest, tables, having)]
        shared_by_all = shared_by_all or len(having) == len(experiments)
    if not shared_by_all:
        scores = [", ".join(dict.fromkeys(record.score for record in experiment.records)) for experiment in experiments]
        has = "; ".join(f"{experiment.name} has {names}" for experiment, names in zip(experiments, scores, strict=True))
        ranking.refusals.append(f"not ranked together, for no score is common to all: {has}")
    return ranking


def _refusals(widest: Table, experiments: list[Experiment]) -> list[str]:
    """Who is not in the table that most are in, and what keeps each from it."""
    inside = [row.experiment for row in widest.rows]
    said = []
    for experiment in experiments:
        if experiment not in inside:
            score = widest.record.score
            its = [record for record in experiment.records if record.score == score]
            apart = min((differences(widest.record, record) for record in its), key=len)
            said.append(f"{score}: {inside[0].name} and {experiment.name} are not ranked together; {'; '.join(apart)}")
    return said


def _left_out(widest: Table, tables: list[Table], experiments: list[Experiment]) -> list[str]:
    """Which runs an experiment's row is without although they have its score, and what keeps them from it.

    Its row is that of the table that most are in; for those who are not, the one with most of its runs.
    """
    said = []
    for experiment in experiments:
        its = [(table, row) for table in tables for row in table.rows if row.experiment is experiment]
        table, row = max(its, key=lambda each: (each[0] is widest, len(each[1].runs)))
        names: dict[str, list[str]] = {}
        for run in experiment.runs:
            if run not in row.runs and (apart := run.apart(table.record)):
                names.setdefault("; ".join(apart), []).append(run.name)
        score, seeds = table.record.score, _names(run.name for run in row.runs)
        said += [
            f"{score}: the row of {seeds} is without {_names(others)}, of the same configuration; {apart}"
            for apart, others in names.items()
        ]
    return said


def _table(record: ScoreRecord, experiments: list[Experiment]) -> Table:
    found = [(experiment, experiment.under(record)) for experiment in experiments]
    rows = [_row(record, experiment, runs) for experiment, runs in found if runs]
    sign = -1 if record.better == "higher" else 1

    def place(figure: Figure | None) -> float:
        return sign * figure.mean if figure else math.inf

    ranks: list[Row] = []
    with_last = sorted((row for row in rows if row.last), key=lambda row: place(row.last))
    for _, equal in groupby(with_last, lambda row: place(row.last)):
        first = len(ranks) + 1
        ranks += [row._replace(rank=first) for row in equal]
    return Table(record, ranks + sorted((row for row in rows if not row.last), key=lambda row: place(row.best)))


def _row(record: ScoreRecord, experiment: Experiment, runs: list[Run]) -> Row:
    """Without its rank."""
    found = [history for run in runs if (history := run.of(protocol(record)))]
    reasons: dict[str, list[str]] = {}
    for run in runs:
        history = run.of(protocol(record))
        if reason := history.failed if history else run.blank:
            reasons.setdefault(reason, []).append(run.name)
    told = [f"{_names(names)}: {reason}" if len(runs) > 1 else reason for reason, names in reasons.items()]
    last = None if reasons else _figure([history.last for history in found if history.last])
    best = _figure([history.best for history in found]) if found else None
    return Row(None, experiment, runs, last, best, "; ".join(told))


def _figure(points: list[Point]) -> Figure:
    values = [point.mean for point in points] if len(points) > 1 else list(points[0].values)
    deviation = stdev(values) if len(values) > 1 else None
    return Figure(mean(values), deviation, tuple(sorted({point.iteration for point in points})))


def _names(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
