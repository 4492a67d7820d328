"""What is wrong with a command line, found before anything large is imported and before anything is written.

Keys, options, types, bounds and paths are compared with signatures that are read from source. What only a constructor
can tell is found later, by `config/parts.py`, and still before a folder is made.
"""

import logging
import re
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from gan_lightning.config import logs, schema
from gan_lightning.config.composition import CONF, is_choice
from gan_lightning.config.continuing import overrides_typed, record_to_resume
from gan_lightning.config.fits import fits, in_place_of
from gan_lightning.config.own_classes import check_sources
from gan_lightning.config.own_files import check_files
from gan_lightning.config.paths import check_paths
from gan_lightning.config.record import RunRecord
from gan_lightning.config.restoring import restored_config, words_of_another
from gan_lightning.config.run_given import absent, check_run
from gan_lightning.config.signatures import named_in
from gan_lightning.config.unknown import unknown_key

log = logging.getLogger(__name__)

USUAL = {"lr": 0.0002, "eps": 1e-08, "weight_decay": 0, "momentum": 0.9}
"""Numbers of optimizers that must not be negative, with usual values."""
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
"""Seconds in a day, an hour, a minute and a second."""
MAY_CHANGE = {
    "root", "test_root", "download", "batch_size", "num_workers", "cache", "cache_dir", "on_device", "on_bad",
    "max_bad", "expected", "drop_last", "flip",
}  # fmt: skip
"""Keys of the data that a continuation may change, because the images stay the same."""


def checked(config: DictConfig, command: str) -> DictConfig:
    """Check the configuration of a command, and return it; that of a run that continues, with what its record says.

    Args:
        config: the configuration, as it was composed.
        command: the name of the command. If its module has a constant `TAKES`, the keys are the arguments of the
            functions in it.

    Raises:
        ValueError: if a key, an option, a value or a path is wrong; the message names the key.
    """
    check_files(config)
    if config.get("resume"):
        config = _resumed(config)
    check_sources(config)
    if "seed" in config and not (type(config.seed) is int and 0 <= config.seed < 2**32):
        raise ValueError(f"seed must be a whole number from 0 to {2**32 - 1}; got {config.seed!r}")
    _check_added(config, CONF / f"{'config' if command == 'train' else command}.yaml")
    used = without_unused_parts(config)
    for part, node in used.get("model", {}).items():
        if str(part).endswith("_optimizer"):
            _check_optimizer(f"model.{part}", node)
    if "trainer" in used:
        _check_max_time(used.trainer.get("max_time"))
        _check_limits(used.trainer)
    schema.check(used)
    if "trainer" in used:
        _check_trainer(used.trainer)
    if "fake" in used:
        _check_what_is_scored(used)
    check_run(used)
    functions = named_in(f"gan_lightning.commands.{command}.TAKES")
    for function in functions:
        schema.arguments(function, used)
    check_paths(used, *functions)
    if (given := used.get("init_from")) and not (file := Path(str(given)).expanduser()).exists():
        missing = absent("init_from", file)
        raise ValueError(f"init_from must be a checkpoint or a run folder with checkpoints; {missing}")
    return config


def _resumed(config: DictConfig) -> DictConfig:
    logs.tidy()  # a record may hold any text
    before = record_to_resume(config.resume)
    given = overrides_typed(HydraConfig.get().overrides.task, before)
    whole = restored_config(before, given, "resume", config)
    check_same_run(before, whole, words_of_another(before, given, config.resume))
    return whole


def without_unused_parts(config: DictConfig) -> DictConfig:
    """Return the configuration without callbacks and loggers that are null or not chosen.

    `callbacks.plots=null` leaves a callback out, and an experiment may set keys of a callback that was not chosen.
    Without metrics no extractor is made, because its files may be missing.
    """
    config = deepcopy(config)
    with open_dict(config):
        for group in (config.get("callbacks", {}), config.get("logger", {})):
            for name in [name for name, part in group.items() if part is None or "_target_" not in part]:
                del group[name]
        if "scores" in config.get("callbacks", {}) and not config.metrics:
            config.callbacks.scores.extractor = None
    return config


def _check_added(config: DictConfig, primary: Path) -> None:
    """Check that every key that `+` has added is read by something; keys of a part are compared with its signature."""
    own = set(OmegaConf.load(primary))
    for word in HydraConfig.get().overrides.task if HydraConfig.initialized() else ():
        if not word.startswith("+") or is_choice(word):
            continue
        key = word.lstrip("+").partition("=")[0]
        first, _, rest = key.partition(".")
        if first in ("callbacks", "logger") and rest:
            part = f"{first}.{rest.partition('.')[0]}"
            if isinstance(node := OmegaConf.select(config, part), DictConfig) and "_target_" not in node:
                others = [str(name) for name, each in config[first].items() if each and "_target_" in each]
                said = f"{word} sets a key of {part}, which is not chosen"
                if close := get_close_matches(part.partition(".")[2], others, n=1):
                    meant = f"{first}.{close[0]}{word.lstrip('+').removeprefix(part)}"
                    is_there = OmegaConf.select(config, meant.partition("=")[0]) is not None
                    raise ValueError(f"{said}; did you mean {'' if is_there else '+'}{meant}?")
                raise ValueError(f"{said}; chosen are {', '.join(others)}")
        elif first not in own and not _is_larger(config.get(first)) and f"${{{key}" not in OmegaConf.to_yaml(config):
            raise ValueError(
                f"{word} adds a key that nothing reads, so leave it out: {unknown_key(key, CONF, primary.stem)}"
            )


