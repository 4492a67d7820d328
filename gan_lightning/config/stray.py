"""Words of a command line without a key or without a space between two, and those that mean training."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from gan_lightning.config.composition import CONF
from gan_lightning.config.explained import groups_of, keys_of
from gan_lightning.config.help import FLAGS, primary_of
from gan_lightning.config.options import FILLED_BY, nearest_option, options_of
from gan_lightning.config.unknown import keys_of_name
from gan_lightning.files import exists

GROUPS = ("experiment", "model", "data", "network", "loss")
"""Groups whose options are suggested where one is typed alone."""
DEMO = "demo"
"""The experiment that examples name."""
TRAINING = {"run", "fit", "training", "learn"}
"""Words that other programs begin training with."""
CONTINUATION = {"resume", "continue"}
"""Words that other programs continue a run with."""
TWO = re.compile(r"([\w.@/]+=[^\s,'\"\[\](){}]*)[\s,]+([A-Za-z_][\w.@/]*=.*)", re.S)
"""Two words with a comma or a space between them."""


def choices_of(word: str, primary: str = "config") -> list[str]:
    """Return the choices that an option typed without its group may mean, such as `experiment=demo` for `demo`.

    Args:
        word: what was typed; a path with `/` may be misspelt.
        primary: the name of the command's primary configuration, without `.yaml`.
    """
    defaults = (CONF / f"{primary}.yaml").read_text()
    groups = [group for group in GROUPS if re.search(rf"- \W*{group}\b", defaults)]
    if exact := [f"{group}={word}" for group in groups if word in options_of(group)]:
        return exact
    near = nearest_option(word, options_of("experiment")) if "/" in word and "experiment" in groups else None
    return [f"experiment={near}"] if near else []


def apart_in(word: str, primary: str) -> tuple[str, str] | None:
    """Return the two words that one holds where the space between them is missing or in quotes; None if it is one."""
    found = TWO.fullmatch(word)
    value = word.partition("=")[2]
    if not found or exists(value) or "/" in value.partition("=")[0].rpartition(",")[2]:
        return None
    if not keys_of_name(re.split(r"[.@]", found[2].partition("=")[0])[0], CONF, primary):
        return None
    return found[1], found[2]


def without_value(word: str, primary: str = "config") -> str | None:
    """Return a sentence on a key or a group that was typed without a value, or with another sign; None if it is none.

    Args:
        word: what was typed, such as `experiment` or `model:dcgan`.
        primary: the name of the command's primary configuration, without `.yaml`.
    """
    key, sign, value = word.partition(":")
    command = "gan-lightning" if primary == "config" else f"gan-lightning {primary}"
    if word == "help":
        return f"help as a word stands first; type {command.replace(' ', ' help ')}, or {command} --help"
    if not (keys := keys_of_name(key, CONF, primary)):
        return None
    if sign:
        return f"{word} has no =; type {keys[0]}={value or 'VALUE'}"
    if not (options := options_of(key)):
        return f"{key} needs a value; type {' or '.join(f'{full}=VALUE' for full in keys)}"
    usual = [DEMO, *(group.default for group in groups_of(primary) if group.name == key)]
    example = next((option for option in usual if option in options), options[0])
    return f"{key} needs an option; type {key}={example}, or another of those that {command} --help lists"


def in_first_place(command: str, others: Sequence[str]) -> str:
    """Return a sentence on a command that was typed after another word.

    Args:
        command: the command.
        others: all other words; of options of groups, only those that the command has are told to type.
    """
    primary = primary_of(command)
    own = {each.name for each in (*keys_of(primary), *groups_of(primary))}
    of_training = {group.name for group in groups_of("config")} - own
    left = [word for word in others if word.lstrip("+").partition("=")[0] not in of_training]
    needs_run = "run" in own and not any(word.startswith(("run=", "real=", "fake=")) for word in left)
    typed = shlex.join([command, *(["run=RUN"] if needs_run else []), *left])
    return f"{command} is a command, which stands first{' and needs a run' * needs_run}; type gan-lightning {typed}"


def filled_by_group(key: str, value: str, primary: str) -> str | None:
    """Return a sentence on a key that only a group fills, such as `metrics`; None if it is none.

    Args:
        key: what was typed before `=`.
        value: what was typed after it.
        primary: the name of the command's primary configuration, without `.yaml`.
    """
    own: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"{primary}.yaml"))
    groups = [group.name for group in groups_of(primary)]
    if key not in own or key in groups or own[key] != {}:
        return None
    group = next(name for name in groups if name in (FILLED_BY.get(key), f"{FILLED_BY['metrics']}@{key}"))
    return (
        f"{key} is no key to set, because a group chooses it; type {group}={value if value.strip('[]') else 'OPTION'}"
    )


def check_is_no_training(first: str, words: Sequence[str]) -> None:
    """Check that the first word is none with which other programs begin training, nor one of another script.

    Args:
        first: the word, which is no command.
        words: those after it.

    Raises:
        ValueError: if it is; the message says how training begins.
    """
    if first in TRAINING or (first.isidentifier() and not first.isascii() and not Path(first).exists()):
        own = shlex.join([word for word in words if "=" in word and not word.startswith("-")]) or "experiment=demo"
        raise ValueError(
            f"{first} is no command, and training needs none; type gan-lightning {own}; `gan-lightning --help` lists "
            "the commands"
        )


def check_is_no_continuation(first: str, words: Sequence[str]) -> None:
    """Check that the first word is none with which other programs continue a run.

    Args:
        first: the word, which is no command.
        words: those after it.

    Raises:
        ValueError: if it is; the message says how a run continues.
    """
    if first in CONTINUATION:
        runs = [word for word in words if word.startswith(("run=", "resume=")) or not re.search("=|^-", word)]
        others = [word for word in words if word not in runs]
        run = re.sub("^(run|resume)=", "", runs[0]) if runs else "RUN"
        typed = shlex.join(["gan-lightning", f"resume={run}", *others])
        raise ValueError(f"{first} is no command; type {typed} to continue a run")


def check_is_no_flag(first: str, words: Sequence[str]) -> None:
    """Check that the first word is no flag without its dashes, such as `version`.

    Args:
        first: the word, which is no command.
        words: those after it.

    Raises:
        ValueError: if it is; the message says what to type.
    """
    if f"--{first}" in re.findall(r"--[a-z-]+", " ".join(FLAGS)):
        raise ValueError(f"{first} is no command; type {shlex.join(['gan-lightning', f'--{first}', *words])}")
