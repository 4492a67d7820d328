"""Keys and options that there are not, each with what was probably meant and can be typed."""

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import SequenceMatcher, get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from gan_lightning.config.composition import CONF, config_dir, searching
from gan_lightning.config.elsewhere import key_for
from gan_lightning.config.hints import accepted
from gan_lightning.config.options import FILLED_BY, options_of, options_with
from gan_lightning.config.own_classes import takes_unlisted
from gan_lightning.config.renamed import what_became_of

FIRST = ("model.", "data.", "trainer.")
"""Parts of the configuration whose keys are meant more often than those of others."""
SHOWN = 2
"""How many keys are suggested at most."""
NAMED = 3
"""How many commands or data sets are named at most that have a key."""
ALIKE = 0.6
"""How similar words are of which one may be the other, misspelt; 1 for equal ones."""
SEVERAL = {
    "penalties": "penalty=[{}]",
    "reconstructions": "reconstruction=[{}]",
    "callbacks": "callbacks=[default,{}]",
    "logger": "logger=[default,{}]",
}
"""How one of several options is chosen, by the part of the configuration that has them."""


def unknown_key(key: str, conf: Path, primary: str) -> str:
    """Return a sentence on a key that the configuration does not have."""
    said = f"{key} is no key of {'the configuration' if primary == 'config' else primary}"
    if new := what_became_of(key):
        return f"{said}; {new}"
    groups = _groups(conf, primary)
    if primary == "start" and (other := _of_the_recipe(key, conf)):
        return other
    if "data" in groups and (other := _of_other_data(key)):
        return other
    config = composed_as_typed(conf, primary)
    if takes_unlisted(key, config) and not _is_left_out(key):
        return f"{key} is not listed by its YAML file; type +{key}={value_of(key)}"
    known = [full for full in (*_keys(config, ""), *groups) if full != key and not _last(full).startswith("_")]
    same = [full for full in known if _last(full) == _last(key)]
    if plural := [full for full in known if full in (f"{key}s", key.removesuffix("s"))]:
        same = plural
    typed = value_of(key)
    if not same and "." not in key and not _is_left_out(key):
        if "data" in groups and (fitting := _with_data(key)):
            return f"{said}; type data={fitting} data.{key}={typed}"
        is_named = key_for(key, typed, primary) is not None
        if primary == "config" and not is_named and (other := _of_another_command(key, conf, primary)):
            return other
    meant, followers = _meant(key, config, known, same)
    choice = (
        None if _is_left_out(key) else _by_another_name(key, primary, config) or _of_an_option(key, config, primary)
    )
    if choice and re.split(r"[=.]", choice)[0] in (*groups, *config) and not any(full in same for full in meant):
        return f"{said}; type {choice}"
    if meant := [words for full in meant[:SHOWN] for words in _as_typed(key, full, config, primary)]:
        after = f" {followers[0]} follows it" if len(followers) == 1 and len(meant) == 1 else ""
        return f"{said}; did you mean {' or '.join(meant)}?{after}"
    if other := _of_another_command(key, conf, primary):
        return other
    parent = key.rpartition(".")[0]
    if parent and isinstance(_node(config, parent), DictConfig):
        own = [_last(full) for full in known if full.rpartition(".")[0] == parent]
        remedy = "" if _is_left_out(key) else ", so leave it out"
        return f"{said}; {parent} has {', '.join(own) or 'no keys'}{remedy}"
    command = "gan-lightning" if primary == "config" else f"gan-lightning {primary}"
    return f"{said}; `{command} --cfg job` shows all keys"


