"""Constructors' signatures as the schema of the configuration: names, types and bounds of keys, checked first."""

import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lightning.config.kinds import PLAIN, describe, is_plain, typed
from gan_lightning.config.options import FILLED_BY, chosen, file_that_sets, option_for, options_of
from gan_lightning.config.renamed import what_became_of
from gan_lightning.config.run_given import FIRST, TRAINED, newest_run
from gan_lightning.config.signatures import signature
from gan_lightning.data.listing import check_holds_images
from gan_lightning.data.nearby import sibling
from gan_lightning.values import AtLeast, Existing, Numbers

T = TypeVar("T", bound=Existing | Numbers)
CONTROL = {"_target_", "_partial_", "_args_", "_recursive_", "_convert_"}


def check(config: DictConfig, *sections: str) -> None:
    """Compare every node that names a `_target_` with the signature of that target.

    Args:
        config: the configuration.
        sections: the keys whose nodes are compared; all without any.

    Raises:
        ValueError: if an argument is misspelt, missing, of the wrong type or out of bounds, or if there are settings
            of a part that was not chosen; the message names the full key of the first.
    """
    for path, node in _targets(config, ""):
        if sections and path.split(".")[0] not in sections:
            continue
        _check_node(str(node._target_), node, f"{path}.")


def check_paths(config: DictConfig, *functions: str) -> None:
    """Check that every path exists that a signature asks for, and holds an image if it must; after `check`.

    Args:
        config: the configuration.
        functions: the dotted names of functions whose arguments are the configuration's own keys.

    Raises:
        ValueError: if one does not; the message names its full key.
    """
    named = [(f"{path}.", str(node._target_), node) for path, node in _targets(config, "")]
    for path, target, node in [*named, *(("", function, config) for function in functions)]:
        for name, argument in signature(target).arguments.items():
            wanted = _asked(argument.hint, Existing) if name in node else None
            if wanted and isinstance(node[name], str) and not (wanted.unless and node.get(wanted.unless)):
                can_be_made = wanted.unless in node and node[name]
                example = f"; type {path}{name}={wanted.kind.partition(' ')[0].upper()}"
                remedy = f"{example}, or {path}{wanted.unless}=true to download it" if can_be_made else example
                remedy = remedy if can_be_made or not node[name] else ""
                _check_path(f"{path}{name}", node[name], wanted, remedy)


def arguments(function: str, config: DictConfig) -> dict[str, Any]:
    """Return the keys of a configuration that a command's signature names, checked against it.

    Args:
        function: the dotted name of the command's function.
        config: the configuration.

    Raises:
        ValueError: if a key or a value is wrong, as in `check`.
    """
    known = signature(function).arguments
    own = OmegaConf.masked_copy(config, [str(key) for key in config if str(key) in known])
    _check_node(function, own, "")
    for key, value in own.items():
        # A whole node is not checked above, because it may describe a part that is still to be built.
        if OmegaConf.is_config(value):
            _check_value(str(key), value, known[str(key)].hint)
    return {str(key): own[key] for key in own}


def numbers(key: str, value: Any, least: int, once: bool = True) -> list[int]:
    """Return one number or several as a list; of most keys each must be given once: a second score is no second draw.

    Raises:
        ValueError: if the value is anything else; the message names the key.
    """
    every = list(value) if isinstance(value, ListConfig | list | tuple) else [value]
    if not every or not all(type(number) is int and number >= least for number in every):
        raise ValueError(f"{key} must be a whole number of at least {least}, or a list of them; got {value}")
    if once and len(set(every)) < len(every):
        raise ValueError(f"{key} must name each number once; got {value}")
    return every


def takes_list(hint: Any) -> bool:
    """Return whether an argument of a type takes several values as a list."""
    return _asked(hint, Numbers) is not None or _fits(ListConfig([]), hint)


