"""Python's source, read without running it: where a dotted name is defined, whatever it is imported through.

Importing torch and Lightning takes seconds, and importing a module runs it. A wrong key is therefore looked for in the
source: the folder of each package in a dotted name is found without importing the packages above it, and names are
followed through assignments and imports to the class or function that they stand for. Conditions are not evaluated: of
several places that could define a name, the last one that can be found counts.
"""

import ast
import builtins
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path

Import = ast.Import | ast.ImportFrom
Statement = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr | tuple[Import, ast.alias]
"""What a name is bound to: a definition, an expression, or an import of it."""
Seen = frozenset[tuple[str, str]]
"""Modules and names that are being followed."""
SETTERS = {"globals", "vars", "setattr", "exec"}
"""Functions that may give a module names which its source does not show."""


class UnreadableError(Exception):
    """A name whose meaning the source does not show, such as one of a compiled module."""


@dataclass(frozen=True)
class External:
    """An object of the standard library, whose source is not read.

    Args:
        name: its dotted name.
    """

    name: str

    def value(self) -> object:
        """Return the object if its module is loaded already; None if it is not."""
        module, _, name = self.name.rpartition(".")
        return getattr(sys.modules.get(module), name, None)


@dataclass(frozen=True)
class Definition:
    """A class, a function or an expression, and where it stands.

    Args:
        module: the module that it stands in.
        name: its dotted name in the module.
        node: its syntax.
    """

    module: "Module"
    name: str
    node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr


@dataclass(frozen=True, eq=False)
class Module:
    """The source of a module.

    Args:
        name: its dotted name.
        folders: the folders of its own modules; empty if it is no package.
        tree: its syntax; None if it has no file, as a package without `__init__.py`.
    """

    name: str
    folders: Sequence[str]
    tree: ast.Module | None

    @cached_property
    def bound(self) -> dict[str, list[Statement]]:
        """What each name is bound to, in the order of the source; `*` has the imports of all names."""
        found: dict[str, list[Statement]] = {}
        for name, statement in _bindings(self.tree.body if self.tree else []):
            found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def is_open(self) -> bool:
        """Whether the module may have names that its source does not show."""
        body = self.tree.body if self.tree else []
        loose = [node for node in body if not isinstance(node, ast.ClassDef | ast.FunctionDef)]
        names = {node.id for each in loose for node in ast.walk(each) if isinstance(node, ast.Name)}
        return "__getattr__" in self.bound or not SETTERS.isdisjoint(names)


Found = External | Definition | Module


def find(dotted: str) -> Found:
    """Return what a dotted name such as `torch.optim.Adam` stands for.

    Raises:
        LookupError: if nothing has that name.
        UnreadableError: if the source does not show what it is.
    """
    first, *rest = dotted.split(".")
    if not first:
        raise LookupError(dotted)
    if first in sys.stdlib_module_names:
        return External(dotted)
    return _members(_module(first), rest)


def resolve(module: Module, node: ast.expr, seen: Seen = frozenset()) -> Found:
    """Return what a name or an attribute stands for in a module, with assignments of other names followed.

    Raises:
        LookupError: if nothing has that name.
        UnreadableError: if the source does not show what it is.
    """
    match node:
        case ast.Name(name):
            try:
                return _lookup(module, name, seen)
            except LookupError:
                if name in vars(builtins):
                    return External(f"builtins.{name}")
                raise
        case ast.Attribute(value, name):
            return _members(resolve(module, value, seen), [name])
    raise UnreadableError(ast.unparse(node))


def _members(found: Found, names: Sequence[str]) -> Found:
    """Return what is reached from an object by attributes; a package's own modules come first on the way."""
    for place, name in enumerate(names):
        match found:
            case External(above):
                found = External(f"{above}.{name}")
            case Definition(module, above, ast.ClassDef(body=body)):
                own = [node for each, node in _bindings(body) if each == name]
                if not own:
                    raise UnreadableError(f"{above}.{name}")  # a base class may have it
                found = _followed(module, f"{above}.{name}", own[-1], frozenset())
            case Definition(above, name=name):
                raise UnreadableError(f"{above.name}.{name}")
            case Module():
                is_last = place == len(names) - 1
                found = _lookup(found, name) if is_last else _below(found, name)
    return found


def _below(module: Module, name: str) -> Found:
    try:
        return _module(f"{module.name}.{name}", module)
    except LookupError:
        return _lookup(module, name)


