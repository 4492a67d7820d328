"""How a score went in a run: what one protocol gave, iteration by iteration."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean
from typing import NamedTuple

from gan_lightning.metrics.card import Card, protocol
from gan_lightning.metrics.failure import Failure


class Point(NamedTuple):
    """What a checkpoint scored: a value for each latent seed, in their order."""

    iteration: int
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the latent seeds."""
        return mean(self.values)


@dataclass(frozen=True)
class History:
    """Points of one score and one protocol, by iteration.

    Args:
        card: any of those that it was made from, for the protocol.
        points: at least one.
        failed: why the run's end has no score of this protocol; empty where the last point is of the run's end.
    """

    card: Card
    points: tuple[Point, ...]
    failed: str = ""

    @property
    def last(self) -> Point | None:
        """Of the run's end; None where that has no score of this protocol, however late the last point is."""
        return None if self.failed else self.points[-1]

    @property
    def best(self) -> Point:
        """The first of those that are nothing worse than any other."""
        choose = max if self.card.better == "higher" else min
        return choose(self.points, key=lambda point: point.mean)


def histories(
    cards: Iterable[Card], failures: Iterable[Failure] = (), checkpoints: Iterable[int] = ()
) -> list[History]:
    """The cards of a run sorted into histories, in the order of their first cards.

    Several latent seeds are draws under one protocol. Of two cards for one iteration and seed the later one counts.
    A failure is one of all scores. The run's end is the highest iteration that any card, failure or checkpoint has:
    a history of the best checkpoint alone would else have it as its last.

    Args:
        cards: of all protocols.
        failures: iterations whose images could not be scored.
        checkpoints: iterations that were reached.
    """
    found: dict[str, dict[tuple[int, int], Card]] = {}
    for card in cards:
        found.setdefault(protocol(card), {})[card.iteration, card.latent_seed] = card
    reasons = {failure.iteration: failure.failed for failure in failures}
    end = max([*reasons, *checkpoints, *(iteration for each in found.values() for iteration, _ in each)], default=0)
    reason = reasons.get(end, f"the run ended at iteration {end:,}, where this was not scored")
    return [_history(of_protocol, end, reason) for of_protocol in found.values()]


def _history(cards: dict[tuple[int, int], Card], end: int, reason: str) -> History:
    by_iteration: dict[int, list[float]] = {}
    for iteration, seed in sorted(cards):
        by_iteration.setdefault(iteration, []).append(cards[iteration, seed].value)
    points = tuple(Point(iteration, tuple(values)) for iteration, values in by_iteration.items())
    return History(next(iter(cards.values())), points, reason if points[-1].iteration < end else "")
