"""What is wrong with YAML files of one's own, those of `--config-dir`, in sentences that name the file."""

import re
from collections.abc import Iterator
from pathlib import Path

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
        installed = sorted((CONF / group).glob("*.yaml"))
        headers = {place.stem: _header(place) for place in installed}
        places, own = [place for place in headers.values() if place], _header(file)
        if own is None and places and len(places) == len(headers):
            usual = max(places, key=lambda place: (places.count(place), len(place)))
            raise ValueError(
                f"{group}={option}: {_shown(file)} does not say where its content goes; write # @package {usual} as "
                "its first line"
            )
        if len(set(headers.values())) > 1 or "_global_" in places:
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
