"""Options that groups do not have, and values that an option lacks, each with what was probably meant."""

import re
import shlex
import sys
from math import log
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from gan_lightning.config.composition import CONF, config_dir
from gan_lightning.config.elsewhere import option_named
from gan_lightning.config.options import FILLED_BY, chosen, nearest_option, options_of, options_with
from gan_lightning.config.renamed import what_became_of
from gan_lightning.config.unknown import composed_as_typed, value_of
from gan_lightning.data.nearby import is_folder_or_zip
from gan_lightning.files import exists

FACTS = {"num_classes": ("images with classes", "none")}
"""Words for values of data that parts of a model need, and for their lack."""


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
    if group == "data" and exists(option) and is_folder_or_zip(Path(option).expanduser()):
        kind = "folder" if Path(option).expanduser().is_dir() else ".zip file"
        root = shlex.quote(f"data.root={option}")
        return f"data has no option {option}, and {option} is a {kind}; type data=folder {root}"
    given = config_dir(sys.argv[1:])
    if given and Path(given, f"{option}.yaml").expanduser().is_file():
        above = shlex.quote(str(Path(given).parent))
        return f"{group} has no option {option}; --config-dir must name the folder above; type --config-dir {above}"
    places = () if given else (".", "conf")
    if own := next((above for above in places if exists(f"{above}/{group}/{option}.yaml")), None):
        file, meant = f"{own}/{group}/{option}.yaml", _with_others(group, option, option)
        return f"{group} has no option {option}, but there is {file}; type --config-dir {own} {meant}"
    if close := nearest_option(option, options):
        meant = _with_others(group, option, close)
        return f"{group} has no option {option}; did you mean {meant}? `gan-lightning --help` lists all options"
    hint = "" if given else "; one of your own is found by --config-dir"
    said = f"{group} has no option {option}" if option else f"{group}= needs an option after it"
    return f"{said}; there are {', '.join(options) or 'none'}{hint}"


def _with_others(group: str, option: str, meant: str) -> str:
    """Return the choice of the option that is meant, in the list in which the other was typed if it was in one."""
    typed = value_of(group)
    several = re.fullmatch(r"\[(.*)\]", typed)
    words = [meant if word.strip() == option else word.strip() for word in several[1].split(",")] if several else []
    return f"{group}=[{','.join(words)}]" if words else f"{group}={meant}"


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


def list_for_parts(conf: Path, primary: str) -> str | None:
    """Return a sentence on a list that was given to a part of the configuration which a group fills, if there is one.

    Args:
        conf: the folder with the configuration's YAML files.
        primary: the name of the command's primary configuration in that folder, without `.yaml`.
    """
    config = composed_as_typed(conf, primary)
    for word in sys.argv[1:]:
        key, _, value = word.lstrip("+").partition("=")
        group = FILLED_BY.get(key.rpartition(".")[2])
        is_list = group and value.startswith("[")
        if is_list and isinstance(OmegaConf.select(config, key, throw_on_missing=False), DictConfig):
            return f"{key} cannot be {value}, because a group chooses it; type {group}={value}"
    return None


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
    if chosen(other) and fact in FACTS:
        asking, missing = f"{other}={chosen(other)}", FACTS[fact][0]
    has = f"those of {lacking} have {FACTS[fact][1]}" if fact in FACTS else f"{lacking} has no {fact}"
    return f"{asking} needs {missing}, and {has}; choose {', '.join([*fitting, 'or ' + own])}"
