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
        failed: why there is no score after the last point, where the images could not be scored.
    """

    card: Card
    points: tuple[Point, ...]
    failed: str = ""

    @property
    def last(self) -> Point:
        """Of the highest iteration."""
        return self.points[-1]

    @property
    def best(self) -> Point:
        """The first of those that are nothing worse than any other."""
        choose = max if self.card.better == "higher" else min
        return choose(self.points, key=lambda point: point.mean)


def histories(cards: Iterable[Card], failures: Iterable[Failure] = ()) -> list[History]:
    """The cards of a run sorted into histories, in the order of their first cards.

    Several latent seeds are draws under one protocol. Of two cards for one iteration and seed the later one counts.
    A failure is one of all scores.
    """
    found: dict[str, dict[tuple[int, int], Card]] = {}
    for card in cards:
        found.setdefault(protocol(card), {})[card.iteration, card.latent_seed] = card
    end = max(failures, key=lambda failure: failure.iteration, default=None)
    return [_history(of_protocol, end) for of_protocol in found.values()]


def _history(cards: dict[tuple[int, int], Card], end: Failure | None) -> History:
    by_iteration: dict[int, list[float]] = {}
    for iteration, seed in sorted(cards):
        by_iteration.setdefault(iteration, []).append(cards[iteration, seed].value)
    points = tuple(Point(iteration, tuple(values)) for iteration, values in by_iteration.items())
    failed = end.failed if end and end.iteration > points[-1].iteration else ""
    return History(next(iter(cards.values())), points, failed)
