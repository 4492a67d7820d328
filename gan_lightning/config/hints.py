"""The type of a key, as the signature that takes it says, and what to type for a key so that it is accepted."""

from contextlib import suppress
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lightning.config.composition import parsed
from gan_lightning.config.fits import asked, choices_in, fits, in_place_of
from gan_lightning.config.kinds import is_plain, typed
from gan_lightning.config.options import option_for
from gan_lightning.config.signatures import named_in, signature
from gan_lightning.values import Numbers


def hint_of(key: str, config: DictConfig, primary: str) -> Any:
    """Return the type of a key; `Any` if no signature that can be read takes it.

    Args:
        key: the dotted key.
        config: the configuration.
        primary: the name of the command's primary configuration, without `.yaml`.
    """
    above, _, name = key.rpartition(".")
    part = OmegaConf.select(config, above, throw_on_missing=False) if above else None
    command = "train" if primary == "config" else primary
    targets = [] if above else named_in(f"gan_lightning.commands.{command}.TAKES")
    if isinstance(part, DictConfig) and "_target_" in part:
        targets = [part["_target_"]]
    for target in targets:
        with suppress(LookupError):
            if argument := signature(target).arguments.get(name):
                return argument.hint
    return Any


def accepted(key: str, value: str, config: DictConfig, primary: str) -> list[str]:
    """Return what to type for a key so that it is accepted: the value, another form of it, or each of a few others.

    Args:
        key: the dotted key.
        value: what was typed for another key.
        config: the configuration.
        primary: the name of the command's primary configuration, without `.yaml`.
    """
    hint = hint_of(key, config, primary)
    try:
        plain: Any = parsed(f"key={value}").value()
    except (HydraException, ValueError):
        return [f"{key}={value}"]
    given = ListConfig(plain) if isinstance(plain, list) else plain
    now = OmegaConf.select(config, key, throw_on_missing=False)
    if hint is Any and isinstance(now, int | float):
        hint = type(now)
    if value == "VALUE" or hint is Any or asked(hint, Numbers) or fits(given, hint):
        return [f"{key}={value}"]
    if not is_plain(hint):
        choice = option_for(key, given)
        return [choice] if choice else []
    if isinstance(given, ListConfig) and len(given) > 1 and primary == "config" and all(fits(e, hint) for e in given):
        return [f"-m {key}={','.join(map(typed, given))}"]
    if form := in_place_of(given, hint):
        return [f"{key}={form}"]
    return [f"{key}={typed(each)}" for each in choices_in(hint)] or [f"{key}=VALUE"]
