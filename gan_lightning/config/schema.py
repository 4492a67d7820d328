"""Constructors' signatures are the schema of the configuration: names, types and bounds, checked first of all."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
)

from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lightning.types import AtLeast


def numbers(key: str, value: Any, least: int) -> list[int]:
    """One number or a list, each once: what is scored twice is no second draw.

    Raises:
        ValueError: for anything else, naming the key.
    """
    every = list(value) if isinstance(value, ListConfig | list | tuple) else [value]
    if not every or not all(type(number) is int and number >= least for number in every):
        raise ValueError(f"{key} must be a whole number of at least {least}, or a list of them; got {value}")
    if len(set(every)) < len(every):
        raise ValueError(f"{key} must name each number once; got {value}")
    return every


PLAIN = (bool, int, float, str, NoneType)
CONTROL = {"_target_", "_partial_", "_args_", "_recursive_", "_convert_"}


class Argument(NamedTuple):
    """What a callable says of one of its arguments."""

    hint: Any
    is_needed: bool


def check(config: DictConfig) -> None:
    """Hold every node that names a `_target_` against that target's signature.

    Raises:
        ValueError: for the first argument that is misspelt, missing, of the wrong type or out of bounds, naming its
            full key.
    """
    for path, node in _targets(config, ""):
        _hold(get_object(node._target_), node, f"{path}.", node._target_)


def arguments(function: Callable, config: DictConfig) -> dict[str, Any]:
    """A command's own arguments among the keys of its configuration, held against its signature.

    Raises:
        ValueError: see `check`.
    """
    known = signature(function)
    own = OmegaConf.masked_copy(config, [str(key) for key in config if str(key) in known])
    _hold(function, own, "", function.__name__)
    for key, value in own.items():
        # Not held above, where it may be a part to be made.
        if OmegaConf.is_config(value) and not _fits(value, known[str(key)].hint):
            raise ValueError(f"{key!s} must be {describe(known[str(key)].hint)}; got {value}")
    return {str(key): own[key] for key in own}


def _hold(target: Any, node: DictConfig, path: str, name_of_target: str) -> None:
    known = signature(target)
    given = {str(key) for key in node} - CONTROL
    for name in sorted(given - known.keys()):
        raise ValueError(f"{path}{name} is not known{nearest(name, known)}; {name_of_target} takes {', '.join(known)}")
    for name, argument in known.items():
        key = f"{path}{name}"
        if name not in given or OmegaConf.is_missing(node, name):
            if name in given or (argument.is_needed and not node.get("_partial_") and "_args_" not in node):
                raise ValueError(f"{key} must be given")
            continue
        value = node[name]
        if not isinstance(value, DictConfig | ListConfig) and not _fits(value, argument.hint):
            raise ValueError(f"{key} must be {describe(argument.hint)}; got {value!r}")


def signature(target: Any) -> dict[str, Argument]:
    """A callable's arguments by name; `**rest` of a constructor stands for its base class's."""
    arguments: dict[str, Argument] = {}
    for layer in target.__mro__ if inspect.isclass(target) else [target]:
        function = layer.__dict__.get("__init__") if inspect.isclass(layer) else layer
        if function is None:
            continue
        parameters = inspect.signature(function).parameters
        hints = _hints(function)
        for name, parameter in parameters.items():
            if parameter.kind == parameter.VAR_KEYWORD and get_origin(hints.get(name)) is Unpack:
                (typed,) = get_args(hints[name])
                for key, hint in get_type_hints(typed, include_extras=True).items():
                    hint = get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint
                    arguments.setdefault(key, Argument(hint, key in typed.__required_keys__))
                return arguments
            if name != "self" and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                # Other libraries' classes hand their bases what those need, and complain for themselves.
                is_ours = function.__module__.startswith("gan_lightning.")
                is_needed = parameter.default is parameter.empty and is_ours
                arguments.setdefault(name, Argument(hints.get(name, Any), is_needed))
        if all(parameter.kind != parameter.VAR_KEYWORD for parameter in parameters.values()):
            break
    return arguments


def nearest(word: str, known: Any) -> str:
    """', did you mean ...?' where something known is near, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def describe(hint: Any) -> str:
    """A type in words."""
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


def _fits(value: Any, hint: Any) -> bool:
    """Whether a plain value fits a hint; what a hint says beyond plain values is left to the target itself."""
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
