"""The configuration as Hydra composes it from the installed YAML files, and from those of `--config-dir`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import SearchPathException
from omegaconf import DictConfig

from gan_lightning.config import resolvers

PACKAGE = Path(__file__).resolve().parents[1]
CONF = next(folder for folder in (PACKAGE / "conf", PACKAGE.parent / "conf") if folder.is_dir())
"""The folder of the YAML files: beside the package in a checkout, inside it in a wheel."""

CONFIG_DIR = ("--config-dir", "-cd")
"""Hydra's flags for a folder with further YAML files."""


def config_dir(words: Sequence[str]) -> str | None:
    """Return the folder of one's own YAML files that a command line names with `--config-dir`, if it does."""
    for flag, folder in pairwise([*words, ""]):
        name, equals, value = flag.partition("=")
        if name in CONFIG_DIR:
            return value if equals else folder
    return None


def folders(words: Sequence[str] | None = None) -> list[Path]:
    """Return the folders of YAML files that a command line has, those that count first in front.

    Args:
        words: the command line; None for the running one.
    """
    own = config_dir(sys.argv[1:] if words is None else words)
    return [*([Path(own).expanduser()] if own else []), CONF]


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


def with_search_path(config_dir: str | Path | None) -> Hydra:
    """Return Hydra with the search path that `hydra.main` would give it, as the global one.

    Args:
        config_dir: a further folder of YAML files, which come first.

    Raises:
        SearchPathException: if there is no such folder.
    """
    search_path = create_config_search_path(str(CONF))
    if config_dir is not None:
        folder = Path(config_dir).expanduser().absolute()
        if not folder.is_dir():
            raise SearchPathException(f"--config-dir must name a folder of YAML files; there is no {config_dir}")
        search_path.prepend("command-line", f"file://{folder}", SearchPathQuery(provider="schema"))
    return Hydra.create_main_hydra2("gan_lightning", search_path)


@contextmanager
def searching(config_dir: str | Path | None) -> Iterator[None]:
    """Compose with a further folder of YAML files while the context lasts; a running command's search path stays."""
    resolvers.register()
    before = GlobalHydra.instance().hydra
    try:
        if config_dir is not None or before is None:
            GlobalHydra.instance().clear()
            with_search_path(config_dir)
        yield
    finally:
        GlobalHydra.instance().clear()
        GlobalHydra.instance().hydra = before


def parsed(word: str) -> Override:
    """Return an override as Hydra reads it; one that it cannot read raises a HydraException."""
    return OverridesParser.create().parse_override(word)


def is_choice(word: str) -> bool:
    """Return whether an override chooses an option of a group, as `model=lsgan` does, and sets no value."""
    key = parsed(word).key_or_group
    loader: Any = GlobalHydra.instance().config_loader() if GlobalHydra.instance().is_initialized() else None
    return loader.repository.group_exists(key) if loader else (CONF / key).is_dir()
