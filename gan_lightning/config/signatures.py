"""Signatures of classes and functions, read from their source: names, types, and which arguments must be given."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Union

from gan_lightning.config.annotations import evaluated, is_of
from gan_lightning.config.sources import Definition, External, Found, Module, UnreadableError, find, resolve

WITHOUT_ARGUMENTS = {"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"}
"""Base classes of the standard library that take nothing."""
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Argument:
    """One argument of a callable, from its signature.

    Args:
        module: the module of the callable.
        annotation: its type as it is written; None if there is none.
        is_needed: whether it must be given.
        may_be_none: whether its default is None.
    """

    module: Module
    annotation: ast.expr | None
    is_needed: bool
    may_be_none: bool = False

    @cached_property
    def hint(self) -> Any:
        """The type; `Any` if there is none, or none that the source shows."""
        hint = evaluated(self.module, self.annotation)
        return Union[hint, None] if self.may_be_none else hint  # noqa: UP007


@dataclass
class Signature:
    """What a callable takes.

    Args:
        arguments: the arguments by name.
        is_open: whether it may take others, because not all of its source can be read.
    """

    arguments: dict[str, Argument] = field(default_factory=dict)
    is_open: bool = False


def signature(target: str) -> Signature:
    """Return the signature of a class or a function.

    `**options: Unpack[SomeTypedDict]` (PEP 692) declares what it takes; any other `**rest` of a constructor is taken to
    be what its base class takes.

    Args:
        target: the dotted name.

    Raises:
        LookupError: if nothing has that name.
    """
    try:
        found = find(target)
    except UnreadableError:
        return Signature(is_open=True)
    return _of(found)


@lru_cache(maxsize=512)
def _of(found: Found) -> Signature:
    """Return the signature of what was found; a module that changes is read again and is another key."""
    match found:
        case Definition(node=ast.FunctionDef() | ast.AsyncFunctionDef()):
            return _of_layers([found], is_method=_is_bound(found))
        case Definition(node=ast.ClassDef()):
            return _of_layers(_lineage(found), is_method=True)
    return Signature(is_open=True)


def named_in(constant: str) -> list[str]:
    """Return the dotted names of the functions that a module names in a constant, a tuple; none if it has none."""
    try:
        found = find(constant)
    except LookupError:
        return []
    assert isinstance(found, Definition)
    assert isinstance(found.node, ast.Tuple)
    named = [resolve(found.module, each) for each in found.node.elts]
    return [f"{each.module.name}.{each.name}" for each in named if isinstance(each, Definition)]


def _of_layers(layers: Sequence[Definition | None], is_method: bool) -> Signature:
    """Return what a function takes, or a class and its bases until one hands nothing on; None cannot be read."""
    whole = Signature()
    for layer in layers:
        if layer is None:
            return Signature(whole.arguments, is_open=True)
        # Other libraries' classes pass on what their bases need, and raise errors of their own.
        is_ours = layer.module.name.startswith("gan_lightning.")
        function = layer.node if isinstance(layer.node, FUNCTION) else _constructor(layer)
        if function is None and (fields := _fields(layer, layers, is_ours)) is not None:
            whole.arguments.update((name, each) for name, each in fields.items() if name not in whole.arguments)
            break
        if function is None:
            continue
        for name, argument in _arguments(layer.module, function.args, is_method, is_ours):
            whole.arguments.setdefault(name, argument)
        rest = function.args.kwarg
        options = None if rest is None else _unpacked(layer.module, rest.annotation)
        if options is not None:
            for name, argument in _keys(options, is_ours).items():
                whole.arguments.setdefault(name, argument)
        if rest is None or options is not None:
            break
    return whole


def _arguments(
    module: Module, written: ast.arguments, is_method: bool, is_ours: bool
) -> Iterator[tuple[str, Argument]]:
    by_place = [*written.posonlyargs, *written.args]
    defaults: list[ast.expr | None] = [None] * (len(by_place) - len(written.defaults))
    defaults += [*written.defaults, *written.kw_defaults]
    for place, (each, default) in enumerate(zip([*by_place, *written.kwonlyargs], defaults, strict=True)):
        if not (is_method and place == 0):
            is_none = isinstance(default, ast.Constant) and default.value is None
            yield each.arg, Argument(module, each.annotation, is_ours and default is None, is_none)


def _is_bound(function: Definition) -> bool:
    """Return whether a function of a class is given its class first."""
    decorators = function.node.decorator_list if isinstance(function.node, FUNCTION) else []
    return any(isinstance(each, ast.Name) and each.id == "classmethod" for each in decorators)


def _constructor(layer: Definition) -> ast.FunctionDef | None:
    assert isinstance(layer.node, ast.ClassDef)
    own = (node for node in layer.node.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    return next((node for node in own if not _is_overload(layer.module, node)), None)


def _is_overload(module: Module, function: ast.FunctionDef) -> bool:
    return any(is_of(module, each, "typing.overload") for each in function.decorator_list)


def _lineage(layer: Definition) -> list[Definition | None]:
    """Return a class and its bases in the order in which Python asks them; None for one that cannot be read."""
    assert isinstance(layer.node, ast.ClassDef)
    lines: list[list[Definition | None]] = []
    for base in layer.node.bases:
        node = base.value if isinstance(base, ast.Subscript) else base
        try:
            found = resolve(layer.module, node)
        except (LookupError, UnreadableError):
            found = None
        if isinstance(found, External) and found.name in WITHOUT_ARGUMENTS:
            continue
        is_class = isinstance(found, Definition) and isinstance(found.node, ast.ClassDef)
        lines.append(_lineage(found) if is_class else [None])  # type: ignore[arg-type]
    every = [each for line in lines for each in line]
    # A class that several bases have comes after all of them.
    last = {_identity(each): place for place, each in enumerate(every)}
    return [layer, *(each for place, each in enumerate(every) if last[_identity(each)] == place)]


def _identity(layer: Definition | None) -> tuple[str, str] | None:
    return None if layer is None else (layer.module.name, layer.name)


def _fields(layer: Definition, layers: Sequence[Definition | None], is_ours: bool) -> dict[str, Argument] | None:
    """Return the fields of a dataclass, with those of its bases; None if the class is no dataclass."""
    if not _is_dataclass(layer):
        return None
    found: dict[str, Argument] = {}
    for each in reversed(layers):
        if each is None or not _is_dataclass(each):
            continue
        assert isinstance(each.node, ast.ClassDef)
        for line in each.node.body:
            if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
                continue
            if _is_no_field(each.module, line):
                continue
            default = _default(each.module, line.value)
            is_none = isinstance(default, ast.Constant) and default.value is None
            found[line.target.id] = Argument(each.module, line.annotation, is_ours and default is None, is_none)
    return found


def _is_dataclass(layer: Definition) -> bool:
    assert isinstance(layer.node, ast.ClassDef)
    named = (each.func if isinstance(each, ast.Call) else each for each in layer.node.decorator_list)
    return any(is_of(layer.module, each, "dataclasses.dataclass") for each in named)


def _is_no_field(module: Module, line: ast.AnnAssign) -> bool:
    written = line.annotation.value if isinstance(line.annotation, ast.Subscript) else line.annotation
    if any(is_of(module, written, name) for name in ("typing.ClassVar", "dataclasses.KW_ONLY")):
        return True
    options = line.value.keywords if isinstance(line.value, ast.Call) else []
    return any(each.arg == "init" and isinstance(each.value, ast.Constant) and not each.value.value for each in options)


def _default(module: Module, written: ast.expr | None) -> ast.expr | None:
    """Return the default of a dataclass's field; None if it has none."""
    if isinstance(written, ast.Call) and is_of(module, written.func, "dataclasses.field"):
        given = (each.value for each in written.keywords if each.arg in ("default", "default_factory"))
        return next(given, None)
    return written


