"""A comparison of runs: which scores are ranked together, which are not and why, as tables in three formats."""

import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_lightning.evaluation.records import PROTOCOL, ScoreRecord, differences, protocol, protocol_values
from gan_lightning.reports import markdown
from gan_lightning.reports.history import Draws


@dataclass(frozen=True, eq=False)
class Run:
    """A run folder and its scores.

    Args:
        configuration: a text that is equal for runs that differ in the seed alone.
        scores: the draws of each protocol and iteration, without deviations; empty if nothing could be scored.
        end: the iteration at which the run ended.
        failure: why the end has no score, if it has none.
    """

    name: str
    folder: str
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
        runs: the runs that are averaged.
        experiment: all runs of their configuration.
        best: the mean of each run's best score; None if nothing could be scored.
        last: the mean of the scores of each run's end; None if a run has no such score.
        failed: why there is no last score; else empty.
        rank: the rank among the last scores; None without one.
    """

    record: ScoreRecord
    runs: list[Run]
    experiment: tuple[Run, ...]
    best: Draws | None
    last: Draws | None
    failed: str
    rank: int | None = None

    @property
    def order(self) -> tuple[bool, float]:
        """The key for sorting a table: first rows with a last score, by it; then the others, by their best score."""
        score = self.last or self.best
        return self.last is None, score.loss if score else math.inf


def compare(runs: Sequence[Run]) -> tuple[list[list[Row]], list[str]]:
    """Return a table for each score and protocol, and sentences that say what is not ranked or averaged together."""
    groups: dict[tuple[str, int], list[Run]] = {}
    repetitions: Counter[tuple[str, int]] = Counter()
    for run in runs:
        groups.setdefault((run.configuration, repetitions[run.configuration, run.seed]), []).append(run)
        repetitions[run.configuration, run.seed] += 1  # the next run of this seed is a row of its own
    experiments = [tuple(group) for group in groups.values()]
    records = {protocol(score.record): score.record for run in runs for score in run.scores}
    by_score: dict[str, list[list[Row]]] = {}
    for record in records.values():
        by_score.setdefault(record.score, []).append(_table(record, experiments))
    sentences = [said for tables in by_score.values() for said in _separations(tables)]
    if not any({row.experiment for row in chain(*tables)} == set(experiments) for tables in by_score.values()):
        scores = {run.name: ", ".join(dict.fromkeys(score.record.score for score in run.scores)) for run in runs}
        has = "; ".join(f"{name} has {names}" for name, names in scores.items())
        sentences.append(f"not ranked together, because no score is common to all: {has}")
    return list(chain(*by_score.values())), sentences


def _table(record: ScoreRecord, experiments: Sequence[tuple[Run, ...]]) -> list[Row]:
    """Return a row for each experiment that was scored under a protocol, or could not be scored at all."""
    table = []
    for experiment in experiments:
        runs = [run for run in experiment if run.under(record) or not run.scores]
        if any(run.scores for run in runs) or not any(run.scores for run in experiment):
            table.append(_row(record, runs, experiment))
    table.sort(key=lambda row: row.order)
    for row in table:
        row.rank = 1 + sum(other.order < row.order for other in table) if row.last else None
    return table


def _row(record: ScoreRecord, runs: list[Run], experiment: tuple[Run, ...]) -> Row:
    best, last, reasons = [], [], []
    for run in runs:
        scores = run.under(record)
        best += sorted(scores, key=lambda score: score.loss)[:1]
        of_end = [score for score in scores if score.record.iteration == run.end]
        last += of_end
        if not of_end:
            reasons.append(f"{run.name}: {run.failure}" if len(runs) > 1 else run.failure)
    return Row(record, runs, experiment, _mean(best), None if reasons else _mean(last), "; ".join(reasons))


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
            said = f"{main.record.score}: {largest[0].runs[0].name} and {main.runs[0].name} are not ranked together"
            sentences.append("; ".join([said, *differences(largest[0].record, main.record)]))
        names = " and ".join(run.name for run in main.runs)
        for run in experiment:
            apart = [differences(main.record, row.record) for row in rows if run in row.runs]
            if apart and run not in main.runs:
                said = f"{main.record.score}: the row of {names} is without {run.name}, of the same configuration"
                sentences.append("; ".join([said, *min(apart, key=len)]))
    return sentences


COLUMNS = ("rank", "run", "seeds", "last", "at iteration", "best", "at iteration")
MAIN = ("n_fake", "n_real", "split", "extractor", "resize", "weights", "batch_norm")  # the protocol in each title


def show(tables: list[list[Row]], sentences: list[str]) -> None:
    """Print the tables, then the sentences."""
    console = Console()
    for title, rows in zip(_titles(tables), tables, strict=True):
        screen = Table(*COLUMNS, title=Text(title), title_justify="left")
        for row in rows:
            screen.add_row(*map(Text, _cells(row)))  # rich would take brackets in a run's name for markup
        console.print(screen)
    for said in sentences:
        console.print(said, markup=False, highlight=False, soft_wrap=True)


def write(tables: list[list[Row]], sentences: list[str], folder: Path) -> None:
    """Write `compare.md`, and `compare.csv` with plain numbers and the whole protocol."""
    lines = []
    for title, rows in zip(_titles(tables), tables, strict=True):
        lines += [f"## {title}", "", *markdown.table(COLUMNS, map(_cells, rows)), ""]
    text = "\n".join([*lines, *(f"- {said}" for said in sentences), ""])
    (folder / "compare.md").write_text(text, encoding="utf-8")
    plain = [{"table": number, **_plain(row)} for number, rows in enumerate(tables, 1) for row in rows]
    with (folder / "compare.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(plain[0]))
        writer.writeheader()
        writer.writerows(plain)


def _titles(tables: list[list[Row]]) -> list[str]:
    """Return the main part of each table's protocol; titles that would be equal also name what they differ in."""
    protocols = [protocol_values(rows[0].record) for rows in tables]
    titles = []
    for own in protocols:
        alike = [other for other in protocols if all(other[name] == own[name] for name in ("score", *MAIN))]
        names = dict.fromkeys(name for other in alike for name in other)
        differing = [name for name in names if len({str(other.get(name)) for other in alike}) > 1]
        values = ", ".join(f"{name} {own.get(name) or 'none'}" for name in (*MAIN, *differing))
        titles.append(f"{own['score']} ({own['better']} is better): {values}")
    return titles


def _cells(row: Row) -> list[str]:
    seeds = str(len(row.runs)) if len(row.runs) == len(row.experiment) else f"{len(row.runs)} of {len(row.experiment)}"
    last = _score_cells(row.last) if row.last else [f"no score: {row.failed}", ""]
    return [str(row.rank or ""), row.runs[0].name, seeds, *last, *_score_cells(row.best)]


def _score_cells(score: Draws | None) -> list[str]:
    iterations = [f"{iteration:,}" for iteration in score.iterations] if score else []
    return [str(score or ""), " to ".join(dict.fromkeys([*iterations[:1], *iterations[-1:]]))]


def _plain(row: Row) -> dict[str, object]:
    found: dict[str, object] = {"rank": row.rank, "run": row.runs[0].name, "seeds": len(row.runs)}
    for name, score in (("last", row.last), ("best", row.best)):
        found |= {name: score and score.mean, f"{name}_deviation": score and score.deviation}
        found |= {f"{name}_iterations": " ".join(map(str, score.iterations)) if score else ""}
    protocol = {name: getattr(row.record, name) for name in PROTOCOL}
    return found | {"failed": row.failed} | protocol | {"folders": " ".join(run.folder for run in row.runs)}
