"""Annotations in source, as the types that they mean: plain ones as they are, any other class by its name alone."""

import ast
import operator
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, Union

from gan_lightning import values
from gan_lightning.config.sources import Definition, External, Found, Module, UnreadableError, resolve

ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow}


def evaluated(module: Module, annotation: ast.expr | None) -> Any:
    """Return the type that an annotation means.

    Of classes that are not of the standard library only the name is known: a new type of that name stands for them.

    Args:
        module: the module that it stands in.
        annotation: the annotation; None if there is none.

    Returns:
        The type, `Any` where the source does not show one.
    """
    try:
        return Any if annotation is None else _type(module, annotation)
    except (LookupError, UnreadableError, TypeError, ValueError, SyntaxError):
        return Any


def is_of(module: Module, written: ast.expr, name: str) -> bool:
    """Return whether an expression names a certain object of the standard library, such as `typing.Unpack`."""
    try:
        found = resolve(module, written)
    except (LookupError, UnreadableError):
        return False
    return isinstance(found, External) and found.name.replace("typing_extensions", "typing") == name


def _type(module: Module, node: ast.expr) -> Any:
    match node:
        case ast.Constant(None):
            return NoneType
        case ast.Constant(str() as text):
            return _type(module, ast.parse(text, mode="eval").body)
        case ast.BinOp(left, ast.BitOr(), right):
            return Union[_type(module, left), _type(module, right)]  # noqa: UP007
        case ast.Subscript(value, inside):
            return _parametrised(module, _type(module, value), inside)
        case ast.Name() | ast.Attribute():
            return _named(resolve(module, node))
    raise UnreadableError(ast.unparse(node))


def _named(found: Found) -> Any:
    match found:
        case External():
            value = found.value()
            return _opaque(found.name) if value is None else value
        case Definition(module, name, ast.ClassDef()):
            return _opaque(f"{module.name}.{name}")
        case Definition(module, _, ast.expr() as node):
            return _type(module, node)
    raise UnreadableError


@cache
def _opaque(name: str) -> type:
    module, _, last = name.rpartition(".")
    return type(last, (), {"__module__": module})


def _parametrised(module: Module, origin: Any, inside: ast.expr) -> Any:
    parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    if origin is Literal:
        return Literal[tuple(_constant(module, part) for part in parts)]
    if origin is Annotated:
        kept = [bound for part in parts[1:] if (bound := _bound(module, part)) is not None]
        own = _type(module, parts[0])
        return Annotated[(own, *kept)] if kept else own
    try:
        types = [evaluated(module, part) for part in parts]
        return origin[types[0] if len(types) == 1 else tuple(types)]
    except TypeError:  # of a class that is known by its name alone, or with parts that are no types
        return origin


def _bound(module: Module, node: ast.expr) -> Any:
    """Return what `Annotated` asks of a value, if it is one of our bounds; else None."""
    if not isinstance(node, ast.Call):
        return None
    found = resolve(module, node.func)
    if not isinstance(found, Definition) or found.module.name != values.__name__:
        return None
    by_place = [_constant(module, each) for each in node.args]
    by_name = {str(each.arg): _constant(module, each.value) for each in node.keywords}
    return getattr(values, found.name)(*by_place, **by_name)


def _constant(module: Module, node: ast.expr) -> Any:
    match node:
        case ast.Constant(value):
            return value
        case ast.Tuple(elts):
            return tuple(_constant(module, each) for each in elts)
        case ast.UnaryOp(ast.USub(), operand):
            return -_constant(module, operand)
        case ast.BinOp(left, operation, right) if type(operation) in ARITHMETIC:
            return ARITHMETIC[type(operation)](_constant(module, left), _constant(module, right))
        case ast.Name() | ast.Attribute():
            found = resolve(module, node)
            if isinstance(found, Definition) and isinstance(found.node, ast.expr):
                return _constant(found.module, found.node)
    raise UnreadableError(ast.unparse(node))
