"""`gan-lightning compare RUN RUN ...`: scores of runs side by side, ranked where their protocols are the same."""

import logging
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from gan_lightning.config import logs, schema
from gan_lightning.config.runs import checkpoints_of, failures_of, records_of, was_scored
from gan_lightning.reports import comparison_tables
from gan_lightning.reports.comparison import Experiment, Run, ranked
from gan_lightning.reports.history import histories

log = logging.getLogger(__name__)

CIRCUMSTANCES = ("seed", "run_dir", "resume")
"""Keys of a run's configuration that do not make it another experiment."""


def run(config: DictConfig) -> None:
    """Show a table for each score and protocol, and write compare.csv and compare.md.

    Exits with 1 where runs have no protocol of a score in common, and where a run is left out of the mean of its
    configuration, for its protocol is another; nothing is ranked across protocols.

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
    experiments = _experiments([Path(run).expanduser() for run in dict.fromkeys(runs)])
    if not any(experiment.records for experiment in experiments):
        said = "; ".join(f"{run.name}: {run.blank}" for experiment in experiments for run in experiment.runs)
        raise ValueError(f"runs must name at least one run with a score; of all that were given, none has: {said}")
    ranking = ranked(experiments)
    comparison_tables.show(ranking)
    for file in comparison_tables.write(ranking, Path(run_dir)):
        log.info("written to %s", file)
    if ranking.refusals:
        raise SystemExit(1)


def _experiments(places: list[Path]) -> list[Experiment]:
    """Runs of one configuration together, in the order they were given; a second run of a seed stands alone."""
    found: list[tuple[str, Experiment]] = []
    for place in places:
        experiment, seed = _experiment(place)
        taken = ((experiment, [run.seed for run in experiment.runs]) for key, experiment in found if key == experiment)
        known = next((experiment for experiment, seeds in taken if seed not in seeds), None)
        if known is None:
            known = Experiment()
            found.append((experiment, known))
        known.runs.append(_run(place, _name(place, places), seed))
    return [experiment for _, experiment in found]


def _run(place: Path, name: str, seed: int) -> Run:
    records, failures = records_of(place, "runs"), failures_of(place)
    blank = "" if records else failures[-1].failed
    # A run that goes on, or was broken off, has checkpoints after its last score.
    checkpoints = [] if was_scored(place) else checkpoints_of(place)
    return Run(name, str(place), seed, histories(records, failures, checkpoints), blank)


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
