"""`gan-lightning key=value ...`: train."""

import logging
import shlex
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import LightningDataModule, Trainer, seed_everything
from lightning.pytorch.callbacks import Timer
from omegaconf import DictConfig, OmegaConf, open_dict
from torch import nn

from gan_lightning.config import logs, schema
from gan_lightning.config.runs import checkpoint_of
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.players import check_resumable

log = logging.getLogger(__name__)


def run(config: DictConfig) -> None:
    """Compose the configuration, check it, train, and log where the results are.

    Raises:
        ValueError: before training, if the configuration, the data or the checkpoint to resume from is wrong.
        SystemExit: with 130 after Ctrl-C.
    """
    file = None if config.resume is None else checkpoint_of(config.resume, "resume")
    config = without_unused_parts(config)
    check(config)
    logs.tidy()
    seed_everything(config.seed, verbose=False)
    model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
    check_data_suit(model, data)
    if file:
        check_checkpoint_fits(file, trainer.strategy.load_checkpoint(file, weights_only=True), model, trainer)
    model.save_hyperparameters(OmegaConf.to_container(config, resolve=True))
    log.info("run folder: %s", config.run_dir)
    counts = [f"{name} {_parameters(player.network)}" for name, player in reversed(model.players.items())]
    log.info("parameters: %s", ", ".join(counts))
    trainer.fit(model, data, ckpt_path=file, weights_only=True)
    report(Path(config.run_dir), model, trainer)


def without_unused_parts(config: DictConfig) -> DictConfig:
    """Return the configuration without callbacks and loggers that are null or not chosen.

    `callbacks.plots=null` leaves a callback out, and an experiment may set keys of a callback that was not chosen.
    Without metrics no extractor is made, because its files may be missing.
    """
    config = deepcopy(config)
    with open_dict(config):
        for group in (config.callbacks, config.logger):
            for name in [name for name, part in group.items() if part is None or "_target_" not in part]:
                del group[name]
        if "scores" in config.callbacks and not config.metrics:
            config.callbacks.scores.extractor = None
    return config


def check(config: DictConfig) -> None:
    """Check settings whose errors can be found before anything is built.

    Raises:
        ValueError: if a setting is wrong; the message names its key.
    """
    if not (isinstance(config.seed, int) and 0 <= config.seed < 2**32):
        raise ValueError(f"seed must be a whole number from 0 to {2**32 - 1}; got {config.seed!r}")
    schema.check(config)
    if config.metrics and "scores" not in config.callbacks:
        log.info("no scores: metric is chosen, but callbacks has no scores")
    _check_trainer(config.trainer)
    for player in ("generator", "discriminator"):
        try:
            instantiate(config.model[f"{player}_optimizer"])([nn.Parameter(torch.zeros(1))])
        except (ValueError, IndexError, TypeError) as error:
            raise ValueError(f"model.{player}_optimizer cannot be made: {error}") from error


def _check_trainer(trainer: DictConfig) -> None:
    if trainer.log_every_n_steps < 1:
        raise ValueError(f"trainer.log_every_n_steps must be at least 1; got {trainer.log_every_n_steps}")
    if trainer.strategy == "auto" and trainer.devices not in (1, "1", "auto", [0]):
        raise ValueError(f"trainer.devices={trainer.devices} needs trainer=ddp, which keeps two networks in step")
    for key in ("max_epochs", "max_steps", "limit_train_batches"):
        if trainer.get(key) == 0:
            raise ValueError(f"trainer.{key} must not be 0: there would be nothing to train")


def check_data_suit(model: AdversarialGame, data: LightningDataModule) -> None:
    """Compare the kind of batch that the data module gives with the kinds that the model takes.

    A data module of another package that has no `batch_type` is not checked.

    Raises:
        ValueError: if the model does not take such batches.
    """
    given = getattr(data, "batch_type", None)
    if given is not None and not issubclass(given, model.batch_types):
        taken = " or ".join(sorted(kind.__name__ for kind in model.batch_types))
        raise ValueError(
            f"data gives batches of {given.__name__} ({type(data).__name__}), and model takes {taken} "
            f"({type(model).__name__}); choose another of the two"
        )


def check_checkpoint_fits(file: Path, loaded: dict[str, Any], model: AdversarialGame, trainer: Trainer) -> None:
    """Compare a checkpoint with the run that is to continue it.

    Raises:
        ValueError: if a weight is missing, left over or of another shape, or if nothing is left to do.
    """
    own = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    kept = {name: tuple(weight.shape) for name, weight in loaded["state_dict"].items()}
    for name in sorted(own.keys() | kept.keys()):
        if own.get(name) != kept.get(name):
            raise ValueError(
                f"resume: {file} was written by another model: {name} is {kept.get(name, 'missing')} there, "
                f"{own.get(name, 'missing')} in this configuration"
            )
    check_resumable(model.players, loaded)
    progress = loaded["loops"]["fit_loop"]
    ends_epoch = progress["epoch_loop.batch_progress"]["is_last_batch"]
    epochs = progress["epoch_progress"]["current"]["started" if ends_epoch else "completed"]
    for key, done, limit in (
        ("max_steps", loaded["global_step"], trainer.max_steps),
        ("max_epochs", epochs, trainer.max_epochs),
    ):
        if limit is not None and -1 < limit <= done:
            raise ValueError(f"resume: {file} has done {done} already; raise trainer.{key}, which is {limit}")
    for timer in (callback for callback in trainer.callbacks if isinstance(callback, Timer)):  # type: ignore[attr-defined]
        _check_time_is_left(file, timer, loaded["callbacks"].get(timer.state_key))


def _check_time_is_left(file: Path, timer: Timer, state: dict[str, Any] | None) -> None:
    """Check Lightning's timer, which Lightning itself adds for `trainer.max_time`."""
    spent = state["time_elapsed"]["train"] if state else 0
    limit = timer.time_remaining()
    if limit is not None and limit <= spent:
        raise ValueError(
            f"resume: {file} has trained for {spent:.0f} seconds already; raise trainer.max_time, which is "
            f"{limit:.0f} for all parts of a run together"
        )


def report(folder: Path, model: AdversarialGame, trainer: Trainer) -> None:
    """Log where the results of a run are, and how to continue it if it was interrupted.

    Raises:
        SystemExit: with 130 after Ctrl-C.
    """
    log.info("%s at iteration %s", "stopped" if model.interrupted else "finished", f"{trainer.global_step:,}")
    for what, path in {
        "final grid": folder / "samples" / f"{trainer.global_step:07d}.png",
        "plots": folder / "plots",
        "checkpoint": folder / "checkpoints" / "last.ckpt",
        "best one": folder / "checkpoints" / "best.ckpt",
    }.items():
        if path.exists():
            log.info("  %-12s %s", what, path)
    quoted = shlex.quote(str(folder))
    log.info("  %-12s tensorboard --samples_per_plugin=images=200 --logdir %s", "TensorBoard", quoted)
    if model.interrupted:
        log.info("  %-12s gan-lightning resume=%s", "continue", quoted)
        raise SystemExit(130)


def _parameters(network: nn.Module) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()):,}"
