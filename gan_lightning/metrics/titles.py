"""What the tables of a comparison are called."""

from gan_lightning.metrics.card import Card, parts


def titles(cards: list[Card]) -> list[str]:
    """A title for a card of each protocol; those that would be the same say in what they differ, too."""
    short = [_title(card) for card in cards]
    return [title + _apart(card, _alike(title, short, cards)) for title, card in zip(short, cards, strict=True)]


def _title(card: Card) -> str:
    """The score and the part of its protocol that people ask for first."""
    norm = "" if card.batch_norm == "none" else f", batch norm {card.batch_norm}"
    against = f" against {card.n_real:,} of {card.split}" if card.n_real else ""
    return (
        f"{card.score} ({card.better} is better): {card.n_fake:,} fakes{against}, {card.extractor} "
        f"{card.extractor_sha256[:8]}, resize {card.resize}, {card.weights} weights{norm}"
    )


def _alike(title: str, short: list[str], cards: list[Card]) -> list[Card]:
    return [card for other, card in zip(short, cards, strict=True) if other == title]


def _apart(card: Card, alike: list[Card]) -> str:
    """The values in which a card differs from any of the others; empty where it stands alone."""
    every = [parts(other) for other in alike]
    names = dict.fromkeys(name for each in every for name in each)
    differing = [name for name in names if any(each.get(name) != every[0].get(name) for each in every)]
    return "".join(f", {name} {parts(card).get(name, 'none')}" for name in differing)
