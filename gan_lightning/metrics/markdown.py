"""Tables in Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from gan_lightning.metrics.card import Card


def line(cells: Iterable[str]) -> str:
    """Of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def head(titles: Sequence[str]) -> list[str]:
    """The two lines that a table begins with."""
    return [line(titles), line(("---",) * len(titles))]


def whole_cards(cards: Sequence[Card]) -> str:
    """A table of the scores with those fields that differ; then the fields that are the same for all, and warnings."""
    names = [field.name for field in fields(Card) if field.name != "warnings"]
    texts = {name: [_text(getattr(card, name)) for card in cards] for name in names}
    columns = list(dict.fromkeys(["score", "value", *(name for name in names if len(set(texts[name])) > 1)]))
    rows = [line(cells) for cells in zip(*(texts[name] for name in columns), strict=True)]
    same = [f"- {name}: {texts[name][0]}" for name in names if name not in columns]
    warnings = [f"- {said}" for said in dict.fromkeys(said for card in cards for said in card.warnings)]
    return "\n".join([*head(columns), *rows, "", *same, *warnings])


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
