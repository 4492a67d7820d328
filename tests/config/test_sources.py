"""Names and signatures that are read from source: whatever a name is imported through, nothing is executed."""

import ast
import sys
from typing import Any, Literal

import pytest

from gan_lightning.config.signatures import named_in, signature
from gan_lightning.config.sources import Definition, External, UnreadableError, find

REFUSAL = "raise RuntimeError('this module was imported')\n"
FILES = {
    "house/__init__.py": "from .rooms.kitchen import Kitchen as Cooking\nfrom .rooms import *\nOther = Cooking\n",
    "house/rooms/__init__.py": "from . import kitchen\nfrom .kitchen import Kitchen\n__all__ = ['Kitchen']\n",
    "house/rooms/kitchen.py": """
from __future__ import annotations
import typing as t
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

try:
    from nowhere import Stove
except ImportError:
    class Stove: ...

if TYPE_CHECKING:
    from torch import Tensor

WIDTHS = 2 * 3
Fuel = t.Literal["gas", "wood"]


class Kitchen:
    def __init__(self, stove: "Stove", fuel: Fuel = "gas", size: t.Optional[int] = None, heat: Tensor | float = 0.5,
                 name: str = None, *, widths: list[int] = (), **rest): ...

    @classmethod
    def small(cls, height: float = 1.0): ...

    @staticmethod
    def large(height: float = 1.0): ...


@dataclass
class Shelf:
    width: int
    depth: int = 2
    made_of: ClassVar[str] = "wood"
    books: list[str] = field(default_factory=list)
    full: bool = field(init=False, default=False)


@dataclass
class Rack(Shelf):
    depth: int = 3
    wine: bool = True


class Named(Rack): ...
""",
    "house/loose.py": "globals().update(A=1)\n",
    "house/closed.py": "from _socket import socket as Compiled\nclass Own(Compiled):\n    def __init__(self, a=1, **rest): ...\n",
    "house/circle.py": "from .circle import A\nB = B\n",
    "house/verbs.py": "from .rooms.kitchen import Kitchen\ndef run(a): ...\nTAKES = (run, Kitchen)\n",
    "garden/bed/flower.py": "class Rose: ...\n",
}


@pytest.fixture(autouse=True)
def house(tmp_path, monkeypatch):
    """Packages that cannot be imported, one with `__init__.py` and one without."""
    for name, text in FILES.items():
        file = tmp_path / "path" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        future = "from __future__ import annotations\n"
        text = text.lstrip()
        file.write_text(future + REFUSAL + text.removeprefix(future) if text.startswith(future) else REFUSAL + text)
    monkeypatch.syspath_prepend(tmp_path / "path")
    yield
    assert not [name for name in sys.modules if name.split(".")[0] in ("house", "garden")]


@pytest.mark.parametrize(
    ("name", "stands"),
    [
        ("house.rooms.kitchen.Kitchen", ("house.rooms.kitchen", "Kitchen")),
        ("house.rooms.Kitchen", ("house.rooms.kitchen", "Kitchen")),
        ("house.Cooking", ("house.rooms.kitchen", "Kitchen")),
        ("house.Kitchen", ("house.rooms.kitchen", "Kitchen")),
        ("house.Other", ("house.rooms.kitchen", "Kitchen")),
        ("house.kitchen.Stove", ("house.rooms.kitchen", "Stove")),
        ("house.Cooking.small", ("house.rooms.kitchen", "Kitchen.small")),
        ("garden.bed.flower.Rose", ("garden.bed.flower", "Rose")),
        ("torch.optim.Adam", ("torch.optim.adam", "Adam")),
        ("lightning.Trainer", ("lightning.pytorch.trainer.trainer", "Trainer")),
    ],
)
def test_a_name_is_followed_to_where_it_is_defined(name, stands):
    found = find(name)
    assert isinstance(found, Definition)
    assert (found.module.name, found.name) == stands
    assert isinstance(found.node, ast.ClassDef | ast.FunctionDef)


@pytest.mark.parametrize("name", ["nowhere.A", "house.A", "house.rooms.hall.A", "house.rooms.kitchen.A.b"])
def test_a_name_that_nothing_has_is_said_to_be_missing(name):
    with pytest.raises(LookupError):
        find(name)


@pytest.mark.parametrize("name", ["house.loose.A", "house.circle.A", "house.Cooking.unknown", "torch._C.Size"])
def test_a_name_that_the_source_does_not_show_is_not_said_to_be_missing(name):
    with pytest.raises(UnreadableError):
        find(name)


def test_what_the_standard_library_defines_is_known_by_its_name():
    assert find("house.closed.Compiled") == External("_socket.socket")


def test_a_constructors_types_are_those_that_it_means():
    read = signature("house.Other")
    hints = {name: argument.hint for name, argument in read.arguments.items()}
    assert list(hints) == ["stove", "fuel", "size", "heat", "name", "widths"]
    assert hints["stove"].__name__ == "Stove"
    assert hints["fuel"] == Literal["gas", "wood"]
    assert hints["size"] == int | None
    assert float in hints["heat"].__args__
    assert hints["name"] == str | None  # its default is None
    assert hints["widths"] == list[int]
    assert not read.is_open


def test_a_dataclass_takes_its_own_fields_and_those_of_its_bases():
    assert list(signature("house.rooms.kitchen.Named").arguments) == ["width", "depth", "books", "wine"]


def test_a_method_takes_what_is_left_to_give():
    assert list(signature("house.Cooking.small").arguments) == ["height"]
    assert list(signature("house.Cooking.large").arguments) == ["height"]


def test_a_class_with_a_compiled_base_may_take_more_than_the_source_shows():
    read = signature("house.closed.Own")
    assert list(read.arguments) == ["a"]
    assert read.is_open
    assert signature("torch.tensor").is_open


def test_what_a_command_takes_is_read_from_its_constant():
    assert named_in("house.verbs.TAKES") == ["house.verbs.run", "house.rooms.kitchen.Kitchen"]
    assert named_in("house.rooms.kitchen.TAKES") == []


def test_an_annotation_that_the_source_does_not_show_is_any():
    assert signature("gan_lightning.randomness.normal").arguments["device"].hint is Any
