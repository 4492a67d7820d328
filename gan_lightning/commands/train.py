"""`gan-lightning key=value ...`: train."""

import logging
import shlex
from pathlib import Path
from typing import Any, get_args, get_type_hints

import torch
from hydra.utils import instantiate
from lightning import LightningDataModule, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import Timer
from omegaconf import DictConfig, OmegaConf, open_dict
from torch import nn

from gan_lightning.callbacks.graceful_stop import GracefulStop
from gan_lightning.callbacks.scores import Scores
from gan_lightning.config import logs, schema
from gan_lightning.config.runs import checkpoint_of
from gan_lightning.data.module import StoredDataModule
from gan_lightning.models.game import AdversarialGame

log = logging.getLogger(__name__)


def run(config: DictConfig) -> None:
    """Compose, check, train.

    Raises:
        ValueError: where the configuration, the data or the checkpoint to resume from is wrong; nothing has run then.
    """
    file = None if config.resume is None else checkpoint_of(config.resume, "resume")
    _check(config)
    logs.tidy()
    seed_everything(config.seed, verbose=False)
    model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
    _suit(model, data)
    if file:
        _fits(file, trainer.strategy.load_checkpoint(file, weights_only=True), model, trainer)
    model.save_hyperparameters(OmegaConf.to_container(config, resolve=True))
    log.info("run folder: %s", config.run_dir)
    log.info("parameters: generator %s, discriminator %s", *map(_parameters, (model.generator, model.discriminator)))
    trainer.fit(model, data, ckpt_path=file, weights_only=True)
    _report(Path(config.run_dir), trainer)


def _check(config: DictConfig) -> None:
    """What can be known to be wrong before anything is made.

    Raises:
        ValueError: naming the key.
    """
    if not (isinstance(config.seed, int) and 0 <= config.seed < 2**32):
        raise ValueError(f"seed must be a whole number from 0 to {2**32 - 1}; got {config.seed!r}")
    with open_dict(config):
        for group in (config.callbacks, config.logger):
            # callbacks.plots=null means: without; and an experiment may set keys of a callback that was not chosen.
            for name in [name for name, value in group.items() if value is None or "_target_" not in value]:
                del group[name]
        if "scores" in config.callbacks and not config.metrics:
            config.callbacks.scores.extractor = None  # which may need files
    schema.check(config)
    if config.metrics and "scores" not in config.callbacks:
        log.info("no scores: metric is chosen, but callbacks has no scores")
    if config.trainer.log_every_n_steps < 1:
        raise ValueError(f"trainer.log_every_n_steps must be at least 1; got {config.trainer.log_every_n_steps}")
    if config.trainer.strategy == "auto" and config.trainer.devices not in (1, "1", "auto", [0]):
        raise ValueError(
            f"trainer.devices={config.trainer.devices} needs trainer=ddp, which keeps two networks in step"
        )
    for key in ("max_epochs", "max_steps", "limit_train_batches"):
        if config.trainer.get(key) == 0:
            raise ValueError(f"trainer.{key} must not be 0: there would be nothing to train")
    for player in ("generator", "discriminator"):
        try:
            instantiate(config.model[f"{player}_optimizer"])([nn.Parameter(torch.zeros(1))])
        except (ValueError, IndexError, TypeError) as error:
            raise ValueError(f"model.{player}_optimizer cannot be made: {error}") from error


def _suit(model: AdversarialGame, data: LightningDataModule) -> None:
    """Hold what the data gives against what the model takes, by their own annotations.

    A data module from elsewhere says nothing of its batches and is taken as it is.

    Raises:
        ValueError: where no kind of batch is both.
    """
    if not isinstance(data, StoredDataModule):
        return
    given = _kinds(get_type_hints(type(data).batch)["return"])
    taken = set(model.batch_types)
    if not any(issubclass(kind, tuple(taken)) for kind in given):
        kinds = [" or ".join(sorted(kind.__name__ for kind in each)) for each in (given, taken)]
        raise ValueError(
            f"data gives batches of {kinds[0]} ({type(data).__name__}), and model takes {kinds[1]} "
            f"({type(model).__name__}); choose another of the two"
        )


def _kinds(hint: Any) -> set[type]:
    return set(get_args(hint)) or {hint}


def _fits(file: Path, loaded: dict[str, Any], model: LightningModule, trainer: Trainer) -> None:
    """Hold a checkpoint against the run that is to continue it.

    Raises:
        ValueError: for the first weight that is missing, left over or of another shape; where nothing is left to do.
    """
    own = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    kept = {name: tuple(weight.shape) for name, weight in loaded["state_dict"].items()}
    for name in sorted(own.keys() | kept.keys()):
        if own.get(name) != kept.get(name):
            raise ValueError(
                f"resume: {file} was written by another model: {name} is {kept.get(name, 'missing')} there, "
                f"{own.get(name, 'missing')} in this configuration"
            )
    progress = loaded["loops"]["fit_loop"]
    is_whole = progress["epoch_loop.batch_progress"]["is_last_batch"]
    epochs = progress["epoch_progress"]["current"]["started" if is_whole else "completed"]
    for key, done, limit in (
        ("max_steps", loaded["global_step"], trainer.max_steps),
        ("max_epochs", epochs, trainer.max_epochs),
    ):
        if limit is not None and -1 < limit <= done:
            raise ValueError(f"resume: {file} has done {done} already; raise trainer.{key}, which is {limit}")
    for timer in (callback for callback in trainer.callbacks if isinstance(callback, Timer)):  # type: ignore[attr-defined]
        before = loaded["callbacks"].get(timer.state_key, {"time_elapsed": {"train": 0}})["time_elapsed"]["train"]
        left = timer.time_remaining()
        if left is not None and left <= before:
            raise ValueError(
                f"resume: {file} has trained for {before:.0f} seconds already; raise trainer.max_time, which is "
                f"{left:.0f} for all parts of a run together"
            )


def _parameters(network: nn.Module) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()):,}"


def _report(folder: Path, trainer: Trainer) -> None:
    stopped = any(isinstance(callback, GracefulStop) and callback.stopped for callback in trainer.callbacks)  # type: ignore[attr-defined]
    log.info("%s at iteration %s", "stopped" if stopped else "finished", f"{trainer.global_step:,}")
    for what, path in {
        "final grid": folder / "samples" / f"{trainer.global_step:07d}.png",
        "plots": folder / "plots",
        "checkpoint": folder / "checkpoints" / "last.ckpt",
        "best one": folder / "checkpoints" / "best.ckpt",
    }.items():
        if path.exists():
            log.info("  %-12s %s", what, path)
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Scores) and (followed := callback.followed()):
            name, course = followed
            log.info("  %-12s %s: best %s, last %s", "score", name, course.best, course.last)
    quoted = shlex.quote(str(folder))
    log.info("  %-12s tensorboard --samples_per_plugin=images=200 --logdir %s", "TensorBoard", quoted)
    if stopped:
        log.info("  %-12s gan-lightning resume=%s", "continue", quoted)
        raise SystemExit(130)
