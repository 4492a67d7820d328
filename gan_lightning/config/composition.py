"""The configuration as Hydra composes it from the installed YAML files, and from those of `--config-dir`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

PACKAGE = Path(__file__).resolve().parents[1]
CONF = next(folder for folder in (PACKAGE / "conf", PACKAGE.parent / "conf") if folder.is_dir())
"""The folder of the YAML files: beside the package in a checkout, inside it in a wheel."""


def composed(words: Sequence[str], primary: str = "config", with_hydra: bool = False) -> DictConfig:
    """Compose a configuration, with the search path of the running command if there is one.

    Args:
        words: overrides such as `model=lsgan` and `seed=1`.
        primary: the name of the primary configuration, without `.yaml`.
        with_hydra: whether Hydra's own settings are kept under `hydra`.
    """
    if GlobalHydra.instance().is_initialized():
        return compose(primary, list(words), return_hydra_config=with_hydra)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(primary, list(words), return_hydra_config=with_hydra)


def parsed(word: str) -> Override:
    """Return an override as Hydra reads it; one that it cannot read raises a HydraException."""
    return OverridesParser.create().parse_override(word)


def is_choice(word: str) -> bool:
    """Return whether an override chooses an option of a group, as `model=lsgan` does, and sets no value."""
    key = parsed(word).key_or_group
    loader: Any = GlobalHydra.instance().config_loader() if GlobalHydra.instance().is_initialized() else None
    return loader.repository.group_exists(key) if loader else (CONF / key).is_dir()
