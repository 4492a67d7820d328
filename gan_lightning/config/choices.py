"""The options that made a run, those that its experiment chose too, and how they compose its configuration again.

An experiment of one's own, such as `gan-lightning start` writes, sets values and chooses options. Both are in the run's
record, so the run can be used where the experiment's file is gone or has changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lightning.config.composition import CONF, composed, is_choice, searching
from gan_lightning.config.record import CONTROL, Options, RunRecord, choice, has_control_key

ACROSS = ("experiment", "debug")
"""Groups whose options choose options of others and set values of all."""
OF_THE_MODEL = ("experiment", "model", "network", "loss")
"""Groups that a continuation cannot choose anew."""


def noted(record: RunRecord, before: RunRecord | None, overrides: Sequence[str], config_dir: str | None) -> RunRecord:
    """Return the record of a run that begins, with the options in force and whether they are its user's own.

    Args:
        record: the record.
        before: that of the run which is continued; None for a new run.
        overrides: what Hydra was given.
        config_dir: the folder that `--config-dir` names now.
    """
    options = _in_force(overrides)
    if before:
        options |= {group: before.options.get(group) for group in ACROSS if not options.get(group)}
    record = replace(record, options=options, own="")
    folder = Path(config_dir).expanduser() if config_dir else None
    places = [folder, CONF] if folder else [CONF]  # that of the user comes first
    own = {file.parts[0] for file in _files(options) if _first_with(file, places) != CONF}
    if not own:
        return replace(record, own=before.own if before else "")
    is_of_values = own <= set(ACROSS) and _suits_what_is_installed(record, overrides)
    return replace(record, own="values" if is_of_values else "classes")


def words_of(record: RunRecord, given: Sequence[str], name: str) -> list[str]:
    """Return the words from which a run's configuration is composed, to which the values of its record are added.

    They are what was chosen. Where an experiment of one's own was, they are the options that were in force instead, so
    that its file is not needed, except for a class that it has named.

    Args:
        record: the run's record.
        given: what was typed now.
        name: what messages call the record.

    Raises:
        ValueError: if the record has a class that only a file of the run's user names, and that file is not found or
            has changed.
    """
    across = [word for word in record.choices if word.lstrip("+").partition("=")[0] in ACROSS]
    if not (across and record.own and record.options):
        return record.choices
    record.refuse_code(given, name)
    with searching(None):
        words = _words(record.options, name)
        if (part := _of_another_class(composed(words), record.config, given)) is None:
            return words
        files = [Path(*word.lstrip("+").split("=")).with_suffix(".yaml").as_posix() for word in across]
        loader: Any = GlobalHydra.instance().config_loader()
        if missing := [file for file in files if not loader.repository.config_exists(file)]:
            raise ValueError(
                f"{name}: {part} is of a class that {missing[0]} has named, and a run folder may not name one; type "
                f"--config-dir FOLDER, the folder with {missing[0]}"
            )
        words = [*across, *words]
        if part := _of_another_class(composed(words), record.config, given):
            raise ValueError(
                f"{name}: {part} is of another class in the run than {files[-1]} says, which has changed since; type "
                "--config-dir FOLDER, a folder with the file as it was"
            )
        return words


def without_the_run_s_own(words: Sequence[str], record: RunRecord, run: str, may_train: bool = True) -> list[str]:
    """Return the words of a command that restores a run without choices that the run has already.

    Args:
        words: the command line.
        record: the run's record.
        run: the run as it was typed.
        may_train: whether the command trains, so that a new run is what may be meant.

    Raises:
        ValueError: for another experiment, model, network or loss than the run's.
    """
    kept = []
    for word in words:
        group, equals, option = word.lstrip("+").partition("=")
        if not (equals and group in OF_THE_MODEL and record.options):
            kept.append(word)
        elif (then := choice(group, record.options.get(group))) != f"{group}={option}":
            new = f", or type init_from={run} for a new run" if may_train else ""
            raise ValueError(f"{word} is not what {run} was made with, {then}; leave it out{new}")
    return kept


def _in_force(overrides: Sequence[str]) -> Options:
    """Return the option of every group of the primary configuration and of those that were added to it."""
    with searching(None):
        loader: Any = GlobalHydra.instance().config_loader()
        found = loader.compute_defaults_list("config", list(overrides), RunMode.RUN)
    options: Options = {key: option for key, option in found.overrides.known_choices.items() if not _is_hydras(key)}
    for group in _groups() - set(options):
        if not _is_hydras(group) and loader.repository.group_exists(group):
            paths = (str(each.config_path) for each in found.defaults if each.parent == "config")
            several = [path.removeprefix(f"{group}/") for path in paths if path.startswith(f"{group}/")]
            options[group] = None if group in found.overrides.deletions else several
    return dict(sorted(options.items()))


def _is_hydras(key: str) -> bool:
    return key.partition("/")[0] == "hydra"


def _groups() -> set[str]:
    """Return the groups of the primary configuration, each with the place of its options if that is another."""
    defaults: Any = OmegaConf.load(CONF / "config.yaml").defaults
    return {str(group) for each in defaults if isinstance(each, DictConfig) for group in each}


def _files(options: Options) -> Iterator[Path]:
    for group, chosen in options.items():
        for option in chosen if isinstance(chosen, list) else [chosen]:
            if option is not None:
                yield Path(group.partition("@")[0], f"{option}.yaml")


def _first_with(file: Path, places: Sequence[Path]) -> Path | None:
    return next((place for place in places if (place / file).is_file()), None)


def _words(options: Options, name: str) -> list[str]:
    """Return overrides that choose all options but those that set values of all groups."""
    known = _groups()
    chosen = {key: option for key, option in options.items() if key not in ACROSS}
    words = [
        f"~{key}" if option is None else ("" if key in known else "+") + choice(key, option)
        for key, option in chosen.items()
        if key in known or option is not None
    ]
    for word in words:
        if not is_choice(word):
            raise ValueError(f"{name}: the recorded choice {word!r} is no choice of an option such as model=dcgan")
    return words


def _suits_what_is_installed(record: RunRecord, overrides: Sequence[str]) -> bool:
    """Return whether the installed configuration names all classes of a run whose experiment is its user's own."""
    try:
        with searching(CONF):  # and not the folder of this command
            return _of_another_class(composed(_words(record.options, "")), record.config, overrides) is None
    except HydraException:
        return False


