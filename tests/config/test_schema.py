"""Signatures as the schema of the configuration: names, types, bounds, typed dictionaries, and commands' arguments."""

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NotRequired, Required, TypedDict, Unpack

import pytest
from omegaconf import OmegaConf

from gan_lightning.config import schema
from gan_lightning.config.signatures import signature
from gan_lightning.files import exists
from gan_lightning.types import NonNegativeFloat, PositiveInt

HERE = Path(__file__).parent
ROOM = __name__


class Part:
    """Something that a group makes."""

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = weight


class BaseOptions(TypedDict, total=False):
    """Arguments that a base class takes."""

    loss: Required[Callable]
    every: PositiveInt
    parts: Mapping[str, Part] | None


class Options(BaseOptions, total=False):
    """Arguments that a class in between adds."""

    factor: NotRequired[NonNegativeFloat]


class Hidden:
    """A base class whose own signature is not what users may give."""

    def __init__(self, secret: int = 0) -> None:
        self.secret = secret


class Model(Hidden):
    """A class whose signature is explicit."""

    def __init__(self, width: PositiveInt, name: str = "a", **options: Unpack[Options]) -> None:
        super().__init__()


class Walked(Hidden):
    """A class of another library, which hands the rest to its base."""

    def __init__(self, width: int = 1, **rest) -> None:
        super().__init__(**rest)


def node(target, **keys):
    return OmegaConf.create({"model": {"_target_": f"{ROOM}.{target}", **keys}})


@pytest.fixture
def ours(monkeypatch):
    """Have this module be one of the package's, whose classes must be given what they need."""
    spec = find_spec("gan_lightning")
    monkeypatch.setattr(spec, "submodule_search_locations", [*spec.submodule_search_locations, str(HERE)])
    monkeypatch.setattr(sys.modules[__name__], "ROOM", f"gan_lightning.{__name__}")


LOSS = {"_target_": f"{__name__}.Part"}


def test_a_typed_dictionary_says_what_the_rest_of_a_signature_takes(ours):
    found = signature(f"{ROOM}.Model").arguments
    assert list(found) == ["width", "name", "loss", "every", "parts", "factor"]
    assert [name for name, argument in found.items() if argument.is_needed] == ["width", "loss"]
    assert (found["every"].hint, found["factor"].hint, found["loss"].hint) == (PositiveInt, NonNegativeFloat, Callable)


def test_without_a_typed_dictionary_the_rest_is_what_the_base_class_takes():
    assert list(signature(f"{ROOM}.Walked").arguments) == ["width", "secret"]
    schema.check(node("Walked", secret=3))


def test_a_node_that_fits_a_typed_dictionary_passes(ours):
    schema.check(node("Model", width=2, loss=LOSS, every=3, parts={"a": {**LOSS, "weight": 2}}, factor=0))
    schema.check(node("Model", width=2, loss=LOSS, parts=None))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"width": 1}, "model.loss must be given"),
        ({"loss": LOSS}, "model.width must be given"),
        (
            {"width": 1, "loss": 3},
            "model.loss cannot be 3, because a group chooses it; type loss=OPTION, with one of hinge, ",
        ),
        ({"width": 1, "loss": LOSS, "every": 0}, "model.every must be a whole number of at least 1; got 0"),
        (
            {"width": 1, "loss": LOSS, "factor": -1},
            "model.factor must be a number of at least 0; got",
        ),
        ({"width": 1, "loss": LOSS, "secret": 1}, "model.secret is no key of Model, which takes width, "),
        ({"width": 1, "loss": LOSS, "evry": 1}, "model.evry is no key of Model, which takes width, "),
        (
            {"width": 1, "loss": LOSS, "every_n_images": 1},
            "model.every_n_images is no key of Model; it is called model.every_n_iterations, in batches now",
        ),
        (
            {"width": 1, "loss": LOSS, "parts": {"a": LOSS, "b": {"weight": 2}}},
            "model.parts.b is given settings, but b is not among the chosen parts; choose it, or leave its settings out",
        ),
        ({"width": 1, "loss": LOSS, "parts": {"b": None}}, "model.parts.b is given settings, but b is not among"),
    ],
)
def test_a_key_that_does_not_fit_is_named(keys, said, ours):
    with pytest.raises(ValueError, match="model") as error:
        schema.check(node("Model", **keys))
    assert said in str(error.value)


class Choosing:
    """A class that takes a few values alone."""

    def __init__(self, channels: Literal[1, 3] = 3, held: Literal["auto", True, False] = "auto") -> None:
        self.channels, self.held = channels, held


@pytest.mark.parametrize("keys", [{"channels": 1}, {"held": True}, {"held": False}, {"held": "auto"}])
def test_one_of_a_few_values_passes(keys):
    schema.check(node("Choosing", **keys))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"channels": True}, "model.channels must be one of 1, 3; got True"),
        ({"channels": 1.0}, "model.channels must be one of 1, 3; got 1.0; type model.channels=1"),
        ({"held": 1}, "model.held must be one of auto, true, false; got 1"),
        ({"held": 0}, "model.held must be one of auto, true, false; got 0"),
    ],
)
def test_an_equal_value_of_another_type_is_none_of_a_few(keys, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        schema.check(node("Choosing", **keys))


def test_a_part_that_was_not_chosen_is_named_by_the_key_of_its_own_group(ours):
    config = node("Model", width=1, loss=LOSS, parts="${groups}")
    config.groups = {"b": {"weight": 2}}
    with pytest.raises(ValueError, match="^groups.b is given settings, but b is not among the chosen groups"):
        schema.check(config)


def verb(count: int, name: str = "a", ratio: float = 1.0) -> None:
    """Take a few arguments."""


def test_a_commands_arguments_are_the_keys_that_its_signature_names():
    config = OmegaConf.create({"count": 2, "name": "b", "other": {"key": 1}})
    assert schema.arguments(f"{ROOM}.verb", config) == {"count": 2, "name": "b"}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"name": "b"}, "count must be given"),
        ({"count": "???"}, "count must be given"),
        ({"count": 1.5}, "count must be a whole number; got 1.5"),
        ({"count": 1, "name": 3}, "name must be a word; got 3"),
        ({"count": [1]}, r"count must be a whole number; got \[1\]"),
        ({"count": 1, "ratio": {"a": 1}}, "ratio must be a number; got {'a': 1}"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(keys, said, ours):
    with pytest.raises(ValueError, match=said):
        schema.arguments(f"{ROOM}.verb", OmegaConf.create(keys))


def test_no_file_has_a_name_that_is_too_long_for_one():
    assert not exists("seed=" + ",".join(map(str, range(200))))
    assert not exists("a\0b")
    assert exists(".")


def test_one_number_or_several_are_a_list_and_may_be_the_least_that_is_allowed():
    assert schema.numbers("seeds", 0, 0) == [0]
    assert schema.numbers("seeds", OmegaConf.create([2, 1]), 1) == [2, 1]
    for given, least in ((-1, 0), ([1, 0], 1), ([], 0), (True, 0), (0.5, 0)):
        with pytest.raises(
            ValueError, match=f"seeds must be a whole number of at least {least}, or a list of them; got"
        ):
            schema.numbers("seeds", given, least)
    with pytest.raises(ValueError, match="seeds must name each number once; got"):
        schema.numbers("seeds", [3, 3], 0)
    assert schema.numbers("labels", [3, 3], 0, once=False) == [3, 3]
