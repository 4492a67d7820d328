"""Several values for one key: whether they may be a list, or only runs of a sweep."""

import re
from contextlib import suppress
from pathlib import Path

from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lightning.config.schema import takes_list
from gan_lightning.config.signatures import named_in, signature
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


def _may_be_list(key: str, conf: Path, primary: str) -> bool:
    if (conf / key.partition("@")[0]).is_dir():  # the comment of a group that may have several options shows them
        return bool(re.search(rf"^ *- {re.escape(key)}: .*\[", (conf / f"{primary}.yaml").read_text(), re.M))
    config = composed_as_typed(conf, primary)
    if isinstance(OmegaConf.select(config, key, throw_on_missing=False), ListConfig):
        return True
    above, _, name = key.rpartition(".")
    part = OmegaConf.select(config, above, throw_on_missing=False) if above else None
    command = "train" if primary == "config" else primary
    targets = [] if above else named_in(f"gan_lightning.commands.{command}.TAKES")
    if isinstance(part, DictConfig) and "_target_" in part:
        targets = [part["_target_"]]
    for target in targets:
        with suppress(LookupError):
            if argument := signature(target).arguments.get(name):
                return takes_list(argument.hint)
    return False
