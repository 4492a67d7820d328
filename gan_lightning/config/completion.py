"""How a shell completes words: names of commands, flags, options of groups, and the keys and files that Hydra finds."""

import re
from contextlib import redirect_stderr, suppress
from io import StringIO

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import HydraException
from hydra.plugins.completion_plugin import DefaultCompletionPlugin

from gan_lightning.config.explained import groups_of
from gan_lightning.config.help import FLAGS, command_names, primary_of
from gan_lightning.config.options import options_of


def completions(line: str, loader: ConfigLoaderImpl) -> list[str]:
    """Return what the last word of a command line may become.

    Args:
        line: the line up to the cursor, the program included, as shells pass it in COMP_LINE.
        loader: Hydra's loader, from which options and keys are read.
    """
    words = re.split(r"\s+", line)[1:] or [""]
    last = words[-1]
    first = words[0] if len(words) > 1 else ""
    found = {"": ["help", *command_names()], "help": command_names()}.get(first, []) if len(words) < 3 else []
    if last.startswith("-"):
        found = [flag.split(",")[0].split()[0] for flag in FLAGS]
    elif first != "help":
        primary = primary_of(words.pop(0)) if first in command_names() else "config"
        found = [*found, *_settings(words, primary, loader)]
    return sorted({each for each in found if each.startswith(last)})


def _settings(words: list[str], primary: str, loader: ConfigLoaderImpl) -> list[str]:
    """Return what sets a value or chooses an option; Hydra finds no options in folders, as paper/cgan_mnist is."""
    group, equals, value = words[-1].partition("=")
    groups = [known.name for known in groups_of(primary)]
    if equals and group in groups:
        return [f"{group}={option}" for option in options_of(group.partition("@")[0], words)]
    hydras = DefaultCompletionPlugin(loader)
    if "/" in value:
        return [f"{group}={file}" for file in hydras.complete_files(value)]
    found: list[str] = []
    with suppress(HydraException, SystemExit), redirect_stderr(StringIO()):  # of a line that is not yet complete
        found = hydras._query(primary, " ".join(words))
    keys = [key for key in found if key.partition("=")[0].partition("/")[0] not in (*groups, "hydra")]
    return [*(f"{known}=" for known in groups), *keys]
