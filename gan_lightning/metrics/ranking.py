"""Scores of several experiments side by side, and a refusal where they cannot be ranked."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from statistics import mean, stdev
from typing import NamedTuple

from gan_lightning.metrics.card import Card, differences, protocol
from gan_lightning.metrics.history import History, Point


@dataclass
class Entry:
    """An experiment: its runs, which differ in their seeds.

    Args:
        name: to show.
        folders: of the runs.
        seeds: of the runs.
        runs: what each scored.
        blanks: why, of each run that has no score at all.
    """

    name: str
    folders: list[str]
    seeds: list[int]
    runs: list[list[History]]
    blanks: list[str] = field(default_factory=list)

    def of(self, wanted: str) -> list[History]:
        """The histories of a protocol, at most one of each run."""
        return [history for run in self.runs for history in run if protocol(history.card) == wanted]

    @property
    def cards(self) -> list[Card]:
        """One of each protocol."""
        return list({protocol(history.card): history.card for run in self.runs for history in run}.values())


class Figure(NamedTuple):
    """A mean over runs, or over the latent seeds of a single one; the deviation is None where there is one value."""

    mean: float
    deviation: float | None
    iterations: tuple[int, ...]


class Row(NamedTuple):
    """An experiment in a table; where a run of it ended without a score, `failed` says why and there is no last."""

    rank: int
    entry: Entry
    num_runs: int
    last: Figure | None
    best: Figure | None
    failed: str = ""


class Table(NamedTuple):
    """Rows of one score under one protocol, best last first, those without a last at the bottom."""

    card: Card
    rows: list[Row]


@dataclass
class Ranking:
    """Tables, and sentences that say which of them must not be ranked together."""

    tables: list[Table] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def ranked(entries: list[Entry]) -> Ranking:
    """A table for each score and protocol; experiments without a common one are named, with the difference.

    Deviations, of which neither a high nor a low one is better, are left out.
    """
    ranking = Ranking()
    cards = list(
        {protocol(card): card for entry in entries for card in entry.cards if card.better != "neither"}.values()
    )
    shared_by_all = False
    for score in dict.fromkeys(card.score for card in cards):
        tables = [_table(card, entries) for card in cards if card.score == score]
        having = [entry for entry in entries if any(card.score == score for card in entry.cards) or not entry.cards]
        widest = max(tables, key=lambda table: len(table.rows))
        ranking.tables += tables
        ranking.refusals += _refusals(widest, having)
        shared_by_all = shared_by_all or len(having) == len(entries)
    if not shared_by_all:
        scores = [", ".join(dict.fromkeys(card.score for card in entry.cards)) for entry in entries]
        has = "; ".join(f"{entry.name} has {names}" for entry, names in zip(entries, scores, strict=True))
        ranking.refusals.append(f"not ranked together, for no score is common to all: {has}")
    return ranking


def _refusals(widest: Table, entries: list[Entry]) -> list[str]:
    """Who is not in the table that most are in, and what keeps each from it."""
    inside = [row.entry for row in widest.rows]
    said = []
    for entry in entries:
        if entry not in inside:
            score = widest.card.score
            its = [card for card in entry.cards if card.score == score]
            apart = min((differences(widest.card, card) for card in its), key=len)
            said.append(f"{score}: {inside[0].name} and {entry.name} are not ranked together; {'; '.join(apart)}")
    return said


def _table(card: Card, entries: list[Entry]) -> Table:
    rows = [_row(entry, entry.of(protocol(card))) for entry in entries]
    sign = -1 if card.better == "higher" else 1

    def place(row: Row) -> float:
        return sign * row.last.mean if row.last else math.inf

    ranks: list[Row] = []
    for _, equal in groupby(sorted((row for row in rows if row), key=place), place):
        first = len(ranks) + 1
        ranks += [row._replace(rank=first) for row in equal]
    return Table(card, ranks)


def _row(entry: Entry, found: list[History]) -> Row | None:
    """Without its rank; None for an experiment with other scores alone."""
    if not found and entry.cards:
        return None
    failed = next((history.failed for history in found if history.failed), next(iter(entry.blanks), ""))
    last = None if failed else _figure(found, lambda history: history.last)
    best = _figure(found, lambda history: history.best) if found else None
    return Row(0, entry, len(found) + len(entry.blanks), last, best, failed)


def _figure(of_runs: list[History], choose: Callable[[History], Point]) -> Figure:
    points = [choose(history) for history in of_runs]
    values = [point.mean for point in points] if len(points) > 1 else list(points[0].values)
    deviation = stdev(values) if len(values) > 1 else None
    return Figure(mean(values), deviation, tuple(sorted({point.iteration for point in points})))
