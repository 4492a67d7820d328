"""What stands in a row of a comparison: an experiment and the runs that repeat it."""

from dataclasses import dataclass, field

from gan_lightning.metrics.card import Card, differences, protocol
from gan_lightning.metrics.history import History


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
        return next((history for history in self.histories if protocol(history.card) == wanted), None)

    def apart(self, card: Card) -> list[str]:
        """What keeps it from a protocol: the fewest differences that a history of the same score has.

        Empty where nothing does, and where the run does not have the score.
        """
        its = [history.card for history in self.histories if history.card.score == card.score]
        return min((differences(card, other) for other in its), key=len, default=[])


@dataclass
class Entry:
    """An experiment: its runs, which differ in their seeds."""

    runs: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the first run."""
        return self.runs[0].name

    @property
    def cards(self) -> list[Card]:
        """One of each protocol."""
        return list({protocol(each.card): each.card for run in self.runs for each in run.histories}.values())

    def under(self, card: Card) -> list[Run]:
        """The runs that a row of this protocol is about: those with a score under it, and those with none at all.

        No run where the experiment has other scores alone.
        """
        found = [run for run in self.runs if run.blank or run.of(protocol(card))]
        return found if not self.cards or any(not run.blank for run in found) else []
