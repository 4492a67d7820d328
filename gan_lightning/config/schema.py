"""Constructors' signatures as the schema of the configuration: names, types and bounds of keys, checked first."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lightning.config.fits import asked, fits, in_place_of, is_of_parts
from gan_lightning.config.kinds import describe, is_plain, typed
from gan_lightning.config.options import FILLED_BY, chosen, file_that_sets, option_for, options_of
from gan_lightning.config.record import FIRST, TRAINED, newest_run
from gan_lightning.config.renamed import what_became_of
from gan_lightning.config.signatures import signature
from gan_lightning.config.sources import Module, UnreadableError, find
from gan_lightning.values import Called, Existing, Numbers

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
    for path, node in targets(config, ""):
        if sections and path.split(".")[0] not in sections:
            continue
        _check_node(str(node._target_), node, f"{path}.")


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
        form = in_place_of(value, int) if isinstance(value, float | str) else None
        remedy = f"; type {key}={form}" if form else ""
        raise ValueError(f"{key} must be a whole number of at least {least}, or a list of them; got {value!r}{remedy}")
    if once and len(set(every)) < len(every):
        raise ValueError(f"{key} must name each number once; got {value}")
    return every


def nearest(word: str, known: Any) -> str:
    """Return ', did you mean ...?' if a known word is near, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _check_node(target: str, node: DictConfig, path: str) -> None:
    try:
        whole = signature(target)
    except LookupError as error:
        key = f"{path}_target_"
        raise ValueError(
            f"{key} must name a class or function that can be imported; {_why_missing(key, target)}"
        ) from error
    known = whole.arguments
    given = {str(key) for key in node} - CONTROL
    if unknown := [] if whole.is_open else sorted(given - known.keys()):
        raise ValueError(_unknown(path, node, unknown, list(known), target))
    for name, argument in known.items():
        key = f"{path}{name}"
        if name not in given or OmegaConf.is_missing(node, name):
            if name in given or (argument.is_needed and not node.get("_partial_") and "_args_" not in node):
                raise ValueError(_missing(key, argument.hint))
            continue
        value, hint = node[name], argument.hint
        if several := asked(hint, Numbers):
            if value is not None:
                numbers(key, value, several.least, several.once)
            continue
        if isinstance(value, DictConfig) and is_of_parts(hint):
            _check_chosen(value)
        _check_value(key, value, hint)


def _why_missing(key: str, target: str) -> str:
    """Return which part of a dotted name there is not, and what is meant by it if its module has that."""
    place, _, name = target.rpartition(".")
    try:
        module = find(place) if place else None
    except (LookupError, UnreadableError):
        module = None
    if not isinstance(module, Module):
        first = target.partition(".")[0]
        if _is_only_here(first):
            return f"there is no {target} on PYTHONPATH; this folder holds {first}, so type PYTHONPATH=. in front"
        return f"there is no {target}: is the folder of its module on PYTHONPATH?"
    close = get_close_matches(name, [each for each in module.bound if not each.startswith("_")], n=1)
    return f"the module {place} has no {name}" + (f"; type {key}={place}.{close[0]}" if close else "")


def _is_only_here(module: str) -> bool:
    """Return whether the working directory holds a module that Python does not find."""
    try:
        find(module)
    except UnreadableError:
        return False
    except LookupError:
        return bool(module) and (Path(f"{module}.py").is_file() or any(Path(module).glob("*.py")))
    return False


def _check_value(key: str, value: Any, hint: Any) -> None:
    if fits(value, hint):
        return
    choice = option_for(key, value)
    if not is_plain(hint):
        meant = choice or _wanted(key, hint)
        raise ValueError(f"{key} cannot be {typed(value)}, because a group chooses it; type {meant}")
    remedy = ""
    if other := in_place_of(value, hint):
        is_image = key.endswith(("image_size", "load_size")) and not re.fullmatch(r"[\d.]+[kKmM]?", str(value))
        square = "images are square, so " if is_image else ""
        remedy = f"; {square}type {key}={other}"
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
    found = asked(hint, Existing)
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
    if called := asked(hint, Called):
        return f"{key}={called.example}"
    kind = found.kind.partition(" ")[0].upper() if (found := asked(hint, Existing)) else "VALUE"
    return f"{key}={kind}"


def _unknown(path: str, node: DictConfig, names: Sequence[str], known: Sequence[str], target: str) -> str:
    """Return a sentence on keys that a part does not take: what it takes, who set them, and how to leave them out."""
    name, key = names[0], f"{path}{names[0]}"
    if new := what_became_of(key):
        return f"{key} is no key of {target.rpartition('.')[2]}; {new}"
    part = path.rstrip(".").rpartition(".")[2]
    group = FILLED_BY.get(part, part)
    who = f"{group}={option}" if (option := chosen(group)) else target.rpartition(".")[2]
    takes = f"takes {', '.join(known)}" if known else "takes no settings"
    if file := file_that_sets(key):
        others = [f"~{path}{each}" for each in names if file_that_sets(f"{path}{each}")]
        return f"{key} is set by {file}, and {who} {takes}; type {' '.join(others)} to leave that out"
    if close := get_close_matches(name, list(known), n=1, cutoff=0.6):
        value = "VALUE" if OmegaConf.is_config(node[name]) else typed(node[name])
        return f"{key} is no key of {who}, which {takes}; type {path}{close[0]}={value}"
    out = f"{name}={option}" if (option := chosen(name)) else "it"
    return f"{key} is no key of {who}, which {takes}; leave {out} out"


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


def targets(node: Any, path: str) -> Iterator[tuple[str, DictConfig]]:
    """Yield every node that names a `_target_`, with its key."""
    if isinstance(node, DictConfig):
        if "_target_" in node:
            yield path, node
        for key in node:
            child = node._get_node(key)
            if isinstance(child, DictConfig | ListConfig) and not child._is_interpolation():
                yield from targets(child, ".".join(filter(None, (path, str(key)))))
    elif isinstance(node, ListConfig):
        for index in range(len(node)):
            yield from targets(node._get_node(index), f"{path}.{index}")
