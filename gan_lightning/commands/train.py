"""`gan-lightning key=value ...`: train."""

import logging
import shlex
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from lightning import LightningDataModule, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import Callback, Timer
from omegaconf import DictConfig, OmegaConf, open_dict
from torch import nn

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO
from gan_lightning.callbacks.rewind import EVENTS, begin_with, rewind
from gan_lightning.config import logs, schema
from gan_lightning.config.continuing import record_to_resume
from gan_lightning.config.record import FILE as RECORD, RunRecord
from gan_lightning.config.restoring import NOT_TAKEN, restored_config
from gan_lightning.config.runs import checkpoint_of, epochs_done
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.transfer import load_fitting_weights

log = logging.getLogger(__name__)

MAY_CHANGE = {
    "root", "download", "batch_size", "num_workers", "cache", "cache_dir", "on_device", "on_bad", "max_bad", "expected",
    "drop_last", "flip",
}  # fmt: skip
"""Keys of the data that a continuation may change, because the images stay the same."""
SHOWN = 5
"""How many weights that `init_from` could not load are named."""


def run(config: DictConfig) -> None:
    """Compose the configuration, check it, train, and log where the results are.

    A run that continues in its own folder leaves every file as it is until all checks have passed.

    Raises:
        ValueError: before training, if the configuration, the data or the checkpoint to resume from is wrong.
        SystemExit: with 130 after Ctrl-C.
    """
    typed = list(HydraConfig.get().overrides.task)
    before = record_to_resume(config.resume) if config.resume else None
    file = checkpoint_of(config.resume, "resume") if config.resume else None
    if before:
        typed = typed[len(before.choices) :]
        config = restored_config(before, [word for word in typed if not _is_of_command(word)], "resume", config)
        check_same_run(before, config)
    whole, config = config, without_unused_parts(config)
    check(config)
    logs.tidy()
    plain: Any = OmegaConf.to_container(whole, resolve=True)
    typed = [word for word in typed if not _is_of_command(word)]
    record = RunRecord.of_new_run(typed, plain, str(config.init_from or ""))
    if before and file:
        iteration = AtomicCheckpointIO().load_checkpoint(file)["global_step"]
        record = before.continued(iteration, typed, plain)
    model, trainer = fit(config, record, file)
    report(Path(config.run_dir), model, trainer)


def fit(config: DictConfig, record: RunRecord, file: Path | None) -> tuple[AdversarialGame, Trainer]:
    """Make model, data and trainer anew, and train.

    Args:
        config: the whole configuration, checked.
        record: the record of the run, which is written to its folder once everything is ready to train.
        file: the checkpoint to continue from; None for a new run.

    Raises:
        ValueError: before training, if the parts do not suit each other, the data or the checkpoint.
    """
    seed_everything(config.seed, verbose=False)
    model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
    check_data_suit(model, data)
    if file:
        check_checkpoint_fits(file, trainer.strategy.load_checkpoint(file, weights_only=True), model, trainer)
    if config.init_from and not file:
        begin_with_weights(model, checkpoint_of(config.init_from, "init_from"))
    model.save_hyperparameters(record.hyper_parameters())
    opening = _Opening(Path(config.run_dir), record, file)
    trainer.callbacks.append(opening)
    log.info("run folder: %s", config.run_dir)
    counts = [f"{name} {_parameters(player.network)}" for name, player in reversed(model.players.items())]
    log.info("parameters: %s", ", ".join(counts))
    try:
        trainer.fit(model, data, ckpt_path=file, weights_only=True)
    finally:
        opening.undo()
    return model, trainer


class _Opening(Callback):
    """Opens a run folder after all other callbacks have been set up, so that nothing is refused after it.

    The record is written, what a continued run has recorded after its checkpoint is cut, and the log file begins.
    """

    def __init__(self, folder: Path, record: RunRecord, file: Path | None) -> None:
        self.folder, self.record, self.file = folder, record, file
        self.is_open = False
        self.events = set(folder.glob(EVENTS))

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.is_open = True
        if not trainer.is_global_zero:
            return
        iteration = self.record.parts[-1].iteration
        if self.file:
            own = self.file.resolve().parent.parent
            if own == self.folder.resolve():
                rewind(self.folder, iteration)
            elif (own / RECORD).is_file():
                begin_with(self.folder, own, iteration)
        self.record.write(self.folder)
        logs.write_to(self.folder / "train.log")
        if self.file:
            log.info("continued from %s at iteration %s", self.file, f"{iteration:,}")

    def undo(self) -> None:
        """Remove the file that Lightning makes TensorBoard begin before the set-up, if the set-up has failed."""
        if not self.is_open:
            for file in set(self.folder.glob(EVENTS)) - self.events:
                file.unlink(missing_ok=True)


def _is_of_command(word: str) -> bool:
    """Return whether a word tells this command what to continue, and sets nothing of the run."""
    return word.split("=", 1)[0] in NOT_TAKEN


def check_same_run(before: RunRecord, config: DictConfig) -> None:
    """Check that a continuation has the seed and the images of its run.

    Raises:
        ValueError: if it has not; the message names the first key that differs.
    """
    now: Any = {"seed": config.seed, "data": OmegaConf.to_container(config.data, resolve=True)}
    then = {"seed": before.config["seed"], "data": before.config["data"]}
    keys = {f"data.{key}" for key in {*now["data"], *then["data"]} - MAY_CHANGE}
    for key in ["seed", *sorted(keys)]:
        one, other = (OmegaConf.select(OmegaConf.create(each), key) for each in (now, then))
        if one != other:
            name = key.removesuffix("._target_")
            raise ValueError(
                f"resume: {name} is {other} in the run and cannot change to {one}; start a new run from its weights "
                "with init_from instead of resume"
            )


def begin_with_weights(model: AdversarialGame, file: Path) -> None:
    """Load the weights of another run that fit, and log which do not.

    Raises:
        ValueError: if none fits.
    """
    count, left = load_fitting_weights(model, AtomicCheckpointIO().load_checkpoint(file)["state_dict"])
    if not count:
        raise ValueError(f"init_from: no weight of {file} fits this model, whose {left[0]}; choose its model and size")
    log.info("init_from: %s weights of %s are loaded", f"{count:,}", file)
    for phrase in left[:SHOWN]:
        log.info("init_from: not loaded: %s", phrase)
    if len(left) > SHOWN:
        log.info("init_from: not loaded: %s more", len(left) - SHOWN)


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


def check_checkpoint_fits(file: Path, loaded: dict[str, Any], model: LightningModule, trainer: Trainer) -> None:
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
    for key, done, limit in (
        ("max_steps", loaded["global_step"], trainer.max_steps),
        ("max_epochs", epochs_done(loaded), trainer.max_epochs),
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
    log.info("  %-12s gan-lightning resume=%s", "continue", quoted)
    log.info("  %-12s tensorboard --samples_per_plugin=images=200 --logdir %s", "TensorBoard", quoted)
    if model.interrupted:
        raise SystemExit(130)


def _parameters(network: nn.Module) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()):,}"
