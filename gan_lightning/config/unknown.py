"""Keys and options that there are not, each with what was probably meant and can be typed."""

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from difflib import SequenceMatcher, get_close_matches
from math import log
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from gan_lightning.config.composition import CONF, config_dir, searching
from gan_lightning.config.elsewhere import key_for, option_named
from gan_lightning.config.options import FILLED_BY, chosen, nearest_option, options_of, options_with
from gan_lightning.config.own_classes import takes_unlisted
from gan_lightning.config.renamed import what_became_of

FIRST = ("model.", "data.", "trainer.")
"""Parts of the configuration whose keys are meant more often than those of others."""
SHOWN = 2
"""How many keys are suggested at most."""
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
    said = f"{key} is no key of the configuration"
    if new := what_became_of(key):
        return f"{said}; {new}"
    groups = _groups(conf, primary)
    if "data" in groups and (other := _of_other_data(key)):
        return other
    config = composed_as_typed(conf, primary)
    if takes_unlisted(key, config) and not _is_left_out(key):
        return f"{key} is not listed by its YAML file; type +{key}={value_of(key)}"
    known = [full for full in (*_keys(config, ""), *groups) if full != key and not _last(full).startswith("_")]
    same = [full for full in known if _last(full) == _last(key)]
    typed = value_of(key)
    if not same and "." not in key and not _is_left_out(key):
        if "data" in groups and (fitting := _with_data(key)):
            return f"{said}; type data={fitting} data.{key}={typed}"
        if primary == "config" and (other := _of_another_command(key, conf, primary)):
            return other
    meant, followers = _meant(key, config, known, same)
    choice = None if _is_left_out(key) else key_for(key, typed) or _of_an_option(key, config)
    if choice and re.split(r"[=.]", choice)[0] in (*groups, *config) and not any(full in same for full in meant):
        return f"{said}; type {choice}"
    if meant:
        after = f" {followers[0]} follows it" if len(followers) == 1 and len(meant) == 1 else ""
        return f"{said}; did you mean {' or '.join(_as_typed(key, full) for full in meant[:SHOWN])}?{after}"
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
        whole = [full for full in known if last in _last(full).split("_")]
        return (leading, followers) if leading else (_near(key, known) or get_close_matches(key, whole, 1, 0), [])
    below = [full for full in same if full.startswith(parent)]
    if own := [full for full in below if full not in followers]:
        return own, followers
    near = _near(key, [full for full in known if "." in full])
    if below or isinstance(_node(config, parent), DictConfig):
        return below or [full for full in near if full.startswith(f"{parent}.")], []
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
    if primary == "start" and first in _groups(conf, "config"):
        return (
            f"{key} is no key of start, which chooses model, size and batch itself; leave it out, and "
            f"when you train by the recipe, type gan-lightning --config-dir . experiment=mine {key}={value}"
        )
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
    return f"{key} is no key of {who}, and one of {', '.join(having)}; type gan-lightning {one} {key}={value}{also}"


def _data_of(experiment: str) -> str | None:
    """Return the choice of an experiment's data; None if it cannot be composed."""
    with suppress(HydraException, ValueError), searching(config_dir(sys.argv[1:])):
        option = compose("config", [f"experiment={experiment}"], return_hydra_config=True).hydra.runtime.choices.data
        return f"data={option}"
    return None


def _of_an_option(key: str, config: DictConfig) -> str | None:
    """Return the choice of an option that fills a missing part which has a key, and the key; None if there is none."""
    parent, name = key.rpartition(".")[0], _last(key)
    if not parent or isinstance(_node(config, parent), DictConfig):
        return None
    part, above = _last(parent), _last(parent.rpartition(".")[0])
    group = FILLED_BY.get(part, part)
    if options := options_with(group, lambda own: name in own):
        return f"{group}={options[0]} {key}={value_of(key)}"
    choice = SEVERAL.get(above)
    if choice and part in options_of(choice.partition("=")[0]):
        return f"{choice.format(part)} {key}={value_of(key)}"
    return None


def _of_other_data(key: str) -> str | None:
    """Return a sentence on a key that other data sets have; None if none has it."""
    group, _, name = key.partition(".")
    if group != "data" or _is_left_out(key) or not (fitting := _with_data(name)):
        return None
    typed = next((word for word in sys.argv[1:] if word.startswith(f"{group}=")), "data=digits")
    others = ", ".join(f"{group}={option}" for option in options_with(group, lambda own: name in set(own)))
    return f"{key} is no key of {typed}, and one of {others}; type {group}={fitting} {key}={value_of(key)}"


def _with_data(name: str) -> str | None:
    """Return a data set that has a key, one that must be given it if there is such; None if none has it."""
    asking = options_with("data", lambda own: name in set(own) and name not in own)
    return next(iter([*asking, *options_with("data", lambda own: name in set(own))]), None)


def value_of(key: str) -> str:
    """Return the value that was typed for a key; `VALUE` if there is none."""
    typed = (word.lstrip("+~").partition("=") for word in sys.argv[1:])
    value = next((value for name, _, value in typed if name == key and value), "VALUE")
    return re.sub(r"^choice\((.*)\)$", r"\1", value)  # as it is handed to the jobs of a sweep


def unknown_option(named: str) -> str:
    """Return a sentence on an option, given after its group and a slash, that the group does not have."""
    group, _, option = named.partition("/")
    if group == "hydra":
        below, _, option = option.partition("/")
        group = f"{group}/{below}"
    if new := what_became_of(option):
        return f"{group} has no option {option}; {new}"
    options = options_of(group)
    if meant := option_named(group, option):
        return f"{group} has no option {option}; type {group}={meant}"
    given = config_dir(sys.argv[1:])
    if given and Path(given, f"{option}.yaml").expanduser().is_file():
        above = shlex.quote(str(Path(given).parent))
        return f"{group} has no option {option}; --config-dir must name the folder above; type --config-dir {above}"
    if close := nearest_option(option, options):
        return f"{group} has no option {option}; did you mean {group}={close}? `gan-lightning --help` lists all options"
    own = "" if given else "; one of your own is found by --config-dir"
    said = f"{group} has no option {option}" if option else f"{group}= needs an option after it"
    return f"{said}; there are {', '.join(options) or 'none'}{own}"


def _of_decay(option: str) -> str:
    """Return a sentence on the decay of a moving average, which others count by batches."""
    size = OmegaConf.select(composed_as_typed(CONF, "config"), "data.batch_size", default=64)
    images = round(size * log(0.5) / log(float(option)))
    return (
        f"ema has no option {option}, because a moving average is set by its half-life in images; a decay of {option} "
        f"at each batch of {size} is ema=half_life model.ema.half_life={images}"
    )


def without_option() -> str:
    """Return a sentence on a group that was given a number, or true or false, and no option."""
    for word in sys.argv[1:]:
        key, _, value = word.lstrip("+").partition("=")
        if key == "ema" and re.fullmatch(r"0?\.\d+", value) and float(value):
            return _of_decay(value)
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


def _as_typed(key: str, meant: str) -> str:
    """Return what to type for a key that stands in place of another."""
    return f"~{meant}" if _is_left_out(key) else f"{meant}={value_of(key)}"


def _is_left_out(key: str) -> bool:
    return any(word.partition("=")[0] == f"~{key}" for word in sys.argv[1:])