def _meant(key: str, config: DictConfig, known: list[str], same: list[str]) -> tuple[list[str], list[str]]:
    """Return the keys that may be meant by one that there is not, and those of its last word that follow another."""
    parent, last = key.rpartition(".")[0], _last(key)
    followers = [full for full in same if _follows(config, full)]
    leading = sorted((full for full in same if full not in followers), key=lambda full: not full.startswith(FIRST))
    if not parent:
        whole = [full for full in known if len(last) > 2 and last in _last(full).split("_")]
        return (leading, followers) if leading else (_near(key, known) or get_close_matches(key, whole, 1, 0), [])
    below = [full for full in same if full.startswith(parent)]
    if own := [full for full in below if full not in followers]:
        return own, followers
    near = _near(key, [full for full in known if "." in full])
    if below or isinstance(_node(config, parent), DictConfig):
        whole = [full for full in known if re.fullmatch(rf"{re.escape(key)}_.*", full)]
        return below or whole or [full for full in near if full.startswith(f"{parent}.")], []
    if near and near[0] in followers:
        return [full for full in leading if full.startswith("model.")] or near, followers
    return near, []


def _near(key: str, known: list[str]) -> list[str]:
    """Return the one key that is spelt nearly like another, as a whole and in its last word; none if there is none."""
    alike = [full for full in known if SequenceMatcher(None, _last(full), _last(key)).ratio() >= ALIKE]
    return get_close_matches(key, alike, n=1, cutoff=ALIKE)


def _of_another_command(key: str, conf: Path, primary: str) -> str | None:
    """Return a sentence on a key that other commands have, or training; None if none has it."""
    first, value = key.partition(".")[0], value_of(key)
    if _is_left_out(key):
        return None
    if key == "resume" and "run" in list(OmegaConf.load(conf / f"{primary}.yaml")):
        return f"resume is no key of {primary}; type run={value}"
    if primary == "check" and key == "experiment" and (data := _data_of(value)):
        words = shlex.join([data, *(word for word in sys.argv[1:] if word.startswith("data."))])
        return f"experiment is no key of check; type {words} for the data of that experiment"
    if primary != "config" and first in _groups(conf, "config"):
        return (
            f"{key} is a key of training and none of {primary}, so leave it out; `gan-lightning {primary} --help` "
            "shows the keys that it has"
        )
    if key == "output" and "run_dir" in list(OmegaConf.load(conf / f"{primary}.yaml")):
        who = "training" if primary == "config" else primary
        return f"output is no key of {who}; type hydra.run.dir={value} for its folder"
    names = sorted(file.stem for file in conf.glob("*.yaml") if file.stem not in ("config", primary))
    having = [name for name in names if re.search(rf"^{re.escape(key)}:", (conf / f"{name}.yaml").read_text(), re.M)]
    if not having:
        return None
    one = next((name for name in having if name == "sample"), having[0])
    who = "training" if primary == "config" else primary
    also = f", or resume={value} to continue that run" if (key, primary) == ("run", "config") else ""
    having = [one, *(name for name in having if name != one)]
    return f"{key} is no key of {who}, but {_have(having)} it; type gan-lightning {one} {key}={value}{also}"


def _have(names: Sequence[str]) -> str:
    """Return some of the names of what has a key, and that they have it."""
    *first, last = names if len(names) <= NAMED else [*names[:NAMED], "others"]
    return f"{', '.join(first)} and {last} have" if first else f"{last} has"


def _of_the_recipe(key: str, conf: Path) -> str | None:
    """Return a sentence on a key of training that `start` chooses itself; None if training has none like it."""
    meant = key if key.partition(".")[0] in _groups(conf, "config") else key_for(key, value_of(key), "config")
    full_keys = keys_of_name(key, conf, "config") or keys_of_name(key.removesuffix("s"), conf, "config")
    names = [f"{full}={value_of(key)}" for full in full_keys]
    if _is_left_out(key) or not (
        typed := names or ([meant if "=" in meant else f"{meant}={value_of(key)}"] if meant else [])
    ):
        return None
    return (
        f"{key} is no key of start, which chooses model, size and batch itself; leave it out, and "
        f"when you train by the recipe, type gan-lightning --config-dir . experiment=mine {typed[0]}"
    )


def _by_another_name(key: str, primary: str, config: DictConfig) -> str | None:
    """Return what to type for a key that has another name here, in the part that was typed if that has it."""
    words = key_for(key, value_of(key), primary)
    if words is None or words.count("=") != 1:
        return words
    name, _, value = words.partition("=")
    own = ".".join(filter(None, (key.rpartition(".")[0], _last(name))))
    return " or ".join(accepted(own if _node(config, own) is not None else name, value, config, primary))


