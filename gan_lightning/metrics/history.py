"""How a score went in a run: what one protocol gave, iteration by iteration."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from statistics import mean
from typing import NamedTuple

from gan_lightning.metrics.card import CIRCUMSTANCES, Card, differences


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
    """

    card: Card
    points: tuple[Point, ...]

    @property
    def last(self) -> Point:
        """Of the highest iteration."""
        return self.points[-1]

    @property
    def best(self) -> Point:
        """The first of those that are nothing worse than any other."""
        choose = max if self.card.better == "higher" else min
        return choose(self.points, key=lambda point: point.mean)


def histories(cards: Iterable[Card]) -> list[History]:
    """The cards of a run sorted into histories, in the order of their first cards.

    Several latent seeds are draws under one protocol. Of two cards for one iteration and seed the later one counts.
    """
    found: dict[str, dict[tuple[int, int], Card]] = {}
    for card in cards:
        found.setdefault(protocol(card), {})[card.iteration, card.latent_seed] = card
    return [_history(of_protocol) for of_protocol in found.values()]


def protocol(card: Card) -> str:
    """The same for cards whose scores may be ranked together."""
    plain = asdict(_without_draw(card))
    return json.dumps({name: value for name, value in plain.items() if name not in CIRCUMSTANCES}, sort_keys=True)


def unlike(card: Card, other: Card) -> list[str]:
    """What two protocols do not have in common, latent seeds aside."""
    return differences(_without_draw(card), _without_draw(other))


def _without_draw(card: Card) -> Card:
    """Which latents were drawn is chance, how many is protocol."""
    return replace(card, latent_seed=0)


def _history(cards: dict[tuple[int, int], Card]) -> History:
    by_iteration: dict[int, list[float]] = {}
    for iteration, seed in sorted(cards):
        by_iteration.setdefault(iteration, []).append(cards[iteration, seed].value)
    points = tuple(Point(iteration, tuple(values)) for iteration, values in by_iteration.items())
    return History(next(iter(cards.values())), points)