def _unpacked(module: Module, annotation: ast.expr | None) -> Definition | None:
    """Return the typed dictionary in `Unpack[...]`; None for any other annotation."""
    if not isinstance(annotation, ast.Subscript) or not is_of(module, annotation.value, "typing.Unpack"):
        return None
    try:
        found = resolve(module, annotation.slice)
    except (LookupError, UnreadableError):
        return None
    return found if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef) else None


def _keys(options: Definition, is_ours: bool) -> dict[str, Argument]:
    """Return the keys of a typed dictionary and of its bases."""
    found: dict[str, Argument] = {}
    for layer in reversed(_lineage(options)):
        if layer is None:  # TypedDict itself
            continue
        assert isinstance(layer.node, ast.ClassDef)
        total = next((each.value for each in layer.node.keywords if each.arg == "total"), None)
        is_total = not (isinstance(total, ast.Constant) and total.value is False)
        for line in layer.node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                is_needed, annotation = is_total, line.annotation
                if isinstance(annotation, ast.Subscript):
                    for name in ("Required", "NotRequired"):
                        if is_of(layer.module, annotation.value, f"typing.{name}"):
                            is_needed, annotation = name == "Required", annotation.slice
                            break
                found[line.target.id] = Argument(layer.module, annotation, is_ours and is_needed)
    return found
