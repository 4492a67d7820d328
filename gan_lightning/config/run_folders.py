"""Run folders by their checkpoints, and what they say without these being read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_lightning.config.record import FILE, RunRecord
from gan_lightning.config.restoring import NOT_TAKEN


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


def configuration_of(run: Path) -> tuple[str, int]:
    """Return a text that is equal for runs whose configurations differ in the seed alone, and the seed."""
    if not (run / FILE).is_file():
        return str(run.resolve()), 0  # a text that no other folder has
    config = RunRecord.read(run, "runs").config
    seed = config.get("seed", 0)
    shared = {key: value for key, value in config.items() if key not in NOT_TAKEN}
    text = json.dumps(_without(shared, seed), sort_keys=True)
    return text.replace(json.dumps(str(config.get("run_dir")))[1:-1], "."), seed


def _without(tree: Any, seed: int) -> Any:
    """Return a configuration without the run's seed, which is in several places."""
    if isinstance(tree, Mapping):
        return {key: _without(value, seed) for key, value in tree.items() if (key, value) != ("seed", seed)}
    return [_without(each, seed) for each in tree] if isinstance(tree, list) else tree


def iterations_of_checkpoints(run: Path) -> list[int]:
    """Return the iteration of `last.ckpt` if a numbered file is the same; else those of all numbered files."""
    last = run / "checkpoints" / "last.ckpt"
    numbered = [file for file in last.parent.glob("*.ckpt") if file.stem.isdecimal()]
    same = [file for file in numbered if last.is_file() and file.samefile(last)]
    return [int(file.stem) for file in same or numbered]
