"""`gan-lightning key=value ...`: train."""

import logging
import shlex
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from lightning import LightningModule, seed_everything
from omegaconf import DictConfig, OmegaConf
from torch import nn

from gan_lightning.config import logs, schema

log = logging.getLogger(__name__)


def run(config: DictConfig) -> None:
    """Compose, check, train.

    Raises:
        ValueError: where the configuration, the data or the checkpoint to resume from is wrong; nothing has run then.
    """
    checkpoint = _checkpoint(config.resume)
    schema.check(config)

    logs.tidy()
    seed_everything(config.seed, verbose=False)
    model = instantiate(config.model)
    data = instantiate(config.data)
    trainer = instantiate(config.trainer)
    if checkpoint:
        _fits(model, trainer.strategy.load_checkpoint(checkpoint, weights_only=True), checkpoint)
    model.save_hyperparameters(OmegaConf.to_container(config, resolve=True))
    log.info("run folder: %s", config.run_dir)
    log.info(
        "parameters: generator %s, discriminator %s",
        *map(_parameters, (model.generator, model.discriminator)),
    )
    trainer.fit(model, data, ckpt_path=checkpoint, weights_only=True)
    _report(Path(config.run_dir))


def _checkpoint(resume: str | None) -> Path | None:
    """The checkpoint that `resume` names.

    Raises:
        ValueError: where there is none, or it cannot be read.
    """
    if resume is None:
        return None
    given = Path(resume)
    file = given / "checkpoints" / "last.ckpt" if given.is_dir() else given
    if not file.is_file():
        raise ValueError(f"resume must be a checkpoint or a run folder with checkpoints/last.ckpt; there is no {file}")
    return file


def _fits(model: LightningModule, loaded: dict[str, Any], file: Path) -> None:
    """Hold a checkpoint against the model before anything runs.

    Raises:
        ValueError: for the first weight that is missing, left over or of another shape.
    """
    own = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    kept = {name: tuple(weight.shape) for name, weight in loaded["state_dict"].items()}
    for name in sorted(own.keys() | kept.keys()):
        if own.get(name) != kept.get(name):
            raise ValueError(
                f"resume: {file} was written by another model: {name} is {kept.get(name, 'missing')} there, "
                f"{own.get(name, 'missing')} in this configuration"
            )


def _parameters(network: nn.Module) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()):,}"


def _report(folder: Path) -> None:
    grids = sorted((folder / "samples").glob("[0-9]*.png"))
    log.info("finished")
    if grids:
        log.info("  final grid   %s", grids[-1])
    if (folder / "plots").is_dir():
        log.info("  plots        %s", folder / "plots")
    log.info("  TensorBoard  tensorboard --samples_per_plugin=images=200 --logdir %s", shlex.quote(str(folder)))
