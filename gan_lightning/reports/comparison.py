"""A comparison of runs: which scores are ranked together, which ranks are ties, which runs are apart and why."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from gan_lightning.evaluation.records import ScoreRecord, protocol, protocol_differences
from gan_lightning.reports.differences import Settings, names
from gan_lightning.reports.history import Draws, as_loss

NAMED = 3
"""How many runs of a row are named that nothing but their folders distinguish, and how many settings of the data."""
NOT_OF_IMAGES = {
    "batch_size", "drop_last", "num_workers", "cache", "cache_dir", "on_device", "download", "expected", "flip",
}  # fmt: skip
"""Keys of the data that change no image of those that are scored."""
HASHES = ("data: ", "extractor_sha256: ")
"""Beginnings of differences that say nothing to a reader; those of a trained extractor follow its data."""


@dataclass(frozen=True, eq=False)
class Run:
    """A run folder and its scores.

    Args:
        name: its folder's own name, or its whole path where another run has that name.
        folder: its path.
        settings: what it was given, without the seed.
        configuration: a text that is equal for runs that differ in the seed alone.
        seed: its seed.
        scores: the draws of each protocol and iteration, without deviations; empty if nothing could be scored.
        end: the iteration at which the run ended.
        failure: why the end has no score, if it has none.
    """

    name: str
    folder: str
    settings: Settings
    configuration: str
    seed: int
    scores: list[Draws]
    end: int
    failure: str

    def under(self, record: ScoreRecord) -> list[Draws]:
        """Return the scores under the protocol of a record."""
        return [score for score in self.scores if protocol(score.record) == protocol(record)]


@dataclass
class Row:
    """Runs that differ in their seeds, scored under one protocol and averaged.

    Args:
        name: what distinguishes their configuration from the others.
        record: a score record of the protocol under which they are compared.
        runs: the runs that are averaged.
        experiment: all runs of their configuration.
        best: the mean of each run's best score; None if nothing could be scored.
        last: the mean of the scores of each run's end; None if a run has no such score.
        failed: why there is no last score; else empty.
        ranks: the best and the worst rank among the last scores that the intervals allow; None without a last score.
    """

    name: str
    record: ScoreRecord
    runs: list[Run]
    experiment: tuple[Run, ...]
    best: Draws | None
    last: Draws | None
    failed: str
    ranks: tuple[int, int] | None = None

    @property
    def span(self) -> tuple[float, float]:
        """The interval of the last score, or twice its value without one, as numbers of which the lower is better."""
        assert self.last
        low, high = sorted(as_loss(end, self.record.better) for end in self.last.interval or (self.last.mean,) * 2)
        return low, high

    @property
    def order(self) -> tuple[bool, float]:
        """The key for sorting a table: first rows with a last score, by it; then the others, by their best score."""
        score = self.last or self.best
        return self.last is None, score.loss if score else math.inf


def compare(runs: Sequence[Run]) -> tuple[list[list[Row]], list[str]]:
    """Return a table for each score and protocol, and sentences that say what is not ranked or averaged together.

    Args:
        runs: the runs, of which those that differ in their seeds alone become one row.
    """
    groups: dict[tuple[str, int], list[Run]] = {}
    repetitions: Counter[tuple[str, int]] = Counter()
    for run in runs:
        groups.setdefault((run.configuration, repetitions[run.configuration, run.seed]), []).append(run)
        repetitions[run.configuration, run.seed] += 1  # the next run of this seed is a row of its own
    experiments = [tuple(group) for group in groups.values()]
    labels = names([runs[0].settings for runs in experiments], list(map(_together, experiments)))
    named = dict(zip(experiments, labels, strict=True))
    records = {protocol(score.record): score.record for run in runs for score in run.scores}
    by_score: dict[str, list[list[Row]]] = {}
    for record in records.values():
        by_score.setdefault(record.score, []).append(_table(record, named))
    sentences = [said for tables in by_score.values() for said in _separations(tables)]
    if not any({row.experiment for row in chain(*tables)} == set(experiments) for tables in by_score.values()):
        scores = {name: [score.record.score for run in group for score in run.scores] for group, name in named.items()}
        has = "; ".join(f"{name} has {', '.join(dict.fromkeys(own))}" for name, own in scores.items())
        sentences.append(f"not ranked together, because no score is common to all: {has}")
    return list(chain(*by_score.values())), sentences


def _table(record: ScoreRecord, named: dict[tuple[Run, ...], str]) -> list[Row]:
    """Return a row for each experiment that was scored under a protocol, or could not be scored at all."""
    table = []
    for experiment, name in named.items():
        runs = [run for run in experiment if run.under(record) or not run.scores]
        if any(run.scores for run in runs) or not any(run.scores for run in experiment):
            table.append(_row(name, record, runs, experiment))
    table.sort(key=lambda row: row.order)
    ranked = [row for row in table if row.last]
    spans = [row.span for row in ranked]
    for row, (low, high) in zip(ranked, spans, strict=True):
        better, worse = (other[1] < low for other in spans), (other[0] > high for other in spans)
        row.ranks = 1 + sum(better), len(ranked) - sum(worse)
    return table


def _row(name: str, record: ScoreRecord, runs: list[Run], experiment: tuple[Run, ...]) -> Row:
    best, last, reasons = [], [], []
    for run in runs:
        scores = run.under(record)
        best += sorted(scores, key=lambda score: score.loss)[:1]
        of_end = [score for score in scores if score.record.iteration == run.end]
        last += of_end
        if not of_end:
            reasons.append(f"{run.name}: {run.failure}" if len(runs) > 1 else run.failure)
    own = _together(runs) if name == _together(experiment) else name  # where nothing but folders name the experiment
    return Row(own, record, runs, experiment, _mean(best), None if reasons else _mean(last), "; ".join(reasons))


def _together(runs: Sequence[Run]) -> str:
    """Return the names of runs as one, or the first and how many more there are."""
    if len(runs) > NAMED:
        return f"{runs[0].name} and {len(runs) - 1} more"
    return " and ".join(run.name for run in runs)


def _mean(scores: list[Draws]) -> Draws | None:
    """Return the means of several runs as draws; a single run keeps its draws over latent seeds."""
    several = Draws([replace(score.record, value=score.mean) for score in scores])
    return several if len(scores) > 1 else next(iter(scores), None)


def _separations(tables: list[list[Row]]) -> list[str]:
    """Say which experiments are not in the largest table of a score, which runs are not in a mean, and why."""
    largest = max(tables, key=lambda table: (len(table), sum(len(row.runs) for row in table)))
    by_experiment: dict[tuple[Run, ...], list[Row]] = {}
    for row in chain(*tables):
        by_experiment.setdefault(row.experiment, []).append(row)
    sentences = []
    for experiment, rows in by_experiment.items():
        main = max(rows, key=lambda row: (row in largest, len(row.runs)))
        if main not in largest:
            said = f"{main.record.score}: {largest[0].name} and {main.name} are not ranked together"
            sentences.append("; ".join([said, *_reasons(largest[0], main)]))
        names = " and ".join(run.name for run in main.runs)
        for run in experiment:
            apart = [_reasons(main, row) for row in rows if run in row.runs]
            if apart and run not in main.runs:
                said = f"{main.record.score}: the row of {names} is without {run.name}, of the same configuration"
                sentences.append("; ".join([said, *min(apart, key=len)]))
    return sentences


def _reasons(row: Row, other: Row) -> list[str]:
    """Return what distinguishes the protocols of two rows; instead of hashes, the settings of the data that differ."""
    found = protocol_differences(row.record, other.record)
    mine, its = (each.runs[0].settings.values for each in (row, other))
    keys = [key for key in dict.fromkeys([*mine, *its]) if _is_of_images(key) and mine.get(key) != its.get(key)]
    if not keys or not any(each.startswith(HASHES[0]) for each in found):
        return found
    named = [f"{key.removesuffix('._target_')}: {mine.get(key, 'none')} and {its.get(key, 'none')}" for key in keys]
    return [*named[:NAMED], *(each for each in found if not each.startswith(HASHES))]


def _is_of_images(key: str) -> bool:
    """Return whether the images of a run follow a key."""
    part, _, name = key.partition(".")
    return part == "data" and name.partition(".")[0] not in NOT_OF_IMAGES
