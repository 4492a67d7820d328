"""Classes of one's own: where their source is, what is wrong with it, and what it was when a run was made."""

import hashlib
import os
import shlex
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from gan_lightning.config.signatures import signature
from gan_lightning.config.sources import UnreadableError, find

INSTALLED = {"gan_lightning", "__main__", *sys.stdlib_module_names}
"""Names that no module of one's own has."""
PLACES = {"site-packages", "dist-packages"}
"""Folders in which packages are installed."""
MACHINERY = (str(Path(hydra.__file__).parent), str(Path(find_spec("importlib").origin or "").parent), "<frozen ")  # type: ignore[union-attr]
"""Beginnings of files that a module is imported by, in a traceback."""


def check_sources(config: DictConfig) -> None:
    """Check that the modules of one's own classes can be read as Python, without importing them.

    Raises:
        ValueError: for the first that cannot; the message has the file and the line.
    """
    for key, target in _targets(OmegaConf.to_container(config)):
        if not _is_own(target):
            continue
        with suppress(LookupError):
            try:
                find(target)
            except UnreadableError as error:
                if isinstance(error.__cause__, SyntaxError):
                    raise ValueError(f"{key}: {not_imported(target, error.__cause__)}") from error


def not_imported(target: str, error: BaseException) -> str:
    """Return a sentence on an error that a module's import has raised: the line of the module that was executed last.

    Args:
        target: the dotted name that was to be imported.
        error: what was raised.
    """
    frames = [
        (frame.filename, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(MACHINERY)
    ]
    said = error.msg if isinstance(error, SyntaxError) else error
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    where = f"line {frames[-1][1]} of {frames[-1][0]}: " if frames else ""
    return f"{target} cannot be imported; {where}{type(error).__name__}: {said}"


def takes_unlisted(key: str, config: DictConfig) -> bool:
    """Return whether a key that its YAML file does not list is an argument of a class of one's own.

    Args:
        key: the key in full.
        config: the composed configuration.
    """
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(config, parent, throw_on_missing=False) if parent else None
    target = node.get("_target_") if isinstance(node, DictConfig) else None
    if not isinstance(target, str) or not _is_own(target):
        return False
    with suppress(LookupError):
        return name in signature(target).arguments
    return False


def hashes(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of the source of each module that has a class of one's own, by the module's name.

    Args:
        config: a configuration in plain values, whose classes have been imported.
    """
    found = {}
    for _, target in _targets(config):
        if _is_own(target):
            module = str(getattr(hydra.utils.get_object(target), "__module__", ""))
            file = getattr(sys.modules.get(module), "__file__", None)
            if file and Path(file).is_file() and _is_own(module):
                found[module] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def python_path(config: Mapping[str, Any] | DictConfig) -> str:
    """Return what stands in front of a command for a run: the folders of PYTHONPATH that its own classes come from."""
    plain: Any = OmegaConf.to_container(config) if isinstance(config, DictConfig) else config
    modules = {target.partition(".")[0] for _, target in _targets(plain) if _is_own(target)}
    folders = [folder or "." for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    needed = [
        folder
        for folder in dict.fromkeys(folders)
        if any(Path(folder, f"{name}.py").is_file() or Path(folder, name).is_dir() for name in modules)
    ]
    return f"PYTHONPATH={shlex.quote(os.pathsep.join(needed))} " if needed else ""


def _is_own(target: str) -> bool:
    """Return whether a dotted name begins with a module that is neither this package's nor installed."""
    name = target.partition(".")[0]
    if not name or name in INSTALLED:
        return False
    with suppress(ValueError, ImportError):
        if (spec := find_spec(name)) is not None:
            places = [*filter(None, [spec.origin]), *(spec.submodule_search_locations or ())]
            return all(PLACES.isdisjoint(Path(place).parts) for place in places)
    return False


def _targets(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the key of each part that names a `_target_`, and that."""
    if isinstance(tree, Mapping):
        if isinstance(target := tree.get("_target_"), str):
            yield path, target
        for key, below in tree.items():
            yield from _targets(below, f"{path}.{key}".lstrip("."))
    elif isinstance(tree, list):
        for below in tree:
            yield from _targets(below, path)
