"""The run that a command is given, where a folder of another level was typed, or a line copied with its placeholder."""

import re
import shlex
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from gan_lightning.config.record import FILE, newest_run, run_to_type
from gan_lightning.data.nearby import sibling

PLACEHOLDER = re.compile(r"[A-Z_]+")
"""A name that stands for another in examples, such as RUN and TIME_NAME."""


def run_at(place: Path) -> Path | None:
    """Return the run that a path may be meant for: itself, or the newest in it; None if it is none and holds none."""
    if place.is_file():
        return place if place.suffix == ".ckpt" else None
    if (place / FILE).is_file() or (place / "checkpoints").is_dir():
        return place
    newest = newest_run(place)
    return Path(*shlex.split(newest)) if newest else None


def absent(key: str, path: Path) -> str:
    """Return a clause on a run that is not there, and one on what to type: a run of nearly that name, or the newest.

    Args:
        key: the key that names the run.
        path: the path that was typed.
    """
    near = sibling(path, Path.exists)
    meant = run_at(near) if near else sibling(path.parent / "checkpoints" / path.name, Path.is_file)
    if meant:
        return f"there is no {path}; did you mean {key}={shlex.quote(str(meant))}?"
    return f"there is no {path}; {run_to_type(key, path.parent)}"


def check_run(config: DictConfig) -> None:
    """Check that `run` is neither a folder in a run nor one of runs, nor a placeholder.

    Raises:
        ValueError: if it is; the message names the run to type.
    """
    if OmegaConf.is_missing(config, "run") or not isinstance(given := config.get("run"), str):
        return
    path = Path(given).expanduser()
    if path.is_dir():
        above = path.absolute().parent
        if run_at(path) == path:
            return
        if (above / FILE).is_file():
            raise ValueError(f"run must be the whole run folder; {given} is a part of it; type run={_named(path)}")
        if newest_run(path):
            remedy = run_to_type("run", path)
            raise ValueError(f"run must be one run folder, and {given} is a folder that holds run folders; {remedy}")
    elif PLACEHOLDER.fullmatch(path.name) and not path.exists():
        remedy = run_to_type("run", path.parent)
        raise ValueError(f"run must be a run folder, and {given} stands for one in examples; {remedy}")


def _named(path: Path) -> str:
    """Return the folder above a path as it is typed."""
    return shlex.quote(str(path.parent if path.name else path.absolute().parent))
