"""Where the cards of a run's scores go."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from lightning.pytorch.loggers import Logger, TensorBoardLogger

from gan_lightning.metrics.card import Card
from gan_lightning.metrics.failure import Failure
from gan_lightning.metrics.markdown import whole_cards
from gan_lightning.metrics.record import Record

R = TypeVar("R", bound=Record)
SCORES, EVALUATIONS = "scores.jsonl", "evaluations.jsonl"
"""Cards beside a run: those of training, and those of `gan-lightning evaluate`."""


class CardFile:
    """One card a line, or a failure where there could be none, in the order of the iterations.

    Args:
        file: made with the first line.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, records: Sequence[Card | Failure]) -> None:
        """Add what an iteration gave."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{record.to_json()}\n" for record in records)

    def read(self) -> list[Card]:
        """All cards; a line that a power cut has broken is left out."""
        return self._all(Card)

    def failures(self) -> list[Failure]:
        """All failures."""
        return self._all(Failure)

    def rewind(self, iteration: int) -> None:
        """Leave out what came after an iteration, from which the run goes on in the same folder.

        Lines without an iteration, which another version may have written, stay.
        """
        self.begin_with(self, iteration)

    def begin_with(self, other: "CardFile", iteration: int) -> None:
        """Have the lines of another file up to an iteration in place of its own, at once or not at all."""
        if other.file.is_file():
            kept = [line for line in other._lines() if (_iteration(line) or 0) <= iteration]
            self.file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.file.with_suffix(".tmp")
            temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
            temporary.replace(self.file)

    def _all(self, kind: type[R]) -> list[R]:
        found = []
        for line in self._lines():
            with suppress(ValueError):
                found.append(kind.from_json(line))
        return found

    def _lines(self) -> Iterable[str]:
        text = self.file.read_text(encoding="utf-8") if self.file.is_file() else ""
        return [line for line in text.split("\n") if line]


def _iteration(line: str) -> int | None:
    with suppress(json.JSONDecodeError, TypeError, KeyError):
        found = json.loads(line)["iteration"]
        return found if isinstance(found, int) else None
    return None


def show(cards: Sequence[Card], loggers: Sequence[Logger], iteration: int) -> None:
    """The values to every logger as `scores/<name>`, the cards to TensorBoard as text."""
    for logger in loggers:
        logger.log_metrics({f"scores/{card.score}": card.value for card in cards}, step=iteration)
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text("scores", whole_cards(cards), iteration)