def _of_another_class(config: DictConfig, kept: dict[str, Any], given: Sequence[str]) -> str | None:
    """Return the first key of a record below which other classes are named than in a configuration; None if none is.

    Keys that were given are left out.
    """
    keys = [f"{word.lstrip('+~').partition('=')[0].removesuffix('._target_')}." for word in given]
    return next((path for path in _other_classes(config, kept, "") if not f"{path}.".startswith(tuple(keys))), None)


def _other_classes(node: DictConfig | ListConfig, kept: Any, path: str) -> Iterator[str]:
    for key, value in kept.items() if isinstance(kept, dict) else enumerate(kept):
        below = f"{path}.{key}".lstrip(".")
        own: Any = node._get_node(key, validate_access=False) if isinstance(node, DictConfig) else node._get_node(key)
        if own is not None and own._is_interpolation():
            continue  # what it stands for is looked at in its own place
        if CONTROL.fullmatch(str(key)):
            if own is None or own._value() != value:
                yield path
        elif _has_same_kind(own, value):
            yield from _other_classes(own, value, below)
        elif has_control_key(value):
            yield below


def _has_same_kind(node: Any, value: Any) -> bool:
    if isinstance(node, DictConfig):
        return isinstance(value, dict) and not node._is_none()
    return isinstance(node, ListConfig) and isinstance(value, list) and not node._is_none() and len(node) == len(value)
