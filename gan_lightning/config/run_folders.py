"""Run folders, by their checkpoints too, and what they say without these being read."""

import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_lightning.config.equality import with_equal_numbers
from gan_lightning.config.record import FILE, FIRST, TRAINED, RunRecord, newest_run
from gan_lightning.config.restoring import NOT_TAKEN
from gan_lightning.evaluation.records import EVALUATIONS, SCORES, ScoreFile, records_of_run
from gan_lightning.reports.comparison import Run
from gan_lightning.reports.differences import Settings, by_key
from gan_lightning.reports.history import draws


def folder_of(checkpoint: Path) -> Path | None:
    """Return the run folder that a checkpoint lies in; None for one that lies elsewhere."""
    beside = checkpoint.absolute().parent
    return beside.parent if beside.name == "checkpoints" and (beside.parent / FILE).is_file() else None


def run_folder(run: str) -> Path:
    """Return the run folder that the key `run` names, as such or by one of its checkpoints.

    Raises:
        ValueError: for a file that is in no run folder.
    """
    given = Path(run).expanduser()
    if not given.is_file():
        return given
    if folder := folder_of(given):
        return folder
    raise ValueError(f"run must be a run folder, or a checkpoint in one; {given} lies elsewhere")


def runs_in(given: Sequence[str]) -> list[Path]:
    """Return run folders, where a folder that holds run folders stands for them, by their numbers and names.

    Raises:
        ValueError: if there is no such folder, or it neither is a run folder nor holds one.
    """
    found: dict[Path, None] = {}
    for folder in (Path(word).expanduser() for word in given):
        if not folder.is_dir():
            near = _newest_sweep(folder.parent) if folder.parent.is_dir() else None
            others = near or (TRAINED if newest_run(TRAINED) else None)
            remedy = f"type gan-lightning compare {shlex.quote(str(others))}" if others else FIRST
            raise ValueError(
                f"runs must name run folders, or a folder that holds some; there is no folder {folder}; {remedy}"
            )
        inside = [] if is_run(folder) else sorted(filter(is_run, folder.iterdir()), key=in_order)
        if not inside and not is_run(folder):
            hint = f"; the newest in it that holds some is {newest}" if (newest := _newest_sweep(folder)) else ""
            raise ValueError(f"runs must name run folders, or a folder that holds some; {folder} is neither{hint}")
        found |= dict.fromkeys(inside or [folder])
    return list(found)


def _newest_sweep(folder: Path) -> Path | None:
    """Return the folder that holds runs and has changed last, of those in a folder; None if there is none."""
    readable = [each for each in folder.iterdir() if each.is_dir() and os.access(each, os.R_OK | os.X_OK)]
    sweeps = [each for each in readable if any(map(is_run, each.iterdir()))]
    return max(sweeps, key=lambda each: each.stat().st_mtime, default=None)


def is_run(folder: Path) -> bool:
    """Return whether a folder is that of a run: it has the run's record, or scores."""
    return any((folder / name).is_file() for name in (FILE, SCORES, EVALUATIONS))


def has_own_classes(folder: Path) -> bool:
    """Return whether the record of a run names classes of its user; false where there is no readable record."""
    try:
        return RunRecord.read(folder, "runs").own == "classes"
    except (OSError, ValueError):
        return False


def in_order(folder: Path) -> tuple[int, str]:
    """Return the number that the name of a sweep's folder begins with, and the name."""
    number = folder.name.partition("_")[0]
    return int(number) if number.isdecimal() else 0, folder.name


def scored_run(folder: Path, name: str) -> Run:
    """Return a run with its scores, which may be none.

    Args:
        folder: the run folder.
        name: what tables and sentences call it.
    """
    in_training = ScoreFile(folder / SCORES)
    records, reasons = records_of_run(folder), {each.iteration: each.failed for each in in_training.failures()}
    # If a run is scored in training, its newest checkpoint need not be its end, because it may still be training.
    later = [] if reasons or in_training.read() else iterations_of_checkpoints(folder)
    end = max([*reasons, *(record.iteration for record in records), *later], default=0)
    failure = reasons.get(end, f"the run ended at iteration {end:,}, where this was not scored")
    scores = draws(record for record in records if record.better != "neither")
    return Run(name, str(folder), *configuration_of(folder), scores, end, failure if records or reasons else "")


def configuration_of(run: Path) -> tuple[Settings, str, int]:
    """Return what a run was given, a text that is equal for runs that differ in the seed alone, and the seed."""
    if not (run / FILE).is_file():
        return Settings(), str(run.resolve()), 0  # a text that no other folder has
    record = RunRecord.read(run, "runs")
    given, folder = record.config.get("seed"), record.config.get("run_dir")
    seed = given if isinstance(given, int) else 0
    # Only model and data follow the run's seed; that of scores is one of its own, which may be the same number.
    shared = {key: value for key, value in record.config.items() if key not in NOT_TAKEN and key != "seed"}
    shared |= {section: _without(record.config[section], seed) for section in ("model", "data")}
    shared = _with_folder(shared, folder) if folder and isinstance(folder, str) else shared
    shared = with_equal_numbers(shared)
    # Runs of other code are no repetitions, though their configurations are equal.
    shared |= {f"source_of_{name.replace('.', '_')}": sha256[:8] for name, sha256 in record.sources.items()}
    typed = by_key([word for part in record.parts for word in part.overrides])
    typed.pop("seed", None)
    return Settings(typed, dict(leaves(shared, ""))), json.dumps(shared, sort_keys=True), seed


def _without(tree: Any, seed: int) -> Any:
    """Return a part of a configuration without the run's seed, which is in several places."""
    if isinstance(tree, Mapping):
        return {key: _without(value, seed) for key, value in tree.items() if (key, value) != ("seed", seed)}
    return [_without(each, seed) for each in tree] if isinstance(tree, list) else tree


def _with_folder(tree: Any, folder: str) -> Any:
    """Return a part of a configuration with `.` for the run's folder, which is in several places."""
    if isinstance(tree, Mapping):
        return {key: _with_folder(value, folder) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_with_folder(each, folder) for each in tree]
    return tree.replace(folder, ".") if isinstance(tree, str) else tree


def leaves(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the values of a configuration by their whole keys; a list is one value, a class has its own name.

    Lists of parts are left out: the trainer's callbacks and loggers are those that have keys of their own.
    """
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    elif not (isinstance(tree, list) and any(isinstance(each, Mapping) for each in tree)):
        plain = tree if isinstance(tree, str) else json.dumps(tree)
        yield path, plain.rpartition(".")[2] if path.endswith("_target_") else plain


def iterations_of_checkpoints(run: Path) -> list[int]:
    """Return the iteration of `last.ckpt` if a numbered file is the same; else those of all numbered files."""
    last = run / "checkpoints" / "last.ckpt"
    numbered = [file for file in last.parent.glob("*.ckpt") if file.stem.isdecimal()]
    same = [file for file in numbered if last.is_file() and file.samefile(last)]
    return [int(file.stem) for file in same or numbered]
