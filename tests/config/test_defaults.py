"""A value in a class's own YAML equals the constructor's default, or a comment says why it does not.

Presets, conf/model and conf/experiment, are there to differ and are left out.
"""

import inspect

import pytest
import yaml
from hydra.utils import get_object

from gan_lightning.config.signatures import signature
from support.configuration import CONF

GROUPS = [
    "augment", "callbacks", "data", "ema", "extractor", "latent", "loss", "metric", "network", "norm", "optimizer",
    "penalty", "reconstruction", "schedule",
]  # fmt: skip
FACTS = {"root", "num_classes"}
"""What is a data set's own: the class's None says that nothing is known, it is no default."""
FILES = [file for group in GROUPS for file in sorted((CONF / group).rglob("*.yaml"))]


def default(target, name):
    """The default of a constructor's argument, a base class's where the class hands it on; empty where there is none."""
    for layer in target.__mro__ if inspect.isclass(target) else [target]:
        function = vars(layer).get("__init__") if inspect.isclass(layer) else layer
        parameters = inspect.signature(function).parameters if function else {}
        if name in parameters:
            return parameters[name].default
    return inspect.Parameter.empty


def given(node, target=None):
    """Each plain value below a YAML node as (class, argument, value, line), under the class of its own mapping."""
    if not isinstance(node, yaml.MappingNode):
        return
    pairs = [(key.value, value) for key, value in node.value]
    named = [value.value for key, value in pairs if key == "_target_"]
    target = get_object(named[0]) if named else target
    for name, value in pairs:
        if isinstance(value, yaml.MappingNode):
            yield from given(value)
        elif target is not None and not name.startswith("_") and name != "defaults":
            plain = yaml.safe_load(yaml.serialize(value))
            if not (isinstance(plain, str) and ("${" in plain or plain == "???")):
                yield target, name, plain, value.start_mark.line


def unexplained(text, target=None):
    """What a YAML text sets to another value than the default, without a comment beside or above it."""
    lines = text.splitlines()
    for made, name, value, line in given(yaml.compose(text), target):
        assert name in signature(f"{made.__module__}.{made.__qualname__}").arguments, (
            f"{made.__name__} has no argument {name}"
        )
        if made.__module__.startswith("gan_lightning.data.") and name in FACTS:
            continue
        usual = default(made, name)
        usual = list(usual) if isinstance(usual, tuple) else usual
        is_equal = value == usual and isinstance(value, bool) == isinstance(usual, bool)
        is_explained = "#" in lines[line] or lines[line - 1].lstrip().startswith("#")
        if usual is not inspect.Parameter.empty and not is_equal and not is_explained:
            yield f"line {line + 1}: {name} is {value!r}, {made.__name__}'s default is {usual!r}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONF)))
def test_a_value_that_differs_from_the_constructors_default_says_why(file):
    text = file.read_text()
    target = get_object(yaml.safe_load((CONF / "data" / "folder.yaml").read_text())["_target_"])
    target = target if file == CONF / "data" / "shared" / "images.yaml" else None
    assert list(unexplained(text, target)) == []


def test_most_files_were_looked_into():
    read = [entry for file in FILES for entry in given(yaml.compose(file.read_text()))]
    assert len(read) > 100
    assert len({target for target, *_ in read}) > 40


LOSS = "_target_: gan_lightning.losses.adversarial.LeastSquares\n"


def test_an_unexplained_difference_is_named():
    assert list(unexplained(f"{LOSS}factor: 0.5\n")) == []
    assert list(unexplained(f"{LOSS}factor: 1.0\n")) == ["line 2: factor is 1.0, LeastSquares's default is 0.5"]
    assert list(unexplained(f"{LOSS}factor: 1.0 # as in most code\n")) == []
    assert list(unexplained(f"{LOSS}# as in most code\nfactor: 1.0\n")) == []
    assert list(unexplained(f"{LOSS}a: true\n")) == ["line 2: a is True, LeastSquares's default is 0.0"]
