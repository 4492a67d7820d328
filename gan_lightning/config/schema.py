"""Constructors' signatures as the schema of the configuration: names, types and bounds of keys, checked first."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, Unpack, get_args, get_origin, get_type_hints

from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lightning.config.renamed import what_became_of
from gan_lightning.types import AtLeast

PLAIN = (bool, int, float, str, NoneType)
CONTROL = {"_target_", "_partial_", "_args_", "_recursive_", "_convert_"}


@dataclass(frozen=True)
class Argument:
    """One argument of a callable, from its signature."""

    hint: Any
    is_needed: bool


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
        try:
            target = get_object(node._target_)
        except (ImportError, AttributeError) as error:
            raise ValueError(
                f"{path}._target_ must name a class or function that can be imported; there is no {node._target_}: "
                "is the folder of its module on PYTHONPATH?"
            ) from error
        _check_node(target, node, f"{path}.", node._target_)


def arguments(function: Callable, config: DictConfig) -> dict[str, Any]:
    """Return the keys of a configuration that a command's signature names, checked against it.

    Raises:
        ValueError: if a key or a value is wrong, as in `check`.
    """
    known = signature(function)
    own = OmegaConf.masked_copy(config, [str(key) for key in config if str(key) in known])
    _check_node(function, own, "", function.__name__)
    for key, value in own.items():
        # A whole node is not checked above, because it may describe a part that is still to be built.
        if OmegaConf.is_config(value) and not _fits(value, known[str(key)].hint):
            raise ValueError(f"{key!s} must be {describe(known[str(key)].hint)}; got {value}")
    return {str(key): own[key] for key in own}


def numbers(key: str, value: Any, least: int) -> list[int]:
    """Return one number or several as a list; each must be given once, because a second score of it is no second draw.

    Raises:
        ValueError: if the value is anything else; the message names the key.
    """
    every = list(value) if isinstance(value, ListConfig | list | tuple) else [value]
    if not every or not all(type(number) is int and number >= least for number in every):
        raise ValueError(f"{key} must be a whole number of at least {least}, or a list of them; got {value}")
    if len(set(every)) < len(every):
        raise ValueError(f"{key} must name each number once; got {value}")
    return every


def signature(target: Any) -> dict[str, Argument]:
    """Return the arguments of a callable by name.

    `**options: Unpack[SomeTypedDict]` (PEP 692) declares what it takes; any other `**rest` of a constructor is taken to
    be what its base class takes.
    """
    arguments: dict[str, Argument] = {}
    for layer in target.__mro__ if inspect.isclass(target) else [target]:
        function = layer.__dict__.get("__init__") if inspect.isclass(layer) else layer
        if function is None:
            continue
        rest = None
        hints = _hints(function)
        # Other libraries' classes pass on what their bases need, and raise errors of their own.
        is_ours = layer.__module__.startswith("gan_lightning.")
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                rest = hints.get(name, Any)
            elif name != "self" and parameter.kind is not parameter.VAR_POSITIONAL:
                is_needed = is_ours and parameter.default is parameter.empty
                arguments.setdefault(name, Argument(hints.get(name, Any), is_needed))
        if get_origin(rest) is Unpack:
            (options,) = get_args(rest)
            for name, hint in get_type_hints(options, include_extras=True).items():
                is_needed = is_ours and name in options.__required_keys__
                arguments.setdefault(name, Argument(_without_qualifier(hint), is_needed))
            break
        if rest is None:
            break
    return arguments


def nearest(word: str, known: Any) -> str:
    """Return ', did you mean ...?' if a known word is near, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def describe(hint: Any) -> str:
    """Return a type in words."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = [f" of at least {part.bound:g}" for part in parts[1:] if isinstance(part, AtLeast)]
        return describe(parts[0]) + "".join(bounds)
    if origin in (Union, UnionType):
        words = [describe(part) for part in parts]
        return " or ".join(dict.fromkeys(words))
    if origin is Literal:
        return "one of " + ", ".join(str(part) for part in parts)
    if hint is NoneType:
        return "null"
    names = {int: "a whole number", float: "a number", str: "a word", bool: "true or false", Path: "a path"}
    return names[hint] if hint in names else str(getattr(hint, "__name__", hint))


def _check_node(target: Any, node: DictConfig, path: str, name_of_target: str) -> None:
    known = signature(target)
    given = {str(key) for key in node} - CONTROL
    for name in sorted(given - known.keys()):
        if new := what_became_of(f"{path}{name}"):
            raise ValueError(f"{path}{name} is not known; {new}")
        raise ValueError(f"{path}{name} is not known{nearest(name, known)}; {name_of_target} takes {', '.join(known)}")
    for name, argument in known.items():
        key = f"{path}{name}"
        if name not in given or OmegaConf.is_missing(node, name):
            if name in given or (argument.is_needed and not node.get("_partial_") and "_args_" not in node):
                raise ValueError(f"{key} must be given")
            continue
        value = node[name]
        if isinstance(value, DictConfig) and _is_of_parts(argument.hint):
            _check_chosen(value)
        if not isinstance(value, DictConfig | ListConfig) and not _fits(value, argument.hint):
            raise ValueError(f"{key} must be {describe(argument.hint)}; got {value!r}")


def _check_chosen(group: DictConfig) -> None:
    """Check that every part of a group, such as each of `model.penalties`, was chosen and not only given settings.

    Raises:
        ValueError: if a part names no class; the message names the first.
    """
    for name, part in group.items():
        if not isinstance(part, DictConfig) or "_target_" not in part:
            place = group._get_full_key("")
            raise ValueError(
                f"{place}.{name!s} is given settings, but {name!s} is not among the chosen {place.rpartition('.')[2]}; "
                "choose it, or leave its settings out"
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


def _hints(function: Any) -> dict[str, Any]:
    try:
        return get_type_hints(inspect.unwrap(function), include_extras=True)
    except (NameError, TypeError, AttributeError):  # annotations that only a type checker can resolve
        return {}


def _without_qualifier(hint: Any) -> Any:
    """Return the type of a TypedDict's key without the `Required` or `NotRequired` around it."""
    return get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint


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
