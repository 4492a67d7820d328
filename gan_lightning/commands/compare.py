"""`gan-lightning compare RUN RUN ...`: scores of runs side by side, ranked where their protocols are the same."""

import logging
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from gan_lightning.config import logs, schema
from gan_lightning.config.runs import cards_of, failures_of
from gan_lightning.metrics import tables
from gan_lightning.metrics.history import histories
from gan_lightning.metrics.ranking import Entry, ranked

log = logging.getLogger(__name__)

CIRCUMSTANCES = ("seed", "run_dir", "resume")
"""Keys of a run's configuration that do not make it another experiment."""


def run(config: DictConfig) -> None:
    """Show a table for each score and protocol, and write compare.csv and compare.md.

    Exits with 1 where runs have no protocol of a score in common; nothing is ranked across protocols.

    Raises:
        ValueError: where a folder is missing or has no scores, or no run has one.
    """
    logs.tidy()
    compare(**schema.arguments(compare, config))


def compare(runs: Sequence[str], run_dir: str) -> None:
    """Compare runs; those that differ in their seed alone become one row, with mean and standard deviation.

    Args:
        runs: run folders.
        run_dir: where to write.

    Raises:
        ValueError: see `run`.
    """
    if not runs:
        raise ValueError("runs must name at least one run folder: gan-lightning compare RUN RUN ...; got none")
    entries = _entries([Path(run).expanduser() for run in dict.fromkeys(runs)])
    if not any(entry.cards for entry in entries):
        said = "; ".join(f"{entry.name}: {entry.blanks[-1]}" for entry in entries)
        raise ValueError(f"runs must name at least one run with a score; of all that were given, none has: {said}")
    ranking = ranked(entries)
    tables.show(ranking)
    for file in tables.write(ranking, Path(run_dir)):
        log.info("written to %s", file)
    if ranking.refusals:
        raise SystemExit(1)


def _entries(places: list[Path]) -> list[Entry]:
    """Runs of one configuration together, in the order they were given; a second run of a seed stands alone."""
    found: list[tuple[str, Entry]] = []
    for place in places:
        cards, failures = cards_of(place, "runs"), failures_of(place)
        experiment, seed = _experiment(place)
        known = next((entry for key, entry in found if key == experiment and seed not in entry.seeds), None)
        if known is None:
            known = Entry(_name(place, places), [], [], [], [])
            found.append((experiment, known))
        known.folders.append(str(place))
        known.seeds.append(seed)
        known.runs.append(histories(cards, failures))
        known.blanks += [failures[-1].failed] if not cards else []
    return [entry for _, entry in found]


def _experiment(place: Path) -> tuple[str, int]:
    """A run's configuration without what differs between its repetitions, and its seed."""
    file = place / ".hydra" / "config.yaml"
    if not file.is_file():
        return str(place.resolve()), 0
    config = OmegaConf.load(file)
    assert isinstance(config, DictConfig)
    seed = config.get("seed", 0)
    return OmegaConf.to_yaml(
        OmegaConf.masked_copy(config, [str(key) for key in config if key not in CIRCUMSTANCES])
    ), seed


def _name(place: Path, places: list[Path]) -> str:
    """The folder's own name where no other has it."""
    return place.name if [other.name for other in places].count(place.name) == 1 else str(place)
