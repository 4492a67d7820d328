"""Users' errors, those of Hydra and OmegaConf included, in one sentence: the key, what was given, what is allowed."""

import errno
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import InterpolationKeyError, OmegaConfBaseException
from yaml import YAMLError

from gan_lightning.config.composition import parsed
from gan_lightning.config.own_classes import not_imported
from gan_lightning.config.own_files import unreadable, wrong_defaults
from gan_lightning.config.several import several_values
from gan_lightning.config.unknown import unknown_key, value_of
from gan_lightning.config.unknown_options import list_for_parts, missing_fact, unknown_option, without_option
from gan_lightning.printable import printable
from gan_lightning.values import WrongSizeError

BRACKETS = {"[": "]", "{": "}", "(": ")"}
"""Brackets of values, and what closes each."""
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the operating system answers where a disk, or a user's share of it, is full."""


class MemoryExhaustedError(Exception):
    """Memory that did not suffice for training; the text is a sentence for users."""


class RunDivergedError(Exception):
    """A run whose numbers are no longer finite; the text is a sentence for users."""


class WrongJobsError(ValueError):
    """Jobs of a sweep that are wrong.

    Args:
        lines: sentences for users, each of which gets its own line.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(map(printable, lines)))


USER_ERRORS = (
    ValueError, OSError, MemoryExhaustedError, RunDivergedError, HydraException, OmegaConfBaseException, YAMLError,
)  # fmt: skip
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
    """Return an error in one sentence; that of several jobs of a sweep in a line for each sentence.

    Args:
        error: an instance of one of USER_ERRORS.
        conf: the folder with the configuration's YAML files, from which the allowed names are read.
        primary: the name of the command's primary configuration in that folder, without `.yaml`.
    """
    if isinstance(error, WrongJobsError):
        return str(error)
    chain = list(_causes(error))
    texts = [str(link) for link in chain]
    for text in texts:
        if said := wrong_defaults(text):
            return said
        if found := re.search(r"Could not override '([^']+)'", text):
            return unknown_key(found[1], conf, primary)
        if found := re.search(r"Could not (?:find|load) '([^']+)'", text):
            return unknown_option(found[1])
        if found := re.search(r"Could not delete from config. '([^']+)' does not exist", text):
            return f"~{found[1]} leaves nothing out, because {unknown_key(found[1], conf, primary)}"
        if found := re.search(r"Could not append to config. An item is already at '([^']+)'", text):
            return f"+{found[1]} adds a key that is there already; type {found[1]}={value_of(found[1])}, without +"
        if text.startswith("Config group override must be"):
            return without_option()
        if text.startswith("Cannot merge DictConfig with ListConfig") and (said := list_for_parts(conf, primary)):
            return said
        if found := re.search(r"Ambiguous value for argument '([^']+)'", text):
            return several_values(found[1], conf, primary)
        if re.search(r"No supported gpu backend|accelerator is not available|but your machine only has", text):
            return _no_device()
    for link in chain:
        if isinstance(link, YAMLError):
            return unreadable(link)
        if link.__cause__ and (found := re.match(r"Error loading '([^']+)'", str(link))):
            return _with_key(texts, not_imported(found[1], link.__cause__))
        if isinstance(link, OverrideParseException):
            return _unread(str(link.override))
        if isinstance(link, InterpolationKeyError):
            return missing_fact(link)
    ours = (link for link in chain if not isinstance(link, HydraException))
    first = next(ours, error)
    if isinstance(first, WrongSizeError):
        return _with_key(texts, first.sentence("data.image_size"))
    said = str(first).split("\n    full_key")[0].removeprefix("ValueError raised while resolving interpolation: ")
    return _with_key(texts, " ".join(said.split()))


def _unread(word: str) -> str:
    """Return a sentence on a word that Hydra's grammar cannot read, perhaps because a bracket is not closed."""
    key, _, value = word.partition("=")
    quoted = f"\"{key}='{value}'\""
    opened: list[str] = []
    for sign in value:
        if sign in BRACKETS:
            opened.append(sign)
        elif opened and sign == BRACKETS[opened[-1]]:
            opened.pop()
    closed = word + "".join(BRACKETS[sign] for sign in reversed(opened))
    if opened:
        with suppress(HydraException):
            parsed(closed)
            said = f"{word} opens {opened[0]} and does not close it"
            return f"{said}; type {closed}, or {quoted} if the bracket belongs to the value"
    return f"{word} cannot be read as key=value; put the value into two kinds of quotes: {quoted}"


def _no_device() -> str:
    """Return a sentence on a device that torch does not find, with the words that ask for it if they were typed."""
    keys = ("trainer=", "trainer.accelerator=", "trainer.devices=")
    asking = " ".join(word for word in sys.argv[1:] if word.lstrip("+").startswith(keys))
    return (
        f"{asking or 'trainer.accelerator'} asks for a device that torch does not find on this machine; type "
        "trainer=cpu, or trainer=auto for the best that there is; `gan-lightning --version` shows what torch finds"
    )


def _with_key(texts: list[str], said: str) -> str:
    """Return the sentence after the key of the part that could not be built, if Hydra names that key."""
    found = next(
        (
            key[1]
            for text in texts
            if (key := re.search(r"Error (?:in call to|locating) target.*full_key: (\S+)", text, re.S))
        ),
        "",
    )
    found = re.sub(r"^trainer\.(callbacks|logger)\[?\d+\]?\.?", "", found)  # indices of lists that no user has written
    return said if not found or found in said else f"{found}: {said}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
