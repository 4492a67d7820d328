"""Users' errors, those of Hydra and OmegaConf included, in one sentence: the key, what was given, what is allowed."""

import errno
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, OmegaConfBaseException

from gan_lightning.config.arguments import CONFIG_DIR
from gan_lightning.config.renamed import what_became_of

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the operating system answers where a disk, or a user's share of it, is full."""


class MemoryExhaustedError(Exception):
    """Memory that did not suffice for training; the text is a sentence for users."""


class RunDivergedError(Exception):
    """A run whose numbers are no longer finite; the text is a sentence for users."""


USER_ERRORS = (ValueError, OSError, MemoryExhaustedError, RunDivergedError, HydraException, OmegaConfBaseException)
"""The errors that a wrong command line, file, folder or machine raises; any other is a bug and keeps its traceback."""


def exit_code(error: Exception) -> int:
    """Return the exit code after an error, as docs/reliability.md lists them; 1 for a bug."""
    if isinstance(error, RunDivergedError):
        return 3
    if isinstance(error, MemoryExhaustedError):
        return 4
    if is_disk_full(error):
        return 5
    return 2 if isinstance(error, USER_ERRORS) else 1


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error comes from a write to a full disk, whatever it was turned into on its way."""
    return any(isinstance(link, OSError) and link.errno in DISK_FULL for link in _causes(error))


def sentence(error: BaseException, conf: Path, primary: str) -> str:
    """Return an error in one sentence.

    Args:
        error: an instance of one of USER_ERRORS.
        conf: the folder with the configuration's YAML files, from which the allowed names are read.
        primary: the name of the command's primary configuration in that folder, without `.yaml`.
    """
    chain = list(_causes(error))
    texts = [str(link) for link in chain]
    for text in texts:
        if found := re.search(r"Could not override '([^']+)'", text):
            return _unknown_key(found[1], conf, primary)
        if found := re.search(r"Could not (?:find|load) '([^']+)'", text):
            return _unknown_option(found[1], conf)
    for link in chain:
        if isinstance(link, OverrideParseException):
            return f"{link.override} cannot be read as key=value; put quotes around values with special characters"
        if isinstance(link, InterpolationKeyError):
            return _missing_fact(link)
    ours = (link for link in chain if not isinstance(link, HydraException))
    first = next(ours, error)
    said = str(first).split("\n    full_key")[0].removeprefix("ValueError raised while resolving interpolation: ")
    return _with_key(texts, " ".join(said.split()))


def _with_key(texts: list[str], said: str) -> str:
    """Return the sentence after the key of the part that could not be built, if Hydra names that key."""
    found = next(
        (key[1] for text in texts if (key := re.search(r"Error in call to target.*full_key: (\S+)", text, re.S))),
        "",
    )
    found = re.sub(r"^trainer\.(callbacks|logger)\[\d+\]\.?", "", found)  # indices of lists that no user has written
    return said if not found or found in said else f"{found}: {said}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _unknown_key(key: str, conf: Path, primary: str) -> str:
    if new := what_became_of(key):
        return f"{key} is no key of the configuration; {new}"
    groups = [path.name for path in conf.iterdir() if path.is_dir()]
    known = [known for known in (*_known_keys(conf, primary, groups), *groups) if known != key]
    same_end = [full for full in known if full.endswith("." + key.rsplit(".", 1)[-1])]
    close = get_close_matches(key, known, n=1, cutoff=0.6) or get_close_matches(key, same_end, n=1, cutoff=0)
    hint = f"did you mean {close[0]}?" if close else "`gan-lightning --cfg job` shows all keys"
    return f"{key} is no key of the configuration; {hint}"


def _known_keys(conf: Path, primary: str, groups: list[str]) -> list[str]:
    """Return all keys of the configuration with the command line's options, or with the defaults if that fails."""
    chosen = [word for word in sys.argv[1:] if word.split("=", 1)[0] in groups]
    for overrides in (chosen, []):
        GlobalHydra.instance().clear()
        with suppress(HydraException), initialize_config_dir(str(conf), version_base="1.3"):
            return list(_keys(compose(primary, overrides), ""))
    return []


def _unknown_option(named: str, conf: Path) -> str:
    group, option = named.rsplit("/", 1)
    while not (conf / group).is_dir():
        group, _, above = group.rpartition("/")
        option = f"{above}/{option}"
    if new := what_became_of(option):
        return f"{group} has no option {option}; {new}"
    files = (file.relative_to(conf / group) for file in (conf / group).rglob("*.yaml"))
    options = sorted(str(file.with_suffix("")) for file in files if file.parts[0] != "shared")
    close = get_close_matches(option, options, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    there = f"There are {', '.join(options)}" if options else "There are none"
    is_complete = close or any(word.startswith(CONFIG_DIR) for word in sys.argv)
    own = "" if is_complete else "; one of your own is found by --config-dir"
    return f"{group} has no option {option}; {hint}{there}{own}"


def _missing_fact(error: InterpolationKeyError) -> str:
    found = re.search(r"Interpolation key '([^']+)' not found", str(error))
    missing = found[1] if found else "a value"
    group, _, fact = missing.partition(".")
    asking = error.full_key or "the configuration"
    network = " or another network" if asking.startswith(("model.generator", "model.discriminator")) else ""
    return f"{asking} needs {missing}, and the chosen {group} has no {fact}; choose a {group} that has{network}"


def _keys(node: DictConfig, path: str) -> Iterator[str]:
    for key in node:
        full = ".".join(filter(None, (path, str(key))))
        yield full
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_interpolation() and not OmegaConf.is_missing(node, key):
            yield from _keys(child, full)
