"""What is checked before a run begins, so that nothing wrong is found after minutes, and nothing is lost."""

import logging
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import LightningDataModule, Trainer
from lightning.pytorch.callbacks import Timer
from omegaconf import DictConfig, OmegaConf
from torch import nn

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO
from gan_lightning.config import schema
from gan_lightning.config.record import RunRecord
from gan_lightning.config.runs import epochs_done, seconds_trained
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.players import check_resumable

log = logging.getLogger(__name__)

MAY_CHANGE = {
    "root", "download", "batch_size", "num_workers", "cache", "cache_dir", "on_device", "on_bad", "max_bad", "expected",
    "drop_last", "flip",
}  # fmt: skip
"""Keys of the data that a continuation may change, because the images stay the same."""


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
                f"{own.get(name, 'missing')} in this configuration; init_from takes the weights that fit"
            )
    check_resumable(model.players, loaded)
    for key, done, limit in (
        ("max_steps", loaded["global_step"], trainer.max_steps),
        ("max_epochs", epochs_done(loaded), trainer.max_epochs),
    ):
        if limit is not None and -1 < limit <= done:
            raise ValueError(f"resume: {file} has done {done} already; raise trainer.{key}, which is {limit}")
    for timer in (callback for callback in trainer.callbacks if isinstance(callback, Timer)):  # type: ignore[attr-defined]
        _check_time_is_left(file, timer, seconds_trained(loaded, timer))


def _check_time_is_left(file: Path, timer: Timer, spent: float) -> None:
    """Check Lightning's timer, which Lightning itself adds for `trainer.max_time`."""
    limit = timer.time_remaining()
    if limit is not None and limit <= spent:
        raise ValueError(
            f"resume: {file} has trained for {spent:.0f} seconds already; raise trainer.max_time, which is "
            f"{limit:.0f} for all parts of a run together"
        )


def check_same_run(before: RunRecord, config: DictConfig) -> None:
    """Check that a continuation has the seed and the images of its run.

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
            raise ValueError(
                f"resume: {name} is {other} in the run and cannot change to {one}; start a new run from its weights "
                "with init_from instead of resume"
            )


def check_same_images(file: Path, data: LightningDataModule) -> None:
    """Check that the images of a continuation, which have been read, are those of its run.

    A data module of another package, which does not say what its images are, is not checked.

    Args:
        file: the checkpoint that the run continues from.
        data: the data module after its set-up.

    Raises:
        ValueError: if they are not.
    """
    then = AtomicCheckpointIO().load_checkpoint(file).get(type(data).__qualname__, {}).get("fingerprints")
    if then is not None and then != data.state_dict()["fingerprints"]:
        raise ValueError(
            f"resume: the training images are not those that {file} was trained on; restore them, or start a new run "
            "from its weights with init_from instead of resume"
        )
