"""The words of a command line before Hydra reads them: in its order, and what to type for those that it cannot read."""

import re
import shlex
import sys
import unicodedata
from argparse import ArgumentError
from collections.abc import Sequence
from itertools import pairwise, takewhile
from pathlib import Path

from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException

from gan_lightning.config.composition import CONF, parsed
from gan_lightning.config.flags import check_flags, refuse_flag, unreadable_flag
from gan_lightning.config.several import list_for_one
from gan_lightning.config.stray import apart_in, choices_of, filled_by_group, without_value
from gan_lightning.files import exists

EXAMPLES = {
    "resume": "resume=RUN, or resume=auto for the newest unfinished run", "init_from": "init_from=RUN",
    "run_dir": "hydra.run.dir=FOLDER", "run": "run=RUN", "output": "output=FOLDER",
    "hydra.run.dir": "hydra.run.dir=FOLDER", "hydra.sweep.dir": "hydra.sweep.dir=FOLDER",
}  # fmt: skip
"""What to type for keys that name runs and folders and are never empty, which would be the current folder."""
NEVER_EMPTY = tuple(EXAMPLES)
"""Beginnings of these keys."""
FOLDERS = ("run_dir", "hydra.run.dir", "hydra.sweep.dir")
"""Keys of a folder that a command makes."""
PLAIN = str.maketrans(dict.fromkeys("\u2018\u2019\u201c\u201d", "") | dict.fromkeys("\u2013\u2014\u2212", "-"))
"""Typographic quotes, which are left out, and dashes, which are minus signs."""
ENDS = "\uff0c\u3002\uff1b\uff1a\u3001\uff01\uff1f"
"""Full-width punctuation that is copied with the end of a word."""
COMMANDS = Path(__file__).resolve().parents[1] / "commands"


def in_order(words: Sequence[str], primary: str) -> list[str]:
    """Return the words with all flags before the overrides, which Hydra's parser wants in one place.

    Args:
        words: the command line, without the command.
        primary: the name of the command's primary configuration, without `.yaml`.

    Raises:
        ValueError: for the first word that is neither a flag nor key=value, and for a key of two values; the message
            says what to type instead.
    """
    parser = get_args_parser()
    parser.exit_on_error = parser.allow_abbrev = False  # `--experiment` is no `--experimental-rerun`
    try:
        typed, unknown = parser.parse_known_intermixed_args(list(words))
    except ArgumentError as error:
        raise ValueError(unreadable_flag(error)) from None
    for word in unknown:
        refuse_flag(word, words, primary)
    check_flags(typed, primary)
    flags = list(words)
    for word in typed.overrides:
        flags.remove(word)
    for word, after in pairwise([*typed.overrides, ""]):
        _check_spaces(word, after, typed.overrides, primary)
        _check_value(word, primary)
    check_once(typed.overrides, primary)
    return [*flags, *typed.overrides]


def check_characters(words: Sequence[str]) -> None:
    """Check that no word has a full-width or typographic character where a plain one is meant.

    Raises:
        ValueError: for the first that has one; the message says what to type.
    """
    for before, typed in pairwise(["", *words]):
        word = typed.rstrip(ENDS) or typed
        key, sign, value = re.fullmatch(r"([^=\uff1d]*)([=\uff1d]?)(.*)", word, re.S).groups()  # type: ignore[union-attr]
        plain = unicodedata.normalize("NFKC", word).translate(PLAIN)
        is_key = bool(sign) and (sign != "=" or not key.isascii())
        is_there = any(exists(path) for path in (typed, typed.partition("=")[2]) if path)
        if is_there or not (is_key or word != typed or (plain.isascii() and plain != word)):
            continue
        if sign == "=" and key.startswith(NEVER_EMPTY) and not exists(value) and value[:1] not in ("\u201c", "\u2018"):
            continue  # a new folder may have any name
        if not plain.isascii():  # a path of another script may follow
            plain = unicodedata.normalize("NFKC", key + sign).translate(PLAIN) + value
        odd = [each for each in dict.fromkeys(typed) if not each.isascii() and each not in plain]
        if odd:
            plain = shlex.quote(plain) if " " in plain else plain
            plain = f"{before} {plain}" if before in ("-m", "--multirun") else plain
            several = "characters" if len(odd) > 1 else "character"
            raise ValueError(f"{typed} has the full-width or typographic {several} {' '.join(odd)}; type {plain}")


