"""`gan-lightning compare RUN RUN ...`: scores of runs side by side, ranked where their protocols are the same."""

import logging
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from omegaconf import DictConfig

from gan_lightning.config import logs
from gan_lightning.config.run_folders import has_own_classes, runs_in, scored_run
from gan_lightning.reports import comparison_table
from gan_lightning.reports.comparison import Row, compare as compared

log = logging.getLogger(__name__)

SHOWN = 5
"""How many runs are named that have no scores."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Compare the runs that the configuration names; return what shows and writes the comparison.

    Args:
        config: the configuration of this command; see `compare`.

    Raises:
        ValueError: as `compare` does.
    """
    logs.tidy()
    return compare(config.runs, config.run_dir)


def compare(runs: Sequence[str], run_dir: str) -> Callable[[], None]:
    """Compare runs; return what shows a table for each score and protocol, and writes compare.csv and compare.md.

    Runs that differ in their seed alone become one row, with mean and standard deviation. Nothing is ranked or averaged
    across protocols. Runs without scores are left out, with a line.

    Args:
        runs: run folders, or folders that hold some, such as that of a sweep.
        run_dir: the folder that the files are written to.

    Raises:
        ValueError: if a folder is missing or is none of a run, or no run has a score.
    """
    folders = runs_in(runs)
    names = [folder.resolve().name for folder in folders]
    pairs = zip(folders, names, strict=True)
    read = [scored_run(folder, name if names.count(name) == 1 else str(folder)) for folder, name in pairs]
    if not any(run.scores for run in read):
        found = ", ".join(f"{run.name} has none{f' ({run.failure})' * bool(run.failure)}" for run in read[:SHOWN])
        own = "--config-dir FOLDER " if has_own_classes(folders[0]) else ""
        where = "; FOLDER stands for that of your YAML files, whose classes PYTHONPATH must find" if own else ""
        more = f", and {len(read) - SHOWN} more have none" if len(read) > SHOWN else ""
        raise ValueError(
            f"runs must have scores; {found}{more}; type gan-lightning evaluate {own}run={shlex.quote(str(folders[0]))}"
            f"{' for each run' * (len(read) > 1)}, or train with metric=[fid]{where}"
        )
    without = [run.name for run in read if not run.failure]
    left = [f"without scores, and left out: {', '.join(without)}"] if without else []
    return partial(_told, *compared([run for run in read if run.failure]), left, Path(run_dir))


def _told(tables: list[list[Row]], apart: list[str], left: list[str], folder: Path) -> None:
    """Show a comparison and write it to a folder.

    Raises:
        SystemExit: with 1 if something is not ranked or averaged together because of its protocol.
    """
    sentences = [*apart, *left, *comparison_table.notes(tables)]
    comparison_table.write(tables, sentences, folder)  # first, because a pipe such as `| head` may close
    comparison_table.show(tables, sentences)
    log.info("compare.csv and compare.md are written to %s", folder)
    if apart:
        raise SystemExit(1)


TAKES = (compare,)
"""The functions whose arguments are the keys of this command's configuration."""