def _is_larger(node: Any) -> bool:
    """Return whether a node has more than the one key that was added to it."""
    return isinstance(node, DictConfig) and (len(node) > 1 or "_target_" in node)


def _check_optimizer(key: str, optimizer: Any) -> None:
    """Check the numbers that torch's optimizers refuse, under the key that was typed and not one that follows it."""
    if not isinstance(optimizer, DictConfig):
        return
    for name in USUAL:
        if _is_own(optimizer, name) and not (fits(value := optimizer[name], float) and value >= 0):
            raise _misfit(f"{key}.{name}", f"a number of at least 0, such as {USUAL[name]}", value, float)
    if _is_own(optimizer, "betas"):
        betas: Any = OmegaConf.to_container(optimizer)["betas"]  # type: ignore[call-overload,index]
        if not isinstance(betas, list) or len(betas) != 2 or not all(_is_share(beta) for beta in betas):
            raise ValueError(
                f"{key}.betas must be two numbers of at least 0 and less than 1; got {betas}; type "
                f"{key}.betas=[0.5,0.999]"
            )


def _is_own(node: DictConfig, key: str) -> bool:
    """Return whether a node has a value for a key that is not another key's."""
    own = node._get_node(key) if key in node else None
    return own is not None and not own._is_interpolation()


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value < 1


def _check_what_is_scored(config: DictConfig) -> None:
    run, real, fake = config.run, config.real, config.fake
    if [key is None for key in (run, real, fake)] not in ([False, True, True], [True, False, False]):
        given = " ".join(f"{key}={config[key]}" for key in ("run", "real", "fake") if config[key] is not None)
        raise ValueError(
            "evaluate needs either a run, or two folders of images to compare; got "
            f"{given or 'none of them'}; type run=RUN, or real=FOLDER fake=FOLDER"
        )
    if not config.metrics:
        raise ValueError("metric must name at least one metric, such as metric=[fid]; got none")


def _check_trainer(trainer: DictConfig) -> None:
    if trainer.log_every_n_steps < 1:
        raise ValueError(f"trainer.log_every_n_steps must be at least 1; got {trainer.log_every_n_steps}")
    if trainer.strategy == "auto" and trainer.devices not in (1, "1", "auto", [0]):
        typed = f"trainer.devices={trainer.devices}"
        raise ValueError(
            f"{typed} needs trainer=ddp, which trains one model on several devices; type trainer=ddp {typed}"
        )
    if trainer.limit_train_batches == 0:
        raise ValueError("trainer.limit_train_batches must be more than 0; got 0")


def _check_limits(trainer: DictConfig) -> None:
    for key in ("max_epochs", "max_steps"):
        given = trainer.get(key)
        if given is not None and (not fits(given, int) or given == 0 or given < -1):
            raise _misfit(f"trainer.{key}", "a whole number of at least 1, or -1 for no limit", given, int)


def _misfit(key: str, what: str, given: Any, hint: Any) -> ValueError:
    """Return an error on a value that is none of what its key must be, with another form of it that may be typed."""
    other = None if fits(given, hint) else in_place_of(given, hint)
    return ValueError(f"{key} must be {what}; got {given!r}{f'; type {key}={other}' if other else ''}")


def _check_max_time(given: Any) -> None:
    if not isinstance(given, str | int) or re.fullmatch(r"\d+:[0-2]\d:[0-5]\d:[0-5]\d", str(given)):
        return
    amount = re.fullmatch(r"(\d+(?:\.\d+)?) ?([dhms])\w*", str(given))
    clock = re.fullmatch(r"(?:(\d+):)?(\d+):(\d+):(\d+)", str(given))
    seconds, example = UNITS["h"], " for an hour"
    if amount:
        seconds, example = round(float(amount[1]) * UNITS[amount[2]]), ""
    elif clock:
        seconds, example = (
            sum(int(number or 0) * unit for number, unit in zip(clock.groups(), UNITS.values(), strict=True)),
            "",
        )
    numbers = [seconds // UNITS["d"], seconds // 3600 % 24, seconds // 60 % 60, seconds % 60]
    raise ValueError(
        f"trainer.max_time must be days, hours, minutes and seconds, DD:HH:MM:SS, or null; got {given!r}; type "
        f"trainer.max_time={':'.join(f'{number:02d}' for number in numbers)}{example}"
    )


def check_same_run(before: RunRecord, config: DictConfig, instead: str) -> None:
    """Check that a continuation has the seed and the images of its run.

    Args:
        before: the record of the run.
        config: the configuration of the continuation.
        instead: what to type for a new run.

    Raises:
        ValueError: if it has not; the message names the first key that differs.
    """
    now: Any = {"seed": config.seed, "data": OmegaConf.to_container(config.data, resolve=True)}
    then = {"seed": before.config.get("seed"), "data": before.config.get("data", {})}
    keys = {f"data.{key}" for key in {*now["data"], *then["data"]} - MAY_CHANGE}
    for key in ["seed", *sorted(keys)]:
        one, other = (OmegaConf.select(OmegaConf.create(each), key) for each in (now, then))
        if one != other:
            name = key.removesuffix("._target_")
            if name != key:  # classes
                one, other = (str(each).rpartition(".")[2] for each in (one, other))
            raise ValueError(
                f"resume: {name} is {other} in the run and cannot change to {one}; leave it out, or type {instead} for "
                "a new run from its weights"
            )
