"""The command line as it is prepared for Hydra."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from gan_lightning.config.composition import parsed
from gan_lightning.config.elsewhere import key_for
from gan_lightning.config.words import check_once, in_order
from gan_lightning.files import exists

OF_A_RUN = ("model", "data")
"""Parts of a run's configuration that no command but `train` has itself."""
TAKES_ONE = {"start": ("root", "folder of pictures"), "grade": ("file", "file with an answer")}
"""Commands to which a path may be given without its key, with that key and what the path is."""
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./\\-]*")


def prepared(arguments: list[str], primary: str) -> list[str]:
    """Return the arguments with flags before overrides, and unusual paths in quotes.

    Args:
        arguments: the command line, without the command.
        primary: the name of the command's primary configuration, without `.yaml`.

    Raises:
        ValueError: if a word is neither a flag nor key=value; the message says what to type instead.
    """
    words = [_quoted(argument) for argument in in_order(arguments, primary)]
    is_sweep = any(word in ("-m", "--multirun") for word in words) and not any(
        word.startswith(("-c", "--cfg")) and not word.startswith("-cd") for word in words
    )
    return [_of_jobs(word) for word in words] if is_sweep else words


def _of_jobs(word: str) -> str:
    """Return a value of a part as one that is swept, so that only the jobs need its key and not the sweep itself."""
    key, equals, value = word.partition("=")
    if not value or "." not in key or key.lstrip("+").startswith("hydra") or word[0] in "-~":
        return word
    try:
        return word if parsed(word).is_sweep_override() else f"{key}{equals}choice({value})"
    except HydraException:
        return word


def with_runs(arguments: list[str]) -> list[str]:
    """Return the arguments with all run folders gathered in one `runs=[...]`; flags and the words after them stay.

    A folder's name may contain `=`, as the names of a sweep's folders do.

    Raises:
        ValueError: if no folder is given, or one with a key; with a flag none is needed.
    """
    runs: list[str] = []
    others: list[str] = []
    for before, word in pairwise(["", *arguments]):
        (runs if (exists(word) and Path(word).is_dir()) or _is_alone(before, word) else others).append(word)
    if key := next((word.partition("=")[0] for word in others if re.match(r"runs?=[^\[]", word)), ""):
        named = [*runs, *(word.partition("=")[2] for word in others if word.startswith(f"{key}="))]
        words = shlex.join(named) + " RUN" * (key == "run" and len(named) == 1)
        raise ValueError(f"compare takes run folders as words without {key}=; type gan-lightning compare {words}")
    if not runs and not any(word.startswith(("-", "runs=")) for word in others):
        raise ValueError("compare needs runs, or the folder of a sweep: gan-lightning compare RUN RUN")
    return [*others, f"runs=[{','.join(map(in_quotes, runs))}]"] if runs else others


def with_one(arguments: list[str], command: str) -> list[str]:
    """Return the arguments of a command with the path that is typed alone as `key=PATH`; flags and all others stay.

    Raises:
        ValueError: if no path is given, or several are, or its key has another name; with a flag such as `--help` none
            is needed.
    """
    key, wanted = TAKES_ONE[command]
    words = [f"{key}={in_quotes(pair[1])}" if _is_path(*pair) else pair[1] for pair in pairwise(["", *arguments])]
    for name, _, value in (word.partition("=") for word in words):
        if (meant := key_for(name, value, command)) and meant.startswith(f"{key}="):
            raise ValueError(f"{name} is no key of {command}; type {meant}")
    given = [word.removeprefix(f"{key}=").strip("'") for word in words if word.startswith(f"{key}=")]
    typed = " ".join(pair[1] for pair in pairwise(["", *arguments]) if _is_path(*pair))
    if len(given) > 1 and exists(typed):
        raise ValueError(f"{typed} has spaces; type gan-lightning {command} {shlex.quote(typed)}")
    if len(given) > 1:
        raise ValueError(f"{command} takes one {wanted}; got {len(given)}: {', '.join(given)}")
    if not given and not any(word.startswith("-") for word in words):
        raise ValueError(f"{command} needs a {wanted}: gan-lightning {command} {'DIR' if key == 'root' else 'FILE'}")
    return words


def _is_path(before: str, word: str) -> bool:
    """Return whether a word is a file or folder, which may have `=` in its name, or can be nothing else."""
    return not before.startswith("-") and (exists(word) or _is_alone(before, word))


def _is_alone(before: str, word: str) -> bool:
    """Return whether a word is neither key=value, where the key may not be a path, nor a flag nor what follows one."""
    key = word.partition("=")[0]
    is_path = "=" not in word or ("/" in key and not key.startswith("hydra/"))
    return is_path and word[:1] not in "-~" and not before.startswith("-")


def with_overrides(arguments: list[str]) -> list[str]:
    """Return the arguments with all that set a value of a run's own model or data gathered in one `overrides=[...]`."""
    own = [word for word in arguments if re.match(rf"[+~]*({'|'.join(OF_A_RUN)})[.=]", word)]
    check_once(own, "")
    others = [word for word in arguments if word not in own]
    return [*others, f"overrides=[{','.join(map(in_quotes, own))}]"] if own else others


def _quoted(argument: str) -> str:
    """Return `key=path` as `key='path'` if Hydra's grammar cannot read the path; `~` is expanded."""
    key, equals, value = argument.partition("=")
    if value.startswith("~/"):
        value = str(Path(value).expanduser())
        argument = f"{key}={value}"
    if not equals or PLAIN_PATH.fullmatch(value) or not (exists(value) or _is_only_words(argument, value)):
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
