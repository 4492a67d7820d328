"""Configurations of runs that are equal: the runs would have the same numbers."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gan_lightning.config.restoring import NOT_TAKEN

ASIDE = {
    "max_epochs", "max_steps", "max_time", "devices", "num_nodes", "accelerator", "strategy", "default_root_dir",
    "logger", "callbacks", "enable_progress_bar", "enable_checkpointing", "log_every_n_steps",
}  # fmt: skip
"""Keys of the trainer in which runs of an equal configuration may differ."""
ROOTS = {"root"}
"""Keys of the data that say where they are read from."""
PLACES = {*ROOTS, "cache_dir", "download", "num_workers", "on_device"}
"""Keys of the data in which they may differ."""


def as_recorded(config: DictConfig) -> dict[str, Any]:
    """Return a composed configuration in plain values, as the record of a run holds it; Hydra's settings are removed.

    Hydra's configuration must be set, because some values follow it.
    """
    OmegaConf.set_struct(config, False)
    del config["hydra"]
    config.run_dir = "."
    found: Any = OmegaConf.to_container(config, resolve=True)
    return dict(found)


def are_equal(config: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Return whether runs of two configurations would have the same numbers.

    They may read their data from different folders if those of the recorded run have moved away.
    """
    pairs = [[_place(each["data"].get(key)) for each in (config, wanted)] for key in ROOTS]
    has_own_data = any(own and other and own != other and own.exists() for own, other in pairs)
    return not has_own_data and comparable(config) == comparable(wanted)


def _place(path: Any) -> Path | None:
    """Return a path as it is seen from any folder; None if there is none."""
    return Path(path).expanduser().absolute() if isinstance(path, str) else None


def comparable(config: Any) -> dict[str, Any]:
    """Return what decides the numbers of a run: no limits, devices, loggers and paths."""
    other = NOT_TAKEN | {"callbacks", "logger", "extractor", "metrics"}
    kept = {key: value for key, value in config.items() if key not in other}
    kept["trainer"] = {key: value for key, value in kept["trainer"].items() if key not in ASIDE}
    kept["data"] = {key: value for key, value in kept["data"].items() if key not in PLACES}
    return kept


def with_equal_numbers(tree: Any) -> Any:
    """Return plain values with one spelling for equal numbers, as 1 for 1.0."""
    if isinstance(tree, dict):
        return {key: with_equal_numbers(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [with_equal_numbers(each) for each in tree]
    return int(tree) if isinstance(tree, float) and tree.is_integer() else tree
