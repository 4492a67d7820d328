"""The command line as it is prepared for Hydra."""

import re
from itertools import pairwise
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

CONFIG_DIR = ("--config-dir", "-cd")
"""Hydra's flags for a folder with further YAML files."""
OF_A_RUN = ("model", "data")
"""Parts of a run's configuration that no command but `train` has itself."""
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./\\-]*")


def prepared(arguments: list[str]) -> list[str]:
    """Return the arguments with unusual paths in quotes."""
    return [_quoted(argument) for argument in arguments]


def with_runs(arguments: list[str]) -> list[str]:
    """Return the arguments with all run folders gathered in one `runs=[...]`; flags and the words after them stay.

    A folder's name may contain `=`, as the names of a sweep's folders do.
    """
    runs: list[str] = []
    others: list[str] = []
    for before, word in pairwise(["", *arguments]):
        (runs if Path(word).is_dir() or _is_alone(before, word) else others).append(word)
    return [*others, f"runs=[{','.join(map(in_quotes, runs))}]"] if runs else others


def with_root(arguments: list[str]) -> list[str]:
    """Return the arguments with a folder that is typed alone as `root=FOLDER`; flags and the words after them stay.

    Raises:
        ValueError: if no folder is given, or several are; with a flag such as `--help` none is needed.
    """
    words = [f"root={in_quotes(pair[1])}" if _is_folder(*pair) else pair[1] for pair in pairwise(["", *arguments])]
    given = [word.removeprefix("root=").strip("'") for word in words if word.startswith("root=")]
    if len(given) > 1:
        raise ValueError(f"start takes one folder of pictures; got {len(given)}: {', '.join(given)}")
    if not given and not any(word.startswith("-") for word in words):
        raise ValueError("start needs a folder of pictures: gan-lightning start DIR")
    return words


def _is_folder(before: str, word: str) -> bool:
    """Return whether a word is a folder, which may have `=` in its name, or can be nothing else."""
    return not before.startswith("-") and (Path(word).is_dir() or _is_alone(before, word))


def _is_alone(before: str, word: str) -> bool:
    """Return whether a word is neither key=value, where the key may not be a path, nor a flag nor what follows one."""
    key = word.partition("=")[0]
    is_path = "=" not in word or ("/" in key and not key.startswith("hydra/"))
    return is_path and word[:1] not in "-~" and not before.startswith("-")


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
