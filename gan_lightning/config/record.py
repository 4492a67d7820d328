"""The record of a run: what was chosen, typed and in force. A record from elsewhere is data and names no code."""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from gan_lightning.config.composition import is_choice, parsed
from gan_lightning.files import atomic_write

FILE = "run.json"
CHOICE = re.compile(r"\+{0,2}(?!hydra\b)\w+(/\w+)*(@(?!hydra\b)[\w.]+)?=(\w[\w/-]*|\[(\w[\w/-]*(, ?)?)*\])")
"""A choice of one option of a group or of several, `model=dcgan`, `penalty=[r1,r2]`; no dots, so no folder above."""
OWN_KEYS = {"seed", "resume", "init_from", "run_dir"}
"""Keys of the configuration that look like groups and are values."""
TRAINED = Path("outputs/train")
"""The folder in which runs without a folder of their own are."""
FIRST = "train first: gan-lightning experiment=demo"
"""What to do where there is no run yet."""
SECTIONS = ("model", "data", "trainer", "callbacks", "logger", "metrics")
"""Keys of the configuration below which every run has further keys."""
MAX_DEPTH = 20
"""How many levels of keys a configuration has at most."""
CONTROL = re.compile(r"_[a-z]+_")
"""Keys with which a configuration directs how objects are made, such as `_target_`."""
OWN = ("", "values", "classes")
"""What files of a `--config-dir` gave a run: nothing, values alone, or classes too, without which it cannot be used."""
Options = dict[str, str | list[str] | None]
"""The option of each group, or several; None where none is chosen."""


@dataclass(frozen=True)
class Part:
    """One uninterrupted part of a run.

    Args:
        iteration: where it begins.
        overrides: what was typed for it.
    """

    iteration: int
    overrides: list[str]


