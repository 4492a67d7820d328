"""Flags of a command line: those that there are not, those that have no use here, and those that lack something."""

import re
import sys
from argparse import ArgumentError, Namespace
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches

from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gan_lightning.config.composition import CONF, composed, config_dir, searching
from gan_lightning.config.help import FLAGS
from gan_lightning.config.unknown import keys_of_name, unknown_key

NO_KEYS = ("_", "hydra")
"""Beginnings of what `--package` names beside keys of the configuration."""


def refuse_flag(word: str, words: Sequence[str], primary: str) -> None:
    """Refuse a word that begins with `-` and is no flag.

    Args:
        word: what was typed.
        words: the command line, without the command.
        primary: the name of the command's primary configuration, without `.yaml`.

    Raises:
        ValueError: in any case; the message says what to type instead.
    """
    flag, _, value = word.partition("=")
    key = flag.lstrip("-").replace("-", "_")
    if len(key) < 2:
        raise ValueError(
            f"{flag} is no flag; `gan-lightning --help` shows the flags, and values are given as key=value: seed=3"
        )
    after = words[words.index(word) + 1 :][:1]
    if not value and after and after[0][:1] != "-" and "=" not in after[0]:
        value = after[0]
    said = f"{flag} is no flag, because values are given as key=value"
    value = value or "VALUE"
    if keys := keys_of_name(key, CONF, primary):
        raise ValueError(f"{said}; type {' or '.join(f'{full}={value}' for full in keys)}")
    if close := get_close_matches(flag, re.findall(r"--[a-z-]+", " ".join(FLAGS)), n=1, cutoff=0.75):
        raise ValueError(f"{flag} is no flag; did you mean {close[0]}?")
    meant, begins = unknown_key(key, CONF, primary), f"{key} is no key of the configuration; type "
    if meant.startswith(begins):
        raise ValueError(f"{said}; type {meant.removeprefix(begins)}")
    raise ValueError(f"{said}, and {meant}")


def unreadable_flag(error: ArgumentError) -> str:
    """Return a sentence on a flag without the word that it needs after it, or with one that it does not take."""
    name = str(error.argument_name).partition("/")[0]
    choices = next((each.choices for each in get_args_parser()._actions if name in each.option_strings), None)
    given = re.search(r"invalid choice: '(.*?)'", error.message)
    if choices and given:
        return f"{name} must be one of {', '.join(choices)}; got {given[1]}; type {name} {next(iter(choices))}"
    example = next((label.partition(",")[0] for label in FLAGS if label.startswith(f"{name} ")), "")
    if example and "expected one argument" in error.message:
        return f"{name} needs a word after it; type {example}"
    return f"{name}: {error.message}; `gan-lightning --help` shows the flags"


def check_flags(typed: Namespace, primary: str) -> None:
    """Check that the flags of a command line have what they need, and that none asks for what is not used here.

    Args:
        typed: the command line as Hydra's parser reads it.
        primary: the name of the command's primary configuration, without `.yaml`.

    Raises:
        ValueError: for the first flag that is wrong; the message says what to type instead.
    """
    for name in ("config_name", "config_path"):
        if getattr(typed, name) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(f"{flag} is not used here; choose options, such as experiment=demo")
    shell = ("install=", "uninstall=", "query=")
    if typed.shell_completion and not any(word.startswith(shell) for word in typed.overrides):
        raise ValueError("--shell-completion needs the name of a shell; type -sc install=bash or -sc install=fish")
    package = typed.package
    if package and not typed.cfg:
        raise ValueError(f"--package {package} needs --cfg; type --cfg job --package {package}")
    if package and not package.startswith(NO_KEYS) and not _is_key(package, typed.overrides, primary):
        raise ValueError(f"--package {package} names no key of the configuration; type --cfg job alone for all keys")


def _is_key(key: str, overrides: Sequence[str], primary: str) -> bool:
    """Return whether the configuration of a command line has a key, which it may if it cannot be composed."""
    with suppress(HydraException, OmegaConfBaseException, ValueError), searching(config_dir(sys.argv[1:])):
        return OmegaConf.select(composed(overrides, primary), key, throw_on_missing=False) is not None
    return True
