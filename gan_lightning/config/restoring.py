"""A run's configuration from its record: classes and places to write are installed ones, values the recorded ones."""

import logging
import re
import shlex
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from gan_lightning.config.choices import words_of
from gan_lightning.config.composition import composed, is_choice, parsed
from gan_lightning.config.record import CONTROL, RunRecord, has_control_key

log = logging.getLogger(__name__)

PLACE = re.compile(r"\$\{(run_dir|hydra:|oc\.env)")
"""Interpolations that say where a run writes; they stay as they are installed."""
WRITERS = ("callbacks", "logger", "trainer")
"""Parts of the configuration whose strings may say where files are written."""
WORD = re.compile(r"(?!\.+$)[\w.,:+ -]*")
"""A string that names no other folder."""
NOT_TAKEN = {"run_dir", "resume", "init_from"}
"""Keys of this command alone."""


def restored_config(record: RunRecord, given: Sequence[str], name: str, now: DictConfig | None = None) -> DictConfig:
    """Return the configuration of a run, and what was typed now on top.

    Classes come from the installed YAML of the recorded choices, all plain values from the record. Folders that are
    written to are those of the installed YAML or of what was typed now. Nothing is downloaded because a record says so.

    Args:
        record: the run's record.
        given: what was typed now for this configuration; empty for commands that only use the run.
        name: what messages call the record.
        now: the composed configuration of `words_of` the record and `given`; None where nothing is given.

    Raises:
        ValueError: if the record names a class or a place that the installed configuration does not, or has overrides
            that may not come from a record.
    """
    record.refuse_code(given, name)
    base = composed(words_of(record, given, name))
    keys = [parsed(word).key_or_group for word in given if not is_choice(word)]
    config = deepcopy(base)
    with open_dict(config):
        _Taking(config, keys, name).all(record.config)
        if now is not None:
            _overlay(config, base, now)
            for key in keys:
                parent, _, last = key.rpartition(".")
                above = OmegaConf.select(now, parent) if parent else now
                if isinstance(above, DictConfig) and (typed := _node(above, last)) is not None:
                    OmegaConf.update(config, key, deepcopy(typed), merge=False, force_add=True)
    OmegaConf.set_struct(config, False)
    if "data" in config and "download" in config.data and "data.download" not in keys:
        config.data.download = False
    for path, value in paths_read(record.config):
        if path not in keys:
            log.info("%s=%s, as the run's record says", path, value)
    return config


def words_of_another(record: RunRecord, given: Sequence[str], run: str) -> str:
    """Return what to type for a new run from the weights of another: its words, and what was typed now.

    Args:
        record: the run's record, whose words are no code.
        given: what was typed now; of a key that both have, this counts.
        run: the run as it was typed.
    """
    words = [*(word for part in record.parts for word in part.overrides), *given]
    last = {word.lstrip("+~").partition("=")[0]: word for word in words}
    kept = [word for key, word in last.items() if key not in NOT_TAKEN and not key.startswith("hydra.")]
    return shlex.join([f"init_from={run}", *kept])


def paths_read(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield keys and values of files and folders that a run reads."""
    for section in ("data", "extractor", "model"):
        for path, value in _leaves(config.get(section), section):
            if (
                path.rsplit(".", 1)[-1] in ("root", "test_root", "weights", "name")
                and isinstance(value, str)
                and value not in ("ema", "raw")
            ):
                yield path, value


class _Taking:
    """Takes a record's plain values into the installed configuration."""

    def __init__(self, config: DictConfig, keys: Sequence[str], name: str) -> None:
        self.config, self.keys, self.name = config, keys, name
        self.interpolated: list[tuple[DictConfig | ListConfig, Any, Any]] = []

    def all(self, kept: dict[str, Any]) -> None:
        """Take all values; interpolated ones last, because they follow others."""
        own = {key: value for key, value in kept.items() if key not in NOT_TAKEN}
        for key in NOT_TAKEN & set(self.config):
            own[key] = None
        self.mapping(self.config, own, "")
        for node, key, value in self.interpolated:
            try:
                is_same = node[key] == value
            except OmegaConfBaseException:
                is_same = False
            if not is_same:
                node[key] = value

    def mapping(self, node: DictConfig, kept: dict[str, Any], path: str) -> None:
        for key in [key for key in node if not CONTROL.fullmatch(str(key)) and key not in kept]:
            del node[key]
        for key, value in kept.items():
            if not CONTROL.fullmatch(str(key)):
                self.value(node, key, value, f"{path}.{key}".lstrip("."))
            elif _node(node, key) is None:
                self.refuse(path, f"names what is called, {value!r}, where the installed configuration names nothing")

    def value(self, node: DictConfig | ListConfig, key: Any, value: Any, path: str) -> None:
        installed: Any = _node(node, key) if isinstance(node, DictConfig) else node._get_node(key)
        name = path.rsplit(".", 1)[-1]
        if path in NOT_TAKEN or name == "download":
            return
        if installed is not None and installed._is_interpolation():
            is_of_parts = isinstance(value, dict) or has_control_key(value)  # parts are taken where they are made
            if not is_of_parts and not PLACE.search(str(installed._value())):
                self.interpolated.append((node, key, self.plain(value, path)))
        elif isinstance(installed, DictConfig) and not installed._is_none() and isinstance(value, dict):
            self.mapping(installed, value, path)
        elif isinstance(installed, ListConfig) and isinstance(value, list) and len(installed) == len(value):
            for number, each in enumerate(value):
                self.value(installed, number, each, f"{path}.{number}")
        else:
            node[key] = self.plain(value, path, installed)

    def plain(self, value: Any, path: str, installed: Any = None) -> Any:
        if has_control_key(value):
            self.refuse(path, "names what is called, where the installed configuration names nothing")
        before = installed._value() if installed is not None else None
        for below, leaf in _leaves(value, path):
            if not isinstance(leaf, str | int | float | bool | None):
                self.refuse(below, f"is of the kind {type(leaf).__name__}, which no configuration has")
            if isinstance(leaf, str) and leaf != before:
                if "${" in leaf:
                    self.refuse(below, f"is {leaf!r}, which would be evaluated")
                if below.split(".")[0] in WRITERS and not WORD.fullmatch(leaf):
                    self.refuse(below, f"is {leaf!r}, which may be a place to write to")
        return value

    def refuse(self, path: str, reason: str) -> None:
        if not any(path == key or path.startswith(f"{key}.") for key in self.keys):
            raise ValueError(f"{self.name}: {path} in its record {reason}; if you trust it, type {path}=... again")


def _overlay(config: DictConfig, base: DictConfig, now: DictConfig) -> None:
    """Change in `config` what differs between `base` and `now`, which were composed without and with what was typed."""
    for key in dict.fromkeys([*base, *now]):
        own, before, after = (_node(each, key) for each in (config, base, now))
        if after is None:
            config.pop(key, None)
        elif all(map(_is_open, (own, before, after))) and before.get("_target_") == after.get("_target_"):
            _overlay(own, before, after)
        elif before is None or _text(before) != _text(after):
            config[key] = deepcopy(after)


def _is_open(node: Any) -> bool:
    """Return whether a node is a mapping whose keys can be compared one by one."""
    return isinstance(node, DictConfig) and not (node._is_none() or node._is_missing() or node._is_interpolation())


def _node(config: DictConfig, key: Any) -> Any:
    return config._get_node(key, validate_access=False)


def _text(node: Any) -> Any:
    return OmegaConf.to_container(node) if OmegaConf.is_config(node) else node._value()


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, f"{path}.{key}")
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _leaves(below, f"{path}.{number}")
    else:
        yield path, value
