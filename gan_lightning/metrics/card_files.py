"""Scores beside a run."""

from pathlib import Path

from gan_lightning.metrics.card import Card

FILES = ("scores.jsonl", "evaluations.jsonl")
"""Of training, and of `gan-lightning evaluate`; one card a line."""


def cards_of(run: Path, key: str) -> list[Card]:
    """Every card beside a run, in the order they were written.

    Raises:
        ValueError: where the folder is missing or has none, or a line is no card.
    """
    if not run.is_dir():
        raise ValueError(f"{key} must name run folders; there is no folder {run}")
    files = [run / name for name in FILES if (run / name).is_file()]
    cards = [card for file in files for card in _read(file)]
    if not cards:
        raise ValueError(
            f"{key} must name runs with scores, in {' or '.join(FILES)}; {run} has none: train with metric=[fid], or "
            "score it by gan-lightning evaluate"
        )
    return cards


def _read(file: Path) -> list[Card]:
    try:
        return [Card.from_json(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def append(cards: list[Card], file: Path) -> None:
    """Add cards to a file, all in one write, so that two processes do not mix their lines."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write("".join(f"{card.to_json()}\n" for card in cards))
