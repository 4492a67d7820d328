"""Whether a generator's images depend on where its batch normalisation takes the statistics from."""

from dataclasses import replace
from itertools import combinations

from gan_lightning.metrics.card import Card, protocol
from gan_lightning.metrics.summary import Line

APART = 0.1
"""Scores under two norm modes that differ by a larger part of the greater one are named."""


def parted(found: list[Line]) -> list[str]:
    """Where scores under two norm modes, all else equal, differ by more than a tenth and twice their deviation.

    The deviation is the greatest there is: over latent seeds, or the score's own, as KID's over its subsets. One seed
    has none of its own.
    """
    own = {_scored(line.card): line.mean for line in found if line.card.better == "neither"}
    scores = [line for line in found if line.card.better != "neither"]
    said = []
    for one, other in combinations(scores, 2):
        names = one.card.batch_norm, other.card.batch_norm
        as_one = replace(other.card, batch_norm=names[0], batch_size=one.card.batch_size)
        same = protocol(one.card) == protocol(as_one)
        apart = abs(one.mean - other.mean)
        greater = max(abs(one.mean), abs(other.mean))
        noise = 2 * max(max(line.deviation, own.get(_scored(line.card), 0.0)) for line in (one, other))
        if names[0] != names[1] and same and apart > max(APART * greater, noise):
            said.append(
                f"{one.card.score} of {one.card.n_fake:,} images by {one.card.weights} weights is {one} with batch "
                f"norm {names[0]} and {other} with {names[1]}: the running statistics do not stand for the batches."
            )
    return said


def _scored(card: Card) -> str:
    """The same for a score and for its own deviation, `kid` and `kid_std`."""
    return protocol(replace(card, score=card.score.replace("_std", "", 1), better="neither"))