def _data_of(experiment: str) -> str | None:
    """Return the choice of an experiment's data; None if it cannot be composed."""
    with suppress(HydraException, ValueError), searching(config_dir(sys.argv[1:])):
        option = compose("config", [f"experiment={experiment}"], return_hydra_config=True).hydra.runtime.choices.data
        return f"data={option}"
    return None


def _of_an_option(key: str, config: DictConfig, primary: str) -> str | None:
    """Return the choice of an option that fills a missing part which has a key, and the key; None if there is none."""
    parent, name = key.rpartition(".")[0], _last(key)
    if not parent or isinstance(_node(config, parent), DictConfig):
        return None
    part, above = _last(parent), _last(parent.rpartition(".")[0])
    group = FILLED_BY.get(part, part)
    if options := options_with(group, lambda own: name in own):
        with_it = composed_as_typed(CONF, primary, f"{group}={options[0]}")
        full = next((full for full in _keys(with_it, "") if f".{full}".endswith(f".{part}.{name}")), key)
        return f"{group}={options[0]} {full}={value_of(key)}"
    choice = SEVERAL.get(above)
    if choice and part in options_of(choice.partition("=")[0]):
        return f"{choice.format(part)} {key}={value_of(key)}"
    return None


def _of_other_data(key: str) -> str | None:
    """Return a sentence on a key that other data sets have; None if none has it."""
    group, _, name = key.partition(".")
    if group != "data" or _is_left_out(key) or not (fitting := _with_data(name)):
        return None
    typed = next((word for word in sys.argv[1:] if word.startswith(f"{group}=")), "data=digits, which is chosen now")
    options = [fitting, *(each for each in options_with(group, lambda own: name in set(own)) if each != fitting)]
    having = _have([f"{group}={option}" for option in options])
    return f"{key} is no key of {typed}, but {having} it; type {group}={fitting} {key}={value_of(key)}"


def _with_data(name: str) -> str | None:
    """Return a data set that has a key, one that must be given it if there is such; None if none has it."""
    asking = options_with("data", lambda own: name in set(own) and name not in own)
    return next(iter([*asking, *options_with("data", lambda own: name in set(own))]), None)


def value_of(key: str) -> str:
    """Return the value that was typed for a key; `VALUE` if there is none."""
    words = [word.lstrip("+~").partition("=") for word in sys.argv[1:]]
    for (word, _, _), (after, equals, _) in pairwise([*words, ("", "", "")]):  # `--epochs 8`
        if word.startswith("--") and after and not equals:
            words.append((word, "=", after))
    named = ((name.lstrip("-").replace("-", "_") if name[:2] == "--" else name, value) for name, _, value in words)
    value = next((value for name, value in named if name == key and value), "VALUE")
    return re.sub(r"^choice\((.*)\)$", r"\1", value)  # as it is handed to the jobs of a sweep


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


def composed_as_typed(conf: Path, primary: str, *choices: str) -> DictConfig:
    """Return the configuration with the command line's options, or with the defaults if that fails.

    Args:
        conf: the folder with the configuration's YAML files.
        primary: the name of the command's primary configuration in that folder, without `.yaml`.
        choices: further options, such as `ema=half_life`.
    """
    groups = _groups(conf, primary)
    typed = [*(word for word in sys.argv[1:] if word.split("=", 1)[0] in groups), *choices]
    own = config_dir(sys.argv[1:])
    for overrides in (typed, []):
        with suppress(HydraException, ValueError), searching(own):  # ema=0.999 is a ValueError
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


def _as_typed(key: str, meant: str, config: DictConfig, primary: str) -> list[str]:
    """Return what to type for a key that stands in place of another."""
    return [f"~{meant}"] if _is_left_out(key) else accepted(meant, value_of(key), config, primary)


def _is_left_out(key: str) -> bool:
    return any(word.partition("=")[0] == f"~{key}" for word in sys.argv[1:])