def check_once(words: Sequence[str], primary: str) -> None:
    """Check that no key is given two values.

    Of a value of a part, such as `trainer.max_steps`, the last one counts, as scripts that add words to a common line
    expect; a line on stderr says so.

    Raises:
        ValueError: for the first choice, run, folder or swept value that is given twice; the message has both.
    """
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        key = name.lstrip("+")
        value = value.strip("'\"")  # a further process is given its run folder once more, in quotes
        before = given.setdefault(key, value)
        if not equals or before == value:
            continue
        is_swept = any(map(_is_swept, (word, *(other for other in words if other.lstrip("+") == f"{key}={before}"))))
        if "." in key and not key.startswith(NEVER_EMPTY) and not is_swept:
            print(f"{key} is given twice; {value} counts, and {before} does not", file=sys.stderr)
            given[key] = value
        else:
            sweep = f", or type -m {key}={before},{value} for a run of each"
            several = sweep if primary == "config" and not (is_swept or key.startswith(NEVER_EMPTY)) else ""
            raise ValueError(f"{key} is given twice, {before} and {value}; leave one out{several}")


def _is_swept(word: str) -> bool:
    try:
        return parsed(word).is_sweep_override()
    except HydraException:
        return False


def _check_spaces(word: str, after: str, words: Sequence[str], primary: str) -> None:
    key, equals, value = word.partition("=")
    others = list(takewhile(lambda each: "=" not in each, words[words.index(word) + 1 :]))
    if equals and value and others and exists(whole := " ".join([value, *others])):
        raise ValueError(f"{' '.join([word, *others])} has a space; type {shlex.quote(f'{key}={whole}')}, in quotes")
    if equals and (key != key.strip() or value != value.strip()):
        raise ValueError(f"{word} has spaces around its =; type {key.strip()}={value.strip()}")
    if not equals and after.startswith("="):
        rest = after[1:] or "".join(words[words.index(word) + 2 :][:1])
        raise ValueError(f"{word} and {after} are separate words, because of the spaces around =; type {word}={rest}")
    if equals and not value and (not after or "=" in after) and key.lstrip("+").startswith(NEVER_EMPTY):
        raise ValueError(
            f"{word} gives no value; type {EXAMPLES.get(key.lstrip('+'), f'{word}VALUE')}, or leave it out"
        )
    if equals and not value and after and "=" not in after and after[0] != "~":
        raise ValueError(f"{word} and {after} are separate words, because of the space after =; type {word}{after}")
    if equals and (apart := apart_in(word, primary)):
        raise ValueError(f"{apart[0]} and {apart[1]} are two words; type {' '.join(apart)}, with a space and no quotes")
    if equals or word[:1] == "~":
        return
    if word.isidentifier() and exists(str(COMMANDS / f"{word}.py")):
        raise ValueError(f"{word} is a command, which comes first: gan-lightning {word} key=value")
    if exists(word):
        key = "data=folder data.root" if primary in ("config", "check") else "run"
        typed = shlex.quote(word)
        raise ValueError(f"{word} is a path without its key; type the key that it is for, such as {key}={typed}")
    if options := choices_of(word, primary):
        raise ValueError(f"{word} has no key; did you mean {options[0]}?")
    if without := without_value(word, primary):
        raise ValueError(without)
    before = words[words.index(word) - 1].rstrip(",") if words.index(word) else ""
    if {"-m", "--multirun"} & set(sys.argv) and "=" in before:
        whole = ",".join([before, word, *others])
        raise ValueError(f"{word} cannot be read as key=value; type -m {whole}, without spaces, if it is for {before}")
    raise ValueError(f"{word} cannot be read as key=value; type a key, = and its value without spaces, such as seed=3")


def _check_value(word: str, primary: str) -> None:
    """Check that a word gives nothing to what a group fills, no list to a group of one option, no file for a folder."""
    key, _, value = word.lstrip("+").partition("=")
    if said := filled_by_group(key, value, primary) or list_for_one(f"{key}={value}", CONF, primary):
        raise ValueError(said)
    if key in FOLDERS and Path(value).expanduser().is_file():
        raise ValueError(f"{key} must name a folder; {value} is a file; type {EXAMPLES[key]}")
