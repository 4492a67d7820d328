"""`gan-lightning compare RUN RUN ...`: scores of runs side by side, ranked where their protocols are the same."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from omegaconf import DictConfig

from gan_lightning.config import logs
from gan_lightning.config.run_folders import configuration_of, iterations_of_checkpoints
from gan_lightning.evaluation.records import SCORES, ScoreFile, records_of_run
from gan_lightning.reports import comparison
from gan_lightning.reports.history import draws

log = logging.getLogger(__name__)


def prepared(config: DictConfig) -> Callable[[], None]:
    """Compare the runs that the configuration names; return what shows and writes the comparison."""
    logs.tidy()
    return compare(config.runs, config.run_dir)


def compare(runs: Sequence[str], run_dir: str) -> Callable[[], None]:
    """Compare runs; return what shows a table for each score and protocol, and writes compare.csv and compare.md.

    Runs that differ in their seed alone become one row, with mean and standard deviation. Nothing is ranked or averaged
    across protocols.

    Args:
        runs: run folders.
        run_dir: the folder that the files are written to.

    Raises:
        ValueError: if a folder is missing or has no scores, or no run has one.
    """
    folders = [Path(run).expanduser() for run in dict.fromkeys(runs)]
    read = [_read(folder, folders) for folder in folders]
    if not any(run.scores for run in read):
        found = "; ".join(f"{run.name}: {run.failure}" for run in read) or "no run"
        raise ValueError(f"runs must name a run with a score: gan-lightning compare RUN RUN ...; got {found}")
    return partial(_told, *comparison.compare(read), Path(run_dir))


def _told(tables: list[list[comparison.Row]], sentences: list[str], folder: Path) -> None:
    """Show a comparison and write it to a folder.

    Raises:
        SystemExit: with 1 if something is not ranked or averaged together because of its protocol.
    """
    comparison.show(tables, sentences)
    comparison.write(tables, sentences, folder)
    log.info("compare.csv and compare.md are written to %s", folder)
    if sentences:
        raise SystemExit(1)


def _read(folder: Path, folders: Sequence[Path]) -> comparison.Run:
    """Read a run, which is shown by its folder's own name if no other folder has that name."""
    if not folder.is_dir():
        raise ValueError(f"runs must name run folders; there is no folder {folder}")
    in_training = ScoreFile(folder / SCORES)
    records, reasons = records_of_run(folder), {each.iteration: each.failed for each in in_training.failures()}
    if not records and not reasons:
        raise ValueError(f"runs must have scores; {folder} has none: train with metric=[fid], or run evaluate on it")
    # If a run is scored in training, its newest checkpoint need not be its end, because it may still be training.
    later = [] if reasons or in_training.read() else iterations_of_checkpoints(folder)
    end = max([*reasons, *(record.iteration for record in records), *later])
    failure = reasons.get(end, f"the run ended at iteration {end:,}, where this was not scored")
    name = folder.name if [other.name for other in folders].count(folder.name) == 1 else str(folder)
    scores = draws(record for record in records if record.better != "neither")
    return comparison.Run(name, str(folder), *configuration_of(folder), scores, end, failure)


TAKES = (compare,)
"""The functions whose arguments are the keys of this command's configuration."""
