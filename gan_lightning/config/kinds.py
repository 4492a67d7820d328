"""Types of values in words, as they are said to who typed another kind of value."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from gan_lightning.values import Bound, Existing

PLAIN = (bool, int, float, str, NoneType)


def describe(hint: Any) -> str:
    """Return a type in words."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = " and ".join(str(part) for part in parts[1:] if isinstance(part, Bound))
        kinds = [f" of a {part.kind}" for part in parts[1:] if isinstance(part, Existing)]
        return ("the path" if kinds else describe(parts[0])) + f" of {bounds}" * bool(bounds) + "".join(kinds)
    if origin in (Union, UnionType):
        # A number may be whole, and objects cannot be typed.
        kept = [part for part in parts if not (part is int and float in parts) and (is_plain(part) or part is Any)]
        words = [describe(part) for part in kept or parts if get_origin(part) is not Literal]
        few = [choice for part in kept if get_origin(part) is Literal for choice in get_args(part)]
        return " or ".join(dict.fromkeys([*([_one_of(few)] if few else []), *words]))
    if origin is Literal:
        return _one_of(parts)
    if inspect.isclass(origin) and issubclass(origin, Sequence):
        return f"a list of {_words(get_args(parts[0]))}" if get_origin(parts[0]) is Literal else "a list"
    if hint is NoneType:
        return "null"
    names = {int: "a whole number", float: "a number", str: "a word", bool: "true or false", Path: "a path"}
    return names[hint] if hint in names else str(getattr(hint, "__name__", hint))


def _one_of(choices: Sequence[Any]) -> str:
    return f"one of {_words(choices)}"


def _words(choices: Sequence[Any]) -> str:
    return ", ".join(dict.fromkeys(typed(choice) for choice in choices))


def typed(value: Any) -> str:
    """Return a value as it is typed."""
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def is_plain(hint: Any) -> bool:
    """Return whether values of a type can be typed: plain ones, and lists and dictionaries."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return is_plain(parts[0])
    if origin in (Union, UnionType):
        return any(map(is_plain, parts))
    kind = origin or hint
    is_path = inspect.isclass(hint) and issubclass(hint, Path)
    return origin is Literal or hint in PLAIN or is_path or (inspect.isclass(kind) and issubclass(kind, Sequence))
