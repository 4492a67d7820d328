"""Paths that a configuration names: whether they are there, hold what they must, and what is meant by a wrong one."""

import os
import shlex
import sys
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from omegaconf import DictConfig

from gan_lightning.config.arguments import TAKES_ONE
from gan_lightning.config.fits import asked
from gan_lightning.config.run_given import absent
from gan_lightning.config.schema import targets
from gan_lightning.config.signatures import signature
from gan_lightning.data.archive import is_folder
from gan_lightning.data.listing import check_holds_images, is_image
from gan_lightning.data.nearby import sibling
from gan_lightning.values import Existing

ARCHIVES = {".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zst"}
"""Archives that must be unpacked, because only .zip files are read in place."""


def check_paths(config: DictConfig, *functions: str) -> None:
    """Check that every path exists that a signature asks for, and holds an image if it must; after `check`.

    Args:
        config: the configuration.
        functions: the dotted names of functions whose arguments are the configuration's own keys.

    Raises:
        ValueError: if one does not; the message names its full key.
    """
    named = [(f"{path}.", str(node._target_), node) for path, node in targets(config, "")]
    for path, target, node in [*named, *(("", function, config) for function in functions)]:
        for name, argument in signature(target).arguments.items():
            wanted = asked(argument.hint, Existing) if name in node else None
            if wanted and isinstance(node[name], str) and not (wanted.unless and node.get(wanted.unless)):
                can_be_made = wanted.unless in node and node[name]
                example = f"; type {path}{name}={wanted.kind.partition(' ')[0].upper()}"
                remedy = f"{example}, or {path}{wanted.unless}=true to download it" if can_be_made else example
                remedy = remedy if can_be_made or not node[name] else ""
                _check_path(f"{path}{name}", node[name], wanted, remedy)


def _check_path(key: str, value: str, wanted: Existing, remedy: str) -> None:
    path = Path(value).expanduser()
    if not value or not _is(wanted.kind, path):
        kind = "" if wanted.kind == "path" else f"{wanted.kind} "
        if not value:
            found = f"nothing was given after {key}="
        elif "://" in value:
            there = f"{value} is an address; {_fetched(key, value, wanted)}"
            raise ValueError(f"{key} must be on this machine, and {there}")
        elif os.path.exists(path):  # noqa: PTH110 - Path's own raises without rights
            found, remedy = _of_another_kind(key, path, wanted.kind), ""
        else:
            found = f"there is no {kind}{path}"
            if key == "run":
                found, remedy = absent(key, path), ""
            elif near := sibling(path, partial(_is, wanted.kind)):
                found, remedy = f"{found}; did you mean {_typed(key, near)}?", ""
        raise ValueError(f"{key} must {wanted.wanted or f'name a {kind}that exists'}; {found}{remedy}")
    for part in wanted.parts:
        if not is_folder(path / part, key):
            instead = f"; for folders of other names type {wanted.instead}" if wanted.instead else ""
            raise ValueError(
                f"{key} must name a folder with {' and '.join(wanted.parts)}; {path} has no {part}{instead or remedy}"
            )
    for part in wanted.parts or ([""] if wanted.holds else []):
        try:
            check_holds_images(path / part, wanted.holds, key)
        except ValueError as error:
            raise ValueError(f"{error}{remedy}") from error


def _is(kind: str, path: Path) -> bool:
    """Return whether a path is there and of a kind, as `Existing` names it."""
    is_file, is_dir = os.path.isfile(path), os.path.isdir(path)  # noqa: PTH112, PTH113 - Path's raise without rights
    is_zip = is_file and path.suffix.lower() == ".zip"
    return {"file": is_file, "folder": is_dir, "folder or .zip file": is_dir or is_zip}.get(kind, is_file or is_dir)


def _of_another_kind(key: str, path: Path, kind: str) -> str:
    """Return what a path is that is no folder, or no file, and what to type instead."""
    if kind == "file":
        return f"{path} is a folder; type {_typed(key, f'{path}/FILE')}"
    if path.suffix.lower() == ".zip":
        return f"{path} is a file; unpack it and name the folder"
    if path.suffix.lower() in ARCHIVES:
        or_zip = ", or make a .zip file of it" if ".zip" in kind else ""
        return f"{path} is an archive of a kind that is not read; unpack it and type {_typed(key, 'FOLDER')}{or_zip}"
    if is_image(path):
        return f"{path} is a file; type {_typed(key, path.parent)}"
    return f"{path} is a file and no picture; type {_typed(key, 'FOLDER')}"


def _fetched(key: str, address: str, wanted: Existing) -> str:
    """Return what to do with what an address names, and what to type then."""
    name = PurePosixPath(urlsplit(address).path).name
    is_kind = name.endswith(".zip") and ".zip" in wanted.kind if "folder" in wanted.kind else "." in name
    return f"download it and type {_typed(key, name if is_kind else wanted.kind.partition(' ')[0].upper())}"


def _typed(key: str, path: Path | str) -> str:
    """Return a path as it is typed, without its key for the commands that need none."""
    command = next(iter(sys.argv[1:]), "")
    if TAKES_ONE.get(command, ("",))[0] == key:
        return f"gan-lightning {command} {shlex.quote(str(path))}"
    return f"{key}={shlex.quote(str(path))}"
