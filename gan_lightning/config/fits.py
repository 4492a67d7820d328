"""Whether a value fits a type, what a type asks of a value besides, and what to type in place of one that misfits."""

import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from omegaconf import ListConfig

from gan_lightning.config.kinds import PLAIN, typed
from gan_lightning.values import Bound, Called, Existing, Numbers

SHORT = {"k": 1_000, "m": 1_000_000}
"""What a number is multiplied by that is followed by a letter, as in `100k`."""
T = TypeVar("T", bound=Existing | Numbers | Called)


def fits(value: Any, hint: Any) -> bool:
    """Return whether a plain value fits a type; the target itself checks what a type demands of other values."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = [part for part in parts[1:] if isinstance(part, Bound)]
        return fits(value, parts[0]) and all(bound.allows(value) for bound in bounds)
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in parts)
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
        few = parts[0] if parts and get_origin(parts[0]) is Literal else Any
        return not isinstance(value, PLAIN) and (few is Any or all(fits(each, few) for each in value))
    return hint is Any or not isinstance(value, PLAIN)


def asked(hint: Any, kind: type[T]) -> T | None:
    """Return what a type asks of a value in its annotation; None if it asks nothing of that kind."""
    if get_origin(hint) in (Union, UnionType):
        return next((found for part in get_args(hint) if (found := asked(part, kind))), None)
    parts = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((part for part in parts if isinstance(part, kind)), None)


def is_of_parts(hint: Any) -> bool:
    """Return whether a type is a mapping of names to objects, which a group of the configuration fills."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(is_of_parts(part) for part in parts)
    is_mapping = inspect.isclass(origin) and issubclass(origin, Mapping)
    return is_mapping and inspect.isclass(parts[1]) and not issubclass(parts[1], PLAIN)


def takes_list(hint: Any) -> bool:
    """Return whether an argument of a type takes several values as a list."""
    return asked(hint, Numbers) is not None or fits(ListConfig([]), hint)


def in_place_of(value: Any, hint: Any) -> str | None:
    """Return what is typed in place of a value that does not fit a type, if another form of the same value fits it.

    That is the number in a list, the one number of a list or of `64x64`, and 1000 for `1e3` or `1k`; also a list of one
    value.
    """
    if isinstance(value, ListConfig | list):
        every = list(value)
        one = every[0] if every and all(each == every[0] for each in every) else None
        return typed(one) if one is not None and fits(one, hint) else None
    if isinstance(value, float) and value.is_integer() and fits(int(value), hint):
        return str(int(value))
    square = re.fullmatch(r"(\d+)[xX*\u00d7](\d+)", str(value))
    if square and square[1] == square[2] and fits(int(square[1]), hint):
        return square[1]
    short = re.fullmatch(r"(\d+(?:\.\d+)?)([kKmM])", str(value))
    if short and not fits(0.5, hint) and fits(count := round(float(short[1]) * SHORT[short[2].lower()]), hint):
        return str(count)
    return f"[{typed(value)}]" if _is_item(value, hint) else None


def _is_item(value: Any, hint: Any) -> bool:
    """Return whether a plain value would fit as the one value of a list."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_is_item(value, part) for part in parts)
    if origin is Annotated:
        return _is_item(value, parts[0])
    is_list = inspect.isclass(origin) and issubclass(origin, Sequence) and isinstance(value, PLAIN)
    return is_list and value is not None and fits(value, parts[0])


def choices_in(hint: Any) -> list[Any]:
    """Return the few values that a type names, null excepted; none if it also takes others."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return list(parts)
    if origin in (Union, UnionType):
        every = [choices_in(part) for part in parts if part is not type(None)]
        return [each for few in every for each in few] if all(every) else []
    return []
