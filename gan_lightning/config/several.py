"""Several values for one key: whether they may be a list, or only runs of a sweep."""

import re
from pathlib import Path
from typing import Any

from omegaconf import ListConfig, OmegaConf

from gan_lightning.config.fits import takes_list
from gan_lightning.config.hints import hint_of
from gan_lightning.config.options import options_of
from gan_lightning.config.unknown import composed_as_typed


def several_values(word: str, conf: Path, primary: str) -> str:
    """Return a sentence on a word such as `seed=0,1`, which is a sweep or, where the key takes one, a list.

    Args:
        word: what was typed.
        conf: the folder with the configuration's YAML files.
        primary: the name of the command's primary configuration in that folder, without `.yaml`.
    """
    key, _, values = word.partition("=")
    remedies = [f"-m {word} for a run of each"] if primary == "config" else []
    if _may_be_list(key, conf, primary):
        remedies.append(f"{key}=[{values}] for a list")
    one = f"{key}={values.partition(',')[0]}, because it takes one"
    return f"{word} gives {key} several values; type {', or '.join(remedies or [one])}"


def list_for_one(word: str, conf: Path, primary: str) -> str | None:
    """Return a sentence on a list that was typed for a group of which one option is chosen; None if it is none.

    Args:
        word: what was typed, such as `model=[dcgan,lsgan]`.
        conf: the folder with the configuration's YAML files.
        primary: the name of the command's primary configuration in that folder, without `.yaml`.
    """
    key, _, value = word.partition("=")
    given, known = re.findall(r"[\w/-]+", value), options_of(key.partition("@")[0])
    if value[:1] != "[" or not given or not set(given) <= set(known) or _may_be_list(key, conf, primary):
        return None
    sweep = f", or -m {key}={','.join(given)} for a run of each" if len(given) > 1 and primary == "config" else ""
    return f"{key} takes one option and no list; type {key}={given[0]}{sweep}"


def _may_be_list(key: str, conf: Path, primary: str) -> bool:
    if re.search(rf"^ *- {re.escape(key)}: .*\[", (conf / f"{primary}.yaml").read_text(), re.M):
        return True  # the comment or the default of a group that may have several options shows a list
    if options_of(key.partition("@")[0]):
        return False
    config = composed_as_typed(conf, primary)
    if isinstance(OmegaConf.select(config, key, throw_on_missing=False), ListConfig):
        return True
    hint = hint_of(key, config, primary)
    return hint is not Any and takes_list(hint)
