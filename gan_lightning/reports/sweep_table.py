"""The end of a sweep: its jobs with the score that is followed, those that failed, and what to type next."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

from gan_lightning.evaluation.records import SCORES, ScoreFile, records_of_run
from gan_lightning.reports import screen_table
from gan_lightning.reports.history import Point, ScoreHistories, ScoreHistory
from gan_lightning.reports.screen_table import Screen, say


@dataclass(frozen=True)
class Job:
    """A job of a sweep that has ended.

    Args:
        name: what distinguishes it from the other jobs; empty for the only one.
        folder: its run folder, which need not exist.
        outcome: `finished`, `failed` or `stopped`.
        follow: the score that its configuration follows; None for the first.
        seconds: how long it took, its start included.
    """

    name: str
    folder: Path
    outcome: str
    follow: str | None
    seconds: float

    def followed(self) -> tuple[str, ScoreHistory | None]:
        """Return the name and the history of the score that is followed; an empty name if there is no score."""
        file = ScoreFile(self.folder / SCORES)
        records, histories = file.read(), ScoreHistories()
        names = list(dict.fromkeys(record.score for record in records if record.better != "neither"))
        if not names:
            return "", None
        for iteration in dict.fromkeys(record.iteration for record in records):
            histories.add([record for record in records if record.iteration == iteration], names)
        for failure in file.failures()[-1:]:
            if failure.iteration > records[-1].iteration:
                histories.fail(failure.iteration)
        name = self.follow if self.follow in histories.by_name else names[0]
        return name, histories.by_name[name]


COLUMNS = "job", "what differs", "outcome", "minutes", "score", "best", "best at", "last", "last at"
LEAST = "last at", "best at", "minutes", "last"
"""Columns that a narrow screen leaves out, the first ones first."""


def show(jobs: Sequence[Job], count: int, folder: str, is_stopped: bool, typed: Sequence[str]) -> None:
    """Print a table of the jobs that have ended, sentences about those that failed, and what to type next.

    Args:
        jobs: the jobs in their order.
        count: how many jobs the sweep has.
        folder: the folder of the sweep.
        is_stopped: whether a signal has ended the sweep.
        typed: the command line that continues it; empty if there is none, as for a sweep that does not train.
    """
    console = Screen()
    found = [job.followed() for job in jobs]
    scores = {name: history.better for name, history in found if history}
    kept = [name for name in COLUMNS[: None if scores else 4] if name != "score" or len(scores) > 1]
    if scores:
        say(console, f"by {', '.join(f'{name} ({better} is better)' for name, better in scores.items())}")
    rows = [_cells(number, job, *pair) for number, (job, pair) in enumerate(zip(jobs, found, strict=True), 1)]
    shown = [{name: row[name] for name in kept} for row in rows]
    if left := screen_table.show(console, shown, COLUMNS[1], LEAST) if shown else []:
        say(console, f"for want of room without {', '.join(left)}: gan-lightning compare shows them")
    for line in _sentences(jobs, count, is_stopped):
        say(console, line)
    quoted = shlex.quote(folder)
    if typed and (len(jobs) < count or any(job.outcome != "finished" for job in jobs)):
        say(console, f"continue:     {shlex.join(typed)}")
    if scores:
        say(console, f"compare:      gan-lightning compare {quoted}")
    elif typed and not any(records_of_run(job.folder) for job in jobs):
        say(console, "compare:      needs scores: train with metric=[fid], or type gan-lightning evaluate run=RUN")
    if any(any(job.folder.glob("events.out.tfevents.*")) for job in jobs):
        say(console, f"TensorBoard:  tensorboard --samples_per_plugin=images=200 --logdir {quoted}")


def _cells(number: int, job: Job, score: str, history: ScoreHistory | None) -> dict[str, str]:
    of_score = [*_point(history.best), *_point(history.last)] if history else [""] * 4
    return dict(
        zip(COLUMNS, (str(number), job.name, job.outcome, f"{job.seconds / 60:.1f}", score, *of_score), strict=True)
    )


def _point(point: Point) -> tuple[str, str]:
    return "none" if isnan(point.value) else f"{point.value:.4g}", f"{point.iteration:,}"


def _sentences(jobs: Sequence[Job], count: int, is_stopped: bool) -> list[str]:
    """Return how many jobs have finished, and where to read why others have not."""
    whole, left = sum(job.outcome == "finished" for job in jobs), count - len(jobs)
    stopped = (
        f"sweep stopped: {whole} of {count} jobs finished, {len(jobs) - whole} stopped or failed, {left} not started"
    )
    said = [stopped if is_stopped else f"{whole} of {count} finished"]
    for number, job in enumerate(jobs, 1):
        if job.outcome == "failed":
            log = job.folder / "train.log"
            where = f"see {log}" if log.is_file() else "its error is above"
            said.append(f"{', '.join(filter(None, (f'job {number}', job.name, 'failed')))}: {where}")
    return said
