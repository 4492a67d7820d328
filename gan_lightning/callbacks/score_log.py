"""What the scores of a run leave behind: lines in its folder, values and cards in its loggers, words on the screen."""

import logging
from collections.abc import Sequence
from pathlib import Path

from lightning import Trainer

from gan_lightning.callbacks.card_file import EVALUATIONS, SCORES, CardFile, show
from gan_lightning.callbacks.checkpoints import resumed_from
from gan_lightning.metrics.card import Card
from gan_lightning.metrics.failure import Failure

log = logging.getLogger(__name__)


class ScoreLog:
    """Of a run; only its first process writes and speaks.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = CardFile(folder / SCORES)
        self.warned: set[str] = set()

    def begin(self, trainer: Trainer) -> None:
        """Leave to the folder no scores but those of what the run goes on from, which lie beside its checkpoints."""
        if not trainer.is_global_zero:
            return
        checkpoint = resumed_from(trainer)
        before = checkpoint.parent.parent if checkpoint else None
        goes_on_here = before == self.folder.resolve()
        for name in (SCORES, EVALUATIONS):
            own = CardFile(self.folder / name)
            if goes_on_here:
                own.rewind(trainer.global_step)
            else:
                own.file.unlink(missing_ok=True)
        if before and not goes_on_here:
            self.file.begin_with(CardFile(before / SCORES), trainer.global_step)

    def write(self, trainer: Trainer, cards: Sequence[Card]) -> None:
        """What an iteration scored; each of its warnings is said once in a run."""
        if not trainer.is_global_zero:
            return
        iteration = trainer.global_step
        log.info("iteration %d: %s", iteration, ", ".join(f"{card.score} {card.value:.4g}" for card in cards))
        for warning in dict.fromkeys(said for card in cards for said in card.warnings):
            self.warn(trainer, warning)
        self.file.append(cards)
        show(cards, trainer.loggers, iteration)

    def fail(self, trainer: Trainer, reason: str) -> None:
        """That an iteration could not be scored, and why."""
        iteration = trainer.global_step
        self.warn(trainer, f"no scores at iteration {iteration:,}: {reason}")
        if trainer.is_global_zero:
            self.file.append([Failure(iteration, reason)])

    def warn(self, trainer: Trainer, said: str) -> None:
        """Once for each sentence."""
        if said not in self.warned and trainer.is_global_zero:
            self.warned.add(said)
            log.warning(said)

    def say(self, trainer: Trainer, said: str) -> None:
        """A line of the run's log."""
        if trainer.is_global_zero:
            log.info(said)
