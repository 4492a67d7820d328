"""The command line as it is prepared for Hydra."""

import re
from itertools import pairwise
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from gan_lightning.config.words import in_order

CONFIG_DIR = ("--config-dir", "-cd")
"""Hydra's flags for a folder with further YAML files."""
OF_A_RUN = ("model", "data")
"""Parts of a run's configuration that no command but `train` has itself."""
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./\\-]*")


def prepared(arguments: list[str]) -> list[str]:
    """Return the arguments with flags before overrides, and unusual paths in quotes.

    Raises:
        ValueError: if a word is neither a flag nor key=value; the message says what to type instead.
    """
    return [_quoted(argument) for argument in in_order(arguments)]


def with_runs(arguments: list[str]) -> list[str]:
    """Return the arguments with all run folders gathered in one `runs=[...]`; flags and the words after them stay.

    A folder's name may contain `=`, as the names of a sweep's folders do.
    """
    runs: list[str] = []
    others: list[str] = []
    for before, word in pairwise(["", *arguments]):
        alone = "=" not in word and word[:1] not in "-~" and not before.startswith("-")
        (runs if Path(word).is_dir() or alone else others).append(word)
    return [*others, f"runs=[{','.join(map(in_quotes, runs))}]"] if runs else others


def with_overrides(arguments: list[str]) -> list[str]:
    """Return the arguments with all that set a value of a run's own model or data gathered in one `overrides=[...]`."""
    own = [word for word in arguments if re.match(rf"[+~]*({'|'.join(OF_A_RUN)})[.=]", word)]
    others = [word for word in arguments if word not in own]
    return [*others, f"overrides=[{','.join(map(in_quotes, own))}]"] if own else others


def _quoted(argument: str) -> str:
    """Return `key=path` as `key='path'` if Hydra's grammar cannot read the path; `~` is expanded."""
    key, equals, value = argument.partition("=")
    if value.startswith("~/"):
        value = str(Path(value).expanduser())
        argument = f"{key}={value}"
    if not equals or PLAIN_PATH.fullmatch(value) or not (Path(value).exists() or _is_only_words(argument, value)):
        return argument
    return f"{key}={in_quotes(value)}"


def in_quotes(value: str) -> str:
    """Return a value in quotes that Hydra's grammar reads as the same text."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _is_only_words(argument: str, value: str) -> bool:
    """Return whether an argument without brackets and quotes is one that Hydra's grammar cannot read."""
    if set(value) & set("[]{}()'\""):
        return False
    try:
        OverridesParser.create().parse_override(argument)
    except HydraException:
        return True
    return False
