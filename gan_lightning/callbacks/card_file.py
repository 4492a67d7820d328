"""Where the cards of a run's scores go."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lightning.pytorch.loggers import Logger, TensorBoardLogger

from gan_lightning.metrics.card import Card


class CardFile:
    """One card a line, in the order of the iterations.

    Args:
        file: made with the first card.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, cards: Sequence[Card]) -> None:
        """Add the cards of an iteration."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{card.to_json()}\n" for card in cards)

    def read(self) -> list[Card]:
        """All cards; a line that a power cut has broken is left out."""
        cards = []
        for line in self.file.read_text(encoding="utf-8").splitlines() if self.file.is_file() else []:
            with suppress(ValueError):
                cards.append(Card.from_json(line))
        return cards

    def rewind(self, iteration: int) -> None:
        """Leave out what came after an iteration, from which the run goes on in the same folder."""
        if self.file.is_file():
            kept = [card for card in self.read() if card.iteration <= iteration]
            self.file.unlink()
            if kept:
                self.append(kept)


def show(cards: Sequence[Card], loggers: Sequence[Logger], iteration: int) -> None:
    """The values to every logger as `scores/<name>`, the cards to TensorBoard as text."""
    for logger in loggers:
        logger.log_metrics({f"scores/{card.score}": card.value for card in cards}, step=iteration)
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text("scores", "\n\n".join(map(str, cards)), iteration)
