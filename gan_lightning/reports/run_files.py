"""What a run folder's files say, as plain values; the folder may be a stranger's, so damaged parts count as missing."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gan_lightning.evaluation.records import SCORES, ScoreFile, ScoreRecord, ScoringFailure, records_of_run
from gan_lightning.reports.grids import grids_by_iteration
from gan_lightning.reports.making import Making, making_of
from gan_lightning.reports.tables import DAMAGE, iteration_of

T = TypeVar("T")

ENVIRONMENT = "environment.json"
"""The file in a run folder that says on what machine and with which versions the run was trained."""
IMAGES_SEEN = "images seen"
"""Its key for the images that the run had used when it ended, which may be after the last row of metrics.csv."""


class Message(NamedTuple):
    """What the guard said at an iteration."""

    iteration: int
    sentence: str


@dataclass(frozen=True)
class RunFiles:
    """Readers of the files of a run folder.

    Args:
        folder: the run folder.
    """

    folder: Path

    def record(self) -> dict[str, Any]:
        """Return the run's record, `run.json`, whose `config` and other parts may be missing or of any kind."""
        return _unless_damaged(lambda: dict(json.loads(self._text("run.json")))) or {}

    def environment(self) -> dict[str, str]:
        """Return names and values of what the run was trained on."""
        return _unless_damaged(lambda: {str(key): str(value) for key, value in self._json(ENVIRONMENT).items()}) or {}

    def neighbours(self) -> dict[str, str]:
        """Return names and values of what the search for nearest training images found, `neighbours.json`."""
        found = _unless_damaged(lambda: dict(self._json("neighbours.json"))) or {}
        plain = {str(key): str(value) for key, value in found.items() if isinstance(value, str | int | float)}
        return plain | (_unless_damaged(lambda: _shares(found["memorisation"])) or {})

    def scores(self) -> list[ScoreRecord]:
        """Return the score records of training and of evaluations, without those of deviations."""
        found = _unless_damaged(lambda: records_of_run(self.folder)) or []
        return [record for record in found if record.better != "neither"]

    def failures(self) -> list[ScoringFailure]:
        """Return the iterations that could not be scored."""
        return _unless_damaged(lambda: ScoreFile(self.folder / SCORES).failures()) or []

    def messages(self) -> list[Message]:
        """Return what the guard said, in order."""
        found = []
        for line in _unless_damaged(lambda: self._text("guard.jsonl").split("\n")) or []:
            with suppress(*DAMAGE):
                plain = json.loads(line)
                found.append(Message(iteration_of(plain["iteration"]), str(plain["sentence"])))
        return found

    def grids(self) -> dict[int, Path]:
        """Return the pictures of samples by iteration, in ascending order."""
        return grids_by_iteration(self.folder / "samples")

    def making(self) -> Making:
        """Return how the run was made, with no lines if its record does not say."""
        return _unless_damaged(lambda: making_of(self.record())) or Making("", [], [])

    def _text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def _json(self, name: str) -> Any:
        return json.loads(self._text(name))


def _shares(memorisation: dict[str, Any]) -> dict[str, str]:
    """Return each figure of memorisation with its interval, as text."""
    found = {}
    for name, figure in memorisation.items():
        low, high = map(float, figure["interval"])
        found[str(name)] = f"{float(figure['value']):.3g}, interval {low:.3g} to {high:.3g}"
    return found


def _unless_damaged(read: Callable[[], T]) -> T | None:
    """Return what is read; None if it is damaged."""
    try:
        return read()
    except DAMAGE:
        return None
