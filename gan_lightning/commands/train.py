"""`gan-lightning key=value ...`: train."""

import logging
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from gan_lightning.config import logs, schema
from gan_lightning.config.resume import checkpoint_of

log = logging.getLogger(__name__)


def run(config: DictConfig) -> None:
    """Compose, check, train.

    Raises:
        ValueError: where the configuration, the data or the checkpoint to resume from is wrong; nothing has run then.
    """
    checkpoint = checkpoint_of(config.resume) if config.resume else None
    schema.check(config)

    from hydra.utils import instantiate
    from lightning import seed_everything

    logs.tidy()
    seed_everything(config.seed, verbose=False)
    model = instantiate(config.model)
    data = instantiate(config.data)
    trainer = instantiate(config.trainer)
    model.save_hyperparameters(OmegaConf.to_container(config, resolve=True))
    log.info("run folder: %s", config.run_dir)
    trainer.fit(model, data, ckpt_path=checkpoint, weights_only=True)
    _report(Path(config.run_dir))


def _report(folder: Path) -> None:
    log.info("finished: %s", folder)