@dataclass(frozen=True)
class RunRecord:
    """What is needed to make a run's objects again from the installed configuration.

    Args:
        choices: options of groups that were typed, such as `model=lsgan`, in their order.
        config: every value that is in force, resolved and plain.
        parts: the parts of the run in its own folder; a continuation there adds one.
        parent: what the run began with: a checkpoint that it continues, where the first part begins after iteration 0,
            or what `init_from` named; empty for a run that began with neither.
        options: the option of every group that is in force, whatever has chosen it; empty in older records.
        own: what files of a `--config-dir` gave, one of `OWN`.
        sources: the SHA-256 of the source of each module that has a class of the run's user, by the module's name.
    """

    choices: list[str]
    config: dict[str, Any]
    parts: list[Part]
    parent: str = ""
    options: Options = field(default_factory=dict)
    own: str = ""
    sources: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_new_run(cls, overrides: Sequence[str], config: dict[str, Any], parent: str = "") -> "RunRecord":
        """Return the record of a run that begins with what was typed."""
        return cls(list(filter(is_choice, overrides)), config, [Part(0, list(overrides))], parent)

    def continued(self, iteration: int, overrides: Sequence[str], config: dict[str, Any]) -> "RunRecord":
        """Return the record with one more part, whose overrides are in force from now on."""
        typed = list(filter(is_choice, overrides))
        choices = [*(choice for choice in self.choices if choice not in typed), *typed]
        return replace(self, choices=choices, config=config, parts=[*self.parts, Part(iteration, list(overrides))])

    def hyper_parameters(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: the configuration, and the rest of the record under `run`."""
        own = asdict(self)
        return {**own.pop("config"), "run": own}

    @classmethod
    def of_checkpoint(cls, checkpoint: Mapping[str, Any], name: str) -> "RunRecord":
        """Return the record in a checkpoint that the command line has written.

        Raises:
            ValueError: if there is none; the message begins with `name`.
        """
        kept = checkpoint.get("hyper_parameters")
        if not isinstance(kept, dict) or not all(isinstance(kept.get(key), dict) for key in ("run", "model")):
            raise ValueError(f"{name} has no configuration in it, so its model cannot be rebuilt")
        config = {key: value for key, value in kept.items() if key != "run"}
        return cls._checked({**kept["run"], "config": config}, name)

    @classmethod
    def read(cls, folder: Path, key: str) -> "RunRecord":
        """Return the record of a run folder.

        Raises:
            ValueError: if the folder has none or a damaged one; the message begins with `key`.
        """
        file = folder / FILE
        if not file.is_file():
            or_others = ", a checkpoint or auto" if key == "resume" else ""
            remedy = run_to_type(key, folder, folder.parent)
            raise ValueError(f"{key} must be a run folder{or_others}; {folder} has no {FILE}; {remedy}")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{key}: {file} is damaged, {error}; give one of the run's checkpoints instead") from error
        return cls._checked(content, f"{key}: {file}")

    def write(self, folder: Path) -> None:
        """Write the record to a run folder in one step."""
        with atomic_write(folder / FILE) as stream:
            stream.write(json.dumps(asdict(self), indent=1, ensure_ascii=False).encode())

    @classmethod
    def _checked(cls, content: Any, name: str) -> "RunRecord":
        try:
            parts = [
                Part(int(part["iteration"]), [str(word) for word in part["overrides"]]) for part in content["parts"]
            ]
            choices = [str(word) for word in content["choices"]]
            config = content["config"]
            if not all(isinstance(config[section], dict) for section in SECTIONS) or _is_deeper(config, MAX_DEPTH):
                raise TypeError("no configuration")
            options, own = dict(content.get("options", {})), content.get("own", "")
            if own not in OWN:
                raise TypeError(f"own is {own!r}")
            options = {key: _option(each) for key, each in options.items()}
            sources = {str(name): str(sha256) for name, sha256 in dict(content.get("sources", {})).items()}
            record = cls(choices, config, parts, str(content["parent"]), options, own, sources)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{name} is no record of a run of this version ({error!r})") from error
        # Hydra is given the choices before anything else is looked at, so they must be choices and nothing else.
        for word in [*record.choices, *(choice(key, option) for key, option in record.options.items())]:
            key = word.lstrip("+").split("=")[0]
            if not CHOICE.fullmatch(word) or key in OWN_KEYS or CONTROL.fullmatch(key):
                raise ValueError(f"{name}: the recorded choice {word!r} is no choice of an option such as model=dcgan")
        return record

    def refuse_code(self, given: Sequence[str], name: str) -> None:
        """Check that no recorded override decides what is executed, unless it was typed again now.

        Args:
            given: what was typed now.
            name: what a message calls the record.

        Raises:
            ValueError: for an override that names a class, a setting of Hydra, a search path or a flag, or that is no
                override at all; the message quotes it.
        """
        for word in dict.fromkeys([*self.choices, *(word for part in self.parts for word in part.overrides)]):
            if word not in given and (reason := _reason_to_refuse(word)):
                raise ValueError(
                    f"{name}: the recorded override {word!r} {reason}, and a run folder may not decide that; if you "
                    "trust it, give it again on the command line"
                )


def newest_run(place: Path, holds: str = "") -> str | None:
    """Return the newest run folder in a folder, as it is typed; None if it holds none.

    Args:
        place: the folder.
        holds: what must be in the run folder besides its record; nothing if it is empty.
    """
    found = [file for file in place.glob(f"*/{FILE}") if (file.parent / holds).exists()]
    runs = sorted(found, key=lambda file: (file.stat().st_mtime, file))
    return shlex.quote(str(runs[-1].parent)) if runs else None


def run_to_type(key: str, *places: Path) -> str:
    """Return what to type for a key that names a run: the newest one that has checkpoints, or how to train the first.

    Args:
        key: the key.
        places: the folders that are looked into, before `TRAINED`; the first that holds such a run counts.
    """
    newest = next(filter(None, (newest_run(place, "checkpoints") for place in (*places, TRAINED))), None)
    return f"type {key}={newest} for the newest" if newest else FIRST


def _option(given: Any) -> str | list[str] | None:
    return [str(each) for each in given] if isinstance(given, list) else given if given is None else str(given)


def choice(group: str, option: str | list[str] | None) -> str:
    """Return what is typed to choose an option of a group, several or none."""
    several = f"[{','.join(map(str, option))}]" if isinstance(option, list) else option
    return f"{group}={'null' if several is None else several}"


def refuse_links(folder: Path, key: str) -> None:
    """Check that nothing in a run folder leads elsewhere, because files are appended to, cut and removed in it.

    Raises:
        ValueError: for the first symbolic link; the message begins with `key`.
    """
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if Path(place, name).is_symlink():
                raise ValueError(
                    f"{key}: {Path(place, name)} is a symbolic link, which could lead out of the run folder; "
                    "replace it by what it leads to"
                )


def _reason_to_refuse(word: str) -> str:
    if word.startswith("-"):
        return "is a flag"
    try:
        override = parsed(word)
    except HydraException:
        return "is none that can be read"
    key = override.key_or_group
    if key.split(".")[0].split("/")[0] == "hydra":
        return "is a setting of Hydra"
    if any(CONTROL.fullmatch(part) for part in key.split(".")) or has_control_key(_value(override)):
        return "names what is called"
    return ""


def _value(override: Override) -> Any:
    return None if override.is_sweep_override() else override.value()


def has_control_key(value: Any) -> bool:
    """Return whether a value has a key such as `_target_`, at any depth."""
    return any(CONTROL.fullmatch(key) for key in _keys(value))


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield str(getattr(key, "text", key))
            yield from _keys(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _keys(below)


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether a tree has more than some levels of keys; without a limit, walking it might not end."""
    below = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return bool(below) and (levels == 0 or any(_is_deeper(each, levels - 1) for each in below))
