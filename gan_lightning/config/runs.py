"""Finished runs: their configuration, their checkpoints, and the models in them."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO
from gan_lightning.models.game import AdversarialGame

OF_ONE_RUN = ("seed", "run_dir", "resume")  # keys that may differ between repetitions of an experiment


def configuration_of(run: Path) -> tuple[str, int]:
    """Return a text that is equal for runs whose configurations differ in the seed alone, and the seed."""
    file = run / ".hydra" / "config.yaml"
    if not file.is_file():
        return str(run.resolve()), 0  # a text that no other folder has
    config: Any = OmegaConf.load(file)
    shared = [key for key in config if key not in OF_ONE_RUN]
    return OmegaConf.to_yaml(OmegaConf.masked_copy(config, shared)), config.get("seed", 0)


def iterations_of_checkpoints(run: Path) -> list[int]:
    """Return the iteration of `last.ckpt` if a numbered file is the same; else those of all numbered files."""
    last = run / "checkpoints" / "last.ckpt"
    numbered = [file for file in last.parent.glob("*.ckpt") if file.stem.isdecimal()]
    same = [file for file in numbered if last.is_file() and file.samefile(last)]
    return [int(file.stem) for file in same or numbered]


def checkpoint_of(run: str, key: str) -> Path:
    """Return the checkpoint that a key names: the file itself, or the last checkpoint of a run folder.

    Args:
        run: a checkpoint or a run folder.
        key: the key of the configuration that an error names.

    Raises:
        ValueError: if there is no such file.
    """
    given = Path(run).expanduser()
    file = given / "checkpoints" / "last.ckpt" if given.is_dir() else given
    if not file.is_file():
        raise ValueError(f"{key} must be a checkpoint or a run folder with checkpoints/last.ckpt; there is no {file}")
    return file


class Restored(NamedTuple):
    """A model as a run left it, the run's whole configuration, and the checkpoint's iteration."""

    model: AdversarialGame
    config: DictConfig
    iteration: int


def restored(file: Path, key: str) -> Restored:
    """Return the model of a checkpoint on the CPU, rebuilt from the configuration in the checkpoint.

    Reconstruction losses are left out, because only training needs them and they may need files. The classes that the
    checkpoint names are called, so open only checkpoints that you trust.

    Args:
        file: the checkpoint.
        key: the key of the configuration that an error names.

    Raises:
        ValueError: if the file is damaged, was not written by a run of the command line, or was written by a version
            whose networks had other weights.
    """
    checkpoint: dict[str, Any] = AtomicCheckpointIO().load_checkpoint(file)
    kept = checkpoint.get("hyper_parameters")
    if not isinstance(kept, dict) or not isinstance(kept.get("model"), dict) or "_target_" not in kept["model"]:
        raise ValueError(f"{key}: {file} has no configuration in it, so its model cannot be rebuilt")
    config = OmegaConf.create(kept)
    with torch.random.fork_rng(devices=[]):  # the first weights are drawn, and then overwritten
        model = instantiate({name: value for name, value in config.model.items() if name != "reconstructions"})
    if not isinstance(model, AdversarialGame):
        raise ValueError(f"{key}: {file} must hold a model of this program; it holds a {type(model).__name__}")
    try:
        model.load_state_dict(checkpoint["state_dict"])
        model.on_load_checkpoint(checkpoint)
        return Restored(model, config, checkpoint["global_step"])
    except (RuntimeError, KeyError) as error:
        reason = "".join(str(error).splitlines()[:2][-1:]).strip()  # torch's first line is a heading
        raise ValueError(f"{key}: {file} does not fit the model of its own configuration: {reason}") from error
