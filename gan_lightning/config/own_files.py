"""What is wrong with YAML files of one's own, those of `--config-dir`, in sentences that name the file."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from yaml import MarkedYAMLError, YAMLError

from gan_lightning.config.composition import CONF
from gan_lightning.config.options import file_of, own_values

HEADER = re.compile(r"(?:\s*#\s*@.*\n|\s*\n)*\s*#\s*@package[ \t]+(\S+)")
"""Where a file's content goes, in one of the lines that begin it; behind any other line Hydra does not see it."""


def unreadable(error: YAMLError) -> str:
    """Return a sentence on a file that is no YAML: the line, and what is wrong there."""
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if not isinstance(error, MarkedYAMLError) or mark is None:
        return f"a YAML file cannot be read: {' '.join(str(error).split())}"
    remedy = "; indent by spaces and not by tabs" if "\\t" in str(error.problem) else ""
    return f"{_shown(Path(mark.name))} is no YAML: line {mark.line + 1}: {error.problem}{remedy}"


def check_files(config: DictConfig) -> None:
    """Check that the chosen files of one's own have the first line and the classes that those of their group have.

    Args:
        config: the composed configuration.

    Raises:
        ValueError: for the first line or class that is missing; the message names the file and the line to write.
    """
    for group, option, is_one_of_several in _chosen():
        file = file_of(group, option)
        if file is None or file.is_relative_to(CONF):
            continue
        if without := _without_place(group, option, file):
            raise ValueError(without)
        headers, own = _headers(group), _header(file)
        if len(set(headers.values())) > 1 or "_global_" in headers.values():
            continue  # such files have their classes in several places
        usual_parts = set.intersection(*(_parts(group, each) for each in headers)) if headers else set()
        for part in map(str, own_values(group, option)) if is_one_of_several else usual_parts:
            key = ".".join(filter(None, (own or group, part)))
            node = OmegaConf.select(config, key) if own != "_global_" else None
            if own != "_global_" and not (isinstance(node, DictConfig) and "_target_" in node):
                below = f" below {part}:" if part else ""
                raise ValueError(
                    f"{group}={option}: {_shown(file)} gives {key} no class; write _target_: MODULE.CLASS in it{below}"
                )


def wrong_defaults(said: str) -> str | None:
    """Return a sentence on the defaults of a file of one's own, by what Hydra says of them; None if they are right.

    Args:
        said: the text of Hydra's error.
    """
    within = re.match(r"In '([^'/]+)/([^']+)': Could not (override|find) '([^']+)'", said)
    twice = re.match(r"Multiple values for (\S+)\. To override a value use 'override \S+: (.*)'", said)
    if within:
        group, option, failed, missing = within.groups()
        if (file := file_of(group, option)) is None or file.is_relative_to(CONF):
            return None
        if failed == "override":
            return _without_place(group, option, file)
        chosen = missing.removeprefix(f"{group}/").partition("/")[::2]  # what is named without / lies below the group
    elif twice:
        chosen = twice.groups()
        file = next((file for file in _typed_files() if _names_anew(file, chosen[0])), None)
    if not (within or twice) or file is None or file_of(*chosen) is None:
        return None
    return (
        f"{_shown(file)} chooses {'='.join(chosen)} beside the {chosen[0]} that is chosen already; write - override "
        f"/{': '.join(chosen)} in its defaults"
    )


def _typed_files() -> Iterator[Path]:
    """Yield the files of one's own whose options were typed."""
    for word in sys.argv[1:]:
        group, _, option = word.lstrip("+").partition("=")
        if (file := file_of(group, option) if option else None) and not file.is_relative_to(CONF):
            yield file


def _names_anew(file: Path, group: str) -> bool:
    """Return whether the defaults of a file choose an option of a group without `override`."""
    whole: Any = OmegaConf.load(file)
    defaults = whole.get("defaults", []) if isinstance(whole, DictConfig) else []
    return any(isinstance(each, DictConfig) and str(next(iter(each))).strip("/ ") == group for each in defaults)


def _without_place(group: str, option: str, file: Path) -> str | None:
    """Return a sentence on a file that does not say where its content goes, as those of its group do; else None."""
    headers = _headers(group)
    places = [place for place in headers.values() if place]
    if _header(file) is not None or not places or len(places) < len(headers):
        return None
    usual = max(places, key=lambda place: (places.count(place), len(place)))
    return (
        f"{group}={option}: {_shown(file)} does not say where its content goes; write # @package {usual} as its first "
        "line"
    )


def _headers(group: str) -> dict[str, str | None]:
    """Return the package that each installed file of a group names, by the name of its option."""
    return {place.stem: _header(place) for place in sorted((CONF / group).glob("*.yaml"))}


def _chosen() -> Iterator[tuple[str, str, bool]]:
    """Yield group and option of each choice, and whether its group takes several, which Hydra does not note."""
    if not HydraConfig.initialized():
        return
    hydra = HydraConfig.get()
    for key, option in hydra.runtime.choices.items():
        if isinstance(option, str):
            yield str(key).partition("@")[0], option, False
    for word in hydra.overrides.task:
        group, _, options = word.lstrip("+").partition("=")
        if options.startswith("["):
            yield from ((group, option.strip(), True) for option in options.strip("[]").split(","))


def _header(file: Path) -> str | None:
    """Return the package that a file names in its first lines; None if it names none."""
    found = HEADER.match(file.read_text(encoding="utf-8"))
    return found[1] if found else None


def _parts(group: str, option: str) -> set[str]:
    """Return the keys of an option's file whose parts name a class; an empty one for the whole file."""
    values = own_values(group, option)
    nodes = {str(key): values._get_node(key) for key in values}
    named = {key for key, node in nodes.items() if isinstance(node, DictConfig) and "_target_" in node}
    return {*named, *([""] if "_target_" in values else [])}


def _shown(file: Path) -> str:
    """Return a file as it is named from the working directory, if it lies below that."""
    whole = file.expanduser().absolute()
    return str(whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole)