def nearest(word: str, known: Any) -> str:
    """Return ', did you mean ...?' if a known word is near, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _check_node(target: str, node: DictConfig, path: str) -> None:
    try:
        whole = signature(target)
    except LookupError as error:
        raise ValueError(
            f"{path}_target_ must name a class or function that can be imported; there is no {target}: "
            "is the folder of its module on PYTHONPATH?"
        ) from error
    known = whole.arguments
    given = {str(key) for key in node} - CONTROL
    if unknown := [] if whole.is_open else sorted(given - known.keys()):
        raise ValueError(_unknown(path, unknown, list(known), target))
    for name, argument in known.items():
        key = f"{path}{name}"
        if name not in given or OmegaConf.is_missing(node, name):
            if name in given or (argument.is_needed and not node.get("_partial_") and "_args_" not in node):
                raise ValueError(_missing(key, argument.hint))
            continue
        value, hint = node[name], argument.hint
        if several := _asked(hint, Numbers):
            if value is not None:
                numbers(key, value, several.least, several.once)
            continue
        if isinstance(value, DictConfig) and _is_of_parts(hint):
            _check_chosen(value)
        _check_value(key, value, hint)


def _check_value(key: str, value: Any, hint: Any) -> None:
    if _fits(value, hint):
        return
    choice = option_for(key, value)
    if not is_plain(hint):
        meant = choice or _wanted(key, hint)
        raise ValueError(f"{key} cannot be {typed(value)}, because a group chooses it; type {meant}")
    remedy = ""
    if isinstance(value, ListConfig) and len(value) == 1 and _fits(value[0], hint):
        remedy = f"; type {key}={value[0]}"
    elif choice:
        remedy = f"; type {choice}"
    elif isinstance(value, str):
        words = [word for part in (hint, *get_args(hint)) if get_origin(part) is Literal for word in get_args(part)]
        remedy = nearest(value, [word for word in words if isinstance(word, str)])
    raise ValueError(
        f"{key} must be {describe(hint)}; got {value if OmegaConf.is_config(value) else repr(value)}{remedy}"
    )


def _missing(key: str, hint: Any) -> str:
    """Return a sentence on a key that must be given: what it is, and an example; of runs, the newest one."""
    found = _asked(hint, Existing)
    what = f", and must {found.wanted}" if found and found.wanted else ""
    if key != "run":
        return f"{key} must be given{what}; type {_wanted(key, hint)}"
    newest = newest_run(TRAINED)
    return f"run must be given{what}; {f'type run={newest} for the newest' if newest else f'type run=RUN, or {FIRST}'}"


def _wanted(key: str, hint: Any) -> str:
    """Return what to type for a key: the choice of a group, or the key with a word for what it takes."""
    part = key.rpartition(".")[2]
    group = FILLED_BY.get(part, part)
    if not is_plain(hint) and (options := options_of(group)):
        return f"{group}=OPTION, with one of {', '.join(options)}"
    kind = found.kind.partition(" ")[0].upper() if (found := _asked(hint, Existing)) else "VALUE"
    return f"{key}={kind}"


def _unknown(path: str, names: Sequence[str], known: Sequence[str], target: str) -> str:
    """Return a sentence on keys that a part does not take: what it takes, who set them, and how to leave them out."""
    name, key = names[0], f"{path}{names[0]}"
    if new := what_became_of(key):
        return f"{key} is not known; {new}"
    part = path.rstrip(".").rpartition(".")[2]
    group = FILLED_BY.get(part, part)
    who = f"{group}={option}" if (option := chosen(group)) else target.rpartition(".")[2]
    takes = f"takes {', '.join(known)}" if known else "takes no settings"
    if file := file_that_sets(key):
        others = [f"~{path}{each}" for each in names if file_that_sets(f"{path}{each}")]
        return f"{key} is set by {file}, and {who} {takes}; type {' '.join(others)} to leave that out"
    near = nearest(name, known)
    return f"{key} is not known{near} {who} {takes}" if near else f"{key} is not known, so leave it out; {who} {takes}"


def _check_path(key: str, value: str, wanted: Existing, remedy: str) -> None:
    path = Path(value).expanduser()
    is_file, is_folder = os.path.isfile(path), os.path.isdir(path)  # noqa: PTH112, PTH113 - Path's raise without rights
    is_there = {"file": is_file, "folder": is_folder, "path": os.path.exists(path)}  # noqa: PTH110
    is_there["folder or .zip file"] = is_folder or (is_file and path.suffix.lower() == ".zip")
    if not value or not is_there[wanted.kind]:
        kind = "" if wanted.kind == "path" else f"{wanted.kind} "
        found = f"there is no {kind}{path}" if value else f"nothing was given after {key}="
        if value and is_file:
            unpack = "; unpack it and name the folder" if path.suffix.lower() == ".zip" else ""
            found = f"{path} is a file{unpack or f'; type {key}={path.parent}'}"
            remedy = ""
        elif value and wanted.kind != "path" and (near := sibling(path)):
            found, remedy = f"{found}; did you mean {key}={near}?", ""
        raise ValueError(f"{key} must {wanted.wanted or f'name a {kind}that exists'}; {found}{remedy}")
    for part in wanted.parts or ([""] if wanted.holds else []):
        try:
            check_holds_images(path / part, wanted.holds, key)
        except ValueError as error:
            raise ValueError(f"{error}{remedy}") from error


def _asked(hint: Any, kind: type[T]) -> T | None:
    """Return what a type asks of a value in its annotation; None if it asks nothing of that kind."""
    if get_origin(hint) in (Union, UnionType):
        return next((found for part in get_args(hint) if (found := _asked(part, kind))), None)
    parts = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((part for part in parts if isinstance(part, kind)), None)


def _check_chosen(group: DictConfig) -> None:
    """Check that every part of a group, such as each of `model.penalties`, was chosen and not only given settings.

    Raises:
        ValueError: if a part names no class; the message names the first.
    """
    for name, part in group.items():
        if not isinstance(part, DictConfig) or "_target_" not in part:
            place = group._get_full_key("")
            file = file_that_sets(f"{place}.{name!s}")
            remedy = f"type ~{place}.{name!s} to leave out what {file} sets" if file else "leave its settings out"
            raise ValueError(
                f"{place}.{name!s} is given settings, but {name!s} is not among the chosen {place.rpartition('.')[2]}; "
                f"choose it, or {remedy}"
            )


def _is_of_parts(hint: Any) -> bool:
    """Return whether a type is a mapping of names to objects, which a group of the configuration fills."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_is_of_parts(part) for part in parts)
    is_mapping = inspect.isclass(origin) and issubclass(origin, Mapping)
    return is_mapping and inspect.isclass(parts[1]) and not issubclass(parts[1], PLAIN)


def _targets(node: Any, path: str) -> Iterator[tuple[str, DictConfig]]:
    if isinstance(node, DictConfig):
        if "_target_" in node:
            yield path, node
        for key in node:
            child = node._get_node(key)
            if isinstance(child, DictConfig | ListConfig) and not child._is_interpolation():
                yield from _targets(child, ".".join(filter(None, (path, str(key)))))
    elif isinstance(node, ListConfig):
        for index in range(len(node)):
            yield from _targets(node._get_node(index), f"{path}.{index}")


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a plain value fits a type; the target itself checks what a type demands of other values."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = [part.bound for part in parts[1:] if isinstance(part, AtLeast)]
        return _fits(value, parts[0]) and all(value >= bound for bound in bounds)
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return any(value == part and type(value) is type(part) for part in parts)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in PLAIN:
        return isinstance(value, hint)
    if inspect.isclass(hint) and issubclass(hint, Path):
        return isinstance(value, str)
    if inspect.isclass(origin or hint) and issubclass(origin or hint, Mapping | Sequence):
        return not isinstance(value, PLAIN)
    return hint is Any or not isinstance(value, PLAIN)
