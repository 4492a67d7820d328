"""Options of the configuration's groups, as their YAML files say: which there are, and which have what is needed."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from gan_lightning.config.composition import CONF, folders

SURE = 0.8
"""How similar two words must be of which one may be the other, misspelt, although their first letters differ."""
FILLED_BY = {
    "generator": "network", "discriminator": "network",
    "generator_optimizer": "optimizer", "discriminator_optimizer": "optimizer",
    "metrics": "metric", "penalties": "penalty", "reconstructions": "reconstruction",
}  # fmt: skip
"""Groups that fill parts of other names; most parts have their group's name."""


def options_of(group: str, words: Sequence[str] | None = None) -> list[str]:
    """Return the options of a group, those of `--config-dir` included and those in folders last.

    Args:
        group: the name of the group; without options if there is no such group.
        words: the command line with the flag; None for the running one.
    """
    places = [conf / group for conf in folders(words)]
    files = (file.relative_to(place) for place in places for file in place.rglob("*.yaml"))
    names = {file.with_suffix("").as_posix() for file in files if file.parts[0] != "shared"}
    return sorted(names, key=lambda name: ("/" in name, name))


def file_of(group: str, option: str) -> Path | None:
    """Return the YAML file of an option, that of `--config-dir` before the installed one; None if there is none."""
    files = (conf / group / f"{option}.yaml" for conf in folders())
    return next((file for file in files if file.is_file()), None)


def nearest_option(word: str, options: Sequence[str]) -> str | None:
    """Return the option that a word may mean, in whatever case it was typed; None if none is near."""
    lower = {option.lower(): option for option in reversed(options)}
    close = get_close_matches(word.lower(), lower, n=1)
    is_misspelt = close and (close[0][:1] == word[:1].lower() or get_close_matches(word.lower(), close, cutoff=SURE))
    return lower[close[0]] if is_misspelt else None


def chosen(group: str) -> str | None:
    """Return the option of a group that the running command has, if it has been composed."""
    option = HydraConfig.get().runtime.choices.get(group) if HydraConfig.initialized() else None
    return option if isinstance(option, str) else None


def option_for(key: str, value: Any) -> str | None:
    """Return the choice that a value given to a key means: `loss=hinge` for `model.loss=hinge`, else None."""
    part = key.rpartition(".")[2]
    for group in (FILLED_BY.get(part, part), key.partition(".")[0]):
        if isinstance(value, str) and (option := _in_any_case(value, options_of(group))):
            model = _model_for(option) if group == "network" else None
            return f"model={model} {group}={option}" if model else f"{group}={option}"
    return None


def network_of(model: str) -> str | None:
    """Return the network that the YAML file of a model chooses; None if it leaves the choice to others."""
    file = file_of("model", model)
    own: Any = OmegaConf.load(file) if file else OmegaConf.create()
    chosen = (each.get("override /network") for each in own.get("defaults", []) if isinstance(each, DictConfig))
    return next(filter(None, chosen), None)


def _model_for(network: str) -> str | None:
    """Return the model that chooses a network whose generator is given something else than that in force, if any."""
    now = chosen("network")
    if now is None or _given(network) == _given(now):
        return None
    return next((model for model in options_of("model") if network_of(model) == network), None)


def _given(network: str) -> set[str]:
    """Return which of latents and labels the generator of a network is given, as the keys in its YAML file say."""
    return {"latent_dim", "num_classes"} & set(own_values("network", network).get("generator", {}))


def options_with(group: str, fits: Callable[[DictConfig], bool]) -> list[str]:
    """Return the options of a group whose YAML fits; those of other files in its defaults count as its own."""
    return [option for option in options_of(group) if "/" not in option and fits(own_values(group, option))]


def own_values(group: str, option: str) -> DictConfig:
    """Return what the YAML file of an option says, on top of the files of the same group that it begins with."""
    file = file_of(group, option)
    own: Any = OmegaConf.load(file) if file else OmegaConf.create()
    whole: Any = OmegaConf.create()
    for below in own.pop("defaults", []):
        name = below.partition("@")[0] if isinstance(below, str) else ""
        if name and name != option and file_of(group, name):
            whole = OmegaConf.merge(whole, own_values(group, name))
    whole = OmegaConf.merge(whole, own)
    return whole


def file_that_sets(key: str) -> str | None:
    """Return the YAML file among those that the command line chose which sets a key; None if none is known to."""
    choices = HydraConfig.get().runtime.choices if HydraConfig.initialized() else {}
    for group in ("debug", "experiment", "model"):
        option = choices.get(group)
        file = file_of(group, option) if isinstance(option, str) else None
        if file and OmegaConf.select(own_values(group, str(option)), key) is not None:
            return (file.relative_to(CONF.parent) if file.is_relative_to(CONF) else file).as_posix()
    return None


def _in_any_case(word: str, options: Sequence[str]) -> str | None:
    return next((option for option in options if option.lower() == word.lower()), None)
