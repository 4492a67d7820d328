"""Keys and options that there are not, each with what was probably meant and can be typed."""

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from gan_lightning.config.composition import config_dir, searching
from gan_lightning.config.options import chosen, nearest_option, options_of, options_with
from gan_lightning.config.renamed import what_became_of

FIRST = ("model.", "data.", "trainer.")
"""Parts of the configuration whose keys are meant more often than those of others."""
SHOWN = 2
"""How many keys are suggested at most."""


def unknown_key(key: str, conf: Path, primary: str) -> str:
    """Return a sentence on a key that the configuration does not have."""
    said = f"{key} is no key of the configuration"
    if new := what_became_of(key):
        return f"{said}; {new}"
    if other := _of_other_data(key):
        return other
    groups = _groups(conf, primary)
    config = composed_as_typed(conf, primary)
    known = [full for full in (*_keys(config, ""), *groups) if full != key and not _last(full).startswith("_")]
    parent, last = key.rpartition(".")[0], _last(key)
    alike = [full for full in known if _last(full) == last]
    followers = [full for full in alike if _follows(config, full)]
    leading = sorted((full for full in alike if full not in followers), key=lambda full: not full.startswith(FIRST))
    near = get_close_matches(key, [full for full in known if not (parent and full in groups)], n=1, cutoff=0.6)
    if (
        isinstance(_node(config, parent), DictConfig)
        and parent
        and not any(full.startswith(f"{parent}.") for full in near)
    ):
        own = [_last(full) for full in known if full.rpartition(".")[0] == parent]
        remedy = "" if _is_left_out(key) else ", so leave it out"
        return f"{said}; {parent} has {', '.join(own) or 'no keys'}{remedy}"
    likely = near or leading if parent else leading or near
    if not likely:
        whole = [full for full in known if last in _last(full).split("_")]
        likely = get_close_matches(key, whole, n=1, cutoff=0)
    if not likely:
        command = "gan-lightning" if primary == "config" else f"gan-lightning {primary}"
        return f"{said}; `{command} --cfg job` shows all keys"
    meant = " or ".join(_as_typed(key, full) for full in likely[:SHOWN])
    after = f" {followers[0]} follows it" if len(followers) == 1 and likely == leading[:1] else ""
    return f"{said}; did you mean {meant}?{after}"


def _of_other_data(key: str) -> str | None:
    """Return a sentence on a key that other data sets have; None if none has it."""
    group, _, name = key.partition(".")
    if group != "data" or _is_left_out(key) or not (having := options_with(group, lambda own: name in set(own))):
        return None
    typed = next((word for word in sys.argv[1:] if word.startswith(f"{group}=")), "data=digits")
    asking = options_with(group, lambda own: name in set(own) and name not in own)  # they must be given it
    others = ", ".join(f"{group}={option}" for option in having)
    first = [*asking, *having][0]
    return f"{key} is no key of {typed}, and one of {others}; type {group}={first} {key}={value_of(key)}"


def value_of(key: str) -> str:
    """Return the value that was typed for a key; `VALUE` if there is none."""
    typed = (word.lstrip("+~").partition("=") for word in sys.argv[1:])
    return next((value for name, _, value in typed if name == key and value), "VALUE")


def unknown_option(named: str) -> str:
    """Return a sentence on an option, given after its group and a slash, that the group does not have."""
    group, _, option = named.partition("/")
    if group == "hydra":
        below, _, option = option.partition("/")
        group = f"{group}/{below}"
    if new := what_became_of(option):
        return f"{group} has no option {option}; {new}"
    options = options_of(group)
    close = nearest_option(option, options)
    hint = f"did you mean {group}={close}? " if close else ""
    there = f"{'There' if close else 'there'} are {', '.join(options) or 'none'}"
    own = "" if close or config_dir(sys.argv[1:]) else "; one of your own is found by --config-dir"
    said = f"{group} has no option {option}" if option else f"{group}= needs an option after it"
    return f"{said}; {hint}{there}{own}"


def without_option() -> str:
    """Return a sentence on a group that was given a number, or true or false, and no option."""
    for word in sys.argv[1:]:
        key, _, value = word.lstrip("+").partition("=")
        if (options := options_of(key.partition("@")[0])) and value not in options:
            return f"{key} has no option {value}; there are {', '.join(options)}"
    return "a group needs the name of an option, which is a word; `gan-lightning --help` shows the options"


def missing_fact(error: InterpolationKeyError) -> str:
    """Return a sentence on a value that a part of the configuration takes from another, which does not have it."""
    found = re.search(r"Interpolation key '([^']+)' not found", str(error))
    missing = found[1] if found else "a value"
    group, _, fact = missing.partition(".")
    asking = error.full_key or "the configuration"
    option = chosen(group)
    lacking = f"{group}={option}" if option else f"the chosen {group}"
    fitting = [f"{group}={each}" for each in options_with(group, lambda own: fact in own)]
    other = "network" if asking.startswith(("model.generator", "model.discriminator")) else asking.partition(".")[0]
    own = f"another {other} than {chosen(other)}" if chosen(other) else f"another {other}"
    return f"{asking} needs {missing}, and {lacking} has no {fact}; choose {', '.join([*fitting, 'or ' + own])}"


def keys_of_name(name: str, conf: Path, primary: str) -> list[str]:
    """Return the keys whose last word is a name and whose values are their own, those that are meant most often first.

    Args:
        name: such as `batch_size`.
        conf: the folder with the configuration's YAML files.
        primary: the name of the command's primary configuration in that folder, without `.yaml`.
    """
    config = composed_as_typed(conf, primary)
    groups = _groups(conf, primary)
    if name in groups or name in config:
        return [name]
    found = [full for full in _keys(config, "") if _last(full) == name and not _follows(config, full)]
    return sorted(found, key=lambda full: not full.startswith(FIRST))[:SHOWN]


def _groups(conf: Path, primary: str) -> list[str]:
    """Return the groups that a primary configuration offers."""
    defaults = (conf / f"{primary}.yaml").read_text()
    return [path.name for path in conf.iterdir() if path.is_dir() and re.search(rf"- \W*{path.name}\b", defaults)]


def composed_as_typed(conf: Path, primary: str) -> DictConfig:
    """Return the configuration with the command line's options, or with the defaults if that fails."""
    groups = _groups(conf, primary)
    typed = [word for word in sys.argv[1:] if word.split("=", 1)[0] in groups]
    own = config_dir(sys.argv[1:])
    for overrides in (typed, []):
        with suppress(HydraException), searching(own):
            return compose(primary, overrides)
    return OmegaConf.create()


def _keys(node: DictConfig, path: str) -> Iterator[str]:
    for key in node:
        full = ".".join(filter(None, (path, str(key))))
        yield full
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_interpolation() and not OmegaConf.is_missing(node, key):
            yield from _keys(child, full)


def _follows(config: DictConfig, key: str) -> bool:
    """Return whether a key has its value from another key."""
    above: Any = _node(config, key.rpartition(".")[0])
    node = above._get_node(_last(key), validate_access=False) if isinstance(above, DictConfig) else None
    return node is not None and node._is_interpolation()


def _node(config: DictConfig, key: str) -> Any:
    return OmegaConf.select(config, key, throw_on_missing=False) if key else config


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _as_typed(key: str, meant: str) -> str:
    """Return what to type for a key that stands in place of another."""
    return f"~{meant}" if _is_left_out(key) else f"{meant}={value_of(key)}"


def _is_left_out(key: str) -> bool:
    return any(word.partition("=")[0] == f"~{key}" for word in sys.argv[1:])