def _lookup(module: Module, name: str, seen: Seen = frozenset()) -> Found:
    """Return what a module calls by a name: what it binds, one of its own modules, or what it imports by `*`."""
    if (module.name, name) in seen:
        raise LookupError(f"{module.name}.{name}")
    seen = seen | {(module.name, name)}
    unreadable: UnreadableError | None = None
    for statement in reversed(module.bound.get(name, [])):
        try:
            return _followed(module, name, statement, seen)
        except UnreadableError as error:
            unreadable = error
        except LookupError:
            continue
    for search in (lambda: _module(f"{module.name}.{name}", module), lambda: _from_stars(module, name, seen)):
        try:
            return search()
        except UnreadableError as error:
            unreadable = error
        except LookupError:
            continue
    if unreadable or module.is_open or name in module.bound:
        raise unreadable or UnreadableError(f"{module.name}.{name}")
    raise LookupError(f"{module.name}.{name}")


def _from_stars(module: Module, name: str, seen: Seen) -> Found:
    unreadable: UnreadableError | None = None
    for statement in reversed(module.bound.get("*", [])):
        assert isinstance(statement, tuple)
        try:
            source = _imported_from(module, statement[0])
            if isinstance(source, External):
                raise UnreadableError(source.name)
            return _lookup(source, name, seen)
        except UnreadableError as error:
            unreadable = error
        except LookupError:
            continue
    raise unreadable or LookupError(f"{module.name}.{name}")


def _followed(module: Module, name: str, statement: Statement, seen: Seen) -> Found:
    """Return what a statement binds a name to."""
    match statement:
        case (ast.ImportFrom() as node, ast.alias(imported)):
            source = _imported_from(module, node)
            return (
                External(f"{source.name}.{imported}")
                if isinstance(source, External)
                else _lookup(source, imported, seen)
            )
        case (ast.Import(), ast.alias(imported, asname)):
            whole = imported if asname else imported.split(".")[0]
            return External(whole) if whole.split(".")[0] in sys.stdlib_module_names else _module(whole)
        case ast.Name() | ast.Attribute():
            return resolve(module, statement, seen)
        case _:
            return Definition(module, name, statement)


def _imported_from(module: Module, node: Import) -> Module | External:
    assert isinstance(node, ast.ImportFrom)
    parts = module.name.split(".")
    # In a package one dot is the package itself.
    above = parts[: len(parts) - node.level + bool(module.folders)] if node.level else []
    name = ".".join([*above, *filter(None, [node.module])])
    return External(name) if name.split(".")[0] in sys.stdlib_module_names else _module(name)


def _bindings(body: Sequence[ast.stmt]) -> Iterator[tuple[str, Statement]]:
    """Yield names and what they are bound to, in all branches."""
    for node in body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, node
            case ast.Import(names):
                for alias in names:
                    yield alias.asname or alias.name.split(".")[0], (node, alias)
            case ast.ImportFrom(names=names):
                for alias in names:
                    yield alias.asname or alias.name, (node, alias)
            case ast.Assign(targets, value):
                yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(ast.Name(name), value=ast.expr() as value):
                yield name, value
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
                for part in ("orelse", "handlers", "body", "finalbody"):
                    for each in getattr(node, part, ()):
                        yield from _bindings(each.body if isinstance(each, ast.ExceptHandler) else [each])


def _module(name: str, above: Module | None = None) -> Module:
    """Return the source of a module; its parents are looked for if they are not given, and not imported.

    Raises:
        LookupError: if there is no such module.
        UnreadableError: if it has no source.
    """
    parent = name.rpartition(".")[0]
    if parent and above is None:
        above = _module(parent)
    if above is not None and not above.folders:
        raise LookupError(name)
    spec = _spec(name, None if above is None else above.folders)
    if spec is None:
        raise LookupError(name)
    folders = tuple(spec.submodule_search_locations or ())
    if spec.origin is None or not spec.has_location:
        if folders:
            return Module(name, folders, None)
        raise UnreadableError(name)
    file = Path(spec.origin)
    if file.suffix != ".py":
        raise UnreadableError(name)
    return _read(name, folders, file, file.stat().st_mtime_ns)


def _spec(name: str, folders: Sequence[str] | None) -> ModuleSpec | None:
    loaded = vars(sys.modules[name]).get("__spec__") if name in sys.modules else None
    if loaded is not None:
        return loaded
    for finder in sys.meta_path:
        try:
            if (spec := finder.find_spec(name, folders)) is not None:
                return spec
        except KeyError:  # a package without `__init__.py` asks for its parent, which is not imported
            below = [place for folder in folders or () if (place := Path(folder, name.rpartition(".")[2])).is_dir()]
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [*map(str, below)]
            return spec
    return None


@lru_cache(maxsize=512)
def _read(name: str, folders: tuple[str, ...], file: Path, changed: int) -> Module:
    try:
        return Module(name, folders, ast.parse(file.read_bytes(), str(file)))
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableError(f"{name}: {error}") from error
