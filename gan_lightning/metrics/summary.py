"""What an evaluation says in a table: the mean and the deviation over latent seeds."""

from collections.abc import Iterable
from statistics import mean, stdev
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from gan_lightning.metrics.card import Card, protocol


class Line(NamedTuple):
    """A score under one protocol: a card of it, and its value for each latent seed."""

    card: Card
    values: list[float]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return mean(self.values)

    @property
    def deviation(self) -> float:
        """Over the seeds; 0 where there is one."""
        return stdev(self.values) if len(self.values) > 1 else 0.0

    def __str__(self) -> str:
        return f"{self.mean:.4g}" + (f" ± {self.deviation:.2g}" if len(self.values) > 1 else "")


def lines(cards: Iterable[Card]) -> list[Line]:
    """One for each score and protocol, in the order of the cards; the same seed twice is one draw."""
    draws = {(protocol(card), card.latent_seed): card for card in cards}
    found: dict[str, Line] = {}
    for (under, _), card in draws.items():
        found.setdefault(under, Line(card, [])).values.append(card.value)
    return list(found.values())


def show(found: list[Line]) -> None:
    """The table on the screen, without the deviations of single scores."""
    identity = found[0].card
    title = f"features: {identity.extractor} {identity.extractor_sha256[:8]}, resize {identity.resize}"
    table = Table(title=title, title_justify="left")
    for column in ("score", "value", "seeds", "fakes", "real", "weights", "batch norm"):
        table.add_column(column, no_wrap=True)
    for line in found:
        card = line.card
        if card.better != "neither":
            real = f"{card.n_real:,} {card.split}" if card.n_real else "none"
            counts = (str(len(line.values)), f"{card.n_fake:,}", real)
            table.add_row(card.score, str(line), *counts, card.weights, card.batch_norm)
    Console().print(table)
